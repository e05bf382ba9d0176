//! What meets at a seam is parted too: where one daypart ends and the next begins, at midnight, before and after what is
//! pinned, and between pins that touch. A loop begins with another of its slots, or two showings of one booking change
//! places, until no single such change leaves fewer equal neighbours. Promises come first: no guarantee gets worse by it,
//! no quota has fewer showings, nothing counted has more.

use super::{
    GuaranteeKept,
    kept::{self, Stretches},
    loops::{Kind, Shown},
    pins::Pinned,
    presence::Candidate,
    zone::{Draft, Planned, Runs, ZonePlanner},
};
use crate::{campaign::Mode, time::UtcMillis};

/// A zone's dayparts in order of time.
struct Line {
    parts: Vec<Part>,
    /// Of each booking: its showings, if it is guaranteed.
    starts: Vec<Vec<UtcMillis>>,
    /// Of each booking: where its guarantee is looked at, and what became of it.
    guaranteed: Vec<Option<(Stretches, GuaranteeKept)>>,
}

/// A daypart, the day that it is listed under, and what is shown in it.
#[derive(Clone, Copy)]
struct Part {
    day: usize,
    planned: Planned,
    shown: Option<Shown>,
}

impl ZonePlanner<'_> {
    /// Parts what one change can part. What is said of guarantees is said of the days as they are then.
    pub(super) fn part_seams(&self, draft: &mut Draft) {
        let mut parts = Vec::new();
        for (day, (_, planned)) in draft.days.iter().enumerate() {
            parts.extend(planned.iter().map(|each| Part { day, planned: *each, shown: self.shown(each) }));
        }
        let starts = std::mem::take(&mut draft.starts);
        let mut line = Line { parts, starts, guaranteed: std::mem::take(&mut draft.guaranteed) };
        let mut changed = false;
        loop {
            let mut better = false;
            // From the last to the first: rather the loop after a seam begins elsewhere than the one before it.
            for at in (0..line.parts.len()).rev() {
                better |= line.is_alike_at_an_end_of(at) && (self.turn(&mut line, at) || self.trade(&mut line, at));
            }
            if !better {
                break;
            }
            changed = true;
        }
        if !changed {
            return;
        }
        let mut parts = line.parts.into_iter().map(|part| part.planned);
        for (_, planned) in &mut draft.days {
            planned.iter_mut().zip(&mut parts).for_each(|(before, after)| *before = after);
        }
        draft.kept = line.guaranteed.into_iter().flatten().map(|(_, kept)| kept).collect();
    }

    /// Lets a loop begin with another slot: the next one with which fewest neighbours are alike.
    fn turn(&self, line: &mut Line, at: usize) -> bool {
        let Planned { time, runs: Runs::Loop(number, first) } = line.parts[at].planned else { return false };
        let looped = &self.book.loops[number];
        let around = line.around(at);
        let now = alike(around, line.parts[at].shown);
        let slots = looped.slots.len();
        let turns = (1..slots).map(|on| (alike(around, looped.shown((first + on) % slots, time)), on));
        // That less is shown in between is no gain.
        let better = turns.filter(|(then, _)| then.seams < now.seams && then.all < now.all);
        let mut better: Vec<(u32, usize)> = better.map(|(then, on)| (then.all, on)).collect();
        better.sort_unstable();
        let other =
            better.into_iter().map(|(_, on)| (first + on) % slots).find(|first| self.may_turn(line, at, *first));
        other.is_some_and(|first| {
            line.parts[at].planned.runs = Runs::Loop(number, first);
            line.parts[at].shown = looped.shown(first, time);
            true
        })
    }

    /// Whether nothing that was promised gets worse when a loop begins with this slot; notes the showings if so.
    fn may_turn(&self, line: &mut Line, at: usize, other: usize) -> bool {
        let Planned { time, runs: Runs::Loop(number, first) } = line.parts[at].planned else { return false };
        let looped = &self.book.loops[number];
        let mut counted: Vec<usize> = looped.slots.iter().map(|((booking, _), _)| *booking).collect();
        counted.sort_unstable();
        counted.dedup();
        let of = |b: usize| self.bookings[b].booking;
        counted.retain(|&b| matches!(of(b).mode, Mode::Guarantee(_) | Mode::Quota(_)) || of(b).most_per_day.is_some());
        let mut instead = Vec::new();
        for b in counted {
            let capped = of(b).most_per_day.is_some();
            if capped || matches!(of(b).mode, Mode::Quota(_)) {
                let count = |first| looped.showings(first, time).filter(|(_, (booking, _))| *booking == b).count();
                let (before, after) = (count(first), count(other));
                if capped && after > before || matches!(of(b).mode, Mode::Quota(_)) && after < before {
                    return false;
                }
            }
            if let Some((stretches, kept)) = &line.guaranteed[b] {
                let mine = looped.promised_showings(other, time).filter(|(_, booking)| *booking == b);
                let starts: Vec<UtcMillis> = mine.map(|(start, _)| start).collect();
                if !stretches.no_worse(kept, &line.starts[b], time, &starts) {
                    return false;
                }
                instead.push((b, starts));
            }
        }
        for (b, starts) in instead {
            kept::replace(&mut line.starts[b], time, &starts);
            if let Some((stretches, kept)) = &mut line.guaranteed[b] {
                *kept = stretches.kept(&line.starts[b]);
            }
        }
        true
    }

    /// Lets a showing change places with another one of its booking that day, as long as itself.
    fn trade(&self, line: &mut Line, at: usize) -> bool {
        let part = line.parts[at];
        let Some(mine) = self.placed(&part.planned) else { return false };
        for other in (0..line.parts.len()).filter(|other| *other != at) {
            let there = line.parts[other];
            let like = there.day == part.day && there.planned.time.length() == part.planned.time.length();
            let Some(theirs) = self.placed(&there.planned).filter(|_| like) else { continue };
            if theirs.0 != mine.0 || theirs.1 == mine.1 {
                continue;
            }
            let now = line.alike(at) + line.alike(other);
            let (here, gone) = (Runs::Pin(theirs), Runs::Pin(mine));
            (line.parts[at].planned.runs, line.parts[other].planned.runs) = (here, gone);
            (line.parts[at].shown, line.parts[other].shown) = (there.shown, part.shown);
            if line.alike(at) + line.alike(other) < now {
                return true;
            }
            (line.parts[at], line.parts[other]) = (part, there);
        }
        false
    }

    /// What is shown in a daypart of its own, of a booking that is placed one by one.
    fn placed(&self, planned: &Planned) -> Option<Candidate> {
        match planned.runs {
            Runs::Pin(candidate) => Some(candidate),
            Runs::Loop(number, _) => {
                let looped = &self.book.loops[number];
                let [(candidate, ms)] = looped.slots[..] else { return None };
                let booking = self.bookings[candidate.0].booking;
                let rolls = matches!(booking.mode, Mode::Share { .. } | Mode::Guarantee(_) | Mode::Filler {});
                let counted = !rolls || booking.most_per_day.is_some();
                (counted && ms == planned.time.length()).then_some(candidate)
            }
        }
    }

    fn shown(&self, planned: &Planned) -> Option<Shown> {
        match planned.runs {
            Runs::Pin(candidate) => {
                let kind = self.kind(candidate);
                Some(Shown { first: kind, last: kind, alike: 0 })
            }
            Runs::Loop(number, first) => self.book.loops[number].shown(first, planned.time),
        }
    }
}

