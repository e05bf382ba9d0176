//! Group commit: batches that come in at about the same time are stored in one transaction, because making it durable costs
//! the same for one as for many. Nobody gets a receipt before that, and no batch fails for its neighbours.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use xuanping_core::{id::ScreenId, playlog::ChainHead, time::UtcMillis};

use super::{
    FindingKind,
    store::{
        self,
        batches::{Kept, Step},
        covered::Taken,
        days::Addition,
        findings::NewFinding,
    },
};
use crate::{
    db::Db,
    screens::{Screen, ScreenError, Screens},
};

/// Batches stored with one transaction at most: it keeps every other writer waiting.
const MOST: usize = 256;

/// Everything that a batch comes to, judged and ready to be stored.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Whose.
    pub screen: Screen,
    /// The end of its chain that it was judged at.
    pub head: ChainHead,
    /// The end with it.
    pub next: ChainHead,
    /// Until when its screen has told everything with it.
    pub told: UtcMillis,
    /// What is stored of it.
    pub kept: Kept,
    /// What it adds to the counters.
    pub days: Vec<Addition>,
    /// What it takes of its zones' time.
    pub taken: Vec<Taken>,
    /// What was found in it.
    pub findings: Vec<(FindingKind, serde_json::Value)>,
}

struct Waiting {
    ready: Ready,
    answer: oneshot::Sender<Result<bool, ScreenError>>,
}

/// Where batches wait for each other. Cheap to clone.
#[derive(Clone, Default)]
pub struct Commits {
    queue: Arc<Mutex<Vec<Waiting>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Commits {
    /// Stores a batch, with whatever else waits; `false` if its screen's chain does not end where it was judged any more, or the
    /// screen has changed its key since (or if nobody knows): nothing of it was stored then, or all of it, and looking again tells.
    pub async fn store(&self, db: &Db, screens: &Screens, ready: Ready) -> Result<bool, ScreenError> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Waiting { ready, answer });
        loop {
            // Whoever has the turn stores all that wait; the others find their answers when it is theirs.
            let _turn = self.turn.lock().await;
            match answered.try_recv() {
                Ok(answer) => return answer,
                // Whoever had it in hand was cut off.
                Err(oneshot::error::TryRecvError::Closed) => return Ok(false),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            let some: Vec<Waiting> = {
                let mut queue = self.waiting();
                let most = MOST.min(queue.len());
                queue.drain(..most).collect()
            };
            settle(db, screens, some).await;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn settle(db: &Db, screens: &Screens, some: Vec<Waiting>) {
    let all: Vec<&Ready> = some.iter().map(|waiting| &waiting.ready).collect();
    let stored = if all.len() > 1 { store_all(db, screens, &all).await.ok().flatten() } else { None };
    for (nth, waiting) in some.into_iter().enumerate() {
        let answer = match &stored {
            Some(stored) => Ok(stored.get(nth) == Some(&true)),
            // One alone; or one of them failed, and that shall be nobody else's fault.
            None => store_all(db, screens, &[&waiting.ready]).await.map(|stored| stored.is_some_and(|s| s == [true])),
        };
        // Who does not wait any more sends the batch again.
        let _ = waiting.answer.send(answer);
    }
}

/// Stores these in one transaction; answers of each whether its chain was where it was judged. `None`, and nothing is stored, if
/// one of the screens has another key than when its batch was verified.
async fn store_all(db: &Db, screens: &Screens, all: &[&Ready]) -> Result<Option<Vec<bool>>, ScreenError> {
    let mut tx = db.begin().await?;
    // Two that go on at the same end: the first does.
    let mut seen = std::collections::BTreeSet::new();
    let first: Vec<bool> = all.iter().map(|ready| seen.insert(ready.screen.id)).collect();
    let mut steps: Vec<Step> = all
        .iter()
        .zip(&first)
        .filter(|(_, first)| **first)
        .map(|(ready, _)| Step { from: ready.head, to: ready.next, told: ready.told })
        .collect();
    // In one order everywhere, or two processes could wait for each other.
    steps.sort_by_key(|step| step.from.screen);
    let moved = store::batches::step(&mut tx, &steps).await?;
    let stored: Vec<bool> =
        all.iter().zip(&first).map(|(ready, first)| *first && moved.contains(&ready.screen.id)).collect();
    let those: Vec<&Ready> = all.iter().zip(&stored).filter(|(_, stored)| **stored).map(|(ready, _)| *ready).collect();
    // Whoever changes a key holds the end of the chain, as we do now.
    let verified: Vec<&Screen> = those.iter().map(|ready| &ready.screen).collect();
    if !screens.have_their_keys(&mut tx, &verified).await? {
        return Ok(None);
    }
    let kept: Vec<&Kept> = those.iter().map(|ready| &ready.kept).collect();
    store::batches::insert(&mut tx, &kept).await?;
    let waiting: Vec<_> =
        those.iter().map(|ready| (ready.kept.screen, ready.next.sequence, ready.next.digest)).collect();
    store::log::wait(&mut tx, &waiting).await?;
    let days: Vec<&Addition> = those.iter().flat_map(|ready| &ready.days).collect();
    store::days::add(&mut tx, &days).await?;
    let taken: Vec<&Taken> = those.iter().flat_map(|ready| &ready.taken).collect();
    store::covered::put(&mut tx, &taken).await?;
    for ready in &those {
        for (kind, details) in &ready.findings {
            let new = NewFinding {
                screen: &ready.screen,
                kind: *kind,
                sequence: Some(ready.next.sequence),
                batch: ready.next.digest,
                details: details.clone(),
                // The bytes are with the batch.
                signed: None,
            };
            store::findings::note_in(&mut tx, new, ready.kept.received).await?;
        }
    }
    let came: Vec<(ScreenId, u64, UtcMillis)> =
        those.iter().map(|ready| (ready.screen.id, ready.next.sequence, ready.kept.received)).collect();
    store::findings::resolve_gaps(&mut tx, &came).await?;
    tx.commit().await?;
    Ok(Some(stored))
}
