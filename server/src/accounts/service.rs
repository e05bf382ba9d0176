//! What can be done with accounts, whoever asks: the console, the command line, or the demo.

use serde_json::json;
use xuanping_core::{digest::Digest, id::AccountId, time::UtcMillis};

use super::{
    Account, Actor, Principal, Role, Scope,
    audit::{self, Outcome},
    password::{self, PasswordFault, WeakPassword},
    session::{IDLE, Token},
    store::{self, PasswordKind},
};
use crate::{
    db::{Db, DbError},
    entropy::{self, NoEntropy},
};

/// Failures in a row after which an account is locked.
const LOCK_AFTER: i64 = 5;
/// For how long, in milliseconds.
const LOCK_FOR: i64 = 15 * 60_000;

/// The accounts of this server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Accounts {
    db: Db,
}

/// What a new account is to be.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Sign-in name: 2 to 32 lower-case letters, digits, `-`, `_` or `.`.
    pub name: String,
    /// Name shown to others.
    pub display_name: String,
    /// At least one.
    pub roles: Vec<Role>,
    /// For operators.
    pub scope: Scope,
}

/// A one-time password, to be shown once.
#[derive(Debug, Clone)]
pub struct Issued {
    /// For which account.
    pub account: Account,
    /// The password.
    pub one_time_password: String,
}

