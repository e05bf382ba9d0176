//! The audit trail: who did what, when, with what result. Insert-only; nothing in the console can remove a line.

use serde_json::Value;
use xuanping_core::{id::AccountId, time::UtcMillis};

use super::Principal;
use crate::db::{Db, DbError, Tx, sql};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    Person {
        /// Account.
        id: AccountId,
        /// Name at that time.
        name: String,
    },
    /// Somebody with a shell on the server.
    CommandLine,
    /// The server itself.
    System,
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self::Person { id: principal.id, name: principal.display_name.clone() }
    }
}

impl Actor {
    /// The account, if it is a person.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Person { id, .. } => Some(*id),
            Self::CommandLine | Self::System => None,
        }
    }

    /// The name the trail shows.
    pub fn name(&self) -> &str {
        match self {
            Self::Person { name, .. } => name,
            Self::CommandLine => "命令行",
            Self::System => "系统",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Refused.
    Refused,
}

/// A line of the trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, ascending.
    pub id: i64,
    /// When.
    pub at: UtcMillis,
    /// Who.
    pub account_name: String,
    /// What, as `domain.verb`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// More.
    pub details: Value,
}

/// Writes a line, in the transaction of what it tells about. `action` is `domain.verb`, e.g. `content.approve`.
pub async fn record(
    tx: &mut Tx,
    actor: &Actor,
    action: &str,
    subject: &str,
    outcome: Outcome,
    details: Value,
    now: UtcMillis,
) -> Result<(), DbError> {
    tx.exec(
        sql("INSERT INTO audit_trail (at, account_id, account_name, action, subject, outcome, details)
             VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(now)
        .bind(actor.account())
        .bind(actor.name())
        .bind(action)
        .bind(subject)
        .bind(match outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
        })
        .bind(details.to_string()),
    )
    .await?;
    Ok(())
}

/// The newest lines, `limit` at most, older than line `before`.
pub async fn list(db: &Db, before: Option<i64>, limit: u32) -> Result<Vec<Entry>, DbError> {
    let rows = db
        .all(
            sql("SELECT id, at, account_name, action, subject, outcome, details FROM audit_trail
                 WHERE id < $1 ORDER BY id DESC LIMIT $2")
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Entry {
                id: row.int("id")?,
                at: row.instant("at")?,
                account_name: row.text("account_name")?,
                action: row.text("action")?,
                subject: row.text("subject")?,
                outcome: row.text("outcome")?,
                details: row.json("details")?,
            })
        })
        .collect()
}
