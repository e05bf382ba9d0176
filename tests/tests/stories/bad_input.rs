//! Hostile and careless input: a stable refusal that says what to do, and nothing half-done.

use serde_json::{Value, json};
use xuanping_tests::{
    clock::county_day,
    console::{Refusal, Wish, all_day},
    databases::{Database, age_pairing_codes},
    office::{COUNTY, Office, RIVERSIDE},
    on_both_databases,
    player::{Player, SMALL},
    samples::sample,
    waiting::{PATIENCE, until, until_true},
};

on_both_databases!(
    hostile_files_are_refused_and_leave_nothing_behind,
    a_server_killed_in_the_middle_of_an_upload_keeps_nothing_of_it,
    what_cannot_be_shown_is_refused_before_it_is_planned,
    a_pairing_code_is_good_once_and_for_a_quarter_of_an_hour,
);

fn hostile_files_are_refused_and_leave_nothing_behind(database: Database) {
    let office = Office::open(database);
    let before = office.server.stored_files();
    for (name, status, kind) in [
        ("zero-byte.png", 422, "upload-empty"),
        ("truncated.png", 422, "upload-truncated"),
        ("truncated.jpg", 422, "upload-truncated"),
        ("text-named.png", 415, "upload-not-media"),
        ("png-named.mp4", 415, "upload-renamed"),
        ("mp3-named.jpg", 422, "upload-truncated"),
        ("bomb.png", 422, "upload-too-many-pixels"),
        ("lying-size.png", 422, "upload-too-many-pixels"),
        ("script.svg", 415, "upload-type-not-accepted"),
        ("truncated.mp4", 422, "upload-truncated"),
        ("no-index.mp4", 422, "upload-truncated"),
        ("no-video.mp4", 422, "upload-no-video"),
    ] {
        let refusal = office.editor.upload(name, sample(&format!("broken/{name}"))).unwrap_err();
        assert_eq!((refusal.kind.as_str(), refusal.status), (kind, status), "{name}: {}", refusal.body);
    }
    // A picture with more bytes than any poster has: refused while it is still coming.
    let mut oversized = sample("posters/loan-wide.png");
    oversized.resize((64 << 20) + 1, 0);
    let refusal = office.editor.upload("oversized.png", oversized).unwrap_err();
    assert_eq!((refusal.kind.as_str(), refusal.status), ("upload-too-large", 413), "{}", refusal.body);
    // A sender who hangs up half-way.
    let clip = sample("clips/police.mp4");
    drop(office.editor.begin_upload("police.mp4", &clip, clip.len() / 2));
    until_true("the rest of the broken upload to go", PATIENCE, || office.server.incoming().is_empty());
    assert_eq!(office.server.stored_files(), before, "what is refused leaves nothing");
    let health = office.admin.get("overview");
    assert!(health.is_ok(), "the server is well: {health:?}");
    // What is merely odd is taken.
    for name in ["vp9.webm", "mpeg4-part2.avi"] {
        let taken = office.editor.upload(name, sample(&format!("broken/{name}"))).unwrap();
        assert_eq!(taken["media"]["kind"], "clip", "{taken}");
    }
}

fn a_server_killed_in_the_middle_of_an_upload_keeps_nothing_of_it(database: Database) {
    let mut office = Office::open(database);
    let before = office.server.stored_files();
    let clip = sample("clips/police.mp4");
    for part in [clip.len() / 3, clip.len() - 1] {
        let connection = office.editor.begin_upload("police.mp4", &clip, part);
        until("the upload to arrive", PATIENCE, || {
            let sizes: Vec<u64> =
                office.server.incoming().iter().flat_map(std::fs::metadata).map(|m| m.len()).collect();
            if sizes.iter().any(|size| *size > 0) { Ok(()) } else { Err(format!("{sizes:?}")) }
        });
        office.server.kill();
        drop(connection);
        office.server.restart();
        assert_eq!(office.server.stored_files(), before, "nothing of it is left");
        let nothing = json!({ "digest": xuanping_core::digest::Digest::of(&clip) });
        let refusal = office.editor.make_clip("没有传完", &nothing).unwrap_err();
        assert_eq!((refusal.kind.as_str(), refusal.field()), ("invalid-value", "upload"));
    }
    // The same person, still signed in, uploads it again, and it is whole.
    let taken = office.editor.upload("police.mp4", clip.clone()).unwrap();
    assert_eq!(taken["duplicate_of"], Value::Null);
    let creative = office.editor.make_clip("传完了", &taken).unwrap();
    assert_eq!(office.editor.file(&format!("creatives/{creative}/original")).unwrap(), clip);
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>, kind: &str, field: &str) -> Value {
    let refusal = answer.unwrap_err();
    assert_eq!((refusal.kind.as_str(), refusal.field()), (kind, field), "{}", refusal.body);
    refusal.body
}

