//! What is planned, and when something new is issued.

use xuanping_core::{playlist::WallSettings, recurrence::DayWindow, time::UtcInterval};

use super::*;
use crate::screens::ScreenChange;

/// The instant at which a local day begins.
fn midnight(date: chrono::NaiveDate) -> UtcMillis {
    let midnight = date.and_time(chrono::NaiveTime::MIN).and_local_timezone(COUNTY_ZONE);
    midnight.single().unwrap().to_utc().into()
}

#[tokio::test]
async fn screens_with_the_same_programme_share_one_playlist() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, two, three] = three(&county).await;
        let digest = |screen| county.issued(screen).playlist.unwrap();
        assert_eq!(digest(&one), digest(&two));
        assert_ne!(digest(&one), digest(&three));
        let creatives = async |screen| -> BTreeSet<_> {
            county.playlist(screen).await.items.into_iter().map(|i| i.creative).collect()
        };
        assert_eq!((creatives(&one).await.len(), creatives(&three).await.len()), (1, 2));
        // Other hours, another programme.
        let later = VenueChange { opening: Some("09:00-17:00".into()), ..VenueChange::default() };
        county.app.screens.change_venue(three.venue.id, later, &person(Role::Admin), clock::now()).await.unwrap();
        let before = digest(&three);
        county.work().await;
        assert_ne!(digest(&three), before);
        let on_air =
            county.playlist(&three).await.zones[0].days[0].dayparts.iter().map(|p| p.end.since(p.start)).sum::<i64>();
        assert_eq!(on_air, 8 * HOUR);
    })
    .await;
}

#[tokio::test]
async fn nothing_new_is_issued_while_nothing_changes_and_only_to_those_it_changes_for() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let all = [&screens[0], &screens[1], &screens[2]];
        let before = county.versions(&all);
        let now = clock::now();
        county.replan(now).await;
        county.replan(now.plus(1)).await;
        county.app.playlists.issue_takeovers(now).await.unwrap();
        assert_eq!(county.versions(&all), before);

        let more = county.slogan("不点链接").await;
        county.on_air("又西镇", BookingDraft { selector: west(), ..booking("又西镇", vec![more]) }).await;
        county.work().await;
        let after = county.versions(&all);
        assert_eq!(after[..2], before[..2]);
        assert!(after[2] > before[2]);
    })
    .await;
}

#[tokio::test]
async fn a_version_only_grows_even_across_a_restart() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let all = [&screens[0], &screens[1], &screens[2]];
        let (before, signed) = (county.versions(&all), county.app.playlists.signed(&county.issued(&screens[0])));
        let county = county.restarted(&db).await;
        let again = county.app.playlists.signed(&county.issued(&screens[0]));
        assert_eq!(again, signed, "players are answered before anything is planned");
        county.replan(clock::now()).await;
        assert_eq!(county.versions(&all), before, "a restart changes nothing");

        let more = county.slogan("不点链接").await;
        county.on_air("又", booking("又", vec![more])).await;
        county.work().await;
        let after = county.versions(&all);
        assert!(after.iter().zip(&before).all(|(after, before)| after > before), "{after:?} {before:?}");
        // Even if memory is lost, no version is signed twice.
        for screen in all {
            county.app.playlists.forget(screen.id);
        }
        county.replan(clock::now()).await;
        assert!(county.versions(&all).iter().zip(&after).all(|(now, before)| now > before));
    })
    .await;
}

#[tokio::test]
async fn a_manifest_is_signed_anew_before_players_worry() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let (first, said) = (county.issued(&one), county.manifest(&one));
        let later = first.issued.plus(12 * HOUR + 1);
        county.replan(later).await;
        let fresh = county.manifest(&one);
        assert_eq!((fresh.version, fresh.issued), (first.version + 1, later));
        assert!(fresh.expires > said.expires);
    })
    .await;
}

#[tokio::test]
async fn the_horizon_rolls_with_the_days() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let days = async || -> Vec<_> { county.playlist(&one).await.zones[0].days.iter().map(|d| d.date).collect() };
        assert_eq!(days().await, (0..8).map(day).collect::<Vec<_>>());
        let before = county.issued(&one);
        county.replan(clock::now().plus(24 * HOUR)).await;
        assert_eq!(days().await, (1..9).map(day).collect::<Vec<_>>());
        let now = county.issued(&one);
        assert!(now.version > before.version);
        let was_issued = async |screen: &Screen, digest: Option<Digest>| {
            county.app.playlists.was_issued(screen.id, digest.unwrap()).await.unwrap()
        };
        assert!(was_issued(&one, before.playlist).await && was_issued(&one, now.playlist).await);
        assert!(!was_issued(&one, Some(Digest::of(b"invented"))).await);
    })
    .await;
}

