//! Which plays of a batch are believed: pure, so that the same batch is judged alike by the server and by anybody who has
//! the playlists and manifests of its time.
//!
//! A signed play is never thrown away. One that cannot be true is kept with the rule it broke and counted apart. The rules
//! are strict about what adds up (nothing is counted twice, nothing for longer than its slot) and patient with what honest
//! players live through: clocks that are set, restarts, weeks without a network.

use std::collections::HashMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{Batch, Covered, ItemRef, Play, PlayStatus, Trigger, WallChange, WallReason, WallState};
use crate::{
    digest::Digest,
    geometry::ZoneName,
    id::TakeoverId,
    playlist::{Item, OnAir, OnWall, Playlist, Source, Takeover, on_wall},
    time::{Millis, UtcInterval, UtcMillis},
};

/// How far a player's clock may be ahead of ours before its plays are not believed, in milliseconds.
const CLOCK_AHEAD: i64 = 10 * 60_000;
/// How long before its enrolment a screen's first play may lie, in milliseconds: its clock may have been a little slow.
const BEFORE_ENROLMENT: i64 = 24 * 3_600_000;
/// How far beside its slot a play may begin, in milliseconds: a frame has to be drawn, a worker has to start, and a clock
/// is put right by a second.
const A_MOMENT: i64 = 1_500;
/// How long after the end of its slot a play may last, in milliseconds, by a clock that was put right by a second meanwhile.
const SPARE: i64 = 2_000;
/// How long before it was issued a player may obey something, in milliseconds: players put clocks right that are further
/// behind what was signed.
const CLOCK_BEHIND: i64 = 3_600_000;
/// How long after a screen was last heard of something replaced may still be on its wall, in milliseconds: files have to be
/// fetched before a player turns to a new playlist…
const TO_FETCH: i64 = 24 * 3_600_000;
/// …and nothing before it leaves a takeover.
const TO_LEAVE: i64 = 3_600_000;
/// How far wall clock and monotonic clock may drift apart between plays of one run of a machine, in milliseconds.
const DRIFT: i64 = 2_000;

/// Why a play is not counted although the screen signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The item was never issued to this screen: not in the playlist it names, or that playlist or takeover was not its.
    UnknownItem,
    /// It starts in the future or before the screen was enrolled: the player's clock was wrong.
    ImpossibleTime,
    /// Its playlist or takeover was not in force then: not issued yet, or replaced long ago by one that the player had.
    NotInForce,
    /// The playlist or takeover it names shows something else, or nothing, in that zone at that moment.
    NotOnAir,
    /// It says it was meant to last for another time than the item does, or was there for longer than its slot.
    WrongLength,
    /// It began while the one before it in its zone was still on the wall, by both clocks.
    Overlaps,
    /// The wall was off: nobody saw it.
    WallOff,
    /// What was to be expected and what was do not agree in time: it began before the machine had run for as long as the play
    /// before it in its zone says it was shown, whatever the wall clock said.
    TimelineDisagrees,
    /// That time of the zone was reported before, by the same run of the machine.
    Repeated,
    /// That time of the zone was shown before the clock was set back: true, and counted only once.
    ClockSetBack,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::UnknownItem,
        Self::ImpossibleTime,
        Self::NotInForce,
        Self::NotOnAir,
        Self::WrongLength,
        Self::Overlaps,
        Self::WallOff,
        Self::TimelineDisagrees,
        Self::Repeated,
        Self::ClockSetBack,
    ];

    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::UnknownItem => "未下发给该屏幕的素材",
            Self::ImpossibleTime => "播放时间不可能",
            Self::NotInForce => "播放单或插播当时未生效",
            Self::NotOnAir => "当时不在播放单的轮播中",
            Self::WrongLength => "播放时长与排定的时段不符",
            Self::Overlaps => "与同一分区的上一次播放重叠",
            Self::WallOff => "当时屏幕处于关闭状态",
            Self::TimelineDisagrees => "与机器实际运行时间不符",
            Self::Repeated => "该时段重复上报",
            Self::ClockSetBack => "时钟回拨后重复的时段",
        }
    }
}

/// The version of these rules. Whoever judges by others cannot say that a judgement is wrong.
pub const RULES: u32 = 1;

/// How a play enters the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counts {
    /// Shown its full length.
    Completed,
    /// Shown for a part.
    Interrupted,
    /// The display or the file failed.
    Failed,
    /// Flagged.
    Not,
}

