//! All days of one zone, made from what was asked of it and from nothing else: day by day ([`ZonePlanner::day`]), then anew with
//! what was broken at seams asked for a little more, then parted where like things meet.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{
    Collision, GuaranteeKept, Memo, NotPlaced, Unscheduled,
    kept::Stretches,
    loops::{Arranged, LoopBook},
    memo::OnAirTimes,
    presence::{self, Candidate, OnAirBooking, Part},
    zone_request::ZoneRequest,
};
use crate::{
    campaign::{EventTrigger, Mode},
    rotation::{Care, Verdict},
    time::{UtcInterval, UtcMillis},
};

/// What became of a request: nothing in it has a number in a playlist yet.
#[derive(Debug)]
pub(super) struct ZonePlan {
    /// Of each booking.
    pub on_air: Vec<OnAir>,
    pub days: Vec<PlannedDay>,
    /// What [`Runs::Loop`] refers to.
    pub loops: Vec<Arranged>,
    pub kept: Vec<GuaranteeKept>,
    pub not_placed: BTreeSet<NotPlaced>,
    pub collisions: Vec<Collision>,
    /// How near those came that did not get a slot (everywhere).
    pub refused: BTreeMap<Candidate, Unscheduled>,
}

/// A booking against the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnAir {
    /// When it is over for good.
    pub ends: Option<UtcMillis>,
    /// Why it is never on air in the horizon, if it is not.
    pub never: Option<Unscheduled>,
}

#[derive(Debug)]
pub(super) struct PlannedDay {
    pub date: NaiveDate,
    pub dayparts: Vec<Planned>,
    /// Who is shown at which event, if it is in this time.
    pub events: Vec<(EventTrigger, Candidate, UtcInterval)>,
}

/// A daypart before it has numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planned {
    pub time: UtcInterval,
    pub runs: Runs,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Runs {
    /// A loop of the book, beginning with this slot.
    Loop(usize, usize),
    /// One showing.
    Pin(Candidate),
}

pub(super) struct ZonePlanner<'a> {
    pub(super) request: &'a ZoneRequest<'a>,
    pub(super) bookings: Vec<OnAirBooking<'a>>,
    pub(super) book: LoopBook<'a>,
    collisions: Vec<Collision>,
    collided: BTreeSet<usize>,
    pub(super) refused: BTreeMap<Candidate, Unscheduled>,
}

/// How often a zone is planned anew with wider margins.
const MARGINS: usize = 3;

/// All days of a zone as they come out with some margins.
#[derive(Default)]
pub(super) struct Draft {
    pub days: Vec<(NaiveDate, Vec<Planned>)>,
    pub kept: Vec<GuaranteeKept>,
    not_placed: BTreeSet<NotPlaced>,
    /// Bookings whose guarantee is broken somewhere.
    broken: Vec<usize>,
    /// Bookings in loops that do not keep their promises.
    collided: BTreeSet<usize>,
    /// Of each booking: its showings if it is guaranteed, where that is looked at, and what became of it.
    pub starts: Vec<Vec<UtcMillis>>,
    pub guaranteed: Vec<Option<(Stretches, GuaranteeKept)>>,
}

/// Plans the days of a zone with so much care.
pub(super) fn plan(request: &ZoneRequest<'_>, memo: &Memo, care: Care) -> ZonePlan {
    let planner = ZonePlanner {
        request,
        bookings: presence::against_calendar(request, memo),
        book: LoopBook::new(memo, care),
        collisions: Vec::new(),
        collided: BTreeSet::new(),
        refused: BTreeMap::new(),
    };
    planner.plan()
}

impl OnAir {
    fn of(times: &OnAirTimes) -> Self {
        let never = if times.scheduled.is_empty() {
            Some(Unscheduled::NotInHorizon)
        } else if times.open.is_empty() {
            Some(Unscheduled::Closed)
        } else {
            None
        };
        Self { ends: times.ends, never }
    }
}

impl ZonePlanner<'_> {
    fn plan(mut self) -> ZonePlan {
        let mut margins = BTreeMap::new();
        let mut best = self.draft(&margins);
        for _ in 0..MARGINS {
            // What no loop is to blame for is broken at a seam: a little more often, and it is kept there too.
            let broken: Vec<usize> = best.broken.iter().filter(|b| !best.collided.contains(b)).copied().collect();
            if broken.is_empty() {
                break;
            }
            for booking in broken {
                *margins.entry(booking).or_default() += 1;
            }
            let other = self.draft(&margins);
            // What collides is reported as it was asked, so no margin may be the cause.
            if other.broken.len() < best.broken.len() && other.collided.is_subset(&best.collided) {
                best = other;
            }
        }
        self.part_seams(&mut best);
        let mut days = Vec::new();
        for (date, dayparts) in best.days {
            self.note_collisions(&dayparts);
            days.push(PlannedDay { date, dayparts, events: self.events(date) });
        }
        ZonePlan {
            on_air: self.bookings.iter().map(|each| OnAir::of(&each.times)).collect(),
            days,
            loops: self.book.loops.into_iter().map(Arranged::from).collect(),
            kept: best.kept,
            not_placed: best.not_placed,
            collisions: self.collisions,
            refused: self.refused,
        }
    }

    /// All days, with such margins.
    fn draft(&mut self, margins: &BTreeMap<usize, u16>) -> Draft {
        let mut draft = Draft::default();
        let guaranteed = (0..self.bookings.len()).any(|b| self.is_guaranteed(b));
        let mut starts: Vec<Vec<UtcMillis>> = vec![Vec::new(); self.bookings.len()];
        // When each guaranteed booking last began, or came on air.
        let mut last: BTreeMap<usize, UtcMillis> = BTreeMap::new();
        for date in self.request.horizon.days() {
            let present = presence::present(&self.bookings, self.request.timezone, date, margins);
            let planned = self.day(present, date, &mut last, &mut draft.not_placed);
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
                    draft.collided.extend(looped.slots.iter().map(|(candidate, _)| candidate.0));
                }
            }
            draft.days.push((date, planned));
        }
        for (b, booking) in self.bookings.iter().enumerate() {
            let stretches = Stretches::of(booking, self.request);
            let guaranteed = stretches.map(|stretches| {
                let kept = stretches.kept(&starts[b]);
                (stretches, kept)
            });
            draft.broken.extend(guaranteed.as_ref().filter(|(_, kept)| kept.broken_at.is_some()).map(|_| b));
            draft.kept.extend(guaranteed.as_ref().map(|(_, kept)| *kept));
            draft.guaranteed.push(guaranteed);
        }
        draft.starts = starts;
        draft
    }

    fn is_guaranteed(&self, booking: usize) -> bool {
        matches!(self.bookings[booking].booking.mode, Mode::Guarantee(_))
    }

    fn note_collisions(&mut self, planned: &[Planned]) {
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
                self.collisions.push(Collision { zone: self.request.zone, at: each.time, certificate, request });
            }
        }
    }

    fn events(&self, date: NaiveDate) -> Vec<(EventTrigger, Candidate, UtcInterval)> {
        if !self.bookings.iter().any(|b| matches!(b.booking.mode, Mode::Event { .. })) {
            return Vec::new();
        }
        let mut events = Vec::new();
        for each in presence::present(&self.bookings, self.request.timezone, date, &BTreeMap::new()) {
            let Part::Event(trigger) = each.part else { continue };
            for stretch in &each.stretches {
                events.extend(each.candidates.iter().map(|candidate| (trigger, *candidate, *stretch)));
            }
        }
        events
    }
}
