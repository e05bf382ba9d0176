//! Expected against actual: what the playlists in force should have shown in a zone, what the screen signed that it showed, and
//! for every gap between the two its likely cause. Pure, so that the ribbon of a day and the findings of a night say the same.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Play, PlayStatus, Trigger, WallChange, WallReason, WallState};
use crate::{
    geometry::ZoneName,
    id::BootId,
    playlist::{Playlist, WallSettings},
    time::{UtcInterval, UtcMillis},
};

/// Shown stretches so near to each other are one: a frame, a worker's start.
const SEAM: i64 = 2_000;
/// What is missing for less than this is no gap worth a person's look.
const SHORTEST_GAP: i64 = 3_000;
/// How far wall clock and monotonic clock may drift apart between two plays before one of them was set or begun anew.
const DRIFT: i64 = 30_000;
/// A showing that is still going on when a batch is sealed lasts no longer than this, mostly.
const LONGEST_SHOWING: i64 = 120_000;

/// Why nothing was shown, as far as it can be told from what the screen signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = GapCause))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The screen has not reported so far: it is offline, or this is just now.
    NotReported,
    /// It has reported, but what it said of that time was not taken: batches before it are missing.
    BatchesMissing,
    /// The wall was off, and the screen signed so: by its hours, or by somebody at the machine.
    WallOff,
    /// A takeover had the whole wall.
    Takeover,
    /// A file was missing, damaged or unplayable.
    Content,
    /// The display, the sound card or the worker failed.
    Display,
    /// There are records, and they are not believed.
    NotBelieved,
    /// The machine was off, or started anew.
    Power,
    /// The player was started anew on a machine that went on running.
    Restarted,
    /// The clock was set: the time never was.
    Clock,
    /// The player ran and showed nothing of it.
    Unknown,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NotReported,
        Self::BatchesMissing,
        Self::WallOff,
        Self::Takeover,
        Self::Content,
        Self::Display,
        Self::NotBelieved,
        Self::Power,
        Self::Restarted,
        Self::Clock,
        Self::Unknown,
    ];

    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::NotReported => "断网或停机，尚未上报",
            Self::BatchesMissing => "批次缺失",
            Self::WallOff => "屏幕已关闭",
            Self::Takeover => "紧急插播占用",
            Self::Content => "素材缺失或损坏",
            Self::Display => "显示设备故障",
            Self::NotBelieved => "有记录但未被采信",
            Self::Power => "断电或关机",
            Self::Restarted => "播放程序重启",
            Self::Clock => "时钟被调整",
            Self::Unknown => "程序在运行但未播放",
        }
    }

    /// Whether that is as it was ordered, so that nobody has to look into it.
    pub const fn is_ordered(self) -> bool {
        matches!(self, Self::WallOff | Self::Takeover)
    }
}

/// A stretch in which something should have been shown and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gap {
    /// From.
    pub start: UtcMillis,
    /// Until.
    pub end: UtcMillis,
    /// Why, likely.
    pub cause: Cause,
}

/// One zone's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ZoneDay {
    /// Which.
    pub zone: ZoneName,
    /// When something should have been shown, until now.
    pub expected: Vec<UtcInterval>,
    /// When something was.
    pub shown: Vec<UtcInterval>,
    /// When it should have been and was not.
    pub gaps: Vec<Gap>,
    /// Milliseconds that should have been filled, and that were.
    pub expected_ms: i64,
    /// How many of these were filled.
    pub kept_ms: i64,
}

/// A play as a gap is judged by it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What was signed.
    pub play: Play,
    /// By which run of the player.
    pub boot: BootId,
    /// Whether nothing is held against it.
    pub believed: bool,
}

impl Seen {
    fn shown(&self) -> Option<UtcInterval> {
        let on_wall = matches!(self.play.status, PlayStatus::Success | PlayStatus::Interrupted) && self.believed;
        UtcInterval::checked(self.play.start, self.play.start + self.play.actual).filter(|_| on_wall)
    }
}

/// When a playlist fills a zone on a date: dayparts without the remainders in which only a still is held.
pub fn filled(playlist: &Playlist, zone: ZoneName, date: NaiveDate) -> Vec<UtcInterval> {
    let day = playlist.zone(zone).and_then(|programme| programme.days.iter().find(|day| day.date == date));
    let parts = day.map_or(&[][..], |day| &day.dayparts).iter().filter_map(|part| {
        let looped = playlist.loops.get(part.looped as usize)?;
        let length = looped.length().as_i64().max(1);
        let lasts = part.end.since(part.start);
        let mut plays = lasts - lasts % length;
        for slot in &looped.slots {
            if plays + slot.duration.as_i64() > lasts {
                break;
            }
            plays += slot.duration.as_i64();
        }
        UtcInterval::checked(part.start, part.start.plus(plays))
    });
    parts.collect()
}

