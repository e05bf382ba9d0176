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
        // Published all the same only by somebody who says so: the server asks, not only the console.
        let submit = async |query: &str| {
            let path = format!("/api/v1/campaigns/{}/submit{query}", campaign.id);
            let request = Request::post(path).extension(person(Role::Editor)).body(HttpBody::empty()).unwrap();
            let response = router(&county).oneshot(request).await.unwrap();
            (response.status(), String::from_utf8(bytes_of(response).await).unwrap())
        };
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
        let (status, said) = submit("").await;
        assert_eq!(status, StatusCode::CONFLICT, "{said}");
        assert!(said.contains("promises-broken") && said.contains("“乙”"), "{said}");
        assert!(collision["searched"].as_bool().unwrap());
        // The change that is offered works.
        let offered = &collision["relaxations"][0];
        let relaxed = offered["booking"].as_str().unwrap();
        let often = u16::try_from(offered["to"]["guarantee"]["per_hour"].as_u64().unwrap()).unwrap();
        assert!(often < 360);
        let first_is_meant = with.bookings[0].id.to_string() == relaxed;
        let (name, creative) = if first_is_meant { ("甲", first) } else { ("乙", second) };
        campaigns
            .change_booking(relaxed.parse().unwrap(), draft(name, creative, often), &editor(), clock::now())
            .await
            .unwrap();
        let foreseen = asked(&county, &path).await;
        assert_eq!(foreseen["collisions"], json!([]), "{foreseen:#}");
        assert_eq!(submit("").await.0, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn for_any_screen_and_minute_it_is_said_what_plays_and_why_the_others_do_not() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let noon = |hour: u32| {
            // Tomorrow: today's noon may be before the screen was told anything.
            let local = day(1).and_hms_opt(hour, 30, 0).unwrap();
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
        assert_eq!(at_seven["replanned"], false, "{at_seven:#}");
        // What plays is what the screen was told, though something else is promised since.
        let other = county.slogan("又一条").await;
        county.work().await;
        let first = county.issued(&one).issued;
        county.on_air("加播", booking("加播", vec![other])).await;
        let meanwhile = explained(noon(12)).await;
        assert_eq!(meanwhile["replanned"], true);
        assert_eq!(meanwhile["zones"][0]["shows"]["booking"]["name"], "全县");
        county.work().await;
        let later = explained(county.issued(&one).issued.0).await;
        assert!(["on_air", "waits"].iter().any(|is| why(&later, "加播") == *is), "{later:#}");
        assert_eq!(later["replanned"], false);
        let then = explained(first.0).await;
        assert_eq!(then["replanned"], true, "what it was told then had no such booking");
        let before = explained(first.0 - 90 * 24 * HOUR).await;
        assert_eq!(before["zones"][0]["shows"], Value::Null, "{before:#}");
        // A takeover covers what would be on the wall; the others have reasons of their own.
        county.start(takeover("紧急", vec![slogan])).await;
        let now = explained(clock::now().0).await;
        assert_eq!(now["takeover"]["title"], "紧急");
        let whys = [why(&now, "全县"), why(&now, "早间"), why(&now, "加播")];
        assert_eq!(whys.iter().filter(|why| **why == "taken_over").count(), 1, "{whys:?}");
        assert!(
            whys.iter().all(|why| ["taken_over", "waits", "out_of_window"].iter().any(|is| why == *is)),
            "{whys:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn what_changed_between_two_playlists_of_a_screen_is_said_in_words() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, _, three] = three(&county).await;
        let slogan = county.slogan("新的提醒").await;
        let added = county.on_air("加播", booking("加播", vec![slogan])).await;
        county.work().await;
        let list = async || asked(&county, &format!("/api/v1/screens/{}/playlists", one.id)).await["items"].clone();
        let told = list().await;
        let [newest, before, ..] = &told.as_array().unwrap()[..] else { panic!("{told}") };
        let between = |from: &Value, to: &Value| {
            let (from, to) = (from["playlist"].as_str().unwrap(), to["playlist"].as_str().unwrap());
            format!("/api/v1/screens/{}/changes?from={from}&to={to}", one.id)
        };
        let changes = asked(&county, &between(before, newest)).await;
        let said = changes["changes"].to_string();
        assert!(said.contains("“加播”新加入，每天约") && said.contains("“全县”每天由约"), "{said}");
        let back = asked(&county, &between(newest, before)).await["changes"].to_string();
        assert!(back.contains("“加播”不再播放。"), "{back}");
        assert_eq!(asked(&county, &between(newest, newest)).await["changes"], json!([]));
        // Only what this screen was told.
        let other = county.issued(&three).playlist.unwrap();
        let path = format!("/api/v1/screens/{}/changes?from={other}&to={other}", one.id);
        let request = Request::get(path).extension(person(Role::Auditor)).body(HttpBody::empty()).unwrap();
        assert_eq!(router(&county).oneshot(request).await.unwrap().status(), StatusCode::NOT_FOUND);
        // Withdrawn, it goes: one more step, and the list begins with it.
        county.app.campaigns.withdraw(added, &editor(), clock::now()).await.unwrap();
        county.work().await;
        assert_eq!(list().await[0]["playlist"], before["playlist"]);
    })
    .await;
}

#[tokio::test]
async fn playlists_in_force_are_judged_by_what_is_promised_now() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [..] = three(&county).await;
        let slogan = county.slogan("再转账").await;
        county.work().await;
        let judged = county.app.playlists.judged(clock::now()).await.unwrap();
        assert_eq!(judged.iter().map(|one| one.screens.len()).sum::<usize>(), 3);
        assert!(judged.iter().all(|one| one.faults.is_empty() && one.looked_at.0 > 0), "{judged:#?}");
        // Promised, and not planned yet: nobody worked since.
        county.on_air("加播", booking("加播", vec![slogan])).await;
        let judged = county.app.playlists.judged(clock::now()).await.unwrap();
        assert!(judged.iter().all(|one| one.faults.iter().any(|fault| fault.contains("再转账"))), "{judged:#?}");
    })
    .await;
}
