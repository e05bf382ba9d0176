//! Small numbers for what batches and counters say again and again: screens, places, items. They are given once and for ever,
//! before the batch that needs them is stored, and remembered here.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use chrono_tz::Tz;
use xuanping_core::{
    digest::Digest,
    id::{BookingId, CampaignId, CreativeId, ScreenId, VenueId},
    playlog::ItemRef,
    vocabulary::VenueType,
};

use super::{Filter, looked_up::LookedUp, packed, store::numbers as store};
use crate::{
    db::{Db, DbError},
    screens::Screen,
};

/// Items remembered at most. Honest ones are some thousands; whoever invents others must not fill our memory.
const MOST_ITEMS: usize = 50_000;

/// Where a screen hung when it played.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// In which venue.
    pub venue: VenueId,
    /// What sort of place that was.
    pub venue_type: VenueType,
    /// Its area code.
    pub area: String,
    /// Its department.
    pub department: String,
    /// IANA zone that its days are counted in.
    pub timezone: String,
}

/// What was shown for whom, whatever the playlist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// For which booking or takeover.
    pub booking: BookingId,
    /// What.
    pub creative: CreativeId,
    /// The exact file.
    pub asset: Digest,
    /// For which campaign; `None` for a takeover.
    pub campaign: Option<CampaignId>,
}

impl Place {
    /// Where a screen hangs now.
    pub fn of(screen: &Screen) -> Self {
        Self {
            venue: screen.venue.id,
            venue_type: screen.venue.kind,
            area: screen.venue.area.clone(),
            department: screen.venue.department.clone(),
            timezone: screen.timezone.clone(),
        }
    }

    /// The zone its days are in. It was checked when the screen was registered; the county's is right for all but a damaged row.
    pub fn zone(&self) -> Tz {
        self.timezone.parse().unwrap_or(Tz::Asia__Shanghai)
    }

    /// The place's name in the database: an edited row has another.
    pub fn digest(&self) -> Digest {
        let (venue, kind) = (self.venue.to_string(), self.venue_type.code());
        Digest::of([venue.as_str(), kind, &self.area, &self.department, &self.timezone].join("\n").as_bytes())
    }

    fn is_wanted(&self, filter: &Filter) -> bool {
        let within = |area: &Option<String>| {
            area.as_deref().is_none_or(|area| self.area.starts_with(super::query::significant(area)))
        };
        let there = !filter.area_only || filter.area.as_ref().is_none_or(|area| *area == self.area);
        let of = |department: &Option<String>| department.as_ref().is_none_or(|code| *code == self.department);
        filter.venue.is_none_or(|venue| venue == self.venue)
            && filter.venue_type.is_none_or(|kind| kind == self.venue_type)
            && of(&filter.department)
            && of(&filter.scope.department)
            && there
            && within(&filter.area)
            && within(&filter.scope.area)
    }
}

impl Item {
    /// The item's name in the database: an edited row has another.
    pub fn digest(&self) -> Digest {
        let campaign = self.campaign.map(|id| id.to_string()).unwrap_or_default();
        let words = [self.booking.to_string(), self.creative.to_string(), self.asset.to_string(), campaign];
        Digest::of(words.join("\n").as_bytes())
    }

    /// What signed batches say of it.
    pub fn words(&self) -> packed::Words {
        packed::words(self.booking, self.creative, self.asset)
    }
}

type Named = (BookingId, CreativeId, Digest);

#[derive(Debug, Default)]
struct Known {
    screens: HashMap<ScreenId, i64>,
    ids: HashMap<i64, ScreenId>,
    places: HashMap<i64, Arc<Place>>,
    place_numbers: HashMap<Place, i64>,
    items: HashMap<i64, Arc<Item>>,
    item_numbers: HashMap<Named, i64>,
}

/// The dictionaries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Numbers {
    db: Db,
    known: Arc<RwLock<Known>>,
}

/// Items by number.
pub type Items = HashMap<i64, Arc<Item>>;
/// Places by number.
pub type Places = HashMap<i64, Arc<Place>>;