/// When the office had a zone dark or silent on a date, by what the screen was told from when on: nothing is expected then.
pub fn dark(walls: &[(UtcMillis, WallSettings)], zone: ZoneName, date: NaiveDate, timezone: Tz) -> Vec<UtcInterval> {
    let mut dark = Vec::new();
    for (nth, (from, wall)) in walls.iter().enumerate() {
        let until = walls.get(nth + 1).map_or(UtcMillis(i64::MAX), |(next, _)| *next);
        let Some(in_force) = UtcInterval::checked(*from, until) else { continue };
        let nights = date.pred_opt().into_iter().chain([date]).flat_map(|date| wall.dark_on(zone, date, timezone));
        dark.extend(nights.filter_map(|night| night.intersection(in_force)));
    }
    UtcInterval::union(dark)
}

fn length(intervals: &[UtcInterval]) -> i64 {
    intervals.iter().map(|each| each.length()).sum()
}

/// What a screen told of a time.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Its plays, of all zones, and those before and after it.
    pub plays: Vec<Seen>,
    /// How its wall was, by its own word, in any order.
    pub walls: Vec<WallChange>,
    /// When it sealed its newest batch that was taken; `None`: it never spoke.
    pub sealed: Option<UtcMillis>,
    /// Whether a later batch of it waits for one that is missing.
    pub waits: bool,
}

impl Told {
    /// When the wall was off by the screen's own word, and whether because something failed. Nothing is said of the time after
    /// its newest batch.
    fn off(&self) -> Vec<(UtcInterval, Cause)> {
        let mut walls = self.walls.clone();
        walls.sort_by_key(|change| change.from);
        let until = |nth: usize| walls.get(nth + 1).map(|next| next.from).or(self.sealed);
        let off = walls.iter().enumerate().filter(|(_, change)| change.state == WallState::Off);
        let off = off.filter_map(|(nth, change)| {
            let cause = if change.why == WallReason::Fault { Cause::Display } else { Cause::WallOff };
            Some((UtcInterval::checked(change.from, until(nth)?)?, cause))
        });
        off.collect()
    }
}

/// Expected against actual in one zone, by what its screen told.
pub fn compare(zone: ZoneName, expected: Vec<UtcInterval>, told: &Told) -> ZoneDay {
    let (plays, off) = (&told.plays[..], told.off());
    let expected = UtcInterval::union(expected);
    let reported_until = told.sealed.map(|sealed| known_until(sealed, zone, plays));
    let own = plays.iter().filter(|seen| seen.play.zone == zone);
    let bridged = own.filter_map(Seen::shown).map(|shown| UtcInterval { end: shown.end.plus(SEAM), ..shown });
    let shown: Vec<UtcInterval> = UtcInterval::union(bridged.collect())
        .into_iter()
        .filter_map(|shown| UtcInterval::checked(shown.start, shown.end.plus(-SEAM)))
        .collect();
    let missing = UtcInterval::without(&expected, &shown);
    let mut gaps = Vec::new();
    for gap in missing.iter().copied().filter(|gap| gap.length() >= SHORTEST_GAP) {
        // What the screen has not spoken of yet is told apart from what it has.
        let known = reported_until.unwrap_or(gap.start).clamp(gap.start, gap.end);
        let spoken = UtcInterval::checked(gap.start, known).filter(|spoken| spoken.length() >= SHORTEST_GAP);
        if let Some(spoken) = spoken {
            gaps.extend(explained(spoken, zone, plays, &off));
        }
        let untold = UtcInterval::checked(known, gap.end).filter(|untold| untold.length() >= SHORTEST_GAP);
        let silent = if told.waits { Cause::BatchesMissing } else { Cause::NotReported };
        gaps.extend(untold.map(|gap| Gap { start: gap.start, end: gap.end, cause: silent }));
    }
    let expected_ms = length(&expected);
    let kept_ms = length(&UtcInterval::intersect(&expected, &shown));
    ZoneDay { zone, expected, shown, gaps, expected_ms, kept_ms }
}

