//! The play log: what a screen says it showed, in signed and chained batches.
//!
//! A player seals the plays of its journal into a [`Batch`], signs it with the screen's own key, and names the batch
//! before it by digest; so a play cannot be altered, dropped or slipped in afterwards without breaking the chain.
//! `FORMAT.md` beside this file describes the bytes for a stranger.

mod batch;
pub mod bundle;
mod chain;
pub mod columns;
mod covered;
pub mod credibility;
mod entry;
pub mod flags;
pub mod gaps;
mod receipt;
pub mod shown;
mod succession;
mod trigger;
mod version1;
mod version2;
mod wall;

pub use batch::{Batch, BatchError, BatchVersion, ItemRef, SignedBatch};
pub use chain::{ChainHead, ChainRefusal, ChainReport, check_chain};
pub use covered::{Covered, UtcDay, utc_day};
pub use entry::LogEntry;
pub use receipt::Receipt;
pub use succession::{KeyChange, KeyChangeFault, KeyPermit, KeyReceipt, ScreenKeys, SignedKeyChange};
pub use trigger::{Trigger, TriggerKind};
pub use wall::{WallChange, WallReason, WallState};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    geometry::ZoneName,
    time::{Millis, UtcMillis},
};

/// One showing of one item. Its CBOR is what batches of version 1, journals and a bundle's marks are made of.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Play {
    /// Position in [`Batch::items`].
    #[n(0)]
    pub item: u32,
    /// Where.
    #[n(1)]
    pub zone: ZoneName,
    /// Wall-clock start.
    #[n(2)]
    pub start: UtcMillis,
    /// Start on the machine's monotonic clock, in milliseconds since this boot: orders plays even when the wall clock jumps.
    #[n(3)]
    pub monotonic: u64,
    /// How long it was meant to last.
    #[n(4)]
    pub planned: Millis,
    /// How long it was shown.
    #[n(5)]
    pub actual: Millis,
    /// How it went.
    #[n(6)]
    pub status: PlayStatus,
    /// What put it on the wall.
    #[n(7)]
    pub trigger: Trigger,
    /// Digests of pictures taken meanwhile.
    #[n(8)]
    pub evidence: Vec<Digest>,
}

/// How a play went (ITU-T H.782, `PlayStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum PlayStatus {
    /// Shown its whole length within 500 ms.
    #[n(0)]
    Success,
    /// The display, sound card or worker failed.
    #[n(1)]
    HardwareFailure,
    /// The file was missing, corrupt or unplayable.
    #[n(2)]
    ContentFailure,
    /// Cut short: takeover, new playlist, power. `actual` says how long it was shown.
    #[n(3)]
    Interrupted,
}

impl Play {
    /// A play is complete if it was shown its full length within this tolerance (Broadsign's rule).
    pub const TOLERANCE: Millis = Millis(500);

    /// Whether it counts: success, and its whole length shown.
    pub fn completed(&self) -> bool {
        self.status == PlayStatus::Success && self.actual.0.saturating_add(Self::TOLERANCE.0) >= self.planned.0
    }
}

#[cfg(test)]
mod tests;
