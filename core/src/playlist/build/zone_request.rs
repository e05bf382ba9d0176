//! What decides a zone's days: who wants to be in it, when and how often, how long each creative lasts and what it must not
//! follow. Files and sizes do not, so screens that differ in these alone share the days of a zone.

use std::hash::Hash;

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{
    Programme, ProgrammeBooking, ProgrammeItem,
    presence::Candidate,
    programme::{fingerprint, intensity_on, valid_on},
};
use crate::{
    campaign::Mode,
    digest::Digest,
    geometry::ZoneName,
    id::{BookingId, CreativeId},
    recurrence::{OpeningHours, Schedule},
    time::{DateRange, Millis},
    vocabulary::FraudType,
};

/// All that the days of a zone are made of.
#[derive(Debug, Hash)]
pub(super) struct ZoneRequest<'a> {
    pub zone: ZoneName,
    pub timezone: Tz,
    pub opening: &'a OpeningHours,
    pub horizon: DateRange,
    /// Sorted by id; each has something for this zone.
    pub bookings: Vec<ZoneBooking<'a>>,
}

/// What a booking wants of a zone.
#[derive(Debug, Hash)]
pub(super) struct ZoneBooking<'a> {
    pub booking: BookingId,
    pub mode: &'a Mode,
    pub most_per_day: Option<u32>,
    pub intensity: &'a [(DateRange, u16)],
    pub missed: u32,
    pub schedule: &'a Schedule,
    /// Sorted by creative, each once; not empty.
    pub items: Vec<ZoneItem>,
}

/// What is to be known of a creative to give it its times.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct ZoneItem {
    pub creative: CreativeId,
    pub duration: Millis,
    pub fraud_type: Option<FraudType>,
    valid_from: Option<NaiveDate>,
    valid_until: Option<NaiveDate>,
}

impl ZoneItem {
    fn of(item: &ProgrammeItem) -> Self {
        let ProgrammeItem { creative, duration, fraud_type, valid_from, valid_until, .. } = *item;
        Self { creative, duration, fraud_type, valid_from, valid_until }
    }

    pub fn valid_on(&self, date: NaiveDate) -> bool {
        valid_on(self.valid_from, self.valid_until, date)
    }
}

impl ZoneBooking<'_> {
    pub fn intensity_on(&self, date: NaiveDate) -> u16 {
        intensity_on(self.intensity, date)
    }
}

/// A programme's booking with its creatives sorted by zone and creative, each once in a zone.
pub(super) struct Listed<'a> {
    pub booking: &'a ProgrammeBooking,
    pub items: Vec<&'a ProgrammeItem>,
}

impl<'a> Listed<'a> {
    /// The bookings of a programme, sorted by id.
    pub fn all(programme: &'a Programme) -> Vec<Self> {
        let listed = |booking: &'a ProgrammeBooking| {
            let mut items: Vec<_> = booking.items.iter().collect();
            items.sort_by_key(|item| (item.zone, item.creative, item.asset));
            items.dedup_by_key(|item| (item.zone, item.creative));
            Self { booking, items }
        };
        let mut bookings: Vec<_> = programme.bookings.iter().map(listed).collect();
        bookings.sort_by_key(|listed| listed.booking.booking);
        bookings
    }
}

/// Where a zone's candidates are among all bookings: of each booking of the zone its position, and that of its first item.
pub(super) struct Places(Vec<(usize, usize)>);

impl Places {
    /// The candidate by the positions that count in the whole programme.
    pub fn of(&self, (booking, item): Candidate) -> Candidate {
        let (listed, first) = self.0[booking];
        (listed, first + item)
    }
}

impl<'a> ZoneRequest<'a> {
    /// What is asked of a zone, and where in the list who asks it is.
    pub fn of(programme: &'a Programme, listed: &[Listed<'a>], zone: ZoneName, horizon: DateRange) -> (Self, Places) {
        let mut bookings = Vec::new();
        let mut places = Vec::new();
        for (position, Listed { booking, items }) in listed.iter().enumerate() {
            let first = items.partition_point(|item| item.zone < zone);
            let items: Vec<_> =
                items[first..].iter().take_while(|item| item.zone == zone).map(|item| ZoneItem::of(item)).collect();
            if items.is_empty() {
                continue;
            }
            places.push((position, first));
            bookings.push(ZoneBooking {
                booking: booking.booking,
                mode: &booking.mode,
                most_per_day: booking.most_per_day,
                intensity: &booking.intensity,
                missed: booking.missed,
                schedule: &booking.schedule,
                items,
            });
        }
        let request = Self { zone, timezone: programme.timezone, opening: &programme.opening, horizon, bookings };
        (request, Places(places))
    }

    /// Its name: equal requests have the same, and nobody finds two that have.
    pub fn name(&self) -> Digest {
        fingerprint(|sum| self.hash(sum))
    }
}
