//! Airtime among shares by Webster's method: the next play goes to whoever is furthest below its due.

use std::cmp::Reverse;

use super::{Demand, Request};

/// What divides the time that guarantees leave: shares, or fillers where there are no shares.
pub(super) struct Shares {
    /// Position among all entries of the request, part, and duration of each entry that takes part.
    members: Vec<Member>,
    /// Weight of each part; zero if it does not take part.
    pub weights: Vec<u64>,
    pub total_weight: u64,
}

struct Member {
    entry: usize,
    part: usize,
    duration: u64,
    /// Plays it should get, relative to other entries: weight / entries of the part / duration, scaled.
    rate: u128,
}

impl Shares {
    pub fn of(request: &Request) -> Self {
        let any_share = request.parts.iter().any(|part| matches!(part.demand, Demand::Share(_)));
        let weight = |demand| match demand {
            Demand::Share(weight) => u64::from(weight),
            Demand::Filler if !any_share => 1,
            Demand::Filler | Demand::Guarantee(_) => 0,
        };
        let weights: Vec<u64> = request.parts.iter().map(|part| weight(part.demand)).collect();
        let mut members = Vec::new();
        let mut entry = 0;
        for (part, each) in request.parts.iter().enumerate() {
            for one in &each.entries {
                if weights[part] > 0 {
                    let duration = u64::from(one.duration.0);
                    let sharing = each.entries.len() as u128;
                    let rate = (u128::from(weights[part]) << 80) / (sharing * u128::from(duration));
                    members.push(Member { entry, part, duration, rate });
                }
                entry += 1;
            }
        }
        let total_weight = weights.iter().sum();
        Self { members, weights, total_weight }
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Everything that takes part, once.
    pub fn once(&self, counts: &mut [u32]) {
        for member in &self.members {
            counts[member.entry] = 1;
        }
    }

    /// Milliseconds that these plays take.
    pub fn airtime(&self, counts: &[u32]) -> u64 {
        self.members.iter().map(|m| m.duration * u64::from(counts[m.entry])).sum()
    }

    pub fn plays(&self, counts: &[u32]) -> u32 {
        self.members.iter().map(|m| counts[m.entry]).sum()
    }

    /// Gives one more play, to the largest rate / (2 × plays + 1); on a tie to the one given first.
    pub fn one_more(&self, counts: &mut [u32]) {
        let due = |m: &&Member| (m.rate / u128::from(2 * counts[m.entry] + 1), Reverse(m.entry));
        if let Some(next) = self.members.iter().max_by_key(due) {
            counts[next.entry] += 1;
        }
    }

    /// The largest distance of a part's share of the shares' time from what it should be, in millionths.
    pub fn deviation(&self, counts: &[u32]) -> u64 {
        let total = self.airtime(counts);
        let mut airtimes = vec![0; self.weights.len()];
        for member in &self.members {
            airtimes[member.part] += member.duration * u64::from(counts[member.entry]);
        }
        let off = airtimes
            .into_iter()
            .zip(&self.weights)
            .map(|(airtime, weight)| millionths(airtime, total).abs_diff(millionths(*weight, self.total_weight)));
        off.max().unwrap_or(0)
    }

    /// The largest distance of an entry's plays from its due in this time, in thousandths of a play.
    pub fn plays_off(&self, counts: &[u32]) -> u64 {
        let total = u128::from(self.airtime(counts));
        let rates: u128 = self.members.iter().map(|m| (m.rate >> 16) * u128::from(m.duration)).sum();
        let off = self.members.iter().map(|m| {
            let due = total * 1_000 * (m.rate >> 16) / rates.max(1);
            due.abs_diff(1_000 * u128::from(counts[m.entry])) as u64
        });
        off.max().unwrap_or(0)
    }
}

/// `part / whole` in millionths, rounded down.
pub(super) fn millionths(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 1_000_000 / u128::from(whole.max(1))) as u64
}
