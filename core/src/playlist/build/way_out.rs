//! The smallest change that makes promises keepable: for each booking of a collision, what its mode would have to be if it
//! alone gave way. The ladder is that of the mode as it was written; what a stage makes of it is asked of the engine, and
//! in the end the whole programme is built anew with it.

use super::{BuildReport, Collision, Memo, Programme, ProgrammeBooking, build_with};
use crate::{
    campaign::{Guarantee, Milder, Mode, Quota, QuotaForm},
    id::BookingId,
    rotation::{Care, Demand, Part, Request, Verdict, arrange},
    time::DateRange,
};

/// One booking's mode as it would work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayOut {
    /// Whose.
    pub booking: BookingId,
    /// What it asks for now, as it was written.
    pub from: Mode,
    /// The most that can be kept with everything else as it is.
    pub to: Mode,
}

/// For each of these bookings the mildest change of its guarantee or quota with which the collision is gone from every one
/// of these programmes in its days; the one that gives way least first. Bookings for which no change of theirs alone helps
/// are left out. The collision is the first programme's.
pub fn ways_out(
    collision: &Collision,
    colliding: &[BookingId],
    concerned: &[(&Programme, DateRange)],
    memo: &Memo,
) -> Vec<WayOut> {
    let search = Search { collision, colliding, concerned, memo };
    let mut found: Vec<(u32, WayOut)> = colliding.iter().filter_map(|booking| search.way_out(*booking)).collect();
    found.sort_by_key(|(distance, way)| (*distance, way.booking));
    found.into_iter().map(|(_, way)| way).collect()
}

struct Search<'a> {
    collision: &'a Collision,
    colliding: &'a [BookingId],
    concerned: &'a [(&'a Programme, DateRange)],
    memo: &'a Memo,
}

impl Search<'_> {
    fn way_out(&self, id: BookingId) -> Option<(u32, WayOut)> {
        let (programme, _) = self.concerned.first()?;
        let booking = programme.bookings.iter().find(|b| b.booking == id)?;
        let rungs = |what| match &booking.mode {
            Mode::Guarantee(guarantee) => {
                let milder = |to: Guarantee| (guarantee.distance(to), Mode::Guarantee(to));
                guarantee.milder(what).into_iter().map(milder).collect()
            }
            Mode::Quota(quota) if what == Milder::Often => fewer(*quota),
            _ => Vec::new(),
        };
        // Half a guarantee gives way rather than the whole of it.
        let half = [Milder::Often, Milder::Apart].into_iter().filter_map(|what| self.mildest(booking, rungs(what)));
        let found = half.min_by_key(|(distance, _)| *distance);
        let (distance, to) = found.or_else(|| self.mildest(booking, rungs(Milder::Both)))?;
        Some((distance, WayOut { booking: id, from: booking.mode.clone(), to }))
    }

    /// The first of ever milder modes that works: by halving in the loop alone, then proven by building everything.
    fn mildest(&self, booking: &ProgrammeBooking, rungs: Vec<(u32, Mode)>) -> Option<(u32, Mode)> {
        let first = first_that(0, rungs.len(), &|nth| self.fits(booking, &rungs[nth].1))?;
        let kept = |nth: usize| self.rebuilt(booking.booking, &rungs[nth].1, true);
        let gone = |nth: usize| self.rebuilt(booking.booking, &rungs[nth].1, false);
        // Rather one with which nothing is broken at the seams of the day either.
        let nth = first_that(first, rungs.len(), &kept).or_else(|| first_that(first, rungs.len(), &gone))?;
        rungs.into_iter().nth(nth)
    }

    /// Whether the loop in which they collide keeps its promises with this mode.
    fn fits(&self, booking: &ProgrammeBooking, mode: &Mode) -> bool {
        let request = &self.collision.request;
        let mut parts: Vec<Part> = request.parts().to_vec();
        let Some(position) = parts.iter().position(|part| part.booking == booking.booking) else { return true };
        let Some(demand) = demand(parts[position].demand, booking, mode, self.percent(booking)) else { return true };
        parts[position].demand = demand;
        Request::checked(parts, request.bounds()).is_ok_and(|request| arrange(&request).verdict == Verdict::Feasible)
    }

    /// How strongly the booking plays on the day of the collision.
    fn percent(&self, booking: &ProgrammeBooking) -> u16 {
        let tz = self.concerned.first().map_or(chrono_tz::UTC, |(programme, _)| programme.timezone);
        let date = self.collision.at.start.to_datetime().map(|at| at.with_timezone(&tz).date_naive());
        date.map_or(100, |date| booking.intensity_on(date))
    }

    /// Whether the collision is gone from every programme with this mode; and, asked `whole`, every guarantee in it kept.
    fn rebuilt(&self, id: BookingId, mode: &Mode, whole: bool) -> bool {
        self.concerned.iter().all(|(programme, horizon)| {
            let mut changed = (*programme).clone();
            for booking in changed.bookings.iter_mut().filter(|b| b.booking == id) {
                booking.mode = mode.clone();
            }
            let report = build_with(&changed, *horizon, self.memo, Care::Quick).1;
            self.is_gone_from(&report, id) && (!whole || self.is_kept_in(&report))
        })
    }

    fn is_gone_from(&self, report: &BuildReport, id: BookingId) -> bool {
        let in_it = |other: &Collision| other.request.parts().iter().any(|part| part.booking == id);
        !report.collisions.iter().any(|other| other.zone == self.collision.zone && in_it(other))
    }

    fn is_kept_in(&self, report: &BuildReport) -> bool {
        let mine = report.guarantees.iter().filter(|kept| kept.zone == self.collision.zone);
        mine.filter(|kept| self.colliding.contains(&kept.booking)).all(|kept| kept.broken_at.is_none())
    }
}

