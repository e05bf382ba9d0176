//! Everything that was stored of a screen's plays, for comparing it with what the screen signed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use xuanping_core::{
    digest::Digest,
    id::{CampaignId, CreativeId, ScreenId, VenueId},
    playlog::LogEntry,
};

use super::{
    super::{PlayRecord, judge::Count},
    plays,
};
use crate::db::{Db, DbError, sql};

/// A batch with all that the table says of it.
#[derive(Debug)]
pub struct Kept {
    /// Its number.
    pub sequence: u64,
    /// Its name.
    pub digest: Digest,
    /// How many plays it is said to have.
    pub plays: u64,
    /// Positions of those that are said not to count.
    pub not_counted: Vec<u32>,
    /// The signed bytes.
    pub signed: Vec<u8>,
}

/// A screen's plays of a day in one venue, of a creative and a campaign, as they are counted.
pub type DayOf = (CreativeId, Option<CampaignId>, NaiveDate, VenueId);

/// Screens that something is stored of, ascending.
pub async fn screens(db: &Db) -> Result<Vec<ScreenId>, DbError> {
    let all = sql("SELECT screen_id FROM play_chains UNION SELECT DISTINCT screen_id FROM plays
                   UNION SELECT DISTINCT screen_id FROM play_counts ORDER BY screen_id");
    db.all(all).await?.iter().map(|row| row.parse("screen_id")).collect()
}

/// The next batches after this number.
pub async fn batches(db: &Db, screen: ScreenId, after: u64, limit: u32) -> Result<Vec<Kept>, DbError> {
    let some = sql("SELECT sequence, digest, plays, not_counted, signed FROM play_batches
                    WHERE screen_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3");
    let rows = db.all(some.bind(screen).bind(after).bind(limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(Kept {
                sequence: row.number("sequence")?,
                digest: row.parse("digest")?,
                plays: row.number("plays")?,
                not_counted: row.json("not_counted")?,
                signed: row.bytes("signed")?,
            })
        })
        .collect()
}

/// The rows of a batch's plays, by position.
pub async fn rows(db: &Db, screen: ScreenId, sequence: u64) -> Result<Vec<PlayRecord>, DbError> {
    let text = format!("SELECT {} FROM plays WHERE screen_id = $1 AND sequence = $2 ORDER BY position", plays::PLAY);
    db.all(sql(text).bind(screen).bind(sequence)).await?.iter().map(plays::read).collect()
}

/// How many plays of a screen have a row.
pub async fn number_of_rows(db: &Db, screen: ScreenId) -> Result<u64, DbError> {
    db.one(sql("SELECT COUNT(*) AS plays FROM plays WHERE screen_id = $1").bind(screen)).await?.number("plays")
}

/// A screen's counters, hours taken together.
pub async fn counters(db: &Db, screen: ScreenId) -> Result<BTreeMap<DayOf, Count>, DbError> {
    let all = sql("SELECT creative_id, campaign_id, day, venue_id, CAST(SUM(completed) AS BIGINT) AS completed,
                          CAST(SUM(interrupted) AS BIGINT) AS interrupted, CAST(SUM(failed) AS BIGINT) AS failed,
                          CAST(SUM(not_counted) AS BIGINT) AS not_counted, CAST(SUM(shown_ms) AS BIGINT) AS shown_ms
                   FROM play_counts WHERE screen_id = $1 GROUP BY creative_id, campaign_id, day, venue_id");
    let mut counters = BTreeMap::new();
    for row in &db.all(all.bind(screen)).await? {
        let campaign = if row.text("campaign_id")?.is_empty() { None } else { Some(row.parse("campaign_id")?) };
        let of = (row.parse("creative_id")?, campaign, row.parse("day")?, row.parse("venue_id")?);
        let count = Count {
            completed: row.number("completed")?,
            interrupted: row.number("interrupted")?,
            failed: row.number("failed")?,
            not_counted: row.number("not_counted")?,
            shown_ms: row.number("shown_ms")?,
        };
        counters.insert(of, count);
    }
    Ok(counters)
}

/// The log's entry of a batch, if it has one.
pub async fn entry(db: &Db, screen: ScreenId, sequence: u64) -> Result<Option<LogEntry>, DbError> {
    let one = sql("SELECT screen_id, sequence, digest FROM log_entries WHERE screen_id = $1 AND sequence = $2");
    db.opt(one.bind(screen).bind(sequence)).await?.as_ref().map(super::log::entry).transpose()
}
