//! The current picture for boot pages.

use chrono::Timelike as _;
use xuanping_core::{
    playlist::WallSettings,
    recurrence::{DayWindow, TimeOfDay},
};

use super::*;
use crate::screens::ScreenChange;

/// Asks the public address; answers status, tag, caching and picture.
async fn picture(county: &County, path: &str, etag: Option<&str>) -> (StatusCode, String, String, Vec<u8>) {
    let mut request = Request::get(path);
    if let Some(etag) = etag {
        request = request.header(header::IF_NONE_MATCH, etag);
    }
    let response = router(county).oneshot(request.body(HttpBody::empty()).unwrap()).await.unwrap();
    let header = |name| response.headers().get(name).map_or(String::new(), |v| v.to_str().unwrap().to_owned());
    let (status, tag, caching) = (response.status(), header(header::ETAG), header(header::CACHE_CONTROL));
    (status, tag, caching, bytes_of(response).await)
}

fn size_of(png: &[u8]) -> (u32, u32) {
    let picture = image::load_from_memory(png).unwrap();
    (picture.width(), picture.height())
}

#[tokio::test]
async fn a_boot_page_gets_a_picture_of_exactly_its_size_whatever_is_on_or_missing() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [screen, ..] = three(&county).await;
        let who = person(Role::Admin);
        let link = county.app.screens.add_link(screen.id, &who, clock::now()).await.unwrap();
        let path = format!("/web/{}/current.png", link.token);

        let (status, tag, caching, png) = picture(&county, &format!("{path}?width=1280&height=720"), None).await;
        assert_eq!((status, size_of(&png)), (StatusCode::OK, (1280, 720)));
        let seconds: u32 = caching.strip_prefix("public, max-age=").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{caching}");
        assert!(!tag.contains("standby"), "{tag}: the slogan is on");
        let again = picture(&county, &format!("{path}?width=1280&height=720"), Some(&tag)).await;
        assert!(again.0 == StatusCode::NOT_MODIFIED || again.1 != tag, "unless the next one is on");
        let own = picture(&county, &path, None).await;
        assert_eq!(size_of(&own.3), (screen.size.width, screen.size.height));

        for bad in ["?width=1280", "?width=63&height=720", "?width=1280&height=100000", "?width=x&height=y"] {
            assert_eq!(
                picture(&county, &format!("{path}{bad}"), None).await.0,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{bad}"
            );
        }
        let unknown = format!("/web/{}/current.png", "a".repeat(26));
        assert_eq!(picture(&county, &unknown, None).await.0, StatusCode::NOT_FOUND);

        // The files are gone: nobody's television shows an error.
        std::fs::remove_dir_all(county.folder.path().join("blobs")).unwrap();
        let (status, tag, _, png) = picture(&county, &format!("{path}?width=720&height=576"), None).await;
        assert_eq!((status, size_of(&png)), (StatusCode::OK, (720, 576)));
        assert!(tag.contains("standby"), "{tag}");

        county.app.screens.revoke_link(screen.id, &link.token, &who, clock::now()).await.unwrap();
        assert_eq!(picture(&county, &path, None).await.0, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn a_screen_without_a_programme_gives_the_standby_picture() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let venue = county.venue("东镇支行", VenueType::BankHall, EAST).await;
        let screen = county.strip(venue, "甲").await;
        let link = county.app.screens.add_link(screen.id, &person(Role::Admin), clock::now()).await.unwrap();
        let (status, tag, caching, png) = picture(&county, &format!("/web/{}/current.png", link.token), None).await;
        assert_eq!((status, size_of(&png)), (StatusCode::OK, (1920, 1080)));
        assert_eq!((tag.as_str(), caching.as_str()), ("\"standby-1920x1080\"", "public, max-age=60"));
    })
    .await;
}

/// The local time so many minutes from now, in Shanghai.
fn in_minutes(minutes: i64) -> TimeOfDay {
    let local = clock::now().plus(minutes * 60_000).to_datetime().unwrap().with_timezone(&chrono_tz::Asia::Shanghai);
    format!("{:02}:{:02}", local.hour(), local.minute()).parse().unwrap()
}

#[tokio::test]
async fn while_a_wall_is_off_its_picture_is_black_until_it_is_on_again_or_an_emergency_lights_it() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let [screen, ..] = three(&county).await;
        let who = person(Role::Admin);
        let link = county.app.screens.add_link(screen.id, &who, clock::now()).await.unwrap();
        let path = format!("/web/{}/current.png?width=640&height=360", link.token);
        assert!(!picture(&county, &path, None).await.1.contains("black"));

        let off = vec![DayWindow { from: in_minutes(-2), to: in_minutes(2) }];
        let wall = Some(WallSettings { off, ..WallSettings::default() });
        let change = ScreenChange { wall, ..ScreenChange::default() };
        county.app.screens.change(screen.id, change, &person(Role::Operator), clock::now()).await.unwrap();
        county.work().await;
        let (status, tag, caching, png) = picture(&county, &path, None).await;
        assert_eq!((status, tag.as_str()), (StatusCode::OK, "\"black-640x360\""));
        let pixels = image::load_from_memory(&png).unwrap().to_rgb8();
        assert!(pixels.dimensions() == (640, 360) && pixels.pixels().all(|pixel| pixel.0 == [0, 0, 0]));
        assert_eq!(caching, "public, max-age=60", "nothing changes within a minute");
        assert_eq!(picture(&county, &path, Some(&tag)).await.0, StatusCode::NOT_MODIFIED);

        // Half a minute before it is on again, nobody may keep the black for longer than that.
        let minute = 60_000;
        let on_again = UtcMillis(clock::now().0.div_euclid(minute) * minute + 2 * minute);
        let playlists = &county.app.playlists;
        let size = Some(Size { width: 640, height: 360 });
        let late = playlists.current_picture(screen.id, size, on_again.plus(-30_000)).await.unwrap().unwrap();
        assert_eq!(late.until, Some(on_again));
        let lit = playlists.current_picture(screen.id, size, on_again).await.unwrap().unwrap();
        assert!(!lit.name.contains("black"), "{}", lit.name);

        let urgent = county.slogan("骗局预警").await;
        county.work().await;
        let emergency = NewTakeover { level: TakeoverLevel::Emergency, ..takeover("预警", vec![urgent]) };
        county.start(emergency).await;
        let (_, tag, ..) = picture(&county, &path, None).await;
        assert!(!tag.contains("black") && !tag.contains("standby"), "{tag}");
    })
    .await;
}
