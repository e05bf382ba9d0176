//! From what was promised to what a screen obeys: `build(programme, horizon) -> (playlist, report)`.
//!
//! For each zone and day, fixed times and paced showings are pinned; the time between them is cut into dayparts in which
//! the same bookings are on air, and each daypart gets the loop for them. Nothing is drawn or looked up: the same programme
//! gives the same bytes, in whatever order its bookings are listed, and everything that got nothing is in the report with
//! its reason.

mod kept;
mod loops;
mod memo;
mod pins;
mod presence;
mod programme;
mod seams;
mod way_out;

pub use memo::Memo;
pub use programme::{
    BuildReport, Collision, GuaranteeKept, LoopReport, NotPlaced, NotPlayed, Programme, ProgrammeBooking,
    ProgrammeItem, Unscheduled,
};
pub use way_out::{WayOut, ways_out};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Datelike as _, NaiveDate};

use self::{
    kept::Stretches,
    loops::LoopBook,
    pins::Pin,
    presence::{Candidate, OnAirBooking, Part, Present},
};
use super::{Day, Daypart, EventItem, Item, Loop, Playlist, Show, Slot, ZoneProgramme};
use crate::{
    campaign::Mode,
    geometry::ZoneName,
    id::CreativeId,
    recurrence::day_start,
    rotation::{Care, Demand, Verdict},
    time::{DateRange, Millis, UtcInterval, UtcMillis},
};

/// Makes the playlist for `horizon` and says what it could not do.
pub fn build(programme: &Programme, horizon: DateRange) -> (Playlist, BuildReport) {
    build_with(programme, horizon, &Memo::default(), Care::Full)
}

/// The same with what other programmes asked for already, and with so much care.
pub fn build_with(programme: &Programme, horizon: DateRange, memo: &Memo, care: Care) -> (Playlist, BuildReport) {
    let mut builder = Builder::new(programme, horizon, memo, care);
    let mut names: Vec<ZoneName> = programme.zones.iter().map(|zone| zone.name).collect();
    names.sort_unstable();
    names.dedup();
    let zones: Vec<ZoneProgramme> = names.iter().map(|&zone| builder.zone(zone, horizon)).collect();
    let report = BuildReport {
        not_played: builder.not_played(&names),
        loops: builder.reports,
        not_placed: builder.not_placed.into_iter().collect(),
        guarantees: builder.guarantees,
        collisions: builder.collisions,
    };
    let version = Playlist::version_of(&zones);
    let timezone = programme.timezone.name().into();
    (Playlist { version, timezone, items: builder.items, loops: builder.loops, zones }, report)
}

struct Builder<'a> {
    programme: &'a Programme,
    bookings: Vec<OnAirBooking<'a>>,
    book: LoopBook<'a>,
    items: Vec<Item>,
    /// Of each booking's items: the position in the table, once it has one.
    numbers: Vec<Vec<Option<u32>>>,
    loops: Vec<Loop>,
    reports: Vec<Option<LoopReport>>,
    /// Loops already entered, by their number in the book and the slot that they begin with.
    turned: HashMap<(usize, usize), u32>,
    not_placed: BTreeSet<NotPlaced>,
    guarantees: Vec<GuaranteeKept>,
    collisions: Vec<Collision>,
    collided: BTreeSet<usize>,
    /// How near those came that did not get a slot (yet).
    refused: BTreeMap<Candidate, Unscheduled>,
}

/// How often a zone is planned anew with wider margins.
const MARGINS: usize = 3;

/// All days of a zone before they have numbers.
#[derive(Default)]
struct ZonePlan {
    days: Vec<(NaiveDate, Vec<Planned>)>,
    kept: Vec<GuaranteeKept>,
    not_placed: BTreeSet<NotPlaced>,
    /// Bookings whose guarantee is broken somewhere.
    broken: Vec<usize>,
    /// Bookings in loops that do not keep their promises.
    collided: BTreeSet<usize>,
    /// Of each booking: its showings if it is guaranteed, where that is looked at, and what became of it.
    starts: Vec<Vec<UtcMillis>>,
    guaranteed: Vec<Option<(Stretches, GuaranteeKept)>>,
}