#[tokio::test]
async fn a_playlist_of_another_screen_was_not_issued_to_this_one() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, _, three] = three(&county).await;
        let western = county.issued(&three).playlist.unwrap();
        assert!(!county.app.playlists.was_issued(one.id, western).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn the_timeline_is_what_screens_show() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let hall = Capabilities {
            kind: xuanping_core::vocabulary::ScreenKind::Lcd,
            size: Size { width: 640, height: 360 },
            ..strip()
        };
        let (screen, _) = county.screen(bank, "大厅屏", hall, Layout::MainAndTicker).await;
        let mut slogans = Vec::new();
        for text in ["不转账", "不轻信陌生来电，不点击陌生链接", "先打96110"] {
            slogans.push(county.slogan(text).await);
        }
        let mut mornings = booking("上午", slogans[..2].to_vec());
        mornings.schedule.windows =
            vec![xuanping_core::recurrence::DayWindow { from: "08:00".parse().unwrap(), to: "11:37".parse().unwrap() }];
        county.on_air("上午", BookingDraft { mode: Mode::Share { weight: 3.try_into().unwrap() }, ..mornings }).await;
        county.on_air("全天", booking("全天", slogans[2..].to_vec())).await;
        county.work().await;

        let playlist = county.playlist(&screen).await;
        let names = county.app.playlists.names_for(&playlist).await.unwrap();
        let shown = timeline::day(&playlist, today(), &names, None);
        let ticker = shown.zones.iter().find(|z| z.zone == ZoneName::Ticker).expect("slogans are in the ticker");
        assert!(ticker.dayparts.len() >= 3, "before, during and after the morning");
        let mut plays = std::collections::BTreeMap::new();
        for part in &ticker.dayparts {
            let mut at = part.start;
            let mut slot = 0;
            while at < part.end {
                match playlist.on_air(ZoneName::Ticker, at) {
                    OnAir::Play { item, start, end, .. } => {
                        let (item, seen) = (&playlist.items[item as usize], &part.slots[slot % part.slots.len()]);
                        assert_eq!((start, item.creative, item.booking), (at, seen.creative, seen.booking));
                        assert_eq!(end, at + seen.duration);
                        *plays.entry(item.booking).or_insert(0) += 1;
                        (at, slot) = (end, slot + 1);
                    }
                    OnAir::Hold { until, .. } | OnAir::Nothing { until: Some(until) } => {
                        assert_eq!(until, part.end);
                        at = until;
                    }
                    OnAir::Nothing { until: None } => panic!("nothing within a daypart"),
                }
            }
        }
        let counted: std::collections::BTreeMap<_, _> = shown.bookings.iter().map(|b| (b.booking, b.plays)).collect();
        assert_eq!(counted, plays);
        assert!(shown.bookings.iter().all(|b| b.campaign_name.as_deref() == Some(b.name.as_str())));
    })
    .await;
}

#[tokio::test]
async fn a_preview_shows_the_draft_and_changes_nothing() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let before = county.issued(&one);
        let slogan = county.slogan("不点链接").await;
        county.work().await;
        let draft = county.campaign("草稿").await;
        let draft = county
            .app
            .campaigns
            .add_booking(draft.id, booking("草稿", vec![slogan]), &editor(), clock::now())
            .await
            .unwrap();
        let mut bookings = county.app.campaigns.in_force().await.unwrap();
        bookings.extend(draft.bookings);
        let built = county.app.playlists.built(&one, bookings, DateRange::day(day(3)), clock::now()).await.unwrap();
        let playlist = built.expect("a plan").playlist;
        assert!(playlist.items.iter().any(|i| i.creative == slogan));
        assert_eq!(playlist.zones[0].days.iter().map(|d| d.date).collect::<Vec<_>>(), [day(3)]);
        assert_eq!(county.issued(&one), before);
    })
    .await;
}

