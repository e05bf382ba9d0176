//! What was stored before migration 0059: a row for each play beside its batch. Read once, by `convert`, which leaves
//! these tables empty.

use xuanping_core::{
    id::{BookingId, CampaignId, ScreenId},
    playlog::credibility::Flag,
    time::UtcMillis,
};

use super::super::numbers::Place;
use crate::db::{Db, DbError, Tx, sql};

/// A batch of then.
#[derive(Debug)]
pub struct Former {
    /// Whose.
    pub screen: ScreenId,
    /// Its number.
    pub sequence: u64,
    /// When it came.
    pub received: UtcMillis,
    /// The signed bytes.
    pub signed: Vec<u8>,
}

/// What the row of a play of then says that is not in its batch.
#[derive(Debug)]
pub struct FormerPlay {
    /// Its position.
    pub position: u32,
    /// Its booking.
    pub booking: BookingId,
    /// Its campaign.
    pub campaign: Option<CampaignId>,
    /// What was held against it.
    pub flag: Option<Flag>,
    /// Where the screen hung; the zone is the one that it is in now.
    pub place: Place,
}

/// Some of the batches that are left.
pub async fn batches(db: &Db, limit: u32) -> Result<Vec<Former>, DbError> {
    let some = sql("SELECT screen_id, sequence, received_at, signed FROM former_batches
                    ORDER BY screen_id, sequence LIMIT $1");
    let rows = db.all(some.bind(limit)).await?;
    rows.iter()
        .map(|row| {
            Ok(Former {
                screen: row.parse("screen_id")?,
                sequence: row.number("sequence")?,
                received: row.instant("received_at")?,
                signed: row.bytes("signed")?,
            })
        })
        .collect()
}

/// The plays of a batch.
pub async fn plays(db: &Db, screen: ScreenId, sequence: u64, timezone: &str) -> Result<Vec<FormerPlay>, DbError> {
    let all = sql("SELECT position, booking_id, campaign_id, flag, venue_id, venue_type, area, department
                   FROM former_plays WHERE screen_id = $1 AND sequence = $2 ORDER BY position");
    let rows = db.all(all.bind(screen).bind(sequence)).await?;
    rows.iter()
        .map(|row| {
            let given = |column: &str| Ok::<_, DbError>(!row.text(column)?.is_empty());
            Ok(FormerPlay {
                position: row.number("position")?,
                booking: row.parse("booking_id")?,
                campaign: given("campaign_id")?.then(|| row.parse("campaign_id")).transpose()?,
                flag: given("flag")?.then(|| row.code("flag")).transpose()?,
                place: Place {
                    venue: row.parse("venue_id")?,
                    venue_type: row.code("venue_type")?,
                    area: row.text("area")?,
                    department: row.text("department")?,
                    timezone: timezone.to_owned(),
                },
            })
        })
        .collect()
}

/// Takes a batch away that is being converted; `false` if somebody else did.
pub async fn take(tx: &mut Tx, screen: ScreenId, sequence: u64) -> Result<bool, DbError> {
    for table in ["former_plays", "former_batches"] {
        let gone = sql(format!("DELETE FROM {table} WHERE screen_id = $1 AND sequence = $2"));
        let gone = tx.exec(gone.bind(screen).bind(sequence)).await?;
        if table == "former_batches" && gone == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