/// A daypart before it has numbers.
#[derive(Debug, Clone, Copy)]
struct Planned {
    time: UtcInterval,
    runs: Runs,
}

#[derive(Debug, Clone, Copy)]
enum Runs {
    /// A loop of the book, beginning with this slot.
    Loop(usize, usize),
    /// One showing.
    Pin(Candidate),
}

impl<'a> Builder<'a> {
    fn new(programme: &'a Programme, horizon: DateRange, memo: &'a Memo, care: Care) -> Self {
        let bookings = presence::against_calendar(programme, horizon, memo);
        let numbers = bookings.iter().map(|each| vec![None; each.items.len()]).collect();
        Self {
            programme,
            bookings,
            book: LoopBook::new(&memo.loops, care),
            items: Vec::new(),
            numbers,
            loops: Vec::new(),
            reports: Vec::new(),
            turned: HashMap::new(),
            not_placed: BTreeSet::new(),
            guarantees: Vec::new(),
            collisions: Vec::new(),
            collided: BTreeSet::new(),
            refused: BTreeMap::new(),
        }
    }

    fn zone(&mut self, zone: ZoneName, horizon: DateRange) -> ZoneProgramme {
        let mut margins = BTreeMap::new();
        let mut best = self.plan(zone, horizon, &margins);
        for _ in 0..MARGINS {
            // What no loop is to blame for is broken at a seam: a little more often, and it is kept there too.
            let broken: Vec<usize> = best.broken.iter().filter(|b| !best.collided.contains(b)).copied().collect();
            if broken.is_empty() {
                break;
            }
            for booking in broken {
                *margins.entry(booking).or_default() += 1;
            }
            let other = self.plan(zone, horizon, &margins);
            // What collides is reported as it was asked, so no margin may be the cause.
            if other.broken.len() < best.broken.len() && other.collided.is_subset(&best.collided) {
                best = other;
            }
        }
        self.part_seams(&mut best);
        self.guarantees.extend(best.kept);
        self.not_placed.extend(best.not_placed);
        let mut days = Vec::new();
        for (date, planned) in best.days {
            self.note_collisions(zone, &planned);
            let dayparts = planned.iter().map(|each| self.enter(each)).collect();
            days.push(Day { date, dayparts, events: self.events(zone, date) });
        }
        ZoneProgramme { zone, days }
    }

    /// All days of a zone, nothing entered yet.
    fn plan(&mut self, zone: ZoneName, horizon: DateRange, margins: &BTreeMap<usize, u16>) -> ZonePlan {
        let mut plan = ZonePlan::default();
        let guaranteed = (0..self.bookings.len()).any(|b| self.is_guaranteed(b));
        let mut starts: Vec<Vec<UtcMillis>> = vec![Vec::new(); self.bookings.len()];
        // When each guaranteed booking last began, or came on air.
        let mut last: BTreeMap<usize, UtcMillis> = BTreeMap::new();
        for date in horizon.days() {
            let present = presence::present(&self.bookings, self.programme, zone, date, margins);
            let planned = self.day(present, (zone, date), &mut last, &mut plan.not_placed);
            if guaranteed {
                for each in &planned {
                    match each.runs {
                        Runs::Loop(number, first) => {
                            for (start, booking) in self.book.loops[number].promised_showings(first, each.time) {
                                starts[booking].push(start);
                            }
                        }
                        // One that may not be so often is paced.
                        Runs::Pin((booking, _)) => starts[booking].push(each.time.start),
                    }
                }
            }
            for each in &planned {
                let Runs::Loop(number, _) = each.runs else { continue };
                let looped = &self.book.loops[number];
                if looped.report.verdict != Verdict::Feasible {
                    plan.collided.extend(looped.slots.iter().map(|(candidate, _)| candidate.0));
                }
            }
            plan.days.push((date, planned));
        }
        for (b, booking) in self.bookings.iter().enumerate() {
            let stretches = Stretches::of(booking, zone, horizon, self.programme.timezone);
            let guaranteed = stretches.map(|stretches| {
                let kept = stretches.kept(&starts[b]);
                (stretches, kept)
            });
            plan.broken.extend(guaranteed.as_ref().filter(|(_, kept)| kept.broken_at.is_some()).map(|_| b));
            plan.kept.extend(guaranteed.as_ref().map(|(_, kept)| *kept));
            plan.guaranteed.push(guaranteed);
        }
        plan.starts = starts;
        plan
    }

