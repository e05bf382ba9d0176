//! What players send: whose request it is, their reports, and live pictures.

use axum::{
    Extension, Router,
    body::Body as HttpBody,
    http::{Method, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use xuanping_core::{
    geometry::ZoneName,
    id::BootId,
    wire::{EnrolmentRequest, RequestProof, Retirement, ZoneStatus},
};

use super::*;
use crate::db::testing::for_each_database;

const STATUS: &str = "/player/v1/status";

fn router(house: &House) -> Router {
    let (router, _) = http::routes(house.screens.clone()).split_for_parts();
    router.layer(Extension(house.screens.clone()))
}

struct Answer {
    status: StatusCode,
    body: Value,
}

impl Answer {
    fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"].as_str().unwrap_or_default();
        (self.status.as_u16(), kind.trim_start_matches("urn:xuanping:problem:"))
    }
}

async fn send(house: &House, request: Request<HttpBody>) -> Answer {
    let response = router(house).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

fn request(proof: &RequestProof, method: &str, path: &str, body: &[u8]) -> Request<HttpBody> {
    let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
    for (name, value) in proof.headers() {
        request = request.header(name, value);
    }
    request.body(body.to_vec().into()).unwrap()
}

async fn signed(house: &House, n: u8, method: &str, path: &str, body: &[u8]) -> Answer {
    let proof = RequestProof::make(&key(n), method, path, clock::now(), body);
    send(house, request(&proof, method, path, body)).await
}

fn report() -> PlayerStatus {
    PlayerStatus {
        boot: BootId::new(Uuid::from_u128(5)),
        now: clock::now(),
        device_timezone: None,
        manifest_version: 1,
        playlist: None,
        zones: vec![ZoneStatus { zone: ZoneName::Main, creative: None }],
        unreported_plays: 0,
        missing_assets: 0,
        last_error: None,
        software: "test".into(),
        dark: false,
        health: None,
        abilities: xuanping_core::wire::PlayerAbilities::default(),
        obeyed: Vec::new(),
        size: None,
    }
}

fn bytes_of(status: &PlayerStatus) -> Vec<u8> {
    serde_json::to_vec(status).unwrap()
}

#[tokio::test]
async fn a_report_counts_only_with_the_screens_own_fresh_signature_over_just_this_request() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        let body = bytes_of(&report());
        let good = signed(&house, 1, "POST", STATUS, &body).await;
        assert_eq!((good.status, &good.body["picture_wanted"]), (StatusCode::OK, &json!(false)));
        assert!(house.screens.get(screen.id).await.unwrap().is_online(clock::now()));

        assert_eq!(signed(&house, 9, "POST", STATUS, &body).await.problem(), (401, "unknown-device"));
        let now = clock::now();
        let proof = RequestProof::make(&key(1), "POST", STATUS, now, &body);
        let stolen = RequestProof {
            key: key(1).public().fingerprint(),
            ..RequestProof::make(&key(9), "POST", STATUS, now, &body)
        };
        assert_eq!(send(&house, request(&stolen, "POST", STATUS, &body)).await.problem(), (401, "bad-signature"));
        let other_body = bytes_of(&PlayerStatus { manifest_version: 2, ..report() });
        let replayed = send(&house, request(&proof, "POST", STATUS, &other_body)).await;
        assert_eq!(replayed.problem(), (401, "bad-signature"), "a proof is for one body");
        let replayed = send(&house, request(&proof, "PUT", "/player/v1/picture", &body)).await;
        assert_eq!(replayed.problem(), (401, "bad-signature"), "and one address");
        let later = RequestProof { time: now.plus(1), ..proof };
        assert_eq!(send(&house, request(&later, "POST", STATUS, &body)).await.problem(), (401, "bad-signature"));

        let unsigned = Request::post(STATUS).body(HttpBody::empty()).unwrap();
        assert_eq!(send(&house, unsigned).await.problem(), (401, "unsigned-request"));
    })
    .await;
}

