//! Sums over days: summaries, exposure, what was made of a booking. No play is looked at for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use xuanping_core::{
    campaign::Booking,
    geometry::ZoneName,
    id::{CreativeId, ScreenId},
};

use super::{
    CountedAs, Filter, Group, Order, PlayError, PlayRecord, Plays, SummaryLine,
    counters::{HOURS, Line, sum},
    exposure::Shown,
    judge::Count,
    numbers::{Items, Places},
    opened::day_of_number,
    query::Counted,
    store::days::{self, DayKey},
    walk::limits,
};

/// Days read at once.
const AT_ONCE: u32 = 2000;
/// Plays that are looked at one by one to be counted, at most.
const MOST_COUNTED: usize = 10_000;

impl Plays {
    /// Every counter of the days, places and items that a filter wants, day by day, the oldest first.
    async fn each_counter(
        &self,
        filter: &Filter,
        mut take: impl FnMut(DayKey, Line, &[Count; HOURS]),
    ) -> Result<Places, PlayError> {
        let looked_up = self.looked_up(filter).await?;
        let (places, wanted) = self.numbers.wanted_places(&looked_up).await?;
        let items = self.numbers.wanted_items(&looked_up).await?;
        let hour = filter.hour.map(usize::from);
        let screen = match filter.screen {
            Some(screen) => match self.numbers.screen(screen).await? {
                Some(number) => Some(number),
                None => return Ok(places),
            },
            None => None,
        };
        let (from, to) = limits(filter);
        let sought = days::Sought { screen, places: wanted, from, to, counts: true };
        let mut behind = None;
        loop {
            let (some, more) = days::page(&self.db, &sought, Order::OldestFirst, behind, AT_ONCE).await?;
            for row in some {
                row.each(|line, hours| {
                    if items.as_ref().is_none_or(|items| items.contains(&line.0)) {
                        match hour {
                            Some(hour) => {
                                let mut only = [Count::default(); HOURS];
                                only.iter_mut().zip(hours).skip(hour).take(1).for_each(|(only, count)| *only = *count);
                                take(row.key, line, &only);
                            }
                            None => take(row.key, line, hours),
                        }
                    }
                })?;
            }
            behind = more;
            if behind.is_none() {
                return Ok(places);
            }
        }
    }

    /// Counters, grouped.
    pub async fn summary(&self, filter: &Filter, group: Group) -> Result<Vec<SummaryLine>, PlayError> {
        let mut sums: HashMap<i64, Count> = HashMap::new();
        let places = self
            .each_counter(filter, |key, (item, _), hours| match group {
                Group::Creative | Group::Campaign => sums.entry(item).or_default().add(&sum(hours)),
                Group::Screen => sums.entry(key.screen).or_default().add(&sum(hours)),
                Group::VenueType | Group::Area | Group::Department => {
                    sums.entry(key.place).or_default().add(&sum(hours));
                }
                Group::Day => sums.entry(key.day).or_default().add(&sum(hours)),
                Group::Hour => {
                    let some = (0..).zip(hours).filter(|(_, count)| **count != Count::default());
                    some.for_each(|(hour, count)| sums.entry(hour).or_default().add(count));
                }
            })
            .await?;
        let words = self.words(group, sums.keys().copied().collect(), &places).await?;
        // Hours in the order of numbers, everything else in that of its words.
        let mut lines: BTreeMap<(i64, String), Count> = BTreeMap::new();
        // An hour that was chosen has other items of the day than were shown in it.
        for (number, count) in sums.into_iter().filter(|(_, count)| *count != Count::default()) {
            let Some(key) = words.get(&number) else { continue };
            let order = if group == Group::Hour { number } else { 0 };
            lines.entry((order, key.clone())).or_default().add(&count);
        }
        Ok(lines.into_iter().map(|((_, key), count)| line(key, &count)).collect())
    }

    /// How many plays a filter has, on how many screens, and how long they were on the wall: from counters alone, so in no
    /// time; of what no counter tells apart, by looking at the plays. `None`: there are too many of these for that.
    pub async fn count(&self, filter: &Filter) -> Result<Option<Counted>, PlayError> {
        if filter.status.is_some() || filter.flag.is_some() || filter.sequence.is_some() {
            return self.count_plays(filter).await;
        }
        let column = match (filter.counted_as, filter.counted_only) {
            (None, false) => None,
            (None | Some(CountedAs::Completed | CountedAs::Shown), true) => Some(CountedAs::Completed),
            (Some(_), true) => return Ok(Some(Counted::default())),
            (column, false) => column,
        };
        let (mut counted, mut shown_ms) = (Counted::default(), 0);
        let mut screens = BTreeSet::new();
        self.each_counter(filter, |key, _, hours| {
            let count = sum(hours);
            let plays = column.map_or_else(|| count.plays(), |column| column.of(&count));
            if plays > 0 {
                counted.plays += signed(plays);
                screens.insert(key.screen);
            }
            shown_ms += signed(count.shown_ms);
        })
        .await?;
        counted.screens = screens.len();
        // Counters know only how long completed and interrupted ones took together.
        counted.shown_ms = matches!(column, None | Some(CountedAs::Shown)).then_some(shown_ms);
        Ok(Some(counted))
    }

    async fn count_plays(&self, filter: &Filter) -> Result<Option<Counted>, PlayError> {
        let mut walk = self.walk(filter, Order::NewestFirst, None).await?;
        let some = walk.next(MOST_COUNTED + 1).await?;
        if some.len() > MOST_COUNTED {
            return Ok(None);
        }
        let screens: BTreeSet<ScreenId> = some.iter().map(|play| play.screen).collect();
        let shown_ms = some.iter().map(PlayRecord::shown_ms).sum();
        Ok(Some(Counted { plays: signed(some.len() as u64), screens: screens.len(), shown_ms: Some(shown_ms) }))
    }

