//! Proofs checked (RFC 9162 §2.1.3.2 and §2.1.4.2: other algorithms than those that make them), and the file that carries
//! one to somebody offline (C2SP tlog-proof).

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::node_hash;
use crate::digest::Digest;

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2⁶⁴ entries has no longer path.
const LONGEST: usize = 64;

/// The proof does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// Not a proof file as it is written.
    #[error("not a tlog-proof file")]
    Malformed,
    /// The entry would be beyond the end of the log.
    #[error("the entry's number is not within the log")]
    OutOfRange,
    /// Hashes too few or too many.
    #[error("the proof has {found} hashes where it needs another number")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// The hashes lead elsewhere.
    #[error("the proof leads to another root")]
    OtherRoot,
    /// The later log does not begin with the earlier one.
    #[error("the log is not a continuation of what it was: it has been forked or rolled back")]
    Forked,
}

/// Checks that the entry with this hash is number `index` of the tree of `size` entries with this root.
pub fn check_inclusion(
    leaf: Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: Digest,
) -> Result<(), InvalidProof> {
    if index >= size {
        return Err(InvalidProof::OutOfRange);
    }
    let wrong_length = InvalidProof::Length { found: proof.len() };
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(*sibling, hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(InvalidProof::OtherRoot),
        _ => Err(wrong_length),
    }
}

/// Checks that a log of `size` entries with root `root` begins with the one of `old` entries with root `old_root`.
pub fn check_consistency(
    (old, old_root): (u64, Digest),
    (size, root): (u64, Digest),
    proof: &[Digest],
) -> Result<(), InvalidProof> {
    let wrong_length = InvalidProof::Length { found: proof.len() };
    if old > size {
        return Err(InvalidProof::Forked);
    }
    if old == size || old == 0 {
        return match (proof.is_empty(), old == 0 || old_root == root) {
            (false, _) => Err(wrong_length),
            (true, false) => Err(InvalidProof::Forked),
            (true, true) => Ok(()),
        };
    }
    // A whole old tree is a node of the new one: the proof begins with what the reader knows.
    let whole = old.is_power_of_two().then_some(old_root);
    let mut hashes = whole.into_iter().chain(proof.iter().copied());
    let (mut node, mut last) = (old - 1, size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let first = hashes.next().ok_or(wrong_length)?;
    let (mut of_old, mut of_new) = (first, first);
    for hash in hashes {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            of_old = node_hash(hash, of_old);
            of_new = node_hash(hash, of_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_new = node_hash(of_new, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, of_old == old_root && of_new == root) {
        (0, true) => Ok(()),
        (0, false) => Err(InvalidProof::Forked),
        _ => Err(wrong_length),
    }
}

/// A proof to hand over: with it and an entry, whoever trusts the log's key needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// The entry's number, from 0.
    pub index: u64,
    /// From the leaf's sibling up.
    pub hashes: Vec<Digest>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HEADER}\nindex {}\n", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for LogProof {
    type Err = InvalidProof;

    /// Reads a file without extra data: we write none, and would not trust any.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(InvalidProof::Malformed)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(InvalidProof::Malformed);
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(InvalidProof::Malformed)?;
        let index: u64 = index.parse().map_err(|_| InvalidProof::Malformed)?;
        let hash = |line: &str| {
            let bytes = STANDARD.decode(line).ok()?;
            Digest::try_from(bytes.as_slice()).ok()
        };
        let hashes: Option<Vec<Digest>> = lines.map(hash).collect();
        let hashes = hashes.filter(|hashes| hashes.len() <= LONGEST).ok_or(InvalidProof::Malformed)?;
        let read = Self { index, hashes, checkpoint: checkpoint.to_owned() };
        // One way to write each: no leading zeros, no other line ends.
        if read.to_string() == text { Ok(read) } else { Err(InvalidProof::Malformed) }
    }
}
