//! 营业时间: when a venue is open and its screens may be on.

use chrono::Datelike as _;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{DayWindow, Weekdays, WindowFault, schedule::windows_on};
use crate::time::{DateRange, UtcInterval};

/// Opening hours of a week. An empty list means round the clock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "Vec<OpeningSpan>", into = "Vec<OpeningSpan>")]
pub struct OpeningHours(Vec<OpeningSpan>);

/// The same hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpeningSpan {
    /// ISO numbers, 1 = Monday … 7 = Sunday.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<u8>))]
    pub weekdays: Weekdays,
    /// When, on these days.
    pub windows: Vec<DayWindow>,
}

/// Why opening hours are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOpening {
    /// A weekday occurs in two spans.
    #[error("营业时间里同一个星期几写了两次")]
    WeekdayTwice {
        /// The later span, counted from 0.
        span: usize,
    },
    /// The windows of a span.
    #[error("营业时间：{fault}")]
    Windows {
        /// Which span, counted from 0.
        span: usize,
        /// What is wrong.
        fault: WindowFault,
    },
}

impl InvalidOpening {
    /// JSON path of the offending field, below the opening hours themselves.
    pub fn field(&self) -> String {
        match self {
            Self::WeekdayTwice { span } => format!("[{span}].weekdays"),
            Self::Windows { span, fault } => match fault.index() {
                Some(index) => format!("[{span}].windows[{index}]"),
                None => format!("[{span}].windows"),
            },
        }
    }
}

impl OpeningHours {
    /// Round the clock.
    pub const fn always() -> Self {
        Self(Vec::new())
    }

    /// Checked: no weekday twice, no empty or overlapping windows.
    pub fn checked(spans: Vec<OpeningSpan>) -> Result<Self, InvalidOpening> {
        let mut seen = Vec::new();
        for (span, each) in spans.iter().enumerate() {
            DayWindow::check_list(&each.windows).map_err(|fault| InvalidOpening::Windows { span, fault })?;
            let numbers = each.weekdays.numbers();
            if numbers.iter().any(|n| seen.contains(n)) {
                return Err(InvalidOpening::WeekdayTwice { span });
            }
            seen.extend(numbers);
        }
        Ok(Self(spans))
    }

    /// The spans; empty: round the clock.
    pub fn spans(&self) -> &[OpeningSpan] {
        &self.0
    }

    /// The stretches of the local days `range` in which it is open: ascending, disjoint.
    pub fn intervals(&self, range: DateRange, tz: Tz) -> Vec<UtcInterval> {
        let on = |date: chrono::NaiveDate| -> Vec<DayWindow> {
            if self.0.is_empty() {
                return vec![DayWindow::ALL_DAY];
            }
            let span = self.0.iter().find(|s| s.weekdays.contains(date.weekday()));
            span.map(|s| s.windows.clone()).unwrap_or_default()
        };
        let before = range.first.pred_opt().unwrap_or(range.first);
        windows_on(DateRange { first: before, last: range.last }.days().map(|date| (date, on(date))), range, tz)
    }
}

impl TryFrom<Vec<OpeningSpan>> for OpeningHours {
    type Error = InvalidOpening;

    fn try_from(spans: Vec<OpeningSpan>) -> Result<Self, InvalidOpening> {
        Self::checked(spans)
    }
}

impl From<OpeningHours> for Vec<OpeningSpan> {
    fn from(hours: OpeningHours) -> Self {
        hours.0
    }
}
