//! Signed batches and how far each screen's chain goes.

use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlog::{ChainHead, SignedBatch},
    time::UtcMillis,
};

use crate::db::{Db, DbError, Row, Tx, sql};

/// What is known of a stored batch without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBatch {
    /// Whose.
    pub screen: ScreenId,
    /// Its number.
    pub sequence: u64,
    /// Its name.
    pub digest: Digest,
    /// When it came.
    pub received: UtcMillis,
    /// Positions of its plays that are not counted.
    pub not_counted: Vec<u32>,
}

fn read(row: &Row) -> Result<StoredBatch, DbError> {
    Ok(StoredBatch {
        screen: row.parse("screen_id")?,
        sequence: row.number("sequence")?,
        digest: row.parse("digest")?,
        received: row.instant("received_at")?,
        not_counted: row.json("not_counted")?,
    })
}

pub async fn find(db: &Db, screen: ScreenId, sequence: u64) -> Result<Option<StoredBatch>, DbError> {
    let query = sql("SELECT screen_id, sequence, digest, received_at, not_counted FROM play_batches
                     WHERE screen_id = $1 AND sequence = $2");
    db.opt(query.bind(screen).bind(sequence)).await?.as_ref().map(read).transpose()
}

/// The signed bytes of a batch.
pub async fn signed(db: &Db, screen: ScreenId, sequence: u64) -> Result<Vec<u8>, DbError> {
    let query = sql("SELECT signed FROM play_batches WHERE screen_id = $1 AND sequence = $2");
    db.one(query.bind(screen).bind(sequence)).await?.bytes("signed")
}

/// The end of a screen's chain.
pub async fn head(db: &Db, screen: ScreenId) -> Result<ChainHead, DbError> {
    let query = sql("SELECT sequence, digest FROM play_chains WHERE screen_id = $1").bind(screen);
    match db.opt(query).await? {
        Some(row) => Ok(ChainHead { screen, sequence: row.number("sequence")?, digest: row.parse("digest")? }),
        None => Ok(ChainHead::start(screen)),
    }
}

/// Moves the end of the chain from where we saw it to its new place; `false` if it was not there any more.
pub async fn move_head(tx: &mut Tx, from: ChainHead, to: ChainHead) -> Result<bool, DbError> {
    if from.sequence == 0 {
        let start = sql("INSERT INTO play_chains (screen_id, sequence, digest) VALUES ($1, 0, $2)
                         ON CONFLICT (screen_id) DO NOTHING");
        tx.exec(start.bind(from.screen).bind(from.digest)).await?;
    }
    let step = sql("UPDATE play_chains SET sequence = $2, digest = $3
                    WHERE screen_id = $1 AND sequence = $4 AND digest = $5");
    let step = step.bind(to.screen).bind(to.sequence).bind(to.digest).bind(from.sequence).bind(from.digest);
    Ok(tx.exec(step).await? == 1)
}

pub async fn insert(tx: &mut Tx, stored: &StoredBatch, batch: &SignedBatch) -> Result<(), DbError> {
    let positions: Vec<_> = stored.not_counted.iter().map(u32::to_string).collect();
    tx.exec(
        sql(
            "INSERT INTO play_batches (screen_id, sequence, digest, sealed_at, received_at, plays, not_counted, signed)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(stored.screen)
        .bind(stored.sequence)
        .bind(stored.digest)
        .bind(batch.batch().sealed)
        .bind(stored.received)
        .bind(batch.batch().plays.len())
        .bind(format!("[{}]", positions.join(",")))
        .bind(batch.signed()),
    )
    .await?;
    Ok(())
}

/// The signed batches that hold plays begun within this time, and which of their plays are not counted.
pub async fn around(
    db: &Db,
    screen: ScreenId,
    time: xuanping_core::time::UtcInterval,
) -> Result<Vec<(Vec<u8>, Vec<u32>)>, DbError> {
    let some = sql("SELECT signed, not_counted FROM play_batches WHERE screen_id = $1 AND sequence IN
                    (SELECT DISTINCT sequence FROM plays WHERE screen_id = $1 AND started_at >= $2 AND started_at < $3)
                    ORDER BY sequence");
    let rows = db.all(some.bind(screen).bind(time.start).bind(time.end)).await?;
    rows.iter().map(|row| Ok((row.bytes("signed")?, row.json("not_counted")?))).collect()
}

/// Until when a screen has reported. What a clock that was ahead said of later than we heard it is not believed.
pub async fn reported_until(db: &Db, screen: ScreenId) -> Result<Option<UtcMillis>, DbError> {
    let newest = sql("SELECT MAX(CASE WHEN sealed_at < received_at THEN sealed_at ELSE received_at END) AS told
                      FROM play_batches WHERE screen_id = $1");
    db.one(newest.bind(screen)).await?.opt_instant("told")
}

/// When the first batch came from a screen at `since` or later: proof that it was within reach then.
pub async fn first_received_since(db: &Db, screen: ScreenId, since: UtcMillis) -> Result<Option<UtcMillis>, DbError> {
    let first = sql("SELECT MIN(received_at) AS first FROM play_batches WHERE screen_id = $1 AND received_at >= $2");
    db.one(first.bind(screen).bind(since)).await?.opt_instant("first")
}
