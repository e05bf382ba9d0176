//! What was shown, kept until the server has signed for it.
//!
//! A play is appended to a segment the moment it ends; segments are sealed into signed batches, each naming the digest of
//! the one before; a batch is durable before it is first sent and deleted only against a verified receipt. Segment N
//! becomes batch N, so a process killed between any two of these steps repeats a step and never a play.

mod backlog;
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

use rustix::fs::{FallocateFlags, fallocate};
use segment::{Ready, Segment};
use xuanping_core::time::UtcMillis;

use crate::keyring::Keyring;

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

/// Bytes set aside, and given back when the disk is full: enough to record and seal a month of ten-second posters.
const RESERVE: u64 = 8 << 20;
/// But no more than this part of a small disk.
const RESERVE_PART: u64 = 8;

impl Journal {
    /// A journal in memory, from the first instant on, whatever the disk does; what is written is of this `run`.
    /// [`Self::open_disk`] puts it on the disk below `data`. `keys` are the screen's own.
    pub fn in_memory(data: &Path, keys: Keyring, run: Run) -> Self {
        let folder = data.join("journal");
        Self {
            segment: Arc::new(Mutex::new(Segment::in_memory(&folder, run))),
            outbox: Outbox::at(&folder.join("batches"), keys),
            reserve: data.join("reserve"),
            watched: Arc::default(),
            folder,
        }
    }

    /// Opens the journal below `data`, recovering whatever a crash or power cut left.
    pub fn open(data: &Path, keys: Keyring, run: Run) -> io::Result<(Self, Recovered)> {
        let journal = Self::in_memory(data, keys, run);
        let recovered = journal.open_disk()?;
        Ok((journal, recovered))
    }

    /// Recovers what a crash or power cut left on the disk, and goes on there with what is in memory. To be done once;
    /// after an error, again.
    pub fn open_disk(&self) -> io::Result<Recovered> {
        let opened = self.recover().or_else(|error| {
            if !self.spend_reserve() {
                return Err(error);
            }
            tracing::warn!(%error, "the journal could not be opened; trying again with the space kept in reserve");
            self.recover()
        });
        let (ready, recovered) = opened?;
        self.segment().adopt(ready);
        self.keep_reserve();
        Ok(recovered)
    }

    fn recover(&self) -> io::Result<(Ready, Recovered)> {
        let head = self.outbox.load()?;
        Segment::recover(&self.folder, head.sequence)
    }

    /// When what was recorded last was on the wall: it cannot be earlier now. Reads no more than the newest files.
    pub fn newest_end(&self) -> Option<UtcMillis> {
        let recorded = segment::newest_end(&self.folder);
        let sealed = self.outbox.newest_end();
        // A folder that is not there yet has nothing to say.
        recorded.ok().flatten().max(sealed.ok().flatten())
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
        let Some(bytes) = disk_size(&self.folder).map(|disk| RESERVE.min(disk / RESERVE_PART)) else { return };
        if fs::metadata(&self.reserve).is_ok_and(|there| there.len() == bytes) {
            return;
        }
        let set_aside =
            fs::File::create(&self.reserve).and_then(|file| Ok(fallocate(file, FallocateFlags::empty(), 0, bytes)?));
        if set_aside.is_err() {
            let _ = fs::remove_file(&self.reserve);
        }
    }

    /// Gives the reserved space back to a full disk. Whether there was any.
    fn spend_reserve(&self) -> bool {
        let spent = fs::remove_file(&self.reserve).is_ok();
        if spent {
            tracing::warn!("the disk is full: the space kept in reserve for play records is used now");
        }
        spent
    }
}

/// Bytes of the file system that a folder is on.
fn disk_size(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_frsize.saturating_mul(disk.f_blocks))
}
