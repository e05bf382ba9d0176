//! The plug, pulled five hundred times at any moment: while starting, in the middle of a play, while changing over.

use std::thread;

use xuanping_tests::{
    chance::Chance,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

/// `KILLS=` says how many.
const KILLS: usize = 500;
const WALLS: usize = 5;

#[test]
fn five_hundred_pulled_plugs_lose_no_completed_play_and_double_none() {
    let kills = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut chance = Chance::seeded();
    let office = Office::open(Database::Sqlite);
    let url = office.server.url();
    let mut walls: Vec<_> = (0..WALLS)
        .map(|number| Witnessed::paired(&office, Player::start(&url, SMALL), &format!("{number}号")))
        .collect();
    let show = Show::on(&office, &mut walls);
    thread::scope(|scope| {
        for wall in &mut walls {
            let (mut luck, show) = (chance.fork(), &show);
            scope.spawn(move || wall.live_through(kills / WALLS, &mut luck, show));
        }
    });
    let due: usize = walls.iter().map(|wall| wall.reckoning(&office).0.due).sum();
    assert!(due > kills / 10, "too little was on the walls to tell anything: {due} due");
    nothing_is_wrong(&office, &walls[0].player);
    for wall in &walls {
        show.goes_on(&wall.player, "its programme after it all");
    }
}
