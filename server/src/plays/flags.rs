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
