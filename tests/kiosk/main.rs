//! `make kiosk-bench`: what a wall costs. The player's window and Chromium in kiosk mode show the same poster above the same
//! scrolling line on the same virtual display, one after the other in one run. That both do is seen on the display itself;
//! measured are all processes of each.
//!
//! `SECONDS_EACH=` says for how long each is measured (60).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use image::{Rgba, RgbaImage, imageops::crop_imm};
use tempfile::TempDir;
use xuanping_core::geometry::ZoneName;
use xuanping_tests::{
    console::Wish,
    databases::Database,
    office::{Office, RIVERSIDE},
    pictures::{decode, same},
    processes, programs,
    samples::sample,
    waiting::{LONG, until, until_true},
};

const DISPLAY: (u32, u32) = (1920, 1080);
const WORDS: &str =
    "陌生来电提转账，不听不信不转账；凡是要求屏幕共享、提供验证码、先交保证金的，都是诈骗。请拨打 96110。";

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
}

fn main() {
    let seconds = env::var("SECONDS_EACH").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_xvfb, display) = virtual_display(folder.path());
    let office = Office::open(Database::Sqlite);
    office.operator.add_venue("营业厅", "bank_hall", RIVERSIDE, "finance").expect("a venue");
    let wanted = ["admin", "issue-token", "--venue", "营业厅", "--name", "大厅屏", "--layout", "main_and_ticker"];
    let token = office.server.command(&wanted);
    let player = start(&mut window(&folder, &office.server.url(), token.trim(), &display));
    until("the player to enrol", LONG, || {
        let screens = office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
        screens["items"][0]["id"].as_str().map(drop).ok_or_else(|| "no screen yet".to_owned())
    });
    let poster = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let slogan = office.approved(office.editor.write_slogan("不转账", WORDS).expect("a slogan"));
    let (campaign, _) = office.campaign("日常", &[poster, slogan], &Wish::default());
    office.publish(campaign).expect("it is published");
    let (_, picture) = office.editor.rendition(poster, ZoneName::Main, (1920, 960));
    let (_, strip) = office.editor.rendition(slogan, ZoneName::Ticker, (1920, 120));
    let wanted = decode(&picture);
    shows(folder.path(), "the player's window", &wanted);
    // Until the caches are warm.
    thread::sleep(Duration::from_secs(10));
    let ours = measure(&player, seconds);
    moves(folder.path(), "the player's line");
    drop(player);
    let page = page(folder.path(), &picture, &strip);
    let kiosk = start(&mut chromium(folder.path(), &page, &display));
    shows(folder.path(), "Chromium's window", &wanted);
    thread::sleep(Duration::from_secs(10));
    let theirs = measure(&kiosk, seconds);
    moves(folder.path(), "Chromium's line");
    for pid in &theirs.processes {
        // Its children outlive a killed parent for a moment.
        let _ = Command::new("kill").arg(pid.to_string()).stderr(Stdio::null()).status();
    }
    println!(
        "\n| {}×{} for {seconds} s | memory | resident | of a core | processes |\n|---|---:|---:|---:|---:|",
        DISPLAY.0, DISPLAY.1
    );
    for (name, cost) in [("xuanping-player, window", &ours), ("Chromium, kiosk", &theirs)] {
        println!(
            "| {name} | {:.0} MB | {:.0} MB | {:.1} % | {} |",
            cost.megabytes,
            cost.resident,
            cost.percent,
            cost.processes.len()
        );
    }
}

/// Waits until the display has the poster, pixel by pixel.
fn shows(folder: &Path, who: &str, poster: &RgbaImage) {
    until(&format!("the poster in {who}"), LONG, || {
        let seen = on_display(folder).ok_or("no picture of the display")?;
        // Without a window manager Chromium now and then begins a little aside; what it draws is the same.
        let lit = |x: u32, y: u32| seen.get_pixel(x, y).0[..3] != [0; 3];
        let (middle, most) = ((DISPLAY.0 / 2, DISPLAY.1 / 2), DISPLAY.1 / 4);
        let across = (0..most).find(|x| lit(*x, middle.1)).ok_or("nothing is drawn")?;
        let down = (0..most).find(|y| lit(middle.0, *y)).ok_or("nothing is drawn")?;
        let (width, height) = (poster.width() - across, poster.height() - down);
        let drawn = crop_imm(&seen, across, down, width, height).to_image();
        same(&drawn, &crop_imm(poster, 0, 0, width, height).to_image())
            .map_err(|e| format!("{e}, {across}, {down} aside"))
    });
}

/// Whether the line under the poster is another one a moment later.
fn moves(folder: &Path, what: &str) {
    let line = || {
        let seen = on_display(folder).expect("a picture of the display");
        crop_imm(&seen, 0, 960, seen.width(), 120).to_image()
    };
    let before = line();
    thread::sleep(Duration::from_millis(700));
    assert!(same(&before, &line()).is_err(), "{what} stands still");
}

