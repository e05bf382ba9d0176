//! SQL of accounts and sessions.

use xuanping_core::{digest::Digest, id::AccountId, time::UtcMillis};

use super::{Account, Role, Scope};
use crate::db::{Db, DbError, Row, Tx, sql};

const COLUMNS: &str = "a.id, a.name, a.display_name, a.roles, a.department, a.area, a.one_time, a.disabled, \
                       a.created_at, a.last_sign_in, a.password_hash";

/// An account with what only signing in needs.
pub(super) struct Record {
    pub account: Account,
    pub password_hash: String,
}

fn read(row: &Row) -> Result<Record, DbError> {
    let roles = row
        .text("roles")?
        .split(',')
        .filter(|r| !r.is_empty())
        .map(|r| r.parse::<Role>().map_err(|why| DbError::Column { column: "roles".into(), why }))
        .collect::<Result<_, _>>()?;
    Ok(Record {
        account: Account {
            id: row.parse("id")?,
            name: row.text("name")?,
            display_name: row.text("display_name")?,
            roles,
            scope: Scope { department: row.opt_text("department")?, area: row.opt_text("area")? },
            one_time: row.flag("one_time")?,
            disabled: row.flag("disabled")?,
            created_at: row.instant("created_at")?,
            last_sign_in: row.opt_instant("last_sign_in")?,
        },
        password_hash: row.text("password_hash")?,
    })
}

fn roles_text(roles: &[Role]) -> String {
    roles.iter().map(|r| r.code()).collect::<Vec<_>>().join(",")
}

pub(super) async fn insert(tx: &mut Tx, account: &Account, password_hash: &str) -> Result<bool, DbError> {
    let touched = tx
        .exec(
            sql("INSERT INTO accounts (id, name, display_name, password_hash, one_time, roles, department, area, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO NOTHING")
            .bind(account.id)
            .bind(&account.name)
            .bind(&account.display_name)
            .bind(password_hash)
            .bind(account.one_time)
            .bind(roles_text(&account.roles))
            .bind(account.scope.department.clone())
            .bind(account.scope.area.clone())
            .bind(account.created_at),
        )
        .await?;
    Ok(touched == 1)
}

/// The same list, as the transaction sees it.
pub(super) async fn list_in(tx: &mut Tx) -> Result<Vec<Account>, DbError> {
    let rows = tx.all(sql(format!("SELECT {COLUMNS} FROM accounts a ORDER BY a.name"))).await?;
    rows.iter().map(|row| read(row).map(|r| r.account)).collect()
}

pub(super) async fn list(db: &Db) -> Result<Vec<Account>, DbError> {
    let rows = db.all(sql(format!("SELECT {COLUMNS} FROM accounts a ORDER BY a.name"))).await?;
    rows.iter().map(|row| read(row).map(|r| r.account)).collect()
}

