//! Gaps as findings of their own: of all that was not shown on a day, what a person should look into.
//!
//! The ribbon of a day shows every gap. A finding is what it comes to: gaps of one cause that follow each other closely (a file
//! that fails each time the loop comes round) are one, and what was ordered (a wall that was off, a takeover) is none.

use super::shown::{Cause, Gap, ZoneDay};
use crate::{
    geometry::ZoneName,
    time::{UtcInterval, UtcMillis},
};

/// Gaps of one cause that are no further apart than this belong together, in milliseconds.
const TOGETHER: i64 = 600_000;
/// What is missing for less than this altogether is no finding, in milliseconds: a restart takes half a minute.
const LEAST: i64 = 60_000;

/// What a person should look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapFinding {
    /// Where on the screen.
    pub zone: ZoneName,
    /// From when.
    pub start: UtcMillis,
    /// Until when.
    pub end: UtcMillis,
    /// Why, likely.
    pub cause: Cause,
    /// Milliseconds that were missing between.
    pub missing_ms: i64,
    /// In so many gaps.
    pub gaps: u32,
}

impl GapFinding {
    fn of(zone: ZoneName, gap: &Gap) -> Self {
        let Gap { start, end, cause } = *gap;
        Self { zone, start, end, cause, missing_ms: end.since(start), gaps: 1 }
    }

    /// From its beginning to its end.
    pub const fn span(&self) -> UtcInterval {
        UtcInterval { start: self.start, end: self.end }
    }
}

/// The findings of one zone's day, by cause and then by time.
pub fn findings(day: &ZoneDay) -> Vec<GapFinding> {
    let mut all = Vec::new();
    for cause in Cause::ALL.into_iter().filter(|cause| !cause.is_ordered()) {
        let mut open: Option<GapFinding> = None;
        for gap in day.gaps.iter().filter(|gap| gap.cause == cause) {
            match &mut open {
                Some(open) if gap.start.since(open.end) <= TOGETHER => {
                    open.end = gap.end;
                    open.missing_ms += gap.end.since(gap.start);
                    open.gaps += 1;
                }
                _ => all.extend(open.replace(GapFinding::of(day.zone, gap))),
            }
        }
        all.extend(open);
    }
    all.retain(|finding| finding.missing_ms >= LEAST);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOON: UtcMillis = UtcMillis(1_764_000_000_000);

    fn day(gaps: impl IntoIterator<Item = (i64, i64, Cause)>) -> ZoneDay {
        let at = |seconds: i64| NOON.plus(seconds * 1_000);
        let gaps = gaps.into_iter().map(|(from, to, cause)| Gap { start: at(from), end: at(to), cause }).collect();
        ZoneDay { zone: ZoneName::Main, expected: vec![], shown: vec![], gaps, expected_ms: 0, kept_ms: 0 }
    }

    /// What a day comes to, in words: golden.
    fn said(day: &ZoneDay) -> Vec<String> {
        let line = |f: GapFinding| {
            let from = |at: UtcMillis| at.since(NOON) / 1_000;
            format!("{:?} {}–{} s, {} s in {}", f.cause, from(f.start), from(f.end), f.missing_ms / 1_000, f.gaps)
        };
        findings(day).into_iter().map(line).collect()
    }

    #[test]
    fn a_file_that_fails_each_time_the_loop_comes_round_is_one_finding() {
        let failing = (0..30).map(|n| (n * 120, n * 120 + 10, Cause::Content));
        assert_eq!(said(&day(failing)), ["Content 0–3490 s, 300 s in 30"]);
    }

    #[test]
    fn a_day_with_a_power_cut_a_night_without_network_and_hours_that_were_off() {
        let gaps = [
            (0, 40, Cause::Restarted),
            (1_000, 4_600, Cause::Power),
            (5_000, 9_000, Cause::WallOff),
            (9_100, 9_700, Cause::Takeover),
            (20_000, 20_030, Cause::Unknown),
            (22_000, 22_070, Cause::Unknown),
            (30_000, 36_400, Cause::NotReported),
        ];
        let told = [
            "NotReported 30000–36400 s, 6400 s in 1",
            "Power 1000–4600 s, 3600 s in 1",
            "Unknown 22000–22070 s, 70 s in 1",
        ];
        assert_eq!(said(&day(gaps)), told);
    }

    #[test]
    fn a_day_as_it_should_be_has_no_finding() {
        assert_eq!(findings(&day([])), []);
        assert_eq!(findings(&day([(0, 86_400, Cause::WallOff)])), []);
    }

    fn some_day() -> impl Strategy<Value = ZoneDay> {
        let gap = (0i64..2_000, 3i64..400, prop::sample::select(&Cause::ALL[..]));
        prop::collection::vec(gap, 0..40).prop_map(|gaps| {
            let mut at = 0;
            day(gaps.into_iter().map(|(after, lasts, cause)| {
                let from = at + after;
                at = from + lasts;
                (from, at, cause)
            }))
        })
    }

    proptest! {
        #[test]
        fn every_gap_worth_a_look_is_in_one_finding_of_its_cause_and_none_else_is(day in some_day()) {
            let found = findings(&day);
            for gap in &day.gaps {
                let span = UtcInterval { start: gap.start, end: gap.end };
                let in_it: Vec<_> = found.iter()
                    .filter(|f| f.cause == gap.cause && f.span().intersection(span) == Some(span)).collect();
                prop_assert!(in_it.len() <= 1);
                if gap.cause.is_ordered() {
                    prop_assert!(in_it.is_empty());
                } else if span.length() >= LEAST {
                    prop_assert_eq!(in_it.len(), 1, "{:?}", gap);
                }
            }
            for finding in &found {
                prop_assert!(finding.missing_ms >= LEAST && finding.missing_ms <= finding.span().length());
                let own = day.gaps.iter().filter(|g| g.cause == finding.cause && finding.start <= g.start && g.end <= finding.end);
                let (gaps, missing) = own.fold((0, 0), |(n, ms), g| (n + 1, ms + g.end.since(g.start)));
                prop_assert_eq!((finding.gaps, finding.missing_ms), (gaps, missing));
            }
            for (nth, one) in found.iter().enumerate() {
                let clash = found.iter().skip(nth + 1).find(|other| other.cause == one.cause && other.span().intersection(one.span()).is_some());
                prop_assert_eq!(clash, None);
            }
        }
    }
}