    fn is_guaranteed(&self, booking: usize) -> bool {
        matches!(self.bookings[booking].booking.mode, Mode::Guarantee(_))
    }

    /// One day of one zone. Bookings that would play more often than they may are paced instead, quotas that come out short
    /// are asked for more, and the day is planned anew.
    fn day(
        &mut self,
        mut present: Vec<Present>,
        day: (ZoneName, NaiveDate),
        last: &mut BTreeMap<usize, UtcMillis>,
        not_placed: &mut BTreeSet<NotPlaced>,
    ) -> Vec<Planned> {
        for round in 0.. {
            let mut ends_with = last.clone();
            let planned = self.attempt(&present, day, &mut ends_with, not_placed);
            let mut often: BTreeMap<usize, u32> = BTreeMap::new();
            // Showings are counted only where somebody wants to know: they are thousands.
            let counted = |each: &Present| each.owed > 0 || self.bookings[each.booking].booking.most_per_day.is_some();
            if present.iter().any(counted) {
                for (_, candidate) in self.showings(&planned) {
                    *often.entry(candidate.0).or_default() += 1;
                }
            }
            let mut again = false;
            for each in &mut present {
                let most = self.bookings[each.booking].booking.most_per_day;
                let over = most.filter(|most| often.get(&each.booking).is_some_and(|n| n > most));
                if let Some(most) = over {
                    again = true;
                    match &mut each.part {
                        // Times outside its windows never counted; the first ones stay.
                        Part::Fixed(times) => {
                            times.retain(|at| each.stretches.iter().any(|stretch| stretch.contains(*at)));
                            let over = often.get(&each.booking).map_or(0, |n| n - most);
                            times.truncate(times.len().saturating_sub(over as usize));
                        }
                        part => *part = Part::Paced(most),
                    }
                }
            }
            for each in &mut present {
                let played = often.get(&each.booking).copied().unwrap_or(0);
                if played >= each.owed || self.bookings[each.booking].booking.most_per_day.is_some_and(|m| m <= played)
                {
                    continue;
                }
                match presence::oftener(&each.part).filter(|_| round < 4) {
                    Some(more) => {
                        again = true;
                        each.part = more;
                    }
                    None => {
                        let booking = self.bookings[each.booking].booking.booking;
                        not_placed.insert(NotPlaced { booking, zone: day.0, date: day.1 });
                    }
                }
            }
            if !again {
                *last = ends_with;
                return planned;
            }
        }
        Vec::new()
    }

    fn attempt(
        &mut self,
        present: &[Present],
        (zone, date): (ZoneName, NaiveDate),
        last: &mut BTreeMap<usize, UtcMillis>,
        not_placed: &mut BTreeSet<NotPlaced>,
    ) -> Vec<Planned> {
        let turn = date.num_days_from_ce() as usize;
        let playable: Vec<Present> = present.iter().filter_map(|each| self.with_length(each)).collect();
        let (pins, without_room) = pins::pins(&playable, turn, self);
        for booking in without_room {
            not_placed.insert(NotPlaced { booking: self.bookings[booking].booking.booking, zone, date });
            for each in playable.iter().filter(|each| each.booking == booking) {
                self.refuse(each.candidates.iter().map(|c| (*c, Unscheduled::Taken)).collect());
            }
        }
        for each in &playable {
            if let Part::Fixed(_) = each.part {
                self.refuse(each.candidates.iter().map(|c| (*c, Unscheduled::NoFixedTime)).collect());
            }
        }
        let in_loops: Vec<&Present> = playable.iter().filter(|each| matches!(each.part, Part::Loop(_))).collect();
        let edges: BTreeSet<UtcMillis> =
            in_loops.iter().flat_map(|each| each.stretches.iter().flat_map(|s| [s.start, s.end])).collect();
        let edges: Vec<_> = edges.into_iter().collect();
        let runs = edges.windows(2).map(|edge| UtcInterval { start: edge[0], end: edge[1] });
        let mut planned: Vec<Planned> =
            pins.iter().map(|pin| Planned { time: pin.time, runs: Runs::Pin(pin.candidate) }).collect();
        for run in runs {
            self.run(run, &in_loops, &pins, date, last, &mut planned);
        }
        planned.sort_by_key(|each| each.time.start);
        planned
    }

