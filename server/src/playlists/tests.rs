//! Stories of playlists on both databases: what is planned, what is issued, and how players come by it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::Body as HttpBody,
    http::{Request, StatusCode, header},
    response::Response,
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use xuanping_core::{
    campaign::Selector,
    geometry::{Layout, Size, ZoneName},
    playlist::{OnAir, TakeoverLevel, TrustedManifest},
    sign::SecretKey,
    vocabulary::VenueType,
    wire::{Capabilities, RequestProof},
};

use super::*;
use crate::{
    accounts::Role,
    campaigns::{BookingDraft, NewTakeover},
    county::{County, EAST, WEST, booking, day, editor, person, strip, takeover, today},
    db::testing::for_each_database,
    screens::{Screen, VenueChange},
};

const HOUR: i64 = 3_600_000;

impl County {
    async fn replan(&self, now: UtcMillis) {
        self.app.playlists.replan(None, now).await.unwrap();
    }

    fn issued(&self, screen: &Screen) -> Arc<Issued> {
        self.app.playlists.issued(screen.id).expect("a manifest")
    }

    fn versions(&self, screens: &[&Screen]) -> Vec<u64> {
        screens.iter().map(|screen| self.issued(screen).version).collect()
    }

    /// The manifest in force as its player accepts it.
    fn manifest(&self, screen: &Screen) -> Manifest {
        let signed = self.issued(screen).signed.clone();
        TrustedManifest::accept(signed, &self.app.publisher.public(), screen.id, None).unwrap().manifest
    }

    async fn playlist(&self, screen: &Screen) -> Playlist {
        self.app.playlists.playlist(self.issued(screen).playlist.unwrap()).await.unwrap()
    }

    fn takeovers(&self, screen: &Screen) -> Vec<TakeoverId> {
        self.manifest(screen).takeovers.into_iter().map(|t| t.id).collect()
    }

    async fn start(&self, new: NewTakeover) -> TakeoverId {
        let now = clock::now();
        let id = self.app.campaigns.start_takeover(new, &editor(), now).await.unwrap().id;
        self.app.playlists.issue_takeovers(now).await.unwrap();
        id
    }
}

fn west() -> Selector {
    Selector { areas: vec![WEST.parse().unwrap()], ..Selector::default() }
}

/// Two strips in the east and one in the west, one slogan everywhere and one in the west only, planned.
async fn three(county: &County) -> [Screen; 3] {
    let bank = county.venue("东镇支行", VenueType::BankHall, EAST).await;
    let clinic = county.venue("西镇诊所", VenueType::Clinic, WEST).await;
    let screens = [county.strip(bank, "甲").await, county.strip(bank, "乙").await, county.strip(clinic, "丙").await];
    let (everywhere, western) = (county.slogan("不转账").await, county.slogan("不轻信").await);
    county.on_air("全县", booking("全县", vec![everywhere])).await;
    county.on_air("西镇", BookingDraft { selector: west(), ..booking("西镇", vec![western]) }).await;
    county.work().await;
    screens
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
        let (before, signed) = (county.versions(&all), county.issued(&screens[0]).signed.clone());
        let county = county.restarted(&db).await;
        assert_eq!(county.issued(&screens[0]).signed, signed, "players are answered before anything is planned");
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
        let later = first.issued.plus(6 * HOUR + 1);
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
async fn a_takeover_reaches_its_target_and_no_other_and_leaves_when_it_is_withdrawn() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let [one, _, three] = &screens;
        let all = [&screens[0], &screens[1], &screens[2]];
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let before = county.versions(&all);
        let playlist = county.issued(three).playlist;
        let id = county.start(NewTakeover { selector: west(), ..takeover("预警", vec![urgent]) }).await;
        assert_eq!((county.takeovers(three), county.takeovers(one)), (vec![id], vec![]));
        assert_eq!(county.issued(three).playlist, playlist, "the programme stays as it is");
        assert_eq!(county.versions(&all), [before[0], before[1], before[2] + 1]);
        let told = county.manifest(three).takeovers.remove(0);
        assert_eq!((told.level, told.items.len()), (TakeoverLevel::Warning, 1));
        assert_eq!((told.items[0].zone, told.items[0].item.creative), (ZoneName::Main, urgent));
        assert_eq!(told.items[0].item.booking, crate::campaigns::booking_of(id));

        let louder =
            county.start(NewTakeover { level: TakeoverLevel::Emergency, ..takeover("紧急", vec![urgent]) }).await;
        assert_eq!((county.takeovers(three), county.takeovers(one)), (vec![louder, id], vec![louder]));
        // Planning in between keeps them.
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(three), [louder, id]);
        for id in [id, louder] {
            county.app.campaigns.withdraw_takeover(id, &editor(), clock::now()).await.unwrap();
            county.app.playlists.issue_takeovers(clock::now()).await.unwrap();
            assert!(!county.takeovers(three).contains(&id));
        }
        assert_eq!(county.takeovers(one), []);
        let shown = async |screen: &Screen| county.app.playlists.issued_in_takeover(screen.id, id).await.unwrap().len();
        assert!(shown(three).await > 0 && shown(one).await == 0, "what it showed is known for good");
    })
    .await;
}

