//! Stories of accounts on both databases: who gets in, for how long, and what they may do there.

use axum::{
    Router,
    body::Body as HttpBody,
    http::{HeaderMap, Method, Request, StatusCode, header},
    middleware,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use xuanping_core::digest::Digest;

use super::{audit::Entry, *};
use crate::{
    clock,
    db::{Db, testing::for_each_database},
    http::same_origin_only,
};

const HOUR: i64 = 3_600_000;
const OWN: &str = "反诈宣传中心-2026";

/// The accounts domain as it stands in the whole server: behind the session and the same-origin rule.
struct House {
    accounts: Accounts,
    router: Router,
}

struct Answer {
    status: StatusCode,
    cookie: Option<String>,
    body: Value,
}

impl Answer {
    fn problem(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("urn:xuanping:problem:")
    }
}

fn house(db: &Db) -> House {
    let accounts = Accounts::new(db.clone());
    let (router, _) = http::routes(accounts.clone()).split_for_parts();
    let router = router
        .layer(middleware::from_fn_with_state(accounts.clone(), resolve_session))
        .layer(middleware::from_fn(same_origin_only));
    House { accounts, router }
}

impl House {
    async fn issue(&self, name: &str, roles: &[Role]) -> Issued {
        let new =
            NewAccount { name: name.into(), display_name: name.into(), roles: roles.into(), scope: Scope::default() };
        self.accounts.create(new, &Actor::CommandLine, clock::now()).await.unwrap()
    }

    /// Somebody who has replaced the one-time password; answers who, and the cookie.
    async fn settled(&self, name: &str, roles: &[Role]) -> (Account, String) {
        let issued = self.issue(name, roles).await;
        let now = clock::now();
        let (_, principal) = self.accounts.sign_in(name, issued.one_time_password.clone(), now).await.unwrap();
        let cookie = self.accounts.set_password(&principal, issued.one_time_password, OWN.into(), now).await.unwrap();
        (issued.account, cookie)
    }

    async fn call(&self, method: Method, path: &str, cookie: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::COOKIE, cookie)
            .header(header::CONTENT_TYPE, "application/json")
            .body(HttpBody::from(if body.is_null() { String::new() } else { body.to_string() }));
        answer(self.router.clone(), request.unwrap()).await
    }

    async fn who(&self, cookie: &str, now: UtcMillis) -> Option<Principal> {
        self.accounts.principal_of(token_of(cookie), now).await.unwrap()
    }

    async fn trail(&self) -> Vec<Entry> {
        audit::list(self.accounts.db(), None, 200).await.unwrap()
    }
}

async fn answer(router: Router, request: Request<HttpBody>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let cookie = response.headers().get(header::SET_COOKIE).map(|v| v.to_str().unwrap().to_owned());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, cookie, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

fn token_of(cookie: &str) -> Digest {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    session::Token::of_request(&headers).expect("a session cookie").digest()
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_the_door_to_an_own_one() {
    for_each_database(async |db| {
        let house = house(&db);
        let issued = house.issue("li.wei", &[Role::Admin]).await;
        let one_time = issued.one_time_password;
        let signed_in =
            house.call(Method::POST, "/session", "", json!({ "name": " li.wei ", "password": one_time })).await;
        assert_eq!((signed_in.status, &signed_in.body["must_set_password"]), (StatusCode::OK, &json!(true)));
        let cookie = signed_in.cookie.unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");

        let refused = house.call(Method::GET, "/accounts", &cookie, Value::Null).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "own-password-first"));
        assert_eq!(house.call(Method::GET, "/session", &cookie, Value::Null).await.status, StatusCode::OK);

        let path = "/session/password";
        let same = house.call(Method::POST, path, &cookie, json!({ "current": one_time, "new": one_time })).await;
        assert_eq!((same.status, &same.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("new")));
        let weak = house.call(Method::POST, path, &cookie, json!({ "current": one_time, "new": "short" })).await;
        assert_eq!((weak.status, &weak.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("new")));
        let set = house.call(Method::POST, path, &cookie, json!({ "current": one_time, "new": OWN })).await;
        assert_eq!(set.status, StatusCode::NO_CONTENT);

        let old = house.call(Method::GET, "/session", &cookie, Value::Null).await;
        assert_eq!((old.status, old.problem()), (StatusCode::UNAUTHORIZED, "not-signed-in"), "the old session is over");
        let own = house.call(Method::GET, "/accounts", &set.cookie.unwrap(), Value::Null).await;
        assert_eq!((own.status, &own.body["items"][0]["one_time"]), (StatusCode::OK, &json!(false)));
        let again = house.accounts.sign_in("li.wei", one_time, clock::now()).await;
        assert!(matches!(again, Err(SignInError::Wrong)), "a one-time password works until it is replaced");
    })
    .await;
}

