//! What a screen obeys: an immutable playlist named by its digest, and the small signed manifest that points to it.
//!
//! A playlist holds a table of items, a table of loops, and for each zone and day the dayparts that say which loop runs
//! when. Everything refers by index, so like days cost a few bytes. Loops are anchored to the wall clock
//! (`position = (now − daypart start) mod loop length`, design.md §5): like screens agree without talking.

mod build;
mod codec;
mod diff;
mod evidence;
mod explain;
mod instruction;
mod manifest;
mod on_air;
mod on_event;
mod on_wall;
mod stand_in;
mod wall;

pub use build::{
    BuildReport, Collision, GuaranteeKept, LoopReport, Memo, NotPlaced, NotPlayed, Programme, ProgrammeBooking,
    ProgrammeItem, Unscheduled, WayOut, build, build_with, ways_out,
};
pub use codec::{DecodeError, LimitExceeded};
pub use diff::{Change, Part, diff};
pub use evidence::EvidenceOrders;
pub use explain::{Absent, Standing, absent, next_showing, standings};
pub use instruction::{Errand, Instruction, Lamps};
pub use manifest::{
    MANIFEST_VERSION, MANIFEST_VERSION_2, Manifest, ManifestRefusal, ScreenOrders, Takeover, TakeoverItem,
    TakeoverLevel, TrustedManifest,
};
pub use on_air::OnAir;
pub use on_wall::{OnWall, Source, in_force, on_wall};
pub use wall::{DayLevel, InvalidWallSettings, Percent, Transition, WallSettings, on_screen};

use chrono::NaiveDate;
use minicbor::{Decode, Encode};

use crate::{
    campaign::EventTrigger,
    digest::Digest,
    geometry::{Size, ZoneName},
    id::{BookingId, CreativeId},
    time::{Millis, UtcMillis},
    vocabulary::CreativeKind,
};

/// Version of the playlist encoding written by this crate for playlists without event items.
pub const PLAYLIST_VERSION: u32 = 1;
/// The version with event items: a player that does not know it must not leave them out silently.
pub const PLAYLIST_VERSION_WITH_EVENTS: u32 = 2;

/// An immutable programme for a horizon of days, shared by every screen that has the same one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Playlist {
    /// [`PLAYLIST_VERSION`], or [`PLAYLIST_VERSION_WITH_EVENTS`] if and only if there are event items.
    #[n(0)]
    pub version: u32,
    /// IANA zone the days are counted in, e.g. `Asia/Shanghai`.
    #[n(1)]
    pub timezone: String,
    /// Everything that can be shown; referred to by position.
    #[n(2)]
    pub items: Vec<Item>,
    /// Loops; referred to by position.
    #[n(3)]
    pub loops: Vec<Loop>,
    /// One programme per zone, at most one for each [`ZoneName`].
    #[n(4)]
    pub zones: Vec<ZoneProgramme>,
}

/// One showable thing: a creative's rendition for this class of screen, under the booking that put it there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Item {
    /// The booking (or takeover, see [`BookingId`]) it plays for.
    #[n(0)]
    pub booking: BookingId,
    /// The creative.
    #[n(1)]
    pub creative: CreativeId,
    /// The file to download and its name in the cache.
    #[n(2)]
    pub asset: Digest,
    /// The file's length in bytes.
    #[n(3)]
    pub bytes: u64,
    /// How to show it.
    #[n(4)]
    pub show: Show,
    /// How long one showing lasts.
    #[n(5)]
    pub duration: Millis,
    /// What the creative is, for the record.
    #[n(6)]
    pub kind: CreativeKind,
    /// When its booking or its validity ends for good. Within the horizon the days say so already; past it, days are
    /// repeated (see [`Playlist::on_air`]), and what has ended is left out.
    #[n(7)]
    pub ends: Option<UtcMillis>,
}