/// A time in which a screen was told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reign {
    /// When it was told.
    #[n(0)]
    pub from: UtcMillis,
    /// When it was told otherwise; `None`: it is in force.
    #[n(1)]
    pub until: Option<UtcMillis>,
    /// When the screen was first heard of after that; `None`: not since.
    #[n(2)]
    pub heard: Option<UtcMillis>,
}

impl Reign {
    /// Whether it matters, to plays until `latest`, when the screen was heard of.
    pub fn asks_when_heard(&self, latest: UtcMillis) -> bool {
        self.until.is_some_and(|until| latest > until.plus(TO_LEAVE))
    }

    /// Whether a player may honestly have gone by it at `at`, if it needs `patience` to turn to something newer.
    fn covers(&self, at: UtcMillis, patience: i64) -> bool {
        let known = match (self.until, self.heard) {
            (None, _) | (Some(_), None) => return at >= self.from.plus(-CLOCK_BEHIND),
            (Some(until), Some(heard)) => until.max(heard),
        };
        at >= self.from.plus(-CLOCK_BEHIND) && at <= known.plus(patience)
    }
}

/// A playlist that was issued to the screen.
#[derive(Debug, Clone)]
pub struct IssuedPlaylist {
    /// What it says.
    pub playlist: std::sync::Arc<Playlist>,
    /// When it was in force.
    pub reigns: Vec<Reign>,
}

/// Takeovers as one manifest of the screen had them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct IssuedTakeovers {
    /// All of that manifest.
    #[n(0)]
    pub takeovers: Vec<Takeover>,
    /// From that manifest until the first without the takeover in question.
    #[n(1)]
    pub reign: Reign,
}

/// A play of the batch before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The play.
    pub play: Play,
    /// What it showed.
    pub item: ItemRef,
    /// Whether it was.
    pub believed: bool,
}

/// What is known about a screen when one of its batches is judged.
#[derive(Debug, Clone)]
pub struct Known {
    /// When it was enrolled.
    pub enrolled: UtcMillis,
    /// When the batch came.
    pub received: UtcMillis,
    /// Of the playlists that the batch names, those that were issued to the screen.
    pub playlists: HashMap<Digest, IssuedPlaylist>,
    /// Of the takeovers that the batch names, those that were.
    pub takeovers: HashMap<TakeoverId, Vec<IssuedTakeovers>>,
    /// The last play of each zone in the batch before.
    pub before: Vec<Before>,
}

/// A play, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Why it is not believed, if it is not.
    pub flag: Option<Flag>,
    /// How it enters the counters.
    pub counts: Counts,
    /// For how long it is believed to have been on the wall.
    pub shown: Millis,
}

/// The place in its programme that a play was made for.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: UtcMillis,
    end: UtcMillis,
    duration: Millis,
}

impl Place {
    /// Whether a whole showing that began then can be this place's. A slot may be so long that the item fits into it twice:
    /// see [`Judge::done`].
    fn holds_whole(&self, play: &Play) -> bool {
        let late = play.start.since(self.start);
        let room = self.end.since(self.start) - self.duration.as_i64();
        play.completed() && late >= -A_MOMENT && late <= room + A_MOMENT + Play::TOLERANCE.as_i64()
    }
}

/// Judges every play of a batch whose signature and place in the chain were checked, in the batch's order, and takes the
/// time of those that are believed.
pub fn judge(batch: &Batch, known: &Known, covered: &mut Covered) -> Vec<Judgement> {
    judge_each(batch, known, covered, |_, found| found)
}

/// Judges a batch that somebody judged already, each play as if what was held of those before it were right: so one wrong
/// judgement is one, and not the beginning of many. What was held is taken as said of its first so many plays.
pub fn judge_again(batch: &Batch, known: &Known, held: &[Option<Flag>], covered: &mut Covered) -> Vec<Judgement> {
    judge_each(batch, known, covered, |number, found| held.get(number).copied().unwrap_or(found))
}

