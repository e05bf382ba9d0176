//! The judge of any playlist: does it keep what its programme promised, and nothing else? Shares no code with
//! [`playlist::build`](crate::playlist::build) or [`rotation`](crate::rotation), so that a mistake there is found here.
//!
//! It asks instant by instant who was promised the time, unrolls the dayparts by itself, and counts showings. It also
//! verifies the proofs with which the engine says that promises cannot be kept.

mod loops;
mod often;
mod promised;
mod proof;
mod seams;
mod showings;

pub use proof::{ProofFault, verify_certificate};

use std::collections::{BTreeSet, HashSet};

use chrono_tz::Tz;

use crate::{
    campaign::{Guarantee, Mode},
    geometry::ZoneName,
    id::{BookingId, CreativeId},
    playlist::{Item, Playlist, Programme, ProgrammeBooking, ProgrammeItem},
    time::{DateRange, Millis, UtcInterval, UtcMillis},
};

/// Something a playlist does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanFault {
    /// The time zone, the zones or the days are not the programme's and the horizon's.
    Frame(&'static str),
    /// An item of the table is not an item of the programme, occurs twice, or is shown nowhere.
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
    /// A loop is longer than the time in which it runs: its last slots never come.
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
    /// What is shown on either side of a seam warns of the same fraud, or is the same, though one change would part it.
    EqualAtSeam {
        /// Where.
        zone: ZoneName,
        /// The seam.
        at: UtcMillis,
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
    /// A guarantee is broken.
    Guarantee {
        /// Whose.
        booking: BookingId,
        /// Where.
        zone: ZoneName,
        /// When first.
        at: UtcMillis,
    },
    /// Nothing of a booking begins at one of its fixed times or within ten minutes.
    FixedTime {
        /// Whose.
        booking: BookingId,
        /// Where.
        zone: ZoneName,
        /// The time.
        at: UtcMillis,
    },
    /// Fewer showings in a period than its part of the quota.
    Quota {
        /// Whose.
        booking: BookingId,
        /// Where.
        zone: ZoneName,
        /// Showings in those days of the period that lie in the horizon.
        has: u32,
        /// What these days owe.
        owed: u32,
    },
    /// More showings on a day than there may be.
    Cap {
        /// Whose.
        booking: BookingId,
        /// Where.
        zone: ZoneName,
        /// The day.
        date: chrono::NaiveDate,
        /// Showings on it.
        has: u32,
    },
    /// The events listed are not those promised.
    Events {
        /// Where.
        zone: ZoneName,
        /// The day.
        date: chrono::NaiveDate,
    },
}

impl PlanFault {
    /// Whether it is a promise that could not be kept, which the planner reports too, and no mistake of the planner's.
    pub const fn is_shortfall(&self) -> bool {
        matches!(self, Self::Guarantee { .. } | Self::FixedTime { .. } | Self::Quota { .. })
    }
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
        let showings = showings::unrolled(playlist, zone);
        for showing in &showings {
            let Some(Some(offer)) = known.get(showing.item as usize) else { continue };
            if !promised_throughout(&stretches, offer, showing.time) {
                let creative = Some(offer.1.creative);
                faults.push(PlanFault::NotPromised { zone: zone.zone, at: showing.time.start, creative });
            }
        }
        for stretch in &stretches {
            check_stretch(playlist, zone.zone, stretch, &known, &mut faults);
        }
        for (part, block) in showings::blocks(zone) {
            let time = UtcInterval { start: part.start, end: part.end };
            let length = playlist.loops.get(part.looped as usize).map_or(0, |l| l.length().as_i64());
            let slots = playlist.loops.get(part.looped as usize).map_or(&[][..], |l| &l.slots);
            // At each moment something of the loop is promised: that something else is says nothing for what is held.
            let of_loop = |offer: &Offer<'_>| {
                slots.iter().any(|slot| known.get(slot.item as usize).copied().flatten().is_some_and(|o| is(&o, offer)))
            };
            let offered = stretches.iter().filter(|s| s.offers.iter().any(of_loop));
            let offered: i64 = offered.filter_map(|s| s.time.intersection(time)).map(UtcInterval::length).sum();
            if offered != time.length() {
                faults.push(PlanFault::NotPromised { zone: zone.zone, at: part.start, creative: None });
            }
            let fixed = |item: u32| {
                let offer = known.get(item as usize).copied().flatten();
                offer.is_some_and(|(booking, _)| matches!(booking.mode, Mode::Fixed { .. }))
            };
            if slots.iter().all(|slot| fixed(slot.item)) && time.length() != length {
                faults
                    .push(PlanFault::Loop { looped: part.looped, wrong: "a fixed time lasts longer than its showing" });
            }
            if length > block.length() {
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
        seams::check(playlist, zone, programme, &stretches, &showings, &known, &mut faults);
        often::check(playlist, zone, programme, &stretches, &showings, &known, horizon, &mut faults);
    }
    loops::check(playlist, programme.timezone, &known, &mut faults);
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
    let in_loops = playlist.loops.iter().flat_map(|l| l.slots.iter().map(|slot| slot.item).chain(l.hold));
    let days = playlist.zones.iter().flat_map(|zone| &zone.days);
    let used: HashSet<u32> = in_loops.chain(days.flat_map(|day| day.events.iter().map(|event| event.item))).collect();
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

fn is(a: &Offer<'_>, b: &Offer<'_>) -> bool {
    std::ptr::eq(a.1, b.1)
}

fn promised_throughout(stretches: &[promised::Stretch<'_>], offer: &Offer<'_>, time: UtcInterval) -> bool {
    let covering = stretches.iter().filter(|s| s.offers.iter().any(|promised| is(promised, offer)));
    let covered: i64 = covering.filter_map(|s| s.time.intersection(time)).map(UtcInterval::length).sum();
    covered == time.length()
}

/// Whether a booking certainly plays in loops: one that is counted may be placed one by one instead.
fn rolls(booking: &ProgrammeBooking) -> bool {
    let rolling = matches!(booking.mode, Mode::Share { .. } | Mode::Guarantee(_) | Mode::Filler {});
    rolling && booking.most_per_day.is_none()
}

fn check_stretch(
    playlist: &Playlist,
    zone: ZoneName,
    stretch: &promised::Stretch<'_>,
    known: &[Option<Offer<'_>>],
    faults: &mut Vec<PlanFault>,
) {
    let playing = |looped: u32| -> Vec<Offer<'_>> {
        let slots = playlist.loops.get(looped as usize).map_or(&[][..], |l| &l.slots);
        slots.iter().filter_map(|slot| *known.get(slot.item as usize)?).collect()
    };
    let parts: Vec<(UtcInterval, Vec<Offer<'_>>)> = playlist
        .zone(zone)
        .into_iter()
        .flat_map(|zone| zone.days.iter().flat_map(|day| &day.dayparts))
        .filter_map(|part| {
            let time = UtcInterval { start: part.start, end: part.end }.intersection(stretch.time)?;
            Some((time, playing(part.looped)))
        })
        .collect();
    let rolling: Vec<&Offer<'_>> = stretch.offers.iter().filter(|(booking, _)| rolls(booking)).collect();
    let loops = || parts.iter().filter(|(_, playing)| playing.iter().any(|(booking, _)| rolls(booking)));
    // Between showings that are placed one by one.
    let mut room = 0;
    let mut free_from = stretch.time.start;
    let placed = parts.iter().filter(|(_, playing)| !playing.iter().any(|(booking, _)| rolls(booking)));
    for (time, _) in placed {
        room = room.max(time.start.since(free_from));
        free_from = time.end;
    }
    room = room.max(stretch.time.end.since(free_from));
    let showable = |(_, item): &&&Offer<'_>| item.duration.0 > 0 && item.duration.as_i64() <= room;
    let showable: Vec<&Offer<'_>> = rolling.iter().filter(showable).copied().collect();
    let covered: i64 = parts.iter().map(|(time, _)| time.length()).sum();
    if covered != stretch.time.length() {
        for (booking, item) in &showable {
            let (booking, creative) = (booking.booking, item.creative);
            faults.push(PlanFault::Withheld { zone, at: stretch.time.start, booking, creative });
        }
    }
    // Where one round of everything is longer than the time there is, something has to stay out.
    let counted = stretch.offers.iter().filter(|(booking, _)| !rolls(booking));
    let crowd: i64 = showable.iter().copied().chain(counted).map(|(_, item)| item.duration.as_i64()).sum();
    let crowded = crowd > room;
    let share = |(booking, _): &Offer<'_>| matches!(booking.mode, Mode::Share { .. });
    for (time, playing) in loops() {
        // Fillers make way for shares, for those too that are counted and play in the loop as long as they may.
        let sharing = showable.iter().copied().chain(playing).any(share);
        // What is promised may be counted too, and play in the loop all the same.
        let beside: Vec<&Offer<'_>> = showable.iter().copied().chain(playing).collect();
        for offer in &showable {
            let spared = match offer.0.mode {
                Mode::Filler {} => sharing || yields(offer, &beside),
                Mode::Share { .. } => yields(offer, &beside),
                Mode::Guarantee(guarantee) => longer_than_gap(offer.1.duration, guarantee, &offer.0.intensity),
                _ => false,
            };
            if !crowded && !spared && !playing.iter().any(|playing| is(playing, offer)) {
                let (booking, creative) = (offer.0.booking, offer.1.creative);
                faults.push(PlanFault::Withheld { zone, at: time.start, booking, creative });
            }
        }
    }
}

/// Whether a creative alone lasts longer than its booking's gap, on some day.
fn longer_than_gap(length: Millis, guarantee: Guarantee, intensity: &[(DateRange, u16)]) -> bool {
    let on_days = intensity.iter().map(|(_, percent)| guarantee.scaled(*percent)).chain([guarantee]);
    on_days.flat_map(|g| [g.max_gap(), g.per_hour().map(|_| Millis(3_600_000))]).flatten().any(|gap| length > gap)
}

/// Whether something is so long that a guarantee beside it would be broken each time it is shown.
fn yields(offer: &Offer<'_>, beside: &[&Offer<'_>]) -> bool {
    beside.iter().any(|(booking, item)| {
        let Mode::Guarantee(guarantee) = &booking.mode else { return false };
        let tightest = booking.intensity.iter().map(|(_, percent)| guarantee.scaled(*percent)).chain([*guarantee]);
        let gaps = tightest.flat_map(|g| [g.max_gap().map(Millis::as_i64), g.per_hour().map(|_| 3_600_000)]);
        gaps.flatten().any(|gap| offer.1.duration.as_i64() + item.duration.as_i64() > gap)
    })
}
