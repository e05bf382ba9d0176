//! Stories of reach: groups, tags, exclusions, and screens that would have nothing to show.

use xuanping_core::{
    geometry::{Layout, Size},
    vocabulary::VenueGroup,
    wire::Capabilities,
};

use super::*;
use crate::{
    accounts::Role,
    county::{person, strip},
    screens::{ScreenChange, ScreenFilter},
};

impl County {
    async fn reached(&self, selector: Selector) -> Vec<ScreenId> {
        self.app.campaigns.reach(&selector, &[]).await.unwrap().screens
    }

    async fn tag(&self, screen: ScreenId, tag: &str) {
        let change = ScreenChange { tags: Some(vec![tag.into()]), ..ScreenChange::default() };
        self.app.screens.change(screen, change, &person(Role::Operator), clock::now()).await.unwrap();
    }
}

#[tokio::test]
async fn groups_and_tags_choose_and_exclusions_win_over_names() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let atm = county.venue("西镇自助银行", VenueType::Atm, WEST).await;
        let clinic = county.venue("西镇诊所", VenueType::Clinic, WEST).await;
        let [one, two, three] =
            [county.strip(bank, "甲").await.id, county.strip(atm, "乙").await.id, county.strip(clinic, "丙").await.id];
        let finance = Selector { venue_groups: vec![VenueGroup::Finance], ..Selector::default() };
        assert_eq!(county.reached(finance.clone()).await, [one, two]);
        county.tag(two, "重点").await;
        let tagged = Selector { tags: vec!["重点".into()], ..Selector::default() };
        assert_eq!(county.reached(tagged).await, [two]);
        let without = |exclude| Selector { exclude, screens: vec![two, three], ..finance.clone() };
        assert_eq!(county.reached(without(Exclusion::default())).await.len(), 3);
        let tag = Exclusion { tags: vec!["重点".into()], ..Exclusion::default() };
        assert_eq!(county.reached(without(tag)).await, [one, three], "though it is named");
        let west = Exclusion { areas: vec![WEST.parse().unwrap()], ..Exclusion::default() };
        assert_eq!(county.reached(without(west)).await, [one]);
        county.tag(two, "普通").await;
        let tag = Exclusion { tags: vec!["重点".into()], ..Exclusion::default() };
        assert_eq!(county.reached(without(tag)).await.len(), 3, "it is not tagged so any more");
    })
    .await;
}

#[tokio::test]
async fn choosing_knows_of_a_screen_what_planning_knows() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let clinic = county.venue("西镇诊所", VenueType::Clinic, WEST).await;
        let wall =
            Capabilities { kind: ScreenKind::Lcd, size: Size { width: 1920, height: 1080 }, clips: true, ..strip() };
        let tagged = county.strip(bank, "甲").await.id;
        county.screen(clinic, "乙", wall, Layout::MainAndTicker).await;
        county.tag(tagged, "重点").await;
        let retired = county.strip(bank, "丙").await.id;
        county.retire(retired).await;
        let listed = county.app.screens.list(&ScreenFilter::default()).await.unwrap();
        let known: Vec<_> =
            listed.iter().map(|s| (facts_of(s).unwrap(), s.name.clone(), s.venue.name.clone())).collect();
        let candidates = county.app.screens.candidates().await.unwrap();
        assert_eq!(candidates.into_iter().map(|c| (c.facts, c.name, c.venue)).collect::<Vec<_>>(), known);
        assert_eq!(known.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_selector_is_kept_as_it_was_given_its_tags_trimmed() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let slogan = county.draft("不转账").await;
        let id = county.campaign("宣传月").await.id;
        let given = Selector {
            tags: vec![" 重点 ".into(), "重点".into()],
            venue_groups: vec![VenueGroup::Rural],
            exclude: Exclusion { departments: vec!["fin".into()], ..Exclusion::default() },
            ..Selector::default()
        };
        let draft = BookingDraft { selector: given.clone(), ..booking("乡村", vec![slogan]) };
        county.app.campaigns.add_booking(id, draft, &editor(), clock::now()).await.unwrap();
        let kept = county.app.campaigns.get(id).await.unwrap().bookings.remove(0).selector;
        assert_eq!(kept, Selector { tags: vec!["重点".into()], ..given });
    })
    .await;
}

#[tokio::test]
async fn screens_that_would_have_nothing_to_show_are_named_with_the_reason_for_each_kind_of_creative() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let speaker = Capabilities { kind: ScreenKind::Speaker, size: Size { width: 0, height: 0 }, ..strip() };
        let silent = county.strip(bank, "条屏").await;
        let (first, _) = county.screen(bank, "音柱一", speaker.clone(), Layout::AudioOnly).await;
        let (second, _) = county.screen(bank, "音柱二", speaker, Layout::AudioOnly).await;
        let slogan = county.slogan("不转账").await;
        let reach = async |creatives: &[CreativeId]| {
            county.app.campaigns.reach(&Selector::everything(), creatives).await.unwrap()
        };
        let shown = reach(&[slogan]).await;
        assert_eq!((shown.screens.len(), shown.empty_handed_screens()), (3, 2));
        let blind = [(CreativeKind::Slogan, Unplayable::SpeakerIsBlind)];
        let named: Vec<_> = shown.empty_handed[&blind[..]].sample.iter().map(|s| (s.id, s.venue.as_str())).collect();
        assert_eq!(named, [(first.id, "东镇支行"), (second.id, "东镇支行")]);
        // One that nobody has approved is of no help to the strip.
        let unready = reach(&[county.draft("不轻信").await]).await;
        assert_eq!(unready.empty_handed_screens(), 3);
        let waiting = [(CreativeKind::Slogan, Unplayable::NotApproved)];
        assert_eq!(unready.empty_handed[&waiting[..]].sample[0].id, silent.id);
        // The type of a low strip lacks the letter; that is known once it was tried.
        let rare = county.slogan("𠮷先生，别转账").await;
        assert_eq!(reach(&[rare]).await.empty_handed_screens(), 2);
        county.work().await;
        let lacking = reach(&[rare]).await;
        let impossible = [(CreativeKind::Slogan, Unplayable::Impossible)];
        assert_eq!(lacking.empty_handed[&impossible[..]].sample[0].id, silent.id);
        assert_eq!(lacking.empty_handed_screens(), 3);
        assert_eq!(reach(&[rare, slogan]).await.empty_handed_screens(), 2, "the other one can be made");
        assert_eq!(reach(&[]).await.empty_handed_screens(), 0, "nothing chosen yet is no fault");
    })
    .await;
}
