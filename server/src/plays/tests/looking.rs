//! Looking for records: pages, filters, scopes, summaries.

use super::*;
use crate::{accounts::Scope, db::testing::for_each_database};

/// Two screens in two towns, with 130 and 70 plays.
async fn two_towns(db: &Db) -> (County, Player, Player) {
    let county = County::new(db).await;
    let (mut east, mut west) = (county.player(1, 0).await, county.player(2, 1).await);
    county.publish().await;
    let item = county.given_ref(&east).await;
    let now = slot();
    for (count, until) in [(100, now.plus(-180_000)), (30, now)] {
        let batch = east.seal(vec![item], showings_before(until, count));
        county.ingest(&east, &batch).await.unwrap();
    }
    let item = county.given_ref(&west).await;
    let batch = west.seal(vec![item], showings(70));
    county.ingest(&west, &batch).await.unwrap();
    (county, east, west)
}

#[tokio::test]
async fn walking_through_the_pages_meets_every_play_once_in_either_order() {
    for_each_database(async |db| {
        let (county, ..) = two_towns(&db).await;
        let all = county.records(&Filter::default()).await;
        assert_eq!(all.len(), 200);
        for order in [Order::OldestFirst, Order::NewestFirst] {
            let mut met = Vec::new();
            let mut cursor = None;
            loop {
                let page = county.app.plays.page(&Filter::default(), order, cursor, 33).await.unwrap();
                let Some(last) = page.last() else { break };
                // As it travels through the console.
                cursor = Some(Cursor::after(last).to_string().parse().unwrap());
                met.extend(page);
            }
            if order == Order::NewestFirst {
                met.reverse();
            }
            assert_eq!(met, all, "{order:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_filter_finds_exactly_what_it_says() {
    for_each_database(async |db| {
        let (county, east, west) = two_towns(&db).await;
        let campaign = county.app.campaigns.list().await.unwrap().remove(0).id;
        let day = clock::today(chrono_tz::Asia::Shanghai);
        let count = async |filter: Filter| county.records(&filter).await.len();
        let all = Filter::default;
        assert_eq!(count(Filter { screen: Some(east.screen.id), ..all() }).await, 130);
        assert_eq!(count(Filter { venue: Some(county.venues[1]), ..all() }).await, 70);
        assert_eq!(count(Filter { area: Some("330482000000".into()), ..all() }).await, 200);
        assert_eq!(count(Filter { area: Some("330482101000".into()), ..all() }).await, 70);
        assert_eq!(count(Filter { area: Some("330483000000".into()), ..all() }).await, 0);
        assert_eq!(count(Filter { venue_type: Some(VenueType::Clinic), ..all() }).await, 70);
        assert_eq!(count(Filter { venue_type: Some(VenueType::Atm), ..all() }).await, 0);
        assert_eq!(count(Filter { department: Some("fin".into()), ..all() }).await, 200);
        assert_eq!(count(Filter { creative: Some(county.creative), ..all() }).await, 200);
        assert_eq!(count(Filter { creative: Some(CreativeId::new(Uuid::nil())), ..all() }).await, 0);
        assert_eq!(count(Filter { campaign: Some(campaign), ..all() }).await, 200);
        assert_eq!(count(Filter { status: Some(PlayStatus::Success), ..all() }).await, 200);
        assert_eq!(count(Filter { status: Some(PlayStatus::Interrupted), ..all() }).await, 0);
        assert_eq!(count(Filter { day_to: day.pred_opt().and_then(|d| d.pred_opt()), ..all() }).await, 0);
        assert_eq!(count(Filter { day_from: day.pred_opt(), day_to: Some(day), ..all() }).await, 200);
        let both = Filter { screen: Some(west.screen.id), area: Some("330482100000".into()), ..all() };
        assert_eq!(count(both).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_person_with_a_scope_sees_nothing_beyond_it() {
    for_each_database(async |db| {
        let (county, east, _) = two_towns(&db).await;
        let west_only = Scope { department: None, area: Some("330482101000".into()) };
        let scoped = Filter { scope: west_only, ..Filter::default() };
        assert_eq!(county.records(&scoped).await.len(), 70);
        let asked = Filter { screen: Some(east.screen.id), ..scoped.clone() };
        assert_eq!(county.records(&asked).await, []);
        let lines = county.app.plays.summary(&scoped, Group::Area).await.unwrap();
        assert_eq!(lines.iter().map(|l| l.key.as_str()).collect::<Vec<_>>(), ["330482101000"]);
        let elsewhere = Scope { department: Some("edu".into()), area: None };
        assert_eq!(county.records(&Filter { scope: elsewhere, ..Filter::default() }).await, []);
        // Findings as well.
        county.app.plays.ingest(&east.screen, b"nonsense".to_vec(), clock::now()).await.unwrap_err();
        assert_eq!(county.app.plays.findings(&scoped, false, None, 10).await.unwrap(), []);
        assert_eq!(county.findings().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn summaries_say_what_counting_the_records_says() {
    for_each_database(async |db| {
        let (county, ..) = two_towns(&db).await;
        let records = county.records(&Filter::default()).await;
        let key = |record: &PlayRecord, group| match group {
            Group::Creative => record.creative.to_string(),
            Group::Campaign => record.campaign.map(|id| id.to_string()).unwrap_or_default(),
            Group::Screen => record.screen.to_string(),
            Group::VenueType => record.venue_type.code().to_owned(),
            Group::Area => record.area.clone(),
            Group::Department => record.department.clone(),
            Group::Day | Group::Hour => record.day.to_string(),
        };
        for group in [
            Group::Creative,
            Group::Campaign,
            Group::Screen,
            Group::VenueType,
            Group::Area,
            Group::Department,
            Group::Day,
        ] {
            let mut counted = std::collections::BTreeMap::new();
            for record in &records {
                *counted.entry(key(record, group)).or_insert(0) += 1;
            }
            let lines = county.app.plays.summary(&Filter::default(), group).await.unwrap();
            let said: Vec<_> = lines.into_iter().map(|l| (l.key, l.completed)).collect();
            assert_eq!(said, counted.into_iter().collect::<Vec<_>>(), "{group:?}");
        }
        let hours = county.app.plays.summary(&Filter::default(), Group::Hour).await.unwrap();
        assert_eq!(hours.iter().map(|l| l.completed).sum::<i64>(), 200);
    })
    .await;
}

#[test]
fn only_cursors_that_we_gave_out_are_taken() {
    for text in ["", "1", "1_2_3_4", "x_0190_1_1", "1_01900000-0000-7000-8000-000000000000_1_1_1"] {
        assert!(text.parse::<Cursor>().is_err(), "{text}");
    }
    assert!("-5_01900000-0000-7000-8000-000000000000_1_0".parse::<Cursor>().is_ok());
}
