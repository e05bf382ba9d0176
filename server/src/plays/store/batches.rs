//! Stored batches and how far each screen's chain goes.

use std::{collections::BTreeSet, fmt::Write as _};

use xuanping_core::{id::ScreenId, playlog::ChainHead, time::UtcMillis};

use super::super::{
    Order,
    flags::{Marks, WantedMarks},
    numbers::Items,
    packed,
};
use crate::db::{Db, DbError, Row, Statement, Tx, sql};

/// Rows written with one statement.
const AT_ONCE: usize = 200;
/// A batch whose plays begin further apart than this many milliseconds is a long one: `play_batches_long`.
const LONG: i64 = 7_200_000;

/// A batch with all that is stored of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose.
    pub screen: i64,
    /// Its number.
    pub sequence: u64,
    /// Where the screen hung.
    pub place: i64,
    /// When it came.
    pub received: UtcMillis,
    /// When its first play began; of a batch without plays, when it came.
    pub first: UtcMillis,
    /// When its last play began.
    pub last: UtcMillis,
    /// How many plays it has.
    pub plays: usize,
    /// Of what sorts.
    pub marks: Marks,
    /// Its items (`packed`).
    pub items: Vec<u8>,
    /// What is held against its plays (`flags`).
    pub flags: Vec<u8>,
    /// The rest of its signed bytes (`packed`).
    pub rest: Vec<u8>,
}

impl Kept {
    /// The signed bytes; `None` if what is stored does not fit together.
    pub fn signed(&self, items: &Items) -> Option<Vec<u8>> {
        packed::unpack(&self.items, &self.rest, |number| Some(items.get(&number)?.words()))
    }
}

const COLUMNS: &str =
    "screen_no, sequence, place_no, received_at, first_at, last_at, plays, marks, items, flags, signed";

fn read(row: &Row) -> Result<Kept, DbError> {
    Ok(Kept {
        screen: row.int("screen_no")?,
        sequence: row.number("sequence")?,
        place: row.int("place_no")?,
        received: row.instant("received_at")?,
        first: row.instant("first_at")?,
        last: row.instant("last_at")?,
        plays: row.number("plays")?,
        marks: Marks(row.int("marks")?),
        items: row.bytes("items")?,
        flags: row.bytes("flags")?,
        rest: row.bytes("signed")?,
    })
}

pub async fn find(db: &Db, screen: i64, sequence: u64) -> Result<Option<Kept>, DbError> {
    let one = sql(format!("SELECT {COLUMNS} FROM play_batches WHERE screen_no = $1 AND sequence = $2"));
    db.opt(one.bind(screen).bind(sequence)).await?.as_ref().map(read).transpose()
}

/// The next batches of a screen after this number.
pub async fn after(db: &Db, screen: i64, after: u64, limit: u32) -> Result<Vec<Kept>, DbError> {
    let some = sql(format!(
        "SELECT {COLUMNS} FROM play_batches WHERE screen_no = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
    ));
    db.all(some.bind(screen).bind(after).bind(limit)).await?.iter().map(read).collect()
}

/// Batches of a screen from one number to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Whose.
    pub screen: i64,
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

fn spans(columns: &str, spans: &[Span]) -> Statement {
    let mut rows = String::new();
    for (nth, span) in spans.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(rows, "{}({}, {}, {})", if nth > 0 { ", " } else { "" }, span.screen, span.from, span.to);
    }
    sql(format!(
        "WITH wanted (w_screen, w_from, w_to) AS (VALUES {rows})
         SELECT {columns} FROM wanted CROSS JOIN play_batches
         WHERE screen_no = w_screen AND sequence >= w_from AND sequence <= w_to"
    ))
}

/// A batch as far as it has to be known for choosing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// Which.
    pub screen: i64,
    /// Its number.
    pub sequence: u64,
    /// When its first play began.
    pub first: UtcMillis,
    /// When its last play began.
    pub last: UtcMillis,
    /// Of what sorts its plays are.
    pub marks: Marks,
}

