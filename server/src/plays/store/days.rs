//! Counters by day, and in which batches a day's plays are: what summaries and look-backs read instead of plays.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        Order,
        counters::{DayCounts, HOURS, Line},
        judge::Count,
    },
    batches::{Span, rows},
    numbers::list,
};
use crate::db::{Db, DbError, Row, Tx, sql};

/// Rows written with one statement.
const AT_ONCE: usize = 200;
/// Places that the database is asked for by number; if it is to be more, it answers all and we choose.
const MOST_PLACES: usize = 400;

/// A local day of a screen in a place. Days count from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayKey {
    /// The day.
    pub day: i64,
    /// The place's number.
    pub place: i64,
    /// The screen's number.
    pub screen: i64,
}

/// What is stored of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// Which.
    pub key: DayKey,
    /// The batches that its plays are in.
    pub span: Span,
    /// Its counters (`counters`), if they were asked for.
    pub counts: Vec<u8>,
}

impl DayRow {
    /// Its counters.
    pub fn read(&self) -> Result<DayCounts, DbError> {
        DayCounts::read(&self.counts).ok_or_else(|| damaged(self.key))
    }

    /// Looks at each of its counters.
    pub fn each(&self, look: impl FnMut(Line, &[Count; HOURS])) -> Result<(), DbError> {
        DayCounts::each(&self.counts, look).ok_or_else(|| damaged(self.key))
    }

    /// The items it has counters of.
    pub fn items(&self) -> Result<Vec<i64>, DbError> {
        DayCounts::items(&self.counts).ok_or_else(|| damaged(self.key))
    }
}

fn damaged(key: DayKey) -> DbError {
    let why = format!("damaged: day {}, place {}, screen {}: admin recount", key.day, key.place, key.screen);
    DbError::Column { column: "play_days.counts".into(), why }
}

/// Which days.
#[derive(Debug, Clone)]
pub struct Sought {
    /// Of this screen.
    pub screen: Option<i64>,
    /// In these places.
    pub places: Option<BTreeSet<i64>>,
    /// From this day on.
    pub from: i64,
    /// Until this day, included.
    pub to: i64,
    /// With their counters.
    pub counts: bool,
}

fn read(row: &Row, counts: bool) -> Result<DayRow, DbError> {
    let key = DayKey { day: row.int("day")?, place: row.int("place_no")?, screen: row.int("screen_no")? };
    let span = Span { screen: key.screen, from: row.number("first_sequence")?, to: row.number("last_sequence")? };
    Ok(DayRow { key, span, counts: if counts { row.bytes("counts")? } else { Vec::new() } })
}

/// The next days behind this one; and the last one looked at, if there may be more.
pub async fn page(
    db: &Db,
    sought: &Sought,
    order: Order,
    behind: Option<DayKey>,
    limit: u32,
) -> Result<(Vec<DayRow>, Option<DayKey>), DbError> {
    let (beyond, way) = match order {
        Order::NewestFirst => ("<", "DESC"),
        Order::OldestFirst => (">", "ASC"),
    };
    let mut text = format!(
        "SELECT day, place_no, screen_no, first_sequence, last_sequence{} FROM play_days
         WHERE day >= $1 AND day <= $2",
        if sought.counts { ", counts" } else { "" }
    );
    let mut binds = vec![sought.from, sought.to];
    if let Some(screen) = sought.screen {
        binds.push(screen);
        text.push_str(" AND screen_no = $3");
    }
    if let Some(places) = sought.places.as_ref().filter(|places| places.len() <= MOST_PLACES) {
        if places.is_empty() {
            return Ok((Vec::new(), None));
        }
        let places: Vec<i64> = places.iter().copied().collect();
        text.push_str(&format!(" AND place_no IN ({})", list(&places)));
    }
    if let Some(DayKey { day, place, screen }) = behind {
        let at = binds.len();
        text.push_str(&format!(" AND (day, place_no, screen_no) {beyond} (${}, ${}, ${})", at + 1, at + 2, at + 3));
        binds.extend([day, place, screen]);
    }
    text.push_str(&format!(" ORDER BY day {way}, place_no {way}, screen_no {way} LIMIT {limit}"));
    let rows = db.all(binds.into_iter().fold(sql(text), crate::db::Statement::bind)).await?;
    let mut days = rows.iter().map(|row| read(row, sought.counts)).collect::<Result<Vec<_>, _>>()?;
    let more = days.last().map(|last| last.key).filter(|_| days.len() == limit as usize);
    if let Some(places) = &sought.places {
        days.retain(|day| places.contains(&day.key.place));
    }
    Ok((days, more))
}

/// What a batch adds to a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Which day.
    pub key: DayKey,
    /// The batch.
    pub sequence: u64,
    /// Its counters.
    pub counts: DayCounts,
}

/// Adds what batches bring to their days; no day twice.
pub async fn add(tx: &mut Tx, additions: &[&Addition]) -> Result<(), DbError> {
    for some in additions.chunks(AT_ONCE) {
        let keys = |statement: crate::db::Statement| {
            some.iter().fold(statement, |statement, addition| {
                let key = addition.key;
                statement.bind(key.day).bind(key.place).bind(key.screen)
            })
        };
        let text = format!(
            "WITH wanted (w_day, w_place, w_screen) AS (VALUES {})
             SELECT day, place_no, screen_no, first_sequence, last_sequence, counts
             FROM wanted CROSS JOIN play_days WHERE day = w_day AND place_no = w_place AND screen_no = w_screen",
            rows(some.len(), 3)
        );
        let known = tx.all(keys(sql(text))).await?;
        let known = known.iter().map(|row| read(row, true)).collect::<Result<Vec<_>, _>>()?;
        let known: BTreeMap<DayKey, DayRow> = known.into_iter().map(|day| (day.key, day)).collect();
        let text = format!(
            "INSERT INTO play_days (day, place_no, screen_no, first_sequence, last_sequence, counts) VALUES {}
             ON CONFLICT (day, place_no, screen_no) DO UPDATE SET first_sequence = excluded.first_sequence,
                 last_sequence = excluded.last_sequence, counts = excluded.counts",
            rows(some.len(), 6)
        );
        let mut put = sql(text);
        for Addition { key, sequence, counts } in some.iter().copied() {
            let (mut from, mut to, mut sum) = (*sequence, *sequence, None);
            if let Some(day) = known.get(key) {
                (from, to) = (from.min(day.span.from), to.max(day.span.to));
                let mut known = day.read()?;
                known.add(counts);
                sum = Some(known.write());
            }
            put = put.bind(key.day).bind(key.place).bind(key.screen).bind(from).bind(to);
            put = put.bind(sum.unwrap_or_else(|| counts.write()));
        }
        tx.exec(put).await?;
    }
    Ok(())
}
