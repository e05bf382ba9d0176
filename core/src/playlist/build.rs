//! From what was promised to what a screen obeys: `build(programme, horizon) -> (playlist, report)`.
//!
//! For each zone and day the time is cut into dayparts in which the same bookings are on air, and each daypart gets the
//! loop for them; like dayparts share one loop. Nothing is drawn or looked up: the same programme gives the same bytes, in
//! whatever order its bookings are listed, and everything that got nothing is in the report with its reason.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;

use super::{Day, Daypart, Item, Loop, PLAYLIST_VERSION, Playlist, Show, Slot, ZoneProgramme};
use crate::{
    campaign::{Unplayable, Weight},
    digest::Digest,
    geometry::{Zone, ZoneName},
    id::{BookingId, CreativeId},
    recurrence::{OpeningHours, Schedule, day_of, day_start},
    rotation::{self, Answer, Bounds, Entry, Part, Request},
    time::{DateRange, Millis, UtcInterval, UtcMillis},
    vocabulary::{CreativeKind, FraudType},
};

/// All that is promised to one class of screens: screens with equal programmes share one playlist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programme {
    /// Where the days are counted.
    pub timezone: Tz,
    /// The zones of the screen.
    pub zones: Vec<Zone>,
    /// When anything may play at all.
    pub opening: OpeningHours,
    /// The bookings that reach it; each booking id once.
    pub bookings: Vec<ProgrammeBooking>,
}

/// One booking's part in a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeBooking {
    /// Which.
    pub booking: BookingId,
    /// Its share relative to others.
    pub weight: Weight,
    /// When.
    pub schedule: Schedule,
    /// Its creatives as this class of screen shows them.
    pub items: Vec<ProgrammeItem>,
    /// Its creatives that this class of screen cannot show; they only go into the report.
    pub left_out: Vec<(CreativeId, Unplayable)>,
}

/// A creative ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeItem {
    /// Which.
    pub creative: CreativeId,
    /// The zone it goes to.
    pub zone: ZoneName,
    /// Its rendition.
    pub asset: Digest,
    /// The rendition's bytes.
    pub bytes: u64,
    /// How it is shown.
    pub show: Show,
    /// How long one showing lasts; not zero.
    pub duration: Millis,
    /// What it is.
    pub kind: CreativeKind,
    /// Which fraud it warns of.
    pub fraud_type: Option<FraudType>,
    /// First local day on which it may be shown.
    pub valid_from: Option<NaiveDate>,
    /// Last local day on which it may be shown.
    pub valid_until: Option<NaiveDate>,
}

/// What the planner should know about a playlist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuildReport {
    /// What got no slot in the whole horizon. A booking of which nothing plays is listed once without a creative.
    pub not_played: Vec<NotPlayed>,
    /// How good each loop is; same positions as [`Playlist::loops`].
    pub loops: Vec<rotation::Report>,
}

/// A booking, or one creative of it, that got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotPlayed {
    /// Which booking.
    pub booking: BookingId,
    /// Which creative; `None`: none of the booking's.
    pub creative: Option<CreativeId>,
    /// Why.
    pub reason: Unscheduled,
}

/// Why something got no slot. `Display` is a Chinese sentence for the planner. Ordered: the later, the nearer it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unscheduled {
    /// The booking has no creative at all.
    #[error("排期里没有素材")]
    NoCreative,
    /// The screen cannot show it.
    #[error("{0}")]
    Unplayable(Unplayable),
    /// It lasts no time: its rendition was probed wrongly.
    #[error("素材时长为零")]
    NoDuration,
    /// The screen has no such zone.
    #[error("屏幕的版面没有所需的区域")]
    NoZone,
    /// The booking has no day in the horizon.
    #[error("在计划的日期范围内没有播放日")]
    NotInHorizon,
    /// The booking's times all lie outside opening hours.
    #[error("播放时段都在营业时间以外")]
    Closed,
    /// On all days of the booking the creative is not, or no longer, valid.
    #[error("播放日都不在素材的有效期内")]
    NotValid,
    /// It lasts longer than any stretch of time it could be in, and is never cut.
    #[error("素材时长超过了可用的最长时段，放不完整")]
    TooLong,
    /// The stretches are so short that others took them all.
    #[error("时段太短，放不下全部素材")]
    NoRoom,
}