#[tokio::test]
async fn a_proof_from_another_time_is_refused_with_the_time_it_is() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        house.screen(1, venue).await;
        let body = bytes_of(&report());
        let now = clock::now();
        let far = [now.plus(-121_000), now.plus(180_000), UtcMillis(i64::MIN), UtcMillis(i64::MAX), UtcMillis(0)];
        for time in far {
            let proof = RequestProof::make(&key(1), "POST", STATUS, time, &body);
            let refused = send(&house, request(&proof, "POST", STATUS, &body)).await;
            assert_eq!(refused.problem(), (401, "clock-skew"), "{time}");
            assert!(refused.body["now"].as_i64().unwrap() >= now.0, "the player can set its clock by it");
        }
        let near = RequestProof::make(&key(1), "POST", STATUS, now.plus(-100_000), &body);
        assert_eq!(send(&house, request(&near, "POST", STATUS, &body)).await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn a_retired_screens_player_is_told_to_go() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        house.screens.retire(screen.id, &operator(), clock::now()).await.unwrap();
        let told = signed(&house, 1, "POST", STATUS, &bytes_of(&report())).await;
        assert_eq!(told.problem(), (410, "screen-retired"));
        // With the office's signed word for it, about this device: nothing else makes a player delete anything.
        let word = told.body[Retirement::MEMBER].as_str().unwrap();
        let said = Retirement::verify(word, &house.screens.publisher.public(), key(1).public().fingerprint()).unwrap();
        assert_eq!(said.screen, screen.id);
        // But only the player itself: others learn nothing of keys.
        let proof = RequestProof::make(&key(2), "POST", STATUS, clock::now(), b"");
        let stolen = RequestProof { key: key(1).public().fingerprint(), ..proof };
        assert_eq!(send(&house, request(&stolen, "POST", STATUS, b"")).await.problem(), (401, "bad-signature"));
    })
    .await;
}

#[tokio::test]
async fn a_remembered_key_is_still_to_sign_and_is_forgotten_when_its_screen_retires() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        let (body, print) = (bytes_of(&report()), key(1).public().fingerprint());
        assert_eq!(signed(&house, 1, "POST", STATUS, &body).await.status, StatusCode::OK);
        let now = clock::now();
        let remembered = house.screens.caller(print, now).await.unwrap().expect("a screen in service");
        let proof = RequestProof::make(&key(2), "POST", STATUS, now, &body);
        let stolen = RequestProof { key: print, ..proof };
        assert_eq!(send(&house, request(&stolen, "POST", STATUS, &body)).await.problem(), (401, "bad-signature"));

        house.screens.retire(screen.id, &operator(), now).await.unwrap();
        assert_eq!(signed(&house, 1, "POST", STATUS, &body).await.problem(), (410, "screen-retired"));
        // Somebody had read its row just before that, and is slow.
        house.screens.callers.put(print, remembered, now);
        assert_eq!(signed(&house, 1, "POST", STATUS, &body).await.problem(), (410, "screen-retired"));
    })
    .await;
}

#[tokio::test]
async fn a_key_is_believed_to_be_a_screens_for_ten_minutes_at_most() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        let (now, print) = (clock::now(), key(1).public().fingerprint());
        let known = async |at| house.screens.caller(print, at).await.unwrap().map(|caller| caller.screen);
        assert_eq!(known(now).await, Some(screen.id));
        // By another process, of which this one hears nothing.
        let retired = crate::db::sql("UPDATE screens SET retired_at = $2 WHERE id = $1");
        db.exec(retired.bind(screen.id).bind(now)).await.unwrap();
        assert_eq!(known(now.plus(4 * 60_000)).await, Some(screen.id), "nobody is asked so soon");
        assert_eq!(known(now.plus(10 * 60_000)).await, None);
    })
    .await;
}

#[tokio::test]
async fn an_introduction_is_signed_by_the_key_that_it_brings_and_small() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let path = "/player/v1/enrolments";
        let bringing = |n: u8| EnrolmentRequest { public_key: key(n).public(), capabilities: hall(), token: None };
        let body = serde_json::to_vec(&bringing(1)).unwrap();
        let good = signed(&house, 1, "POST", path, &body).await;
        assert_eq!((good.status, &good.body["state"]["is"]), (StatusCode::OK, &json!("waiting")));
        let mine = signed(&house, 1, "GET", "/player/v1/enrolments/mine", b"").await;
        assert_eq!(mine.body["state"], good.body["state"]);
        assert_eq!(
            signed(&house, 2, "POST", path, &body).await.problem(),
            (401, "bad-signature"),
            "somebody else's key"
        );
        assert_eq!(signed(&house, 1, "POST", path, b"{}").await.problem(), (422, "invalid-body"));
        assert_eq!(signed(&house, 1, "POST", path, &vec![b' '; 65 << 10]).await.problem(), (413, "body-too-large"));
        // A body of the size that screens may send is not even read from a stranger.
        let large = signed(&house, 7, "POST", STATUS, &vec![b' '; 4 << 20]).await;
        assert_eq!(large.problem(), (401, "unknown-device"));
    })
    .await;
}

