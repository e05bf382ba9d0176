//! Walks the whole OpenAPI document with every role and with none: an endpoint opens exactly to the roles it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::Value;
use tower::ServiceExt as _;
use xuanping_server::{
    accounts::{Actor, NewAccount, Role, Scope},
    app::App,
    clock,
    db::{Db, Target},
};

struct Operation {
    method: Method,
    path: String,
    roles: BTreeSet<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            let roles = operation["x-roles"]
                .as_array()
                .unwrap_or_else(|| panic!("{method} {path} names no x-roles: deny by default needs a list"));
            all.push(Operation {
                method,
                // Ids that are well formed and name nothing.
                path: path
                    .replace("{id}", "00000000-0000-7000-8000-000000000000")
                    .replace("{digest}", &"0".repeat(64))
                    .replace("{code}", "00000000")
                    .replace("{token}", &"a".repeat(26)),
                roles: roles.iter().map(|r| r.as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    all
}

async fn ask(router: &Router, operation: &Operation, cookie: Option<&str>) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(&operation.method)
        .uri(&operation.path)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 22).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    (status, problem["type"].as_str().unwrap_or_default().to_owned())
}

/// Signs in as a new person of this role who has set an own password; answers the cookie.
async fn cookie_of(app: &App, router: &Router, role: Role) -> String {
    let name = format!("person-{role}");
    let new = NewAccount { name: name.clone(), display_name: name.clone(), roles: vec![role], scope: Scope::default() };
    let issued = app.accounts.create(new, &Actor::CommandLine, clock::now()).await.unwrap();
    let now = clock::now();
    let (_, principal) = app.accounts.sign_in(&name, issued.one_time_password.clone(), now).await.unwrap();
    let cookie =
        app.accounts.set_password(&principal, issued.one_time_password, "反诈宣传工作-2026".into(), now).await.unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let me = Operation { method: Method::GET, path: "/api/v1/session".into(), roles: BTreeSet::new() };
    assert_eq!(ask(router, &me, Some(&cookie)).await.0, StatusCode::OK);
    cookie
}

/// Requirements' retention: what was played is kept, and nobody at the console can change that.
#[tokio::test]
async fn no_role_has_a_way_to_delete_or_change_what_was_played() {
    let document: Value = serde_json::from_str(&xuanping_server::app::openapi_text().await.unwrap()).unwrap();
    let of_plays = operations(&document).into_iter().filter(|operation| operation.path.starts_with("/api/v1/plays"));
    let ways: Vec<_> = of_plays.map(|operation| operation.method).collect();
    assert!(ways.len() > 10, "{ways:?}");
    assert!(ways.iter().all(|method| *method == Method::GET), "{ways:?}");
}

#[tokio::test]
async fn every_endpoint_opens_exactly_to_the_roles_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&Target::Sqlite(folder.path().join("test.db"))).await.unwrap();
    let app = App::with_database(db, folder.path()).await.unwrap();
    let router = app.router();
    let document = serde_json::to_value(app.openapi()).unwrap();
    let operations = operations(&document);
    assert!(operations.len() > 40, "the document was read: {} operations", operations.len());

    for operation in &operations {
        let (status, problem) = ask(&router, operation, None).await;
        let place = format!("{} {} without signing in", operation.method, operation.path);
        if operation.roles.contains("public") {
            assert_ne!(problem, "urn:xuanping:problem:not-signed-in", "{place}");
        } else {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{place}: {problem}");
        }
    }
    for role in Role::ALL {
        let cookie = cookie_of(&app, &router, role).await;
        for operation in &operations {
            let signs_out = operation.path == "/api/v1/session" && operation.method == Method::DELETE;
            if operation.roles.contains("public") || signs_out {
                continue;
            }
            let (status, problem) = ask(&router, operation, Some(&cookie)).await;
            let place = format!("{} {} as {role}", operation.method, operation.path);
            if operation.roles.contains("device") {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{place}: a person is no device");
            } else if operation.roles.contains(role.code()) {
                assert!(
                    status != StatusCode::UNAUTHORIZED && problem != "urn:xuanping:problem:not-permitted",
                    "{place} is promised but answers {status} {problem}"
                );
            } else {
                assert_eq!(
                    (status, problem.as_str()),
                    (StatusCode::FORBIDDEN, "urn:xuanping:problem:not-permitted"),
                    "{place}"
                );
            }
        }
    }
}

#[tokio::test]
async fn whoever_is_on_a_one_time_password_can_do_nothing_but_replace_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&Target::Sqlite(folder.path().join("test.db"))).await.unwrap();
    let app = App::with_database(db, folder.path()).await.unwrap();
    let router = app.router();
    let new = NewAccount {
        name: "newcomer".into(),
        display_name: "newcomer".into(),
        roles: Role::ALL.to_vec(),
        scope: Scope::default(),
    };
    let issued = app.accounts.create(new, &Actor::CommandLine, clock::now()).await.unwrap();
    let (cookie, _) = app.accounts.sign_in("newcomer", issued.one_time_password, clock::now()).await.unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let document = serde_json::to_value(app.openapi()).unwrap();
    for operation in operations(&document) {
        let own = operation.path.starts_with("/api/v1/session");
        if own || operation.roles.contains("public") || operation.roles.contains("device") {
            continue;
        }
        let (status, problem) = ask(&router, &operation, Some(&cookie)).await;
        assert_eq!(
            (status, problem.as_str()),
            (StatusCode::FORBIDDEN, "urn:xuanping:problem:own-password-first"),
            "{} {}",
            operation.method,
            operation.path
        );
    }
}
