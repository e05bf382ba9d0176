use std::collections::BTreeSet;

use chrono::NaiveDate;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    campaign::{Exclusion, Mode, Selector, Weight},
    geometry::{Layout, Size, Sound},
    id::{CampaignId, VenueId},
    recurrence::{DayWindow, OpeningHours, Recurrence, Rule, Schedule, Weekdays},
    vocabulary::VenueType,
};

const TYPES: [VenueType; 3] = [VenueType::BankHall, VenueType::School, VenueType::Mall];
const AREAS: [&str; 3] = ["330127103204", "330127103205", "330127104201"];

fn site(n: u128, sort: usize) -> Site {
    let size = Size { width: 320, height: 16 };
    Site {
        facts: ScreenFacts {
            screen: ScreenId::new(Uuid::from_u128(n)),
            venue: VenueId::new(Uuid::nil()),
            venue_type: TYPES[sort % 3],
            area: AREAS[sort / 3 % 3].parse().unwrap(),
            department: sort.is_multiple_of(2).then(|| "finance".into()),
            kind: if sort.is_multiple_of(5) { ScreenKind::Lcd } else { ScreenKind::LedStrip },
            zones: Layout::Full.zones(size, Sound::Off),
            clips: false,
            tags: if sort.is_multiple_of(7) { vec!["夜间".into()] } else { Vec::new() },
        },
        timezone: "Asia/Shanghai".into(),
        opening: OpeningHours::always(),
        missed: BTreeMap::new(),
    }
}

fn booking(n: u128, choice: usize) -> Booking {
    let mut selector = Selector::default();
    match choice % 7 {
        0 => {}
        1 => selector.venue_types = vec![TYPES[choice / 7 % 3]],
        2 => selector.areas = vec!["330127103000".parse().unwrap()],
        3 => selector.departments = vec!["finance".into()],
        4 => selector.screens = vec![ScreenId::new(Uuid::from_u128(choice as u128 / 7))],
        5 => selector.exclude = Exclusion { tags: vec!["夜间".into()], ..Exclusion::default() },
        _ => selector.exclude_screens = vec![ScreenId::new(Uuid::from_u128(choice as u128 / 7))],
    }
    let from = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
    let recurrence = Recurrence {
        from,
        until: None,
        rule: Rule::Weekdays(Weekdays::ALL),
        except: BTreeSet::new(),
        also: BTreeSet::new(),
    };
    Booking {
        stages: Vec::new(),
        id: BookingId::new(Uuid::from_u128(n)),
        campaign: CampaignId::new(Uuid::nil()),
        name: format!("{choice}"),
        creatives: Vec::new(),
        selector,
        schedule: Schedule::checked(recurrence, vec![DayWindow::ALL_DAY]).unwrap(),
        mode: Mode::Share { weight: Weight::ONE },
        most_per_day: None,
    }
}

fn programme() -> Programme {
    Programme {
        timezone: chrono_tz::Asia::Shanghai,
        zones: Vec::new(),
        opening: OpeningHours::always(),
        bookings: Vec::new(),
    }
}

