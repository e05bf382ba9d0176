//! Stories of campaigns on both databases: drafts, whom they reach, publishing, and takeovers.

mod reach;

use tokio::task::JoinSet;
use uuid::Uuid;
use xuanping_core::{
    campaign::{EventTrigger, Exclusion, Mode, Selector, Unplayable},
    id::ScreenId,
    recurrence::{DayWindow, ScheduleForm},
    vocabulary::{CreativeKind, ScreenKind, VenueType},
};

use super::*;
use crate::{
    clock,
    content::Step,
    county::{County, EAST, WEST, booking, day, editor, reviewer, takeover, today},
    db::{sql, testing::for_each_database},
};

fn draft() -> CampaignDraft {
    CampaignDraft {
        name: "反诈宣传月".into(),
        goal: "家喻户晓".into(),
        owner_department: "fin".into(),
        starts: today(),
        ends: day(30),
        stages: Vec::new(),
    }
}

fn window(from: &str, to: &str) -> DayWindow {
    DayWindow { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

fn schedule(form: ScheduleForm) -> BookingDraft {
    BookingDraft { schedule: form, ..booking("排期", Vec::new()) }
}

impl County {
    async fn revisions(&self, id: CampaignId) -> Vec<(i64, String)> {
        let query = sql("SELECT revision, bookings FROM campaign_revisions WHERE campaign_id = $1 ORDER BY revision");
        let rows = self.app.db.all(query.bind(id)).await.unwrap();
        rows.iter().map(|r| (r.int("revision").unwrap(), r.text("bookings").unwrap())).collect()
    }

    async fn try_to_publish(&self, id: CampaignId) -> Result<Published, CampaignError> {
        self.app.campaigns.publish(id, Unreached::Refuse, &reviewer(), today(), clock::now()).await
    }
}

#[tokio::test]
async fn a_campaign_is_refused_with_the_field_at_fault() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let create = async |draft| county.app.campaigns.create(draft, &editor(), clock::now()).await;
        for name in [" ".to_owned(), "长".repeat(61)] {
            let refused = create(CampaignDraft { name, ..draft() }).await;
            assert!(matches!(refused, Err(CampaignError::Text("name"))));
        }
        let refused = create(CampaignDraft { goal: "长".repeat(501), ..draft() }).await;
        assert!(matches!(refused, Err(CampaignError::Text("goal"))));
        let refused = create(CampaignDraft { ends: day(-1), ..draft() }).await;
        assert!(matches!(refused, Err(CampaignError::Inverted)));
        let refused = create(CampaignDraft { owner_department: "nobody".into(), ..draft() }).await;
        assert!(matches!(refused, Err(CampaignError::UnknownDepartment)));
        assert_eq!(county.app.campaigns.list().await.unwrap(), []);
        let one_day = create(CampaignDraft { ends: today(), name: " 一天 ".into(), ..draft() }).await.unwrap();
        assert_eq!((one_day.name.as_str(), one_day.state), ("一天", CampaignState::Draft));
        assert_eq!(county.app.campaigns.list().await.unwrap(), [one_day]);
    })
    .await;
}

