//! What a playlist shows at an instant: a pure question, so that any player, the console and an auditor get one answer.
//!
//! Loops are anchored to the start of their daypart. A slot that cannot finish before the daypart's end is not started:
//! the loop's still is held instead. Past the horizon the last days are repeated by day of the week.

use chrono::{Days, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::{Day, Daypart, Item, Playlist, Slot, ZoneProgramme};
use crate::{
    geometry::ZoneName,
    recurrence::{day_start, local_start},
    time::{UtcInterval, UtcMillis},
};

/// What a zone shows at an instant. `start` may lie before that instant: whoever joins late joins in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAir {
    /// An item plays.
    Play {
        /// Position in [`Playlist::items`].
        item: u32,
        /// When its slot began.
        start: UtcMillis,
        /// When its slot ends. The item itself may be shorter: its last picture stays.
        end: UtcMillis,
        /// The daypart it belongs to; its start is the loop's anchor.
        daypart: UtcInterval,
        /// Position in [`Playlist::loops`].
        looped: u32,
        /// Position in the loop's slots.
        slot: u32,
    },
    /// The remainder of a daypart: this still stays on the wall. Not a play.
    Hold {
        /// Position in [`Playlist::items`].
        item: u32,
        /// Until then.
        until: UtcMillis,
    },
    /// Nothing is scheduled: the standby picture, or silence.
    Nothing {
        /// When something comes again; `None`: not within the horizon, or not within the next week when past it.
        until: Option<UtcMillis>,
    },
}

impl OnAir {
    /// The instant from which on the answer is another.
    pub const fn until(self) -> Option<UtcMillis> {
        match self {
            Self::Play { end, .. } => Some(end),
            Self::Hold { until, .. } => Some(until),
            Self::Nothing { until } => until,
        }
    }
}

impl Playlist {
    /// What `zone` shows at `at`.
    ///
    /// Past the last day of the horizon, a day repeats the last day of the horizon that is the same day of the week (the very
    /// last day, if the horizon is too short to have one), at the same local times. Items that end before such a repeated
    /// daypart does are taken out of its loop, and the loop closes up; if nothing is left, nothing is shown.
    /// Before the first day nothing is shown.
    pub fn on_air(&self, zone: ZoneName, at: UtcMillis) -> OnAir {
        let (Some(programme), Ok(tz)) = (self.zone(zone), self.timezone.parse::<Tz>()) else {
            return OnAir::Nothing { until: None };
        };
        let dayparts = || programme.days.iter().flat_map(|day| &day.dayparts);
        if let Some(part) = dayparts().find(|part| part.start <= at && at < part.end) {
            return self.at_daypart(*part, at, false);
        }
        let Some(last) = programme.days.last().map(|day| day.date) else {
            return OnAir::Nothing { until: None };
        };
        let horizon_end = day_start(last.succ_opt().unwrap_or(last), tz);
        if at < horizon_end {
            let next = dayparts().map(|part| part.start).find(|start| *start > at);
            let until = next.or_else(|| self.repeated_after(programme, tz, horizon_end, at).map(|part| part.start));
            return OnAir::Nothing { until };
        }
        match self.repeated_after(programme, tz, at, at) {
            Some(part) if part.start <= at => self.at_daypart(part, at, true),
            next => OnAir::Nothing { until: next.map(|part| part.start) },
        }
    }

    /// The dayparts of `zone` as far as they lie within a local day, past the horizon those of the day that it repeats.
    pub(super) fn dayparts_within(&self, zone: ZoneName, day: UtcInterval) -> Vec<UtcInterval> {
        let (Some(programme), Ok(tz)) = (self.zone(zone), self.timezone.parse::<Tz>()) else { return Vec::new() };
        let repeated = local_time(day.start, tz).map(|local| repeated_day(programme, local.date(), tz));
        let own = programme.days.iter().flat_map(|day| day.dayparts.iter().copied());
        let within = |part: Daypart| UtcInterval { start: part.start, end: part.end }.intersection(day);
        own.chain(repeated.into_iter().flatten()).filter_map(within).collect()
    }