pub async fn outlines(db: &Db, wanted: &[Span]) -> Result<Vec<Outline>, DbError> {
    let mut all = Vec::new();
    for some in wanted.chunks(AT_ONCE) {
        for row in &db.all(spans("screen_no, sequence, first_at, last_at, marks", some)).await? {
            all.push(Outline {
                screen: row.int("screen_no")?,
                sequence: row.number("sequence")?,
                first: row.instant("first_at")?,
                last: row.instant("last_at")?,
                marks: Marks(row.int("marks")?),
            });
        }
    }
    Ok(all)
}

pub async fn all_of(db: &Db, wanted: &[Span]) -> Result<Vec<Kept>, DbError> {
    let mut all = Vec::new();
    for some in wanted.chunks(AT_ONCE) {
        for row in &db.all(spans(COLUMNS, some)).await? {
            all.push(read(row)?);
        }
    }
    Ok(all)
}

/// A place in the line of all batches, by the start of their last play (newest first) or of their first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InLine {
    /// That start.
    pub at: UtcMillis,
    /// Whose batch.
    pub screen: i64,
    /// Its number.
    pub sequence: u64,
}

/// The next batches in line behind this place, none beyond `end`, that have what is wanted.
pub async fn in_line(
    db: &Db,
    order: Order,
    behind: InLine,
    end: UtcMillis,
    marks: &WantedMarks,
    limit: u32,
) -> Result<Vec<Kept>, DbError> {
    let (column, beyond, within, way) = match order {
        Order::NewestFirst => ("last_at", "<", ">=", "DESC"),
        Order::OldestFirst => ("first_at", ">", "<=", "ASC"),
    };
    let some = sql(format!(
        "SELECT {COLUMNS} FROM play_batches
         WHERE ({column}, screen_no, sequence) {beyond} ($1, $2, $3) AND {column} {within} $4{}
         ORDER BY {column} {way}, screen_no {way}, sequence {way} LIMIT $5",
        marks.sql()
    ));
    let some = some.bind(behind.at).bind(behind.screen).bind(behind.sequence).bind(end);
    db.all(some.bind(limit)).await?.iter().map(read).collect()
}

/// How many batches have what is wanted, counted up to so many.
pub async fn number_with(db: &Db, marks: &WantedMarks, most: u32) -> Result<usize, DbError> {
    let some = sql(format!(
        "SELECT COUNT(*) AS batches FROM (SELECT last_at FROM play_batches WHERE 1 = 1{} LIMIT $1) AS few",
        marks.sql()
    ));
    db.one(some.bind(most)).await?.number("batches")
}

/// Batches with plays both before this instant and not before it.
pub async fn astride(db: &Db, at: UtcMillis) -> Result<Vec<Kept>, DbError> {
    let near =
        sql(format!("SELECT {COLUMNS} FROM play_batches WHERE last_at >= $1 AND last_at <= $2 AND first_at <= $3"));
    let mut rows = db.all(near.bind(at).bind(at.0.saturating_add(LONG)).bind(at)).await?;
    let long = sql(format!(
        "SELECT {COLUMNS} FROM play_batches
         WHERE last_at - first_at > {LONG} AND last_at > $1 AND first_at <= $2"
    ));
    rows.extend(db.all(long.bind(at.0.saturating_add(LONG)).bind(at)).await?);
    rows.iter().map(read).collect()
}

/// The end of a screen's chain.
pub async fn head(db: &Db, screen: ScreenId) -> Result<ChainHead, DbError> {
    let query = sql("SELECT sequence, digest FROM play_chains WHERE screen_id = $1").bind(screen);
    match db.opt(query).await? {
        Some(row) => Ok(ChainHead { screen, sequence: row.number("sequence")?, digest: row.parse("digest")? }),
        None => Ok(ChainHead::start(screen)),
    }
}