impl Numbers {
    /// Those of this database.
    pub fn new(db: Db) -> Self {
        Self { db, known: Arc::default() }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A screen's number, if anything is stored of it.
    pub async fn screen(&self, screen: ScreenId) -> Result<Option<i64>, DbError> {
        if let Some(number) = self.known().screens.get(&screen) {
            return Ok(Some(*number));
        }
        let found = store::screen(&self.db, screen).await?;
        if let Some(number) = found {
            let mut known = self.learn();
            known.screens.insert(screen, number);
            known.ids.insert(number, screen);
        }
        Ok(found)
    }

    /// The screens of these numbers.
    pub async fn screens(&self, numbers: BTreeSet<i64>) -> Result<HashMap<i64, ScreenId>, DbError> {
        if !numbers.iter().all(|number| self.known().ids.contains_key(number)) {
            let all = store::screens(&self.db).await?;
            let mut known = self.learn();
            known.screens.extend(all.iter().map(|(number, id)| (*id, *number)));
            known.ids.extend(all);
        }
        let known = self.known();
        Ok(numbers.into_iter().filter_map(|number| Some((number, *known.ids.get(&number)?))).collect())
    }

    /// All places, by number.
    pub async fn places(&self) -> Result<Places, DbError> {
        // Another process may have added some.
        if store::number_of_places(&self.db).await? != self.known().places.len() {
            let all = store::places(&self.db).await?;
            let mut known = self.learn();
            for entry in all {
                known.place_numbers.insert(entry.said.clone(), entry.no);
                known.places.insert(entry.no, Arc::new(entry.said));
            }
        }
        Ok(self.known().places.clone())
    }

    /// The items of these numbers, as far as they are there.
    pub async fn items(&self, numbers: BTreeSet<i64>) -> Result<Items, DbError> {
        let mut found = Items::new();
        let mut missing = Vec::new();
        {
            let known = self.known();
            for number in numbers {
                match known.items.get(&number) {
                    Some(item) => drop(found.insert(number, item.clone())),
                    None => missing.push(number),
                }
            }
        }
        if !missing.is_empty() {
            let entries = store::items(&self.db, &missing).await?;
            let mut known = self.learn();
            for entry in entries {
                let item = Arc::new(entry.said);
                known.remember(entry.no, item.clone());
                found.insert(entry.no, item);
            }
        }
        Ok(found)
    }

    /// Places that a filter wants; `None`: all.
    pub async fn wanted_places(&self, looked_up: &LookedUp) -> Result<(Places, Option<BTreeSet<i64>>), DbError> {
        let places = self.places().await?;
        let near = |place: &Place| looked_up.venues.as_ref().is_none_or(|venues| venues.contains(&place.venue));
        let wanted = places.iter().filter(|(_, place)| place.is_wanted(&looked_up.filter) && near(place));
        let wanted: BTreeSet<i64> = wanted.map(|(number, _)| *number).collect();
        let all = wanted.len() == places.len();
        Ok((places, (!all).then_some(wanted)))
    }

    /// Items that a filter wants; `None`: all.
    pub async fn wanted_items(&self, looked_up: &LookedUp) -> Result<Option<BTreeSet<i64>>, DbError> {
        let filter = &looked_up.filter;
        let creatives = match (&looked_up.creatives, filter.creative) {
            (Some(of_kind), Some(one)) => Some(of_kind.iter().copied().filter(|each| *each == one).collect()),
            (Some(of_kind), None) => Some(of_kind.clone()),
            (None, Some(one)) => Some(BTreeSet::from([one])),
            (None, None) => None,
        };
        if creatives.is_none() && filter.campaign.is_none() && !filter.takeover {
            return Ok(None);
        }
        let of = store::ItemsOf { creatives, campaign: filter.campaign, takeover: filter.takeover };
        Ok(Some(store::items_of(&self.db, &of).await?))
    }

    /// The numbers of a batch's items, as far as they have any.
    pub fn known_items(&self, items: &[ItemRef]) -> Vec<Option<(i64, Option<CampaignId>)>> {
        let known = self.known();
        let number = |item: &ItemRef| {
            let number = *known.item_numbers.get(&(item.booking, item.creative, item.asset))?;
            Some((number, known.items.get(&number)?.campaign))
        };
        items.iter().map(number).collect()
    }

    /// Numbers for a screen, its place and these items; those that have none yet are given one, and it is durable.
    pub async fn give(&self, screen: ScreenId, place: &Place, items: &[Item]) -> Result<(i64, i64, Vec<i64>), DbError> {
        {
            let known = self.known();
            let of = |item: &Item| {
                let number = *known.item_numbers.get(&(item.booking, item.creative, item.asset))?;
                known.items.get(&number).filter(|known| known.campaign == item.campaign).map(|_| number)
            };
            let items: Option<Vec<i64>> = items.iter().map(of).collect();
            if let (Some(screen), Some(place), Some(items)) =
                (known.screens.get(&screen), known.place_numbers.get(place), items)
            {
                return Ok((*screen, *place, items));
            }
        }
        let mut tx = self.db.begin().await?;
        let screen_number = store::number_screen(&mut tx, screen).await?;
        let place_number = store::number_place(&mut tx, place).await?;
        let mut numbers = Vec::with_capacity(items.len());
        for item in items {
            numbers.push(store::number_item(&mut tx, item).await?);
        }
        tx.commit().await?;
        let mut known = self.learn();
        known.screens.insert(screen, screen_number);
        known.ids.insert(screen_number, screen);
        known.place_numbers.insert(place.clone(), place_number);
        known.places.insert(place_number, Arc::new(place.clone()));
        for (number, item) in numbers.iter().zip(items) {
            known.remember(*number, Arc::new(item.clone()));
        }
        Ok((screen_number, place_number, numbers))
    }
}

impl Known {
    fn remember(&mut self, number: i64, item: Arc<Item>) {
        if self.items.len() >= MOST_ITEMS {
            self.items.clear();
            self.item_numbers.clear();
        }
        self.item_numbers.insert((item.booking, item.creative, item.asset), number);
        self.items.insert(number, item);
    }
}
