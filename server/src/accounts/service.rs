//! What can be done with accounts, whoever asks: the console, the command line, or the demo.

use serde_json::json;
use xuanping_core::{campaign::AreaCode, digest::Digest, id::AccountId, time::UtcMillis};

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
    /// The scope's area is no area code, or its department no department code.
    #[error("the scope's {0} is not a code")]
    BadScope(&'static str),
    /// Too many wrong passwords.
    #[error("locked until {0}")]
    Locked(UtcMillis),
    /// The password was replaced while this was being done.
    #[error("the password was replaced meanwhile")]
    Overtaken,
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
        let scope = checked_scope(new.scope)?;
        let one_time_password = password::one_time()?;
        let hash = password::hash(one_time_password.clone()).await?;
        let account = Account {
            id: AccountId::new(entropy::uuid(now)?),
            name: new.name,
            display_name,
            roles,
            scope,
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
        let display_name = change.display_name.as_deref().map(checked_display_name).transpose()?;
        let roles = change.roles.map(checked_roles).transpose()?;
        let scope = change.scope.map(checked_scope).transpose()?;
        let mut tx = self.db.begin().await?;
        // Two administrators who disable each other at the same moment must not both succeed.
        tx.alone("accounts").await?;
        let all = store::list_in(&mut tx).await?;
        let mut account = all.iter().find(|a| a.id == id).cloned().ok_or(AccountError::Unknown)?;
        account.display_name = display_name.unwrap_or(account.display_name);
        account.roles = roles.unwrap_or(account.roles);
        account.scope = scope.unwrap_or(account.scope);
        account.disabled = change.disabled.unwrap_or(account.disabled);
        let able = |a: &Account| !a.disabled && a.roles.contains(&Role::Admin);
        if !able(&account) && !all.iter().any(|a| a.id != id && able(a)) {
            return Err(AccountError::LastAdmin);
        }
        store::update(&mut tx, &account).await?;
        if account.disabled {
            // Else they would come back to life with the account.
            store::end_sessions(&mut tx, id).await?;
        }
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
        store::set_password(&mut tx, id, &hash, PasswordKind::OneTime, None).await?;
        audit::record(&mut tx, actor, "accounts.reset-sign-in", &account.name, Outcome::Done, json!({}), now).await?;
        tx.commit().await?;
        account.one_time = true;
        Ok(Issued { account, one_time_password })
    }

    /// Signs in. Answers the cookie to set and who it is.
    pub async fn sign_in(&self, name: &str, given: String, now: UtcMillis) -> Result<(String, Principal), SignInError> {
        let record = store::by_name(&self.db, name).await.map_err(AccountError::from)?;
        let Some(record) = record.filter(|r| !r.account.disabled) else {
            password::matches(given, None).await.map_err(AccountError::from)?;
            return Err(SignInError::Wrong);
        };
        match self.try_password(&record, given, now).await {
            Ok(()) => {}
            Err(AccountError::WrongPassword) => return Err(SignInError::Wrong),
            Err(AccountError::Locked(until)) => return Err(SignInError::Locked(until)),
            Err(error) => return Err(error.into()),
        }
        self.begin_session(record, now).await?.ok_or(SignInError::Wrong)
    }

    /// `None` if the account was disabled or its password replaced while the old one was being compared.
    async fn begin_session(
        &self,
        record: store::Record,
        now: UtcMillis,
    ) -> Result<Option<(String, Principal)>, AccountError> {
        let token = Token::draw()?;
        let principal = principal(record.account);
        let mut tx = self.db.begin().await?;
        let hash = &record.password_hash;
        if !store::begin_session(&mut tx, principal.id, hash, token.digest(), now, now.plus(IDLE)).await? {
            return Ok(None);
        }
        let (actor, name) = (Actor::from(&principal), &principal.name);
        audit::record(&mut tx, &actor, "accounts.sign-in", name, Outcome::Done, json!({}), now).await?;
        tx.commit().await?;
        Ok(Some((token.set_cookie(), principal)))
    }

    /// Compares a password with the account's. The attempt counts as a failure from its beginning, so that as many as
    /// one likes at once are no way around the lock; whoever was right takes it back.
    async fn try_password(&self, record: &store::Record, given: String, now: UtcMillis) -> Result<(), AccountError> {
        let id = record.account.id;
        let (failures, locks) = match store::count_attempt(&self.db, id, LOCK_AFTER, now.plus(LOCK_FOR), now).await? {
            store::Attempt::Counted { failures, locks } => (failures, locks),
            store::Attempt::Locked(until) => return Err(AccountError::Locked(until)),
        };
        if password::matches(given, Some(record.password_hash.clone())).await? {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        let details = json!({ "failures": failures, "locked": locks });
        let name = &record.account.name;
        audit::record(&mut tx, &Actor::System, "accounts.sign-in", name, Outcome::Refused, details, now).await?;
        tx.commit().await?;
        Err(AccountError::WrongPassword)
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
        // Before the current one is tried: a refused new password is no failed attempt.
        password::check(&new, &record.account.name)?;
        self.try_password(&record, current, now).await?;
        let hash = password::hash(new).await?;
        let token = Token::draw()?;
        let mut tx = self.db.begin().await?;
        // An administrator may have reset it meanwhile: that stands.
        if !store::set_password(&mut tx, who.id, &hash, PasswordKind::Own, Some(&record.password_hash)).await?
            || !store::begin_session(&mut tx, who.id, &hash, token.digest(), now, now.plus(IDLE)).await?
        {
            return Err(AccountError::Overtaken);
        }
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

/// Whether the codes are known is for the domain of places; here only whether they can be codes at all.
fn checked_scope(scope: Scope) -> Result<Scope, AccountError> {
    if scope.area.as_ref().is_some_and(|code| code.parse::<AreaCode>().is_err()) {
        return Err(AccountError::BadScope("area"));
    }
    if scope.department.as_ref().is_some_and(|code| code.trim().is_empty() || code.chars().count() > 60) {
        return Err(AccountError::BadScope("department"));
    }
    Ok(scope)
}

fn checked_roles(mut roles: Vec<Role>) -> Result<Vec<Role>, AccountError> {
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() { Err(AccountError::NoRole) } else { Ok(roles) }
}
