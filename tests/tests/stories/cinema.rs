//! Before each film, once: the projectionist's machine tells the player, and the log says before which film it was.

use serde_json::json;
use xuanping_core::{geometry::ZoneName, playlog::TriggerKind};
use xuanping_tests::{
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    samples::sample,
    waiting::{LONG, PATIENCE, until},
};

on_both_databases!(what_is_booked_before_each_film_is_shown_once_for_each_and_counts);

fn what_is_booked_before_each_film_is_shown_once_for_each_and_counts(database: Database) {
    let office = Office::open(database);
    let mut player = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "一号厅", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let warning = office.approved_poster("开映前警示", sample("posters/police-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    let before_each_film = json!({ "event": { "trigger": "pre_show" } });
    office.editor.book(campaign, &[warning], &Wish { mode: before_each_film, ..Wish::default() }).unwrap();
    office.publish(campaign).unwrap();
    let pixels = |creative| decode(&office.editor.rendition(creative, ZoneName::Main, SMALL.size).1);
    let (usual, before_film) = (pixels(poster), pixels(warning));
    player.shows("its programme", |wall| same(wall, &usual));

    until("every file on the player", PATIENCE, || {
        let said = player.tell(&["status", "--json"])?;
        let said: serde_json::Value = serde_json::from_str(&said).map_err(|e| e.to_string())?;
        let missing = said["status"]["missing_assets"].as_u64();
        // Before the playlist with the event is here nothing of it is missing: it is asked for below until it is.
        if missing == Some(0) { Ok(()) } else { Err(said.to_string()) }
    });
    let film = |name: &str| {
        until("the show to be announced", PATIENCE, || player.tell(&["trigger", "pre-show", "--show", name]))
    };
    assert!(film("一号厅 19:30").contains("即将播放 1 个素材"));
    player.shows("the warning", |wall| same(wall, &before_film));
    player.shows("its programme again", |wall| same(wall, &usual));
    // The projectionist pressed twice, and the power went in between.
    assert!(film("一号厅 19:30").contains("不重复播放"));
    player.kill(None);
    player.restart();
    player.shows("its programme once more", |wall| same(wall, &usual));
    let again =
        until("the player to answer", PATIENCE, || player.tell(&["trigger", "pre-show", "--show", "一号厅 19:30"]));
    assert!(again.contains("不重复播放"), "{again}");
    let next = until("the next show", PATIENCE, || player.tell(&["trigger", "pre-show", "--show", "一号厅 21:45"]));
    assert!(next.contains("即将播放 1 个素材"), "{next}");

    // Two films, two showings that count, each for what it was.
    until("both showings in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}&creative={warning}&counted_only=true"));
        let right = plays.iter().all(|play| play.trigger == TriggerKind::Event && play.completed());
        if plays.len() == 2 && right { Ok(()) } else { Err(format!("{plays:?}")) }
    });
    let outsmart =
        office.auditor.file(&format!("plays/export?format=outsmart&screen={screen}&creative={warning}")).unwrap();
    let lines = String::from_utf8(outsmart).unwrap();
    assert!(
        lines.lines().count() == 2 && lines.lines().all(|line| line.split(',').nth(16) == Some("event")),
        "{lines}"
    );
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
}
