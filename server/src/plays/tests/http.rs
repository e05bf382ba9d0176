//! The endpoints as players and the console call them.

use axum::{
    Router,
    body::Body as HttpBody,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use xuanping_core::wire::RequestProof;

use super::*;
use crate::{
    accounts::{Principal, Role, Scope},
    db::testing::for_each_database,
};

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    fn problem(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().trim_start_matches("urn:xuanping:problem:").to_owned()
    }
}

async fn send(router: Router, request: Request<HttpBody>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    Answer { status, headers, bytes }
}

async fn report(county: &County, player: &Player, body: &[u8]) -> Answer {
    let path = "/player/v1/play-batches";
    let mut request = Request::post(path);
    for (name, value) in RequestProof::make(&player.key, "POST", path, clock::now(), body).headers() {
        request = request.header(name, value);
    }
    send(county.app.router(), request.body(body.to_vec().into()).unwrap()).await
}

async fn ask(county: &County, role: Role, path: &str) -> Answer {
    let who = Principal {
        id: AccountId::new(Uuid::from_u128(9)),
        name: "p".into(),
        display_name: "某人".into(),
        roles: vec![role],
        scope: Scope::default(),
        must_set_password: false,
    };
    let mut request = Request::get(format!("/api/v1{path}")).body(HttpBody::empty()).unwrap();
    request.extensions_mut().insert(who);
    let (router, _) = crate::plays::http::routes(county.app.plays.clone()).split_for_parts();
    send(router, request).await
}

#[tokio::test]
async fn a_player_gets_a_receipt_or_a_problem_that_it_can_act_on() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        let first = player.seal(vec![item], showings(2));
        let answer = report(&county, &player, first.signed()).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_bytes()),
            (StatusCode::OK, &b"application/cose"[..])
        );
        assert_eq!(Receipt::verify(&answer.bytes, &county.app.publisher.public()).unwrap().batch, first.digest());

        player.seal(vec![item], showings(1));
        let third = player.seal(vec![item], showings(1));
        let answer = report(&county, &player, third.signed()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::CONFLICT, "batch-out-of-order"));
        assert_eq!(answer.json()["expected"], 2);

        let (sequence, previous) = (player.sequence, player.previous);
        (player.sequence, player.previous) = (1, Digest::ZERO);
        let answer = report(&county, &player, player.sealed(vec![item], showings(3)).signed()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::CONFLICT, "batch-conflict"));
        (player.sequence, player.previous) = (sequence, previous);

        let answer = report(&county, &player, b"nonsense").await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "batch-refused"));
        assert_eq!(answer.json()["reason"], "bad_signature");
        assert!(answer.json()["detail"].as_str().unwrap().contains("签名"));

        let stranger = Player { key: SecretKey::from_seed(&[200; 32]), ..player };
        let answer = report(&county, &stranger, first.signed()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "unknown-device"));
    })
    .await;
}

#[tokio::test]
async fn people_read_page_by_page_and_see_names() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        let batch = player.seal(vec![item], showings(5));
        report(&county, &player, batch.signed()).await;

        let page = ask(&county, Role::Auditor, "/plays?limit=3").await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), 3);
        assert_eq!(page["items"][0]["creative_title"], TITLE);
        assert_eq!(page["items"][0]["campaign_name"], CAMPAIGN);
        assert_eq!(page["items"][0]["venue_name"], "东镇支行");
        let next = page["next"].as_str().unwrap();
        let rest = ask(&county, Role::Auditor, &format!("/plays?limit=3&cursor={next}")).await.json();
        assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));

        let lines = ask(&county, Role::Reviewer, "/plays/summary?group=screen").await.json();
        assert_eq!((&lines["items"][0]["name"], &lines["items"][0]["completed"]), (&"东镇支行 +屏1".into(), &5.into()));
        let lines = ask(&county, Role::Editor, "/plays/summary?group=venue_type&day_from=2020-01-01").await.json();
        assert_eq!(lines["items"][0]["name"], "银行营业厅");
        assert_eq!(ask(&county, Role::Admin, "/plays/findings?open=true").await.json()["items"], Value::Array(vec![]));
    })
    .await;
}

#[tokio::test]
async fn exports_stream_as_files_and_are_noted_in_the_audit_trail() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        county.told_earlier(&db, 4 * 3_600_000).await;
        // More than one piece of the stream.
        for batch in 0..3 {
            let batch = player.seal(vec![item], showings_before(slot().plus((batch - 3) * 2_400_000), 400));
            report(&county, &player, batch.signed()).await;
        }
        let answer = ask(&county, Role::Auditor, "/plays/export?format=people").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"plays-"));
        assert_eq!(String::from_utf8(answer.bytes).unwrap().lines().count(), 1201);
        let answer = ask(&county, Role::Auditor, "/plays/export?format=outsmart").await;
        assert_eq!(String::from_utf8(answer.bytes).unwrap().lines().count(), 1200);
        let answer = ask(&county, Role::Auditor, "/plays/bundle").await;
        let verdict = xuanping_core::playlog::bundle::verify(
            &answer.bytes,
            &xuanping_core::playlog::bundle::Trust::publisher(county.app.publisher.public()),
        );
        assert!(verdict.is_intact(), "{:?}", verdict.findings);
        let trail = audit::list(&db, None, 10).await.unwrap();
        let exports: Vec<_> = trail.iter().filter(|e| e.action == "plays.export").map(|e| &*e.subject).collect();
        assert_eq!(exports, ["bundle", "outsmart", "people"]);
    })
    .await;
}

