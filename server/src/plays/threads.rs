//! Hands for an examination: the machine's cores.

use std::num::NonZeroUsize;

use xuanping_core::playlog::bundle::Hands;

use crate::workers;

/// So many threads; each takes the next piece as soon as it has done one.
#[derive(Debug, Clone, Copy)]
pub struct Threads(NonZeroUsize);

impl Threads {
    /// So many.
    pub const fn new(threads: NonZeroUsize) -> Self {
        Self(threads)
    }

    /// One for each core that this process may use; one if nobody can say how many.
    pub fn of_machine() -> Self {
        Self(workers::cores())
    }
}

impl Hands for Threads {
    fn each<T: Send>(&self, pieces: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        workers::each(self.0, pieces, work)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn threads(count: usize) -> Threads {
        Threads::new(NonZeroUsize::new(count).unwrap())
    }

    #[test]
    fn whoever_does_the_pieces_they_come_back_in_their_order_each_done_once() {
        for (count, pieces) in [(1, 5), (2, 1_000), (7, 1_000), (7, 3), (4, 0)] {
            let done = AtomicUsize::new(0);
            let squares = threads(count).each(pieces, |n| {
                done.fetch_add(1, Ordering::Relaxed);
                n * n
            });
            assert_eq!(squares, (0..pieces).map(|n| n * n).collect::<Vec<_>>());
            assert_eq!(done.into_inner(), pieces);
        }
    }

    #[test]
    fn all_threads_work_at_the_same_time() {
        // Each piece waits for the others: one thread alone would never be done.
        let together = std::sync::Barrier::new(3);
        assert_eq!(threads(3).each(3, |n| (together.wait(), n).1), [0, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "piece 40")]
    fn a_piece_that_panics_is_not_left_out() {
        threads(3).each(50, |n| assert_ne!(n, 40, "piece {n}"));
    }
}
