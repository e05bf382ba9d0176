//! The power fails at any moment, of players and of the server, again and again: every completed play is in the log once.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use xuanping_tests::{
    chance::Chance,
    databases::Database,
    office::Office,
    on_both_databases,
    player::{Player, SMALL},
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

on_both_databases!(every_completed_play_is_in_the_log_exactly_once_whoever_is_killed);

/// Kills of players, altogether, and of the server.
const PLAYER_KILLS: usize = 51;
const SERVER_KILLS: usize = 20;
const PLAYERS: usize = 3;

fn every_completed_play_is_in_the_log_exactly_once_whoever_is_killed(database: Database) {
    let mut chance = Chance::seeded();
    let mut office = Office::open(database);
    let url = office.server.url();
    let mut walls: Vec<_> = (0..PLAYERS)
        .map(|number| Witnessed::paired(&office, Player::start(&url, SMALL), &format!("{number}号")))
        .collect();
    let show = Show::on(&office, &mut walls);

    // The bad night.
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut luck = chance.fork();
        let (server, over_now, show) = (&mut office.server, &over, &show);
        let night: Vec<_> = walls
            .iter_mut()
            .map(|wall| {
                let mut luck = chance.fork();
                scope.spawn(move || wall.live_through(PLAYER_KILLS / PLAYERS, &mut luck, show))
            })
            .collect();
        let killer = scope.spawn(move || {
            let mut kills = 0;
            while kills < SERVER_KILLS || !over_now.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(luck.between(0, 4_000)));
                server.kill();
                thread::sleep(Duration::from_millis(luck.between(0, 800)));
                server.restart();
                kills += 1;
            }
            kills
        });
        for wall in night {
            wall.join().expect("a player's night");
        }
        over.store(true, Ordering::Relaxed);
        assert!(killer.join().expect("the server's night") >= SERVER_KILLS);
    });

    // The morning: everything is told, once, and nothing else.
    let (mut due, mut clips) = (0, 0);
    for wall in &walls {
        let (found, plays) = wall.reckoning(&office);
        due += found.due;
        clips += plays.iter().filter(|play| play.creative == show.clip && play.completed()).count();
    }
    assert!(due > PLAYERS && clips > 0, "too little was on the walls to tell anything: {due} due, {clips} clips whole");
    nothing_is_wrong(&office, &walls[0].player);
}
