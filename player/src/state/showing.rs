//! One zone: what it should show, whether that really is up, and the play record that comes of it.

use std::sync::Arc;

use xuanping_core::{
    digest::Digest,
    geometry::{Rect, ZoneName},
    id::{CreativeId, ShowId},
    playlist::{Item, OnWall, Show, Source},
    playlog::{ItemRef, Play, PlayStatus, Trigger},
    time::{Millis, UtcMillis},
};

use super::{Action, LINGER, assets::Assets, is_media, shows::Queue};
use crate::{
    clock::Moment,
    event::{Fault, Media},
    journal::{Entry, PlayKey},
    stage::{Content, Picture},
};

/// What a zone should show, owned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Planned {
    Nothing { black: bool },
    Hold(Item),
    Play { item: Item, cause: Cause, playlist: Option<Digest>, start: UtcMillis },
}

/// What put it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The playlist, or a takeover.
    Orders(Source),
    /// An event: it begins when it is ready, and not at an appointed time.
    Event(ShowId),
}

/// Copies core's answer, and says until when it holds.
pub(super) fn planned(answer: OnWall<'_>, playlist: Option<Digest>) -> (Planned, Option<UtcMillis>) {
    match answer {
        OnWall::Play { item, source, start, until, .. } => {
            let playlist = playlist.filter(|_| source == Source::Playlist);
            (Planned::Play { item: item.clone(), cause: Cause::Orders(source), playlist, start }, Some(until))
        }
        OnWall::Hold { item, until } => (Planned::Hold(item.clone()), Some(until)),
        OnWall::Nothing { black, until } => (Planned::Nothing { black }, until),
    }
}

impl Planned {
    pub(super) fn item(&self) -> Option<&Item> {
        match self {
            Self::Nothing { .. } => None,
            Self::Hold(item) | Self::Play { item, .. } => Some(item),
        }
    }

    /// The item of the playlist that should be shown and is not there.
    pub(super) fn lacking(&self, assets: &Assets) -> Option<&Item> {
        match self {
            Self::Play { item, cause: Cause::Orders(Source::Playlist), .. } | Self::Hold(item) => Some(item),
            Self::Play { .. } | Self::Nothing { .. } => None,
        }
        .filter(|item| assets.lacks(item))
    }

    /// Whether both are one and the same showing; a new playlist that goes on with it does not interrupt it.
    fn continues(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Play { item: a, cause: from_a, start: start_a, .. },
                Self::Play { item: b, cause: from_b, start: start_b, .. },
            ) => (a.asset, a.booking, a.creative, from_a, start_a) == (b.asset, b.booking, b.creative, from_b, start_b),
            (Self::Hold(a), Self::Hold(b)) => (a.asset, a.show) == (b.asset, b.show),
            (Self::Nothing { black: a }, Self::Nothing { black: b }) => a == b,
            _ => false,
        }
    }
}

/// How far the planned showing has come.
#[derive(Debug, Clone, PartialEq)]
enum Progress {
    /// Not up yet.
    Waiting,
    /// The worker was told to start.
    Starting,
    /// On the wall since then. `key` unless it is a hold.
    Up { since: Moment, key: Option<PlayKey>, what: Option<Arc<Picture>>, presented: Option<Presented> },
    /// It was up, and the worker failed.
    Broken { since: Moment, key: PlayKey, presented: Millis, fault: Fault },
}

/// What the worker last said of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Presented {
    length: Millis,
    at: Moment,
    ended: bool,
}

/// A worker that has said nothing of its progress for longer than this is not believed to have gone on, in milliseconds.
const REPORT_AGE: u64 = 1_500;

/// One zone.
#[derive(Debug)]
pub(super) struct ZoneState {
    name: ZoneName,
    pub(super) rect: Rect,
    /// What events asked for.
    pub(super) events: Queue,
    /// When to ask again what it shows.
    pub(super) until: Option<UtcMillis>,
    /// What is shown, without counting as anything, while the right thing is not there.
    pub(super) stand_in: Option<(Show, Arc<Picture>)>,
    planned: Planned,
    entered: Option<Moment>,
    progress: Progress,
    fault: Option<Fault>,
    before: Content,
    /// Pictures taken of what is up.
    evidence: Vec<Digest>,
}

impl ZoneState {
    pub(super) fn new(name: ZoneName, rect: Rect) -> Self {
        Self {
            name,
            rect,
            events: Queue::default(),
            until: None,
            stand_in: None,
            planned: Planned::Nothing { black: false },
            entered: None,
            progress: Progress::Waiting,
            fault: None,
            before: Content::Standby,
            evidence: Vec::new(),
        }
    }

    pub(super) fn planned(&self) -> &Planned {
        &self.planned
    }

