//! A stored batch, opened: its plays with the facts of their time, as records. Pure.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Timelike as _};
use chrono_tz::Tz;
use xuanping_core::{
    geometry::ZoneName,
    id::ScreenId,
    playlog::{ItemRef, PlayStatus, SignedBatch, TriggerKind, credibility::Flag},
    time::{Millis, UtcMillis},
};

use super::{
    Cursor, PlayRecord,
    flags::{self, Marks},
    numbers::{Item, Items, Place},
    packed::{self, Packed},
    query::Sought,
    store::batches::Kept,
};

/// Days from 1 January of the year 1 to 1970-01-01, both as chrono counts them.
const EPOCH: i32 = 719_163;

/// A local day as a number: days since 1970-01-01.
pub fn day_number(day: NaiveDate) -> i64 {
    i64::from(chrono::Datelike::num_days_from_ce(&day) - EPOCH)
}

/// The day of a number; the first day of 1970 for what is no day.
pub fn day_of_number(number: i64) -> NaiveDate {
    let day = i32::try_from(number).ok().and_then(|number| number.checked_add(EPOCH));
    day.and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or(DateTime::UNIX_EPOCH.date_naive())
}

/// The local date at an instant.
pub fn local_day(at: UtcMillis, zone: Tz) -> NaiveDate {
    at.to_datetime().unwrap_or_default().with_timezone(&zone).date_naive()
}

/// The local date and hour at an instant.
fn local_time(at: UtcMillis, zone: Tz) -> (NaiveDate, u32) {
    let local = at.to_datetime().unwrap_or_default().with_timezone(&zone);
    (local.date_naive(), local.hour())
}

/// Starts of plays as they are looked for: no calendar goes further, and differences of these are numbers for every database.
const FURTHEST: i64 = 1 << 60;

/// What is stored of a batch. `items` are the batch's with their numbers, `plays` says of each play how it went, whether it was
/// shown its full length, and what is held against it.
pub fn keep(
    batch: &SignedBatch,
    screen: i64,
    place: i64,
    items: &[(i64, ItemRef)],
    plays: &[(PlayStatus, bool, Option<Flag>)],
    received: UtcMillis,
) -> Kept {
    let said = batch.batch();
    let starts = || said.plays.iter().map(|play| play.start.0.clamp(-FURTHEST, FURTHEST));
    let mut marks = Marks::default();
    for (status, completed, flag) in plays {
        marks.add(*status, *completed, *flag);
    }
    let Packed { items, rest } = packed::pack(batch.signed(), items);
    Kept {
        screen,
        sequence: said.sequence,
        place,
        received,
        first: starts().min().map_or(received, UtcMillis),
        last: starts().max().map_or(received, UtcMillis),
        plays: said.plays.len(),
        marks,
        items,
        flags: flags::write(plays.iter().map(|(.., flag)| *flag)),
        rest,
    }
}

/// A play as little as it can be.
#[derive(Debug, Clone, Copy)]
struct Light {
    started: UtcMillis,
    position: u32,
    item: u32,
    planned: Millis,
    actual: Millis,
    zone: ZoneName,
    status: PlayStatus,
    trigger: TriggerKind,
    counted: bool,
    flag: Option<Flag>,
}

/// Plays of a batch that were asked for.
#[derive(Debug)]
pub struct Opened {
    screen: ScreenId,
    sequence: u64,
    place: Arc<Place>,
    zone: Tz,
    items: Vec<Arc<Item>>,
    plays: Vec<Light>,
}

impl Opened {
    /// The plays of a batch that are sought, the oldest first; `None` if what is stored of it does not read.
    pub fn new(kept: &Kept, screen: ScreenId, place: &Arc<Place>, items: &Items, sought: &Sought) -> Option<Self> {
        let batch = SignedBatch::said_by(&kept.signed(items)?).ok()?;
        let numbers = packed::numbers(&kept.items)?;
        let flags = flags::read(&kept.flags, batch.plays.len())?;
        let named: Option<Vec<Arc<Item>>> = numbers.iter().map(|number| items.get(number).cloned()).collect();
        let named = named.filter(|named| named.len() == batch.items.len())?;
        let zone = place.zone();
        let wanted: Vec<bool> = numbers.iter().map(|number| sought.item(*number)).collect();
        let mut plays: Vec<Light> = Vec::new();
        for ((position, play), flag) in (0..).zip(&batch.plays).zip(flags) {
            let counted = flag.is_none() && play.completed();
            let at = Cursor { started: play.start, screen, sequence: kept.sequence, position };
            if wanted.get(play.item as usize) == Some(&true)
                && sought.play(play.status, counted, flag)
                && sought.is_beyond(&at)
                && sought.time(|| local_time(play.start, zone))
            {
                plays.push(Light {
                    started: play.start,
                    position,
                    item: play.item,
                    planned: play.planned,
                    actual: play.actual,
                    zone: play.zone,
                    status: play.status,
                    trigger: play.trigger.kind(),
                    counted,
                    flag,
                });
            }
        }
        plays.sort_by_key(|play| (play.started, play.position));
        Some(Self { screen, sequence: kept.sequence, place: place.clone(), zone, items: named, plays })
    }

    /// How many plays were sought.
    pub fn len(&self) -> usize {
        self.plays.len()
    }

    /// The place in the list of the play `nth` among them.
    pub fn at(&self, nth: usize) -> Option<Cursor> {
        let play = self.plays.get(nth)?;
        let (started, position) = (play.started, play.position);
        Some(Cursor { started, screen: self.screen, sequence: self.sequence, position })
    }

    /// The record of the play `nth` among them.
    pub fn record(&self, nth: usize) -> Option<PlayRecord> {
        let play = self.plays.get(nth)?;
        let item = self.items.get(play.item as usize)?;
        Some(PlayRecord {
            screen: self.screen,
            sequence: self.sequence,
            position: play.position,
            started: play.started,
            day: local_day(play.started, self.zone),
            zone: play.zone,
            creative: item.creative,
            asset: item.asset,
            booking: item.booking,
            campaign: item.campaign,
            planned: play.planned,
            actual: play.actual,
            status: play.status,
            trigger: play.trigger,
            counted: play.counted,
            flag: play.flag,
            venue: self.place.venue,
            venue_type: self.place.venue_type,
            area: self.place.area.clone(),
            department: self.place.department.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970_and_what_is_no_day_is_the_first() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (number, text) in [(0, "1970-01-01"), (20_000, "2024-10-04"), (-1, "1969-12-31")] {
            assert_eq!(day_number(day(text)), number);
            assert_eq!(day_of_number(number), day(text));
        }
        assert_eq!(day_of_number(i64::MAX), day("1970-01-01"));
    }
}
