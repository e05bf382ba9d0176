//! SQL of evidence pictures. Rows are only added.

use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    time::{UtcInterval, UtcMillis},
};

use super::super::evidence::{KeptPicture, MediaType};
use crate::db::{Db, DbError, Row, sql};

const PICTURE: &str = "taken_at, digest, received_at, media_type, bytes, width, height, moment, instruction";

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
        "SELECT {PICTURE} FROM evidence_pictures WHERE screen_id = $1 AND taken_at >= $2 AND taken_at < $3
         ORDER BY taken_at, digest"
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
        "SELECT {PICTURE} FROM evidence_pictures WHERE screen_id = $1 AND taken_at >= $2 AND taken_at < $3
         ORDER BY taken_at DESC, digest LIMIT $4"
    ));
    db.all(query.bind(screen).bind(time.start).bind(time.end).bind(most)).await?.iter().map(read).collect()
}

/// The newest, the newest first.
pub async fn newest(db: &Db, screen: ScreenId, most: u32) -> Result<Vec<KeptPicture>, DbError> {
    let query = sql(format!(
        "SELECT {PICTURE} FROM evidence_pictures WHERE screen_id = $1 ORDER BY taken_at DESC, digest LIMIT $2"
    ));
    db.all(query.bind(screen).bind(most)).await?.iter().map(read).collect()
}

/// Whether a screen sent this picture, and what sort of file it is.
pub async fn media_type(db: &Db, screen: ScreenId, digest: Digest) -> Result<Option<MediaType>, DbError> {
    let query = sql("SELECT media_type FROM evidence_pictures WHERE screen_id = $1 AND digest = $2 LIMIT 1");
    db.opt(query.bind(screen).bind(digest)).await?.as_ref().map(|row| row.code("media_type")).transpose()
}
