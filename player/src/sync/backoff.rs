//! How long to wait after failures: doubling, with a limit, and spread so that a county of players does not knock at once.

use std::time::Duration;

/// The wait after each failure in a row.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    failures: u32,
    limit: Duration,
}

/// After the first failure.
const FIRST: Duration = Duration::from_millis(500);

impl Backoff {
    /// Waits that never exceed `limit`.
    pub fn new(limit: Duration) -> Self {
        Self { failures: 0, limit }
    }

    /// It worked: the next failure is a first one again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// It failed: wait so long. `permille` of 0..1000 chooses within the second half of the wait.
    pub fn next(&mut self, permille: u32) -> Duration {
        let whole = (FIRST * 2_u32.saturating_pow(self.failures.min(16))).min(self.limit);
        self.failures = self.failures.saturating_add(1);
        whole / 2 + whole / 2 * permille.min(1000) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_start_over_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(10));
        let waits: Vec<_> = (0..7).map(|_| backoff.next(1000).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.next(0).as_millis(), 250, "spread over the second half");
    }
}
