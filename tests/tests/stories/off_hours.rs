//! Off hours come and go by themselves, without a server: the wall is dark from their first moment to their last, nothing is
//! counted in between, and the player's own signed record says how the wall was and why.

use xuanping_core::{
    geometry::ZoneName,
    playlog::{Play, WallReason, WallState},
    time::UtcMillis,
};
use xuanping_tests::{
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    pictures::{decode, same},
    player::{Player, SMALL},
    samples::sample,
    waiting::{LONG, PATIENCE, until},
};

const MINUTE: i64 = 60_000;
/// A player that has nothing else to do notices a minute's turn within this, in milliseconds.
const NOTICED: i64 = 1_500;

#[test]
fn off_hours_come_and_go_without_a_server_and_nothing_counts_between() {
    let office = Office::open(Database::Sqlite);
    let mut player = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "大厅", "full");
    let poster = office.approved_poster("不轻信", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let lit = decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1);
    player.shows("the poster", |wall| same(wall, &lit));

    // The minute after the next one.
    let off = UtcMillis((clock::now().0.div_euclid(MINUTE) + 2) * MINUTE);
    let on = off.plus(MINUTE);
    let hours = serde_json::json!({ "off": [{ "from": clock::county_time(off), "to": clock::county_time(on) }] });
    office.operator.set_wall(screen, &hours).unwrap();
    let told = office.operator.screen(screen).unwrap()["manifest_version"].as_u64();
    until("the player to be told", PATIENCE, || {
        let followed = player.tell(&["status", "--json"])?;
        let followed: serde_json::Value = serde_json::from_str(&followed).map_err(|e| e.to_string())?;
        let version = followed["status"]["manifest_version"].as_u64();
        if version >= told && version > Some(0) { Ok(()) } else { Err(followed.to_string()) }
    });
    assert!(clock::now() < off, "this machine is too busy for this story");
    let mut server = office.server;
    server.kill();

    let dark = |wall: &image::RgbaImage| {
        let dark = wall.pixels().all(|pixel| pixel.0[..3] == [0, 0, 0]);
        if dark { Ok(()) } else { Err("something is lit".to_owned()) }
    };
    player.shows("nothing", dark);
    assert!(clock::now() >= off, "too early");
    player.shows("the poster again", |wall| same(wall, &lit));
    assert!(clock::now() >= on, "too early");
    // Long enough for a whole poster more.
    std::thread::sleep(std::time::Duration::from_secs(5));
    player.kill(None);

    let told = player.walls_told();
    let at = |state, why, when: UtcMillis| {
        told.iter().any(|c| (c.state, c.why) == (state, why) && (0..NOTICED).contains(&c.from.since(when)))
    };
    assert!(at(WallState::Off, WallReason::Hours, off), "dark at {off:?}: {told:?}");
    assert!(at(WallState::On, WallReason::Hours, on), "lit at {on:?}: {told:?}");
    let plays = player.journalled();
    let end = |play: &Play| play.start.plus(play.actual.as_i64());
    let dark = |play: &&Play| end(play) > off.plus(NOTICED) && play.start < on;
    assert_eq!(plays.iter().filter(dark).collect::<Vec<_>>(), Vec::<&Play>::new());
    assert!(plays.iter().any(|play| play.start < off) && plays.iter().any(|play| play.start >= on), "{plays:?}");

    // The office learns the same of it.
    server.restart();
    player.restart();
    let plays = until("plays from before and after", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}"));
        let (before, after) = (plays.iter().any(|p| p.started < off), plays.iter().any(|p| p.started >= on));
        if before && after { Ok(plays) } else { Err(format!("{plays:?}")) }
    });
    assert!(plays.iter().all(|p| p.started < off || p.started >= on), "{plays:?}");
}
