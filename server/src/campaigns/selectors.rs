//! Whether a selector can be taken from a person: it names places that there are, tags that can be, and not too much.

use std::collections::HashSet;

use xuanping_core::campaign::{AreaCode, Selector};

use super::{CampaignError, Campaigns, bookings::MOST_CREATIVES};
use crate::screens::checked_tag;

/// The most entries of one list of a selector: far beyond what anybody chooses by hand.
const MOST_CHOSEN: usize = 1_000;

/// Whether a selector and so many creatives can be compared with every screen without keeping everybody waiting.
pub(super) fn check_lengths(selector: &Selector, creatives: usize) -> Result<(), CampaignError> {
    let out = &selector.exclude;
    let lists = [
        ("selector.areas", selector.areas.len()),
        ("selector.departments", selector.departments.len()),
        ("selector.venue_types", selector.venue_types.len()),
        ("selector.venue_groups", selector.venue_groups.len()),
        ("selector.tags", selector.tags.len()),
        ("selector.screen_kinds", selector.screen_kinds.len()),
        ("selector.screens", selector.screens.len()),
        ("selector.exclude_screens", selector.exclude_screens.len()),
        ("selector.exclude.areas", out.areas.len()),
        ("selector.exclude.departments", out.departments.len()),
        ("selector.exclude.venue_types", out.venue_types.len()),
        ("selector.exclude.venue_groups", out.venue_groups.len()),
        ("selector.exclude.tags", out.tags.len()),
        ("selector.exclude.screen_kinds", out.screen_kinds.len()),
    ];
    if let Some((field, _)) = lists.into_iter().find(|(_, count)| *count > MOST_CHOSEN) {
        return Err(CampaignError::TooMany { field, most: MOST_CHOSEN });
    }
    if creatives > MOST_CREATIVES {
        return Err(CampaignError::TooMany { field: "creatives", most: MOST_CREATIVES });
    }
    Ok(())
}

impl Campaigns {
    /// A selector that names places that there are: a mistyped code would silently choose nothing. Tags need not be on
    /// any screen yet, as they come and go with screens; they are only trimmed.
    pub(super) async fn checked_selector(&self, mut selector: Selector) -> Result<Selector, CampaignError> {
        check_lengths(&selector, 0)?;
        let out = &mut selector.exclude;
        check_tags(&mut selector.tags, "selector.tags")?;
        check_tags(&mut out.tags, "selector.exclude.tags")?;
        self.check_areas(&selector.areas, "selector.areas").await?;
        self.check_areas(&out.areas, "selector.exclude.areas").await?;
        self.check_departments(&selector.departments, "selector.departments").await?;
        self.check_departments(&out.departments, "selector.exclude.departments").await?;
        Ok(selector)
    }

    async fn check_areas(&self, areas: &[AreaCode], field: &'static str) -> Result<(), CampaignError> {
        if areas.is_empty() {
            return Ok(());
        }
        let known: HashSet<_> = self.screens.areas().await?.into_iter().map(|a| a.code).collect();
        let there = areas.iter().all(|area| known.contains(&area.to_string()));
        if there { Ok(()) } else { Err(CampaignError::UnknownPlace(field)) }
    }

    async fn check_departments(&self, departments: &[String], field: &'static str) -> Result<(), CampaignError> {
        if departments.is_empty() {
            return Ok(());
        }
        let known: HashSet<_> = self.screens.departments().await?.into_iter().map(|d| d.code).collect();
        let there = departments.iter().all(|code| known.contains(code));
        if there { Ok(()) } else { Err(CampaignError::UnknownPlace(field)) }
    }
}

/// Trims tags; each is kept once.
fn check_tags(tags: &mut Vec<String>, field: &'static str) -> Result<(), CampaignError> {
    let mut seen = HashSet::new();
    for tag in tags.iter_mut() {
        *tag = checked_tag(tag).ok_or(CampaignError::BadTag(field))?;
    }
    tags.retain(|tag| seen.insert(tag.clone()));
    Ok(())
}