/// Makes the playlist for `horizon` and says what it could not do.
pub fn build(programme: &Programme, horizon: DateRange) -> (Playlist, BuildReport) {
    let mut builder = Builder::new(programme, horizon);
    let mut names: Vec<ZoneName> = programme.zones.iter().map(|zone| zone.name).collect();
    names.sort_unstable();
    names.dedup();
    let zones = names.iter().map(|&zone| ZoneProgramme {
        zone,
        days: horizon.days().map(|date| Day { date, dayparts: builder.day(zone, date) }).collect(),
    });
    let zones = zones.collect();
    let not_played = builder.not_played(&names);
    let playlist = Playlist {
        version: PLAYLIST_VERSION,
        timezone: programme.timezone.name().into(),
        items: builder.items,
        loops: builder.loops,
        zones,
    };
    (playlist, BuildReport { not_played, loops: builder.reports })
}

/// A creative of a booking, by positions in the sorted programme.
type Candidate = (usize, usize);

struct Builder<'a> {
    programme: &'a Programme,
    /// Sorted by id, with when each is on air in the horizon: its schedule alone, and within opening hours.
    bookings: Vec<OnAirBooking<'a>>,
    items: Vec<Item>,
    numbers: BTreeMap<Candidate, u32>,
    loops: Vec<Loop>,
    reports: Vec<rotation::Report>,
    /// Loops already made: by who takes part and how long the loop may be.
    made: BTreeMap<(Vec<Candidate>, Millis), u32>,
    /// How near those came that did not get a slot (yet).
    refused: BTreeMap<Candidate, Unscheduled>,
}

struct OnAirBooking<'a> {
    booking: &'a ProgrammeBooking,
    items: Vec<&'a ProgrammeItem>,
    scheduled: Vec<UtcInterval>,
    open: Vec<UtcInterval>,
    ends: Option<UtcMillis>,
}

impl<'a> Builder<'a> {
    fn new(programme: &'a Programme, horizon: DateRange) -> Self {
        let tz = programme.timezone;
        let opening = programme.opening.intervals(horizon, tz);
        let on_air = |booking: &'a ProgrammeBooking| {
            let scheduled = booking.schedule.intervals(horizon, tz);
            let open = UtcInterval::intersect(&scheduled, &opening);
            let mut items: Vec<_> = booking.items.iter().collect();
            items.sort_by_key(|item| (item.zone, item.creative, item.asset));
            items.dedup_by_key(|item| (item.zone, item.creative));
            OnAirBooking { booking, items, scheduled, open, ends: booking.schedule.ends(tz) }
        };
        let mut bookings: Vec<_> = programme.bookings.iter().map(on_air).collect();
        bookings.sort_by_key(|b| b.booking.booking);
        Self {
            programme,
            bookings,
            items: Vec::new(),
            numbers: BTreeMap::new(),
            loops: Vec::new(),
            reports: Vec::new(),
            made: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    /// The dayparts of one zone on one day.
    fn day(&mut self, zone: ZoneName, date: NaiveDate) -> Vec<Daypart> {
        let whole = day_of(date, self.programme.timezone);
        // Who is on air when, and with what.
        let mut present: Vec<(UtcInterval, Vec<Candidate>)> = Vec::new();
        for (b, each) in self.bookings.iter().enumerate() {
            let valid = |item: &&ProgrammeItem| {
                item.valid_from.is_none_or(|from| from <= date) && item.valid_until.is_none_or(|until| date <= until)
            };
            let here: Vec<_> = (0..).zip(&each.items).filter(|(_, item)| item.zone == zone).collect();
            let candidates: Vec<Candidate> = here.iter().filter(|(_, i)| valid(i)).map(|(i, _)| (b, *i)).collect();
            if !candidates.is_empty() {
                let stretches = each.open.iter().filter_map(|open| open.intersection(whole));
                present.extend(stretches.map(|stretch| (stretch, candidates.clone())));
            }
        }
        let edges: BTreeSet<UtcMillis> = present.iter().flat_map(|(s, _)| [s.start, s.end]).collect();
        let edges: Vec<_> = edges.into_iter().collect();
        let mut dayparts = Vec::new();
        for edge in edges.windows(2) {
            let stretch = UtcInterval { start: edge[0], end: edge[1] };
            let active: Vec<Candidate> =
                present.iter().filter(|(s, _)| s.contains(stretch.start)).flat_map(|(_, c)| c.clone()).collect();
            let fitting = self.fitting(active, stretch, date);
            if let Some(looped) = self.loop_of(fitting, stretch) {
                dayparts.push(Daypart { start: stretch.start, end: stretch.end, looped });
            }
        }
        dayparts
    }

    fn item(&self, (booking, item): Candidate) -> &'a ProgrammeItem {
        self.bookings[booking].items[item]
    }