/// A gap of which the screen has spoken: what it says of its wall is cut out, the rest has a likely cause each.
fn explained(gap: UtcInterval, zone: ZoneName, plays: &[Seen], off: &[(UtcInterval, Cause)]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut left = vec![gap];
    for (stretch, cause) in off {
        gaps.extend(UtcInterval::intersect(&left, &[*stretch]).into_iter().map(|part| (part, *cause)));
        left = UtcInterval::without(&left, &[*stretch]);
    }
    gaps.extend(left.into_iter().map(|part| (part, cause(part, zone, plays))));
    gaps.retain(|(part, _)| part.length() >= SHORTEST_GAP);
    gaps.sort_by_key(|(part, _)| part.start);
    gaps.into_iter().map(|(part, cause)| Gap { start: part.start, end: part.end, cause }).collect()
}

/// The likely cause of a gap. What the screen recorded within it says most; then what its clocks did over it.
fn cause(gap: UtcInterval, zone: ZoneName, plays: &[Seen]) -> Cause {
    let within = |seen: &&Seen| {
        let end = seen.play.start + seen.play.actual;
        seen.play.start < gap.end && end >= gap.start
    };
    let taken_over: Vec<UtcInterval> = plays
        .iter()
        .filter(|seen| seen.play.trigger == Trigger::Takeover)
        .filter_map(|seen| seen.shown()?.intersection(gap))
        .collect();
    if 2 * length(&UtcInterval::union(taken_over)) >= gap.length() {
        return Cause::Takeover;
    }
    let own: Vec<&Seen> = plays.iter().filter(|seen| seen.play.zone == zone).filter(within).collect();
    if own.iter().any(|seen| seen.play.status == PlayStatus::ContentFailure) {
        return Cause::Content;
    }
    if own.iter().any(|seen| seen.play.status == PlayStatus::HardwareFailure) {
        return Cause::Display;
    }
    if own.iter().any(|seen| !seen.believed) {
        return Cause::NotBelieved;
    }
    let before = plays.iter().filter(|seen| seen.play.start < gap.start).max_by_key(|seen| seen.play.start);
    let after = plays.iter().filter(|seen| seen.play.start.plus(SEAM) >= gap.end).min_by_key(|seen| seen.play.start);
    let (Some(before), Some(after)) = (before, after) else { return Cause::Unknown };
    let by_wall = after.play.start.since(before.play.start);
    let ran = after.play.monotonic.checked_sub(before.play.monotonic).and_then(|ms| i64::try_from(ms).ok());
    match ran {
        None => Cause::Power,
        Some(ran) if ran + DRIFT < by_wall && before.boot != after.boot => Cause::Power,
        Some(ran) if (ran - by_wall).abs() > DRIFT => Cause::Clock,
        Some(_) if before.boot != after.boot => Cause::Restarted,
        // Whatever was on the wall was cut, and nothing came after it: so a player ends that is killed.
        Some(_) if cut(zone, gap, plays) => Cause::Restarted,
        Some(_) => Cause::Unknown,
    }
}

/// Whether the last play before a gap was interrupted.
fn cut(zone: ZoneName, gap: UtcInterval, plays: &[Seen]) -> bool {
    let own = plays.iter().filter(|seen| seen.play.zone == zone && seen.play.start < gap.start);
    let last = own.max_by_key(|seen| seen.play.start);
    last.is_some_and(|last| last.play.status == PlayStatus::Interrupted)
}

