//! The bookings of a campaign's draft.

use std::collections::HashSet;

use serde_json::json;
use xuanping_core::{
    campaign::{Booking, Mode, Selector},
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
    /// How often.
    pub mode: Mode,
    /// Never more showings than this on one day, 1..=10,000; not for events.
    pub most_per_day: Option<u32>,
}

/// The most bookings of a campaign, and creatives of a booking: far beyond what anybody plans by hand, and little enough to be
/// planned for every screen.
const MOST_BOOKINGS: usize = 100;
pub(super) const MOST_CREATIVES: usize = 200;

/// A draft whose every part is acceptable by itself; whether its days lie within its campaign is asked later.
struct Checked {
    name: String,
    creatives: Vec<CreativeId>,
    selector: Selector,
    schedule: ScheduleForm,
    mode: Mode,
    most_per_day: Option<u32>,
}

impl Checked {
    fn booking(self, campaign: &Campaign, id: BookingId) -> Result<Booking, CampaignError> {
        let schedule = ScheduleForm { until: self.schedule.until.or(Some(campaign.ends)), ..self.schedule };
        let booking = Booking {
            id,
            campaign: campaign.id,
            name: self.name,
            creatives: self.creatives,
            selector: self.selector,
            schedule: Schedule::try_from(schedule)?,
            mode: self.mode,
            most_per_day: self.most_per_day,
            stages: campaign.stages.clone(),
        };
        if campaign.covers(&booking) { Ok(booking) } else { Err(CampaignError::OutsideCampaign) }
    }
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
        let draft = self.checked_draft(draft).await?;
        let id = BookingId::new(entropy::uuid(now)?);
        let add = |campaign: &mut Campaign| {
            if campaign.bookings.len() >= MOST_BOOKINGS {
                return Err(CampaignError::TooMany { field: "bookings", most: MOST_BOOKINGS });
            }
            let booking = draft.booking(campaign, id)?;
            campaign.bookings.push(booking);
            Ok(())
        };
        self.edit(campaign, add, "campaigns.add-booking", by, now).await
    }

    /// Replaces a booking.
    pub async fn change_booking(
        &self,
        id: BookingId,
        draft: BookingDraft,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let campaign = self.campaign_of(id).await?;
        let draft = self.checked_draft(draft).await?;
        let change = |campaign: &mut Campaign| {
            let changed = draft.booking(campaign, id)?;
            let place = campaign.bookings.iter_mut().find(|b| b.id == id).ok_or(CampaignError::UnknownBooking)?;
            *place = changed;
            Ok(())
        };
        self.edit(campaign, change, "campaigns.change-booking", by, now).await
    }

    /// Removes a booking from the draft. What is published goes on until the campaign is published again.
    pub async fn remove_booking(&self, id: BookingId, by: &Actor, now: UtcMillis) -> Result<Campaign, CampaignError> {
        let campaign = self.campaign_of(id).await?;
        let remove = |campaign: &mut Campaign| {
            let before = campaign.bookings.len();
            campaign.bookings.retain(|b| b.id != id);
            if campaign.bookings.len() == before { Err(CampaignError::UnknownBooking) } else { Ok(()) }
        };
        self.edit(campaign, remove, "campaigns.remove-booking", by, now).await
    }

    async fn campaign_of(&self, booking: BookingId) -> Result<CampaignId, CampaignError> {
        store::campaign_of(&self.db, booking).await?.ok_or(CampaignError::UnknownBooking)
    }

    /// Changes a campaign's bookings as they are at this moment, so that of two editors neither undoes the other's work.
    async fn edit(
        &self,
        id: CampaignId,
        change: impl FnOnce(&mut Campaign) -> Result<(), CampaignError>,
        action: &str,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let mut campaign = store::get_alone(&mut tx, id).await?.ok_or(CampaignError::UnknownCampaign)?;
        change(&mut campaign)?;
        if let Some(voided) = campaign.edited(by, now) {
            store::insert_step(&mut tx, id, &voided).await?;
        }
        store::update(&mut tx, &campaign).await?;
        store::put_bookings(&mut tx, &campaign).await?;
        let details = json!({ "id": campaign.id, "bookings": campaign.bookings.len() });
        audit::record(&mut tx, by, action, &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Whether its creatives are approved is asked when publishing.
    async fn checked_draft(&self, draft: BookingDraft) -> Result<Checked, CampaignError> {
        let name = draft.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 60 {
            return Err(CampaignError::Text("name"));
        }
        if draft.most_per_day.is_some_and(|most| !(1..=10_000).contains(&most)) {
            return Err(CampaignError::Cap);
        }
        if draft.most_per_day.is_some() && !draft.mode.may_be_capped() {
            return Err(CampaignError::CappedEvent);
        }
        let creatives = self.checked_creatives(draft.creatives, MOST_CREATIVES).await?;
        let selector = self.checked_selector(draft.selector).await?;
        let (schedule, mode, most_per_day) = (draft.schedule, draft.mode, draft.most_per_day);
        Ok(Checked { name, creatives, selector, schedule, mode, most_per_day })
    }

    /// At least one creative, each once and known.
    pub(super) async fn checked_creatives(
        &self,
        mut creatives: Vec<CreativeId>,
        most: usize,
    ) -> Result<Vec<CreativeId>, CampaignError> {
        let mut seen = HashSet::new();
        creatives.retain(|id| seen.insert(*id));
        if creatives.is_empty() {
            return Err(CampaignError::NoCreatives);
        }
        if creatives.len() > most {
            return Err(CampaignError::TooMany { field: "creatives", most });
        }
        let known: HashSet<_> = self.content.creatives(&creatives).await?.into_iter().map(|c| c.id).collect();
        match creatives.iter().find(|id| !known.contains(*id)) {
            Some(unknown) => Err(CampaignError::UnknownCreative(*unknown)),
            None => Ok(creatives),
        }
    }
}