#[tokio::test]
async fn a_booking_is_refused_with_what_is_wrong_with_it() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let slogan = county.draft("不转账").await;
        let id = county.campaign("宣传月").await.id;
        let add = async |draft: BookingDraft| {
            county.app.campaigns.add_booking(id, draft, &editor(), clock::now()).await.unwrap_err()
        };
        let good = || booking("全天", vec![slogan]);
        let when = |change: &dyn Fn(&mut ScheduleForm)| {
            let mut draft = good();
            change(&mut draft.schedule);
            draft
        };
        let code = |error: CampaignError| match error {
            CampaignError::Schedule(why) => why.code(),
            other => panic!("{other}"),
        };
        assert_eq!(code(add(when(&|s| (s.from, s.until) = (day(5), Some(day(4))))).await), "dates-inverted");
        assert_eq!(code(add(when(&|s| s.windows = Vec::new())).await), "windows-missing");
        assert_eq!(code(add(when(&|s| s.windows = vec![window("08:00", "08:00")])).await), "window-empty");
        let overlapping = vec![window("08:00", "12:00"), window("11:59", "13:00")];
        assert_eq!(code(add(when(&|s| s.windows.clone_from(&overlapping))).await), "windows-overlap");
        assert_eq!(code(add(when(&|s| s.weekdays = Some(vec![]))).await), "weekdays-invalid");
        assert_eq!(code(add(when(&|s| s.weekdays = Some(vec![8]))).await), "weekdays-invalid");
        assert_eq!(code(add(when(&|s| s.weekdays = None)).await), "rule-missing");
        assert_eq!(code(add(when(&|s| s.rrule = Some("FREQ=DAILY".into()))).await), "rule-missing");
        let rule = |text: &str| ScheduleForm { weekdays: None, rrule: Some(text.into()), ..good().schedule };
        assert_eq!(code(add(BookingDraft { schedule: rule("FREQ=DAILY;INTERVAL=0"), ..good() }).await), "rule-invalid");
        let never = ScheduleForm { until: Some(today()), ..rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") };
        assert_eq!(code(add(BookingDraft { schedule: never, ..good() }).await), "schedule-never");
        assert!(matches!(add(when(&|s| s.from = day(-1))).await, CampaignError::OutsideCampaign));
        assert!(matches!(add(when(&|s| s.until = Some(day(31)))).await, CampaignError::OutsideCampaign));

        assert!(matches!(add(BookingDraft { name: " ".into(), ..good() }).await, CampaignError::Text("name")));
        for most in [0, 10_001] {
            let capped = BookingDraft { most_per_day: Some(most), ..good() };
            assert!(matches!(add(capped).await, CampaignError::Cap));
        }
        let every_show = Mode::Event { trigger: EventTrigger::PreShow };
        let capped = BookingDraft { mode: every_show, most_per_day: Some(3), ..good() };
        assert!(matches!(add(capped).await, CampaignError::CappedEvent), "before every show is before every show");
        assert!(matches!(add(booking("空", vec![])).await, CampaignError::NoCreatives));
        let ghost = CreativeId::new(Uuid::from_u128(7));
        let refused = add(booking("鬼", vec![slogan, ghost])).await;
        assert!(matches!(refused, CampaignError::UnknownCreative(id) if id == ghost));
        let many = (0..201).map(|n| CreativeId::new(Uuid::from_u128(n))).collect();
        assert!(matches!(add(booking("多", many)).await, CampaignError::TooMany { field: "creatives", .. }));

        let to = |selector| BookingDraft { selector, ..good() };
        let nowhere = Selector { areas: vec!["330482199000".parse().unwrap()], ..Selector::default() };
        assert!(matches!(add(to(nowhere)).await, CampaignError::UnknownPlace("selector.areas")));
        let nobody = Selector { departments: vec!["nobody".into()], ..Selector::default() };
        assert!(matches!(add(to(nobody)).await, CampaignError::UnknownPlace("selector.departments")));
        let screens = vec![ScreenId::new(Uuid::from_u128(1)); 1_001];
        let refused = add(to(Selector { screens: screens.clone(), ..Selector::default() })).await;
        assert!(matches!(refused, CampaignError::TooMany { field: "selector.screens", .. }));
        let out = |exclude| to(Selector { exclude, ..Selector::default() });
        let nowhere = Exclusion { areas: vec!["330482199000".parse().unwrap()], ..Exclusion::default() };
        assert!(matches!(add(out(nowhere)).await, CampaignError::UnknownPlace("selector.exclude.areas")));
        let nobody = Exclusion { departments: vec!["nobody".into()], ..Exclusion::default() };
        assert!(matches!(add(out(nobody)).await, CampaignError::UnknownPlace("selector.exclude.departments")));
        let empty = Exclusion { tags: vec![" ".into()], ..Exclusion::default() };
        assert!(matches!(add(out(empty)).await, CampaignError::BadTag("selector.exclude.tags")));
        let long = Selector { tags: vec!["长".repeat(21)], ..Selector::default() };
        assert!(matches!(add(to(long)).await, CampaignError::BadTag("selector.tags")));
        let many = Exclusion { tags: (0..1_001).map(|n| n.to_string()).collect(), ..Exclusion::default() };
        let refused = add(out(many)).await;
        assert!(matches!(refused, CampaignError::TooMany { field: "selector.exclude.tags", .. }));
        let selector = Selector { exclude_screens: screens, ..Selector::default() };
        assert!(matches!(county.app.campaigns.reach(&selector, &[]).await, Err(CampaignError::TooMany { .. })));
        assert_eq!(county.app.campaigns.get(id).await.unwrap().bookings, [], "nothing half done");
    })
    .await;
}