/// `held` says what those after it are to think of a play, given its number and what was found.
fn judge_each(
    batch: &Batch,
    known: &Known,
    covered: &mut Covered,
    held: impl Fn(usize, Option<Flag>) -> Option<Flag>,
) -> Vec<Judgement> {
    let one_run = batch.machine.is_some();
    let mut judge = Judge { known, walls: &batch.walls, one_run, last: HashMap::new(), up: HashMap::new() };
    for Before { play, item, believed } in &known.before {
        let place = judge.place(play, item).ok().filter(|place| *believed && place.holds_whole(play));
        judge.last.insert(play.zone, Last { play, believed: *believed, done: place.map(|place| place.start) });
    }
    let next = following(&batch.plays);
    let judged = batch.plays.iter().zip(next).enumerate().map(|(number, (play, next))| {
        // Verified batches name only items of their table.
        let item = batch.items.get(play.item as usize);
        let next = next.and_then(|next| batch.plays.get(next));
        judge.play(play, item, next, covered, |found| held(number, found))
    });
    judged.collect()
}

/// The last play of each zone of a batch, of which this was held: what is known [`before`](Known::before) the next.
pub fn last_of_each_zone(batch: &Batch, held: &[Option<Flag>]) -> Vec<Before> {
    let mut last: Vec<Before> = Vec::new();
    for (position, play) in batch.plays.iter().enumerate().rev() {
        if !last.iter().any(|known| known.play.zone == play.zone) {
            let believed = held.get(position).is_none_or(Option::is_none);
            let item = batch.items.get(play.item as usize);
            last.extend(item.map(|item| Before { play: play.clone(), item: *item, believed }));
        }
    }
    last
}

/// For each play, the one that follows it in its zone.
fn following(plays: &[Play]) -> Vec<Option<usize>> {
    let mut next = vec![None; plays.len()];
    let mut seen: HashMap<ZoneName, usize> = HashMap::new();
    for (number, play) in plays.iter().enumerate().rev() {
        if let Some(next) = next.get_mut(number) {
            *next = seen.insert(play.zone, number);
        }
    }
    next
}

/// The newest play of a zone that is believed; of the batch before, the newest.
#[derive(Debug, Clone, Copy)]
struct Last<'a> {
    play: &'a Play,
    believed: bool,
    /// The beginning of the place whose whole showing was counted last.
    done: Option<UtcMillis>,
}

struct Judge<'a> {
    known: &'a Known,
    walls: &'a [WallChange],
    /// Whether all of the batch is known to be of one run of the machine, whose monotonic clock then only runs on.
    one_run: bool,
    last: HashMap<ZoneName, Last<'a>>,
    /// The play before in this batch that was on the wall, believed or not.
    up: HashMap<ZoneName, &'a Play>,
}

impl<'a> Judge<'a> {
    fn play(
        &mut self,
        play: &'a Play,
        item: Option<&ItemRef>,
        next: Option<&Play>,
        covered: &mut Covered,
        held: impl FnOnce(Option<Flag>) -> Option<Flag>,
    ) -> Judgement {
        let last = self.last.get(&play.zone).copied();
        let found = item.ok_or(Flag::UnknownItem).and_then(|item| self.place(play, item));
        let shown = found.ok().map_or(Millis(0), |place| within(play, place));
        let on_wall = matches!(play.status, PlayStatus::Success | PlayStatus::Interrupted);
        let up = if on_wall { self.up.insert(play.zone, play) } else { None };
        let too_soon = self.one_run && up.is_some_and(|before| began_too_soon(before, play));
        let flag = match found {
            Err(flag) => Some(flag),
            Ok(place) if play.planned != place.duration => Some(Flag::WrongLength),
            Ok(place) if outlasts(play, place) => {
                Some(if set_back(play, next, place) { Flag::ClockSetBack } else { Flag::WrongLength })
            }
            Ok(_) if !on_wall => None,
            Ok(_) if dark(self.walls, play) => Some(Flag::WallOff),
            Ok(place) => {
                // A place is not filled twice, however long it is.
                let again =
                    play.completed() && (!place.holds_whole(play) || last.is_some_and(|l| l.done == Some(place.start)));
                let taken = taken(play, shown, last, covered);
                taken.or(too_soon.then_some(Flag::TimelineDisagrees)).or(again.then_some(Flag::WrongLength))
            }
        };
        let counts = match (flag, play.status) {
            (Some(_), _) => Counts::Not,
            (None, _) if play.completed() => Counts::Completed,
            // "Success" for less than the whole is not believed to be more than a part.
            (None, PlayStatus::Success | PlayStatus::Interrupted) => Counts::Interrupted,
            (None, PlayStatus::HardwareFailure | PlayStatus::ContentFailure) => Counts::Failed,
        };
        if on_wall && held(flag).is_none() {
            let whole = found.ok().filter(|_| play.completed()).map(|place| place.start);
            let done = whole.or(last.and_then(|last| last.done));
            self.last.insert(play.zone, Last { play, believed: true, done });
            covered.take(play.zone, UtcInterval { start: play.start, end: play.start + shown });
        }
        let shown = if flag.is_none() && on_wall { play.actual } else { Millis(0) };
        Judgement { flag, counts, shown }
    }

