//! The planner against the independent judge, over random programmes; and what is on air against a walk through the loops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Days, NaiveDate};
use chrono_tz::Tz;
use proptest::{prelude::*, sample};
use serde_json::json;
use uuid::Uuid;
use xuanping_core::{
    campaign::Mode,
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, CreativeId},
    plan_check::{self, PlanFault},
    playlist::{self, OnAir, Playlist, Programme, ProgrammeBooking, ProgrammeItem, Show, Unscheduled},
    recurrence::{DayWindow, OpeningHours, OpeningSpan, Recurrence, Rule, Schedule, TimeOfDay, Weekdays},
    time::{DateRange, Millis, UtcMillis},
    vocabulary::{CreativeKind, FraudType},
};

const SIZE: Size = Size { width: 1920, height: 1080 };

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn time() -> impl Strategy<Value = TimeOfDay> {
    // Mostly whole hours, so that bookings begin and end together now and then.
    prop_oneof![3 => (0..=24u16).prop_map(|h| h * 60), 1 => 0..=1440u16]
        .prop_map(|m| TimeOfDay::from_minutes(m).unwrap())
}

fn windows() -> impl Strategy<Value = Vec<DayWindow>> {
    let window = (time(), time()).prop_map(|(from, to)| DayWindow { from, to });
    let some = proptest::collection::vec(window, 1..3);
    prop_oneof![1 => Just(vec![DayWindow::ALL_DAY]), 3 => some]
        .prop_filter("refused at the edge", |windows| DayWindow::check_list(windows).is_ok())
}

fn weekdays() -> impl Strategy<Value = Weekdays> {
    sample::subsequence((1..=7u8).collect::<Vec<_>>(), 1..=7).prop_map(|n| Weekdays::from_numbers(&n).unwrap())
}

fn item(first: NaiveDate) -> impl Strategy<Value = ProgrammeItem> {
    let duration =
        prop_oneof![6 => 4_000..60_000u32, 1 => 60_000..1_500_000u32, 1 => sample::select(vec![10_000, 15_000])];
    let valid = proptest::option::weighted(0.2, -2..6i64);
    (
        0..40u128,
        duration,
        sample::select(vec![0, 1, 2]),
        proptest::option::of(sample::select(FraudType::ALL)),
        valid.clone(),
        valid,
    )
        .prop_map(move |(n, ms, kind, fraud_type, valid_from, valid_until)| {
            let (kind, zone, show) = match kind {
                0 => (CreativeKind::Poster, ZoneName::Main, Show::Picture { size: SIZE }),
                1 => (CreativeKind::Clip, ZoneName::Main, Show::Clip { size: SIZE }),
                _ => {
                    let size = Size { width: 1000 + 100 * n as u32, height: 120 };
                    (CreativeKind::Slogan, ZoneName::Ticker, Show::Strip { size, pixels_per_second: 120 })
                }
            };
            let day = |ahead: i64| first + chrono::TimeDelta::days(ahead);
            ProgrammeItem {
                creative: CreativeId::new(Uuid::from_u128(3 * n + kind as u128)),
                zone,
                asset: Digest::of(&n.to_be_bytes()),
                bytes: 1000 + n as u64,
                show,
                duration: Millis(ms),
                kind,
                fraud_type,
                valid_from: valid_from.map(day),
                valid_until: valid_until.map(day),
            }
        })
}

fn mode() -> impl Strategy<Value = Mode> {
    let json = |value: serde_json::Value| serde_json::from_value::<Mode>(value).unwrap();
    let times = proptest::collection::btree_set(0..48u32, 1..5).prop_map(|halves| {
        halves.into_iter().map(|half| format!("{:02}:{:02}", half / 2, half % 2 * 30)).collect::<Vec<_>>()
    });
    prop_oneof![
        6 => (1..=100u8).prop_map(move |weight| json(json!({"share": {"weight": weight}}))),
        2 => (1..20u16, 3..90u16).prop_map(move |(n, gap)| {
            json(json!({"guarantee": {"per_hour": n, "max_gap_minutes": gap}}))
        }),
        1 => (1..30u16).prop_map(move |n| json(json!({"guarantee": {"per_hour": n}}))),
        1 => (1..60u16).prop_map(move |gap| json(json!({"guarantee": {"max_gap_minutes": gap}}))),
        2 => times.prop_map(move |times| json(json!({"fixed": {"times": times}}))),
        1 => Just(json(json!({"event": {"trigger": "pre_show"}}))),
        2 => (1..200u16, sample::select(vec!["day", "week", "month"])).prop_map(move |(plays, per)| {
            json(json!({"quota": {"plays": plays, "per": per}}))
        }),
        1 => Just(json(json!({"filler": {}}))),
    ]
}

