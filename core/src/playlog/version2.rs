//! Batches of version 2: plays column by column, each number as what differs from what the plays before let expect.
//!
//! Reading needs nothing but the batch. There is one way only to write a batch: whatever reads otherwise than it would be
//! written is refused. FORMAT.md says the same in words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use minicbor::{Decode, Decoder, Encode};

use super::{
    Batch, BatchError, ItemRef, Play, PlayStatus, Trigger, TriggerKind, WallChange,
    columns::{Reader, Writer},
};
use crate::{
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, BootId, CreativeId, MachineBootId, ScreenId, ShowId},
    time::{Millis, UtcMillis},
};

/// Plays of the largest batch: columns of zeros take no bytes, so their length bounds nothing.
pub(super) const MAX_PLAYS: usize = 65_536;

/// The batch as it is written: FORMAT.md, version 2.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Written {
    #[n(0)]
    version: u32,
    #[n(1)]
    screen: ScreenId,
    #[n(2)]
    boot: BootId,
    #[n(3)]
    sequence: u64,
    #[n(4)]
    previous: Digest,
    #[n(5)]
    sealed: UtcMillis,
    #[n(6)]
    playlists: Vec<Digest>,
    #[n(7)]
    items: Vec<WrittenItem>,
    #[n(8)]
    zones: Vec<ZoneColumns>,
    #[n(9)]
    evidence: Option<Vec<Picture>>,
    #[n(10)]
    walls: Option<Vec<WallChange>>,
    #[n(11)]
    machine: Option<MachineBootId>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WrittenItem {
    /// Position in the playlists.
    #[n(0)]
    playlist: Option<u32>,
    #[n(1)]
    booking: BookingId,
    #[n(2)]
    creative: CreativeId,
    #[n(3)]
    asset: Digest,
}

/// A picture taken during the play at this position.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Picture {
    #[n(0)]
    play: u32,
    #[n(1)]
    digest: Digest,
}

/// The plays of one zone.
#[derive(Encode, Decode)]
#[cbor(array)]
struct ZoneColumns {
    #[n(0)]
    zone: ZoneName,
    #[n(1)]
    plays: u32,
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    items: Vec<u8>,
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    planned: Vec<u8>,
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    starts: Vec<u8>,
    #[n(5)]
    #[cbor(with = "minicbor::bytes")]
    monotonics: Vec<u8>,
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    actuals: Vec<u8>,
    #[n(7)]
    #[cbor(with = "minicbor::bytes")]
    outcomes: Vec<u8>,
    #[n(8)]
    shows: Vec<ShowId>,
}

/// The bytes of a batch whose plays are ordered by zone.
pub(super) fn encode(batch: &Batch) -> Vec<u8> {
    let mut playlists = Vec::new();
    let mut place = HashMap::new();
    let items = batch.items.iter().map(|item| WrittenItem {
        playlist: item.playlist.map(|digest| {
            *place.entry(digest).or_insert_with(|| {
                playlists.push(digest);
                playlists.len() as u32 - 1
            })
        }),
        booking: item.booking,
        creative: item.creative,
        asset: item.asset,
    });
    let items = items.collect();
    let mut expected = ExpectedItem::default();
    let zones = batch.plays.chunk_by(|a, b| a.zone == b.zone);
    let zones = zones.map(|plays| zone_columns(plays, batch.sealed, &mut expected)).collect();
    let pictures = (0..).zip(&batch.plays).flat_map(|(position, play)| {
        play.evidence.iter().map(move |digest| Picture { play: position, digest: *digest })
    });
    let pictures: Vec<Picture> = pictures.collect();
    let written = Written {
        version: 2,
        screen: batch.screen,
        boot: batch.boot,
        sequence: batch.sequence,
        previous: batch.previous,
        sealed: batch.sealed,
        playlists,
        items,
        zones,
        evidence: (!pictures.is_empty()).then_some(pictures),
        walls: (!batch.walls.is_empty()).then(|| batch.walls.clone()),
        machine: batch.machine,
    };
    // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
    minicbor::to_vec(written).unwrap_or_default()
}