#[tokio::test]
async fn a_report_is_cut_to_what_a_person_can_read() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        let verbose = PlayerStatus {
            last_error: Some("错".repeat(100_000)),
            software: "x".repeat(10_000),
            device_timezone: Some("y".repeat(10_000)),
            zones: vec![ZoneStatus { zone: ZoneName::Main, creative: None }; 10_000],
            ..report()
        };
        assert_eq!(signed(&house, 1, "POST", STATUS, &bytes_of(&verbose)).await.status, StatusCode::OK);
        let (_, kept) = house.screens.get(screen.id).await.unwrap().status.unwrap();
        assert_eq!(kept.last_error.unwrap().chars().count(), 300);
        assert!(bytes_of(&PlayerStatus { last_error: None, ..kept }).len() < 2_000);
    })
    .await;
}

#[tokio::test]
async fn pictures_are_kept_only_while_somebody_looks() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let (one, two) = (house.screen(1, venue).await.id, house.screen(2, venue).await.id);
        let now = clock::now();
        let png = axum::body::Bytes::from_static(b"\x89PNG\r\n\x1a\n...");
        let put = |id, at| house.screens.put_picture(id, png.clone(), at);
        put(one, now);
        assert!(house.screens.look_at(one, now).is_none(), "sent without being asked for");
        put(one, now.plus(1));
        assert_eq!(house.screens.look_at(one, now.plus(2)).unwrap().at, now.plus(1));
        let reply = house.screens.report(one, &report(), now.plus(3));
        assert!(reply.picture_wanted && reply.next_in < STATUS_EVERY);
        assert!(!house.screens.report(two, &report(), now).picture_wanted);
        let later = now.plus(61_000);
        assert!(!house.screens.report(one, &report(), later).picture_wanted);
        put(two, later);
        assert!(house.screens.look_at(one, later).is_none(), "forgotten");
    })
    .await;
}

#[tokio::test]
async fn a_picture_is_a_png_of_at_most_four_megabytes() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let screen = house.screen(1, venue).await;
        house.screens.look_at(screen.id, clock::now());
        let path = "/player/v1/picture";
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        assert_eq!(signed(&house, 1, "PUT", path, b"<svg/>").await.problem(), (422, "invalid-value"));
        assert_eq!(signed(&house, 1, "PUT", path, &png).await.status, StatusCode::NO_CONTENT);
        png.resize((4 << 20) + 1, 0);
        assert_eq!(signed(&house, 1, "PUT", path, &png).await.problem(), (413, "picture-too-large"));
        png.resize((5 << 20) + 1, 0);
        assert_eq!(signed(&house, 1, "PUT", path, &png).await.problem(), (413, "body-too-large"));
        assert_eq!(house.screens.look_at(screen.id, clock::now()).unwrap().png.len(), 8);
    })
    .await;
}

#[tokio::test]
async fn a_filter_by_an_area_that_is_none_is_refused_and_not_a_fault() {
    for_each_database(async |db| {
        let house = house(&db).await;
        for path in ["/api/v1/screens?area=000", "/api/v1/venues?area=%E4%B8%89000", "/api/v1/screens?area=%25"] {
            let mut request = Request::get(path).body(HttpBody::empty()).unwrap();
            request.extensions_mut().insert(operator());
            let refused = send(&house, request).await;
            assert_eq!((refused.problem(), &refused.body["field"]), ((422, "invalid-value"), &json!("area")), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_report_is_known_at_once_and_stored_with_the_others_a_moment_later() {
    for_each_database(async |db| {
        let house = house(&db).await;
        let venue = house.venue("东镇支行", EAST).await;
        let (one, two) = (house.screen(1, venue).await.id, house.screen(2, venue).await.id);
        let now = clock::now();
        let stored = async |id| store::screens::get(&db, id).await.unwrap().unwrap().status.map(|(seen, _)| seen);
        let known = async |id| house.screens.get(id).await.unwrap().status.map(|(seen, _)| seen);
        house.screens.report(one, &report(), now);
        house.screens.report(two, &report(), now.plus(1));
        assert_eq!((known(one).await, stored(one).await), (Some(now), None));
        house.screens.store_reports().await.unwrap();
        assert_eq!((stored(one).await, stored(two).await), (Some(now), Some(now.plus(1))));
        house.screens.report(one, &report(), now.plus(2));
        assert_eq!((known(one).await, stored(one).await), (Some(now.plus(2)), Some(now)));
        let listed = house.screens.list(&ScreenFilter::default()).await.unwrap();
        assert!(listed.iter().any(|s| s.id == one && s.status.as_ref().unwrap().0 == now.plus(2)));
        house.screens.store_reports().await.unwrap();
        assert_eq!(stored(one).await, Some(now.plus(2)));
        // Nothing new, nothing written.
        db.exec(crate::db::sql("DELETE FROM screen_status")).await.unwrap();
        house.screens.store_reports().await.unwrap();
        assert_eq!(stored(one).await, None);
    })
    .await;
}
