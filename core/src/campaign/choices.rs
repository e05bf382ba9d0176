//! What holds of every selector: compiled or not it answers the same, conditions narrow, exclusions win.

use proptest::{collection::vec, prelude::*, sample::select};
use uuid::Uuid;

use super::*;
use crate::{
    geometry::{Layout, Size, Sound},
    id::{ScreenId, VenueId},
    vocabulary::{ScreenKind, VenueGroup, VenueType},
};

const AREAS: [&str; 9] = [
    "330000000000",
    "330127000000",
    "330127103000",
    "330127103204",
    "330127103205",
    "330127104000",
    "330127104201",
    "441900000000",
    "441900003001",
];
const WORDS: [&str; 4] = ["finance", "health", "police", "重点"];
const KINDS: [ScreenKind; 4] = [ScreenKind::Lcd, ScreenKind::LedStrip, ScreenKind::LedWall, ScreenKind::Speaker];
/// Few enough that lists often name the same things.
const TYPES: [VenueType; 6] = [
    VenueType::BankHall,
    VenueType::Atm,
    VenueType::Hospital,
    VenueType::Clinic,
    VenueType::School,
    VenueType::BusShelter,
];

fn area() -> impl Strategy<Value = AreaCode> {
    select(&AREAS[..]).prop_map(|code| code.parse().unwrap())
}

fn word() -> impl Strategy<Value = String> {
    select(&WORDS[..]).prop_map(str::to_owned)
}

fn id() -> impl Strategy<Value = ScreenId> {
    (0..8_u128).prop_map(|n| ScreenId::new(Uuid::from_u128(n)))
}

fn screen() -> impl Strategy<Value = ScreenFacts> {
    (id(), select(&TYPES[..]), area(), proptest::option::of(word()), vec(word(), 0..3), select(&KINDS[..])).prop_map(
        |(screen, venue_type, area, department, tags, kind)| ScreenFacts {
            screen,
            venue: VenueId::new(Uuid::nil()),
            venue_type,
            area,
            department,
            tags,
            kind,
            zones: Layout::Full.zones(Size { width: 320, height: 16 }, Sound::Off),
            clips: false,
        },
    )
}

fn group() -> impl Strategy<Value = VenueGroup> {
    select(&VenueGroup::ALL[..4])
}

fn exclusion() -> impl Strategy<Value = Exclusion> {
    let lists = (vec(select(&TYPES[..]), 0..2), vec(group(), 0..2), vec(area(), 0..2));
    (lists, vec(word(), 0..2), vec(word(), 0..2), vec(select(&KINDS[..]), 0..2)).prop_map(
        |((venue_types, venue_groups, areas), departments, tags, screen_kinds)| Exclusion {
            venue_types,
            venue_groups,
            areas,
            departments,
            tags,
            screen_kinds,
        },
    )
}