/// What the virtual display has, as Xvfb keeps it in a file: an X window dump of four bytes a pixel.
fn on_display(folder: &Path) -> Option<RgbaImage> {
    let dump = fs::read(folder.join("Xvfb_screen0")).ok()?;
    let word = |nth: usize| Some(u32::from_be_bytes(*dump.get(4 * nth..)?.first_chunk()?) as usize);
    // Header's length, width, height, bytes a line, and colours of twelve bytes each before the pixels.
    let (header, width, height, line, colours) = (word(0)?, word(4)?, word(5)?, word(12)?, word(19)?);
    let pixels = dump.get(header + 12 * colours..)?;
    let pixel = |x: u32, y: u32| {
        let at = y as usize * line + 4 * x as usize;
        pixels.get(at..at + 3).map_or(Rgba([0; 4]), |bgr| Rgba([bgr[2], bgr[1], bgr[0], 255]))
    };
    Some(RgbaImage::from_fn(u32::try_from(width).ok()?, u32::try_from(height).ok()?, pixel))
}

fn virtual_display(folder: &Path) -> (Running, String) {
    let number = 90 + std::process::id() % 100;
    let display = format!(":{number}");
    let (width, height) = DISPLAY;
    let xvfb = start(Command::new("Xvfb").arg(&display).args([
        "-screen",
        "0",
        &format!("{width}x{height}x24"),
        "-nolisten",
        "tcp",
        "-nocursor",
        "-fbdir",
        &folder.display().to_string(),
    ]));
    until_true("the virtual display", LONG, || Path::new(&format!("/tmp/.X11-unix/X{number}")).exists());
    (xvfb, display)
}

/// The player as it is shipped: a release build.
fn window(folder: &TempDir, server: &str, token: &str, display: &str) -> Command {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| programs::repository().join("target"), PathBuf::from);
    let mut command = Command::new(target.join("release/xuanping-player"));
    command.args(["--server", server, "--token", token, "--output", "window", "--kind", "lcd", "--data"]);
    command.arg(folder.path().join("player")).env("DISPLAY", display).env_remove("WAYLAND_DISPLAY");
    // As its unit sets them.
    command.env("MALLOC_ARENA_MAX", "2").env("MALLOC_MMAP_THRESHOLD_", "131072");
    command
}

fn chromium(folder: &Path, page: &Path, display: &str) -> Command {
    let mut command = Command::new("/usr/bin/chromium");
    command.args(["--kiosk", "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--no-sandbox"]);
    command.args(["--disable-gpu", "--disable-background-networking", "--disable-sync", "--password-store=basic"]);
    command.arg(format!("--user-data-dir={}", folder.join("chromium").display()));
    command.arg(format!("--window-size={},{}", DISPLAY.0, DISPLAY.1)).arg("--window-position=0,0");
    command.arg(format!("file://{}", page.display())).env("DISPLAY", display);
    command
}

/// The same picture above the same line, which moves by whole pixels at the same speed.
fn page(folder: &Path, picture: &[u8], strip: &[u8]) -> PathBuf {
    fs::write(folder.join("poster.png"), picture).expect("the poster");
    fs::write(folder.join("strip.png"), strip).expect("the strip");
    let page = folder.join("kiosk.html");
    let html = r#"<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #000; overflow: hidden; cursor: none }
#line { position: absolute; top: 960px; left: 0; height: 120px; will-change: transform }
</style><img src="poster.png" style="display: block"><img src="strip.png" id="line"><script>
const line = document.getElementById("line");
function step(now) {
  const way = 1920 + line.width;
  line.style.transform = `translateX(${1920 - Math.floor(now * 0.12) % way}px)`;
  requestAnimationFrame(step);
}
requestAnimationFrame(step);
</script>"#;
    fs::write(&page, html).expect("the page");
    page
}

struct Cost {
    megabytes: f64,
    /// What they share counted once for each.
    resident: f64,
    percent: f64,
    processes: BTreeSet<u32>,
}

/// A process and all that it started. Memory is its proportional share (PSS), so that nothing is counted twice.
fn measure(running: &Running, seconds: u64) -> Cost {
    let begun = Instant::now();
    let first = ticks(&family(running.0.id()));
    let (mut largest, mut resident) = (0.0_f64, 0.0_f64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let all = family(running.0.id());
        largest = largest.max(all.iter().map(|pid| share(*pid)).sum());
        let kilobytes: u64 = all.iter().filter_map(|pid| processes::resident(*pid)).sum();
        resident = resident.max(kilobytes as f64 / 1024.0);
        thread::sleep(Duration::from_secs(1));
    }
    let processes = family(running.0.id());
    let spent = ticks(&processes).saturating_sub(first);
    // Linux counts in hundredths of a second: as many as there are percent in a second.
    let percent = spent as f64 / begun.elapsed().as_secs_f64();
    Cost { megabytes: largest, resident, percent, processes }
}

fn family(pid: u32) -> BTreeSet<u32> {
    let mut all = BTreeSet::from([pid]);
    for (child, _) in processes::started_by(pid) {
        all.extend(family(child));
    }
    all
}

fn share(pid: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

fn ticks(processes: &BTreeSet<u32>) -> u64 {
    let of = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name in brackets: state is the first, user and system time the 12th and 13th.
        let fields: Vec<u64> =
            text.rsplit(')').next().unwrap_or_default().split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
        fields.get(11).copied().unwrap_or(0) + fields.get(12).copied().unwrap_or(0)
    };
    processes.iter().map(of).sum()
}