#[tokio::test]
async fn a_takeover_survives_a_restart_and_leaves_manifests_when_it_has_expired() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let id = county.start(takeover("预警", vec![urgent])).await;
        let county = county.restarted(&db).await;
        assert_eq!(county.takeovers(&one), [id]);
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one), [id]);
        county.replan(clock::now().plus(11 * 60_000)).await;
        assert_eq!(county.takeovers(&one), []);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_that_nobody_issued_is_issued_by_planning() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        // The process dies right after the button: only what it stored is left.
        let new = takeover("预警", vec![urgent]);
        let id = county.app.campaigns.start_takeover(new, &editor(), clock::now()).await.unwrap().id;
        let county = county.restarted(&db).await;
        assert_eq!(county.takeovers(&one), []);
        let due = db.one(crate::db::sql("SELECT due_at FROM jobs WHERE kind = 'replan'")).await.unwrap();
        assert!(due.instant("due_at").unwrap() < clock::now().plus(60_000));
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one), [id]);
    })
    .await;
}

#[tokio::test]
async fn a_takeover_that_is_still_being_rendered_comes_as_soon_as_it_is() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        let id = county.start(takeover("预警", vec![urgent])).await;
        assert_eq!(county.takeovers(&one), []);
        county.work().await;
        assert_eq!(county.takeovers(&one), [id]);
    })
    .await;
}

#[tokio::test]
async fn planning_and_takeovers_at_the_same_time_never_undo_each_other() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let screens = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        for round in 0..5 {
            let more = county.slogan(&format!("标语{round}")).await;
            county.on_air(&format!("活动{round}"), booking("又", vec![more])).await;
            county.app.jobs.drain(&county.app.handlers()).await.unwrap();
            let (planner, other) = (county.app.playlists.clone(), county.app.playlists.clone());
            let planning = tokio::spawn(async move { planner.replan(None, clock::now()).await });
            let again = tokio::spawn(async move { other.replan(None, clock::now()).await });
            let id = county.start(takeover("预警", vec![urgent])).await;
            planning.await.unwrap().unwrap();
            again.await.unwrap().unwrap();
            for screen in &screens {
                assert_eq!(county.takeovers(screen), [id], "round {round}");
            }
            county.app.campaigns.withdraw_takeover(id, &editor(), clock::now()).await.unwrap();
            county.app.playlists.issue_takeovers(clock::now()).await.unwrap();
        }
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
        county.on_air("上午", BookingDraft { weight: 3, ..mornings }).await;
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
        let (playlist, _) =
            county.app.playlists.preview(&one, bookings, day(3), clock::now()).await.unwrap().expect("a plan");
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
        let later = start.plus(7 * HOUR);
        county.replan(later).await;
        assert!(county.app.playlists.oldest().is_some_and(|oldest| oldest == later));
    })
    .await;
}

fn router(county: &County) -> Router {
    let (router, _) = http::routes(county.app.playlists.clone()).split_for_parts();
    router.layer(Extension(county.app.screens.clone()))
}

async fn ask(county: &County, key: &SecretKey, path: &str, etag: Option<&str>) -> Response {
    let mut request = Request::get(path);
    for (name, value) in RequestProof::make(key, "GET", path, clock::now(), b"").headers() {
        request = request.header(name, value);
    }
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    router(county).oneshot(request.body(HttpBody::empty()).unwrap()).await.unwrap()
}

