//! `make soak`: an hour (or a day: `MINUTES=1440`) of usual life, watched. Three walls play posters of three seconds and
//! clips of two, so that an hour has as many plays, changes of picture and batches as half a day of a usual programme;
//! the server goes away and comes back now and then. Nobody's memory may grow, and in the end the log is whole.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    env, thread,
    time::{Duration, Instant},
};

use xuanping_tests::{
    chance::Chance,
    clock,
    databases::Database,
    office::Office,
    player::{Player, SMALL},
    processes::resident,
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

const WALLS: usize = 3;
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The server is away about so often, for up to half a minute.
const AWAY_EVERY: Duration = Duration::from_mins(7);
/// What the memory of a process may grow by between the second fifth of the time and the last.
const GROWTH_PERCENT: u64 = 5;
const GROWTH_KB: u64 = 2_048;

fn main() {
    let minutes = env::var("MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let whole = Duration::from_mins(minutes);
    let mut chance = Chance::seeded();
    let mut office = Office::open(Database::Sqlite);
    let url = office.server.url();
    let mut walls: Vec<_> = (0..WALLS)
        .map(|number| Witnessed::paired(&office, Player::start(&url, SMALL), &format!("{number}号")))
        .collect();
    let show = Show::on(&office, &mut walls);
    let seen = Some(clock::now());

    let begun = Instant::now();
    let mut away = AWAY_EVERY;
    // Of each process: how far it was into the time, in thousandths, and its kilobytes.
    let mut memory: BTreeMap<String, Vec<(u128, u64)>> = BTreeMap::new();
    while begun.elapsed() < whole {
        thread::sleep(LOOK_EVERY);
        let when = begun.elapsed().as_millis() * 1_000 / whole.as_millis();
        // The server begins anew each time it was away: its memory says nothing here.
        for (number, wall) in walls.iter().enumerate() {
            let player = wall.player.process().map(|pid| (format!("player {number}"), pid));
            let worker = wall.player.media_worker().map(|pid| (format!("media worker {number}"), pid));
            for (name, pid) in [player, worker].into_iter().flatten() {
                memory.entry(name).or_default().extend(resident(pid).map(|kilobytes| (when, kilobytes)));
            }
        }
        if begun.elapsed() > away && begun.elapsed() + AWAY_EVERY < whole {
            away += AWAY_EVERY;
            office.server.kill();
            thread::sleep(Duration::from_secs(chance.between(1, 30)));
            office.server.restart();
        }
    }
    for wall in &mut walls {
        show.goes_on(&wall.player, "its programme in the end");
        wall.dies(seen);
        wall.player.restart();
    }
    let due: usize = walls.iter().map(|wall| wall.reckoning(&office).0.due).sum();
    nothing_is_wrong(&office, &walls[0].player);

    println!("\n{minutes} minutes, {due} plays due on {WALLS} walls, every one in the log once\n");
    println!("| process | at first | in the end |\n|---|---:|---:|");
    let mut grown = Vec::new();
    for (name, seen) in &memory {
        let (first, last) = (median(seen, 200..400), median(seen, 800..1_001));
        println!("| {name} | {:.1} MB | {:.1} MB |", first as f64 / 1024.0, last as f64 / 1024.0);
        if last > first + first * GROWTH_PERCENT / 100 + GROWTH_KB {
            grown.push(name);
        }
    }
    assert!(!memory.is_empty() && grown.is_empty(), "these grew: {grown:?}");
}

fn median(seen: &[(u128, u64)], within: std::ops::Range<u128>) -> u64 {
    let mut some: Vec<_> = seen.iter().filter(|(when, _)| within.contains(when)).map(|(_, kb)| *kb).collect();
    some.sort_unstable();
    some.get(some.len() / 2).copied().unwrap_or(0)
}
