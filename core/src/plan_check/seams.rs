//! Equal neighbours where one daypart ends and the next begins, at midnight, and around what has a daypart of its own.
//!
//! They are *avoidable* if one single change leaves fewer of them, and no more elsewhere, and costs no promise: a loop begins with another of its
//! slots, or two showings of one booking that are placed one by one, of one length and on one day, change places. A change
//! costs a promise if a guarantee is broken by it that was not, or elsewhere than it was; if a quota gets fewer showings;
//! or if something that is counted gets more. Nothing shown between two dayparts that touch, they are neighbours still.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Offer, PlanFault, often, promised::Stretch, rolls, showings::Showing};
use crate::{
    campaign::Mode,
    id::{BookingId, CreativeId},
    playlist::{Daypart, Loop, Playlist, Programme, ProgrammeBooking, ZoneProgramme},
    time::{UtcInterval, UtcMillis},
    vocabulary::FraudType,
};

/// The same fraud type, or without one the same creative, in whatever booking.
type Sort = (Option<FraudType>, Option<CreativeId>);

struct Bench<'a> {
    playlist: &'a Playlist,
    programme: &'a Programme,
    stretches: &'a [Stretch<'a>],
    showings: &'a [Showing],
    known: &'a [Option<Offer<'a>>],
    parts: Vec<(NaiveDate, Daypart)>,
}

