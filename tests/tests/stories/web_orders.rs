//! What a manifest orders beside its programme, obeyed by a browser: hours and brightness, evidence pictures, instructions, shows.

use std::{net::TcpListener, thread::sleep, time::Duration};

use image::RgbaImage;
use serde_json::{Value, json};
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::ScreenId,
    playlog::{Batch, PlayStatus, SignedBatch, TriggerKind, WallChange, WallReason, WallState},
    sign::PublicKey,
};
use xuanping_tests::{
    clock,
    console::Wish,
    databases::Database,
    office::Office,
    pictures::{alike, decode, same},
    samples::sample,
    verifier::{Verifier, frames},
    waiting::{LONG, PATIENCE, until},
    webplayer::WebPlayer,
};

use crate::{
    evidence::{instruct, is_done, pictures},
    web::{SIZE, pair},
};

/// An office whose browser shows one poster; with its pixels.
fn showing(office: &Office, browser: &mut WebPlayer) -> (ScreenId, RgbaImage) {
    let screen = pair(office, browser);
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let usual = decode(&office.editor.rendition(poster, ZoneName::Main, SIZE).1);
    browser.shows("its programme", |page| same(page, &usual));
    (screen, usual)
}

fn is_black(page: &RgbaImage) -> Result<(), String> {
    let dark = page.pixels().all(|pixel| pixel.0[..3] == [0, 0, 0]);
    dark.then_some(()).ok_or_else(|| "something is lit".to_owned())
}

/// The screen's batches as they are exported, after our own verifier found nothing wrong with them.
fn batches(office: &Office, browser: &mut WebPlayer, screen: ScreenId) -> Vec<Batch> {
    let bundle = office.auditor.file(&format!("plays/bundle?screen={screen}")).unwrap();
    let identity = browser.does("identity", json!({}));
    let publisher: PublicKey = identity["publisher"].as_str().unwrap().parse().unwrap();
    let said = Verifier::who_knows(publisher).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
    let frames = frames(&bundle).into_iter().filter(|(kind, _)| *kind == 2);
    let batches: Vec<_> = frames.map(|(_, body)| SignedBatch::said_by(body).unwrap()).collect();
    assert!(!batches.is_empty());
    batches
}

#[test]
fn a_browser_keeps_its_hours_and_signs_when_its_wall_was_off() {
    let office = Office::open(Database::Sqlite);
    let mut browser = WebPlayer::start(SIZE);
    let (screen, usual) = showing(&office, &mut browser);

    // Half as bright, by the browser's own compositor.
    office.operator.set_wall(screen, &json!({ "brightness": [{ "from": "00:00", "percent": 50 }] })).unwrap();
    let mut dimmed = usual.clone();
    dimmed.pixels_mut().flat_map(|pixel| &mut pixel.0[..3]).for_each(|part| *part /= 2);
    browser.shows("the poster at half brightness", |page| alike(page, &dimmed));

    let night = json!({ "off": [{ "from": clock::in_minutes(-2), "to": clock::in_minutes(120) }] });
    office.operator.set_wall(screen, &night).unwrap();
    browser.shows("nothing", is_black);
    let dark_since = clock::now();
    sleep(Duration::from_secs(4));
    // An emergency lights it, and another word of the office too.
    let urgent = office.approved_poster("紧急", sample("posters/refund-wide.png"));
    let lit = decode(&office.editor.rendition(urgent, ZoneName::Main, SIZE).1);
    let still_dark = clock::now();
    let (takeover, _) = office.reviewer.take_over("紧急", &[urgent], &json!({}), 5).unwrap();
    browser.shows("the emergency", |page| same(page, &lit));
    office.reviewer.withdraw_takeover(takeover).unwrap();
    browser.shows("nothing again", is_black);
    office.operator.set_wall(screen, &json!({})).unwrap();
    browser.shows("its programme again", |page| same(page, &usual));
    let over = clock::now();

    // Out of sight, and back.
    browser.does("cover", json!({}));
    sleep(Duration::from_secs(2));
    browser.does("uncover", json!({}));
    until("what was cut, and plays from after it, in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}"));
        let cut = plays.iter().any(|play| play.status == PlayStatus::Interrupted && play.started < dark_since);
        let after = plays.iter().any(|play| play.completed() && play.started > over);
        if cut && after { Ok(()) } else { Err(format!("{plays:?}")) }
    });
    let meanwhile = |plays: Vec<xuanping_tests::plays::PlayRecord>| {
        plays.into_iter().filter(|play| play.started > dark_since && play.started < still_dark).count()
    };
    assert_eq!(meanwhile(office.auditor.plays(&format!("screen={screen}"))), 0, "counted while it was dark");
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());

    let batches = batches(&office, &mut browser, screen);
    let said = |state, why| batches.iter().flat_map(|b| &b.walls).any(|w| (w.state, w.why) == (state, why));
    for (state, why) in [
        (WallState::On, WallReason::NotKnown),
        (WallState::Off, WallReason::Hours),
        (WallState::On, WallReason::Hours),
        (WallState::Off, WallReason::Fault),
        (WallState::On, WallReason::Fault),
    ] {
        assert!(said(state, why), "{state:?} because of {why:?}: {batches:?}");
    }
    let ascending = |walls: &[WallChange]| walls.windows(2).all(|pair| pair[0].from < pair[1].from);
    assert!(batches.iter().all(|batch| ascending(&batch.walls) && !batch.walls.is_empty()), "{batches:?}");
}

