//! What the Merkle log holds of each batch: whose, which number, and its name. Who has the batch can make the entry.

use minicbor::{Decode, Encode};

use super::{Batch, SignedBatch};
use crate::{digest::Digest, id::ScreenId, tlog::leaf_hash};

/// Version of the entry encoding written by this crate.
const ENTRY_VERSION: u32 = 1;

/// An entry of the log of all batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct LogEntry {
    #[n(0)]
    version: u32,
    /// Whose batch.
    #[n(1)]
    pub screen: ScreenId,
    /// Its number in the screen's chain.
    #[n(2)]
    pub sequence: u64,
    /// Its name: the digest of its signed bytes.
    #[n(3)]
    pub batch: Digest,
}

impl LogEntry {
    /// The entry of a batch.
    pub const fn new(screen: ScreenId, sequence: u64, batch: Digest) -> Self {
        Self { version: ENTRY_VERSION, screen, sequence, batch }
    }

    /// The entry of this batch.
    pub fn of(signed: &SignedBatch) -> Self {
        let Batch { screen, sequence, .. } = *signed.batch();
        Self::new(screen, sequence, signed.digest())
    }

    /// Its bytes: CBOR, as FORMAT.md says.
    pub fn to_bytes(self) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        minicbor::to_vec(self).unwrap_or_default()
    }

    /// Its hash in the tree.
    pub fn hash(self) -> Digest {
        leaf_hash(&self.to_bytes())
    }
}
