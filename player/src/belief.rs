//! What time it is believed to be, given the device's wall clock, its monotonic clock, and what was learnt. Pure.
//!
//! A display PC without a battery wakes up in 1970, and its clock may be set at any moment by NTP. So a correction is never
//! *added* to the device's clock: while one is needed, time is an instant that was believed plus what has passed on the
//! monotonic clock since, whatever is done to the device's clock meanwhile. As soon as that clock agrees, it is followed again.
//! Nor is one that the server agreed with followed when somebody sets it in the middle of the day.

use xuanping_core::time::UtcMillis;

/// One answer of the server to "what time is it".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// What it signed.
    pub server: UtcMillis,
    /// On the monotonic clock, the middle between asking and hearing.
    pub at: u64,
    /// Milliseconds from asking to hearing.
    pub trip: u64,
}

impl Sample {
    /// Where the monotonic clock's zero lies in wall time.
    fn epoch(self) -> i64 {
        self.server.0.saturating_sub(signed(self.at))
    }
}

/// A device that NTP looks after is contradicted only if it is off by more than so many milliseconds.
pub const TOLERATED: i64 = 2_000;
/// One that nobody looks after follows the server this closely, in milliseconds.
const FOLLOWED: i64 = 250;
/// A device's clock that moved by more than this against the monotonic one was set by somebody, in milliseconds.
const SET: i64 = 1_000;
/// A change of what is believed by less than so many milliseconds is not worth telling.
const UNTOLD: i64 = 50;
/// Over a shorter time than this the network's jitter would be taken for drift, in milliseconds.
const DRIFT_AFTER: i64 = 300_000;
/// No crystal is worse than this, in parts per million.
const WORST_DRIFT: i64 = 500;

/// Why the device's clock is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The server signed that it was this late.
    Server,
    /// It cannot have been earlier.
    NotBefore,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    wall: UtcMillis,
    at: u64,
    source: Source,
    /// Parts per million by which the monotonic clock is too slow.
    drift: i64,
    /// The device's clock less the monotonic one.
    device: i64,
}

impl Anchor {
    fn wall(&self, monotonic: u64) -> UtcMillis {
        let passed = signed(monotonic.saturating_sub(self.at));
        self.wall.plus(passed + passed.saturating_mul(self.drift) / 1_000_000)
    }
}

/// What is known by now of the times that were believed earlier in this run of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindsight {
    /// They were as good as can be.
    Same,
    /// They are guesses, as the present one still is: it cannot have been earlier.
    Guessing,
    /// Before `until` on the monotonic clock they were guesses. Its zero lies at `epoch` in wall time, in milliseconds.
    Better {
        /// Exclusive.
        until: u64,
        /// Wall time less monotonic time.
        epoch: i64,
    },
}

impl Hindsight {
    /// When something happened that was believed to happen at `wall`, and did at `monotonic` of this run of the machine.
    pub fn of(self, wall: UtcMillis, monotonic: u64) -> UtcMillis {
        match self {
            Self::Better { until, epoch } if monotonic < until => UtcMillis(epoch.saturating_add(signed(monotonic))),
            _ => wall,
        }
    }
}

/// What is believed.
#[derive(Debug, Clone, Default)]
pub struct Belief {
    anchor: Option<Anchor>,
    /// Until when on the monotonic clock it was a guess, if it was and no longer is.
    guessed: Option<u64>,
    /// The device's clock less the monotonic one while it is followed, once the server has agreed with it.
    agreed: Option<i64>,
}