fn holds(plan: &Plan, sites: &[Site], bookings: &[Booking]) {
    assert_eq!(plan.screens(), sites.len());
    for site in sites {
        let group = plan.group_of(site.facts.screen).unwrap();
        let mut ids: Vec<_> = plan.bookings_of(group).iter().map(|b| b.id).collect();
        ids.sort_unstable();
        let mut wanted: Vec<_> = bookings.iter().filter(|b| b.selector.matches(&site.facts)).map(|b| b.id).collect();
        wanted.sort_unstable();
        assert_eq!(ids, wanted);
        assert_eq!(plan.look_of(group).kind, site.facts.kind);
    }
    let mut distinct: Vec<_> = sites.iter().map(|site| plan.group_of(site.facts.screen).unwrap()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(plan.groups(), distinct, "groups with screens, and only these");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_a_plan_came_to_be_its_groups_are_what_the_selectors_say(
        first in proptest::collection::vec((0..40_u128, 0..90_usize), 0..30),
        steps in proptest::collection::vec((0..3_u8, 0..90_u128, 0..90_usize), 0..60),
    ) {
        let mut plan = Plan::new();
        let mut sites: Vec<Site> = Vec::new();
        let mut bookings: Vec<Booking> = Vec::new();
        let put = |sites: &mut Vec<Site>, site: Site| {
            sites.retain(|s| s.facts.screen != site.facts.screen);
            sites.push(site);
        };
        for (n, sort) in first {
            put(&mut sites, site(n, sort));
        }
        plan.set(&sites, &bookings);
        for (what, n, how) in steps {
            match what {
                0 => {
                    put(&mut sites, site(n, how));
                    plan.put(&site(n, how));
                }
                1 => {
                    // More than one word of bits.
                    bookings.retain(|b| b.id != booking(n, how).id);
                    bookings.push(booking(n, how));
                    plan.book(booking(n, how));
                }
                _ if how % 2 == 0 => {
                    sites.retain(|s| s.facts.screen != site(n, how).facts.screen);
                    plan.remove(site(n, how).facts.screen);
                }
                _ => {
                    bookings.retain(|b| b.id != booking(n, how).id);
                    plan.cancel(booking(n, how).id);
                }
            }
            if n % 3 == 0 {
                // What nobody is in any more is forgotten now and then.
                plan.take_touched();
            }
        }
        holds(&plan, &sites, &bookings);
        let mut at_once = Plan::new();
        at_once.set(&sites, &bookings);
        holds(&at_once, &sites, &bookings);
        plan.set(&[], &[]);
        holds(&plan, &[], &[]);
    }
}

fn small() -> Plan {
    let mut plan = Plan::new();
    let sites: Vec<Site> = (0..18).map(|n| site(n, n as usize % 9)).collect();
    plan.set(&sites, &[booking(1, 0), booking(2, 1)]);
    plan.take_touched();
    plan
}

#[test]
fn a_changed_booking_touches_only_the_groups_it_chooses_or_chose() {
    let mut plan = small();
    let mut changed = booking(2, 1);
    changed.mode = Mode::Filler {};
    plan.book(changed);
    let touched = plan.take_touched();
    assert!(!touched.groups.is_empty());
    assert!(touched.groups.iter().all(|&group| plan.bookings_of(group).len() == 2));
    assert_eq!(touched.screens.len(), 6, "a third of the screens are in bank halls");
    assert_eq!(plan.take_touched(), Touched::default());
}

#[test]
fn a_booking_for_everybody_comes_and_goes_and_screens_stay_in_their_groups() {
    let mut plan = small();
    let groups = plan.groups();
    plan.book(booking(3, 0));
    assert_eq!(plan.groups(), groups);
    let touched = plan.take_touched();
    assert_eq!((touched.groups, touched.screens.len()), (groups.clone(), 18));
    assert!(groups.iter().all(|&group| plan.bookings_of(group).iter().any(|b| b.id == booking(3, 0).id)));
    plan.cancel(booking(3, 0).id);
    assert_eq!(plan.groups(), groups);
    assert_eq!(plan.take_touched().groups, groups);
}

#[test]
fn groups_become_one_when_the_booking_that_told_them_apart_is_gone() {
    let mut plan = small();
    assert_eq!(plan.groups().len(), 4, "two looks, in bank halls and elsewhere");
    plan.cancel(booking(2, 1).id);
    assert_eq!(plan.groups().len(), 2);
    let sites: Vec<Site> = (0..6).map(|n| site(n, 1)).collect();
    let mut plan = Plan::new();
    plan.set(&sites, &[booking(1, 0), booking(2, 7 * 2 + 4)]);
    assert_eq!(plan.groups().len(), 2, "screen 2 is named");
    plan.take_touched();
    plan.cancel(booking(2, 0).id);
    assert_eq!(plan.take_touched().screens.len(), 1, "the others are told nothing new");
    assert_eq!(plan.groups().len(), 1);
    let alone = plan.groups()[0];
    plan.book(booking(4, 7 * 3 + 4));
    assert_eq!(plan.groups().len(), 2);
    assert!(plan.groups().contains(&alone));
}

#[test]
fn looks_that_no_screen_has_any_more_are_forgotten() {
    let mut plan = small();
    let looks = plan.looks();
    // Every night another number of showings to make up for.
    for night in 1..50 {
        let missed = BTreeMap::from([(booking(1, 0).id, night)]);
        plan.put(&Site { missed, ..site(3, 3) });
        plan.take_touched();
        assert_eq!(plan.looks(), looks + 1);
        assert_eq!(plan.look_of(plan.group_of(site(3, 3).facts.screen).unwrap()).missed.values().sum::<u32>(), night);
    }
    plan.put(&site(3, 3));
    plan.take_touched();
    assert_eq!(plan.looks(), looks);
}

#[test]
fn a_screen_that_joins_a_known_group_plans_nothing_and_only_it_is_told() {
    let mut plan = small();
    plan.put(&site(100, 4));
    let touched = plan.take_touched();
    assert!(touched.groups.is_empty());
    assert_eq!(touched.screens, [(site(100, 4).facts.screen, plan.group_of(site(4, 4).facts.screen).unwrap())]);
    plan.put(&site(100, 4));
    assert_eq!(plan.take_touched(), Touched::default());
}

#[test]
fn a_playlist_is_known_again_for_the_same_programme_and_horizon_and_two_horizons_are_kept() {
    let mut plan = small();
    let group = plan.groups()[0];
    let day = |n| DateRange::starting(NaiveDate::from_ymd_opt(2026, 7, n).unwrap(), 8);
    for n in 1..=3 {
        plan.keep(group, programme(), day(n), Digest::of(&[n as u8]));
    }
    assert_eq!(plan.made(group, &programme(), day(3)), Some(Digest::of(&[3])));
    assert_eq!(plan.made(group, &programme(), day(2)), Some(Digest::of(&[2])));
    assert_eq!(plan.made(group, &programme(), day(1)), None);
    let other = Programme { timezone: chrono_tz::UTC, ..programme() };
    assert_eq!(plan.made(group, &other, day(3)), None);
}