    /// Without what lasts no time.
    fn with_length(&mut self, present: &Present) -> Option<Present> {
        let empty = |c: &Candidate| self.bookings[c.0].items[c.1].duration.0 == 0;
        let (nothing, candidates): (Vec<_>, Vec<_>) = present.candidates.iter().copied().partition(empty);
        self.refuse(nothing.into_iter().map(|c| (c, Unscheduled::NoDuration)).collect());
        (!candidates.is_empty()).then(|| Present { candidates, ..present.clone() })
    }

    /// A stretch in which the same bookings are on air, around the pins in it.
    fn run(
        &mut self,
        run: UtcInterval,
        in_loops: &[&Present],
        pins: &[Pin],
        date: NaiveDate,
        last: &mut BTreeMap<usize, UtcMillis>,
        planned: &mut Vec<Planned>,
    ) {
        let active: Vec<&Present> =
            in_loops.iter().filter(|each| each.stretches.iter().any(|s| s.contains(run.start))).copied().collect();
        let off: Vec<usize> = last.keys().copied().filter(|b| !active.iter().any(|each| each.booking == *b)).collect();
        for booking in off {
            last.remove(&booking);
        }
        if active.is_empty() {
            return;
        }
        let mut free = Vec::new();
        let mut from = run.start;
        let mut breaks = 0;
        for pin in pins.iter().filter(|pin| pin.time.intersection(run).is_some()) {
            free.extend(UtcInterval::checked(from, pin.time.start));
            breaks = breaks.max(pin.time.length());
            from = from.max(pin.time.end);
        }
        free.extend(UtcInterval::checked(from, run.end));
        let room = free.iter().map(|f| f.length()).max().unwrap_or(0);
        let fitting = self.fitting(&active, room, date);
        let longest = fitting.iter().flat_map(|(_, _, candidates)| candidates);
        let longest = longest.map(|c| self.bookings[c.0].items[c.1].duration.as_i64()).max().unwrap_or(0);
        // Before a pin, whatever does not fit any more is not begun.
        let interruption = if breaks > 0 { breaks + longest } else { 0 };
        let Some(number) = self.book.of((fitting, run.length(), interruption), &self.bookings) else { return };
        self.refuse(self.book.loops[number].yielded.clone());
        let looped = &self.book.loops[number];
        for each in &active {
            last.entry(each.booking).or_insert(run.start);
        }
        let mut next = 0;
        for time in free {
            let first = looped.turned(next, time.start, last);
            looped.last_showings(first, time, last);
            next = looped.goes_on(first, time);
            planned.push(Planned { time, runs: Runs::Loop(number, first) });
        }
    }

