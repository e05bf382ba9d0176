//! What screens say of themselves between polls: the last report, and live pictures while somebody is looking.
//!
//! Pictures live in memory only: they are for looking, not for proving (evidence pictures have their hash in a batch).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use xuanping_core::{
    id::ScreenId,
    time::UtcMillis,
    wire::{PlayerStatus, StatusReply},
};

use super::{STATUS_EVERY, ScreenError, Screens, store};

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

#[derive(Clone, Default)]
pub(super) struct Live(Arc<Mutex<HashMap<ScreenId, Watched>>>);

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
        ..status.clone()
    }
}

impl Screens {
    /// Takes a report and says how to go on.
    pub async fn report(
        &self,
        id: ScreenId,
        status: &PlayerStatus,
        now: UtcMillis,
    ) -> Result<StatusReply, ScreenError> {
        store::screens::put_status(&self.db, id, &sensible(status), now).await?;
        let watched = self.live.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looking = watched.get(&id).and_then(|w| w.looked_at).is_some_and(|at| now.since(at) < LOOKING);
        let next_in = if looking { STATUS_WHEN_LOOKED_AT } else { STATUS_EVERY };
        Ok(StatusReply { picture_wanted: looking, next_in })
    }

    /// Takes a live picture if somebody is looking, and forgets those that nobody looks at any more: pictures of every
    /// screen would fill the memory.
    pub fn put_picture(&self, id: ScreenId, png: Bytes, now: UtcMillis) {
        let mut watched = self.live.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|_, screen| screen.looked_at.is_some_and(|at| now.since(at) < LOOKING));
        if let Some(screen) = watched.get_mut(&id) {
            screen.picture = Some(Picture { at: now, png });
        }
    }

    /// The newest live picture; asking for it makes the player send more.
    pub fn look_at(&self, id: ScreenId, now: UtcMillis) -> Option<Picture> {
        let mut watched = self.live.0.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = watched.entry(id).or_default();
        screen.looked_at = Some(now);
        screen.picture.clone()
    }
}
