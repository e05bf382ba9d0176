use super::*;
use crate::time::{UtcInterval, UtcMillis};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn window(from: &str, to: &str) -> DayWindow {
    DayWindow { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

fn rule(from: &str, text: &str) -> Recurrence {
    Recurrence::plain(date(from), None, Rule::Rfc5545(text.parse().unwrap()))
}

fn refused(text: &str) -> InvalidRule {
    text.parse::<RuleText>().unwrap_err()
}

fn utc(text: &str) -> UtcMillis {
    chrono::DateTime::parse_from_rfc3339(text).unwrap().to_utc().into()
}

#[test]
fn mixed_plain_and_numbered_weekdays_are_both_kept() {
    let days = rule("2025-01-01", "FREQ=MONTHLY;BYDAY=MO,-1FR").days(DateRange::starting(date("2025-01-01"), 31));
    let days: Vec<_> = days.iter().map(Datelike::day).collect();
    assert_eq!(days, [6, 13, 20, 27, 31]);
}

#[test]
fn a_count_over_mixed_weekdays_counts_both_together() {
    let days =
        rule("2025-01-01", "FREQ=MONTHLY;COUNT=3;BYDAY=MO,1TU").days(DateRange::starting(date("2025-01-01"), 99));
    assert_eq!(days.iter().map(Datelike::day).collect::<Vec<_>>(), [6, 7, 13]);
}

#[test]
fn rules_that_rfc_5545_forbids_or_that_say_times_are_refused_by_name() {
    assert_eq!(refused("FREQ=HOURLY"), InvalidRule::Frequency);
    assert_eq!(refused("BYDAY=MO"), InvalidRule::Frequency);
    assert_eq!(refused("FREQ=DAILY;INTERVAL=0"), InvalidRule::OutOfRange { part: "INTERVAL", value: 0 });
    assert_eq!(refused("FREQ=DAILY;COUNT=0"), InvalidRule::OutOfRange { part: "COUNT", value: 0 });
    assert_eq!(refused("FREQ=MONTHLY;BYDAY=6MO"), InvalidRule::OutOfRange { part: "BYDAY", value: 6 });
    assert_eq!(refused("FREQ=MONTHLY;BYDAY=-5MO"), InvalidRule::OutOfRange { part: "BYDAY", value: -5 });
    assert_eq!(refused("FREQ=MONTHLY;BYDAY=0MO"), InvalidRule::OutOfRange { part: "BYDAY", value: 0 });
    assert_eq!(refused("FREQ=YEARLY;BYDAY=54MO"), InvalidRule::OutOfRange { part: "BYDAY", value: 54 });
    assert_eq!(refused("FREQ=YEARLY;BYMONTH=13"), InvalidRule::OutOfRange { part: "BYMONTH", value: 13 });
    assert_eq!(refused("FREQ=MONTHLY;BYMONTHDAY=0"), InvalidRule::OutOfRange { part: "BYMONTHDAY", value: 0 });
    assert_eq!(refused("FREQ=WEEKLY;BYDAY=1MO"), InvalidRule::Combination { part: "BYDAY" });
    assert_eq!(refused("FREQ=WEEKLY;BYMONTHDAY=1"), InvalidRule::Combination { part: "BYMONTHDAY" });
    assert_eq!(refused("FREQ=MONTHLY;BYYEARDAY=1"), InvalidRule::Combination { part: "BYYEARDAY" });
    assert_eq!(refused("FREQ=MONTHLY;BYSETPOS=1"), InvalidRule::Combination { part: "BYSETPOS" });
    for part in ["BYHOUR", "BYMINUTE", "BYSECOND", "UNTIL", "BYWEEKNO", "BYEASTER"] {
        assert_eq!(refused(&format!("FREQ=DAILY;{part}=8")), InvalidRule::Unsupported { part: part.into() });
    }
    assert_eq!(refused("FREQ=DAILY;FREQ=DAILY"), InvalidRule::Twice { part: "FREQ".into() });
    assert!(matches!(refused("FREQ=DAILY;BYDAY=中"), InvalidRule::Malformed { .. }));
    assert!(matches!(refused("FREQ=DAILY;BYDAY"), InvalidRule::Malformed { .. }));
}

#[test]
fn an_old_rule_is_not_walked_through_from_its_beginning() {
    let wanted = date("2026-01-01");
    for (text, at_most) in [
        ("FREQ=DAILY;INTERVAL=3", 3),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU", 14),
        ("FREQ=MONTHLY;INTERVAL=5", 155),
        ("FREQ=YEARLY;INTERVAL=2", 731),
    ] {
        let start = text.parse::<RuleText>().unwrap().period_start(date("1900-01-31"), wanted);
        let walked = (wanted - start).num_days();
        assert!((0..at_most).contains(&walked), "{text}: {walked} days");
    }
    let monthly = rule("1900-01-31", "FREQ=MONTHLY").days(DateRange::starting(date("2026-01-01"), 90));
    assert_eq!(monthly, [date("2026-01-31"), date("2026-03-31")]);
}

#[test]
fn a_rule_that_never_happens_is_known_to() {
    assert_eq!(rule("2025-01-01", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30").first_day(), None);
    assert_eq!(rule("2025-01-01", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29").first_day(), Some(date("2028-02-29")));
}

#[test]
fn the_hour_that_does_not_exist_moves_forward_and_the_hour_that_happens_twice_is_kept_whole() {
    let tz = chrono_tz::America::New_York;
    let night = |from, to| {
        let rule = Rule::Weekdays(Weekdays::ALL);
        Schedule::checked(Recurrence::plain(date("2025-01-01"), None, rule), vec![window(from, to)]).unwrap()
    };
    let on = |schedule: &Schedule, day| schedule.intervals(DateRange::day(date(day)), tz);
    let interval = |start, end| UtcInterval { start: utc(start), end: utc(end) };
    // 9 March 2025: 02:00 becomes 03:00.
    let spring = on(&night("02:30", "04:00"), "2025-03-09");
    assert_eq!(spring, [interval("2025-03-09T03:00:00-04:00", "2025-03-09T04:00:00-04:00")]);
    assert_eq!(on(&night("02:10", "02:50"), "2025-03-09"), []);
    // 2 November 2025: 02:00 becomes 01:00.
    let autumn = on(&night("01:30", "01:45"), "2025-11-02");
    assert_eq!(autumn, [interval("2025-11-02T01:30:00-04:00", "2025-11-02T01:45:00-05:00")]);
    assert_eq!(on(&night("00:00", "01:00"), "2025-11-02")[0].length(), 3_600_000);
    assert_eq!(on(&night("00:00", "24:00"), "2025-11-02")[0].length(), 25 * 3_600_000);
    assert_eq!(on(&night("00:00", "24:00"), "2025-03-09")[0].length(), 23 * 3_600_000);
}

#[test]
fn a_window_across_midnight_goes_on_into_the_next_day_and_after_the_last_one() {
    let form = r#"{"from":"2025-06-02","until":"2025-06-02","weekdays":[1],"windows":[{"from":"22:00","to":"02:00"}]}"#;
    let schedule: Schedule = serde_json::from_str(form).unwrap();
    let tz = chrono_tz::Asia::Shanghai;
    let whole = schedule.intervals(DateRange::starting(date("2025-06-01"), 7), tz);
    let expected = UtcInterval { start: utc("2025-06-02T22:00:00+08:00"), end: utc("2025-06-03T02:00:00+08:00") };
    assert_eq!(whole, [expected]);
    let tuesday = schedule.intervals(DateRange::day(date("2025-06-03")), tz);
    assert_eq!(tuesday, [UtcInterval { start: utc("2025-06-03T00:00:00+08:00"), ..expected }]);
    assert_eq!(schedule.ends(tz), Some(expected.end));
}

#[test]
fn a_schedule_reads_and_writes_the_api_form() {
    for text in [
        r#"{"from":"2025-06-02","until":null,"weekdays":[1,5],"windows":[{"from":"00:00","to":"24:00"}]}"#,
        r#"{"from":"2025-06-02","until":"2026-06-02","rrule":"FREQ=MONTHLY;BYDAY=-1FR","windows":[{"from":"08:00","to":"09:30"}]}"#,
    ] {
        let schedule: Schedule = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&schedule).unwrap(), text);
    }
}

#[test]
fn every_slip_in_a_schedule_is_refused_with_its_field() {
    let form = |until: &str, weekdays: Option<Vec<u8>>, rrule: Option<&str>, windows: &[(&str, &str)]| {
        let windows = windows.iter().map(|(from, to)| window(from, to)).collect();
        let form = ScheduleForm {
            from: date("2025-06-02"),
            until: Some(date(until)),
            weekdays,
            rrule: rrule.map(Into::into),
            except: std::collections::BTreeSet::new(),
            also: std::collections::BTreeSet::new(),
            windows,
        };
        let error = Schedule::try_from(form).unwrap_err();
        (error.code(), error.field())
    };
    let day = [("08:00", "20:00")];
    let refused = |code, field: &str| (code, field.to_owned());
    assert_eq!(form("2025-06-01", Some(vec![1]), None, &day), refused("dates-inverted", "until"));
    assert_eq!(form("2025-07-01", None, None, &day), refused("rule-missing", "weekdays"));
    assert_eq!(form("2025-07-01", Some(vec![1]), Some("FREQ=DAILY"), &day), refused("rule-missing", "weekdays"));
    assert_eq!(form("2025-07-01", Some(vec![]), None, &day), refused("weekdays-invalid", "weekdays"));
    assert_eq!(form("2025-07-01", Some(vec![8]), None, &day), refused("weekdays-invalid", "weekdays"));
    assert_eq!(form("2025-07-01", Some(vec![1, 1]), None, &day), refused("weekdays-invalid", "weekdays"));
    assert_eq!(form("2025-07-01", None, Some("FREQ=HOURLY"), &day), refused("rule-invalid", "rrule"));
    assert_eq!(form("2025-07-01", Some(vec![1]), None, &[]), refused("windows-missing", "windows"));
    assert_eq!(form("2025-07-01", Some(vec![1]), None, &[("08:00", "08:00")]), refused("window-empty", "windows[0]"));
    assert_eq!(form("2025-07-01", Some(vec![1]), None, &[("24:00", "08:00")]), refused("window-empty", "windows[0]"));
    let overlapping = [("08:00", "12:00"), ("22:00", "02:00"), ("11:59", "13:00")];
    assert_eq!(form("2025-07-01", Some(vec![1]), None, &overlapping), refused("windows-overlap", "windows[2]"));
    let late = [("22:00", "02:00"), ("23:00", "00:00")];
    assert_eq!(form("2025-07-01", Some(vec![1]), None, &late), refused("windows-overlap", "windows[1]"));
    // A Monday to Wednesday has no Sunday.
    assert_eq!(form("2025-06-04", Some(vec![7]), None, &day), refused("schedule-never", "from"));
}

#[test]
fn times_of_day_are_read_strictly() {
    for good in ["00:00", "08:05", "23:59", "24:00"] {
        assert_eq!(good.parse::<TimeOfDay>().unwrap().to_string(), good);
    }
    for bad in ["8:00", "08:5", "24:01", "25:00", "12:60", "+1:00", "1200", "", "08:00:00", "八:00"] {
        assert_eq!(bad.parse::<TimeOfDay>(), Err(InvalidTime), "{bad}");
    }
}

#[test]
fn opening_hours_are_read_as_people_write_them_and_written_one_way() {
    for (written, means) in [
        ("08:00-22:00", "08:00-22:00"),
        ("24/7", "00:00-24:00"),
        ("Mo-Fr 08:30-17:30; Sa 09:00-12:00; Su off", "Mo-Fr 08:30-17:30; Sa 09:00-12:00; Su off"),
        ("Mo-Fr 08:30-17:30", "Mo-Fr 08:30-17:30; Sa-Su off"),
        ("13:30-17:30,08:30-12:00;su off;", "Mo-Sa 08:30-12:00,13:30-17:30; Su off"),
        ("Sa-Mo 10:00-02:00; We 24/7", "Mo,Sa-Su 10:00-02:00; Tu,Th-Fr off; We 00:00-24:00"),
        ("周一至周五 08：30－12：00，13：30－17：30；周六、周日 休息", "Mo-Fr 08:30-12:00,13:30-17:30; Sa-Su off"),
        ("每天 09:00-21:00；星期天 全天", "Mo-Sa 09:00-21:00; Su 00:00-24:00"),
        ("off", "off"),
    ] {
        assert_eq!(written.parse::<OpeningHours>().map(|h| h.to_string()).as_deref(), Ok(means), "{written}");
    }
    let tz = chrono_tz::Asia::Shanghai;
    let week = DateRange::starting(date("2025-06-02"), 7);
    assert_eq!(OpeningHours::always().intervals(week, tz)[0].length(), 7 * 86_400_000);
    let hours: OpeningHours = "Fr 22:00-02:00; Su off".parse().unwrap();
    let open = hours.intervals(week, tz);
    assert_eq!((open.len(), open[0].start), (1, utc("2025-06-06T14:00:00Z")), "the night of Friday only");
    assert_eq!(open[0].length(), 4 * 3_600_000);
}

#[test]
fn what_opening_hours_cannot_say_is_refused_with_what_to_write() {
    let refused = |text: &str| text.parse::<OpeningHours>().unwrap_err();
    for text in ["", " ", ";", "Mo 08:00-09:00;;Tu off"] {
        assert_eq!(refused(text), InvalidOpening::Empty, "{text}");
    }
    for (text, part) in
        [("PH off", "PH"), ("Mo-Xx 08:00-09:00", "Mo-Xx"), ("Mo, 08:00-09:00", ""), ("周 08:00-09:00", "周")]
    {
        assert_eq!(refused(text), InvalidOpening::Days(part.into()), "{text}");
    }
    for (text, part) in [
        ("closed", "closed"),
        ("8:30-17:30", "8:30-17:30"),
        ("08:30", "08:30"),
        ("08:60-10:00", "08:60-10:00"),
        ("Mo 08:00-25:00", "08:00-25:00"),
        ("Mo 08:00-12:00, Tu 08:00-12:00", "Tu 08:00-12:00"),
    ] {
        assert_eq!(refused(text), InvalidOpening::Times(part.into()), "{text}");
    }
    for text in ["09:00-09:00", "24:00-08:00", "08:00-12:00,11:00-13:00"] {
        assert!(matches!(refused(text), InvalidOpening::Windows { .. }), "{text}");
    }
    assert_eq!(
        refused("Mo 08:00-12:00,11:00-13:00").to_string(),
        "“Mo 08:00-12:00,11:00-13:00”：第 1 个时段与第 2 个时段重叠，请改正后再保存。"
    );
}

mod opening_hours {
    use proptest::prelude::*;

    use super::*;

    fn hours() -> impl Strategy<Value = Vec<DayWindow>> {
        let time = || (0..=96u16).prop_map(|quarter| TimeOfDay::from_minutes(quarter * 15).unwrap());
        let window = (time(), time()).prop_map(|(from, to)| DayWindow { from, to });
        let some = proptest::collection::vec(window, 0..4);
        // Some kinds of days over and over, as in a real week.
        let usual = proptest::sample::select(vec!["08:30-12:00,13:30-17:30", "18:00-02:00", "24/7", "off"]);
        let usual = usual.prop_map(|text| text.parse::<OpeningHours>().unwrap().on(Weekday::Mon).to_vec());
        let fit = |windows: &Vec<DayWindow>| windows.is_empty() || DayWindow::check_list(windows).is_ok();
        prop_oneof![3 => usual, 1 => some.prop_filter("refused at the edge", fit)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn what_is_written_reads_back_and_says_of_each_day_what_was_meant(
            week in proptest::collection::vec(hours(), 7),
        ) {
            let rules = week.iter().zip(["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]).map(|(windows, day)| {
                let each: Vec<_> = windows.iter().map(|w| format!("{}-{}", w.from, w.to)).collect();
                format!("{day} {}", if each.is_empty() { "off".into() } else { each.join(",") })
            });
            let read: OpeningHours = rules.collect::<Vec<_>>().join("; ").parse().unwrap();
            for (windows, day) in week.iter().zip([
                Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun,
            ]) {
                let mut windows = windows.clone();
                windows.sort_unstable();
                prop_assert_eq!(read.on(day), &windows[..]);
            }
            let again: OpeningHours = read.to_string().parse().unwrap();
            prop_assert_eq!(&again, &read);
            let json = serde_json::to_string(&read).unwrap();
            prop_assert_eq!(serde_json::from_str::<OpeningHours>(&json).unwrap(), read);
        }

        #[test]
        fn no_text_at_all_makes_the_reader_stumble(text in "(Mo|Tu|周|一|off|24/7|-|,|;| |[0-9]{2}:[0-9]{2}|.){0,12}") {
            if let Ok(hours) = text.parse::<OpeningHours>() {
                prop_assert_eq!(hours.to_string().parse::<OpeningHours>(), Ok(hours));
            }
        }
    }
}

#[test]
fn holidays_are_left_out_and_days_worked_for_them_added() {
    let form = r#"{"from":"2026-09-28","until":"2026-10-12","weekdays":[1,2,3,4,5],
                   "except":["2026-10-01","2026-10-02","2026-10-05","2026-10-06","2026-10-07"],
                   "also":["2026-10-10","2026-10-01","2027-01-01"],"windows":[{"from":"22:00","to":"02:00"}]}"#;
    let schedule: Schedule = serde_json::from_str(form).unwrap();
    let days = schedule.recurrence().days(DateRange::starting(date("2026-09-01"), 60));
    let days: Vec<_> = days.iter().map(|day| day.format("%m-%d").to_string()).collect();
    assert_eq!(days, ["09-28", "09-29", "09-30", "10-08", "10-09", "10-10", "10-12"], "an excepted day stays so");
    // What began on the eve goes on into the holiday.
    let holiday = schedule.intervals(DateRange::day(date("2026-10-01")), chrono_tz::Asia::Shanghai);
    assert_eq!(holiday[0].length(), 2 * 3_600_000);
    let again: Schedule = serde_json::from_str(&serde_json::to_string(&schedule).unwrap()).unwrap();
    assert_eq!(again, schedule);
    let plain = r#"{"from":"2026-09-28","until":null,"weekdays":[1],"windows":[{"from":"08:00","to":"09:00"}]}"#;
    let plain_again = serde_json::to_string(&serde_json::from_str::<Schedule>(plain).unwrap()).unwrap();
    assert_eq!(plain_again, plain, "what has no exceptions is written as before");
}
