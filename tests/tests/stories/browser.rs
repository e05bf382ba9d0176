//! What people do with a mouse and a keyboard, in a real browser, and what comes of it on a real wall.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use xuanping_core::{geometry::ZoneName, id::CreativeId};
use xuanping_tests::{
    console::{Console, OWN_PASSWORD},
    databases::Database,
    office::Office,
    pictures::{black_outside, decode, same, shows_strip, zone_of},
    player::{HALL, Player},
    programs::repository,
    samples,
    verifier::Verifier,
};

const SLOGAN: &str = "不轻信、不转账、不透露";
const TITLE: &str = "三不口诀";
const WARNING: &str = "冒充客服退款诈骗预警";

/// Somebody at a browser.
pub struct Person<'a> {
    pub office: &'a Office,
    pub name: &'static str,
    pub folder: &'a Path,
}

impl Person<'_> {
    /// Does an errand by clicking; answers what it says.
    pub fn does(&self, errand: &str, mut settings: Value) -> Value {
        let scripts = repository().join("tests/browser");
        assert!(
            scripts.join("node_modules/playwright-core").exists(),
            "the browser's driver is missing: make stories installs it (npm ci in tests/browser)"
        );
        settings["base"] = json!(self.office.server.url());
        settings["who"] = json!(self.name);
        settings["password"] = json!(OWN_PASSWORD);
        settings["folder"] = json!(self.folder);
        settings["chromium"] = json!("/usr/bin/chromium");
        let done = Command::new("node")
            .arg(scripts.join("errand.mjs"))
            .args([errand, &settings.to_string()])
            .output()
            .expect("node starts");
        assert!(done.status.success(), "{} {errand}: {}", self.name, String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }
}

fn creative(console: &Console, title: &str) -> CreativeId {
    let found = console.get("creatives?limit=50").unwrap();
    let found = found["items"].as_array().unwrap().iter().find(|c| c["title"] == title).cloned();
    serde_json::from_value(found.unwrap_or_else(|| panic!("no creative {title}"))["id"].clone()).unwrap()
}

