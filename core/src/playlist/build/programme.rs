//! What a planner is given and what it says about it: a programme, and the report that comes with the playlist.

use std::{hash::Hash, sync::Arc};

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::{
    campaign::{Mode, Unplayable},
    digest::{self, Digest},
    geometry::{Zone, ZoneName},
    id::{BookingId, CreativeId},
    playlist::{Item, Show},
    recurrence::{OpeningHours, Schedule},
    rotation::{self, Certificate, Request, Verdict},
    time::{DateRange, Millis, UtcInterval, UtcMillis},
    vocabulary::{CreativeKind, FraudType},
};

/// All that is promised to one class of screens: screens with equal programmes share one playlist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Programme {
    /// Where the days are counted.
    pub timezone: Tz,
    /// The zones of the screen.
    pub zones: Vec<Zone>,
    /// When anything may play at all.
    pub opening: OpeningHours,
    /// The bookings that reach it; each booking id once.
    pub bookings: Vec<ProgrammeBooking>,
}

impl Programme {
    /// What tells it from programmes that play anything else, in whatever order bookings are listed. Not for signed
    /// bytes: another build of this program may say it otherwise, and then every programme counts as changed once.
    pub fn fingerprint(&self) -> Digest {
        // What cannot be shown changes no playlist.
        let mut bookings: Vec<&ProgrammeBooking> = self.bookings.iter().filter(|b| !b.items.is_empty()).collect();
        bookings.sort_by_key(|booking| booking.booking);
        fingerprint(|sum| {
            (self.timezone, &self.zones, &self.opening).hash(sum);
            for ProgrammeBooking { booking, mode, most_per_day, intensity, missed, schedule, items, left_out: _ } in
                bookings
            {
                (booking, mode, most_per_day, intensity, missed, schedule, items).hash(sum);
            }
        })
    }
}

/// The digest of what is hashed into it. Within one build of this program only: see [`Programme::fingerprint`].
pub(super) fn fingerprint(hash: impl FnOnce(&mut Sum)) -> Digest {
    let mut sum = Sum(digest::Hasher::new());
    hash(&mut sum);
    sum.0.finish()
}

/// Digests what types say of themselves to a hasher.
pub(super) struct Sum(digest::Hasher);

impl std::hash::Hasher for Sum {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// One booking's part in a programme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProgrammeBooking {
    /// Which.
    pub booking: BookingId,
    /// How often.
    pub mode: Mode,
    /// Never more showings than this on one local day in each zone. What is shown at events is not counted: a booking that
    /// has both is refused when it is saved ([`Mode::may_be_capped`]).
    pub most_per_day: Option<u32>,
    /// How much more or less often on some days, in percent of the mode; days in none of them: 100.
    pub intensity: Vec<(DateRange, u16)>,
    /// Of a quota: showings that screens like this one have to make up for in the period in which the first planned day
    /// lies, on that day and the later ones: see [`Pace`](crate::campaign::Pace).
    pub missed: u32,
    /// When.
    pub schedule: Schedule,
    /// Its creatives as this class of screen shows them.
    pub items: Vec<ProgrammeItem>,
    /// Its creatives that this class of screen cannot show; they only go into the report.
    pub left_out: Vec<(CreativeId, Unplayable)>,
}

impl ProgrammeBooking {
    /// Percent of its mode on a day.
    pub fn intensity_on(&self, date: NaiveDate) -> u16 {
        intensity_on(&self.intensity, date)
    }
}

/// The percent of a mode on a day: 100 where nothing else is said.
pub(super) fn intensity_on(intensity: &[(DateRange, u16)], date: NaiveDate) -> u16 {
    intensity.iter().find(|(days, _)| days.contains(date)).map_or(100, |(_, percent)| *percent)
}

/// A creative ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProgrammeItem {
    /// Which.
    pub creative: CreativeId,
    /// The zone it goes to.
    pub zone: ZoneName,
    /// Its rendition.
    pub asset: Digest,
    /// The rendition's bytes.
    pub bytes: u64,
    /// How it is shown.
    pub show: Show,
    /// How long one showing lasts; not zero.
    pub duration: Millis,
    /// What it is.
    pub kind: CreativeKind,
    /// Which fraud it warns of.
    pub fraud_type: Option<FraudType>,
    /// First local day on which it may be shown.
    pub valid_from: Option<NaiveDate>,
    /// Last local day on which it may be shown.
    pub valid_until: Option<NaiveDate>,
}

impl ProgrammeItem {
    /// As players are told of it: for which booking, or which takeover, and when it ends for good.
    pub fn listed(&self, booking: BookingId, ends: Option<UtcMillis>) -> Item {
        Item {
            booking,
            creative: self.creative,
            asset: self.asset,
            bytes: self.bytes,
            show: self.show,
            duration: self.duration,
            kind: self.kind,
            ends,
        }
    }