    /// What is planned, unless an event asks for something else and no takeover has the wall.
    pub(super) fn with_events(
        &mut self,
        planned: Planned,
        until: Option<UtcMillis>,
        now: Moment,
    ) -> (Planned, Option<UtcMillis>) {
        let taken = match &planned {
            Planned::Play { cause: Cause::Orders(Source::Takeover(_)), .. } | Planned::Nothing { black: true } => true,
            Planned::Play { .. } | Planned::Hold(_) | Planned::Nothing { black: false } => false,
        };
        if taken {
            self.events.wait();
            return (planned, until);
        }
        let up = self.event_up();
        match self.events.turn(up, now) {
            Some((event, end)) => (event, Some(until.map_or(end, |until| until.min(end)))),
            None => (planned, until),
        }
    }

    /// What must be ready for this zone now. A clip that runs needs nothing any more; a picture stays decoded.
    pub(super) fn waits_for(&self) -> Option<&Item> {
        self.planned.item().filter(|item| !is_media(item) || self.progress == Progress::Waiting)
    }

    /// Turns to what is planned now, finishing what was.
    pub(super) fn follow(&mut self, planned: Planned, now: Moment, next_key: &mut PlayKey, actions: &mut Vec<Action>) {
        if self.entered.is_some() && self.planned.continues(&planned) {
            return;
        }
        let shown = self.content(now);
        self.record(now, next_key, actions);
        self.before = shown;
        self.planned = planned;
        self.entered = Some(now);
        self.progress = Progress::Waiting;
        self.fault = None;
        self.evidence.clear();
    }

    /// Ends whatever is on the wall.
    pub(super) fn finish(&mut self, now: Moment, actions: &mut Vec<Action>) {
        // A play that never went up needs a key only to be told apart in the journal; it has no opening record.
        let mut key = PlayKey::MAX;
        self.record(now, &mut key, actions);
        self.planned = Planned::Nothing { black: false };
        self.progress = Progress::Waiting;
        self.fault = None;
        self.evidence.clear();
    }

    /// Puts it up if it is ready.
    pub(super) fn begin(
        &mut self,
        assets: &mut Assets,
        now: Moment,
        next_key: &mut PlayKey,
        actions: &mut Vec<Action>,
    ) {
        if self.progress != Progress::Waiting {
            return;
        }
        let Some(item) = self.planned.item() else { return };
        if is_media(item) {
            match assets.media(self.name, &item.asset) {
                Some(Ok(())) => {
                    let late = match &self.planned {
                        Planned::Play { start, cause: Cause::Orders(_), .. } => {
                            u64::try_from(now.wall.since(*start)).unwrap_or(0)
                        }
                        _ => 0,
                    };
                    assets.media_used(self.name, item.asset);
                    actions.push(Action::StartMedia(self.name, item.asset, late));
                    self.progress = Progress::Starting;
                    self.fault = None;
                }
                Some(Err(fault)) => self.fault = Some(fault),
                None => {}
            }
            return;
        }
        match assets.picture(&item.asset) {
            Some(Ok(picture)) => {
                self.fault = None;
                self.up(Some(picture), now, next_key, actions);
            }
            Some(Err(fault)) => self.fault = Some(fault),
            None => {}
        }
    }

    /// The play that is up, and since when.
    pub(super) fn playing(&self) -> Option<(PlayKey, Moment)> {
        match &self.progress {
            Progress::Up { since, key: Some(key), .. } => Some((*key, *since)),
            _ => None,
        }
    }

    /// A picture of this play is on the disk: it names it from now on. `None`: the play is over.
    pub(super) fn name(&mut self, key: PlayKey, picture: Digest, now: Moment) -> Option<Entry> {
        let (up, shown) = self.progress(now).filter(|(up, _)| *up == key)?;
        let (_, since) = self.playing().filter(|(playing, _)| *playing == up)?;
        self.evidence.push(picture);
        self.entry(since, shown, PlayStatus::Interrupted)
    }

    fn up(&mut self, what: Option<Arc<Picture>>, now: Moment, next_key: &mut PlayKey, actions: &mut Vec<Action>) {
        let key = matches!(self.planned, Planned::Play { .. }).then(|| {
            let key = *next_key;
            *next_key += 1;
            key
        });
        if let Some((key, entry)) = key.zip(self.entry(now, Millis(0), PlayStatus::Interrupted)) {
            actions.push(Action::Open(key, entry));
        }
        self.progress = Progress::Up { since: now, key, what, presented: None };
    }

