//! 排期时间: days and times of day together, and their way in from JSON.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{
    DayWindow, InvalidRule, Recurrence, Rule, RuleText, Weekdays, WindowFault,
    local::{day_start, local_end, local_start, minute_of},
};
use crate::time::{DateRange, UtcInterval};

/// When a booking plays, in the venue's local time. Checked when made: it has windows, none empty, none overlapping, and
/// happens on at least one day. In JSON a [`ScheduleForm`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ScheduleForm", into = "ScheduleForm")]
pub struct Schedule {
    recurrence: Recurrence,
    windows: Vec<DayWindow>,
}

/// A schedule as people and programs write it. Exactly one of `weekdays` and `rrule` is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScheduleForm {
    /// First local day.
    pub from: NaiveDate,
    /// Last local day; absent or null: for good.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// ISO numbers of the days of the week, 1 = Monday … 7 = Sunday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<Vec<u8>>,
    /// Instead: an RFC 5545 rule such as `FREQ=MONTHLY;BYDAY=-1FR`, without UNTIL, BYHOUR, BYMINUTE, BYSECOND, BYWEEKNO.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rrule: Option<String>,
    /// Not on these days: holidays. At most 366.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub except: BTreeSet<NaiveDate>,
    /// On these days too, if they lie between `from` and `until`: days worked for a holiday. At most 366.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub also: BTreeSet<NaiveDate>,
    /// When on each of these days.
    pub windows: Vec<DayWindow>,
}

/// Why a schedule is refused. `Display` is a Chinese sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// `until` is before `from`.
    #[error("结束日期 {until} 早于开始日期 {from}，请改正日期")]
    Inverted {
        /// First day.
        from: NaiveDate,
        /// Last day.
        until: NaiveDate,
    },
    /// Neither weekdays nor a rule, or both.
    #[error("请选择星期几，或填写一条重复规则，二者选一")]
    NoRule,
    /// The weekdays are not distinct numbers 1..=7, or there are none.
    #[error("星期几用 1（周一）到 7（周日）表示，至少选一天，不能重复")]
    Weekdays,
    /// The RFC 5545 text.
    #[error("重复规则有误：{0}")]
    Rule(#[from] InvalidRule),
    /// The windows.
    #[error("{0}，请改正时段")]
    Windows(#[from] WindowFault),
    /// More days are excepted or added than a year has.
    #[error("例外日期和补加日期各不能超过 366 天")]
    TooManyExceptions,
    /// There is no day between `from` and `until` on which it would happen.
    #[error("在所选日期内一天也不会播放，请改正日期或星期")]
    Never,
}

/// The most days that are excepted, and that are added.
const MOST_EXCEPTIONS: usize = 366;

impl InvalidSchedule {
    /// JSON path of the offending field, below the schedule itself.
    pub fn field(&self) -> String {
        match self {
            Self::Inverted { .. } => "until".into(),
            Self::NoRule | Self::Weekdays => "weekdays".into(),
            Self::Rule(_) => "rrule".into(),
            Self::Never => "from".into(),
            Self::TooManyExceptions => "except".into(),
            Self::Windows(fault) => match fault.index() {
                Some(index) => format!("windows[{index}]"),
                None => "windows".into(),
            },
        }
    }

    /// Stable code, the last part of a problem's `type`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Inverted { .. } => "dates-inverted",
            Self::NoRule => "rule-missing",
            Self::Weekdays => "weekdays-invalid",
            Self::Rule(_) => "rule-invalid",
            Self::Windows(WindowFault::None) => "windows-missing",
            Self::Windows(WindowFault::Empty { .. }) => "window-empty",
            Self::Windows(WindowFault::Overlap { .. }) => "windows-overlap",
            Self::Never => "schedule-never",
            Self::TooManyExceptions => "exceptions-too-many",
        }
    }
}

