//! What judged plays come to: the venue's days and hours, campaigns, counters. Whether a play is believed is decided in
//! `core::playlog::credibility`. Pure, so that the same batch is always judged alike.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;
use xuanping_core::playlog::{
    Batch, Covered, ItemRef, Play,
    credibility::{self, Counts, Flag, Judgement, Known},
};

use super::counters::DayCounts;

/// A quarter of an hour, in milliseconds.
const QUARTER: i64 = 900_000;
/// 1973-01-01.
const SINCE: i64 = 94_694_400_000;

/// What is known about a screen and a moment when a batch comes in.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The zone its days are in.
    pub timezone: Tz,
    /// What it was told, and what it said before.
    pub known: Known,
}

/// A play, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'a> {
    /// Position in the batch.
    pub position: u32,
    /// The play.
    pub play: &'a Play,
    /// What it showed.
    pub item: &'a ItemRef,
    /// The venue's local date when it started.
    pub day: NaiveDate,
    /// The venue's local hour when it started.
    pub hour: u32,
    /// Whether it is believed, and what it comes to.
    pub judgement: Judgement,
}

impl Judged<'_> {
    /// Why not, if it does not count.
    pub const fn flag(&self) -> Option<Flag> {
        self.judgement.flag
    }

    /// How it enters the counters.
    pub const fn counts(&self) -> Counts {
        self.judgement.counts
    }
}

/// Judges every play of a batch whose signature and place in the chain were checked; what they take of their zones' time is
/// added to `covered`.
pub fn judge<'a>(batch: &'a Batch, circumstances: &Circumstances, covered: &mut Covered) -> Vec<Judged<'a>> {
    let judgements = credibility::judge(batch, &circumstances.known, covered);
    // Neighbours mostly begin in the same hour; no zone's hours begin but at whole quarters, since 1972.
    let mut last = None;
    let judged = (0..).zip(&batch.plays).zip(judgements).filter_map(|((position, play), judgement)| {
        // Verified batches name only items of their table.
        let item = batch.items.get(play.item as usize)?;
        let quarter = play.start.0.div_euclid(QUARTER);
        let (day, hour) = match last {
            Some((known, day, hour)) if known == quarter && play.start.0 > SINCE => (day, hour),
            _ => {
                let local = play.start.to_datetime().unwrap_or_default().with_timezone(&circumstances.timezone);
                (local.date_naive(), local.hour())
            }
        };
        last = Some((quarter, day, hour));
        Some(Judged { position, play, item, day, hour, judgement })
    });
    judged.collect()
}

/// What a line of the counters grows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Shown their full length.
    pub completed: u64,
    /// Shown for a part.
    pub interrupted: u64,
    /// Not shown.
    pub failed: u64,
    /// Flagged.
    pub not_counted: u64,
    /// How long completed and interrupted ones were on the wall together, in milliseconds.
    pub shown_ms: u64,
}

impl Count {
    /// All plays of it.
    pub const fn plays(&self) -> u64 {
        self.completed.saturating_add(self.interrupted).saturating_add(self.failed).saturating_add(self.not_counted)
    }
}

/// What a batch adds to the counters of each local day; `numbers` are its items' in the dictionary.
pub fn tally(judged: &[Judged<'_>], numbers: &[i64]) -> BTreeMap<NaiveDate, DayCounts> {
    let mut days: BTreeMap<NaiveDate, DayCounts> = BTreeMap::new();
    for each in judged {
        // Verified batches name only items of their table, and each has a number.
        let Some(number) = numbers.get(each.play.item as usize) else { continue };
        let hour = days.entry(each.day).or_default().hour((*number, each.play.zone), each.hour);
        match each.counts() {
            Counts::Completed => hour.completed += 1,
            Counts::Interrupted => hour.interrupted += 1,
            Counts::Failed => hour.failed += 1,
            Counts::Not => hour.not_counted += 1,
        }
        hour.shown_ms += u64::from(each.judgement.shown.0);
    }
    days
}
