//! The only room that says now: wall time as [`Belief`] has it, beside monotonic time. It also keeps on disk what time it
//! was last: after a night without power, a machine without a battery goes on from there instead of beginning the day anew;
//! and a player that is only started again knows the time as well as the one before it, whatever was done to the clock.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;
use xuanping_core::{digest::Digest, id::MachineBootId, time::UtcMillis};

use crate::{
    belief::{Belief, Hindsight, Sample},
    durable::{self, Privacy},
};

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

/// The server's clock may be ahead of a right one by so many milliseconds: less proves nothing of what it signed.
const SERVER_AHEAD: i64 = 3_600_000;
/// Where systemd's NTP client says that it has set the clock.
const KEPT: &str = "/run/systemd/timesync/synchronized";

/// The clock of the process; copies share one belief.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    belief: Arc<Mutex<Belief>>,
}

impl Clock {
    /// A clock that follows the device's.
    pub fn new() -> Self {
        Self::default()
    }

    /// Now.
    pub fn now(&self) -> Moment {
        let monotonic = monotonic();
        Moment { wall: self.belief().wall(device_time(), monotonic), monotonic }
    }

    /// How far what is believed is from the device's own clock, in milliseconds.
    pub fn correction(&self) -> i64 {
        let device = device_time();
        self.belief().wall(device, monotonic()).since(device)
    }

    /// The server said what time it is, several times. Returns the new correction of the device's clock in milliseconds
    /// if that changed what is believed.
    pub fn learn(&self, samples: &[Sample]) -> Option<i64> {
        self.belief().learn(samples, is_kept(), device_time(), monotonic())
    }

    /// It cannot be earlier than something already verified was signed. Returns the correction if one was needed.
    pub fn not_before_signed(&self, signed: UtcMillis) -> Option<i64> {
        self.belief().not_before(signed, SERVER_AHEAD, device_time(), monotonic())
    }

    /// It cannot be earlier than this very machine already believed. Returns the correction if one was needed.
    pub fn not_before(&self, believed: UtcMillis) -> Option<i64> {
        self.belief().not_before(believed, 0, device_time(), monotonic())
    }

    /// Goes on from what an earlier life kept. Returns the correction of the device's clock if one was needed.
    pub fn resume(&self, last: Kept) -> Option<i64> {
        let monotonic = monotonic();
        match last.known.filter(|known| Some(known.boot) == machine_boot() && known.at <= monotonic) {
            Some(known) => {
                let truth = last.wall.plus(i64::try_from(monotonic - known.at).unwrap_or(i64::MAX));
                self.belief().resume(truth, device_time(), monotonic)
            }
            None => self.belief().not_before(last.wall, 0, device_time(), monotonic),
        }
    }

    /// What is known by now of times that were believed earlier in this run of the machine.
    pub fn hindsight(&self) -> Hindsight {
        self.belief().hindsight(device_time(), monotonic())
    }

    /// Whether the server has said what time it is, in this life or, while the machine ran on, in an earlier one.
    pub fn is_known(&self) -> bool {
        self.belief().is_known()
    }

    /// Keeps what time it is, for the next life.
    pub fn remember(&self, data: &Path) -> io::Result<()> {
        if is_kept() {
            self.belief().device_is_kept(monotonic());
        }
        let now = self.now();
        let mut kept = now.wall.0.to_le_bytes().to_vec();
        if let Some(boot) = machine_boot().filter(|_| self.is_known()) {
            kept.extend(now.monotonic.to_le_bytes());
            kept.extend(boot.uuid().as_bytes());
        }
        let sum = Digest::of(&kept);
        kept.extend(&sum.as_bytes()[..SUM]);
        durable::write(&path_in(data), &kept, Privacy::Usual)
    }

    fn belief(&self) -> MutexGuard<'_, Belief> {
        self.belief.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What time it was when that was last kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    wall: UtcMillis,
    /// If the server had said so.
    known: Option<Known>,
}

/// When that was by the machine's own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    boot: MachineBootId,
    at: u64,
}

/// Bytes of a digest that guard the file.
const SUM: usize = 8;

