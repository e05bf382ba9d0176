//! Whom a selector reaches, and what of it cannot be shown there: asked live while a booking is edited, and once more,
//! strictly, before publishing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use xuanping_core::{
    campaign::{AreaCode, AreaLevel, CreativeFacts, ScreenFacts, Selector, Unplayable},
    geometry::Size,
    id::{CreativeId, ScreenId},
    vocabulary::{CreativeKind, ScreenKind, VenueType},
};

use super::{Campaign, CampaignError, Campaigns, Unreached, selectors::check_lengths};
use crate::{
    content::{Creative, ScreenClass, State},
    screens::{Candidate, Screen},
};

/// So many screens are named one by one; of the rest, their number.
const SAMPLE: usize = 500;

/// Whom a selector reaches.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// The screens, by area, venue and name.
    pub screens: Vec<ScreenId>,
    /// The first [`SAMPLE`] of them by name.
    pub sample: Vec<Reached>,
    /// How many venues they hang in.
    pub venues: usize,
    /// How many screens by venue type.
    pub by_type: BTreeMap<VenueType, usize>,
    /// How many screens by township, or by the area above where the venue says no township.
    pub by_area: BTreeMap<AreaCode, usize>,
    /// What cannot be shown, with how many screens it concerns.
    pub unplayable: BTreeMap<(CreativeId, Unplayable), usize>,
    /// Screens that can show none of the creatives, together where the reasons are the same: why no creative of each
    /// kind can be shown there.
    pub empty_handed: BTreeMap<Vec<(CreativeKind, Unplayable)>, EmptyHanded>,
}

/// A reached screen by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Which.
    pub id: ScreenId,
    /// Its name.
    pub name: String,
    /// Its venue's name.
    pub venue: String,
    /// What it is.
    pub kind: ScreenKind,
}

/// Screens that would have nothing to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmptyHanded {
    /// How many.
    pub screens: usize,
    /// The first [`SAMPLE`] of them by name.
    pub sample: Vec<Reached>,
}

impl Reach {
    /// How many screens can show none of the creatives.
    pub fn empty_handed_screens(&self) -> usize {
        self.empty_handed.values().map(|some| some.screens).sum()
    }

    fn count(&mut self, screen: &Candidate, shown: &Shown) {
        let facts = &screen.facts;
        let mut reasons = BTreeSet::new();
        let mut playable = shown.creatives.is_empty();
        for creative in &shown.creatives {
            match shown.on(facts, creative) {
                Ok(()) => playable = true,
                Err(why) => {
                    reasons.insert((creative.kind, why));
                    *self.unplayable.entry((creative.creative, why)).or_default() += 1;
                }
            }
        }
        let reached =
            || Reached { id: facts.screen, name: screen.name.clone(), venue: screen.venue.clone(), kind: facts.kind };
        if !playable {
            let alike = self.empty_handed.entry(reasons.into_iter().collect()).or_default();
            alike.screens += 1;
            if alike.sample.len() < SAMPLE {
                alike.sample.push(reached());
            }
        }
        if self.sample.len() < SAMPLE {
            self.sample.push(reached());
        }
        *self.by_type.entry(facts.venue_type).or_default() += 1;
        *self.by_area.entry(township(facts.area)).or_default() += 1;
        self.screens.push(facts.screen);
    }
}

/// What is to be shown, and for which classes of screens it was found that it cannot be made.
struct Shown {
    creatives: Vec<CreativeFacts>,
    impossible: HashSet<(CreativeId, ScreenClass)>,
}

impl Shown {
    /// Whether a screen can show one of the creatives. That it is still being made is no reason against it.
    fn on(&self, screen: &ScreenFacts, creative: &CreativeFacts) -> Result<(), Unplayable> {
        let name = screen.place(creative)?;
        let zone = screen.zones.iter().find(|zone| zone.name == name);
        let size = zone.map_or(Size { width: 0, height: 0 }, |zone| zone.rect.size());
        let class = ScreenClass { kind: screen.kind, zone: name, size };
        if self.impossible.contains(&(creative.creative, class)) { Err(Unplayable::Impossible) } else { Ok(()) }
    }
}

/// The township an area belongs to; the area itself if it is none's.
fn township(area: AreaCode) -> AreaCode {
    if area.level() == AreaLevel::Village { area.parent().unwrap_or(area) } else { area }
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
        self.reach_among(&self.screens.candidates().await?, selector, creatives).await
    }

    /// What areas are called, by code.
    pub(super) async fn area_names(&self) -> Result<HashMap<String, String>, CampaignError> {
        Ok(self.screens.areas().await?.into_iter().map(|area| (area.code, area.name)).collect())
    }

    async fn reach_among(
        &self,
        screens: &[Candidate],
        selector: &Selector,
        creatives: &[CreativeId],
    ) -> Result<Reach, CampaignError> {
        let creatives = self.content.creatives(creatives).await?;
        let shown = Shown {
            impossible: self.content.impossible(&creatives).await?,
            creatives: creatives.iter().map(facts_of_creative).collect(),
        };
        let chosen = selector.matcher();
        let mut reach = Reach::default();
        let mut venues = HashSet::new();
        for screen in screens.iter().filter(|screen| chosen.matches(&screen.facts)) {
            reach.count(screen, &shown);
            venues.insert(screen.facts.venue);
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
        let screens = self.screens.candidates().await?;
        for booking in &campaign.bookings {
            self.require_approved(&booking.creatives).await?;
            let reach = self.reach_among(&screens, &booking.selector, &booking.creatives).await?;
            if reach.screens.is_empty() && unreached == Unreached::Refuse {
                return Err(CampaignError::NoScreens { name: booking.name.clone() });
            }
            if !reach.screens.is_empty() && reach.empty_handed_screens() == reach.screens.len() {
                return Err(CampaignError::NothingPlayable { name: booking.name.clone() });
            }
            reached.extend(reach.screens);
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
