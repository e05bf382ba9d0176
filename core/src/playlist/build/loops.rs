//! Loops of a playlist in the making: made once for each set of candidates, and turned so that they go on where a fixed
//! time broke in, or so that no guarantee waits too long at the seam between dayparts.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    LoopReport, Memo, Unscheduled,
    presence::{Candidate, OnAirBooking},
    zone_request::ZoneItem,
};
use crate::{
    campaign::Guarantee,
    id::CreativeId,
    rotation::{Answer, Bounds, Care, Certificate, Demand, Entry, Part, Request, Verdict},
    time::{Millis, UtcInterval, UtcMillis},
    vocabulary::FraudType,
};

/// A loop in terms of candidates.
pub(super) struct PlannedLoop {
    pub slots: Vec<(Candidate, i64)>,
    /// One round, in milliseconds.
    pub length: i64,
    pub report: Arc<LoopReport>,
    pub request: Request,
    /// What the answer's slots name, and the answer.
    keys: Vec<Candidate>,
    answer: Arc<Answer>,
    /// Candidates that had to yield, with the reason.
    pub yielded: Vec<(Candidate, Unscheduled)>,
    /// When each slot starts in a round that begins with the first.
    offsets: Vec<i64>,
    promised: Vec<Promised>,
    kinds: Vec<Kind>,
    /// Of the neighbours that begin before each slot, round and round: how many are alike; at last, all of them.
    alike: Vec<u32>,
}

/// A loop as others can use it too that have the same candidates.
#[derive(Debug)]
pub(super) struct Arranged {
    keys: Vec<Candidate>,
    // The very answer that the memo of loops holds: it forgets none that somebody has.
    answer: Arc<Answer>,
    pub report: Arc<LoopReport>,
}

impl Arranged {
    /// Who is shown and how long, in a round that begins with this slot.
    pub fn slots(&self, first: usize) -> impl Iterator<Item = (Candidate, Millis)> + '_ {
        let (before, after) = self.answer.slots.split_at(first);
        after.iter().chain(before).map(|slot| (self.keys[slot.item as usize], slot.duration))
    }
}

impl From<PlannedLoop> for Arranged {
    fn from(PlannedLoop { keys, answer, report, .. }: PlannedLoop) -> Self {
        Self { keys, answer, report }
    }
}

/// What should not follow itself: a fraud type, or without one a creative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Type(FraudType),
    Creative(CreativeId),
}

impl Kind {
    pub fn of(item: &ZoneItem) -> Self {
        item.fraud_type.map_or(Self::Creative(item.creative), Self::Type)
    }
}

/// What is shown in some time: first, last, and how many neighbours are alike in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub first: Kind,
    pub last: Kind,
    pub alike: u32,
}

/// A booking that is guaranteed in a loop.
struct Promised {
    booking: usize,
    /// The longest wait from start to start that is still within what was promised.
    wait: i64,
    /// Its slots, ascending: when each starts in a round, and how long it lasts.
    slots: Vec<(i64, i64)>,
}

/// Who takes part in a loop, how, how long it may be, and how long it may be interrupted.
pub(super) type Wanted = (Vec<(usize, Demand, Vec<Candidate>)>, i64, i64);

/// Loops already made.
pub(super) struct LoopBook<'m> {
    pub loops: Vec<PlannedLoop>,
    made: HashMap<Wanted, usize>,
    memo: &'m Memo,
    care: Care,
}

impl<'m> LoopBook<'m> {
    /// None yet; what other programmes asked for is in the memo.
    pub fn new(memo: &'m Memo, care: Care) -> Self {
        Self { loops: Vec::new(), made: HashMap::new(), memo, care }
    }

