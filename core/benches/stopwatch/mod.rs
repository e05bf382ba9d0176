//! Time taken, plainly.

use std::{hint::black_box, time::Instant};

/// One run, in milliseconds, with what came of it.
pub fn once<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let made = black_box(work());
    (made, begin.elapsed().as_secs_f64() * 1_000.0)
}
