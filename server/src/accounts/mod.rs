//! Who may do what: accounts, roles, sign-in sessions, and the audit trail of everything that people did.
//!
//! There are no default passwords. A new account gets a generated one-time password, shown once; the first sign-in must
//! replace it before anything else is allowed (MLPS: unique identity, lockout, session timeout, separated duties).

pub mod audit;
pub mod http;
mod password;
mod permission;
mod service;
mod session;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::{id::AccountId, time::UtcMillis};

pub use audit::Actor;
pub use permission::{
    Allowed, AnySession, Draft, Instruct, ManageAccounts, ManageScreens, Permission, Publish, ReadAudit, ReadPlays,
    Review, SignedIn,
};
pub use service::{AccountChange, AccountError, Accounts, Issued, NewAccount, SignInError};
pub use session::{SESSION_COOKIE, resolve_session};

/// What a person may do. One account can have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 系统管理员: accounts and settings.
    Admin,
    /// 点位管理员: venues and screens, within a scope.
    Operator,
    /// 宣传编辑: content and campaigns.
    Editor,
    /// 审核员: releases what editors submit.
    Reviewer,
    /// 审计员: play log, exports, audit trail; changes nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Operator, Self::Editor, Self::Reviewer, Self::Auditor];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Editor => "editor",
            Self::Reviewer => "reviewer",
            Self::Auditor => "auditor",
        }
    }

    /// The name an official uses.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Admin => "系统管理员",
            Self::Operator => "点位管理员",
            Self::Editor => "宣传编辑",
            Self::Reviewer => "审核员",
            Self::Auditor => "审计员",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.code() == code).ok_or_else(|| format!("there is no role {code}"))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The part of the county an operator answers for. Empty means all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Department code.
    #[serde(default)]
    pub department: Option<String>,
    /// 12-digit area code: this area and everything in it.
    #[serde(default)]
    pub area: Option<String>,
}

/// The signed-in person behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose account.
    pub id: AccountId,
    /// Sign-in name.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Where they may do it.
    pub scope: Scope,
    /// Still on a one-time password: may do nothing but set an own one.
    pub must_set_password: bool,
}

impl Principal {
    /// Whether the person has any of these roles.
    pub fn has_any(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

/// An account as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Sign-in name.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// Where.
    pub scope: Scope,
    /// Still on a one-time password.
    pub one_time: bool,
    /// May not sign in.
    pub disabled: bool,
    /// Made.
    pub created_at: UtcMillis,
    /// Last signed in.
    pub last_sign_in: Option<UtcMillis>,
}