impl Belief {
    /// The wall time that is believed. Notices a device's clock that was set right.
    pub fn wall(&mut self, device: UtcMillis, monotonic: u64) -> UtcMillis {
        let offset = device.0.saturating_sub(signed(monotonic));
        if let (None, Some(agreed)) = (self.anchor, &mut self.agreed) {
            if (offset - *agreed).abs() <= SET {
                // NTP may move it little by little.
                *agreed = offset;
            } else {
                // It was right, and somebody set it: it goes on as it was until that is known to be better.
                let wall = UtcMillis(agreed.saturating_add(signed(monotonic)));
                self.anchor = Some(Anchor { wall, at: monotonic, source: Source::Server, drift: 0, device: offset });
            }
        }
        let Some(anchor) = &mut self.anchor else { return device };
        let believed = anchor.wall(monotonic);
        if (offset - anchor.device).abs() > SET {
            anchor.device = offset;
            let passed = signed(monotonic.saturating_sub(anchor.at));
            let right = match anchor.source {
                // The longer nobody was heard, the less is known.
                Source::Server => device.since(believed).abs() <= TOLERATED + passed / 10_000,
                Source::NotBefore => device >= believed,
            };
            if right {
                if anchor.source == Source::NotBefore {
                    self.guessed = Some(monotonic);
                }
                self.agreed = (anchor.source == Source::Server).then_some(offset);
                self.anchor = None;
                return device;
            }
        }
        believed
    }

    /// The server was asked several times. `kept`: NTP looks after the device's clock. Returns by how many milliseconds
    /// the device's clock is corrected from now on, if that changed what is believed.
    pub fn learn(&mut self, samples: &[Sample], kept: bool, device: UtcMillis, monotonic: u64) -> Option<i64> {
        let heard = median_of_best(samples)?;
        let truth = UtcMillis(heard.epoch.saturating_add(signed(monotonic)));
        let before = self.wall(device, monotonic);
        let wrong = truth.since(device);
        let limit = if kept { TOLERATED } else { FOLLOWED };
        // On a line that loses packets an answer may be a second old. What it leaves open is no reason to change anything.
        if heard.doubt > limit / 4 && truth.since(before).abs() <= heard.doubt {
            return None;
        }
        self.no_guess_from(monotonic);
        // Whoever was corrected has to agree well before it is followed again, or it would go to and fro.
        let limit = if self.anchor.is_some() { limit / 2 } else { limit };
        self.anchor = (wrong.abs() > limit).then(|| Anchor {
            wall: truth,
            at: monotonic,
            source: Source::Server,
            drift: self.drift_at(truth, monotonic),
            device: device.0.saturating_sub(signed(monotonic)),
        });
        self.agreed = Some(device.0.saturating_sub(signed(monotonic)));
        let change = self.wall(device, monotonic).since(before);
        (change.abs() > UNTOLD).then(|| self.wall(device, monotonic).since(device))
    }

    /// An earlier life knew from the server that it is `truth` now, by the same monotonic clock. Returns the correction of the
    /// device's clock if one is needed.
    pub fn resume(&mut self, truth: UtcMillis, device: UtcMillis, monotonic: u64) -> Option<i64> {
        let offset = device.0.saturating_sub(signed(monotonic));
        let wrong = truth.since(device);
        if wrong.abs() <= SET {
            self.agreed = Some(offset);
            return None;
        }
        self.anchor = Some(Anchor { wall: truth, at: monotonic, source: Source::Server, drift: 0, device: offset });
        Some(wrong)
    }

    fn is_guess(&self) -> bool {
        self.anchor.is_some_and(|anchor| anchor.source == Source::NotBefore)
    }

    fn no_guess_from(&mut self, monotonic: u64) {
        if self.is_guess() {
            self.guessed = Some(monotonic);
        }
    }

    /// What is known of times that were believed before.
    pub fn hindsight(&mut self, device: UtcMillis, monotonic: u64) -> Hindsight {
        let epoch = self.wall(device, monotonic).0.saturating_sub(signed(monotonic));
        match self.guessed {
            _ if self.is_guess() => Hindsight::Guessing,
            Some(until) => Hindsight::Better { until, epoch },
            None => Hindsight::Same,
        }
    }

    /// Whether what is believed goes back to something that the server signed.
    pub fn is_known(&self) -> bool {
        self.anchor.map_or(self.agreed.is_some(), |anchor| anchor.source == Source::Server)
    }

    /// The drift, given that it is `truth` now.
    fn drift_at(&self, truth: UtcMillis, monotonic: u64) -> i64 {
        let Some(anchor) = self.anchor.filter(|a| a.source == Source::Server) else { return 0 };
        let passed = signed(monotonic.saturating_sub(anchor.at));
        if passed < DRIFT_AFTER {
            return anchor.drift;
        }
        let more = truth.since(anchor.wall(monotonic)).saturating_mul(1_000_000) / passed;
        (anchor.drift + more).clamp(-WORST_DRIFT, WORST_DRIFT)
    }

