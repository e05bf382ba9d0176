//! From a draft to the walls: submitting, approving (which publishes), sending back, and withdrawing.

use chrono::NaiveDate;
use serde_json::json;
use xuanping_core::{digest::Digest, id::CampaignId, time::UtcMillis};

use super::{Campaign, CampaignError, Campaigns, LifeStepTaken, Published, REPLAN, Review, Unreached, store};
use crate::accounts::{
    Actor,
    audit::{self, Outcome},
};

impl Campaigns {
    /// Asks for a review. Everything must be fit to go on air already, so that the editor is told and not the reviewer;
    /// answers how many screens it would reach.
    pub async fn submit(
        &self,
        id: CampaignId,
        unreached: Unreached,
        by: &Actor,
        today: NaiveDate,
        now: UtcMillis,
    ) -> Result<(Campaign, usize), CampaignError> {
        let checked = self.get(id).await?;
        let screens = self.fit(&checked, unreached, today).await?;
        let mut tx = self.db.begin().await?;
        let mut campaign = store::get_alone(&mut tx, id).await?.ok_or(CampaignError::UnknownCampaign)?;
        if campaign.hash() != checked.hash() {
            return Err(CampaignError::EditedMeanwhile);
        }
        let taken = campaign.submit(unreached, by, now)?;
        store::update(&mut tx, &campaign).await?;
        store::insert_step(&mut tx, id, &taken).await?;
        let details = json!({ "id": id, "hash": taken.hash, "screens": screens });
        audit::record(&mut tx, by, "campaigns.submit", &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok((campaign, screens))
    }

    /// Approves what was submitted and freezes it into a revision that is planned from now on. `seen` is the hash of what
    /// the reviewer looked at. Everything is checked once more: a creative may have been withdrawn since.
    pub async fn approve(
        &self,
        id: CampaignId,
        seen: Digest,
        unreached: Unreached,
        by: &Actor,
        today: NaiveDate,
        now: UtcMillis,
    ) -> Result<Published, CampaignError> {
        let checked = self.get(id).await?;
        // Whoever may not approve at all is told so first, whatever else is wrong.
        checked.clone().approve(seen, by, now)?;
        let meant = matches!(checked.review, Review::Waiting { unreached: Unreached::Allow, .. });
        let screens = self.fit(&checked, if meant { Unreached::Allow } else { unreached }, today).await?;
        let mut tx = self.db.begin().await?;
        let mut campaign = store::get_alone(&mut tx, id).await?.ok_or(CampaignError::UnknownCampaign)?;
        let (revision, taken) = campaign.approve(seen, by, now)?;
        store::update(&mut tx, &campaign).await?;
        store::insert_revision(&mut tx, &campaign).await?;
        store::insert_step(&mut tx, id, &taken).await?;
        self.jobs.enqueue(&mut tx, REPLAN, "all", now).await?;
        let details = json!({ "id": id, "hash": taken.hash, "revision": revision, "screens": screens });
        audit::record(&mut tx, by, "campaigns.approve", &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(Published { revision, screens })
    }

    /// Whether it may be submitted as it stands.
    pub async fn may_submit(
        &self,
        id: CampaignId,
        unreached: Unreached,
        by: &Actor,
        today: NaiveDate,
        now: UtcMillis,
    ) -> Result<(), CampaignError> {
        let mut campaign = self.get(id).await?;
        self.fit(&campaign, unreached, today).await?;
        campaign.submit(unreached, by, now)?;
        Ok(())
    }

    /// Whether this person may approve what was seen, as it stands.
    pub async fn may_approve(
        &self,
        id: CampaignId,
        seen: Digest,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<(), CampaignError> {
        self.get(id).await?.approve(seen, by, now)?;
        Ok(())
    }

    /// Sends back what was submitted, with a reason.
    pub async fn reject(
        &self,
        id: CampaignId,
        seen: Digest,
        reason: &str,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<Campaign, CampaignError> {
        let mut tx = self.db.begin().await?;
        let mut campaign = store::get_alone(&mut tx, id).await?.ok_or(CampaignError::UnknownCampaign)?;
        let taken = campaign.reject(seen, reason, by, now)?;
        store::update(&mut tx, &campaign).await?;
        store::insert_step(&mut tx, id, &taken).await?;
        let details = json!({ "id": id, "hash": taken.hash, "reason": taken.reason });
        audit::record(&mut tx, by, "campaigns.reject", &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(campaign)
    }

    /// Takes a campaign off the walls. It can be submitted again.
    pub async fn withdraw(&self, id: CampaignId, by: &Actor, now: UtcMillis) -> Result<(), CampaignError> {
        let mut tx = self.db.begin().await?;
        let mut campaign = store::get_alone(&mut tx, id).await?.ok_or(CampaignError::UnknownCampaign)?;
        let taken = campaign.withdraw(by, now)?;
        store::update(&mut tx, &campaign).await?;
        store::insert_step(&mut tx, id, &taken).await?;
        self.jobs.enqueue(&mut tx, REPLAN, "all", now).await?;
        let details = json!({ "id": id });
        audit::record(&mut tx, by, "campaigns.withdraw", &campaign.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(())
    }

    /// What was done with a campaign, oldest first.
    pub async fn history(&self, id: CampaignId) -> Result<Vec<LifeStepTaken>, CampaignError> {
        Ok(store::history(&self.db, id).await?)
    }

    /// Whether a campaign may go on air as it is; answers how many screens it reaches.
    async fn fit(&self, campaign: &Campaign, unreached: Unreached, today: NaiveDate) -> Result<usize, CampaignError> {
        if campaign.bookings.is_empty() {
            return Err(CampaignError::NoBookings);
        }
        if campaign.ends < today {
            return Err(CampaignError::Over);
        }
        self.fit_to_publish(campaign, unreached).await
    }
}
