//! The engine's proofs that promises cannot be kept, worked out anew from what was asked: a proof that does not hold is
//! worse than none.

use std::collections::{HashMap, HashSet};

use crate::{
    campaign::Guarantee,
    id::BookingId,
    rotation::{Certificate, Demand, Request},
};

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// It names a booking that did not ask for that.
    #[error("{0} did not ask for that")]
    NotAsked(BookingId),
    /// Its figures do not add up to a contradiction.
    #[error("the figures leave room")]
    LeavesRoom,
    /// There is a way, or too many ways to look at.
    #[error("not every way was shut")]
    NotShut,
}

/// Whether this proof holds for what was asked.
pub fn verify_certificate(request: &Request, certificate: &Certificate) -> Result<(), ProofFault> {
    match certificate {
        Certificate::TooMuch { needs, percent } => {
            // Σ starts × length / within > 1, in exact fractions over a common denominator.
            let mut numerator: u128 = 0;
            let mut denominator: u128 = 1;
            let mut named = HashSet::new();
            for need in needs {
                let asked = guarantee_of(request, need.booking).filter(|_| named.insert(need.booking));
                let (guarantee, lengths) = asked.ok_or(ProofFault::NotAsked(need.booking))?;
                let hourly =
                    guarantee.per_hour().is_some_and(|n| (u32::from(n), 3_600_000) == (need.starts, need.within.0));
                let apart = guarantee.max_gap().is_some_and(|gap| (1, gap) == (need.starts, need.within));
                let mean = lengths.iter().sum::<u64>() / lengths.len() as u64;
                if !(hourly || apart) || mean != u64::from(need.length.0) {
                    return Err(ProofFault::NotAsked(need.booking));
                }
                let (n, d) = (u128::from(need.starts) * u128::from(mean), u128::from(need.within.0));
                numerator = numerator * d + n * denominator;
                denominator *= d;
                let shared = gcd(numerator, denominator);
                numerator /= shared;
                denominator /= shared;
            }
            let over = numerator > denominator && (numerator * 100).div_ceil(denominator) == u128::from(*percent);
            if over { Ok(()) } else { Err(ProofFault::LeavesRoom) }
        }
        Certificate::LongerThanGap { booking, gap, longest } => {
            let (guarantee, lengths) = guarantee_of(request, *booking).ok_or(ProofFault::NotAsked(*booking))?;
            let as_asked = once_within(guarantee) == Some(u64::from(gap.0));
            if !as_asked || !lengths.contains(&u64::from(longest.0)) {
                return Err(ProofFault::NotAsked(*booking));
            }
            if longest > gap { Ok(()) } else { Err(ProofFault::LeavesRoom) }
        }
        Certificate::NoRoomBetween { tight, gap, own, long, longest } => {
            let (guarantee, lengths) = guarantee_of(request, *tight).ok_or(ProofFault::NotAsked(*tight))?;
            let tightest = once_within(guarantee).ok_or(ProofFault::NotAsked(*tight))?;
            if tightest != u64::from(gap.0) || lengths.iter().min() != Some(&u64::from(own.0)) {
                return Err(ProofFault::NotAsked(*tight));
            }
            let other = request.parts().iter().find(|p| p.booking == *long && long != tight);
            let shown = other.is_some_and(|p| p.entries.iter().any(|e| e.duration == *longest));
            if !shown {
                return Err(ProofFault::NotAsked(*long));
            }
            // A filler need not be shown where shares play.
            let shares = request.parts().iter().any(|p| matches!(p.demand, Demand::Share(_)));
            if shares && other.is_some_and(|p| p.demand == Demand::Filler) {
                return Err(ProofFault::LeavesRoom);
            }
            if u64::from(own.0) + u64::from(longest.0) > u64::from(gap.0) {
                Ok(())
            } else {
                Err(ProofFault::LeavesRoom)
            }
        }
        Certificate::NoWay { tasks, .. } => {
            let mut lengths = Vec::new();
            for (booking, length, gap) in tasks {
                let (guarantee, own) = guarantee_of(request, *booking).ok_or(ProofFault::NotAsked(*booking))?;
                let as_asked = once_within(guarantee) == Some(u64::from(gap.0));
                if !as_asked || own.iter().min() != Some(&u64::from(length.0)) {
                    return Err(ProofFault::NotAsked(*booking));
                }
                lengths.push((u64::from(length.0), u64::from(gap.0)));
            }
            if every_way_is_shut(&lengths) { Ok(()) } else { Err(ProofFault::NotShut) }
        }
    }
}

fn guarantee_of(request: &Request, booking: BookingId) -> Option<(Guarantee, Vec<u64>)> {
    let part = request.parts().iter().find(|part| part.booking == booking)?;
    let Demand::Guarantee(guarantee) = part.demand else { return None };
    Some((guarantee, part.entries.iter().map(|e| u64::from(e.duration.0)).collect()))
}

/// The shortest time in which it has to begin once.
fn once_within(guarantee: Guarantee) -> Option<u64> {
    let hourly = guarantee.per_hour().filter(|n| *n == 1).map(|_| 3_600_000);
    [hourly, guarantee.max_gap().map(|gap| u64::from(gap.0))].into_iter().flatten().min()
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// Most states to be looked at.
const MOST: usize = 60_000;

/// All states that can be reached from the most favourable one are listed; then whatever leads nowhere is struck out, again
/// and again. If the first one is struck out, there is no way to go on for ever.
fn every_way_is_shut(tasks: &[(u64, u64)]) -> bool {
    let first = vec![0_u64; tasks.len()];
    let mut numbers: HashMap<Vec<u64>, usize> = HashMap::from([(first.clone(), 0)]);
    let mut states = vec![first];
    let mut leads_to: Vec<Vec<usize>> = Vec::new();
    while leads_to.len() < states.len() {
        let state = states[leads_to.len()].clone();
        let mut next = Vec::new();
        for (chosen, (length, _)) in tasks.iter().enumerate() {
            let mut after: Vec<u64> = state.iter().map(|age| age + length).collect();
            after[chosen] = *length;
            if after.iter().zip(tasks).any(|(age, (_, gap))| age > gap) {
                continue;
            }
            let number = *numbers.entry(after.clone()).or_insert_with(|| {
                states.push(after);
                states.len() - 1
            });
            next.push(number);
        }
        leads_to.push(next);
        if states.len() > MOST {
            return false;
        }
    }
    let mut open = vec![true; states.len()];
    loop {
        let struck: Vec<usize> =
            (0..states.len()).filter(|&s| open[s] && !leads_to[s].iter().any(|next| open[*next])).collect();
        if struck.is_empty() {
            return !open[0];
        }
        for state in struck {
            open[state] = false;
        }
    }
}
