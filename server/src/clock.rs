//! The only `now()`. Everything else is given the time.

use xuanping_core::time::UtcMillis;

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the room that says now")]
pub fn now() -> UtcMillis {
    chrono::Utc::now().into()
}

/// Today's date in a time zone.
pub fn today(zone: chrono_tz::Tz) -> chrono::NaiveDate {
    date_in(now(), zone)
}

/// The local date of an instant.
pub fn date_in(at: UtcMillis, zone: chrono_tz::Tz) -> chrono::NaiveDate {
    at.to_datetime().unwrap_or_default().with_timezone(&zone).date_naive()
}
