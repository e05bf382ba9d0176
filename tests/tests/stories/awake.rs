//! An X display does not fall asleep while a player shows something on it, and may again when the player has ended.

use std::{
    thread,
    time::{Duration, Instant},
};

use x11rb::{
    connection::Connection as _,
    protocol::{
        screensaver::{self, State},
        xproto::{self, Blanking, Exposures},
    },
    rust_connection::RustConnection,
};
use xuanping_tests::{
    programs,
    virtual_display::{Running, VirtualDisplay, in_window},
    waiting::{PATIENCE, until_true},
};

/// Seconds without a touch after which this display falls asleep.
const SLEEPY: i16 = 2;

struct Eye {
    display: RustConnection,
    root: u32,
}

impl Eye {
    fn on(display: &VirtualDisplay) -> Self {
        let (display, screen) = x11rb::connect(Some(&display.name)).unwrap();
        let root = display.setup().roots[screen].root;
        Self { display, root }
    }

    fn sleeps(&self) -> bool {
        let about = screensaver::query_info(&self.display, self.root).unwrap().reply().unwrap();
        State::from(about.state) == State::ON
    }
}

#[test]
fn a_display_does_not_fall_asleep_under_a_player_and_may_when_it_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let display = VirtualDisplay::open(folder.path(), (320, 180));
    let eye = Eye::on(&display);
    let sleepy = xproto::set_screen_saver(&eye.display, SLEEPY, 0, Blanking::PREFERRED, Exposures::DEFAULT);
    sleepy.unwrap().check().unwrap();
    until_true("the display to fall asleep when left alone", PATIENCE, || eye.sleeps());

    let mut command = programs::player_command(&folder.path().join("data"));
    let player = Running::start(in_window(&mut command, &display));
    until_true("the player's window", PATIENCE, || {
        display.picture().is_some_and(|picture| picture.pixels().any(|pixel| pixel.0[..3] != [0, 0, 0]))
    });
    assert!(!eye.sleeps(), "what slept was woken");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5 * u64::from(SLEEPY.unsigned_abs())) {
        assert!(!eye.sleeps(), "it fell asleep after {:?}", begun.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    drop(player);
    until_true("the display to fall asleep again", PATIENCE, || eye.sleeps());
}
