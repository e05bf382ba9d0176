//! A request with its counts, laid flat for the search: how often each entry is in the loop, and whose gaps are watched.

use super::{Demand, Entry, Part, Request};
use crate::vocabulary::FraudType;

/// How often each entry is in the loop, and what is promised of it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub entries: Vec<Flat>,
    /// Plays of each entry in one round.
    pub counts: Vec<u32>,
    pub tracks: Vec<Track>,
    /// One round, in milliseconds.
    pub length: u64,
    /// Slots of one round.
    pub slots: usize,
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flat {
    pub key: u32,
    pub duration: u64,
    /// Position in the request's parts.
    pub part: usize,
    /// Position in [`Layout::tracks`].
    pub track: usize,
    /// Should not be neighbours: same fraud type, or without one the same creative.
    pub class: Class,
    pub creative: u32,
}

/// What is to be spread evenly: an entry of a share, or all entries of a guarantee together.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub count: u32,
    pub promises: Vec<Promise>,
}

/// In any stretch of `within` milliseconds at least `starts` showings begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promise {
    pub starts: u32,
    pub within: u64,
}

/// What should not follow itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// A fraud type.
    Type(FraudType),
    /// A creative without one.
    Creative(u32),
}

impl Class {
    fn of(entry: &Entry) -> Self {
        entry.fraud_type.map_or(Self::Creative(entry.creative), Self::Type)
    }
}

/// What a part was promised.
pub(super) fn promises(part: &Part) -> Vec<Promise> {
    let Demand::Guarantee(guarantee) = part.demand else { return Vec::new() };
    let hourly = guarantee.per_hour().map(|n| Promise { starts: u32::from(n), within: 3_600_000 });
    let apart = guarantee.max_gap().map(|gap| Promise { starts: 1, within: u64::from(gap.0) });
    [hourly, apart].into_iter().flatten().collect()
}

impl Layout {
    /// With so many plays of each entry, given part by part. Fillers that do not play are left out of the tracks' sight by
    /// having no plays.
    pub fn new(request: &Request, counts: Vec<u32>) -> Self {
        let mut entries = Vec::with_capacity(counts.len());
        let mut tracks: Vec<Track> = Vec::new();
        for (part, each) in request.parts.iter().enumerate() {
            let together = matches!(each.demand, Demand::Guarantee(_));
            for (i, entry) in each.entries.iter().enumerate() {
                if !together || i == 0 {
                    tracks.push(Track { count: 0, promises: promises(each) });
                }
                let track = tracks.len() - 1;
                tracks[track].count += counts[entries.len()];
                entries.push(Flat {
                    key: entry.key,
                    duration: u64::from(entry.duration.0),
                    part,
                    track,
                    class: Class::of(entry),
                    creative: entry.creative,
                });
            }
        }
        let length = entries.iter().zip(&counts).map(|(e, n)| e.duration * u64::from(*n)).sum();
        let slots = counts.iter().map(|n| *n as usize).sum();
        Self { entries, counts, tracks, length, slots }
    }

    /// The least that the worst gap, times plays, can be in any order: gaps are sums of durations.
    pub fn least_worst(&self) -> u64 {
        let unit = self.entries.iter().fold(0, |unit, entry| greatest_common_divisor(unit, entry.duration)).max(1);
        let of = |track: &Track| {
            let plays = u64::from(track.count).max(1);
            self.length.div_ceil(plays * unit) * unit * plays
        };
        self.tracks.iter().filter(|track| track.count > 0).map(of).max().unwrap_or(0)
    }

    /// Everything once.
    pub fn one_round(request: &Request) -> Self {
        let entries = request.parts.iter().map(|part| part.entries.len()).sum();
        Self::new(request, vec![1; entries])
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
