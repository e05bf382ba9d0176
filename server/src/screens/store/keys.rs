//! SQL of changes of key.

use xuanping_core::{digest::Digest, id::ScreenId, playlog::SignedKeyChange, sign::PublicKey, time::UtcMillis};

use crate::db::{Db, DbError, Tx, sql};

/// The changes of a screen's key in their order, as both keys signed them.
pub(in crate::screens) async fn of(db: &Db, screen: ScreenId) -> Result<Vec<Vec<u8>>, DbError> {
    let all = sql("SELECT signed FROM screen_keys WHERE screen_id = $1 ORDER BY number");
    db.all(all.bind(screen)).await?.iter().map(|row| row.bytes("signed")).collect()
}

/// When this very change was recorded.
pub(in crate::screens) async fn recorded(tx: &mut Tx, change: Digest) -> Result<Option<UtcMillis>, DbError> {
    let one = sql("SELECT recorded_at FROM screen_keys WHERE digest = $1").bind(change);
    tx.opt(one).await?.map(|row| row.instant("recorded_at")).transpose()
}

/// The key with this fingerprint that a screen had once, and has no more.
pub(in crate::screens) async fn former(db: &Db, fingerprint: Digest) -> Result<Option<PublicKey>, DbError> {
    let one = sql("SELECT old_key FROM screen_keys WHERE fingerprint = $1").bind(fingerprint);
    db.opt(one).await?.map(|row| row.parse("old_key")).transpose()
}

/// Whether any screen has this key, or had.
pub(in crate::screens) async fn is_known(tx: &mut Tx, key: &PublicKey) -> Result<bool, DbError> {
    let one = sql("SELECT fingerprint FROM screens WHERE fingerprint = $1
                   UNION ALL SELECT fingerprint FROM screen_keys WHERE fingerprint = $1");
    Ok(!tx.all(one.bind(key.fingerprint())).await?.is_empty())
}

/// Records a change whose old key is the screen's.
pub(in crate::screens) async fn put(tx: &mut Tx, change: &SignedKeyChange, now: UtcMillis) -> Result<(), DbError> {
    let said = change.change();
    let insert = sql("INSERT INTO screen_keys (screen_id, number, digest, signed, old_key, fingerprint, recorded_at)
                      VALUES ($1, (SELECT COUNT(*) + 1 FROM screen_keys WHERE screen_id = $1), $2, $3, $4, $5, $6)");
    let insert = insert.bind(said.screen).bind(change.digest()).bind(change.signed()).bind(said.old);
    tx.exec(insert.bind(said.old.fingerprint()).bind(now)).await?;
    let update =
        sql("UPDATE screens SET public_key = $2, fingerprint = $3, key_from = $4, key_changed_at = $5 WHERE id = $1");
    let update = update.bind(said.screen).bind(said.new).bind(said.new.fingerprint()).bind(said.from);
    tx.exec(update.bind(now)).await.map(drop)
}
