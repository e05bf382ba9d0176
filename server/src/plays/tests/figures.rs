//! Every figure leads to the records behind it: as many as it says, wherever it stands.

use super::*;
use crate::{
    accounts::Scope,
    db::testing::for_each_database,
    plays::exposure::{Around, Case},
};
use xuanping_core::position::Circle;

/// Two screens in two towns, with showings of every sort: whole, cut, failed, not believed, of a takeover.
async fn mixed(db: &Db) -> County {
    let county = County::new(db).await;
    let (mut east, mut west) = (county.player(1, 0).await, county.player(2, 1).await);
    county.publish().await;
    county.told_earlier(db, 6 * 3_600_000).await;
    for (player, count) in [(&mut east, 900_i64), (&mut west, 500)] {
        let item = county.given_ref(player).await;
        let invented = ItemRef { creative: CreativeId::new(Uuid::from_u128(77)), ..item };
        let mut plays = showings(count);
        for (n, play) in plays.iter_mut().enumerate() {
            match n % 11 {
                3 => (play.status, play.actual) = (PlayStatus::Interrupted, Millis(2_000)),
                5 => (play.status, play.actual) = (PlayStatus::ContentFailure, Millis(0)),
                7 => (play.status, play.actual) = (PlayStatus::HardwareFailure, Millis(0)),
                8 => play.actual = Millis(3_000),
                9 => play.item = 1,
                _ => {}
            }
        }
        let batch = player.seal(vec![item, invented], plays);
        county.ingest(player, &batch).await.unwrap();
    }
    county
}

/// The console's rule (`console/src/plays/filter.ts`): which records a line of the counts is of.
fn behind(filter: &Filter, group: Group, key: &str, column: CountedAs) -> Filter {
    let mut wanted = Filter { counted_as: Some(column), ..filter.clone() };
    match group {
        Group::Creative => wanted.creative = key.parse().ok(),
        Group::Campaign if key.is_empty() => wanted.takeover = true,
        Group::Campaign => wanted.campaign = key.parse().ok(),
        Group::Screen => wanted.screen = key.parse().ok(),
        Group::VenueType => wanted.venue_type = VenueType::ALL.iter().copied().find(|kind| kind.code() == key),
        Group::Area => (wanted.area, wanted.area_only) = (Some(key.into()), true),
        Group::Department => wanted.department = Some(key.into()),
        Group::Day => (wanted.day_from, wanted.day_to) = (key.parse().ok(), key.parse().ok()),
        Group::Hour => wanted.hour = key.parse().ok(),
    }
    wanted
}

const GROUPS: [Group; 8] = [
    Group::Creative,
    Group::Campaign,
    Group::Screen,
    Group::VenueType,
    Group::Area,
    Group::Department,
    Group::Day,
    Group::Hour,
];

/// As many as are counted, as many as are listed, and as long.
async fn records(county: &County, filter: &Filter) -> (i64, i64) {
    let listed = county.records(filter).await;
    let counted = county.app.plays.count(filter).await.unwrap().unwrap();
    assert_eq!(counted.plays, listed.len() as i64, "{filter:?}");
    (counted.plays, listed.iter().map(PlayRecord::shown_ms).sum())
}

#[tokio::test]
async fn every_figure_of_the_counts_is_the_number_of_records_behind_it() {
    for_each_database(async |db| {
        let county = mixed(&db).await;
        let filters = [
            Filter::default(),
            Filter { area: Some("330482000000".into()), ..Filter::default() },
            Filter { creative: Some(county.creative), ..Filter::default() },
            Filter { scope: Scope { area: Some("330482101000".into()), department: None }, ..Filter::default() },
        ];
        let mut looked_at = [0; 4];
        for filter in &filters {
            for group in GROUPS {
                let lines = county.app.plays.summary(filter, group).await.unwrap();
                assert!(!lines.is_empty(), "{group:?} {filter:?}");
                for line in lines {
                    let figures = [
                        (CountedAs::Completed, line.completed),
                        (CountedAs::Interrupted, line.interrupted),
                        (CountedAs::Failed, line.failed),
                        (CountedAs::NotCounted, line.not_counted),
                    ];
                    for ((column, figure), looked_at) in figures.into_iter().zip(&mut looked_at) {
                        let (plays, _) = records(&county, &behind(filter, group, &line.key, column)).await;
                        assert_eq!(plays, figure, "{group:?} {} {column:?}", line.key);
                        *looked_at += figure;
                    }
                    let shown = records(&county, &behind(filter, group, &line.key, CountedAs::Shown)).await;
                    assert_eq!(shown, (line.completed + line.interrupted, line.shown_ms), "{group:?} {}", line.key);
                }
            }
        }
        assert!(looked_at.iter().all(|figures| *figures > 0), "every column had something in it: {looked_at:?}");
    })
    .await;
}