fn zone_columns(plays: &[Play], sealed: UtcMillis, items: &mut ExpectedItem) -> ZoneColumns {
    let [mut item, mut planned, mut starts, mut monotonics, mut actuals, mut outcomes] =
        std::array::from_fn(|_| Writer::default());
    let mut expected = Expected::new(sealed);
    items.begin_zone();
    for (n, play) in plays.iter().enumerate() {
        let guess = items.next();
        item.push(if play.item == guess { 0 } else { u64::from(play.item) + 1 });
        items.was(play.item);
        planned.push_signed(i64::from(play.planned.0) - i64::from(expected.planned(play.item)));
        starts.push_signed(play.start.0.wrapping_sub(expected.start()));
        monotonics.push_signed(play.monotonic.wrapping_sub(expected.monotonic(play.start.0)) as i64);
        let next = plays.get(n + 1).map(|next| next.monotonic);
        actuals.push_signed(i64::from(play.actual.0) - expected_actual(play, next));
        outcomes.push(u64::from(status_code(play.status) | (play.trigger.kind().code() << 2)));
        expected.was(play);
    }
    ZoneColumns {
        zone: plays.first().map_or(ZoneName::Main, |play| play.zone),
        plays: plays.len() as u32,
        items: item.finish(),
        planned: planned.finish(),
        starts: starts.finish(),
        monotonics: monotonics.finish(),
        actuals: actuals.finish(),
        outcomes: outcomes.finish(),
        shows: plays.iter().filter_map(|play| play.trigger.show()).collect(),
    }
}

/// The batch in a payload that begins as one of version 2.
pub(super) fn decode(payload: &[u8]) -> Result<Batch, BatchError> {
    let batch = read(payload)?;
    if encode(&batch) != payload {
        return Err(BatchError::Malformed("not written in the one right way".into()));
    }
    Ok(batch)
}

/// The same, of a payload that was checked before.
pub(super) fn read(payload: &[u8]) -> Result<Batch, BatchError> {
    let malformed = |why: &str| BatchError::Malformed(why.into());
    let mut decoder = Decoder::new(payload);
    let written: Written = decoder.decode().map_err(|e| BatchError::Malformed(e.to_string()))?;
    if written.version != 2 {
        return Err(BatchError::Version(written.version));
    }
    let items = items_of(&written).ok_or_else(|| malformed("an item of no playlist"))?;
    let (mut plays, whole) = plays_of(&written);
    if !whole {
        return Err(malformed("the plays do not read"));
    }
    for picture in written.evidence.iter().flatten() {
        let play = plays.get_mut(picture.play as usize).ok_or_else(|| malformed("a picture of no play"))?;
        play.evidence.push(picture.digest);
    }
    Ok(Batch {
        screen: written.screen,
        boot: written.boot,
        sequence: written.sequence,
        previous: written.previous,
        sealed: written.sealed,
        items,
        plays,
        walls: written.walls.unwrap_or_default(),
        machine: written.machine,
    })
}

/// Items and plays of a payload that may be damaged, as far as they read; for saying what was hit, never for believing.
pub(super) fn read_damaged(payload: &[u8]) -> (Vec<ItemRef>, Vec<Play>) {
    let Ok(written) = minicbor::decode::<Written>(payload) else { return (Vec::new(), Vec::new()) };
    let (mut plays, _) = plays_of(&written);
    for picture in written.evidence.iter().flatten() {
        if let Some(play) = plays.get_mut(picture.play as usize) {
            play.evidence.push(picture.digest);
        }
    }
    (items_of(&written).unwrap_or_default(), plays)
}

fn items_of(written: &Written) -> Option<Vec<ItemRef>> {
    let item = |item: &WrittenItem| {
        let playlist = match item.playlist {
            Some(position) => Some(*written.playlists.get(position as usize)?),
            None => None,
        };
        Some(ItemRef { playlist, booking: item.booking, creative: item.creative, asset: item.asset })
    };
    written.items.iter().map(item).collect()
}

/// The plays as far as they read, without evidence, and whether that is all of them.
fn plays_of(written: &Written) -> (Vec<Play>, bool) {
    let total: u64 = written.zones.iter().map(|zone| u64::from(zone.plays)).sum();
    let mut plays = Vec::new();
    if total > MAX_PLAYS as u64 {
        return (plays, false);
    }
    plays.reserve(total as usize);
    let mut expected = ExpectedItem::default();
    let whole = written.zones.iter().all(|zone| read_zone(zone, written.sealed, &mut expected, &mut plays).is_some());
    (plays, whole)
}

