//! Recurrence against a program of other people: 5,000 rules with the days that python-dateutil finds. See
//! `dateutil/README.md` for how the file was made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Days, NaiveDate};
use xuanping_core::{
    recurrence::{Recurrence, Rule},
    time::DateRange,
};

#[test]
fn five_thousand_rules_happen_on_the_days_that_dateutil_finds() {
    let mut compared = 0;
    let mut differing = Vec::new();
    for line in include_str!("dateutil/rules.txt").lines() {
        let [start, rule, first, days, found] = line.split(';').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let first: NaiveDate = first.parse().unwrap();
        let expected: Vec<NaiveDate> = found
            .split(',')
            .filter(|offset| !offset.is_empty())
            .map(|offset| first + Days::new(offset.parse().unwrap()))
            .collect();
        let rule = rule.replace(' ', ";").parse().unwrap_or_else(|e| panic!("{line}: {e}"));
        let recurrence = Recurrence::plain(start.parse().unwrap(), None, Rule::Rfc5545(rule));
        let ours = recurrence.days(DateRange::starting(first, days.parse().unwrap()));
        compared += 1;
        if ours != expected {
            differing.push(format!("{line}\n  ours: {ours:?}"));
        }
    }
    assert_eq!(compared, 5_000);
    assert!(
        differing.is_empty(),
        "{} differ, e.g.\n{}",
        differing.len(),
        differing[..differing.len().min(5)].join("\n")
    );
}
