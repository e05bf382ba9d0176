//! How long evidence pictures are kept. What was signed stays: the digest in the batch, the row that says when the picture was taken
//! and came. Only the file goes, when its time is over, and that it went is written down.

use std::collections::BTreeSet;

use chrono::Timelike as _;
use serde_json::json;
use xuanping_core::{digest::Digest, time::UtcMillis};

use super::{DAY, PlayError, Plays, store};
use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    clock,
    playlists::COUNTY_ZONE,
};

/// Days that pictures are kept unless the server is told otherwise.
pub const EVIDENCE_DAYS: u16 = 200;
/// Fewest days: half a year, as logs have to be kept.
pub const FEWEST_EVIDENCE_DAYS: u16 = 184;
/// Pictures that are removed at once.
const AT_ONCE: u32 = 500;
/// From this hour of the county on, what is over is removed.
const FROM: u32 = 4;

impl Plays {
    /// Removes, every night, the pictures that came more than so many days ago; for ever.
    pub async fn keep_evidence(&self, days: u16) {
        let mut done_on = None;
        loop {
            let now = clock::now();
            let local = now.to_datetime().unwrap_or_default().with_timezone(&COUNTY_ZONE);
            if done_on != Some(local.date_naive()) && local.hour() >= FROM {
                match self.expire_evidence(days, now).await {
                    Ok(_) => done_on = Some(local.date_naive()),
                    Err(error) => tracing::error!(%error, "evidence pictures whose time is over could not be removed"),
                }
            }
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        }
    }

    /// Removes the pictures that came more than so many days ago, and answers how many.
    pub async fn expire_evidence(&self, days: u16, now: UtcMillis) -> Result<usize, PlayError> {
        let before = now.plus(-i64::from(days) * DAY);
        let mut all = 0;
        loop {
            let some = store::evidence::overdue(&self.db, before, AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            // The files first: what is interrupted here is done again the next time.
            for digest in some.iter().map(|picture| picture.digest).collect::<BTreeSet<_>>() {
                self.remove_file(digest, before).await?;
            }
            let mut tx = self.db.begin().await?;
            store::evidence::removed(&mut tx, &some, now).await?;
            let details = json!({ "pictures": some.len(), "before": before, "days": days });
            audit::record(&mut tx, &Actor::System, "plays.expire_evidence", "", Outcome::Done, details, now).await?;
            tx.commit().await?;
            all += some.len();
        }
        if all > 0 {
            tracing::info!(pictures = all, days, "evidence pictures whose time is over were removed");
        }
        Ok(all)
    }

    /// Removes a file unless the same bytes came again. It is taken away before that is looked up, and whoever keeps a picture
    /// looks for its file after writing that down: so one of both sees the other.
    async fn remove_file(&self, digest: Digest, before: UtcMillis) -> Result<(), PlayError> {
        let Some(taken) = self.pictures.take_away(digest).await? else { return Ok(()) };
        match store::evidence::came_since(&self.db, digest, before).await {
            Ok(false) => taken.delete().await?,
            Ok(true) => taken.put_back().await?,
            Err(error) => {
                taken.put_back().await?;
                return Err(error.into());
            }
        }
        Ok(())
    }
}
