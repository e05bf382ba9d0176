//! The independent judge of any playlist: it shares no code with the planner, only the types of what it reads.
//!
//! It cuts the horizon at every moment at which what is promised could change, and asks of each piece: who was promised
//! this time in this zone, and who got it?

mod loops;
mod promised;

use std::collections::{BTreeSet, HashSet};

use chrono_tz::Tz;

use crate::{
    geometry::ZoneName,
    id::{BookingId, CreativeId},
    playlist::{Item, Playlist, Programme, ProgrammeBooking, ProgrammeItem},
    time::{DateRange, UtcInterval, UtcMillis},
};

/// Something a playlist does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanFault {
    /// The time zone, the zones or the days are not the programme's and the horizon's.
    Frame(&'static str),
    /// An item of the table is not an item of the programme, occurs twice, or is in no loop.
    Item {
        /// Position in the table.
        item: u32,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// Something plays at a time that was not promised to it.
    NotPromised {
        /// Where.
        zone: ZoneName,
        /// From when on.
        at: UtcMillis,
        /// What; `None`: nothing at all was promised then.
        creative: Option<CreativeId>,
    },
    /// A time was promised, and nothing plays, or this does not, though there is room.
    Withheld {
        /// Where.
        zone: ZoneName,
        /// From when on.
        at: UtcMillis,
        /// What.
        booking: BookingId,
        /// What of it.
        creative: CreativeId,
    },
    /// A loop is longer than its daypart: its last slots never come.
    LoopTooLong {
        /// Position of the loop.
        looped: u32,
        /// The daypart.
        at: UtcMillis,
    },
    /// Neighbours in a loop warn of the same fraud, or are the same, though they could be parted.
    EqualNeighbours {
        /// Position of the loop.
        looped: u32,
    },
    /// A booking is far from its share of a loop though there is room for a longer one.
    Share {
        /// Position of the loop.
        looped: u32,
        /// Whose.
        booking: BookingId,
        /// What it has, in thousandths.
        has: u32,
        /// What its weight asks for, in thousandths.
        target: u32,
    },
    /// A slot, or what is held, is not as it should be.
    Loop {
        /// Position of the loop.
        looped: u32,
        /// What is wrong.
        wrong: &'static str,
    },
}

/// One thing that a programme offers.
type Offer<'a> = (&'a ProgrammeBooking, &'a ProgrammeItem);

/// Everything that `playlist` does not keep of `programme` in `horizon`; empty if it is faultless.
pub fn check(playlist: &Playlist, programme: &Programme, horizon: DateRange) -> Vec<PlanFault> {
    let mut faults = Vec::new();
    let offers: Vec<Offer<'_>> =
        programme.bookings.iter().flat_map(|booking| booking.items.iter().map(move |item| (booking, item))).collect();
    check_frame(playlist, programme, horizon, &mut faults);
    let known = check_items(playlist, programme.timezone, &offers, &mut faults);
    for zone in &playlist.zones {
        let stretches = promised::stretches(programme, &offers, zone.zone, horizon);
        for stretch in &stretches {
            check_stretch(playlist, zone.zone, stretch, &known, &mut faults);
        }
        for part in zone.days.iter().flat_map(|day| &day.dayparts) {
            let whole = UtcInterval { start: part.start, end: part.end };
            if !stretches.iter().any(|s| !s.offers.is_empty() && s.time.intersection(whole) == Some(whole)) {
                faults.push(PlanFault::NotPromised { zone: zone.zone, at: part.start, creative: None });
            }
            let length = playlist.loops.get(part.looped as usize).map_or(0, |l| l.length().as_i64());
            if length > whole.length() {
                faults.push(PlanFault::LoopTooLong { looped: part.looped, at: part.start });
            }
        }
        for day in &zone.days {
            // A daypart belongs to the day on whose local date it begins.
            let local = |at: UtcMillis| at.to_datetime().map(|at| at.with_timezone(&programme.timezone).date_naive());
            if day.dayparts.iter().any(|part| local(part.start) != Some(day.date)) {
                faults.push(PlanFault::Frame("a daypart is listed under another day"));
            }
        }
    }
    loops::check(playlist, &known, &mut faults);
    faults
}

fn check_frame(playlist: &Playlist, programme: &Programme, horizon: DateRange, faults: &mut Vec<PlanFault>) {
    if playlist.timezone != programme.timezone.name() {
        faults.push(PlanFault::Frame("another time zone"));
    }
    let listed: Vec<ZoneName> = playlist.zones.iter().map(|zone| zone.zone).collect();
    let wanted: BTreeSet<ZoneName> = programme.zones.iter().map(|zone| zone.name).collect();
    if listed.len() != wanted.len() || listed.iter().any(|zone| !wanted.contains(zone)) {
        faults.push(PlanFault::Frame("other zones"));
    }
    if playlist.zones.iter().any(|zone| !zone.days.iter().map(|day| day.date).eq(horizon.days())) {
        faults.push(PlanFault::Frame("other days"));
    }
}

/// The offer behind each item of the table.
fn check_items<'a>(
    playlist: &Playlist,
    tz: Tz,
    offers: &[Offer<'a>],
    faults: &mut Vec<PlanFault>,
) -> Vec<Option<Offer<'a>>> {
    let used: HashSet<u32> =
        playlist.loops.iter().flat_map(|l| l.slots.iter().map(|slot| slot.item).chain(l.hold)).collect();
    let mut seen = HashSet::new();
    let mut known = Vec::new();
    for (number, item) in (0..).zip(&playlist.items) {
        let mut wrong = |what| faults.push(PlanFault::Item { item: number, wrong: what });
        if !used.contains(&number) {
            wrong("it is in no loop");
        }
        if !seen.insert(item) {
            wrong("it occurs twice");
        }
        let offer = offers.iter().copied().find(|(booking, offered)| same(item, booking, offered));
        match offer {
            None => wrong("the programme does not offer it"),
            Some(offer) if !ends_as_promised(item, offer, tz) => wrong("it ends at another time"),
            Some(_) => {}
        }
        known.push(offer);
    }
    known
}