#[tokio::test]
async fn a_withdrawn_creative_leaves_every_playlist() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let creative = county.playlist(&one).await.items[0].creative;
        let (step, by) = (crate::content::Step::Withdraw, crate::county::reviewer());
        county.app.content.step(creative, step, None, None, &by, clock::now()).await.unwrap();
        county.work().await;
        assert_eq!(county.playlist(&one).await.items, []);
    })
    .await;
}

#[tokio::test]
async fn a_retired_screen_is_forgotten_and_makes_no_planning_overdue() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, _, three] = three(&county).await;
        let start = clock::now();
        county.retire(three.id).await;
        county.work().await;
        assert_eq!(county.app.playlists.issued(three.id), None);
        let county = county.restarted(&db).await;
        assert_eq!(county.app.playlists.issued(three.id), None, "nor is it remembered by a restart");
        // Told once more by somebody who did not know yet: gone again before it is overdue.
        let old = (three.id, Issued::clone(&county.issued(&one)));
        county.app.playlists.announce(vec![old]);
        let later = start.plus(13 * HOUR);
        county.replan(later).await;
        assert_eq!(county.app.playlists.issued(three.id), None);
        assert_eq!(county.issued(&one).issued, later);
    })
    .await;
}

#[tokio::test]
async fn a_new_day_is_planned_at_once_and_told_screen_by_screen() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let all = [&screens[0], &screens[1], &screens[2]];
        let days = async |screen: &Screen| -> Vec<_> {
            county.playlist(screen).await.zones[0].days.iter().map(|d| d.date).collect()
        };
        let more = county.slogan("不点链接").await;
        county.work().await;
        // An hour before midnight everybody was told, long after the last time.
        let evening = midnight(day(2)).plus(-HOUR);
        county.replan(evening).await;
        assert_eq!(days(&screens[0]).await[0], day(1));
        let told = county.versions(&all);
        let night = evening.plus(2 * HOUR);
        county.replan(night).await;
        county.app.playlists.refresh(night).await.unwrap();
        assert_eq!(county.versions(&all), told, "seven days are left: nobody is woken");
        // Who has news is told of the new day too.
        county.on_air("又西镇", BookingDraft { selector: west(), ..booking("又西镇", vec![more]) }).await;
        county.app.playlists.replan(Replan::Bookings, night).await.unwrap();
        assert_eq!(county.versions(&all)[..2], told[..2]);
        assert_eq!(days(&screens[2]).await, (2..10).map(day).collect::<Vec<_>>());
        for hours in 6..=12 {
            county.app.playlists.refresh(evening.plus(hours * HOUR)).await.unwrap();
        }
        let by_then: Vec<_> = county.versions(&all).iter().zip(&told).map(|(now, then)| now - then).collect();
        assert_eq!(by_then[..2], [1, 1], "each once");
        assert_eq!(days(&screens[0]).await, (2..10).map(day).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_restart_on_a_new_day_wakes_nobody_but_those_who_missed_news() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let all = [&screens[0], &screens[1], &screens[2]];
        let more = county.slogan("不点链接").await;
        county.work().await;
        let evening = midnight(day(2)).plus(-HOUR);
        county.replan(evening).await;
        let told = county.versions(&all);
        // The new day's playlists are others; what they were made for is the same.
        let county = county.restarted(&db).await;
        let night = evening.plus(2 * HOUR);
        county.replan(night).await;
        assert_eq!(county.versions(&all), told);
        // What was published while nobody planned reaches whom it concerns.
        county.on_air("又西镇", BookingDraft { selector: west(), ..booking("又西镇", vec![more]) }).await;
        let county = county.restarted(&db).await;
        county.replan(night.plus(1)).await;
        assert_eq!(county.versions(&all)[..2], told[..2]);
        assert!(county.versions(&all)[2] > told[2]);
    })
    .await;
}

#[test]
fn screens_take_turns_over_hours_to_be_told_again() {
    let told = |at| {
        let issued =
            Issued { version: 1, issued: UtcMillis(0), playlist: None, says: None, words: Words::Signed(Vec::new()) };
        let ids = (0..6_000_u128).map(|n| ScreenId::new(uuid::Uuid::from_u128(n * 0x9E37_79B9_7F4A_7C15)));
        ids.filter(|id| issue::due(*id, Some(&issued), UtcMillis(at))).count()
    };
    assert_eq!(told(6 * HOUR - 1), 0);
    for hour in 7..12 {
        let within = told(hour * HOUR) - told((hour - 1) * HOUR);
        assert!((900..1_100).contains(&within), "{within} in hour {hour}");
    }
    assert_eq!(told(12 * HOUR), 6_000);
}

