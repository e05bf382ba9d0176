use uuid::Uuid;

use super::*;
use crate::{
    geometry::{Layout, Size, Sound, ZoneName},
    id::{ScreenId, VenueId},
    vocabulary::{CreativeKind, ScreenKind, VenueType},
};

fn area(code: &str) -> AreaCode {
    code.parse().unwrap()
}

fn screen(n: u128, kind: ScreenKind, layout: Layout, sound: Sound) -> ScreenFacts {
    ScreenFacts {
        screen: ScreenId::new(Uuid::from_u128(n)),
        venue: VenueId::new(Uuid::from_u128(n)),
        venue_type: VenueType::BankHall,
        area: area("330127103204"),
        department: Some("finance".into()),
        kind,
        zones: layout.zones(Size { width: 1920, height: 1080 }, sound),
        clips: true,
        tags: Vec::new(),
    }
}

fn hall() -> ScreenFacts {
    screen(1, ScreenKind::Lcd, Layout::MainAndTicker, Sound::On)
}

#[test]
fn an_area_code_knows_its_level_and_the_way_up() {
    let village = area("330127103204");
    let up: Vec<_> = std::iter::successors(Some(village), |a| a.parent()).map(|a| (a.to_string(), a.level())).collect();
    assert_eq!(
        up,
        [
            ("330127103204".to_owned(), AreaLevel::Village),
            ("330127103000".to_owned(), AreaLevel::Township),
            ("330127000000".to_owned(), AreaLevel::County),
            ("330100000000".to_owned(), AreaLevel::Prefecture),
            ("330000000000".to_owned(), AreaLevel::Province),
        ]
    );
    assert_eq!(area("330127103000").significant(), "330127103");
}

#[test]
fn a_township_without_a_county_belongs_to_its_prefecture() {
    let town = area("441900003000");
    assert_eq!((town.level(), town.significant()), (AreaLevel::Township, "441900003"));
    assert_eq!(town.parent(), Some(area("441900000000")));
    assert!(area("441900000000").contains(town));
}

#[test]
fn an_area_contains_itself_and_what_lies_below_and_nothing_beside() {
    let county = area("330127000000");
    assert!(county.contains(county));
    assert!(county.contains(area("330127103204")));
    assert!(!county.contains(area("330126103204")));
    assert!(!area("330127103000").contains(area("330127104204")));
    assert!(!area("330127103204").contains(county));
}

#[test]
fn what_is_no_area_code_is_refused() {
    for bad in ["", "330127", "33012710320a", "3301271032040", "000000000000", "001234567890", "三30127103204"] {
        assert_eq!(bad.parse::<AreaCode>(), Err(InvalidAreaCode), "{bad}");
    }
    assert_eq!(serde_json::to_string(&area("330127103204")).unwrap(), "\"330127103204\"");
}

#[test]
fn an_empty_selector_chooses_every_screen_and_each_list_narrows_it() {
    let hall = hall();
    assert!(Selector::everything().matches(&hall));
    let only = |change: fn(&mut Selector)| {
        let mut selector = Selector::default();
        change(&mut selector);
        selector.matches(&hall)
    };
    assert!(only(|s| s.venue_types = vec![VenueType::Atm, VenueType::BankHall]));
    assert!(!only(|s| s.venue_types = vec![VenueType::Atm]));
    assert!(only(|s| s.areas = vec!["330127103000".parse().unwrap()]));
    assert!(!only(|s| s.areas = vec!["330127104000".parse().unwrap()]));
    assert!(only(|s| s.departments = vec!["finance".into()]));
    assert!(!only(|s| s.departments = vec!["health".into()]));
    assert!(!only(|s| s.screen_kinds = vec![ScreenKind::LedStrip]));
    assert!(!only(|s| {
        s.screen_kinds = vec![ScreenKind::Lcd];
        s.venue_types = vec![VenueType::School];
    }));
}

#[test]
fn named_screens_are_added_to_the_conditions_and_excluded_ones_always_left_out() {
    let (one, two) = (hall(), screen(2, ScreenKind::Lcd, Layout::Full, Sound::Off));
    let just_two = Selector { screens: vec![two.screen], ..Selector::default() };
    assert!(just_two.matches(&two) && !just_two.matches(&one));
    let schools_and_two = Selector { venue_types: vec![VenueType::School], ..just_two.clone() };
    assert!(schools_and_two.matches(&two) && !schools_and_two.matches(&one));
    let banks_and_two = Selector { venue_types: vec![VenueType::BankHall], ..just_two };
    assert!(banks_and_two.matches(&one));
    let without = Selector { exclude_screens: vec![two.screen], ..banks_and_two };
    assert!(without.matches(&one) && !without.matches(&two));
}

