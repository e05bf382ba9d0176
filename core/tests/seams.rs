//! What meets where dayparts meet: at the edges of windows, at midnight, and around what is pinned.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, CreativeId},
    plan_check::{self, PlanFault},
    playlist::{self, Playlist, Programme, ProgrammeBooking, ProgrammeItem, Show},
    recurrence::{DayWindow, OpeningHours, Recurrence, Rule, Schedule, TimeOfDay, Weekdays},
    time::{DateRange, Millis},
    vocabulary::{CreativeKind, FraudType},
};

const SIZE: Size = Size { width: 1920, height: 1080 };

fn first() -> NaiveDate {
    "2025-06-02".parse().unwrap()
}

/// A booking of posters, each a fraud type by its number and a length in seconds.
fn booking(n: u128, mode: serde_json::Value, window: (&str, &str), posters: &[(usize, u32)]) -> ProgrammeBooking {
    let recurrence = Recurrence::plain(first(), None, Rule::Weekdays(Weekdays::ALL));
    let window = DayWindow { from: window.0.parse().unwrap(), to: window.1.parse().unwrap() };
    let item = |(i, (fraud, seconds)): (u128, &(usize, u32))| ProgrammeItem {
        creative: CreativeId::new(Uuid::from_u128(100 * n + i)),
        zone: ZoneName::Main,
        asset: Digest::of(&[n as u8, i as u8]),
        bytes: 1,
        show: Show::Picture { size: SIZE },
        duration: Millis::from_secs(*seconds),
        kind: CreativeKind::Poster,
        fraud_type: Some(FraudType::ALL[*fraud]),
        valid_from: None,
        valid_until: None,
    };
    ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(n)),
        mode: serde_json::from_value(mode).unwrap(),
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule: Schedule::checked(recurrence, vec![window]).unwrap(),
        items: (0..).zip(posters).map(item).collect(),
        left_out: Vec::new(),
    }
}

fn programme(bookings: Vec<ProgrammeBooking>) -> Programme {
    Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::Full.zones(SIZE, Sound::Off),
        opening: OpeningHours::always(),
        bookings,
    }
}

/// Every showing in order: from, to, and which fraud it warns of.
fn shown(playlist: &Playlist, programme: &Programme) -> Vec<(i64, i64, Option<FraudType>)> {
    let mut shown = Vec::new();
    for part in playlist.zone(ZoneName::Main).unwrap().days.iter().flat_map(|day| &day.dayparts) {
        let looped = &playlist.loops[part.looped as usize];
        let mut now = part.start.0;
        for slot in looped.slots.iter().cycle() {
            let end = now + i64::from(slot.duration.0);
            if end > part.end.0 {
                break;
            }
            let item = &playlist.items[slot.item as usize];
            let of = programme.bookings.iter().flat_map(|b| &b.items).find(|i| i.creative == item.creative).unwrap();
            shown.push((now, end, of.fraud_type));
            now = end;
        }
    }
    shown
}

/// How often a fraud type follows itself, whatever lies between; days here have no gaps.
fn in_a_row(playlist: &Playlist, programme: &Programme) -> usize {
    shown(playlist, programme).windows(2).filter(|pair| pair[0].2 == pair[1].2).count()
}

fn share(weight: u8) -> serde_json::Value {
    json!({ "share": { "weight": weight } })
}

const ALL_DAY: (&str, &str) = ("00:00", "24:00");

#[test]
fn no_fraud_type_follows_itself_where_a_window_ends_at_midnight_or_around_a_fixed_time() {
    let mixed = programme(vec![
        booking(1, share(10), ALL_DAY, &[(0, 15), (1, 10), (2, 20)]),
        booking(2, share(10), ("08:00", "12:30"), &[(1, 25), (0, 10)]),
        booking(3, json!({"fixed": {"times": ["07:30", "10:00", "12:30", "18:10"]}}), ALL_DAY, &[(0, 60)]),
        booking(4, json!({"fixed": {"times": ["09:00", "19:00"]}}), ALL_DAY, &[(2, 45), (1, 40)]),
        booking(5, json!({"guarantee": {"per_hour": 6, "max_gap_minutes": 12}}), ("06:00", "23:00"), &[(3, 15)]),
    ]);
    let horizon = DateRange::starting(first(), 8);
    let (playlist, report) = playlist::build(&mixed, horizon);
    assert_eq!(in_a_row(&playlist, &mixed), 0);
    assert_eq!(plan_check::check(&playlist, &mixed, horizon), []);
    assert!(report.guarantees.iter().all(|kept| kept.broken_at.is_none()));
}

#[test]
fn two_fixed_times_at_one_moment_show_what_does_not_repeat_the_other() {
    let fixed = |times: &[&str]| json!({ "fixed": { "times": times } });
    let pinned = programme(vec![
        booking(1, fixed(&["07:30"]), ALL_DAY, &[(0, 60)]),
        // In turn it would be the first one's at half past seven.
        booking(2, fixed(&["07:30", "12:00"]), ALL_DAY, &[(0, 30), (1, 30)]),
        booking(3, share(1), ALL_DAY, &[(2, 10), (3, 10)]),
    ]);
    let horizon = DateRange::starting(first(), 4);
    let (playlist, _) = playlist::build(&pinned, horizon);
    assert_eq!(in_a_row(&playlist, &pinned), 0);
    assert_eq!(plan_check::check(&playlist, &pinned, horizon), []);
}