#[tokio::test]
async fn a_booking_ends_with_its_campaign_and_keeps_the_campaign_from_being_cut_short() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let slogan = county.draft("不转账").await;
        let id = county.campaign("宣传月").await.id;
        let campaigns = &county.app.campaigns;
        let campaign =
            campaigns.add_booking(id, booking("全天", vec![slogan, slogan]), &editor(), clock::now()).await.unwrap();
        let added = &campaign.bookings[0];
        assert_eq!(added.creatives, [slogan], "each once");
        assert_eq!(added.schedule.recurrence().until, Some(day(30)));
        let shorter = CampaignDraft { ends: day(10), ..draft() };
        let refused = campaigns.update(id, shorter.clone(), &editor(), clock::now()).await;
        assert!(matches!(refused, Err(CampaignError::OutsideCampaign)));
        let week = ScheduleForm { until: Some(day(7)), ..booking("", vec![]).schedule };
        let changed = BookingDraft { name: "一周".into(), creatives: vec![slogan], ..schedule(week) };
        let changed = campaigns.change_booking(added.id, changed, &editor(), clock::now()).await.unwrap();
        assert_eq!((changed.bookings[0].id, changed.bookings[0].name.as_str()), (added.id, "一周"));
        campaigns.update(id, shorter, &editor(), clock::now()).await.unwrap();
        let without = campaigns.remove_booking(added.id, &editor(), clock::now()).await.unwrap();
        assert_eq!(without, campaigns.get(id).await.unwrap());
        assert_eq!((without.bookings.len(), without.ends), (0, day(10)));
        let again = campaigns.remove_booking(added.id, &editor(), clock::now()).await;
        assert!(matches!(again, Err(CampaignError::UnknownBooking)));
    })
    .await;
}

#[tokio::test]
async fn of_editors_at_work_at_the_same_time_none_undoes_anothers_work() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let slogan = county.draft("不转账").await;
        let id = county.campaign("宣传月").await.id;
        let mut at_work = JoinSet::new();
        for n in 0..8 {
            let campaigns = county.app.campaigns.clone();
            let draft = booking(&format!("排期{n}"), vec![slogan]);
            at_work.spawn(async move { campaigns.add_booking(id, draft, &editor(), clock::now()).await.map(|_| ()) });
        }
        let campaigns = county.app.campaigns.clone();
        let renamed = CampaignDraft { name: "新名称".into(), ..draft() };
        at_work.spawn(async move { campaigns.update(id, renamed, &editor(), clock::now()).await.map(|_| ()) });
        for done in at_work.join_all().await {
            done.unwrap();
        }
        let campaign = county.app.campaigns.get(id).await.unwrap();
        assert_eq!((campaign.bookings.len(), campaign.name.as_str()), (8, "新名称"));
    })
    .await;
}

