//! What was shown, kept until the server has signed for it.
//!
//! A play is appended to a segment the moment it ends; segments are sealed into signed batches, each naming the digest of
//! the one before; a batch is durable before it is first sent and deleted only against a verified receipt. Segment N
//! becomes batch N, so a process killed between any two of these steps repeats a step and never a play.

mod outbox;
mod record;
mod seal;
mod segment;
#[cfg(test)]
mod tests;

pub use outbox::{Head, Outbox, Waiting};
pub use record::{Entry, PlayKey, Record, Run, read_all};
pub use seal::{SealRules, Sealer, wipe};
pub use segment::Recovered;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use segment::Segment;
use xuanping_core::sign::PublicKey;

/// Handle to the journal; copies write to the same one.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
    segment: Arc<Mutex<Segment>>,
    outbox: Outbox,
    reserve: PathBuf,
    watched: Arc<AtomicBool>,
}

/// How the journal is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalState {
    /// Plays without a receipt: on disk or in memory.
    pub unreported: u64,
    /// Plays that the disk refuses; they are in memory only and tried again.
    pub in_memory: usize,
    /// Plays lost because the disk refused them for very long.
    pub lost: u64,
}

/// Bytes set aside, and given back when the disk is full, so that plays can still be recorded and sealed.
const RESERVE: usize = 1 << 20;

impl Journal {
    /// Opens the journal below `data`, recovering whatever a crash or power cut left. `key` is the screen's own; what is
    /// written from now on is of this `run`.
    pub fn open(data: &Path, key: PublicKey, run: Run) -> io::Result<(Self, Recovered)> {
        let folder = data.join("journal");
        let reserve = data.join("reserve");
        let opened = Self::open_folder(&folder, key, run).or_else(|error| {
            if fs::remove_file(&reserve).is_err() {
                return Err(error);
            }
            tracing::warn!(%error, "the journal could not be opened; trying again with the space kept in reserve");
            Self::open_folder(&folder, key, run)
        })?;
        let (segment, outbox, recovered) = opened;
        let journal = Self { folder, segment: Arc::new(Mutex::new(segment)), outbox, reserve, watched: Arc::default() };
        journal.keep_reserve();
        Ok((journal, recovered))
    }

    fn open_folder(folder: &Path, key: PublicKey, run: Run) -> io::Result<(Segment, Outbox, Recovered)> {
        let outbox = Outbox::open(&folder.join("batches"), key)?;
        let (segment, recovered) = Segment::recover(folder, outbox.head()?.sequence, run)?;
        Ok((segment, outbox, recovered))
    }

    /// Appends a record. If the disk refuses, a finished play is kept in memory and tried again with the next sync.
    pub fn append(&self, record: &Record) -> io::Result<()> {
        self.segment().append(record)
    }

    /// Somebody watches this screen, or no longer does: while they do, they hear of plays soon.
    pub fn watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }

    fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// Sealed batches.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// How it is doing.
    pub fn state(&self) -> JournalState {
        let segment = self.segment();
        let (in_memory, lost) = segment.troubled();
        let unreported = self.outbox.waiting().plays + (segment.finished() + in_memory) as u64;
        JournalState { unreported, in_memory, lost }
    }

    fn segment(&self) -> MutexGuard<'_, Segment> {
        self.segment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets space aside if there is none and the disk has it.
    fn keep_reserve(&self) {
        if !self.reserve.exists() && fs::write(&self.reserve, vec![0x58; RESERVE]).is_err() {
            let _ = fs::remove_file(&self.reserve);
        }
    }

    /// Gives the reserved space back to a full disk.
    fn spend_reserve(&self) {
        if fs::remove_file(&self.reserve).is_ok() {
            tracing::warn!("the disk is full: the space kept in reserve for play records is used now");
        }
    }
}
