//! RFC 5545 rules, read strictly and handed to the `rrule` crate in a form whose known faults cannot show.
//!
//! What DTSTART would imply is written out, plain and numbered BYDAY become two rules, COUNT is counted here, and
//! DTSTART is moved to the start of a period shortly before the days asked for, so old rules cost no more than new ones.

use std::{fmt, str::FromStr};

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz, Unvalidated};

use crate::time::DateRange;

/// A checked RFC 5545 recurrence rule that says days. Prints in a canonical form that reads back equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleText {
    period: Period,
    interval: u16,
    count: Option<u32>,
    months: Vec<u8>,
    month_days: Vec<i8>,
    year_days: Vec<i16>,
    weekdays: Vec<(Option<i16>, Weekday)>,
    positions: Vec<i32>,
    week_start: Weekday,
}

/// The frequencies we accept; anything faster is said with windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Period {
    Day,
    Week,
    Month,
    Year,
}

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRule {
    /// Not `NAME=value;NAME=value`, or a value that is not of its kind.
    #[error("{part} 写法不对")]
    Malformed {
        /// The part as written.
        part: String,
    },
    /// No FREQ, or one other than DAILY, WEEKLY, MONTHLY, YEARLY.
    #[error("FREQ 须为 DAILY、WEEKLY、MONTHLY 或 YEARLY,一天之内的时间请用时段表示")]
    Frequency,
    /// The same part twice.
    #[error("{part} 写了两次")]
    Twice {
        /// Its name.
        part: String,
    },
    /// A part that says times of day, or that is said elsewhere (UNTIL), or that we do not offer (BYWEEKNO).
    #[error("不支持 {part}；时间用时段表示，结束日期用“结束日期”一栏")]
    Unsupported {
        /// Its name.
        part: String,
    },
    /// A number that the part cannot have with this frequency, such as INTERVAL=0 or the sixth Monday of a month.
    #[error("{part} 的值 {value} 超出范围")]
    OutOfRange {
        /// The part's name.
        part: &'static str,
        /// What was given.
        value: i64,
    },
    /// A part that RFC 5545 forbids with this frequency or together with what else is given.
    #[error("{part} 不能这样组合使用")]
    Combination {
        /// The part's name.
        part: &'static str,
    },
}

impl RuleText {
    /// Largest INTERVAL.
    const MAX_INTERVAL: i64 = 1000;
    /// Largest COUNT.
    const MAX_COUNT: i64 = 10_000;

