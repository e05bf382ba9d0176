//! Why something plays at an instant and something else does not: a programme's bookings, one by one, against its playlist.

use super::{BuildReport, OnAir, Playlist, Programme, ProgrammeBooking, Unscheduled};
use crate::{
    campaign::{Mode, Unplayable},
    geometry::ZoneName,
    id::BookingId,
    time::{DateRange, UtcInterval, UtcMillis},
};

/// How a booking stands in a zone at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It plays.
    OnAir,
    /// It is its time, and it plays next then; `None`: not any more today.
    Waits {
        /// When.
        next: Option<UtcMillis>,
    },
    /// It waits for an event.
    WaitsForEvent,
    /// 窗口外: it is not its time.
    OutOfWindow {
        /// When it plays next within the playlist.
        next: Option<UtcMillis>,
    },
    /// Its time, but outside opening hours.
    Closed {
        /// When it plays next within the playlist.
        next: Option<UtcMillis>,
    },
    /// None of its creatives is valid that day.
    NotValid,
    /// It got no slot.
    Unscheduled(Unscheduled),
}

/// A booking of which nothing can be shown on this screen at all, with the reason that comes nearest to showing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absent {
    /// Which.
    pub booking: BookingId,
    /// Why; `None`: it has no creatives.
    pub why: Option<Unplayable>,
}

/// How each booking with something for `zone` stands at `at`, in the programme's order; what plays first.
///
/// `playlist` and `report` are what [`build`](super::build) made of `programme` for days that contain `at`.
pub fn standings(
    programme: &Programme,
    playlist: &Playlist,
    report: &BuildReport,
    zone: ZoneName,
    at: UtcMillis,
) -> Vec<(BookingId, Standing)> {
    let playing = match playlist.on_air(zone, at) {
        OnAir::Play { item, .. } => playlist.items.get(item as usize).map(|item| item.booking),
        OnAir::Hold { .. } | OnAir::Nothing { .. } => None,
    };
    let here = programme.bookings.iter().filter(|booking| booking.items.iter().any(|item| item.zone == zone));
    let mut standings: Vec<(BookingId, Standing)> = here
        .map(|booking| {
            let standing = if playing == Some(booking.booking) {
                Standing::OnAir
            } else {
                standing(programme, playlist, report, booking, zone, at)
            };
            (booking.booking, standing)
        })
        .collect();
    standings.sort_by_key(|(_, standing)| *standing != Standing::OnAir);
    standings
}

/// Bookings that reach the screen and have nothing that it can show.
pub fn absent(programme: &Programme) -> Vec<Absent> {
    let without = programme.bookings.iter().filter(|booking| booking.items.is_empty());
    without.map(|b| Absent { booking: b.booking, why: b.left_out.iter().map(|(_, why)| *why).max() }).collect()
}

fn standing(
    programme: &Programme,
    playlist: &Playlist,
    report: &BuildReport,
    booking: &ProgrammeBooking,
    zone: ZoneName,
    at: UtcMillis,
) -> Standing {
    let tz = programme.timezone;
    let Some(date) = at.to_datetime().map(|at| at.with_timezone(&tz).date_naive()) else {
        return Standing::OutOfWindow { next: None };
    };
    let day = DateRange::day(date);
    let within = |intervals: &[UtcInterval]| intervals.iter().any(|interval| interval.contains(at));
    let next = || next_showing(playlist, zone, booking.booking, at);
    if !within(&booking.schedule.intervals(day, tz)) {
        return Standing::OutOfWindow { next: next() };
    }
    if !within(&programme.opening.intervals(day, tz)) {
        return Standing::Closed { next: next() };
    }
    if !booking.items.iter().any(|item| item.zone == zone && item.valid_on(date)) {
        return Standing::NotValid;
    }
    if matches!(booking.mode, Mode::Event { .. }) {
        return Standing::WaitsForEvent;
    }
    if let Some(next) = next() {
        return Standing::Waits { next: Some(next) };
    }
    let told = report.not_played.iter().find(|n| n.booking == booking.booking && n.creative.is_none());
    told.map_or(Standing::Waits { next: None }, |told| Standing::Unscheduled(told.reason))
}

/// When something of a booking begins next in a zone, after `at` and within the playlist's days.
pub fn next_showing(playlist: &Playlist, zone: ZoneName, booking: BookingId, at: UtcMillis) -> Option<UtcMillis> {
    let of_booking = |item: u32| playlist.items.get(item as usize).is_some_and(|item| item.booking == booking);
    let parts = playlist.zone(zone)?.days.iter().flat_map(|day| &day.dayparts).filter(|part| part.end > at);
    for part in parts {
        let Some(looped) = playlist.loops.get(part.looped as usize) else { continue };
        if !looped.slots.iter().any(|slot| of_booking(slot.item)) {
            continue;
        }
        let length = looped.length().as_i64();
        let gone = at.since(part.start).max(0);
        // From the round that runs at that instant on; two rounds hold every slot once after it.
        let mut start = part.start.plus(gone - gone.rem_euclid(length.max(1)));
        for slot in looped.slots.iter().chain(&looped.slots) {
            let end = start + slot.duration;
            if end > part.end {
                break;
            }
            if start > at && of_booking(slot.item) {
                return Some(start);
            }
            start = end;
        }
    }
    None
}