#[tokio::test]
async fn a_reach_counts_screens_and_says_what_cannot_be_shown_where() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let clinic = county.venue("西镇诊所", VenueType::Clinic, WEST).await;
        let one = county.strip(bank, "门头屏").await;
        county.strip(bank, "大厅屏").await;
        let three = county.strip(clinic, "门头屏").await;
        let (ready, unready) = (county.slogan("不转账").await, county.draft("不轻信").await);
        let campaigns = &county.app.campaigns;
        let all = campaigns.reach(&Selector::everything(), &[ready, unready]).await.unwrap();
        assert_eq!((all.screens.len(), all.venues), (3, 2));
        assert_eq!(all.by_type, [(VenueType::BankHall, 2), (VenueType::Clinic, 1)].into());
        assert_eq!(all.unplayable, [((unready, Unplayable::NotApproved), 3)].into());
        assert_eq!(all.by_area, [(EAST.parse().unwrap(), 2), (WEST.parse().unwrap(), 1)].into());
        assert_eq!(all.empty_handed_screens(), 0, "one of the two can be shown");
        let reached = async |selector| -> Vec<ScreenId> { campaigns.reach(&selector, &[]).await.unwrap().screens };
        let west = Selector { areas: vec![WEST.parse().unwrap()], ..Selector::default() };
        assert_eq!(reached(west.clone()).await, [three.id]);
        let named = Selector { screens: vec![one.id, three.id], ..Selector::default() };
        assert_eq!(reached(named).await.len(), 2);
        let none = Selector { screen_kinds: vec![ScreenKind::Lcd], ..Selector::default() };
        assert_eq!(reached(none).await, []);
        let empty_handed = campaigns.reach(&west, &[unready]).await.unwrap().empty_handed;
        let why = vec![(CreativeKind::Slogan, Unplayable::NotApproved)];
        assert_eq!((empty_handed.len(), empty_handed[&why].screens, empty_handed[&why].sample[0].id), (1, 1, three.id));
        county.retire(three.id).await;
        assert_eq!(reached(west).await, [], "a retired screen is reached by nothing");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_published_that_could_not_go_on_air() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let slogan = county.draft("不转账").await;
        let campaigns = &county.app.campaigns;
        let id = county.campaign("宣传月").await.id;
        assert!(matches!(county.try_to_publish(id).await, Err(CampaignError::NoBookings)));
        let clinics = Selector { venue_types: vec![VenueType::Clinic], ..Selector::default() };
        let draft = BookingDraft { selector: clinics, ..booking("诊所", vec![slogan]) };
        campaigns.add_booking(id, draft, &editor(), clock::now()).await.unwrap();
        let refused = county.try_to_publish(id).await;
        assert!(matches!(refused, Err(CampaignError::NotApproved { titles }) if titles == ["不转账"]));
        for (step, by) in [(Step::Submit, editor()), (Step::Approve, reviewer())] {
            county.app.content.step(slogan, step, None, None, &by, clock::now()).await.unwrap();
        }
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        county.strip(bank, "门头屏").await;
        let refused = county.try_to_publish(id).await;
        assert!(matches!(refused, Err(CampaignError::NoScreens { name }) if name == "诊所"));
        let late = campaigns.publish(id, Unreached::Allow, &reviewer(), day(31), clock::now()).await;
        assert!(matches!(late, Err(CampaignError::Over)));
        assert_eq!(campaigns.get(id).await.unwrap().state, CampaignState::Draft);
        assert_eq!((county.revisions(id).await.len(), county.trail("campaigns.approve").await), (0, 0));

        let published = campaigns.publish(id, Unreached::Allow, &reviewer(), today(), clock::now()).await.unwrap();
        assert_eq!(published, Published { revision: 1, screens: 0 });
        let clinic = county.venue("西镇诊所", VenueType::Clinic, WEST).await;
        county.strip(clinic, "门头屏").await;
        assert!(matches!(county.try_to_publish(id).await, Err(CampaignError::NothingNew)), "it joins by itself");
        let more = county.slogan("不轻信").await;
        campaigns.add_booking(id, booking("全县", vec![more]), &editor(), clock::now()).await.unwrap();
        assert_eq!(county.try_to_publish(id).await.unwrap(), Published { revision: 2, screens: 2 });
    })
    .await;
}

#[tokio::test]
async fn a_booking_whose_screens_can_show_none_of_it_is_not_published() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let speaker = xuanping_core::wire::Capabilities {
            kind: ScreenKind::Speaker,
            size: xuanping_core::geometry::Size { width: 0, height: 0 },
            ..crate::county::strip()
        };
        county.screen(bank, "音柱", speaker, xuanping_core::geometry::Layout::AudioOnly).await;
        let slogan = county.slogan("不转账").await;
        let id = county.campaign("宣传月").await.id;
        county.app.campaigns.add_booking(id, booking("全天", vec![slogan]), &editor(), clock::now()).await.unwrap();
        let refused = county.try_to_publish(id).await;
        assert!(matches!(refused, Err(CampaignError::NothingPlayable { name }) if name == "全天"));
        let refused =
            county.app.campaigns.start_takeover(takeover("插播", vec![slogan]), &editor(), clock::now()).await;
        assert!(matches!(refused, Err(CampaignError::NothingPlayable { name }) if name == "插播"));
    })
    .await;
}

