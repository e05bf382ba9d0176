//! Who was promised which stretch of time: asked of the local clock moment by moment, not made by joining intervals.

use std::collections::{BTreeSet, HashSet};

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use super::Offer;
use crate::{
    geometry::ZoneName,
    playlist::Programme,
    recurrence::DayWindow,
    time::{DateRange, UtcInterval, UtcMillis},
};

/// A stretch of one local day in which the same offers are promised to a zone.
pub(super) struct Stretch<'a> {
    pub time: UtcInterval,
    pub offers: Vec<Offer<'a>>,
}

/// The horizon of one zone, cut wherever a promise begins or ends; stretches without a promise included.
pub(super) fn stretches<'a>(
    programme: &Programme,
    offers: &[Offer<'a>],
    zone: ZoneName,
    horizon: DateRange,
) -> Vec<Stretch<'a>> {
    let tz = programme.timezone;
    let before = horizon.first.pred_opt().unwrap_or(horizon.first);
    let range = DateRange { first: before, last: horizon.last };
    let here: Vec<(Offer<'a>, HashSet<NaiveDate>)> = offers
        .iter()
        .filter(|(_, item)| item.zone == zone)
        .map(|offer| (*offer, offer.0.schedule.recurrence().days(range).into_iter().collect()))
        .collect();
    let opening_windows = |date: NaiveDate| programme.opening.on(date.weekday()).to_vec();
    let moments = moments(programme, range, tz);
    let mut stretches: Vec<Stretch<'a>> = Vec::new();
    let mut day_of_last = None;
    for pair in moments.windows(2) {
        let clock = Clock::at(pair[0], tz);
        if !horizon.contains(clock.day) {
            continue;
        }
        let open = clock.in_any(range.days().map(|day| (day, opening_windows(day))));
        let promised = here.iter().filter(|((booking, item), days)| {
            let valid = item.valid_from.is_none_or(|from| from <= clock.day)
                && item.valid_until.is_none_or(|until| clock.day <= until);
            let windows = booking.schedule.windows();
            valid && open && clock.in_any(days.iter().map(|day| (*day, windows.to_vec())))
        });
        let offers: Vec<Offer<'a>> = promised.map(|(offer, _)| *offer).collect();
        let time = UtcInterval { start: pair[0], end: pair[1] };
        let same = |last: &Stretch<'a>| {
            last.offers.len() == offers.len() && last.offers.iter().zip(&offers).all(|(a, b)| std::ptr::eq(a.1, b.1))
        };
        match stretches.last_mut() {
            Some(last) if day_of_last == Some(clock.day) && last.time.end == time.start && same(last) => {
                last.time.end = time.end;
            }
            _ => stretches.push(Stretch { time, offers }),
        }
        day_of_last = Some(clock.day);
    }
    stretches
}

/// Every instant at which the answer could change: wherever any clock could show the edge of a window or midnight.
fn moments(programme: &Programme, range: DateRange, tz: Tz) -> Vec<UtcMillis> {
    let windows = programme.bookings.iter().flat_map(|booking| booking.schedule.windows());
    let opening = range.days().take(7).flat_map(|day| programme.opening.on(day.weekday()));
    let edges: BTreeSet<i64> = windows
        .chain(opening)
        .flat_map(|w| [w.from.minutes(), w.to.minutes()])
        .chain([0, 1440])
        .map(i64::from)
        .collect();
    let mut moments = BTreeSet::new();
    for day in (DateRange { first: range.first, last: range.last + Days::new(1) }).days() {
        let midnight = day.and_time(chrono::NaiveTime::MIN);
        // Where the clock changes, every quarter of an hour is looked at: no zone changes off the quarter.
        let offset = |hours: i64| {
            let at = midnight + TimeDelta::hours(hours);
            i64::from(tz.offset_from_utc_datetime(&at).fix().local_minus_utc())
        };
        let offsets: BTreeSet<i64> = (-26..=26).map(offset).collect();
        for edge in &edges {
            let local = midnight + TimeDelta::minutes(*edge);
            moments.extend(offsets.iter().map(|offset| UtcMillis((local.and_utc().timestamp() - offset) * 1000)));
        }
        if offsets.len() > 1 {
            let start = midnight.and_utc().timestamp();
            moments.extend((-96..=96).map(|quarter| UtcMillis((start + quarter * 900) * 1000)));
        }
    }
    moments.into_iter().collect()
}

/// What the local clock shows at an instant, and around it.
struct Clock {
    day: NaiveDate,
    /// The latest time it has shown up to now.
    latest: NaiveDateTime,
    /// The earliest time it will show from now on.
    earliest: NaiveDateTime,
}

impl Clock {
    fn at(at: UtcMillis, tz: Tz) -> Self {
        const QUARTER: i64 = 15 * 60 * 1000;
        let shown = |ms: i64| UtcMillis(ms).to_datetime().unwrap_or_default().with_timezone(&tz).naive_local();
        let last_quarter = at.0 - at.0.rem_euclid(QUARTER);
        let now = shown(at.0);
        // Three hours either way: no clock is put back further.
        let latest = (0..12).map(|quarter| shown(last_quarter - quarter * QUARTER - 1)).fold(now, Ord::max);
        let earliest = (1..=12).map(|quarter| shown(last_quarter + quarter * QUARTER)).fold(now, Ord::min);
        // A day begins when the clock first shows its midnight.
        Self { day: latest.max(now).date(), latest, earliest }
    }

    /// Whether a window of one of these days has begun and not ended.
    fn in_any(&self, mut days: impl Iterator<Item = (NaiveDate, Vec<DayWindow>)>) -> bool {
        days.any(|(day, windows)| {
            let midnight = day.and_time(chrono::NaiveTime::MIN);
            windows.iter().any(|window| {
                let (from, to) = (i64::from(window.from.minutes()), i64::from(window.to.minutes()));
                let to = if to <= from { to + 24 * 60 } else { to };
                let begun = midnight + TimeDelta::minutes(from) <= self.latest;
                begun && self.earliest < midnight + TimeDelta::minutes(to)
            })
        })
    }
}
