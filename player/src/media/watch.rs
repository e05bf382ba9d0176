//! Whether the worker still does what it should. Pure: time is told, never asked.
//!
//! A media object that says "loaded" and then nothing, neither frames nor an error, is how players go black for a night.
//! So nothing counts here but movement: a heartbeat, an answer, a position that grows.

use std::{collections::HashMap, time::Duration};

use super::protocol::ClipId;

/// A moment on the supervising thread's own monotonic scale.
pub(super) type At = Duration;

/// Starting a process, and GStreamer reading its plugins for the first time on a slow disk.
const HELLO: Duration = Duration::from_secs(20);
/// Without a heartbeat.
const SILENCE: Duration = Duration::from_millis(1_500);
/// Opening a file and decoding the first frame.
const PREPARING: Duration = Duration::from_secs(10);
/// From the word to the first frame, including a seek.
const STARTING: Duration = Duration::from_secs(5);
/// Playing at the same position.
const STILL: Duration = Duration::from_secs(2);
/// The watch is asked at least so often.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Asked so much later, the watcher itself was held up (and the worker likely too): that time does not count.
const HELD_UP: Duration = Duration::from_millis(400);

/// How far a clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Being opened since.
    Preparing(At),
    /// Waits for its turn.
    Ready,
    /// Was told to begin.
    Starting(At),
    /// Runs; is at this position since.
    Playing(u64, At),
    /// Shows its last frame.
    Ended,
}

/// Who stalls, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stall {
    /// The clips that were at work.
    pub(super) culprits: Vec<ClipId>,
    /// What did not come.
    pub(super) what: &'static str,
}

/// One worker process and its clips.
#[derive(Debug)]
pub(super) struct Watch {
    hello: bool,
    beat: At,
    looked: At,
    clips: HashMap<ClipId, Phase>,
}

impl Watch {
    /// A worker was started.
    pub(super) fn new(now: At) -> Self {
        Self { hello: false, beat: now, looked: now, clips: HashMap::new() }
    }

    /// It said hello.
    pub(super) fn hello(&mut self, now: At) {
        self.hello = true;
        self.beat = now;
        // Nobody could prepare anything before.
        for phase in self.clips.values_mut() {
            if let Phase::Preparing(since) = phase {
                *since = now;
            }
        }
    }

    /// It lives.
    pub(super) fn beat(&mut self, now: At) {
        self.beat = now;
    }

    /// A clip is in a new phase.
    pub(super) fn enter(&mut self, id: ClipId, phase: Phase) {
        self.clips.insert(id, phase);
    }

    /// A running clip is here.
    pub(super) fn moved(&mut self, id: ClipId, position: u64, now: At) {
        if let Some(Phase::Playing(at, since)) = self.clips.get_mut(&id)
            && *at != position
        {
            (*at, *since) = (position, now);
        }
    }

    /// Where a clip is.
    pub(super) fn phase(&self, id: ClipId) -> Option<Phase> {
        self.clips.get(&id).copied()
    }

    /// A clip is gone.
    pub(super) fn forget(&mut self, id: ClipId) {
        self.clips.remove(&id);
    }

    /// All clips, when the process is gone.
    pub(super) fn into_clips(self) -> Vec<(ClipId, Phase)> {
        let mut clips: Vec<_> = self.clips.into_iter().collect();
        clips.sort_unstable_by_key(|(id, _)| *id);
        clips
    }

    /// Whether something stalls. Everything the worker said until now must have been told before.
    pub(super) fn judge(&mut self, now: At) -> Option<Stall> {
        let gap = now.saturating_sub(self.looked);
        self.looked = now;
        if gap > HELD_UP {
            self.forgive(gap, now);
        }
        let over = |since: At, limit: Duration| now.saturating_sub(since) > limit;
        if over(self.beat, if self.hello { SILENCE } else { HELLO }) {
            let at_work = |phase: &Phase| !matches!(phase, Phase::Ready | Phase::Ended);
            return Some(Stall {
                culprits: self.filter(at_work),
                what: if self.hello { "no heartbeat" } else { "it did not start" },
            });
        }
        let stalls = |phase: &Phase| match phase {
            Phase::Preparing(since) => self.hello && over(*since, PREPARING),
            Phase::Starting(since) => over(*since, STARTING),
            Phase::Playing(_, since) => over(*since, STILL),
            Phase::Ready | Phase::Ended => false,
        };
        let culprits = self.filter(stalls);
        (!culprits.is_empty()).then_some(Stall { culprits, what: "a clip does not move" })
    }