#[tokio::test]
async fn what_is_published_stays_as_it_was_while_the_draft_is_edited() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (one, two) = (county.slogan("不转账").await, county.slogan("不轻信").await);
        let campaigns = &county.app.campaigns;
        let id = county.on_air("宣传月", booking("甲", vec![one])).await;
        let first = county.revisions(id).await;
        let forced = campaigns.in_force().await.unwrap();
        let edited = campaigns.add_booking(id, booking("乙", vec![two]), &editor(), clock::now()).await.unwrap();
        assert!(edited.updated_at >= edited.published.unwrap().at);
        assert_eq!(campaigns.in_force().await.unwrap(), forced);
        county.publish(id).await;
        let both = county.revisions(id).await;
        assert_eq!((both.len(), &both[0]), (2, &first[0]), "a revision is never written again");
        assert_eq!(campaigns.in_force().await.unwrap().len(), 2);
        campaigns.remove_booking(forced[0].id, &editor(), clock::now()).await.unwrap();
        county.publish(id).await;
        assert_eq!(county.revisions(id).await[..2], both);
        let names: Vec<_> = campaigns.in_force().await.unwrap().into_iter().map(|b| b.name).collect();
        assert_eq!(names, ["乙"]);
        let known = campaigns.names().await.unwrap();
        assert!(known.iter().any(|n| n.booking == forced[0].id && n.name == "甲"), "records still name it");
    })
    .await;
}

