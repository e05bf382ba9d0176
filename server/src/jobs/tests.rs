//! The promises of the queue, on both databases.

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

/// Notes what is done together, at most three of kind `a`; one called hopeless fails with all that are done beside it.
fn noting_together(turns: &Arc<Mutex<Vec<Vec<String>>>>) -> Handlers {
    let mut handlers = Handlers::default();
    for (kind, at_once) in [("a", 3), ("b", 1)] {
        let turns = turns.clone();
        handlers.register_many(kind, at_once, move |keys: Vec<String>| {
            let hopeless = keys.iter().any(|key| key == "hopeless");
            turns.lock().unwrap().push(keys);
            async move { if hopeless { Err("no") } else { Ok(()) } }
        });
    }
    handlers
}

#[tokio::test]
async fn what_waits_of_a_kind_is_done_together_up_to_a_bound_the_earliest_first() {
    for_each_database(async |db| {
        let jobs = Jobs::new(db.clone());
        let turns = Arc::default();
        let now = clock::now();
        for n in 0..7 {
            leave(&jobs, &db, "a", &n.to_string(), now.plus(n - 10)).await;
        }
        leave(&jobs, &db, "a", "tomorrow", now.plus(86_400_000)).await;
        jobs.drain(&noting_together(&turns)).await.unwrap();
        assert_eq!(*turns.lock().unwrap(), [vec!["0", "1", "2"], vec!["3", "4", "5"], vec!["6"]]);
        assert_eq!(jobs.waiting().await.unwrap(), 1, "what is not due stays");
    })
    .await;
}

#[tokio::test]
async fn a_kind_of_which_much_waits_keeps_another_waiting_for_one_turn() {
    for_each_database(async |db| {
        let jobs = Jobs::new(db.clone());
        let turns = Arc::default();
        let now = clock::now();
        for n in 0..9 {
            leave(&jobs, &db, "a", &n.to_string(), now.plus(n - 1_000)).await;
        }
        leave(&jobs, &db, "b", "publish", now.plus(-1)).await;
        jobs.drain(&noting_together(&turns)).await.unwrap();
        let turns = turns.lock().unwrap();
        let publish = turns.iter().position(|keys| keys == &["publish"]).unwrap();
        assert!(publish <= 1, "{turns:?}");
        assert_eq!(turns.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn jobs_that_fail_together_are_done_one_by_one_and_only_the_hopeless_one_stays() {
    for_each_database(async |db| {
        let jobs = Jobs::new(db.clone());
        let turns = Arc::default();
        let now = clock::now();
        for (n, key) in ["first", "hopeless", "last", "later"].into_iter().enumerate() {
            leave(&jobs, &db, "a", key, now.plus(n as i64 - 10)).await;
        }
        let handlers = noting_together(&turns);
        let mut taken = Turns::default();
        for _ in 0..5 {
            assert!(matches!(jobs.do_next(&handlers, &mut taken, 0).await.unwrap(), Next::Done));
        }
        assert_eq!(
            *turns.lock().unwrap(),
            [vec!["first", "hopeless", "last"], vec!["first"], vec!["hopeless"], vec!["last"], vec!["later"]]
        );
        assert!(matches!(jobs.do_next(&handlers, &mut taken, 0).await.unwrap(), Next::Nothing { until: Some(_) }));
        let row = db.one(sql("SELECT key, last_error, due_at FROM jobs")).await.unwrap();
        assert_eq!((row.text("key").unwrap().as_str(), row.text("last_error").unwrap().as_str()), ("hopeless", "no"));
        assert!(row.instant("due_at").unwrap() > now, "it is tried again, later");
    })
    .await;
}

#[tokio::test]
async fn nobody_is_done_together_with_one_that_failed_before_nor_waits_for_it() {
    for_each_database(async |db| {
        let jobs = Jobs::new(db.clone());
        let turns = Arc::default();
        let handlers = noting_together(&turns);
        leave(&jobs, &db, "a", "hopeless", clock::now().plus(-20_000)).await;
        let mut taken = Turns::default();
        jobs.do_next(&handlers, &mut taken, 0).await.unwrap();
        // Its time has come again, and it is the first in the queue.
        db.exec(sql("UPDATE jobs SET due_at = due_at - 100000")).await.unwrap();
        for n in 0..2 {
            leave(&jobs, &db, "a", &n.to_string(), clock::now().plus(n - 10)).await;
        }
        for _ in 0..2 {
            jobs.do_next(&handlers, &mut taken, 0).await.unwrap();
        }
        assert_eq!(*turns.lock().unwrap(), [vec!["hopeless"], vec!["hopeless"], vec!["0", "1"]]);
        assert_eq!(jobs.waiting().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_those_done_together_the_one_left_again_meanwhile_is_done_again() {
    for_each_database(async |db| {
        let jobs = Jobs::new(db.clone());
        let turns: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let mut handlers = Handlers::default();
        handlers.register_many("a", 10, {
            let (jobs, db, turns) = (jobs.clone(), db.clone(), turns.clone());
            move |keys: Vec<String>| {
                let (jobs, db, turns) = (jobs.clone(), db.clone(), turns.clone());
                async move {
                    let first = turns.lock().unwrap().is_empty();
                    turns.lock().unwrap().push(keys);
                    if first {
                        leave(&jobs, &db, "a", "2", clock::now()).await;
                    }
                    Ok::<_, JobError>(())
                }
            }
        });
        for n in 1..=3 {
            leave(&jobs, &db, "a", &n.to_string(), clock::now().plus(n - 10)).await;
        }
        jobs.drain(&handlers).await.unwrap();
        assert_eq!(*turns.lock().unwrap(), [vec!["1", "2", "3"], vec!["2"]]);
        assert_eq!(jobs.waiting().await.unwrap(), 0);
    })
    .await;
}
