//! What was promised, kept or mended: collisions and the smallest change that works, caps, quotas on days that are closed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Days, NaiveDate};
use serde_json::json;
use uuid::Uuid;
use xuanping_core::{
    campaign::Mode,
    digest::Digest,
    geometry::{Layout, Size, Sound, ZoneName},
    id::{BookingId, CreativeId},
    plan_check::{self, PlanFault},
    playlist::{self, Memo, Programme, ProgrammeBooking, ProgrammeItem, Show},
    recurrence::{DayWindow, OpeningHours, Recurrence, Rule, Schedule, Weekdays},
    time::{DateRange, Millis},
    vocabulary::{CreativeKind, FraudType},
};

const SIZE: Size = Size { width: 1920, height: 1080 };

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// All day, every day, one poster of this length.
fn poster_all_day(n: u128, mode: serde_json::Value, ms: u32) -> ProgrammeBooking {
    let recurrence = Recurrence::plain(date("2025-06-02"), None, Rule::Weekdays(Weekdays::ALL));
    ProgrammeBooking {
        booking: BookingId::new(Uuid::from_u128(n)),
        mode: serde_json::from_value(mode).unwrap(),
        most_per_day: None,
        intensity: Vec::new(),
        missed: 0,
        schedule: Schedule::checked(recurrence, vec![DayWindow::ALL_DAY]).unwrap(),
        items: vec![ProgrammeItem {
            creative: CreativeId::new(Uuid::from_u128(n)),
            zone: ZoneName::Main,
            asset: Digest::of(b"a"),
            bytes: 1,
            show: Show::Picture { size: SIZE },
            duration: Millis(ms),
            kind: CreativeKind::Poster,
            fraud_type: Some(FraudType::ALL[n as usize % FraudType::ALL.len()]),
            valid_from: None,
            valid_until: None,
        }],
        left_out: Vec::new(),
    }
}

fn in_shanghai(bookings: Vec<ProgrammeBooking>) -> Programme {
    Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Layout::Full.zones(SIZE, Sound::Off),
        opening: OpeningHours::always(),
        bookings,
    }
}

/// What would mend each collision of a programme, applied: nothing collides any more, and everything is kept.
fn every_way_out_works(programme: &Programme, horizon: DateRange) -> Vec<playlist::WayOut> {
    let memo = Memo::default();
    let report = playlist::build(programme, horizon).1;
    assert!(!report.collisions.is_empty());
    let mut all = Vec::new();
    for collision in &report.collisions {
        let colliding = collision.certificate.as_ref().unwrap().colliding();
        let ways = playlist::ways_out(collision, &colliding, &[(programme, horizon)], &memo);
        for way in &ways {
            let mut mended = programme.clone();
            for booking in mended.bookings.iter_mut().filter(|b| b.booking == way.booking) {
                assert_eq!(booking.mode, way.from);
                booking.mode = way.to.clone();
            }
            let report = playlist::build(&mended, horizon).1;
            assert_eq!(report.collisions, [], "{way:?}");
            assert!(report.guarantees.iter().all(|kept| kept.broken_at.is_none()), "{way:?}");
        }
        all.extend(ways);
    }
    all
}

