//! Sealed batches on their way to the server: written durably before they are first sent, deleted only against a receipt.
//!
//! The newest batch and the newest receipt are both kept: either names the digest that the next batch must continue.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use xuanping_core::{
    digest::Digest,
    playlog::{Receipt, SignedBatch},
    sign::PublicKey,
    time::UtcMillis,
};

use crate::{
    durable::{self, Privacy},
    keyring::Keyring,
};

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

/// The folder of sealed batches; copies mean the same one. Nothing is known of it until it was loaded.
#[derive(Debug, Clone)]
pub struct Outbox {
    folder: PathBuf,
    keys: Keyring,
    index: Arc<Mutex<Option<Index>>>,
}

/// What is in the folder, so that it need not be read for every batch.
#[derive(Debug)]
struct Index {
    head: Head,
    /// Batches without a receipt, and how many plays each has.
    waiting: BTreeMap<u64, u64>,
}

/// What has no receipt yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Sealed batches.
    pub batches: u64,
    /// Plays in them.
    pub plays: u64,
}

/// Bytes of refused batches that are kept for people to look at.
const REFUSED_KEPT: u64 = 64 << 20;

impl Outbox {
    /// The outbox in `folder`, not read yet; `keys` are the screen's own.
    pub fn at(folder: &Path, keys: Keyring) -> Self {
        Self { folder: folder.to_owned(), keys, index: Arc::default() }
    }

    /// Reads the folder, making it if there is none. After a long time without network that takes a while.
    pub fn load(&self) -> io::Result<Head> {
        fs::create_dir_all(self.folder.join("refused"))?;
        let receipted = self.receipt().map_or(Head::START, |r| Head { sequence: r.sequence, digest: r.batch });
        let mut head = receipted;
        let mut waiting = BTreeMap::new();
        for sequence in numbers(&self.folder, BATCH)? {
            if sequence <= receipted.sequence {
                durable::remove(&self.path(sequence))?;
            } else if let Some(batch) = self.read(sequence)? {
                head = Head { sequence, digest: batch.digest() };
                waiting.insert(sequence, batch.batch().plays.len() as u64);
            } else {
                // No batch of ours: looked at again, and put away, when it is its turn.
                waiting.insert(sequence, 0);
            }
        }
        if head == receipted
            && let Some(refused) = numbers(&self.folder.join("refused"), BATCH)?.into_iter().next_back()
            && refused > receipted.sequence
        {
            let bytes = fs::read(self.folder.join("refused").join(name(refused)))?;
            head = Head { sequence: refused, digest: Digest::of(&bytes) };
        }
        *self.index() = Some(Index { head, waiting });
        Ok(head)
    }

    /// The newest batch ever sealed, by its file or by its receipt.
    pub fn head(&self) -> io::Result<Head> {
        self.index().as_ref().map(|index| index.head).ok_or_else(|| io::Error::other("the outbox is not open yet"))
    }

    /// Makes a batch durable. From now on it is the one with its number, whatever happens.
    pub fn put(&self, batch: &SignedBatch) -> io::Result<()> {
        let sequence = batch.batch().sequence;
        durable::write(&self.path(sequence), batch.signed(), Privacy::Usual)?;
        if let Some(index) = self.index().as_mut() {
            index.head = Head { sequence, digest: batch.digest() };
            index.waiting.insert(sequence, batch.batch().plays.len() as u64);
        }
        Ok(())
    }

    /// The oldest batch without a receipt; `None` too until the folder was read. A file that is no batch of ours is set
    /// aside.
    pub fn oldest(&self) -> io::Result<Option<SignedBatch>> {
        loop {
            let oldest = self.index().as_ref().and_then(|index| index.waiting.keys().next().copied());
            let Some(sequence) = oldest else { return Ok(None) };
            match self.read(sequence) {
                Ok(Some(batch)) => return Ok(Some(batch)),
                Ok(None) => self.put_away(sequence)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    tracing::error!(sequence, "a sealed batch is no longer on the disk");
                    self.forget(sequence);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The batches and plays that have no receipt yet.
    pub fn waiting(&self) -> Waiting {
        self.index().as_ref().map_or_else(Waiting::default, |index| Waiting {
            batches: index.waiting.len() as u64,
            plays: index.waiting.values().sum(),
        })
    }

    fn index(&self) -> MutexGuard<'_, Option<Index>> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, sequence: u64) {
        if let Some(index) = self.index().as_mut() {
            index.waiting.remove(&sequence);
        }
    }

    /// The server has `batch` for good, and this signed receipt (already verified) says so.
    pub fn acknowledged(&self, batch: &SignedBatch, signed_receipt: &[u8], publisher: &PublicKey) -> io::Result<()> {
        let kept = [publisher.as_bytes().as_slice(), signed_receipt].concat();
        durable::write(&self.folder.join("receipt"), &kept, Privacy::Usual)?;
        self.forget(batch.batch().sequence);
        durable::remove(&self.path(batch.batch().sequence))
    }

    /// The server will never take this batch. It is kept for people, and no longer sent.
    pub fn set_aside(&self, batch: &SignedBatch) -> io::Result<()> {
        self.put_away(batch.batch().sequence)
    }

    fn put_away(&self, sequence: u64) -> io::Result<()> {
        let refused = self.folder.join("refused");
        fs::rename(self.path(sequence), refused.join(name(sequence)))?;
        durable::sync_folder_of(&self.path(sequence))?;
        self.forget(sequence);
        // The newest first; they hold plays, so only far more of them than anybody looks at is too much.
        let mut bytes = 0;
        for number in numbers(&refused, BATCH)?.into_iter().rev() {
            let path = refused.join(name(number));
            bytes += fs::metadata(&path)?.len();
            if bytes > REFUSED_KEPT {
                durable::remove(&path)?;
            }
        }
        Ok(())
    }

    /// When the newest play of the newest batch ended, without reading the others.
    pub(super) fn newest_end(&self) -> io::Result<Option<UtcMillis>> {
        let Some(newest) = numbers(&self.folder, BATCH)?.into_iter().next_back() else { return Ok(None) };
        let batch = self.read(newest)?;
        Ok(batch.and_then(|b| b.batch().plays.iter().map(|play| play.start + play.actual).max()))
    }

    fn receipt(&self) -> Option<Receipt> {
        let kept = fs::read(self.folder.join("receipt")).ok()?;
        let (publisher, signed) = kept.split_at_checked(32)?;
        Receipt::verify(signed, &PublicKey::from_bytes(publisher.try_into().ok()?)).ok()
    }

    fn read(&self, sequence: u64) -> io::Result<Option<SignedBatch>> {
        let batch = self.keys.public().verify(fs::read(self.path(sequence))?);
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
