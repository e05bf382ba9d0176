//! What judged plays come to: the venue's days and hours, campaigns, counters. Whether a play is believed is decided in
//! `core::playlog::credibility`. Pure, so that the same batch is always judged alike.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;
use xuanping_core::{
    id::{BookingId, CampaignId, CreativeId},
    playlog::{
        Batch, Covered, ItemRef, Play,
        credibility::{self, Counts, Flag, Judgement, Known},
    },
};

/// What is known about a screen and a moment when a batch comes in.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The zone its days are in.
    pub timezone: Tz,
    /// What it was told, and what it said before.
    pub known: Known,
    /// Campaigns of the bookings.
    pub campaigns: BTreeMap<BookingId, CampaignId>,
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
    /// Whose campaign.
    pub campaign: Option<CampaignId>,
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
    let judged = (0..).zip(&batch.plays).zip(judgements).filter_map(|((position, play), judgement)| {
        // Verified batches name only items of their table.
        let item = batch.items.get(play.item as usize)?;
        let local = play.start.to_datetime().unwrap_or_default().with_timezone(&circumstances.timezone);
        let campaign = circumstances.campaigns.get(&item.booking).copied();
        let (day, hour) = (local.date_naive(), local.hour());
        Some(Judged { position, play, item, campaign, day, hour, judgement })
    });
    judged.collect()
}

/// A line of the counters: one creative, campaign, local day and hour of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountKey {
    /// What was shown.
    pub creative: CreativeId,
    /// For which campaign; `None` for a takeover.
    pub campaign: Option<CampaignId>,
    /// Local day.
    pub day: NaiveDate,
    /// Local hour.
    pub hour: u32,
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

/// What a batch adds to the counters.
pub fn tally(judged: &[Judged<'_>]) -> BTreeMap<CountKey, Count> {
    let mut lines: BTreeMap<CountKey, Count> = BTreeMap::new();
    for each in judged {
        let key = CountKey { creative: each.item.creative, campaign: each.campaign, day: each.day, hour: each.hour };
        let line = lines.entry(key).or_default();
        match each.counts() {
            Counts::Completed => line.completed += 1,
            Counts::Interrupted => line.interrupted += 1,
            Counts::Failed => line.failed += 1,
            Counts::Not => line.not_counted += 1,
        }
        line.shown_ms += u64::from(each.judgement.shown.0);
    }
    lines
}
