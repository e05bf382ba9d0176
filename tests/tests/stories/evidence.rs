//! What a wall really showed: pictures that it takes of itself at moments nobody could foresee, named in what it signs.

use reqwest::Method;
use serde_json::{Value, json};
use xuanping_core::{digest::Digest, geometry::ZoneName, id::ScreenId, time::UtcMillis};
use xuanping_tests::{
    clock::{self, county_day},
    console::Wish,
    databases::Database,
    office::Office,
    on_both_databases,
    pictures::{decode, same},
    player::{Player, SMALL},
    samples::sample,
    waiting::{LONG, PATIENCE, until},
};

on_both_databases!(
    at_a_moment_that_only_its_orders_know_a_wall_takes_a_picture_that_its_batch_names,
    what_an_office_tells_a_screen_is_done_once_and_the_office_hears_of_it
);

/// A screen's pictures of today and, just after midnight, of yesterday.
pub fn pictures(office: &Office, screen: ScreenId) -> (Vec<Value>, Vec<Value>) {
    let mut all = (Vec::new(), Vec::new());
    for day in [county_day(-1), county_day(0)] {
        let said = office.auditor.get(&format!("screens/{screen}/evidence?date={day}")).expect("the auditor may look");
        all.0.extend(said["pictures"].as_array().expect("a list").iter().cloned());
        all.1.extend(said["moments"].as_array().expect("a list").iter().cloned());
    }
    all
}

fn at_a_moment_that_only_its_orders_know_a_wall_takes_a_picture_that_its_batch_names(database: Database) {
    let mut office = Office::open(database);
    let mut player = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "城东", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let usual = decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1);
    player.shows("its programme", |wall| same(wall, &usual));

    // As many as there can be, on a wall that is on for a few minutes only: one of its moments is near.
    let orders = json!({
        "evidence_per_day": 24, "wall": { "off": [{ "from": clock::in_minutes(6), "to": clock::in_minutes(-1) }] },
    });
    office.operator.send(Method::PATCH, &format!("screens/{screen}"), &orders).unwrap();
    let manifest = until("a manifest that orders pictures", PATIENCE, || {
        let manifest = player.device().manifest().map_err(|e| format!("{e:?}"))?;
        let many = manifest.orders.evidence.is_some_and(|evidence| evidence.per_day == 24);
        if many && !manifest.orders.wall.is_usual() { Ok(manifest) } else { Err(format!("{:?}", manifest.orders)) }
    });
    let playlist = player.device().playlist(manifest.playlist.unwrap());
    let evidence = manifest.orders.evidence.unwrap();
    let moments: Vec<UtcMillis> = [county_day(0), county_day(1)]
        .iter()
        .flat_map(|day| {
            let (tz, wall) = (manifest.orders.tz(), &manifest.orders.wall);
            evidence.moments_on(screen, day.parse().unwrap(), tz, &playlist, wall)
        })
        .collect();
    let ahead = moments.iter().filter(|at| **at > clock::now()).count();
    assert!(ahead > 0, "{moments:?}");

    // The server is away when the picture is taken, and the power is cut thereafter: it is kept until it can be delivered.
    office.server.kill();
    let waiting = player.data().join("evidence");
    until("a picture that waits to be delivered", LONG, || {
        let files = std::fs::read_dir(&waiting).map_err(|e| e.to_string())?.flatten();
        let whole = files.filter(|f| f.path().extension().is_none()).count();
        if whole > 0 { Ok(()) } else { Err(format!("moments {moments:?}, now {}", clock::now())) }
    });
    player.kill(None);
    office.server.restart();
    player.restart();
    let picture = until("a picture that a batch names", LONG, || {
        let (pictures, _) = pictures(&office, screen);
        let proven = pictures.iter().find(|picture| !picture["proof"].is_null());
        proven.cloned().ok_or_else(|| format!("{pictures:?}"))
    });
    let moment = UtcMillis(picture["moment"].as_i64().expect("because of a moment"));
    assert!(moments.contains(&moment), "whoever holds the manifest knew it: {moment} in {moments:?}");
    let (_, told) = pictures(&office, screen);
    let taken = told.iter().find(|each| each["at"] == json!(moment)).expect("the moment is told once it is over");
    assert_eq!(taken["state"], "taken", "{told:?}");
    assert!(told.iter().all(|each| each["at"].as_i64().unwrap() <= clock::now().0), "none that is to come is told");
    assert_eq!((&picture["proof"]["creative"], &picture["proof"]["believed"]), (&json!(poster), &json!(true)));

    // The file is what the wall showed, and what the digest names.
    let digest: Digest = picture["digest"].as_str().unwrap().parse().unwrap();
    let file = office.auditor.file(&format!("screens/{screen}/evidence/{digest}")).unwrap();
    assert_eq!(Digest::of(&file), digest);
    same(&decode(&file), &usual).unwrap();
    let refused = office.operator.get(&format!("screens/{screen}/evidence")).unwrap_err();
    assert_eq!(refused.kind, "not-permitted", "records are not the operator's to see");
}