    /// Those that can take part in one round. If not all can, bookings take turns, the first in precedence and then the
    /// heavier first, and begin with another creative each day.
    fn fitting(&mut self, active: &[&Present], room: i64, date: NaiveDate) -> Vec<(usize, Demand, Vec<Candidate>)> {
        let length = |c: &Candidate| self.bookings[c.0].items[c.1].duration.as_i64();
        let mut refused = Vec::new();
        let mut queues: Vec<(usize, Demand, Vec<Candidate>)> = Vec::new();
        for each in active {
            let Part::Loop(demand) = &each.part else { continue };
            let (short, long): (Vec<_>, Vec<_>) = each.candidates.iter().copied().partition(|c| length(c) <= room);
            refused.extend(long.into_iter().map(|c| (c, Unscheduled::TooLong)));
            if !short.is_empty() {
                queues.push((each.booking, *demand, short));
            }
        }
        let total: i64 = queues.iter().flat_map(|(_, _, candidates)| candidates).map(length).sum();
        if total > room {
            let rank = |demand: &Demand| match demand {
                Demand::Guarantee(_) => (0, 0),
                Demand::Share(weight) => (1, u32::MAX - weight),
                Demand::Filler => (2, 0),
            };
            queues.sort_by_key(|(booking, demand, _)| (rank(demand), *booking));
            for (_, _, queue) in &mut queues {
                let turn = date.num_days_from_ce().rem_euclid(queue.len() as i32);
                queue.rotate_left(turn as usize);
            }
            let rounds = queues.iter().map(|(_, _, queue)| queue.len()).max().unwrap_or(0);
            let mut left = room;
            let mut chosen = vec![Vec::new(); queues.len()];
            for round in 0..rounds {
                for (nth, (_, _, queue)) in queues.iter().enumerate() {
                    let Some(candidate) = queue.get(round) else { continue };
                    if length(candidate) <= left {
                        left -= length(candidate);
                        chosen[nth].push(*candidate);
                    } else {
                        refused.push((*candidate, Unscheduled::NoRoom));
                    }
                }
            }
            for (nth, mut chosen) in chosen.into_iter().enumerate() {
                chosen.sort_unstable();
                queues[nth].2 = chosen;
            }
            queues.retain(|(_, _, queue)| !queue.is_empty());
            queues.sort_by_key(|(booking, ..)| *booking);
        }
        self.refuse(refused);
        queues
    }

    fn refuse(&mut self, refused: Vec<(Candidate, Unscheduled)>) {
        for (candidate, reason) in refused {
            let nearest = self.refused.entry(candidate).or_insert(reason);
            *nearest = reason.max(*nearest);
        }
    }

    fn showings(&self, planned: &[Planned]) -> Vec<(UtcMillis, Candidate)> {
        let mut all = Vec::new();
        for each in planned {
            match each.runs {
                Runs::Pin(candidate) => all.push((each.time.start, candidate)),
                Runs::Loop(number, first) => all.extend(self.book.loops[number].showings(first, each.time)),
            }
        }
        all
    }

    fn note_collisions(&mut self, zone: ZoneName, planned: &[Planned]) {
        for each in planned {
            let Runs::Loop(number, _) = each.runs else { continue };
            let looped = &self.book.loops[number];
            let certificate = match &looped.report.verdict {
                Verdict::Feasible => continue,
                Verdict::ProvenInfeasible(certificate) => Some(certificate.clone()),
                Verdict::NotFound { .. } => None,
            };
            if self.collided.insert(number) {
                let request = looped.request.clone();
                self.collisions.push(Collision { zone, at: each.time, certificate, request });
            }
        }
    }

    fn events(&mut self, zone: ZoneName, date: NaiveDate) -> Vec<EventItem> {
        let mut events = Vec::new();
        if !self.bookings.iter().any(|b| matches!(b.booking.mode, Mode::Event { .. })) {
            return events;
        }
        for each in presence::present(&self.bookings, self.programme, zone, date, &BTreeMap::new()) {
            let Part::Event(trigger) = each.part else { continue };
            for stretch in &each.stretches {
                for candidate in &each.candidates {
                    let item = self.number(*candidate);
                    events.push(EventItem { trigger, item, start: stretch.start, end: stretch.end });
                }
            }
        }
        events.sort_by_key(|event| (event.start, event.item));
        events
    }

    fn enter(&mut self, planned: &Planned) -> Daypart {
        let looped = match planned.runs {
            Runs::Pin(candidate) => self.enter_loop(&[(candidate, planned.time.length())], None),
            Runs::Loop(number, first) => match self.turned.get(&(number, first)) {
                Some(entered) => *entered,
                None => {
                    let looped = &self.book.loops[number];
                    let mut slots = looped.slots.clone();
                    slots.rotate_left(first);
                    let report = looped.report.clone();
                    let entered = self.enter_loop(&slots, Some(report));
                    self.turned.insert((number, first), entered);
                    entered
                }
            },
        };
        Daypart { start: planned.time.start, end: planned.time.end, looped }
    }