/// What time it was when that was last kept; `None` if it never was, or is damaged.
pub fn recall(data: &Path) -> Option<Kept> {
    let bytes = fs::read(path_in(data)).ok()?;
    let (kept, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    if Digest::of(kept).as_bytes()[..SUM] != *sum {
        return None;
    }
    let (wall, known) = kept.split_first_chunk()?;
    let known = match known.split_first_chunk() {
        Some((at, boot)) => {
            let boot = MachineBootId::new(Uuid::from_slice(boot).ok()?);
            Some(Known { boot, at: u64::from_le_bytes(*at) })
        }
        None => None,
    };
    Some(Kept { wall: UtcMillis(i64::from_le_bytes(*wall)), known })
}

/// Forgets it.
pub fn forget(data: &Path) -> io::Result<()> {
    durable::remove(&path_in(data))
}

fn path_in(data: &Path) -> PathBuf {
    data.join("clock")
}

fn is_kept() -> bool {
    Path::new(KEPT).exists()
}

#[expect(clippy::disallowed_methods, reason = "this is the room that says now")]
fn device_time() -> UtcMillis {
    chrono::Utc::now().into()
}

fn monotonic() -> u64 {
    micros() / 1_000
}

/// The monotonic clock in microseconds.
pub fn micros() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000
}

/// This run of the machine, as Linux names it: what [`Moment::monotonic`] counts from.
pub fn machine_boot() -> Option<MachineBootId> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().parse().ok()
}

/// Milliseconds since this process was started, as the kernel has it (in hundredths of a second).
pub fn process_age() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything; the start is the 20th word behind it.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    Some(monotonic().saturating_sub(ticks * 10))
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
    fn the_time_that_was_kept_is_where_the_next_life_goes_on() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(recall(data.path()), None);
        let before = Clock::new().now().wall.plus(86_400_000);
        let clock = Clock::new();
        clock.not_before(before).expect("it was earlier");
        clock.remember(data.path()).unwrap();

        let next = Clock::new();
        next.resume(recall(data.path()).expect("kept")).expect("the device's clock is a day behind");
        assert!(next.now().wall >= before);
        // What is damaged is not believed.
        let mut bytes = fs::read(path_in(data.path())).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 0x10;
            fs::write(path_in(data.path()), &bytes).unwrap();
            assert_eq!(recall(data.path()), None, "byte {at}");
            bytes[at] ^= 0x10;
        }
    }

    #[test]
    fn what_the_server_said_is_known_to_the_next_life_of_the_same_run_of_the_machine() {
        let data = tempfile::tempdir().unwrap();
        let clock = Clock::new();
        // By the server it is yesterday: the device's clock is a day ahead.
        let yesterday = clock.now().wall.plus(-86_400_000);
        let sample = Sample { server: yesterday, at: clock.now().monotonic, trip: 2 };
        clock.learn(&[sample]).expect("a correction");
        clock.remember(data.path()).unwrap();

        let next = Clock::new();
        assert!(!next.is_known());
        let correction = next.resume(recall(data.path()).expect("kept")).expect("the device is a day ahead");
        assert!((correction + 86_400_000).abs() < 1_000, "{correction}");
        assert!(next.is_known());
        // After a start of the machine nobody can tell how long it was off: only that it is not earlier.
        let mut kept = recall(data.path()).unwrap();
        kept.known = kept.known.map(|known| Known { boot: MachineBootId::new(Uuid::nil()), ..known });
        let after = Clock::new();
        assert_eq!(after.resume(kept), None);
        assert!(!after.is_known());
    }

    #[test]
    fn an_unset_clock_is_at_least_as_late_as_the_newest_verified_manifest() {
        let clock = Clock::new();
        let issued = clock.now().wall.plus(10 * 86_400_000);
        assert_eq!(
            clock.not_before_signed(clock.now().wall.plus(600_000)),
            None,
            "the server may be ten minutes ahead"
        );
        assert!(clock.not_before_signed(issued).is_some());
        assert!(clock.now().wall >= issued);
        assert_eq!(clock.not_before_signed(issued), None);
    }
}
