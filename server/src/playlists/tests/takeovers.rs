//! Takeovers on their way from the button to the manifests.

use super::*;

#[tokio::test]
async fn a_takeover_reaches_its_target_and_no_other_and_leaves_when_it_is_withdrawn() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let [one, _, three] = &screens;
        let all = [&screens[0], &screens[1], &screens[2]];
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let before = county.versions(&all);
        let playlist = county.issued(three).playlist;
        let id = county.start(NewTakeover { selector: west(), ..takeover("预警", vec![urgent]) }).await;
        assert_eq!((county.takeovers(three), county.takeovers(one)), (vec![id], vec![]));
        assert_eq!(county.issued(three).playlist, playlist, "the programme stays as it is");
        assert_eq!(county.versions(&all), [before[0], before[1], before[2] + 1]);
        let told = county.manifest(three).takeovers.remove(0);
        assert_eq!((told.level, told.items.len()), (TakeoverLevel::Warning, 1));
        assert_eq!((told.items[0].zone, told.items[0].item.creative), (ZoneName::Main, urgent));
        assert_eq!(told.items[0].item.booking, crate::campaigns::booking_of(id));

        let louder =
            county.start(NewTakeover { level: TakeoverLevel::Emergency, ..takeover("紧急", vec![urgent]) }).await;
        assert_eq!((county.takeovers(three), county.takeovers(one)), (vec![louder, id], vec![louder]));
        // Planning in between keeps them.
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(three), [louder, id]);
        for id in [id, louder] {
            county.app.campaigns.withdraw_takeover(id, &editor(), clock::now()).await.unwrap();
            county.app.playlists.issue_takeovers(clock::now()).await.unwrap();
            assert!(!county.takeovers(three).contains(&id));
        }
        assert_eq!(county.takeovers(one), []);
        let told = async |screen: &Screen| county.app.playlists.issued_takeovers(screen.id, id).await.unwrap();
        let all = told(three).await;
        assert!(!all.is_empty() && told(one).await.is_empty(), "what it showed is known for good");
        assert!(all.iter().all(|each| each.reign.until.is_some()), "and that it was withdrawn");
    })
    .await;
}

#[tokio::test]
async fn a_takeover_survives_a_restart_and_leaves_manifests_when_it_has_expired() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let id = county.start(takeover("预警", vec![urgent])).await;
        let county = county.restarted(&db).await;
        assert_eq!(county.takeovers(&one), [id]);
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one), [id]);
        county.replan(clock::now().plus(11 * 60_000)).await;
        assert_eq!(county.takeovers(&one), []);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_that_nobody_issued_is_issued_by_planning() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        // The process dies right after the button: only what it stored is left.
        let new = takeover("预警", vec![urgent]);
        let id = county.app.campaigns.start_takeover(new, &editor(), clock::now()).await.unwrap().id;
        let county = county.restarted(&db).await;
        assert_eq!(county.takeovers(&one), []);
        let due = db.one(crate::db::sql("SELECT due_at FROM jobs WHERE kind = 'replan'")).await.unwrap();
        assert!(due.instant("due_at").unwrap() < clock::now().plus(60_000));
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one), [id]);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_that_is_still_being_rendered_comes_as_soon_as_it_is() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        let id = county.start(takeover("预警", vec![urgent])).await;
        assert_eq!(county.takeovers(&one), []);
        county.work().await;
        assert_eq!(county.takeovers(&one), [id]);
    })
    .await;
}

#[tokio::test]
async fn planning_and_takeovers_at_the_same_time_never_undo_each_other() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        for round in 0..5 {
            let more = county.slogan(&format!("标语{round}")).await;
            county.on_air(&format!("活动{round}"), booking("又", vec![more])).await;
            county.app.jobs.drain(&county.app.handlers()).await.unwrap();
            let (planner, other) = (county.app.playlists.clone(), county.app.playlists.clone());
            let planning = tokio::spawn(async move { planner.replan(Replan::Everything, clock::now()).await });
            let again = tokio::spawn(async move { other.replan(Replan::Everything, clock::now()).await });
            let id = county.start(takeover("预警", vec![urgent])).await;
            planning.await.unwrap().unwrap();
            again.await.unwrap().unwrap();
            for screen in &screens {
                assert_eq!(county.takeovers(screen), [id], "round {round}");
            }
            county.app.campaigns.withdraw_takeover(id, &editor(), clock::now()).await.unwrap();
            county.app.playlists.issue_takeovers(clock::now()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_takeover_that_could_not_be_issued_at_once_has_started_all_the_same() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let call = async |path: String, body: serde_json::Value| {
            let mut request = Request::post(path)
                .header(header::CONTENT_TYPE, "application/json")
                .body(HttpBody::from(body.to_string()))
                .unwrap();
            request.extensions_mut().insert(person(Role::Editor));
            let answer = router(&county).oneshot(request).await.unwrap();
            let status = answer.status();
            (status, serde_json::from_slice::<serde_json::Value>(&bytes_of(answer).await).unwrap_or_default())
        };
        let form = serde_json::json!({
            "title": "预警", "level": "warning", "creatives": [urgent], "expires_in_minutes": 10,
        });
        let rename = async |from: &str, to: &str| {
            db.exec(crate::db::sql(format!("ALTER TABLE {from} RENAME TO {to}"))).await.unwrap();
        };
        rename("manifests", "gone").await;
        let (status, started) = call("/api/v1/takeovers".into(), form).await;
        assert_eq!((status, &started["screens"]), (StatusCode::CREATED, &serde_json::json!(0)));
        rename("gone", "manifests").await;
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one).len(), 1);
        let id = started["takeover"]["id"].as_str().unwrap();
        rename("manifests", "gone").await;
        let (status, _) = call(format!("/api/v1/takeovers/{id}/withdraw"), serde_json::Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        rename("gone", "manifests").await;
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one), []);
    })
    .await;
}
