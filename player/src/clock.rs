//! The only room that says now: wall time, corrected if the device's clock is plainly wrong, beside monotonic time.
//!
//! A display PC without a battery wakes up in 1970. Then the server's signed time, or at least the date of the newest
//! verified manifest, is believed instead; a clock that is merely a second off is left to NTP.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use xuanping_core::{id::MachineBootId, time::UtcMillis};

/// One instant, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Wall time as the player believes it.
    pub wall: UtcMillis,
    /// Milliseconds since the machine started, counting sleep; never jumps.
    pub monotonic: u64,
}

impl Moment {
    /// Milliseconds since `earlier` by the clock that does not jump.
    pub const fn since(self, earlier: Self) -> u64 {
        self.monotonic.saturating_sub(earlier.monotonic)
    }
}

/// A signed time that differs from the device's by less than this many milliseconds changes nothing.
pub const BELIEVED_ERROR: i64 = 2_000;

/// The clock of the process; copies share one correction.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    correction: Arc<AtomicI64>,
}

impl Clock {
    /// A clock without correction.
    pub fn new() -> Self {
        Self::default()
    }

    /// Now.
    pub fn now(&self) -> Moment {
        Moment { wall: device_time().plus(self.correction.load(Ordering::Relaxed)), monotonic: monotonic() }
    }

    /// How far wall time is from the device's own, in milliseconds.
    pub fn correction(&self) -> i64 {
        self.correction.load(Ordering::Relaxed)
    }

    /// The server signed that it is `server` now (half a round trip already added). Returns the new correction in
    /// milliseconds if that changed it.
    pub fn learn(&self, server: UtcMillis) -> Option<i64> {
        let needed = server.since(device_time());
        let needed = if needed.abs() < BELIEVED_ERROR { 0 } else { needed };
        let before = self.correction.load(Ordering::Relaxed);
        if (needed - before).abs() < BELIEVED_ERROR && (needed == 0) == (before == 0) {
            return None;
        }
        self.correction.store(needed, Ordering::Relaxed);
        Some(needed)
    }

    /// It cannot be earlier than something already verified was signed. Returns the correction if one was needed.
    pub fn not_before(&self, signed: UtcMillis) -> Option<i64> {
        let behind = signed.since(self.now().wall);
        // The server's clock may be a little ahead of ours: only a clock that was never set is corrected.
        if behind <= 3_600_000 {
            return None;
        }
        Some(self.correction.fetch_add(behind, Ordering::Relaxed) + behind)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the room that says now")]
fn device_time() -> UtcMillis {
    chrono::Utc::now().into()
}

fn monotonic() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// This run of the machine, as Linux names it: what [`Moment::monotonic`] counts from.
pub fn machine_boot() -> Option<MachineBootId> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().parse().ok()
}

/// The device's IANA zone, if it says one (`/etc/timezone`, else where `/etc/localtime` points).
pub fn device_timezone() -> Option<String> {
    let written = std::fs::read_to_string("/etc/timezone").ok().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    written.or_else(|| {
        let target = std::fs::read_link("/etc/localtime").ok()?;
        target.to_str()?.split("zoneinfo/").nth(1).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_second_off_is_left_alone_and_one_an_hour_off_is_corrected() {
        let clock = Clock::new();
        assert_eq!(clock.learn(clock.now().wall.plus(1_000)), None);
        let learnt = clock.learn(clock.now().wall.plus(3_600_000)).expect("corrected");
        assert!((3_599_900..=3_600_100).contains(&learnt), "{learnt}");
        assert_eq!(clock.learn(clock.now().wall), None, "agreeing with the corrected clock changes nothing");
    }

    #[test]
    fn an_unset_clock_is_at_least_as_late_as_the_newest_verified_manifest() {
        let clock = Clock::new();
        let issued = clock.now().wall.plus(10 * 86_400_000);
        assert!(clock.not_before(issued).is_some());
        assert!(clock.now().wall >= issued);
        assert_eq!(clock.not_before(issued), None);
    }
}