#[tokio::test]
async fn a_screen_that_joins_others_of_its_kind_plans_nothing_and_wakes_nobody_else() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let all = [&screens[0], &screens[1], &screens[2]];
        let told = county.versions(&all);
        let fourth = county.strip(screens[0].venue.id, "丁").await;
        county.work().await;
        assert_eq!(county.issued(&fourth).playlist, county.issued(&screens[0]).playlist);
        assert_eq!(county.versions(&all), told);
    })
    .await;
}

#[tokio::test]
async fn screens_that_join_change_and_leave_together_are_each_told_and_forgotten() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let all = [&screens[0], &screens[1], &screens[2]];
        let told = county.versions(&all);
        let mut joined = Vec::new();
        for n in 0..5 {
            joined.push(county.strip(screens[0].venue.id, &format!("新{n}")).await);
        }
        let renamed = ScreenChange { name: Some("改名".into()), ..ScreenChange::default() };
        county.app.screens.change(screens[0].id, renamed, &person(Role::Operator), clock::now()).await.unwrap();
        county.retire(screens[2].id).await;
        let mut ids: Vec<_> = joined.iter().map(|screen| screen.id).collect();
        ids.extend([screens[0].id, screens[2].id]);
        county.app.playlists.replan(Replan::Screens(&ids), clock::now()).await.unwrap();
        for screen in &joined {
            assert_eq!(county.issued(screen).playlist, county.issued(&screens[1]).playlist);
            assert_eq!(county.manifest(screen).orders.name, format!("东镇支行 {}", screen.name));
        }
        assert_eq!(county.manifest(&screens[0]).orders.name, "东镇支行 改名");
        assert_eq!(county.versions(&all[..2]), [told[0] + 1, told[1]], "nobody else is woken");
        assert_eq!(county.app.playlists.issued(screens[2].id), None);
    })
    .await;
}