    /// The loop for these, made if it is the first of its kind; `None` if there is nothing to play.
    pub fn of(&mut self, wanted: Wanted, bookings: &[OnAirBooking<'_>]) -> Option<usize> {
        if let Some(number) = self.made.get(&wanted) {
            return Some(*number);
        }
        let planned = make(&wanted, bookings, |request| self.memo.arrange(request, self.care))?;
        let number = self.loops.len();
        self.loops.push(planned);
        self.made.insert(wanted, number);
        Some(number)
    }
}

fn make(
    (parts, longest, interruption): &Wanted,
    bookings: &[OnAirBooking<'_>],
    arrange: impl Fn(&Request) -> Arc<Answer>,
) -> Option<PlannedLoop> {
    let mut yielded = Vec::new();
    let mut parts = parts.clone();
    let shares = parts.iter().any(|(_, demand, _)| matches!(demand, Demand::Share(_)));
    if shares {
        parts.retain(|(_, demand, candidates)| {
            let filler = *demand == Demand::Filler;
            if filler {
                yielded.extend(candidates.iter().map(|c| (*c, Unscheduled::NotNeeded)));
            }
            !filler
        });
    }
    let asked = request(&parts, *longest, bookings)?;
    // A creative longer than its own booking's gap can only break the promise, if there are others of it.
    let mut own = parts.clone();
    for (booking, demand, candidates) in &mut own {
        let Demand::Guarantee(guarantee) = demand else { continue };
        let most = [guarantee.max_gap(), guarantee.per_hour().map(|_| Millis(3_600_000))].into_iter().flatten().min();
        let fits = |c: &Candidate| most.is_none_or(|most| bookings[*booking].booking.items[c.1].duration <= most);
        if candidates.iter().any(fits) {
            yielded.extend(candidates.iter().filter(|c| !fits(c)).map(|c| (*c, Unscheduled::Yields)));
            candidates.retain(fits);
        }
    }
    let parts = own;
    let within = request(&parts, *longest, bookings)?;
    // What others, and fixed times that break in, must leave room for.
    let mut best = (within.0.clone(), within.1, arrange(&within.0));
    if let Verdict::ProvenInfeasible(Certificate::NoRoomBetween { gap, own, .. }) = &best.2.verdict {
        let most = i64::from(gap.0) - i64::from(own.0);
        if let Some(fewer) = without_longer_shares(&parts, most, bookings, &mut yielded) {
            let (request, key) = request(&fewer, *longest, bookings)?;
            let answer = arrange(&request);
            best = (request, key, answer);
        }
    }
    if *interruption > 0 && best.2.verdict == Verdict::Feasible {
        let tighter = tightened(&best.0, *interruption);
        if let Some(tighter) = tighter {
            let answer = arrange(&tighter);
            if answer.verdict == Verdict::Feasible {
                best.2 = answer;
            }
        }
    }
    let (used, keys, answer) = best;
    let slots: Vec<_> = answer.slots.iter().map(|slot| (keys[slot.item as usize], slot.duration.as_i64())).collect();
    let length = slots.iter().map(|(_, ms)| ms).sum();
    let offsets: Vec<i64> = slots.iter().scan(0, |at, (_, ms)| Some(std::mem::replace(at, *at + ms))).collect();
    let kind = |((booking, item), _): &(Candidate, i64)| Kind::of(&bookings[*booking].booking.items[*item]);
    let kinds: Vec<Kind> = slots.iter().map(kind).collect();
    let equal = |nth: usize| u32::from(kinds[nth] == kinds[(nth + 1) % kinds.len()]);
    let pairs = (0..kinds.len()).scan(0, |sum, nth| {
        *sum += equal(nth);
        Some(*sum)
    });
    let alike = std::iter::once(0).chain(pairs).collect();
    let own = |booking: usize| {
        let slots = slots.iter().zip(&offsets).filter(|((candidate, _), _)| candidate.0 == booking);
        slots.map(|((_, ms), offset)| (*offset, *ms)).collect()
    };
    let promised = used.parts().iter().zip(&answer.report.bookings).filter_map(|(part, share)| {
        let Demand::Guarantee(guarantee) = part.demand else { return None };
        let hourly =
            guarantee.per_hour().map(|n| 3_600_000 / i64::from(n)).map(|even| even.max(share.worst_gap.as_i64()));
        let wait = [hourly, guarantee.max_gap().map(Millis::as_i64)].into_iter().flatten().min()?;
        let first = part.entries.first()?.key;
        let booking = keys[first as usize].0;
        Some(Promised { booking, wait, slots: own(booking) })
    });
    let promised = promised.collect();
    // What is said of the loop is said of what was asked, not of what was made of it.
    let verdict = if yielded.iter().any(|(_, why)| *why == Unscheduled::Yields) {
        arrange(&asked.0).verdict.clone()
    } else {
        answer.verdict.clone()
    };
    Some(PlannedLoop {
        slots,
        length,
        report: Arc::new(LoopReport { report: answer.report.clone(), verdict }),
        request: asked.0,
        keys,
        answer,
        yielded,
        offsets,
        promised,
        kinds,
        alike,
    })
}

fn request(
    parts: &[(usize, Demand, Vec<Candidate>)],
    longest: i64,
    bookings: &[OnAirBooking<'_>],
) -> Option<(Request, Vec<Candidate>)> {
    let usual = Bounds::default();
    let guaranteed = parts.iter().any(|(_, demand, _)| matches!(demand, Demand::Guarantee(_)));
    // Rare guarantees are kept without waste in a loop of an hour.
    let most = if guaranteed { Millis::from_secs(60 * 60) } else { usual.longest };
    let room = Millis(u32::try_from(longest).unwrap_or(u32::MAX));
    let bounds = Bounds { longest: most.min(room), ..usual };
    let mut keys = Vec::new();
    let mut creatives: Vec<crate::id::CreativeId> = Vec::new();
    let mut made = Vec::new();
    for (booking, demand, candidates) in parts {
        let mut entries = Vec::new();
        for candidate in candidates {
            let item = bookings[*booking].booking.items[candidate.1];
            let creative = creatives.iter().position(|c| *c == item.creative).unwrap_or_else(|| {
                creatives.push(item.creative);
                creatives.len() - 1
            });
            entries.push(Entry {
                key: keys.len() as u32,
                duration: item.duration,
                fraud_type: item.fraud_type,
                creative: creative as u32,
            });
            keys.push(*candidate);
        }
        made.push(Part { booking: bookings[*booking].booking.booking, demand: *demand, entries });
    }
    Some((Request::checked(made, bounds).ok()?, keys))
}

type Parts = Vec<(usize, Demand, Vec<Candidate>)>;

/// Without the creatives of shares and fillers that are longer than this; `None` if there are none such.
fn without_longer_shares(
    parts: &Parts,
    most: i64,
    bookings: &[OnAirBooking<'_>],
    yielded: &mut Vec<(Candidate, Unscheduled)>,
) -> Option<Parts> {
    let before = yielded.len();
    let mut fewer: Parts = Vec::new();
    for (booking, demand, candidates) in parts {
        let mut kept = candidates.clone();
        if !matches!(demand, Demand::Guarantee(_)) {
            kept.retain(|c| {
                let fits = bookings[c.0].booking.items[c.1].duration.as_i64() <= most;
                if !fits {
                    yielded.push((*c, Unscheduled::Yields));
                }
                fits
            });
        }
        if !kept.is_empty() {
            fewer.push((*booking, *demand, kept));
        }
    }
    (yielded.len() > before && !fewer.is_empty()).then_some(fewer)
}

/// The same with gaps that leave room for an interruption, in whole minutes, where they are wide enough for that.
fn tightened(request: &Request, interruption: i64) -> Option<Request> {
    let mut parts = request.parts().to_vec();
    let mut any = false;
    for part in &mut parts {
        let Demand::Guarantee(guarantee) = part.demand else { continue };
        let wait = |per_hour: u16| 3_600_000 / i64::from(per_hour);
        let gap = [guarantee.per_hour().map(wait), guarantee.max_gap().map(Millis::as_i64)].into_iter().flatten().min();
        let minutes = gap.and_then(|gap| u16::try_from((gap - interruption) / 60_000).ok()).filter(|m| *m > 0);
        if let Some(tighter) = minutes.and_then(|m| Guarantee::checked(guarantee.per_hour(), Some(m)).ok()) {
            part.demand = Demand::Guarantee(tighter);
            any = true;
        }
    }
    if any { Request::checked(parts, request.bounds()).ok() } else { None }
}

impl PlannedLoop {
    /// The slot to begin with at `start`, given when each guaranteed booking last began: the one wanted if no guarantee
    /// waits too long for it, else the first with which the least is waited too long.
    pub fn turned(&self, wanted: usize, start: UtcMillis, last: &BTreeMap<usize, UtcMillis>) -> usize {
        if self.promised.is_empty() {
            return wanted;
        }
        let late = |first: usize| self.late(first, start, last);
        let as_wanted = late(wanted);
        if as_wanted == 0 {
            return wanted;
        }
        let all = (0..self.slots.len()).map(|first| (late(first), first));
        all.min().map_or(wanted, |(least, first)| if least < as_wanted { first } else { wanted })
    }

    /// By how much guaranteed bookings would begin too late if the loop began with this slot.
    fn late(&self, first: usize, start: UtcMillis, last: &BTreeMap<usize, UtcMillis>) -> i64 {
        let late = self.promised.iter().filter_map(|each| {
            let waited = last.get(&each.booking).map_or(0, |at| start.since(*at));
            let (elapsed, _) = self.round(each, first).next()?;
            Some((waited + elapsed - each.wait).max(0))
        });
        late.sum()
    }

    /// The showings of a booking in a round that begins with this slot: when each starts from there, and how long it lasts.
    fn round<'a>(&self, of: &'a Promised, first: usize) -> impl Iterator<Item = (i64, i64)> + use<'a> {
        let (begin, length) = (self.offsets[first], self.length);
        let (before, after) = of.slots.split_at(of.slots.partition_point(|(offset, _)| *offset < begin));
        let after = after.iter().map(move |(offset, ms)| (offset - begin, *ms));
        after.chain(before.iter().map(move |(offset, ms)| (offset + length - begin, *ms)))
    }

    /// The slot after the last one that is shown whole in this time, having begun with `first`.
    pub fn goes_on(&self, first: usize, time: UtcInterval) -> usize {
        let mut left = time.length() % self.length.max(1);
        let mut slot = first;
        while left >= self.slots[slot].1 {
            left -= self.slots[slot].1;
            slot = (slot + 1) % self.slots.len();
        }
        slot
    }

    /// What is shown in this time, having begun with `first`; `None`: nothing is, it is too short.
    pub fn shown(&self, first: usize, time: UtcInterval) -> Option<Shown> {
        let (slots, length) = (self.slots.len(), self.length.max(1));
        let (rounds, left) = ((time.length() / length) as usize, time.length() % length);
        // Of the last round: how many slots from the first on are over when the time is.
        let until = self.offsets[first] + left;
        let over = |until: i64| {
            let begun = self.offsets.partition_point(|offset| *offset < until);
            begun - usize::from(begun > 0 && self.offsets[begun - 1] + self.slots[begun - 1].1 > until)
        };
        let rest = if until >= self.length { slots - first + over(until - self.length) } else { over(until) - first };
        let pairs = (rounds * slots + rest).checked_sub(1)?;
        let last = (first + pairs) % slots;
        let before = |slot: usize| self.alike[slot];
        let alike = (first + pairs) / slots * self.alike[slots] as usize;
        let alike = alike as u32 + before(last) - before(first);
        Some(Shown { first: self.kinds[first], last: self.kinds[last], alike })
    }

    /// Notes when each guaranteed booking began last in this time, having begun with `first`.
    pub fn last_showings(&self, first: usize, time: UtcInterval, last: &mut BTreeMap<usize, UtcMillis>) {
        for each in &self.promised {
            let in_time = self.round(each, first).filter_map(|(elapsed, ms)| {
                let left = time.length() - elapsed - ms;
                (left >= 0).then(|| elapsed + left / self.length.max(1) * self.length)
            });
            if let Some(elapsed) = in_time.max() {
                last.insert(each.booking, time.start.plus(elapsed));
            }
        }
    }

    /// Every showing of guaranteed bookings in this time, having begun with `first`; each booking's ascending.
    pub fn promised_showings(&self, first: usize, time: UtcInterval) -> impl Iterator<Item = (UtcMillis, usize)> + '_ {
        let rounds = time.length() / self.length.max(1);
        self.promised.iter().flat_map(move |each| {
            let all = (0..=rounds).flat_map(move |round| {
                self.round(each, first).map(move |(elapsed, ms)| (elapsed + round * self.length, ms))
            });
            let whole = all.take_while(move |(elapsed, ms)| elapsed + ms <= time.length());
            whole.map(move |(elapsed, _)| (time.start.plus(elapsed), each.booking))
        })
    }

    /// Every showing in this time, having begun with `first`.
    pub fn showings(&self, first: usize, time: UtcInterval) -> impl Iterator<Item = (UtcMillis, Candidate)> + '_ {
        let mut at = time.start;
        (0..).map_while(move |step| {
            let (candidate, ms) = self.slots[(first + step) % self.slots.len()];
            let start = at;
            at = at.plus(ms);
            (at <= time.end).then_some((start, candidate))
        })
    }
}
