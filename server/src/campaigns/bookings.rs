//! The bookings of a campaign's draft.

use serde_json::json;
use xuanping_core::{
    campaign::{Booking, Mode, Selector, Weight},
    id::{BookingId, CampaignId, CreativeId},
    recurrence::{Schedule, ScheduleForm},
    time::UtcMillis,
};

use super::{Campaign, CampaignError, Campaigns, store};
use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    entropy,
};

/// What a booking is to be.
#[derive(Debug, Clone)]
pub struct BookingDraft {
    /// What people call it.
    pub name: String,
    /// What plays.
    pub creatives: Vec<CreativeId>,
    /// Where.
    pub selector: Selector,
    /// When; without `until` it ends with the campaign.
    pub schedule: ScheduleForm,
    /// Its weight, 1..=100.
    pub weight: u32,
}

impl Campaigns {
    /// Adds a booking at the end.
    pub async fn add_booking(
        &self,
        campaign: CampaignId,
        draft: BookingDraft,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let mut campaign = self.get(campaign).await?;
        let booking = self.checked_booking(&campaign, BookingId::new(entropy::uuid(now)?), draft).await?;
        campaign.bookings.push(booking);
        self.save(campaign, "campaigns.add-booking", by, now).await
    }

    /// Replaces a booking.
    pub async fn change_booking(
        &self,
        id: BookingId,
        draft: BookingDraft,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let mut campaign = self.campaign_of(id).await?;
        let changed = self.checked_booking(&campaign, id, draft).await?;
        let place = campaign.bookings.iter_mut().find(|b| b.id == id).ok_or(CampaignError::UnknownBooking)?;
        *place = changed;
        self.save(campaign, "campaigns.change-booking", by, now).await
    }

    /// Removes a booking from the draft. What is published goes on until the campaign is published again.
    pub async fn remove_booking(&self, id: BookingId, by: &Actor, now: UtcMillis) -> Result<Campaign, CampaignError> {
        let mut campaign = self.campaign_of(id).await?;
        campaign.bookings.retain(|b| b.id != id);
        self.save(campaign, "campaigns.remove-booking", by, now).await
    }

    async fn campaign_of(&self, booking: BookingId) -> Result<Campaign, CampaignError> {
        let id = store::campaign_of(&self.db, booking).await?.ok_or(CampaignError::UnknownBooking)?;
        self.get(id).await
    }

    async fn save(
        &self,
        mut campaign: Campaign,
        action: &str,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        campaign.updated_at = now;
        let mut tx = self.db.begin().await?;
        store::update(&mut tx, &campaign).await?;
        store::put_bookings(&mut tx, &campaign).await?;
        let details = json!({ "id": campaign.id, "bookings": campaign.bookings.len() });
        audit::record(&mut tx, by, action, &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// A booking whose every part is acceptable by itself. Whether its creatives are approved is asked when publishing.
    pub(super) async fn checked_booking(
        &self,
        campaign: &Campaign,
        id: BookingId,
        draft: BookingDraft,
    ) -> Result<Booking, CampaignError> {
        let name = draft.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 60 {
            return Err(CampaignError::Text("name"));
        }
        let weight =
            u8::try_from(draft.weight).ok().and_then(|w| Weight::try_from(w).ok()).ok_or(CampaignError::Weight)?;
        let mut creatives = draft.creatives;
        let mut seen = std::collections::HashSet::new();
        creatives.retain(|id| seen.insert(*id));
        if creatives.is_empty() {
            return Err(CampaignError::NoCreatives);
        }
        let known = self.content.creatives(&creatives).await?;
        if let Some(unknown) = creatives.iter().find(|id| known.iter().all(|c| c.id != **id)) {
            return Err(CampaignError::UnknownCreative(*unknown));
        }
        let mut form = draft.schedule;
        form.until = form.until.or(Some(campaign.ends));
        let booking = Booking {
            id,
            campaign: campaign.id,
            name,
            creatives,
            selector: draft.selector,
            schedule: Schedule::try_from(form)?,
            mode: Mode::Share { weight },
        };
        if campaign.covers(&booking) { Ok(booking) } else { Err(CampaignError::OutsideCampaign) }
    }
}