#[tokio::test]
async fn every_figure_of_a_look_back_is_the_number_of_records_behind_it_by_area_and_by_distance() {
    for_each_database(async |db| {
        let county = mixed(&db).await;
        let who = crate::accounts::Principal {
            id: AccountId::new(Uuid::from_u128(9)),
            name: "p".into(),
            display_name: "某人".into(),
            roles: vec![crate::accounts::Role::Admin],
            scope: Scope::default(),
            must_set_password: false,
        };
        // The western venue lies 1.1 km north of the eastern one.
        for (venue, position) in county.venues.iter().zip(["29.00,115.00", "29.01,115.00"]) {
            let change = crate::screens::VenueChange {
                position: Some(position.into()),
                ..crate::screens::VenueChange::default()
            };
            county.app.screens.change_venue(*venue, change, &who, clock::now()).await.unwrap();
        }
        let near = |metres| Around::Near(Circle { centre: "29.00,115.00".parse().unwrap(), metres });
        let date = clock::today(chrono_tz::Asia::Shanghai);
        let screens = async |around| {
            let case = Case { around, date, days: 14, fraud_type: Some(FraudType::FakeLoan) };
            let (exposure, _) = county.app.plays.exposure(&case, &Scope::default()).await.unwrap();
            let all = case.filter(&Scope::default());
            let completed = Filter { counted_as: Some(CountedAs::Completed), ..all.clone() };
            let of_kind = Filter { fraud_type: case.fraud_type, ..completed.clone() };
            let counted = county.app.plays.count(&of_kind).await.unwrap().unwrap();
            assert_eq!((counted.plays, counted.screens), (exposure.matching.plays, exposure.matching.screens));
            assert_eq!(records(&county, &of_kind).await.0, exposure.matching.plays);
            for line in &exposure.creatives {
                let own = Filter { creative: Some(line.creative), ..completed.clone() };
                let counted = county.app.plays.count(&own).await.unwrap().unwrap();
                assert_eq!((counted.plays, counted.screens), (line.total.plays, line.total.screens));
                let shown = Filter { counted_as: Some(CountedAs::Shown), ..own };
                assert_eq!(records(&county, &shown).await.1, line.total.shown_ms);
            }
            for line in &exposure.screens {
                let own = Filter { screen: Some(line.screen), ..completed.clone() };
                assert_eq!(records(&county, &own).await.0, line.all.plays);
                let of_kind = Filter { fraud_type: case.fraud_type, ..own };
                assert_eq!(records(&county, &of_kind).await.0, line.matching.plays);
            }
            (exposure.screens.len(), exposure.in_service)
        };
        assert_eq!(screens(near(1_000)).await, (1, 1));
        assert_eq!(screens(near(1_200)).await, (2, 2));
        assert_eq!(screens(Around::Area("330482100000".parse().unwrap())).await, (1, 1));
        assert_eq!(screens(Around::Area("330482000000".parse().unwrap())).await, (2, 2));
        let nowhere = Around::Near(Circle { centre: "30,116".parse().unwrap(), metres: 5_000 });
        assert_eq!(screens(nowhere).await, (0, 0));
        let case = Case { around: near(1_200), date, days: 14, fraud_type: None };
        assert_eq!(county.app.plays.case_pictures(&case, &who).await.unwrap(), []);
    })
    .await;
}
