//! Walks the whole OpenAPI document with every role: whoever is named may come in, whoever is not may not.

use axum::{
    body::Body as HttpBody,
    http::{Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::{
    accounts::{Actor, NewAccount, Role, Scope},
    db::testing::for_each_database,
};

/// One operation of the document.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    roles: Vec<String>,
}

impl Operation {
    fn is_for(&self, who: &str) -> bool {
        self.roles.iter().any(|role| role == who)
    }
}

fn operations(app: &App) -> Vec<Operation> {
    let document: Value = serde_json::from_str(&app.openapi().to_json().unwrap()).unwrap();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete", "head", "options", "trace"] {
            let Some(operation) = item.get(method) else { continue };
            let roles = operation["x-roles"].as_array().unwrap_or_else(|| panic!("{method} {path} names no roles"));
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                roles: roles.iter().map(|role| role.as_str().unwrap().to_owned()).collect(),
            });
        }
    }
    all
}

/// What the door says, `None` if it lets the request through to whatever the handler makes of it.
async fn refusal(router: &Router, operation: &Operation, cookie: Option<&str>) -> Option<String> {
    // Any id of the right form: rights are asked before anything is looked for.
    let digest = "0".repeat(64);
    let filled = |part: &str| match part {
        "{digest}" => digest.clone(),
        _ if part.starts_with('{') => "0198c000-0000-7000-8000-000000000000".to_owned(),
        _ => part.to_owned(),
    };
    let path = operation.path.split('/').map(filled).collect::<Vec<_>>().join("/");
    let mut request = Request::builder().method(operation.method.clone()).uri(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let request = request.header(header::CONTENT_TYPE, "application/json").body(HttpBody::from("{}")).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    assert!(!status.is_server_error(), "{operation:?} answers {status}");
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let problem: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(problem["detail"].as_str().is_some_and(|d| !d.is_empty()), "{operation:?}: {problem}");
    Some(problem["type"].as_str().unwrap().trim_start_matches("urn:xuanping:problem:").to_owned())
}

/// Somebody with these roles who is signed in, on an own password or still on the one-time one.
async fn sign_in(app: &App, name: &str, roles: &[Role], own: bool) -> String {
    let new = NewAccount { name: name.into(), display_name: name.into(), roles: roles.into(), scope: Scope::default() };
    let issued = app.accounts.create(new, &Actor::CommandLine, clock::now()).await.unwrap();
    let one_time = issued.one_time_password;
    let (cookie, principal) = app.accounts.sign_in(name, one_time.clone(), clock::now()).await.unwrap();
    match own {
        false => cookie,
        true => {
            app.accounts.set_password(&principal, one_time, "反诈宣传中心-2026".into(), clock::now()).await.unwrap()
        }
    }
}

#[tokio::test]
async fn every_endpoint_lets_in_the_roles_that_its_document_names_and_nobody_else() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let app = App::with_database(db, folder.path()).await.unwrap();
        let router = app.router();
        let operations = operations(&app);
        assert!(operations.len() > 60, "the document has {} operations only", operations.len());
        for role in Role::ALL {
            let cookie = sign_in(&app, role.code(), &[role], true).await;
            for operation in &operations {
                // Signing out would end the walk.
                if operation.is_for("public") {
                    continue;
                }
                let expected = match () {
                    () if operation.is_for("device") => Some("unsigned-request"),
                    () if operation.is_for(role.code()) => None,
                    () => Some("not-permitted"),
                };
                assert_eq!(
                    refusal(&router, operation, Some(&cookie)).await.as_deref(),
                    expected,
                    "{role}: {operation:?}"
                );
            }
        }
        let one_time = sign_in(&app, "new", &Role::ALL, false).await;
        for operation in &operations {
            let expected = match () {
                () if operation.is_for("public") => None,
                () if operation.is_for("device") => Some("unsigned-request"),
                () => Some("not-signed-in"),
            };
            let answer = refusal(&router, operation, None).await;
            assert_eq!(answer.as_deref(), expected, "nobody: {operation:?}");
            if expected == Some("not-signed-in") {
                let own = ["/api/v1/session", "/api/v1/session/password"].contains(&operation.path.as_str());
                let expected = if own { None } else { Some("own-password-first") };
                let answer = refusal(&router, operation, Some(&one_time)).await;
                assert_eq!(answer.as_deref(), expected, "on a one-time password: {operation:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_operation_is_for_known_roles_for_devices_or_for_everybody() {
    for_each_database(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let app = App::with_database(db, folder.path()).await.unwrap();
        for operation in operations(&app) {
            let player = operation.path.starts_with("/player/");
            let alone = operation.roles.len() == 1 && (operation.is_for("public") || operation.is_for("device"));
            let people = operation.roles.iter().all(|role| role.parse::<Role>().is_ok());
            assert!(!operation.roles.is_empty() && (alone || people), "{operation:?}");
            assert!(player == operation.is_for("device") || operation.is_for("public"), "{operation:?}");
        }
    })
    .await;
}
