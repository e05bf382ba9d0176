//! What sorts of plays a batch has at all. Pure. What is held against each is written as `core::playlog::flags` has it.

pub use xuanping_core::playlog::flags::{read, write};
use xuanping_core::playlog::{PlayStatus, credibility::Flag};

/// Which sorts of plays a batch has: a bit for each status, for those that count and for flagged ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks(pub i64);

impl Marks {
    /// Some count.
    pub const COUNTED: Self = Self(1 << 4);
    const FLAGGED: Self = Self(1 << 5);

    /// Plays of this status.
    pub const fn status(status: PlayStatus) -> Self {
        Self(match status {
            PlayStatus::Success => 1,
            PlayStatus::HardwareFailure => 1 << 1,
            PlayStatus::ContentFailure => 1 << 2,
            PlayStatus::Interrupted => 1 << 3,
        })
    }

    /// Adds a play.
    pub fn add(&mut self, status: PlayStatus, completed: bool, flag: Option<Flag>) {
        self.0 |= Self::status(status).0;
        self.0 |= if flag.is_some() { Self::FLAGGED.0 } else { 0 };
        self.0 |= if completed && flag.is_none() { Self::COUNTED.0 } else { 0 };
    }

    /// Whether all of these are among them.
    pub const fn have(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}
