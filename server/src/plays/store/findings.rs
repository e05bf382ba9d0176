//! What a person should look into. The same finding again only counts up.

use serde_json::Value;
use xuanping_core::{digest::Digest, id::ScreenId, time::UtcMillis};

use super::{
    super::{Filter, Finding, FindingKind},
    batches::rows,
    wanted::Wanted,
};
use crate::{
    db::{Db, DbError, Row, Tx, code_of, sql},
    screens::Screen,
};

/// Open findings of one kind kept of one screen. A screen that makes more is broken or hostile, and must not fill our disk:
/// the newest counts the others.
const KEPT_OPEN: i64 = 500;

/// A finding to be kept.
#[derive(Debug, Clone)]
pub struct NewFinding<'a> {
    /// Whose.
    pub screen: &'a Screen,
    /// What.
    pub kind: FindingKind,
    /// The batch's number, if it could be read.
    pub sequence: Option<u64>,
    /// Digest of the bytes as they came.
    pub batch: Digest,
    /// More.
    pub details: Value,
    /// The bytes, unless they are kept elsewhere.
    pub signed: Option<Vec<u8>>,
}

pub async fn note(db: &Db, new: NewFinding<'_>, now: UtcMillis) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    note_in(&mut tx, new, now).await?;
    tx.commit().await
}

pub async fn note_in(tx: &mut Tx, new: NewFinding<'_>, now: UtcMillis) -> Result<(), DbError> {
    let again = sql("UPDATE play_findings SET last_at = $4, times = times + 1
                     WHERE screen_id = $1 AND kind = $2 AND batch = $3");
    if tx.exec(again.bind(new.screen.id).bind(code_of(&new.kind)).bind(new.batch).bind(now)).await? > 0 {
        return Ok(());
    }
    let count = sql("SELECT COUNT(*) AS n, MAX(id) AS newest FROM play_findings
                     WHERE screen_id = $1 AND kind = $2 AND resolved_at IS NULL");
    let open = tx.one(count.bind(new.screen.id).bind(code_of(&new.kind))).await?;
    if open.int("n")? >= KEPT_OPEN {
        let further = sql("UPDATE play_findings SET last_at = $2, times = times + 1 WHERE id = $1");
        tx.exec(further.bind(open.int("newest")?).bind(now)).await?;
        return Ok(());
    }
    tx.exec(
        sql("INSERT INTO play_findings (screen_id, kind, sequence, batch, first_at, last_at, times, details, signed,
                                        area, department)
             VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8, $9, $10)
             ON CONFLICT (screen_id, kind, batch) DO NOTHING")
        .bind(new.screen.id)
        .bind(code_of(&new.kind))
        .bind(new.sequence)
        .bind(new.batch)
        .bind(now)
        .bind(now)
        .bind(new.details.to_string())
        .bind(new.signed)
        .bind(&new.screen.venue.area)
        .bind(&new.screen.venue.department),
    )
    .await?;
    Ok(())
}

/// Gaps that end with these batches, or before them, are filled.
pub async fn resolve_gaps(tx: &mut Tx, batches: &[(ScreenId, u64, UtcMillis)]) -> Result<(), DbError> {
    for some in batches.chunks(200) {
        let text = format!(
            "WITH came (c_screen, c_sequence, c_at) AS (VALUES {})
             SELECT id, c_at FROM came CROSS JOIN play_findings
             WHERE screen_id = c_screen AND kind = 'gap' AND sequence <= c_sequence AND resolved_at IS NULL",
            rows(some.len(), 3)
        );
        let came =
            some.iter().fold(sql(text), |came, (screen, sequence, at)| came.bind(*screen).bind(*sequence).bind(*at));
        for row in &tx.all(came).await? {
            let filled = sql("UPDATE play_findings SET resolved_at = $2 WHERE id = $1");
            tx.exec(filled.bind(row.int("id")?).bind(row.instant("c_at")?)).await?;
        }
    }
    Ok(())
}

/// Whether a batch of a screen came that waits for one before it.
pub async fn waits(db: &Db, screen: ScreenId) -> Result<bool, DbError> {
    let gap = sql("SELECT id FROM play_findings WHERE screen_id = $1 AND kind = 'gap' AND resolved_at IS NULL LIMIT 1");
    Ok(db.opt(gap.bind(screen)).await?.is_some())
}

fn read(row: &Row) -> Result<Finding, DbError> {
    Ok(Finding {
        id: row.int("id")?,
        screen: row.parse("screen_id")?,
        kind: row.code("kind")?,
        sequence: row.opt_int("sequence")?,
        batch: row.parse("batch")?,
        first_at: row.instant("first_at")?,
        last_at: row.instant("last_at")?,
        times: row.int("times")?,
        details: row.json("details")?,
        resolved_at: row.opt_instant("resolved_at")?,
    })
}

/// The newest findings on the filter's screen within its scope, older than finding `before`.
pub async fn list(
    db: &Db,
    filter: &Filter,
    open_only: bool,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Finding>, DbError> {
    let mut wanted = Wanted::of(filter);
    let before = wanted.bind(before.unwrap_or(i64::MAX));
    wanted.and(&format!("id < {before}"));
    if open_only {
        wanted.and("resolved_at IS NULL");
    }
    let limit = wanted.bind(limit);
    let text = format!(
        "SELECT id, screen_id, kind, sequence, batch, first_at, last_at, times, details, resolved_at
         FROM play_findings WHERE {} ORDER BY id DESC LIMIT {limit}",
        wanted.text()
    );
    db.all(wanted.statement(text)).await?.iter().map(read).collect()
}
