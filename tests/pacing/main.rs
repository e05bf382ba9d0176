//! `make pacing`: how evenly a line scrolls. The player as it is shipped shows a poster above a scrolling line, in a window and
//! without any display, both at once, for so many minutes (`MINUTES=10`); each counts its own frames, as it reports them to
//! the office.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    env,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use xuanping_tests::{
    databases::Database,
    office::Office,
    virtual_display::{Running, VirtualDisplay, in_window, shipped_player},
    waiting::{LONG, until},
};

const DISPLAY: (u32, u32) = (1920, 1080);

fn main() {
    let minutes: u64 = env::var("MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let display = VirtualDisplay::open(folder.path(), DISPLAY);
    let office = Office::open(Database::Sqlite);
    let url = office.server.url();
    let (first, second) = (folder.path().join("window"), folder.path().join("headless"));
    let mut window = shipped_player(&first, &url, &office.hall_token("东"));
    let mut headless = shipped_player(&second, &url, &office.hall_token("西"));
    headless.args(["--output", "headless", "--size", &format!("{}x{}", DISPLAY.0, DISPLAY.1)]);
    let _players = [Running::start(in_window(&mut window, &display)), Running::start(&mut headless)];
    let walls = [("window (Xvfb)", first), ("no display", second)];
    office.shows_a_poster_above_a_line();
    for (name, data) in &walls {
        until(&format!("a line that moves: {name}"), LONG, || match health(data)?["frames_shown"].as_u64() {
            Some(shown) if shown > 0 => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(minutes) {
        thread::sleep(Duration::from_secs(1));
    }
    println!(
        "\n| {}×{}, {minutes} min | frames | dropped | p99 interval |\n|---|---:|---:|---:|",
        DISPLAY.0, DISPLAY.1
    );
    for (name, data) in &walls {
        let health = health(data).expect("it answers");
        let number = |field: &str| health[field].as_u64().unwrap_or_default();
        let (shown, dropped) = (number("frames_shown"), number("frames_dropped"));
        let part = dropped as f64 * 100.0 / (shown + dropped).max(1) as f64;
        println!("| {name} | {shown} | {dropped} ({part:.2} %) | {:.2} ms |", number("frame_p99") as f64 / 1_000.0);
        assert!(shown > minutes * 60 * 20, "hardly anything moved in {name}: {shown} frames in {minutes} minutes");
    }
}

/// What the player says of itself to somebody at the machine.
fn health(data: &Path) -> Result<Value, String> {
    let program = shipped_player(data, "", "");
    let said = Command::new(program.get_program()).args(["status", "--json", "--data"]).arg(data).output();
    let said = said.map_err(|e| e.to_string())?;
    let mut status: Value = serde_json::from_slice(&said.stdout).map_err(|e| format!("{e}: {said:?}"))?;
    Ok(status["status"]["health"].take())
}
