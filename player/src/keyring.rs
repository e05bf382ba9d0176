//! 更换密钥: which of the screen's keys signs what, and how it comes from one to the next.
//!
//! `device.key` is the key that requests are signed with. Beside it `device.keys` has the changes, and while the server has not
//! signed for the newest of them, the new key: it is durable before anything is said of it. From then on the new key seals what comes
//! after the change, and the old one goes on asking, until the server's signed word is there; then `device.key` is replaced. Whatever
//! ends the process in between, the next one finds both keys or the new one, and goes on.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use minicbor::{Decode, Encode};
use tokio::sync::Notify;
use xuanping_core::{
    digest::Digest,
    id::{InstructionId, ScreenId},
    playlog::{ChainHead, KeyChange, KeyPermit, KeyReceipt, ScreenKeys, SignedKeyChange},
    sign::{PublicKey, SecretKey},
    time::UtcMillis,
};
use zeroize::Zeroizing;

use crate::{
    durable::Privacy,
    entropy, kept,
    keys::{self, KeyError},
};

const FILE: &str = "device.keys";

/// The keys of this screen. Copies mean the same ones.
#[derive(Clone)]
pub struct Keyring {
    data: PathBuf,
    held: Arc<Mutex<Held>>,
    news: Arc<Notify>,
}

struct Held {
    /// Signs requests, and batches up to the pending change.
    current: Arc<SecretKey>,
    /// The newest change, while the server has not signed for it, and its new key.
    pending: Option<Arc<SecretKey>>,
    changes: Vec<Change>,
    public: ScreenKeys,
    /// What the office permits, until a change is made of it.
    wanted: Option<(KeyPermit, Vec<u8>)>,
    /// The server does not know the key that it signed for: it is told again.
    doubted: bool,
}

/// A change that was made here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Change {
    #[n(0)]
    change: KeyChange,
    #[n(1)]
    instruction: InstructionId,
    /// As both keys signed it.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    signed: Vec<u8>,
}

/// As kept on the disk.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Kept {
    #[n(0)]
    changes: Vec<Change>,
    /// The new key of the newest change, while `device.key` is still the old one.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    next: Option<[u8; 32]>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.next);
    }
}

/// A change that the server is to be told of.
#[derive(Clone)]
pub struct ToPresent {
    /// As both keys signed it.
    pub signed: Vec<u8>,
    /// The key that comes: it signs the request.
    pub new: Arc<SecretKey>,
    /// What it was made for.
    pub instruction: InstructionId,
}

impl ToPresent {
    /// Whether this receipt is for it.
    pub fn is_receipted(&self, receipt: &KeyReceipt, screen: ScreenId) -> bool {
        (receipt.screen, receipt.change) == (screen, Digest::of(&self.signed))
    }
}

/// How far an instruction to change the key has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was made of it.
    None,
    /// The change is made, and the server has not signed for it.
    Pending,
    /// The server has signed for it.
    Done,
}

impl Keyring {
    /// What is kept in the data folder; a first key is drawn if there is none.
    pub fn load(data: &Path) -> Result<Self, KeyError> {
        let current = Arc::new(keys::load_or_create(data)?);
        let ring = Self::with(data.to_owned(), current);
        let path = data.join(FILE);
        let read = |bytes: &[u8]| minicbor::decode::<Kept>(bytes).ok();
        let kept =
            kept::read(&path, Privacy::Secret, read).map_err(|error| KeyError::File { path: path.clone(), error })?;
        let Some(kept) = kept else {
            if path.exists() {
                tracing::error!(path = %path.display(), "what was kept of changes of key is damaged; the key of now is used");
            }
            return Ok(ring);
        };
        {
            let mut held = ring.held();
            let mut public = kept.changes.first().map(|first| ScreenKeys::of_one(first.change.old));
            for change in &kept.changes {
                if public.as_mut().is_some_and(|keys| keys.change(&change.change).is_err()) {
                    tracing::error!("what was kept of changes of key does not follow one another");
                }
            }
            let next = kept.next.map(|seed| Arc::new(SecretKey::from_seed(&Zeroizing::new(seed))));
            // The power went between the two files: the new key has taken its place already.
            held.pending = next.filter(|next| next.public() != held.current.public());
            held.public = public.unwrap_or_else(|| ScreenKeys::of_one(held.current.public()));
            held.changes.clone_from(&kept.changes);
            let newest = held.pending.as_ref().unwrap_or(&held.current).public();
            if held.public.newest() != newest {
                tracing::error!("the key is none that was changed to; the changes that are kept are not its own");
                held.public = ScreenKeys::of_one(newest);
                held.changes.clear();
            }
        }
        Ok(ring)
    }