/// Until when a screen that sealed its newest batch at this time has told everything of a zone: what was on the wall just
/// then comes with the next one.
fn known_until(sealed: UtcMillis, zone: ZoneName, plays: &[Seen]) -> UtcMillis {
    let own = plays.iter().filter(|seen| seen.play.zone == zone);
    let ends = own.map(|seen| seen.play.start + seen.play.actual);
    let last = ends.filter(|end| *end <= sealed && sealed.since(*end) < LONGEST_SHOWING).max();
    last.unwrap_or(sealed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::time::Millis;

    const NOON: UtcMillis = UtcMillis(1_764_000_000_000);

    fn span(from: i64, to: i64) -> UtcInterval {
        UtcInterval { start: NOON.plus(from * 1_000), end: NOON.plus(to * 1_000) }
    }

    /// A play of ten seconds that begins so many seconds after noon, on a machine that runs since an hour before.
    fn seen(at: i64) -> Seen {
        let play = Play {
            item: 0,
            zone: ZoneName::Main,
            start: NOON.plus(at * 1_000),
            monotonic: (3_600_000 + at * 1_000) as u64,
            planned: Millis(10_000),
            actual: Millis(10_000),
            status: PlayStatus::Success,
            trigger: Trigger::Loop,
            evidence: Vec::new(),
        };
        Seen { play, boot: BootId::new(Uuid::from_u128(1)), believed: true }
    }

    fn told(plays: &[Seen], sealed: i64) -> Told {
        Told { plays: plays.to_vec(), sealed: Some(NOON.plus(sealed * 1_000)), ..Told::default() }
    }

    fn day(plays: &[Seen]) -> ZoneDay {
        compare(ZoneName::Main, vec![span(0, 100)], &told(plays, 1_000))
    }

    fn every(but: impl Fn(i64) -> bool) -> Vec<Seen> {
        (0..10).map(|n| n * 10).filter(|at| !but(*at)).map(seen).collect()
    }

    #[test]
    fn a_day_as_it_should_be_has_no_gap() {
        let whole = day(&every(|_| false));
        assert_eq!((whole.gaps, whole.expected_ms, whole.kept_ms), (vec![], 100_000, 100_000));
    }

    #[test]
    fn what_is_missing_is_a_gap_and_a_frame_is_none() {
        let missing = day(&every(|at| (30..50).contains(&at)));
        assert_eq!(
            missing.gaps.iter().map(|gap| (gap.start, gap.end)).collect::<Vec<_>>(),
            [(NOON.plus(30_000), NOON.plus(50_000))]
        );
        assert_eq!(missing.kept_ms, 80_000);
        let mut late = every(|_| false);
        late[4].play.start = late[4].play.start.plus(900);
        late[4].play.actual = Millis(9_100);
        assert_eq!(day(&late).gaps, []);
    }

    #[test]
    fn a_gap_has_the_cause_that_records_and_clocks_tell() {
        let cause_of = |change: &dyn Fn(&mut Seen)| {
            let mut plays = every(|at| (30..50).contains(&at));
            for play in plays.iter_mut().filter(|seen| seen.play.start >= NOON.plus(50_000)) {
                change(play);
            }
            day(&plays).gaps[0].cause
        };
        assert_eq!(cause_of(&|_| {}), Cause::Unknown);
        let other_boot = BootId::new(Uuid::from_u128(2));
        assert_eq!(cause_of(&|seen| seen.boot = other_boot), Cause::Restarted);
        let mut cut = every(|at| (30..50).contains(&at));
        (cut[2].play.status, cut[2].play.actual) = (PlayStatus::Interrupted, Millis(4_000));
        assert_eq!(day(&cut).gaps[0].cause, Cause::Restarted);
        let anew = |seen: &mut Seen| (seen.boot, seen.play.monotonic) = (other_boot, seen.play.monotonic - 3_640_000);
        assert_eq!(cause_of(&anew), Cause::Power);
        assert_eq!(cause_of(&|seen| seen.play.monotonic += 400_000), Cause::Clock);
        let failed = |status| {
            let mut plays = every(|at| (30..50).contains(&at));
            let mut failed = seen(30);
            (failed.play.status, failed.play.actual) = (status, Millis(0));
            plays.push(failed);
            day(&plays).gaps[0].cause
        };
        assert_eq!(failed(PlayStatus::ContentFailure), Cause::Content);
        assert_eq!(failed(PlayStatus::HardwareFailure), Cause::Display);
        let mut plays = every(|_| false);
        (plays[3].believed, plays[4].believed) = (false, false);
        assert_eq!(day(&plays).gaps[0].cause, Cause::NotBelieved);
        // The ticker is dark while a takeover has the wall.
        let mut takeover = seen(0);
        (takeover.play.trigger, takeover.play.actual) = (Trigger::Takeover, Millis(100_000));
        let ticker = compare(ZoneName::Ticker, vec![span(0, 100)], &told(&[takeover], 1_000));
        assert_eq!(ticker.gaps[0].cause, Cause::Takeover);
    }

    #[test]
    fn what_the_screen_has_not_reported_yet_is_told_apart() {
        let plays = every(|at| at >= 30);
        let gaps = |sealed: i64| {
            let zone = compare(ZoneName::Main, vec![span(0, 400)], &told(&plays, sealed));
            zone.gaps.iter().map(|gap| (gap.start.since(NOON) / 1_000, gap.cause)).collect::<Vec<_>>()
        };
        // Something may still have been on the wall when it spoke last; not for minutes.
        assert_eq!(gaps(60), [(30, Cause::NotReported)]);
        assert_eq!(gaps(200), [(30, Cause::Unknown), (200, Cause::NotReported)]);
        let never = compare(ZoneName::Main, vec![span(0, 100)], &Told::default());
        assert_eq!(never.gaps, [Gap { start: NOON, end: NOON.plus(100_000), cause: Cause::NotReported }]);
    }

    fn wall(at: i64, state: WallState, why: WallReason) -> WallChange {
        WallChange { from: NOON.plus(at * 1_000), state, why }
    }

    #[test]
    fn a_wall_that_was_off_by_the_screens_own_word_is_told_apart_from_what_needs_a_look() {
        let mut told = told(&every(|at| (20..80).contains(&at)), 1_000);
        told.walls = vec![
            wall(60, WallState::On, WallReason::Order),
            wall(30, WallState::Off, WallReason::Order),
            wall(0, WallState::On, WallReason::NotKnown),
        ];
        let causes = |told: &Told| {
            let gaps = compare(ZoneName::Main, vec![span(0, 100)], told).gaps;
            gaps.iter().map(|gap| (gap.start.since(NOON) / 1_000, gap.cause)).collect::<Vec<_>>()
        };
        assert_eq!(causes(&told), [(20, Cause::Unknown), (30, Cause::WallOff), (60, Cause::Unknown)]);
        told.walls[1].why = WallReason::Fault;
        assert_eq!(causes(&told), [(20, Cause::Unknown), (30, Cause::Display), (60, Cause::Unknown)]);
        // Off is the last word: off it is for as long as the screen has spoken.
        told.walls = vec![wall(30, WallState::Off, WallReason::Hours)];
        told.plays = every(|at| at >= 20);
        assert_eq!(causes(&told), [(20, Cause::Unknown), (30, Cause::WallOff)]);
    }

    #[test]
    fn what_waits_for_a_missing_batch_is_not_taken_for_silence() {
        let mut told = told(&every(|at| at >= 30), 60);
        told.waits = true;
        let zone = compare(ZoneName::Main, vec![span(0, 400)], &told);
        assert_eq!(zone.gaps.iter().map(|gap| gap.cause).collect::<Vec<_>>(), [Cause::BatchesMissing]);
    }

    proptest! {
        /// Whatever a screen says: gaps lie within what was expected, apart from each other and from what was shown, and nothing
        /// longer than the shortest gap is left without a word.
        #[test]
        fn gaps_and_shown_stretches_make_up_what_was_expected(
            expected in prop::collection::vec((0i64..5_000, 1i64..900), 0..5),
            plays in prop::collection::vec((0i64..5_000, 0u32..20_000, 0u8..4, any::<bool>(), any::<bool>()), 0..40),
            walls in prop::collection::vec((0i64..5_000, 0u8..3, 0u8..4), 0..5),
            sealed in prop::option::of(0i64..6_000), waits in any::<bool>(),
        ) {
            let expected: Vec<_> = expected.into_iter().map(|(from, lasts)| span(from, from + lasts)).collect();
            let seen = |(at, actual, status, boot, believed): (i64, u32, u8, bool, bool)| {
                let mut seen = seen(at);
                seen.play.actual = Millis(actual);
                seen.play.status = [PlayStatus::Success, PlayStatus::Interrupted, PlayStatus::ContentFailure, PlayStatus::HardwareFailure][usize::from(status)];
                seen.boot = BootId::new(Uuid::from_u128(u128::from(boot)));
                seen.believed = believed;
                seen
            };
            let states = [WallState::On, WallState::Off, WallState::Unknown];
            let reasons = [WallReason::NotKnown, WallReason::Hours, WallReason::Order, WallReason::Fault];
            let told = Told {
                plays: plays.into_iter().map(seen).collect(),
                walls: walls.into_iter().map(|(at, state, why)| wall(at, states[usize::from(state)], reasons[usize::from(why)])).collect(),
                sealed: sealed.map(|at| NOON.plus(at * 1_000)),
                waits,
            };
            let zone = compare(ZoneName::Main, expected, &told);
            let gaps: Vec<_> = zone.gaps.iter().map(|gap| UtcInterval { start: gap.start, end: gap.end }).collect();
            prop_assert!(gaps.windows(2).all(|pair| pair[0].end <= pair[1].start), "{:?}", gaps);
            prop_assert!(gaps.iter().all(|gap| gap.length() >= SHORTEST_GAP));
            prop_assert_eq!(UtcInterval::without(&gaps, &zone.expected), vec![]);
            prop_assert_eq!(UtcInterval::intersect(&gaps, &zone.shown), vec![]);
            let unsaid = UtcInterval::without(&UtcInterval::without(&zone.expected, &zone.shown), &UtcInterval::union(gaps.clone()));
            prop_assert!(unsaid.iter().all(|part| part.length() < SHORTEST_GAP), "{:?}", unsaid);
            prop_assert!(zone.kept_ms + length(&gaps) <= zone.expected_ms);
        }
    }
}