    /// Reads a rule such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH`; a leading `RRULE:` is allowed.
    pub fn parse(text: &str) -> Result<Self, InvalidRule> {
        let upper = text.trim().to_ascii_uppercase();
        let body = upper.strip_prefix("RRULE:").unwrap_or(&upper).trim_end_matches(';');
        let mut parts: Vec<(&str, &str)> = Vec::new();
        for part in body.split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| malformed(part))?;
            if parts.iter().any(|(n, _)| *n == name) {
                return Err(InvalidRule::Twice { part: name.into() });
            }
            parts.push((name, value));
        }
        let period = match parts.iter().find(|(name, _)| *name == "FREQ").map(|(_, value)| *value) {
            Some("DAILY") => Period::Day,
            Some("WEEKLY") => Period::Week,
            Some("MONTHLY") => Period::Month,
            Some("YEARLY") => Period::Year,
            _ => return Err(InvalidRule::Frequency),
        };
        let mut rule = Self {
            period,
            interval: 1,
            count: None,
            months: Vec::new(),
            month_days: Vec::new(),
            year_days: Vec::new(),
            weekdays: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Mon,
        };
        for (name, value) in parts {
            match name {
                "FREQ" => {}
                "INTERVAL" => rule.interval = number("INTERVAL", value, 1, Self::MAX_INTERVAL)?,
                "COUNT" => rule.count = Some(number("COUNT", value, 1, Self::MAX_COUNT)?),
                "BYMONTH" => rule.months = numbers("BYMONTH", value, 1, 12)?,
                "BYMONTHDAY" => rule.month_days = signed("BYMONTHDAY", value, 31)?,
                "BYYEARDAY" => rule.year_days = signed("BYYEARDAY", value, 366)?,
                "BYSETPOS" => rule.positions = signed("BYSETPOS", value, 366)?,
                "WKST" => rule.week_start = weekday(value).ok_or_else(|| malformed(value))?,
                "BYDAY" => rule.weekdays = value.split(',').map(by_day).collect::<Result<_, _>>()?,
                _ => return Err(InvalidRule::Unsupported { part: name.into() }),
            }
        }
        rule.check()?;
        Ok(rule)
    }

    fn check(&self) -> Result<(), InvalidRule> {
        let combination = |part| Err(InvalidRule::Combination { part });
        let monthly_or_more = matches!(self.period, Period::Month | Period::Year);
        if !self.month_days.is_empty() && self.period == Period::Week {
            return combination("BYMONTHDAY");
        }
        if !self.year_days.is_empty() && self.period != Period::Year {
            return combination("BYYEARDAY");
        }
        let numbered: Vec<i16> = self.weekdays.iter().filter_map(|(n, _)| *n).collect();
        if !numbered.is_empty() && !monthly_or_more {
            return combination("BYDAY");
        }
        // The fifth-last and the 53rd-last exist, but the crate below refuses them; nobody plans by them.
        let within_month = self.period == Period::Month || !self.months.is_empty();
        let allowed = if within_month { -4..=5 } else { -52..=53 };
        if let Some(n) = numbered.iter().find(|n| !allowed.contains(*n) || **n == 0) {
            return Err(InvalidRule::OutOfRange { part: "BYDAY", value: i64::from(*n) });
        }
        if !self.positions.is_empty() {
            let mixed = !numbered.is_empty() && numbered.len() < self.weekdays.len();
            let nothing_to_choose_from = self.weekdays.is_empty()
                && self.month_days.is_empty()
                && self.year_days.is_empty()
                && self.months.is_empty();
            if mixed || nothing_to_choose_from || self.period == Period::Day {
                return combination("BYSETPOS");
            }
            let most = match self.period {
                Period::Day | Period::Week => 7,
                Period::Month => 31,
                Period::Year => 366,
            };
            if let Some(position) = self.positions.iter().find(|p| p.abs() > most) {
                return Err(InvalidRule::OutOfRange { part: "BYSETPOS", value: i64::from(*position) });
            }
        }
        // The crate judges too; nothing that passed above is known to fail here, so a failure names the whole rule.
        let start = NaiveDate::default();
        for rule in self.rules(start) {
            let checked = rule.validate(utc_midnight(start));
            checked.map_err(|_| InvalidRule::Malformed { part: self.to_string() })?;
        }
        Ok(())
    }

    /// The days of `range` (which does not begin before `from`) on which the rule, counted from `from`, happens.
    pub(super) fn days(&self, from: NaiveDate, range: DateRange) -> Vec<NaiveDate> {
        // A counted rule has to be counted from its start; any other may start at the period the range begins in.
        let start = self.period_start(from, if self.count.is_some() { from } else { range.first });
        let most = self.count.map_or(usize::MAX, |count| count as usize);
        let mut days = Vec::new();
        for rule in self.rules(from) {
            // `check` has validated these very rules, but for DTSTART, on which only UNTIL depends.
            let Ok(rule) = rule.validate(utc_midnight(start)) else { continue };
            let set = RRuleSet::new(utc_midnight(start)).rrule(rule).limit();
            let occurrences = set.into_iter().map(|at| at.date_naive()).take_while(|day| *day <= range.last);
            days.extend(occurrences.filter(|day| *day >= from).take(most));
        }
        days.sort_unstable();
        days.dedup();
        days.truncate(most);
        days.retain(|day| range.contains(*day));
        days
    }

    /// The rule for the crate: what DTSTART implies is explicit, plain and numbered weekdays apart.
    fn rules(&self, from: NaiveDate) -> Vec<RRule<Unvalidated>> {
        let mut weekdays = self.weekdays.clone();
        let mut month_days = self.month_days.clone();
        let mut months = self.months.clone();
        match self.period {
            Period::Day => {}
            Period::Week => {
                if weekdays.is_empty() {
                    weekdays.push((None, from.weekday()));
                }
            }
            Period::Month | Period::Year => {
                if weekdays.is_empty() && month_days.is_empty() && self.year_days.is_empty() {
                    month_days.push(from.day() as i8);
                    if self.period == Period::Year && months.is_empty() {
                        months.push(from.month() as u8);
                    }
                }
            }
        }
        let (plain, numbered): (Vec<_>, Vec<_>) = weekdays.into_iter().partition(|(number, _)| number.is_none());
        let groups = match (plain.is_empty(), numbered.is_empty()) {
            (false, false) => vec![plain, numbered],
            (true, _) => vec![numbered],
            (_, true) => vec![plain],
        };
        let months: Vec<_> = months.iter().filter_map(|m| chrono::Month::try_from(*m).ok()).collect();
        let frequency = match self.period {
            Period::Day => Frequency::Daily,
            Period::Week => Frequency::Weekly,
            Period::Month => Frequency::Monthly,
            Period::Year => Frequency::Yearly,
        };
        let rule = |group: Vec<(Option<i16>, Weekday)>| {
            RRule::new(frequency)
                .interval(self.interval)
                .week_start(self.week_start)
                .by_month(&months)
                .by_month_day(month_days.clone())
                .by_year_day(self.year_days.clone())
                .by_set_pos(self.positions.clone())
                .by_weekday(group.into_iter().map(|(number, day)| NWeekday::new(number, day)).collect())
        };
        groups.into_iter().map(rule).collect()
    }

    /// The start of the last period at or before `wanted` that is a whole number of intervals after the period of `from`.
    pub(super) fn period_start(&self, from: NaiveDate, wanted: NaiveDate) -> NaiveDate {
        let interval = i64::from(self.interval);
        let whole = |periods: i64| u32::try_from(periods - periods.rem_euclid(interval)).unwrap_or(0);
        let after = |start: NaiveDate, days: u32| start.checked_add_days(Days::new(u64::from(days))).unwrap_or(start);
        match self.period {
            Period::Day => after(from, whole((wanted - from).num_days())),
            Period::Week => {
                let into = (7 + from.weekday().num_days_from_monday() - self.week_start.num_days_from_monday()) % 7;
                let start = from.checked_sub_days(Days::new(u64::from(into))).unwrap_or(from);
                after(start, 7 * whole((wanted - start).num_days() / 7))
            }
            Period::Month => {
                let start = from.with_day(1).unwrap_or(from);
                let months = i64::from(wanted.year() - start.year()) * 12 + i64::from(wanted.month0())
                    - i64::from(start.month0());
                start.checked_add_months(Months::new(whole(months))).unwrap_or(start)
            }
            Period::Year => {
                let start = NaiveDate::from_ymd_opt(from.year(), 1, 1).unwrap_or(from);
                let years = whole(i64::from(wanted.year() - start.year()));
                start.checked_add_months(Months::new(years * 12)).unwrap_or(start)
            }
        }
    }
}

