//! The only `now()`. Everything else is given the time.

use xuanping_core::time::UtcMillis;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the room that says now")]
pub fn now() -> UtcMillis {
    chrono::Utc::now().into()
}
