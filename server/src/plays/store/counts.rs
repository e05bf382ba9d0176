//! Counters: what summaries read instead of counting plays.

use std::collections::BTreeMap;

use super::{
    super::{
        Filter, Group, SummaryLine,
        exposure::Shown,
        judge::{Count, CountKey},
    },
    plays::campaign_text,
    wanted::Wanted,
};
use crate::{
    db::{Db, DbError, Tx, sql},
    screens::Screen,
};

pub async fn add(tx: &mut Tx, screen: &Screen, lines: &BTreeMap<CountKey, Count>) -> Result<(), DbError> {
    for (key, count) in lines {
        tx.exec(
            sql("INSERT INTO play_counts (screen_id, creative_id, campaign_id, day, hour, venue_id, venue_type, area,
                                          department, completed, interrupted, failed, not_counted, shown_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                 ON CONFLICT (screen_id, creative_id, campaign_id, day, hour, venue_id) DO UPDATE SET
                   completed = play_counts.completed + $10, interrupted = play_counts.interrupted + $11,
                   failed = play_counts.failed + $12, not_counted = play_counts.not_counted + $13,
                   shown_ms = play_counts.shown_ms + $14")
            .bind(screen.id)
            .bind(key.creative)
            .bind(campaign_text(key.campaign))
            .bind(key.day.to_string())
            .bind(key.hour)
            .bind(screen.venue.id)
            .bind(screen.venue.kind.code())
            .bind(&screen.venue.area)
            .bind(&screen.venue.department)
            .bind(count.completed)
            .bind(count.interrupted)
            .bind(count.failed)
            .bind(count.not_counted)
            .bind(count.shown_ms),
        )
        .await?;
    }
    Ok(())
}

pub async fn summary(db: &Db, filter: &Filter, group: Group) -> Result<Vec<SummaryLine>, DbError> {
    let column = match group {
        Group::Creative => "creative_id",
        Group::Campaign => "campaign_id",
        Group::Screen => "screen_id",
        Group::VenueType => "venue_type",
        Group::Area => "area",
        Group::Department => "department",
        Group::Day => "day",
        Group::Hour => "hour",
    };
    let wanted = Wanted::of(filter);
    let text = format!(
        "SELECT CAST({column} AS TEXT) AS line, CAST(SUM(completed) AS BIGINT) AS completed,
                CAST(SUM(interrupted) AS BIGINT) AS interrupted, CAST(SUM(failed) AS BIGINT) AS failed,
                CAST(SUM(not_counted) AS BIGINT) AS not_counted, CAST(SUM(shown_ms) AS BIGINT) AS shown_ms
         FROM play_counts WHERE {} GROUP BY {column} ORDER BY {column}",
        wanted.text()
    );
    let rows = db.all(wanted.statement(text)).await?;
    rows.iter()
        .map(|row| {
            Ok(SummaryLine {
                key: row.text("line")?,
                completed: row.int("completed")?,
                interrupted: row.int("interrupted")?,
                failed: row.int("failed")?,
                not_counted: row.int("not_counted")?,
                shown_ms: row.int("shown_ms")?,
            })
        })
        .collect()
}

/// What each creative came to on each screen.
pub async fn exposure(db: &Db, filter: &Filter) -> Result<Vec<Shown>, DbError> {
    let wanted = Wanted::of(filter);
    let text = format!(
        "SELECT creative_id, screen_id, CAST(SUM(completed) AS BIGINT) AS completed,
                CAST(SUM(shown_ms) AS BIGINT) AS shown_ms, COUNT(DISTINCT day) AS days, MIN(day) AS first_day,
                MAX(day) AS last_day
         FROM play_counts WHERE {} GROUP BY creative_id, screen_id ORDER BY creative_id, screen_id",
        wanted.text()
    );
    let rows = db.all(wanted.statement(text)).await?;
    let shown = |row: &crate::db::Row| {
        Ok(Shown {
            creative: row.parse("creative_id")?,
            screen: row.parse("screen_id")?,
            plays: row.int("completed")?,
            shown_ms: row.int("shown_ms")?,
            days: row.int("days")?,
            first: row.parse("first_day")?,
            last: row.parse("last_day")?,
        })
    };
    rows.iter().map(shown).collect()
}
