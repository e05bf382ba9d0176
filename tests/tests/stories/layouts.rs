//! Walls that are divided as somebody wants: each zone exactly where it was drawn, nothing anywhere else.

use reqwest::Method;
use serde_json::{Value, json};
use xuanping_core::{
    geometry::{Layout, Rect, ZoneName},
    id::{CreativeId, ScreenId},
};
use xuanping_tests::{
    console::Wish,
    databases::Database,
    office::{Office, RIVERSIDE},
    on_both_databases,
    pictures::{alike, black_outside, decode, same, shows_strip, zone_of},
    player::{HALL, Player},
    samples::sample,
    waiting::{LONG, PATIENCE, until},
    webplayer::WebPlayer,
};

use crate::evidence::{instruct, is_done, pictures};

on_both_databases!(zones_lie_where_they_were_drawn_and_what_they_show_is_on_record,);

/// A poster on the right, the venue's own pane left of it, a lower line than usual between two black bands.
const OWN: &str = "main=600x400+320+40,ticker=720x64+120+460";

/// The very pixels that the server made for a screen's zones: of the poster, and of the line.
struct Wanted {
    main: Rect,
    ticker: Rect,
    poster: image::RgbaImage,
    line: image::RgbaImage,
}

impl Wanted {
    fn of(office: &Office, screen: ScreenId, (poster, slogan): (CreativeId, CreativeId)) -> Self {
        let (main, ticker) = (office.zone(screen, ZoneName::Main), office.zone(screen, ZoneName::Ticker));
        let pixels = |creative, zone, rect: Rect| {
            let (_, file) = office.editor.rendition(creative, zone, (rect.width, rect.height));
            decode(&file)
        };
        Self {
            main,
            ticker,
            poster: pixels(poster, ZoneName::Main, main),
            line: pixels(slogan, ZoneName::Ticker, ticker),
        }
    }

    fn look(&self, wall: &image::RgbaImage) -> Result<(), String> {
        same(&zone_of(wall, self.main), &self.poster)?;
        shows_strip(&zone_of(wall, self.ticker), &self.line)?;
        black_outside(wall, &[self.main, self.ticker])
    }
}

fn divide(office: &Office, screen: ScreenId, layout: &str) {
    let layout: Layout = layout.parse().unwrap();
    office.operator.send(Method::PATCH, &format!("screens/{screen}"), &json!({ "layout": layout })).unwrap();
}

