//! Which plays of a batch count: pure, so that the same batch is always judged alike.
//!
//! A signed play is never thrown away. One that cannot be true (an item the screen was never given, a time that cannot be)
//! is kept with a flag and not counted, and a person is told.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, CampaignId, CreativeId},
    playlist::{Item, OnAir, Playlist},
    playlog::{Batch, ItemRef, Play, PlayStatus, Trigger},
    time::UtcMillis,
};

/// How far a player's clock may be ahead of ours before its plays are not believed, in milliseconds.
const CLOCK_AHEAD: i64 = 10 * 60_000;
/// How long before its enrolment a screen's first play may lie, in milliseconds: its clock may have been a little slow.
const BEFORE_ENROLMENT: i64 = 24 * 3_600_000;

/// How far beside its slot a play may begin, in milliseconds.
const A_MOMENT: i64 = 1_500;

/// Why a play is not counted although the screen signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The item was never issued to this screen: not in the playlist it names, or that playlist or takeover was not its.
    UnknownItem,
    /// It starts in the future or before the screen was enrolled: the player's clock was wrong.
    ImpossibleTime,
    /// The playlist it names shows something else, or nothing, in that zone at that moment.
    NotOnAir,
    /// It began while the one before it in its zone was still on the wall.
    Overlaps,
}

impl Flag {
    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::UnknownItem => "未下发给该屏幕的素材",
            Self::ImpossibleTime => "播放时间不可能",
            Self::NotOnAir => "当时不在播放单的轮播中",
            Self::Overlaps => "与同一分区的上一次播放重叠",
        }
    }
}

/// How a play enters the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Shown its full length.
    Completed,
    /// Shown for a part.
    Interrupted,
    /// The display or the file failed.
    Failed,
    /// Flagged.
    Not,
}

/// What is known about a screen and a moment when a batch comes in.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The zone its days are in.
    pub timezone: Tz,
    /// When it was enrolled.
    pub enrolled: UtcMillis,
    /// When the batch came.
    pub received: UtcMillis,
    /// Every item of the batch that was really issued to the screen.
    pub issued: HashSet<ItemRef>,
    /// The playlists that its plays name, of those that were issued to the screen.
    pub playlists: HashMap<Digest, Playlist>,
    /// The last plays of the batch before, one for each zone.
    pub before: Vec<Play>,
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
    /// Why not, if it does not count.
    pub flag: Option<Flag>,
}

impl Judged<'_> {
    /// How it enters the counters.
    pub fn counts(&self) -> Counts {
        match (self.flag, self.play.status) {
            (Some(_), _) => Counts::Not,
            (None, _) if self.play.completed() => Counts::Completed,
            // "Success" for less than the whole length is not believed to be more than a part.
            (None, PlayStatus::Success | PlayStatus::Interrupted) => Counts::Interrupted,
            (None, PlayStatus::HardwareFailure | PlayStatus::ContentFailure) => Counts::Failed,
        }
    }
}

/// Judges every play of a batch whose signature and place in the chain were checked.
pub fn judge<'a>(batch: &'a Batch, known: &Circumstances) -> Vec<Judged<'a>> {
    let mut before: HashMap<ZoneName, &Play> = known.before.iter().map(|play| (play.zone, play)).collect();
    let judged = (0..).zip(&batch.plays).filter_map(|(position, play)| {
        // Verified batches name only items of their table.
        let item = batch.items.get(play.item as usize)?;
        let local = play.start.to_datetime().unwrap_or_default().with_timezone(&known.timezone);
        Some(Judged {
            position,
            play,
            item,
            campaign: known.campaigns.get(&item.booking).copied(),
            day: local.date_naive(),
            hour: local.hour(),
            flag: flag(play, item, before.insert(play.zone, play), known),
        })
    });
    judged.collect()
}

fn flag(play: &Play, item: &ItemRef, before: Option<&Play>, known: &Circumstances) -> Option<Flag> {
    let fits = (play.trigger == Trigger::Takeover) == item.playlist.is_none();
    let earliest = known.enrolled.plus(-BEFORE_ENROLMENT);
    let latest = known.received.plus(CLOCK_AHEAD);
    if !fits || !known.issued.contains(item) {
        Some(Flag::UnknownItem)
    } else if play.start < earliest || play.start > latest {
        Some(Flag::ImpossibleTime)
    } else if item.playlist.is_some_and(|digest| !known.playlists.get(&digest).is_some_and(|p| led_to(play, item, p))) {
        Some(Flag::NotOnAir)
    } else if before.is_some_and(|before| overlaps(before, play)) {
        Some(Flag::Overlaps)
    } else {
        None
    }
}

/// Whether the playlist led to this play: an event may ask for what is booked for it, and the clock for the loop's.
fn led_to(play: &Play, item: &ItemRef, playlist: &Playlist) -> bool {
    match play.trigger {
        Trigger::Event(_) => playlist.may_follow_event(play.zone, |shown| is(shown, item), play.start),
        _ => on_air(play, item, playlist),
    }
}

fn is(shown: &Item, item: &ItemRef) -> bool {
    shown.booking == item.booking && shown.creative == item.creative && shown.asset == item.asset
}

/// Whether the playlist shows this item when the play began. Begun a moment early or late is no lie: a frame has to be
/// drawn, a worker has to start.
fn on_air(play: &Play, item: &ItemRef, playlist: &Playlist) -> bool {
    [0, A_MOMENT, -A_MOMENT].into_iter().any(|off| match playlist.on_air(play.zone, play.start.plus(off)) {
        OnAir::Play { item: shown, .. } => playlist.items.get(shown as usize).is_some_and(|i| is(i, item)),
        OnAir::Hold { .. } | OnAir::Nothing { .. } => false,
    })
}

/// Whether a play began before the one before it ended: by both clocks, for either may have been set or begun anew.
fn overlaps(before: &Play, play: &Play) -> bool {
    let lasted = before.actual.as_i64() - Play::TOLERANCE.as_i64();
    let by_wall = (0..lasted).contains(&play.start.since(before.start));
    let running = play.monotonic.checked_sub(before.monotonic).and_then(|ms| i64::try_from(ms).ok());
    by_wall && running.is_some_and(|ms| ms < lasted)
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
        if matches!(each.counts(), Counts::Completed | Counts::Interrupted) {
            line.shown_ms += u64::from(each.play.actual.0);
        }
    }
    lines
}
