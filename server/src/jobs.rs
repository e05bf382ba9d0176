//! Durable background work: rows that say what to do, and one loop that does it.
//!
//! A domain leaves a job in the same transaction as its cause, so neither exists without the other; a later domain
//! registers what to do. A job that fails is tried again later, ever less often, and its last error is kept for people.

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::sync::watch;
use xuanping_core::time::UtcMillis;

use crate::{
    clock,
    db::{Db, DbError, Tx, sql},
};

type Outcome = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;
type Handler = Arc<dyn Fn(String) -> Outcome + Send + Sync>;

/// Why a job did not get done this time.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JobError(pub String);

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    db: Db,
    wake: watch::Sender<()>,
}

/// Who does which kind of job.
#[derive(Default)]
pub struct Handlers(HashMap<&'static str, Handler>);

impl Handlers {
    /// Says who does jobs of this kind; the handler is given the job's key.
    pub fn register<F, Fut, E>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let handler: Handler = Arc::new(move |key| {
            let work = handler(key);
            Box::pin(async move { work.await.map_err(|e| JobError(e.to_string())) })
        });
        self.0.insert(kind, handler);
    }

    /// Takes these kinds out, for a loop of their own: slow work must not keep quick work waiting.
    #[must_use]
    pub fn split_off(&mut self, kinds: &[&'static str]) -> Self {
        Self(kinds.iter().filter_map(|kind| self.0.remove_entry(kind)).collect())
    }
}

impl Jobs {
    /// The queue in this database.
    pub fn new(db: Db) -> Self {
        Self { db, wake: watch::Sender::new(()) }
    }

    /// Leaves a job in the caller's transaction. The same kind and key already waiting is enough: it is not doubled.
    /// Call [`Jobs::wake`] after the commit.
    pub async fn enqueue(&self, tx: &mut Tx, kind: &str, key: &str, now: UtcMillis) -> Result<(), DbError> {
        tx.exec(
            sql("INSERT INTO jobs (kind, key, due_at, attempts, revision) VALUES ($1, $2, $3, 0, 1)
                 ON CONFLICT (kind, key) DO UPDATE SET due_at = $3, attempts = 0, revision = jobs.revision + 1")
            .bind(kind)
            .bind(key)
            .bind(now),
        )
        .await?;
        Ok(())
    }

    /// Says that there may be something to do.
    pub fn wake(&self) {
        self.wake.send_replace(());
    }

    /// Does what is due of the kinds that these handlers do, one at a time, for ever. Several loops may run side by
    /// side if no kind is in two of them. Cancel it by dropping it: a job in hand is then simply done again later.
    pub async fn run(&self, handlers: Handlers) {
        let mut woken = self.wake.subscribe();
        loop {
            woken.mark_unchanged();
            match self.do_next(&handlers).await {
                Ok(true) => {}
                Ok(false) => {
                    let _ = tokio::time::timeout(Duration::from_secs(5), woken.changed()).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the job queue cannot be read");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        }
    }

    /// Does everything that is due now; for start-up and tests.
    pub async fn drain(&self, handlers: &Handlers) -> Result<(), DbError> {
        while self.do_next(handlers).await? {}
        Ok(())
    }

    /// How many jobs wait.
    pub async fn waiting(&self) -> Result<i64, DbError> {
        self.db.one(sql("SELECT COUNT(*) AS n FROM jobs")).await?.int("n")
    }

    async fn do_next(&self, handlers: &Handlers) -> Result<bool, DbError> {
        if handlers.0.is_empty() {
            return Ok(false);
        }
        let places: Vec<String> = (2..handlers.0.len() + 2).map(|n| format!("${n}")).collect();
        let due = sql(format!(
            "SELECT kind, key, attempts, revision FROM jobs WHERE due_at <= $1 AND kind IN ({}) ORDER BY due_at LIMIT 1",
            places.join(", ")
        ));
        let due = handlers.0.keys().fold(due.bind(clock::now()), |due, &kind| due.bind(kind));
        let Some(row) = self.db.opt(due).await? else { return Ok(false) };
        let (kind, key) = (row.text("kind")?, row.text("key")?);
        let (attempts, revision) = (row.int("attempts")?, row.int("revision")?);
        let outcome = match handlers.0.get(kind.as_str()) {
            Some(handler) => handler(key.clone()).await,
            None => Err(JobError(format!("nobody does jobs of kind {kind}"))),
        };
        match outcome {
            Ok(()) => {
                // Asked for again while it was being done? Then it stays.
                let done = sql("DELETE FROM jobs WHERE kind = $1 AND key = $2 AND revision = $3");
                self.db.exec(done.bind(kind).bind(key).bind(revision)).await?;
            }
            Err(error) => {
                tracing::warn!(kind, key, %error, "a job failed and will be tried again");
                let pause = 1000_i64 << attempts.clamp(0, 9);
                let later = sql("UPDATE jobs SET attempts = attempts + 1, due_at = $3, last_error = $4
                                 WHERE kind = $1 AND key = $2");
                self.db.exec(later.bind(kind).bind(key).bind(clock::now().plus(pause)).bind(error.to_string())).await?;
            }
        }
        Ok(true)
    }
}
