//! What is held against the plays of a batch, in few bytes.
//!
//! Flags are a column (`columns`), one number a play: its flag's number, exclusive-or that of the play before. So a batch
//! without flags has no bytes, and a whole batch of one flag two.

use super::{
    columns::{Reader, Writer},
    credibility::Flag,
};

/// What is stored and exported for a flag; 0 stands for none. Never changed, only added to.
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
        Flag::TimelineDisagrees => 10,
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
        assert_eq!(read(&[2 * 11 + 1], 1), None);
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
