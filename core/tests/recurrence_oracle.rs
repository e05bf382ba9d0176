//! Recurrence against an oracle that shares nothing with it: it walks through the days one by one, and through the
//! minutes one by one, and applies the words of RFC 5545 and of our DST rules to each.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use proptest::prelude::*;
use xuanping_core::{
    recurrence::{DayWindow, OpeningHours, OpeningSpan, Recurrence, Rule, RuleText, Schedule, TimeOfDay, Weekdays},
    time::{DateRange, UtcInterval, UtcMillis},
};

const CODES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Freq {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A rule as the oracle understands it.
#[derive(Debug, Clone)]
struct Walked {
    freq: Freq,
    interval: i64,
    count: Option<usize>,
    months: Vec<u32>,
    month_days: Vec<i32>,
    year_days: Vec<i32>,
    weekdays: Vec<(Option<i32>, usize)>,
    positions: Vec<i32>,
    week_start: usize,
}

impl Walked {
    fn text(&self) -> String {
        let mut text = format!("FREQ={}", format!("{:?}", self.freq).to_uppercase());
        let mut part = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                text += &format!(";{name}={}", values.join(","));
            }
        };
        fn words<T: ToString>(values: &[T]) -> Vec<String> {
            values.iter().map(T::to_string).collect()
        }
        part("INTERVAL", vec![self.interval.to_string()]);
        part("COUNT", self.count.iter().map(usize::to_string).collect());
        part("BYMONTH", words(&self.months));
        part("BYMONTHDAY", words(&self.month_days));
        part("BYYEARDAY", words(&self.year_days));
        let days =
            self.weekdays.iter().map(|(n, d)| format!("{}{}", n.map_or(String::new(), |n| n.to_string()), CODES[*d]));
        part("BYDAY", days.collect());
        part("BYSETPOS", words(&self.positions));
        part("WKST", vec![CODES[self.week_start].into()]);
        text
    }

    /// The number of the period that a day lies in, counted from the one `from` lies in.
    fn period(&self, from: NaiveDate, day: NaiveDate) -> i64 {
        let monday_based = |d: NaiveDate| i64::from(d.num_days_from_ce()) - 1 - self.week_start as i64;
        match self.freq {
            Freq::Daily => (day - from).num_days(),
            Freq::Weekly => monday_based(day).div_euclid(7) - monday_based(from).div_euclid(7),
            Freq::Monthly => i64::from((day.year() - from.year()) * 12 + day.month() as i32 - from.month() as i32),
            Freq::Yearly => i64::from(day.year() - from.year()),
        }
    }

    fn meets(&self, from: NaiveDate, day: NaiveDate) -> bool {
        let month_length = (1..=31).rev().find(|d| day.with_day(*d).is_some()).unwrap() as i32;
        let year_length = if day.leap_year() { 366 } else { 365 };
        let from_either_end =
            |list: &[i32], number: i32, length: i32| list.contains(&number) || list.contains(&(number - length - 1));
        let said_day = !(self.weekdays.is_empty() && self.month_days.is_empty() && self.year_days.is_empty());
        let implied = said_day
            || match self.freq {
                Freq::Daily => true,
                Freq::Weekly => day.weekday() == from.weekday(),
                Freq::Monthly => day.day() == from.day(),
                Freq::Yearly => day.day() == from.day() && (!self.months.is_empty() || day.month() == from.month()),
            };
        let (day_of, length) = if self.freq == Freq::Yearly && self.months.is_empty() {
            (day.ordinal() as i32, year_length)
        } else {
            (day.day() as i32, month_length)
        };
        let weekday = |(number, weekday): &(Option<i32>, usize)| {
            day.weekday().num_days_from_monday() as usize == *weekday
                && number.is_none_or(|n| n == (day_of - 1) / 7 + 1 || n == -((length - day_of) / 7 + 1))
        };
        implied
            && (self.months.is_empty() || self.months.contains(&day.month()))
            && (self.month_days.is_empty() || from_either_end(&self.month_days, day.day() as i32, month_length))
            && (self.year_days.is_empty() || from_either_end(&self.year_days, day.ordinal() as i32, year_length))
            && (self.weekdays.is_empty() || self.weekdays.iter().any(weekday))
    }

    fn days(&self, from: NaiveDate, until: Option<NaiveDate>, range: DateRange) -> Vec<NaiveDate> {
        // From well before, so that the first period is whole.
        let mut day = from - Days::new(400);
        let mut period: (i64, Vec<NaiveDate>) = (i64::MIN, Vec::new());
        let mut chosen = Vec::new();
        while day <= range.last + Days::new(400) {
            let number = self.period(from, day);
            if number != period.0 {
                self.choose(&period.1, &mut chosen);
                period = (number, Vec::new());
            }
            if number.rem_euclid(self.interval) == 0 && self.meets(from, day) {
                period.1.push(day);
            }
            day = day + Days::new(1);
        }
        chosen.retain(|day| *day >= from);
        chosen.truncate(self.count.unwrap_or(usize::MAX));
        chosen.retain(|day| range.contains(*day) && until.is_none_or(|until| *day <= until));
        chosen
    }

    fn choose(&self, period: &[NaiveDate], chosen: &mut Vec<NaiveDate>) {
        let length = period.len() as i32;
        for (number, day) in (1..).zip(period) {
            if self.positions.is_empty()
                || self.positions.contains(&number)
                || self.positions.contains(&(number - length - 1))
            {
                chosen.push(*day);
            }
        }
    }
}

