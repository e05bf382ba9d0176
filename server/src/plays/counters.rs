//! What one screen showed on one local day in one place, counted by item, zone and hour, in a few hundred bytes. Pure.
//!
//! Written as one column (`core::playlog::columns`): how many lines; of each line its item's number (less the line before's),
//! its zone and the usual length of a showing; then, line by line, twenty-four numbers each of: completed (less the hour
//! before's), interrupted, failed, not counted, and milliseconds shown (less the usual length of those completed). Hours of a
//! loop are alike, so most of it is zeros, which take no room.

use std::collections::BTreeMap;

use xuanping_core::{
    geometry::ZoneName,
    playlog::columns::{Reader, Writer},
};

use super::judge::Count;

/// Hours of a local day, however long it is.
pub const HOURS: usize = 24;
/// Lines of the fullest day that is read: far more than a day of a screen can have.
const MOST_LINES: u64 = 1 << 18;

/// A line: the item's number in the dictionary, and where it was shown.
pub type Line = (i64, ZoneName);

/// A day's counters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayCounts(pub BTreeMap<Line, [Count; HOURS]>);

const fn zone_number(zone: ZoneName) -> u64 {
    match zone {
        ZoneName::Main => 0,
        ZoneName::Ticker => 1,
        ZoneName::Audio => 2,
    }
}

const fn zone_of(number: u64) -> Option<ZoneName> {
    match number {
        0 => Some(ZoneName::Main),
        1 => Some(ZoneName::Ticker),
        2 => Some(ZoneName::Audio),
        _ => None,
    }
}

impl Count {
    /// Adds another, hour to hour or day to day.
    pub fn add(&mut self, other: &Self) {
        self.completed = self.completed.saturating_add(other.completed);
        self.interrupted = self.interrupted.saturating_add(other.interrupted);
        self.failed = self.failed.saturating_add(other.failed);
        self.not_counted = self.not_counted.saturating_add(other.not_counted);
        self.shown_ms = self.shown_ms.saturating_add(other.shown_ms);
    }
}

/// Hours taken together.
pub fn sum(hours: &[Count; HOURS]) -> Count {
    let mut sum = Count::default();
    for hour in hours {
        sum.add(hour);
    }
    sum
}

impl DayCounts {
    /// The counter of an item in a zone in an hour.
    pub fn hour(&mut self, line: Line, hour: u32) -> &mut Count {
        let hours = self.0.entry(line).or_default();
        &mut hours[hour as usize % HOURS]
    }

    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        for (line, hours) in &other.0 {
            let own = self.0.entry(*line).or_default();
            own.iter_mut().zip(hours).for_each(|(own, other)| own.add(other));
        }
    }

    /// The bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut column = Writer::default();
        column.push(self.0.len() as u64);
        let mut before = 0;
        for ((item, zone), hours) in &self.0 {
            column.push_signed(item.wrapping_sub(before));
            column.push(zone_number(*zone));
            column.push(usual(hours));
            before = *item;
        }
        for hours in self.0.values() {
            let mut before = 0;
            for hour in hours {
                column.push_signed(hour.completed.wrapping_sub(before).cast_signed());
                before = hour.completed;
            }
            for hour in hours {
                column.push(hour.interrupted);
            }
            for hour in hours {
                column.push(hour.failed);
            }
            for hour in hours {
                column.push(hour.not_counted);
            }
            let usual = usual(hours);
            for hour in hours {
                column.push_signed(hour.shown_ms.wrapping_sub(usual.wrapping_mul(hour.completed)).cast_signed());
            }
        }
        column.finish()
    }

    /// The counters in these bytes; `None` if they are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut counts = Self::default();
        Self::each(bytes, |line, hours| {
            counts.0.insert(line, *hours);
        })?;
        Some(counts)
    }

    /// Looks at each counter in these bytes; `None` if they are none, from where they are none.
    pub fn each(bytes: &[u8], mut look: impl FnMut(Line, &[Count; HOURS])) -> Option<()> {
        let mut column = Reader::new(bytes);
        for (line, usual) in head(&mut column)? {
            let mut hours = [Count::default(); HOURS];
            let mut before = 0_u64;
            for hour in &mut hours {
                before = before.wrapping_add(column.next_signed()?.cast_unsigned());
                hour.completed = before;
            }
            for hour in &mut hours {
                hour.interrupted = column.next()?;
            }
            for hour in &mut hours {
                hour.failed = column.next()?;
            }
            for hour in &mut hours {
                hour.not_counted = column.next()?;
            }
            for hour in &mut hours {
                let off = column.next_signed()?.cast_unsigned();
                hour.shown_ms = off.wrapping_add(usual.wrapping_mul(hour.completed));
            }
            look(line, &hours);
        }
        Some(())
    }

    /// Only the numbers of the items in these bytes; `None` if they are none.
    pub fn items(bytes: &[u8]) -> Option<Vec<i64>> {
        Some(head(&mut Reader::new(bytes))?.into_iter().map(|((item, _), _)| item).collect())
    }
}

