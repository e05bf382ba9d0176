//! The overview's numbers, on both databases.

use chrono::NaiveDate;
use xuanping_core::{time::UtcMillis, vocabulary::VenueType};

use crate::{
    accounts::{Role, Scope},
    app::App,
    campaigns::Unreached,
    clock,
    content::Step,
    county::{County, EAST, WEST, booking, day, editor, person, report, takeover, today},
    db::testing::for_each_database,
    plays::testing::count,
    screens::Screen,
};

const MINUTE: i64 = 60_000;

#[tokio::test]
async fn plays_today_are_those_shown_in_full_on_this_day_only() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let supervision = App::with_database(db.clone(), folder.path()).await.unwrap().supervision();
        let today = NaiveDate::from_ymd_opt(2026, 5, 2).unwrap();
        assert_eq!(supervision.overview(today, &person(Role::Auditor), UtcMillis(0)).await.unwrap().plays_today, 0);
        count(&db, "2026-05-01", 23, 100, 0).await;
        count(&db, "2026-05-02", 0, 7, 3).await;
        count(&db, "2026-05-02", 9, 5, 0).await;
        assert_eq!(supervision.overview(today, &person(Role::Auditor), UtcMillis(0)).await.unwrap().plays_today, 12);
        // The figure leads to the records, so it counts those that the person may see.
        let mut elsewhere = person(Role::Auditor);
        elsewhere.scope = Scope { area: Some(WEST.into()), department: None };
        assert_eq!(supervision.overview(today, &elsewhere, UtcMillis(0)).await.unwrap().plays_today, 0);
    })
    .await;
}

#[tokio::test]
async fn an_empty_county_has_an_empty_overview() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let overview = county.app.supervision().overview(today(), &person(Role::Auditor), clock::now()).await.unwrap();
        let counts = (overview.screens, overview.venues, overview.waiting_reviews, overview.plays_today);
        assert_eq!(counts, (0, 0, 0, 0));
        assert!(overview.running_campaigns.is_empty() && overview.silent.is_empty());
    })
    .await;
}

#[tokio::test]
async fn screens_are_counted_by_what_their_players_last_said_and_named_when_they_fall_silent() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        county.venue("西镇诊所", VenueType::Clinic, WEST).await;
        let (one, two) = (county.strip(bank, "甲").await, county.strip(bank, "乙").await);
        let (three, retired) = (county.strip(bank, "丙").await, county.strip(bank, "丁").await);
        county.retire(retired.id).await;
        let now = clock::now();
        let report = |screen: &Screen, at| county.app.screens.report(screen.id, &report(), at);
        report(&one, now);
        report(&two, now.plus(-46_000));
        let at = async |later: i64| {
            county.app.supervision().overview(today(), &person(Role::Auditor), now.plus(later)).await.unwrap()
        };
        let overview = at(0).await;
        assert_eq!((overview.screens, overview.online, overview.never_seen), (3, 1, 1));
        assert_eq!((overview.venues, overview.venues_without_screen), (2, 1));
        assert!(overview.silent.is_empty(), "offline for a moment is not silent");

        let silent = |overview: &super::Overview| -> Vec<(String, bool)> {
            overview.silent.iter().map(|s| (s.name.clone(), s.last_seen.is_some())).collect()
        };
        let overview = at(15 * MINUTE - 46_000).await;
        assert_eq!(silent(&overview), [("东镇支行 乙".to_owned(), true)]);
        let overview = at(16 * MINUTE).await;
        let expected = [("东镇支行 丙", false), ("东镇支行 乙", true), ("东镇支行 甲", true)];
        assert_eq!(silent(&overview), expected.map(|(name, seen)| (name.to_owned(), seen)), "longest silent first");
        assert_eq!((overview.online, overview.never_seen), (0, 1));
        report(&three, now.plus(16 * MINUTE));
        assert_eq!((at(16 * MINUTE).await.online, at(16 * MINUTE).await.silent.len()), (1, 2));
    })
    .await;
}

#[tokio::test]
async fn reviews_campaigns_and_takeovers_are_those_of_this_moment() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        county.strip(bank, "甲").await;
        let (slogan, waiting) = (county.slogan("不转账").await, county.draft("不轻信").await);
        county.draft("还没写完").await;
        county.app.content.step(waiting, Step::Submit, None, None, &editor(), clock::now()).await.unwrap();
        let running = county.on_air("宣传月", booking("全天", vec![slogan])).await;
        let draft = county.campaign("草稿").await.id;
        let campaigns = &county.app.campaigns;
        campaigns.add_booking(draft, booking("全天", vec![slogan]), &editor(), clock::now()).await.unwrap();
        campaigns.submit(draft, Unreached::Refuse, &editor(), today(), clock::now()).await.unwrap();
        let over = county.on_air("撤下的", booking("全天", vec![slogan])).await;
        county.app.campaigns.withdraw(over, &editor(), clock::now()).await.unwrap();
        let order = takeover("预警", vec![slogan]);
        let order = county.app.campaigns.start_takeover(order, &editor(), clock::now()).await.unwrap();

        let supervision = county.app.supervision();
        let overview = supervision.overview(today(), &person(Role::Auditor), clock::now()).await.unwrap();
        assert_eq!(overview.waiting_reviews, 1);
        assert_eq!(overview.running_campaigns, [(running, "宣传月".to_owned())]);
        assert_eq!(overview.waiting_campaigns, [(draft, "草稿".to_owned())]);
        assert_eq!(overview.active_takeovers, [(order.id, "预警".to_owned(), order.expires)]);
        let running_on = async |date| {
            supervision.overview(date, &person(Role::Auditor), clock::now()).await.unwrap().running_campaigns.len()
        };
        assert_eq!((running_on(day(-1)).await, running_on(day(30)).await, running_on(day(31)).await), (0, 1, 0));
        let after = supervision.overview(today(), &person(Role::Auditor), order.expires).await.unwrap();
        assert_eq!(after.active_takeovers, []);
    })
    .await;
}
