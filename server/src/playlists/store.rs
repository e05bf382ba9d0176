//! SQL of playlists and manifests.

use xuanping_core::{
    digest::Digest,
    id::{ScreenId, TakeoverId},
    playlist::Takeover,
    time::{DateRange, UtcMillis},
};

use super::Issued;
use crate::db::{Db, DbError, sql};

pub(super) async fn playlist_exists(db: &Db, digest: Digest) -> Result<bool, DbError> {
    Ok(db.opt(sql("SELECT digest FROM playlists WHERE digest = $1").bind(digest)).await?.is_some())
}

pub(super) async fn insert_playlist(db: &Db, digest: Digest, days: DateRange, now: UtcMillis) -> Result<(), DbError> {
    db.exec(
        sql("INSERT INTO playlists (digest, first_day, last_day, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (digest) DO NOTHING")
        .bind(digest)
        .bind(days.first.to_string())
        .bind(days.last.to_string())
        .bind(now),
    )
    .await?;
    Ok(())
}

pub(super) async fn newest_manifests(db: &Db) -> Result<Vec<(ScreenId, Issued)>, DbError> {
    let rows = db
        .all(sql("SELECT m.screen_id, m.version, m.issued_at, m.playlist, m.signed FROM manifests m
                  JOIN (SELECT screen_id, MAX(version) AS version FROM manifests GROUP BY screen_id) n
                    ON n.screen_id = m.screen_id AND n.version = m.version"))
        .await?;
    rows.iter()
        .map(|row| {
            let issued = Issued {
                version: row.number("version")?,
                issued: row.instant("issued_at")?,
                playlist: row.opt_parse("playlist")?,
                signed: row.bytes("signed")?,
            };
            Ok((row.parse("screen_id")?, issued))
        })
        .collect()
}

/// A version that is there already is an error: two processes planned at once.
pub(super) async fn insert_manifest(
    db: &Db,
    screen: ScreenId,
    issued: &Issued,
    takeovers: &[Takeover],
) -> Result<(), DbError> {
    let ids: Vec<_> = takeovers.iter().map(|t| t.id.to_string()).collect();
    db.exec(
        sql("INSERT INTO manifests (screen_id, version, issued_at, playlist, takeovers, signed)
             VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(screen)
        .bind(issued.version)
        .bind(issued.issued)
        .bind(issued.playlist)
        .bind(ids.join(","))
        .bind(issued.signed.as_slice()),
    )
    .await?;
    Ok(())
}

pub(super) async fn was_issued(db: &Db, screen: ScreenId, playlist: Digest) -> Result<bool, DbError> {
    let query = sql("SELECT version FROM manifests WHERE screen_id = $1 AND playlist = $2 LIMIT 1");
    Ok(db.opt(query.bind(screen).bind(playlist)).await?.is_some())
}

/// Every manifest of a screen that names a takeover.
pub(super) async fn manifests_with_takeover(
    db: &Db,
    screen: ScreenId,
    takeover: TakeoverId,
) -> Result<Vec<Vec<u8>>, DbError> {
    let query = sql("SELECT signed FROM manifests WHERE screen_id = $1 AND takeovers LIKE $2");
    let rows = db.all(query.bind(screen).bind(format!("%{takeover}%"))).await?;
    rows.iter().map(|row| row.bytes("signed")).collect()
}
