//! Whether the wall was on: without it, a play is shown to nobody.

use minicbor::{Decode, Encode};

use crate::time::UtcMillis;

/// From when on the wall was in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct WallChange {
    /// Since when, by the wall clock.
    #[n(0)]
    pub from: UtcMillis,
    /// How it was from then on.
    #[n(1)]
    pub state: WallState,
    /// What it was changed by.
    #[n(2)]
    pub why: WallReason,
}

/// Whether the wall gives light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum WallState {
    /// It does.
    #[n(0)]
    On,
    /// It does not.
    #[n(1)]
    Off,
    /// The player cannot tell.
    #[n(2)]
    Unknown,
}

/// Why the wall's state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum WallReason {
    /// The player began, or was told nothing of the reason.
    #[n(0)]
    NotKnown,
    /// Its hours, as ordered.
    #[n(1)]
    Hours,
    /// An order for the moment.
    #[n(2)]
    Order,
    /// The display or the output failed, or works again.
    #[n(3)]
    Fault,
}