/// What the loop is asked for with another mode; `None`: nothing, its showings are so rare that they are placed one by one.
fn demand(now: Demand, booking: &ProgrammeBooking, mode: &Mode, percent: u16) -> Option<Demand> {
    match (mode, &booking.mode, now) {
        (Mode::Guarantee(to), ..) => Some(Demand::Guarantee(to.scaled(percent))),
        (Mode::Quota(to), Mode::Quota(from), Demand::Guarantee(rolling)) => {
            let often = u32::from(rolling.per_hour()?) * u32::from(to.plays());
            let often = often.div_ceil(u32::from(from.plays()));
            // Every twenty minutes or rarer.
            let guarantee = Guarantee::checked(u16::try_from(often).ok().filter(|n| *n > 3), None).ok()?;
            Some(Demand::Guarantee(guarantee))
        }
        _ => Some(now),
    }
}

/// Ever smaller quotas, down to one showing, with how much smaller each is in thousandths.
fn fewer(quota: Quota) -> Vec<(u32, Mode)> {
    let mut ladder = Vec::new();
    let mut plays = quota.plays();
    while plays > 1 {
        plays -= (plays / 20).max(1);
        let distance = u32::from(quota.plays() - plays) * 1000 / u32::from(quota.plays());
        let smaller = Quota::try_from(QuotaForm { plays, per: quota.per() });
        ladder.extend(smaller.map(|quota| (distance, Mode::Quota(quota))));
    }
    ladder
}

/// The first position from `from` on that works, by halving, if the last one does.
fn first_that(from: usize, until: usize, works: &dyn Fn(usize) -> bool) -> Option<usize> {
    if from >= until {
        return None;
    }
    if works(from) {
        return Some(from);
    }
    let (mut fails, mut good) = (from, until - 1);
    if good == from || !works(good) {
        return None;
    }
    while fails + 1 < good {
        let middle = fails + (good - fails) / 2;
        if works(middle) { good = middle } else { fails = middle }
    }
    Some(good)
}