fn utc_midnight(date: NaiveDate) -> chrono::DateTime<Tz> {
    date.and_time(chrono::NaiveTime::MIN).and_utc().with_timezone(&Tz::UTC)
}

fn malformed(part: &str) -> InvalidRule {
    // A hostile rule must not echo without end.
    InvalidRule::Malformed { part: part.chars().take(60).collect() }
}

fn number<T: TryFrom<i64>>(part: &'static str, text: &str, least: i64, most: i64) -> Result<T, InvalidRule> {
    let value: i64 = text.parse().map_err(|_| malformed(text))?;
    let in_range = (least..=most).contains(&value).then(|| T::try_from(value).ok()).flatten();
    in_range.ok_or(InvalidRule::OutOfRange { part, value })
}

fn numbers<T: TryFrom<i64> + Ord>(
    part: &'static str,
    text: &str,
    least: i64,
    most: i64,
) -> Result<Vec<T>, InvalidRule> {
    let mut list = text.split(',').map(|each| number(part, each, least, most)).collect::<Result<Vec<_>, _>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// Numbers from −most to most, without 0.
fn signed<T: TryFrom<i64> + Ord + Default>(part: &'static str, text: &str, most: i64) -> Result<Vec<T>, InvalidRule> {
    let list = numbers(part, text, -most, most)?;
    if list.contains(&T::default()) {
        return Err(InvalidRule::OutOfRange { part, value: 0 });
    }
    Ok(list)
}

fn by_day(text: &str) -> Result<(Option<i16>, Weekday), InvalidRule> {
    let split = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at)).ok_or_else(|| malformed(text))?;
    let (ordinal, day) = text.split_at(split);
    let day = weekday(day).ok_or_else(|| malformed(text))?;
    let ordinal = match ordinal {
        "" => None,
        digits => Some(number("BYDAY", digits, -53, 53)?),
    };
    Ok((ordinal, day))
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

fn weekday(text: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(code, _)| *code == text).map(|(_, day)| *day)
}

fn weekday_code(day: Weekday) -> &'static str {
    WEEKDAYS[day.num_days_from_monday() as usize].0
}

impl fmt::Display for RuleText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frequency = match self.period {
            Period::Day => "DAILY",
            Period::Week => "WEEKLY",
            Period::Month => "MONTHLY",
            Period::Year => "YEARLY",
        };
        write!(f, "FREQ={frequency}")?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        list(f, "BYMONTH", self.months.iter())?;
        list(f, "BYMONTHDAY", self.month_days.iter())?;
        list(f, "BYYEARDAY", self.year_days.iter())?;
        let days = self.weekdays.iter().map(|(number, day)| {
            let number = number.map(|n| n.to_string()).unwrap_or_default();
            format!("{number}{}", weekday_code(*day))
        });
        list(f, "BYDAY", days)?;
        list(f, "BYSETPOS", self.positions.iter())?;
        if self.week_start != Weekday::Mon {
            write!(f, ";WKST={}", weekday_code(self.week_start))?;
        }
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, name: &str, values: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    for (i, value) in values.enumerate() {
        if i == 0 {
            write!(f, ";{name}={value}")?;
        } else {
            write!(f, ",{value}")?;
        }
    }
    Ok(())
}

impl FromStr for RuleText {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        Self::parse(text)
    }
}
