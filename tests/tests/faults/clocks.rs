//! The machine's clock is wrong, or is set, by hours and by years, in the middle of a life and between two. The wall shows
//! what is due now, and the log tells of it at the right times.

use std::{thread, time::Duration};

use xuanping_core::time::UtcMillis;
use xuanping_tests::{
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    waiting::{LONG, until},
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

/// As faketime writes them: a clock without a battery, summer time, a slip of the hand, a thief of hours, and right again.
const SET_TO: [&str; 7] = ["-20000d", "+1h", "+400d", "-1h", "+0", "-3d", "+0"];

#[test]
fn a_clock_that_is_set_at_will_changes_neither_what_is_shown_nor_when_it_was() {
    let office = Office::open(Database::Sqlite);
    let player = Player::start_with_clock(&office.server.url(), SMALL);
    let mut walls = [Witnessed::paired(&office, player, "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    let mut seen = Some(clock::now());
    for to in SET_TO {
        wall.player.set_clock(to);
        thread::sleep(Duration::from_secs(6));
        show.goes_on(&wall.player, &format!("what is due now with its clock set to {to}"));
        thread::sleep(Duration::from_secs(6));
        wall.dies(seen);
        wall.player.forget_picture();
        wall.player.restart();
        wall.player.shows("its programme", |picture| show.has(picture));
        seen = Some(clock::now());
        thread::sleep(Duration::from_secs(8));
    }
    wall.dies(seen);
    wall.player.restart();
    let (found, _) = wall.reckoning(&office);
    assert!(found.due > 10, "too little was on the wall to tell anything: {found:?}");
    nothing_is_wrong(&office, &wall.player);
}

#[test]
fn a_clock_without_battery_is_put_right_as_soon_as_the_network_is_there() {
    let mut office = Office::open(Database::Sqlite);
    let player = Player::start_with_clock(&office.server.url(), SMALL);
    let mut walls = [Witnessed::paired(&office, player, "城东")];
    let show = Show::on(&office, &mut walls);
    let [wall] = walls;
    let mut player = wall.player;
    player.stop();
    office.server.kill();
    // The power was cut, and with it the clock; nothing tells that it is the same run of the machine.
    std::fs::remove_file(player.data().join("clock")).expect("the time was kept");
    player.set_clock("-20000d");
    player.forget_picture();
    player.restart();
    player.shows("its programme", |picture| show.has(picture));
    thread::sleep(Duration::from_secs(5));
    office.server.restart();
    until("the right time", LONG, || {
        let said = player.tell(&["status", "--json"])?;
        let status: serde_json::Value = serde_json::from_str(&said).map_err(|e| e.to_string())?;
        let now: UtcMillis = serde_json::from_value(status["status"]["now"].clone()).map_err(|e| e.to_string())?;
        let off = now.since(clock::now());
        if off.abs() < 2_000 { Ok(()) } else { Err(format!("{off} ms off")) }
    });
}