#[tokio::test]
async fn a_package_has_the_table_the_proof_and_a_report_that_says_how_to_check_it() {
    use std::io::{Cursor, Read as _};
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        let batch = player.seal(vec![item], showings(5));
        report(&county, &player, batch.signed()).await;
        let key = county.app.publisher.public();
        for (format, name) in [
            ("people", "播放记录.csv"),
            ("outsmart", "播放记录.csv"),
            ("ndjson", "播放记录.ndjson"),
            ("xlsx", "播放记录.xlsx"),
            ("parquet", "播放记录.parquet"),
        ] {
            let alone = ask(&county, Role::Auditor, &format!("/plays/export?format={format}")).await;
            let answer = ask(&county, Role::Auditor, &format!("/plays/package?format={format}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{format}");
            let mut zip = zip::ZipArchive::new(Cursor::new(answer.bytes)).unwrap();
            let mut file = |name: &str| {
                let mut bytes = Vec::new();
                zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
                bytes
            };
            let table = file(name);
            // A workbook notes when it was made.
            assert!(format == "xlsx" || table == alone.bytes, "{format}: the same table as alone");
            let bundle = file("plays.xpbundle");
            let trust = xuanping_core::playlog::bundle::Trust::publisher(key);
            let verdict = xuanping_core::playlog::bundle::verify(&bundle, &trust);
            assert!(verdict.is_intact(), "{:?}", verdict.findings);
            assert_eq!(verdict.summary.unwrap().records, 5);
            let words = String::from_utf8(file("核验报告.txt")).unwrap();
            assert!(words.contains("结论：完好") && words.contains("Verdict: intact"), "{words}");
            assert!(words.contains(&format!("xuanping-server verify plays.xpbundle --key {key}")), "{words}");
        }
        assert_eq!(
            ask(&county, Role::Auditor, "/plays/package?format=people&venue_type=atm").await.problem(),
            "no-plays"
        );
        assert_eq!(ask(&county, Role::Operator, "/plays/package?format=people").await.status, StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_wrongly_or_by_the_wrong_person_is_refused_clearly() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let problem = async |path: &str| {
            let answer = ask(&county, Role::Auditor, path).await;
            (answer.status.as_u16(), answer.problem(), answer.json()["field"].as_str().unwrap_or_default().to_owned())
        };
        let said = |status, kind: &str, field: &str| (status, kind.to_owned(), field.to_owned());
        assert_eq!(problem("/plays?day_from=2026-02-02&day_to=2026-02-01").await, said(422, "invalid-value", "day_to"));
        assert_eq!(problem("/plays?area=3304").await, said(422, "invalid-value", "area"));
        assert_eq!(problem("/plays?cursor=x").await, said(422, "invalid-value", "cursor"));
        assert_eq!(problem("/plays?screeen=x").await, said(422, "invalid-query", ""));
        assert_eq!(problem("/plays/summary").await, said(422, "invalid-query", ""));
        assert_eq!(problem("/plays/bundle").await, said(404, "no-plays", ""));
        for path in
            ["/plays", "/plays/summary?group=day", "/plays/export?format=people", "/plays/bundle", "/plays/findings"]
        {
            assert_eq!(ask(&county, Role::Operator, path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn programs_get_json_lines_and_spreadsheets_a_workbook_with_every_record() {
    for_each_database(async |db| {
        let county = County::new(&db).await;
        let mut player = county.player(1, 0).await;
        county.publish().await;
        let item = county.given_ref(&player).await;
        county.told_earlier(&db, 4 * 3_600_000).await;
        // More than one page of the database.
        for batch in 0..3 {
            let batch = player.seal(vec![item], showings_before(slot().plus((batch - 3) * 2_400_000), 400));
            report(&county, &player, batch.signed()).await;
        }
        let answer = ask(&county, Role::Auditor, "/plays/export?format=ndjson").await;
        assert_eq!(answer.headers["content-type"], "application/x-ndjson");
        let text = String::from_utf8(answer.bytes).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[0]["creative_title"]), (1_200, &TITLE.into()));
        assert!(lines.windows(2).all(|pair| pair[0]["started"].as_i64() <= pair[1]["started"].as_i64()));

        let answer = ask(&county, Role::Auditor, "/plays/export?format=xlsx").await;
        assert!(answer.headers["content-disposition"].to_str().unwrap().contains(".xlsx"));
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(answer.bytes)).unwrap();
        let sheet = calamine::Reader::worksheet_range_at(&mut book, 0).unwrap().unwrap();
        assert_eq!((sheet.height(), sheet.width()), (1_201, 24));
        let cell = |row, column| sheet.get_value((row, column)).unwrap().to_string();
        assert_eq!((cell(0, 9).as_str(), cell(1, 9)), ("素材", format!("'{TITLE}")), "text is no formula");
        assert_eq!(cell(1, 14), "6", "seconds are numbers");
        // Nothing matches: an empty table, not an error.
        let none = ask(&county, Role::Auditor, "/plays/export?format=ndjson&day_to=2000-01-01").await;
        assert_eq!((none.status, none.bytes.len()), (StatusCode::OK, 0));
    })
    .await;
}
