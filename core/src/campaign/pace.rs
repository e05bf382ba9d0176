//! How a quota is paced over its period, and how what a screen missed is made up for.
//!
//! The period's showings are dealt over those of the booking's days in it on which the venue is open during its windows:
//! evenly, but for days of a stage, which get as much more or less as its intensity says. Once a day it is counted what a
//! screen should have shown before today and what it did show: the difference is dealt over the days that are left of the
//! same period, never more than one even day's part on top of any day's own, and never beyond the booking's cap of a day. A
//! quota per day is not made up for: its day is over.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use chrono_tz::Tz;

use super::{Period, Quota};
use crate::{
    recurrence::{OpeningHours, Schedule, day_of},
    time::{DateRange, UtcInterval},
};

/// When a booking can play at a venue, and how strongly.
#[derive(Debug, Clone, Copy)]
pub struct Calendar<'a> {
    /// The booking's days and windows.
    pub schedule: &'a Schedule,
    /// The venue's hours.
    pub opening: &'a OpeningHours,
    /// The venue's time zone.
    pub timezone: Tz,
    /// Percent of the quota on some days; on others 100.
    pub intensity: &'a [(DateRange, u16)],
}

/// A quota in one of its periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    quota: Quota,
    most_per_day: Option<u32>,
    period: DateRange,
    /// The days over which it is dealt, ascending, with the percentage of each.
    days: Vec<(NaiveDate, u16)>,
}

/// How far a screen is with a quota, before a day begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Showings that the days before it should have had.
    pub due: u32,
    /// Showings that were made.
    pub made: u32,
    /// Showings to be made up for on this day and the later ones of the period. In steps of a twentieth of the quota, rounded
    /// up: screens that missed about as much go on sharing one playlist.
    pub missed: u32,
}

impl Period {
    /// The whole calendar period around a day.
    pub fn around(self, date: NaiveDate) -> DateRange {
        match self {
            Self::Day => DateRange::day(date),
            Self::Week => {
                let monday = date - Days::new(u64::from(date.weekday().num_days_from_monday()));
                DateRange::starting(monday, 7)
            }
            Self::Month => {
                let first = date.with_day(1).unwrap_or(date);
                let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
                DateRange { first, last: next.pred_opt().unwrap_or(first) }
            }
        }
    }
}

impl Calendar<'_> {
    /// The booking's days in a range on which it is on air at all.
    fn days(&self, range: DateRange) -> Vec<NaiveDate> {
        let mut days = self.schedule.recurrence().days(range);
        let scheduled = self.schedule.intervals(range, self.timezone);
        let on_air = UtcInterval::intersect(&scheduled, &self.opening.intervals(range, self.timezone));
        days.retain(|day| {
            let day = day_of(*day, self.timezone);
            let next = on_air.partition_point(|interval| interval.end <= day.start);
            on_air.get(next).is_some_and(|interval| interval.start < day.end)
        });
        days
    }

    fn percent(&self, date: NaiveDate) -> u16 {
        self.intensity.iter().find(|(days, _)| days.contains(date)).map_or(100, |(_, percent)| *percent)
    }
}

impl Pace {
    /// In the period in which a day lies. `most_per_day`: never more than this on one day.
    pub fn around(date: NaiveDate, quota: Quota, most_per_day: Option<u32>, calendar: &Calendar<'_>) -> Self {
        let period = quota.per().around(date);
        let days = calendar.days(period).into_iter().map(|day| (day, calendar.percent(day))).collect();
        Self { quota, most_per_day, period, days }
    }

    /// The period.
    pub fn period(&self) -> DateRange {
        self.period
    }

    /// A day's part of its period's showings, the larger parts first; 0 on a day on which it is not on air.
    pub fn regular(&self, date: NaiveDate) -> u32 {
        self.days.binary_search_by_key(&date, |(day, _)| *day).map_or(0, |nth| self.part(nth))
    }

    /// What a day shows on top of its own part, when `missed` showings were to be made up for before `first`.
    pub fn made_up(&self, missed: u32, first: NaiveDate, date: NaiveDate) -> u32 {
        if missed == 0 || !self.period.contains(date) || date < first {
            return 0;
        }
        self.dealt(missed, first).into_iter().find(|(day, _)| *day == date).map_or(0, |(_, more)| more)
    }

    /// What is still to be made up for when `today` begins, if `missed` was when `first` did and all went as planned since.
    pub fn still_missed(&self, missed: u32, first: NaiveDate, today: NaiveDate) -> u32 {
        if !self.period.contains(today) {
            return 0;
        }
        let made: u32 =
            self.dealt(missed, first).into_iter().filter(|(day, _)| *day < today).map(|(_, more)| more).sum();
        missed - made
    }