/// A screen's newest instruction of this kind.
pub fn newest(office: &Office, screen: ScreenId, kind: &str) -> Value {
    let all = office.operator.get(&format!("screens/{screen}/instructions")).expect("everybody may look");
    let found = all["items"].as_array().expect("a list").iter().find(|one| one["kind"] == kind).cloned();
    found.unwrap_or(Value::Null)
}

pub fn instruct(office: &Office, screen: ScreenId, kind: &str) -> Value {
    let path = format!("screens/{screen}/instructions");
    office.operator.send(Method::POST, &path, &json!({ "kind": kind, "seconds": 5 })).expect("it is told")
}

#[track_caller]
pub fn is_done(office: &Office, screen: ScreenId, kind: &str) {
    until(&format!("{kind} to be done"), PATIENCE, || {
        let told = newest(office, screen, kind);
        if told["state"] == "done" { Ok(()) } else { Err(told.to_string()) }
    });
}

fn what_an_office_tells_a_screen_is_done_once_and_the_office_hears_of_it(database: Database) {
    let office = Office::open(database);
    let mut player = Player::start(&office.server.url(), SMALL);
    let screen = office.pair_in_bank(&player, "城东", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let usual = decode(&office.editor.rendition(poster, ZoneName::Main, SMALL.size).1);
    player.shows("its programme", |wall| same(wall, &usual));
    until("the office to know that it obeys", PATIENCE, || {
        let seen = office.operator.screen(screen).map_err(|e| format!("{e:?}"))?;
        if seen["status"]["abilities"]["instructions"] == true { Ok(()) } else { Err(seen["status"].to_string()) }
    });

    // Who it is, over everything, for five seconds; nothing counts meanwhile.
    let told = instruct(&office, screen, "identify");
    assert_eq!(told["code"].as_str().map(str::len), Some(4), "{told}");
    player.shows("who it is", |wall| same(wall, &usual).map_or(Ok(()), |()| Err("its programme".to_owned())));
    let covered = clock::now();
    player.shows("its programme again", |wall| same(wall, &usual));
    let over = clock::now();
    assert!(over.since(covered) > 2_000, "for a while: {} ms", over.since(covered));
    is_done(&office, screen, "identify");
    until("plays from before and after in the log", PATIENCE, || {
        let plays = office.auditor.plays(&format!("screen={screen}"));
        if plays.iter().any(|play| play.started > over) { Ok(()) } else { Err(format!("{plays:?}")) }
    });
    let plays = office.auditor.plays(&format!("screen={screen}"));
    let meanwhile: Vec<_> =
        plays.iter().filter(|play| play.started > covered && play.started < over.plus(-1_000)).collect();
    assert!(meanwhile.is_empty(), "{meanwhile:?}");

    // A picture, now.
    let told = instruct(&office, screen, "capture");
    let picture = until("the picture that was asked for, named by a batch", PATIENCE, || {
        let (pictures, _) = pictures(&office, screen);
        let asked = pictures.iter().find(|p| p["instruction"] == told["id"] && !p["proof"].is_null());
        asked.cloned().ok_or_else(|| format!("{pictures:?}"))
    });
    let file =
        office.auditor.file(&format!("screens/{screen}/evidence/{}", picture["digest"].as_str().unwrap())).unwrap();
    same(&decode(&file), &usual).unwrap();
    is_done(&office, screen, "capture");

    // It ends in order, and does so once: what starts it again finds the same manifest, and plays.
    instruct(&office, screen, "restart");
    until("the player to end", PATIENCE, || if player.is_running() { Err("it runs".to_owned()) } else { Ok(()) });
    assert!(player.ended_well(), "as when it is told to by systemd");
    player.forget_picture();
    player.restart();
    player.shows("its programme after the restart", |wall| same(wall, &usual));
    is_done(&office, screen, "restart");
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert!(player.is_running(), "once");
    let refused =
        office.auditor.send(Method::POST, &format!("screens/{screen}/instructions"), &json!({ "kind": "restart" }));
    assert_eq!(refused.unwrap_err().kind, "not-permitted");
}
