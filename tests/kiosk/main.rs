//! `make kiosk-bench`: what a wall costs. The player's window and Chromium in kiosk mode show the same poster above the same
//! scrolling line on the same virtual display, one after the other in one run. That both do is seen on the display itself;
//! measured are all processes of each.
//!
//! Then each is started ten times, with all it needs on the disk already, and how long it took until the poster was on the
//! display is measured from outside.
//!
//! `SECONDS_EACH=` says for how long each is measured (60).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use image::{RgbaImage, imageops::crop_imm};
use xuanping_core::geometry::ZoneName;
use xuanping_tests::{
    databases::Database,
    office::Office,
    pictures::{decode, same},
    processes,
    virtual_display::{Running, VirtualDisplay, in_window, shipped_player},
    waiting::{LONG, until, until_true},
};

const DISPLAY: (u32, u32) = (1920, 1080);

fn main() {
    let seconds = env::var("SECONDS_EACH").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let display = VirtualDisplay::open(folder.path(), DISPLAY);
    let office = Office::open(Database::Sqlite);
    let token = office.hall_token("中心");
    let (data, url) = (folder.path().join("player"), office.server.url());
    let player = Running::start(in_window(&mut shipped_player(&data, &url, &token), &display));
    until("the player to enrol", LONG, || {
        let screens = office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
        screens["items"][0]["id"].as_str().map(drop).ok_or_else(|| "no screen yet".to_owned())
    });
    let (poster, slogan) = office.shows_a_poster_above_a_line();
    let (_, picture) = office.editor.rendition(poster, ZoneName::Main, (1920, 960));
    let (_, strip) = office.editor.rendition(slogan, ZoneName::Ticker, (1920, 120));
    let wanted = decode(&picture);
    shows(&display, "the player's window", &wanted, Edge::Covered);
    // Until the caches are warm.
    thread::sleep(Duration::from_secs(10));
    let ours = measure(&player, seconds);
    moves(&display, "the player's line");
    drop(player);
    let our_starts =
        starts(&display, &wanted, || Running::start(in_window(&mut shipped_player(&data, &url, &token), &display)));
    let page = page(folder.path(), &picture, &strip);
    let kiosk = Running::start(&mut chromium(folder.path(), &page, &display));
    shows(&display, "Chromium's window", &wanted, Edge::MayBeBlack);
    thread::sleep(Duration::from_secs(10));
    let theirs = measure(&kiosk, seconds);
    moves(&display, "Chromium's line");
    end(&theirs.processes);
    drop(kiosk);
    let their_starts = starts(&display, &wanted, || Running::start(&mut chromium(folder.path(), &page, &display)));
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
    println!("\n| from its start to the poster, {STARTS} times | median | worst |\n|---|---:|---:|");
    for (name, starts) in [("xuanping-player, window", our_starts), ("Chromium, kiosk", their_starts)] {
        println!("| {name} | {:.0} ms | {:.0} ms |", starts[starts.len() / 2], starts[starts.len() - 1]);
    }
}

/// How often each is started to see how soon it shows something.
const STARTS: usize = 10;

/// How long each of some starts took until the poster was on the display, in milliseconds, ascending.
fn starts(display: &VirtualDisplay, poster: &RgbaImage, start: impl Fn() -> Running) -> Vec<f64> {
    // Somewhere on the poster, and not where a window that begins a little aside has other colours.
    let places: Vec<(u32, u32)> = (1..16).flat_map(|x| (1..8).map(move |y| (x * 120, y * 120))).collect();
    let wanted: Vec<[u8; 3]> =
        places.iter().map(|(x, y)| poster.get_pixel(*x, *y).0).map(|[r, g, b, _]| [r, g, b]).collect();
    let dark = vec![[0; 3]; places.len()];
    let shows = |colours: &[[u8; 3]]| display.colours(&places).is_some_and(|seen| seen == colours);
    let mut took: Vec<f64> = (0..STARTS)
        .map(|_| {
            until_true("a dark display", LONG, || shows(&dark));
            let begun = Instant::now();
            let running = start();
            while !shows(&wanted) {
                assert!(begun.elapsed() < LONG, "nothing is shown");
                thread::sleep(Duration::from_millis(1));
            }
            let took = begun.elapsed().as_secs_f64() * 1_000.0;
            // What it writes when it has begun is to be on the disk before it is killed.
            thread::sleep(Duration::from_secs(2));
            end(&family(running.id()));
            took
        })
        .collect();
    took.sort_by(f64::total_cmp);
    took
}