    /// The place that a play was made for, or why there is none.
    fn place(&self, play: &Play, item: &ItemRef) -> Result<Place, Flag> {
        match item.playlist {
            Some(digest) if !matches!(play.trigger, Trigger::Takeover | Trigger::Local) => {
                let issued = self.known.playlists.get(&digest).ok_or(Flag::UnknownItem)?;
                if !issued.playlist.items.iter().any(|each| is(each, item)) {
                    return Err(Flag::UnknownItem);
                }
                self.possible(play)?;
                if !issued.reigns.iter().any(|reign| reign.covers(play.start, TO_FETCH)) {
                    return Err(Flag::NotInForce);
                }
                if matches!(play.trigger, Trigger::Event(_)) {
                    return at_event(&issued.playlist, play, item).ok_or(Flag::NotOnAir);
                }
                best(play, |at| in_playlist(&issued.playlist, play.zone, item, at)).ok_or(Flag::NotOnAir)
            }
            None if play.trigger == Trigger::Takeover => {
                let id = TakeoverId::new(item.booking.uuid());
                let issued = self.known.takeovers.get(&id).map_or(&[][..], Vec::as_slice);
                let holds = |all: &IssuedTakeovers| {
                    let named = all.takeovers.iter().filter(|takeover| takeover.id == id);
                    named.flat_map(|takeover| &takeover.items).any(|each| is(&each.item, item))
                };
                if !issued.iter().any(holds) {
                    return Err(Flag::UnknownItem);
                }
                self.possible(play)?;
                let mut ruling = issued.iter().filter(|all| all.reign.covers(play.start, TO_LEAVE)).peekable();
                ruling.peek().ok_or(Flag::NotInForce)?;
                let place =
                    |all: &IssuedTakeovers| best(play, |at| in_takeover(&all.takeovers, id, play.zone, item, at));
                ruling.find_map(place).ok_or(Flag::NotOnAir)
            }
            _ => Err(Flag::UnknownItem),
        }
    }

    /// Whether it may have happened when it says. The time of sealing says nothing: a clock may have been set before it.
    fn possible(&self, play: &Play) -> Result<(), Flag> {
        let earliest = self.known.enrolled.plus(-BEFORE_ENROLMENT);
        let latest = self.known.received.plus(CLOCK_AHEAD);
        if play.start < earliest || play.start + play.actual > latest { Err(Flag::ImpossibleTime) } else { Ok(()) }
    }
}

fn is(item: &Item, said: &ItemRef) -> bool {
    item.booking == said.booking && item.creative == said.creative && item.asset == said.asset
}

/// The place found at the play's start or a moment beside it: one that it fills rather than one that it does not.
fn best(play: &Play, find: impl Fn(UtcMillis) -> Option<Place>) -> Option<Place> {
    let places = || [0, A_MOMENT, -A_MOMENT].into_iter().filter_map(|off| find(play.start.plus(off)));
    places().find(|place| place.holds_whole(play)).or_else(|| places().next())
}

fn in_playlist(playlist: &Playlist, zone: ZoneName, said: &ItemRef, at: UtcMillis) -> Option<Place> {
    let OnAir::Play { item, start, end, .. } = playlist.on_air(zone, at) else { return None };
    let item = playlist.items.get(item as usize).filter(|item| is(item, said))?;
    Some(Place { start, end, duration: item.duration })
}

/// The place of what is shown at an event: whenever one may be in this zone, from when it was begun.
fn at_event(playlist: &Playlist, play: &Play, said: &ItemRef) -> Option<Place> {
    let duration = playlist.items.iter().find(|item| is(item, said))?.duration;
    let place = Place { start: play.start, end: play.start + duration, duration };
    playlist.may_follow_event(play.zone, |item| is(item, said), play.start).then_some(place)
}

