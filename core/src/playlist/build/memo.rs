//! What the making of one playlist leaves for the next: zones already planned, loops already arranged, and schedules already
//! laid on the calendar. The same bookings meet on very many screens, and on every day.

use std::sync::Arc;

use chrono_tz::Tz;

use super::{
    zone::{self, ZonePlan},
    zone_request::ZoneRequest,
};
use crate::{
    digest::Digest,
    recurrence::{OpeningHours, Schedule},
    remembered::Remembered,
    rotation::{Answer, Care, Request, arrange_with},
    time::{DateRange, UtcInterval, UtcMillis},
};

/// Remembered by whoever plans for many screens. Several threads may plan with one; it changes no answer.
#[derive(Debug, Default)]
pub struct Memo {
    loops: Remembered<Request, Answer>,
    times: Remembered<(Schedule, OpeningHours, Tz, DateRange), OnAirTimes>,
    /// By the name of what was asked.
    zones: Remembered<Digest, ZonePlan>,
}

/// A schedule on the calendar.
#[derive(Debug)]
pub(super) struct OnAirTimes {
    /// The schedule alone.
    pub scheduled: Vec<UtcInterval>,
    /// Within opening hours.
    pub open: Vec<UtcInterval>,
    pub ends: Option<UtcMillis>,
}

impl Memo {
    /// Forgets what was not asked for since the last time.
    pub fn forget_unused(&self) {
        self.zones.forget_unused();
        // A loop is in use as long as a zone has it.
        self.loops.forget_unused();
        self.times.forget_unused();
    }

    /// Of how many zones it remembers the days.
    pub fn zones(&self) -> usize {
        self.zones.len()
    }

    /// How many loops it remembers.
    pub fn loops(&self) -> usize {
        self.loops.len()
    }

    /// The days of a zone, planned with that care or with more.
    pub(super) fn zone(&self, request: &ZoneRequest<'_>, care: Care) -> Arc<ZonePlan> {
        self.zones.of(&request.name(), care, || zone::plan(request, self, care))
    }

    /// A loop, arranged with that care or with more.
    pub(super) fn arrange(&self, request: &Request, care: Care) -> Arc<Answer> {
        self.loops.of(request, care, || arrange_with(request, care))
    }

    /// When this schedule is on air.
    pub(super) fn times(
        &self,
        schedule: &Schedule,
        opening: &OpeningHours,
        tz: Tz,
        days: DateRange,
    ) -> Arc<OnAirTimes> {
        let asked = (schedule.clone(), opening.clone(), tz, days);
        self.times.of(&asked, Care::Full, || {
            let scheduled = schedule.intervals(days, tz);
            let open = UtcInterval::intersect(&scheduled, &opening.intervals(days, tz));
            OnAirTimes { scheduled, open, ends: schedule.ends(tz) }
        })
    }
}
