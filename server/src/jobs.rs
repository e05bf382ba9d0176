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

/// What became of a look into the queue.
enum Next {
    /// A job was taken in hand, whatever came of it.
    Done,
    /// Nothing is due before this instant.
    Nothing { until: Option<UtcMillis> },
}

/// How far ahead of its time [`Jobs::drain`] does a job, in milliseconds.
const PUT_OFF: i64 = 5_000;

/// How long a loop sleeps at most: another process may have left a job without being able to wake us.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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

    /// Does what is due of the kinds that these handlers do, one at a time, for ever. Several loops may run side by
    /// side if no kind is in two of them. Cancel it by dropping it: a job in hand is then simply done again later.
    pub async fn run(&self, handlers: Handlers) {
        let mut woken = self.wake.subscribe();
        loop {
            woken.mark_unchanged();
            match self.do_next(&handlers, clock::now()).await {
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
        while matches!(self.do_next(handlers, clock::now().plus(PUT_OFF)).await?, Next::Done) {}
        Ok(())
    }

    /// How many jobs wait.
    pub async fn waiting(&self) -> Result<i64, DbError> {
        self.db.one(sql("SELECT COUNT(*) AS n FROM jobs")).await?.int("n")
    }

    async fn do_next(&self, handlers: &Handlers, now: UtcMillis) -> Result<Next, DbError> {
        if handlers.0.is_empty() {
            return Ok(Next::Nothing { until: None });
        }
        let places: Vec<String> = (1..=handlers.0.len()).map(|n| format!("${n}")).collect();
        let first = sql(format!(
            "SELECT kind, key, attempts, revision, due_at FROM jobs WHERE kind IN ({})
             ORDER BY due_at LIMIT 1",
            places.join(", ")
        ));
        let first = handlers.0.keys().fold(first, |first, &kind| first.bind(kind));
        let Some(row) = self.db.opt(first).await? else { return Ok(Next::Nothing { until: None }) };
        let due = row.instant("due_at")?;
        if due > now {
            return Ok(Next::Nothing { until: Some(due) });
        }
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
        Ok(Next::Done)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::db::testing::for_each_database;

    fn noting(done: &Arc<Mutex<Vec<String>>>) -> Handlers {
        let mut handlers = Handlers::default();
        for kind in ["a", "b"] {
            let done = done.clone();
            handlers.register(kind, move |key| {
                done.lock().unwrap().push(format!("{kind} {key}"));
                async move { if key == "hopeless" { Err("no") } else { Ok(()) } }
            });
        }
        handlers
    }

    async fn leave(jobs: &Jobs, db: &Db, kind: &str, key: &str, due: UtcMillis) {
        let mut tx = db.begin().await.unwrap();
        jobs.enqueue_for(&mut tx, kind, key, due).await.unwrap();
        tx.commit().await.unwrap();
        jobs.wake();
    }

    #[tokio::test]
    async fn what_is_asked_for_twice_is_done_once_and_not_later_than_the_earlier_asked() {
        for_each_database(async |db| {
            let jobs = Jobs::new(db.clone());
            let done = Arc::default();
            let now = clock::now();
            leave(&jobs, &db, "a", "1", now).await;
            leave(&jobs, &db, "a", "1", now.plus(3_600_000)).await;
            leave(&jobs, &db, "b", "1", now.plus(3_600_000)).await;
            jobs.drain(&noting(&done)).await.unwrap();
            assert_eq!(*done.lock().unwrap(), ["a 1"]);
            assert_eq!(jobs.waiting().await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn a_job_that_fails_stays_with_its_error_and_keeps_no_other_waiting() {
        for_each_database(async |db| {
            let jobs = Jobs::new(db.clone());
            let done = Arc::default();
            let now = clock::now();
            leave(&jobs, &db, "a", "hopeless", now.plus(-2)).await;
            leave(&jobs, &db, "a", "next", now.plus(-1)).await;
            jobs.drain(&noting(&done)).await.unwrap();
            assert!(done.lock().unwrap().contains(&"a next".to_owned()));
            let row = db.one(sql("SELECT attempts, last_error FROM jobs WHERE key = 'hopeless'")).await.unwrap();
            assert!(row.int("attempts").unwrap() >= 1);
            assert_eq!(row.text("last_error").unwrap(), "no");
        })
        .await;
    }

    #[tokio::test]
    async fn a_loop_does_a_job_that_is_put_off_when_its_time_comes_and_one_left_later_at_once() {
        for_each_database(async |db| {
            let jobs = Jobs::new(db.clone());
            let done: Arc<Mutex<Vec<String>>> = Arc::default();
            let now = clock::now();
            leave(&jobs, &db, "a", "put off", now.plus(400)).await;
            let running = tokio::spawn({
                let (jobs, handlers) = (jobs.clone(), noting(&done));
                async move { jobs.run(handlers).await }
            });
            leave(&jobs, &db, "b", "at once", now).await;
            while jobs.waiting().await.unwrap() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            running.abort();
            assert_eq!(*done.lock().unwrap(), ["b at once", "a put off"]);
        })
        .await;
    }

    #[tokio::test]
    async fn a_job_left_again_while_it_is_being_done_is_done_again() {
        for_each_database(async |db| {
            let jobs = Jobs::new(db.clone());
            let times = Arc::new(Mutex::new(0));
            let mut handlers = Handlers::default();
            handlers.register("a", {
                let (jobs, db, times) = (jobs.clone(), db.clone(), times.clone());
                move |key: String| {
                    let (jobs, db, times) = (jobs.clone(), db.clone(), times.clone());
                    async move {
                        let first = {
                            let mut n = times.lock().unwrap();
                            *n += 1;
                            *n == 1
                        };
                        if first {
                            leave(&jobs, &db, "a", &key, clock::now()).await;
                        }
                        Ok::<_, JobError>(())
                    }
                }
            });
            leave(&jobs, &db, "a", "1", clock::now()).await;
            jobs.drain(&handlers).await.unwrap();
            assert_eq!(*times.lock().unwrap(), 2);
        })
        .await;
    }
}
