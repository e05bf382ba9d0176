//! SQL of evidence pictures. Rows are only added.

use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    time::{UtcInterval, UtcMillis},
};

use super::super::evidence::{KeptPicture, MediaType};
use crate::db::{Db, DbError, Row, Tx, sql};

const PICTURE: &str = "taken_at, digest, received_at, media_type, bytes, width, height, moment, instruction";
/// With when its file was removed.
const KEPT: &str = "p.taken_at, p.digest, p.received_at, p.media_type, p.bytes, p.width, p.height, p.moment, p.instruction, \
    r.removed_at FROM evidence_pictures p LEFT JOIN evidence_removed r \
    ON r.screen_id = p.screen_id AND r.taken_at = p.taken_at AND r.digest = p.digest";

fn read(row: &Row) -> Result<KeptPicture, DbError> {
    Ok(KeptPicture {
        taken: row.instant("taken_at")?,
        digest: row.parse("digest")?,
        received: row.instant("received_at")?,
        media_type: row.code("media_type")?,
        bytes: row.number("bytes")?,
        width: row.number("width")?,
        height: row.number("height")?,
        moment: row.opt_instant("moment")?,
        instruction: row.opt_parse("instruction")?,
        removed: row.opt_instant("removed_at")?,
    })
}

/// The same picture again changes nothing.
pub async fn insert(db: &Db, screen: ScreenId, picture: &KeptPicture) -> Result<(), DbError> {
    let insert = sql(format!(
        "INSERT INTO evidence_pictures (screen_id, {PICTURE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (screen_id, taken_at, digest) DO NOTHING"
    ));
    let insert = insert
        .bind(screen)
        .bind(picture.taken)
        .bind(picture.digest)
        .bind(picture.received)
        .bind(crate::db::code_of(&picture.media_type))
        .bind(picture.bytes)
        .bind(picture.width)
        .bind(picture.height)
        .bind(picture.moment)
        .bind(picture.instruction.map(|id| id.to_string()));
    db.exec(insert).await.map(drop)
}

/// How many came from a screen since then.
pub async fn received_since(db: &Db, screen: ScreenId, since: UtcMillis) -> Result<i64, DbError> {
    let count = sql("SELECT COUNT(*) AS n FROM evidence_pictures WHERE screen_id = $1 AND received_at >= $2");
    db.one(count.bind(screen).bind(since)).await?.int("n")
}

/// Those taken within this time, ascending.
pub async fn taken_within(db: &Db, screen: ScreenId, time: UtcInterval) -> Result<Vec<KeptPicture>, DbError> {
    let query = sql(format!(
        "SELECT {KEPT} WHERE p.screen_id = $1 AND p.taken_at >= $2 AND p.taken_at < $3 ORDER BY p.taken_at, p.digest"
    ));
    db.all(query.bind(screen).bind(time.start).bind(time.end)).await?.iter().map(read).collect()
}

/// The newest of those taken within this time, the newest first.
pub async fn newest_within(
    db: &Db,
    screen: ScreenId,
    time: UtcInterval,
    most: usize,
) -> Result<Vec<KeptPicture>, DbError> {
    let query = sql(format!(
        "SELECT {KEPT} WHERE p.screen_id = $1 AND p.taken_at >= $2 AND p.taken_at < $3
         ORDER BY p.taken_at DESC, p.digest LIMIT $4"
    ));
    db.all(query.bind(screen).bind(time.start).bind(time.end).bind(most)).await?.iter().map(read).collect()
}

/// The newest, the newest first.
pub async fn newest(db: &Db, screen: ScreenId, most: u32) -> Result<Vec<KeptPicture>, DbError> {
    let query = sql(format!("SELECT {KEPT} WHERE p.screen_id = $1 ORDER BY p.taken_at DESC, p.digest LIMIT $2"));
    db.all(query.bind(screen).bind(most)).await?.iter().map(read).collect()
}

/// Whether a screen sent this picture, what sort of file it is, and when that was removed.
pub async fn media_type(
    db: &Db,
    screen: ScreenId,
    digest: Digest,
) -> Result<Option<(MediaType, Option<UtcMillis>)>, DbError> {
    // A wall that looked the same later gave the same bytes again: those are there for longer.
    let query = sql(format!("SELECT {KEPT} WHERE p.screen_id = $1 AND p.digest = $2 ORDER BY p.taken_at DESC LIMIT 1"));
    let row = db.opt(query.bind(screen).bind(digest)).await?;
    row.map(|row| Ok((row.code("media_type")?, row.opt_instant("removed_at")?))).transpose()
}

/// A picture whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// Whose.
    pub screen: ScreenId,
    /// When it was taken.
    pub taken: UtcMillis,
    /// Of its bytes.
    pub digest: Digest,
    /// When it came.
    pub received: UtcMillis,
}

/// Those that came before this instant and are not removed, the oldest first.
pub async fn overdue(db: &Db, before: UtcMillis, most: u32) -> Result<Vec<Overdue>, DbError> {
    let some = sql("SELECT p.screen_id, p.taken_at, p.digest, p.received_at
         FROM evidence_pictures p LEFT JOIN evidence_removed r
           ON r.screen_id = p.screen_id AND r.taken_at = p.taken_at AND r.digest = p.digest
         WHERE p.received_at < $1 AND p.received_at >= COALESCE((SELECT MAX(received_at) FROM evidence_removed), 0)
           AND r.removed_at IS NULL
         ORDER BY p.received_at LIMIT $2");
    let read = |row: &Row| {
        let (screen, taken) = (row.parse("screen_id")?, row.instant("taken_at")?);
        Ok(Overdue { screen, taken, digest: row.parse("digest")?, received: row.instant("received_at")? })
    };
    db.all(some.bind(before).bind(most)).await?.iter().map(read).collect()
}

/// Whether the same bytes came again, at this instant or later, from any screen.
pub async fn came_since(db: &Db, digest: Digest, since: UtcMillis) -> Result<bool, DbError> {
    let one = sql("SELECT digest FROM evidence_pictures WHERE digest = $1 AND received_at >= $2 LIMIT 1");
    Ok(db.opt(one.bind(digest).bind(since)).await?.is_some())
}

/// Their files are removed.
pub async fn removed(tx: &mut Tx, pictures: &[Overdue], now: UtcMillis) -> Result<(), DbError> {
    for picture in pictures {
        let insert = sql("INSERT INTO evidence_removed (screen_id, taken_at, digest, received_at, removed_at)
                          VALUES ($1, $2, $3, $4, $5) ON CONFLICT (screen_id, taken_at, digest) DO NOTHING");
        let insert = insert.bind(picture.screen).bind(picture.taken).bind(picture.digest);
        tx.exec(insert.bind(picture.received).bind(now)).await?;
    }
    Ok(())
}
