//! Loops judged by themselves: separation, shares, what is held.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::{Offer, PlanFault};
use crate::{
    campaign::Mode,
    id::{BookingId, CreativeId},
    playlist::{Daypart, Loop, Playlist, ProgrammeBooking},
    time::DateRange,
    vocabulary::{CreativeKind, FraudType},
};

/// A loop that could be twice as long within these bounds has no excuse for unfair shares.
const SLOTS: usize = 200;
const LENGTH: u64 = 20 * 60 * 1000;

pub(super) fn check(playlist: &Playlist, tz: Tz, known: &[Option<Offer<'_>>], faults: &mut Vec<PlanFault>) {
    for (number, looped) in (0..).zip(&playlist.loops) {
        let shown: Vec<Option<Offer<'_>>> =
            looped.slots.iter().map(|slot| known.get(slot.item as usize).copied().flatten()).collect();
        let shown: Vec<Offer<'_>> = shown.into_iter().flatten().collect();
        if shown.len() != looped.slots.len() || shown.is_empty() {
            // What is unknown was reported as such.
            continue;
        }
        let mut wrong = |wrong| faults.push(PlanFault::Loop { looped: number, wrong });
        if looped.slots.iter().zip(&shown).any(|(slot, (_, item))| slot.duration != item.duration) {
            wrong("a slot does not last as long as its item");
        }
        let still = |kind| matches!(kind, CreativeKind::Poster | CreativeKind::Slogan);
        match looped.hold {
            None if shown.iter().any(|(_, item)| still(item.kind)) => wrong("nothing is held though there is a still"),
            Some(hold) if !looped.slots.iter().any(|slot| slot.item == hold) => {
                wrong("what is held is not in the loop");
            }
            Some(hold) if !known.get(hold as usize).copied().flatten().is_some_and(|(_, item)| still(item.kind)) => {
                wrong("what is held is not a still");
            }
            _ => {}
        }
        // Promises come before separation.
        let promised = shown.iter().any(|(booking, _)| !matches!(booking.mode, Mode::Share { .. } | Mode::Filler {}));
        if !promised && neighbours_equal_needlessly(&shown) {
            faults.push(PlanFault::EqualNeighbours { looped: number });
        }
        shares(number, looped, &shown, playlist, tz, faults);
    }
}

fn neighbours_equal_needlessly(shown: &[Offer<'_>]) -> bool {
    /// The same fraud type, or without one the same creative, in whatever booking.
    type Sort = (Option<FraudType>, Option<CreativeId>);
    let sort = |i: usize| -> Sort {
        let fraud_type = shown[i].1.fraud_type;
        (fraud_type, fraud_type.is_none().then_some(shown[i].1.creative))
    };
    let slots = shown.len();
    if slots < 2 {
        return false;
    }
    let mut often: BTreeMap<Sort, usize> = BTreeMap::new();
    for i in 0..slots {
        *often.entry(sort(i)).or_default() += 1;
    }
    let avoidable = often.values().all(|n| n * 2 <= slots);
    avoidable && (0..slots).any(|i| sort(i) == sort((i + 1) % slots))
}

fn shares(number: u32, looped: &Loop, shown: &[Offer<'_>], playlist: &Playlist, tz: Tz, faults: &mut Vec<PlanFault>) {
    let runs: Vec<&Daypart> = playlist
        .zones
        .iter()
        .flat_map(|zone| zone.days.iter().flat_map(|day| &day.dayparts))
        .filter(|part| part.looped == number)
        .collect();
    let first =
        runs.iter().filter_map(|part| part.start.to_datetime()).map(|at| at.with_timezone(&tz).date_naive()).min();
    let weight = |booking: &ProgrammeBooking| match booking.mode {
        Mode::Share { weight } => {
            let on =
                |(days, _): &&(DateRange, u16)| first.is_some_and(|first| days.first <= first && first <= days.last);
            u64::from(weight.get()) * booking.intensity.iter().find(on).map_or(100, |(_, percent)| u64::from(*percent))
        }
        _ => 0,
    };
    let mut airtime: BTreeMap<BookingId, (u64, u64)> = BTreeMap::new();
    for (slot, (booking, _)) in looped.slots.iter().zip(shown).filter(|(_, (booking, _))| weight(booking) > 0) {
        let entry = airtime.entry(booking.booking).or_insert((0, weight(booking)));
        entry.0 += u64::from(slot.duration.0);
    }
    let length: u64 = airtime.values().map(|(ms, _)| ms).sum();
    let weights: u64 = airtime.values().map(|(_, weight)| weight).sum();
    let whole = u64::from(looped.length().0);
    let longest = looped.slots.iter().map(|slot| u64::from(slot.duration.0)).max().unwrap_or(0);
    let shortest_part = runs.iter().map(|part| part.end.since(part.start).unsigned_abs()).min().unwrap_or(0);
    let could_be_longer = whole * 2 <= LENGTH.min(shortest_part) && looped.slots.len() * 2 <= SLOTS;
    // Beside guarantees the loop is as long as suits them.
    let tolerated = if whole > length { 10 } else { 100 };
    for (booking, (ms, weight)) in airtime {
        let fair = length * weight / weights;
        let off_by = ms.abs_diff(fair);
        if could_be_longer && off_by > 2 * longest && off_by * tolerated > length {
            let thousandths = |part: u64| (part * 1000 / length) as u32;
            let (has, target) = (thousandths(ms), thousandths(fair));
            faults.push(PlanFault::Share { looped: number, booking, has, target });
        }
    }
}
