//! SQL of the Merkle log: what waits for a number, entries, tiles, checkpoints, witnesses.

use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    playlog::LogEntry,
    time::UtcMillis,
    tlog::{TileId, VerifierKey},
};

use super::batches::rows;
use crate::db::{Db, DbError, Row, Tx, sql};

/// What nobody may do at the same time: give out numbers.
const NUMBERING: &str = "play log";

/// A checkpoint as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many entries.
    pub size: u64,
    /// The signed note, with the cosignatures so far.
    pub note: String,
}

/// A batch that waits for its number: its screen's number, its own, its name.
pub type Waiting = (i64, u64, Digest);

/// Has batches wait for their numbers.
pub async fn wait(tx: &mut Tx, batches: &[Waiting]) -> Result<(), DbError> {
    for some in batches.chunks(200) {
        let text = format!("INSERT INTO log_waiting (screen_no, sequence, digest) VALUES {}", rows(some.len(), 3));
        let wait = some.iter().fold(sql(text), |wait, (screen, sequence, digest)| {
            wait.bind(*screen).bind(*sequence).bind(&digest.as_bytes()[..])
        });
        tx.exec(wait).await?;
    }
    Ok(())
}

/// Batches that have no number yet, at most so many. Nobody else takes them until the transaction ends.
pub async fn take_waiting(tx: &mut Tx, most: u32) -> Result<Vec<LogEntry>, DbError> {
    tx.alone(NUMBERING).await?;
    let waiting = sql("SELECT s.screen_id, w.sequence, w.digest FROM log_waiting w
                       JOIN play_batches b ON b.screen_no = w.screen_no AND b.sequence = w.sequence
                       JOIN play_screens s ON s.no = w.screen_no
                       ORDER BY b.received_at, s.screen_id, w.sequence LIMIT $1");
    tx.all(waiting.bind(i64::from(most))).await?.iter().map(entry).collect()
}

pub(super) fn entry(row: &Row) -> Result<LogEntry, DbError> {
    let damaged = |_| DbError::Column { column: "digest".into(), why: "not 32 bytes".into() };
    let digest = Digest::try_from(&*row.bytes("digest")?).map_err(damaged)?;
    Ok(LogEntry::new(row.parse("screen_id")?, row.number("sequence")?, digest))
}

/// How many entries there are.
pub async fn size(tx: &mut Tx) -> Result<u64, DbError> {
    tx.one(sql("SELECT CAST(COALESCE(MAX(log_index) + 1, 0) AS BIGINT) AS size FROM log_entries")).await?.number("size")
}

/// Gives a waiting batch its number.
pub async fn number(tx: &mut Tx, index: u64, entry: LogEntry) -> Result<(), DbError> {
    let new = sql("INSERT INTO log_entries (log_index, screen_no, sequence, digest)
                   SELECT $1, no, $2, $3 FROM play_screens WHERE screen_id = $4");
    let new = new.bind(index).bind(entry.sequence).bind(&entry.batch.as_bytes()[..]).bind(entry.screen);
    tx.exec(new).await?;
    let done = sql("DELETE FROM log_waiting WHERE sequence = $2 AND screen_no =
                    (SELECT no FROM play_screens WHERE screen_id = $1)");
    tx.exec(done.bind(entry.screen).bind(entry.sequence)).await?;
    Ok(())
}

fn hashes(row: &Row) -> Result<Vec<Digest>, DbError> {
    let bytes = row.bytes("hashes")?;
    Ok(bytes.chunks_exact(32).filter_map(|hash| Digest::try_from(hash).ok()).collect())
}

/// A tile as far as it is filled; empty if it is not there.
pub async fn tile(db: &Db, tile: TileId) -> Result<Vec<Digest>, DbError> {
    Ok(db.opt(select_tile(tile)).await?.as_ref().map(hashes).transpose()?.unwrap_or_default())
}

/// The same within a transaction.
pub async fn tile_in(tx: &mut Tx, tile: TileId) -> Result<Vec<Digest>, DbError> {
    Ok(tx.opt(select_tile(tile)).await?.as_ref().map(hashes).transpose()?.unwrap_or_default())
}

fn select_tile(tile: TileId) -> crate::db::Statement {
    sql("SELECT hashes FROM log_tiles WHERE level = $1 AND tile = $2").bind(i64::from(tile.level)).bind(tile.index)
}

/// Writes a tile that has grown.
pub async fn put_tile(tx: &mut Tx, tile: TileId, hashes: &[Digest]) -> Result<(), DbError> {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
    let put = sql("INSERT INTO log_tiles (level, tile, hashes) VALUES ($1, $2, $3)
                   ON CONFLICT (level, tile) DO UPDATE SET hashes = excluded.hashes");
    tx.exec(put.bind(i64::from(tile.level)).bind(tile.index).bind(bytes)).await?;
    Ok(())
}

/// Entries from this number on, at most so many.
pub async fn entries(db: &Db, from: u64, most: u64) -> Result<Vec<LogEntry>, DbError> {
    let some = sql("SELECT s.screen_id, e.sequence, e.digest FROM log_entries e
                    JOIN play_screens s ON s.no = e.screen_no
                    WHERE e.log_index >= $1 AND e.log_index < $2 ORDER BY e.log_index");
    db.all(some.bind(from).bind(from.saturating_add(most))).await?.iter().map(entry).collect()
}

/// The number of a batch.
pub async fn index_of(db: &Db, screen: ScreenId, sequence: u64) -> Result<Option<u64>, DbError> {
    let one = sql("SELECT e.log_index FROM log_entries e JOIN play_screens s ON s.no = e.screen_no
                   WHERE s.screen_id = $1 AND e.sequence = $2");
    db.opt(one.bind(screen).bind(sequence)).await?.map(|row| row.number("log_index")).transpose()
}

/// The number of the newest batch of a screen among the first so many entries; 0 if there is none.
pub async fn newest_of(db: &Db, screen: ScreenId, size: u64) -> Result<u64, DbError> {
    let newest = sql("SELECT e.sequence FROM log_entries e JOIN play_screens s ON s.no = e.screen_no
                      WHERE s.screen_id = $1 AND e.log_index < $2 ORDER BY e.sequence DESC LIMIT 1");
    let row = db.opt(newest.bind(screen).bind(size)).await?;
    Ok(row.map(|row| row.number("sequence")).transpose()?.unwrap_or(0))
}

pub async fn put_checkpoint(tx: &mut Tx, checkpoint: &StoredCheckpoint, now: UtcMillis) -> Result<(), DbError> {
    let put = sql("INSERT INTO log_checkpoints (size, signed_at, note, cosigned) VALUES ($1, $2, $3, 0)
                   ON CONFLICT (size) DO NOTHING");
    tx.exec(put.bind(checkpoint.size).bind(now).bind(checkpoint.note.clone())).await?;
    Ok(())
}

fn checkpoint(row: &Row) -> Result<StoredCheckpoint, DbError> {
    Ok(StoredCheckpoint { size: row.number("size")?, note: row.text("note")? })
}

/// The newest checkpoint.
pub async fn newest(db: &Db) -> Result<Option<StoredCheckpoint>, DbError> {
    let newest = sql("SELECT size, note FROM log_checkpoints ORDER BY size DESC LIMIT 1");
    db.opt(newest).await?.as_ref().map(checkpoint).transpose()
}

/// The newest that witnesses have signed.
pub async fn newest_cosigned(db: &Db) -> Result<Option<StoredCheckpoint>, DbError> {
    let newest = sql("SELECT size, note FROM log_checkpoints WHERE cosigned > 0 ORDER BY size DESC LIMIT 1");
    db.opt(newest).await?.as_ref().map(checkpoint).transpose()
}

/// The checkpoint of this size.
pub async fn checkpoint_in(tx: &mut Tx, size: u64) -> Result<Option<StoredCheckpoint>, DbError> {
    let one = sql("SELECT size, note FROM log_checkpoints WHERE size = $1").bind(size);
    tx.opt(one).await?.as_ref().map(checkpoint).transpose()
}

/// Writes the note of a checkpoint with cosignatures added.
pub async fn put_cosigned(tx: &mut Tx, checkpoint: &StoredCheckpoint, witnesses: usize) -> Result<(), DbError> {
    let put = sql("UPDATE log_checkpoints SET note = $2, cosigned = $3 WHERE size = $1");
    tx.exec(put.bind(checkpoint.size).bind(checkpoint.note.clone()).bind(witnesses)).await?;
    Ok(())
}

/// Witnesses whose cosignatures are taken.
pub async fn witnesses(db: &Db) -> Result<Vec<VerifierKey>, DbError> {
    let all = sql("SELECT verifier FROM log_witnesses ORDER BY added_at, verifier");
    db.all(all).await?.iter().map(|row| row.parse("verifier")).collect()
}

/// Takes a witness's cosignatures from now on.
pub async fn add_witness(tx: &mut Tx, witness: &VerifierKey, now: UtcMillis) -> Result<(), DbError> {
    let add = sql("INSERT INTO log_witnesses (verifier, added_at) VALUES ($1, $2) ON CONFLICT (verifier) DO NOTHING");
    tx.exec(add.bind(witness.to_string()).bind(now)).await?;
    Ok(())
}

/// The entry of a batch, if it has one.
pub async fn entry_of(db: &Db, screen: ScreenId, sequence: u64) -> Result<Option<LogEntry>, DbError> {
    let one = sql("SELECT s.screen_id, e.sequence, e.digest FROM log_entries e
                   JOIN play_screens s ON s.no = e.screen_no WHERE s.screen_id = $1 AND e.sequence = $2");
    db.opt(one.bind(screen).bind(sequence)).await?.as_ref().map(entry).transpose()
}