    /// The worker started what this zone shows.
    pub(super) fn media_started(
        &mut self,
        asset: Digest,
        now: Moment,
        next_key: &mut PlayKey,
        actions: &mut Vec<Action>,
    ) {
        if self.progress == Progress::Starting && self.planned.item().is_some_and(|i| i.asset == asset) {
            self.up(None, now, next_key, actions);
            if let Progress::Up { presented, .. } = &mut self.progress {
                *presented = Some(Presented { length: Millis(0), at: now, ended: false });
            }
        }
    }

    /// The worker says how far it is.
    pub(super) fn media_news(&mut self, asset: Digest, news: Media, now: Moment) {
        if self.planned.item().is_none_or(|i| i.asset != asset) {
            return;
        }
        if let Progress::Up { presented: Some(presented), .. } = &mut self.progress {
            match news {
                Media::Progress(length) => *presented = Presented { length, at: now, ended: false },
                Media::Ended(length) => *presented = Presented { length, at: now, ended: true },
                Media::Ready | Media::Started | Media::Failed(_) | Media::Unready(_) => {}
            }
        }
    }

    /// The worker gave up what this zone shows.
    pub(super) fn media_failed(&mut self, asset: Digest, fault: Fault, now: Moment) {
        if self.planned.item().is_none_or(|i| i.asset != asset) {
            return;
        }
        self.fault = Some(fault);
        self.progress = match std::mem::replace(&mut self.progress, Progress::Waiting) {
            Progress::Up { since, key: Some(key), presented: Some(presented), .. } => {
                // What it said it had presented, and not a moment more; but never longer than it was up.
                let presented = shown(since, Some(Presented { ended: true, ..presented }), now);
                Progress::Broken { since, key, presented, fault }
            }
            broken @ Progress::Broken { .. } => broken,
            Progress::Up { .. } | Progress::Waiting | Progress::Starting => Progress::Waiting,
        };
    }

    /// Records the showing that ends now.
    fn record(&mut self, now: Moment, next_key: &mut PlayKey, actions: &mut Vec<Action>) {
        let Planned::Play { item, start, .. } = &self.planned else { return };
        if is_media(item) && self.progress != Progress::Waiting {
            actions.push(Action::StopMedia(self.name, item.asset));
        }
        let planned = item.duration;
        match &self.progress {
            Progress::Up { since, key: Some(key), presented, .. } => {
                let shown = shown(*since, *presented, now);
                let complete = shown.0.saturating_add(Play::TOLERANCE.0) >= planned.0;
                let status = if complete { PlayStatus::Success } else { PlayStatus::Interrupted };
                let finished = self.entry(*since, shown, status).map(|entry| Action::Finish(*key, entry));
                actions.extend(finished);
            }
            Progress::Broken { since, key, presented, fault } => {
                let finished = self.entry(*since, *presented, status_of(*fault)).map(|e| Action::Finish(*key, e));
                actions.extend(finished);
            }
            Progress::Up { key: None, .. } | Progress::Waiting | Progress::Starting => {
                // Whoever joins in the middle and is not ready before the end has not failed, only started late.
                let Some(entered) = self.entered else { return };
                let on_time = entered.wall.since(*start) <= Play::TOLERANCE.as_i64();
                let over = now.since(entered) + u64::from(Play::TOLERANCE.0) >= u64::from(planned.0);
                let fault = self.fault.or((on_time && over).then_some(Fault::Missing));
                let Some(fault) = fault else { return };
                let key = *next_key;
                *next_key = next_key.saturating_add(1);
                let record = self.entry(entered, Millis(0), status_of(fault)).map(|e| Action::Finish(key, e));
                actions.extend(record);
            }
        }
    }

    fn entry(&self, since: Moment, actual: Millis, status: PlayStatus) -> Option<Entry> {
        let Planned::Play { item, cause, playlist, .. } = &self.planned else { return None };
        let trigger = match cause {
            Cause::Orders(Source::Playlist) => Trigger::Loop,
            Cause::Orders(Source::Takeover(_)) => Trigger::Takeover,
            Cause::Event(show) => Trigger::Event(*show),
        };
        Some(Entry {
            item: ItemRef { playlist: *playlist, booking: item.booking, creative: item.creative, asset: item.asset },
            play: Play {
                item: 0,
                zone: self.name,
                start: since.wall,
                monotonic: since.monotonic,
                planned: item.duration,
                actual,
                status,
                trigger,
                evidence: self.evidence.clone(),
            },
        })
    }

