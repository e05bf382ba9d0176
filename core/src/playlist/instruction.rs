//! 远程指令: what an office tells one screen to do once. It comes with the manifest, so nothing is done that is not signed.

use minicbor::{Decode, Encode};

use crate::{id::InstructionId, time::UtcMillis};

/// Something to be done once.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Instruction {
    /// Which; what was done once is never done again.
    #[n(0)]
    pub id: InstructionId,
    /// From this instant on it is not done any more.
    #[n(1)]
    pub expires: UtcMillis,
    /// What.
    #[n(2)]
    pub what: Errand,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Errand {
    /// Show over everything who you are. Nothing counts as played meanwhile.
    #[n(0)]
    Identify {
        /// For so many seconds: 1 to [`Errand::LONGEST`].
        #[n(0)]
        seconds: u8,
        /// Digits that the console shows too.
        #[n(1)]
        code: String,
        /// Where it hangs, and what it is called: a player has no fonts.
        #[n(2)]
        lines: Vec<Lamps>,
    },
    /// Take an evidence picture.
    #[n(1)]
    Capture,
    /// End, to be started again.
    #[n(2)]
    Restart,
    /// Make a new key and let it take the old one's place. Only players that say so know how.
    #[n(3)]
    ChangeKey {
        /// The office's [`KeyPermit`](crate::playlog::KeyPermit), as it signed it.
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        permit: Vec<u8>,
    },
}

/// A line of text as lamps that are lit or dark, [`Lamps::ROWS`] rows high.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Lamps {
    /// Lamps in a row: at most [`Lamps::WIDEST`].
    #[n(0)]
    pub width: u16,
    /// Row after row, eight lamps a byte, the leftmost the highest bit; each row begins a byte.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub bits: Vec<u8>,
}

impl Instruction {
    /// Instructions of one manifest at most.
    pub const MOST: usize = 8;

    /// Whether this is something that somebody could mean.
    pub(super) fn is_sensible(&self) -> bool {
        match &self.what {
            Errand::Identify { seconds, code, lines } => {
                (1..=Errand::LONGEST).contains(seconds)
                    && (1..=8).contains(&code.len())
                    && code.bytes().all(|digit| digit.is_ascii_digit())
                    && lines.len() <= 4
                    && lines.iter().all(Lamps::is_whole)
            }
            Errand::Capture | Errand::Restart => true,
            Errand::ChangeKey { permit } => (1..=Errand::LARGEST_PERMIT).contains(&permit.len()),
        }
    }
}

impl Errand {
    /// Seconds for which a screen says who it is, at most.
    pub const LONGEST: u8 = 120;
    /// Bytes of a permit to change the key, at most.
    pub const LARGEST_PERMIT: usize = 512;
}

impl Lamps {
    /// Rows of a line.
    pub const ROWS: usize = 16;
    /// Lamps of a row at most.
    pub const WIDEST: u16 = 2_048;

    /// A dark line.
    pub fn dark(width: u16) -> Self {
        Self { width, bits: vec![0; Self::ROWS * usize::from(width).div_ceil(8)] }
    }

    /// Lights a lamp; outside, nothing happens.
    pub fn light(&mut self, x: usize, y: usize) {
        if x < usize::from(self.width)
            && y < Self::ROWS
            && let Some(byte) = self.bits.get_mut(y * usize::from(self.width).div_ceil(8) + x / 8)
        {
            *byte |= 0x80 >> (x % 8);
        }
    }

    /// Whether a lamp is lit.
    pub fn is_lit(&self, x: usize, y: usize) -> bool {
        let byte = self.bits.get(y * usize::from(self.width).div_ceil(8) + x / 8);
        x < usize::from(self.width) && byte.is_some_and(|byte| byte & 0x80 >> (x % 8) != 0)
    }

    fn is_whole(&self) -> bool {
        self.width <= Self::WIDEST && self.bits.len() == Self::ROWS * usize::from(self.width).div_ceil(8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lamp_is_lit_where_it_was_lit_and_nowhere_else() {
        let mut line = Lamps::dark(20);
        line.light(0, 0);
        line.light(19, 15);
        line.light(20, 15);
        line.light(3, 16);
        let lit: Vec<_> =
            (0..18).flat_map(|y| (0..30).map(move |x| (x, y))).filter(|(x, y)| line.is_lit(*x, *y)).collect();
        assert_eq!(lit, [(0, 0), (19, 15)]);
        assert!(line.is_whole());
        line.bits.pop();
        assert!(!line.is_whole());
    }
}
