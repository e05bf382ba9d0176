//! How often each entry is in one loop: Webster's method on airtime, then the shortest loop that keeps the shares well.

use std::cmp::Reverse;

use super::{Bounds, Request};
use crate::{id::BookingId, time::Millis, vocabulary::FraudType};

/// A request laid flat: entries in the order given, each with its part and its rate.
pub(super) struct Shares {
    pub entries: Vec<Flat>,
    /// Booking and weight of each part.
    pub parts: Vec<(BookingId, u64)>,
    /// Sum of the weights.
    pub total_weight: u64,
}

/// One entry.
pub(super) struct Flat {
    pub key: u32,
    pub duration: Millis,
    /// Position in [`Shares::parts`].
    pub part: usize,
    /// Plays it should get, relative to other entries: weight / entries of the part / duration, scaled.
    rate: u128,
    /// Entries of one class should not be neighbours: same fraud type, or the same entry.
    pub class: Class,
}

/// What should not follow itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A fraud type.
    Type(FraudType),
    /// An entry without one.
    Entry(u32),
}

impl Shares {
    pub fn of(request: &Request) -> Self {
        let mut entries = Vec::new();
        for (part, each) in request.parts.iter().enumerate() {
            let sharing = each.entries.len() as u128;
            for entry in &each.entries {
                let rate = (u128::from(each.weight.get()) << 96) / (sharing * u128::from(entry.duration.0));
                let class = entry.fraud_type.map_or(Class::Entry(entry.key), Class::Type);
                entries.push(Flat { key: entry.key, duration: entry.duration, part, rate, class });
            }
        }
        let parts: Vec<_> = request.parts.iter().map(|p| (p.booking, u64::from(p.weight.get()))).collect();
        let total_weight = parts.iter().map(|(_, weight)| weight).sum();
        Self { entries, parts, total_weight }
    }

    /// Milliseconds of one loop in which each entry is so often.
    pub fn length(&self, counts: &[u32]) -> u64 {
        self.entries.iter().zip(counts).map(|(e, n)| u64::from(e.duration.0) * u64::from(*n)).sum()
    }

    /// Milliseconds that each part has in one loop.
    pub fn airtimes(&self, counts: &[u32]) -> Vec<u64> {
        let mut airtimes = vec![0; self.parts.len()];
        for (entry, n) in self.entries.iter().zip(counts) {
            airtimes[entry.part] += u64::from(entry.duration.0) * u64::from(*n);
        }
        airtimes
    }

    /// The largest distance of a part's share from what it should be, in millionths.
    fn deviation(&self, counts: &[u32]) -> u64 {
        let length = self.length(counts);
        let off =
            self.airtimes(counts).into_iter().zip(&self.parts).map(|(airtime, (_, weight))| {
                millionths(airtime, length).abs_diff(millionths(*weight, self.total_weight))
            });
        off.max().unwrap_or(0)
    }
}

/// `part / whole` in millionths, rounded down.
pub(super) fn millionths(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 1_000_000 / u128::from(whole.max(1))) as u64
}

/// A share that is off by less than this (half a percent) is good enough to stop lengthening the loop.
const GOOD_ENOUGH: u64 = 5_000;

/// Plays of each entry in one loop: at least one, and the shortest loop within `bounds` whose shares are good enough, or
/// else the one whose shares are best.
pub(super) fn counts(shares: &Shares, bounds: Bounds) -> Vec<u32> {
    let mut counts = vec![1; shares.entries.len()];
    let mut best = (shares.deviation(&counts), counts.clone());
    let mut slots = counts.len();
    while best.0 > GOOD_ENOUGH && slots < bounds.most_slots as usize {
        // Webster: the next slot goes to the largest rate / (2 × plays + 1); on a tie to the one given first.
        let next =
            (0..counts.len()).max_by_key(|&i| (shares.entries[i].rate / u128::from(2 * counts[i] + 1), Reverse(i)));
        let Some(next) = next else { break };
        counts[next] += 1;
        slots += 1;
        if shares.length(&counts) > u64::from(bounds.longest.0) {
            break;
        }
        let deviation = shares.deviation(&counts);
        if deviation < best.0 {
            best = (deviation, counts.clone());
        }
    }
    best.1
}
