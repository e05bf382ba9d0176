//! Whom a selector reaches, and what of it cannot be shown there: asked live while a booking is edited, and once more,
//! strictly, before publishing.

use std::collections::{BTreeMap, HashSet};

use xuanping_core::{
    campaign::{AreaCode, CreativeFacts, ScreenFacts, Selector, Unplayable},
    id::CreativeId,
    vocabulary::VenueType,
};

use super::{Campaign, CampaignError, Campaigns, Unreached, bookings::check_lengths};
use crate::{
    content::{Creative, State},
    screens::{Screen, ScreenFilter},
};

/// Whom a selector reaches.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// The screens, by area, venue and name.
    pub screens: Vec<Screen>,
    /// How many venues they hang in.
    pub venues: usize,
    /// How many screens by venue type.
    pub by_type: BTreeMap<VenueType, usize>,
    /// What cannot be shown, with how many screens it concerns.
    pub unplayable: BTreeMap<(CreativeId, Unplayable), usize>,
    /// Names of screens that can show none of the creatives.
    pub empty_handed: Vec<String>,
}

/// What selectors need to know of a screen; `None` if its area is not a valid code (old data).
pub fn facts_of(screen: &Screen) -> Option<ScreenFacts> {
    Some(ScreenFacts {
        screen: screen.id,
        venue: screen.venue.id,
        venue_type: screen.venue.kind,
        area: screen.venue.area.parse::<AreaCode>().ok()?,
        department: Some(screen.venue.department.clone()),
        kind: screen.kind,
        zones: screen.layout.zones(screen.size, screen.sound),
        clips: screen.clips,
        tags: screen.tags.clone(),
    })
}

fn facts_of_creative(creative: &Creative) -> CreativeFacts {
    CreativeFacts { creative: creative.id, kind: creative.content.kind, approved: creative.state == State::Approved }
}

impl Campaigns {
    /// Whom a selector reaches, and what of these creatives cannot be shown there.
    pub async fn reach(&self, selector: &Selector, creatives: &[CreativeId]) -> Result<Reach, CampaignError> {
        check_lengths(selector, creatives.len())?;
        self.reach_among(&self.every_screen().await?, selector, creatives).await
    }

    async fn every_screen(&self) -> Result<Vec<(Screen, ScreenFacts)>, CampaignError> {
        let screens = self.screens.list(&ScreenFilter::default()).await?;
        Ok(screens.into_iter().filter_map(|screen| facts_of(&screen).map(|facts| (screen, facts))).collect())
    }

    async fn reach_among(
        &self,
        screens: &[(Screen, ScreenFacts)],
        selector: &Selector,
        creatives: &[CreativeId],
    ) -> Result<Reach, CampaignError> {
        let creatives: Vec<_> = self.content.creatives(creatives).await?.iter().map(facts_of_creative).collect();
        let mut reach = Reach::default();
        let mut venues = HashSet::new();
        for (screen, facts) in screens.iter().filter(|(_, facts)| selector.matches(facts)) {
            let mut playable = 0;
            for creative in &creatives {
                match facts.place(creative) {
                    Ok(_) => playable += 1,
                    Err(why) => *reach.unplayable.entry((creative.creative, why)).or_default() += 1,
                }
            }
            if playable == 0 && !creatives.is_empty() {
                reach.empty_handed.push(format!("{} {}", screen.venue.name, screen.name));
            }
            *reach.by_type.entry(screen.venue.kind).or_default() += 1;
            venues.insert(screen.venue.id);
            reach.screens.push(screen.clone());
        }
        reach.venues = venues.len();
        Ok(reach)
    }

    /// Whether everything in a campaign may go on air and reaches somebody; answers how many screens.
    pub(super) async fn fit_to_publish(
        &self,
        campaign: &Campaign,
        unreached: Unreached,
    ) -> Result<usize, CampaignError> {
        let mut reached = HashSet::new();
        // Once for all bookings: there may be ten thousand.
        let screens = self.every_screen().await?;
        for booking in &campaign.bookings {
            self.require_approved(&booking.creatives).await?;
            let reach = self.reach_among(&screens, &booking.selector, &booking.creatives).await?;
            if reach.screens.is_empty() && unreached == Unreached::Refuse {
                return Err(CampaignError::NoScreens { name: booking.name.clone() });
            }
            if !reach.screens.is_empty() && reach.empty_handed.len() == reach.screens.len() {
                return Err(CampaignError::NothingPlayable { name: booking.name.clone() });
            }
            reached.extend(reach.screens.into_iter().map(|s| s.id));
        }
        Ok(reached.len())
    }

    /// Refuses creatives that may not go on air, by title.
    pub(super) async fn require_approved(&self, creatives: &[CreativeId]) -> Result<(), CampaignError> {
        let known = self.content.creatives(creatives).await?;
        let ids: HashSet<_> = known.iter().map(|c| c.id).collect();
        if let Some(unknown) = creatives.iter().find(|id| !ids.contains(*id)) {
            return Err(CampaignError::UnknownCreative(*unknown));
        }
        let titles: Vec<_> =
            known.into_iter().filter(|c| c.state != State::Approved).map(|c| c.content.title).collect();
        if titles.is_empty() { Ok(()) } else { Err(CampaignError::NotApproved { titles }) }
    }
}