    /// Whether it may be shown on this local day.
    pub fn valid_on(&self, date: NaiveDate) -> bool {
        valid_on(self.valid_from, self.valid_until, date)
    }
}

/// Whether a day is none before the first and none after the last, where there are such.
pub(super) fn valid_on(from: Option<NaiveDate>, until: Option<NaiveDate>, date: NaiveDate) -> bool {
    from.is_none_or(|from| from <= date) && until.is_none_or(|until| date <= until)
}

/// What the planner should know about a playlist.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BuildReport {
    /// What got no slot in the whole horizon. A booking of which nothing plays is listed once without a creative.
    pub not_played: Vec<NotPlayed>,
    /// How good each loop is; same positions as [`Playlist::loops`](crate::playlist::Playlist::loops). `None`: a single
    /// showing at a fixed time.
    pub loops: Vec<Option<Arc<LoopReport>>>,
    /// Fixed times and paced showings for which a day had no room.
    pub not_placed: Vec<NotPlaced>,
    /// Whether each guarantee is kept in each zone, over the whole horizon.
    pub guarantees: Vec<GuaranteeKept>,
    /// Where promises cannot live together, or none was found that keeps them.
    pub collisions: Vec<Collision>,
}

/// One loop's qualities.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopReport {
    /// Shares, gaps, neighbours.
    pub report: rotation::Report,
    /// Whether it keeps its promises.
    pub verdict: Verdict,
}

/// What became of a guarantee in one zone, counted over every minute on air in the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuaranteeKept {
    /// Which.
    pub booking: BookingId,
    /// Where.
    pub zone: ZoneName,
    /// The longest time from start to start while on air, from the beginning and to the end of each stretch too.
    pub worst_gap: Millis,
    /// The fewest showings that begin in any whole hour on air; `None`: it is never on air for an hour.
    pub fewest_per_hour: Option<u32>,
    /// When it is broken first; `None`: it is kept.
    pub broken_at: Option<UtcMillis>,
}

/// A showing at a fixed time, or a paced one, for which there was no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotPlaced {
    /// Whose.
    pub booking: BookingId,
    /// Where.
    pub zone: ZoneName,
    /// The day.
    pub date: NaiveDate,
}

/// Bookings that do not fit together in some daypart.
#[derive(Debug, Clone, PartialEq)]
pub struct Collision {
    /// Where.
    pub zone: ZoneName,
    /// The first daypart in which they meet.
    pub at: UtcInterval,
    /// The proof, if there is one: otherwise a way may exist and was not found.
    pub certificate: Option<Certificate>,
    /// What was asked, for [`ways_out`](super::ways_out).
    pub request: Request,
}

/// A booking, or one creative of it, that got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotPlayed {
    /// Which booking.
    pub booking: BookingId,
    /// Which creative; `None`: none of the booking's.
    pub creative: Option<CreativeId>,
    /// Why.
    pub reason: Unscheduled,
}

/// Why something got no slot. `Display` is a Chinese sentence for the planner. Ordered: the later, the nearer it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unscheduled {
    /// The booking has no creative at all.
    #[error("排期里没有素材")]
    NoCreative,
    /// The screen cannot show it.
    #[error("{0}")]
    Unplayable(Unplayable),
    /// It lasts no time: its rendition was probed wrongly.
    #[error("素材时长为零")]
    NoDuration,
    /// The screen has no such zone.
    #[error("屏幕的版面没有所需的区域")]
    NoZone,
    /// The booking has no day in the horizon.
    #[error("在计划的日期范围内没有播放日")]
    NotInHorizon,
    /// The booking's times all lie outside opening hours.
    #[error("播放时段都在营业时间以外")]
    Closed,
    /// On all days of the booking the creative is not, or no longer, valid.
    #[error("播放日都不在素材的有效期内")]
    NotValid,
    /// None of its fixed times lies in its windows and opening hours.
    #[error("定点时间都在播放时段或营业时间以外")]
    NoFixedTime,
    /// It lasts longer than any stretch of time it could be in, and is never cut.
    #[error("素材时长超过了可用的最长时段，放不完整")]
    TooLong,
    /// The stretches are so short that others took them all.
    #[error("时段太短，放不下全部素材")]
    NoRoom,
    /// A guarantee leaves no room for something so long.
    #[error("素材太长，放在保证播放的两次之间会超过其最长间隔，按先后次序让位")]
    Yields,
    /// A filler, while shares play.
    #[error("垫播素材，只在没有轮播排期时播出")]
    NotNeeded,
    /// Its fixed times or paced showings were all taken by others.
    #[error("同一时刻已有其他定点播放，排不下")]
    Taken,
}