    fn with(data: PathBuf, current: Arc<SecretKey>) -> Self {
        let public = ScreenKeys::of_one(current.public());
        let held = Held { current, pending: None, changes: Vec::new(), public, wanted: None, doubted: false };
        Self { data, held: Arc::new(Mutex::new(held)), news: Arc::default() }
    }

    /// Forgets all of them.
    pub fn forget(data: &Path) -> std::io::Result<()> {
        kept::forget(&data.join(FILE))?;
        keys::forget(data)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that requests are signed with.
    pub fn asking(&self) -> Arc<SecretKey> {
        self.held().current.clone()
    }

    /// The key that seals the batch of this number, now.
    pub fn sealing(&self, sequence: u64) -> Arc<SecretKey> {
        let held = self.held();
        let new = held.pending.as_ref().filter(|_| held.public.from() <= sequence);
        new.unwrap_or(&held.current).clone()
    }

    /// The public keys, each with the batches that it signs.
    pub fn public(&self) -> ScreenKeys {
        self.held().public.clone()
    }

    /// Whether the server would not know yet who signed the batch of this number.
    pub fn holds_back(&self, sequence: u64) -> bool {
        let held = self.held();
        held.pending.is_some() && held.public.from() <= sequence
    }

    /// The office permits a change. Whoever seals batches makes it, for he knows where the chain ends.
    pub fn want(&self, permit: KeyPermit, signed: Vec<u8>) {
        self.held().wanted = Some((permit, signed));
    }

    /// Whether the office permits to change this very key, and no other.
    pub fn is_meant(&self, permit: &KeyPermit, screen: ScreenId) -> bool {
        let held = self.held();
        held.pending.is_none() && (permit.screen, permit.key) == (screen, held.current.public().fingerprint())
    }

    /// How far this instruction has come.
    pub fn progress(&self, instruction: InstructionId) -> Progress {
        let held = self.held();
        match held.changes.iter().rposition(|change| change.instruction == instruction) {
            None => Progress::None,
            Some(place) if place + 1 == held.changes.len() && held.pending.is_some() => Progress::Pending,
            Some(_) => Progress::Done,
        }
    }

    /// The instruction of the newest change that the server has signed for.
    pub fn newest_done(&self) -> Option<InstructionId> {
        let held = self.held();
        let pending = usize::from(held.pending.is_some());
        held.changes.iter().rev().nth(pending).map(|change| change.instruction)
    }

    /// Makes the change that is wanted, if one is, for a chain that ends in `head`. It is durable when this returns, and nothing
    /// was said of it before. After an error the same call is simply made again.
    pub fn change(&self, head: &ChainHead, at: UtcMillis) -> Result<bool, KeyError> {
        let mut held = self.held();
        let Some((permit, signed)) = held.wanted.clone() else { return Ok(false) };
        if held.pending.is_some() || permit.key != held.current.public().fingerprint() {
            held.wanted = None;
            return Ok(false);
        }
        let seed = Zeroizing::new(entropy::bytes::<32>()?);
        let new = SecretKey::from_seed(&seed);
        let made = SignedKeyChange::sign(head, at, (permit, signed), &held.current, &new);
        let change =
            Change { change: made.change().clone(), instruction: permit.instruction, signed: made.signed().to_vec() };
        let changes: Vec<_> = held.changes.iter().cloned().chain([change]).collect();
        let mut public = held.public.clone();
        if let Err(fault) = public.change(made.change()) {
            tracing::error!(%fault, "the key cannot be changed here");
            held.wanted = None;
            return Ok(false);
        }
        self.keep(&changes, Some(*seed))?;
        tracing::warn!(from = made.change().from, key = %new.public().fingerprint(), "a new key takes the old one's place");
        held.changes = changes;
        held.public = public;
        held.pending = Some(Arc::new(new));
        held.wanted = None;
        drop(held);
        self.news.notify_one();
        Ok(true)
    }

    /// What the server is to be told, if anything.
    pub fn to_present(&self) -> Option<ToPresent> {
        let held = self.held();
        let newest = held.changes.last()?;
        let new = match &held.pending {
            Some(pending) => pending.clone(),
            None if held.doubted => held.current.clone(),
            None => return None,
        };
        Some(ToPresent { signed: newest.signed.clone(), new, instruction: newest.instruction })
    }

    /// Somebody at the server does not know the key that requests are signed with.
    pub fn doubt(&self) {
        self.held().doubted = true;
        self.news.notify_one();
    }

    /// What the server thinks of the key that it was told of again is known now.
    pub fn settle(&self) {
        self.held().doubted = false;
    }

    /// There may be something to tell the server.
    pub fn news(&self) -> &Notify {
        &self.news
    }

    /// The server has signed for this change: the new key takes its place, and the old one is deleted.
    pub fn recorded(&self, presented: &ToPresent) -> Result<(), KeyError> {
        let mut held = self.held();
        held.doubted = false;
        let Some(pending) = held.pending.clone().filter(|pending| pending.public() == presented.new.public()) else {
            return Ok(());
        };
        keys::replace(&self.data, &pending)?;
        held.current = pending;
        held.pending = None;
        tracing::warn!(key = %held.current.public().fingerprint(), "the server knows the new key; the old one is deleted");
        // Should the power go, or the disk refuse: the next start sees that both files have the same key.
        if let Err(error) = self.keep(&held.changes, None) {
            tracing::warn!(%error, "that the change of key is over could not be kept");
        }
        Ok(())
    }

    fn keep(&self, changes: &[Change], next: Option<[u8; 32]>) -> Result<(), KeyError> {
        let path = self.data.join(FILE);
        let kept = Kept { changes: changes.to_vec(), next };
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        let bytes = Zeroizing::new(minicbor::to_vec(&kept).unwrap_or_default());
        kept::write(&path, &bytes, Privacy::Secret).map_err(|error| KeyError::File { path, error })
    }
}

/// A key that is in no folder and never changed: for trying out what signs with one.
impl From<SecretKey> for Keyring {
    fn from(key: SecretKey) -> Self {
        Self::with(PathBuf::new(), Arc::new(key))
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let newest: PublicKey = self.held().public.newest();
        write!(f, "Keyring(of {newest})")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use uuid::Uuid;

    use super::*;

    fn publisher() -> SecretKey {
        SecretKey::from_seed(&[9; 32])
    }

    fn screen() -> ScreenId {
        ScreenId::new(Uuid::from_u128(1))
    }

    fn head(sequence: u64) -> ChainHead {
        ChainHead { screen: screen(), sequence, digest: Digest::of(&sequence.to_be_bytes()) }
    }

    fn permitted(ring: &Keyring, n: u128) -> KeyPermit {
        let instruction = InstructionId::new(Uuid::from_u128(n));
        KeyPermit { screen: screen(), key: ring.asking().public().fingerprint(), instruction }
    }

    fn want(ring: &Keyring, n: u128) -> InstructionId {
        let permit = permitted(ring, n);
        assert!(ring.is_meant(&permit, screen()));
        ring.want(permit, permit.sign(&publisher()));
        permit.instruction
    }

    /// What a process that begins now would sign with.
    fn keys_of(ring: &Keyring, from: u64) -> [PublicKey; 3] {
        [ring.asking().public(), ring.sealing(from - 1).public(), ring.sealing(from).public()]
    }

    #[test]
    fn the_new_key_seals_from_the_change_on_and_asks_only_when_the_server_has_signed_for_it() {
        let data = tempfile::tempdir().unwrap();
        let ring = Keyring::load(data.path()).unwrap();
        let old = ring.asking().public();
        assert!(!ring.change(&head(4), UtcMillis(1)).unwrap(), "nobody wants it");
        let id = want(&ring, 7);
        assert_eq!(ring.progress(id), Progress::None);
        assert!(ring.change(&head(4), UtcMillis(1)).unwrap());
        for ring in [ring, Keyring::load(data.path()).unwrap()] {
            let new = ring.sealing(5).public();
            assert_eq!(keys_of(&ring, 5), [old, old, new]);
            assert!(new != old && ring.holds_back(5) && !ring.holds_back(4));
            assert_eq!((ring.progress(id), ring.newest_done()), (Progress::Pending, None));
            assert_eq!((ring.public().of(4), ring.public().of(5)), (old, new));
            // A second one waits until this one is over.
            assert!(!ring.is_meant(&permitted(&ring, 8), screen()));
        }
        let ring = Keyring::load(data.path()).unwrap();
        let presented = ring.to_present().unwrap();
        let read = SignedKeyChange::verify(presented.signed.clone(), &publisher().public()).unwrap();
        assert_eq!((read.change().old, read.change().new, read.change().from), (old, presented.new.public(), 5));
        let receipt = KeyReceipt { screen: screen(), change: read.digest(), recorded: UtcMillis(2) };
        assert!(presented.is_receipted(&receipt, screen()));
        assert!(!presented.is_receipted(&KeyReceipt { change: Digest::ZERO, ..receipt }, screen()));
        ring.recorded(&presented).unwrap();
        for ring in [ring, Keyring::load(data.path()).unwrap()] {
            assert_eq!(keys_of(&ring, 6), [presented.new.public(); 3]);
            assert_eq!(
                (ring.public().of(4), ring.public().of(5)),
                (old, presented.new.public()),
                "for what it had sealed"
            );
            assert!(!ring.holds_back(5) && ring.to_present().is_none());
            assert_eq!((ring.progress(id), ring.newest_done()), (Progress::Done, Some(id)));
        }
        let everything: Vec<u8> =
            fs::read_dir(data.path()).unwrap().flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
        let seed = Keyring::load(data.path()).unwrap().asking().seed();
        assert!(everything.windows(32).any(|window| window == seed));
        assert_eq!(fs::read(data.path().join("device.key")).unwrap(), seed, "the old one is on the disk no more");
    }

    /// The files of the folder, and what a process that is killed after each write to them leaves.
    #[test]
    fn whenever_the_process_is_killed_the_next_one_goes_on_with_the_same_change() {
        let data = tempfile::tempdir().unwrap();
        let ring = Keyring::load(data.path()).unwrap();
        let (old, names) =
            (ring.asking().public(), ["device.key", "device.key.copy", "device.keys", "device.keys.copy"]);
        let files = || names.map(|name| fs::read(data.path().join(name)).ok());
        let put = |files: &[Option<Vec<u8>>; 4]| {
            for (name, bytes) in names.iter().zip(files) {
                match bytes {
                    Some(bytes) => fs::write(data.path().join(name), bytes).unwrap(),
                    None => drop(fs::remove_file(data.path().join(name))),
                }
            }
        };
        let id = want(&ring, 7);
        let before = files();
        ring.change(&head(4), UtcMillis(1)).unwrap();
        let pending = files();
        let presented = ring.to_present().unwrap();
        ring.recorded(&presented).unwrap();
        let after = files();
        let new = presented.new.public();
        // The copy of each file is written before the file itself.
        let [b, p, a] = [&before, &pending, &after];
        let states = [
            (b, b, b, b, None),
            (b, b, b, p, Some(true)),
            (b, b, p, p, Some(true)),
            (b, a, p, p, Some(false)),
            (a, a, p, p, Some(false)),
            (a, a, p, a, Some(false)),
            (a, a, a, a, Some(false)),
        ];
        for (nth, (own, copy, ring, ring_copy, waits)) in states.into_iter().enumerate() {
            put(&[own[0].clone(), copy[1].clone(), ring[2].clone(), ring_copy[3].clone()]);
            let ring = Keyring::load(data.path()).unwrap();
            let expected = match waits {
                None => [old; 3],
                Some(true) => [old, old, new],
                Some(false) => [new; 3],
            };
            assert_eq!(keys_of(&ring, 5), expected, "killed at {nth}");
            assert_eq!(ring.to_present().is_some(), waits == Some(true), "killed at {nth}");
            let progress = waits.map_or(Progress::None, |waits| if waits { Progress::Pending } else { Progress::Done });
            assert_eq!(ring.progress(id), progress, "killed at {nth}");
            if waits.is_some() {
                assert_eq!((ring.public().of(4), ring.public().of(5)), (old, new), "killed at {nth}");
            }
        }
    }

    #[test]
    fn a_server_that_has_forgotten_the_change_is_told_again() {
        let data = tempfile::tempdir().unwrap();
        let ring = Keyring::load(data.path()).unwrap();
        ring.doubt();
        assert!(ring.to_present().is_none(), "a key that was never changed");
        want(&ring, 7);
        ring.change(&head(4), UtcMillis(1)).unwrap();
        let presented = ring.to_present().unwrap();
        ring.recorded(&presented).unwrap();
        assert!(ring.to_present().is_none());
        ring.doubt();
        assert_eq!(ring.to_present().unwrap().signed, presented.signed);
        ring.settle();
        assert!(ring.to_present().is_none());
    }

    #[test]
    fn a_permit_for_another_key_or_screen_changes_nothing() {
        let data = tempfile::tempdir().unwrap();
        let ring = Keyring::load(data.path()).unwrap();
        let permit = permitted(&ring, 7);
        assert!(!ring.is_meant(&permit, ScreenId::new(Uuid::from_u128(2))));
        let other = KeyPermit { key: Digest::of(b"another key"), ..permit };
        assert!(!ring.is_meant(&other, screen()));
        ring.want(other, other.sign(&publisher()));
        assert!(!ring.change(&head(4), UtcMillis(1)).unwrap());
        assert!(ring.to_present().is_none());
    }
}
