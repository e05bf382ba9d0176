//! Walking through plays in exact order of their start without a row for any of them: batches that can hold the next ones are
//! opened, and a play is given out as soon as no batch that is still closed can hold one before it.
//!
//! There are two ways to come by the next batches. If few screens can matter, or the plays of some creative only, days lead:
//! their counters say on which screens and in which batches there is something. Otherwise, and for a creative that is on many
//! of all screens, all batches stand in line by the start of their last play (or their first, for the oldest first). What only
//! few batches have (`flags::Marks::RARE`) is looked for in the line of these, wherever it is sought.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use chrono_tz::Tz;
use xuanping_core::{recurrence::day_of, time::UtcMillis};

use super::{
    CountedAs, Cursor, Filter, Order, PlayError, PlayRecord,
    judge::Count,
    looked_up::LookedUp,
    numbers::{Numbers, Places},
    opened::{Opened, day_number, day_of_number},
    packed,
    query::Sought,
    store::{
        batches::{self, InLine, Kept, Outline, Span},
        days::{self, DayKey, DayRow},
        numbers as store_numbers,
    },
};
use crate::db::{Db, DbError};

/// Batches opened at once when days lead.
const AT_ONCE: usize = 32;
/// Batches taken from the line at first, and at most.
const FIRST_IN_LINE: u32 = 32;
const MOST_IN_LINE: u32 = 1024;
/// Rows of days read at once.
const DAYS: u32 = 1000;
/// If plays in more places are sought, all batches stand in line.
const MOST_PLACES: usize = 200;
/// What no more batches have than this is looked for among these alone, wherever it is sought.
const MOST_RARE: u32 = 2_000;
/// A creative on more screens in a day, and on more than one in so many of all, stands in line.
const MOST_SCREENS: usize = 200;
const PART_OF_ALL: usize = 16;

/// A walk. It holds only batches with plays near the place where it is.
pub struct Walk {
    db: Db,
    numbers: Numbers,
    order: Order,
    sought: Sought,
    places: Places,
    wanted: Option<BTreeSet<i64>>,
    source: Source,
    /// Whatever is closed holds plays at or beyond this start only; `None`: nothing is closed.
    bound: Option<UtcMillis>,
    opened: HashMap<(i64, u64), Opened>,
    met: HashSet<(i64, u64)>,
    heap: BTreeMap<Cursor, ((i64, u64), usize)>,
}

enum Source {
    Days(ByDays),
    Line(InTheLine),
}

struct ByDays {
    sought: days::Sought,
    items: Option<BTreeSet<i64>>,
    counted_as: Option<CountedAs>,
    hour: Option<u8>,
    behind: Option<DayKey>,
    ended: bool,
    rows: VecDeque<DayRow>,
    zones: Vec<Tz>,
    /// In order; the next is the last.
    closed: Vec<Outline>,
}

struct InTheLine {
    begin: Option<UtcMillis>,
    behind: InLine,
    end: UtcMillis,
    limit: u32,
}

impl Walk {
    /// Begins a walk behind this place.
    pub async fn new(
        db: &Db,
        numbers: &Numbers,
        looked_up: &LookedUp,
        order: Order,
        cursor: Option<Cursor>,
    ) -> Result<Self, PlayError> {
        Self::with(db, numbers, looked_up, order, cursor, MOST_SCREENS).await
    }

    /// The same, where a creative may be on so many screens in a day before it stands in line.
    pub(super) async fn with(
        db: &Db,
        numbers: &Numbers,
        looked_up: &LookedUp,
        order: Order,
        cursor: Option<Cursor>,
        most_screens: usize,
    ) -> Result<Self, PlayError> {
        let filter = &looked_up.filter;
        let (places, wanted) = numbers.wanted_places(looked_up).await?;
        let items = numbers.wanted_items(looked_up).await?;
        let screen = match filter.screen {
            // A number that no screen has.
            Some(screen) => Some(numbers.screen(screen).await?.unwrap_or(0)),
            None => None,
        };
        let few = wanted.as_ref().is_some_and(|wanted| wanted.len() <= MOST_PLACES);
        let mut days = ByDays::new(filter, screen, wanted.clone(), items.clone(), &places, order, cursor);
        let sought = Sought::new(filter.clone(), items, order, cursor);
        let marks = sought.marks();
        // Few batches of all the county have it: an index of these stands in line.
        let rare = screen.is_none()
            && marks.are_rare()
            && batches::number_with(db, &marks, MOST_RARE + 1).await? <= MOST_RARE as usize;
        let lead =
            !rare && (screen.is_some() || few || (days.chooses() && !days.is_common(db, order, most_screens).await?));
        let source =
            if lead { Source::Days(days) } else { Source::Line(InTheLine::new(filter, order, cursor, &days.zones)) };
        let start = match order {
            Order::NewestFirst => UtcMillis(i64::MAX),
            Order::OldestFirst => UtcMillis(i64::MIN),
        };
        Ok(Self {
            db: db.clone(),
            numbers: numbers.clone(),
            order,
            sought,
            places,
            wanted,
            source,
            bound: Some(start),
            opened: HashMap::new(),
            met: HashSet::new(),
            heap: BTreeMap::new(),
        })
    }

