//! How screens are divided: what is kept, what is refused and with which words, and what becomes of it when a screen gets another
//! size.

use axum::{
    Extension,
    body::Body as HttpBody,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use xuanping_core::{
    geometry::{Rect, ZoneName},
    wire::EnrolmentState,
};

use super::*;
use crate::db::{sql, testing::for_each_database};

const OWN: &str = "main=1280x960+0+0,ticker=1920x64+0+1000";

fn layout(text: &str) -> Layout {
    text.parse().unwrap()
}

fn divided(text: &str) -> ScreenChange {
    ScreenChange { layout: Some(layout(text)), ..ScreenChange::default() }
}

/// What the console is answered.
async fn ask(house: &House, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let (router, _) = http::routes(house.screens.clone()).split_for_parts();
    let router = router.layer(Extension(house.screens.clone()));
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(HttpBody::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(operator());
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[tokio::test]
async fn zones_lie_where_somebody_put_them_for_whoever_asks() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await;
        for text in ["ticker_and_main", OWN, "main=640x480+1280+600", "full"] {
            let before = house.jobs.waiting().await.unwrap();
            let changed = house.screens.change(screen.id, divided(text), &operator(), now).await.unwrap();
            let kept = house.screens.get(screen.id).await.unwrap();
            assert_eq!((changed.layout, kept.layout), (layout(text), layout(text)));
            assert_eq!(house.screens.list(&ScreenFilter::default()).await.unwrap()[0].layout, layout(text));
            let candidate = house.screens.candidate(screen.id).await.unwrap().unwrap();
            assert_eq!(candidate.facts.zones, layout(text).zones(hall().size, Sound::On), "and it can be heard");
            assert_eq!(candidate.size, hall().size);
            assert!(house.jobs.waiting().await.unwrap() >= before, "it is planned anew");
        }
        // What was written before anybody could say where zones lie.
        for text in ["full", "main_and_ticker"] {
            let mut tx = db.begin().await.unwrap();
            tx.exec(sql("UPDATE screens SET layout = $1").bind(text)).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(house.screens.get(screen.id).await.unwrap().layout, layout(text));
        }
    })
    .await;
}

#[tokio::test]
async fn an_operator_who_draws_what_cannot_be_reads_what_to_do_beside_the_field() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await;
        let path = format!("/api/v1/screens/{}", screen.id);
        let rect = |x, y, width, height| json!({ "x": x, "y": y, "width": width, "height": height });
        let free = |main: Value, ticker: Value| json!({ "layout": { "free": { "main": main, "ticker": ticker } } });
        for (body, words) in [
            (free(rect(0, 0, 1280, 960), rect(0, 900, 1920, 120)), "主区与字幕条重叠。"),
            (free(rect(800, 0, 1280, 960), Value::Null), "主区超出屏幕：左边距与宽度加起来是 2080，屏幕只有 1920。"),
            (free(rect(0, 0, 1281, 960), Value::Null), "主区的宽度是 1281，须为偶数。请改为 1280 或 1282。"),
            (free(rect(0, 0, 1280, 960), rect(0, 960, 1920, 14)), "字幕条只有 1920×14 点，至少须 64×16 点。"),
            (json!({ "layout": "audio_only" }), "“只播声音”用于音柱、广播。"),
            (json!({ "layout": "half" }), "unknown variant"),
        ] {
            let (status, said) = ask(&house, "PATCH", &path, &body).await;
            assert_eq!((status, &said["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("layout")), "{said}");
            assert!(said["detail"].as_str().unwrap().starts_with(words), "{said}");
        }
        assert_eq!(house.screens.get(screen.id).await.unwrap().layout, screen.layout, "nothing has changed");

        let good = free(rect(640, 0, 1280, 960), rect(0, 1000, 1920, 80));
        let (status, said) = ask(&house, "PATCH", &path, &good).await;
        assert_eq!((status, &said["layout"]), (StatusCode::OK, &good["layout"]), "{said}");
        let zones = json!([
            { "name": "main", "rect": rect(640, 0, 1280, 960) },
            { "name": "ticker", "rect": rect(0, 1000, 1920, 80) },
            { "name": "audio", "rect": rect(0, 0, 0, 0) },
        ]);
        assert_eq!(said["zones"], zones);
        // Whoever types a code may say so at once.
        let mut pair = free(rect(0, 0, 640, 480), Value::Null);
        for (name, value) in [
            ("code", json!(house.code(2, now).await)),
            ("venue_id", json!(venue)),
            ("name", json!("门口屏")),
            ("sound", json!("off")),
        ] {
            pair[name] = value;
        }
        let (status, said) = ask(&house, "POST", "/api/v1/pairings", &pair).await;
        assert_eq!((status, &said["layout"]), (StatusCode::CREATED, &pair["layout"]), "{said}");
    })
    .await;
}

