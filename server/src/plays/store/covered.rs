//! Time of screens' zones that believed plays have taken: nothing is counted twice in it.

use std::collections::BTreeSet;

use xuanping_core::{
    geometry::ZoneName,
    id::ScreenId,
    playlog::{Covered, UtcDay},
};

use super::batches::rows;
use crate::db::{Db, DbError, Tx, code_of, sql};

/// What is taken of these zones on these days.
pub async fn of(
    db: &Db,
    screen: ScreenId,
    zones: &BTreeSet<ZoneName>,
    days: &BTreeSet<UtcDay>,
) -> Result<Covered, DbError> {
    let mut covered = Covered::default();
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(covered) };
    // Days are few; a batch of a clock gone wild may span decades, of which hardly any has a row.
    let some = sql("SELECT zone, day, stretches FROM play_covered WHERE screen_id = $1 AND day >= $2 AND day <= $3");
    for row in &db.all(some.bind(screen).bind(*first).bind(*last)).await? {
        let (zone, day) = (row.code("zone")?, row.int("day")?);
        if zones.contains(&zone) && days.contains(&day) {
            covered.remember(zone, day, &row.bytes("stretches")?);
        }
    }
    Ok(covered)
}

/// A zone's day that something was taken of.
pub type Taken = (ScreenId, ZoneName, UtcDay, Vec<u8>);

/// Stores the days that something was taken of; none twice.
pub async fn put(tx: &mut Tx, taken: &[&Taken]) -> Result<(), DbError> {
    for some in taken.chunks(200) {
        let text = format!(
            "INSERT INTO play_covered (screen_id, zone, day, stretches) VALUES {}
             ON CONFLICT (screen_id, zone, day) DO UPDATE SET stretches = excluded.stretches",
            rows(some.len(), 4)
        );
        let put = some.iter().fold(sql(text), |put, (screen, zone, day, stretches)| {
            put.bind(*screen).bind(code_of(zone)).bind(*day).bind(&**stretches)
        });
        tx.exec(put).await?;
    }
    Ok(())
}