#[tokio::test]
async fn days_at_the_ends_of_the_calendar_harm_nobody() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let slogan = county.slogan("不点链接").await;
        let (first, last) = (chrono::NaiveDate::MIN, chrono::NaiveDate::MAX);
        let draft = crate::campaigns::CampaignDraft {
            name: "永远".into(),
            goal: String::new(),
            owner_department: "fin".into(),
            starts: first,
            ends: last,
            stages: Vec::new(),
        };
        let id = county.app.campaigns.create(draft, &editor(), clock::now()).await.unwrap().id;
        let mut forever = booking("永远", vec![slogan]);
        (forever.schedule.from, forever.schedule.until) = (first, Some(last));
        let mut late = booking("世界尽头", vec![slogan]);
        (late.schedule.from, late.schedule.until) = (last.pred_opt().unwrap(), Some(last));
        let mut monthly = booking("每月", vec![slogan]);
        (monthly.schedule.from, monthly.schedule.until) = (first, Some(last));
        (monthly.schedule.weekdays, monthly.schedule.rrule) = (None, Some("FREQ=MONTHLY;BYDAY=1MO".into()));
        for draft in [forever, late, monthly] {
            // Refused or planned, either is right.
            let _ = county.app.campaigns.add_booking(id, draft, &editor(), clock::now()).await;
        }
        if !county.app.campaigns.get(id).await.unwrap().bookings.is_empty() {
            county.publish(id).await;
        }
        county.replan(clock::now()).await;
        let bookings = county.app.campaigns.in_force().await.unwrap();
        for day in [first, first.succ_opt().unwrap(), last.pred_opt().unwrap(), last] {
            county.app.playlists.built(&one, bookings.clone(), DateRange::day(day), clock::now()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn of_what_was_said_long_ago_stays_which_playlist_was_told_when_and_every_word_about_takeovers() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let playlists = &county.app.playlists;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let first = county.issued(&one);
        let id = county.start(takeover("预警", vec![urgent])).await;
        county.app.campaigns.withdraw_takeover(id, &editor(), clock::now()).await.unwrap();
        playlists.issue_takeovers(clock::now()).await.unwrap();
        // Twice the same once more, then another programme.
        let now = clock::now();
        for hours in [13, 26] {
            playlists.refresh(now.plus(hours * HOUR)).await.unwrap();
        }
        // Nothing but the wall's nights is different.
        let off = vec![DayWindow { from: "22:00".parse().unwrap(), to: "06:00".parse().unwrap() }];
        let wall = Some(WallSettings { off, ..WallSettings::default() });
        let change = ScreenChange { wall, ..ScreenChange::default() };
        county.app.screens.change(one.id, change, &person(Role::Operator), clock::now()).await.unwrap();
        county.work().await;
        let more = county.slogan("不点链接").await;
        county.on_air("又", booking("又", vec![more])).await;
        county.work().await;
        let last = county.issued(&one);
        let rows = async || {
            let query = crate::db::sql("SELECT version, says FROM manifests WHERE screen_id = $1 ORDER BY version");
            let rows = db.all(query.bind(one.id)).await.unwrap();
            let row = |row: &crate::db::Row| (row.number("version").unwrap(), !row.bytes("says").unwrap().is_empty());
            rows.iter().map(row).collect::<Vec<(u64, bool)>>()
        };
        let (before, told) = (rows().await, playlists.told(one.id, 10).await.unwrap());
        let ever = UtcInterval { start: UtcMillis(0), end: UtcMillis(i64::MAX) };
        let nights = async || {
            let mut walls: Vec<_> = playlists.walls_told(one.id, ever).await.unwrap();
            walls.dedup_by(|later, earlier| later.1 == earlier.1);
            walls
        };
        let dark = nights().await;
        assert_eq!(dark.len(), 2, "usual at first, then dark by night: {dark:?}");
        playlists.thin(now).await.unwrap();
        assert_eq!(rows().await, before, "nothing is old yet");
        playlists.thin(now.plus(40 * 24 * HOUR)).await.unwrap();
        let v = first.version;
        assert!((v..v + 5).all(|version| before.contains(&(version, true))), "{before:?}");
        let kept = rows().await;
        for row in [(v, false), (v + 1, true), (v + 2, false), (last.version, true)] {
            assert!(kept.contains(&row), "{row:?}: {kept:?}");
        }
        assert!(kept.iter().all(|(version, _)| ![v + 3, v + 4].contains(version)), "{kept:?}");
        assert_eq!(nights().await, dark, "when the wall was told to be dark stays");
        let versions = |told: &[Told]| told.iter().map(|told| (told.playlist, told.version)).collect::<Vec<_>>();
        assert_eq!(versions(&playlists.told(one.id, 10).await.unwrap()), versions(&told));
        for digest in [first.playlist.unwrap(), last.playlist.unwrap()] {
            assert!(playlists.was_issued(one.id, digest).await.unwrap());
        }
        assert!(!playlists.issued_takeovers(one.id, id).await.unwrap().is_empty());
        let signed = playlists.signed(&last);
        let county = county.restarted(&db).await;
        assert_eq!(county.app.playlists.signed(&county.issued(&one)), signed, "the newest is whole");
    })
    .await;
}

#[tokio::test]
async fn a_manifest_that_was_stored_with_its_signature_is_answered_as_it_was() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let issued = county.issued(&one);
        let signed = county.app.playlists.signed(&issued);
        let as_it_was =
            crate::db::sql("UPDATE manifests SET says = $1, signed = $2 WHERE screen_id = $3 AND version = $4");
        let as_it_was = as_it_was.bind(Vec::<u8>::new()).bind(signed.clone()).bind(one.id).bind(issued.version);
        db.exec(as_it_was).await.unwrap();
        let county = county.restarted(&db).await;
        assert_eq!(county.app.playlists.signed(&county.issued(&one)), signed);
        assert_eq!(county.manifest(&one).version, issued.version);
    })
    .await;
}

#[tokio::test]
async fn groups_that_a_player_listens_to_are_planned_first() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let playlists = &county.app.playlists;
        for screen in [&screens[2], &screens[0]] {
            let _news = playlists.follow(screen.id);
            let kept = playlists.planned.lock().await;
            let plan = &kept.as_ref().unwrap().plan;
            assert_eq!(plan.groups().len(), 2);
            let first = playlists.listened_to_first(plan, plan.groups())[0];
            assert_eq!(plan.group_of(screen.id), Some(first));
        }
    })
    .await;
}