fn day(year: i32, ordinal: u32) -> NaiveDate {
    NaiveDate::from_yo_opt(year, ordinal).unwrap()
}

fn some<T: Clone + std::fmt::Debug + PartialEq + 'static>(
    values: Vec<T>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    let chosen = proptest::collection::vec(proptest::sample::select(values), 1..=most);
    prop_oneof![3 => Just(Vec::new()), 1 => chosen]
}

fn rule() -> impl Strategy<Value = Walked> {
    let freq = prop_oneof![Just(Freq::Daily), Just(Freq::Weekly), Just(Freq::Monthly), Just(Freq::Yearly)];
    let near = |most: i32| (1..=most).chain((1..=most).map(|n| -n)).collect::<Vec<i32>>();
    let numbers = (
        some((1..=12u32).collect(), 3),
        some(near(31), 3),
        some(near(366), 3),
        some(near(4), 2),
        some((0..7usize).map(|d| (None::<i32>, d)).collect(), 3),
        some((1..=5).chain(-4..=-1).flat_map(|n| (0..7).map(move |d| (Some(n), d))).collect(), 2),
    );
    (freq, 1..=4i64, proptest::option::weighted(0.3, 1..40usize), 0..7usize, numbers).prop_map(
        |(freq, interval, count, week_start, (months, month_days, year_days, positions, plain, numbered))| {
            let mut rule = Walked {
                freq,
                interval,
                count,
                months,
                month_days: if freq == Freq::Weekly { Vec::new() } else { month_days },
                year_days: if freq == Freq::Yearly { year_days } else { Vec::new() },
                weekdays: plain,
                positions: if freq == Freq::Daily { Vec::new() } else { positions },
                week_start,
            };
            if matches!(freq, Freq::Monthly | Freq::Yearly) {
                rule.weekdays.extend(numbered);
            }
            // What RFC 5545 forbids or leaves open is refused, see the unit tests; here only rules with one meaning.
            let numbered = rule.weekdays.iter().filter(|(n, _)| n.is_some()).count();
            let mixed = numbered > 0 && numbered < rule.weekdays.len();
            let chooses_from_something = !(rule.months.is_empty()
                && rule.month_days.is_empty()
                && rule.year_days.is_empty()
                && rule.weekdays.is_empty());
            if mixed || !chooses_from_something {
                rule.positions.clear();
            }
            rule
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5000) })]

    #[test]
    fn a_rule_happens_on_the_days_that_a_walk_through_the_calendar_finds(
        rule in rule(),
        from in (2015..2027i32, 1..=365u32).prop_map(|(y, d)| day(y, d)),
        lasts in proptest::option::of(0..2000u64),
        ahead in 0..3000u64,
        days in 1..500u32,
    ) {
        let until = lasts.map(|days| from + Days::new(days));
        let range = DateRange::starting(from + Days::new(ahead), days);
        let range = DateRange { first: range.first - Days::new(30), last: range.last };
        let recurrence = Recurrence::plain(from, until, Rule::Rfc5545(rule.text().parse::<RuleText>().unwrap()));
        prop_assert_eq!(recurrence.days(range), rule.days(from, until, range), "{} from {}", rule.text(), from);
    }

    #[test]
    fn a_rule_prints_as_text_that_reads_back_equal(rule in rule()) {
        let read: RuleText = rule.text().parse().unwrap();
        prop_assert_eq!(&read.to_string().parse::<RuleText>().unwrap(), &read);
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "(FREQ=[A-Z]{0,7})?(;[A-Z]{2,10}=[-0-9A-Z,]{0,8}){0,4}") {
        if let Ok(rule) = text.parse::<RuleText>() {
            let recurrence = Recurrence::plain(day(2025, 1), None, Rule::Rfc5545(rule));
            recurrence.days(DateRange::starting(day(2025, 60), 60));
        }
    }

    #[test]
    fn a_set_of_weekdays_equals_the_weekly_rule_that_says_the_same(
        set in proptest::sample::subsequence((1..=7u8).collect::<Vec<_>>(), 1..=7),
        from in (2020..2027i32, 1..=365u32).prop_map(|(y, d)| day(y, d)),
    ) {
        let codes: Vec<_> = set.iter().map(|n| CODES[*n as usize - 1]).collect();
        let text = format!("FREQ=WEEKLY;BYDAY={}", codes.join(","));
        let range = DateRange::starting(from - Days::new(10), 60);
        let by_set = Recurrence::plain(from, None, Rule::Weekdays(Weekdays::from_numbers(&set).unwrap()));
        let by_rule = Recurrence::plain(from, None, Rule::Rfc5545(text.parse().unwrap()));
        prop_assert_eq!(by_set.days(range), by_rule.days(range));
    }
}