fn zones_lie_where_they_were_drawn_and_what_they_show_is_on_record(database: Database) {
    let office = Office::open(database);
    let url = office.server.url();
    office.operator.add_venue("溪滨农商银行", "bank_hall", RIVERSIDE, "finance").unwrap();
    let wanted = ["admin", "issue-token", "--venue", "溪滨农商银行", "--name", "大厅屏", "--layout", OWN];
    let token = office.server.command(&wanted);
    let mut player = Player::start_with_token(&url, HALL, token.trim());
    let screen: ScreenId = until("the screen, online", PATIENCE, || {
        let screens = office.operator.get("screens").map_err(|e| format!("{e:?}"))?;
        let one = &screens["items"][0];
        if one["state"] == "online" {
            Ok(one["id"].as_str().unwrap().parse().unwrap())
        } else {
            Err(screens.to_string())
        }
    });
    assert_eq!(office.operator.screen(screen).unwrap()["layout"], json!(OWN.parse::<Layout>().unwrap()));

    // With nothing to show it stands by, and leaves the venue's own pane alone even then.
    let (main, ticker) = (office.zone(screen, ZoneName::Main), office.zone(screen, ZoneName::Ticker));
    assert_eq!([main, ticker], [rect(320, 40, 600, 400), rect(120, 460, 720, 64)]);
    player.shows("the standby picture in its zones", |wall| {
        black_outside(wall, &[main, ticker])?;
        let lit = |zone| black_outside(&zone_of(wall, zone), &[]).is_err();
        if lit(main) && lit(ticker) { Ok(()) } else { Err("a zone is black".into()) }
    });

    // A line that fits, and so is over soon; the browser's below scrolls.
    let poster = office.approved_poster("贷款", sample("posters/loan-wide.png"));
    let slogan = office.approved(office.editor.write_slogan("不转账", "陌生来电不转账").unwrap());
    let creatives = (poster, slogan);
    let (campaign, _) = office.campaign("日常", &[poster, slogan], &Wish::default());
    office.publish(campaign).unwrap();
    let wanted = Wanted::of(&office, screen, creatives);
    player.shows("poster and line in their zones and nothing elsewhere", |wall| wanted.look(wall));
    until("the same in the console", PATIENCE, || wanted.look(&office.operator.wall(screen)?));

    // So is a picture that proves it, but for what a JPEG blurs.
    instruct(&office, screen, "capture");
    is_done(&office, screen, "capture");
    let file = until("the evidence picture", LONG, || {
        let (taken, _) = pictures(&office, screen);
        let digest = taken.iter().find_map(|picture| picture["digest"].as_str()).ok_or(format!("{taken:?}"))?;
        office.auditor.file(&format!("screens/{screen}/evidence/{digest}")).map_err(|e| format!("{e:?}"))
    });
    let mut taken = decode(&file);
    alike(&zone_of(&taken, main), &wanted.poster).unwrap();
    assert!(black_outside(&zone_of(&taken, ticker), &[]).is_err(), "the line is in it");
    taken.pixels_mut().for_each(|pixel| pixel.0.iter_mut().take(3).for_each(|part| *part &= 0xf0));
    black_outside(&taken, &[main, ticker].map(with_a_block_around)).unwrap();

    // What a takeover has nothing for is black, and what is in no zone stays it.
    let (takeover, _) = office.reviewer.take_over("紧急", &[creatives.0], &json!({}), 600).unwrap();
    player.shows("the takeover's poster alone", |wall| {
        same(&zone_of(wall, main), &wanted.poster)?;
        black_outside(wall, &[main])
    });
    office.reviewer.withdraw_takeover(takeover).unwrap();
    player.shows("its programme again", |wall| wanted.look(wall));

    // The line above the poster instead, at once.
    divide(&office, screen, "ticker_and_main");
    assert_eq!(office.zone(screen, ZoneName::Ticker), rect(0, 0, 960, 60));
    let above = Wanted::of(&office, screen, creatives);
    player.shows("the line above the poster", |wall| above.look(wall));

    until("completed plays of both in the log", LONG, || {
        let plays = office.auditor.plays(&format!("screen={screen}&counted_only=true&status=success"));
        let of = |creative: CreativeId| plays.iter().filter(|play| play.creative == creative).count();
        if of(creatives.0) >= 2 && of(creatives.1) >= 1 { Ok(()) } else { Err(format!("{plays:?}")) }
    });
    player.stop();
    let findings: Value = office.auditor.get("plays/findings").unwrap();
    assert_eq!(findings["items"], json!([]));
}

/// With the block of sixteen pixels into which a JPEG may blur what is beside it.
const fn with_a_block_around(Rect { x, y, width, height }: Rect) -> Rect {
    rect(x.saturating_sub(16), y.saturating_sub(16), width + 32, height + 32)
}

const fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
    Rect { x, y, width, height }
}

#[test]
fn a_browser_draws_free_zones_where_they_lie_on_a_wall_of_the_screens_own_size() {
    let size = (640, 360);
    let office = Office::open(Database::Sqlite);
    let mut browser = WebPlayer::start(size);
    let screen = crate::web::pair(&office, &mut browser);
    // Neither zone reaches the right or the lower edge.
    divide(&office, screen, "main=320x200+40+80,ticker=400x48+40+16");
    let creatives = office.shows_a_poster_above_a_line();
    let wanted = Wanted::of(&office, screen, creatives);
    browser.shows("poster and line in their zones and nothing elsewhere", |page| wanted.look(page));
    browser.does("reload", json!({}));
    browser.shows("the same after the page was loaded anew", |page| wanted.look(page));
}