fn booking(first: NaiveDate) -> impl Strategy<Value = ProgrammeBooking> {
    let schedule = (weekdays(), windows(), -10..3i64, proptest::option::of(0..14i64)).prop_filter_map(
        "never happens",
        move |(set, windows, from, lasts)| {
            let from = first + chrono::TimeDelta::days(from);
            let until = lasts.map(|days| from + chrono::TimeDelta::days(days));
            Schedule::checked(Recurrence::plain(from, until, Rule::Weekdays(set)), windows).ok()
        },
    );
    let most_per_day = proptest::option::weighted(0.15, 1..60u32);
    let intensity = proptest::option::weighted(0.3, (0..5u32, 1..4u32, 10..=300u16)).prop_map(move |stage| {
        let days = |(from, days, percent): (u32, u32, u16)| {
            (DateRange::starting(first + chrono::TimeDelta::days(i64::from(from)), days), percent)
        };
        stage.map(days).into_iter().collect::<Vec<_>>()
    });
    let items = proptest::collection::vec(item(first), 1..5);
    let missed = proptest::option::weighted(0.3, 1..80u32).prop_map(Option::unwrap_or_default);
    (mode(), most_per_day, intensity, missed, schedule, items).prop_map(
        |(mode, most_per_day, intensity, missed, schedule, mut items)| {
            // A creative is once in a booking.
            items.sort_by_key(|item| (item.zone, item.creative));
            items.dedup_by_key(|item| (item.zone, item.creative));
            ProgrammeBooking {
                booking: BookingId::new(Uuid::nil()),
                mode,
                most_per_day,
                intensity,
                missed,
                schedule,
                items,
                left_out: Vec::new(),
            }
        },
    )
}

prop_compose! {
    fn place()(place in sample::select(vec![
        (chrono_tz::Asia::Shanghai, "2025-06-01"),
        (chrono_tz::America::New_York, "2025-03-07"),
        (chrono_tz::America::New_York, "2025-10-31"),
        (chrono_tz::Australia::Lord_Howe, "2025-04-04"),
        (chrono_tz::America::Havana, "2025-11-01"),
    ])) -> (Tz, NaiveDate) {
        (place.0, date(place.1))
    }
}

fn programme() -> impl Strategy<Value = (Programme, DateRange)> {
    place().prop_flat_map(|(timezone, first)| {
        let span = (weekdays(), windows()).prop_map(|(weekdays, windows)| OpeningSpan { weekdays, windows });
        let opening = proptest::option::weighted(0.4, span)
            .prop_map(|span| OpeningHours::checked(span.into_iter().collect()).unwrap());
        (opening, proptest::collection::vec(booking(first), 0..6), 1..9u32).prop_map(
            move |(opening, mut bookings, days)| {
                for (n, booking) in (1..).zip(&mut bookings) {
                    booking.booking = BookingId::new(Uuid::from_u128(n));
                }
                let zones = Layout::MainAndTicker.zones(SIZE, Sound::Off);
                (Programme { timezone, zones, opening, bookings }, DateRange::starting(first, days))
            },
        )
    })
}

/// What a zone shows when, found by playing every daypart from its start to its end.
fn played(playlist: &Playlist, zone: ZoneName) -> Vec<(i64, i64, u32)> {
    let mut played = Vec::new();
    for part in playlist.zone(zone).unwrap().days.iter().flat_map(|day| &day.dayparts) {
        let looped = &playlist.loops[part.looped as usize];
        let mut now = part.start.0;
        for slot in looped.slots.iter().cycle() {
            let end = now + i64::from(slot.duration.0);
            if end > part.end.0 {
                break;
            }
            played.push((now, end, slot.item));
            now = end;
        }
    }
    played
}

