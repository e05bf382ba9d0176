//! When: days by recurrence (RFC 5545 or a set of weekdays), times of day by windows, and both together as stretches of UTC.
//!
//! Schedules are written in the venue's local time and only become instants here. The local clock decides: a window
//! starts at the first instant at which the clock on the wall shows its `from` or later, and ends after the last instant
//! at which the clock shows earlier than its `to`. So, on the days on which clocks change:
//! - a local time that does not exist is moved forward, to the first instant after the gap;
//! - a local time that happens twice is taken the first time as a start and the last time as an end: nothing that was
//!   promised is shortened.

mod local;
mod opening;
mod rule;
mod schedule;
mod window;

pub use local::{day_of, day_start, local_end, local_start, minute_of_day};
pub use opening::{InvalidOpening, OpeningHours, OpeningSpan};
pub use rule::{InvalidRule, RuleText};
pub use schedule::{InvalidSchedule, Schedule, ScheduleForm};
pub use window::{DayWindow, InvalidTime, TimeOfDay, WindowFault};

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::time::DateRange;

/// On which days something happens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// Not before this day. Rules count from it ("every second week").
    pub from: NaiveDate,
    /// Not after this day; `None`: for good.
    pub until: Option<NaiveDate>,
    /// Which of the days between.
    pub rule: Rule,
    /// Not on these days: holidays. What began the day before and runs across midnight goes on.
    pub except: BTreeSet<NaiveDate>,
    /// On these days too, if they lie between: a Sunday that is worked for a holiday (调休). What is excepted stays so.
    pub also: BTreeSet<NaiveDate>,
}

/// Which days of a period.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rule {
    /// These days of every week.
    Weekdays(Weekdays),
    /// An RFC 5545 recurrence rule.
    Rfc5545(RuleText),
}

/// A set of days of the week. In JSON a list of ISO numbers, 1 = Monday … 7 = Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weekdays(u8);

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// From ISO numbers 1..=7; `None` if one is out of range, occurs twice, or there is none at all.
    pub fn from_numbers(numbers: &[u8]) -> Option<Self> {
        let mut bits = 0;
        for number in numbers {
            let bit = (1..=7).contains(number).then(|| 1 << (number - 1))?;
            if bits & bit != 0 {
                return None;
            }
            bits |= bit;
        }
        (bits != 0).then_some(Self(bits))
    }

    /// ISO numbers, ascending.
    pub fn numbers(self) -> Vec<u8> {
        (1..=7).filter(|n| self.0 & (1 << (n - 1)) != 0).collect()
    }

    /// Whether the day is in the set.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }
}

impl serde::Serialize for Weekdays {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.numbers().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Weekdays {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<u8>::deserialize(deserializer)?;
        Self::from_numbers(&numbers)
            .ok_or_else(|| serde::de::Error::custom("星期几用 1（周一）到 7（周日）表示，至少选一天，不能重复"))
    }
}

impl Recurrence {
    /// Without exceptions.
    pub fn plain(from: NaiveDate, until: Option<NaiveDate>, rule: Rule) -> Self {
        Self { from, until, rule, except: BTreeSet::new(), also: BTreeSet::new() }
    }

    /// The days in `range` on which it happens, ascending, each once.
    ///
    /// The work depends on the range and not on how long ago `from` was, except for a rule with COUNT, which has to be
    /// counted from its start (and COUNT is limited, see [`InvalidRule::OutOfRange`]).
    pub fn days(&self, range: DateRange) -> Vec<NaiveDate> {
        let last = self.until.map_or(range.last, |until| until.min(range.last));
        let Some(range) = DateRange::checked(range.first.max(self.from), last) else {
            return Vec::new();
        };
        let mut days: Vec<NaiveDate> = match &self.rule {
            Rule::Weekdays(set) => range.days().filter(|day| set.contains(day.weekday())).collect(),
            Rule::Rfc5545(rule) => rule.days(self.from, range),
        };
        if !self.also.is_empty() {
            days.extend(self.also.range(range.first..=range.last));
            days.sort_unstable();
            days.dedup();
        }
        days.retain(|day| !self.except.contains(day));
        days
    }

    /// The first day on which it happens, looking at most fifty years ahead; `None`: it never does.
    pub fn first_day(&self) -> Option<NaiveDate> {
        // In growing steps: nearly every rule happens within its first weeks.
        [40, 400, 50 * 366].into_iter().find_map(|days| {
            let last = self.from.checked_add_days(Days::new(days))?;
            self.days(DateRange { first: self.from, last }).first().copied()
        })
    }
}

#[cfg(test)]
mod tests;
