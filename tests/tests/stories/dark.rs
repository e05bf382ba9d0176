//! A wall that is off is black and counts nothing; how bright it is follows its table. Said in the console, done by the player.

use serde_json::json;
use xuanping_core::geometry::ZoneName;
use xuanping_tests::{
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    plays::PlayRecord,
    samples::sample,
    waiting::{LONG, until_true},
};

on_both_databases!(a_wall_goes_dark_when_it_is_told_to_and_nothing_is_counted_meanwhile);

fn a_wall_goes_dark_when_it_is_told_to_and_nothing_is_counted_meanwhile(database: Database) {
    let office = Office::open(database);
    let hall = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&hall, "大厅", "full");
    let poster = office.approved_poster("不轻信", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let lit = decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1);
    hall.shows("the poster", |wall| same(wall, &lit));

    // Half as bright.
    office.operator.set_wall(screen, &json!({ "brightness": [{ "from": "00:00", "percent": 50 }] })).unwrap();
    let mut dimmed = lit.clone();
    for pixel in dimmed.pixels_mut() {
        for part in &mut pixel.0[..3] {
            *part = (u32::from(*part) * 50 + 50).div_euclid(100) as u8;
        }
    }
    hall.shows("the poster at half brightness", |wall| same(wall, &dimmed));

    // Off since a moment ago.
    let night = json!({ "off": [{ "from": clock::in_minutes(-2), "to": clock::in_minutes(120) }] });
    office.operator.set_wall(screen, &night).unwrap();
    hall.shows("nothing", |wall| {
        let dark = wall.pixels().all(|pixel| pixel.0[..3] == [0, 0, 0]);
        dark.then_some(()).ok_or_else(|| "something is lit".to_owned())
    });
    let dark_since = clock::now();
    // What was cut is on record, and then nothing more.
    until_true("the poster that was cut is on record", LONG, || {
        !office.auditor.plays(&format!("screen={screen}&status=interrupted")).is_empty()
    });
    std::thread::sleep(std::time::Duration::from_secs(6));
    let meanwhile = |play: &PlayRecord| play.started > dark_since;
    assert!(!office.auditor.plays(&format!("screen={screen}")).iter().any(meanwhile), "counted while it was dark");

    // An emergency lights it; and it is on again when the office says so.
    let (takeover, _) = office.reviewer.take_over("紧急", &[poster], &json!({}), 5).unwrap();
    hall.shows("the emergency", |wall| same(wall, &lit));
    office.reviewer.withdraw_takeover(takeover).unwrap();
    office.operator.set_wall(screen, &json!({})).unwrap();
    hall.shows("the poster again", |wall| same(wall, &lit));

    let always = json!({ "off": [{ "from": "00:00", "to": "24:00" }] });
    assert_eq!(office.operator.set_wall(screen, &always).unwrap_err().field(), "wall");
    assert_eq!(office.auditor.set_wall(screen, &json!({})).unwrap_err().kind, "not-permitted");
}