pub(super) fn check(
    playlist: &Playlist,
    zone: &ZoneProgramme,
    programme: &Programme,
    stretches: &[Stretch<'_>],
    showings: &[Showing],
    known: &[Option<Offer<'_>>],
    faults: &mut Vec<PlanFault>,
) {
    let parts = zone.days.iter().flat_map(|day| day.dayparts.iter().map(|part| (day.date, *part))).collect();
    let bench = Bench { playlist, programme, stretches, showings, known, parts };
    let mut found = BTreeSet::new();
    for at in 0..bench.parts.len() {
        let Some(items) = bench.played(at, 0) else { continue };
        let (before, after) = bench.around(at);
        let meets_first = before.is_some() && before == bench.sort(items[0]);
        let meets_last = after.is_some() && after == bench.sort(items[items.len() - 1]);
        if (meets_first || meets_last) && (bench.a_turn_helps(at) || bench.a_trade_helps(at)) {
            let part = bench.parts[at].1;
            found.insert(if meets_first { part.start } else { part.end });
        }
    }
    faults.extend(found.into_iter().map(|at| PlanFault::EqualAtSeam { zone: zone.zone, at }));
}

impl Bench<'_> {
    fn looped(&self, at: usize) -> Option<&Loop> {
        self.playlist.loops.get(self.parts[at].1.looped as usize)
    }

    fn offer(&self, item: u32) -> Option<Offer<'_>> {
        self.known.get(item as usize).copied().flatten()
    }

    fn sort(&self, item: u32) -> Option<Sort> {
        let (_, item) = self.offer(item)?;
        Some((item.fraud_type, item.fraud_type.is_none().then_some(item.creative)))
    }

    /// The items that a daypart shows if its loop begins with this slot, whole rounds in the middle left out; `None`: none
    /// is, or something of it is unknown.
    fn played(&self, at: usize, first: usize) -> Option<Vec<u32>> {
        let (_, part) = self.parts[at];
        let looped = self.looped(at)?;
        let round = i64::from(looped.length().0);
        if round == 0 || looped.slots.iter().any(|slot| self.offer(slot.item).is_none()) {
            return None;
        }
        let whole = part.end.since(part.start);
        let mut left = whole - (whole / round - 1).max(0) * round;
        let mut items = Vec::new();
        for slot in looped.slots[first..].iter().chain(looped.slots.iter().cycle()) {
            left -= i64::from(slot.duration.0);
            if left < 0 {
                break;
            }
            items.push(slot.item);
        }
        (!items.is_empty()).then_some(items)
    }

    /// What is shown last before a daypart and first after it, with no time between that no daypart has.
    fn around(&self, at: usize) -> (Option<Sort>, Option<Sort>) {
        let mut before = None;
        for nth in (0..at).rev() {
            if self.parts[nth].1.end != self.parts[nth + 1].1.start {
                break;
            }
            if let Some(items) = self.played(nth, 0) {
                before = self.sort(items[items.len() - 1]);
                break;
            }
        }
        let mut after = None;
        for nth in at + 1..self.parts.len() {
            if self.parts[nth - 1].1.end != self.parts[nth].1.start {
                break;
            }
            if let Some(items) = self.played(nth, 0) {
                after = self.sort(items[0]);
                break;
            }
        }
        (before, after)
    }

    /// Equal neighbours at the ends of a daypart that shows these, and with those in it.
    fn alike(&self, (before, after): (Option<Sort>, Option<Sort>), items: Option<&[u32]>) -> (usize, usize) {
        let shown: Vec<Option<Sort>> = items.unwrap_or_default().iter().map(|item| self.sort(*item)).collect();
        let count =
            |sorts: &[Option<Sort>]| sorts.windows(2).filter(|pair| pair[0].is_some() && pair[0] == pair[1]).count();
        let inside = count(&shown);
        let all = count(&[vec![before], shown, vec![after]].concat());
        (all - inside, all)
    }

    fn a_turn_helps(&self, at: usize) -> bool {
        let around = self.around(at);
        let now = self.alike(around, self.played(at, 0).as_deref());
        let slots = self.looped(at).map_or(0, |looped| looped.slots.len());
        (1..slots).any(|first| {
            let then = self.alike(around, self.played(at, first).as_deref());
            // That less is shown in between is no gain.
            then.0 < now.0 && then.1 < now.1 && self.costs_no_promise(at, first)
        })
    }

    fn costs_no_promise(&self, at: usize, first: usize) -> bool {
        let Some(looped) = self.looped(at) else { return false };
        let part = self.parts[at].1;
        let mut seen: BTreeSet<BookingId> = BTreeSet::new();
        let bookings = looped.slots.iter().filter_map(|slot| self.offer(slot.item)).map(|(booking, _)| booking);
        bookings.filter(|booking| seen.insert(booking.booking)).all(|booking| {
            let (before, after) = (self.begun_in(&part, 0, booking), self.begun_in(&part, first, booking));
            let quota = matches!(booking.mode, Mode::Quota(_)) && after.len() < before.len();
            let cap = booking.most_per_day.is_some() && after.len() > before.len();
            !quota && !cap && self.guarantee_is_no_worse(booking, &part, &after)
        })
    }

    /// When a booking's showings in a daypart begin, if its loop begins with this slot.
    fn begun_in(&self, part: &Daypart, first: usize, booking: &ProgrammeBooking) -> Vec<UtcMillis> {
        let slots = self.playlist.loops.get(part.looped as usize).map_or(&[][..], |looped| &looped.slots);
        let mut begun = Vec::new();
        let mut now = part.start;
        for nth in first.. {
            let slot = slots[nth % slots.len()];
            let end = now.plus(i64::from(slot.duration.0));
            if end > part.end {
                break;
            }
            if self.offer(slot.item).is_some_and(|(of, _)| of.booking == booking.booking) {
                begun.push(now);
            }
            now = end;
        }
        begun
    }

    fn guarantee_is_no_worse(&self, booking: &ProgrammeBooking, part: &Daypart, instead: &[UtcMillis]) -> bool {
        let Mode::Guarantee(guarantee) = booking.mode else { return true };
        let of_booking = |item: u32| self.offer(item).is_some_and(|(of, _)| of.booking == booking.booking);
        let mine = self.showings.iter().filter(|showing| of_booking(showing.item)).map(|showing| showing.time.start);
        let begun: Vec<UtcMillis> = mine.collect();
        let mut then: Vec<UtcMillis> = begun.iter().copied().filter(|at| *at < part.start || *at >= part.end).collect();
        then.extend(instead);
        then.sort_unstable();
        let promised: Vec<UtcInterval> = often::promised_to(booking, self.stretches);
        let percent = |at: UtcMillis| often::percent(booking, at, self.programme.timezone);
        let after = often::broken(guarantee, &promised, &then, percent);
        after.is_none() || after == often::broken(guarantee, &promised, &begun, percent)
    }

    /// The item of a daypart that is one showing of something that is placed one by one.
    fn placed(&self, at: usize) -> Option<u32> {
        let [slot] = self.looped(at)?.slots[..] else { return None };
        let part = self.parts[at].1;
        let whole = i64::from(slot.duration.0) == part.end.since(part.start);
        (whole && !rolls(self.offer(slot.item)?.0)).then_some(slot.item)
    }

    fn a_trade_helps(&self, at: usize) -> bool {
        let Some(mine) = self.placed(at) else { return false };
        let length = |nth: usize| self.parts[nth].1.end.since(self.parts[nth].1.start);
        (0..self.parts.len()).filter(|&nth| self.parts[nth].0 == self.parts[at].0 && length(nth) == length(at)).any(
            |other| {
                let Some(theirs) = self.placed(other).filter(|theirs| *theirs != mine) else { return false };
                let same = |item| self.offer(item).map(|(booking, _)| booking.booking);
                same(mine) == same(theirs) && self.traded(at, other) < self.untraded(at, other)
            },
        )
    }

    fn untraded(&self, a: usize, b: usize) -> usize {
        let at = |nth: usize| self.alike(self.around(nth), self.played(nth, 0).as_deref());
        at(a).1 + at(b).1
    }

    fn traded(&self, a: usize, b: usize) -> usize {
        let mut parts = self.parts.clone();
        (parts[a].1.looped, parts[b].1.looped) = (parts[b].1.looped, parts[a].1.looped);
        let Self { playlist, programme, stretches, showings, known, .. } = *self;
        Bench { playlist, programme, stretches, showings, known, parts }.untraded(a, b)
    }
}