pub(super) async fn by_name(db: &Db, name: &str) -> Result<Option<Record>, DbError> {
    let row = db.opt(sql(format!("SELECT {COLUMNS} FROM accounts a WHERE a.name = $1")).bind(name)).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn by_id(db: &Db, id: AccountId) -> Result<Option<Record>, DbError> {
    let row = db.opt(sql(format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1")).bind(id)).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn update(tx: &mut Tx, account: &Account) -> Result<(), DbError> {
    tx.exec(
        sql("UPDATE accounts SET display_name = $2, roles = $3, department = $4, area = $5, disabled = $6 WHERE id = $1")
            .bind(account.id)
            .bind(&account.display_name)
            .bind(roles_text(&account.roles))
            .bind(account.scope.department.clone())
            .bind(account.scope.area.clone())
            .bind(account.disabled),
    )
    .await?;
    Ok(())
}

/// Ends all sessions of an account.
pub(super) async fn end_sessions(tx: &mut Tx, id: AccountId) -> Result<(), DbError> {
    tx.exec(sql("DELETE FROM sessions WHERE account_id = $1").bind(id)).await?;
    Ok(())
}

/// Whether the new password is a one-time one, or the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PasswordKind {
    OneTime,
    Own,
}

/// Sets a password, unlocks the account and ends its sessions. With `instead_of`, only if that hash is still the one in
/// force; answers whether it was set.
pub(super) async fn set_password(
    tx: &mut Tx,
    id: AccountId,
    hash: &str,
    kind: PasswordKind,
    instead_of: Option<&str>,
) -> Result<bool, DbError> {
    let touched = tx
        .exec(
            sql("UPDATE accounts SET password_hash = $2, one_time = $3, failures = 0, locked_until = NULL
                 WHERE id = $1 AND ($4 = '' OR password_hash = $4)")
            .bind(id)
            .bind(hash)
            .bind(kind == PasswordKind::OneTime)
            .bind(instead_of.unwrap_or_default()),
        )
        .await?;
    end_sessions(tx, id).await?;
    Ok(touched == 1)
}

/// What became of an attempt before its password is looked at.
pub(super) enum Attempt {
    /// It may be looked at. If it is wrong, it is failure number `failures` in a row, and with `locks` the last for now.
    Counted { failures: i64, locks: bool },
    /// It may not.
    Locked(UtcMillis),
}

/// Counts an attempt as a failure beforehand, so that a thousand attempts at once are not looked at all; what is right
/// takes it back with [`begin_session`] or [`set_password`].
pub(super) async fn count_attempt(
    db: &Db,
    id: AccountId,
    lock_after: i64,
    until: UtcMillis,
    now: UtcMillis,
) -> Result<Attempt, DbError> {
    let mut tx = db.begin().await?;
    let counted = sql("UPDATE accounts SET failures = failures + 1,
                         locked_until = CASE WHEN (failures + 1) % $2 = 0 THEN $3 ELSE NULL END
                       WHERE id = $1 AND (locked_until IS NULL OR locked_until <= $4)
                       RETURNING failures, locked_until");
    let row = tx.opt(counted.bind(id).bind(lock_after).bind(until).bind(now)).await?;
    let attempt = match row {
        Some(row) => {
            Attempt::Counted { failures: row.int("failures")?, locks: row.opt_instant("locked_until")?.is_some() }
        }
        None => {
            let row = tx.one(sql("SELECT locked_until FROM accounts WHERE id = $1").bind(id)).await?;
            Attempt::Locked(row.opt_instant("locked_until")?.unwrap_or(now))
        }
    };
    tx.commit().await?;
    Ok(attempt)
}

/// Begins a session, unless the account was disabled or its password replaced meanwhile; answers whether it did.
pub(super) async fn begin_session(
    tx: &mut Tx,
    id: AccountId,
    password_hash: &str,
    token: Digest,
    now: UtcMillis,
    expires: UtcMillis,
) -> Result<bool, DbError> {
    let touched = tx
        .exec(
            sql("UPDATE accounts SET failures = 0, locked_until = NULL, last_sign_in = $2
                 WHERE id = $1 AND disabled = 0 AND password_hash = $3")
            .bind(id)
            .bind(now)
            .bind(password_hash),
        )
        .await?;
    if touched == 0 {
        return Ok(false);
    }
    tx.exec(sql("DELETE FROM sessions WHERE expires_at <= $1").bind(now)).await?;
    tx.exec(
        sql("INSERT INTO sessions (token_digest, account_id, created_at, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(token)
            .bind(id)
            .bind(now)
            .bind(expires),
    )
    .await?;
    Ok(true)
}

/// The account of a session and when the session expires.
pub(super) async fn session(db: &Db, token: Digest, now: UtcMillis) -> Result<Option<(Account, UtcMillis)>, DbError> {
    let row = db
        .opt(
            sql(format!(
                "SELECT {COLUMNS}, s.expires_at FROM sessions s JOIN accounts a ON a.id = s.account_id
                 WHERE s.token_digest = $1 AND s.expires_at > $2 AND a.disabled = 0"
            ))
            .bind(token)
            .bind(now),
        )
        .await?;
    row.map(|row| Ok((read(&row)?.account, row.instant("expires_at")?))).transpose()
}

pub(super) async fn extend_session(db: &Db, token: Digest, expires: UtcMillis) -> Result<(), DbError> {
    db.exec(sql("UPDATE sessions SET expires_at = $2 WHERE token_digest = $1").bind(token).bind(expires)).await?;
    Ok(())
}

pub(super) async fn end_session(tx: &mut Tx, token: Digest) -> Result<(), DbError> {
    tx.exec(sql("DELETE FROM sessions WHERE token_digest = $1").bind(token)).await?;
    Ok(())
}