#[tokio::test]
async fn a_token_stands_for_zones_too_and_waits_for_a_wall_that_has_them() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let new = NewToken { venue, name: "大厅屏".into(), layout: layout(OWN), sound: Sound::Off, life: 60_000 };
        let token = house.screens.issue_token(new, &Actor::CommandLine, now).await.unwrap();
        let smaller = Capabilities { size: Size { width: 1280, height: 720 }, ..hall() };
        let refused = house.screens.introduce(key(1).public(), smaller, Some(&token), now).await;
        assert!(matches!(refused, Err(ScreenError::BadLayout(LayoutFault::Outside { .. }))), "{refused:?}");
        let state = house.screens.introduce(key(2).public(), hall(), Some(&token), now).await.unwrap();
        let EnrolmentState::Enrolled { screen } = state else { panic!("{state:?}") };
        assert_eq!(house.screens.get(screen).await.unwrap().layout, layout(OWN));
    })
    .await;
}

#[tokio::test]
async fn a_screen_gets_another_size_when_a_person_says_so_and_a_layout_that_fits_there() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let (now, venue) = (clock::now(), house.venue("东镇支行", EAST).await);
        let screen = house.screen(1, venue).await;
        let change = async |change| house.screens.change(screen.id, change, &operator(), now).await;
        let sized = |width, height| ScreenChange { size: Some(Size { width, height }), ..ScreenChange::default() };
        // A usual layout is of whatever size the screen has.
        assert_eq!(change(sized(1280, 720)).await.unwrap().size, Size { width: 1280, height: 720 });
        let zones = house.screens.candidate(screen.id).await.unwrap().unwrap().facts.zones;
        let ticker = zones.iter().find(|zone| zone.name == ZoneName::Ticker).unwrap();
        assert_eq!(ticker.rect, Rect { x: 0, y: 640, width: 1280, height: 80 });
        change(sized(1920, 1080)).await.unwrap();
        // A free one is drawn for one size: whoever says another draws it anew.
        change(divided(OWN)).await.unwrap();
        let refused = change(sized(1280, 720)).await;
        assert!(matches!(refused, Err(ScreenError::BadLayout(LayoutFault::Outside { .. }))), "{refused:?}");
        assert_eq!(house.screens.get(screen.id).await.unwrap().size, hall().size, "until then it stays as it is");
        let both = ScreenChange { layout: Some(layout("main=640x480+0+0")), ..sized(1280, 720) };
        let changed = change(both).await.unwrap();
        assert_eq!((changed.size.width, changed.layout), (1280, layout("main=640x480+0+0")));
        assert_eq!(house.screens.get(screen.id).await.unwrap(), changed);
        // Neither no size nor one that no display has.
        for (width, height) in [(0, 0), (0, 720), (16_384, 16_384), (20_000, 16)] {
            assert!(matches!(change(sized(width, height)).await, Err(ScreenError::BadCapabilities("size"))));
        }
        // A player that comes again with another size, by itself, moves nothing.
        let smaller = Capabilities { size: Size { width: 640, height: 480 }, ..hall() };
        house.screens.introduce(key(1).public(), smaller, None, now).await.unwrap();
        assert_eq!(house.screens.get(screen.id).await.unwrap().size, changed.size);
    })
    .await;
}