#[tokio::test]
async fn of_several_who_approve_at_the_same_time_one_does() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (slogan, more) = (county.slogan("不转账").await, county.slogan("不轻信").await);
        let id = county.on_air("宣传月", booking("甲", vec![slogan])).await;
        let campaigns = &county.app.campaigns;
        campaigns.add_booking(id, booking("乙", vec![more]), &editor(), clock::now()).await.unwrap();
        let (submitted, _) = campaigns.submit(id, Unreached::Allow, &editor(), today(), clock::now()).await.unwrap();
        let mut approving = JoinSet::new();
        for _ in 0..6 {
            let (campaigns, seen) = (county.app.campaigns.clone(), submitted.hash());
            approving.spawn(async move {
                campaigns.approve(id, seen, Unreached::Allow, &reviewer(), today(), clock::now()).await
            });
        }
        let (done, refused): (Vec<_>, Vec<_>) = approving.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(done.into_iter().map(|p| p.unwrap().revision).collect::<Vec<_>>(), [2]);
        assert!(refused.iter().all(|refused| matches!(refused, Err(CampaignError::NotInReview))), "{refused:?}");
        assert_eq!(county.revisions(id).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_campaign_is_planned_no_more_until_it_is_published_again() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let slogan = county.slogan("不转账").await;
        let campaigns = &county.app.campaigns;
        let withdraw = async |id| campaigns.withdraw(id, &reviewer(), clock::now()).await;
        let draft = county.campaign("草稿").await.id;
        assert!(matches!(withdraw(draft).await, Err(CampaignError::NotPublished)));
        let id = county.on_air("宣传月", booking("甲", vec![slogan])).await;
        let edited = campaigns.get(id).await.unwrap().updated_at;
        let (one, two) = tokio::join!(withdraw(id), withdraw(id));
        assert_eq!(campaigns.get(id).await.unwrap().updated_at, edited, "withdrawing edits nothing");
        assert!([one, two].iter().filter(|w| matches!(w, Err(CampaignError::NotPublished))).count() == 1);
        assert_eq!((campaigns.in_force().await.unwrap(), county.trail("campaigns.withdraw").await), (vec![], 1));
        county.publish(id).await;
        assert_eq!(campaigns.in_force().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_is_refused_with_what_is_wrong_with_it() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (ready, unready) = (county.slogan("不转账").await, county.draft("不轻信").await);
        let start = async |new| county.app.campaigns.start_takeover(new, &editor(), clock::now()).await.unwrap_err();
        let good = || takeover("紧急预警", vec![ready]);
        assert!(matches!(start(good()).await, CampaignError::NoScreens { .. }), "there are none yet");
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        county.strip(bank, "门头屏").await;
        assert!(matches!(start(takeover(" ", vec![ready])).await, CampaignError::Text("title")));
        for minutes in [0, 24 * 60 + 1] {
            assert!(matches!(start(NewTakeover { minutes, ..good() }).await, CampaignError::Expiry));
        }
        assert!(matches!(start(takeover("空", vec![])).await, CampaignError::NoCreatives));
        let refused = start(takeover("未审", vec![ready, unready])).await;
        assert!(matches!(refused, CampaignError::NotApproved { titles } if titles == ["不轻信"]));
        let west = Selector { areas: vec![WEST.parse().unwrap()], ..Selector::default() };
        assert!(matches!(start(NewTakeover { selector: west, ..good() }).await, CampaignError::NoScreens { .. }));
        let typo = Selector { areas: vec!["330482109000".parse().unwrap()], ..Selector::default() };
        assert!(matches!(start(NewTakeover { selector: typo, ..good() }).await, CampaignError::UnknownPlace(_)));
        let mut many = Vec::new();
        for n in 0..21 {
            many.push(county.draft(&format!("标语{n}")).await);
        }
        assert!(matches!(start(takeover("多", many)).await, CampaignError::TooMany { field: "creatives", .. }));
        assert_eq!(county.app.campaigns.takeovers(clock::now()).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_is_active_until_it_expires_or_is_withdrawn_and_is_withdrawn_once() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        county.strip(bank, "门头屏").await;
        let slogan = county.slogan("不转账").await;
        county.work().await;
        let campaigns = &county.app.campaigns;
        let now = clock::now();
        let start =
            async |title: &str| campaigns.start_takeover(takeover(title, vec![slogan]), &editor(), now).await.unwrap();
        let (one, two) = (start("甲").await, start("乙").await);
        assert_eq!(county.app.jobs.waiting().await.unwrap(), 1, "should issuing fail, planning does it");
        let active = async |at| -> Vec<String> {
            let mut titles: Vec<_> =
                campaigns.active_takeovers(at).await.unwrap().into_iter().map(|t| t.title).collect();
            titles.sort();
            titles
        };
        assert_eq!(active(now).await, ["乙", "甲"]);
        assert_eq!(active(one.expires.plus(-1)).await.len(), 2);
        assert_eq!(active(one.expires).await.len(), 0);
        let withdraw = async |by: Actor, at| campaigns.withdraw_takeover(one.id, &by, at).await;
        let (first, second) = tokio::join!(withdraw(editor(), now.plus(1)), withdraw(reviewer(), now.plus(1)));
        assert!([first, second].iter().filter(|w| matches!(w, Err(CampaignError::TakeoverOver))).count() == 1);
        assert_eq!((active(now.plus(1)).await, county.trail("takeovers.withdraw").await), (vec!["乙".into()], 1));
        let late = campaigns.withdraw_takeover(two.id, &editor(), two.expires).await;
        assert!(matches!(late, Err(CampaignError::TakeoverOver)));
        let unknown = campaigns.withdraw_takeover(TakeoverId::new(Uuid::nil()), &editor(), now).await;
        assert!(matches!(unknown, Err(CampaignError::UnknownTakeover)));
    })
    .await;
}

#[tokio::test]
async fn a_long_takeover_outlasts_a_hundred_short_ones() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        county.strip(bank, "门头屏").await;
        let slogan = county.slogan("不转账").await;
        let now = clock::now();
        let long = NewTakeover { minutes: 24 * 60, ..takeover("一整天", vec![slogan]) };
        let long = county.app.campaigns.start_takeover(long, &editor(), now).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        for n in 1..=120_i64 {
            let id = TakeoverId::new(Uuid::from_u128(u128::from(n.unsigned_abs())));
            let short = TakeoverOrder { id, starts: now.plus(n), expires: now.plus(n + 60_000), ..long.clone() };
            store::insert_takeover(&mut tx, &short).await.unwrap();
        }
        tx.commit().await.unwrap();
        let active = county.app.campaigns.active_takeovers(now.plus(3_600_000)).await.unwrap();
        assert_eq!(active, std::slice::from_ref(&long));
        let listed = county.app.campaigns.takeovers(now.plus(3_600_000)).await.unwrap();
        assert_eq!((listed.len(), listed.last()), (101, Some(&long)), "it can still be withdrawn");
    })
    .await;
}

