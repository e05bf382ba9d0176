//! Looking back: a screen's day as it should have been and as it was, and what was shown around a place before a case.

use xuanping_core::{
    playlist::WallSettings,
    playlog::shown::{Cause, ZoneDay},
    recurrence::{DayWindow, TimeOfDay},
};

use super::*;
use crate::{
    accounts::{Principal, Role, Scope},
    db::testing::for_each_database,
    plays::exposure::{Around, Case},
    screens::ScreenChange,
};

fn person(scope: Scope) -> Principal {
    Principal {
        id: AccountId::new(Uuid::from_u128(9)),
        name: "p".into(),
        display_name: "某人".into(),
        roles: vec![Role::Auditor],
        scope,
        must_set_password: false,
    }
}

async fn reports(county: &County, player: &mut Player, plays: Vec<Play>) {
    let item = county.given_ref(player).await;
    let batch = player.seal(vec![item], plays);
    county.ingest(player, &batch).await.unwrap();
}

#[tokio::test]
async fn nothing_is_missed_of_a_wall_that_the_office_had_off() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let player = county.player(1, 0).await;
        county.publish().await;
        let told = county.app.playlists.told(player.screen.id, 10).await.unwrap()[0].issued;
        let (date, later) = (clock::date_in(told, chrono_tz::Asia::Shanghai), told.plus(600_000));
        let who = person(Scope::default());
        let day = async || county.app.plays.shown_day(player.screen.id, date, &who, later).await.unwrap();
        let before = day().await;
        assert_eq!(before.zones[0].expected_ms, later.min(before.day.end).since(told));
        // Off since an hour ago, says the office now.
        let minute = |later: i64| {
            let minutes = (told.0 / 60_000 + 8 * 60 + later).rem_euclid(24 * 60) as u16;
            TimeOfDay::from_minutes(minutes).unwrap()
        };
        let off = vec![DayWindow { from: minute(-60), to: minute(60) }];
        let wall = Some(WallSettings { off, ..WallSettings::default() });
        let change = ScreenChange { wall, ..ScreenChange::default() };
        county.app.screens.change(player.screen.id, change, &who, clock::now()).await.unwrap();
        county.work().await;
        let after = day().await;
        assert!(after.zones[0].expected_ms < 60_000, "until it was told: {}", after.zones[0].expected_ms);
    })
    .await;
}

#[tokio::test]
async fn a_day_is_compared_with_what_the_screen_was_told() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        // When a slot begins.
        let told = county.app.playlists.told(player.screen.id, 10).await.unwrap()[0].issued;
        county.told_earlier(&db, told.0 % 6_000).await;
        let told = told.plus(-(told.0 % 6_000));
        let date = clock::date_in(told, chrono_tz::Asia::Shanghai);
        let later = told.plus(600_000);
        let who = person(Scope::default());
        let day = county.app.plays.shown_day(player.screen.id, date, &who, later).await.unwrap();
        let zone = &day.zones[0];
        let passed = later.min(day.day.end).since(told);
        assert_eq!((day.reported_until, zone.expected_ms, zone.kept_ms), (None, passed, 0));
        let causes = |zone: &ZoneDay| zone.gaps.iter().map(|gap| gap.cause).collect::<Vec<_>>();
        assert_eq!(causes(zone), [Cause::NotReported]);

        let at = |ms: i64| Play { monotonic: 1_000_000 + ms.unsigned_abs(), ..play(told.plus(ms)) };
        // A minute is shown; two showings of it failed for want of the file.
        let mut plays: Vec<Play> = (0..10).map(|n| at(n * 6_000)).collect();
        for failed in &mut plays[4..6] {
            (failed.status, failed.actual) = (PlayStatus::ContentFailure, Millis(0));
        }
        for (plays, sealed) in [(plays, 60_000), (vec![at(90_000)], 120_000)] {
            let mut batch = player.batch(vec![county.given_ref(&player).await], plays);
            batch.sealed = told.plus(sealed);
            let batch = SignedBatch::sign(batch, &player.key);
            county.app.plays.ingest(&player.screen, batch.signed().to_vec(), later).await.unwrap();
            (player.sequence, player.previous) = (player.sequence + 1, batch.digest());
        }
        let day = county.app.plays.shown_day(player.screen.id, date, &who, later).await.unwrap();
        let zone = &day.zones[0];
        assert_eq!(day.reported_until, Some(told.plus(120_000)));
        if day.day.end > later {
            use Cause::{Content, NotReported, Unknown};
            // What was on the wall when it sealed the batch comes with the next one.
            assert_eq!(causes(zone), [Content, Unknown, NotReported]);
            let gaps: Vec<_> =
                zone.gaps.iter().map(|g| (g.start.since(told) / 1_000, g.end.since(told) / 1_000)).collect();
            assert_eq!(gaps, [(24, 36), (60, 90), (96, 600)]);
            assert_eq!(zone.kept_ms, 48_000 + 6_000);
        }
        // A day before there was anything to play expects nothing.
        let before = date.pred_opt().unwrap();
        let day = county.app.plays.shown_day(player.screen.id, before, &who, later).await.unwrap();
        assert_eq!((day.zones[0].expected_ms, day.zones[0].gaps.len()), (0, 0));
        // Who may not see the screen does not see its day.
        let elsewhere = person(Scope { area: Some("330482101000".into()), department: None });
        let refused = county.app.plays.shown_day(player.screen.id, date, &elsewhere, later).await;
        assert!(matches!(refused, Err(PlayError::Screens(ScreenError::OutOfScope))));
    })
    .await;
}

#[tokio::test]
async fn what_was_shown_around_a_place_is_found_by_area_days_and_kind_of_fraud() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (mut east, mut west) = (county.player(1, 0).await, county.player(2, 1).await);
        county.publish().await;
        reports(&county, &mut east, showings(5)).await;
        reports(&county, &mut west, showings(3)).await;
        let today = clock::today(chrono_tz::Asia::Shanghai);
        let ask = async |area: &str, date: NaiveDate, fraud_type, scope: Scope| {
            let case = Case { around: Around::Area(area.parse().unwrap()), date, days: 14, fraud_type };
            county.app.plays.exposure(&case, &scope).await.unwrap().0
        };
        let whole = Scope::default();
        let east_town = ask("330482100000", today, Some(FraudType::FakeLoan), whole.clone()).await;
        assert_eq!((east_town.matching.plays, east_town.matching.screens, east_town.in_service), (5, 1, 1));
        assert_eq!(east_town.matching.last, Some(today));
        assert_eq!(east_town.screens[0].screen, east.screen.id);
        let everywhere = ask("330482000000", today, Some(FraudType::FakeLoan), whole.clone()).await;
        assert_eq!((everywhere.matching.plays, everywhere.matching.screens), (8, 2));
        // Another kind of fraud: the warnings there were are listed, and none of them matches.
        let other = FraudType::ALL.iter().copied().find(|kind| *kind != FraudType::FakeLoan);
        let unwarned = ask("330482000000", today, other, whole.clone()).await;
        assert_eq!((unwarned.matching.plays, unwarned.creatives.len(), unwarned.creatives[0].matches), (0, 1, false));
        // Before the case, not after it.
        let long_ago = today.checked_sub_days(Days::new(30)).unwrap();
        assert_eq!(ask("330482000000", long_ago, None, whole).await.matching.plays, 0);
        let western = Scope { area: Some("330482101000".into()), department: None };
        assert_eq!(ask("330482000000", today, None, western).await.matching.plays, 3);
    })
    .await;
}
