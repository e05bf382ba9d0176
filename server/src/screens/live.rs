//! What screens say of themselves between polls: the last report, and live pictures while somebody is looking.
//!
//! A report is known at once and stored a moment later together with all others: ten thousand screens report every 15
//! seconds, and a commit for each would leave the database no time for anything else. What a crash loses of it comes
//! again with the next report. Pictures live in memory only: they are for looking, not for proving (evidence pictures have
//! their hash in a batch).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use xuanping_core::{
    id::ScreenId,
    time::UtcMillis,
    wire::{Decoding, Health, PlayerStatus, StatusReply},
};

use super::{SCREEN_CHANGED, STATUS_EVERY, Screen, ScreenError, Screens, store};

/// Whoever asked for a picture within this time is still looking, in milliseconds.
const LOOKING: i64 = 60_000;
/// A player that is looked at reports this often, in milliseconds.
const STATUS_WHEN_LOOKED_AT: u32 = 5_000;

/// The newest picture of a screen.
#[derive(Debug, Clone)]
pub struct Picture {
    /// When it came.
    pub at: UtcMillis,
    /// PNG.
    pub png: Bytes,
}

/// How often new reports are stored.
const STORE_EVERY: Duration = Duration::from_secs(1);
/// How many reports are stored in one transaction.
const BATCH: usize = 500;

#[derive(Clone, Default)]
pub(super) struct Live {
    watched: Arc<Mutex<HashMap<ScreenId, Watched>>>,
    reports: Arc<Mutex<HashMap<ScreenId, Report>>>,
}

/// The newest report of a screen.
struct Report {
    at: UtcMillis,
    status: PlayerStatus,
    stored: bool,
}

#[derive(Default)]
struct Watched {
    picture: Option<Picture>,
    looked_at: Option<UtcMillis>,
}

/// A report cut to what a person can read: it is stored, and goes out with every list of screens.
fn sensible(status: &PlayerStatus) -> PlayerStatus {
    let cut = |text: &str, longest| text.chars().take(longest).collect::<String>();
    PlayerStatus {
        device_timezone: status.device_timezone.as_deref().map(|text| cut(text, 60)),
        zones: status.zones.iter().take(8).cloned().collect(),
        last_error: status.last_error.as_deref().map(|text| cut(text, 300)),
        software: cut(&status.software, 100),
        health: status.health.clone().map(|health| Health {
            decoding: health.decoding.map(|how| Decoding { decoder: cut(&how.decoder, 60), ..how }),
            ..health
        }),
        ..status.clone()
    }
}

impl Screens {
    /// Takes a report and says how to go on.
    pub fn report(&self, id: ScreenId, status: &PlayerStatus, now: UtcMillis) -> StatusReply {
        let report = Report { at: now, status: sensible(status), stored: false };
        self.live.reports.lock().unwrap_or_else(PoisonError::into_inner).insert(id, report);
        let watched = self.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let looking = watched.get(&id).and_then(|w| w.looked_at).is_some_and(|at| now.since(at) < LOOKING);
        let next_in = if looking { STATUS_WHEN_LOOKED_AT } else { STATUS_EVERY };
        StatusReply { picture_wanted: looking, next_in }
    }

    /// Stores reports as they come, for ever.
    pub async fn keep_reports(&self) {
        loop {
            tokio::time::sleep(STORE_EVERY).await;
            if let Err(error) = self.store_reports().await {
                tracing::error!(%error, "reports of screens could not be stored; they are tried again");
            }
        }
    }

    /// Stores the reports that are not stored yet.
    pub async fn store_reports(&self) -> Result<(), ScreenError> {
        let new: Vec<_> = {
            let reports = self.live.reports.lock().unwrap_or_else(PoisonError::into_inner);
            let new = reports.iter().filter(|(_, report)| !report.stored);
            new.map(|(id, report)| (*id, report.at, report.status.clone())).collect()
        };
        for batch in new.chunks(BATCH) {
            let mut tx = self.db.begin().await?;
            let changed = store::screens::put_statuses(&mut tx, batch).await?;
            for (id, at, _) in batch.iter().filter(|(id, ..)| changed.contains(id)) {
                // Its manifest may say more now, or must say less.
                self.jobs.enqueue(&mut tx, SCREEN_CHANGED, &id.to_string(), *at).await?;
            }
            tx.commit().await?;
            if !changed.is_empty() {
                self.jobs.wake();
            }
            let mut reports = self.live.reports.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at, _) in batch {
                // Unless a newer one came meanwhile.
                if let Some(report) = reports.get_mut(id).filter(|report| report.at == *at) {
                    report.stored = true;
                }
            }
        }
        Ok(())
    }

    /// A screen as it was read from the database, with the report that may be newer than that.
    pub(super) fn with_newest_report(&self, mut screen: Screen) -> Screen {
        let reports = self.live.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = reports.get(&screen.id)
            && screen.status.as_ref().is_none_or(|(seen, _)| *seen < report.at)
        {
            screen.status = Some((report.at, report.status.clone()));
        }
        screen
    }

    /// Takes a live picture if somebody is looking, and forgets those that nobody looks at any more: pictures of every
    /// screen would fill the memory.
    pub fn put_picture(&self, id: ScreenId, png: Bytes, now: UtcMillis) {
        let mut watched = self.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|_, screen| screen.looked_at.is_some_and(|at| now.since(at) < LOOKING));
        if let Some(screen) = watched.get_mut(&id) {
            screen.picture = Some(Picture { at: now, png });
        }
    }

    /// The newest live picture; asking for it makes the player send more.
    pub fn look_at(&self, id: ScreenId, now: UtcMillis) -> Option<Picture> {
        let mut watched = self.live.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = watched.entry(id).or_default();
        screen.looked_at = Some(now);
        screen.picture.clone()
    }
}
