//! Endpoints of accounts: signing in and out, the own password, the list of accounts, the audit trail.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{id::AccountId, time::UtcMillis};

use super::{
    Account, AccountChange, AccountError, Accounts, Allowed, AnySession, Issued, ManageAccounts, NewAccount, Principal,
    ReadAudit, Role, Scope, SignInError, audit, session::Token,
};
use crate::{
    clock,
    http::{Body, PathOf, Problem, QueryOf},
};

/// All routes of this domain.
pub fn routes(accounts: Accounts) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(sign_in, who_am_i, sign_out))
        .routes(routes!(set_password))
        .routes(routes!(list, create))
        .routes(routes!(update))
        .routes(routes!(reset_sign_in))
        .routes(routes!(audit_trail))
        .with_state(accounts)
}

/// The signed-in person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    id: AccountId,
    name: String,
    display_name: String,
    roles: Vec<Role>,
    scope: Scope,
    /// Nothing but `POST /session/password` works until this is done.
    must_set_password: bool,
}

impl From<Principal> for Me {
    fn from(p: Principal) -> Self {
        Self {
            id: p.id,
            name: p.name,
            display_name: p.display_name,
            roles: p.roles,
            scope: p.scope,
            must_set_password: p.must_set_password,
        }
    }
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    name: String,
    password: String,
}

#[utoipa::path(post, path = "/api/v1/session", tag = "accounts", request_body = SignIn,
    responses((status = 200, body = Me)), extensions(("x-roles" = json!(["public"]))))]
async fn sign_in(State(accounts): State<Accounts>, Body(given): Body<SignIn>) -> Result<Response, Problem> {
    let (cookie, principal) = accounts.sign_in(given.name.trim(), given.password, clock::now()).await?;
    Ok(([(header::SET_COOKIE, cookie)], Body(Me::from(principal))).into_response())
}

#[utoipa::path(get, path = "/api/v1/session", tag = "accounts", responses((status = 200, body = Me)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn who_am_i(Allowed(me, _): Allowed<AnySession>) -> Body<Me> {
    Body(me.into())
}

#[utoipa::path(delete, path = "/api/v1/session", tag = "accounts", responses((status = 204)),
    extensions(("x-roles" = json!(["public"]))))]
async fn sign_out(State(accounts): State<Accounts>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = Token::of_request(&headers) {
        accounts.sign_out(&token).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, Token::clear_cookie())]).into_response())
}

/// The current password and the one to have instead.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current: String,
    new: String,
}

#[utoipa::path(post, path = "/api/v1/session/password", tag = "accounts", request_body = NewPassword,
    responses((status = 204)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
async fn set_password(
    State(accounts): State<Accounts>,
    Allowed(me, _): Allowed<AnySession>,
    Body(given): Body<NewPassword>,
) -> Result<Response, Problem> {
    let cookie = accounts.set_password(&me, given.current, given.new, clock::now()).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    id: AccountId,
    name: String,
    display_name: String,
    roles: Vec<Role>,
    scope: Scope,
    /// Still on a one-time password.
    one_time: bool,
    disabled: bool,
    created_at: UtcMillis,
    last_sign_in: Option<UtcMillis>,
}

impl From<Account> for AccountView {
    fn from(a: Account) -> Self {
        Self {
            id: a.id,
            name: a.name,
            display_name: a.display_name,
            roles: a.roles,
            scope: a.scope,
            one_time: a.one_time,
            disabled: a.disabled,
            created_at: a.created_at,
            last_sign_in: a.last_sign_in,
        }
    }
}

/// A list of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountList {
    items: Vec<AccountView>,
}

#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", responses((status = 200, body = AccountList)),
    extensions(("x-roles" = json!(["admin"]))))]
async fn list(State(accounts): State<Accounts>, _: Allowed<ManageAccounts>) -> Result<Body<AccountList>, Problem> {
    let items = accounts.list().await?.into_iter().map(Into::into).collect();
    Ok(Body(AccountList { items }))
}

/// What a new account is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// 2 to 32 lower-case letters, digits, `-`, `_` or `.`.
    name: String,
    display_name: String,
    roles: Vec<Role>,
    #[serde(default)]
    scope: Scope,
}

/// An account with the one-time password that is shown only now.
#[derive(Serialize, ToSchema)]
pub struct IssuedAccount {
    account: AccountView,
    one_time_password: String,
}

impl From<Issued> for IssuedAccount {
    fn from(issued: Issued) -> Self {
        Self { account: issued.account.into(), one_time_password: issued.one_time_password }
    }
}

#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = CreateAccount,
    responses((status = 201, body = IssuedAccount)), extensions(("x-roles" = json!(["admin"]))))]
async fn create(
    State(accounts): State<Accounts>,
    Allowed(me, _): Allowed<ManageAccounts>,
    Body(new): Body<CreateAccount>,
) -> Result<(StatusCode, Body<IssuedAccount>), Problem> {
    let new = NewAccount { name: new.name, display_name: new.display_name, roles: new.roles, scope: new.scope };
    let issued = accounts.create(new, &(&me).into(), clock::now()).await?;
    Ok((StatusCode::CREATED, Body(issued.into())))
}

