//! What changed from one playlist to another, booking by booking, over the days that both cover.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, Timelike as _};
use chrono_tz::Tz;

use super::{Daypart, Playlist};
use crate::{
    geometry::ZoneName,
    id::{BookingId, CreativeId},
};

/// One booking's part in a zone over some days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Showings on all these days.
    pub plays: u64,
    /// Days on which it is shown.
    pub days: u32,
    /// The earliest local minute of a day at which a daypart of its begins.
    pub from: u32,
    /// The latest local minute at which one ends; 1440 is midnight.
    pub to: u32,
    /// What is shown for it.
    pub creatives: BTreeSet<CreativeId>,
    /// It waits for events.
    pub on_event: bool,
}

impl Part {
    /// Showings on a day on which it is shown, rounded.
    pub fn plays_per_day(&self) -> u64 {
        (self.plays + u64::from(self.days) / 2) / u64::from(self.days.max(1))
    }
}

/// What became of one booking in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub zone: ZoneName,
    /// Whose.
    pub booking: BookingId,
    /// What it had; `None`: it is new.
    pub before: Option<Part>,
    /// What it has; `None`: it is gone.
    pub after: Option<Part>,
}

/// Everything that is different, in order of zones and bookings; and how many days were compared.
pub fn diff(old: &Playlist, new: &Playlist) -> (u32, Vec<Change>) {
    let dates = |playlist: &Playlist| -> BTreeSet<NaiveDate> {
        playlist.zones.iter().flat_map(|zone| zone.days.iter().map(|day| day.date)).collect()
    };
    let shared: BTreeSet<NaiveDate> = dates(old).intersection(&dates(new)).copied().collect();
    let (before, after) = (parts(old, &shared), parts(new, &shared));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    let change = |(zone, booking)| Change {
        zone,
        booking,
        before: before.get(&(zone, booking)).cloned(),
        after: after.get(&(zone, booking)).cloned(),
    };
    let changes = keys.into_iter().map(change).filter(|change| change.before != change.after);
    (shared.len() as u32, changes.collect())
}

fn parts(playlist: &Playlist, dates: &BTreeSet<NaiveDate>) -> BTreeMap<(ZoneName, BookingId), Part> {
    let mut parts: BTreeMap<(ZoneName, BookingId), Part> = BTreeMap::new();
    let Ok(tz) = playlist.timezone.parse::<Tz>() else { return parts };
    for zone in &playlist.zones {
        for day in zone.days.iter().filter(|day| dates.contains(&day.date)) {
            let mut seen = BTreeSet::new();
            for daypart in &day.dayparts {
                for (booking, creative, plays) in showings(playlist, daypart) {
                    let first = !parts.contains_key(&(zone.zone, booking));
                    let part = parts.entry((zone.zone, booking)).or_default();
                    part.plays += plays;
                    part.creatives.insert(creative);
                    let (from, to) = minutes(daypart, day.date, tz);
                    part.from = if first { from } else { part.from.min(from) };
                    part.to = part.to.max(to);
                    if seen.insert(booking) {
                        part.days += 1;
                    }
                }
            }
            for event in &day.events {
                if let Some(item) = playlist.items.get(event.item as usize) {
                    let part = parts.entry((zone.zone, item.booking)).or_default();
                    part.on_event = true;
                    part.creatives.insert(item.creative);
                }
            }
        }
    }
    parts
}

/// How often each creative of each booking is shown in a daypart; only what is shown at all.
fn showings(playlist: &Playlist, daypart: &Daypart) -> Vec<(BookingId, CreativeId, u64)> {
    let Some(looped) = playlist.loops.get(daypart.looped as usize) else { return Vec::new() };
    let lasts = u64::try_from(daypart.end.since(daypart.start)).unwrap_or(0);
    let length = u64::from(looped.length().0).max(1);
    let mut elapsed = 0;
    let mut all = Vec::new();
    for slot in &looped.slots {
        elapsed += u64::from(slot.duration.0);
        let plays = lasts / length + u64::from(elapsed <= lasts % length);
        if let Some(item) = playlist.items.get(slot.item as usize).filter(|_| plays > 0) {
            all.push((item.booking, item.creative, plays));
        }
    }
    all
}

/// A daypart's local minutes of its day.
fn minutes(daypart: &Daypart, date: NaiveDate, tz: Tz) -> (u32, u32) {
    let local = |at: crate::time::UtcMillis| at.to_datetime().map(|at| at.with_timezone(&tz).naive_local());
    let minute = |at: chrono::NaiveDateTime| at.hour() * 60 + at.minute();
    let from = local(daypart.start).map_or(0, minute);
    let to = local(daypart.end).map_or(1440, |at| if at.date() > date { 1440 } else { minute(at) });
    (from, to)
}