#[test]
fn a_browser_without_a_network_pictures_itself_at_its_moment_and_delivers_everything_in_order() {
    let office = Office::open(Database::Sqlite);
    let mut browser = WebPlayer::start(SIZE);
    let (screen, usual) = showing(&office, &mut browser);
    let key = browser.does("kept", json!({ "what": "key" }));
    assert_eq!(key, json!({ "extractable": false, "exported": [], "usages": ["sign"] }), "nobody gets it out");
    until("the office to know that it takes pictures", PATIENCE, || {
        let seen = office.operator.screen(screen).map_err(|e| format!("{e:?}"))?;
        let able = &seen["status"]["abilities"];
        if able == &json!({ "evidence": true, "instructions": true, "keys": true }) {
            Ok(())
        } else {
            Err(seen.to_string())
        }
    });

    // As many as there can be, on a wall that is on for a few minutes only: one of its moments is near.
    let hours = json!({ "off": [{ "from": clock::in_minutes(7), "to": clock::in_minutes(-1) }], "transition": "fade" });
    let orders = json!({ "evidence_per_day": 24, "wall": hours });
    office.operator.send(reqwest::Method::PATCH, &format!("screens/{screen}"), &orders).unwrap();
    let followed = |office: &Office| {
        let seen = office.operator.screen(screen).unwrap();
        (seen["status"]["manifest_version"].as_u64(), seen["status"]["missing_assets"].as_u64())
    };
    let before = followed(&office).0;
    until("the orders on the page", PATIENCE, || {
        let (version, missing) = followed(&office);
        if version > before || (version == before && missing == Some(0)) { Ok(()) } else { Err(format!("{version:?}")) }
    });
    sleep(Duration::from_secs(3));
    browser.does("cut", json!({}));
    until("a picture that waits to be delivered", LONG, || {
        let waiting = browser.does("kept", json!({ "what": "pictures" }));
        if waiting.as_u64() > Some(0) { Ok(()) } else { Err(waiting.to_string()) }
    });
    // The page is loaded anew, still without a network.
    browser.does("reload", json!({}));
    browser.shows("its programme without a network", |page| same(page, &usual));
    let cut_until = clock::now();
    sleep(Duration::from_secs(12));
    assert!(office.auditor.plays(&format!("screen={screen}")).iter().all(|play| play.started < cut_until));
    browser.does("mend", json!({}));

    let picture = until("a picture that a batch names", LONG, || {
        let (pictures, _) = pictures(&office, screen);
        let proven = pictures.iter().find(|picture| !picture["proof"].is_null());
        proven.cloned().ok_or_else(|| format!("{pictures:?}"))
    });
    let moment = picture["moment"].as_i64().expect("because of a moment");
    let (_, told) = pictures(&office, screen);
    let taken = told.iter().find(|each| each["at"] == json!(moment)).expect("the server worked out the same moment");
    assert_eq!(taken["state"], "taken", "{told:?}");
    assert_eq!(picture["proof"]["believed"], true, "{picture}");
    let digest: Digest = picture["digest"].as_str().unwrap().parse().unwrap();
    let file = office.auditor.file(&format!("screens/{screen}/evidence/{digest}")).unwrap();
    assert_eq!(Digest::of(&file), digest);
    alike(&decode(&file), &usual).unwrap();

    until("plays from without a network in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}"));
        let late = plays.iter().filter(|play| play.started > cut_until && play.completed()).count();
        if late > 0 { Ok(()) } else { Err(format!("{} plays", plays.len())) }
    });
    let batches = batches(&office, &mut browser, screen);
    assert!((1..).zip(&batches).all(|(number, batch)| batch.sequence == number), "in order");
    let boots: std::collections::HashSet<_> = batches.iter().map(|batch| batch.boot).collect();
    assert_eq!(boots.len(), 2, "what the first page showed is said to be of it");
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
}

