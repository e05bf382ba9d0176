//! What is said before publishing, and why a screen shows what it shows.

use serde_json::{Value, json};
use xuanping_core::{campaign::Guarantee, recurrence::DayWindow};

use super::*;

fn guaranteed(per_hour: u16) -> Mode {
    Mode::Guarantee(Guarantee::checked(Some(per_hour), None).unwrap())
}

/// Asks as a signed-in person.
async fn asked(county: &County, path: &str) -> Value {
    let request = Request::get(path).extension(person(Role::Editor)).body(HttpBody::empty()).unwrap();
    let response = router(county).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    serde_json::from_slice(&bytes_of(response).await).unwrap()
}

#[tokio::test]
async fn two_guarantees_that_cannot_live_together_are_named_with_what_would_work() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [..] = three(&county).await;
        // A slogan on a strip lasts some seconds: so often an hour that two of them need more time than there is.
        let (first, second) = (county.slogan("先核实").await, county.slogan("再转账").await);
        county.work().await;
        let campaign = county.campaign("相撞").await;
        let campaigns = &county.app.campaigns;
        let draft = |name: &str, creative, n| BookingDraft { mode: guaranteed(n), ..booking(name, vec![creative]) };
        let with = campaigns.add_booking(campaign.id, draft("甲", first, 360), &editor(), clock::now()).await.unwrap();
        campaigns.add_booking(campaign.id, draft("乙", second, 360), &editor(), clock::now()).await.unwrap();
        let path = format!("/api/v1/campaigns/{}/foresight", campaign.id);
        let foreseen = asked(&county, &path).await;
        assert_eq!(foreseen["screens"], 3);
        let collision = &foreseen["collisions"][0];
        assert_eq!(collision["proof"], "too_much", "{foreseen:#}");
        assert!(collision["percent"].as_u64().unwrap() > 100);
        let sentence = collision["sentence"].as_str().unwrap();
        assert!(sentence.contains("“甲”") && sentence.contains("“乙”") && sentence.contains('%'), "{sentence}");
        // The change that is offered works.
        let offered = &collision["relaxations"][0];
        let relaxed = offered["booking"].as_str().unwrap();
        let often = u16::try_from(offered["to"]["per_hour"].as_u64().unwrap()).unwrap();
        assert!(often < 360);
        let first_is_meant = with.bookings[0].id.to_string() == relaxed;
        let (name, creative) = if first_is_meant { ("甲", first) } else { ("乙", second) };
        campaigns
            .change_booking(relaxed.parse().unwrap(), draft(name, creative, often), &editor(), clock::now())
            .await
            .unwrap();
        let foreseen = asked(&county, &path).await;
        assert_eq!(foreseen["collisions"], json!([]), "{foreseen:#}");
    })
    .await;
}

#[tokio::test]
async fn for_any_screen_and_minute_it_is_said_what_plays_and_why_the_others_do_not() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let noon = |hour: u32| {
            let local = today().and_hms_opt(hour, 30, 0).unwrap();
            xuanping_core::recurrence::local_start(local, chrono_tz::Asia::Shanghai).0
        };
        let slogan = county.slogan("早上好").await;
        let mut mornings = booking("早间", vec![slogan]);
        mornings.schedule.windows = vec![DayWindow { from: "06:00".parse().unwrap(), to: "09:00".parse().unwrap() }];
        county.on_air("早间", mornings).await;
        county.work().await;
        let explained = async |at: i64| asked(&county, &format!("/api/v1/screens/{}/explain?at={at}", one.id)).await;
        let why = |answer: &Value, name: &str| -> Value {
            let all = answer["zones"].as_array().unwrap().iter().flat_map(|zone| zone["bookings"].as_array().unwrap());
            let found = all.clone().find(|b| b["name"] == name);
            found.map_or(Value::Null, |b| b["why"].clone())
        };
        let at_noon = explained(noon(12)).await;
        assert_eq!(why(&at_noon, "全县"), "on_air", "{at_noon:#}");
        assert_eq!(why(&at_noon, "早间"), "out_of_window");
        assert_eq!(at_noon["zones"][0]["shows"]["booking"]["name"], "全县");
        let elsewhere: Vec<_> = at_noon["elsewhere"].as_array().unwrap().iter().map(|b| b["name"].clone()).collect();
        assert_eq!(elsewhere, ["西镇"]);
        let at_seven = explained(noon(7)).await;
        let both = [why(&at_seven, "全县"), why(&at_seven, "早间")];
        assert!(both.contains(&json!("on_air")) && both.contains(&json!("waits")), "{both:?}");
        // A takeover covers them all.
        county.start(takeover("紧急", vec![slogan])).await;
        let now = explained(clock::now().0).await;
        assert_eq!(now["takeover"]["title"], "紧急");
        assert_eq!([why(&now, "全县"), why(&now, "早间")], ["taken_over", "taken_over"]);
    })
    .await;
}
