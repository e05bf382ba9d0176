//! One day of a zone: what has its instant is pinned, the time between is cut into dayparts in which the same bookings are on
//! air, and each gets the loop for them, turned so that no guarantee waits too long where it begins.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::{
    NotPlaced, Unscheduled,
    pins::{self, Pin},
    presence::{self, Candidate, Part, Present},
    zone::{Planned, Runs, ZonePlanner},
};
use crate::{
    rotation::Demand,
    time::{UtcInterval, UtcMillis},
};

impl ZonePlanner<'_> {
    /// One day. Bookings that would play more often than they may are paced instead, quotas that come out short
    /// are asked for more, and the day is planned anew.
    pub(super) fn day(
        &mut self,
        mut present: Vec<Present>,
        date: NaiveDate,
        last: &mut BTreeMap<usize, UtcMillis>,
        not_placed: &mut BTreeSet<NotPlaced>,
    ) -> Vec<Planned> {
        for round in 0.. {
            let mut ends_with = last.clone();
            let planned = self.attempt(&present, date, &mut ends_with, not_placed);
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
                        not_placed.insert(NotPlaced { booking, zone: self.request.zone, date });
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
        date: NaiveDate,
        last: &mut BTreeMap<usize, UtcMillis>,
        not_placed: &mut BTreeSet<NotPlaced>,
    ) -> Vec<Planned> {
        let turn = date.num_days_from_ce() as usize;
        let playable: Vec<Present> = present.iter().filter_map(|each| self.with_length(each)).collect();
        let (pins, without_room) = pins::pins(&playable, turn, self);
        for booking in without_room {
            let id = self.bookings[booking].booking.booking;
            not_placed.insert(NotPlaced { booking: id, zone: self.request.zone, date });
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
        let empty = |c: &Candidate| self.bookings[c.0].booking.items[c.1].duration.0 == 0;
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
        let longest = longest.map(|c| self.bookings[c.0].booking.items[c.1].duration.as_i64()).max().unwrap_or(0);
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
        let length = |c: &Candidate| self.bookings[c.0].booking.items[c.1].duration.as_i64();
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
}
