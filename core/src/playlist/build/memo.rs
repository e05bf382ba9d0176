//! What the making of one playlist leaves for the next: zones already planned, loops already arranged, and schedules already
//! laid on the calendar. The same bookings meet on very many screens, and on every day.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono_tz::Tz;

use super::{
    zone::{self, ZonePlan},
    zone_request::ZoneRequest,
};
use crate::{
    digest::Digest,
    recurrence::{OpeningHours, Schedule},
    rotation::{self, Care},
    time::{DateRange, UtcInterval, UtcMillis},
};

/// Remembered by whoever plans for many screens. Several threads may plan with one; it changes no answer.
#[derive(Debug, Default)]
pub struct Memo {
    pub(super) loops: rotation::Memo,
    times: Mutex<HashMap<Asked, Remembered>>,
    zones: Mutex<HashMap<Digest, Zone>>,
}

/// A zone's days by the name of what was asked.
#[derive(Debug)]
struct Zone {
    plan: Arc<ZonePlan>,
    care: Care,
    /// Asked for since [`Memo::forget_unused`] was called last.
    used: bool,
}

/// What decides when a booking is on air.
type Asked = (Schedule, OpeningHours, Tz, DateRange);

#[derive(Debug)]
struct Remembered {
    times: Arc<OnAirTimes>,
    /// Asked for since [`Memo::forget_unused`] was called last.
    used: bool,
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
        self.zones.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, kept| std::mem::take(&mut kept.used));
        // A loop is in use as long as a zone has it.
        self.loops.forget_unused();
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        times.retain(|_, kept| std::mem::take(&mut kept.used));
    }

    /// Of how many zones it remembers the days.
    pub fn zones(&self) -> usize {
        self.zones.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many loops it remembers.
    pub fn loops(&self) -> usize {
        self.loops.len()
    }

    /// The days of a zone, planned with that care or, if that was asked for before, with more.
    pub(super) fn zone(&self, request: &ZoneRequest<'_>, care: Care) -> Arc<ZonePlan> {
        let name = request.name();
        let known = |kept: &&mut Zone| kept.care >= care;
        if let Some(kept) = self.zones.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&name).filter(known) {
            kept.used = true;
            return kept.plan.clone();
        }
        // Not while holding the lock: two threads may both plan it, and come to the same.
        let plan = Arc::new(zone::plan(request, self, care));
        let mut all = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(better) = all.get(&name).filter(|kept| kept.care > care) {
            return better.plan.clone();
        }
        all.insert(name, Zone { plan: plan.clone(), care, used: true });
        plan
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
        if let Some(kept) = self.times.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&asked) {
            kept.used = true;
            return kept.times.clone();
        }
        let scheduled = schedule.intervals(days, tz);
        let open = UtcInterval::intersect(&scheduled, &opening.intervals(days, tz));
        let times = Arc::new(OnAirTimes { scheduled, open, ends: schedule.ends(tz) });
        let kept = Remembered { times: times.clone(), used: true };
        self.times.lock().unwrap_or_else(PoisonError::into_inner).insert(asked, kept);
        times
    }
}