/// The end of a screen's chain, which nobody moves until `tx` is over.
pub async fn hold(tx: &mut Tx, screen: ScreenId) -> Result<ChainHead, DbError> {
    let start = ChainHead::start(screen);
    let insert = sql("INSERT INTO play_chains (screen_id, sequence, digest) VALUES ($1, $2, $3)
                      ON CONFLICT (screen_id) DO NOTHING");
    tx.exec(insert.bind(screen).bind(start.sequence).bind(start.digest)).await?;
    let hold = sql("UPDATE play_chains SET sequence = sequence WHERE screen_id = $1 RETURNING sequence, digest");
    let row = tx.one(hold.bind(screen)).await?;
    Ok(ChainHead { screen, sequence: row.number("sequence")?, digest: row.parse("digest")? })
}

/// A step of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Where we saw its end.
    pub from: ChainHead,
    /// Where it is to end.
    pub to: ChainHead,
    /// Until when its screen has told everything then.
    pub told: UtcMillis,
}

/// Moves the ends of chains from where we saw them, one step each; answers the screens of those that were there.
pub async fn step(tx: &mut Tx, steps: &[Step]) -> Result<BTreeSet<ScreenId>, DbError> {
    let mut moved = BTreeSet::new();
    for some in steps.chunks(AT_ONCE) {
        let new: Vec<&Step> = some.iter().filter(|step| step.from.sequence == 0).collect();
        if !new.is_empty() {
            let text = format!(
                "INSERT INTO play_chains (screen_id, sequence, digest) VALUES {}
                 ON CONFLICT (screen_id) DO NOTHING",
                rows(new.len(), 3)
            );
            let start = new.iter().fold(sql(text), |start, step| {
                start.bind(step.from.screen).bind(step.from.sequence).bind(step.from.digest)
            });
            tx.exec(start).await?;
        }
        let text = format!(
            "WITH steps (s_screen, s_from, s_name, s_to, s_next, s_told) AS (VALUES {})
             UPDATE play_chains SET sequence = s_to, digest = s_next, reported_until =
                 CASE WHEN reported_until > s_told THEN reported_until ELSE s_told END
             FROM steps WHERE screen_id = s_screen AND sequence = s_from AND digest = s_name
             RETURNING screen_id",
            rows(some.len(), 6)
        );
        let update = some.iter().fold(sql(text), |update, Step { from, to, told }| {
            let update = update.bind(from.screen).bind(from.sequence).bind(from.digest);
            update.bind(to.sequence).bind(to.digest).bind(*told)
        });
        for row in &tx.all(update).await? {
            moved.insert(row.parse("screen_id")?);
        }
    }
    Ok(moved)
}

/// `($1, $2), ($3, $4) …`
pub(super) fn rows(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row > 0 { ", (" } else { "(" });
        for column in 1..=columns {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}${}", if column > 1 { ", " } else { "" }, row * columns + column);
        }
        text.push(')');
    }
    text
}

pub async fn insert(tx: &mut Tx, batches: &[&Kept]) -> Result<(), DbError> {
    for some in batches.chunks(AT_ONCE) {
        let text = format!("INSERT INTO play_batches ({COLUMNS}) VALUES {}", rows(some.len(), 11));
        let insert = some.iter().fold(sql(text), |insert, batch| {
            let insert = insert.bind(batch.screen).bind(batch.sequence).bind(batch.place).bind(batch.received);
            let insert = insert.bind(batch.first).bind(batch.last).bind(batch.plays).bind(batch.marks.0);
            insert.bind(&*batch.items).bind(&*batch.flags).bind(&*batch.rest)
        });
        tx.exec(insert).await?;
    }
    Ok(())
}

/// Until when a screen has reported. What a clock that was ahead said of later than we heard it is not believed.
pub async fn reported_until(db: &Db, screen: ScreenId) -> Result<Option<UtcMillis>, DbError> {
    let told = sql("SELECT reported_until FROM play_chains WHERE screen_id = $1").bind(screen);
    Ok(db.opt(told).await?.map(|row| row.opt_instant("reported_until")).transpose()?.flatten())
}

/// When the first batch came from a screen at `since` or later: proof that it was within reach then.
pub async fn first_received_since(db: &Db, screen: i64, since: UtcMillis) -> Result<Option<UtcMillis>, DbError> {
    let first = sql("SELECT MIN(received_at) AS first FROM play_batches WHERE screen_no = $1 AND received_at >= $2");
    db.one(first.bind(screen).bind(since)).await?.opt_instant("first")
}