/// What to change; a missing member is left as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    display_name: Option<String>,
    roles: Option<Vec<Role>>,
    scope: Option<Scope>,
    disabled: Option<bool>,
}

#[utoipa::path(patch, path = "/api/v1/accounts/{id}", tag = "accounts", params(("id" = AccountId, Path)),
    request_body = UpdateAccount, responses((status = 200, body = AccountView)),
    extensions(("x-roles" = json!(["admin"]))))]
async fn update(
    State(accounts): State<Accounts>,
    Allowed(me, _): Allowed<ManageAccounts>,
    PathOf(id): PathOf<AccountId>,
    Body(change): Body<UpdateAccount>,
) -> Result<Body<AccountView>, Problem> {
    let change = AccountChange {
        display_name: change.display_name,
        roles: change.roles,
        scope: change.scope,
        disabled: change.disabled,
    };
    Ok(Body(accounts.update(id, change, &(&me).into(), clock::now()).await?.into()))
}

#[utoipa::path(post, path = "/api/v1/accounts/{id}/reset-sign-in", tag = "accounts",
    params(("id" = AccountId, Path)), responses((status = 200, body = IssuedAccount)),
    extensions(("x-roles" = json!(["admin"]))))]
async fn reset_sign_in(
    State(accounts): State<Accounts>,
    Allowed(me, _): Allowed<ManageAccounts>,
    PathOf(id): PathOf<AccountId>,
) -> Result<Body<IssuedAccount>, Problem> {
    Ok(Body(accounts.reset_sign_in(id, &(&me).into(), clock::now()).await?.into()))
}

/// Which lines of the audit trail.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only lines with a smaller number: the `next` of the page before.
    before: Option<i64>,
    /// At most so many, 1 to 200; 50 without.
    limit: Option<u32>,
}

/// A line of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLine {
    id: i64,
    at: UtcMillis,
    account_name: String,
    /// `domain.verb`.
    action: String,
    subject: String,
    /// `done` or `refused`.
    outcome: String,
    details: Value,
}

/// A page of the audit trail, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    items: Vec<AuditLine>,
    /// `before` of the next page.
    next: Option<i64>,
}

#[utoipa::path(get, path = "/api/v1/audit-trail", tag = "accounts", params(AuditQuery),
    responses((status = 200, body = AuditPage)), extensions(("x-roles" = json!(["auditor", "admin"]))))]
async fn audit_trail(
    State(accounts): State<Accounts>,
    _: Allowed<ReadAudit>,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Result<Body<AuditPage>, Problem> {
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let entries = audit::list(accounts.db(), query.before, limit).await?;
    let next = (entries.len() == limit as usize).then(|| entries.last().map(|e| e.id)).flatten();
    let items = entries
        .into_iter()
        .map(|e| AuditLine {
            id: e.id,
            at: e.at,
            account_name: e.account_name,
            action: e.action,
            subject: e.subject,
            outcome: e.outcome,
            details: e.details,
        })
        .collect();
    Ok(Body(AuditPage { items, next }))
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NameTaken(name) => {
                Self::conflict("name-taken", "登录名已被占用", format!("登录名“{name}”已存在，请换一个。"))
                    .with("field", "name")
            }
            AccountError::BadName => Self::invalid("name", "登录名须为 2 至 32 位小写字母、数字或 - _ . 的组合。"),
            AccountError::BadDisplayName => Self::invalid("display_name", "姓名不能为空，最多 40 个字。"),
            AccountError::NoRole => Self::invalid("roles", "请至少选择一个角色。"),
            AccountError::LastAdmin => Self::conflict(
                "last-admin",
                "须保留一名系统管理员",
                "这是最后一名可登录的系统管理员，不能停用或取消其角色。请先指定另一名系统管理员。",
            ),
            AccountError::Unknown => Self::not_found("账户"),
            AccountError::BadScope("area") => {
                Self::invalid("scope.area", "管理范围中的区划须为 12 位区划代码，请重新选择。")
            }
            AccountError::BadScope(_) => Self::invalid("scope.department", "管理范围中的责任单位有误，请重新选择。"),
            AccountError::Locked(until) => locked(until),
            AccountError::Overtaken => {
                Self::conflict("password-replaced", "密码已被重置", "您的密码刚刚被重置，请用新的一次性密码重新登录。")
            }
            AccountError::WrongPassword => Self::invalid("current", "当前密码不正确，请重新输入。"),
            AccountError::SamePassword => Self::invalid("new", "新密码不能与当前密码相同。"),
            AccountError::Weak(why) => Self::invalid("new", why.to_string()),
            AccountError::Fault(e) => Self::internal(&e),
            AccountError::Db(e) => e.into(),
            AccountError::Entropy(e) => e.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Wrong => Self::new(
                StatusCode::UNAUTHORIZED,
                "sign-in-refused",
                "登录失败",
                "登录名或密码不正确。连续 5 次输错将锁定 15 分钟。",
            ),
            SignInError::Locked(until) => locked(until),
            SignInError::Fault(e) => e.into(),
        }
    }
}

fn locked(until: UtcMillis) -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "account-locked",
        "账户已锁定",
        "连续多次输错密码，账户已锁定 15 分钟。请稍后再试，或联系系统管理员重置。",
    )
    .with("until", until.0)
}
