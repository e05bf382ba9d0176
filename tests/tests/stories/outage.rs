//! The server is gone: walls go on, and nothing that they showed is lost or told twice.

use xuanping_core::geometry::ZoneName;
use xuanping_tests::{
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    plays::{Life, account},
    samples::sample,
    waiting::{PATIENCE, until},
};

on_both_databases!(walls_go_on_without_the_server_and_tell_it_everything_later);

fn walls_go_on_without_the_server_and_tell_it_everything_later(database: Database) {
    let mut office = Office::open(database);
    let mut player = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "城东", "full");
    let loan = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let refund = office.approved_poster("退款", sample("posters/refund-wide.png"));
    let (campaign, _) = office.campaign("日常", &[loan, refund], &Wish::default());
    let pixels =
        [loan, refund].map(|creative| decode(&office.editor.rendition(creative, ZoneName::Main, SMALL.size).1));
    office.publish(campaign).unwrap();
    // Both, and both again: then at least one was on the wall from before it began until after it ended.
    let shows_both = |player: &Player, when: &str| {
        for picture in pixels.iter().chain(&pixels) {
            player.shows(when, |wall| same(wall, picture));
        }
    };
    // The first life began before anybody looked.
    shows_both(&player, "both posters");
    let mut seen = Some(clock::now());
    let device = player.device();
    let playlist = device.playlist(device.manifest().unwrap().playlist.unwrap());

    // Without the server it goes on.
    office.server.kill();
    shows_both(&player, "both posters without the server");

    // Restarted without the server it begins with what it has on disk: no pairing code, its programme.
    let mut lives: Vec<Life> = Vec::new();
    for _ in 0..2 {
        lives.push(player.kill(seen));
        player.forget_picture();
        player.restart();
        player.shows("its programme from its cache", |wall| {
            pixels.iter().map(|picture| same(wall, picture)).find(Result::is_ok).unwrap_or(Err("neither poster".into()))
        });
        seen = Some(clock::now());
        shows_both(&player, "both posters from its cache");
    }

    // The server is back, and hears of everything, once.
    office.server.restart();
    until("a play that began after the server was back", PATIENCE, || {
        let newest = office.auditor.plays(&format!("screen={screen}")).last().map(|play| play.started);
        if newest > seen { Ok(()) } else { Err(format!("{newest:?}")) }
    });
    let last = player.kill(seen);
    lives.push(last);
    player.restart();
    until("every play in the log", PATIENCE, || {
        let mut plays = office.auditor.plays(&format!("screen={screen}"));
        plays.retain(|play| play.started < last.dead);
        let found = account(&playlist, ZoneName::Main, &lives, &plays);
        assert!(found.due >= lives.len() - 1, "too little was on the wall to tell anything: {found:?}");
        if found.complaints.is_empty() { Ok(()) } else { Err(found.complaints.join("\n")) }
    });
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
}