#[tokio::test]
async fn the_database_holds_neither_passwords_nor_tokens() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, cookie) = house.settled("li", &[Role::Editor]).await;
        let secret = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
        let row = db
            .one(crate::db::sql(
                "SELECT s.token_digest, a.password_hash FROM sessions s JOIN accounts a ON a.id = s.account_id",
            ))
            .await
            .unwrap();
        assert_ne!(row.text("token_digest").unwrap(), secret);
        assert!(row.text("password_hash").unwrap().starts_with("$argon2id$"));
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_after_eight_idle_hours_and_lives_on_while_it_is_used() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, cookie) = house.settled("li", &[Role::Editor]).await;
        let start = clock::now();
        for hour in [1, 8, 15] {
            assert!(house.who(&cookie, start.plus(hour * HOUR)).await.is_some(), "used at hour {hour}");
        }
        assert_eq!(house.who(&cookie, start.plus(23 * HOUR + 60_000)).await, None, "eight hours after its last use");
        // Nobody without the secret.
        assert_eq!(house.who(&format!("{SESSION_COOKIE}=0123"), start).await, None);
    })
    .await;
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, here) = house.settled("li", &[Role::Editor]).await;
        let (there, _) = house.accounts.sign_in("li", OWN.into(), clock::now()).await.unwrap();
        let out = house.call(Method::DELETE, "/session", &here, Value::Null).await;
        assert_eq!(out.status, StatusCode::NO_CONTENT);
        assert!(out.cookie.unwrap().contains("Max-Age=0"));
        assert_eq!(house.who(&here, clock::now()).await, None);
        assert!(house.who(&there, clock::now()).await.is_some());
        assert_eq!(house.call(Method::DELETE, "/session", "", Value::Null).await.status, StatusCode::NO_CONTENT);
    })
    .await;
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_a_quarter_of_an_hour() {
    for_each_database(async |db| {
        let house = house(&db);
        house.settled("li", &[Role::Editor]).await;
        let now = clock::now();
        let attempt = async |password: &str, at| house.accounts.sign_in("li", password.into(), at).await;
        for _ in 0..4 {
            assert!(matches!(attempt("wrong", now).await, Err(SignInError::Wrong)));
        }
        assert!(attempt(OWN, now).await.is_ok(), "four are forgiven");
        for _ in 0..5 {
            assert!(matches!(attempt("wrong", now).await, Err(SignInError::Wrong)));
        }
        let locked = attempt(OWN, now.plus(60_000)).await.unwrap_err();
        assert!(matches!(locked, SignInError::Locked(until) if until == now.plus(15 * 60_000)), "{locked}");
        assert!(attempt(OWN, now.plus(15 * 60_000)).await.is_ok());
        let refused = house.trail().await.into_iter().filter(|e| e.outcome == "refused").collect::<Vec<_>>();
        assert_eq!(refused.len(), 9, "each wrong password is in the trail, and nothing while it is locked");
        assert_eq!(refused[0].details, json!({ "failures": 5, "locked": true }));
    })
    .await;
}

#[tokio::test]
async fn fifty_passwords_at_once_are_five_attempts() {
    for_each_database(async |db| {
        let house = house(&db);
        house.settled("li", &[Role::Editor]).await;
        let now = clock::now();
        let mut guesses = tokio::task::JoinSet::new();
        for n in 0..50 {
            let accounts = house.accounts.clone();
            guesses.spawn(async move { accounts.sign_in("li", format!("guess {n}"), now).await.unwrap_err() });
        }
        let looked_at = guesses.join_all().await.into_iter().filter(|e| matches!(e, SignInError::Wrong)).count();
        assert_eq!(looked_at, 5);
        let locked = house.accounts.sign_in("li", OWN.into(), now).await;
        assert!(matches!(locked, Err(SignInError::Locked(_))));
    })
    .await;
}

#[tokio::test]
async fn a_stolen_session_cannot_try_out_the_password() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, cookie) = house.settled("li", &[Role::Editor]).await;
        let guess = async |password: &str| {
            let body = json!({ "current": password, "new": "另一个密码-2026" });
            house.call(Method::POST, "/session/password", &cookie, body).await
        };
        for _ in 0..5 {
            let wrong = guess("wrong").await;
            assert_eq!((wrong.status, &wrong.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("current")));
        }
        let locked = guess(OWN).await;
        assert_eq!((locked.status, locked.problem()), (StatusCode::TOO_MANY_REQUESTS, "account-locked"));
    })
    .await;
}

