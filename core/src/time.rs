//! Instants and durations. Wire and storage speak UTC milliseconds; schedules are written in the venue's local time.

use std::{
    fmt,
    ops::{Add, Sub},
};

use chrono::{DateTime, Days, NaiveDate, Utc};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(transparent)]
#[serde(transparent)]
pub struct UtcMillis(#[n(0)] pub i64);

/// A length of time in whole milliseconds, at most about 49 days.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(transparent)]
#[serde(transparent)]
pub struct Millis(#[n(0)] pub u32);

impl UtcMillis {
    /// As chrono's type; `None` outside the years that chrono can say.
    pub fn to_datetime(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }

    /// How long from `earlier` until `self`, in milliseconds; negative if `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `ms` later (or earlier, if negative), stopping at the ends of the range.
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl From<DateTime<Utc>> for UtcMillis {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

impl Millis {
    /// Whole seconds, stopping at the largest value.
    pub const fn from_secs(secs: u32) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// As a signed count, for arithmetic with instants.
    pub const fn as_i64(self) -> i64 {
        self.0 as i64
    }
}

impl Add<Millis> for UtcMillis {
    type Output = Self;
    fn add(self, rhs: Millis) -> Self {
        self.plus(rhs.as_i64())
    }
}

impl Sub<Millis> for UtcMillis {
    type Output = Self;
    fn sub(self, rhs: Millis) -> Self {
        self.plus(-rhs.as_i64())
    }
}

/// ISO 8601 with milliseconds and `Z`; the bare number if no calendar can say it.
impl fmt::Display for UtcMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime() {
            Some(at) => at.format("%Y-%m-%dT%H:%M:%S%.3fZ").fmt(f),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for UtcMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

impl fmt::Debug for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A stretch of time, half open: `start` belongs to it, `end` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UtcInterval {
    /// From this instant.
    pub start: UtcMillis,
    /// Until, and without, this instant.
    pub end: UtcMillis,
}

impl UtcInterval {
    /// The interval, if it is not empty.
    pub fn checked(start: UtcMillis, end: UtcMillis) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// Whether `at` lies in it.
    pub fn contains(self, at: UtcMillis) -> bool {
        self.start <= at && at < self.end
    }

    /// Its length in milliseconds.
    pub const fn length(self) -> i64 {
        self.end.since(self.start)
    }

    /// What both have in common, if anything.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::checked(self.start.max(other.start), self.end.min(other.end))
    }

    /// The same instants as an ascending list without overlaps or touching neighbours.
    pub fn union(mut intervals: Vec<Self>) -> Vec<Self> {
        intervals.retain(|i| i.start < i.end);
        intervals.sort_unstable();
        let mut merged: Vec<Self> = Vec::with_capacity(intervals.len());
        for next in intervals {
            match merged.last_mut() {
                Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
                _ => merged.push(next),
            }
        }
        merged
    }

    /// The instants that are in both lists; each list ascending and disjoint, as [`UtcInterval::union`] makes it.
    pub fn intersect(left: &[Self], right: &[Self]) -> Vec<Self> {
        let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
        let mut common = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            common.extend(a.intersection(**b));
            if a.end <= b.end {
                left.next();
            } else {
                right.next();
            }
        }
        common
    }

    /// The instants of the first list that are not in the second; each list ascending and disjoint, as
    /// [`UtcInterval::union`] makes it.
    pub fn without(all: &[Self], taken: &[Self]) -> Vec<Self> {
        let mut left = Vec::new();
        for each in all {
            let mut from = each.start;
            for other in taken.iter().filter(|other| other.intersection(*each).is_some()) {
                left.extend(Self::checked(from, other.start));
                from = from.max(other.end);
            }
            left.extend(Self::checked(from, each.end));
        }
        left
    }
}

/// Local dates from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DateRange {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

impl DateRange {
    /// The range, if it holds at least one day.
    pub fn checked(first: NaiveDate, last: NaiveDate) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// A single day.
    pub const fn day(date: NaiveDate) -> Self {
        Self { first: date, last: date }
    }

    /// `days` days from `first` on; at least one, and never beyond the calendar's end.
    pub fn starting(first: NaiveDate, days: u32) -> Self {
        let last = first.checked_add_days(Days::new(u64::from(days.saturating_sub(1)))).unwrap_or(first);
        Self { first, last }
    }

    /// Whether the date is in it.
    pub fn contains(self, date: NaiveDate) -> bool {
        self.first <= date && date <= self.last
    }

    /// Its days, ascending.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        self.first.iter_days().take_while(move |day| *day <= self.last)
    }
}
