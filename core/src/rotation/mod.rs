//! The engine that orders a loop: which creative how often, and in what sequence.
//!
//! [`arrange`] takes guarantees, weights and lengths and answers with a loop, a report on it, and one of three verdicts:
//! all promises are kept, or it is proven that no loop can keep them, or none was found. Integer milliseconds, no
//! randomness: the same request always gets the same answer. What weights ask for are shares of *airtime*: a 30-second
//! clip with the weight of a 10-second poster is shown a third as often.

mod certificate;
mod counts;
mod cycle;
mod exhaust;
mod layout;
mod order;
mod report;
mod search;
mod seeds;
mod shares;
mod windows;

pub use certificate::{Certificate, Need};
pub use report::{BookingShare, Report};

use self::{
    counts::Layouts,
    layout::Layout,
    search::{Effort, Found},
};
use crate::{campaign::Guarantee, id::BookingId, playlist::Slot, time::Millis, vocabulary::FraudType};

/// What is to be ordered. See [`Request::checked`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Request {
    parts: Vec<Part>,
    bounds: Bounds,
}

/// One booking's part of the airtime.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Part {
    /// Whose.
    pub booking: BookingId,
    /// What it asks for.
    pub demand: Demand,
    /// What is shown for it. Of a share each entry gets an equal part of the airtime; of a guarantee entries take turns.
    /// Never empty.
    pub entries: Vec<Entry>,
}

/// What a part asks for. Guarantees come first; shares divide what they leave; fillers play where there are no shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Demand {
    /// So often at least, and never further apart.
    Guarantee(Guarantee),
    /// Airtime relative to the other shares; not zero.
    Share(u32),
    /// What is left, if no share wants it.
    Filler,
}

/// Something that can be in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The caller's name for it; becomes [`Slot::item`]. No two entries have the same.
    pub key: u32,
    /// How long one showing lasts; not zero.
    pub duration: Millis,
    /// Separation: two of the same fraud type do not follow each other where that can be avoided.
    pub fraud_type: Option<FraudType>,
    /// Separation: equal numbers are the same creative (in several bookings), which does not follow itself either.
    pub creative: u32,
}

/// How long a loop may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// No loop is longer than this (unless one round of everything already is).
    pub longest: Millis,
    /// No loop has more slots than this, unless there are more entries, guarantees ask for more, or shares would be off by a
    /// whole play because guarantees took their slots: then shares alone have no more.
    pub most_slots: u32,
}

impl Default for Bounds {
    /// Twenty minutes, two hundred slots: everybody who waits for a bus sees everything.
    fn default() -> Self {
        Self { longest: Millis::from_secs(20 * 60), most_slots: 200 }
    }
}

/// Why something cannot even be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// No part, or a part without entries.
    #[error("nothing to arrange")]
    Empty,
    /// An entry lasts no time.
    #[error("entry {key} lasts no time")]
    NoDuration {
        /// Which.
        key: u32,
    },
    /// A share of nothing.
    #[error("a share of weight zero")]
    NoWeight,
    /// Two entries have the same key.
    #[error("entry {key} occurs twice")]
    Twice {
        /// Which.
        key: u32,
    },
    /// One round of everything lasts longer than 49 days.
    #[error("one round of everything is too long")]
    TooLong,
}

impl Request {
    /// A request that can be answered.
    pub fn checked(parts: Vec<Part>, bounds: Bounds) -> Result<Self, InvalidRequest> {
        if parts.is_empty() || parts.iter().any(|part| part.entries.is_empty()) {
            return Err(InvalidRequest::Empty);
        }
        if parts.iter().any(|part| part.demand == Demand::Share(0)) {
            return Err(InvalidRequest::NoWeight);
        }
        let entries: Vec<&Entry> = parts.iter().flat_map(|part| &part.entries).collect();
        if let Some(entry) = entries.iter().find(|e| e.duration.0 == 0) {
            return Err(InvalidRequest::NoDuration { key: entry.key });
        }
        let mut keys: Vec<u32> = entries.iter().map(|e| e.key).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(InvalidRequest::Twice { key: twice[0] });
        }
        let round: u64 = entries.iter().map(|e| u64::from(e.duration.0)).sum();
        if round > u64::from(u32::MAX) {
            return Err(InvalidRequest::TooLong);
        }
        Ok(Self { parts, bounds })
    }

    /// The parts, as given.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The bounds, as given.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }
}