#[test]
fn what_mends_a_collision_is_said_in_the_bookings_own_figures_whatever_the_stage() {
    let often = |n: u16| json!({ "guarantee": { "per_hour": n } });
    let per_hour = |mode: &Mode| match mode {
        Mode::Guarantee(guarantee) => guarantee.per_hour().unwrap(),
        other => panic!("{other:?}"),
    };
    let (first, week) = (date("2025-06-02"), DateRange::starting(date("2025-06-02"), 8));
    // 30 × 75 s and 25 × 72 s in an hour: 62.5 % and 50 %.
    let plain = in_shanghai(vec![poster_all_day(1, often(30), 75_000), poster_all_day(2, often(25), 72_000)]);
    let ways = every_way_out_works(&plain, week);
    assert_eq!(ways.len(), 2);
    assert!(ways.iter().all(|way| per_hour(&way.to) >= 15), "{ways:?}");
    // From the third day on twice as often: 15 and 12 an hour then, said as they were written.
    let mut staged = in_shanghai(vec![poster_all_day(1, often(15), 75_000), poster_all_day(2, often(13), 72_000)]);
    for booking in &mut staged.bookings {
        booking.intensity = vec![(DateRange::starting(first + Days::new(2), 20), 200)];
    }
    let ways = every_way_out_works(&staged, week);
    assert_eq!(ways.len(), 2);
    assert!(ways.iter().all(|way| (8..15).contains(&per_hour(&way.to))), "{ways:?}");
}

#[test]
fn a_quota_that_rolls_beside_a_guarantee_can_give_way_too() {
    let week = DateRange::starting(date("2025-06-02"), 8);
    let quota = json!({ "quota": { "plays": 1000, "per": "day" } });
    let mut programme = in_shanghai(vec![
        poster_all_day(1, json!({ "guarantee": { "per_hour": 40 } }), 60_000),
        poster_all_day(2, quota, 40_000),
    ]);
    programme.opening = "08:00-20:00".parse().unwrap();
    let ways = every_way_out_works(&programme, week);
    let smaller = ways.iter().find(|way| way.booking.uuid().as_u128() == 2).expect("the quota");
    let Mode::Quota(quota) = smaller.to else { panic!("{smaller:?}") };
    assert!((200..400).contains(&quota.plays()), "{quota:?}");
}

#[test]
fn a_cap_counts_only_those_fixed_times_that_come() {
    let mut lunch = poster_all_day(1, json!({ "fixed": { "times": ["07:30", "12:00", "15:00", "17:30"] } }), 10_000);
    lunch.most_per_day = Some(2);
    let window = DayWindow { from: "11:00".parse().unwrap(), to: "18:00".parse().unwrap() };
    lunch.schedule = Schedule::checked(lunch.schedule.recurrence().clone(), vec![window]).unwrap();
    let programme = in_shanghai(vec![lunch]);
    let day = DateRange::day(date("2025-06-02"));
    let (mut playlist, _) = playlist::build(&programme, day);
    assert_eq!(plan_check::check(&playlist, &programme, day), []);
    let parts = &mut playlist.zones[0].days[0].dayparts;
    let hours: Vec<_> = parts.iter().map(|part| part.start.0 / 3_600_000 % 24 + 8).collect();
    assert_eq!(hours, [12, 15]);
    // The judge misses what a plan leaves out below the cap.
    parts.pop();
    let faults = plan_check::check(&playlist, &programme, day);
    assert!(matches!(faults[..], [PlanFault::FixedTime { .. }]), "{faults:?}");
}

#[test]
fn a_weekly_quota_is_whole_where_the_weekend_is_closed_and_grows_with_the_stage() {
    let monday = date("2025-06-02");
    let week = DateRange::starting(monday, 7);
    let quota = json!({ "quota": { "plays": 35, "per": "week" } });
    let mut programme = in_shanghai(vec![poster_all_day(1, quota, 10_000)]);
    programme.opening = "Mo-Fr 08:30-17:30; Sa,Su off".parse().unwrap();
    let shown = |programme: &Programme| -> Vec<usize> {
        let (playlist, report) = playlist::build(programme, week);
        assert_eq!(plan_check::check(&playlist, programme, week), []);
        assert_eq!(report.not_placed, []);
        playlist.zones[0].days.iter().map(|day| day.dayparts.len()).collect()
    };
    assert_eq!(shown(&programme), [7, 7, 7, 7, 7, 0, 0]);
    programme.bookings[0].intensity = vec![(DateRange::starting(monday, 2), 200)];
    assert_eq!(shown(&programme), [14, 14, 7, 7, 7, 0, 0]);
}
