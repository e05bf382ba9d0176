//! From an empty database to signed play records in an auditor's hands.

use serde_json::{Value, json};
use xuanping_core::{
    geometry::ZoneName,
    id::{CreativeId, ScreenId},
    sign::PublicKey,
};
use xuanping_tests::{
    clock::county_day,
    console::{Console, OWN_PASSWORD, Wish},
    databases::Database,
    office::{HILLS, Office, RIVERSIDE},
    on_both_databases,
    pictures::{decode, same, shows_strip, zone_of},
    player::{DOOR, HALL, Player, Wall},
    plays::PlayRecord,
    samples::sample,
    verifier::Verifier,
    waiting::{LONG, PATIENCE, until},
};

on_both_databases!(a_county_from_nothing, whoever_wrote_it_does_not_approve_it, a_loudspeaker_is_enrolled_by_a_token,);

const WORDS: &str = "陌生来电要转账，先打96110问一问";

fn a_county_from_nothing(database: Database) {
    let mut office = Office::open(database);
    let url = office.server.url();
    let today = county_day(0);

    // A new player shows a code; the operator reads it off the wall, sees what is waiting, and hangs it in a new bank hall.
    let mut player = Player::start(&url, HALL);
    let code = player.pairing_code();
    let waiting = office.operator.get(&format!("pairings/{code}")).unwrap();
    assert_eq!(waiting["capabilities"]["size"], json!({ "width": 960, "height": 540 }), "{waiting}");
    let bank = json!({ "name": "溪滨农商银行", "type": "bank_hall", "area": RIVERSIDE, "department": "finance",
                       "opening": "00:00-24:00" });
    let screen = office.operator.pair_in_new_venue(&code, bank, "大厅屏", "main_and_ticker").unwrap();

    // The editor writes, uploads and submits; uploading the same file again is noticed.
    let editor = &office.editor;
    let slogan = editor.write_slogan("转账先问", WORDS).unwrap();
    let file = sample("posters/loan-wide.png");
    let upload = editor.upload("loan-wide.png", file.clone()).unwrap();
    assert_eq!(upload["duplicate_of"], Value::Null);
    let poster = editor.make_poster("贷款先交费", &upload).unwrap();
    let again = editor.upload("renamed-since.png", file).unwrap();
    assert_eq!(again["duplicate_of"]["creative_id"], json!(poster), "{again}");
    let film = editor.upload("police.mp4", sample("clips/police.mp4")).unwrap();
    assert_eq!(film["media"]["kind"], "clip", "{film}");
    let clip = editor.make_clip("冒充公检法", &film).unwrap();
    let everything = [slogan, poster, clip];

    // Nothing goes on air unseen by a second person.
    let wish = Wish { selector: json!({ "venue_types": ["bank_hall"], "areas": [RIVERSIDE] }), ..Wish::default() };
    let (campaign, _) = office.campaign("冬季防骗", &everything, &wish);
    for creative in everything {
        office.editor.submit(creative).unwrap();
    }
    let refusal = office.publish(campaign).unwrap_err();
    assert_eq!(refusal.kind, "creatives-not-approved");
    assert_eq!(refusal.body["titles"].as_array().unwrap().len(), 3, "{}", refusal.body);
    for creative in everything {
        office.reviewer.approve(creative).unwrap();
    }

    // Whom it reaches and what that screen will play today, before anything is published.
    let reach = office.editor.reach(&wish.selector, &everything).unwrap();
    assert_eq!(reach["screens"], 1, "{reach}");
    assert_eq!(reach["by_type"][0]["type"], "bank_hall");
    let elsewhere = office.editor.reach(&json!({ "areas": [HILLS] }), &everything).unwrap();
    assert_eq!(elsewhere["screens"], 0);
    office.editor.rendition(poster, ZoneName::Main, (960, 480));
    office.editor.rendition(slogan, ZoneName::Ticker, (960, 60));
    office.editor.rendition(clip, ZoneName::Main, (960, 480));
    let day = office.editor.timeline(campaign, screen).unwrap();
    let zones = day["zones"].as_array().unwrap();
    let planned = |zone: &str, creative: CreativeId| {
        let parts = zones.iter().filter(|z| z["zone"] == zone).flat_map(|z| z["dayparts"].as_array().unwrap());
        parts.flat_map(|p| p["slots"].as_array().unwrap()).any(|slot| slot["creative"] == json!(creative))
    };
    assert!(planned("main", poster) && planned("main", clip) && planned("ticker", slogan), "{day}");
    assert!(!planned("main", slogan), "a slogan goes where there is a ticker: {day}");

    // Published, and on the wall to the pixel.
    assert_eq!(office.publish(campaign).unwrap(), 1);
    let poster_pixels = decode(&office.editor.rendition(poster, ZoneName::Main, (960, 480)).1);
    let strip_pixels = decode(&office.editor.rendition(slogan, ZoneName::Ticker, (960, 60)).1);
    let main = office.zone(screen, ZoneName::Main);
    let ticker = office.zone(screen, ZoneName::Ticker);
    player.shows("the poster over the slogan", |wall| {
        same(&zone_of(wall, main), &poster_pixels)?;
        shows_strip(&zone_of(wall, ticker), &strip_pixels)
    });
    until("the wall's picture in the console", PATIENCE, || {
        same(&zone_of(&office.operator.wall(screen)?, main), &poster_pixels)
    });
    let seen = office.operator.screen(screen).unwrap();
    assert_eq!(seen["state"], "online", "{seen}");

    // What was shown arrives in the log, by whichever way the auditor asks.
    until("completed plays of poster, clip and slogan in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}&counted_only=true&status=success"));
        let of = |creative: CreativeId| plays.iter().filter(|play| play.creative == creative).count();
        if of(poster) >= 2 && of(clip) >= 1 && of(slogan) >= 1 { Ok(()) } else { Err(format!("{plays:?}")) }
    });
    player.stop();
    let all = office.auditor.plays("");
    for (filter, wanted) in [
        (format!("screen={screen}"), all.len()),
        (format!("area={RIVERSIDE}"), all.len()),
        (format!("area={HILLS}"), 0),
        ("venue_type=bank_hall".to_owned(), all.len()),
        ("venue_type=school".to_owned(), 0),
        (format!("campaign={campaign}&day_from={today}&day_to={}", county_day(1)), all.len()),
        (format!("day_from={}", county_day(2)), 0),
        (format!("creative={poster}"), all.iter().filter(|play| play.creative == poster).count()),
    ] {
        assert_eq!(office.auditor.plays(&filter).len(), wanted, "{filter}");
    }

    the_auditor_takes_the_records_away(&mut office, player.device().publisher(), screen, &all);
}

