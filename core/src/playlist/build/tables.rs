//! A playlist's tables in the making: items and loops get their numbers in the order in which the days of its zones need
//! them, and what got none is told with its reason.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{
    BuildReport, Collision, GuaranteeKept, LoopReport, NotPlaced, NotPlayed, Programme, Unscheduled,
    presence::Candidate,
    zone::{OnAir, Planned, PlannedDay, Runs, ZonePlan},
    zone_request::{Listed, Places},
};
use crate::{
    geometry::ZoneName,
    id::CreativeId,
    playlist::{Day, Daypart, EventItem, Item, Loop, Playlist, Show, Slot, ZoneProgramme},
    recurrence::day_start,
    time::Millis,
};

pub(super) struct Tables<'a> {
    programme: &'a Programme,
    listed: &'a [Listed<'a>],
    items: Vec<Item>,
    loops: Vec<Loop>,
    reports: Vec<Option<Arc<LoopReport>>>,
    /// Of each booking: when it is on air, once a zone has said so; and of each of its items what is known of it.
    on_air: Vec<Option<OnAir>>,
    known: Vec<Vec<Known>>,
    not_placed: BTreeSet<NotPlaced>,
    guarantees: Vec<GuaranteeKept>,
    collisions: Vec<Collision>,
}

/// An item on its way into the table.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Its position, once it has one.
    number: Option<u32>,
    /// How near it came.
    refused: Option<Unscheduled>,
    /// Its part of the loop that is just looked at, in milliseconds.
    airtime: i64,
}

/// Loops of one zone that are in the table already.
#[derive(Default)]
struct Entered {
    /// By their number in the zone's plan and the slot that they begin with.
    turned: HashMap<(usize, usize), u32>,
    /// By who is shown and how long.
    pinned: HashMap<(Candidate, Millis), u32>,
}

