//! A quota that a screen fell behind with is made up for, from the play log to the playlist.

use chrono::{Datelike as _, NaiveDate};
use xuanping_core::{
    campaign::{Booking, Period, Quota, QuotaForm},
    playlist::Playlist,
    time::DateRange,
};

use super::*;
use crate::{
    db::testing::for_each_database,
    playlists::{COUNTY_ZONE, Replan},
};

/// Two in the morning of a day in the county.
fn early(day: NaiveDate) -> UtcMillis {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis() - 8 * 3_600_000;
    UtcMillis(midnight + 2 * 3_600_000)
}

/// A Monday that is still to come.
fn monday() -> NaiveDate {
    let today = clock::today(COUNTY_ZONE);
    (2..9).map(|ahead| today + Days::new(ahead)).find(|day| day.weekday() == chrono::Weekday::Mon).unwrap()
}

impl County {
    /// Seventy a week on every screen, never more than eleven on a day.
    async fn seventy_a_week(&self) -> Booking {
        let today = clock::today(COUNTY_ZONE);
        let (now, campaigns) = (clock::now(), &self.app.campaigns);
        let until = today + Days::new(40);
        let draft = CampaignDraft {
            name: CAMPAIGN.into(),
            goal: String::new(),
            owner_department: "fin".into(),
            starts: today,
            ends: until,
            stages: Vec::new(),
        };
        let campaign = campaigns.create(draft, &editor(), now).await.unwrap();
        let booking = BookingDraft {
            name: "每周七十次".into(),
            creatives: vec![self.creative],
            selector: Selector::everything(),
            schedule: ScheduleForm {
                from: today,
                until: Some(until),
                weekdays: Some((1..=7).collect()),
                rrule: None,
                except: std::collections::BTreeSet::new(),
                also: std::collections::BTreeSet::new(),
                windows: vec![DayWindow::ALL_DAY],
            },
            mode: Mode::Quota(Quota::try_from(QuotaForm { plays: 70, per: Period::Week }).unwrap()),
            most_per_day: Some(11),
        };
        campaigns.add_booking(campaign.id, booking, &editor(), now).await.unwrap();
        campaigns.publish(campaign.id, Unreached::Refuse, &reviewer(), today, now).await.unwrap();
        self.work().await;
        campaigns.in_force().await.unwrap().remove(0)
    }

    async fn playlist_of(&self, player: &Player) -> Playlist {
        let (digest, _) = self.given(player).await;
        self.app.playlists.playlist(digest).await.unwrap()
    }

    /// How often the week's playlist shows the one booking, day by day.
    async fn planned(&self, player: &Player, week: DateRange) -> Vec<i64> {
        let playlist = self.playlist_of(player).await;
        let on = |date: NaiveDate| {
            let day = playlist.zones[0].days.iter().find(|day| day.date == date)?;
            let part = |part: &xuanping_core::playlist::Daypart| {
                let looped = &playlist.loops[part.looped as usize];
                part.end.since(part.start) / looped.length().as_i64() * looped.slots.len() as i64
            };
            Some(day.dayparts.iter().map(part).sum())
        };
        week.days().map(|date| on(date).unwrap_or(0)).collect()
    }

    /// What somebody who may look is told of a screen.
    async fn told(&self, player: &Player, what: &str) -> serde_json::Value {
        let path = format!("/api/v1/screens/{}/{what}", player.screen.id);
        let mut request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        request.extensions_mut().insert(crate::county::person(crate::accounts::Role::Auditor));
        let (router, _) = crate::playlists::http::routes(self.app.playlists.clone()).split_for_parts();
        let answer = tower::ServiceExt::oneshot(router, request).await.unwrap();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// The player shows its item so many times on a day, as this playlist has it, and reports it.
    async fn plays_on(&self, player: &mut Player, day: NaiveDate, times: i64, (digest, item): &(Digest, Item)) {
        let playlist = self.app.playlists.playlist(*digest).await.unwrap();
        let item = reference(Some(*digest), item);
        let planned = playlist.zones[0].days.iter().find(|planned| planned.date == day).unwrap();
        // Paced showings are a daypart each.
        let plays: Vec<_> = planned.dayparts.iter().take(times as usize).map(|part| play(part.start)).collect();
        assert_eq!(plays.len() as i64, times);
        let batch = player.seal(vec![item], plays);
        let evening = early(day + Days::new(1)).plus(-3 * 3_600_000);
        self.app.plays.ingest(&player.screen, batch.signed().to_vec(), evening).await.unwrap();
    }
}

fn explained(day: NaiveDate) -> String {
    format!("explain?at={}", early(day).0)
}

#[tokio::test]
async fn a_screen_that_was_off_on_monday_makes_up_for_it_in_the_rest_of_the_week_within_its_daily_cap() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let (off, mut on) = (county.player(1, 0).await, county.player(2, 0).await);
        county.seventy_a_week().await;
        let monday = monday();
        let week = DateRange::starting(monday, 7);
        let (tuesday, wednesday) = (monday + Days::new(1), monday + Days::new(2));
        county.app.playlists.replan(Replan::Everything, early(monday)).await.unwrap();
        assert_eq!(county.planned(&off, week).await, [10; 7]);
        assert_eq!(county.given(&off).await.0, county.given(&on).await.0, "one programme, one playlist");

