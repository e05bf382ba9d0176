//! A log that only grows, and the proofs that it did: a Merkle tree (RFC 6962 §2.1) cut into tiles, and signed checkpoints.
//!
//! Whoever holds a checkpoint can be shown that an entry is in the log ([`inclusion`]) and that a later checkpoint's log
//! begins with all of it ([`consistency`]), with a few hashes and without the log. Formats are those of C2SP: tlog-tiles,
//! tlog-checkpoint, signed-note, tlog-cosignature, tlog-proof; so tools that are not ours can follow it.

mod checkpoint;
mod grow;
mod note;
mod proof;
mod prove;
#[cfg(test)]
mod tests;
mod tile;
mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, Cosigner, Signer};
pub use grow::Edge;
pub use note::{InvalidVerifier, KeyName, Note, NoteError, NoteSignature, SignatureKind, VerifierKey};
pub use proof::{InvalidProof, LogProof, check_consistency, check_inclusion};
pub use prove::{Missing, Tiles, consistency, inclusion, root, tiles_for_consistency, tiles_for_inclusion};
pub use tile::{InvalidPath, TILE_WIDTH, TileId, TilePath};
pub use witness::{InvalidWitnessed, Refusal, Witnessed};

use crate::digest::Digest;

/// The hash of an entry (RFC 6962 §2.1): SHA-256 of a zero byte and the entry.
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::of(&[&[0], entry].concat())
}

/// The hash of two subtrees, the older on the left: SHA-256 of a one byte and both.
pub fn node_hash(left: Digest, right: Digest) -> Digest {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left.as_bytes());
    bytes[33..].copy_from_slice(right.as_bytes());
    Digest::of(&bytes)
}

/// The root of the log without entries: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Digest::of(&[])
}

/// The largest power of two that is less than `n`, for `n` of 2 or more: where a tree of `n` leaves is split.
const fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}
