//! What a zone plays is planned once for all programmes that ask the same of it, and nobody's playlist is other for that.

#![allow(clippy::unwrap_used, reason = "a test")]

use chrono::NaiveDate;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, CreativeId},
    playlist::{self, Memo, Programme, ProgrammeBooking, ProgrammeItem, Show},
    recurrence::{DayWindow, Recurrence, Rule, Schedule, Weekdays},
    rotation::Care,
    time::{DateRange, Millis},
    vocabulary::{CreativeKind, FraudType},
};

const HALL: Size = Size { width: 1920, height: 1080 };
const DOOR: Size = Size { width: 960, height: 540 };

fn week() -> DateRange {
    DateRange::starting(NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(), 8)
}

/// The creative of this number, as screens of this size show it in this zone.
fn item(n: u128, zone: ZoneName, size: Size) -> ProgrammeItem {
    ProgrammeItem {
        creative: CreativeId::new(Uuid::from_u128(n)),
        zone,
        asset: Digest::of(format!("{n} {}", size.width).as_bytes()),
        bytes: u64::from(size.width),
        show: Show::Picture { size },
        duration: Millis(6_000 + 1_000 * (n % 5) as u32),
        kind: CreativeKind::Poster,
        fraud_type: Some(FraudType::ALL[n as usize % FraudType::ALL.len()]),
        valid_from: None,
        valid_until: None,
    }
}

fn booking(n: u128, mode: serde_json::Value, items: Vec<ProgrammeItem>) -> ProgrammeBooking {
    let from = week().first;
    let window = DayWindow { from: "08:00".parse().unwrap(), to: "18:00".parse().unwrap() };
    let recurrence = Recurrence::plain(from, None, Rule::Weekdays(Weekdays::ALL));
    ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(n)),
        mode: serde_json::from_value(mode).unwrap(),
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule: Schedule::checked(recurrence, vec![window]).unwrap(),
        items,
        left_out: Vec::new(),
    }
}

fn programme(size: Size, bookings: Vec<ProgrammeBooking>) -> Programme {
    Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::MainAndTicker.zones(size, Sound::Off),
        opening: "07:00-22:00".parse().unwrap(),
        bookings,
    }
}

/// Three bookings of the main zone, one of them in the ticker too.
fn usual(size: Size, weight: u8) -> Programme {
    let main = |n| item(n, ZoneName::Main, size);
    programme(
        size,
        vec![
            booking(1, json!({ "share": { "weight": weight } }), vec![main(1), main(2), main(3)]),
            booking(2, json!({ "guarantee": { "per_hour": 6 } }), vec![main(4)]),
            booking(3, json!({ "share": { "weight": 1 } }), vec![main(5), item(6, ZoneName::Ticker, size)]),
        ],
    )
}

#[test]
fn screens_of_another_size_share_the_days_and_have_their_own_files() {
    let memo = Memo::default();
    let (hall, _) = playlist::build_with(&usual(HALL, 1), week(), &memo, Care::Full);
    assert_eq!(memo.zones(), 2, "main and ticker");
    let (door, _) = playlist::build_with(&usual(DOOR, 1), week(), &memo, Care::Full);
    assert_eq!(memo.zones(), 2);
    assert_eq!(hall.zones, door.zones);
    assert_eq!(hall.loops, door.loops);
    assert!(hall.items.iter().zip(&door.items).all(|(a, b)| a.creative == b.creative && a.asset != b.asset));
}

#[test]
fn a_change_plans_only_the_zones_that_it_is_in() {
    let memo = Memo::default();
    playlist::build_with(&usual(HALL, 1), week(), &memo, Care::Full);
    playlist::build_with(&usual(HALL, 2), week(), &memo, Care::Full);
    assert_eq!(memo.zones(), 3, "the ticker's days are as they were");
}

#[test]
fn what_nobody_asked_for_again_is_forgotten_and_the_loops_of_what_is_kept_are_not() {
    let memo = Memo::default();
    playlist::build_with(&usual(HALL, 1), week(), &memo, Care::Full);
    let loops = memo.loops();
    playlist::build_with(&usual(HALL, 2), week(), &memo, Care::Full);
    memo.forget_unused();
    // Asked for again as it was at first: its zones are known, so that no loop is asked for.
    playlist::build_with(&usual(HALL, 1), week(), &memo, Care::Full);
    memo.forget_unused();
    assert_eq!((memo.zones(), memo.loops()), (2, loops));
    memo.forget_unused();
    assert_eq!((memo.zones(), memo.loops()), (0, 0));
}

fn modes() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        (1..5_u8).prop_map(|weight| json!({ "share": { "weight": weight } })),
        (1..9_u8).prop_map(|n| json!({ "guarantee": { "per_hour": n } })),
        Just(json!({ "fixed": { "times": ["08:30", "12:00", "17:30"] } })),
        (1..40_u8).prop_map(|plays| json!({ "quota": { "plays": plays, "per": "day" } })),
        Just(json!({ "filler": {} })),
    ]
}

/// A mode, and creatives by number that go to the ticker or not.
type Asked = (serde_json::Value, Vec<(u128, bool)>);

fn bookings() -> impl Strategy<Value = Vec<Asked>> {
    let items = proptest::collection::vec((1..12_u128, any::<bool>()), 0..4);
    proptest::collection::vec((modes(), items), 1..6)
}

fn made(asked: &[Asked], size: Size) -> Programme {
    let of = |(n, ticker): &(u128, bool)| item(*n, if *ticker { ZoneName::Ticker } else { ZoneName::Main }, size);
    let booking =
        |(nth, (mode, items)): (usize, &Asked)| booking(nth as u128 + 1, mode.clone(), items.iter().map(of).collect());
    programme(size, asked.iter().enumerate().map(booking).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever was planned before with the same memory, a programme's playlist and report are those that it has alone.
    #[test]
    fn memory_changes_no_answer(first in bookings(), second in bookings()) {
        let memo = Memo::default();
        let days = DateRange::starting(week().first, 3);
        for asked in [&first, &second, &first] {
            for size in [HALL, DOOR] {
                let programme = made(asked, size);
                let alone = playlist::build(&programme, days);
                prop_assert_eq!(playlist::build_with(&programme, days, &memo, Care::Full), alone);
            }
        }
    }
}
