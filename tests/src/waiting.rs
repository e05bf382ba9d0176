//! Waiting for something to become so: poll, say why not yet, give up with that reason.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

/// Far longer than anything should take, because the machine may be busy with other stories.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// For what needs a transcode or a whole round of a loop.
pub const LONG: Duration = Duration::from_mins(3);

const LOOK_EVERY: Duration = Duration::from_millis(60);

/// Asks again and again until the answer is `Ok`; the last `Err` says why not yet.
///
/// # Panics
/// When `patience` is over, naming `what` and the last reason.
#[track_caller]
pub fn until<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(reason) => assert!(begun.elapsed() < patience, "waited {patience:?} for {what}; last seen: {reason}"),
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The same for a plain question.
#[track_caller]
pub fn until_true(what: &str, patience: Duration, mut ask: impl FnMut() -> bool) {
    until(what, patience, || if ask() { Ok(()) } else { Err("not yet".to_owned()) });
}

/// Says that something was not tried, past the test runner, which swallows what a passing test prints.
pub fn left_out(what: &str) {
    let _ = std::io::stderr().write_all(format!("LEFT OUT: {what}\n").as_bytes());
}
