//! What sorts of plays a batch has at all. Pure. What is held against each is written as `core::playlog::flags` has it.

pub use xuanping_core::playlog::flags::{read, write};
use xuanping_core::playlog::{PlayStatus, credibility::Flag};

/// Which sorts of plays a batch has: a bit for each status, for those that count and for flagged ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks(pub i64);

impl Marks {
    /// Some count.
    pub const COUNTED: Self = Self(1 << 4);
    /// Some are not believed.
    pub const FLAGGED: Self = Self(1 << 5);
    /// Not shown, for one reason or the other.
    pub const FAILED: Self = Self(1 << 1 | 1 << 2);
    /// On the wall, for however long.
    pub const ON_WALL: Self = Self(1 | 1 << 3);
    /// Shown for a part: what says so itself, and what says it was whole and was not.
    pub const INTERRUPTED: Self = Self::ON_WALL;
    /// Sorts that few batches have, each with indexes of its own (`play_batches_failed_…`, `…_cut_…`, `…_flagged_…`).
    pub const RARE: [Self; 3] = [Self::FAILED, Self(1 << 3), Self::FLAGGED];

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
}

/// What batches must have to be opened: of each of these, any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WantedMarks(Vec<Marks>);

impl Extend<Marks> for WantedMarks {
    fn extend<T: IntoIterator<Item = Marks>>(&mut self, more: T) {
        self.0.extend(more);
    }
}

impl WantedMarks {
    /// Whether a batch with these has some of each.
    pub fn are_in(&self, marks: Marks) -> bool {
        self.0.iter().all(|any| marks.0 & any.0 != 0)
    }

    /// The same as conditions on a column, each beginning with AND. As literals, and the rare sort with the very words of its
    /// index: so databases see that the index serves.
    pub fn sql(&self) -> String {
        let rare = Marks::RARE.iter().filter(|rare| self.0.iter().any(|any| any.0 & !rare.0 == 0));
        let all = rare.chain(&self.0).map(|any| format!(" AND (marks & {}) <> 0", any.0));
        all.collect()
    }

    /// Whether what is wanted is in few batches, by an index of its own.
    pub fn are_rare(&self) -> bool {
        Marks::RARE.iter().any(|rare| self.0.iter().any(|any| any.0 & !rare.0 == 0))
    }
}
