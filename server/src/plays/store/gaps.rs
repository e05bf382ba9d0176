//! Gaps that were found: one row each, by screen, day, zone, cause and beginning.

use std::collections::BTreeSet;

use xuanping_core::{
    id::ScreenId,
    playlog::{gaps::GapFinding, shown::Cause},
    time::UtcMillis,
};

use super::{
    super::{
        Filter,
        gaps::{CauseLine, FoundGap, GapFilter, LookedThrough},
        opened::{day_number, day_of_number},
    },
    wanted::Wanted,
};
use crate::{
    db::{Db, DbError, Row, Tx, code_of, sql},
    screens::Screen,
};

/// Writes what a screen's day comes to now; answers how many were not known and how many are no more.
pub async fn put(
    tx: &mut Tx,
    screen: &Screen,
    day: i64,
    found: &[GapFinding],
    now: UtcMillis,
) -> Result<(usize, usize), DbError> {
    let open = sql("SELECT id, zone, cause, start_at FROM gap_findings
                    WHERE screen_id = $1 AND day = $2 AND resolved_at IS NULL");
    let mut gone = BTreeSet::new();
    for row in &tx.all(open.bind(screen.id).bind(day)).await? {
        gone.insert((row.text("zone")?, row.text("cause")?, row.instant("start_at")?, row.int("id")?));
    }
    let mut new = 0;
    for gap in found {
        let (zone, cause) = (code_of(&gap.zone), code_of(&gap.cause));
        let before = gone.len();
        gone.retain(|(z, c, start, _)| (z, c, *start) != (&zone, &cause, gap.start));
        new += usize::from(gone.len() == before);
        let put = sql(
            "INSERT INTO gap_findings (screen_id, area, department, day, zone, cause, start_at, end_at, missing_ms,
                                                 gaps, found_at)
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                       ON CONFLICT (screen_id, day, zone, cause, start_at) DO UPDATE SET end_at = excluded.end_at,
                           missing_ms = excluded.missing_ms, gaps = excluded.gaps, resolved_at = NULL",
        );
        let put = put.bind(screen.id).bind(&screen.venue.area).bind(&screen.venue.department).bind(day).bind(zone);
        let put = put.bind(cause).bind(gap.start).bind(gap.end).bind(gap.missing_ms).bind(i64::from(gap.gaps));
        tx.exec(put.bind(now)).await?;
    }
    for (.., id) in &gone {
        tx.exec(sql("UPDATE gap_findings SET resolved_at = $2 WHERE id = $1").bind(*id).bind(now)).await?;
    }
    Ok((new, gone.len()))
}

/// Notes that a day was looked through.
pub async fn note_day(tx: &mut Tx, day: i64, screens: usize, now: UtcMillis) -> Result<(), DbError> {
    let note = sql("INSERT INTO gap_days (day, looked_at, screens) VALUES ($1, $2, $3)
                    ON CONFLICT (day) DO UPDATE SET looked_at = excluded.looked_at, screens = excluded.screens");
    tx.exec(note.bind(day).bind(now).bind(screens)).await.map(drop)
}

/// Days from this one on that were looked through, the newest first.
pub async fn looked_through(db: &Db, from: i64, to: i64) -> Result<Vec<LookedThrough>, DbError> {
    let days = sql("SELECT day, looked_at, screens FROM gap_days WHERE day >= $1 AND day <= $2 ORDER BY day DESC");
    let read = |row: &Row| {
        Ok(LookedThrough {
            day: day_of_number(row.int("day")?),
            at: row.instant("looked_at")?,
            screens: row.number("screens")?,
        })
    };
    db.all(days.bind(from).bind(to)).await?.iter().map(read).collect()
}

/// Screens' days from this one on with an open gap for want of a report, where the screen has reported of that time since.
pub async fn told_since(db: &Db, from: i64) -> Result<Vec<(ScreenId, i64)>, DbError> {
    let text = format!(
        "SELECT DISTINCT g.screen_id, g.day FROM gap_findings g JOIN play_chains c ON c.screen_id = g.screen_id
         WHERE g.resolved_at IS NULL AND g.day >= $1 AND g.cause IN ('{}', '{}') AND c.reported_until > g.start_at
         ORDER BY g.day, g.screen_id",
        code_of(&Cause::NotReported),
        code_of(&Cause::BatchesMissing),
    );
    db.all(sql(text).bind(from)).await?.iter().map(|row| Ok((row.parse("screen_id")?, row.int("day")?))).collect()
}

fn wanted(filter: &GapFilter) -> Wanted {
    let mut wanted = Wanted::of(&Filter { screen: filter.screen, scope: filter.scope.clone(), ..Filter::default() });
    for (condition, day) in [("day >= ", filter.day_from), ("day <= ", filter.day_to)] {
        if let Some(day) = day {
            let at = wanted.bind(day_number(day));
            wanted.and(&format!("{condition}{at}"));
        }
    }
    if let Some(cause) = filter.cause {
        let at = wanted.bind(code_of(&cause));
        wanted.and(&format!("cause = {at}"));
    }
    if filter.open_only {
        wanted.and("resolved_at IS NULL");
    }
    wanted
}

fn read(row: &Row) -> Result<FoundGap, DbError> {
    Ok(FoundGap {
        id: row.int("id")?,
        screen: row.parse("screen_id")?,
        day: day_of_number(row.int("day")?),
        gap: GapFinding {
            zone: row.code("zone")?,
            cause: row.code("cause")?,
            start: row.instant("start_at")?,
            end: row.instant("end_at")?,
            missing_ms: row.int("missing_ms")?,
            gaps: row.number("gaps")?,
        },
        found_at: row.instant("found_at")?,
        resolved_at: row.opt_instant("resolved_at")?,
    })
}

/// A page of gaps, the newest day first, behind this one.
pub async fn list(
    db: &Db,
    filter: &GapFilter,
    behind: Option<(i64, i64)>,
    limit: u32,
) -> Result<Vec<FoundGap>, DbError> {
    let mut wanted = wanted(filter);
    if let Some((day, id)) = behind {
        let (day, id) = (wanted.bind(day), wanted.bind(id));
        wanted.and(&format!("(day, id) < ({day}, {id})"));
    }
    let limit = wanted.bind(limit);
    let text = format!(
        "SELECT id, screen_id, day, zone, cause, start_at, end_at, missing_ms, gaps, found_at, resolved_at
         FROM gap_findings WHERE {} ORDER BY day DESC, id DESC LIMIT {limit}",
        wanted.text()
    );
    db.all(wanted.statement(text)).await?.iter().map(read).collect()
}

/// How many there are of each cause, those with the longest time missing first.
pub async fn causes(db: &Db, filter: &GapFilter) -> Result<Vec<CauseLine>, DbError> {
    let wanted = wanted(filter);
    let text = format!(
        "SELECT cause, COUNT(*) AS findings, COUNT(DISTINCT screen_id) AS screens,
                CAST(SUM(missing_ms) AS BIGINT) AS missing_ms
         FROM gap_findings WHERE {} GROUP BY cause ORDER BY missing_ms DESC, cause",
        wanted.text()
    );
    let read = |row: &Row| {
        Ok(CauseLine {
            cause: row.code("cause")?,
            findings: row.int("findings")?,
            screens: row.int("screens")?,
            missing_ms: row.int("missing_ms")?,
        })
    };
    db.all(wanted.statement(text)).await?.iter().map(read).collect()
}