/// Ends these: Chromium's children outlive a killed parent for a moment.
fn end(processes: &BTreeSet<u32>) {
    for pid in processes {
        let _ = Command::new("kill").arg(pid.to_string()).stderr(Stdio::null()).status();
    }
}

/// The display's last column. Without a window manager Chromium leaves it black.
#[derive(Clone, Copy)]
enum Edge {
    Covered,
    MayBeBlack,
}

/// Waits until the display has the poster, pixel by pixel.
fn shows(display: &VirtualDisplay, who: &str, poster: &RgbaImage, edge: Edge) {
    let black = match edge {
        Edge::Covered => 0,
        Edge::MayBeBlack => 1,
    };
    until(&format!("the poster in {who}"), LONG, || {
        let seen = display.picture().ok_or("no picture of the display")?;
        // Without a window manager Chromium now and then begins a little aside; what it draws is the same.
        let lit = |x: u32, y: u32| seen.get_pixel(x, y).0[..3] != [0; 3];
        let (middle, most) = ((DISPLAY.0 / 2, DISPLAY.1 / 2), DISPLAY.1 / 4);
        let across = (0..most).find(|x| lit(*x, middle.1)).ok_or("nothing is drawn")?;
        let down = (0..most).find(|y| lit(middle.0, *y)).ok_or("nothing is drawn")?;
        let (width, height) = (poster.width() - across.max(black), poster.height() - down);
        let drawn = crop_imm(&seen, across, down, width, height).to_image();
        same(&drawn, &crop_imm(poster, 0, 0, width, height).to_image())
            .map_err(|e| format!("{e}, {across}, {down} aside"))
    });
}

/// Whether the line under the poster is another one a moment later.
fn moves(display: &VirtualDisplay, what: &str) {
    let line = || {
        let seen = display.picture().expect("a picture of the display");
        crop_imm(&seen, 0, 960, seen.width(), 120).to_image()
    };
    let before = line();
    thread::sleep(Duration::from_millis(700));
    assert!(same(&before, &line()).is_err(), "{what} stands still");
}

fn chromium(folder: &Path, page: &Path, display: &VirtualDisplay) -> Command {
    let mut command = Command::new("/usr/bin/chromium");
    command.args(["--kiosk", "--no-first-run", "--no-default-browser-check", "--disable-extensions", "--no-sandbox"]);
    command.args(["--disable-gpu", "--disable-background-networking", "--disable-sync", "--password-store=basic"]);
    command.arg(format!("--user-data-dir={}", folder.join("chromium").display()));
    command.arg(format!("--window-size={},{}", DISPLAY.0, DISPLAY.1)).arg("--window-position=0,0");
    command.arg(format!("file://{}", page.display())).env("DISPLAY", &display.name);
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
    let first = ticks(&family(running.id()));
    let (mut largest, mut resident) = (0.0_f64, 0.0_f64);
    while begun.elapsed() < Duration::from_secs(seconds) {
        let all = family(running.id());
        largest = largest.max(all.iter().map(|pid| share(*pid)).sum());
        let kilobytes: u64 = all.iter().filter_map(|pid| processes::resident(*pid)).sum();
        resident = resident.max(kilobytes as f64 / 1024.0);
        thread::sleep(Duration::from_secs(1));
    }
    let processes = family(running.id());
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
