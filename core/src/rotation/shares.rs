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
    /// What each part should have of the shares' time, in millionths.
    targets: Vec<u64>,
}

struct Member {
    entry: usize,
    part: usize,
    duration: u64,
    /// Plays it should get in a millisecond of the shares' time, times 2⁶⁴. Multiplied and divided very often, so it is
    /// kept in one word.
    rate: u64,
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
        let mut members: Vec<Member> = Vec::new();
        let mut rates: Vec<u128> = Vec::new();
        let mut entry = 0;
        for (part, each) in request.parts.iter().enumerate() {
            for one in &each.entries {
                if weights[part] > 0 {
                    let duration = u64::from(one.duration.0);
                    let sharing = each.entries.len() as u128;
                    let rate = (u128::from(weights[part]) << 80) / (sharing * u128::from(duration));
                    rates.push(rate);
                    members.push(Member { entry, part, duration, rate: 0 });
                }
                entry += 1;
            }
        }
        // Relative rates become plays per millisecond.
        let all: u128 = members.iter().zip(&rates).map(|(m, rate)| (rate >> 16) * u128::from(m.duration)).sum();
        for (member, rate) in members.iter_mut().zip(&rates) {
            let per_ms = ((rate >> 16) << 40) / (all >> 24).max(1);
            member.rate = u64::try_from(per_ms).unwrap_or(u64::MAX);
        }
        let total_weight = weights.iter().sum();
        let targets = weights.iter().map(|weight| millionths(*weight, total_weight)).collect();
        Self { members, weights, total_weight, targets }
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
        let due = |m: &&Member| (m.rate / u64::from(2 * counts[m.entry] + 1), Reverse(m.entry));
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
            .zip(&self.targets)
            .map(|(airtime, target)| (airtime.saturating_mul(1_000_000) / total.max(1)).abs_diff(*target));
        off.max().unwrap_or(0)
    }

    /// The largest distance of an entry's plays from its due in this time, in thousandths of a play.
    pub fn plays_off(&self, counts: &[u32]) -> u64 {
        let total = u128::from(self.airtime(counts)) * 1_000;
        let off = self.members.iter().map(|m| {
            let due = (total * u128::from(m.rate)) >> 64;
            (due as u64).abs_diff(1_000 * u64::from(counts[m.entry]))
        });
        off.max().unwrap_or(0)
    }
}

/// `part / whole` in millionths, rounded down.
pub(super) fn millionths(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 1_000_000 / u128::from(whole.max(1))) as u64
}
