//! The endpoints as the console calls them, on both databases.

use axum::{
    Router,
    body::Body as HttpBody,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;
use xuanping_core::id::AccountId;

use crate::{
    accounts::{Principal, Role, Scope},
    content::{Content, samples::Samples, tests::content_on},
    db::{Db, testing::for_each_database},
};

struct Console {
    router: Router,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    fn problem(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.trim_start_matches("urn:xuanping:problem:").to_owned()
    }
}

async fn console(db: &Db) -> Console {
    let folder = tempfile::tempdir().unwrap();
    let content: Content = content_on(db, folder.path()).await;
    let (router, _) = super::routes(content).split_for_parts();
    Console { router, _folder: folder }
}

fn as_person(n: u128, role: Role) -> Principal {
    Principal {
        id: AccountId::new(Uuid::from_u128(n)),
        name: format!("p{n}"),
        display_name: format!("{n}号"),
        roles: vec![role],
        scope: Scope::default(),
        must_set_password: false,
    }
}

impl Console {
    async fn call(
        &self,
        who: &Principal,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: HttpBody,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body).unwrap();
        request.extensions_mut().insert(who.clone());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, headers, bytes }
    }

    async fn get(&self, who: &Principal, path: &str) -> Answer {
        self.call(who, "GET", path, &[], HttpBody::empty()).await
    }

    async fn send(&self, who: &Principal, method: &str, path: &str, body: Value) -> Answer {
        self.call(who, method, path, &[("content-type", "application/json")], HttpBody::from(body.to_string())).await
    }

    async fn upload(&self, who: &Principal, name: &str, bytes: Vec<u8>) -> Answer {
        self.call(who, "POST", &format!("/uploads?name={name}"), &[], HttpBody::from(bytes)).await
    }
}

#[tokio::test]
async fn a_clip_goes_from_upload_to_approval() {
    for_each_database(async |db| {
        let console = console(&db).await;
        let (editor, reviewer) = (as_person(1, Role::Editor), as_person(2, Role::Reviewer));
        let file = std::fs::read(Samples::new().clip()).unwrap();
        let taken = console.upload(&editor, "clip.mp4", file.clone()).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.json());
        let media = &taken.json()["media"];
        assert_eq!((&media["kind"], &media["width"], &media["duration_ms"]), (&json!("clip"), &json!(320), &json!(2000)));
        let new = json!({ "kind": "clip", "title": "反诈宣传片", "fraud_type": "fake_loan", "upload": taken.json()["digest"] });
        let made = console.send(&editor, "POST", "/creatives", new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.json());
        let path = format!("/creatives/{}", made.json()["id"].as_str().unwrap());

        let again = console.upload(&editor, "clip.mp4", file.clone()).await.json();
        assert_eq!(again["duplicate_of"]["title"], "反诈宣传片");

        let premature = console.call(&reviewer, "POST", &format!("{path}/approve"), &[], HttpBody::empty()).await;
        assert_eq!((premature.status, premature.problem().as_str()), (StatusCode::CONFLICT, "wrong-state"));
        let submitted = console.send(&editor, "POST", &format!("{path}/submit"), json!({})).await;
        assert_eq!(submitted.json()["state"], "in_review");
        let own = console.call(&as_person(1, Role::Reviewer), "POST", &format!("{path}/approve"), &[], HttpBody::empty()).await;
        assert_eq!((own.status, own.problem().as_str()), (StatusCode::FORBIDDEN, "own-work"));
        let seen = json!({ "content_hash": submitted.json()["content_hash"] });
        let approved = console.send(&reviewer, "POST", &format!("{path}/approve"), seen).await.json();
        assert_eq!((&approved["state"], &approved["history"][2]["by"]), (&json!("approved"), &json!("2号")));
        let list = console.get(&reviewer, "/creatives?state=approved&kind=clip").await.json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);

        let thumbnail = console.get(&reviewer, &format!("{path}/thumbnail")).await;
        assert!(thumbnail.bytes.starts_with(b"\x89PNG"));
        let part =
            console.call(&reviewer, "GET", &format!("{path}/original"), &[("range", "bytes=4-11")], HttpBody::empty()).await;
        assert_eq!((part.status, part.bytes.as_slice()), (StatusCode::PARTIAL_CONTENT, &file[4..12]));
        assert_eq!(part.headers["content-type"], "video/mp4");

        let back = console.send(&reviewer, "POST", &format!("{path}/reject"), json!({ "reason": "x" })).await;
        assert_eq!(back.problem(), "wrong-state");
        let gone = console.call(&reviewer, "POST", &format!("{path}/withdraw"), &[], HttpBody::empty()).await;
        assert_eq!(gone.json()["state"], "withdrawn");
    })
    .await;
}