    fn filter(&self, which: impl Fn(&Phase) -> bool) -> Vec<ClipId> {
        let mut ids: Vec<_> = self.clips.iter().filter(|(_, phase)| which(phase)).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids
    }

    fn forgive(&mut self, gap: Duration, now: At) {
        let later = |since: &mut At| *since = (*since + gap).min(now);
        later(&mut self.beat);
        for phase in self.clips.values_mut() {
            match phase {
                Phase::Preparing(since) | Phase::Starting(since) | Phase::Playing(_, since) => later(since),
                Phase::Ready | Phase::Ended => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ClipId = ClipId(1);
    const B: ClipId = ClipId(2);

    fn ms(ms: u64) -> At {
        Duration::from_millis(ms)
    }

    /// Lets time pass as the supervisor does; `step` is told each moment. Returns when the watch cried.
    fn run(watch: &mut Watch, from: u64, until: u64, mut step: impl FnMut(&mut Watch, u64)) -> Option<(u64, Stall)> {
        (from..=until).step_by(100).find_map(|t| {
            step(watch, t);
            watch.judge(ms(t)).map(|stall| (t, stall))
        })
    }

    fn awake() -> Watch {
        let mut watch = Watch::new(ms(0));
        watch.hello(ms(0));
        watch
    }

    #[test]
    fn silence_is_noticed_after_one_and_a_half_seconds_and_blames_who_was_at_work() {
        let mut watch = awake();
        watch.enter(A, Phase::Playing(0, ms(0)));
        watch.enter(B, Phase::Ready);
        let (at, stall) = run(&mut watch, 0, 5_000, |_, _| {}).unwrap();
        assert_eq!((at, stall.culprits), (1_600, vec![A]));
    }

    #[test]
    fn a_heartbeat_does_not_excuse_a_clip_that_stands_still() {
        let mut watch = awake();
        watch.enter(A, Phase::Playing(0, ms(0)));
        let stalled = run(&mut watch, 0, 9_000, |watch, t| {
            watch.beat(ms(t));
            watch.moved(A, t.min(3_000), ms(t));
        });
        assert_eq!(stalled.unwrap().0, 5_100);
    }

    #[test]
    fn what_moves_or_waits_or_has_ended_is_left_alone() {
        let mut watch = awake();
        watch.enter(A, Phase::Playing(0, ms(0)));
        watch.enter(B, Phase::Ready);
        watch.enter(ClipId(3), Phase::Ended);
        let stalled = run(&mut watch, 0, 60_000, |watch, t| {
            watch.beat(ms(t));
            watch.moved(A, t, ms(t));
        });
        assert_eq!(stalled, None);
    }

    #[test]
    fn loaded_but_never_opened_is_a_stall_and_so_is_told_to_start_but_never_started() {
        for (phase, limit) in [(Phase::Preparing(ms(0)), 10_100), (Phase::Starting(ms(0)), 5_100)] {
            let mut watch = awake();
            watch.enter(A, phase);
            assert_eq!(run(&mut watch, 0, 60_000, |watch, t| watch.beat(ms(t))).unwrap().0, limit);
        }
    }

    #[test]
    fn a_worker_has_time_to_start_and_its_clips_wait_for_it() {
        let mut watch = Watch::new(ms(0));
        watch.enter(A, Phase::Preparing(ms(0)));
        assert_eq!(run(&mut watch, 0, 19_900, |_, _| {}), None);
        watch.hello(ms(19_950));
        assert_eq!(run(&mut watch, 20_000, 29_900, |watch, t| watch.beat(ms(t))), None);
        let mut never = Watch::new(ms(0));
        assert_eq!(run(&mut never, 0, 60_000, |_, _| {}).unwrap().0, 20_100);
    }

    #[test]
    fn a_watcher_that_was_held_up_itself_does_not_blame_the_worker_for_it() {
        let mut watch = awake();
        watch.enter(A, Phase::Playing(0, ms(0)));
        assert_eq!(watch.judge(ms(100)), None);
        assert_eq!(watch.judge(ms(8_000)), None);
        // But if it is still silent when both could have gone on, it is.
        assert_eq!(run(&mut watch, 8_100, 20_000, |_, _| {}).unwrap().0, 9_500);
    }
}