    /// It cannot be earlier than `bound`. A clock that is behind it by more than `slack` milliseconds goes on from there;
    /// returns the correction if one was needed. What the server signed counts for more.
    pub fn not_before(&mut self, bound: UtcMillis, slack: i64, device: UtcMillis, monotonic: u64) -> Option<i64> {
        let behind = bound.since(self.wall(device, monotonic));
        if behind <= slack || self.anchor.is_some_and(|a| a.source == Source::Server) {
            return None;
        }
        let offset = device.0.saturating_sub(signed(monotonic));
        self.anchor = Some(Anchor { wall: bound, at: monotonic, source: Source::NotBefore, drift: 0, device: offset });
        Some(bound.since(device))
    }

    /// NTP has set the device's clock: what it merely could not be before counts no longer.
    pub fn device_is_kept(&mut self, monotonic: u64) {
        self.no_guess_from(monotonic);
        self.anchor = self.anchor.filter(|anchor| anchor.source == Source::Server);
    }
}

/// What several answers come to.
struct Heard {
    /// Where the monotonic clock's zero lies in wall time.
    epoch: i64,
    /// By how many milliseconds that may be wrong: the fastest answer was on its way so long, there or back.
    doubt: i64,
}

/// Of the half of the answers that came back fastest, the one in the middle, as far as the fastest allows: a slow way out or
/// back makes an answer wrong, and never faster.
fn median_of_best(samples: &[Sample]) -> Option<Heard> {
    let mut samples = samples.to_vec();
    samples.sort_by_key(|sample| sample.trip);
    let fastest = *samples.first()?;
    let doubt = signed(fastest.trip.div_ceil(2));
    samples.truncate(samples.len().div_ceil(2));
    let mut epochs: Vec<_> = samples.into_iter().map(Sample::epoch).collect();
    epochs.sort_unstable();
    let middle = *epochs.get((epochs.len() - 1) / 2)?;
    let (least, most) = (fastest.epoch().saturating_sub(doubt), fastest.epoch().saturating_add(doubt));
    Some(Heard { epoch: middle.clamp(least, most), doubt })
}

