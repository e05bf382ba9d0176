//! Showings at certain instants: fixed times first, then paced ones where there is room, none cut and no two at once.

use super::{
    loops::Kind,
    presence::{Candidate, Part, Present},
};
use crate::time::{UtcInterval, UtcMillis};

/// A showing at a certain instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pin {
    pub time: UtcInterval,
    pub candidate: Candidate,
}

/// How late a fixed time may come because of another one, in milliseconds.
const LATEST: i64 = 10 * 60_000;

/// How far from one of its kind a paced showing is placed, so that something of the loop comes between, in milliseconds.
const APART: i64 = 2 * 60_000;

/// What is to be known of who is pinned.
pub(super) trait Pinned {
    /// How long a showing lasts, in milliseconds.
    fn length(&self, candidate: Candidate) -> i64;
    /// What it should not follow.
    fn kind(&self, candidate: Candidate) -> Kind;
    /// Whether a booking's paced showings may come a little later than evenly.
    fn may_wait(&self, booking: usize) -> bool;
}

/// The day's pins in order of time, and the bookings of which a showing found no room. `turn` counts days, so that creatives
/// take turns from day to day too.
pub(super) fn pins(present: &[Present], turn: usize, of: &impl Pinned) -> (Vec<Pin>, Vec<usize>) {
    let mut pins: Vec<Pin> = Vec::new();
    let mut without_room = Vec::new();
    for each in present {
        let Part::Fixed(instants) = &each.part else { continue };
        for (nth, at) in instants.iter().enumerate() {
            let candidate = each.candidates[(turn * instants.len() + nth) % each.candidates.len()];
            let Some(stretch) = each.stretches.iter().find(|s| s.contains(*at)) else { continue };
            match free(&pins, *at, of.length(candidate), *stretch).filter(|time| time.start.since(*at) <= LATEST) {
                Some(time) => insert(&mut pins, Pin { time, candidate }),
                None => without_room.push(each.booking),
            }
        }
    }
    let paced: Vec<(&Present, u32)> = present
        .iter()
        .filter_map(|each| if let Part::Paced(showings) = each.part { Some((each, showings)) } else { None })
        .collect();
    for (position, (each, showings)) in paced.iter().enumerate() {
        let on_air: i64 = each.stretches.iter().map(|s| s.length()).sum();
        for nth in 0..*showings {
            let candidate = each.candidates[(turn * *showings as usize + nth as usize) % each.candidates.len()];
            // Evenly, and each booking a little after the one before, or all would want the same moments.
            let aside = (2 * position as i64 + 1) * on_air / (2 * paced.len() as i64);
            let ideal = (i64::from(nth) * on_air + aside) / i64::from(*showings);
            let placed = at(&each.stretches, ideal - ideal % 1000).into_iter().chain(each.stretches.iter().copied());
            let mut placed = placed;
            let length = of.length(candidate);
            let placed = placed.find_map(|rest| {
                let time = free(&pins, rest.start, length, rest)?;
                let parted =
                    of.may_wait(each.booking).then(|| apart(&pins, time, rest, of.kind(candidate), of)).flatten();
                Some(parted.unwrap_or(time))
            });
            match placed {
                Some(time) => insert(&mut pins, Pin { time, candidate }),
                None => without_room.push(each.booking),
            }
        }
    }
    (pins, without_room)
}

/// What is left of the stretch in which so much of the time on air has gone by.
fn at(stretches: &[UtcInterval], mut gone: i64) -> Option<UtcInterval> {
    for stretch in stretches {
        if gone < stretch.length() {
            return Some(UtcInterval { start: stretch.start.plus(gone), end: stretch.end });
        }
        gone -= stretch.length();
    }
    None
}

/// The first time from `from` on that no pin takes and that is long enough.
fn free(pins: &[Pin], from: UtcMillis, length: i64, within: UtcInterval) -> Option<UtcInterval> {
    let mut start = from;
    for pin in pins {
        if start.plus(length) <= pin.time.start {
            break;
        }
        start = start.max(pin.time.end);
    }
    let time = UtcInterval { start, end: start.plus(length) };
    (time.end <= within.end).then_some(time)
}

/// The next time within a few minutes that is as long, free, and not beside a pin of the same kind.
fn apart(pins: &[Pin], time: UtcInterval, within: UtcInterval, kind: Kind, of: &impl Pinned) -> Option<UtcInterval> {
    let mut start = time.start;
    for pin in pins {
        let away = if of.kind(pin.candidate) == kind { APART } else { 0 };
        if start.plus(time.length() + away) <= pin.time.start {
            break;
        }
        start = start.max(pin.time.end.plus(away));
    }
    let parted = UtcInterval { start, end: start.plus(time.length()) };
    (start.since(time.start) <= LATEST && parted.end <= within.end).then_some(parted)
}

fn insert(pins: &mut Vec<Pin>, pin: Pin) {
    let place = pins.partition_point(|other| other.time.start < pin.time.start);
    pins.insert(place, pin);
}
