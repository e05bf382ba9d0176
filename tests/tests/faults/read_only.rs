//! Linux found the disk broken and lets nobody write to it: the wall goes on from what is there, plays wait in memory, and
//! are told when it can be written again.

use std::{thread, time::Duration};

use xuanping_tests::{
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    small_disk::Writing,
    waiting::{LONG, until},
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

#[test]
fn a_disk_that_nobody_may_write_to_darkens_no_wall() {
    let office = Office::open(Database::Sqlite);
    let Some(player) = Player::start_on_small_disk(&office.server.url(), SMALL, 16) else { return };
    let mut walls = [Witnessed::paired(&office, player, "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    let seen = Some(clock::now());
    show.goes_on(&wall.player, "its programme");
    thread::sleep(Duration::from_secs(8));
    wall.dies(seen);
    wall.player.disk().may_be_written(Writing::Refused);
    wall.player.forget_picture();
    wall.player.restart();
    let (screen, filter) = (wall.screen, format!("screen={}", wall.screen));
    wall.player.shows("its programme from a disk that it may not write to", |picture| show.has(picture));
    show.goes_on(&wall.player, "its programme with such a disk, still");
    let trouble = || office.operator.screen(screen).unwrap()["status"]["last_error"].as_str().map(str::to_owned);
    until("the console to tell of the disk", LONG, || {
        trouble().filter(|text| text.contains("磁盘")).map(drop).ok_or_else(|| format!("{:?}", trouble()))
    });
    let seen = Some(clock::now());
    thread::sleep(Duration::from_secs(15));
    wall.player.disk().may_be_written(Writing::Allowed);
    let allowed = clock::now();
    until("a play from after then in the log", LONG, || {
        let newest = office.auditor.plays(&filter).last().map(|play| play.started);
        if newest > Some(allowed) { Ok(()) } else { Err(format!("{newest:?}")) }
    });
    wall.dies(seen);
    wall.player.restart();
    let (found, _) = wall.reckoning(&office);
    assert!(found.due > 4, "too little was on the wall to tell anything: {found:?}");
    nothing_is_wrong(&office, &wall.player);
}