#[tokio::test]
async fn what_was_done_with_a_campaign_is_told_in_order_and_stays_across_a_restart() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let campaigns = &county.app.campaigns;
        let slogan = county.slogan("不转账").await;
        let id = county.campaign("宣传月").await.id;
        campaigns.add_booking(id, booking("甲", vec![slogan]), &editor(), clock::now()).await.unwrap();
        let submit = async || {
            let (campaign, _) = campaigns.submit(id, Unreached::Allow, &editor(), today(), clock::now()).await.unwrap();
            campaign.hash()
        };
        let first = submit().await;
        campaigns.reject(id, first, "请补充夜间时段", &reviewer(), clock::now()).await.unwrap();
        let returned = campaigns.get(id).await.unwrap();
        assert!(matches!(&returned.review, Review::Returned { reason, .. } if reason == "请补充夜间时段"));
        submit().await;
        let more = county.slogan("不轻信").await;
        campaigns.add_booking(id, booking("乙", vec![more]), &editor(), clock::now()).await.unwrap();
        let approved = campaigns.approve(id, first, Unreached::Allow, &reviewer(), today(), clock::now()).await;
        assert!(matches!(approved, Err(CampaignError::EditedMeanwhile)));
        let last = submit().await;
        let own = campaigns.approve(id, last, Unreached::Allow, &editor(), today(), clock::now()).await;
        assert!(matches!(own, Err(CampaignError::OwnWork)));
        campaigns.approve(id, last, Unreached::Allow, &reviewer(), today(), clock::now()).await.unwrap();
        campaigns.withdraw(id, &reviewer(), clock::now()).await.unwrap();
        let county = county.restarted(&db).await;
        let told = county.app.campaigns.history(id).await.unwrap();
        let steps: Vec<_> = told.iter().map(|taken| taken.step).collect();
        use LifeStep::{Approve, Edit, Reject, Submit, Withdraw};
        assert_eq!(steps, [Submit, Reject, Submit, Edit, Submit, Approve, Withdraw]);
        assert_eq!((told[1].reason.as_deref(), told[5].revision), (Some("请补充夜间时段"), Some(1)));
        assert_eq!(county.app.campaigns.get(id).await.unwrap().standing(today()), Standing::Withdrawn);
    })
    .await;
}

#[tokio::test]
async fn a_copy_is_a_draft_of_its_own_with_everything_moved_to_its_days() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let campaigns = &county.app.campaigns;
        let slogan = county.slogan("不转账").await;
        let id = county.on_air("宣传月", booking("甲", vec![slogan])).await;
        let original = campaigns.get(id).await.unwrap();
        let stages = vec![Stage {
            kind: xuanping_core::campaign::StageKind::Concentrated,
            from: day(1),
            until: day(5),
            intensity: 150.try_into().unwrap(),
        }];
        let staged = CampaignDraft {
            name: "宣传月".into(),
            goal: String::new(),
            owner_department: "fin".into(),
            starts: original.starts,
            ends: original.ends,
            stages,
        };
        campaigns.update(id, staged, &editor(), clock::now()).await.unwrap();
        assert!(campaigns.get(id).await.unwrap().has_changed(), "other stages are another plan");
        let copy = campaigns.copy(id, "第二期".into(), day(40), &editor(), clock::now()).await.unwrap();
        let copy = campaigns.get(copy.id).await.unwrap();
        assert_eq!((copy.starts, copy.ends, copy.standing(today())), (day(40), day(70), Standing::Draft));
        assert_eq!((copy.stages[0].from, copy.stages[0].until), (day(41), day(45)));
        assert_eq!(copy.bookings.len(), 1);
        assert_eq!(copy.bookings[0].schedule.recurrence().from, day(40));
        assert_eq!(copy.bookings[0].stages, copy.stages);
        assert_ne!(copy.bookings[0].id, original.bookings[0].id);
        assert_eq!(campaigns.in_force().await.unwrap().len(), 1, "a copy is on no wall");
    })
    .await;
}