#[tokio::test]
async fn an_unknown_name_is_refused_like_a_wrong_password() {
    for_each_database(async |db| {
        let house = house(&db);
        house.settled("li", &[Role::Editor]).await;
        let attempt = async |name: &str| {
            house.call(Method::POST, "/session", "", json!({ "name": name, "password": "wrong" })).await
        };
        let (known, unknown) = (attempt("li").await, attempt("nobody").await);
        assert_eq!(known.status, StatusCode::UNAUTHORIZED);
        assert_eq!(known.body, unknown.body);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_roles_or_scope_holds_from_the_next_request_on() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, admin) = house.settled("root", &[Role::Admin]).await;
        let (li, cookie) = house.settled("li", &[Role::Admin]).await;
        assert_eq!(house.call(Method::GET, "/accounts", &cookie, Value::Null).await.status, StatusCode::OK);
        let scope = json!({ "department": "fin", "area": "330482101000" });
        let change = json!({ "roles": ["operator"], "scope": scope });
        let changed = house.call(Method::PATCH, &format!("/accounts/{}", li.id), &admin, change).await;
        assert_eq!((changed.status, &changed.body["scope"]), (StatusCode::OK, &scope));
        let refused = house.call(Method::GET, "/accounts", &cookie, Value::Null).await;
        assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "not-permitted"));
        let me = house.call(Method::GET, "/session", &cookie, Value::Null).await;
        assert_eq!((&me.body["roles"], &me.body["scope"]), (&json!(["operator"]), &scope));
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_comes_back_without_its_old_sessions() {
    for_each_database(async |db| {
        let house = house(&db);
        house.settled("root", &[Role::Admin]).await;
        let (li, cookie) = house.settled("li", &[Role::Editor]).await;
        let set = async |disabled| {
            let change = AccountChange { disabled: Some(disabled), ..AccountChange::default() };
            house.accounts.update(li.id, change, &Actor::CommandLine, clock::now()).await.unwrap();
        };
        set(true).await;
        assert_eq!(house.who(&cookie, clock::now()).await, None);
        let refused = house.accounts.sign_in("li", OWN.into(), clock::now()).await;
        assert!(matches!(refused, Err(SignInError::Wrong)));
        set(false).await;
        assert_eq!(house.who(&cookie, clock::now()).await, None, "the old session stays dead");
        assert!(house.accounts.sign_in("li", OWN.into(), clock::now()).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_reset_ends_every_session_unlocks_and_outlives_a_password_being_set_meanwhile() {
    for_each_database(async |db| {
        let house = house(&db);
        let (li, cookie) = house.settled("li", &[Role::Editor]).await;
        let now = clock::now();
        for _ in 0..5 {
            house.accounts.sign_in("li", "wrong".into(), now).await.unwrap_err();
        }
        let before = store::by_id(&db, li.id).await.unwrap().unwrap();
        let issued = house.accounts.reset_sign_in(li.id, &Actor::CommandLine, now).await.unwrap();
        assert_eq!(house.who(&cookie, now).await, None);
        // What was begun with the old password is not finished with it.
        let mut tx = db.begin().await.unwrap();
        let set = store::set_password(&mut tx, li.id, "x", store::PasswordKind::Own, Some(&before.password_hash)).await;
        assert!(!set.unwrap());
        let begun = store::begin_session(&mut tx, li.id, &before.password_hash, Digest::ZERO, now, now.plus(1)).await;
        assert!(!begun.unwrap());
        drop(tx);
        let (_, principal) = house.accounts.sign_in("li", issued.one_time_password, now).await.unwrap();
        assert!(principal.must_set_password);
    })
    .await;
}

#[tokio::test]
async fn the_last_able_administrator_stays_even_when_two_go_for_each_other() {
    for_each_database(async |db| {
        let house = house(&db);
        let (one, two) = (house.issue("one", &[Role::Admin]).await, house.issue("two", &[Role::Admin]).await);
        let (one, two) = (one.account, two.account);
        let disable = |id| {
            let accounts = house.accounts.clone();
            let change = AccountChange { disabled: Some(true), ..AccountChange::default() };
            async move { accounts.update(id, change, &Actor::CommandLine, clock::now()).await }
        };
        let (first, second) = tokio::join!(tokio::spawn(disable(one.id)), tokio::spawn(disable(two.id)));
        let done = [first.unwrap(), second.unwrap()];
        assert_eq!(done.iter().filter(|d| d.is_ok()).count(), 1);
        assert!(done.iter().any(|d| matches!(d, Err(AccountError::LastAdmin))));
        let able = house.accounts.list().await.unwrap().into_iter().filter(|a| !a.disabled).collect::<Vec<_>>();
        assert_eq!(able.len(), 1);
        let demote = AccountChange { roles: Some(vec![Role::Auditor]), ..AccountChange::default() };
        let refused = house.accounts.update(able[0].id, demote, &Actor::CommandLine, clock::now()).await;
        assert!(matches!(refused, Err(AccountError::LastAdmin)));
    })
    .await;
}

#[tokio::test]
async fn an_account_is_refused_with_the_field_at_fault() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, admin) = house.settled("root", &[Role::Admin]).await;
        let good = json!({ "name": "li", "display_name": "李伟", "roles": ["editor", "editor"], "scope": {} });
        let with = |field: &str, value: Value| {
            let mut body = good.clone();
            body[field] = value;
            body
        };
        let cases = [
            (with("name", json!("李伟")), "name"),
            (with("name", json!("a")), "name"),
            (with("display_name", json!("  ")), "display_name"),
            (with("display_name", json!("长".repeat(41))), "display_name"),
            (with("roles", json!([])), "roles"),
            (with("scope", json!({ "area": "000" })), "scope.area"),
            (with("scope", json!({ "area": "330482" })), "scope.area"),
            (with("scope", json!({ "department": " " })), "scope.department"),
        ];
        for (body, field) in cases {
            let refused = house.call(Method::POST, "/accounts", &admin, body.clone()).await;
            assert_eq!((refused.status, &refused.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)));
        }
        let unknown_role = house.call(Method::POST, "/accounts", &admin, with("roles", json!(["king"]))).await;
        assert_eq!(unknown_role.problem(), "invalid-body");
        let made = house.call(Method::POST, "/accounts", &admin, good.clone()).await;
        assert_eq!((made.status, &made.body["account"]["roles"]), (StatusCode::CREATED, &json!(["editor"])));
        let taken = house.call(Method::POST, "/accounts", &admin, good).await;
        assert_eq!((taken.status, taken.problem()), (StatusCode::CONFLICT, "name-taken"));
    })
    .await;
}

