//! How much of the network downloads may take.

/// Bytes that may be taken, filled again evenly and holding no more than a second's worth.
#[derive(Debug, Clone)]
pub struct Bucket {
    per_second: u64,
    /// Below zero: taken in advance.
    level: i64,
    filled: u64,
}

impl Bucket {
    /// A full bucket, at `now` on the monotonic clock in milliseconds.
    pub fn new(per_second: u64, now: u64) -> Self {
        let per_second = per_second.clamp(1, i64::MAX as u64 / 1_000_000);
        Self { per_second, level: per_second as i64, filled: now }
    }

    /// Takes bytes that have come; answers for how many milliseconds no more should be asked for.
    pub fn take(&mut self, bytes: u64, now: u64) -> u64 {
        let passed = now.saturating_sub(self.filled).min(1_000_000);
        let gained = (passed * self.per_second / 1_000) as i64;
        if gained > 0 {
            self.level = (self.level + gained).min(self.per_second as i64);
            self.filled = now;
        }
        self.level = self.level.saturating_sub(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.level.min(0).unsigned_abs().saturating_mul(1_000).div_ceil(self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whoever_waits_as_told_never_takes_more_than_the_rate_and_a_second_in_advance(
            per_second in 1_000..10_000_000_u64, pieces in proptest::collection::vec((1..100_000_u64, 0..3_000_u64), 1..200)
        ) {
            let mut bucket = Bucket::new(per_second, 0);
            let (mut now, mut taken) = (0, 0);
            for (bytes, idle) in pieces {
                let wait = bucket.take(bytes, now);
                taken += bytes;
                now += wait;
                // By the time that more is asked for, the rate was kept.
                prop_assert!(taken <= per_second + now * per_second / 1_000 + 1, "{taken} bytes in {now} ms");
                now += idle;
            }
        }

        #[test]
        fn what_comes_slower_than_the_rate_is_never_held_up(gaps in proptest::collection::vec(10..1_000_u64, 1..100)) {
            let mut bucket = Bucket::new(100_000, 0);
            let mut now = 0;
            for gap in gaps {
                now += gap;
                prop_assert_eq!(bucket.take(gap * 99, now), 0);
            }
        }
    }
}
