//! Whether guarantees are kept, counted showing by showing over all the time they are on air.

use super::{GuaranteeKept, presence::OnAirBooking, zone_request::ZoneRequest};
use crate::{
    campaign::{Guarantee, Mode},
    recurrence::day_of,
    time::{Millis, UtcInterval, UtcMillis},
};

const HOUR: i64 = 3_600_000;

/// The time on air of a guaranteed booking in a zone, days of one intensity joined, with what is promised in it.
#[derive(Debug, Clone)]
pub(super) struct Stretches {
    blank: GuaranteeKept,
    all: Vec<(UtcInterval, Guarantee)>,
}

impl Stretches {
    /// `None` if nothing is guaranteed, or there is nothing to show.
    pub fn of(booking: &OnAirBooking<'_>, request: &ZoneRequest<'_>) -> Option<Self> {
        let Mode::Guarantee(guarantee) = booking.booking.mode else { return None };
        let mut all: Vec<(UtcInterval, Guarantee)> = Vec::new();
        for date in request.horizon.days() {
            if !booking.booking.items.iter().any(|item| item.valid_on(date)) {
                continue;
            }
            let scaled = guarantee.scaled(booking.booking.intensity_on(date));
            let day = day_of(date, request.timezone);
            for stretch in booking.times.open.iter().filter_map(|open| open.intersection(day)) {
                match all.last_mut() {
                    Some((last, before)) if last.end == stretch.start && *before == scaled => last.end = stretch.end,
                    _ => all.push((stretch, scaled)),
                }
            }
        }
        let blank = GuaranteeKept {
            booking: booking.booking.booking,
            zone: request.zone,
            worst_gap: Millis(0),
            fewest_per_hour: None,
            broken_at: None,
        };
        (!all.is_empty()).then_some(Self { blank, all })
    }

    /// What became of the guarantee with these showings, ascending.
    pub fn kept(&self, starts: &[UtcMillis]) -> GuaranteeKept {
        let mut kept = self.blank;
        for (stretch, guarantee) in &self.all {
            judge(&mut kept, &starts[within(starts, *stretch)], *stretch, *guarantee);
        }
        kept
    }

    /// Whether it is kept no worse when the showings in `part` become these: nothing is broken, or first where it was.
    pub fn no_worse(
        &self,
        kept: &GuaranteeKept,
        starts: &[UtcMillis],
        part: UtcInterval,
        instead: &[UtcMillis],
    ) -> bool {
        if kept.broken_at.is_none() {
            let touched = self.all.iter().filter(|(stretch, _)| stretch.intersection(part).is_some());
            return touched
                .into_iter()
                .all(|(stretch, guarantee)| stays_kept(*stretch, *guarantee, starts, part, instead));
        }
        let mut changed = starts.to_vec();
        replace(&mut changed, part, instead);
        let after = self.kept(&changed).broken_at;
        after.is_none() || after == kept.broken_at
    }
}

/// Whether what is kept in a stretch stays so. What lies further away than any promise reaches is as it was; it is cut off
/// where showings begin, so that neither cut is a wait of its own.
fn stays_kept(
    stretch: UtcInterval,
    guarantee: Guarantee,
    starts: &[UtcMillis],
    part: UtcInterval,
    instead: &[UtcMillis],
) -> bool {
    let reach = HOUR + guarantee.max_gap().map_or(0, Millis::as_i64);
    let here = &starts[within(starts, stretch)];
    let replaced = within(here, part);
    let from = here.partition_point(|start| *start <= part.start.plus(-reach)).saturating_sub(1).min(replaced.start);
    let to = here.partition_point(|start| *start < part.end.plus(reach)).max(replaced.end);
    let far = |start: &&UtcMillis| **start <= part.start.plus(-reach);
    let start = here.get(from).filter(far).map_or(stretch.start, |first| *first);
    let end = here.get(to).map_or(stretch.end, |after| *after);
    let changed = [&here[from..replaced.start], instead, &here[replaced.end..to]].concat();
    broken(&changed, UtcInterval { start, end }, guarantee).is_none()
}

/// Lets these be the showings in a stretch of time.
pub(super) fn replace(starts: &mut Vec<UtcMillis>, part: UtcInterval, instead: &[UtcMillis]) {
    starts.splice(within(starts, part), instead.iter().copied());
}

/// Which of these showings begin in this time.
fn within(starts: &[UtcMillis], time: UtcInterval) -> std::ops::Range<usize> {
    starts.partition_point(|start| *start < time.start)..starts.partition_point(|start| *start < time.end)
}

fn judge(kept: &mut GuaranteeKept, starts: &[UtcMillis], stretch: UtcInterval, guarantee: Guarantee) {
    let widest = waits(starts, stretch).map(|(_, wait)| wait).max().unwrap_or(0);
    kept.worst_gap = kept.worst_gap.max(Millis(u32::try_from(widest).unwrap_or(u32::MAX)));
    kept.broken_at = [kept.broken_at, broken(starts, stretch, guarantee)].into_iter().flatten().min();
    let least = hours(starts, stretch).map(|(_, count)| count).min();
    kept.fewest_per_hour = [kept.fewest_per_hour, least].into_iter().flatten().min();
}

/// When a guarantee is broken first in this stretch.
fn broken(starts: &[UtcMillis], stretch: UtcInterval, guarantee: Guarantee) -> Option<UtcMillis> {
    let too_far = guarantee.max_gap().and_then(|most| waits(starts, stretch).find(|(_, wait)| *wait > most.as_i64()));
    let too_few = guarantee.per_hour().and_then(|per_hour| {
        if stretch.length() < HOUR {
            // Its part of an hour.
            let few = (starts.len() as i64) < i64::from(per_hour) * stretch.length() / HOUR;
            return few.then_some(stretch.start);
        }
        hours(starts, stretch).find(|(_, count)| *count < u32::from(per_hour)).map(|(from, _)| from)
    });
    [too_far.map(|(from, _)| from), too_few].into_iter().flatten().min()
}

/// From each start to the next, and from and to the edges of the stretch: since when, and how long.
fn waits(starts: &[UtcMillis], stretch: UtcInterval) -> impl Iterator<Item = (UtcMillis, i64)> + '_ {
    let from = std::iter::once(stretch.start).chain(starts.iter().copied());
    let to = starts.iter().copied().chain([stretch.end]);
    from.zip(to).map(|(from, to)| (from, to.since(from)))
}

/// The hours in which fewest can begin, ascending: the first one, those that begin just after a showing did, and the last.
fn hours(starts: &[UtcMillis], stretch: UtcInterval) -> impl Iterator<Item = (UtcMillis, u32)> + '_ {
    let last = stretch.end.plus(-HOUR);
    let after =
        (1..).zip(starts).map(|(begin, start)| (start.plus(1), begin)).take_while(move |(from, _)| *from < last);
    let begin = starts.partition_point(|start| *start < last);
    let first = (stretch.start <= last).then_some((stretch.start, 0));
    let all = first.into_iter().chain(after).chain((stretch.start <= last).then_some((last, begin)));
    let mut end = 0;
    all.map(move |(from, begin)| {
        while starts.get(end).is_some_and(|start| *start < from.plus(HOUR)) {
            end += 1;
        }
        (from, (end - begin) as u32)
    })
}