    /// Those that can take part in one round within the stretch. If not all can, bookings take turns, the heavier first,
    /// and begin with another creative each day.
    fn fitting(&mut self, active: Vec<Candidate>, stretch: UtcInterval, date: NaiveDate) -> Vec<Candidate> {
        let length = |candidate: &Candidate| self.item(*candidate).duration.as_i64();
        let (short, long): (Vec<_>, Vec<_>) = active.into_iter().partition(|c| length(c) <= stretch.length());
        let (empty, mut fitting): (Vec<_>, Vec<_>) = short.into_iter().partition(|c| length(c) == 0);
        let mut refused: Vec<_> = long.into_iter().map(|c| (c, Unscheduled::TooLong)).collect();
        refused.extend(empty.into_iter().map(|c| (c, Unscheduled::NoDuration)));
        if fitting.iter().map(length).sum::<i64>() > stretch.length() {
            let mut by_booking: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
            for candidate in fitting {
                by_booking.entry(candidate.0).or_default().push(candidate);
            }
            let mut queues: Vec<_> = by_booking.into_values().collect();
            queues.sort_by_key(|queue| std::cmp::Reverse(self.bookings[queue[0].0].booking.weight));
            for queue in &mut queues {
                let turn = date.num_days_from_ce().rem_euclid(queue.len() as i32);
                queue.rotate_left(turn as usize);
            }
            let rounds = queues.iter().map(Vec::len).max().unwrap_or(0);
            let in_turn = (0..rounds).flat_map(|round| queues.iter().filter_map(move |queue| queue.get(round)));
            let mut left = stretch.length();
            fitting = Vec::new();
            for candidate in in_turn {
                if length(candidate) <= left {
                    left -= length(candidate);
                    fitting.push(*candidate);
                } else {
                    refused.push((*candidate, Unscheduled::NoRoom));
                }
            }
            fitting.sort_unstable();
        }
        for (candidate, reason) in refused {
            let nearest = self.refused.entry(candidate).or_insert(reason);
            *nearest = reason.max(*nearest);
        }
        fitting
    }

    /// The loop in which these take part, made if it is the first of its kind.
    fn loop_of(&mut self, candidates: Vec<Candidate>, stretch: UtcInterval) -> Option<u32> {
        let usual = Bounds::default();
        let room = Millis(u32::try_from(stretch.length()).unwrap_or(u32::MAX));
        let bounds = Bounds { longest: usual.longest.min(room), ..usual };
        let key = (candidates, bounds.longest);
        if let Some(number) = self.made.get(&key) {
            return Some(*number);
        }
        let candidates = &key.0;
        let mut parts: Vec<Part> = Vec::new();
        for (number, candidate) in (0..).zip(candidates) {
            let booking = self.bookings[candidate.0].booking;
            let item = self.item(*candidate);
            let entry = Entry { key: number, duration: item.duration, fraud_type: item.fraud_type };
            match parts.last_mut() {
                Some(part) if part.booking == booking.booking => part.entries.push(entry),
                _ => parts.push(Part { booking: booking.booking, weight: booking.weight, entries: vec![entry] }),
            }
        }
        let request = Request::checked(parts, bounds).ok()?;
        let Answer::Feasible { slots, report } = rotation::arrange(&request) else { return None };
        let mut numbered = Vec::with_capacity(slots.len());
        for slot in slots {
            let candidate = *candidates.get(slot.item as usize)?;
            numbered.push(Slot { item: self.number(candidate), duration: slot.duration });
        }
        let hold = self.hold(&numbered);
        let number = self.loops.len() as u32;
        self.loops.push(Loop { slots: numbered, hold });
        self.reports.push(report);
        self.made.insert(key, number);
        Some(number)
    }