    /// The next records, at most so many; fewer only at the end.
    pub async fn next(&mut self, most: usize) -> Result<Vec<PlayRecord>, PlayError> {
        let mut records = Vec::new();
        while records.len() < most {
            let next = match self.order {
                Order::NewestFirst => self.heap.last_key_value(),
                Order::OldestFirst => self.heap.first_key_value(),
            };
            let next = next.map(|(at, of)| (*at, *of));
            match (next, self.bound) {
                (None, None) => break,
                (Some((at, _)), Some(bound)) if !self.is_settled(at.started, bound) => self.open_more().await?,
                (None, Some(_)) => self.open_more().await?,
                (Some((at, (of, nth))), _) => {
                    self.heap.remove(&at);
                    records.extend(self.take(of, nth));
                }
            }
        }
        Ok(records)
    }

    fn is_settled(&self, started: UtcMillis, bound: UtcMillis) -> bool {
        match self.order {
            Order::NewestFirst => started > bound,
            Order::OldestFirst => started < bound,
        }
    }

    /// Takes a play from its batch, and lets the one behind it stand in its place.
    fn take(&mut self, of: (i64, u64), nth: usize) -> Option<PlayRecord> {
        let opened = self.opened.get(&of)?;
        let record = opened.record(nth);
        let next = match self.order {
            Order::NewestFirst => nth.checked_sub(1),
            Order::OldestFirst => Some(nth + 1),
        };
        match next.and_then(|next| Some((opened.at(next)?, next))) {
            Some((at, next)) => drop(self.heap.insert(at, (of, next))),
            None => drop(self.opened.remove(&of)),
        }
        record
    }

    async fn open_more(&mut self) -> Result<(), PlayError> {
        let (some, bound) = match &mut self.source {
            Source::Days(days) => {
                let (outlines, bound) = days.next(&self.db, self.order, &self.sought).await?;
                let met = |outline: &Outline| self.met.contains(&(outline.screen, outline.sequence));
                let spans: Vec<Span> = outlines
                    .iter()
                    .filter(|outline| !met(outline))
                    .map(|outline| Span { screen: outline.screen, from: outline.sequence, to: outline.sequence })
                    .collect();
                (batches::all_of(&self.db, &spans).await?, bound)
            }
            Source::Line(line) => line.next(&self.db, self.order, &self.sought).await?,
        };
        self.open(some).await?;
        self.bound = bound;
        Ok(())
    }

    async fn open(&mut self, some: Vec<Kept>) -> Result<(), DbError> {
        let wanted = self.wanted.as_ref();
        let mut some: Vec<Kept> =
            some.into_iter().filter(|kept| wanted.is_none_or(|wanted| wanted.contains(&kept.place))).collect();
        some.retain(|kept| self.met.insert((kept.screen, kept.sequence)));
        let items = some.iter().filter_map(|kept| packed::numbers(&kept.items)).flatten().collect();
        let items = self.numbers.items(items).await?;
        let screens = self.numbers.screens(some.iter().map(|kept| kept.screen).collect()).await?;
        if some.iter().any(|kept| !self.places.contains_key(&kept.place)) {
            self.places = self.numbers.places().await?;
        }
        for kept in &some {
            let (Some(screen), Some(place)) = (screens.get(&kept.screen), self.places.get(&kept.place)) else {
                tracing::error!(screen = kept.screen, sequence = kept.sequence, "a stored batch of nobody");
                continue;
            };
            // One that is damaged shows nothing here; `admin recount` names it.
            let Some(opened) = Opened::new(kept, *screen, place, &items, &self.sought) else {
                tracing::error!(%screen, sequence = kept.sequence, "a stored batch does not read");
                continue;
            };
            let first = match self.order {
                Order::NewestFirst => opened.len().checked_sub(1),
                Order::OldestFirst => Some(0),
            };
            if let Some((at, nth)) = first.and_then(|nth| Some((opened.at(nth)?, nth))) {
                let of = (kept.screen, kept.sequence);
                self.heap.insert(at, (of, nth));
                self.opened.insert(of, opened);
            }
        }
        Ok(())
    }
}

