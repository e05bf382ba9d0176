//! The engine that orders a loop: which creative how often, and in what sequence.
//!
//! [`arrange`] takes weights and lengths and answers with a loop and a report on it. Integer milliseconds, no randomness:
//! the same request always gets the same answer. What is asked are shares of *airtime*: a 30-second clip with the weight
//! of a 10-second poster is shown a third as often.

mod counts;
mod order;
mod report;

pub use report::{BookingShare, Report};

use crate::{campaign::Weight, id::BookingId, playlist::Slot, time::Millis, vocabulary::FraudType};

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
    /// Its share relative to the other parts.
    pub weight: Weight,
    /// What is shown for it, each with an equal share of the part's airtime. Never empty.
    pub entries: Vec<Entry>,
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
}

/// How long a loop may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// No loop is longer than this (unless one round of everything already is).
    pub longest: Millis,
    /// No loop has more slots than this (unless there are more entries).
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

/// What became of a request. A heuristic's failure is never reported as impossible.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// A loop, and how good it is.
    Feasible {
        /// What follows what.
        slots: Vec<Slot>,
        /// How well it keeps what was asked.
        report: Report,
    },
    /// Proven: no loop can keep all promises. (Shares alone never collide; guarantees and pinned times will.)
    ProvenInfeasible {
        /// The bookings that collide.
        colliding: Vec<BookingId>,
        /// How much time they need together, in percent of what there is.
        needed_percent: u32,
    },
    /// None was found, and none was excluded.
    NotFound {
        /// How many candidates were tried.
        tried: u64,
    },
}

/// Orders a loop: counts by airtime share, order by smooth weighted round robin, then neighbours of the same fraud type are
/// parted, across the seam from last slot to first too.
pub fn arrange(request: &Request) -> Answer {
    let shares = counts::Shares::of(request);
    let counts = counts::counts(&shares, request.bounds);
    let order = order::order(&shares, &counts);
    let slots: Vec<Slot> =
        order.iter().map(|&i| Slot { item: shares.entries[i].key, duration: shares.entries[i].duration }).collect();
    let report = report::report(&shares, &order);
    Answer::Feasible { slots, report }
}

#[cfg(test)]
mod tests;