#[test]
fn from_a_pairing_code_to_proofs_by_clicking() {
    let office = Office::open(Database::Sqlite);
    let at = |name| Person { office: &office, name, folder: Path::new(env!("CARGO_TARGET_TMPDIR")) };
    let venue = "溪滨农商银行营业部";
    office.operator.add_venue(venue, "bank_hall", xuanping_tests::office::RIVERSIDE, "finance").unwrap();

    // The operator reads the code off the new player's wall and types it.
    let player = Player::start(&office.server.url(), HALL);
    at("operator").does("pair", json!({ "code": player.pairing_code(), "venue": venue, "screen": "大厅屏" }));

    at("operator").does("tag", json!({ "screen": "大厅屏", "tag": "重点点位" }));

    // The editor writes and uploads; another person approves; the editor books and submits.
    let posters = samples::folder().join("posters/loan-wide.png");
    let clip = samples::folder().join("clips/police.mp4");
    at("editor").does(
        "write",
        json!({
            "slogan": { "title": TITLE, "text": SLOGAN },
            "files": [{ "file": posters, "title": "先交费的贷款是诈骗" }, { "file": clip, "title": "没有安全账户" }],
        }),
    );
    at("reviewer").does("approve", json!({ "count": 3 }));
    at("editor").does(
        "submit",
        json!({
            "name": "冬季防骗",
            "department": "县委宣传部",
            "creatives": [TITLE, "先交费的贷款是诈骗"],
            "venueType": "银行营业厅",
            "venueGroup": "金融网点",
            "tag": "重点点位",
            "area": "溪滨街道",
            "screen": venue,
            "weight": 20,
            "planned": [["主区", "先交费的贷款是诈骗"], ["字幕条", TITLE]],
        }),
    );

    // Sent back with a reason, submitted again, approved: then it is on the walls.
    at("reviewer").does("review", json!({ "name": "冬季防骗", "sendBack": "请确认字幕条的用语" }));
    at("editor").does("submitAgain", json!({ "name": "冬季防骗", "reason": "请确认字幕条的用语" }));
    at("reviewer").does("review", json!({ "name": "冬季防骗" }));

    // And there it is: the slogan's and the poster's own pixels, in the picture that the player shows.
    let slogan = creative(&office.editor, TITLE);
    let poster = creative(&office.editor, "先交费的贷款是诈骗");
    let screen = office.operator.get("screens").unwrap()["items"][0]["id"].clone();
    let screen = serde_json::from_value(screen).unwrap();
    let (main, ticker) = (office.zone(screen, ZoneName::Main), office.zone(screen, ZoneName::Ticker));
    let size = |zone: xuanping_core::geometry::Rect| (zone.width, zone.height);
    let strip = decode(&office.editor.rendition(slogan, ZoneName::Ticker, size(ticker)).1);
    let picture = decode(&office.editor.rendition(poster, ZoneName::Main, size(main)).1);
    player.shows("the poster over the slogan", |wall| {
        same(&zone_of(wall, main), &picture)?;
        shows_strip(&zone_of(wall, ticker), &strip)
    });

    // Why it shows that, in words; and what cannot be promised is said before it is published, with what can.
    let why = at("editor").does("explain", json!({ "screen": "大厅屏" }));
    assert!(why.as_str().is_some_and(|why| why.contains("银行营业厅")), "{why}");
    let changed = at("editor").does("compare", json!({ "screen": "大厅屏" }));
    assert!(changed.as_str().is_some_and(|said| said.contains("每天")), "{changed}");
    at("editor").does(
        "collide",
        json!({
            "name": "两个都要",
            "department": "县委宣传部",
            "bookings": [
                { "name": "先交费警示", "creative": "先交费的贷款是诈骗", "perHour": 300 },
                { "name": "安全账户警示", "creative": "没有安全账户", "perHour": 200 },
            ],
        }),
    );

    // A takeover with words only fills the wall with them, until it is withdrawn.
    at("reviewer").does("takeOver", json!({ "title": WARNING, "creatives": [TITLE], "minutes": 30 }));
    let card = decode(&office.editor.rendition(slogan, ZoneName::Main, size(main)).1);
    player.shows("the warning", |wall| same(&zone_of(wall, main), &card));
    at("reviewer").does("withdraw", json!({ "title": WARNING }));
    player.shows("the programme again", |wall| same(&zone_of(wall, main), &picture));

    // The operator leaves the right of the wall to the venue, and sees at once what cannot be.
    let typed = json!([
        { "field": "主区 宽度", "pixels": 640 },
        { "field": "字幕条 上边距", "pixels": 470, "says": "主区与字幕条重叠" },
        { "field": "字幕条 上边距", "pixels": 490, "says": "字幕条超出屏幕：上边距与高度加起来是 550，屏幕只有 540" },
        { "field": "字幕条 高度", "pixels": 41, "says": "请改为 40 或 42" },
        { "field": "字幕条 高度", "pixels": 40 },
    ]);
    let drawn = at("operator").does("divide", json!({ "screen": "大厅屏", "typed": typed }));
    assert_eq!(drawn, "屏幕 960×540 的版式：主区 640×480（左 0，上 0）；字幕条 960×40（左 0，上 490）");
    let (main, ticker) = (office.zone(screen, ZoneName::Main), office.zone(screen, ZoneName::Ticker));
    let picture = decode(&office.editor.rendition(poster, ZoneName::Main, size(main)).1);
    player.shows("the poster on the left and nothing on the right", |wall| {
        same(&zone_of(wall, main), &picture)?;
        black_outside(wall, &[main, ticker])
    });

    // Figures lead to as many records as they say.
    let followed = at("auditor").does("figures", json!({}));
    assert_eq!(followed.as_array().map(Vec::len), Some(4));

    // The auditor takes the proofs away, and they hold.
    let bundle = at("auditor").does("proofs", json!({ "creative": TITLE }));
    let bundle = std::fs::read(bundle.as_str().unwrap()).unwrap();
    let said = Verifier::who_knows(player.device().publisher()).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
}