impl ByDays {
    fn new(
        filter: &Filter,
        screen: Option<i64>,
        wanted: Option<BTreeSet<i64>>,
        items: Option<BTreeSet<i64>>,
        places: &Places,
        order: Order,
        cursor: Option<Cursor>,
    ) -> Self {
        let (mut from, mut to) = limits(filter);
        // A start that is no date says nothing of days.
        if let Some(date) = cursor.and_then(|cursor| cursor.started.to_datetime()) {
            let day = day_number(date.date_naive());
            match order {
                Order::NewestFirst => to = to.min(day + 1),
                Order::OldestFirst => from = from.max(day - 1),
            }
        }
        // What no column says (a rule broken, say) is within the column of what is.
        let counted_as = filter.counted_as.or_else(|| filter.flag.map(|_| CountedAs::NotCounted));
        let counted_as = counted_as.or_else(|| filter.counted_only.then_some(CountedAs::Completed));
        let counts = items.is_some() || counted_as.is_some() || filter.hour.is_some();
        let zones: BTreeSet<&str> = places.values().map(|place| place.timezone.as_str()).collect();
        let zones = zones.into_iter().map(|zone| zone.parse().unwrap_or(Tz::Asia__Shanghai)).collect();
        Self {
            sought: days::Sought { screen, places: wanted, from, to, counts },
            items,
            counted_as,
            hour: filter.hour,
            behind: None,
            ended: false,
            rows: VecDeque::new(),
            zones,
            closed: Vec::new(),
        }
    }

    /// Whether counters tell days with what is sought from others, with which it is worth looking at them first.
    fn chooses(&self) -> bool {
        self.items.is_some() || self.counted_as == Some(CountedAs::Interrupted)
    }

    /// Whether what is sought is on so many screens in the first of the days that nearly every batch has some of it.
    async fn is_common(&mut self, db: &Db, order: Order, most_screens: usize) -> Result<bool, DbError> {
        self.read(db, order).await?;
        let day = self.rows.front().map(|row| row.key.day);
        let screens = self.rows.iter().take_while(|row| Some(row.key.day) == day).count();
        Ok(screens > most_screens && screens * PART_OF_ALL > store_numbers::number_of_screens(db).await?)
    }

    /// The batches to be opened next, and where the others begin.
    async fn next(
        &mut self,
        db: &Db,
        order: Order,
        sought: &Sought,
    ) -> Result<(Vec<Outline>, Option<UtcMillis>), DbError> {
        if self.closed.is_empty() {
            self.read(db, order).await?;
            if let Some(day) = self.rows.front().map(|row| row.key.day) {
                let end = self.rows.iter().position(|row| row.key.day != day).unwrap_or(self.rows.len());
                let spans: Vec<Span> = self.rows.drain(..end).map(|row| row.span).collect();
                let marks = sought.marks();
                self.closed = batches::outlines(db, &spans).await?;
                self.closed.retain(|outline| marks.are_in(outline.marks) && sought.batch(outline.sequence));
                match order {
                    Order::NewestFirst => self.closed.sort_by_key(|outline| outline.last),
                    Order::OldestFirst => self.closed.sort_by_key(|outline| std::cmp::Reverse(outline.first)),
                }
                self.read(db, order).await?;
            }
        }
        let some = self.closed.split_off(self.closed.len().saturating_sub(AT_ONCE));
        let later = self.rows.front().map(|row| self.edge(row.key.day, order));
        let next = self.closed.last().map(|outline| match order {
            Order::NewestFirst => outline.last,
            Order::OldestFirst => outline.first,
        });
        let bound = match order {
            Order::NewestFirst => later.max(next),
            Order::OldestFirst => later.into_iter().chain(next).min(),
        };
        Ok((some, bound))
    }

