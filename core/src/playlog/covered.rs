//! Time of a screen's zones that believed plays have taken already: nothing is shown twice in it.
//!
//! Kept per zone and UTC day, so that a batch that comes late finds what came before it. Days of a screen that plays without
//! a break are one stretch, a dozen bytes.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use crate::{
    geometry::ZoneName,
    time::{UtcInterval, UtcMillis},
};

/// Stretches nearer to each other than this many milliseconds are kept as one: no play fits between them.
const SEAM: i64 = 2_000;

/// Milliseconds of a UTC day.
const DAY: i64 = 86_400_000;

/// A UTC day, counted from 1970-01-01.
pub type UtcDay = i64;

/// What is taken of each zone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Covered {
    zones: BTreeMap<ZoneName, Vec<UtcInterval>>,
    touched: BTreeSet<(ZoneName, UtcDay)>,
}

/// One zone's day as it is stored: pairs of beginning, in milliseconds since the day before ended or the stretch before
/// did, and length.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
struct Stretches(#[n(0)] Vec<(u32, u32)>);

/// The day that an instant is in.
pub const fn utc_day(at: UtcMillis) -> UtcDay {
    at.0.div_euclid(DAY)
}

impl Covered {
    /// Milliseconds of this stretch that are taken in this zone.
    pub fn taken(&self, zone: ZoneName, stretch: UtcInterval) -> i64 {
        let spans = self.zones.get(&zone).map_or(&[][..], Vec::as_slice);
        let first = spans.partition_point(|span| span.end <= stretch.start);
        let near = spans.iter().skip(first).take_while(|span| span.start < stretch.end);
        near.filter_map(|span| span.intersection(stretch)).map(UtcInterval::length).sum()
    }

    /// Takes a stretch.
    pub fn take(&mut self, zone: ZoneName, stretch: UtcInterval) {
        if stretch.start >= stretch.end {
            return;
        }
        let last = stretch.end.plus(-1);
        self.touched.extend((utc_day(stretch.start)..=utc_day(last)).map(|day| (zone, day)));
        self.put(zone, stretch);
    }

    fn put(&mut self, zone: ZoneName, mut stretch: UtcInterval) {
        let spans = self.zones.entry(zone).or_default();
        let from = spans.partition_point(|span| span.end.plus(SEAM) < stretch.start);
        let to = from + spans.get(from..).unwrap_or_default().partition_point(|s| s.start <= stretch.end.plus(SEAM));
        for near in spans.get(from..to).unwrap_or_default() {
            stretch = UtcInterval { start: stretch.start.min(near.start), end: stretch.end.max(near.end) };
        }
        spans.splice(from..to, [stretch]);
    }

    /// The days that something was taken of since this was made, each with its bytes.
    pub fn news(&self) -> Vec<(ZoneName, UtcDay, Vec<u8>)> {
        self.touched.iter().map(|&(zone, day)| (zone, day, self.day(zone, day))).collect()
    }

    fn day(&self, zone: ZoneName, day: UtcDay) -> Vec<u8> {
        let (start, end) = (UtcMillis(day.saturating_mul(DAY)), UtcMillis(day.saturating_add(1).saturating_mul(DAY)));
        let whole = UtcInterval { start, end };
        let spans = self.zones.get(&zone).map_or(&[][..], Vec::as_slice);
        let mut before = start;
        let mut stretches = Vec::new();
        for span in spans.iter().filter_map(|span| span.intersection(whole)) {
            // Within a day, so both fit.
            stretches.push((span.start.since(before) as u32, span.length() as u32));
            before = span.end;
        }
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        minicbor::to_vec(Stretches(stretches)).unwrap_or_default()
    }

    /// Adds what was stored of a day. Bytes that are damaged say nothing.
    pub fn remember(&mut self, zone: ZoneName, day: UtcDay, bytes: &[u8]) {
        let Ok(Stretches(stretches)) = minicbor::decode(bytes) else { return };
        let mut at = UtcMillis(day.saturating_mul(DAY));
        for (gap, length) in stretches {
            let start = at.plus(i64::from(gap));
            at = start.plus(i64::from(length));
            if start < at {
                self.put(zone, UtcInterval { start, end: at });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(start: i64, end: i64) -> UtcInterval {
        UtcInterval { start: UtcMillis(start), end: UtcMillis(end) }
    }

    proptest! {
        #[test]
        fn days_read_back_say_what_was_taken(
            taken in prop::collection::vec((0i64..3 * DAY, 1i64..30_000), 0..60),
            asked in prop::collection::vec((0i64..3 * DAY, 1i64..100_000), 0..20),
        ) {
            let mut covered = Covered::default();
            for (start, length) in &taken {
                covered.take(ZoneName::Main, span(*start, start + length));
                prop_assert_eq!(covered.taken(ZoneName::Main, span(*start, start + length)), *length);
            }
            let mut again = Covered::default();
            for (zone, day, bytes) in covered.news() {
                again.remember(zone, day, &bytes);
            }
            prop_assert_eq!(&again.zones, &covered.zones);
            for (start, length) in asked {
                let stretch = span(start, start + length);
                prop_assert_eq!(again.taken(ZoneName::Main, stretch), covered.taken(ZoneName::Main, stretch));
                prop_assert_eq!(covered.taken(ZoneName::Ticker, stretch), 0);
            }
        }
    }

    #[test]
    fn a_day_without_a_break_is_a_dozen_bytes() {
        let mut covered = Covered::default();
        for n in 0..8_640 {
            covered.take(ZoneName::Main, span(n * 10_000 + 40, (n + 1) * 10_000));
        }
        let news = covered.news();
        assert_eq!(news.len(), 1);
        assert!(news[0].2.len() <= 12, "{} bytes", news[0].2.len());
    }
}
