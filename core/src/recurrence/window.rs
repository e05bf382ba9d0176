//! Times of day in whole minutes: `08:00`–`20:30`, `22:00`–`02:00` across midnight, `00:00`–`24:00` all day.

use std::{fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode, Encoder};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time of day as minutes since midnight, 0..=1440. 1440 is written `24:00`. In JSON and text `HH:MM`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

/// The text was not `HH:MM` between 00:00 and 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("时间须写成 HH:MM,从 00:00 到 24:00")]
pub struct InvalidTime;

impl TimeOfDay {
    /// 00:00.
    pub const MIDNIGHT: Self = Self(0);
    /// 24:00.
    pub const END: Self = Self(Self::MINUTES);
    /// Minutes of a day.
    const MINUTES: u16 = 24 * 60;

    /// From minutes since midnight.
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes <= Self::MINUTES { Some(Self(minutes)) } else { None }
    }

    /// Minutes since midnight, 0..=1440.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let two = |part: &str| -> Option<u16> {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let (hours, minutes) = text.split_once(':').ok_or(InvalidTime)?;
        let (hours, minutes) = two(hours).zip(two(minutes)).filter(|(_, m)| *m < 60).ok_or(InvalidTime)?;
        Self::from_minutes(hours * 60 + minutes).ok_or(InvalidTime)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// In CBOR minutes since midnight.
impl<C> Encode<C> for TimeOfDay {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for TimeOfDay {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_minutes(d.u16()?).ok_or_else(|| minicbor::decode::Error::message("a time after 24:00"))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for TimeOfDay {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"))
            .description(Some("HH:MM, 00:00 to 24:00"))
            .build()
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for TimeOfDay {}

/// Part of a day. If `to` is not later than `from` it continues into the next day: 22:00–02:00 of Monday ends on Tuesday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(array)]
pub struct DayWindow {
    /// From this time on.
    #[n(0)]
    pub from: TimeOfDay,
    /// Until, and without, this time.
    #[n(1)]
    pub to: TimeOfDay,
}

/// What is wrong with a list of windows. `index` counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowFault {
    /// No window at all.
    #[error("至少要有一个时段")]
    None,
    /// `from` equals `to`, or is 24:00.
    #[error("第 {} 个时段是空的：开始与结束时间相同", index + 1)]
    Empty {
        /// Which.
        index: usize,
    },
    /// Two windows have a minute in common, perhaps after midnight.
    #[error("第 {} 个时段与第 {} 个时段重叠", first + 1, second + 1)]
    Overlap {
        /// One.
        first: usize,
        /// The other, later in the list.
        second: usize,
    },
}

impl DayWindow {
    /// 00:00–24:00.
    pub const ALL_DAY: Self = Self { from: TimeOfDay::MIDNIGHT, to: TimeOfDay::END };

    /// Whether it ends on the next day.
    pub fn crosses_midnight(self) -> bool {
        self.to <= self.from
    }

    /// Start and end in minutes since the midnight that begins its day; the end is up to 2879.
    pub fn span(self) -> (u16, u16) {
        let end = self.to.minutes() + if self.crosses_midnight() { TimeOfDay::MINUTES } else { 0 };
        (self.from.minutes(), end)
    }

    /// Checks that there are windows, that none is empty, and that no two of one day overlap.
    pub fn check_list(windows: &[Self]) -> Result<(), WindowFault> {
        if windows.is_empty() {
            return Err(WindowFault::None);
        }
        for (index, window) in windows.iter().enumerate() {
            // 22:00–00:00 may be meant, and is fine: it ends at midnight. 24:00–x and x–x are slips of the hand.
            if window.from == window.to || window.from == TimeOfDay::END {
                return Err(WindowFault::Empty { index });
            }
        }
        for (first, a) in windows.iter().enumerate() {
            for (second, b) in windows.iter().enumerate().skip(first + 1) {
                let ((a_from, a_to), (b_from, b_to)) = (a.span(), b.span());
                if a_from < b_to && b_from < a_to {
                    return Err(WindowFault::Overlap { first, second });
                }
            }
        }
        Ok(())
    }
}

impl WindowFault {
    /// The window concerned, counted from 0.
    pub fn index(self) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Empty { index } => Some(index),
            Self::Overlap { second, .. } => Some(second),
        }
    }
}
