//! 紧急插播: content that replaces everything on its target until it expires or is withdrawn. Kept in the database, so it
//! survives a restart of everything; who started and who withdrew it is in the audit trail.

use serde_json::json;
use xuanping_core::{
    campaign::Selector,
    id::{CreativeId, TakeoverId},
    playlist::TakeoverLevel,
    time::UtcMillis,
};

use super::{CampaignError, Campaigns, REPLAN, store};
use crate::{
    accounts::{
        Actor,
        audit::{self, Outcome},
    },
    db::Tx,
    entropy,
};

/// A takeover lasts at most this long, in minutes: longer is a campaign.
const LONGEST: u32 = 24 * 60;

/// The most creatives that take turns: every manifest carries them.
const MOST_CREATIVES: usize = 20;

/// When planning makes sure that every screen was told, in milliseconds.
const MAKE_SURE_AFTER: i64 = 10_000;

/// What a takeover is to be.
#[derive(Debug, Clone)]
pub struct NewTakeover {
    /// What people call it.
    pub title: String,
    /// How loud.
    pub level: TakeoverLevel,
    /// What is shown; approved ones only. Several of one zone take turns.
    pub creatives: Vec<CreativeId>,
    /// Where.
    pub selector: Selector,
    /// How long, 1 minute to 24 hours.
    pub minutes: u32,
}

/// A takeover as ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeoverOrder {
    /// Which.
    pub id: TakeoverId,
    /// What people call it.
    pub title: String,
    /// How loud.
    pub level: TakeoverLevel,
    /// What is shown.
    pub creatives: Vec<CreativeId>,
    /// Where.
    pub selector: Selector,
    /// From.
    pub starts: UtcMillis,
    /// Until.
    pub expires: UtcMillis,
    /// Who started it.
    pub started_by: String,
    /// When and by whom it was withdrawn, if it was.
    pub withdrawn: Option<(UtcMillis, String)>,
}

impl TakeoverOrder {
    /// Whether it is on the walls.
    pub fn is_active(&self, now: UtcMillis) -> bool {
        self.withdrawn.is_none() && self.starts <= now && now < self.expires
    }
}

impl Campaigns {
    /// Takeovers, the newest first: the last 100, and whatever else is still active, so that it can be withdrawn.
    pub async fn takeovers(&self, now: UtcMillis) -> Result<Vec<TakeoverOrder>, CampaignError> {
        Ok(store::takeovers(&self.db, now).await?)
    }

    /// Those neither withdrawn nor expired.
    pub async fn active_takeovers(&self, now: UtcMillis) -> Result<Vec<TakeoverOrder>, CampaignError> {
        Ok(store::active_takeovers(&self.db, now).await?)
    }

    /// Starts a takeover at once. The caller issues the manifests.
    pub async fn start_takeover(
        &self,
        new: NewTakeover,
        by: &Actor,
        now: UtcMillis,
    ) -> Result<TakeoverOrder, CampaignError> {
        let title = new.title.trim().to_owned();
        if title.is_empty() || title.chars().count() > 60 {
            return Err(CampaignError::Text("title"));
        }
        if !(1..=LONGEST).contains(&new.minutes) {
            return Err(CampaignError::Expiry);
        }
        let creatives = self.checked_creatives(new.creatives, MOST_CREATIVES).await?;
        let selector = self.checked_selector(new.selector).await?;
        self.require_approved(&creatives).await?;
        let reach = self.reach(&selector, &creatives).await?;
        if reach.screens.is_empty() {
            return Err(CampaignError::NoScreens { name: String::new() });
        }
        if reach.empty_handed_screens() == reach.screens.len() {
            return Err(CampaignError::NothingPlayable { name: title });
        }
        let order = TakeoverOrder {
            id: TakeoverId::new(entropy::uuid(now)?),
            title,
            level: new.level,
            creatives,
            selector,
            starts: now,
            expires: now.plus(i64::from(new.minutes) * 60_000),
            started_by: by.name().to_owned(),
            withdrawn: None,
        };
        let mut tx = self.db.begin().await?;
        store::insert_takeover(&mut tx, &order).await?;
        let details = json!({
            "id": order.id, "level": order.level, "creatives": order.creatives, "selector": order.selector,
            "expires": order.expires, "screens": reach.screens.len(),
        });
        audit::record(&mut tx, by, "takeovers.start", &order.title, Outcome::Done, details, now).await?;
        self.have_it_issued(&mut tx, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(order)
    }

    /// Withdraws a takeover. The caller issues the manifests.
    pub async fn withdraw_takeover(&self, id: TakeoverId, by: &Actor, now: UtcMillis) -> Result<(), CampaignError> {
        let order = store::takeover(&self.db, id).await?.ok_or(CampaignError::UnknownTakeover)?;
        if order.withdrawn.is_some() || order.expires <= now {
            return Err(CampaignError::TakeoverOver);
        }
        let mut tx = self.db.begin().await?;
        if !store::withdraw_takeover(&mut tx, id, by, now).await? {
            return Err(CampaignError::TakeoverOver);
        }
        audit::record(&mut tx, by, "takeovers.withdraw", &order.title, Outcome::Done, json!({ "id": id }), now).await?;
        self.have_it_issued(&mut tx, now).await?;
        tx.commit().await?;
        self.jobs.wake();
        Ok(())
    }

    /// The caller issues the manifests at once. Should the process die before, planning does it a little later.
    async fn have_it_issued(&self, tx: &mut Tx, now: UtcMillis) -> Result<(), CampaignError> {
        Ok(self.jobs.enqueue_for(tx, REPLAN, "all", now.plus(MAKE_SURE_AFTER)).await?)
    }
}
