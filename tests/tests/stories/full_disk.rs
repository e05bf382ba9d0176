//! A player's disk is full: the wall goes on, what was recorded stays recorded, and with room again everything is as before.

use xuanping_core::{geometry::ZoneName, playlog::Play};
use xuanping_tests::{
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    plays::{Life, PlayRecord, account},
    samples::sample,
    waiting::{LONG, PATIENCE, until},
};

on_both_databases!(a_full_disk_stops_no_wall_and_loses_no_recorded_play);

fn a_full_disk_stops_no_wall_and_loses_no_recorded_play(database: Database) {
    let office = Office::open(database);
    let Some(mut player) = Player::start_on_small_disk(&office.server.url(), SMALL, 8) else { return };
    let screen = office.pair_in_bank(&player, "城东", "full");
    let loan = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let refund = office.approved_poster("退款", sample("posters/refund-wide.png"));
    let (campaign, _) = office.campaign("日常", &[loan, refund], &Wish::default());
    let pixels = [loan, refund].map(|poster| decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1));
    office.publish(campaign).unwrap();
    let shows_both = |player: &Player, when: &str| {
        for picture in &pixels {
            player.shows(when, |wall| same(wall, picture));
        }
    };
    let trouble = || office.operator.screen(screen).unwrap()["status"]["last_error"].as_str().map(str::to_owned);
    let told_of_disk = || trouble().filter(|text| text.contains("磁盘")).ok_or_else(|| format!("{:?}", trouble()));
    let log = || office.auditor.plays(&format!("screen={screen}"));
    let told_of_play_after = |moment| {
        until("a play from after then in the log", LONG, || {
            let newest = log().last().map(|play| play.started);
            if newest > Some(moment) { Ok(()) } else { Err(format!("{newest:?}")) }
        });
    };
    shows_both(&player, "its programme");
    let device = player.device();
    let playlist = device.playlist(device.manifest().unwrap().playlist.unwrap());
    let seen = Some(clock::now());

    // Full, even the player's reserve: somebody is told, and the wall goes on.
    until("the console to tell of the full disk", LONG, || {
        player.disk().fill();
        told_of_disk()
    });
    player.disk().fill();
    shows_both(&player, "its programme with a full disk");
    shows_both(&player, "its programme with a full disk, still");

    // Room again: what was kept in memory meanwhile is written and reported, nothing is missing.
    player.disk().free();
    let freed = clock::now();
    told_of_play_after(freed);
    until("the trouble to be over", PATIENCE, || trouble().map_or(Ok(()), Err));

    // Full again, and the power fails: only what could not be recorded any more is lost.
    let recorded_until = clock::now();
    until("the console to tell of the full disk again", LONG, || {
        player.disk().fill();
        told_of_disk()
    });
    let life = player.kill(seen);
    let first = Life { alive: recorded_until, ..life };
    let journalled = player.journalled();
    player.forget_picture();
    player.restart();
    shows_both(&player, "its programme after a restart with a full disk");
    player.disk().free();
    let freed = clock::now();
    told_of_play_after(freed);
    let seen = Some(clock::now());
    shows_both(&player, "its programme with room again");
    shows_both(&player, "its programme with room again, still");
    let second = player.kill(seen);
    player.restart();

    let is_told_once = |play: &Play, log: &[PlayRecord]| {
        log.iter().filter(|record| (record.started, record.actual) == (play.start, play.actual)).count() == 1
    };
    until("every recorded play in the log, once", PATIENCE, || {
        let mut plays = log();
        let lost: Vec<_> = journalled.iter().filter(|play| !is_told_once(play, &plays)).collect();
        plays.retain(|play| play.started < second.dead);
        let found = account(&playlist, ZoneName::Main, &[first, second], &plays);
        assert!(found.due > 4, "too little was on the wall to tell anything: {found:?}");
        if lost.is_empty() && found.complaints.is_empty() {
            Ok(())
        } else {
            Err(format!("{lost:?}\n{}", found.complaints.join("\n")))
        }
    });
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
}