fn the_auditor_takes_the_records_away(office: &mut Office, publisher: PublicKey, screen: ScreenId, all: &[PlayRecord]) {
    let auditor = &office.auditor;
    // For people: Chinese headers, readable by a spreadsheet, one line a play.
    let table =
        String::from_utf8(auditor.file(&format!("plays/export?format=people&screen={screen}")).unwrap()).unwrap();
    let mut lines = table.strip_prefix('\u{feff}').expect("a byte order mark").lines();
    assert!(lines.next().unwrap().starts_with("开始时间,播放日期,屏幕,点位,场所类型,"));
    assert_eq!(lines.clone().count(), all.len());
    assert!(lines.all(|line| line.contains("大厅屏,溪滨农商银行,")), "{table}");
    // For machines: one line a completed play, no header.
    let outsmart = auditor.file(&format!("plays/export?format=outsmart&screen={screen}")).unwrap();
    let completed = all.iter().filter(|play| play.completed()).count();
    assert_eq!(String::from_utf8(outsmart).unwrap().lines().count(), completed);

    // A bundle proves itself on any machine, without the server.
    let bundle = auditor.file(&format!("plays/bundle?screen={screen}")).unwrap();
    let verifier = Verifier::who_knows(publisher);
    office.server.stop();
    let said = verifier.verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
    assert!(said.words.contains(&format!("播放 {} 次", all.len())), "{}", said.words);
    let records = std::fs::read_to_string(verifier.table()).unwrap();
    assert_eq!(records.lines().count(), 1 + all.len(), "{records}");

    // One changed byte in a record, and that record is named; anywhere else it is found just as well.
    let newest = all.iter().max_by_key(|play| (play.sequence, play.position)).expect("there are plays");
    let name = "溪滨农商银行".as_bytes();
    let place = bundle.windows(name.len()).rposition(|part| part == name).expect("records are in words");
    let said = verifier.verify(&with_changed_byte(&bundle, place));
    assert_eq!(said.code, 1, "{}", said.words);
    let named = format!("批次 {}(", newest.sequence);
    let numbered = format!("第 {} 次播放[{screen},{},", newest.position + 1, newest.sequence);
    assert!(said.words.contains(&named) && said.words.contains(&numbered), "{named} {numbered}: {}", said.words);
    for place in (0..bundle.len()).step_by(bundle.len() / 7) {
        let said = verifier.verify(&with_changed_byte(&bundle, place));
        assert_ne!(said.code, 0, "byte {place} was changed: {}", said.words);
    }
}