#[test]
fn a_rare_quota_keeps_away_from_what_warns_of_the_same() {
    let rare = programme(vec![
        booking(1, json!({"fixed": {"times": ["07:00", "09:00", "10:59"]}}), ALL_DAY, &[(0, 60)]),
        // Evenly these are at 01:00, 03:00 …
        booking(2, json!({"quota": {"plays": 12, "per": "day"}}), ALL_DAY, &[(0, 30)]),
        booking(3, share(1), ALL_DAY, &[(1, 10), (2, 10), (3, 20)]),
    ]);
    let horizon = DateRange::starting(first(), 3);
    let (playlist, report) = playlist::build(&rare, horizon);
    assert_eq!(in_a_row(&playlist, &rare), 0);
    assert_eq!((plan_check::check(&playlist, &rare, horizon), report.not_placed), (vec![], vec![]));
}

#[test]
fn the_judge_finds_a_seam_that_another_beginning_would_part_and_no_other() {
    let parted = programme(vec![
        booking(1, share(1), ("00:00", "12:00"), &[(0, 10), (1, 10)]),
        booking(2, share(1), ("12:00", "24:00"), &[(0, 10), (2, 10)]),
    ]);
    let day = DateRange::day(first());
    let (mut playlist, _) = playlist::build(&parted, day);
    assert_eq!(in_a_row(&playlist, &parted), 0);
    assert_eq!(plan_check::check(&playlist, &parted, day), []);
    let [morning, noon] = playlist.zones[0].days[0].dayparts[..] else { panic!("two halves") };
    let alike = |playlist: &mut Playlist, looped: u32| {
        playlist.loops[looped as usize].slots.rotate_left(1);
        in_a_row(playlist, &parted) == 1
    };
    assert!(alike(&mut playlist, morning.looped) || alike(&mut playlist, noon.looped));
    let fault = PlanFault::EqualAtSeam { zone: ZoneName::Main, at: noon.start };
    assert_eq!(plan_check::check(&playlist, &parted, day), [fault]);
    // Each half has one fraud type only, the same: nothing parts them.
    let alone = programme(vec![
        booking(1, share(1), ("00:00", "12:00"), &[(0, 10)]),
        booking(2, share(1), ("12:00", "24:00"), &[(0, 10)]),
    ]);
    let (playlist, _) = playlist::build(&alone, day);
    assert_eq!(plan_check::check(&playlist, &alone, day), []);
}

fn mode() -> impl Strategy<Value = serde_json::Value> {
    let times = proptest::collection::btree_set(0..48u32, 1..6).prop_map(|halves| {
        let times = halves.into_iter().map(|half| format!("{:02}:{:02}", half / 2, half % 2 * 30));
        json!({ "fixed": { "times": times.collect::<Vec<_>>() } })
    });
    prop_oneof![
        4 => (1..=20u8).prop_map(share),
        2 => (1..12u16, 6..60u16).prop_map(|(n, gap)| json!({"guarantee": {"per_hour": n, "max_gap_minutes": gap}})),
        3 => times,
        2 => (1..60u16).prop_map(|plays| json!({"quota": {"plays": plays, "per": "day"}})),
        1 => Just(json!({"filler": {}})),
    ]
}

prop_compose! {
    /// Few fraud types, so that they meet often.
    fn crowded()(
        parts in proptest::collection::vec(
            (
                mode(),
                (0..12u16, 13..=24u16),
                proptest::collection::vec((0..3usize, prop_oneof![Just(10), Just(15), 5..60u32]), 1..4),
                proptest::option::weighted(0.15, 1..200u32),
            ),
            1..7,
        ),
        days in 1..4u32,
    ) -> (Programme, DateRange) {
        let bookings = (1..).zip(parts).map(|(n, (mode, (from, to), posters, cap))| {
            let hour = |h: u16| TimeOfDay::from_minutes(60 * h).unwrap().to_string();
            let mut made = booking(n, mode, (&hour(from), &hour(to)), &posters);
            made.most_per_day = cap;
            made
        });
        (programme(bookings.collect()), DateRange::starting(first(), days))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn what_one_change_could_part_is_parted_and_no_promise_is_worse_for_it((programme, horizon) in crowded()) {
        let (playlist, report) = playlist::build(&programme, horizon);
        let faults = plan_check::check(&playlist, &programme, horizon);
        let (short, wrong): (Vec<_>, Vec<_>) = faults.into_iter().partition(PlanFault::is_shortfall);
        prop_assert_eq!(wrong, vec![]);
        let mut found: Vec<_> = short.iter().filter_map(|fault| match *fault {
            PlanFault::Guarantee { booking, zone, at } => Some((booking, zone, at)),
            _ => None,
        }).collect();
        let mut told: Vec<_> =
            report.guarantees.iter().filter_map(|g| Some((g.booking, g.zone, g.broken_at?))).collect();
        found.sort();
        told.sort();
        prop_assert_eq!(found, told, "what is said of guarantees is said of the days as they came to be");
    }

    #[test]
    fn a_daypart_is_filled_but_for_less_than_its_next_slot((programme, horizon) in crowded()) {
        let (playlist, _) = playlist::build(&programme, horizon);
        for part in playlist.zone(ZoneName::Main).unwrap().days.iter().flat_map(|day| &day.dayparts) {
            let whole = part.end.since(part.start);
            let longest = playlist.loops[part.looped as usize].slots.iter().map(|s| i64::from(s.duration.0)).max().unwrap();
            let within = |start: &i64| (part.start.0..part.end.0).contains(start);
            let filled: i64 =
                shown(&playlist, &programme).iter().filter(|(start, ..)| within(start)).map(|(from, to, _)| to - from).sum();
            prop_assert!(whole - filled < longest || whole == filled);
            prop_assert!(whole < 20 * longest || filled * 100 >= whole * 95, "{filled} of {whole} ms");
        }
    }
}