/// What the local clock shows, minute by minute of UTC.
struct Minutes {
    tz: Tz,
    first: i64,
    shown: Vec<NaiveDateTime>,
}

impl Minutes {
    fn around(range: DateRange, tz: Tz) -> Self {
        let midnight = |date: NaiveDate| date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() / 60;
        let (first, last) = (midnight(range.first - Days::new(3)), midnight(range.last + Days::new(4)));
        let shown = |minute: i64| DateTime::from_timestamp(minute * 60, 0).unwrap().with_timezone(&tz).naive_local();
        Self { tz, first, shown: (first..last).map(shown).collect() }
    }

    /// The first minute at which the clock shows `local` or later.
    fn start(&self, local: NaiveDateTime) -> i64 {
        self.first + self.shown.iter().position(|s| *s >= local).unwrap() as i64
    }

    /// The minute after the last at which the clock shows earlier than `local`.
    fn end(&self, local: NaiveDateTime) -> i64 {
        self.first + self.shown.iter().rposition(|s| *s < local).unwrap() as i64 + 1
    }
}

fn at_minute(date: NaiveDate, minutes: i64) -> NaiveDateTime {
    date.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn window() -> impl Strategy<Value = DayWindow> {
    let time = |most: u16| (0..=most).prop_map(|quarter| TimeOfDay::from_minutes(quarter * 15).unwrap());
    (time(95), time(96)).prop_filter_map("empty", |(from, to)| (from != to).then_some(DayWindow { from, to }))
}

/// Days around which clocks change (or, in Shanghai, nothing happens).
fn place() -> impl Strategy<Value = (Tz, NaiveDate)> {
    use chrono_tz::{Africa, America, Asia, Australia, Europe};
    let places = vec![
        (Asia::Shanghai, (2025, 3, 9)),
        (America::New_York, (2025, 3, 9)),
        (America::New_York, (2025, 11, 2)),
        (Europe::London, (2025, 3, 30)),
        (Europe::London, (2025, 10, 26)),
        (Australia::Lord_Howe, (2025, 4, 6)),
        (Australia::Lord_Howe, (2025, 10, 5)),
        (America::Havana, (2025, 3, 9)),
        (America::Havana, (2025, 11, 2)),
        (Africa::Cairo, (2025, 4, 25)),
        (Africa::Cairo, (2025, 10, 30)),
        // China's own summer time.
        (Asia::Shanghai, (1988, 4, 17)),
        (Asia::Shanghai, (1988, 9, 11)),
    ];
    (proptest::sample::select(places), 0..5u64).prop_map(|((tz, (y, m, d)), ahead)| {
        (tz, NaiveDate::from_ymd_opt(y, m, d).unwrap() - Days::new(3) + Days::new(ahead))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn windows_become_the_minutes_that_the_local_clock_says(
        (tz, first) in place(),
        days in 1..4u32,
        windows in proptest::collection::vec(window(), 1..4),
        numbers in proptest::sample::subsequence((1..=7u8).collect::<Vec<_>>(), 1..=7),
    ) {
        prop_assume!(DayWindow::check_list(&windows).is_ok());
        let range = DateRange::starting(first, days);
        let set = Weekdays::from_numbers(&numbers).unwrap();
        let from = day(1980, 1);
        let recurrence = Recurrence::plain(from, None, Rule::Weekdays(set));
        let schedule = Schedule::checked(recurrence, windows.clone()).unwrap();
        let opening = OpeningHours::checked(vec![OpeningSpan { weekdays: set, windows: windows.clone() }]).unwrap();

        let clock = Minutes::around(range, tz);
        let bounds = clock.start(at_minute(range.first, 0))..clock.start(at_minute(range.last + Days::new(1), 0));
        let mut on_air = vec![false; clock.shown.len()];
        let mut date = range.first - Days::new(2);
        while date <= range.last {
            if numbers.contains(&(date.weekday().number_from_monday() as u8)) {
                for window in &windows {
                    let (from, to) = (i64::from(window.from.minutes()), i64::from(window.to.minutes()));
                    let to = if to <= from { to + 1440 } else { to };
                    let minutes = clock.start(at_minute(date, from))..clock.end(at_minute(date, to));
                    for minute in minutes.filter(|m| bounds.contains(m)) {
                        on_air[(minute - clock.first) as usize] = true;
                    }
                }
            }
            date = date + Days::new(1);
        }
        let intervals = schedule.intervals(range, tz);
        prop_assert!(intervals.windows(2).all(|pair| pair[0].end < pair[1].start));
        for (minute, expected) in (clock.first..).zip(on_air) {
            let at = UtcMillis(minute * 60_000);
            let found = intervals.iter().any(|i| i.contains(at));
            prop_assert_eq!(found, expected, "{} {}", at, clock.tz);
            let found_late = intervals.iter().any(|i| i.contains(at.plus(59_999)));
            prop_assert_eq!(found_late, expected);
        }
        prop_assert_eq!(opening.intervals(range, tz), intervals);
    }

    #[test]
    fn interval_lists_unite_and_intersect_like_sets_of_instants(
        left in proptest::collection::vec((0..60i64, 0..12i64), 0..8),
        right in proptest::collection::vec((0..60i64, 0..12i64), 0..8),
    ) {
        let list = |pairs: &[(i64, i64)]| -> Vec<UtcInterval> {
            UtcInterval::union(pairs.iter().map(|(s, l)| UtcInterval { start: UtcMillis(*s), end: UtcMillis(s + l) }).collect())
        };
        let (a, b) = (list(&left), list(&right));
        let both = UtcInterval::intersect(&a, &b);
        for instant in (0..80).map(UtcMillis) {
            let within = |list: &[UtcInterval]| list.iter().any(|i| i.contains(instant));
            let said = |pairs: &[(i64, i64)]| pairs.iter().any(|(s, l)| (*s..s + l).contains(&instant.0));
            prop_assert_eq!(within(&a), said(&left));
            prop_assert_eq!(within(&both), within(&a) && within(&b));
        }
    }
}