/// How a rendition is put on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(flat)]
pub enum Show {
    /// A PNG of exactly the zone's size.
    #[n(0)]
    Picture {
        /// Its size.
        #[n(0)]
        size: Size,
    },
    /// A PNG of the zone's height. As wide as the zone or narrower: stands still, centred. Wider: scrolls right to left
    /// in whole passes, entering from the right edge and leaving by the left one. Whatever part of the zone the strip
    /// leaves uncovered is filled with the strip's own first column repeated: black for LED, the ground of a ticker.
    #[n(1)]
    Strip {
        /// Its size.
        #[n(0)]
        size: Size,
        /// Speed in whole pixels per second when it scrolls.
        #[n(1)]
        pixels_per_second: u32,
    },
    /// An MP4 with H.264 and optionally AAC, to be fitted into the zone.
    #[n(2)]
    Clip {
        /// Coded size.
        #[n(0)]
        size: Size,
    },
    /// MP3 or AAC sound without a picture.
    #[n(3)]
    Sound,
}

/// An ordered sequence that repeats within a daypart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Loop {
    /// What follows what. Never empty.
    #[n(0)]
    pub slots: Vec<Slot>,
    /// The item (a poster or slogan) that is held on the wall for the remainder of a daypart into which the next slot
    /// does not fit whole. `None` if the loop has only clips or sound: then the standby picture.
    #[n(1)]
    pub hold: Option<u32>,
}

/// One position of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Slot {
    /// Position in [`Playlist::items`].
    #[n(0)]
    pub item: u32,
    /// How long it lasts: at least the item's duration.
    #[n(1)]
    pub duration: Millis,
}

/// What one zone plays over the horizon.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ZoneProgramme {
    /// Which zone.
    #[n(0)]
    pub zone: ZoneName,
    /// Consecutive local days, ascending, without gaps.
    #[n(1)]
    pub days: Vec<Day>,
}

/// One local day of one zone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Day {
    /// The local date.
    #[n(0)]
    #[cbor(with = "codec::date")]
    pub date: NaiveDate,
    /// Ascending and disjoint. A time in none of them is a time in which nothing is scheduled.
    #[n(1)]
    pub dayparts: Vec<Daypart>,
    /// What is shown when the player is told of an event, in this order.
    #[n(2)]
    #[cbor(default, skip_if = "Vec::is_empty")]
    pub events: Vec<EventItem>,
}

/// Something that is shown once at each event in a stretch of time, besides the loops: they wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct EventItem {
    /// At which event.
    #[n(0)]
    pub trigger: EventTrigger,
    /// Position in [`Playlist::items`].
    #[n(1)]
    pub item: u32,
    /// If the event is not before this instant…
    #[n(2)]
    pub start: UtcMillis,
    /// …and before this one.
    #[n(3)]
    pub end: UtcMillis,
}

/// A stretch of time in which one loop runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Daypart {
    /// From this instant: the anchor of the loop.
    #[n(0)]
    pub start: UtcMillis,
    /// Until, and without, this instant.
    #[n(1)]
    pub end: UtcMillis,
    /// Position in [`Playlist::loops`].
    #[n(2)]
    pub looped: u32,
}

impl Item {
    /// See [`CreativeKind::is_still`].
    pub const fn is_still(&self) -> bool {
        self.kind.is_still()
    }
}

impl Loop {
    /// The length of one round.
    pub fn length(&self) -> Millis {
        Millis(self.slots.iter().fold(0, |sum, slot| sum.saturating_add(slot.duration.0)))
    }
}

impl Playlist {
    /// The version that says all there is in these zones.
    pub fn version_of(zones: &[ZoneProgramme]) -> u32 {
        let events = zones.iter().flat_map(|zone| &zone.days).any(|day| !day.events.is_empty());
        if events { PLAYLIST_VERSION_WITH_EVENTS } else { PLAYLIST_VERSION }
    }

    /// The programme of a zone.
    pub fn zone(&self, name: ZoneName) -> Option<&ZoneProgramme> {
        self.zones.iter().find(|zone| zone.zone == name)
    }

    /// Every file it needs, each once, in order of first use: what a player downloads.
    pub fn assets(&self) -> Vec<(Digest, u64)> {
        let mut seen = std::collections::HashSet::new();
        self.items.iter().filter(|item| seen.insert(item.asset)).map(|item| (item.asset, item.bytes)).collect()
    }
}

#[cfg(test)]
mod tests;