    /// The position of a loop in the table of loops.
    fn enter_loop(&mut self, slots: &[(Candidate, i64)], report: Option<LoopReport>) -> u32 {
        let hold = self.hold(slots);
        let slots: Vec<Slot> =
            slots.iter().map(|(c, ms)| Slot { item: self.number(*c), duration: Millis(*ms as u32) }).collect();
        let looped = Loop { slots, hold: hold.map(|candidate| self.number(candidate)) };
        // They are few, and nearly always tell themselves apart by their first slots.
        let entered = self.loops.iter().position(|other| *other == looped);
        let number = entered.unwrap_or_else(|| {
            self.loops.push(looped);
            self.reports.push(report);
            self.loops.len() - 1
        });
        number as u32
    }

    /// The position of a candidate in the table of items, entered when first used.
    fn number(&mut self, candidate: Candidate) -> u32 {
        if let Some(number) = self.numbers[candidate.0][candidate.1] {
            return number;
        }
        let on_air = &self.bookings[candidate.0];
        let item = on_air.items[candidate.1];
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
            ends: [on_air.times.ends, expires].into_iter().flatten().min(),
        });
        self.numbers[candidate.0][candidate.1] = Some(number);
        number
    }

    /// What stays on the wall for a remainder: rather a poster than a strip, rather a strip that stands than one that
    /// scrolls, then whatever has most airtime, then what comes first.
    fn hold(&self, slots: &[(Candidate, i64)]) -> Option<Candidate> {
        let mut airtimes: HashMap<Candidate, (i64, usize)> = HashMap::new();
        for (nth, (candidate, ms)) in slots.iter().enumerate() {
            airtimes.entry(*candidate).or_insert((0, nth)).0 += ms;
        }
        let zone_width = |name: ZoneName| {
            self.programme.zones.iter().find(|zone| zone.name == name).map_or(0, |zone| zone.rect.width)
        };
        let restless = |candidate: &Candidate| {
            let item = self.bookings[candidate.0].items[candidate.1];
            match item.show {
                Show::Picture { .. } => 0,
                Show::Strip { size, .. } if size.width <= zone_width(item.zone) => 1,
                _ => 2,
            }
        };
        let is_still = |candidate: &Candidate| self.bookings[candidate.0].items[candidate.1].kind.is_still();
        let stills = airtimes.into_iter().filter(|(candidate, _)| is_still(candidate));
        let calmest = stills.min_by_key(|(candidate, (ms, nth))| {
            // Items that are in the table already come before those that will be entered next.
            let entered = self.numbers[candidate.0][candidate.1].unwrap_or(u32::MAX);
            (restless(candidate), std::cmp::Reverse(*ms), entered, *nth)
        });
        calmest.map(|(candidate, _)| candidate)
    }

    fn not_played(&self, zones: &[ZoneName]) -> Vec<NotPlayed> {
        let mut list = Vec::new();
        for (b, each) in self.bookings.iter().enumerate() {
            let booking = each.booking.booking;
            let mut missing: Vec<(CreativeId, Unscheduled)> = Vec::new();
            missing.extend(each.booking.left_out.iter().map(|(c, why)| (*c, Unscheduled::Unplayable(*why))));
            for (i, item) in each.items.iter().enumerate() {
                if self.numbers[b][i].is_some() {
                    continue;
                }
                let reason = if !zones.contains(&item.zone) {
                    Unscheduled::NoZone
                } else if each.times.scheduled.is_empty() {
                    Unscheduled::NotInHorizon
                } else if each.times.open.is_empty() {
                    Unscheduled::Closed
                } else {
                    self.refused.get(&(b, i)).copied().unwrap_or(Unscheduled::NotValid)
                };
                missing.push((item.creative, reason));
            }
            missing.sort_unstable();
            let plays = (0..each.items.len()).any(|i| self.numbers[b][i].is_some());
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
