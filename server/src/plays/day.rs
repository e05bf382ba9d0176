//! A screen's day, expected against actual: what the playlists in force should have shown, what the screen signed that it
//! showed, and for every gap between the two its likely cause. Pure; the shell that reads the database is at the end.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{
    geometry::ZoneName,
    id::{BootId, ScreenId},
    playlist::{Playlist, WallSettings},
    playlog::{Play, PlayStatus, SignedBatch, Trigger},
    recurrence::day_of,
    time::{UtcInterval, UtcMillis},
};

use super::{
    Order, PlayError, Plays, flags,
    opened::day_number,
    store::{self, batches::Kept, days::Sought},
};
use crate::accounts::Principal;

/// Shown stretches so near to each other are one: a frame, a worker's start.
const SEAM: i64 = 2_000;
/// What is missing for less than this is no gap worth a person's look.
const SHORTEST_GAP: i64 = 3_000;
/// How far wall clock and monotonic clock may drift apart between two plays before one of them was set or begun anew.
const DRIFT: i64 = 30_000;
/// A showing that is still going on when a batch is sealed lasts no longer than this, mostly.
const LONGEST_SHOWING: i64 = 120_000;
/// How far around the day is looked for the plays before and after a gap.
const AROUND: i64 = 12 * 3_600_000;

/// Why nothing was shown, as far as it can be told from what the screen signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GapCause)]
pub enum Cause {
    /// The screen has not reported so far: it is offline, or this is just now.
    NotReported,
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

/// A stretch in which something should have been shown and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    /// From.
    pub start: UtcMillis,
    /// Until.
    pub end: UtcMillis,
    /// Why, likely.
    pub cause: Cause,
}

/// One zone's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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

/// One local day of one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShownDay {
    /// The day.
    pub date: NaiveDate,
    /// IANA zone it is counted in.
    pub timezone: String,
    /// Its beginning and end.
    pub day: UtcInterval,
    /// Until when the screen has reported; none: never.
    pub reported_until: Option<UtcMillis>,
    /// Zone by zone.
    pub zones: Vec<ZoneDay>,
}

/// A play as a gap is judged by it.
#[derive(Debug, Clone)]
struct Seen {
    play: Play,
    boot: BootId,
    believed: bool,
}

impl Seen {
    fn shown(&self) -> Option<UtcInterval> {
        let on_wall = matches!(self.play.status, PlayStatus::Success | PlayStatus::Interrupted) && self.believed;
        UtcInterval::checked(self.play.start, self.play.start + self.play.actual).filter(|_| on_wall)
    }
}