#[test]
fn what_an_office_tells_a_browser_is_done_once() {
    let office = Office::open(Database::Sqlite);
    let mut browser = WebPlayer::start(SIZE);
    let (screen, usual) = showing(&office, &mut browser);
    until("the office to know that it obeys", PATIENCE, || {
        let seen = office.operator.screen(screen).map_err(|e| format!("{e:?}"))?;
        if seen["status"]["abilities"]["instructions"] == true { Ok(()) } else { Err(seen["status"].to_string()) }
    });

    instruct(&office, screen, "identify");
    browser.shows("who it is", |page| alike(page, &usual).map_or(Ok(()), |()| Err("its programme".to_owned())));
    let covered = clock::now();
    browser.shows("its programme again", |page| same(page, &usual));
    let over = clock::now();
    assert!(over.since(covered) > 2_000, "for a while: {} ms", over.since(covered));
    is_done(&office, screen, "identify");

    let told = instruct(&office, screen, "capture");
    let picture = until("the picture that was asked for, named by a batch", LONG, || {
        let (pictures, _) = pictures(&office, screen);
        let asked = pictures.iter().find(|p| p["instruction"] == told["id"] && !p["proof"].is_null());
        asked.cloned().ok_or_else(|| format!("{pictures:?}"))
    });
    let digest = picture["digest"].as_str().unwrap();
    let file = office.auditor.file(&format!("screens/{screen}/evidence/{digest}")).unwrap();
    alike(&decode(&file), &usual).unwrap();
    is_done(&office, screen, "capture");

    // The page is loaded anew, once; and what was done before is not done again.
    let fresh = |browser: &mut WebPlayer| browser.does("fresh", json!({})) == json!(true);
    fresh(&mut browser);
    instruct(&office, screen, "restart");
    until("the page to be loaded anew", PATIENCE, || if fresh(&mut browser) { Ok(()) } else { Err("not yet".into()) });
    browser.shows("its programme after the restart", |page| same(page, &usual));
    is_done(&office, screen, "restart");
    sleep(Duration::from_secs(3));
    assert!(!fresh(&mut browser), "once");
    browser.does("reload", json!({}));
    browser.shows("its programme", |page| same(page, &usual));
    fresh(&mut browser);
    sleep(Duration::from_secs(3));
    assert!(!fresh(&mut browser), "not after a reload either");
    browser.shows("its programme, and not who it is", |page| same(page, &usual));

    let plays = office.auditor.plays(&format!("screen={screen}"));
    let meanwhile = |started| started > covered && started < over.plus(-1_000);
    assert_eq!(
        plays.iter().filter(|play| meanwhile(play.started)).count(),
        0,
        "nothing counts while it says who it is"
    );
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
}

#[test]
fn a_cinemas_own_page_says_when_a_film_begins_and_may_darken_its_wall() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let site = format!("http://127.0.0.1:{port}");
    let office = Office::open_with(Database::Sqlite, &["--web-embedder", &site]);
    let mut browser = WebPlayer::start(SIZE);
    let screen = pair(&office, &mut browser);
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let warning = office.approved_poster("开映前警示", sample("posters/police-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    let before_each_film = json!({ "event": { "trigger": "pre_show" } });
    office.editor.book(campaign, &[warning], &Wish { mode: before_each_film, ..Wish::default() }).unwrap();
    office.publish(campaign).unwrap();
    let pixels = |creative| decode(&office.editor.rendition(creative, ZoneName::Main, SIZE).1);
    let (usual, before_film) = (pixels(poster), pixels(warning));
    browser.shows("its programme", |page| same(page, &usual));

    browser.does("host", json!({ "port": port, "address": format!("{}/web/?report=1", office.server.url()) }));
    browser.does("open", json!({ "address": site }));
    browser.shows("its programme in the cinema's page", |page| same(page, &usual));
    let say = |browser: &mut WebPlayer, message: Value| browser.does("say", json!({ "message": message }));
    let film = |browser: &mut WebPlayer, name: &str| say(browser, json!({ "xuanping": "pre_show", "show": name }));
    // Before the playlist with what is booked is here there is nothing to show, and nothing is remembered.
    let said = until("the show to be announced", PATIENCE, || {
        let said = film(&mut browser, "一号厅 19:30");
        if said["done"] == "nothing" { Err(said.to_string()) } else { Ok(said) }
    });
    assert_eq!((&said["done"], &said["items"]), (&json!("shown"), &json!(1)), "{said}");
    browser.shows("the warning", |page| same(page, &before_film));
    browser.shows("its programme again", |page| same(page, &usual));
    assert_eq!(film(&mut browser, " 一号厅 19:30 ")["done"], "again");
    browser.does("reload", json!({}));
    browser.shows("its programme after a reload", |page| same(page, &usual));
    assert_eq!(film(&mut browser, "一号厅 19:30")["done"], "again");
    assert_eq!(film(&mut browser, "一号厅 21:45")["done"], "shown");
    until("both showings in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}&creative={warning}&counted_only=true"));
        let right = plays.iter().all(|play| play.trigger == TriggerKind::Event && play.completed());
        if plays.len() == 2 && right { Ok(()) } else { Err(format!("{plays:?}")) }
    });

    assert_eq!(say(&mut browser, json!({ "xuanping": "dark" }))["done"], "dark");
    browser.shows("nothing", is_black);
    browser.does("reload", json!({}));
    sleep(Duration::from_secs(2));
    browser.shows("nothing after a reload", is_black);
    assert_eq!(film(&mut browser, "二号厅 19:30")["done"], "nothing");
    assert_eq!(say(&mut browser, json!({ "xuanping": "resume" }))["done"], "lit");
    browser.shows("its programme", |page| same(page, &usual));
    assert!(office.auditor.get("plays/findings").unwrap()["items"].as_array().unwrap().is_empty());
}
