//! What is held against the plays of a batch, in few bytes, and what sorts of plays it has at all. Pure.
//!
//! Flags are a column (`core::playlog::columns`), one number a play: its flag's number, exclusive-or that of the play before.
//! So a batch without flags has no bytes, and a whole batch of one flag two.

use xuanping_core::playlog::{
    PlayStatus,
    columns::{Reader, Writer},
    credibility::Flag,
};

/// What is stored for a flag; 0 stands for none. Never changed, only added to.
const fn number(flag: Flag) -> u64 {
    match flag {
        Flag::UnknownItem => 1,
        Flag::ImpossibleTime => 2,
        Flag::NotInForce => 3,
        Flag::NotOnAir => 4,
        Flag::WrongLength => 5,
        Flag::Overlaps => 6,
        Flag::WallOff => 7,
        Flag::Repeated => 8,
        Flag::ClockSetBack => 9,
    }
}

/// The bytes of these flags, by position.
pub fn write(flags: impl IntoIterator<Item = Option<Flag>>) -> Vec<u8> {
    let mut column = Writer::default();
    let mut before = 0;
    for flag in flags {
        let flag = flag.map_or(0, number);
        column.push(flag ^ before);
        before = flag;
    }
    column.finish()
}

/// The flags of so many plays; `None` if these bytes are none.
pub fn read(bytes: &[u8], plays: usize) -> Option<Vec<Option<Flag>>> {
    let mut column = Reader::new(bytes);
    let mut before = 0;
    let flag = |_| {
        before ^= column.next()?;
        match before {
            0 => Some(None),
            other => Some(Some(Flag::ALL.into_iter().find(|flag| number(*flag) == other)?)),
        }
    };
    (0..plays).map(flag).collect()
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plays_that_count_take_no_bytes_and_like_flags_hardly_any() {
        assert_eq!(write(vec![None; 400]), Vec::<u8>::new());
        assert_eq!(write(vec![Some(Flag::WallOff); 400]).len(), 1);
        assert_eq!(read(&[], 3), Some(vec![None; 3]));
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        assert_eq!(read(&[2 * 10 + 1], 1), None);
        assert_eq!(read(&[0x80], 1), None);
    }

    proptest! {
        #[test]
        fn any_flags_come_back(flags in prop::collection::vec(prop::option::of(prop::sample::select(&Flag::ALL[..])), 0..99)) {
            prop_assert_eq!(read(&write(flags.clone()), flags.len()), Some(flags));
        }

        #[test]
        fn damaged_bytes_harm_nobody(bytes in prop::collection::vec(any::<u8>(), 0..40), plays in 0_usize..99) {
            read(&bytes, plays);
        }
    }
}
