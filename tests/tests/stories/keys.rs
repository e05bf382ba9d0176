//! 更换密钥: a screen changes its key while it plays, whoever is killed meanwhile; nothing is lost, and an auditor verifies one chain
//! over all its keys.

use serde_json::Value;
use xuanping_core::id::ScreenId;
use xuanping_tests::{
    chance::Chance,
    databases::Database,
    device::Device,
    office::Office,
    on_both_databases,
    player::{Player, SMALL},
    verifier::Verifier,
    waiting::{LONG, PATIENCE, until},
    witnessed::{Show, Witnessed, nothing_is_wrong},
};

use super::evidence::{instruct, newest};

on_both_databases!(a_key_is_changed_during_play_whoever_is_killed_and_the_whole_chain_is_proven);

/// How often the key is changed, and the player killed over each.
const CHANGES: usize = 3;
const KILLS: usize = 6;

fn seen(office: &Office, screen: ScreenId) -> Value {
    office.operator.screen(screen).expect("the operator may look")
}

#[track_caller]
fn can_change_its_key(office: &Office, screen: ScreenId) {
    until("the office to know that it can change its key", PATIENCE, || {
        let seen = seen(office, screen);
        if seen["status"]["abilities"]["keys"] == true { Ok(()) } else { Err(seen["status"].to_string()) }
    });
}

fn a_key_is_changed_during_play_whoever_is_killed_and_the_whole_chain_is_proven(database: Database) {
    let mut chance = Chance::seeded();
    let mut office = Office::open(database);
    let url = office.server.url();
    let mut walls = [Witnessed::paired(&office, Player::start(&url, SMALL), "城东")];
    let show = Show::on(&office, &mut walls);
    let [mut wall] = walls;
    can_change_its_key(&office, wall.screen);
    assert_eq!(seen(&office, wall.screen)["key_changed_at"], Value::Null);

    let mut former: Vec<Device> = Vec::new();
    for change in 0..CHANGES {
        let before = seen(&office, wall.screen)["fingerprint"].clone();
        former.push(wall.player.device());
        let told = instruct(&office, wall.screen, "change_key");
        // In the middle of making the key, of telling, of hearing: of the player's life, and once of the server's too.
        for kill in 0..KILLS {
            let lucky = change == 1 && kill == 2;
            if lucky {
                office.server.kill();
            }
            wall.live_through(1, &mut chance, &show);
            if lucky {
                office.server.restart();
            }
        }
        until("the key to be changed", LONG, || {
            let newest = newest(&office, wall.screen, "change_key");
            let done = newest["state"] == "done" && newest["id"] == told["id"];
            let seen = seen(&office, wall.screen);
            let changed = seen["fingerprint"] != before && seen["key_changed_at"].is_i64();
            if done && changed { Ok(()) } else { Err(format!("{newest} {seen}")) }
        });
        show.goes_on(&wall.player, "its programme under the new key");
    }
    // Whoever has a copy of an old key opens nothing with it.
    for device in &former {
        assert_eq!(device.manifest().unwrap_err().kind, "key-replaced");
    }
    wall.live_through(1, &mut chance, &show);
    let (found, _) = wall.reckoning(&office);
    assert!(found.due > 0, "too little was on the wall to tell anything");
    nothing_is_wrong(&office, &wall.player);
    let bundle = office.auditor.file("plays/bundle").unwrap();
    assert!(bundle.starts_with(b"xuanping-bundle/4\n"));
    let said = Verifier::who_knows(wall.player.device().publisher()).verify(&bundle);
    assert!(said.words.contains("更换密钥"), "{}", said.words);
    let recount = office.server.command(&["admin", "recount"]);
    assert!(recount.contains("全部一致"), "{recount}");
}