    /// What the numbers that a summary is grouped by stand for.
    async fn words(
        &self,
        group: Group,
        numbers: BTreeSet<i64>,
        places: &Places,
    ) -> Result<HashMap<i64, String>, PlayError> {
        let of_place = |number: i64| {
            let place = places.get(&number)?;
            Some(match group {
                Group::VenueType => place.venue_type.code().to_owned(),
                Group::Area => place.area.clone(),
                _ => place.department.clone(),
            })
        };
        Ok(match group {
            Group::Creative => of_items(&self.numbers.items(numbers).await?, |item| item.creative.to_string()),
            Group::Campaign => of_items(&self.numbers.items(numbers).await?, |item| {
                item.campaign.map(|id| id.to_string()).unwrap_or_default()
            }),
            Group::Screen => {
                let screens = self.numbers.screens(numbers).await?;
                screens.into_iter().map(|(number, id)| (number, id.to_string())).collect()
            }
            Group::VenueType | Group::Area | Group::Department => {
                numbers.into_iter().filter_map(|number| Some((number, of_place(number)?))).collect()
            }
            Group::Day => numbers.into_iter().map(|number| (number, day_of_number(number).to_string())).collect(),
            Group::Hour => numbers.into_iter().map(|number| (number, number.to_string())).collect(),
        })
    }

    /// What each creative came to on each screen.
    pub(super) async fn shown(&self, filter: &Filter) -> Result<Vec<Shown>, PlayError> {
        /// What an item came to on a screen, and on which days.
        #[derive(Default)]
        struct Came {
            sum: Count,
            days: Vec<i64>,
        }
        let mut came: HashMap<(i64, i64), Came> = HashMap::new();
        self.each_counter(filter, |key, (item, _), hours| {
            let came = came.entry((item, key.screen)).or_default();
            let count = sum(hours);
            came.sum.add(&count);
            // They come in order.
            if count.completed > 0 && came.days.last() != Some(&key.day) {
                came.days.push(key.day);
            }
        })
        .await?;
        let items = self.numbers.items(came.keys().map(|(item, _)| *item).collect()).await?;
        let screens = self.numbers.screens(came.keys().map(|(_, screen)| *screen).collect()).await?;
        let mut together: BTreeMap<(CreativeId, ScreenId), Came> = BTreeMap::new();
        for ((item, screen), each) in came {
            let (Some(item), Some(screen)) = (items.get(&item), screens.get(&screen)) else { continue };
            let together = together.entry((item.creative, *screen)).or_default();
            together.sum.add(&each.sum);
            together.days.extend(each.days);
        }
        let shown = together.into_iter().map(|((creative, screen), Came { sum, mut days })| {
            days.sort_unstable();
            days.dedup();
            Shown {
                creative,
                screen,
                plays: signed(sum.completed),
                shown_ms: signed(sum.shown_ms),
                days: signed(days.len() as u64),
                last: days.last().copied().map(day_of_number),
            }
        });
        Ok(shown.collect())
    }

    /// How often each screen showed a booking, to its full length, on the days from `since` and before `until`: in the zone
    /// that showed it most.
    pub(super) async fn made(
        &self,
        booking: &Booking,
        since: NaiveDate,
        until: NaiveDate,
    ) -> Result<HashMap<ScreenId, u32>, PlayError> {
        let filter = Filter {
            campaign: Some(booking.campaign),
            day_from: Some(since),
            day_to: until.pred_opt(),
            ..Filter::default()
        };
        let mut by_item: HashMap<(i64, i64, ZoneName), u64> = HashMap::new();
        self.each_counter(&filter, |key, (item, zone), hours| {
            *by_item.entry((item, key.screen, zone)).or_default() += sum(hours).completed;
        })
        .await?;
        let items = self.numbers.items(by_item.keys().map(|(item, ..)| *item).collect()).await?;
        let screens = self.numbers.screens(by_item.keys().map(|(_, screen, _)| *screen).collect()).await?;
        let mut by_zone: HashMap<(ScreenId, ZoneName), u64> = HashMap::new();
        for ((item, screen, zone), completed) in by_item {
            let (Some(item), Some(screen)) = (items.get(&item), screens.get(&screen)) else { continue };
            if item.booking == booking.id && completed > 0 {
                *by_zone.entry((*screen, zone)).or_default() += completed;
            }
        }
        let mut most: HashMap<ScreenId, u32> = HashMap::new();
        for ((screen, _), completed) in by_zone {
            let completed = u32::try_from(completed).unwrap_or(u32::MAX);
            most.entry(screen).and_modify(|most| *most = completed.max(*most)).or_insert(completed);
        }
        Ok(most)
    }
}

fn of_items(items: &Items, word: impl Fn(&super::numbers::Item) -> String) -> HashMap<i64, String> {
    items.iter().map(|(number, item)| (*number, word(item))).collect()
}

/// Counters are far below what either type holds; one that is not was edited, and `admin recount` names it.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn line(key: String, count: &Count) -> SummaryLine {
    SummaryLine {
        key,
        completed: signed(count.completed),
        interrupted: signed(count.interrupted),
        failed: signed(count.failed),
        not_counted: signed(count.not_counted),
        shown_ms: signed(count.shown_ms),
    }
}