#[tokio::test]
async fn the_trail_tells_who_did_what_page_by_page_and_only_to_those_who_may_read_it() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, admin) = house.settled("root", &[Role::Admin]).await;
        let body = json!({ "name": "li", "display_name": "李伟", "roles": ["editor"] });
        let made = house.call(Method::POST, "/accounts", &admin, body).await.body;
        let id = made["account"]["id"].as_str().unwrap().to_owned();
        house.call(Method::PATCH, &format!("/accounts/{id}"), &admin, json!({ "disabled": true })).await;
        house.call(Method::POST, &format!("/accounts/{id}/reset-sign-in"), &admin, Value::Null).await;

        let page = house.call(Method::GET, "/audit-trail?limit=2", &admin, Value::Null).await.body;
        let told = |line: &Value| {
            ["account_name", "action", "subject", "outcome"].map(|field| line[field].as_str().unwrap().to_owned())
        };
        assert_eq!(told(&page["items"][0]), ["root", "accounts.reset-sign-in", "li", "done"]);
        assert_eq!(told(&page["items"][1]), ["root", "accounts.update", "li", "done"]);
        let path = format!("/audit-trail?before={}", page["next"]);
        let rest = house.call(Method::GET, &path, &admin, Value::Null).await.body;
        assert_eq!(told(&rest["items"][0]), ["root", "accounts.create", "li", "done"]);
        assert_eq!(rest["next"], Value::Null);
        let whole = house.trail().await;
        assert!(whole.iter().all(|e| !e.details.to_string().contains("password")), "no secret is in the trail");

        let (_, editor) = house.settled("editor", &[Role::Editor]).await;
        let refused = house.call(Method::GET, "/audit-trail", &editor, Value::Null).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(house.call(Method::GET, "/audit-trail", "", Value::Null).await.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn another_site_cannot_act_in_a_persons_name() {
    for_each_database(async |db| {
        let house = house(&db);
        let (_, cookie) = house.settled("li", &[Role::Editor]).await;
        let sent_from = async |method: Method, headers: &[(&str, &str)]| {
            let mut request = Request::builder().method(method).uri("/api/v1/session").header(header::COOKIE, &cookie);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            answer(house.router.clone(), request.body(HttpBody::empty()).unwrap()).await
        };
        let foreign: [&[(&str, &str)]; 5] = [
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "http://evil.example"), ("host", "xuanping.example")],
            &[("origin", "null"), ("host", "xuanping.example")],
            &[("origin", "http://xuanping.example")],
        ];
        for headers in foreign {
            let refused = sent_from(Method::DELETE, headers).await;
            assert_eq!((refused.status, refused.problem()), (StatusCode::FORBIDDEN, "cross-site"), "{headers:?}");
            assert_eq!(sent_from(Method::GET, headers).await.status, StatusCode::OK, "reading changes nothing");
        }
        let own = [("origin", "https://xuanping.example:8443"), ("host", "xuanping.example:8443")];
        assert_eq!(sent_from(Method::DELETE, &own).await.status, StatusCode::NO_CONTENT);
    })
    .await;
}
