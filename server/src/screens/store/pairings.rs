//! SQL of players that wait for their code, and of enrolment tokens.

use xuanping_core::{
    digest::Digest,
    geometry::{Layout, Sound},
    id::VenueId,
    time::UtcMillis,
};

use super::super::Waiting;
use crate::db::{Db, DbError, Row, Tx, code_of, sql};

const COLUMNS: &str = "public_key, capabilities, code, expires_at, used_at";

fn read(row: &Row) -> Result<Waiting, DbError> {
    Ok(Waiting {
        public_key: row.parse("public_key")?,
        capabilities: row.json("capabilities")?,
        code: row.text("code")?,
        expires: row.instant("expires_at")?,
        used: row.opt_instant("used_at")?,
    })
}

/// The code that a player shows now.
pub(in crate::screens) async fn of_key(db: &Db, key: Digest, now: UtcMillis) -> Result<Option<Waiting>, DbError> {
    let query = sql(format!(
        "SELECT {COLUMNS} FROM pairings WHERE fingerprint = $1 AND used_at IS NULL AND expires_at > $2
                     ORDER BY expires_at DESC LIMIT 1"
    ));
    db.opt(query.bind(key).bind(now)).await?.as_ref().map(read).transpose()
}

pub(in crate::screens) async fn by_code(db: &Db, code: &str) -> Result<Option<Waiting>, DbError> {
    let query = sql(format!("SELECT {COLUMNS} FROM pairings WHERE code = $1")).bind(code);
    db.opt(query).await?.as_ref().map(read).transpose()
}

/// Whether it was inserted: not if the code is in use.
pub(in crate::screens) async fn insert(tx: &mut Tx, waiting: &Waiting) -> Result<bool, DbError> {
    let capabilities = serde_json::to_string(&waiting.capabilities)
        .map_err(|e| DbError::Column { column: "capabilities".into(), why: e.to_string() })?;
    let touched = tx
        .exec(
            sql("INSERT INTO pairings (code, fingerprint, public_key, capabilities, expires_at)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (code) DO NOTHING")
            .bind(&waiting.code)
            .bind(waiting.public_key.fingerprint())
            .bind(waiting.public_key)
            .bind(capabilities)
            .bind(waiting.expires),
        )
        .await?;
    Ok(touched == 1)
}

/// How many players show a code.
pub(in crate::screens) async fn count_waiting(tx: &mut Tx, now: UtcMillis) -> Result<i64, DbError> {
    tx.one(sql("SELECT COUNT(*) AS n FROM pairings WHERE used_at IS NULL AND expires_at > $1").bind(now))
        .await?
        .int("n")
}

/// Uses up every code that a key shows; whether there was one. Of two who do this at once, one finds none.
pub(in crate::screens) async fn use_up(tx: &mut Tx, key: Digest, now: UtcMillis) -> Result<bool, DbError> {
    let used = sql("UPDATE pairings SET used_at = $2 WHERE fingerprint = $1 AND used_at IS NULL");
    Ok(tx.exec(used.bind(key).bind(now)).await? > 0)
}

/// Codes are kept an hour beyond their end, so that a late operator is told "expired" or "used" and not "wrong".
pub(in crate::screens) async fn forget_expired(tx: &mut Tx, now: UtcMillis) -> Result<(), DbError> {
    tx.exec(sql("DELETE FROM pairings WHERE expires_at <= $1").bind(now.plus(-3_600_000))).await?;
    Ok(())
}

/// What a token stands for.
pub(in crate::screens) struct Token {
    pub venue: VenueId,
    pub name: String,
    pub layout: Layout,
    pub sound: Sound,
}

pub(in crate::screens) async fn put_token(
    tx: &mut Tx,
    digest: Digest,
    token: &Token,
    expires: UtcMillis,
) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO enrolment_tokens (token_digest, venue_id, screen_name, layout, sound, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(digest)
        .bind(token.venue)
        .bind(&token.name)
        .bind(token.layout.to_string())
        .bind(code_of(&token.sound))
        .bind(expires),
    )
    .await?;
    Ok(())
}

/// Uses a token up; `None` if it is unknown, used or expired.
pub(in crate::screens) async fn take_token(
    tx: &mut Tx,
    digest: Digest,
    now: UtcMillis,
) -> Result<Option<Token>, DbError> {
    let used = sql("UPDATE enrolment_tokens SET used_at = $2
                    WHERE token_digest = $1 AND used_at IS NULL AND expires_at > $2");
    if tx.exec(used.bind(digest).bind(now)).await? == 0 {
        return Ok(None);
    }
    let row = tx
        .one(
            sql("SELECT venue_id, screen_name, layout, sound FROM enrolment_tokens WHERE token_digest = $1")
                .bind(digest),
        )
        .await?;
    Ok(Some(Token {
        venue: row.parse("venue_id")?,
        name: row.text("screen_name")?,
        layout: row.parse("layout")?,
        sound: row.code("sound")?,
    }))
}