    /// How far a screen is when `today` begins that made `made` showings in the period so far; what was before `since` (it
    /// was not paired, the booking not published) is not owed.
    pub fn progress(&self, since: NaiveDate, today: NaiveDate, made: u32) -> Progress {
        let gone = self.days.iter().enumerate().filter(|(_, (day, _))| *day >= since && *day < today);
        let due: u32 = gone.map(|(nth, _)| self.capped(self.part(nth))).sum();
        let step = u32::from(self.quota.plays()).div_ceil(20).max(1);
        let short = due.saturating_sub(made).div_ceil(step) * step;
        let room = self.dealt(short, today).into_iter().map(|(_, more)| more).sum();
        Progress { due, made, missed: short.min(room) }
    }

    fn part(&self, nth: usize) -> u32 {
        let upto = |n: usize| {
            let percents: u64 = self.days[..n].iter().map(|(_, percent)| u64::from(*percent)).sum();
            (u64::from(self.quota.plays()) * percents).div_ceil(100 * self.days.len() as u64) as u32
        };
        upto(nth + 1) - upto(nth)
    }

    fn capped(&self, showings: u32) -> u32 {
        self.most_per_day.map_or(showings, |most| showings.min(most))
    }

    /// Deals what was missed over the days that are left of the period, evenly as far as they have room.
    fn dealt(&self, missed: u32, first: NaiveDate) -> Vec<(NaiveDate, u32)> {
        let most = u32::from(self.quota.plays()).div_ceil(self.days.len().max(1) as u32);
        let left: Vec<_> = self.days.iter().enumerate().filter(|(_, (day, _))| *day >= first).collect();
        let mut rest = missed;
        let deal = |(position, (nth, (day, _))): (usize, &(usize, &(NaiveDate, u16)))| {
            let own = self.part(*nth);
            let room = self.capped(own + most).saturating_sub(own);
            let more = rest.div_ceil((left.len() - position) as u32).min(room);
            rest -= more;
            (*day, more)
        };
        left.iter().enumerate().map(deal).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        campaign::QuotaForm,
        recurrence::{DayWindow, Recurrence, Rule, Weekdays},
    };

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn on(weekdays: Weekdays) -> Schedule {
        let days = Recurrence::plain(date("2024-12-01"), None, Rule::Weekdays(weekdays));
        Schedule::checked(days, vec![DayWindow::ALL_DAY]).unwrap()
    }

    fn always<'a>(schedule: &'a Schedule, opening: &'a OpeningHours) -> Calendar<'a> {
        Calendar { schedule, opening, timezone: chrono_tz::Asia::Shanghai, intensity: &[] }
    }

    fn quota(plays: u16, per: Period) -> Quota {
        Quota::try_from(QuotaForm { plays, per }).unwrap()
    }

    #[test]
    fn a_monday_off_is_caught_up_in_the_rest_of_the_week() {
        let (days, opening) = (on(Weekdays::ALL), OpeningHours::always());
        let (monday, tuesday) = (date("2025-06-02"), date("2025-06-03"));
        let week = |most_per_day| Pace::around(monday, quota(70, Period::Week), most_per_day, &always(&days, &opening));
        let pace = week(None);
        // Steps of four: ten become twelve.
        assert_eq!(pace.progress(monday, tuesday, 0), Progress { due: 10, made: 0, missed: 12 });
        let more: Vec<_> = (0..8).map(|n| pace.made_up(12, tuesday, tuesday + Days::new(n))).collect();
        assert_eq!(more, [2, 2, 2, 2, 2, 2, 0, 0], "and not in the next week");
        assert_eq!(pace.still_missed(12, tuesday, date("2025-06-05")), 8);
        assert_eq!(pace.still_missed(12, tuesday, date("2025-06-09")), 0);
        // The cap of a day leaves room for one.
        assert_eq!(week(Some(11)).progress(monday, tuesday, 0).missed, 6);
        // Paired on Tuesday: nothing was owed on Monday.
        assert_eq!(pace.progress(tuesday, tuesday, 0), Progress { due: 0, made: 0, missed: 0 });
    }

    #[test]
    fn a_day_that_is_over_is_not_made_up_for() {
        let (days, opening) = (on(Weekdays::ALL), OpeningHours::always());
        let tuesday = date("2025-06-03");
        let pace = Pace::around(tuesday, quota(70, Period::Day), None, &always(&days, &opening));
        assert_eq!(pace.progress(date("2025-06-02"), tuesday, 0).missed, 0);
    }