/// When a playlist fills a zone on a date: dayparts without the remainders in which only a still is held.
fn filled(playlist: &Playlist, zone: ZoneName, date: NaiveDate) -> Vec<UtcInterval> {
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
fn dark(walls: &[(UtcMillis, WallSettings)], zone: ZoneName, date: NaiveDate, timezone: Tz) -> Vec<UtcInterval> {
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

/// Expected against actual in one zone, by a screen that sealed its newest batch then.
fn compare(zone: ZoneName, expected: Vec<UtcInterval>, plays: &[Seen], sealed: Option<UtcMillis>) -> ZoneDay {
    let expected = UtcInterval::union(expected);
    let reported_until = sealed.map(|sealed| known_until(sealed, zone, plays));
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
        let told = UtcInterval::checked(gap.start, known).filter(|told| told.length() >= SHORTEST_GAP);
        gaps.extend(told.map(|told| Gap { start: told.start, end: told.end, cause: cause(told, zone, plays) }));
        let untold = UtcInterval::checked(known, gap.end).filter(|untold| untold.length() >= SHORTEST_GAP);
        gaps.extend(untold.map(|gap| Gap { start: gap.start, end: gap.end, cause: Cause::NotReported }));
    }
    let expected_ms = length(&expected);
    let kept_ms = length(&UtcInterval::intersect(&expected, &shown));
    ZoneDay { zone, expected, shown, gaps, expected_ms, kept_ms }
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

impl Plays {
    /// A local day of a screen that this person may look at, expected against actual, as far as it has passed.
    pub async fn shown_day(
        &self,
        screen: ScreenId,
        date: NaiveDate,
        who: &Principal,
        now: UtcMillis,
    ) -> Result<ShownDay, PlayError> {
        let screen = self.seen_by(screen, who).await?;
        let timezone: Tz = screen.timezone.parse().unwrap_or(Tz::Asia__Shanghai);
        let day = day_of(date, timezone);
        let passed = UtcInterval { start: day.start, end: day.end.min(now).max(day.start) };
        let mut plays = Vec::new();
        let around = UtcInterval { start: day.start.plus(-AROUND), end: day.end.plus(AROUND) };
        for kept in self.around(screen.id, date).await? {
            // What was stored was verified; one that is damaged since says nothing here, and its time is a gap.
            let signed = self.signed(&kept).await?.unwrap_or_default();
            let Ok(batch) = SignedBatch::verify(signed, &screen.public_key) else { continue };
            let batch = batch.batch();
            if !batch.plays.iter().any(|play| around.contains(play.start)) {
                continue;
            }
            // Flags that are damaged leave nothing to be believed.
            let flags = flags::read(&kept.flags, batch.plays.len()).unwrap_or_default();
            plays.extend((0..).zip(&batch.plays).map(|(position, play): (usize, _)| Seen {
                play: play.clone(),
                boot: batch.boot,
                believed: flags.get(position) == Some(&None),
            }));
        }
        let mut told = self.playlists.told(screen.id, MOST_TOLD).await?;
        told.reverse();
        let mut zones: Vec<(ZoneName, Vec<UtcInterval>)> =
            screen.layout.zones(screen.size, screen.sound).iter().map(|zone| (zone.name, Vec::new())).collect();
        for (nth, each) in told.iter().enumerate() {
            let until = told.get(nth + 1).map_or(passed.end, |next| next.issued);
            let Some(in_force) = UtcInterval::checked(each.issued, until).and_then(|f| f.intersection(passed)) else {
                continue;
            };
            let playlist = self.playlists.playlist(each.playlist).await?;
            for (zone, expected) in &mut zones {
                expected.extend(filled(&playlist, *zone, date).into_iter().filter_map(|f| f.intersection(in_force)));
            }
        }
        let walls = self.playlists.walls_told(screen.id, passed).await?;
        let sealed = store::batches::reported_until(&self.db, screen.id).await?;
        let lit =
            |zone, expected| UtcInterval::without(&UtcInterval::union(expected), &dark(&walls, zone, date, timezone));
        let zones = zones.into_iter().map(|(zone, e)| compare(zone, lit(zone, e), &plays, sealed)).collect();
        Ok(ShownDay { date, timezone: screen.timezone, day, reported_until: sealed, zones })
    }
}

impl Plays {
    /// The batches that hold plays of a screen's local day, of the one before or the one after.
    pub(super) async fn around(&self, screen: ScreenId, date: NaiveDate) -> Result<Vec<Kept>, PlayError> {
        let Some(number) = self.numbers.screen(screen).await? else { return Ok(Vec::new()) };
        let day = day_number(date);
        let sought = Sought { screen: Some(number), places: None, from: day - 1, to: day + 1, counts: false };
        let (days, _) = store::days::page(&self.db, &sought, Order::OldestFirst, None, MOST_PLACES).await?;
        let spans: Vec<_> = days.into_iter().map(|day| day.span).collect();
        let mut batches = store::batches::all_of(&self.db, &spans).await?;
        batches.sort_by_key(|batch| batch.sequence);
        batches.dedup_by_key(|batch| batch.sequence);
        Ok(batches)
    }
}

/// Places that a screen hung in within three days, at most.
const MOST_PLACES: u32 = 100;

/// Playlists of one screen that are looked back over.
const MOST_TOLD: usize = 400;

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use xuanping_core::time::Millis;

    use super::*;

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

    fn day(plays: &[Seen]) -> ZoneDay {
        compare(ZoneName::Main, vec![span(0, 100)], plays, Some(NOON.plus(1_000_000)))
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
        let ticker = compare(ZoneName::Ticker, vec![span(0, 100)], &[takeover], Some(NOON.plus(1_000_000)));
        assert_eq!(ticker.gaps[0].cause, Cause::Takeover);
    }

    #[test]
    fn what_the_screen_has_not_reported_yet_is_told_apart() {
        let plays = every(|at| at >= 30);
        let gaps = |sealed: i64| {
            let zone = compare(ZoneName::Main, vec![span(0, 400)], &plays, Some(NOON.plus(sealed * 1_000)));
            zone.gaps.iter().map(|gap| (gap.start.since(NOON) / 1_000, gap.cause)).collect::<Vec<_>>()
        };
        // Something may still have been on the wall when it spoke last; not for minutes.
        assert_eq!(gaps(60), [(30, Cause::NotReported)]);
        assert_eq!(gaps(200), [(30, Cause::Unknown), (200, Cause::NotReported)]);
        let never = compare(ZoneName::Main, vec![span(0, 100)], &[], None);
        assert_eq!(never.gaps, [Gap { start: NOON, end: NOON.plus(100_000), cause: Cause::NotReported }]);
    }
}
