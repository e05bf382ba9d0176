//! Checkpoints (C2SP tlog-checkpoint): which log, how many entries, and the root that stands for all of them; signed by
//! the log, and by witnesses who saw it grow (tlog-cosignature).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::note::{KeyName, Note, NoteError, SignatureKind, VerifierKey};
use crate::{digest::Digest, sign::SecretKey};

/// What a log was at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: the name of its key.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree of these.
    pub root: Digest,
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not a checkpoint.
    #[error("not a checkpoint")]
    Malformed,
    /// It is of another log.
    #[error("a checkpoint of another log: {0}")]
    OtherLog(String),
}

impl Checkpoint {
    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// What a note's text says. Nothing is verified.
    pub fn of(note: &Note) -> Result<Self, CheckpointError> {
        let mut lines = note.text().split('\n');
        let mut next = || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Malformed);
        let (origin, size, root) = (next()?, next()?, next()?);
        let size: u64 = size.parse().map_err(|_| CheckpointError::Malformed)?;
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Malformed)?;
        let root = Digest::try_from(root.as_slice()).map_err(|_| CheckpointError::Malformed)?;
        let read = Self { origin: origin.to_owned(), size, root };
        // We write no extensions, and take none.
        if read.text() == note.text() { Ok(read) } else { Err(CheckpointError::Malformed) }
    }

    /// Reads a checkpoint that this log has signed.
    pub fn open(note: &str, log: &VerifierKey) -> Result<(Self, Note), CheckpointError> {
        let note: Note = note.parse()?;
        let read = Self::of(&note)?;
        if read.origin != log.name().as_str() {
            return Err(CheckpointError::OtherLog(read.origin));
        }
        note.verify(log)?;
        Ok((read, note))
    }
}

/// Signs a log's checkpoints.
pub struct Signer {
    key: SecretKey,
    verifier: VerifierKey,
}

impl Signer {
    /// For the log of this name.
    pub fn new(origin: KeyName, key: SecretKey) -> Self {
        let verifier = VerifierKey::new(origin, SignatureKind::Ed25519, key.public());
        Self { key, verifier }
    }

    /// What others check its checkpoints with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs what the log is now.
    pub fn checkpoint(&self, size: u64, root: Digest) -> Note {
        let checkpoint = Checkpoint { origin: self.verifier.name().to_string(), size, root };
        let mut note = Note::new(checkpoint.text());
        note.sign(&self.key, &self.verifier);
        note
    }
}

/// A witness: signs what it found to be a continuation of what it signed before.
pub struct Cosigner {
    key: SecretKey,
    verifier: VerifierKey,
}

impl Cosigner {
    /// A witness of this name.
    pub fn new(name: KeyName, key: SecretKey) -> Self {
        let verifier = VerifierKey::new(name, SignatureKind::Cosignature, key.public());
        Self { key, verifier }
    }

    /// What others check its cosignatures with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Cosigns, at this time in seconds since 1970. Whether it may, is for the caller to have checked.
    pub fn cosign(&self, note: &mut Note, at: u64) {
        note.cosign(&self.key, &self.verifier, at);
    }
}