/// What became of a request: always a loop to play, and whether it keeps what was promised.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What follows what: if promises are not kept, the loop that comes nearest.
    pub slots: Vec<Slot>,
    /// How well it does.
    pub report: Report,
    /// Whether the promises are kept.
    pub verdict: Verdict,
}

/// Whether promises are kept. A heuristic's failure is never reported as impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The loop keeps every guarantee, for ever and over its seam.
    Feasible,
    /// No loop whatsoever can keep all promises, and here is why.
    ProvenInfeasible(Certificate),
    /// None was found, and none was excluded.
    NotFound {
        /// How many candidates were looked at.
        tried: u64,
    },
}

/// How long a loop is polished that keeps all that was promised already. Promises, shares, separation and proofs are the
/// same with either; only gaps come out a little more even with more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Care {
    /// A moment: when somebody waits for a change to reach thousands of screens. The nightly planning polishes.
    Quick,
    /// As long as it is worth.
    Full,
}

/// Orders a loop: counts from guarantees, the rest of the airtime by Webster's method; order from some seeds, improved by
/// swaps and moves; equal neighbours are parted, across the seam from last slot to first too. Where that keeps not every
/// promise and it is not proven that nothing can, a walk through the states of the gaps looks for counts and order at once.
pub fn arrange(request: &Request) -> Answer {
    arrange_with(request, Care::Full)
}

/// The same with more or less polish.
pub fn arrange_with(request: &Request, care: Care) -> Answer {
    let layouts = counts::layouts(request);
    // Most are easy: what is settled at a glance is not bettered by a long search.
    let (mut found, mut layout) = searched(&layouts, Effort::Glance, care);
    let mut tried = found.tried;
    if !found.is_settled() {
        (found, layout) = searched(&layouts, Effort::Whole, care);
        tried += found.tried;
    }
    let mut proof = None;
    let walked;
    if found.cost.broken > 0 {
        proof = certificate::find(request);
        // Counts first and then an order: of tight gaps that misses what a walk through all states finds.
        if proof.is_none()
            && let Some((other, order)) = cycle::find(request)
        {
            let better = search::from(&other, order, care);
            tried += better.tried;
            if better.cost.broken == 0 {
                walked = other;
                (found, layout) = (better, &walked);
            }
        }
    }
    let verdict = if found.cost.broken == 0 {
        Verdict::Feasible
    } else {
        proof.map_or(Verdict::NotFound { tried }, Verdict::ProvenInfeasible)
    };
    let slot = |&i: &usize| Slot { item: layout.entries[i].key, duration: Millis(layout.entries[i].duration as u32) };
    let report = report::report(request, layout, &found.order);
    Answer { slots: found.order.iter().map(slot).collect(), report, verdict }
}

/// The first of these layouts that does with this effort, or else the one whose promises are broken least.
fn searched(layouts: &Layouts, effort: Effort, care: Care) -> (Found, &Layout) {
    let mut best = (search::order(&layouts.first, effort, care), &layouts.first);
    let mut tried = best.0.tried;
    let others = match effort {
        Effort::Glance => &layouts.others[..layouts.as_good],
        Effort::Whole => &layouts.others,
    };
    for layout in others {
        if effort.is_enough_for(&best.0) {
            break;
        }
        let found = search::order(layout, effort, care);
        tried += found.tried;
        if effort.is_enough_for(&found) || found.cost.broken < best.0.cost.broken {
            best = (found, layout);
        }
    }
    best.0.tried = tried;
    best
}

#[cfg(test)]
mod optima_tests;
#[cfg(test)]
mod promised_tests;
#[cfg(test)]
mod share_tests;
#[cfg(test)]
mod tests;
