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

    /// The largest distance of a part's share of the shares' time from what it should be, in millionths, by airtime of the
    /// parts.
    fn deviation(&self, airtimes: &[u64]) -> u64 {
        let total = airtimes.iter().sum::<u64>().max(1);
        let off = airtimes.iter().zip(&self.targets);
        off.map(|(airtime, target)| (airtime.saturating_mul(1_000_000) / total).abs_diff(*target)).max().unwrap_or(0)
    }

    /// The largest distance of an entry's plays from its due in this time, in thousandths of a play.
    fn plays_off(&self, airtime: u64, plays: &[u32]) -> u64 {
        let total = u128::from(airtime) * 1_000;
        let off = self.members.iter().zip(plays).map(|(m, plays)| {
            let due = (total * u128::from(m.rate)) >> 64;
            (due as u64).abs_diff(1_000 * u64::from(*plays))
        });
        off.max().unwrap_or(0)
    }
}

/// Shares from one play of each on, play by play. Found once, it answers for every length of loop how many plays fit.
pub(super) struct Growth<'a> {
    shares: &'a Shares,
    /// After the last step: plays of each member, what each has its next play by, and airtime of each part.
    plays: Vec<u32>,
    dues: Vec<u64>,
    airtimes: Vec<u64>,
    steps: Vec<Step>,
}

/// What the shares are after one more play.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Position of who has one more, among the members.
    member: usize,
    /// Milliseconds of all plays.
    pub airtime: u64,
    /// Some entry is a whole play or more from its due.
    pub off: bool,
    /// The largest distance of a part's share from what it should be, in millionths.
    pub deviation: u64,
}

impl<'a> Growth<'a> {
    /// One play of each.
    pub fn of(shares: &'a Shares) -> Self {
        let plays = vec![1; shares.members.len()];
        let mut airtimes = vec![0; shares.weights.len()];
        for member in &shares.members {
            airtimes[member.part] += member.duration;
        }
        let dues = shares.members.iter().map(|member| member.rate / 3).collect();
        let mut growth = Self { shares, plays, dues, airtimes, steps: Vec::new() };
        growth.note(0);
        growth
    }

    fn note(&mut self, member: usize) {
        let airtime = self.airtimes.iter().sum();
        let off = self.shares.plays_off(airtime, &self.plays) >= 1_000;
        let deviation = self.shares.deviation(&self.airtimes);
        self.steps.push(Step { member, airtime, off, deviation });
    }

    /// Gives one more play, to the largest rate / (2 × plays + 1); on a tie to the one given first.
    fn one_more(&mut self) {
        let due = |member: &usize| (self.dues[*member], Reverse(*member));
        let Some(next) = (0..self.dues.len()).max_by_key(due) else { return };
        let member = &self.shares.members[next];
        self.plays[next] += 1;
        self.dues[next] = member.rate / u64::from(2 * self.plays[next] + 1);
        self.airtimes[member.part] += member.duration;
        self.note(next);
    }

    /// What the shares are with so many plays more than one of each.
    pub fn step(&mut self, more: usize) -> Step {
        while self.steps.len() <= more && !self.dues.is_empty() {
            self.one_more();
        }
        self.steps[more.min(self.steps.len() - 1)]
    }

    /// Sets the plays of all that take part after this step.
    pub fn set(&self, step: usize, counts: &mut [u32]) {
        self.shares.once(counts);
        for step in &self.steps[1..=step] {
            counts[self.shares.members[step.member].entry] += 1;
        }
    }

    /// Plays after this step.
    pub fn plays(&self, step: usize) -> u32 {
        (self.shares.members.len() + step) as u32
    }
}

/// `part / whole` in millionths, rounded down.
pub(super) fn millionths(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 1_000_000 / u128::from(whole.max(1))) as u64
}
