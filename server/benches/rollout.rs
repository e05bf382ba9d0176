//! A mass roll-out: how long it takes until screens that were enrolled at once are told what to play, and how soon a screen
//! has its first manifest while others enrol beside it. All look alike and join a programme that is known: nothing is planned.
//!
//! `cargo bench -p xuanping-server --bench rollout -- 2000 20000`; with `scripts/with-postgres` before it, on PostgreSQL.

#![allow(missing_docs, clippy::expect_used, clippy::panic)] // A program for people who measure.

#[allow(dead_code)] // Of the county only its screens.
mod county;

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use xuanping_core::id::VenueId;
use xuanping_server::{app::App, clock};

use self::county::{County, Player};

/// Screens that are there before.
const THERE: usize = 200;
/// Players that enrol at the same time.
const AT_ONCE: usize = 8;
/// For how many of them it is measured when they are told, while all enrol.
const WATCHED: usize = 2_000;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    if numbers.is_empty() {
        numbers = vec![2_000];
    }
    println!("| enrolled at once | each took | until all were told | a screen |");
    println!("|---:|---:|---:|---:|");
    let mut counties = Vec::new();
    for screens in numbers {
        let county = County::new(THERE).await;
        let begin = Instant::now();
        let players = enrol(&county, THERE, screens).await;
        let each = begin.elapsed().as_secs_f64() * 1_000.0 / screens as f64;
        let begin = Instant::now();
        county.app.jobs.drain(&county.app.handlers()).await.expect("jobs");
        let told = begin.elapsed().as_secs_f64();
        let playlist = county.app.playlists.issued(county.players[0].screen.id).and_then(|issued| issued.playlist);
        for player in &players {
            let issued = county.app.playlists.issued(player.screen.id).expect("told");
            assert!(issued.playlist.is_some() && issued.playlist == playlist, "they join the others");
        }
        println!("| {screens} | {each:.1} ms | {told:.1} s | {:.2} ms |", told * 1_000.0 / screens as f64);
        counties.push((county, THERE + screens));
    }
    println!();
    println!("| screens there | enrolling | first manifest after: median | 99 of 100 | worst |");
    println!("|---:|---|---:|---:|---:|");
    for (county, there) in counties {
        let working = tokio::spawn({
            let (jobs, handlers) = (county.app.jobs.clone(), county.app.handlers());
            async move { jobs.run(handlers).await }
        });
        let alone = stream::iter(0..50).then(|n| told_after(&county, there + n)).collect::<Vec<_>>().await;
        say(there, "one after the other", alone);
        let together: Vec<_> = stream::iter(50..50 + WATCHED)
            .map(|n| told_after(&county, there + n))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        say(there, "eight at a time", together);
        working.abort();
    }
}

fn say(there: usize, how: &str, mut took: Vec<Duration>) {
    took.sort();
    let ms = |place: usize| took[place].as_secs_f64() * 1_000.0;
    let last = took.len() - 1;
    println!("| {there} | {how} | {:.1} ms | {:.1} ms | {:.1} ms |", ms(last / 2), ms(last * 99 / 100), ms(last));
}

fn venue_of(county: &County, number: usize) -> VenueId {
    county.venues[number % county.venues.len()]
}

async fn enrol(county: &County, from: usize, number: usize) -> Vec<Player> {
    let now = clock::now();
    let app: &App = &county.app;
    stream::iter(from..from + number)
        .map(|n| Player::new(app, n, venue_of(county, n), now))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// How long after it was enrolled a screen was told what to play.
async fn told_after(county: &County, number: usize) -> Duration {
    let player = Player::new(&county.app, number, venue_of(county, number), clock::now()).await;
    let enrolled = Instant::now();
    let mut news = county.app.playlists.follow(player.screen.id);
    while news.borrow_and_update().is_none() {
        news.changed().await.expect("the server is there");
    }
    enrolled.elapsed()
}