    /// Where plays of a local day begin, or end, wherever the screen is.
    fn edge(&self, day: i64, order: Order) -> UtcMillis {
        let day = day_of_number(day);
        let days = self.zones.iter().map(|zone| day_of(day, *zone));
        match order {
            Order::NewestFirst => days.map(|day| day.end).max().unwrap_or(UtcMillis(i64::MAX)),
            Order::OldestFirst => days.map(|day| day.start).min().unwrap_or(UtcMillis(i64::MIN)).plus(-1),
        }
    }

    /// Whether a day has any of what is sought, by its counters.
    fn has_some(&self, row: &DayRow) -> Result<bool, DbError> {
        let wanted = |item: &i64| self.items.as_ref().is_none_or(|items| items.contains(item));
        if self.counted_as.is_none() && self.hour.is_none() {
            return Ok(self.items.is_none() || row.items()?.iter().any(wanted));
        }
        let mut some = false;
        row.each(|(item, _), hours| {
            let of = |count: &Count| self.counted_as.map_or_else(|| count.plays(), |column| column.of(count)) > 0;
            some = some
                || wanted(&item)
                    && match self.hour {
                        Some(hour) => hours.get(usize::from(hour)).is_some_and(of),
                        None => hours.iter().any(of),
                    };
        })?;
        Ok(some)
    }

    /// Reads rows until those of the next day are all there.
    async fn read(&mut self, db: &Db, order: Order) -> Result<(), DbError> {
        while !self.ended && self.rows.front().map(|row| row.key.day) == self.rows.back().map(|row| row.key.day) {
            let (some, more) = days::page(db, &self.sought, order, self.behind, DAYS).await?;
            self.ended = more.is_none();
            self.behind = more;
            for row in some {
                if self.has_some(&row)? {
                    self.rows.push_back(row);
                }
            }
        }
        Ok(())
    }
}

/// The first and the last day that a filter wants, as numbers.
pub(super) fn limits(filter: &Filter) -> (i64, i64) {
    let from = filter.day_from.map_or(i64::MIN, day_number);
    (from, filter.day_to.map_or(i64::MAX, day_number))
}

impl InTheLine {
    fn new(filter: &Filter, order: Order, cursor: Option<Cursor>, zones: &[Tz]) -> Self {
        // Wherever anything was stored of, days begin and end so.
        let begins = |day| zones.iter().map(|zone| day_of(day, *zone).start.0).min();
        let ends = |day| zones.iter().map(|zone| day_of(day, *zone).end.0).max();
        let earliest = filter.day_from.and_then(begins).unwrap_or(i64::MIN);
        let latest = filter.day_to.and_then(ends).unwrap_or(i64::MAX);
        let at = cursor.map(|cursor| cursor.started.0);
        let (begin, end, screen) = match order {
            Order::NewestFirst => (at.map_or(latest, |at| at.min(latest)), earliest, i64::MAX),
            Order::OldestFirst => (at.map_or(earliest, |at| at.max(earliest)), latest, i64::MIN),
        };
        let everything = begin == i64::MAX || begin == i64::MIN;
        let sequence = if screen == i64::MAX { i64::MAX.unsigned_abs() } else { 0 };
        Self {
            begin: (!everything).then_some(UtcMillis(begin)),
            behind: InLine { at: UtcMillis(begin), screen, sequence },
            end: UtcMillis(end),
            limit: FIRST_IN_LINE,
        }
    }

    /// The batches to be opened next, and where the others begin.
    async fn next(
        &mut self,
        db: &Db,
        order: Order,
        sought: &Sought,
    ) -> Result<(Vec<Kept>, Option<UtcMillis>), DbError> {
        if let Some(begin) = self.begin.take() {
            let astride = batches::astride(db, begin).await?;
            return Ok((astride, Some(begin)));
        }
        let some = batches::in_line(db, order, self.behind, self.end, &sought.marks(), self.limit).await?;
        let last = some.last().filter(|_| some.len() == self.limit as usize).map(|kept| InLine {
            at: match order {
                Order::NewestFirst => kept.last,
                Order::OldestFirst => kept.first,
            },
            screen: kept.screen,
            sequence: kept.sequence,
        });
        if let Some(last) = last {
            self.behind = last;
        }
        self.limit = (self.limit * 2).min(MOST_IN_LINE);
        Ok((some, last.map(|last| last.at)))
    }
}
