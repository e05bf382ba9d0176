//! How a quota is paced over its period, and how what a screen missed is made up for.
//!
//! The period's showings are dealt evenly over the booking's days in it. Once a day it is counted what a screen should have
//! shown before today and what it did show: the difference is dealt over the days that are left of the same period, never
//! more than one even day's part on top of any day's own, and never beyond the booking's cap of a day. A quota per day is not
//! made up for: its day is over.

use chrono::{Datelike as _, Days, Months, NaiveDate};

use super::{Period, Quota};
use crate::{recurrence::Recurrence, time::DateRange};

/// A quota against the days of its booking.
#[derive(Debug, Clone, Copy)]
pub struct Pace<'a> {
    /// How often in which period.
    pub quota: Quota,
    /// Never more on one day.
    pub most_per_day: Option<u32>,
    /// On which days.
    pub days: &'a Recurrence,
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

impl Pace<'_> {
    /// A day's part of its period's showings, the larger parts first; 0 on a day that is none of the booking's.
    pub fn regular(&self, date: NaiveDate) -> u32 {
        let all = self.days.days(self.quota.per().around(date));
        all.iter().position(|day| *day == date).map_or(0, |nth| self.part(nth, all.len()))
    }

    /// What a day shows on top of its own part, when `missed` showings were to be made up for before `first`.
    pub fn made_up(&self, missed: u32, first: NaiveDate, date: NaiveDate) -> u32 {
        let period = self.quota.per().around(first);
        if missed == 0 || !period.contains(date) || date < first {
            return 0;
        }
        self.dealt(missed, first).into_iter().find(|(day, _)| *day == date).map_or(0, |(_, more)| more)
    }

    /// What is still to be made up for when `today` begins, if `missed` was when `first` did and all went as planned since.
    pub fn still_missed(&self, missed: u32, first: NaiveDate, today: NaiveDate) -> u32 {
        if !self.quota.per().around(first).contains(today) {
            return 0;
        }
        let made: u32 =
            self.dealt(missed, first).into_iter().filter(|(day, _)| *day < today).map(|(_, more)| more).sum();
        missed - made
    }

    /// How far a screen is when `today` begins that made `made` showings in the period so far; what was before `since` (it
    /// was not paired, the booking not published) is not owed.
    pub fn progress(&self, since: NaiveDate, today: NaiveDate, made: u32) -> Progress {
        let all = self.days.days(self.quota.per().around(today));
        let gone = all.iter().enumerate().filter(|(_, day)| **day >= since && **day < today);
        let due: u32 = gone.map(|(nth, _)| self.capped(self.part(nth, all.len()))).sum();
        let step = u32::from(self.quota.plays()).div_ceil(20).max(1);
        let short = due.saturating_sub(made).div_ceil(step) * step;
        let room = self.dealt(short, today).into_iter().map(|(_, more)| more).sum();
        Progress { due, made, missed: short.min(room) }
    }

    fn part(&self, nth: usize, days: usize) -> u32 {
        let upto = |n: usize| (u64::from(self.quota.plays()) * n as u64).div_ceil(days as u64) as u32;
        upto(nth + 1) - upto(nth)
    }

    fn capped(&self, showings: u32) -> u32 {
        self.most_per_day.map_or(showings, |most| showings.min(most))
    }

    /// Deals what was missed over the days that are left of the period, evenly as far as they have room.
    fn dealt(&self, missed: u32, first: NaiveDate) -> Vec<(NaiveDate, u32)> {
        let all = self.days.days(self.quota.per().around(first));
        let most = u32::from(self.quota.plays()).div_ceil(all.len().max(1) as u32);
        let left: Vec<_> = all.iter().enumerate().filter(|(_, day)| **day >= first).collect();
        let mut rest = missed;
        let deal = |(position, (nth, day)): (usize, &(usize, &NaiveDate))| {
            let own = self.part(*nth, all.len());
            let room = self.capped(own + most).saturating_sub(own);
            let more = rest.div_ceil((left.len() - position) as u32).min(room);
            rest -= more;
            (**day, more)
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
        recurrence::{Rule, Weekdays},
    };

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn every_day() -> Recurrence {
        Recurrence::plain(date("2025-01-01"), None, Rule::Weekdays(Weekdays::ALL))
    }

    fn quota(plays: u16, per: Period) -> Quota {
        Quota::try_from(QuotaForm { plays, per }).unwrap()
    }

    #[test]
    fn a_monday_off_is_caught_up_in_the_rest_of_the_week() {
        let days = every_day();
        let pace = Pace { quota: quota(70, Period::Week), most_per_day: None, days: &days };
        let (monday, tuesday) = (date("2025-06-02"), date("2025-06-03"));
        // Steps of four: ten become twelve.
        assert_eq!(pace.progress(monday, tuesday, 0), Progress { due: 10, made: 0, missed: 12 });
        let more: Vec<_> = (0..8).map(|n| pace.made_up(12, tuesday, tuesday + Days::new(n))).collect();
        assert_eq!(more, [2, 2, 2, 2, 2, 2, 0, 0], "and not in the next week");
        assert_eq!(pace.still_missed(12, tuesday, date("2025-06-05")), 8);
        assert_eq!(pace.still_missed(12, tuesday, date("2025-06-09")), 0);
        // The cap of a day leaves room for one.
        let capped = Pace { most_per_day: Some(11), ..pace };
        assert_eq!(capped.progress(monday, tuesday, 0).missed, 6);
        // Paired on Tuesday: nothing was owed on Monday.
        assert_eq!(pace.progress(tuesday, tuesday, 0), Progress { due: 0, made: 0, missed: 0 });
    }

    #[test]
    fn a_day_that_is_over_is_not_made_up_for() {
        let days = every_day();
        let pace = Pace { quota: quota(70, Period::Day), most_per_day: None, days: &days };
        assert_eq!(pace.progress(date("2025-06-02"), date("2025-06-03"), 0).missed, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

        #[test]
        fn what_is_made_up_is_what_was_missed_within_every_limit(
            plays in 1..=1000u16,
            per in proptest::sample::select(vec![Period::Day, Period::Week, Period::Month]),
            numbers in proptest::sample::subsequence((1..=7u8).collect::<Vec<_>>(), 1..=7),
            offset in 0..400u64,
            made in 0..1200u32,
            most_per_day in proptest::option::of(1..200u32),
        ) {
            let days = Recurrence::plain(date("2024-12-01"), None, Rule::Weekdays(Weekdays::from_numbers(&numbers).unwrap()));
            let pace = Pace { quota: quota(plays, per), most_per_day, days: &days };
            let today = date("2025-01-01") + Days::new(offset);
            let period = per.around(today);
            prop_assert!(period.contains(today));
            let regular: u32 = period.days().map(|day| pace.regular(day)).sum();
            let own = days.days(period);
            prop_assert_eq!(regular, if own.is_empty() { 0 } else { u32::from(plays) });

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
            if most_per_day.is_none() {
                prop_assert_eq!(sum, progress.missed, "all of it has its day");
            }
        }
    }
}
