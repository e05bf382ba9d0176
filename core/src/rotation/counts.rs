//! How often each entry is in one loop: guarantees as often as they were promised, the rest of the airtime to shares, in
//! the shortest loop that keeps the shares well.

use super::{
    Bounds, Demand, Request,
    layout::{Layout, Promise, promises},
    shares::{Growth, Shares, Step},
};

/// A share that is off by less than this (half a percent) is good enough to stop lengthening the loop.
const GOOD_ENOUGH: u64 = 5_000;
/// How many lengths of loop are looked at, fewer if each takes long to fill, and how many of them are searched.
const LENGTHS: usize = 64;
const LENGTHS_TIMES_ENTRIES: usize = 400;
const SEARCHED: usize = 6;
/// Poorness that makes little difference: a twentieth of guarantees' time more than promised, or two steps of
/// [`GOOD_ENOUGH`].
const AS_GOOD: u64 = 2;
/// What it makes of counts that some entry is a whole play from its due: they come after all others.
const A_WHOLE_PLAY: u64 = 1_000;

/// Counts worth searching.
pub(super) struct Layouts {
    /// The best.
    pub first: Layout,
    /// The next best.
    pub others: Vec<Layout>,
    /// How many of these are about as good as the first.
    pub as_good: usize,
}

/// Counts worth searching: there are always some.
pub(super) fn layouts(request: &Request) -> Layouts {
    let shares = Shares::of(request);
    let guaranteed = request.parts.iter().any(|part| matches!(part.demand, Demand::Guarantee(_)));
    if !guaranteed {
        let first = Layout::new(request, shares_alone(request, &shares, request.bounds));
        return Layouts { first, others: Vec::new(), as_good: 0 };
    }
    let mut growth = Growth::of(&shares);
    let mut candidates: Vec<Candidate> =
        lengths(request).into_iter().flat_map(|target| around(request, &shares, &mut growth, target)).collect();
    candidates.sort_by_key(|c| (c.poorness, c.counts.iter().sum::<u32>()));
    candidates.dedup_by(|a, b| a.counts == b.counts);
    candidates.truncate(SEARCHED);
    if candidates.is_empty() {
        candidates = overfull(request, &shares);
    }
    let poorest = candidates.first().map_or(0, |best| best.poorness + AS_GOOD);
    let as_good = candidates.iter().skip(1).take_while(|c| c.poorness <= poorest).count();
    let mut all = candidates.into_iter().map(|c| Layout::new(request, c.counts));
    let first = all.next().unwrap_or_else(|| Layout::one_round(request));
    Layouts { first, others: all.collect(), as_good }
}

/// Counts where more is promised than any loop holds: guarantees relative to each other, everything else once. What comes
/// of it breaks promises, as little as can be.
fn overfull(request: &Request, shares: &Shares) -> Vec<Candidate> {
    let longest = u64::from(request.bounds.longest.0);
    let at = |length: u64| {
        let mut counts = vec![0; entries(request)];
        shares.once(&mut counts);
        guaranteed(request, length.max(1), 0, &mut counts);
        Candidate { counts, poorness: 0 }
    };
    let length = |candidate: &Candidate| Layout::new(request, candidate.counts.clone()).length;
    let shorter = std::iter::successors(Some(longest), |length| (*length > 1).then_some(length / 2)).map(at);
    let mut fitting: Vec<Candidate> = shorter.filter(|candidate| length(candidate) <= longest).take(2).collect();
    if fitting.is_empty() {
        // Not even one round of everything fits: that it is then.
        fitting.push(at(1));
    }
    fitting
}

/// Plays of shares without guarantees: at least one each, and the shortest loop within `bounds` whose shares are good
/// enough, or else the one whose shares are best. Never an entry a whole play from its due if that can be had.
fn shares_alone(request: &Request, shares: &Shares, bounds: Bounds) -> Vec<u32> {
    let mut growth = Growth::of(shares);
    let judge = |step: Step| (step.off, step.deviation);
    let mut best = (judge(growth.step(0)), 0);
    for more in 1.. {
        if best.0 <= (false, GOOD_ENOUGH) || growth.plays(more) > bounds.most_slots {
            break;
        }
        let step = growth.step(more);
        if step.airtime > u64::from(bounds.longest.0) {
            break;
        }
        if judge(step) < best.0 {
            best = (judge(step), more);
        }
    }
    let mut counts = vec![0; entries(request)];
    growth.set(best.1, &mut counts);
    counts
}

struct Candidate {
    counts: Vec<u32>,
    /// Less is better: time given beyond what was promised, and shares that are off.
    poorness: u64,
}

fn entries(request: &Request) -> usize {
    request.parts.iter().map(|part| part.entries.len()).sum()
}

