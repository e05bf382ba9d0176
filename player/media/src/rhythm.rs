//! Frames of a clip that were due and did not come. A decoder that falls behind leaves frames out without a word, and so does the
//! sink with what it gets too late: they are missing between the end of one frame and the beginning of the next.

/// What came so far, in nanoseconds of the clip.
#[derive(Debug, Default)]
pub struct Rhythm {
    newest: Option<Newest>,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    end: u64,
    length: u64,
}

impl Rhythm {
    /// A frame comes, which stands from `begin` for `length`. Answers how many before it did not.
    pub fn comes(&mut self, begin: u64, length: u64) -> u64 {
        let before = self.newest.replace(Newest { end: begin.saturating_add(length), length });
        before.map_or(0, |before| before.missing_until(begin))
    }

    /// The clip is over, and had to last until `end`. Answers how many did not come any more.
    pub fn ends(&mut self, end: u64) -> u64 {
        self.newest.take().map_or(0, |newest| newest.missing_until(end))
    }
}

impl Newest {
    fn missing_until(self, begin: u64) -> u64 {
        // Times are rounded, and the last frame of a clip need not fill it.
        let gap = begin.saturating_sub(self.end);
        gap.saturating_add(self.length / 2).checked_div(self.length).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many are missing when frames of these numbers come, of a clip of ten frames at 25 a second.
    fn missing(frames: &[u64]) -> u64 {
        const LENGTH: u64 = 40_000_000;
        let mut rhythm = Rhythm::default();
        // Off by a third of a millisecond, as containers round.
        let came: u64 = frames.iter().map(|n| rhythm.comes(n * LENGTH + n % 3 * 333_333, LENGTH)).sum();
        came + rhythm.ends(10 * LENGTH)
    }

    #[test]
    fn every_frame_that_did_not_come_is_missed_once() {
        assert_eq!(missing(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 0);
        assert_eq!(missing(&[0, 1, 4, 5, 6, 9]), 4);
        assert_eq!(missing(&[0, 1, 2]), 7, "the end did not come");
    }

    #[test]
    fn what_lies_before_the_first_frame_was_not_to_be_shown() {
        assert_eq!(missing(&[6, 7, 8, 9]), 0);
        assert_eq!(missing(&[]), 0);
    }

    #[test]
    fn frames_without_length_miss_nothing() {
        let mut rhythm = Rhythm::default();
        assert_eq!((rhythm.comes(0, 0), rhythm.comes(5, 0), rhythm.ends(9)), (0, 0, 0));
    }
}