fn read_zone(zone: &ZoneColumns, sealed: UtcMillis, items: &mut ExpectedItem, plays: &mut Vec<Play>) -> Option<()> {
    let [mut item, mut planned, mut starts, mut monotonics, mut actuals, mut outcomes] =
        [&zone.items, &zone.planned, &zone.starts, &zone.monotonics, &zone.actuals, &zone.outcomes]
            .map(|column| Reader::new(column));
    let mut shows = zone.shows.iter();
    let mut expected = Expected::new(sealed);
    items.begin_zone();
    // One play late: how long it was shown is told by when the next began.
    let mut last: Option<Play> = None;
    let mut finish = |mut play: Play, next: Option<u64>, plays: &mut Vec<Play>| {
        let actual = expected_actual(&play, next).checked_add(actuals.next_signed()?)?;
        play.actual = Millis(u32::try_from(actual).ok()?);
        plays.push(play);
        Some(())
    };
    for _ in 0..zone.plays {
        let shown = match item.next()? {
            0 => items.next(),
            other => u32::try_from(other - 1).ok()?,
        };
        items.was(shown);
        let length = i64::from(expected.planned(shown)).checked_add(planned.next_signed()?)?;
        let start = UtcMillis(expected.start().wrapping_add(starts.next_signed()?));
        let monotonic = expected.monotonic(start.0).wrapping_add(monotonics.next_signed()? as u64);
        let outcome = outcomes.next()?;
        let trigger = match TriggerKind::of_code(outcome >> 2)? {
            TriggerKind::Loop => Trigger::Loop,
            TriggerKind::Takeover => Trigger::Takeover,
            TriggerKind::Event => Trigger::Event(*shows.next()?),
            TriggerKind::Fixed => Trigger::Fixed,
            TriggerKind::Local => Trigger::Local,
        };
        let play = Play {
            item: shown,
            zone: zone.zone,
            start,
            monotonic,
            planned: Millis(u32::try_from(length).ok()?),
            actual: Millis(0),
            status: status_of(outcome & 3),
            trigger,
            evidence: Vec::new(),
        };
        expected.was(&play);
        if let Some(before) = last.replace(play) {
            finish(before, Some(monotonic), plays)?;
        }
    }
    last.map_or(Some(()), |last| finish(last, None, plays))
}

/// Shown until the next one began, if that is within half a second of its length; else its length.
fn expected_actual(play: &Play, next: Option<u64>) -> i64 {
    let planned = i64::from(play.planned.0);
    let until = next.map(|next| next.wrapping_sub(play.monotonic) as i64);
    until.filter(|until| (planned - 500..=planned + 500).contains(until)).unwrap_or(planned)
}

/// What the next play of a zone should look like.
struct Expected {
    sealed: i64,
    before: Option<(i64, u64, u32)>,
    lengths: BTreeMap<u32, u32>,
}

impl Expected {
    fn new(sealed: UtcMillis) -> Self {
        Self { sealed: sealed.0, before: None, lengths: BTreeMap::new() }
    }

    /// As long as this item was meant to last before, or else as long as the play before.
    fn planned(&self, item: u32) -> u32 {
        self.lengths.get(&item).copied().unwrap_or_else(|| self.before.map_or(0, |(_, _, planned)| planned))
    }

    /// When the one before was meant to end; for the first, when the batch was sealed.
    fn start(&self) -> i64 {
        self.before.map_or(self.sealed, |(start, _, planned)| start.wrapping_add(i64::from(planned)))
    }

    /// Gone on as the wall clock has; 0 for the first.
    fn monotonic(&self, start: i64) -> u64 {
        self.before.map_or(0, |(before, monotonic, _)| monotonic.wrapping_add(start.wrapping_sub(before) as u64))
    }

    fn was(&mut self, play: &Play) {
        self.before = Some((play.start.0, play.monotonic, play.planned.0));
        self.lengths.insert(play.item, play.planned.0);
    }
}

/// Which item is to be expected: the one that came the last time after the same three, or else the first one not shown yet.
///
/// Ordered maps: their keys are few where loops repeat, and nobody's choice of keys makes them slow.
#[derive(Default)]
struct ExpectedItem {
    followed: BTreeMap<[u32; 3], u32>,
    /// The last three of the zone, the newest at the end.
    last: [u32; 3],
    in_zone: usize,
    shown: BTreeSet<u32>,
    unseen: u32,
}

impl ExpectedItem {
    /// What was seen in other zones says nothing of the order in this one; only which items are still to come.
    fn begin_zone(&mut self) {
        self.followed.clear();
        self.in_zone = 0;
    }

    fn next(&self) -> u32 {
        let known = if self.in_zone < 3 { None } else { self.followed.get(&self.last) };
        known.copied().unwrap_or(self.unseen)
    }

    fn was(&mut self, item: u32) {
        if self.in_zone >= 3 {
            self.followed.insert(self.last, item);
        }
        let [_, second, third] = self.last;
        self.last = [second, third, item];
        self.in_zone += 1;
        if item >= self.unseen {
            self.shown.insert(item);
        }
        while self.shown.remove(&self.unseen) {
            self.unseen = self.unseen.saturating_add(1);
        }
    }
}

const fn status_code(status: PlayStatus) -> u8 {
    match status {
        PlayStatus::Success => 0,
        PlayStatus::HardwareFailure => 1,
        PlayStatus::ContentFailure => 2,
        PlayStatus::Interrupted => 3,
    }
}

/// Of two bits.
const fn status_of(code: u64) -> PlayStatus {
    match code {
        0 => PlayStatus::Success,
        1 => PlayStatus::HardwareFailure,
        2 => PlayStatus::ContentFailure,
        _ => PlayStatus::Interrupted,
    }
}