fn what_cannot_be_shown_is_refused_before_it_is_planned(database: Database) {
    let office = Office::open(database);
    let editor = &office.editor;
    // Characters that no font here has: they are named, and nothing is kept.
    let body = refused(editor.write_slogan("表情", "转账前先打96110\u{1f600}\u{10fffd}"), "missing-glyphs", "text");
    let glyphs = body["glyphs"].to_string();
    assert!(glyphs.contains("\u{10fffd}") || glyphs.to_uppercase().contains("10FFFD"), "{body}");
    assert_eq!(editor.get("creatives").unwrap()["items"], json!([]));

    // Dates that end before they begin.
    let (today, tomorrow) = (county_day(0), county_day(1));
    refused(editor.make_campaign_between("颠倒", &tomorrow, &today), "invalid-value", "ends");
    let slogan = office.approved(editor.write_slogan("不轻信", "不轻信不转账").unwrap());
    let campaign = editor.make_campaign_between("两天", &today, &tomorrow).unwrap();
    let windows = |windows: Value| json!({ "from": today, "until": tomorrow, "weekdays": [1, 2, 3, 4, 5, 6, 7], "windows": windows });
    let day = json!([{ "from": "08:00", "to": "20:00" }]);
    let inverted = json!({ "from": tomorrow, "until": today, "weekdays": [1], "windows": day });
    let overlapping = windows(json!([{ "from": "08:00", "to": "12:00" }, { "from": "11:00", "to": "14:00" }]));
    let empty = windows(json!([{ "from": "08:00", "to": "08:00" }]));
    for (schedule, field, reason) in [
        (inverted, "schedule.until", "dates-inverted"),
        (overlapping, "schedule.windows[1]", "windows-overlap"),
        (empty, "schedule.windows[0]", "window-empty"),
    ] {
        let wish = Wish { schedule, ..Wish::default() };
        let body = refused(editor.book(campaign, &[slogan], &wish), "invalid-value", field);
        assert_eq!(body["reason"], reason, "{body}");
    }
    let beyond = Wish { schedule: all_day(), ..Wish::default() };
    refused(editor.book(campaign, &[slogan], &beyond), "invalid-value", "schedule.from");
    assert_eq!(editor.get(&format!("campaigns/{campaign}")).unwrap()["bookings"], json!([]), "nothing half-booked");
    refused(editor.submit_campaign(campaign).map(drop), "no-bookings", "");

    // A selector that matches no screen: said when asked, refused when published.
    let schedule = windows(day);
    let nowhere = Wish { selector: json!({ "venue_types": ["college"] }), schedule, ..Wish::default() };
    editor.book(campaign, &[slogan], &nowhere).unwrap();
    assert_eq!(editor.reach(&nowhere.selector, &[slogan]).unwrap()["screens"], 0);
    refused(editor.submit_campaign(campaign).map(drop), "no-screens", "selector");
    assert_eq!(editor.get(&format!("campaigns/{campaign}")).unwrap()["standing"], "draft");
}

fn a_pairing_code_is_good_once_and_for_a_quarter_of_an_hour(database: Database) {
    let office = Office::open(database);
    let operator = &office.operator;
    let player = Player::start(&office.server.url(), SMALL);
    let venue = operator.add_venue("城东营业厅", "bank_hall", RIVERSIDE, "finance").unwrap();
    let code = player.pairing_code();

    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    refused(operator.pair(wrong, venue, "大厅屏", "full"), "pairing-code-wrong", "code");
    refused(operator.pair("not a code", venue, "大厅屏", "full"), "pairing-code-wrong", "code");
    // A right code with a wrong wish is not used up, and makes no venue.
    let nameless =
        json!({ "name": " ", "type": "bank_hall", "area": COUNTY, "department": "finance", "opening": "00:00-24:00" });
    refused(operator.pair_in_new_venue(&code, nameless, "大厅屏", "full"), "invalid-value", "name");
    let good = json!({ "name": "城西营业厅", "type": "bank_hall", "area": COUNTY, "department": "finance", "opening": "00:00-24:00" });
    refused(operator.pair_in_new_venue(&code, good, " ", "full"), "invalid-value", "name");
    assert_eq!(operator.get("venues").unwrap()["items"].as_array().unwrap().len(), 1, "no venue was made on the way");

    // After a quarter of an hour the code is refused as expired, and the wall shows another one.
    age_pairing_codes(office.server.database(), &office.server.data());
    refused(operator.pair(&code, venue, "大厅屏", "full"), "pairing-code-expired", "code");
    let fresh = until("a new code on the wall", PATIENCE, || {
        let fresh = player.pairing_code();
        if fresh == code { Err("the old one".to_owned()) } else { Ok(fresh) }
    });
    let screen = operator.pair(&fresh, venue, "大厅屏", "full").unwrap();
    refused(operator.pair(&fresh, venue, "大厅屏二", "full"), "pairing-code-used", "code");
    let all = operator.get("screens").unwrap();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all["items"][0]["id"], json!(screen));
}