fn with_changed_byte(file: &[u8], place: usize) -> Vec<u8> {
    let mut changed = file.to_vec();
    changed[place] ^= 0x01;
    changed
}

fn whoever_wrote_it_does_not_approve_it(database: Database) {
    let office = Office::open(database);
    let slogan = office.editor.write_slogan("不透露", "验证码不告诉任何人").unwrap();
    office.editor.submit(slogan).unwrap();
    // An editor may not approve at all.
    assert_eq!(office.editor.approve(slogan).unwrap_err().kind, "not-permitted");
    // Somebody who may write and approve may not do both to one creative.
    let one_time = office.admin.create_account("all-rounder", &["editor", "reviewer"]).unwrap();
    let all_rounder = Console::first_sign_in(&office.server.url(), "all-rounder", &one_time);
    let own = all_rounder.write_slogan("不转账", "陌生人要转账，一律不转").unwrap();
    all_rounder.submit(own).unwrap();
    assert_eq!(all_rounder.approve(own).unwrap_err().kind, "own-work");
    all_rounder.approve(slogan).unwrap();
    // One-time passwords are good for once, and own ones are asked for after that.
    let mut anybody = Console::nobody(&office.server.url());
    assert_eq!(anybody.sign_in("all-rounder", &one_time).unwrap_err().kind, "sign-in-refused");
    anybody.sign_in("all-rounder", OWN_PASSWORD).unwrap();
    let everywhere = json!({});
    assert_eq!(anybody.reach(&everywhere, &[slogan]).unwrap()["screens"], 0);
}

fn a_loudspeaker_is_enrolled_by_a_token(database: Database) {
    let office = Office::open(database);
    let url = office.server.url();
    office.operator.add_venue("溪滨村广场", "village_square", RIVERSIDE, "publicity").unwrap();
    let wanted = ["admin", "issue-token", "--venue", "溪滨村广场", "--name", "东头音柱", "--layout", "audio_only"];
    let token = office.server.command(&wanted);
    let speaker = Wall { kind: "speaker", size: (1, 1) };
    let _player = Player::start_with_token(&url, speaker, token.trim());
    until("the loudspeaker among the screens, online", PATIENCE, || {
        let screens = office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
        let one = &screens["items"][0];
        let found = one["name"] == "东头音柱" && one["kind"] == "speaker" && one["state"] == "online";
        if found { Ok(()) } else { Err(screens.to_string()) }
    });
    // It was good for once: another player is where every new one is, waiting for an operator.
    Player::start_with_token(&url, DOOR, token.trim()).pairing_code();
    assert_eq!(office.operator.get("screens").unwrap()["items"].as_array().unwrap().len(), 1);
}
