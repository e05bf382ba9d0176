//! Single plays: written with their batch, read in pages.

use std::collections::HashMap;

use chrono::NaiveDate;
use xuanping_core::{
    campaign::Booking,
    id::{CampaignId, ScreenId},
    playlog::credibility::Counts,
    time::UtcMillis,
};

use super::{
    super::{Cursor, Filter, Order, PlayRecord, judge::Judged},
    wanted::Wanted,
};
use crate::{
    db::{Db, DbError, Row, Statement, Tx, code_of, sql},
    screens::Screen,
};

/// Columns written for each play.
const COLUMNS: usize = 20;
/// Plays written with one statement.
const AT_ONCE: usize = 50;

pub(super) const PLAY: &str = "screen_id, sequence, position, started_at, day, zone, creative_id, asset, booking_id, campaign_id, \
    planned_ms, actual_ms, status, put_on_by, counted, flag, venue_id, venue_type, area, department";

pub async fn insert(tx: &mut Tx, screen: &Screen, sequence: u64, judged: &[Judged<'_>]) -> Result<(), DbError> {
    for some in judged.chunks(AT_ONCE) {
        let statement = sql(insert_text(some.len()));
        tx.exec(some.iter().fold(statement, |statement, each| bind(statement, screen, sequence, each))).await?;
    }
    Ok(())
}

fn insert_text(rows: usize) -> String {
    let row = |n: usize| {
        let places: Vec<_> = (1..=COLUMNS).map(|column| format!("${}", n * COLUMNS + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!("INSERT INTO plays ({PLAY}) VALUES {}", rows.join(", "))
}

fn bind(statement: Statement, screen: &Screen, sequence: u64, judged: &Judged<'_>) -> Statement {
    let (play, item) = (judged.play, judged.item);
    statement
        .bind(screen.id)
        .bind(sequence)
        .bind(judged.position)
        .bind(play.start)
        .bind(judged.day.to_string())
        .bind(code_of(&play.zone))
        .bind(item.creative)
        .bind(item.asset)
        .bind(item.booking)
        .bind(campaign_text(judged.campaign))
        .bind(play.planned)
        .bind(play.actual)
        .bind(code_of(&play.status))
        .bind(code_of(&play.trigger.kind()))
        .bind(judged.counts() == Counts::Completed)
        .bind(judged.flag().map(|flag| code_of(&flag)).unwrap_or_default())
        .bind(screen.venue.id)
        .bind(screen.venue.kind.code())
        .bind(&screen.venue.area)
        .bind(&screen.venue.department)
}

/// A campaign's id, or nothing: part of a key, so never null.
pub(super) fn campaign_text(campaign: Option<CampaignId>) -> String {
    campaign.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn read(row: &Row) -> Result<PlayRecord, DbError> {
    let given = |column: &str| Ok::<_, DbError>(!row.text(column)?.is_empty());
    Ok(PlayRecord {
        screen: row.parse("screen_id")?,
        sequence: row.number("sequence")?,
        position: row.number("position")?,
        started: row.instant("started_at")?,
        day: row.parse("day")?,
        zone: row.code("zone")?,
        creative: row.parse("creative_id")?,
        asset: row.parse("asset")?,
        booking: row.parse("booking_id")?,
        campaign: given("campaign_id")?.then(|| row.parse("campaign_id")).transpose()?,
        planned: row.millis("planned_ms")?,
        actual: row.millis("actual_ms")?,
        status: row.code("status")?,
        trigger: row.code("put_on_by")?,
        counted: row.flag("counted")?,
        flag: given("flag")?.then(|| row.code("flag")).transpose()?,
        venue: row.parse("venue_id")?,
        venue_type: row.code("venue_type")?,
        area: row.text("area")?,
        department: row.text("department")?,
    })
}

pub async fn page(
    db: &Db,
    filter: &Filter,
    order: Order,
    cursor: Option<Cursor>,
    limit: u32,
) -> Result<Vec<PlayRecord>, DbError> {
    let mut wanted = Wanted::of_plays(filter);
    let (beyond, way) = match order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    if let Some(after) = cursor {
        let places = [
            wanted.bind(after.started),
            wanted.bind(after.screen),
            wanted.bind(after.sequence),
            wanted.bind(after.position),
        ];
        wanted.and(&format!("(started_at, screen_id, sequence, position) {beyond} ({})", places.join(", ")));
    }
    let limit = wanted.bind(limit);
    let text = format!(
        "SELECT {PLAY} FROM plays WHERE {} \
         ORDER BY started_at {way}, screen_id {way}, sequence {way}, position {way} LIMIT {limit}",
        wanted.text()
    );
    db.all(wanted.statement(text)).await?.iter().map(read).collect()
}

/// The plays that match, as batch and position only, by screen, batch and position; at most `limit`.
pub async fn places(db: &Db, filter: &Filter, limit: usize) -> Result<Vec<(ScreenId, u64, u32)>, DbError> {
    let mut wanted = Wanted::of_plays(filter);
    let limit = wanted.bind(limit);
    let text = format!(
        "SELECT screen_id, sequence, position FROM plays WHERE {} \
         ORDER BY screen_id, sequence, position LIMIT {limit}",
        wanted.text()
    );
    let rows = db.all(wanted.statement(text)).await?;
    rows.iter().map(|row| Ok((row.parse("screen_id")?, row.number("sequence")?, row.number("position")?))).collect()
}

/// How often each screen showed a booking, to its full length, on the days from `since` and before `until`: in the zone that
/// showed it most.
pub async fn made(
    db: &Db,
    booking: &Booking,
    since: NaiveDate,
    until: NaiveDate,
) -> Result<HashMap<ScreenId, u32>, DbError> {
    // No day anywhere begins earlier: plays are found by campaign and start.
    const EAST: i64 = 14 * 3_600_000;
    let begins = UtcMillis(since.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - EAST);
    let query = sql("SELECT screen_id, zone, COUNT(*) AS made FROM plays
                     WHERE campaign_id = $1 AND started_at >= $2 AND booking_id = $3 AND day >= $4 AND day < $5
                       AND counted = 1
                     GROUP BY screen_id, zone");
    let query = query.bind(booking.campaign).bind(begins).bind(booking.id);
    let mut most: HashMap<ScreenId, u32> = HashMap::new();
    for row in &db.all(query.bind(since.to_string()).bind(until.to_string())).await? {
        let made: u32 = row.number("made")?;
        most.entry(row.parse("screen_id")?).and_modify(|most| *most = made.max(*most)).or_insert(made);
    }
    Ok(most)
}
