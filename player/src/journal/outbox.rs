//! Sealed batches on their way to the server: written durably before they are first sent, deleted only against a receipt.
//!
//! The newest batch and the newest receipt are both kept: either names the digest that the next batch must continue.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use xuanping_core::{
    digest::Digest,
    playlog::{Receipt, SignedBatch},
    sign::PublicKey,
};

use crate::durable::{self, Privacy};

/// Where the chain of batches stands: the newest one ever sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its number; 0 before the first.
    pub sequence: u64,
    /// Its digest; zero before the first.
    pub digest: Digest,
}

impl Head {
    /// Before the first batch.
    pub const START: Self = Self { sequence: 0, digest: Digest::ZERO };
}

/// The folder of sealed batches.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
    key: PublicKey,
    waiting: Arc<Mutex<Waiting>>,
}

/// What has no receipt yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Sealed batches.
    pub batches: u64,
    /// Plays in them.
    pub plays: u64,
}

impl Waiting {
    fn add(&mut self, batch: &SignedBatch) {
        self.batches += 1;
        self.plays += batch.batch().plays.len() as u64;
    }

    fn subtract(&mut self, batch: &SignedBatch) {
        self.batches = self.batches.saturating_sub(1);
        self.plays = self.plays.saturating_sub(batch.batch().plays.len() as u64);
    }
}

/// How many refused batches are kept for people to look at.
const REFUSED_KEPT: usize = 100;

impl Outbox {
    /// Opens (or makes) the folder; `key` is the screen's own.
    pub fn open(folder: &Path, key: PublicKey) -> io::Result<Self> {
        fs::create_dir_all(folder.join("refused"))?;
        let outbox = Self { folder: folder.to_owned(), key, waiting: Arc::default() };
        let receipted = outbox.receipt().map_or(0, |r| r.sequence);
        for sequence in numbers(folder, BATCH)?.into_iter().filter(|s| *s > receipted) {
            if let Some(batch) = outbox.read(sequence)? {
                outbox.count(|w| w.add(&batch));
            }
        }
        Ok(outbox)
    }

    /// The newest batch ever sealed, by its file or by its receipt.
    pub fn head(&self) -> io::Result<Head> {
        let receipted = self.receipt().map_or(Head::START, |r| Head { sequence: r.sequence, digest: r.batch });
        for sequence in numbers(&self.folder, BATCH)?.into_iter().rev() {
            if sequence <= receipted.sequence {
                break;
            }
            if let Some(batch) = self.read(sequence)? {
                return Ok(Head { sequence, digest: batch.digest() });
            }
        }
        let refused = numbers(&self.folder.join("refused"), BATCH)?.into_iter().next_back();
        if let Some(sequence) = refused.filter(|s| *s > receipted.sequence) {
            let bytes = fs::read(self.folder.join("refused").join(name(sequence)))?;
            return Ok(Head { sequence, digest: Digest::of(&bytes) });
        }
        Ok(receipted)
    }

    /// Makes a batch durable. From now on it is the one with its number, whatever happens.
    pub fn put(&self, batch: &SignedBatch) -> io::Result<()> {
        durable::write(&self.path(batch.batch().sequence), batch.signed(), Privacy::Usual)?;
        self.count(|w| w.add(batch));
        Ok(())
    }

    /// Whether a batch of this number was ever sealed, as far as is known here.
    pub fn holds(&self, sequence: u64) -> bool {
        self.path(sequence).exists() || self.folder.join("refused").join(name(sequence)).exists()
    }

    /// The oldest batch without a receipt. A file that is no batch of ours is set aside.
    pub fn oldest(&self) -> io::Result<Option<SignedBatch>> {
        let receipted = self.receipt().map_or(0, |r| r.sequence);
        for sequence in numbers(&self.folder, BATCH)? {
            if sequence <= receipted {
                durable::remove(&self.path(sequence))?;
                continue;
            }
            match self.read(sequence)? {
                Some(batch) => return Ok(Some(batch)),
                None => self.put_away(sequence)?,
            }
        }
        Ok(None)
    }

    /// The batches and plays that have no receipt yet.
    pub fn waiting(&self) -> Waiting {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The server has `batch` for good, and this signed receipt (already verified) says so.
    pub fn acknowledged(&self, batch: &SignedBatch, signed_receipt: &[u8], publisher: &PublicKey) -> io::Result<()> {
        let kept = [publisher.as_bytes().as_slice(), signed_receipt].concat();
        durable::write(&self.folder.join("receipt"), &kept, Privacy::Usual)?;
        self.count(|w| w.subtract(batch));
        durable::remove(&self.path(batch.batch().sequence))
    }

    /// The server will never take this batch. It is kept for people, and no longer sent.
    pub fn set_aside(&self, batch: &SignedBatch) -> io::Result<()> {
        self.put_away(batch.batch().sequence)?;
        self.count(|w| w.subtract(batch));
        Ok(())
    }

    fn put_away(&self, sequence: u64) -> io::Result<()> {
        let refused = self.folder.join("refused");
        fs::rename(self.path(sequence), refused.join(name(sequence)))?;
        durable::sync_folder_of(&self.path(sequence))?;
        let numbers = numbers(&refused, BATCH)?;
        for old in numbers.iter().take(numbers.len().saturating_sub(REFUSED_KEPT)) {
            durable::remove(&refused.join(name(*old)))?;
        }
        Ok(())
    }

    fn receipt(&self) -> Option<Receipt> {
        let kept = fs::read(self.folder.join("receipt")).ok()?;
        let (publisher, signed) = kept.split_at_checked(32)?;
        Receipt::verify(signed, &PublicKey::from_bytes(publisher.try_into().ok()?)).ok()
    }

    fn read(&self, sequence: u64) -> io::Result<Option<SignedBatch>> {
        let batch = SignedBatch::verify(fs::read(self.path(sequence))?, &self.key);
        Ok(batch.ok().filter(|b| b.batch().sequence == sequence))
    }

    fn path(&self, sequence: u64) -> PathBuf {
        self.folder.join(name(sequence))
    }
}

/// How the file of a batch ends.
const BATCH: &str = ".batch";

fn name(sequence: u64) -> String {
    format!("{sequence:016}{BATCH}")
}

/// The numbers of the files `<number><ending>` in a folder, ascending.
pub(super) fn numbers(folder: &Path, ending: &str) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|n| n.strip_suffix(ending)).and_then(|n| n.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
