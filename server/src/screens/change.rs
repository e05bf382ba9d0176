//! What people change of a screen that is in service: its name, its pixels, how it is divided, whether it is heard, its tags,
//! how it runs over the day.
//!
//! A screen keeps the size that it was enrolled with until a person says otherwise: a display that wakes up as another one for a
//! minute must not have everything rendered anew. Its player's report says what size it has; a layout that does not fit
//! there is refused, with the reason.

use serde_json::json;
use xuanping_core::{
    geometry::{Layout, Size, Sound},
    id::ScreenId,
    playlist::{EvidenceOrders, WallSettings},
    time::UtcMillis,
};

use super::{
    SCREEN_CHANGED, Screen, ScreenError, Screens,
    enrolment::{check_size, checked_screen_name},
    store,
    store::screens::Put,
    tags::checked_tags,
};
use crate::accounts::{
    Principal,
    audit::{self, Outcome},
};

/// What to change; what is `None` is left as it is.
#[derive(Debug, Clone, Default)]
pub struct ScreenChange {
    /// Its name, unique within the venue.
    pub name: Option<String>,
    /// Its pixels, if they are others than when it was enrolled.
    pub size: Option<Size>,
    /// How it is divided.
    pub layout: Option<Layout>,
    /// Whether it may make noise.
    pub sound: Option<Sound>,
    /// All its tags.
    pub tags: Option<Vec<String>>,
    /// How it runs over the day.
    pub wall: Option<WallSettings>,
    /// How many evidence pictures a day it takes by itself.
    pub evidence_per_day: Option<u8>,
}

impl Screens {
    /// Renames a screen, divides it anew, or hangs other tags on it; it is planned anew.
    pub async fn change(
        &self,
        id: ScreenId,
        change: ScreenChange,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<Screen, ScreenError> {
        let name = change.name.as_deref().map(checked_screen_name).transpose()?;
        let tags = change.tags.as_deref().map(checked_tags).transpose()?;
        let wall = change.wall.map(WallSettings::checked).transpose()?;
        if change.evidence_per_day.is_some_and(|n| n > EvidenceOrders::MOST) {
            return Err(ScreenError::TooMuchEvidence);
        }
        let mut tx = self.db.begin().await?;
        // Two changes of one screen at once: the later one starts from what the earlier one made of it.
        tx.alone(&format!("screen/{id}")).await?;
        let mut screen = store::screens::get_in(&mut tx, id).await?.ok_or(ScreenError::UnknownScreen)?;
        if !Self::covers(who, &screen.venue.area, &screen.venue.department) {
            return Err(ScreenError::OutOfScope);
        }
        if screen.retired_at.is_some() {
            return Err(ScreenError::Retired);
        }
        screen.name = name.unwrap_or(screen.name);
        screen.size = change.size.unwrap_or(screen.size);
        screen.layout = change.layout.unwrap_or(screen.layout);
        screen.sound = change.sound.unwrap_or(screen.sound);
        screen.tags = tags.unwrap_or(screen.tags);
        screen.wall = wall.unwrap_or(screen.wall);
        screen.evidence_per_day = change.evidence_per_day.unwrap_or(screen.evidence_per_day);
        check_size(screen.kind, screen.size)?;
        screen.layout.check(screen.kind, screen.size)?;
        if store::screens::update(&mut tx, &screen).await? == Put::Duplicate {
            return Err(ScreenError::NameTaken);
        }
        self.jobs.enqueue(&mut tx, SCREEN_CHANGED, &id.to_string(), now).await?;
        let details = json!({
            "id": id, "size": screen.size.to_string(), "layout": screen.layout.to_string(), "sound": screen.sound,
            "tags": screen.tags, "wall": screen.wall, "evidence_per_day": screen.evidence_per_day,
        });
        audit::record(&mut tx, &who.into(), "screens.change", &screen.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(screen)
    }
}