    /// The position of a candidate in the table of items, entered when first used.
    fn number(&mut self, candidate: Candidate) -> u32 {
        if let Some(number) = self.numbers.get(&candidate) {
            return *number;
        }
        let item = self.item(candidate);
        let on_air = &self.bookings[candidate.0];
        let expires = item.valid_until.and_then(|until| until.succ_opt());
        let expires = expires.map(|next| day_start(next, self.programme.timezone));
        let number = self.items.len() as u32;
        self.items.push(Item {
            booking: on_air.booking.booking,
            creative: item.creative,
            asset: item.asset,
            bytes: item.bytes,
            show: item.show,
            duration: item.duration,
            kind: item.kind,
            ends: [on_air.ends, expires].into_iter().flatten().min(),
        });
        self.numbers.insert(candidate, number);
        number
    }

    /// What stays on the wall for a remainder: rather a poster than a strip, rather a strip that stands than one that
    /// scrolls, then whatever has most airtime.
    fn hold(&self, slots: &[Slot]) -> Option<u32> {
        let airtime =
            |number: u32| slots.iter().filter(|s| s.item == number).map(|s| u64::from(s.duration.0)).sum::<u64>();
        let zone_width = |name: ZoneName| {
            self.programme.zones.iter().find(|zone| zone.name == name).map_or(0, |zone| zone.rect.width)
        };
        let restless = |number: u32| {
            let zone = self.numbers.iter().find(|(_, n)| **n == number).map(|(c, _)| self.item(*c).zone);
            match self.items[number as usize].show {
                Show::Picture { .. } => 0,
                Show::Strip { size, .. } if zone.is_some_and(|zone| size.width <= zone_width(zone)) => 1,
                _ => 2,
            }
        };
        let stills = slots.iter().map(|slot| slot.item).filter(|number| self.items[*number as usize].is_still());
        stills.min_by_key(|number| (restless(*number), std::cmp::Reverse(airtime(*number)), *number))
    }

    fn not_played(&self, zones: &[ZoneName]) -> Vec<NotPlayed> {
        let mut list = Vec::new();
        for (b, each) in self.bookings.iter().enumerate() {
            let booking = each.booking.booking;
            let mut missing: Vec<(CreativeId, Unscheduled)> = Vec::new();
            missing.extend(each.booking.left_out.iter().map(|(c, why)| (*c, Unscheduled::Unplayable(*why))));
            for (i, item) in each.items.iter().enumerate() {
                if self.numbers.contains_key(&(b, i)) {
                    continue;
                }
                let reason = if !zones.contains(&item.zone) {
                    Unscheduled::NoZone
                } else if each.scheduled.is_empty() {
                    Unscheduled::NotInHorizon
                } else if each.open.is_empty() {
                    Unscheduled::Closed
                } else {
                    self.refused.get(&(b, i)).copied().unwrap_or(Unscheduled::NotValid)
                };
                missing.push((item.creative, reason));
            }
            missing.sort_unstable();
            let plays = (0..each.items.len()).any(|i| self.numbers.contains_key(&(b, i)));
            if !plays {
                let reason = missing.iter().map(|(_, reason)| *reason).max().unwrap_or(Unscheduled::NoCreative);
                list.push(NotPlayed { booking, creative: None, reason });
            }
            list.extend(missing.into_iter().map(|(creative, reason)| NotPlayed {
                booking,
                creative: Some(creative),
                reason,
            }));
        }
        list
    }
}
