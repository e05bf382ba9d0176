//! Two walls of the same programme change over at the same moment without talking to each other.

use std::{thread, time::Duration};

use xuanping_core::time::UtcMillis;
use xuanping_tests::{
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    player::{Player, SMALL},
    samples::sample,
    waiting::{LONG, until},
};

on_both_databases!(two_walls_of_one_programme_show_the_same_picture_at_the_same_moment);

/// Apart at most, in milliseconds.
const TOGETHER: i64 = 50;
/// Changes to be seen on both.
const CHANGES: usize = 9;

fn two_walls_of_one_programme_show_the_same_picture_at_the_same_moment(database: Database) {
    let office = Office::open(database);
    let url = office.server.url();
    let first = Player::start_noting(&url, SMALL);
    office.pair_in_bank(&first, "左", "full");
    let posters = [("贷款", "loan"), ("退款", "refund"), ("冒充公检法", "police")]
        .map(|(title, file)| office.approved_poster(title, sample(&format!("posters/{file}-wide.png"))));
    let (campaign, _) = office.campaign("日常", &posters, &Wish::default());
    office.publish(campaign).unwrap();
    until("the first wall's programme", LONG, || if changes(&first).len() > 2 { Ok(()) } else { Err("none".into()) });
    // The second is switched on at some other moment, in the middle of whatever is on the first.
    thread::sleep(Duration::from_millis(1_234));
    let second = Player::start_noting(&url, SMALL);
    office.pair_in_bank(&second, "右", "full");

    // From the second's third picture on, it has its files.
    let pairs = until("changes on both walls", LONG, || {
        let pairs = together(&changes(&first), &changes(&second));
        if pairs.len() >= CHANGES { Ok(pairs) } else { Err(format!("{} changes on both", pairs.len())) }
    });
    let mut apart: Vec<i64> = pairs.iter().map(|(a, b)| (a.since(*b)).abs()).collect();
    apart.sort_unstable();
    println!("milliseconds apart: {apart:?}");
    // A machine that does more than it can holds up one process or the other now and then; a wall that is late by itself
    // is late always.
    assert!(apart[CHANGES / 2] <= TOGETHER, "most changes are more than {TOGETHER} ms apart: {apart:?}");
}

/// When each picture came up: whole changes of the wall, not the parts of a picture.
fn changes(player: &Player) -> Vec<(UtcMillis, String)> {
    let mut all: Vec<(UtcMillis, String)> = Vec::new();
    for shown in player.noted() {
        if all.last().is_none_or(|(_, frame)| *frame != shown.frame) {
            all.push((shown.wall, shown.frame));
        }
    }
    all
}

/// The instants at which the same picture came up on both walls, less than half its three seconds apart.
fn together(first: &[(UtcMillis, String)], second: &[(UtcMillis, String)]) -> Vec<(UtcMillis, UtcMillis)> {
    // The picture before must have been the same too: the first one after an own screen comes up when it is ready.
    let follows = |all: &[(UtcMillis, String)]| -> Vec<(UtcMillis, [String; 2])> {
        all.windows(2).map(|pair| (pair[1].0, [pair[0].1.clone(), pair[1].1.clone()])).collect()
    };
    let (first, second) = (follows(first), follows(second));
    let partner = |(at, pictures): &(UtcMillis, [String; 2])| {
        let found = first.iter().find(|(other, same)| same == pictures && other.since(*at).abs() < 1_500);
        found.map(|(other, _)| (*other, *at))
    };
    second.iter().filter_map(partner).collect()
}