impl Schedule {
    /// Checked; see [`InvalidSchedule`].
    pub fn checked(recurrence: Recurrence, mut windows: Vec<DayWindow>) -> Result<Self, InvalidSchedule> {
        if let Some(until) = recurrence.until.filter(|until| *until < recurrence.from) {
            return Err(InvalidSchedule::Inverted { from: recurrence.from, until });
        }
        DayWindow::check_list(&windows)?;
        if recurrence.first_day().is_none() {
            return Err(InvalidSchedule::Never);
        }
        windows.sort_unstable();
        Ok(Self { recurrence, windows })
    }

    /// On which days.
    pub fn recurrence(&self) -> &Recurrence {
        &self.recurrence
    }

    /// When on these days, ascending.
    pub fn windows(&self) -> &[DayWindow] {
        &self.windows
    }

    /// The stretches of the local days `range` in which it plays: ascending, disjoint, cut at the range's first and last
    /// midnight. What began on the day before the range and runs across midnight is included from midnight on.
    pub fn intervals(&self, range: DateRange, tz: Tz) -> Vec<UtcInterval> {
        let before = range.first.pred_opt().unwrap_or(range.first);
        let days = self.recurrence.days(DateRange { first: before, last: range.last });
        windows_on(days.into_iter().map(|date| (date, self.windows.clone())), range, tz)
    }

    /// The end of its last window ever; `None`: never, or further away than anybody plans.
    pub fn ends(&self, tz: Tz) -> Option<crate::time::UtcMillis> {
        let until = self.recurrence.until?;
        let range = DateRange { first: until, last: until.succ_opt()? };
        let last = self.intervals(range, tz).last().map(|i| i.end);
        // The last day need not be one on which it happens: then nothing of it lies beyond that day's end anyway.
        Some(last.unwrap_or_else(|| day_start(range.last, tz)))
    }
}

/// The windows of some days as instants, joined, and cut to the local days `range`.
pub(super) fn windows_on(
    days: impl Iterator<Item = (NaiveDate, Vec<DayWindow>)>,
    range: DateRange,
    tz: Tz,
) -> Vec<UtcInterval> {
    let end = range.last.succ_opt().unwrap_or(range.last);
    let Some(bounds) = UtcInterval::checked(day_start(range.first, tz), day_start(end, tz)) else {
        return Vec::new();
    };
    let mut intervals = Vec::new();
    for (date, windows) in days {
        for window in windows {
            let (from, to) = window.span();
            let whole =
                UtcInterval { start: local_start(minute_of(date, from), tz), end: local_end(minute_of(date, to), tz) };
            intervals.extend(whole.intersection(bounds));
        }
    }
    UtcInterval::union(intervals)
}

impl TryFrom<ScheduleForm> for Schedule {
    type Error = InvalidSchedule;

    fn try_from(form: ScheduleForm) -> Result<Self, InvalidSchedule> {
        let rule = match (form.weekdays, form.rrule) {
            (Some(numbers), None) => Rule::Weekdays(Weekdays::from_numbers(&numbers).ok_or(InvalidSchedule::Weekdays)?),
            (None, Some(text)) => Rule::Rfc5545(RuleText::parse(&text)?),
            (None, None) | (Some(_), Some(_)) => return Err(InvalidSchedule::NoRule),
        };
        if form.except.len() > MOST_EXCEPTIONS || form.also.len() > MOST_EXCEPTIONS {
            return Err(InvalidSchedule::TooManyExceptions);
        }
        let (from, until) = (form.from, form.until);
        Self::checked(Recurrence { from, until, rule, except: form.except, also: form.also }, form.windows)
    }
}

impl From<Schedule> for ScheduleForm {
    fn from(schedule: Schedule) -> Self {
        let (weekdays, rrule) = match schedule.recurrence.rule {
            Rule::Weekdays(set) => (Some(set.numbers()), None),
            Rule::Rfc5545(rule) => (None, Some(rule.to_string())),
        };
        Self {
            from: schedule.recurrence.from,
            until: schedule.recurrence.until,
            weekdays,
            rrule,
            except: schedule.recurrence.except,
            also: schedule.recurrence.also,
            windows: schedule.windows,
        }
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Schedule {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        ScheduleForm::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Schedule {
    fn name() -> std::borrow::Cow<'static, str> {
        "Schedule".into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        ScheduleForm::schemas(schemas);
    }
}
