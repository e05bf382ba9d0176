//! The player in a window of a Wayland desktop: over everything else, pixel by pixel, and the display does not fall asleep
//! under it.

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use xuanping_core::geometry::{Layout, Size, Sound, ZoneName};
use xuanping_tests::{
    compositor::Compositor,
    databases::Database,
    office::Office,
    pictures::{decode, same, zone_of},
    programs,
    virtual_display::Running,
    waiting::{LONG, PATIENCE, until, until_true},
};

const DISPLAY: Size = Size { width: 320, height: 180 };
/// Seconds after which this desktop puts its display to sleep.
const SLEEPY: u32 = 2;

#[test]
fn a_window_under_wayland_covers_the_desktop_and_keeps_its_display_awake() {
    let office = Office::open(Database::Sqlite);
    let token = office.hall_token("前厅");
    let folder = tempfile::tempdir().unwrap();
    let desktop = Compositor::open(folder.path(), DISPLAY);
    let bare = desktop.picture().unwrap();
    // A desktop's own panel, which stays above windows.
    let mut panel = Command::new("swaynag");
    let _panel = Running::start(desktop.on(panel.args(["--layer", "top", "--message", "updates are available"])));
    until_true("the panel", PATIENCE, || desktop.picture().is_some_and(|picture| same(&picture, &bare).is_err()));
    let alone = desktop.watch(SLEEPY);
    until_true("the display to fall asleep when left alone", PATIENCE, || alone.sleeps());

    let mut command = Command::new(programs::player());
    command.args(["--server", &office.server.url(), "--token", &token, "--kind", "lcd", "--mute"]);
    command.args(["--output", "window", "--data"]).arg(folder.path().join("data"));
    let player = Running::start(desktop.on(&mut command));
    until("the screen to be enrolled", PATIENCE, || {
        let screens = office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
        if screens.to_string().contains("前厅") { Ok(()) } else { Err(screens.to_string()) }
    });
    let (poster, _) = office.shows_a_poster_above_a_line();
    let main = Layout::MainAndTicker.zones(DISPLAY, Sound::Off)[0].rect;
    let wanted = decode(&office.editor.rendition(poster, ZoneName::Main, (main.width, main.height)).1);
    until("the poster on the display", LONG, || {
        let shown = desktop.picture().ok_or("nothing is to be seen")?;
        same(&zone_of(&shown, main), &wanted)
    });
    let watched = desktop.watch(SLEEPY);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4 * u64::from(SLEEPY)) {
        assert!(!watched.sleeps(), "it fell asleep after {:?}", begun.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    drop(player);
    until_true("the display to fall asleep again", PATIENCE, || watched.sleeps());
}
