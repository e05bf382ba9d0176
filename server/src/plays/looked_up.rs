//! What a filter says in words of other domains, looked up: which venues lie near, which creatives are against a kind of fraud.

use std::collections::BTreeSet;

use xuanping_core::id::{CreativeId, VenueId};

use super::{Filter, PlayError, Plays};
use crate::content;

/// Creatives read at once.
const PAGE: u32 = 500;

/// A filter, and what other domains say of it.
#[derive(Debug, Clone, Default)]
pub struct LookedUp {
    /// The filter.
    pub filter: Filter,
    /// Venues that lie where it says; `None`: it says nothing of that.
    pub venues: Option<BTreeSet<VenueId>>,
    /// Creatives of the kind that it says; `None`: of any.
    pub creatives: Option<BTreeSet<CreativeId>>,
}

impl Plays {
    /// Looks up what a filter means now.
    pub(super) async fn looked_up(&self, filter: &Filter) -> Result<LookedUp, PlayError> {
        let venues = match filter.near {
            Some(circle) => {
                let holds = circle.holds();
                let there = self.screens.positions().await?.into_iter().filter(|(_, position)| holds(*position));
                Some(there.map(|(venue, _)| venue).collect())
            }
            None => None,
        };
        let creatives = match filter.fraud_type {
            Some(_) => Some(self.creatives_against(filter).await?),
            None => None,
        };
        Ok(LookedUp { filter: filter.clone(), venues, creatives })
    }

    async fn creatives_against(&self, filter: &Filter) -> Result<BTreeSet<CreativeId>, PlayError> {
        let mut found = BTreeSet::new();
        let mut before = None;
        loop {
            let page =
                content::Filter { fraud_type: filter.fraud_type, before, limit: PAGE, ..content::Filter::default() };
            let some = self.content.list(&page).await?;
            before = some.last().map(|last| last.id);
            let more = some.len() == PAGE as usize;
            found.extend(some.into_iter().map(|creative| creative.id));
            if !more {
                return Ok(found);
            }
        }
    }
}