async fn bytes_of(response: Response) -> Vec<u8> {
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn a_player_that_waits_is_answered_the_moment_there_is_news() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        three(&county).await;
        let venue = county.app.screens.venues().await.unwrap()[0].id;
        let (screen, key) = county.screen(venue, "丁", strip(), Layout::Full).await;
        let none_yet = ask(&county, &key, "/player/v1/manifest", None).await;
        assert_eq!(none_yet.status(), StatusCode::NOT_FOUND);
        let began = Instant::now();
        let (first, ()) = tokio::join!(ask(&county, &key, "/player/v1/manifest?wait=50", None), county.work());
        assert_eq!(first.status(), StatusCode::OK);
        let etag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let manifest =
            TrustedManifest::accept(bytes_of(first).await, &county.app.publisher.public(), screen.id, None).unwrap();
        assert_eq!(etag, format!("\"{}\"", manifest.manifest.version));

        let same = ask(&county, &key, "/player/v1/manifest", Some(&etag)).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
        let waited = Instant::now();
        let same = ask(&county, &key, "/player/v1/manifest?wait=1", Some(&etag)).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
        assert!(waited.elapsed() >= Duration::from_millis(950));

        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let waiting = ask(&county, &key, "/player/v1/manifest?wait=50", Some(&etag));
        let (news, id) = tokio::join!(waiting, county.start(takeover("预警", vec![urgent])));
        let news = TrustedManifest::accept(bytes_of(news).await, &county.app.publisher.public(), screen.id, None);
        assert_eq!(news.unwrap().manifest.takeovers[0].id, id);

        // One that is retired while it waits is not kept waiting.
        let etag = format!("\"{}\"", county.issued(&screen).version);
        let waiting = ask(&county, &key, "/player/v1/manifest?wait=50", Some(&etag));
        let (over, ()) = tokio::join!(waiting, async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            county.retire(screen.id).await;
            county.work().await;
        });
        assert_eq!(over.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&county, &key, "/player/v1/manifest", Some(&etag)).await.status(), StatusCode::GONE);
        assert!(began.elapsed() < Duration::from_secs(40), "nobody waited out the fifty seconds");
    })
    .await;
}

#[tokio::test]
async fn players_get_playlists_and_renditions_by_digest_and_nothing_else() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        three(&county).await;
        let venue = county.app.screens.venues().await.unwrap()[0].id;
        let (screen, key) = county.screen(venue, "丁", strip(), Layout::Full).await;
        county.work().await;
        let digest = county.issued(&screen).playlist.unwrap();
        let playlist = ask(&county, &key, &format!("/player/v1/playlists/{digest}"), None).await;
        let immutable = playlist.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable");
        assert!(playlist.status() == StatusCode::OK && immutable);
        let bytes = bytes_of(playlist).await;
        assert_eq!(Digest::of(&bytes), digest);
        let item = Playlist::from_bytes(&bytes).unwrap().items.remove(0);
        let asset = ask(&county, &key, &format!("/player/v1/assets/{}", item.asset), None).await;
        let asset = bytes_of(asset).await;
        assert_eq!((Digest::of(&asset), asset.len() as u64), (item.asset, item.bytes));

        let status = async |key: &SecretKey, path: String| ask(&county, key, &path, None).await.status();
        // A blob that is no rendition, one that is no playlist, none at all, and a key that is no screen's.
        assert_eq!(status(&key, format!("/player/v1/assets/{digest}")).await, StatusCode::NOT_FOUND);
        assert_eq!(status(&key, format!("/player/v1/playlists/{}", item.asset)).await, StatusCode::NOT_FOUND);
        assert_eq!(status(&key, "/player/v1/playlists/..%2F..%2Fkeys".into()).await, StatusCode::NOT_FOUND);
        let stranger = SecretKey::from_seed(&[200; 32]);
        assert_eq!(status(&stranger, format!("/player/v1/playlists/{digest}")).await, StatusCode::UNAUTHORIZED);
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
            county.app.playlists.preview(&one, bookings.clone(), day, clock::now()).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_takeover_that_could_not_be_issued_at_once_has_started_all_the_same() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [one, ..] = three(&county).await;
        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let call = async |path: String, body: serde_json::Value| {
            let mut request = Request::post(path)
                .header(header::CONTENT_TYPE, "application/json")
                .body(HttpBody::from(body.to_string()))
                .unwrap();
            request.extensions_mut().insert(person(Role::Editor));
            let answer = router(&county).oneshot(request).await.unwrap();
            let status = answer.status();
            (status, serde_json::from_slice::<serde_json::Value>(&bytes_of(answer).await).unwrap_or_default())
        };
        let form = serde_json::json!({
            "title": "预警", "level": "warning", "creatives": [urgent], "expires_in_minutes": 10,
        });
        let rename = async |from: &str, to: &str| {
            db.exec(crate::db::sql(format!("ALTER TABLE {from} RENAME TO {to}"))).await.unwrap();
        };
        rename("manifests", "gone").await;
        let (status, started) = call("/api/v1/takeovers".into(), form).await;
        assert_eq!((status, &started["screens"]), (StatusCode::CREATED, &serde_json::json!(0)));
        rename("gone", "manifests").await;
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one).len(), 1);
        let id = started["takeover"]["id"].as_str().unwrap();
        rename("manifests", "gone").await;
        let (status, _) = call(format!("/api/v1/takeovers/{id}/withdraw"), serde_json::Value::Null).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        rename("gone", "manifests").await;
        county.replan(clock::now()).await;
        assert_eq!(county.takeovers(&one), []);
    })
    .await;
}
