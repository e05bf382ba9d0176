//! What an endpoint asks of whoever calls it. A handler that takes `Allowed<P>` cannot be reached without it, and the
//! same list stands in the OpenAPI document as `x-roles`; a test walks the document with every role and compares.

use std::marker::PhantomData;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};

use super::{Principal, Role};
use crate::http::Problem;

/// A permission: which roles have it.
pub trait Permission {
    /// Any of these suffices.
    const ROLES: &'static [Role];
    /// Whether it holds while the person is still on a one-time password.
    const BEFORE_OWN_PASSWORD: bool = false;
}

/// Proof that the caller has permission `P`.
#[derive(Debug, Clone)]
pub struct Allowed<P>(pub Principal, pub PhantomData<P>);

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = [$($role:ident),+];)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl Permission for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),+];
        }
    )+};
}

permissions! {
    /// Any signed-in person: reading areas, venues, screens, creatives, campaigns.
    SignedIn = [Admin, Operator, Editor, Reviewer, Auditor];
    /// Writing creatives and campaigns.
    Draft = [Editor];
    /// Approving or rejecting what somebody else submitted.
    Review = [Reviewer];
    /// Publishing campaigns, starting and withdrawing takeovers.
    Publish = [Editor, Reviewer];
    /// Venues, screens, pairing.
    ManageScreens = [Operator, Admin];
    /// Telling a screen to do something once.
    Instruct = [Operator, Editor, Reviewer, Admin];
    /// Play records and exports.
    ReadPlays = [Auditor, Editor, Reviewer, Admin];
    /// Accounts.
    ManageAccounts = [Admin];
    /// The audit trail.
    ReadAudit = [Auditor, Admin];
}

/// A person who may still be on a one-time password: for `GET /session` and for setting an own password.
#[derive(Debug, Clone, Copy)]
pub struct AnySession;

impl Permission for AnySession {
    const ROLES: &'static [Role] = &Role::ALL;
    const BEFORE_OWN_PASSWORD: bool = true;
}

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Allowed<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Principal>().cloned().ok_or_else(not_signed_in)?;
        if principal.must_set_password && !P::BEFORE_OWN_PASSWORD {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "own-password-first",
                "请先设置本人密码",
                "您正在使用一次性密码。请先设置本人密码，再进行其他操作。",
            ));
        }
        if !principal.has_any(P::ROLES) {
            let needed: Vec<_> = P::ROLES.iter().map(|role| role.name_zh()).collect();
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "not-permitted",
                "没有权限",
                format!("此操作需要以下角色之一：{}。如有需要，请联系系统管理员。", needed.join("、")),
            ));
        }
        Ok(Self(principal, PhantomData))
    }
}

fn not_signed_in() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in", "尚未登录", "登录已失效或尚未登录，请重新登录。")
}
