//! 总览: what an official wants to know when coming in: what is dark, what waits, what runs.
//!
//! Only reads; every number is asked of the domain that answers for it.

pub mod http;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use xuanping_core::{
    id::{CampaignId, ScreenId, TakeoverId},
    time::UtcMillis,
};

use crate::{
    accounts::Principal,
    campaigns::{Campaign, CampaignError, Campaigns, Review, Standing},
    content::{Content, ContentError, State},
    plays::{CountedAs, Filter, PlayError, Plays},
    screens::{ScreenError, ScreenFilter, Screens},
};

/// A screen that was not heard of for this long is named, in milliseconds: longer than a restart, shorter than a shift.
const SILENT_AFTER: i64 = 15 * 60_000;

/// The overview of this server. Cheap to clone.
#[derive(Clone)]
pub struct Supervision {
    screens: Screens,
    content: Content,
    campaigns: Campaigns,
    plays: Plays,
}

/// How things stand.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Screens in service.
    pub screens: usize,
    /// Of these, reporting.
    pub online: usize,
    /// Of these, never heard of.
    pub never_seen: usize,
    /// Venues registered.
    pub venues: usize,
    /// Venues without any screen in service: blind spots.
    pub venues_without_screen: usize,
    /// Creatives that wait for a reviewer.
    pub waiting_reviews: i64,
    /// Campaigns published and within their days.
    pub running_campaigns: Vec<(CampaignId, String)>,
    /// Campaigns whose draft waits for a reviewer.
    pub waiting_campaigns: Vec<(CampaignId, String)>,
    /// Takeovers on the walls.
    pub active_takeovers: Vec<(TakeoverId, String, UtcMillis)>,
    /// Plays of this day that were shown in full, as far as they were reported.
    pub plays_today: i64,
    /// Screens that should report and do not, longest silent first.
    pub silent: Vec<Silent>,
}

/// A screen that is not heard of.
#[derive(Debug, Clone)]
pub struct Silent {
    /// Which.
    pub id: ScreenId,
    /// Its venue and name.
    pub name: String,
    /// When it was last heard of; never without.
    pub last_seen: Option<UtcMillis>,
}

/// Why there is no overview.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// Screens.
    #[error(transparent)]
    Screens(#[from] ScreenError),
    /// Content.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// Campaigns.
    #[error(transparent)]
    Campaigns(#[from] CampaignError),
    /// Plays.
    #[error(transparent)]
    Plays(#[from] PlayError),
}

impl Supervision {
    /// An overview of these domains.
    pub fn new(screens: Screens, content: Content, campaigns: Campaigns, plays: Plays) -> Self {
        Self { screens, content, campaigns, plays }
    }

    /// How things stand now.
    pub async fn overview(&self, today: NaiveDate, who: &Principal, now: UtcMillis) -> Result<Overview, OverviewError> {
        let screens = self.screens.list(&ScreenFilter::default()).await?;
        let venues = self.screens.venues().await?;
        let campaigns = self.campaigns.list().await?;
        let named = |wanted: &dyn Fn(&Campaign) -> bool| {
            campaigns.iter().filter(|c| wanted(c)).map(|c| (c.id, c.name.clone())).collect()
        };
        let takeovers = self.campaigns.active_takeovers(now).await?;
        let mut overview = Overview {
            screens: screens.len(),
            online: screens.iter().filter(|s| s.is_online(now)).count(),
            never_seen: screens.iter().filter(|s| s.status.is_none()).count(),
            venues: venues.len(),
            venues_without_screen: venues.iter().filter(|v| v.screens == 0).count(),
            waiting_reviews: self.content.count(State::InReview).await?,
            running_campaigns: named(&|c| c.standing(today) == Standing::Running),
            waiting_campaigns: named(&|c| matches!(c.review, Review::Waiting { .. })),
            active_takeovers: takeovers.into_iter().map(|t| (t.id, t.title, t.expires)).collect(),
            plays_today: self.plays_on(today, who).await?,
            silent: Vec::new(),
        };
        for screen in screens {
            let last_seen = screen.status.as_ref().map(|(seen, _)| *seen);
            if now.since(last_seen.unwrap_or(screen.enrolled_at)) >= SILENT_AFTER {
                let name = format!("{} {}", screen.venue.name, screen.name);
                overview.silent.push(Silent { id: screen.id, name, last_seen });
            }
        }
        overview.silent.sort_by_key(|s| s.last_seen);
        Ok(overview)
    }

    /// How many plays were shown in full on a day, of those whose records the person may look at.
    async fn plays_on(&self, day: NaiveDate, who: &Principal) -> Result<i64, OverviewError> {
        let filter = Filter {
            day_from: Some(day),
            day_to: Some(day),
            counted_as: Some(CountedAs::Completed),
            scope: who.scope.clone(),
            ..Filter::default()
        };
        // Counters tell these apart, so they are never too many.
        Ok(self.plays.count(&filter).await?.map_or(0, |counted| counted.plays))
    }
}