fn in_takeover(all: &[Takeover], id: TakeoverId, zone: ZoneName, said: &ItemRef, at: UtcMillis) -> Option<Place> {
    match on_wall(None, all, zone, at) {
        OnWall::Play { item, source: Source::Takeover(ruling), start, end, .. } if ruling == id && is(item, said) => {
            Some(Place { start, end, duration: item.duration })
        }
        _ => None,
    }
}

/// For how long it was on the wall within its place: a clock set back by a second takes no time from what comes next.
fn within(play: &Play, place: Place) -> Millis {
    let most = place.end.since(play.start).max(0);
    Millis(u32::try_from(most).map_or(play.actual.0, |most| play.actual.0.min(most)))
}

/// Whether it was there for longer than its place.
fn outlasts(play: &Play, place: Place) -> bool {
    (play.start + play.actual).since(place.end) > SPARE
}

/// Whether the clock may have been set back while it was there: the play after it shows so, or there is none to show.
fn set_back(play: &Play, next: Option<&Play>, place: Place) -> bool {
    let over = (play.start + play.actual).since(place.end);
    match next.map(|next| (next, next.monotonic.checked_sub(play.monotonic))) {
        Some((next, Some(ran))) => {
            i64::try_from(ran).unwrap_or(i64::MAX) - next.start.since(play.start) + SPARE >= over
        }
        // The machine began anew, or nothing followed.
        Some((_, None)) | None => true,
    }
}

/// Whether the wall was off for more than a moment of it, by the player's own word. A display that fails takes nothing from
/// what is heard.
fn dark(walls: &[WallChange], play: &Play) -> bool {
    let shown = UtcInterval { start: play.start, end: play.start + play.actual };
    let ends = walls.iter().skip(1).map(|next| next.from).chain([UtcMillis(i64::MAX)]);
    let heard = |change: &WallChange| play.zone == ZoneName::Audio && change.why == WallReason::Fault;
    let off = walls.iter().zip(ends).filter(|(change, _)| change.state == WallState::Off && !heard(change));
    let dark = off.filter_map(|(change, end)| UtcInterval::checked(change.from, end)?.intersection(shown));
    dark.map(UtcInterval::length).sum::<i64>() > Play::TOLERANCE.as_i64()
}

/// Whether another play had this time.
fn taken(play: &Play, shown: Millis, last: Option<Last<'_>>, covered: &Covered) -> Option<Flag> {
    if last.is_some_and(|last| last.believed && overlaps(last.play, play)) {
        return Some(Flag::Overlaps);
    }
    let taken = covered.taken(play.zone, UtcInterval { start: play.start, end: play.start + shown });
    // A clock put right by a second shows its second twice: what it shows then is not held against it.
    let little = (shown.as_i64() / 4).min(A_MOMENT + Play::TOLERANCE.as_i64());
    if taken <= little.max(Play::TOLERANCE.as_i64()) {
        return None;
    }
    let same_run = last.is_some_and(|last| {
        let apart = play.start.since(last.play.start) - signed_since(play.monotonic, last.play.monotonic);
        play.monotonic <= last.play.monotonic && apart.abs() <= DRIFT
    });
    Some(if same_run { Flag::Repeated } else { Flag::ClockSetBack })
}

/// Whether the machine had not run for as long as the play before says it was on the wall. No clock that is set explains it.
fn began_too_soon(before: &Play, play: &Play) -> bool {
    let ran = signed_since(play.monotonic, before.monotonic);
    ran < 0 || ran + Play::TOLERANCE.as_i64() < before.actual.as_i64()
}

fn signed_since(later: u64, earlier: u64) -> i64 {
    let distance = i64::try_from(later.abs_diff(earlier)).unwrap_or(i64::MAX);
    if later >= earlier { distance } else { -distance }
}

/// Whether a play began before the one before it ended, by both clocks: either may have been set or begun anew.
fn overlaps(before: &Play, play: &Play) -> bool {
    let lasted = before.actual.as_i64() - Play::TOLERANCE.as_i64();
    let by_wall = (0..lasted).contains(&play.start.since(before.start));
    let running = play.monotonic.checked_sub(before.monotonic).and_then(|ms| i64::try_from(ms).ok());
    by_wall && running.is_some_and(|ms| (1..lasted).contains(&ms))
}

#[cfg(test)]
mod honest_tests;
#[cfg(test)]
pub(super) mod tests;
