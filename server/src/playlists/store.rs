//! SQL of playlists and manifests.

pub(super) mod instructions;

use std::collections::HashMap;

use xuanping_core::{
    digest::Digest,
    id::{ScreenId, TakeoverId},
    playlist::{EvidenceOrders, WallSettings},
    time::{DateRange, UtcMillis},
};

use super::{Issued, Told, Words, evidence::ToldEvidence};
use crate::db::{Db, DbError, placeholders, sql};

pub(super) async fn playlist_exists(db: &Db, digest: Digest) -> Result<bool, DbError> {
    Ok(db.opt(sql("SELECT digest FROM playlists WHERE digest = $1").bind(digest)).await?.is_some())
}

/// Those of these playlists that are there.
pub(super) async fn playlists_among(db: &Db, digests: Vec<Digest>) -> Result<Vec<Digest>, DbError> {
    let mut there = Vec::new();
    for some in digests.chunks(200) {
        let query = sql(format!("SELECT digest FROM playlists WHERE digest IN ({})", placeholders(1, some.len())));
        for row in &db.all(some.iter().fold(query, |query, digest| query.bind(*digest))).await? {
            there.push(row.parse("digest")?);
        }
    }
    Ok(there)
}

/// For which programmes these playlists were made; those made before that was noted are left out.
pub(super) async fn programmes_of(db: &Db, digests: Vec<Digest>) -> Result<Vec<(Digest, Digest)>, DbError> {
    let mut known = Vec::new();
    for some in digests.chunks(200) {
        let query = sql(format!(
            "SELECT digest, programme FROM playlists WHERE programme IS NOT NULL AND digest IN ({})",
            placeholders(1, some.len())
        ));
        for row in &db.all(some.iter().fold(query, |query, digest| query.bind(*digest))).await? {
            known.push((row.parse("digest")?, row.parse("programme")?));
        }
    }
    Ok(known)
}

/// Playlists, for which programmes they were made, and their days.
pub(super) async fn insert_playlists(
    db: &Db,
    playlists: &[(Digest, Digest, DateRange)],
    now: UtcMillis,
) -> Result<(), DbError> {
    if playlists.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    for some in playlists.chunks(200) {
        let row = |row: usize| format!("({})", placeholders(row * 5 + 1, 5));
        let rows: Vec<_> = (0..some.len()).map(row).collect();
        let insert = sql(format!(
            "INSERT INTO playlists (digest, programme, first_day, last_day, created_at) VALUES {}
             ON CONFLICT (digest) DO NOTHING",
            rows.join(", ")
        ));
        let bind = |insert: crate::db::Statement, (digest, programme, days): &(Digest, Digest, DateRange)| {
            let insert = insert.bind(*digest).bind(*programme);
            insert.bind(days.first.to_string()).bind(days.last.to_string()).bind(now)
        };
        tx.exec(some.iter().fold(insert, bind)).await?;
    }
    tx.commit().await
}