    #[test]
    fn a_venue_that_is_closed_on_some_days_gets_its_whole_quota_on_the_others() {
        let (days, opening) = (on(Weekdays::ALL), "Mo-Fr 08:30-17:30; Sa,Su off".parse().unwrap());
        let monday = date("2025-06-02");
        let pace = Pace::around(monday, quota(70, Period::Week), None, &always(&days, &opening));
        let week: Vec<_> = (0..7).map(|n| pace.regular(monday + Days::new(n))).collect();
        assert_eq!(week, [14, 14, 14, 14, 14, 0, 0]);
        assert_eq!(pace.progress(monday, date("2025-06-07"), 60), Progress { due: 70, made: 60, missed: 0 });
        // Open, but not while the booking is on air, is closed too.
        let evenings = DayWindow { from: "19:00".parse().unwrap(), to: "21:00".parse().unwrap() };
        let evenings = Schedule::checked(days.recurrence().clone(), vec![evenings]).unwrap();
        let opening = "Mo-Fr 08:30-17:30; Sa 08:30-20:00; Su off".parse().unwrap();
        let pace = Pace::around(monday, quota(70, Period::Week), None, &always(&evenings, &opening));
        assert_eq!(pace.regular(date("2025-06-07")), 70);
    }

    #[test]
    fn a_stage_asks_for_more_or_less_on_its_days() {
        let (days, opening) = (on(Weekdays::ALL), OpeningHours::always());
        let monday = date("2025-06-02");
        let stages = [(DateRange::starting(monday, 2), 200), (DateRange::day(date("2025-06-08")), 50)];
        let calendar = Calendar { intensity: &stages, ..always(&days, &opening) };
        let pace = Pace::around(monday, quota(70, Period::Week), None, &calendar);
        let week: Vec<_> = (0..7).map(|n| pace.regular(monday + Days::new(n))).collect();
        assert_eq!(week, [20, 20, 10, 10, 10, 10, 5]);
        assert_eq!(pace.progress(monday, date("2025-06-04"), 0).due, 40);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

        #[test]
        fn what_is_made_up_is_what_was_missed_within_every_limit(
            plays in 1..=1000u16,
            per in proptest::sample::select(vec![Period::Day, Period::Week, Period::Month]),
            numbers in proptest::sample::subsequence((1..=7u8).collect::<Vec<_>>(), 1..=7),
            open in proptest::sample::select(vec!["24/7", "Mo-Fr 09:00-17:00; Sa,Su off", "Sa,Su 10:00-12:00"]),
            offset in 0..400u64,
            made in 0..1200u32,
            most_per_day in proptest::option::of(1..200u32),
            stage in proptest::option::of((0..40u64, 1..40u32, 10..=300u16)),
        ) {
            let schedule = on(Weekdays::from_numbers(&numbers).unwrap());
            let opening: OpeningHours = open.parse().unwrap();
            let today = date("2025-01-01") + Days::new(offset);
            let stages: Vec<_> =
                stage.iter().map(|(from, long, percent)| (DateRange::starting(today + Days::new(*from) - Days::new(20), *long), *percent)).collect();
            let calendar = Calendar { intensity: &stages, ..always(&schedule, &opening) };
            let pace = Pace::around(today, quota(plays, per), most_per_day, &calendar);
            let period = per.around(today);
            prop_assert!(period.contains(today));
            let regular: u32 = period.days().map(|day| pace.regular(day)).sum();
            let own: Vec<_> = schedule.recurrence().days(period).into_iter().filter(|day| !opening.on(day.weekday()).is_empty()).collect();
            let percents: u32 = own.iter().map(|day| u32::from(calendar.percent(*day))).sum();
            let all = (u32::from(plays) * percents).div_ceil(100 * own.len().max(1) as u32);
            prop_assert_eq!(regular, all);
            if stages.is_empty() && !own.is_empty() {
                prop_assert_eq!(regular, u32::from(plays));
            }

            let progress = pace.progress(period.first, today, made);
            let step = u32::from(plays).div_ceil(20);
            prop_assert!(progress.missed < progress.due.saturating_sub(made) + step);
            prop_assert!(made < progress.due || progress.missed == 0);
            let wide = DateRange { first: period.first - Days::new(40), last: period.last + Days::new(40) };
            let mut sum = 0;
            for day in wide.days() {
                let more = pace.made_up(progress.missed, today, day);
                sum += more;
                prop_assert!(more == 0 || own.contains(&day) && day >= today, "{day} of {period:?}");
                prop_assert!(more <= u32::from(plays).div_ceil(own.len().max(1) as u32));
                let room = most_per_day.map_or(u32::MAX, |most| most.saturating_sub(pace.regular(day)));
                prop_assert!(more <= room);
                if day >= today && period.contains(day) {
                    prop_assert_eq!(pace.still_missed(progress.missed, today, day), progress.missed - (sum - more));
                }
            }
            prop_assert!(sum <= progress.missed);
            if most_per_day.is_none() && stages.is_empty() {
                prop_assert_eq!(sum, progress.missed, "all of it has its day");
            }
        }
    }
}
