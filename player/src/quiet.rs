//! Hours of the venue's day during which the network belongs to others.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer};

/// From one minute of the local day to another, e.g. `08:00-20:00` or, over midnight, `22:00-06:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietHours {
    from: u16,
    to: u16,
}

impl QuietHours {
    /// Whether a minute of the local day, counted from midnight, is one of them.
    pub fn cover(&self, minute: u16) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&minute)
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

impl FromStr for QuietHours {
    type Err = NotHours;

    fn from_str(text: &str) -> Result<Self, NotHours> {
        let minute = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60 || (hour, minute) == (24, 0)).then_some(hour * 60 + minute)
        };
        let ends = text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
        // The whole day would mean that nothing is ever downloaded.
        let ends = ends.filter(|(from, to)| from % 1440 != to % 1440);
        ends.map(|(from, to)| Self { from, to }).ok_or(NotHours)
    }
}

/// It says no hours, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct NotHours;

impl fmt::Display for NotHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write hours like 08:00-20:00")
    }
}

impl<'de> Deserialize<'de> for QuietHours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_go_from_one_minute_to_another_also_over_midnight() {
        let day: QuietHours = "08:00-20:00".parse().unwrap();
        assert_eq!([479, 480, 1199, 1200].map(|minute| day.cover(minute)), [false, true, true, false]);
        let night: QuietHours = "22:30-6:00".parse().unwrap();
        assert_eq!([1349, 1350, 0, 359, 360].map(|minute| night.cover(minute)), [false, true, true, true, false]);
        let evening: QuietHours = "18:00-24:00".parse().unwrap();
        assert_eq!([0, 1079, 1080, 1439].map(|minute| evening.cover(minute)), [false, false, true, true]);
        for wrong in ["", "8-20", "08:00", "25:00-26:00", "08:60-09:00", "00:00-24:00", "07:00-07:00"] {
            assert_eq!(wrong.parse::<QuietHours>(), Err(NotHours), "{wrong}");
        }
    }
}