/// The manifests in force of the screens in service, unread.
pub(super) async fn newest_manifests(db: &Db) -> Result<Vec<(ScreenId, Issued)>, DbError> {
    let rows = db
        .all(sql("SELECT m.screen_id, m.version, m.issued_at, m.playlist, m.says, m.signed FROM screens s
                  JOIN manifests m ON m.screen_id = s.id
                   AND m.version = (SELECT MAX(n.version) FROM manifests n WHERE n.screen_id = s.id)
                  WHERE s.retired_at IS NULL"))
        .await?;
    rows.iter().map(|row| Ok((row.parse("screen_id")?, issued(row)?))).collect()
}

/// The manifest of a screen that was in force at an instant, unread.
pub(super) async fn manifest_at(db: &Db, screen: ScreenId, at: UtcMillis) -> Result<Option<Issued>, DbError> {
    let query = sql("SELECT version, issued_at, playlist, says, signed FROM manifests
                     WHERE screen_id = $1 AND issued_at <= $2 ORDER BY version DESC LIMIT 1");
    let row = db.opt(query.bind(screen).bind(at)).await?;
    row.as_ref().map(issued).transpose()
}

fn issued(row: &crate::db::Row) -> Result<Issued, DbError> {
    Ok(Issued {
        version: row.number("version")?,
        issued: row.instant("issued_at")?,
        playlist: row.opt_parse("playlist")?,
        says: None,
        words: words(row)?,
    })
}

/// The highest version of each of these screens that has one.
pub(super) async fn last_versions(db: &Db, screens: &[ScreenId]) -> Result<HashMap<ScreenId, u64>, DbError> {
    let mut versions = HashMap::new();
    for some in screens.chunks(200) {
        let query = sql(format!(
            "SELECT screen_id, MAX(version) AS version FROM manifests WHERE screen_id IN ({}) GROUP BY screen_id",
            placeholders(1, some.len())
        ));
        for row in &db.all(some.iter().fold(query, |query, id| query.bind(*id))).await? {
            versions.insert(row.parse("screen_id")?, row.number("version")?);
        }
    }
    Ok(versions)
}

/// Rows of manifests in one statement: what the driver does for each value grows with their number.
const ROWS: usize = 25;

/// All of them or none, and what those say of evidence pictures that say something new of them. A version that is there already
/// is an error: two processes planned at once.
pub(super) async fn insert_manifests(
    db: &Db,
    manifests: &[(ScreenId, Issued)],
    evidence: &[(ScreenId, u64, UtcMillis, Option<EvidenceOrders>)],
) -> Result<(), DbError> {
    if manifests.is_empty() {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    for some in manifests.chunks(ROWS) {
        let rows: Vec<_> = (0..some.len()).map(|row| format!("({})", placeholders(row * 8 + 1, 8))).collect();
        let insert = sql(format!(
            "INSERT INTO manifests (screen_id, version, issued_at, playlist, takeovers, says, signed, wall) VALUES {}",
            rows.join(", ")
        ));
        let insert = some.iter().try_fold(insert, |insert, (screen, issued)| {
            let takeovers = issued.says.as_ref().map_or(&[][..], |says| &says.takeovers);
            let ids: Vec<_> = takeovers.iter().map(|t| t.id.to_string()).collect();
            let (says, signed) = match &issued.words {
                Words::Payload(payload) => (payload.as_slice(), &[][..]),
                Words::Signed(signed) => (&[][..], signed.as_slice()),
            };
            let insert = insert
                .bind(*screen)
                .bind(issued.version)
                .bind(issued.issued)
                .bind(issued.playlist)
                .bind(ids.join(","))
                .bind(says)
                .bind(signed);
            Ok::<_, DbError>(insert.bind(wall_text(issued.says.as_ref().map(|says| &says.orders.wall))?))
        })?;
        tx.exec(insert).await?;
    }
    for some in evidence.chunks(ROWS) {
        let row = |row: usize| format!("({})", placeholders(row * 5 + 1, 5));
        let rows: Vec<_> = (0..some.len()).map(row).collect();
        let insert = sql(format!(
            "INSERT INTO evidence_orders (screen_id, version, told_at, nonce, per_day) VALUES {}",
            rows.join(", ")
        ));
        let insert = some.iter().fold(insert, |insert, (screen, version, at, orders)| {
            let nonce = orders.map(|orders| orders.nonce.to_string()).unwrap_or_default();
            let per_day = orders.map_or(0, |orders| u32::from(orders.per_day));
            insert.bind(*screen).bind(*version).bind(*at).bind(nonce).bind(per_day)
        });
        tx.exec(insert).await?;
    }
    tx.commit().await
}

/// The newest nonce of each of these screens that was told one, and since when it is used.
pub(super) async fn newest_nonces(
    db: &Db,
    screens: &[ScreenId],
) -> Result<HashMap<ScreenId, (Digest, UtcMillis)>, DbError> {
    let mut newest = HashMap::new();
    for some in screens.chunks(200) {
        let query = sql(format!(
            "SELECT e.screen_id, e.nonce, (SELECT MIN(f.told_at) FROM evidence_orders f
                                           WHERE f.screen_id = e.screen_id AND f.nonce = e.nonce) AS since
             FROM evidence_orders e WHERE e.screen_id IN ({}) AND e.nonce <> ''
              AND e.version = (SELECT MAX(n.version) FROM evidence_orders n
                               WHERE n.screen_id = e.screen_id AND n.nonce <> '')",
            placeholders(1, some.len())
        ));
        for row in &db.all(some.iter().fold(query, |query, id| query.bind(*id))).await? {
            newest.insert(row.parse("screen_id")?, (row.parse("nonce")?, row.instant("since")?));
        }
    }
    Ok(newest)
}

/// What a screen was told of evidence pictures, from the newest told by `since` to the last before `before`, ascending.
pub(super) async fn evidence_told(
    db: &Db,
    screen: ScreenId,
    since: UtcMillis,
    before: UtcMillis,
) -> Result<Vec<ToldEvidence>, DbError> {
    let query = sql("SELECT told_at, nonce, per_day FROM evidence_orders
                     WHERE screen_id = $1 AND told_at < $3
                       AND version >= COALESCE((SELECT MAX(m.version) FROM evidence_orders m
                                                WHERE m.screen_id = $1 AND m.told_at <= $2), 0)
                     ORDER BY version");
    let rows = db.all(query.bind(screen).bind(since).bind(before)).await?;
    let told = |row: &crate::db::Row| {
        let orders = match row.text("nonce")?.is_empty() {
            true => None,
            false => Some(EvidenceOrders { nonce: row.parse("nonce")?, per_day: row.number("per_day")? }),
        };
        Ok(ToldEvidence { at: row.instant("told_at")?, orders })
    };
    rows.iter().map(told).collect()
}

/// Empty for what is usual, as of every manifest before there were settings.
fn wall_text(wall: Option<&WallSettings>) -> Result<String, DbError> {
    let Some(wall) = wall.filter(|wall| !wall.is_usual()) else { return Ok(String::new()) };
    serde_json::to_string(wall).map_err(|e| DbError::Column { column: "wall".into(), why: e.to_string() })
}

fn read_wall(row: &crate::db::Row) -> Result<WallSettings, DbError> {
    if row.text("wall")?.is_empty() { Ok(WallSettings::default()) } else { row.json("wall") }
}

pub(super) async fn was_issued(db: &Db, screen: ScreenId, playlist: Digest) -> Result<bool, DbError> {
    let query = sql("SELECT version FROM manifests WHERE screen_id = $1 AND playlist = $2 LIMIT 1");
    Ok(db.opt(query.bind(screen).bind(playlist)).await?.is_some())
}

/// What a screen was told to play, the newest first; no further back than a few thousand manifests.
pub(super) async fn told(db: &Db, screen: ScreenId) -> Result<Vec<Told>, DbError> {
    let query = sql("SELECT version, issued_at, playlist FROM manifests
                     WHERE screen_id = $1 AND playlist IS NOT NULL ORDER BY version DESC LIMIT 3000");
    let rows = db.all(query.bind(screen)).await?;
    let told = |row: &crate::db::Row| {
        Ok(Told {
            version: row.number("version")?,
            issued: row.instant("issued_at")?,
            playlist: row.parse("playlist")?,
        })
    };
    rows.iter().map(told).collect()
}

/// How a screen was told to run its wall, from the newest manifest told by `since` to the last before `before`, ascending.
pub(super) async fn walls_told(
    db: &Db,
    screen: ScreenId,
    since: UtcMillis,
    before: UtcMillis,
) -> Result<Vec<(UtcMillis, WallSettings)>, DbError> {
    let query = sql("SELECT issued_at, wall FROM manifests
                     WHERE screen_id = $1 AND issued_at < $3
                       AND version >= COALESCE((SELECT MAX(m.version) FROM manifests m
                                                WHERE m.screen_id = $1 AND m.issued_at <= $2), 0)
                     ORDER BY version");
    let rows = db.all(query.bind(screen).bind(since).bind(before)).await?;
    rows.iter().map(|row| Ok((row.instant("issued_at")?, read_wall(row)?))).collect()
}

/// A manifest's bytes: signatures are stored no more.
fn words(row: &crate::db::Row) -> Result<Words, DbError> {
    let says = row.bytes("says")?;
    Ok(if says.is_empty() { Words::Signed(row.bytes("signed")?) } else { Words::Payload(says) })
}

/// Every screen that was ever told anything.
pub(super) async fn screens_told(db: &Db) -> Result<Vec<ScreenId>, DbError> {
    let rows = db.all(sql("SELECT DISTINCT screen_id FROM manifests")).await?;
    rows.iter().map(|row| row.parse("screen_id")).collect()
}

/// Of what these screens were told before an instant and is superseded: forgets the bytes, and those manifests altogether
/// that only said once more what the one before said. Whatever names a takeover stays as it is.
pub(super) async fn thin_manifests(db: &Db, screens: &[ScreenId], before: UtcMillis) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    for screen in screens {
        let said_again = sql("DELETE FROM manifests
             WHERE screen_id = $1 AND issued_at < $2 AND takeovers = ''
               AND version < (SELECT MAX(n.version) FROM manifests n WHERE n.screen_id = $1)
               AND EXISTS (SELECT b.version FROM manifests b
                           WHERE b.screen_id = $1 AND b.takeovers = ''
                             AND b.playlist IS NOT DISTINCT FROM manifests.playlist AND b.wall = manifests.wall
                             AND b.version = (SELECT MAX(c.version) FROM manifests c
                                              WHERE c.screen_id = $1 AND c.version < manifests.version))");
        tx.exec(said_again.bind(*screen).bind(before)).await?;
        let bytes = sql("UPDATE manifests SET says = $3, signed = $3
             WHERE screen_id = $1 AND issued_at < $2 AND takeovers = '' AND (says <> $3 OR signed <> $3)
               AND version < (SELECT MAX(n.version) FROM manifests n WHERE n.screen_id = $1)");
        tx.exec(bytes.bind(*screen).bind(before).bind(Vec::<u8>::new())).await?;
    }
    tx.commit().await
}

/// The manifests of a screen from the first that names this playlist to the one after the last, ascending: when, and whether
/// it names it.
pub(super) async fn around_playlist(
    db: &Db,
    screen: ScreenId,
    playlist: Digest,
) -> Result<Vec<(UtcMillis, bool)>, DbError> {
    let query = sql("SELECT m.issued_at, m.playlist FROM manifests m WHERE m.screen_id = $1
                      AND m.version >= (SELECT MIN(n.version) FROM manifests n WHERE n.screen_id = $1 AND n.playlist = $2)
                      AND m.version <= COALESCE(
                        (SELECT MIN(a.version) FROM manifests a WHERE a.screen_id = $1 AND a.version >
                          (SELECT MAX(n.version) FROM manifests n WHERE n.screen_id = $1 AND n.playlist = $2)),
                        m.version)
                     ORDER BY m.version");
    let rows = db.all(query.bind(screen).bind(playlist)).await?;
    let read = |row: &crate::db::Row| Ok((row.instant("issued_at")?, row.opt_parse("playlist")? == Some(playlist)));
    rows.iter().map(read).collect()
}

/// The manifests of a screen from the first that names this takeover on, ascending: when, the bytes, and whether it does.
pub(super) async fn since_takeover(
    db: &Db,
    screen: ScreenId,
    takeover: TakeoverId,
) -> Result<Vec<(UtcMillis, Words, bool)>, DbError> {
    let query = sql("SELECT m.issued_at, m.takeovers, m.says, m.signed FROM manifests m WHERE m.screen_id = $1
                      AND m.version >= (SELECT MIN(n.version) FROM manifests n
                                        WHERE n.screen_id = $1 AND n.takeovers LIKE $2)
                     ORDER BY m.version LIMIT 500");
    let rows = db.all(query.bind(screen).bind(format!("%{takeover}%"))).await?;
    let read = |row: &crate::db::Row| {
        let names = row.text("takeovers")?.contains(&takeover.to_string());
        Ok((row.instant("issued_at")?, words(row)?, names))
    };
    rows.iter().map(read).collect()
}
