//! Durable background work: rows that say what to do, and one loop that does it.
//!
//! A domain leaves a job in the same transaction as its cause, so neither exists without the other; a later domain
//! registers what to do. A job that fails is tried again later, ever less often, and its last error is kept for people.
//!
//! Who can do many jobs of a kind for hardly more than one does as many together as wait, up to a bound. Kinds take turns, so
//! that what an office waits for is never behind a hundred thousand new screens.

use std::{
    collections::{BTreeMap, HashMap},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use tokio::sync::watch;
use xuanping_core::time::UtcMillis;

use crate::{
    clock,
    db::{Db, DbError, Row, Tx, placeholders, sql},
};

type Outcome = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// Who does jobs of one kind.
struct Worker {
    /// How many keys are done together at most.
    at_once: usize,
    work: Arc<dyn Fn(Vec<String>) -> Outcome + Send + Sync>,
}

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

/// What became of a look into the queue.
enum Next {
    /// One or more jobs were taken in hand, whatever came of it.
    Done,
    /// Nothing is due before this instant.
    Nothing { until: Option<UtcMillis> },
}

/// How far ahead of its time [`Jobs::drain`] does a job, in milliseconds.
const PUT_OFF: i64 = 5_000;

/// Keys in one statement.
const IN_ONE_STATEMENT: usize = 200;

/// How long a loop sleeps at most: another process may have left a job without being able to wake us.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Who does which kind of job.
#[derive(Default)]
pub struct Handlers(HashMap<&'static str, Worker>);

/// A kind of which something waits.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    kind: &'static str,
    /// When the first of it is due.
    due: UtcMillis,
}

/// Which kind had its turn when, in one loop: none keeps the others waiting for longer than a turn, however much of it waits.
#[derive(Debug, Default)]
struct Turns {
    last: HashMap<&'static str, u64>,
    taken: u64,
}

impl Turns {
    /// Whose turn it is: of the kinds that are due by `now` the one that had none for longest. What is put off to a later
    /// moment comes after all of these.
    fn next(&self, waiting: &[Waiting], now: UtcMillis) -> Option<Waiting> {
        let before = |kind| self.last.get(kind).copied();
        waiting.iter().copied().min_by_key(|one| (one.due.max(now), before(one.kind), one.due))
    }

    fn take(&mut self, kind: &'static str) {
        self.taken += 1;
        self.last.insert(kind, self.taken);
    }
}

/// A job as it stands in the queue.
#[derive(Debug)]
struct Queued {
    key: String,
    attempts: i64,
    revision: i64,
}

impl Handlers {
    /// Says who does jobs of this kind, one at a time; the handler is given the job's key.
    pub fn register<F, Fut, E>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        self.register_many(kind, 1, move |mut keys| handler(keys.pop().unwrap_or_default()));
    }

    /// Says who does jobs of this kind, so many together at most; the handler is given their keys. All of them are done, or
    /// none: should they fail together, each is done by itself.
    pub fn register_many<F, Fut, E>(&mut self, kind: &'static str, at_once: usize, handler: F)
    where
        F: Fn(Vec<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let work = move |keys| -> Outcome {
            let work = handler(keys);
            Box::pin(async move { work.await.map_err(|e| JobError(e.to_string())) })
        };
        self.0.insert(kind, Worker { at_once, work: Arc::new(work) });
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
        self.enqueue_for(tx, kind, key, now).await
    }

    /// Like [`Jobs::enqueue`], to be done only from `due` on, so that causes that come in quick succession are answered
    /// by one job. A job of this kind and key that is due earlier stays as early.
    pub async fn enqueue_for(&self, tx: &mut Tx, kind: &str, key: &str, due: UtcMillis) -> Result<(), DbError> {
        tx.exec(
            sql("INSERT INTO jobs (kind, key, due_at, attempts, revision) VALUES ($1, $2, $3, 0, 1)
                 ON CONFLICT (kind, key) DO UPDATE SET attempts = 0, revision = jobs.revision + 1,
                 due_at = CASE WHEN jobs.due_at < $3 THEN jobs.due_at ELSE $3 END")
            .bind(kind)
            .bind(key)
            .bind(due),
        )
        .await?;
        Ok(())
    }

    /// Says that there may be something to do.
    pub fn wake(&self) {
        self.wake.send_replace(());
    }

    /// Does what is due of the kinds that these handlers do, for ever. Kinds take turns. Several loops may run side by side
    /// if no kind is in two of them. Cancel it by dropping it: jobs in hand are then simply done again later.
    pub async fn run(&self, handlers: Handlers) {
        let mut woken = self.wake.subscribe();
        let mut turns = Turns::default();
        loop {
            woken.mark_unchanged();
            match self.do_next(&handlers, &mut turns, 0).await {
                Ok(Next::Done) => {}
                Ok(Next::Nothing { until }) => {
                    let pause = until.map_or(LONGEST_PAUSE, |at| {
                        let left = u64::try_from(at.since(clock::now())).unwrap_or(0);
                        LONGEST_PAUSE.min(Duration::from_millis(left))
                    });
                    let _ = tokio::time::timeout(pause, woken.changed()).await;
                }
                Err(error) => {
                    tracing::error!(%error, "the job queue cannot be read");
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }
        }
    }

    /// Does everything that is due now or put off for a moment only; for start-up and tests.
    pub async fn drain(&self, handlers: &Handlers) -> Result<(), DbError> {
        let mut turns = Turns::default();
        while matches!(self.do_next(handlers, &mut turns, PUT_OFF).await?, Next::Done) {}
        Ok(())
    }

    /// How many jobs wait.
    pub async fn waiting(&self) -> Result<i64, DbError> {
        self.db.one(sql("SELECT COUNT(*) AS n FROM jobs")).await?.int("n")
    }

    /// Lets one kind have its turn: what is due of it by now or within so many milliseconds, as much as is done together.
    async fn do_next(&self, handlers: &Handlers, turns: &mut Turns, ahead: i64) -> Result<Next, DbError> {
        let mut waiting = Vec::new();
        for &kind in handlers.0.keys() {
            let first = sql("SELECT due_at FROM jobs WHERE kind = $1 ORDER BY due_at LIMIT 1").bind(kind);
            if let Some(row) = self.db.opt(first).await? {
                waiting.push(Waiting { kind, due: row.instant("due_at")? });
            }
        }
        let now = clock::now();
        let by = now.plus(ahead);
        let Some(Waiting { kind, due }) = turns.next(&waiting, now) else { return Ok(Next::Nothing { until: None }) };
        if due > by {
            return Ok(Next::Nothing { until: Some(due) });
        }
        let Some(worker) = handlers.0.get(kind) else { return Ok(Next::Nothing { until: None }) };
        turns.take(kind);
        let jobs = self.first(kind, by, worker.at_once).await?;
        if jobs.is_empty() {
            return Ok(Next::Done);
        }
        let outcome = (worker.work)(jobs.iter().map(|job| job.key.clone()).collect()).await;
        match (outcome, jobs.as_slice()) {
            (Ok(()), jobs) => self.done(kind, jobs).await?,
            (Err(error), [job]) => {
                tracing::warn!(kind, key = job.key, %error, "a job failed and will be tried again");
                let pause = 1000_i64 << job.attempts.clamp(0, 9);
                let later = sql("UPDATE jobs SET attempts = attempts + 1, due_at = $3, last_error = $4
                                 WHERE kind = $1 AND key = $2");
                let later = later.bind(kind).bind(&job.key).bind(clock::now().plus(pause));
                self.db.exec(later.bind(error.to_string())).await?;
            }
            (Err(error), jobs) => {
                tracing::warn!(kind, jobs = jobs.len(), %error, "jobs failed together and are tried one by one");
                self.part(kind, jobs, &error).await?;
            }
        }
        Ok(Next::Done)
    }

    /// The first jobs of a kind that are due by an instant, as many as are done together: those that were not tried before.
    /// One that was is done by itself.
    async fn first(&self, kind: &str, by: UtcMillis, at_once: usize) -> Result<Vec<Queued>, DbError> {
        let due = sql("SELECT key, attempts, revision FROM jobs WHERE kind = $1 AND due_at <= $2
                       ORDER BY due_at LIMIT $3");
        let rows = self.db.all(due.bind(kind).bind(by).bind(at_once)).await?;
        let queued = |row: &Row| {
            Ok(Queued { key: row.text("key")?, attempts: row.int("attempts")?, revision: row.int("revision")? })
        };
        let mut jobs = rows.iter().map(queued).collect::<Result<Vec<_>, DbError>>()?;
        if jobs.first().is_some_and(|first| first.attempts > 0) {
            jobs.truncate(1);
        } else {
            jobs.retain(|job| job.attempts == 0);
        }
        Ok(jobs)
    }

    /// Takes these out of the queue. What was asked for again while it was being done has another revision, and stays.
    async fn done(&self, kind: &str, jobs: &[Queued]) -> Result<(), DbError> {
        let mut by_revision: BTreeMap<i64, Vec<&Queued>> = BTreeMap::new();
        for job in jobs {
            by_revision.entry(job.revision).or_default().push(job);
        }
        let mut tx = self.db.begin().await?;
        for (revision, jobs) in by_revision {
            for some in jobs.chunks(IN_ONE_STATEMENT) {
                let done = format!(
                    "DELETE FROM jobs WHERE kind = $1 AND revision = $2 AND key IN ({})",
                    placeholders(3, some.len())
                );
                let done = sql(done).bind(kind).bind(revision);
                tx.exec(some.iter().fold(done, |done, job| done.bind(&job.key))).await?;
            }
        }
        tx.commit().await
    }

    /// These failed together: from now on each is done by itself, as soon as before.
    async fn part(&self, kind: &str, jobs: &[Queued], error: &JobError) -> Result<(), DbError> {
        let mut tx = self.db.begin().await?;
        for some in jobs.chunks(IN_ONE_STATEMENT) {
            let parted = format!(
                "UPDATE jobs SET attempts = attempts + 1, last_error = $2 WHERE kind = $1 AND key IN ({})",
                placeholders(3, some.len())
            );
            let parted = sql(parted).bind(kind).bind(error.to_string());
            tx.exec(some.iter().fold(parted, |parted, job| parted.bind(&job.key))).await?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests;
