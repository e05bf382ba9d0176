//! SQL of the archive: what of the log lies in it, and what comes next.

use chrono::NaiveDate;
use xuanping_core::{digest::Digest, playlog::LogEntry, time::UtcMillis};

use super::log::entry;
use crate::db::{Db, DbError, Row, Tx, sql};

/// A part of the archive: the batches of one day, as far as they followed each other in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The first entry of the log that is in it.
    pub from: u64,
    /// The first that is not.
    pub to: u64,
    /// The county's day on which its first batch came.
    pub received: NaiveDate,
    /// How many plays.
    pub plays: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Digest over the digests of its files, in the order of their names.
    pub digest: Digest,
    /// When it was sealed.
    pub sealed: UtcMillis,
}

fn part(row: &Row) -> Result<Part, DbError> {
    let damaged = |_| DbError::Column { column: "digest".into(), why: "not 32 bytes".into() };
    Ok(Part {
        from: row.number("from_index")?,
        to: row.number("to_index")?,
        received: row.parse("received")?,
        plays: row.number("plays")?,
        bytes: row.number("bytes")?,
        digest: Digest::try_from(&*row.bytes("digest")?).map_err(damaged)?,
        sealed: row.instant("sealed_at")?,
    })
}

/// All parts, in the order of the log.
pub async fn parts(db: &Db) -> Result<Vec<Part>, DbError> {
    let all = sql("SELECT from_index, to_index, received, plays, bytes, digest, sealed_at FROM play_archive
                   ORDER BY from_index");
    db.all(all).await?.iter().map(part).collect()
}

/// The first entry of the log that is in no part.
pub async fn next(db: &Db) -> Result<u64, DbError> {
    let next = sql("SELECT CAST(COALESCE(MAX(to_index), 0) AS BIGINT) AS next FROM play_archive");
    db.one(next).await?.number("next")
}

/// Writes down that a part is sealed.
pub async fn put(tx: &mut Tx, part: &Part) -> Result<(), DbError> {
    let put = sql("INSERT INTO play_archive (from_index, to_index, received, batches, plays, bytes, digest, sealed_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let put = put.bind(part.from).bind(part.to).bind(part.received.to_string()).bind(part.to - part.from);
    tx.exec(put.bind(part.plays).bind(part.bytes).bind(&part.digest.as_bytes()[..]).bind(part.sealed)).await?;
    Ok(())
}

/// An entry of the log with when its batch came.
pub struct Logged {
    /// Which.
    pub index: u64,
    /// The screen's number.
    pub screen: i64,
    /// What the log has of it.
    pub entry: LogEntry,
    /// When it came.
    pub received: UtcMillis,
}

/// Entries from this number on, at most so many.
pub async fn logged(db: &Db, from: u64, most: u32) -> Result<Vec<Logged>, DbError> {
    let some =
        sql("SELECT e.log_index, e.screen_no, s.screen_id, e.sequence, e.digest, b.received_at FROM log_entries e
                    JOIN play_screens s ON s.no = e.screen_no
                    JOIN play_batches b ON b.screen_no = e.screen_no AND b.sequence = e.sequence
                    WHERE e.log_index >= $1 ORDER BY e.log_index LIMIT $2");
    let read = |row: &Row| {
        Ok(Logged {
            index: row.number("log_index")?,
            screen: row.int("screen_no")?,
            entry: entry(row)?,
            received: row.instant("received_at")?,
        })
    };
    db.all(some.bind(from).bind(most)).await?.iter().map(read).collect()
}
