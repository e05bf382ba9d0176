//! Somebody stands before the wall, with a keyboard and without a network.

use image::RgbaImage;
use serde_json::Value;
use xuanping_core::{
    geometry::ZoneName,
    playlog::{WallReason, WallState},
};
use xuanping_tests::{
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

on_both_databases!(a_wall_made_dark_stays_dark_without_network_and_over_power_cuts_and_nothing_counts_meanwhile);

fn black(wall: &RgbaImage) -> Result<(), String> {
    let lit = wall.pixels().filter(|pixel| pixel.0[..3] != [0, 0, 0]).count();
    if lit == 0 { Ok(()) } else { Err(format!("{lit} pixels are lit")) }
}

fn status(player: &Player) -> Value {
    serde_json::from_str(&player.tell(&["status", "--json"]).unwrap()).unwrap()
}

fn a_wall_made_dark_stays_dark_without_network_and_over_power_cuts_and_nothing_counts_meanwhile(database: Database) {
    let mut office = Office::open(database);
    let mut player = Player::start(&office.server.url(), SMALL);
    until("an answer before it is paired", PATIENCE, || match player.tell(&["status"]) {
        Ok(said) if said.contains("未配对") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let screen = office.pair_in_bank(&player, "城东", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let usual = decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1);
    player.shows("its programme", |wall| same(wall, &usual));

    // What it says, and what it shows.
    let said = status(&player);
    assert_eq!(said["screen"], serde_json::json!(screen), "{said}");
    assert!(said["status"]["health"]["memory"].as_u64().unwrap() > 1_000_000, "{said}");
    let words = player.tell(&["status"]).unwrap();
    assert!(words.contains("城东营业厅 城东") && words.contains("故障：无"), "{words}");
    let file = player.data().join("wall.png");
    player.tell(&["capture", file.to_str().unwrap()]).unwrap();
    same(&decode(&std::fs::read(&file).unwrap()), &usual).unwrap();

    // Dark: the office sees it, and that somebody wanted it so.
    player.tell(&["dark"]).unwrap();
    let dark = clock::now();
    player.shows("nothing", black);
    until("the office to know", PATIENCE, || {
        let seen = office.operator.screen(screen).map_err(|e| format!("{e:?}"))?;
        let health = seen["status"]["health"]["disk_total"].as_u64();
        if seen["status"]["dark"] == true && health > Some(0) { Ok(()) } else { Err(seen["status"].to_string()) }
    });

    // Neither a power cut nor the missing server lights it again.
    office.server.kill();
    player.kill(None);
    player.forget_picture();
    player.restart();
    player.shows("nothing still", black);
    until("the player to answer again", PATIENCE, || match player.tell(&["status", "--json"]) {
        Ok(said) if said.contains(r#""dark": true"#) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    let resumed = clock::now();
    player.tell(&["resume"]).unwrap();
    player.shows("its programme again", |wall| same(wall, &usual));

    // Its own record says so, signed: dark by an order, and lit again by one.
    player.kill(None);
    let told = player.walls_told();
    let dark_told = told.iter().position(|change| (change.state, change.why) == (WallState::Off, WallReason::Order));
    let after = &told[dark_told.expect("the dark is on record")..];
    let lit = after.iter().find(|change| (change.state, change.why) == (WallState::On, WallReason::Order));
    assert!(lit.is_some_and(|change| change.from >= resumed && change.from <= clock::now()), "{told:?}");
    player.restart();

    office.server.restart();
    until("plays from before and after in the log", PATIENCE, || {
        let plays = office.auditor.plays(&format!("screen={screen}"));
        let (before, after) = (plays.iter().any(|p| p.started < dark), plays.iter().any(|p| p.started >= resumed));
        if before && after { Ok(()) } else { Err(format!("{plays:?}")) }
    });
    let plays = office.auditor.plays(&format!("screen={screen}"));
    let meanwhile: Vec<_> = plays.iter().filter(|play| play.started >= dark && play.started < resumed).collect();
    assert!(meanwhile.is_empty(), "{meanwhile:?}");

    // Who runs no player here is told so.
    player.stop();
    let refused = player.tell(&["dark"]).unwrap_err();
    assert!(refused.contains("没有正在运行的播放器"), "{refused}");
}