fn selector() -> impl Strategy<Value = Selector> {
    let lists = (vec(select(&TYPES[..]), 0..3), vec(group(), 0..2), vec(area(), 0..3), vec(word(), 0..3));
    let more = (vec(word(), 0..3), vec(select(&KINDS[..]), 0..3), vec(id(), 0..3), vec(id(), 0..2));
    (lists, more, prop_oneof![Just(Exclusion::default()), exclusion()]).prop_map(
        |((venue_types, venue_groups, areas, departments), (tags, screen_kinds, screens, exclude_screens), exclude)| {
            Selector {
                venue_types,
                venue_groups,
                areas,
                departments,
                tags,
                screen_kinds,
                screens,
                exclude,
                exclude_screens,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_compiled_selector_answers_as_the_selector_does(selector in selector(), screens in vec(screen(), 1..12)) {
        let matcher = selector.matcher();
        for screen in &screens {
            prop_assert_eq!(matcher.matches(screen), selector.matches(screen), "{:?}", screen);
        }
    }

    #[test]
    fn one_more_condition_never_enlarges_a_choice(selector in selector(), more in selector(), screen in screen()) {
        // Naming single screens adds to a choice; all else of what was empty and is not any more can only narrow it.
        let mut narrower = Selector { screens: Vec::new(), ..selector };
        let before = narrower.matches(&screen);
        if narrower.venue_types.is_empty() && narrower.venue_groups.is_empty() {
            narrower.venue_types = more.venue_types;
            narrower.venue_groups = more.venue_groups;
        }
        if narrower.areas.is_empty() { narrower.areas = more.areas }
        if narrower.departments.is_empty() { narrower.departments = more.departments }
        if narrower.tags.is_empty() { narrower.tags = more.tags }
        if narrower.screen_kinds.is_empty() { narrower.screen_kinds = more.screen_kinds }
        prop_assert!(before || !narrower.matches(&screen));
    }

    #[test]
    fn one_more_entry_of_a_condition_never_narrows_it(selector in selector(), more in selector(), screen in screen()) {
        let mut wider = selector.clone();
        if !(wider.venue_types.is_empty() && wider.venue_groups.is_empty()) {
            wider.venue_types.extend(more.venue_types);
            wider.venue_groups.extend(more.venue_groups);
        }
        if !wider.areas.is_empty() { wider.areas.extend(more.areas) }
        if !wider.departments.is_empty() { wider.departments.extend(more.departments) }
        if !wider.tags.is_empty() { wider.tags.extend(more.tags) }
        if !wider.screen_kinds.is_empty() { wider.screen_kinds.extend(more.screen_kinds) }
        if !wider.screens.is_empty() { wider.screens.extend(more.screens) }
        prop_assert!(wider.matches(&screen) || !selector.matches(&screen));
    }

    #[test]
    fn one_more_exclusion_never_enlarges_a_choice(selector in selector(), more in exclusion(), out in id(), screen in screen()) {
        let mut less = selector.clone();
        less.exclude.venue_types.extend(more.venue_types);
        less.exclude.venue_groups.extend(more.venue_groups);
        less.exclude.areas.extend(more.areas);
        less.exclude.departments.extend(more.departments);
        less.exclude.tags.extend(more.tags);
        less.exclude.screen_kinds.extend(more.screen_kinds);
        less.exclude_screens.push(out);
        prop_assert!(selector.matches(&screen) || !less.matches(&screen));
    }

    #[test]
    fn what_is_excluded_is_out_whatever_else_is_said(selector in selector(), screen in screen()) {
        let excluded = selector.exclude.hits(&screen) || selector.exclude_screens.contains(&screen.screen);
        prop_assert!(!excluded || !selector.matches(&screen));
        let named = Selector { screens: vec![screen.screen], ..selector };
        prop_assert_eq!(named.matches(&screen), !excluded);
    }

    #[test]
    fn a_group_is_all_its_types(selector in selector(), out in exclusion(), screen in screen()) {
        let types = |groups: &[VenueGroup]| groups.iter().flat_map(|group| group.types()).collect::<Vec<_>>();
        let mut spelt = selector.clone();
        spelt.exclude = out;
        let grouped = spelt.clone();
        spelt.venue_types.extend(types(&spelt.venue_groups));
        spelt.venue_groups.clear();
        spelt.exclude.venue_types.extend(types(&spelt.exclude.venue_groups));
        spelt.exclude.venue_groups.clear();
        prop_assert_eq!(grouped.matches(&screen), spelt.matches(&screen));
    }

    #[test]
    fn the_empty_selector_is_everything(screen in screen()) {
        prop_assert!(Selector::default().matches(&screen));
        prop_assert!(Selector::everything().matcher().matches(&screen));
    }

    #[test]
    fn a_selector_reads_back_from_its_json(selector in selector()) {
        let text = serde_json::to_string(&selector).unwrap();
        prop_assert_eq!(serde_json::from_str::<Selector>(&text).unwrap(), selector);
    }

    #[test]
    fn the_codes_of_a_subtree_are_those_the_area_contains(one in area(), other in area()) {
        let (first, last) = one.subtree();
        prop_assert_eq!((first..=last).contains(&other), one.contains(other));
    }
}

#[test]
fn a_selector_that_was_stored_before_there_were_tags_and_exclusions_is_written_as_it_was() {
    let stored = r#"{"venue_types":["bank_hall"],"areas":["330127103000"],"departments":["finance"],"screen_kinds":["lcd"],"screens":[],"exclude_screens":["00000000-0000-0000-0000-000000000007"]}"#;
    let selector: Selector = serde_json::from_str(stored).unwrap();
    assert_eq!(serde_json::to_string(&selector).unwrap(), stored);
    let more = Selector {
        tags: vec!["重点".into()],
        exclude: Exclusion { venue_groups: vec![VenueGroup::Transport], ..Exclusion::default() },
        ..Selector::default()
    };
    let text = serde_json::to_string(&more).unwrap();
    assert!(
        text.contains(r#""tags":["重点"]"#) && text.contains(r#""exclude":{"venue_groups":["transport"]}"#),
        "{text}"
    );
    assert!(serde_json::from_str::<Selector>(r#"{"exclude":{"venue_type":["atm"]}}"#).is_err());
}