fn signed(monotonic: u64) -> i64 {
    i64::try_from(monotonic).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-07-01, and a device that counts from 1970.
    const TRUTH: i64 = 1_782_864_000_000;
    const HOUR: u64 = 3_600_000;

    fn answers(truth_at_zero: i64, at: u64) -> Vec<Sample> {
        vec![Sample { server: UtcMillis(truth_at_zero + signed(at)), at, trip: 20 }]
    }

    fn unset(monotonic: u64) -> UtcMillis {
        UtcMillis(signed(monotonic))
    }

    fn right(monotonic: u64) -> UtcMillis {
        UtcMillis(TRUTH + signed(monotonic))
    }

    #[test]
    fn a_clock_of_1970_that_ntp_sets_after_the_server_corrected_it_is_not_corrected_twice() {
        let mut belief = Belief::default();
        assert_eq!(belief.learn(&answers(TRUTH, 1_000), false, unset(1_000), 1_000), Some(TRUTH));
        assert_eq!(belief.wall(unset(5_000), 5_000), right(5_000));
        // NTP sets the device: nobody sees a difference, then and later.
        assert_eq!(belief.wall(right(6_000), 6_000), right(6_000));
        assert_eq!(belief.wall(right(7_000).plus(1), 7_000), right(7_000).plus(1), "the device is followed again");
    }

    #[test]
    fn what_is_done_to_a_wrong_clock_does_not_move_what_is_believed() {
        let mut belief = Belief::default();
        belief.learn(&answers(TRUTH, 0), false, unset(0), 0);
        for (monotonic, device) in
            [(1_000, unset(0)), (2_000, right(HOUR)), (3_000, UtcMillis(0)), (4_000, right(0).plus(-3_600_000))]
        {
            assert_eq!(belief.wall(device, monotonic), right(monotonic), "the device says {device}");
        }
    }

    #[test]
    fn a_clock_kept_by_ntp_is_left_alone_within_two_seconds_and_one_that_nobody_keeps_follows_the_server() {
        for (off, kept, corrected) in
            [(1_900, true, false), (2_100, true, true), (200, false, false), (1_000, false, true)]
        {
            let mut belief = Belief::default();
            let device = right(0).plus(-off);
            assert_eq!(belief.learn(&answers(TRUTH, 0), kept, device, 0), corrected.then_some(off));
        }
    }

    #[test]
    fn a_right_clock_that_somebody_sets_is_not_followed_until_it_is_right_again() {
        for slip in [-3 * 86_400_000, 3_600_000, -3_600_000, 400 * 86_400_000] {
            let mut belief = Belief::default();
            assert_eq!(belief.learn(&answers(TRUTH, 0), false, right(0), 0), None);
            assert_eq!(belief.wall(right(500), 500), right(500));
            assert_eq!(belief.wall(right(1_000).plus(slip), 1_000), right(1_000), "set by {slip}");
            // The server only says so again, and the clock is set right.
            assert_eq!(belief.learn(&answers(TRUTH, 5_000), false, right(5_000).plus(slip), 5_000), None);
            assert_eq!(belief.wall(right(6_000).plus(3), 6_000), right(6_000).plus(3));
            assert_eq!(belief.wall(right(7_000).plus(slip), 7_000).since(right(7_000)), 3, "and set by {slip} again");
        }
        // One that nobody has agreed with may be wrong: setting it may make it right.
        let mut belief = Belief::default();
        assert_eq!(belief.wall(unset(0), 0), unset(0));
        assert_eq!(belief.wall(right(1_000), 1_000), right(1_000));
    }

    #[test]
    fn a_clock_that_ntp_moves_little_by_little_is_followed() {
        let mut belief = Belief::default();
        belief.learn(&answers(TRUTH, 0), true, right(0).plus(-1_900), 0);
        for (monotonic, behind) in (0..=1_900_u64).rev().step_by(100).zip(0..).map(|(behind, n)| (n * 1_000, behind)) {
            let device = right(monotonic).plus(-signed(behind));
            assert_eq!(belief.wall(device, monotonic), device);
        }
    }

    #[test]
    fn answers_that_were_long_on_their_way_do_not_make_a_right_clock_wrong() {
        // Three packets in ten are lost: each answer came a second late, on its way back.
        let late = |at: u64| Sample { server: right(at), at: at + 600, trip: 1_200 };
        let mut belief = Belief::default();
        assert_eq!(belief.learn(&[late(0), late(2_000)], false, right(4_000), 4_000), None);
        assert_eq!(belief.wall(right(5_000), 5_000), right(5_000));
        // A clock of 1970 is nearly right with them, and right as soon as one is quick.
        let corrected = belief.learn(&[late(6_000)], false, unset(8_000), 8_000).unwrap();
        assert!((corrected - TRUTH).abs() <= 600, "{corrected}");
        let quick = Sample { server: right(9_000), at: 9_000, trip: 4 };
        belief.learn(&[late(8_500), quick, late(9_500)], false, unset(10_000), 10_000);
        assert!(belief.wall(unset(10_000), 10_000).since(right(10_000)).abs() <= 2);
    }

    #[test]
    fn a_device_that_agrees_again_is_followed_again() {
        let mut belief = Belief::default();
        belief.learn(&answers(TRUTH, 0), false, right(0).plus(-5_000), 0);
        assert!(belief.learn(&answers(TRUTH, HOUR), false, right(HOUR), HOUR).is_none(), "nothing changes on the wall");
        assert_eq!(belief.wall(right(2 * HOUR).plus(7), 2 * HOUR), right(2 * HOUR).plus(7));
    }

    #[test]
    fn a_slow_crystal_is_found_out_and_then_the_time_holds_for_a_week_without_network() {
        // The machine counts 100 ms too few in every 1000 s.
        let truth = |monotonic: u64| TRUTH + signed(monotonic) + signed(monotonic) / 10_000;
        let mut belief = Belief::default();
        for at in (0..=24).map(|n| n * HOUR) {
            let sample = Sample { server: UtcMillis(truth(at)), at, trip: 20 };
            belief.learn(&[sample], false, unset(at), at);
        }
        let later = 24 * HOUR + 7 * 24 * HOUR;
        let off = belief.wall(unset(later), later).0 - truth(later);
        assert!(off.abs() < 500, "{off} ms off after a week; without knowing the drift it would be a minute");
    }

    #[test]
    fn a_night_without_power_does_not_bring_back_hours_that_were_already_played() {
        let mut belief = Belief::default();
        let yesterday = right(0);
        assert!(belief.not_before(yesterday, 0, unset(300), 300).is_some());
        assert_eq!(belief.wall(unset(1_300), 1_300), yesterday.plus(1_000));
        assert_eq!(belief.not_before(yesterday, 0, unset(1_300), 1_300), None);
        // NTP at last: it is the next morning.
        let morning = right(10 * HOUR);
        assert_eq!(belief.wall(morning, 2_300), morning);
    }

    #[test]
    fn what_the_server_signed_counts_for_more_than_what_it_cannot_be_before() {
        let mut belief = Belief::default();
        belief.learn(&answers(TRUTH, 0), false, unset(0), 0);
        assert_eq!(belief.not_before(right(HOUR), 0, unset(0), 0), None);
        belief.device_is_kept(0);
        assert_eq!(belief.wall(unset(10), 10), right(10));
        let mut belief = Belief::default();
        belief.not_before(right(HOUR), 0, right(0), 0);
        belief.device_is_kept(0);
        assert_eq!(belief.wall(right(10), 10), right(10), "NTP knows better than yesterday's wrong clock");
    }

    #[test]
    fn what_was_a_guess_is_known_better_once_the_server_has_said_what_time_it_is() {
        let (evening, morning) = (right(0), 10 * HOUR);
        let mut belief = Belief::default();
        assert_eq!(belief.hindsight(unset(0), 0), Hindsight::Same, "nothing says that this clock is wrong");
        belief.not_before(evening, 0, unset(300), 300);
        let believed = belief.wall(unset(1_000), 1_000);
        assert_eq!(belief.hindsight(unset(1_000), 1_000), Hindsight::Guessing);
        assert_eq!(belief.hindsight(unset(1_000), 1_000).of(believed, 1_000), believed);
        belief.learn(&answers(TRUTH + signed(morning), 20_000), false, unset(20_000), 20_000);
        let known = belief.hindsight(unset(30_000), 30_000);
        assert_eq!(known.of(believed, 1_000), right(morning + 1_000));
        let later = belief.wall(unset(25_000), 25_000);
        assert_eq!(known.of(later, 25_000), later, "what was known then stays as it was");
    }

    #[test]
    fn ntp_too_tells_what_time_it_was_before() {
        let mut belief = Belief::default();
        belief.not_before(right(0), 0, unset(0), 0);
        let believed = belief.wall(unset(1_000), 1_000);
        assert_eq!(belief.wall(right(HOUR), 2_000), right(HOUR));
        assert_eq!(belief.hindsight(right(HOUR), 2_000).of(believed, 1_000), right(HOUR).plus(-1_000));
    }

    #[test]
    fn answers_that_were_held_up_on_the_way_do_not_count() {
        let honest = |at, trip| Sample { server: UtcMillis(TRUTH + signed(at)), at, trip };
        let late = Sample { server: UtcMillis(TRUTH - 4_000), at: 0, trip: 9_000 };
        let epoch = |samples: &[Sample]| median_of_best(samples).map(|heard| heard.epoch);
        assert_eq!(epoch(&[late, honest(1, 30), honest(2, 25), late, honest(3, 400)]), Some(TRUTH));
        assert_eq!(epoch(&[]), None);
    }

    proptest! {
        #[test]
        fn what_is_believed_never_runs_backwards_by_itself(
            bound in 0..2 * TRUTH, steps in proptest::collection::vec(0..100_000_u64, 1..50)
        ) {
            let mut belief = Belief::default();
            belief.not_before(UtcMillis(bound), 0, unset(0), 0);
            let mut monotonic = 0;
            let mut before = belief.wall(unset(0), 0);
            for step in steps {
                monotonic += step;
                let now = belief.wall(unset(monotonic), monotonic);
                prop_assert!(now >= before && now >= UtcMillis(bound));
                before = now;
            }
        }
    }
}