/// Why something about an account is refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is taken.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// The name is not of the allowed form.
    #[error("the sign-in name is not of the allowed form")]
    BadName,
    /// No display name.
    #[error("the display name is empty or too long")]
    BadDisplayName,
    /// No role.
    #[error("an account needs at least one role")]
    NoRole,
    /// The last administrator would lose the role.
    #[error("the last administrator must stay")]
    LastAdmin,
    /// There is no such account.
    #[error("no such account")]
    Unknown,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The new password is the old one.
    #[error("the new password is the old one")]
    SamePassword,
    /// The new password is too weak.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The hash function failed.
    #[error(transparent)]
    Fault(#[from] PasswordFault),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Why a sign-in is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name or password is wrong; which of them is not told.
    #[error("name or password is wrong")]
    Wrong,
    /// Too many failures.
    #[error("locked until {0}")]
    Locked(UtcMillis),
    /// Something failed on our side.
    #[error(transparent)]
    Fault(#[from] AccountError),
}

impl Accounts {
    /// The accounts in this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// The database, for the audit trail's list.
    pub(super) fn db(&self) -> &Db {
        &self.db
    }

    /// Makes an account with a one-time password.
    pub async fn create(&self, new: NewAccount, actor: &Actor, now: UtcMillis) -> Result<Issued, AccountError> {
        check_name(&new.name)?;
        let display_name = checked_display_name(&new.display_name)?;
        let roles = checked_roles(new.roles)?;
        let one_time_password = password::one_time()?;
        let hash = password::hash(one_time_password.clone()).await?;
        let account = Account {
            id: AccountId::new(entropy::uuid(now)?),
            name: new.name,
            display_name,
            roles,
            scope: new.scope,
            one_time: true,
            disabled: false,
            created_at: now,
            last_sign_in: None,
        };
        let mut tx = self.db.begin().await?;
        if !store::insert(&mut tx, &account, &hash).await? {
            return Err(AccountError::NameTaken(account.name));
        }
        let roles: Vec<_> = account.roles.iter().map(|r| r.code()).collect();
        audit::record(&mut tx, actor, "accounts.create", &account.name, Outcome::Done, json!({ "roles": roles }), now)
            .await?;
        tx.commit().await?;
        Ok(Issued { account, one_time_password })
    }

    /// All accounts by name.
    pub async fn list(&self) -> Result<Vec<Account>, AccountError> {
        Ok(store::list(&self.db).await?)
    }

    /// The account with this sign-in name.
    pub async fn by_name(&self, name: &str) -> Result<Option<Account>, AccountError> {
        Ok(store::by_name(&self.db, name).await?.map(|record| record.account))
    }

    /// Changes what an account is and may do. The last able administrator stays one.
    pub async fn update(
        &self,
        id: AccountId,
        change: AccountChange,
        actor: &Actor,
        now: UtcMillis,
    ) -> Result<Account, AccountError> {
        let mut account = store::by_id(&self.db, id).await?.ok_or(AccountError::Unknown)?.account;
        if let Some(name) = change.display_name {
            account.display_name = checked_display_name(&name)?;
        }
        if let Some(roles) = change.roles {
            account.roles = checked_roles(roles)?;
        }
        if let Some(scope) = change.scope {
            account.scope = scope;
        }
        if let Some(disabled) = change.disabled {
            account.disabled = disabled;
        }
        let able = |a: &Account| !a.disabled && a.roles.contains(&Role::Admin);
        if !able(&account) && !store::list(&self.db).await?.iter().any(|a| a.id != id && able(a)) {
            return Err(AccountError::LastAdmin);
        }
        let mut tx = self.db.begin().await?;
        store::update(&mut tx, &account).await?;
        let roles: Vec<_> = account.roles.iter().map(|r| r.code()).collect();
        let details = json!({ "roles": roles, "disabled": account.disabled, "scope": account.scope });
        audit::record(&mut tx, actor, "accounts.update", &account.name, Outcome::Done, details, now).await?;
        tx.commit().await?;
        Ok(account)
    }

    /// Gives a new one-time password, for who forgot theirs; ends all sessions.
    pub async fn reset_sign_in(&self, id: AccountId, actor: &Actor, now: UtcMillis) -> Result<Issued, AccountError> {
        let mut account = store::by_id(&self.db, id).await?.ok_or(AccountError::Unknown)?.account;
        let one_time_password = password::one_time()?;
        let hash = password::hash(one_time_password.clone()).await?;
        let mut tx = self.db.begin().await?;
        store::set_password(&mut tx, id, &hash, PasswordKind::OneTime).await?;
        audit::record(&mut tx, actor, "accounts.reset-sign-in", &account.name, Outcome::Done, json!({}), now).await?;
        tx.commit().await?;
        account.one_time = true;
        Ok(Issued { account, one_time_password })
    }

    /// Signs in. Answers the cookie to set and who it is.
    pub async fn sign_in(&self, name: &str, given: String, now: UtcMillis) -> Result<(String, Principal), SignInError> {
        let record = store::by_name(&self.db, name).await.map_err(AccountError::from)?;
        if let Some(until) = record.as_ref().and_then(|r| r.locked_until).filter(|until| *until > now) {
            return Err(SignInError::Locked(until));
        }
        let hash = record.as_ref().filter(|r| !r.account.disabled).map(|r| r.password_hash.clone());
        let right = password::matches(given, hash).await.map_err(AccountError::from)?;
        let Some(record) = record else { return Err(SignInError::Wrong) };
        if !right {
            self.note_failure(&record, now).await?;
            return Err(SignInError::Wrong);
        }
        let token = Token::draw().map_err(AccountError::from)?;
        let principal = principal(record.account);
        let mut tx = self.db.begin().await.map_err(AccountError::from)?;
        store::begin_session(&mut tx, principal.id, token.digest(), now, now.plus(IDLE))
            .await
            .map_err(AccountError::from)?;
        audit::record(&mut tx, &Actor::from(&principal), "accounts.sign-in", name, Outcome::Done, json!({}), now)
            .await
            .map_err(AccountError::from)?;
        tx.commit().await.map_err(AccountError::from)?;
        Ok((token.set_cookie(), principal))
    }

    async fn note_failure(&self, record: &store::Record, now: UtcMillis) -> Result<(), AccountError> {
        let locks = (record.failures + 1) % LOCK_AFTER == 0;
        let until = locks.then(|| now.plus(LOCK_FOR));
        store::note_failure(&self.db, record.account.id, until).await?;
        let mut tx = self.db.begin().await?;
        let details = json!({ "failures": record.failures + 1, "locked": locks });
        audit::record(
            &mut tx,
            &Actor::System,
            "accounts.sign-in",
            &record.account.name,
            Outcome::Refused,
            details,
            now,
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Who a session belongs to; extends it when it has been used for a while.
    pub async fn principal_of(&self, token: Digest, now: UtcMillis) -> Result<Option<Principal>, DbError> {
        let Some((account, expires)) = store::session(&self.db, token, now).await? else { return Ok(None) };
        // One write every ten minutes, not one per request.
        if expires.since(now) < IDLE - 600_000 {
            store::extend_session(&self.db, token, now.plus(IDLE)).await?;
        }
        Ok(Some(principal(account)))
    }

    /// Replaces the person's password. Ends all sessions, so the answer is a new cookie.
    pub async fn set_password(
        &self,
        who: &Principal,
        current: String,
        new: String,
        now: UtcMillis,
    ) -> Result<String, AccountError> {
        let record = store::by_id(&self.db, who.id).await?.ok_or(AccountError::Unknown)?;
        if current == new {
            return Err(AccountError::SamePassword);
        }
        if !password::matches(current, Some(record.password_hash.clone())).await? {
            self.note_failure(&record, now).await?;
            return Err(AccountError::WrongPassword);
        }
        password::check(&new, &record.account.name)?;
        let hash = password::hash(new).await?;
        let token = Token::draw()?;
        let mut tx = self.db.begin().await?;
        store::set_password(&mut tx, who.id, &hash, PasswordKind::Own).await?;
        store::begin_session(&mut tx, who.id, token.digest(), now, now.plus(IDLE)).await?;
        audit::record(&mut tx, &Actor::from(who), "accounts.set-password", &who.name, Outcome::Done, json!({}), now)
            .await?;
        tx.commit().await?;
        Ok(token.set_cookie())
    }

    /// Ends a session.
    pub(super) async fn sign_out(&self, token: &Token) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        store::end_session(&mut tx, token.digest()).await?;
        tx.commit().await
    }
}

/// What to change of an account; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// Name shown to others.
    pub display_name: Option<String>,
    /// What the person may do.
    pub roles: Option<Vec<Role>>,
    /// Where.
    pub scope: Option<Scope>,
    /// May not sign in.
    pub disabled: Option<bool>,
}

fn principal(account: Account) -> Principal {
    Principal {
        id: account.id,
        name: account.name,
        display_name: account.display_name,
        roles: account.roles,
        scope: account.scope,
        must_set_password: account.one_time,
    }
}

fn check_name(name: &str) -> Result<(), AccountError> {
    let fits = (2..=32).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
    if fits { Ok(()) } else { Err(AccountError::BadName) }
}

fn checked_display_name(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 40 {
        return Err(AccountError::BadDisplayName);
    }
    Ok(name.to_owned())
}

fn checked_roles(mut roles: Vec<Role>) -> Result<Vec<Role>, AccountError> {
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { Err(AccountError::NoRole) } else { Ok(roles) }
}
