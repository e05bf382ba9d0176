//! SQL of instructions.

use xuanping_core::{id::ScreenId, time::UtcMillis, wire::Obeyed};

use super::super::instructions::{Given, Kind};
use crate::db::{Db, DbError, Row, Tx, code_of, sql};

const GIVEN: &str =
    "id, screen_id, kind, seconds, code, lines, created_at, created_by, expires_at, permit, done_at, could_not";

fn read(row: &Row) -> Result<Given, DbError> {
    Ok(Given {
        id: row.parse("id")?,
        screen: row.parse("screen_id")?,
        kind: row.code("kind")?,
        seconds: row.number("seconds")?,
        code: row.text("code")?,
        lines: row.json("lines")?,
        created_at: row.instant("created_at")?,
        created_by: row.text("created_by")?,
        expires: row.instant("expires_at")?,
        permit: row.opt_bytes("permit")?.unwrap_or_default(),
        done: row.opt_instant("done_at")?,
        could_not: row.opt_text("could_not")?.map(|_| row.code("could_not")).transpose()?,
    })
}

pub(in crate::playlists) async fn insert(tx: &mut Tx, given: &Given) -> Result<(), DbError> {
    let lines = serde_json::to_string(&given.lines);
    let lines = lines.map_err(|e| DbError::Column { column: "lines".into(), why: e.to_string() })?;
    let insert =
        sql(format!("INSERT INTO instructions ({GIVEN}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"));
    let insert = insert
        .bind(given.id.to_string())
        .bind(given.screen)
        .bind(code_of(&given.kind))
        .bind(u32::from(given.seconds))
        .bind(&given.code)
        .bind(lines)
        .bind(given.created_at)
        .bind(&given.created_by)
        .bind(given.expires)
        .bind(Some(given.permit.clone()).filter(|permit| !permit.is_empty()))
        .bind(given.done)
        .bind(given.could_not.map(|why| code_of(&why)));
    tx.exec(insert).await.map(drop)
}

/// Those that screens are still to do, of all screens, the oldest first.
pub(in crate::playlists) async fn pending(db: &Db, now: UtcMillis) -> Result<Vec<Given>, DbError> {
    let query = sql(format!(
        "SELECT {GIVEN} FROM instructions WHERE expires_at > $1 AND done_at IS NULL ORDER BY created_at, id"
    ));
    db.all(query.bind(now)).await?.iter().map(read).collect()
}

/// The newest of a screen, the newest first.
pub(in crate::playlists) async fn newest(db: &Db, screen: ScreenId, most: u32) -> Result<Vec<Given>, DbError> {
    let query = sql(format!(
        "SELECT {GIVEN} FROM instructions WHERE screen_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
    ));
    db.all(query.bind(screen).bind(most)).await?.iter().map(read).collect()
}

/// How many a screen is still to do.
pub(in crate::playlists) async fn count_pending(tx: &mut Tx, screen: ScreenId, now: UtcMillis) -> Result<i64, DbError> {
    let count = sql("SELECT COUNT(*) AS n FROM instructions
                     WHERE screen_id = $1 AND expires_at > $2 AND done_at IS NULL");
    tx.one(count.bind(screen).bind(now)).await?.int("n")
}

/// Whether a screen is still to change its key.
pub(in crate::playlists) async fn is_changing_key(
    tx: &mut Tx,
    screen: ScreenId,
    now: UtcMillis,
) -> Result<bool, DbError> {
    let some = sql("SELECT id FROM instructions
                    WHERE screen_id = $1 AND kind = $2 AND expires_at > $3 AND done_at IS NULL LIMIT 1");
    Ok(tx.opt(some.bind(screen).bind(code_of(&Kind::ChangeKey)).bind(now)).await?.is_some())
}

/// A screen did this, or could not, says its player.
pub(in crate::playlists) async fn done(db: &Db, screen: ScreenId, obeyed: Obeyed) -> Result<(), DbError> {
    let done = sql(
        "UPDATE instructions SET done_at = $3, could_not = $4 WHERE id = $1 AND screen_id = $2 AND done_at IS NULL",
    );
    let why = obeyed.could_not.map(|why| code_of(&why));
    db.exec(done.bind(obeyed.id.to_string()).bind(screen).bind(obeyed.at).bind(why)).await.map(drop)
}
