//! How evenly what scrolls is shown: each frame that was due and came too late for its turn is counted, and how long one
//! stayed until the next. Pure; a wall on which nothing moves has no pace.

use xuanping_core::time::UtcMillis;

/// Which frame of a movement: when the movement was begun, and the frame's number since.
pub type FrameNumber = (UtcMillis, i64);

/// Width of a class of intervals, in microseconds.
const CLASS: u64 = 250;
/// Longer intervals than this many classes are all alike.
const CLASSES: usize = 400;
/// A pause of more frames than this is no late frame: something else was shown, or a clock was set.
const PAUSE: i64 = 600;

/// What was shown of everything that moved since the process began.
#[derive(Debug, Clone)]
pub struct Pacing {
    last: Option<(FrameNumber, u64)>,
    shown: u64,
    dropped: u64,
    intervals: Vec<u32>,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { last: None, shown: 0, dropped: 0, intervals: vec![0; CLASSES + 1] }
    }
}

impl Pacing {
    /// A frame is on the wall since `micros` on a clock that does not jump; `number` says which, if anything moves.
    pub fn frame(&mut self, number: Option<FrameNumber>, micros: u64) {
        let Some((begun, frame)) = number else {
            self.last = None;
            return;
        };
        if let Some(((_, before), since)) = self.last.filter(|((same, _), _)| *same == begun) {
            if frame == before {
                // Woken in between: it was drawn again as it was.
                return;
            }
            if (1..=PAUSE).contains(&(frame - before)) {
                self.shown += 1;
                self.dropped += (frame - before - 1).unsigned_abs();
                let class = usize::try_from(micros.saturating_sub(since) / CLASS).map_or(CLASSES, |n| n.min(CLASSES));
                self.intervals[class] = self.intervals[class].saturating_add(1);
            }
        }
        self.last = Some(((begun, frame), micros));
    }

    /// Frames that were shown in their turn.
    pub fn shown(&self) -> u64 {
        self.shown
    }

    /// Frames that were due and never shown.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// 99 of 100 frames were followed by the next after no more than so many microseconds (rounded up to a quarter of a
    /// millisecond); `None` if nothing ever moved.
    pub fn p99(&self) -> Option<u32> {
        let all: u64 = self.intervals.iter().map(|n| u64::from(*n)).sum();
        let mut seen = 0;
        let class = self.intervals.iter().position(|n| {
            seen += u64::from(*n);
            all > 0 && seen * 100 >= all * 99
        })?;
        u32::try_from((class as u64 + 1) * CLASS).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: UtcMillis = UtcMillis(1_000);

    /// Frames by number and the millisecond at which each was shown.
    fn shown(frames: &[(i64, u64)]) -> Pacing {
        let mut pacing = Pacing::default();
        for (number, at) in frames {
            pacing.frame(Some((BEGUN, *number)), at * 1_000);
        }
        pacing
    }

    #[test]
    fn frames_that_were_due_and_not_shown_are_counted() {
        let pacing = shown(&[(0, 0), (1, 17), (1, 20), (4, 67), (5, 83)]);
        assert_eq!((pacing.shown(), pacing.dropped()), (3, 2));
        let pacing = shown(&[(0, 0), (10_000, 200_000), (10_001, 200_017)]);
        assert_eq!((pacing.shown(), pacing.dropped()), (1, 0), "a pause is no late frame");
    }

    #[test]
    fn another_movement_and_none_begin_anew() {
        let mut pacing = shown(&[(0, 0), (1, 17)]);
        pacing.frame(None, 30_000);
        pacing.frame(Some((BEGUN, 50)), 850_000);
        pacing.frame(Some((BEGUN.plus(7), 3)), 900_000);
        assert_eq!((pacing.shown(), pacing.dropped()), (1, 0));
    }

    #[test]
    fn the_pace_is_that_of_ninety_nine_frames_in_a_hundred() {
        assert_eq!(Pacing::default().p99(), None);
        let mut frames: Vec<_> = (0_i64..100).map(|n| (n, n.unsigned_abs() * 17)).collect();
        frames.push((105, 99 * 17 + 90));
        let pacing = shown(&frames);
        assert_eq!(pacing.p99(), Some(17_250), "one late frame in a hundred is not in it");
        frames.push((115, 99 * 17 + 250));
        assert_eq!(shown(&frames).p99(), Some(90_250));
    }
}
