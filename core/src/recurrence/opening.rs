//! 营业时间: when a venue is open and its screens may be on.
//!
//! Written in a subset of the `opening_hours` syntax of OpenStreetMap, as people type it:
//!
//! - rules separated by `;`, each `DAYS TIMES`: `Mo-Fr 08:30-12:00,13:30-17:30; Sa 09:00-12:00; Su off`;
//! - days are `Mo Tu We Th Fr Sa Su`, lists (`Mo,We`) and ranges (`Mo-Fr`, also `Sa-Mo`); without any, every day is meant:
//!   `08:00-22:00`;
//! - times are `HH:MM-HH:MM`, several with commas; an end not later than its beginning is on the next day (`Fr 18:00-02:00`);
//!   `24/7` is round the clock, `off` is closed;
//! - a later rule replaces what earlier ones said of its days (`08:00-20:00; Su off`); days in no rule are closed.
//!
//! Chinese punctuation, `周一至周五`, `全天` and `休息` are read too. Public holidays, months and weeks of the year are not.

use std::{fmt, str::FromStr};

use chrono::{Datelike as _, NaiveDate, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DayWindow, Weekdays, WindowFault, schedule::windows_on};
use crate::time::{DateRange, UtcInterval};

/// Opening hours of a week. In text and JSON as the module says; equal hours are written equally.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpeningHours {
    /// From Monday on; ascending and without overlap on each day; none: closed.
    week: [Vec<DayWindow>; 7],
}

/// The same hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpeningSpan {
    /// Which.
    pub weekdays: Weekdays,
    /// When, on these days; not empty.
    pub windows: Vec<DayWindow>,
}

/// Why opening hours are refused. `Display` is a Chinese sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOpening {
    /// Nothing, or a rule between semicolons with nothing in it.
    #[error("营业时间有一段是空的，请写成 08:30-17:30，全天写 00:00-24:00，休息写 off。")]
    Empty,
    /// No days of the week.
    #[error("“{0}”不是星期几，请写成 Mo-Fr、Sa、Su（或周一至周五、周六、周日），例如 Mo-Fr 08:30-17:30; Su off。")]
    Days(String),
    /// No times of day.
    #[error("“{0}”不是时段，请写成 08:30-17:30，时和分都用两位数；同一天的多个时段用逗号隔开，不同的日子用分号隔开。")]
    Times(String),
    /// The times of a rule do not go together.
    #[error("“{rule}”：{fault}，请改正后再保存。")]
    Windows {
        /// As written.
        rule: String,
        /// What is wrong.
        fault: WindowFault,
    },
}

/// How days are written, from Monday on.
const DAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

impl OpeningHours {
    /// Round the clock.
    pub fn always() -> Self {
        Self { week: std::array::from_fn(|_| vec![DayWindow::ALL_DAY]) }
    }

    /// Hours as spans: a later one replaces what earlier ones say of its days, other days are closed. No span at all is
    /// round the clock.
    pub fn checked(spans: Vec<OpeningSpan>) -> Result<Self, WindowFault> {
        if spans.is_empty() {
            return Ok(Self::always());
        }
        let mut week: [Vec<DayWindow>; 7] = Default::default();
        for OpeningSpan { weekdays, mut windows } in spans {
            DayWindow::check_list(&windows)?;
            windows.sort_unstable();
            for number in weekdays.numbers() {
                week[usize::from(number) - 1].clone_from(&windows);
            }
        }
        Ok(Self { week })
    }

    /// The hours of a day of the week, ascending; none: closed.
    pub fn on(&self, weekday: Weekday) -> &[DayWindow] {
        &self.week[weekday.num_days_from_monday() as usize]
    }

    /// The stretches of the local days `range` in which it is open: ascending, disjoint.
    pub fn intervals(&self, range: DateRange, tz: Tz) -> Vec<UtcInterval> {
        let on = |date: NaiveDate| (date, self.on(date.weekday()).to_vec());
        let before = range.first.pred_opt().unwrap_or(range.first);
        windows_on(DateRange { first: before, last: range.last }.days().map(on), range, tz)
    }
}

impl FromStr for OpeningHours {
    type Err = InvalidOpening;