fn same(item: &Item, booking: &ProgrammeBooking, offered: &ProgrammeItem) -> bool {
    item.booking == booking.booking
        && item.creative == offered.creative
        && item.asset == offered.asset
        && item.bytes == offered.bytes
        && item.show == offered.show
        && item.duration == offered.duration
        && item.kind == offered.kind
}

/// It ends on the last day it may be shown, or, if a window of that day crosses midnight, on the next.
fn ends_as_promised(item: &Item, (booking, offered): Offer<'_>, tz: Tz) -> bool {
    let last = [booking.schedule.recurrence().until, offered.valid_until].into_iter().flatten().min();
    match (item.ends, last) {
        (None, None) => true,
        (Some(ends), Some(last)) => ends.plus(-1).to_datetime().is_some_and(|at| {
            let date = at.with_timezone(&tz).date_naive();
            date == last || Some(date) == last.succ_opt()
        }),
        _ => false,
    }
}

fn check_stretch(
    playlist: &Playlist,
    zone: ZoneName,
    stretch: &promised::Stretch<'_>,
    known: &[Option<Offer<'_>>],
    faults: &mut Vec<PlanFault>,
) {
    let parts: Vec<_> = playlist
        .zone(zone)
        .into_iter()
        .flat_map(|zone| zone.days.iter().flat_map(|day| &day.dayparts))
        .filter(|part| UtcInterval { start: part.start, end: part.end }.intersection(stretch.time).is_some())
        .collect();
    let covered: i64 = parts.iter().map(|part| part.end.since(part.start)).sum();
    let showable = |(_, item): &&Offer<'_>| item.duration.0 > 0 && item.duration.as_i64() <= stretch.time.length();
    let showable: Vec<_> = stretch.offers.iter().filter(showable).collect();
    if covered != stretch.time.length() {
        for (booking, item) in &showable {
            let (booking, creative) = (booking.booking, item.creative);
            faults.push(PlanFault::Withheld { zone, at: stretch.time.start, booking, creative });
        }
    }
    for part in parts {
        let Some(looped) = playlist.loops.get(part.looped as usize) else { continue };
        let playing: Vec<_> = looped.slots.iter().filter_map(|slot| *known.get(slot.item as usize)?).collect();
        let is = |a: &Offer<'_>, b: &Offer<'_>| std::ptr::eq(a.1, b.1);
        for offer in &playing {
            if !stretch.offers.iter().any(|promised| is(promised, offer)) {
                faults.push(PlanFault::NotPromised { zone, at: part.start, creative: Some(offer.1.creative) });
            }
        }
        // Where one round of everything is longer than the daypart, something has to stay out.
        let room = part.end.since(part.start);
        let crowded = showable.iter().map(|(_, item)| item.duration.as_i64()).sum::<i64>() > room;
        for offer in &showable {
            if !crowded && !playing.iter().any(|playing| is(playing, offer)) {
                let (booking, creative) = (offer.0.booking, offer.1.creative);
                faults.push(PlanFault::Withheld { zone, at: part.start, booking, creative });
            }
        }
    }
}