    /// What is to be seen.
    pub(super) fn content(&self, now: Moment) -> Content {
        let item = match &self.planned {
            Planned::Nothing { black: true } => return Content::Black,
            Planned::Nothing { black: false } => return Content::Standby,
            Planned::Hold(item) | Planned::Play { item, .. } => item,
        };
        match (&self.progress, item.show) {
            (Progress::Up { since, what: Some(picture), .. }, Show::Strip { pixels_per_second, .. }) => {
                let start = match &self.planned {
                    Planned::Play { cause: Cause::Event(_), .. } => Some(since.wall),
                    Planned::Play { start, .. } => Some(*start),
                    _ => None,
                };
                Content::Strip { strip: picture.clone(), pixels_per_second, start }
            }
            (Progress::Up { what: Some(picture), .. }, _) => Content::Picture(picture.clone()),
            (Progress::Up { what: None, .. } | Progress::Starting, Show::Clip { .. })
                if matches!(self.progress, Progress::Up { .. }) || self.lingers(now) =>
            {
                Content::Clip(self.name)
            }
            (Progress::Waiting, _) if self.fault.is_none() && self.lingers(now) => self.before.clone(),
            (Progress::Waiting, _) => self.stand_in_content(),
            _ => Content::Standby,
        }
    }

    fn stand_in_content(&self) -> Content {
        match &self.stand_in {
            Some((Show::Strip { pixels_per_second, .. }, picture)) => {
                Content::Strip { strip: picture.clone(), pixels_per_second: *pixels_per_second, start: None }
            }
            Some((_, picture)) => Content::Picture(picture.clone()),
            None => Content::Standby,
        }
    }

    fn lingers(&self, now: Moment) -> bool {
        self.entered.is_some_and(|entered| now.since(entered) < LINGER)
    }

    /// When the picture from before must go at the latest.
    pub(super) fn lingers_until(&self, now: Moment) -> Option<UtcMillis> {
        let waiting = matches!(self.progress, Progress::Waiting | Progress::Starting) && self.planned.item().is_some();
        let entered = self.entered.filter(|_| waiting && self.lingers(now))?;
        Some(now.wall.plus((entered.monotonic + LINGER).saturating_sub(now.monotonic) as i64))
    }

    /// The play that is up, and for how long it has been.
    pub(super) fn progress(&self, now: Moment) -> Option<(PlayKey, Millis)> {
        match &self.progress {
            Progress::Up { since, key: Some(key), presented, .. } => Some((*key, shown(*since, *presented, now))),
            _ => None,
        }
    }

    /// Since when what an event asked for is on the wall, if that is what has its turn.
    pub(super) fn event_up(&self) -> Option<Moment> {
        match (&self.planned, &self.progress) {
            (
                Planned::Play { cause: Cause::Event(_), .. },
                Progress::Up { since, .. } | Progress::Broken { since, .. },
            ) => Some(*since),
            _ => None,
        }
    }

    /// The creative that really is up.
    pub(super) fn creative(&self) -> Option<CreativeId> {
        matches!(self.progress, Progress::Up { .. }).then(|| self.planned.item().map(|i| i.creative)).flatten()
    }
}

/// How long it has been shown: by the monotonic clock, or for clips and sound by what the worker has really presented, but
/// never longer than it was up: the worker's news takes a moment to arrive, and two plays are not on a wall at once.
fn shown(since: Moment, presented: Option<Presented>, now: Moment) -> Millis {
    let up = Millis(u32::try_from(now.since(since)).unwrap_or(u32::MAX));
    let length = match presented {
        None => up,
        Some(p) if p.ended || now.since(p.at) > REPORT_AGE => p.length,
        // Between two reports it went on as the clock did.
        Some(p) => Millis(p.length.0.saturating_add(u32::try_from(now.since(p.at)).unwrap_or(u32::MAX))),
    };
    length.min(up)
}

fn status_of(fault: Fault) -> PlayStatus {
    match fault {
        Fault::Missing | Fault::Damaged | Fault::Unplayable => PlayStatus::ContentFailure,
        Fault::Hardware => PlayStatus::HardwareFailure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment { wall: UtcMillis(1_000_000 + ms as i64), monotonic: ms }
    }

    #[test]
    fn a_clip_was_shown_as_long_as_its_worker_presented_it_and_never_longer_than_it_was_up() {
        let presented = |length, heard, ended| Some(Presented { length: Millis(length), at: at(heard), ended });
        assert_eq!(shown(at(0), None, at(3_000)), Millis(3_000), "a picture is there as long as it is up");
        assert_eq!(
            shown(at(0), presented(1_000, 1_000, false), at(1_400)),
            Millis(1_400),
            "it went on since it was heard of"
        );
        assert_eq!(
            shown(at(0), presented(1_000, 1_000, false), at(9_000)),
            Millis(1_000),
            "nothing was heard of it for long"
        );
        assert_eq!(shown(at(0), presented(1_200, 1_300, true), at(2_000)), Millis(1_200), "it ended early");
        assert_eq!(
            shown(at(50), presented(2_000, 2_000, true), at(2_000)),
            Millis(1_950),
            "its beginning was heard of late"
        );
    }
}
