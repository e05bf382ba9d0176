//! What a witness has seen of a log: a text that an auditor keeps, one line for each checkpoint it cosigned. A log that
//! shows somebody another history cannot show it to whoever holds such a file.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    checkpoint::{Checkpoint, CheckpointError, Cosigner},
    note::{Note, NoteSignature, VerifierKey},
    proof::{InvalidProof, check_consistency},
};
use crate::digest::Digest;

const HEADER: &str = "xuanping-witness/1";

/// A witness's memory of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// The log's key.
    pub log: VerifierKey,
    /// The witness's own.
    pub witness: VerifierKey,
    seen: Vec<Seen>,
}

/// A checkpoint that was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    size: u64,
    root: Digest,
    /// What it added to the note.
    line: Vec<u8>,
}

/// Why a witness does not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The checkpoint is not one of this log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The log is shorter than it was.
    #[error("the log was rolled back: it had {seen} entries and now says {size}")]
    RolledBack {
        /// What it had.
        seen: u64,
        /// What it says.
        size: u64,
    },
    /// The log's past has changed.
    #[error("the log was forked: what it shows is no continuation of its first {seen} entries ({why})")]
    Forked {
        /// How many entries were seen before.
        seen: u64,
        /// What the proof lacks.
        why: InvalidProof,
    },
}

/// The text is not a witness's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a witness file, or damaged in line {line}")]
pub struct InvalidWitnessed {
    /// From 1.
    pub line: usize,
}

impl Witnessed {
    /// Nothing seen yet.
    pub const fn new(log: VerifierKey, witness: VerifierKey) -> Self {
        Self { log, witness, seen: Vec::new() }
    }

    /// Size and root of the newest checkpoint seen.
    pub fn newest(&self) -> Option<(u64, Digest)> {
        self.seen.last().map(|seen| (seen.size, seen.root))
    }

    /// What root the witness signed for this size; `None` if it never saw the log at this size, or its signature does not
    /// hold.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        let at = self.seen.binary_search_by_key(&size, |seen| seen.size).ok()?;
        let seen = &self.seen[at];
        let checkpoint = Checkpoint { origin: self.log.name().to_string(), size, root: seen.root };
        let line = NoteSignature { name: self.witness.name().clone(), bytes: seen.line.clone() };
        Note::signed(checkpoint.text(), line).verify(&self.witness).ok()?;
        Some(seen.root)
    }

    /// Cosigns a checkpoint if it continues what was seen, at this time in seconds since 1970. `proof` is the consistency
    /// proof from the newest seen to this one. Answers the note with the cosignature.
    pub fn accept(&mut self, note: &str, proof: &[Digest], cosigner: &Cosigner, at: u64) -> Result<Note, Refusal> {
        let (checkpoint, mut note) = Checkpoint::open(note, &self.log)?;
        if let Some((seen, root)) = self.newest() {
            if checkpoint.size < seen {
                return Err(Refusal::RolledBack { seen, size: checkpoint.size });
            }
            check_consistency((seen, root), (checkpoint.size, checkpoint.root), proof)
                .map_err(|why| Refusal::Forked { seen, why })?;
        }
        cosigner.cosign(&mut note, at);
        let own = note.only(&[cosigner.verifier()]);
        let line = own.signatures().first().map(|line| line.bytes.clone()).unwrap_or_default();
        let seen = Seen { size: checkpoint.size, root: checkpoint.root, line };
        if self.newest().is_some_and(|(size, _)| size == checkpoint.size) {
            self.seen.pop();
        }
        self.seen.push(seen);
        Ok(note)
    }
}

impl fmt::Display for Witnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nlog {}\nwitness {}", self.log, self.witness)?;
        self.seen.iter().try_for_each(|seen| {
            writeln!(f, "{} {} {}", seen.size, STANDARD.encode(seen.root.as_bytes()), STANDARD.encode(&seen.line))
        })
    }
}

impl FromStr for Witnessed {
    type Err = InvalidWitnessed;

    /// Reads a file. Signatures are checked when a line is asked for: there may be a million.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut lines = text.lines();
        let damaged = |line| InvalidWitnessed { line };
        if lines.next() != Some(HEADER) {
            return Err(damaged(1));
        }
        let log = lines.next().and_then(|line| line.strip_prefix("log ")?.parse().ok()).ok_or(damaged(2))?;
        let witness = lines.next().and_then(|line| line.strip_prefix("witness ")?.parse().ok()).ok_or(damaged(3))?;
        let mut read = Self::new(log, witness);
        for (nth, line) in (4..).zip(lines) {
            let seen = read.line(line).ok_or(damaged(nth))?;
            read.seen.push(seen);
        }
        Ok(read)
    }
}

impl Witnessed {
    fn line(&self, line: &str) -> Option<Seen> {
        let mut parts = line.split(' ');
        let (size, root, signature) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        let root = Digest::try_from(STANDARD.decode(root).ok()?.as_slice()).ok()?;
        let line = STANDARD.decode(signature).ok()?;
        let grows = self.newest().is_none_or(|(before, _)| before < size) && parts.next().is_none();
        grows.then_some(Seen { size, root, line })
    }
}
