//! One button: every connected screen shows it, until it expires or is withdrawn.

use serde_json::json;
use xuanping_core::{geometry::ZoneName, playlog::TriggerKind};
use xuanping_tests::{
    console::Wish,
    databases::Database,
    office::{Office, RIVERSIDE},
    on_both_databases,
    pictures::{decode, same, shows_strip},
    player::{DOOR, Player, SMALL, Wall},
    samples::sample,
    waiting::{LONG, PATIENCE, until},
};

on_both_databases!(a_takeover_is_on_every_connected_wall_until_it_is_withdrawn, a_takeover_expires_without_the_server);

fn size(wall: Wall) -> (u32, u32) {
    wall.size
}

fn a_takeover_is_on_every_connected_wall_until_it_is_withdrawn(database: Database) {
    let office = Office::open(database);
    let url = office.server.url();
    let (hall, door) = (Player::start(&url, SMALL), Player::start(&url, DOOR));
    let hall_screen = office.pair_in_bank(&hall, "城东", "full");
    let door_screen = office.pair_in_bank(&door, "城西", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let slogan = office.approved(office.editor.write_slogan("日常标语", "不轻信不转账").unwrap());
    let (campaign, _) = office.campaign("日常", &[poster, slogan], &Wish::default());
    office.publish(campaign).unwrap();
    let alarm = office.approved_poster("紧急海报", sample("posters/police-wide.png"));
    let words = office.approved(office.editor.write_slogan("紧急标语", "紧急提醒：有骗子冒充民警").unwrap());

    let rendition = |creative, wall| decode(&office.editor.rendition(creative, ZoneName::Main, size(wall)).1);
    let (usual, usual_words) = (rendition(poster, SMALL), rendition(slogan, DOOR));
    let (urgent, urgent_words) = (rendition(alarm, SMALL), rendition(words, DOOR));
    hall.shows("its programme", |wall| same(wall, &usual));
    door.shows("its programme", |wall| shows_strip(wall, &usual_words));

    // What is not approved cannot take over; nor can a target that is nowhere.
    let draft = office.editor.write_slogan("草稿", "还没审核").unwrap();
    let everywhere = json!({});
    assert_eq!(office.editor.take_over("草稿", &[draft], &everywhere, 5).unwrap_err().kind, "creatives-not-approved");
    let nowhere = json!({ "venue_types": ["college"] });
    assert_eq!(office.editor.take_over("无处", &[alarm], &nowhere, 5).unwrap_err().kind, "no-screens");
    assert_eq!(office.operator.take_over("越权", &[alarm], &everywhere, 5).unwrap_err().kind, "not-permitted");

    let (takeover, told) = office.reviewer.take_over("冒充民警警示", &[alarm, words], &everywhere, 30).unwrap();
    assert_eq!(told, 2);
    hall.shows("the takeover", |wall| same(wall, &urgent));
    door.shows("the takeover", |wall| shows_strip(wall, &urgent_words));

    office.reviewer.withdraw_takeover(takeover).unwrap();
    hall.shows("its programme again", |wall| same(wall, &usual));
    door.shows("its programme again", |wall| shows_strip(wall, &usual_words));
    assert_eq!(office.reviewer.withdraw_takeover(takeover).unwrap_err().kind, "takeover-over");

    // It is in the log for what it was, and so is the programme that it interrupted.
    for (screen, creative) in [(hall_screen, alarm), (door_screen, words)] {
        until("the takeover's plays in the log", PATIENCE, || {
            let plays = office.auditor.plays(&format!("screen={screen}&creative={creative}"));
            let right = |play: &xuanping_tests::plays::PlayRecord| {
                play.trigger == TriggerKind::Takeover
                    && play.campaign.is_none()
                    && play.booking.uuid() == takeover.uuid()
            };
            if !plays.is_empty() && plays.iter().all(right) { Ok(()) } else { Err(format!("{plays:?}")) }
        });
    }
}

fn a_takeover_expires_without_the_server(database: Database) {
    let mut office = Office::open(database);
    let player = Player::start(&office.server.url(), SMALL);
    office.pair_in_bank(&player, "城东", "full");
    let poster = office.approved_poster("日常海报", sample("posters/loan-wide.png"));
    let (campaign, _) = office.campaign("日常", &[poster], &Wish::default());
    office.publish(campaign).unwrap();
    let alarm = office.approved_poster("紧急海报", sample("posters/police-wide.png"));
    let rendition = |creative| decode(&office.editor.rendition(creative, ZoneName::Main, size(SMALL)).1);
    let (usual, urgent) = (rendition(poster), rendition(alarm));
    player.shows("its programme", |wall| same(wall, &usual));

    let riverside = json!({ "areas": [RIVERSIDE] });
    let (_, told) = office.editor.take_over("一分钟", &[alarm], &riverside, 1).unwrap();
    assert_eq!(told, 1);
    player.shows("the takeover", |wall| same(wall, &urgent));
    office.server.kill();
    until("the takeover to expire on the wall", LONG, || same(&player.picture().ok_or("no picture yet")?, &usual));
}
