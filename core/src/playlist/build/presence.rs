//! Who is on air when, and how often on a day: a zone's bookings against the calendar.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{
    Memo,
    memo::OnAirTimes,
    zone_request::{ZoneBooking, ZoneRequest},
};
use crate::{
    campaign::{Calendar, Guarantee, Mode, Pace, Quota},
    recurrence::day_of,
    rotation::Demand,
    time::{UtcInterval, UtcMillis},
};

/// A creative of a booking, by positions in the lists of both.
pub(super) type Candidate = (usize, usize);

/// A booking against the calendar of the horizon.
pub(super) struct OnAirBooking<'a> {
    pub booking: &'a ZoneBooking<'a>,
    pub times: Arc<OnAirTimes>,
    /// Of a quota: the showings that planned days owe, where they owe any.
    pub owed: BTreeMap<NaiveDate, u32>,
}

/// A booking in one zone on one day.
#[derive(Debug, Clone)]
pub(super) struct Present {
    pub booking: usize,
    /// Not empty.
    pub candidates: Vec<Candidate>,
    pub stretches: Vec<UtcInterval>,
    pub part: Part,
    /// Of a quota: how many showings this day owes.
    pub owed: u32,
}

/// How it takes part that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// In loops.
    Loop(Demand),
    /// At these instants.
    Fixed(Vec<UtcMillis>),
    /// So many showings, evenly over its stretches.
    Paced(u32),
    /// When the player is told.
    Event(crate::campaign::EventTrigger),
}

/// The bookings of a zone, in their order.
pub(super) fn against_calendar<'a>(request: &'a ZoneRequest<'a>, memo: &Memo) -> Vec<OnAirBooking<'a>> {
    let on_air = |booking: &'a ZoneBooking<'a>| {
        let times = memo.times(booking.schedule, request.opening, request.timezone, request.horizon);
        let owed = match booking.mode {
            Mode::Quota(quota) => owed(booking, *quota, request),
            _ => BTreeMap::new(),
        };
        OnAirBooking { booking, times, owed }
    };
    request.bookings.iter().map(on_air).collect()
}

/// Who takes part on a day, and how; guarantees with a margin by so many steps stricter.
pub(super) fn present(
    bookings: &[OnAirBooking<'_>],
    timezone: Tz,
    date: NaiveDate,
    margins: &BTreeMap<usize, u16>,
) -> Vec<Present> {
    let whole = day_of(date, timezone);
    let mut present = Vec::new();
    for (b, each) in bookings.iter().enumerate() {
        let here = each.booking.items.iter().enumerate().filter(|(_, item)| item.valid_on(date));
        let candidates: Vec<Candidate> = here.map(|(i, _)| (b, i)).collect();
        let stretches: Vec<_> = each.times.open.iter().filter_map(|open| open.intersection(whole)).collect();
        if candidates.is_empty() || stretches.is_empty() {
            continue;
        }
        let on_air: i64 = stretches.iter().map(|s| s.length()).sum();
        let owed = each.owed.get(&date).copied().unwrap_or(0);
        let mut part = part(each.booking, date, owed, on_air, timezone);
        if let (Part::Loop(Demand::Guarantee(guarantee)), Some(steps)) = (&mut part, margins.get(&b)) {
            *guarantee = guarantee.stricter(*steps);
        }
        present.push(Present { booking: b, candidates, stretches, part, owed });
    }
    present
}

fn part(booking: &ZoneBooking<'_>, date: NaiveDate, owed: u32, on_air: i64, tz: Tz) -> Part {
    let percent = booking.intensity_on(date);
    match booking.mode {
        Mode::Fixed { times } => {
            // Windows that cross midnight make a fixed time of the small hours belong to the day before; the stretches
            // decide, so every time of the calendar day is looked at.
            let at = |time: &crate::recurrence::TimeOfDay| {
                let minutes = u32::from(time.minutes());
                let local = date.and_hms_opt(minutes / 60, minutes % 60, 0)?;
                Some(crate::recurrence::local_start(local, tz))
            };
            Part::Fixed(times.times().iter().filter_map(at).collect())
        }
        Mode::Event { trigger } => Part::Event(*trigger),
        Mode::Guarantee(guarantee) => Part::Loop(Demand::Guarantee(guarantee.scaled(percent))),
        Mode::Share { weight } => Part::Loop(Demand::Share(u32::from(weight.get()) * u32::from(percent))),
        Mode::Filler {} => Part::Loop(Demand::Filler),
        Mode::Quota(_) => paced(owed, on_air),
    }
}

/// Showings nearer to each other than this belong into the loop.
const LOOPED_BELOW: i64 = 20 * 60_000;

/// So many showings over so much time: one by one if they are rare, else so often in any hour.
fn paced(showings: u32, on_air: i64) -> Part {
    const HOUR: i64 = 3_600_000;
    if showings == 0 || on_air / i64::from(showings) >= LOOPED_BELOW {
        return Part::Paced(showings);
    }
    let per_hour = (i64::from(showings) * HOUR + on_air - 1) / on_air.max(1);
    match Guarantee::checked(u16::try_from(per_hour.min(360)).ok(), None) {
        Ok(guarantee) => Part::Loop(Demand::Guarantee(guarantee)),
        Err(_) => Part::Paced(showings),
    }
}

/// The same a little more often, for a quota that came out short; `None` if it is not in loops or is all the time.
pub(super) fn oftener(part: &Part) -> Option<Part> {
    let Part::Loop(Demand::Guarantee(guarantee)) = part else { return None };
    let per_hour = guarantee.per_hour()? + 1;
    Some(Part::Loop(Demand::Guarantee(Guarantee::checked(Some(per_hour), None).ok()?)))
}

/// A quota's showings day by day: each day's own, and what is made up for on it. A window that runs across midnight reaches
/// into a day that is none of its booking's: nothing is owed then.
fn owed(booking: &ZoneBooking<'_>, quota: Quota, request: &ZoneRequest<'_>) -> BTreeMap<NaiveDate, u32> {
    let calendar = Calendar {
        schedule: booking.schedule,
        opening: request.opening,
        timezone: request.timezone,
        intensity: booking.intensity,
    };
    let horizon = request.horizon;
    let mut owed = BTreeMap::new();
    let mut pace = Pace::around(horizon.first, quota, booking.most_per_day, &calendar);
    let behind = pace.clone();
    for date in horizon.days() {
        if !pace.period().contains(date) {
            pace = Pace::around(date, quota, booking.most_per_day, &calendar);
        }
        let showings = pace.regular(date) + behind.made_up(booking.missed, horizon.first, date);
        if showings > 0 {
            owed.insert(date, showings);
        }
    }
    owed
}
