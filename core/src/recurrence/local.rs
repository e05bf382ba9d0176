//! Local clock → instants, with the rules for days on which clocks change written once (see the module above).

use chrono::{DateTime, Days, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::time::{UtcInterval, UtcMillis};

/// The longest gap looked across, in minutes: Samoa once skipped a whole day.
const LONGEST_GAP: i64 = 26 * 60;

/// The first instant at which the local clock shows `local` or later.
pub fn local_start(local: NaiveDateTime, tz: Tz) -> UtcMillis {
    instant(local, tz, |first, _| first)
}

/// The instant after the last one at which the local clock shows earlier than `local`.
pub fn local_end(local: NaiveDateTime, tz: Tz) -> UtcMillis {
    // A time that opens the repeated hour ends the hour before it, not the repetition.
    let opens_the_repetition = local
        .checked_sub_signed(TimeDelta::minutes(1))
        .is_none_or(|before| !matches!(tz.from_local_datetime(&before), LocalResult::Ambiguous(..)));
    instant(local, tz, |first, second| if opens_the_repetition { first } else { second })
}

/// The first instant of a local day.
pub fn day_start(date: NaiveDate, tz: Tz) -> UtcMillis {
    local_start(date.and_time(chrono::NaiveTime::MIN), tz)
}

/// A local day from its first instant to the first of the next one: 23, 24 or 25 hours.
pub fn day_of(date: NaiveDate, tz: Tz) -> UtcInterval {
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
    UtcInterval { start: day_start(date, tz), end: day_start(next, tz) }
}

/// The minute of the local day at an instant, counted from midnight by the clock on the wall; `None` for an unknown zone.
pub fn minute_of_day(at: UtcMillis, timezone: &str) -> Option<u16> {
    let local = DateTime::from_timestamp_millis(at.0)?.with_timezone(&timezone.parse::<Tz>().ok()?);
    u16::try_from(local.hour() * 60 + local.minute()).ok()
}

/// `minutes` after the midnight that begins `date`, on the local clock (1440 is the next day's 00:00).
pub(super) fn minute_of(date: NaiveDate, minutes: u16) -> NaiveDateTime {
    let midnight = date.and_time(chrono::NaiveTime::MIN);
    midnight.checked_add_signed(TimeDelta::minutes(i64::from(minutes))).unwrap_or(midnight)
}

fn instant(local: NaiveDateTime, tz: Tz, choose: impl Fn(DateTime<Tz>, DateTime<Tz>) -> DateTime<Tz>) -> UtcMillis {
    // Gaps begin and end on whole minutes in every zone since standard time exists.
    (0..=LONGEST_GAP)
        .find_map(|minutes| {
            let local = local.checked_add_signed(TimeDelta::minutes(minutes))?;
            match tz.from_local_datetime(&local) {
                LocalResult::Single(at) => Some(at),
                LocalResult::Ambiguous(first, second) => Some(choose(first.min(second), first.max(second))),
                LocalResult::None => None,
            }
        })
        .map_or_else(|| local.and_utc().into(), |at| at.with_timezone(&Utc).into())
}
