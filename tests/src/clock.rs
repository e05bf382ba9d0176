//! The stories' own clock. It is the machine's, like that of server and player, so instants can be compared.

use xuanping_core::time::UtcMillis;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the stories' clock room")]
pub fn now() -> UtcMillis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("the clock is set");
    UtcMillis(i64::try_from(since.as_millis()).expect("the clock is set"))
}

/// Today in the county, `YYYY-MM-DD`, and the day that many days later.
pub fn county_day(later: i64) -> String {
    // Asia/Shanghai is UTC+8 all year.
    let at = now().plus(8 * 3_600_000 + later * 86_400_000);
    at.to_string()[..10].to_owned()
}

/// The local time in the county, `HH:MM`.
pub fn county_time(at: UtcMillis) -> String {
    let minute = (at.0.div_euclid(60_000) + 8 * 60).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The local time in the county so many minutes from now, `HH:MM`.
pub fn in_minutes(minutes: i64) -> String {
    county_time(now().plus(minutes * 60_000))
}
