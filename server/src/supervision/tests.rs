//! The overview's numbers, on both databases.

use chrono::NaiveDate;
use xuanping_core::time::UtcMillis;

use crate::{
    app::App,
    db::{Db, sql, testing::for_each_database},
};

async fn count(db: &Db, day: &str, hour: i64, completed: i64, interrupted: i64) {
    db.exec(
        sql("INSERT INTO play_counts (screen_id, creative_id, campaign_id, day, hour, venue_id, venue_type, area,
                                      department, completed, interrupted, failed, not_counted, shown_ms)
             VALUES ('s', 'c', '', $1, $2, 'v', 'bank', '', '', $3, $4, 0, 0, 0)")
        .bind(day)
        .bind(hour)
        .bind(completed)
        .bind(interrupted),
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn plays_today_are_those_shown_in_full_on_this_day_only() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let supervision = App::with_database(db.clone(), folder.path()).await.unwrap().supervision();
        let today = NaiveDate::from_ymd_opt(2026, 5, 2).unwrap();
        assert_eq!(supervision.overview(today, UtcMillis(0)).await.unwrap().plays_today, 0);
        count(&db, "2026-05-01", 23, 100, 0).await;
        count(&db, "2026-05-02", 0, 7, 3).await;
        count(&db, "2026-05-02", 9, 5, 0).await;
        assert_eq!(supervision.overview(today, UtcMillis(0)).await.unwrap().plays_today, 12);
    })
    .await;
}
