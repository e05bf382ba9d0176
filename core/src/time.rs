//! Instants and durations. Wire and storage speak UTC milliseconds; schedules are written in the venue's local time.

use std::{
    fmt,
    ops::{Add, Sub},
};

use chrono::{DateTime, Utc};
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
