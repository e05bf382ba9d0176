//! Who may take a screen off the air for good: only the office, by a signature. Anybody on the line can answer 410.

use reqwest::Method;
use serde_json::json;
use xuanping_core::geometry::ZoneName;
use xuanping_tests::{
    between::{Between, Lie},
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    samples::sample,
    waiting::{PATIENCE, until},
};

on_both_databases!(a_screen_is_wiped_by_the_offices_signature_and_by_no_answer_of_somebody_between);

fn a_screen_is_wiped_by_the_offices_signature_and_by_no_answer_of_somebody_between(database: Database) {
    let office = Office::open(database);
    let between = Between::before(&office.server.url());
    let player = Player::start(&between.url(), SMALL);
    let screen = office.pair_in_bank(&player, "城东", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let usual = decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1);
    player.shows("its programme", |wall| same(wall, &usual));
    let key = player.device().key.public();

    for lie in
        [Lie { status: "410 Gone", kind: "screen-retired" }, Lie { status: "401 Unauthorized", kind: "unknown-device" }]
    {
        let began = clock::now();
        between.says(Some(lie));
        until("the player to have heard it often", PATIENCE, || match between.told() {
            told @ ..12 => Err(format!("{told} times")),
            _ => Ok(()),
        });
        player.forget_picture();
        player.shows("its programme all the same", |wall| same(wall, &usual));
        between.says(None);
        // What it showed meanwhile was not thrown away either.
        until("plays of that time in the log", PATIENCE, || {
            let plays = office.auditor.plays(&format!("screen={screen}"));
            let since: Vec<_> = plays.iter().filter(|play| play.started >= began).collect();
            if since.len() >= 2 { Ok(()) } else { Err(format!("{} of {}", since.len(), plays.len())) }
        });
        assert_eq!(player.device().key.public(), key, "{lie:?}");
    }

    // The office's own word is another matter.
    office.admin.send(Method::POST, &format!("screens/{screen}/retire"), &json!({})).unwrap();
    player.pairing_code();
    assert_ne!(player.device().key.public(), key);
}