#[tokio::test]
async fn every_bad_upload_gets_its_own_problem_in_chinese() {
    for_each_database(async |db| {
        let console = console(&db).await;
        let editor = as_person(1, Role::Editor);
        let png = Samples::encoded(&Samples::picture(200, 100), image::ImageFormat::Png);
        for (name, bytes, status, problem) in [
            ("a.png", vec![], 422, "upload-empty"),
            ("a.png", png[..300].to_vec(), 422, "upload-truncated"),
            ("a.mp4", png.clone(), 415, "upload-renamed"),
            ("a.png", b"MZ\x90\0".to_vec(), 415, "upload-not-media"),
            ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 415, "upload-type-not-accepted"),
        ] {
            let answer = console.upload(&editor, name, bytes).await;
            assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, problem), "{}", answer.json());
            assert!(answer.json()["detail"].as_str().unwrap().contains('。'));
        }
        let refused = console.upload(&as_person(3, Role::Auditor), "a.png", png).await;
        assert_eq!(refused.problem(), "not-permitted");
    })
    .await;
}

#[tokio::test]
async fn a_slogan_is_checked_and_its_dates_can_be_set_and_taken_away() {
    for_each_database(async |db| {
        let console = console(&db).await;
        let editor = as_person(1, Role::Editor);
        let check = console.send(&editor, "POST", "/slogans/check", json!({ "text": "不轻信𠮷" })).await.json();
        assert_eq!(check["missing"], json!([{ "font": "unifont", "font_name": "16点阵字库（LED条屏）", "glyphs": ["𠮷"] }]));
        let ticker = check["classes"].as_array().unwrap().iter().find(|c| c["zone"] == "ticker").unwrap();
        assert!(ticker["preview"].as_str().unwrap().starts_with("data:image/png;base64,"));
        assert_eq!((&ticker["fits"], &ticker["seconds"]), (&json!(true), &json!(6.0)));

        let new = json!({ "kind": "slogan", "title": "转账", "fraud_type": "general", "text": "转账🙂" });
        let refused = console.send(&editor, "POST", "/creatives", new).await;
        assert_eq!((refused.problem().as_str(), &refused.json()["glyphs"][0]["glyphs"]), ("missing-glyphs", &json!(["🙂"])));
        let new = json!({ "kind": "slogan", "title": "转账", "fraud_type": "general", "text": "不转账", "valid_until": "2026-05-01" });
        let made = console.send(&editor, "POST", "/creatives", new).await.json();
        let path = format!("/creatives/{}", made["id"].as_str().unwrap());
        let inverted = console.send(&editor, "PATCH", &path, json!({ "valid_from": "2026-06-01" })).await;
        assert_eq!((inverted.problem().as_str(), &inverted.json()["field"]), ("invalid-value", &json!("valid_until")));
        let changed = console.send(&editor, "PATCH", &path, json!({ "title": "别转账" })).await.json();
        assert_eq!((&changed["title"], &changed["valid_until"]), (&json!("别转账"), &json!("2026-05-01")));
        let open = console.send(&editor, "PATCH", &path, json!({ "valid_until": null })).await.json();
        assert_eq!(open["valid_until"], Value::Null);
        assert_eq!(console.get(&editor, "/fraud-types").await.json()["items"].as_array().unwrap().len(), 11);
        assert_eq!(console.get(&editor, &format!("{path}/original")).await.problem(), "not-found");
        assert!(console.get(&editor, &format!("{path}/thumbnail")).await.bytes.starts_with(b"\x89PNG"));
    })
    .await;
}
