//! Whether guarantees are kept, counted showing by showing over all the time they are on air.

use super::{GuaranteeKept, presence::OnAirBooking};
use crate::{
    campaign::{Guarantee, Mode},
    geometry::ZoneName,
    recurrence::day_of,
    time::{DateRange, Millis, UtcInterval, UtcMillis},
};

const HOUR: i64 = 3_600_000;

/// What became of one booking's guarantee in a zone; `starts` are its showings there, ascending. `None` if it has none, or
/// nothing to show in this zone.
pub(super) fn kept(
    booking: &OnAirBooking<'_>,
    zone: ZoneName,
    starts: &[UtcMillis],
    horizon: DateRange,
    tz: chrono_tz::Tz,
) -> Option<GuaranteeKept> {
    let Mode::Guarantee(guarantee) = booking.booking.mode else { return None };
    let mut kept = GuaranteeKept {
        booking: booking.booking.booking,
        zone,
        worst_gap: Millis(0),
        fewest_per_hour: None,
        broken_at: None,
    };
    let mut any = false;
    for (stretch, guarantee) in stretches(booking, zone, guarantee, horizon, tz) {
        any = true;
        let from = starts.partition_point(|start| *start < stretch.start);
        let to = starts.partition_point(|start| *start < stretch.end);
        judge(&mut kept, &starts[from..to], stretch, guarantee);
    }
    any.then_some(kept)
}

/// The time on air, days of one intensity joined.
fn stretches(
    booking: &OnAirBooking<'_>,
    zone: ZoneName,
    guarantee: Guarantee,
    horizon: DateRange,
    tz: chrono_tz::Tz,
) -> Vec<(UtcInterval, Guarantee)> {
    let mut all: Vec<(UtcInterval, Guarantee)> = Vec::new();
    for date in horizon.days() {
        if !booking.items.iter().any(|item| item.zone == zone && item.valid_on(date)) {
            continue;
        }
        let scaled = guarantee.scaled(booking.booking.intensity_on(date));
        let day = day_of(date, tz);
        for stretch in booking.times.open.iter().filter_map(|open| open.intersection(day)) {
            match all.last_mut() {
                Some((last, before)) if last.end == stretch.start && *before == scaled => last.end = stretch.end,
                _ => all.push((stretch, scaled)),
            }
        }
    }
    all
}

fn judge(kept: &mut GuaranteeKept, starts: &[UtcMillis], stretch: UtcInterval, guarantee: Guarantee) {
    let mut broken = |at: UtcMillis| {
        if kept.broken_at.is_none_or(|first| at < first) {
            kept.broken_at = Some(at);
        }
    };
    let edges: Vec<UtcMillis> =
        [stretch.start].into_iter().chain(starts.iter().copied()).chain([stretch.end]).collect();
    for pair in edges.windows(2) {
        let gap = pair[1].since(pair[0]);
        kept.worst_gap = kept.worst_gap.max(Millis(u32::try_from(gap).unwrap_or(u32::MAX)));
        if guarantee.max_gap().is_some_and(|most| gap > most.as_i64()) {
            broken(pair[0]);
        }
    }
    let Some(per_hour) = guarantee.per_hour() else {
        fewest(kept, starts, stretch);
        return;
    };
    if stretch.length() < HOUR {
        // Its part of an hour.
        if (starts.len() as i64) < i64::from(per_hour) * stretch.length() / HOUR {
            broken(stretch.start);
        }
        return;
    }
    for hour in hours(starts, stretch) {
        if hour.1 < u32::from(per_hour) {
            broken(hour.0);
        }
    }
    fewest(kept, starts, stretch);
}

fn fewest(kept: &mut GuaranteeKept, starts: &[UtcMillis], stretch: UtcInterval) {
    let least = hours(starts, stretch).map(|(_, count)| count).min();
    kept.fewest_per_hour = [kept.fewest_per_hour, least].into_iter().flatten().min();
}

/// The hours in which fewest can begin: the first one, the last one, and those that begin just after a showing did.
fn hours(starts: &[UtcMillis], stretch: UtcInterval) -> impl Iterator<Item = (UtcMillis, u32)> + '_ {
    let after = starts.iter().map(|start| start.plus(1));
    let from = [stretch.start, stretch.end.plus(-HOUR)].into_iter().chain(after);
    from.filter(move |from| stretch.start <= *from && from.plus(HOUR) <= stretch.end).map(|from| {
        let begin = starts.partition_point(|start| *start < from);
        let end = starts.partition_point(|start| *start < from.plus(HOUR));
        (from, (end - begin) as u32)
    })
}