/// How long a completed showing lasts, mostly.
fn usual(hours: &[Count; HOURS]) -> u64 {
    let sum = sum(hours);
    sum.shown_ms.checked_div(sum.completed).unwrap_or(0)
}

fn head(column: &mut Reader<'_>) -> Option<Vec<(Line, u64)>> {
    let count = column.next().filter(|count| *count <= MOST_LINES)?;
    let mut lines = Vec::new();
    let mut before = 0_i64;
    for _ in 0..count {
        let item = before.wrapping_add(column.next_signed()?);
        let zone = zone_of(column.next()?)?;
        lines.push(((item, zone), column.next()?));
        before = item;
    }
    lines.is_sorted_by(|(a, _), (b, _)| a < b).then_some(lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(lines: i64, count: impl Fn(u64) -> Count) -> DayCounts {
        let hours = std::array::from_fn(|hour| count(hour as u64));
        DayCounts((0..lines).map(|item| ((item + 100, ZoneName::Main), hours)).collect())
    }

    #[test]
    fn a_day_of_a_loop_of_twelve_is_a_few_hundred_bytes() {
        let exact = |_| Count { completed: 30, shown_ms: 300_000, ..Count::default() };
        assert!(day(12, exact).write().len() < 150, "{} bytes", day(12, exact).write().len());
        // Frames come late by some milliseconds, and a loop does not fit an hour.
        let real = |hour| Count {
            completed: 30 - hour % 2,
            shown_ms: 10_000 * (30 - hour % 2) + hour * 7,
            ..Count::default()
        };
        assert!(day(12, real).write().len() < 950, "{} bytes", day(12, real).write().len());
    }

    #[test]
    fn what_is_no_counter_is_refused() {
        assert_eq!(DayCounts::read(&[0x80]), None);
        assert_eq!(DayCounts::read(&[]), Some(DayCounts::default()));
        let mut twice = Writer::default();
        for number in [2, 0, 0, 0, 0, 0, 0] {
            twice.push(number);
        }
        assert_eq!(DayCounts::read(&twice.finish()), None, "one line twice");
        let mut endless = Writer::default();
        endless.push(MOST_LINES + 1);
        assert_eq!(DayCounts::items(&endless.finish()), None);
    }

    fn counts() -> impl Strategy<Value = DayCounts> {
        let count = (0_u64..200, 0_u64..5, 0_u64..5, 0_u64..5, 0_u64..4_000_000).prop_map(
            |(completed, interrupted, failed, not_counted, shown_ms)| Count {
                completed,
                interrupted,
                failed,
                not_counted,
                shown_ms,
            },
        );
        let zone = prop::sample::select(vec![ZoneName::Main, ZoneName::Ticker, ZoneName::Audio]);
        let hours = prop::collection::vec(count, HOURS).prop_map(|hours| std::array::from_fn(|hour| hours[hour]));
        prop::collection::btree_map((0_i64..1 << 40, zone), hours, 0..9).prop_map(DayCounts)
    }

    proptest! {
        #[test]
        fn any_counters_come_back(counts in counts()) {
            let bytes = counts.write();
            let again = DayCounts::read(&bytes);
            prop_assert_eq!(again.as_ref(), Some(&counts));
            let items: Vec<i64> = counts.0.keys().map(|(item, _)| *item).collect();
            prop_assert_eq!(DayCounts::items(&bytes), Some(items));
        }

        #[test]
        fn counters_are_added_hour_by_hour(mut one in counts(), two in counts()) {
            let before = one.clone();
            one.add(&two);
            for (line, hours) in &one.0 {
                let of = |counts: &DayCounts| counts.0.get(line).map_or(0, |hours| sum(hours).completed);
                prop_assert_eq!(sum(hours).completed, of(&before) + of(&two));
            }
        }

        #[test]
        fn damaged_bytes_harm_nobody(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            DayCounts::read(&bytes);
        }
    }
}