#[test]
fn a_selector_with_a_mistyped_list_is_refused_rather_than_choosing_everything() {
    assert!(serde_json::from_str::<Selector>(r#"{"venue_types":["bank_hall"]}"#).is_ok());
    assert!(serde_json::from_str::<Selector>(r#"{"venue_type":["bank_hall"]}"#).is_err());
    assert!(serde_json::from_str::<Selector>(r#"{"venue_types":["castle"]}"#).is_err());
}

#[test]
fn each_creative_goes_to_its_zone_or_the_reason_is_said() {
    let creative = |kind| CreativeFacts { creative: CreativeId::new(Uuid::nil()), kind, approved: true };
    let place = |screen: &ScreenFacts, kind| screen.place(&creative(kind));
    use CreativeKind::{Audio, Clip, Poster, Slogan};
    let hall = hall();
    assert_eq!(place(&hall, Slogan), Ok(ZoneName::Ticker));
    assert_eq!(place(&hall, Poster), Ok(ZoneName::Main));
    assert_eq!(place(&hall, Clip), Ok(ZoneName::Main));
    assert_eq!(place(&hall, Audio), Ok(ZoneName::Audio));
    let poster = screen(2, ScreenKind::Lcd, Layout::Full, Sound::Off);
    assert_eq!(place(&poster, Slogan), Ok(ZoneName::Main));
    assert_eq!(place(&poster, Audio), Err(Unplayable::Silent));
    let strip = screen(3, ScreenKind::LedStrip, Layout::Full, Sound::Off);
    assert_eq!(place(&strip, Slogan), Ok(ZoneName::Main));
    assert_eq!(place(&strip, Poster), Err(Unplayable::StripShowsText));
    let speaker = screen(4, ScreenKind::Speaker, Layout::AudioOnly, Sound::On);
    assert_eq!(place(&speaker, Audio), Ok(ZoneName::Audio));
    assert_eq!(place(&speaker, Clip), Err(Unplayable::SpeakerIsBlind));
    let without_worker = ScreenFacts { clips: false, ..hall.clone() };
    assert_eq!(place(&without_worker, Clip), Err(Unplayable::NoClips));
    let unreviewed = CreativeFacts { approved: false, ..creative(Poster) };
    assert_eq!(hall.place(&unreviewed), Err(Unplayable::NotApproved));
}

#[test]
fn a_weight_is_1_to_100_in_json_too() {
    assert!(Weight::try_from(0).is_err() && Weight::try_from(101).is_err());
    let three = Mode::Share { weight: 3.try_into().unwrap() };
    assert_eq!(serde_json::from_str::<Mode>(r#"{"share":{"weight":3}}"#).unwrap(), three);
    assert!(serde_json::from_str::<Mode>(r#"{"share":{"weight":0}}"#).is_err());
}

#[test]
fn every_mode_reads_and_writes_its_form_and_nonsense_is_refused() {
    for form in [
        r#"{"share":{"weight":3}}"#,
        r#"{"guarantee":{"per_hour":6,"max_gap_minutes":12}}"#,
        r#"{"guarantee":{"max_gap_minutes":12}}"#,
        r#"{"fixed":{"times":["07:30","12:00","17:30"]}}"#,
        r#"{"event":{"trigger":"pre_show"}}"#,
        r#"{"quota":{"plays":20,"per":"month"}}"#,
        r#"{"filler":{}}"#,
    ] {
        let mode: Mode = serde_json::from_str(form).unwrap();
        assert_eq!(serde_json::to_string(&mode).unwrap(), form);
    }
    for form in [
        r#"{"guarantee":{}}"#,
        r#"{"guarantee":{"per_hour":0}}"#,
        r#"{"guarantee":{"per_hour":361}}"#,
        r#"{"guarantee":{"max_gap_minutes":1441}}"#,
        r#"{"fixed":{"times":[]}}"#,
        r#"{"fixed":{"times":["24:00"]}}"#,
        r#"{"fixed":{"times":["08:00","08:00"]}}"#,
        r#"{"quota":{"plays":0,"per":"day"}}"#,
        r#"{"event":{"trigger":"full_moon"}}"#,
    ] {
        assert!(serde_json::from_str::<Mode>(form).is_err(), "{form}");
    }
}

#[test]
fn a_guarantee_scales_with_intensity_and_its_ladder_gets_milder_step_by_step() {
    let guarantee = Guarantee::checked(Some(6), Some(12)).unwrap();
    assert_eq!(guarantee.scaled(100), guarantee);
    assert_eq!(guarantee.scaled(200), Guarantee::checked(Some(12), Some(6)).unwrap());
    assert_eq!(guarantee.scaled(50), Guarantee::checked(Some(3), Some(24)).unwrap());
    assert_eq!(guarantee.stricter(1), Guarantee::checked(Some(7), Some(11)).unwrap());
    assert_eq!(guarantee.milder(Milder::Often)[0], Guarantee::checked(Some(5), Some(12)).unwrap());
    assert_eq!(guarantee.milder(Milder::Apart)[0], Guarantee::checked(Some(6), Some(13)).unwrap());
    let ladder = guarantee.milder(Milder::Both);
    assert_eq!(ladder.last(), Some(&Guarantee::checked(Some(1), Some(1440)).unwrap()));
    let distances: Vec<u32> = ladder.iter().map(|milder| guarantee.distance(*milder)).collect();
    assert!(distances.is_sorted() && distances[0] > 0, "{distances:?}");
}