impl Line {
    /// What is shown last before a daypart and first after it, if no time lies between that nothing has.
    fn around(&self, at: usize) -> (Option<Kind>, Option<Kind>) {
        let time = |nth: usize| self.parts[nth].planned.time;
        let before = (1..=at).rev().take_while(|&nth| time(nth - 1).end == time(nth).start);
        let before = before.map(|nth| nth - 1).find_map(|nth| self.parts[nth].shown);
        let after = (at + 1..self.parts.len()).take_while(|&nth| time(nth - 1).end == time(nth).start);
        let after = after.into_iter().find_map(|nth| self.parts[nth].shown);
        (before.map(|shown| shown.last), after.map(|shown| shown.first))
    }

    fn is_alike_at_an_end_of(&self, at: usize) -> bool {
        let Some(shown) = self.parts[at].shown else { return false };
        let (before, after) = self.around(at);
        before == Some(shown.first) || after == Some(shown.last)
    }

    fn alike(&self, at: usize) -> u32 {
        alike(self.around(at), self.parts[at].shown).all
    }
}

impl Pinned for ZonePlanner<'_> {
    fn length(&self, (booking, item): Candidate) -> i64 {
        self.bookings[booking].booking.items[item].duration.as_i64()
    }

    fn kind(&self, (booking, item): Candidate) -> Kind {
        Kind::of(&self.bookings[booking].booking.items[item])
    }

    fn may_wait(&self, booking: usize) -> bool {
        // Waiting is what a guarantee is against.
        !matches!(self.bookings[booking].booking.mode, Mode::Guarantee(_))
    }
}

/// Equal neighbours at both ends of a daypart, and with those in it.
#[derive(Debug, Clone, Copy)]
struct Alike {
    seams: u32,
    all: u32,
}

fn alike((before, after): (Option<Kind>, Option<Kind>), shown: Option<Shown>) -> Alike {
    let meet = |a: Option<Kind>, b: Option<Kind>| u32::from(a.is_some() && a == b);
    let seams = match shown {
        Some(shown) => meet(before, Some(shown.first)) + meet(Some(shown.last), after),
        None => meet(before, after),
    };
    Alike { seams, all: seams + shown.map_or(0, |shown| shown.alike) }
}
