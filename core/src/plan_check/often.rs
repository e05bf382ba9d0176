//! How often: guarantees, fixed times, quotas, caps and events, each counted on the unrolled showings.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Days, NaiveDate};
use chrono_tz::Tz;

use super::{
    Offer, PlanFault,
    promised::{self, Stretch},
    showings::Showing,
};
use crate::{
    campaign::{Guarantee, Mode, Period},
    geometry::ZoneName,
    playlist::{Playlist, Programme, ProgrammeBooking, ZoneProgramme},
    recurrence::{TimeOfDay, local_start},
    time::{DateRange, UtcInterval, UtcMillis},
};

const HOUR: i64 = 3_600_000;
const TEN_MINUTES: i64 = 600_000;

#[allow(clippy::too_many_arguments, reason = "the judge looks at everything at once")]
pub(super) fn check(
    playlist: &Playlist,
    zone: &ZoneProgramme,
    programme: &Programme,
    stretches: &[Stretch<'_>],
    showings: &[Showing],
    known: &[Option<Offer<'_>>],
    horizon: DateRange,
    faults: &mut Vec<PlanFault>,
) {
    let tz = programme.timezone;
    let day_of = |at: UtcMillis| at.to_datetime().map(|at| at.with_timezone(&tz).date_naive());
    for booking in &programme.bookings {
        let mine =
            |item: u32| known.get(item as usize).copied().flatten().is_some_and(|o| o.0.booking == booking.booking);
        let begun: Vec<UtcMillis> = showings.iter().filter(|s| mine(s.item)).map(|s| s.time.start).collect();
        let promised = promised_to(booking, stretches);
        if promised.is_empty() {
            continue;
        }
        let on = |date: NaiveDate| begun.iter().filter(|at| day_of(**at) == Some(date)).count() as u32;
        if let Some(most) = most_on_a_day(programme, booking, zone.zone, &promised, &day_of) {
            for date in horizon.days().filter(|date| on(*date) > most) {
                let (booking, zone, has) = (booking.booking, zone.zone, on(date));
                faults.push(PlanFault::Cap { booking, zone, date, has });
            }
        }
        match &booking.mode {
            Mode::Guarantee(guarantee) => {
                if let Some(at) = broken(*guarantee, &promised, &begun, |at| percent(booking, at, tz)) {
                    faults.push(PlanFault::Guarantee { booking: booking.booking, zone: zone.zone, at });
                }
            }
            Mode::Fixed { times } => {
                for date in horizon.days() {
                    let at = |time: &TimeOfDay| {
                        let minutes = u32::from(time.minutes());
                        Some(local_start(date.and_hms_opt(minutes / 60, minutes % 60, 0)?, tz))
                    };
                    let due = times.times().iter().filter_map(at).filter(|at| promised.iter().any(|p| p.contains(*at)));
                    let due: Vec<UtcMillis> = due.collect();
                    let kept = |at: &&UtcMillis| begun.iter().any(|s| (0..=TEN_MINUTES).contains(&s.since(**at)));
                    // With a cap, so many of them are enough.
                    let enough = booking.most_per_day.map_or(due.len(), |most| due.len().min(most as usize));
                    let missing = enough.saturating_sub(due.iter().filter(kept).count());
                    for at in due.iter().filter(|at| !kept(at)).take(missing) {
                        faults.push(PlanFault::FixedTime { booking: booking.booking, zone: zone.zone, at: *at });
                    }
                }
            }
            Mode::Quota(quota) => {
                let on_air: Vec<NaiveDate> = promised.iter().filter_map(|time| day_of(time.start)).collect();
                for period in periods(quota.per(), horizon) {
                    let own = open_days(programme, booking, zone.zone, period);
                    let here = own.iter().copied().filter(|day| on_air.contains(day));
                    let owed = owed_on(booking, u64::from(quota.plays()), here, own.len() as u64);
                    let has: u32 = period.days().filter(|day| horizon.contains(*day)).map(on).sum();
                    if has < owed {
                        faults.push(PlanFault::Quota { booking: booking.booking, zone: zone.zone, has, owed });
                    }
                }
            }
            Mode::Event { .. } | Mode::Share { .. } | Mode::Filler {} => {}
        }
    }
    for day in &zone.days {
        let mut promised: i64 = 0;
        for stretch in stretches.iter().filter(|s| day_of(s.time.start) == Some(day.date)) {
            let events = stretch.offers.iter().filter(|(b, _)| matches!(b.mode, Mode::Event { .. }));
            promised += events.count() as i64 * stretch.time.length();
        }
        let listed: i64 = day.events.iter().map(|event| event.end.since(event.start)).sum();
        let known_events = day.events.iter().all(|event| {
            let offer = playlist.items.get(event.item as usize).and(known.get(event.item as usize)).copied().flatten();
            offer.is_some_and(|(b, _)| matches!(&b.mode, Mode::Event { trigger } if *trigger == event.trigger))
        });
        if listed != promised || !known_events {
            faults.push(PlanFault::Events { zone: zone.zone, date: day.date });
        }
    }
}

/// The time that is promised to a booking.
pub(super) fn promised_to(booking: &ProgrammeBooking, stretches: &[Stretch<'_>]) -> Vec<UtcInterval> {
    let mine = |s: &&Stretch<'_>| s.offers.iter().any(|(b, item)| b.booking == booking.booking && item.duration.0 > 0);
    stretches.iter().filter(mine).map(|s| s.time).collect()
}

/// The percent of its mode that a booking has at an instant.
pub(super) fn percent(booking: &ProgrammeBooking, at: UtcMillis, tz: Tz) -> u16 {
    let date = at.to_datetime().map(|at| at.with_timezone(&tz).date_naive());
    date.map_or(100, |date| intensity(booking, date))
}

/// How often it may be shown on a day, if it is counted: what its cap says, its fixed times, or its even part of a rare quota.
fn most_on_a_day(
    programme: &Programme,
    booking: &ProgrammeBooking,
    zone: ZoneName,
    promised: &[UtcInterval],
    day_of: &impl Fn(UtcMillis) -> Option<NaiveDate>,
) -> Option<u32> {
    let counted = match &booking.mode {
        Mode::Fixed { times } => Some(times.times().len() as u32),
        Mode::Quota(quota) => {
            let mut on_air: BTreeMap<NaiveDate, i64> = BTreeMap::new();
            for time in promised {
                *on_air.entry(day_of(time.start)?).or_default() += time.length();
            }
            let range = DateRange { first: *on_air.keys().next()?, last: *on_air.keys().next_back()? };
            let mut dealt = Vec::new();
            for period in periods(quota.per(), range) {
                let days = open_days(programme, booking, zone, period);
                let even = u64::from(quota.plays());
                // What was missed is made up for by an even day's part a day at most.
                let more = if booking.missed == 0 { 0 } else { even.div_ceil((days.len() as u64).max(1)) };
                for (date, on_air) in on_air.iter().filter(|(date, _)| days.contains(date)) {
                    let part = (even * u64::from(intensity(booking, *date))).div_ceil(100 * days.len() as u64);
                    dealt.push(((part + more) as u32, *on_air));
                }
            }
            // Those that come closer than every twenty minutes roll in the loop, and as often as suits it.
            let (most, shortest) =
                dealt.into_iter().fold((0, i64::MAX), |(n, t), (m, l): (u32, i64)| (n.max(m), t.min(l)));
            (shortest / i64::from(most.max(1)) >= 20 * 60_000).then_some(most)
        }
        _ => None,
    };
    [counted, booking.most_per_day].into_iter().flatten().min()
}

/// The days of a period on which a booking is on air at all, whether anything of it is valid then or not.
fn open_days(programme: &Programme, booking: &ProgrammeBooking, zone: ZoneName, period: DateRange) -> Vec<NaiveDate> {
    let mut always = booking.clone();
    for item in &mut always.items {
        (item.valid_from, item.valid_until) = (None, None);
    }
    let alone = Programme { bookings: vec![always], ..programme.clone() };
    let offers: Vec<Offer<'_>> =
        alone.bookings.iter().flat_map(|b| b.items.iter().map(move |item| (b, item))).collect();
    let promised = promised::stretches(&alone, &offers, zone, period);
    let open: BTreeSet<NaiveDate> = promised
        .iter()
        .filter(|stretch| !stretch.offers.is_empty())
        .filter_map(|stretch| Some(stretch.time.start.to_datetime()?.with_timezone(&programme.timezone).date_naive()))
        .collect();
    booking.schedule.recurrence().days(period).into_iter().filter(|day| open.contains(day)).collect()
}

/// What these of a quota's days owe at least: each its part by its intensity, none more than the cap.
fn owed_on(booking: &ProgrammeBooking, plays: u64, here: impl Iterator<Item = NaiveDate>, days: u64) -> u32 {
    let whole = 100 * days.max(1);
    let cap = booking.most_per_day.map_or(u64::MAX, |most| u64::from(most) * whole);
    let parts: Vec<u64> = here.map(|date| plays * u64::from(intensity(booking, date))).collect();
    let owed: u64 = parts.iter().map(|part| (*part).min(cap)).sum();
    // Parts are whole showings: between capped days up to one may fall to the side of the cap.
    let turns = parts.windows(2).filter(|pair| (pair[0] > cap) != (pair[1] > cap)).count() as u64;
    (owed / whole).saturating_sub(turns) as u32
}

fn intensity(booking: &ProgrammeBooking, date: NaiveDate) -> u16 {
    let day = booking.intensity.iter().find(|(days, _)| days.first <= date && date <= days.last);
    day.map_or(100, |(_, percent)| *percent)
}

/// The first instant from which on a guarantee is not kept.
pub(super) fn broken(
    guarantee: Guarantee,
    promised: &[UtcInterval],
    begun: &[UtcMillis],
    percent: impl Fn(UtcMillis) -> u16,
) -> Option<UtcMillis> {
    // Time promised without a break, at one intensity.
    let mut spans: Vec<(UtcInterval, u16)> = Vec::new();
    for time in promised {
        let now = percent(time.start);
        match spans.last_mut() {
            Some((span, before)) if span.end == time.start && *before == now => span.end = time.end,
            _ => spans.push((*time, now)),
        }
    }
    let mut first: Option<UtcMillis> = None;
    let mut note = |at: UtcMillis| first = Some(first.map_or(at, |before| before.min(at)));
    for (span, percent) in spans {
        let scaled = guarantee.scaled(percent);
        let inside: Vec<UtcMillis> = begun.iter().copied().filter(|at| span.contains(*at)).collect();
        let mut last = span.start;
        for at in inside.iter().copied().chain([span.end]) {
            if scaled.max_gap().is_some_and(|gap| at.since(last) > gap.as_i64()) {
                note(last);
            }
            last = at;
        }
        let Some(per_hour) = scaled.per_hour() else { continue };
        if span.length() < HOUR {
            let due = i64::from(per_hour) * span.length() / HOUR;
            if (inside.len() as i64) < due {
                note(span.start);
            }
            continue;
        }
        let count = |from: UtcMillis| inside.iter().filter(|at| **at >= from && at.since(from) < HOUR).count();
        let hours = [span.start, UtcMillis(span.end.0 - HOUR)].into_iter().chain(inside.iter().map(|at| at.plus(1)));
        for from in hours.filter(|from| from.plus(HOUR) <= span.end) {
            if count(from) < usize::from(per_hour) {
                note(from);
            }
        }
    }
    first
}

/// The calendar periods that the horizon touches.
fn periods(per: Period, horizon: DateRange) -> Vec<DateRange> {
    let around = |date: NaiveDate| match per {
        Period::Day => DateRange::day(date),
        Period::Week => {
            let monday = date - Days::new(u64::from(date.weekday().num_days_from_monday()));
            DateRange { first: monday, last: monday + Days::new(6) }
        }
        Period::Month => {
            let mut last = date;
            while last.succ_opt().is_some_and(|next| next.month() == date.month()) {
                last = last + Days::new(1);
            }
            DateRange { first: date - Days::new(u64::from(date.day0())), last }
        }
    };
    let mut all: Vec<DateRange> = horizon.days().map(around).collect();
    all.dedup();
    all
}