    /// The first repeated daypart that has not ended at `at` and still shows something, from the local day of `from` on,
    /// within eight days.
    fn repeated_after(&self, programme: &ZoneProgramme, tz: Tz, from: UtcMillis, at: UtcMillis) -> Option<Daypart> {
        let today = local_time(from, tz)?.date();
        (0..=8).find_map(|ahead| {
            let date = today.checked_add_days(Days::new(ahead))?;
            let parts = repeated_day(programme, date, tz);
            parts.into_iter().find(|part| at < part.end && !self.running(*part, true).slots.is_empty())
        })
    }

    /// What a daypart plays: its loop, in a repeated daypart without what has ended by the daypart's end.
    fn running(&self, part: Daypart, repeated: bool) -> Running {
        let Some(looped) = self.loops.get(part.looped as usize) else { return Running::default() };
        let lasts = |item: u32| {
            let item = self.items.get(item as usize);
            item.is_some_and(|item| !repeated || item.ends.is_none_or(|ends| part.end <= ends))
        };
        let still = |item: u32| self.items.get(item as usize).is_some_and(Item::is_still);
        let slots: Vec<_> = (0..).zip(looped.slots.iter().copied()).filter(|(_, slot)| lasts(slot.item)).collect();
        let hold = looped.hold.filter(|item| lasts(*item));
        let hold = hold.or_else(|| slots.iter().map(|(_, slot)| slot.item).find(|item| repeated && still(*item)));
        Running { slots, hold }
    }

    fn at_daypart(&self, part: Daypart, at: UtcMillis, repeated: bool) -> OnAir {
        let running = self.running(part, repeated);
        let length: i64 = running.slots.iter().map(|(_, slot)| slot.duration.as_i64()).sum();
        let nothing = OnAir::Nothing { until: Some(part.end) };
        if length == 0 {
            return nothing;
        }
        let mut start = at.plus(-at.since(part.start).rem_euclid(length));
        for (number, slot) in running.slots {
            let end = start + slot.duration;
            if at < end && end <= part.end {
                let daypart = UtcInterval { start: part.start, end: part.end };
                return OnAir::Play { item: slot.item, start, end, daypart, looped: part.looped, slot: number };
            }
            if at < end {
                return running.hold.map_or(nothing, |item| OnAir::Hold { item, until: part.end });
            }
            start = end;
        }
        nothing
    }
}

/// The slots that take part, with their positions in the loop, and what is held.
#[derive(Default)]
struct Running {
    slots: Vec<(u32, Slot)>,
    hold: Option<u32>,
}

/// The dayparts of a day past the horizon: those of the day it repeats, at the same local times.
fn repeated_day(programme: &ZoneProgramme, date: NaiveDate, tz: Tz) -> Vec<Daypart> {
    let Some((source, later)) = repeated_by(programme, date) else { return Vec::new() };
    let parts = source.dayparts.iter().filter_map(|part| {
        let (start, end) = moved(part.start, part.end, later, tz)?;
        Some(Daypart { start, end, looped: part.looped })
    });
    parts.collect()
}

/// The day that a day past the horizon repeats, and how much earlier it is; `None` for a day within the horizon.
pub(super) fn repeated_by(programme: &ZoneProgramme, date: NaiveDate) -> Option<(&Day, TimeDelta)> {
    let last = programme.days.last()?;
    let back = (date - last.date).num_days();
    if back <= 0 {
        return None;
    }
    // 7 days later: the same day of the week again.
    let before_last = (7 - back % 7) % 7;
    let source = programme.days.iter().rev().nth(before_last as usize).unwrap_or(last);
    Some((source, date - source.date))
}

/// A stretch of time, later by so much in local time; `None` if the clocks' change leaves nothing of it.
pub(super) fn moved(start: UtcMillis, end: UtcMillis, later: TimeDelta, tz: Tz) -> Option<(UtcMillis, UtcMillis)> {
    let moved = |at: UtcMillis| Some(local_start(local_time(at, tz)?.checked_add_signed(later)?, tz));
    let (start, end) = (moved(start)?, moved(end)?);
    (start < end).then_some((start, end))
}

pub(super) fn local_time(at: UtcMillis, tz: Tz) -> Option<NaiveDateTime> {
    at.to_datetime().map(|at| at.with_timezone(&tz).naive_local())
}