        let on_monday = county.given(&on).await;
        county.plays_on(&mut on, monday, 10, &on_monday).await;
        county.app.plays.count_missed(early(tuesday)).await.unwrap();
        let rest = DateRange::starting(tuesday, 6);
        assert_eq!(county.planned(&on, rest).await, [10; 6]);
        assert_eq!(county.planned(&off, rest).await, [11; 6], "one more a day, the cap allows no more");
        let says = "本周应播 70 次；截至 ";
        let short = "应播 10 次，已播 0 次，缺 10 次，补播中";
        for (what, list) in
            [(format!("timeline?date={tuesday}"), "/bookings/0"), (explained(tuesday), "/zones/0/bookings/0")]
        {
            let told = county.told(&off, &what).await.pointer(list).unwrap()["catching_up"].clone();
            assert!(told.as_str().is_some_and(|told| told.starts_with(says) && told.ends_with(short)), "{told}");
            assert!(county.told(&on, &what).await.pointer(list).unwrap()["catching_up"].is_null());
        }
        let next_week = county.told(&off, &explained(monday + Days::new(7))).await;
        assert!(next_week.pointer("/zones/0/bookings/0").unwrap()["catching_up"].is_null());
        let on_tuesday = (county.given(&off).await, county.given(&on).await);
        let digest = on_tuesday.0.0;
        // Looking again, or planning again, changes nothing.
        county.app.plays.count_missed(early(tuesday)).await.unwrap();
        county.app.playlists.replan(Replan::Everything, early(tuesday)).await.unwrap();
        assert_eq!(county.given(&off).await.0, digest);
        // The horizon rolls before anybody looks: what was dealt to Wednesday stays there.
        county.app.playlists.replan(Replan::Everything, early(wednesday).plus(-2 * 3_600_000 + 1)).await.unwrap();
        assert_eq!(county.planned(&off, DateRange::starting(wednesday, 6)).await, [11, 11, 11, 11, 11, 10]);

        // It makes up for one on Tuesday, and is behind by nine.
        let mut off = off;
        county.plays_on(&mut off, tuesday, 11, &on_tuesday.0).await;
        county.plays_on(&mut on, tuesday, 10, &on_tuesday.1).await;
        county.app.plays.count_missed(early(wednesday)).await.unwrap();
        assert_eq!(county.planned(&on, DateRange::starting(wednesday, 5)).await, [10; 5]);
        assert_eq!(county.planned(&off, DateRange::starting(wednesday, 5)).await, [11; 5]);
        let told = county.told(&off, &explained(wednesday)).await;
        let told = told.pointer("/zones/0/bookings/0").unwrap()["catching_up"].clone();
        assert!(told.as_str().is_some_and(|t| t.ends_with("应播 20 次，已播 11 次，缺 9 次，补播中")), "{told}");
    })
    .await;
}

#[tokio::test]
async fn what_was_before_a_screen_was_paired_or_a_booking_published_is_not_missed() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let player = county.player(1, 0).await;
        let booking = county.seventy_a_week().await;
        // Published and paired today: today is no whole day, and what was before is nobody's.
        let tomorrow = clock::today(COUNTY_ZONE) + Days::new(1);
        let before = county.given(&player).await.0;
        county.app.plays.count_missed(early(tomorrow)).await.unwrap();
        assert_eq!(county.given(&player).await.0, before);
        let first = county.app.campaigns.first_published(&booking).await.unwrap().unwrap();
        assert!(clock::now().since(first) < 600_000);
    })
    .await;
}