impl<'a> Tables<'a> {
    /// Nothing is in them.
    pub fn new(programme: &'a Programme, listed: &'a [Listed<'a>]) -> Self {
        Self {
            programme,
            listed,
            items: Vec::new(),
            loops: Vec::new(),
            reports: Vec::new(),
            on_air: vec![None; listed.len()],
            known: listed.iter().map(|each| vec![Known::default(); each.items.len()]).collect(),
            not_placed: BTreeSet::new(),
            guarantees: Vec::new(),
            collisions: Vec::new(),
        }
    }

    /// Enters what a zone's days need.
    pub fn enter(&mut self, zone: ZoneName, plan: &ZonePlan, places: &Places) -> ZoneProgramme {
        for (booking, on_air) in plan.on_air.iter().enumerate() {
            self.on_air[places.of((booking, 0)).0] = Some(*on_air);
        }
        for (candidate, reason) in &plan.refused {
            self.known_mut(places.of(*candidate)).refused = Some(*reason);
        }
        self.guarantees.extend(&plan.kept);
        self.not_placed.extend(&plan.not_placed);
        self.collisions.extend_from_slice(&plan.collisions);
        let mut entered = Entered::default();
        let days = plan.days.iter().map(|day| self.day(day, plan, places, &mut entered)).collect();
        ZoneProgramme { zone, days }
    }

    /// The playlist of these zones, and what is to be said of it.
    pub fn finish(self, zones: Vec<ZoneProgramme>) -> (Playlist, BuildReport) {
        let not_played = self.not_played();
        let report = BuildReport {
            not_played,
            loops: self.reports,
            not_placed: self.not_placed.into_iter().collect(),
            guarantees: self.guarantees,
            collisions: self.collisions,
        };
        let version = Playlist::version_of(&zones);
        let timezone = self.programme.timezone.name().into();
        (Playlist { version, timezone, items: self.items, loops: self.loops, zones }, report)
    }

    fn known_mut(&mut self, (booking, item): Candidate) -> &mut Known {
        &mut self.known[booking][item]
    }

    fn day(&mut self, planned: &PlannedDay, plan: &ZonePlan, places: &Places, entered: &mut Entered) -> Day {
        let dayparts = planned.dayparts.iter().map(|each| self.daypart(each, plan, places, entered)).collect();
        let mut events = Vec::new();
        for (trigger, candidate, time) in &planned.events {
            let item = self.number(places.of(*candidate));
            events.push(EventItem { trigger: *trigger, item, start: time.start, end: time.end });
        }
        events.sort_by_key(|event| (event.start, event.item));
        Day { date: planned.date, dayparts, events }
    }

    fn daypart(&mut self, planned: &Planned, plan: &ZonePlan, places: &Places, entered: &mut Entered) -> Daypart {
        let looped = match planned.runs {
            Runs::Pin(candidate) => {
                let slot = (places.of(candidate), Millis(planned.time.length() as u32));
                *entered.pinned.entry(slot).or_insert_with(|| self.enter_loop(&[slot], None))
            }
            Runs::Loop(number, first) => *entered.turned.entry((number, first)).or_insert_with(|| {
                let looped = &plan.loops[number];
                let slots: Vec<_> = looped.slots(first).map(|(candidate, ms)| (places.of(candidate), ms)).collect();
                self.enter_loop(&slots, Some(looped.report.clone()))
            }),
        };
        Daypart { start: planned.time.start, end: planned.time.end, looped }
    }

    /// The position of a loop in the table of loops.
    fn enter_loop(&mut self, slots: &[(Candidate, Millis)], report: Option<Arc<LoopReport>>) -> u32 {
        let hold = self.hold(slots);
        let slots: Vec<Slot> =
            slots.iter().map(|(c, duration)| Slot { item: self.number(*c), duration: *duration }).collect();
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
        let known = &mut self.known[candidate.0][candidate.1];
        if let Some(number) = known.number {
            return number;
        }
        let Listed { booking, items } = &self.listed[candidate.0];
        let item = items[candidate.1];
        let expires = item.valid_until.and_then(|until| until.succ_opt());
        let expires = expires.map(|next| day_start(next, self.programme.timezone));
        let ends = self.on_air[candidate.0].and_then(|on_air| on_air.ends);
        let number = self.items.len() as u32;
        self.items.push(item.listed(booking.booking, [ends, expires].into_iter().flatten().min()));
        known.number = Some(number);
        number
    }

    /// What stays on the wall for a remainder: rather a poster than a strip, rather a strip that stands than one that
    /// scrolls, then whatever has most airtime, then what comes first.
    fn hold(&mut self, slots: &[(Candidate, Millis)]) -> Option<Candidate> {
        // In order of their first slots.
        let mut shown: Vec<Candidate> = Vec::new();
        for (candidate, duration) in slots {
            let known = self.known_mut(*candidate);
            if known.airtime == 0 {
                shown.push(*candidate);
            }
            self.known_mut(*candidate).airtime += duration.as_i64();
        }
        let rank = |candidate: &Candidate| {
            let known = self.known[candidate.0][candidate.1];
            // Items that are in the table already come before those that will be entered next.
            (self.restless(*candidate), std::cmp::Reverse(known.airtime), known.number.unwrap_or(u32::MAX))
        };
        let stills = shown.iter().filter(|candidate| self.listed[candidate.0].items[candidate.1].kind.is_still());
        let calmest = stills.min_by_key(|candidate| rank(candidate)).copied();
        for candidate in shown {
            self.known_mut(candidate).airtime = 0;
        }
        calmest
    }

    fn restless(&self, candidate: Candidate) -> u8 {
        let item = self.listed[candidate.0].items[candidate.1];
        let zone = self.programme.zones.iter().find(|zone| zone.name == item.zone);
        match item.show {
            Show::Picture { .. } => 0,
            Show::Strip { size, .. } if size.width <= zone.map_or(0, |zone| zone.rect.width) => 1,
            _ => 2,
        }
    }

    fn not_played(&self) -> Vec<NotPlayed> {
        let has_zone = |name: ZoneName| self.programme.zones.iter().any(|zone| zone.name == name);
        let mut list = Vec::new();
        for (b, Listed { booking, items }) in self.listed.iter().enumerate() {
            let mut missing: Vec<(CreativeId, Unscheduled)> = Vec::new();
            missing.extend(booking.left_out.iter().map(|(c, why)| (*c, Unscheduled::Unplayable(*why))));
            for (item, known) in items.iter().zip(&self.known[b]) {
                if known.number.is_some() {
                    continue;
                }
                let reason = if has_zone(item.zone) {
                    let never = self.on_air[b].and_then(|on_air| on_air.never);
                    never.or(known.refused).unwrap_or(Unscheduled::NotValid)
                } else {
                    Unscheduled::NoZone
                };
                missing.push((item.creative, reason));
            }
            missing.sort_unstable();
            if self.known[b].iter().all(|known| known.number.is_none()) {
                let reason = missing.iter().map(|(_, reason)| *reason).max().unwrap_or(Unscheduled::NoCreative);
                list.push(NotPlayed { booking: booking.booking, creative: None, reason });
            }
            list.extend(missing.into_iter().map(|(creative, reason)| NotPlayed {
                booking: booking.booking,
                creative: Some(creative),
                reason,
            }));
        }
        list
    }
}