#[test]
fn a_loop_that_goes_on_after_its_window_is_found_though_a_fixed_time_has_the_whole_day() {
    let day = date("2025-11-03");
    let hours = |from: u16, to: u16| DayWindow {
        from: TimeOfDay::from_minutes(60 * from).unwrap(),
        to: TimeOfDay::from_minutes(60 * to).unwrap(),
    };
    let booking = |n: u128, mode: serde_json::Value, window: DayWindow, ms: u32| ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(n)),
        mode: serde_json::from_value(mode).unwrap(),
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule: Schedule::checked(Recurrence::plain(day, None, Rule::Weekdays(Weekdays::ALL)), vec![window]).unwrap(),
        items: vec![ProgrammeItem {
            creative: CreativeId::new(Uuid::from_u128(n)),
            zone: ZoneName::Main,
            asset: Digest::of(&n.to_be_bytes()),
            bytes: 1000,
            show: Show::Picture { size: SIZE },
            duration: Millis(ms),
            kind: CreativeKind::Poster,
            fraud_type: None,
            valid_from: None,
            valid_until: None,
        }],
        left_out: Vec::new(),
    };
    let programme = Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::MainAndTicker.zones(SIZE, Sound::Off),
        opening: OpeningHours::checked(Vec::new()).unwrap(),
        bookings: vec![
            booking(1, json!({"fixed": {"times": ["00:00"]}}), DayWindow::ALL_DAY, 4_000),
            // The last showing ends before the hour does: a poster is held meanwhile.
            booking(2, json!({"share": {"weight": 1}}), hours(2, 3), 192_632),
        ],
    };
    let horizon = DateRange::starting(day, 1);
    let (mut playlist, _) = playlist::build(&programme, horizon);
    assert_eq!(plan_check::check(&playlist, &programme, horizon), []);
    let main = playlist.zones.iter_mut().find(|zone| zone.zone == ZoneName::Main).unwrap();
    let last = main.days[0].dayparts.last_mut().unwrap();
    let at = last.start;
    last.end = last.end.plus(60_000);
    let fault = PlanFault::NotPromised { zone: ZoneName::Main, at, creative: None };
    assert_eq!(plan_check::check(&playlist, &programme, horizon), [fault]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn the_judge_finds_no_fault_with_any_plan((programme, horizon) in programme()) {
        let (playlist, report) = playlist::build(&programme, horizon);
        let (short, wrong): (Vec<_>, Vec<_>) =
            plan_check::check(&playlist, &programme, horizon).into_iter().partition(PlanFault::is_shortfall);
        prop_assert_eq!(wrong, vec![]);
        // What cannot be kept is said, and nothing is said to be broken that is kept.
        let broken: Vec<_> = report.guarantees.iter().filter_map(|g| Some((g.booking, g.zone, g.broken_at?))).collect();
        let mut found = Vec::new();
        for fault in &short {
            match *fault {
                PlanFault::Guarantee { booking, zone, at } => found.push((booking, zone, at)),
                PlanFault::FixedTime { booking, zone, .. } | PlanFault::Quota { booking, zone, .. } => {
                    let told = report.not_placed.iter().any(|n| (n.booking, n.zone) == (booking, zone));
                    prop_assert!(told, "{fault:?} and not a word of it");
                }
                _ => {}
            }
        }
        let sorted = |mut list: Vec<(BookingId, ZoneName, UtcMillis)>| { list.sort(); list };
        prop_assert_eq!(sorted(found), sorted(broken));
        for collision in &report.collisions {
            if let Some(proof) = &collision.certificate {
                prop_assert_eq!(plan_check::verify_certificate(&collision.request, proof), Ok(()));
            }
        }
        prop_assert_eq!(report.loops.len(), playlist.loops.len());
        // Everything is either on a wall or in the report.
        for booking in &programme.bookings {
            for item in &booking.items {
                let plays = playlist.items.iter().any(|i| (i.booking, i.creative, i.asset) == (booking.booking, item.creative, item.asset));
                let told = report.not_played.iter().any(|n| n.booking == booking.booking && n.creative == Some(item.creative));
                prop_assert!(plays != told, "{} plays: {plays}, told: {told}", item.creative);
            }
            let any = playlist.items.iter().any(|i| i.booking == booking.booking);
            let told = report.not_played.iter().any(|n| n.booking == booking.booking && n.creative.is_none());
            prop_assert!(any != told);
        }
    }

    #[test]
    fn a_plan_survives_its_bytes_and_does_not_depend_on_the_order_of_bookings((programme, horizon) in programme()) {
        let (playlist, _) = playlist::build(&programme, horizon);
        prop_assert_eq!(&Playlist::from_bytes(&playlist.to_bytes()).unwrap(), &playlist);
        let mut turned = programme.clone();
        turned.bookings.reverse();
        for booking in &mut turned.bookings {
            booking.items.reverse();
        }
        prop_assert_eq!(playlist::build(&turned, horizon).0.digest(), playlist.digest());
    }

    #[test]
    fn the_judge_finds_every_tampering((programme, horizon) in programme(), choice in any::<sample::Index>(), how in 0..7u8) {
        // What is counted may be placed in many ways; of everything else each moment is known.
        let mut programme = programme;
        for booking in &mut programme.bookings {
            booking.most_per_day = None;
            if matches!(booking.mode, Mode::Quota(_)) {
                booking.mode = Mode::Share { weight: 1.try_into().unwrap() };
            }
        }
        let (mut playlist, _) = playlist::build(&programme, horizon);
        let before = plan_check::check(&playlist, &programme, horizon);
        prop_assume!(!playlist.loops.is_empty());
        let parts: usize = playlist.zones.iter().flat_map(|z| &z.days).map(|d| d.dayparts.len()).sum();
        let nth = choice.index(parts);
        let number = choice.index(playlist.items.len());
        {
            let mut all: Vec<_> = playlist.zones.iter_mut().flat_map(|z| &mut z.days).collect();
            let mut left = nth;
            let day = all.iter_mut().find(|day| { let here = left < day.dayparts.len(); if !here { left -= day.dayparts.len() } here }).unwrap();
            match how {
                0 => { day.dayparts.remove(left); }
                1 => day.dayparts[left].end = day.dayparts[left].end.plus(60_000),
                2 => day.dayparts[left].start = day.dayparts[left].start.plus(1),
                3 => playlist.items[number].asset = Digest::of(b"slipped in"),
                4 => playlist.items[number].duration.0 += 1,
                5 => playlist.items[number].ends = Some(UtcMillis(1)),
                _ => { playlist.items.push(playlist.items[number].clone()); }
            }
        }
        prop_assert_ne!(plan_check::check(&playlist, &programme, horizon), before);
    }

    #[test]
    fn what_is_on_air_is_what_playing_every_daypart_through_gives(
        (programme, horizon) in programme(),
        instants in proptest::collection::vec(0.0..1.0f64, 40),
    ) {
        let (playlist, _) = playlist::build(&programme, horizon);
        for zone in [ZoneName::Main, ZoneName::Ticker] {
            let played = played(&playlist, zone);
            let parts: Vec<_> = playlist.zone(zone).unwrap().days.iter().flat_map(|day| &day.dayparts).collect();
            let first = horizon.first.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
            let last = (horizon.last + Days::new(1)).and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
            let random = instants.iter().map(|share| first + (share * (last - first) as f64) as i64);
            let edges = parts.iter().flat_map(|part| [part.start.0, part.start.0 - 1, part.end.0 - 1]);
            for at in random.chain(edges).map(UtcMillis) {
                if DateTime::from_timestamp_millis(at.0).unwrap().with_timezone(&programme.timezone).date_naive() > horizon.last {
                    continue;
                }
                let part = parts.iter().find(|part| part.start <= at && at < part.end);
                let expected = played.iter().find(|(start, end, _)| (*start..*end).contains(&at.0));
                match playlist.on_air(zone, at) {
                    OnAir::Play { item, start, end, looped, slot, .. } => {
                        prop_assert_eq!(expected, Some(&(start.0, end.0, item)));
                        prop_assert_eq!(playlist.loops[looped as usize].slots[slot as usize].item, item);
                    }
                    OnAir::Hold { item, until } => {
                        prop_assert_eq!(expected, None);
                        prop_assert_eq!(Some(until), part.map(|part| part.end));
                        prop_assert!(playlist.items[item as usize].is_still());
                    }
                    OnAir::Nothing { until } => {
                        prop_assert_eq!(expected, None);
                        let next = part.map(|part| part.end).or(parts.iter().map(|part| part.start).find(|start| *start > at));
                        prop_assert!(next.is_none() || next == until, "{next:?} {until:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn past_the_horizon_the_same_weekday_is_repeated_without_what_has_ended(
        (programme, _) in programme(),
        ahead in 1..60i64,
        minute in 0..1440i64,
    ) {
        let first = date("2025-06-02");
        let mut programme = programme;
        programme.timezone = chrono_tz::Asia::Shanghai;
        let horizon = DateRange::starting(first, 9);
        let (playlist, _) = playlist::build(&programme, horizon);
        let at = |day: NaiveDate| UtcMillis(day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis() + (minute - 480) * 60_000);
        let day = horizon.last + chrono::TimeDelta::days(ahead);
        let mut source = day;
        while source > horizon.last {
            source = source - Days::new(7);
        }
        for zone in [ZoneName::Main, ZoneName::Ticker] {
            let then = playlist.on_air(zone, at(source));
            let now = playlist.on_air(zone, at(day));
            let ended = |item: u32, by: UtcMillis| playlist.items[item as usize].ends.is_some_and(|ends| ends < by);
            if let OnAir::Play { item, daypart, end, .. } = now {
                prop_assert!(!ended(item, daypart.end));
                prop_assert!(end <= daypart.end);
            }
            if let OnAir::Hold { item, until } = now {
                prop_assert!(!ended(item, until));
            }
            if playlist.items.iter().all(|item| item.ends.is_none()) {
                let moved = (day - source).num_milliseconds();
                match (then, now) {
                    (OnAir::Play { item: a, start: s, .. }, OnAir::Play { item: b, start: t, .. }) => prop_assert_eq!((a, s.plus(moved)), (b, t)),
                    (OnAir::Hold { item: a, until: s }, OnAir::Hold { item: b, until: t }) => prop_assert_eq!((a, s.plus(moved)), (b, t)),
                    (OnAir::Nothing { .. }, OnAir::Nothing { .. }) => {}
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
    }
}

#[test]
fn the_judge_names_a_booking_that_a_plan_leaves_out() {
    let first = date("2025-06-02");
    let schedule = |from: &str, to: &str| {
        let recurrence = Recurrence::plain(first, None, Rule::Weekdays(Weekdays::ALL));
        let window = DayWindow { from: from.parse().unwrap(), to: to.parse().unwrap() };
        Schedule::checked(recurrence, vec![window]).unwrap()
    };
    let booking = |n: u128, schedule: Schedule| ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(n)),
        mode: Mode::Share { weight: 1.try_into().unwrap() },
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule,
        items: vec![ProgrammeItem {
            creative: CreativeId::new(Uuid::from_u128(n)),
            zone: ZoneName::Main,
            asset: Digest::of(b"a"),
            bytes: 1,
            show: Show::Picture { size: SIZE },
            duration: Millis(10_000),
            kind: CreativeKind::Poster,
            fraud_type: None,
            valid_from: None,
            valid_until: None,
        }],
        left_out: Vec::new(),
    };
    let whole = Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::Full.zones(SIZE, Sound::Off),
        opening: OpeningHours::always(),
        bookings: vec![booking(1, schedule("08:00", "20:00")), booking(2, schedule("08:00", "20:00"))],
    };
    let horizon = DateRange::day(first);
    let mut less = whole.clone();
    less.bookings.pop();
    let (playlist, _) = playlist::build(&less, horizon);
    let faults = plan_check::check(&playlist, &whole, horizon);
    assert!(matches!(faults[..], [PlanFault::Withheld { booking, .. }] if booking.uuid().as_u128() == 2), "{faults:?}");

    let (_, report) = playlist::build(
        &Programme {
            opening: OpeningHours::checked(vec![OpeningSpan {
                weekdays: Weekdays::ALL,
                windows: vec![DayWindow { from: "21:00".parse().unwrap(), to: "22:00".parse().unwrap() }],
            }])
            .unwrap(),
            ..whole
        },
        horizon,
    );
    assert!(report.not_played.iter().all(|n| n.reason == Unscheduled::Closed));
    assert_eq!(report.not_played.len(), 4);
}

#[test]
fn nothing_plays_on_a_closed_sunday_and_only_the_morning_of_saturday() {
    let first = date("2025-06-02");
    let schedule = json!({ "from": "2025-06-02", "until": null, "weekdays": [1, 2, 3, 4, 5, 6, 7],
                           "windows": [{ "from": "00:00", "to": "24:00" }] });
    let booking = ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(1)),
        mode: Mode::Share { weight: 1.try_into().unwrap() },
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule: serde_json::from_value(schedule).unwrap(),
        items: vec![ProgrammeItem {
            creative: CreativeId::new(Uuid::from_u128(1)),
            zone: ZoneName::Main,
            asset: Digest::of(b"a"),
            bytes: 1,
            show: Show::Picture { size: SIZE },
            duration: Millis(10_000),
            kind: CreativeKind::Poster,
            fraud_type: None,
            valid_from: None,
            valid_until: None,
        }],
        left_out: Vec::new(),
    };
    let programme = Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::Full.zones(SIZE, Sound::Off),
        opening: "Mo-Th 08:30-12:00,13:30-17:30; Fr 18:00-02:00; Sa 09:00-12:00; Su off".parse().unwrap(),
        bookings: vec![booking],
    };
    let week = DateRange::starting(first, 7);
    let (playlist, _) = playlist::build(&programme, week);
    assert_eq!(plan_check::check(&playlist, &programme, week), []);
    let on_air: Vec<i64> = week
        .days()
        .map(|date| {
            let day = playlist.zone(ZoneName::Main).unwrap().days.iter().find(|day| day.date == date);
            day.map_or(0, |day| day.dayparts.iter().map(|part| part.end.since(part.start)).sum::<i64>() / 60_000)
        })
        .collect();
    // The night of Friday ends on Saturday.
    assert_eq!(on_air, [450, 450, 450, 450, 360, 120 + 180, 0]);
}

#[test]
fn a_guarantee_is_kept_at_the_seams_of_the_day_and_around_fixed_times() {
    let first = date("2025-06-02");
    let schedule = |from: &str, to: &str| {
        let recurrence = Recurrence::plain(first, None, Rule::Weekdays(Weekdays::ALL));
        let window = DayWindow { from: from.parse().unwrap(), to: to.parse().unwrap() };
        Schedule::checked(recurrence, vec![window]).unwrap()
    };
    let booking = |n: u128, mode: serde_json::Value, window: (&str, &str), lengths: &[u32]| ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(n)),
        mode: serde_json::from_value(mode).unwrap(),
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule: schedule(window.0, window.1),
        items: (0..)
            .zip(lengths)
            .map(|(i, ms)| ProgrammeItem {
                creative: CreativeId::new(Uuid::from_u128(100 * n + i)),
                zone: ZoneName::Main,
                asset: Digest::of(b"a"),
                bytes: 1,
                show: Show::Picture { size: SIZE },
                duration: Millis(*ms),
                kind: CreativeKind::Poster,
                fraud_type: Some(FraudType::ALL[(n as usize + i as usize) % FraudType::ALL.len()]),
                valid_from: None,
                valid_until: None,
            })
            .collect(),
        left_out: Vec::new(),
    };
    let programme = Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::Full.zones(SIZE, Sound::Off),
        opening: OpeningHours::always(),
        bookings: vec![
            booking(1, json!({"guarantee": {"per_hour": 6, "max_gap_minutes": 12}}), ("00:00", "24:00"), &[15_000]),
            booking(2, json!({"guarantee": {"per_hour": 2}}), ("06:00", "23:00"), &[30_000, 12_000]),
            booking(3, json!({"share": {"weight": 30}}), ("00:00", "24:00"), &[10_000, 12_000, 61_000]),
            booking(4, json!({"share": {"weight": 70}}), ("08:15", "17:50"), &[10_000, 45_000]),
            booking(5, json!({"fixed": {"times": ["07:30", "12:00", "17:30"]}}), ("07:00", "19:00"), &[60_000]),
            booking(6, json!({"quota": {"plays": 5, "per": "day"}}), ("09:00", "21:00"), &[30_000]),
        ],
    };
    let horizon = DateRange::starting(first, 8);
    let (playlist, report) = playlist::build(&programme, horizon);
    assert_eq!(plan_check::check(&playlist, &programme, horizon), vec![]);
    assert_eq!(report.collisions, vec![]);
    let kept: Vec<_> = report.guarantees.iter().map(|g| (g.worst_gap <= Millis(720_000), g.fewest_per_hour)).collect();
    assert_eq!(kept[0], (true, Some(6)), "exactly as often as promised, and not much more: {:?}", report.guarantees);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn nothing_changed_from_a_playlist_to_itself_and_back_is_the_other_way_round(
        (one, horizon) in programme(),
        (other, _) in programme(),
    ) {
        let (a, _) = playlist::build(&one, horizon);
        let other = Programme { timezone: one.timezone, ..other };
        let (b, _) = playlist::build(&other, horizon);
        prop_assert_eq!(playlist::diff(&a, &a).1, vec![]);
        let (there, back) = (playlist::diff(&a, &b).1, playlist::diff(&b, &a).1);
        let turned: Vec<_> = back
            .into_iter()
            .map(|c| playlist::Change { before: c.after.clone(), after: c.before.clone(), ..c })
            .collect();
        prop_assert_eq!(&there, &turned);
        // What came has showings or waits for events; what went had.
        for part in there.iter().flat_map(|c| [&c.before, &c.after]).flatten() {
            prop_assert!(part.plays > 0 || part.on_event);
            prop_assert!(!part.creatives.is_empty() && part.from < 1440);
        }
    }
}