    fn from_str(text: &str) -> Result<Self, InvalidOpening> {
        let text = plain(text);
        // A semicolon at the end is a habit, not a mistake.
        let text = text.trim().trim_end_matches(';');
        let mut week: [Vec<DayWindow>; 7] = Default::default();
        for rule in text.split(';').map(str::trim) {
            // `24/7` and times begin with a digit, no day does.
            let at = rule.find("off").or_else(|| rule.find(|c: char| c.is_ascii_digit()));
            let (days, times) = rule.split_at(at.unwrap_or(rule.len()));
            if times.is_empty() {
                return Err(if days.is_empty() { InvalidOpening::Empty } else { InvalidOpening::Times(days.into()) });
            }
            let windows = windows_of(rule, times)?;
            for day in days_of(days.trim())? {
                week[day].clone_from(&windows);
            }
        }
        Ok(Self { week })
    }
}

/// With the signs and words of the syntax in place of their Chinese sisters.
fn plain(text: &str) -> String {
    let mut plain = text.to_owned();
    let words = [
        ("；", ";"),
        ("，", ","),
        ("、", ","),
        ("：", ":"),
        ("－", "-"),
        ("–", "-"),
        ("—", "-"),
        ("～", "-"),
        ("~", "-"),
        ("至", "-"),
        ("到", "-"),
        ("星期", "周"),
        ("全天", "00:00-24:00"),
        ("休息", "off"),
        ("每天", "Mo-Su "),
        ("周天", "周日"),
    ];
    for (theirs, ours) in words {
        plain = plain.replace(theirs, ours);
    }
    for (sign, day) in "一二三四五六日".chars().zip(DAYS) {
        plain = plain.replace(&format!("周{sign}"), day);
    }
    plain
}

/// Positions in the week; of nothing: all.
fn days_of(text: &str) -> Result<Vec<usize>, InvalidOpening> {
    if text.is_empty() {
        return Ok((0..7).collect());
    }
    let day = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name.trim()));
    let mut days = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = day(first).zip(day(last)).ok_or_else(|| InvalidOpening::Days(part.into()))?;
        days.extend((0..=(last + 7 - first) % 7).map(|n| (first + n) % 7));
    }
    Ok(days)
}

fn windows_of(rule: &str, times: &str) -> Result<Vec<DayWindow>, InvalidOpening> {
    match times.trim() {
        "off" => return Ok(Vec::new()),
        "24/7" => return Ok(vec![DayWindow::ALL_DAY]),
        _ => {}
    }
    let window = |part: &str| {
        let (from, to) = part.split_once('-')?;
        Some(DayWindow { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })
    };
    let each = times.split(',').map(|part| window(part).ok_or_else(|| InvalidOpening::Times(part.trim().into())));
    let mut windows = each.collect::<Result<Vec<_>, _>>()?;
    DayWindow::check_list(&windows).map_err(|fault| InvalidOpening::Windows { rule: rule.into(), fault })?;
    windows.sort_unstable();
    Ok(windows)
}

impl fmt::Display for OpeningHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = |windows: &[DayWindow]| {
            let each: Vec<_> = windows.iter().map(|w| format!("{}-{}", w.from, w.to)).collect();
            if each.is_empty() { "off".to_owned() } else { each.join(",") }
        };
        if self.week.iter().all(|day| *day == self.week[0]) {
            return f.write_str(&hours(&self.week[0]));
        }
        let mut rules = Vec::new();
        for (first, windows) in self.week.iter().enumerate() {
            if self.week[..first].contains(windows) {
                continue;
            }
            let mut ranges: Vec<(usize, usize)> = Vec::new();
            for day in (first..7).filter(|day| self.week[*day] == *windows) {
                match ranges.last_mut() {
                    Some((_, last)) if *last + 1 == day => *last = day,
                    _ => ranges.push((day, day)),
                }
            }
            let range = |(from, to): &(usize, usize)| match from == to {
                true => DAYS[*from].to_owned(),
                false => format!("{}-{}", DAYS[*from], DAYS[*to]),
            };
            rules.push(format!("{} {}", ranges.iter().map(range).collect::<Vec<_>>().join(","), hours(windows)));
        }
        f.write_str(&rules.join("; "))
    }
}

impl Serialize for OpeningHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OpeningHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for OpeningHours {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some(
                "Opening hours in a subset of OpenStreetMap's opening_hours: `08:30-17:30`, \
                 `Mo-Fr 08:30-12:00,13:30-17:30; Sa 09:00-12:00; Su off`",
            ))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for OpeningHours {}