/// Lengths at which guarantees come out even, and the longest.
fn lengths(request: &Request) -> Vec<u64> {
    let longest = u64::from(request.bounds.longest.0);
    let mut lengths: Vec<u64> = request
        .parts
        .iter()
        .flat_map(promises)
        .flat_map(|p| (1..=LENGTHS as u64).map(move |k| k * p.within / u64::from(p.starts)))
        .filter(|length| *length <= longest && *length > 0)
        .chain([longest])
        .collect();
    lengths.sort_unstable();
    lengths.dedup();
    let most = (LENGTHS_TIMES_ENTRIES / entries(request).max(1)).clamp(8, LENGTHS);
    if lengths.len() > most {
        let all = lengths.len();
        lengths = (1..=most).map(|i| lengths[i * all / most - 1]).collect();
    }
    lengths
}

/// Plays of a promise in a loop of this length.
fn needed(promise: Promise, length: u64) -> u64 {
    (u64::from(promise.starts) * length).div_ceil(promise.within)
}

/// Counts for a loop of about this length: exactly what is promised, and for a crowded loop one more of each, which leaves
/// the order more room.
fn around(request: &Request, shares: &Shares, growth: &mut Growth<'_>, target: u64) -> Vec<Candidate> {
    [0, 1].into_iter().filter_map(|spare| with_spare(request, shares, growth, (target, spare))).collect()
}

fn with_spare(
    request: &Request,
    shares: &Shares,
    growth: &mut Growth<'_>,
    (target, spare): (u64, u64),
) -> Option<Candidate> {
    let mut counts = vec![0; entries(request)];
    shares.once(&mut counts);
    let once = shares.airtime(&counts);
    let mut length = target;
    // A loop that grows longer owes more plays, until both agree or it is too long.
    for _ in 0..12 {
        let guaranteed = guaranteed(request, length, spare, &mut counts);
        let least = guaranteed + once;
        if least <= length && length <= u64::from(request.bounds.longest.0) {
            return Some(filled(request, growth, counts, (guaranteed, length, spare)));
        }
        if least > u64::from(request.bounds.longest.0) {
            return None;
        }
        length = least;
    }
    None
}

/// Sets the plays of guarantees in a loop of this length; answers their airtime.
fn guaranteed(request: &Request, length: u64, spare: u64, counts: &mut [u32]) -> u64 {
    let mut airtime = 0;
    let mut first = 0;
    for part in &request.parts {
        let entries = part.entries.len();
        if matches!(part.demand, Demand::Guarantee(_)) {
            let plays = promises(part).into_iter().map(|p| needed(p, length)).max().unwrap_or(1) + spare;
            // Each creative at least once in a round, or some would never be seen.
            let plays = plays.max(entries as u64);
            for (i, entry) in part.entries.iter().enumerate() {
                // In turn: the first ones have one more.
                let turns = (plays + (entries - 1 - i) as u64) / entries as u64;
                counts[first + i] = turns as u32;
                airtime += turns * u64::from(entry.duration.0);
            }
        }
        first += entries;
    }
    airtime
}

fn filled(
    request: &Request,
    growth: &mut Growth<'_>,
    mut counts: Vec<u32>,
    (guaranteed, length, spare): (u64, u64, u64),
) -> Candidate {
    let most = request.bounds.most_slots.max(2 * counts.len() as u32);
    let promised = counts.iter().sum::<u32>() - growth.plays(0);
    // More of the shares as long as they fit; the last one may come out worse for them than the one before.
    let mut best = (0, growth.step(0));
    let sharing = growth.plays(0) > 0;
    for more in (1..).take_while(|_| sharing) {
        // As long as somebody is a whole play from its share, what is promised does not count against the shares' slots.
        let slots = if best.1.off { growth.plays(more) } else { promised + growth.plays(more) };
        if slots > most {
            break;
        }
        let step = growth.step(more);
        if guaranteed + step.airtime > length {
            break;
        }
        if (step.off, step.deviation / GOOD_ENOUGH) <= (best.1.off, best.1.deviation / GOOD_ENOUGH) {
            best = (more, step);
        }
    }
    growth.set(best.0, &mut counts);
    let all = guaranteed + best.1.airtime;
    let mut first = 0;
    let mut given = 0;
    let mut owed = 0;
    for part in &request.parts {
        if matches!(part.demand, Demand::Guarantee(_)) {
            let here = &counts[first..first + part.entries.len()];
            let plays: u64 = here.iter().map(|n| u64::from(*n)).sum();
            let mean = part.entries.iter().map(|e| u64::from(e.duration.0)).sum::<u64>() / part.entries.len() as u64;
            given += plays * mean * 1_000;
            let per_second = |p: Promise| u64::from(p.starts) * all * 1_000 / p.within;
            owed += promises(part).into_iter().map(per_second).max().unwrap_or(0) * mean;
        }
        first += part.entries.len();
    }
    let beyond = given.saturating_sub(owed) * 1_000 / all.max(1);
    let off = if sharing { best.1.deviation } else { 0 };
    let far = if sharing && best.1.off { A_WHOLE_PLAY } else { 0 };
    // Room for the order is worth something only when it is tight: the spare variant comes after the exact one.
    Candidate { counts, poorness: beyond / 20_000 + off / GOOD_ENOUGH + spare * 40 + far }
}
