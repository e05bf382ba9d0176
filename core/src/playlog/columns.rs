//! Columns of numbers in few bytes, for numbers that are mostly zero: what differs from what was to be expected.
//!
//! A column is a run of tokens, each an unsigned LEB128 number: an even token 2k stands for k zeros, an odd token 2v + 1
//! for the number v, which is not zero. Zeros at the end are not written. So there is one way only to write a column.

/// Bytes of the longest token: 65 bits, seven in each.
const LONGEST: usize = 10;

/// Writes a column, number by number.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    zeros: u64,
}

impl Writer {
    /// Writes the next number.
    pub fn push(&mut self, value: u64) {
        if value == 0 {
            self.zeros += 1;
            return;
        }
        if self.zeros > 0 {
            token(&mut self.bytes, u128::from(self.zeros) << 1);
            self.zeros = 0;
        }
        token(&mut self.bytes, (u128::from(value) << 1) | 1);
    }

    /// Writes the next number, of either sign.
    pub fn push_signed(&mut self, value: i64) {
        self.push(zigzag(value));
    }

    /// The column.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

fn token(bytes: &mut Vec<u8>, mut rest: u128) {
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

/// Small numbers of either sign as small numbers without: 0, −1, 1, −2, 2 …
const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads a column. Behind its end all numbers are zero; whether it is written in the one right way is not checked here.
#[derive(Debug)]
pub struct Reader<'b> {
    bytes: &'b [u8],
    zeros: u64,
}

impl<'b> Reader<'b> {
    /// Reads these bytes from their beginning.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, zeros: 0 }
    }

    /// The next number; `None` if what is there is no token.
    #[allow(clippy::should_implement_trait, reason = "it never ends: behind the last number are zeros")]
    pub fn next(&mut self) -> Option<u64> {
        if self.zeros > 0 {
            self.zeros -= 1;
            return Some(0);
        }
        if self.bytes.is_empty() {
            return Some(0);
        }
        let length = 1 + self.bytes.iter().take(LONGEST).position(|byte| byte & 0x80 == 0)?;
        let (token, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        let value = token.iter().rev().fold(0_u128, |value, byte| (value << 7) | u128::from(byte & 0x7f));
        let number = u64::try_from(value >> 1).ok()?;
        if value & 1 == 1 {
            return Some(number);
        }
        self.zeros = number.checked_sub(1)?;
        Some(0)
    }

    /// The next number, of either sign.
    pub fn next_signed(&mut self) -> Option<i64> {
        self.next().map(unzigzag)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(values: &[u64]) -> Vec<u8> {
        let mut writer = Writer::default();
        for value in values {
            writer.push(*value);
        }
        writer.finish()
    }

    #[test]
    fn zeros_cost_a_byte_for_many_and_nothing_at_the_end() {
        assert!(written(&[0; 1000]).is_empty());
        assert_eq!(written(&[0, 0, 0, 1]), [6, 3]);
        assert_eq!(written(&[1, 0, 5, 0]), [3, 2, 11]);
        assert_eq!(written(&[63, 64]), [127, 0x81, 0x01]);
        assert_eq!(written(&[u64::MAX]).len(), LONGEST);
    }

    #[test]
    fn what_is_no_token_is_no_number() {
        assert_eq!(Reader::new(&[0x80]).next(), None, "cut");
        assert_eq!(Reader::new(&[0]).next(), None, "a run of no zeros");
        assert_eq!(Reader::new(&[0xff; 11]).next(), None, "endless");
        assert_eq!(
            Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]).next(),
            None,
            "too large"
        );
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(values in proptest::collection::vec(prop_oneof![3 => Just(0), 1 => any::<u64>()], 0..50)) {
            let bytes = written(&values);
            let mut reader = Reader::new(&bytes);
            for value in values {
                prop_assert_eq!(reader.next(), Some(value));
            }
            prop_assert_eq!(reader.next(), Some(0));
        }

        #[test]
        fn any_signed_numbers_come_back_and_small_ones_are_small(value in any::<i64>(), small in -16_i64..16) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
            prop_assert!(zigzag(small) < 32);
        }
    }
}
