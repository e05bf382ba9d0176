//! A batch of plays and its signature.

use minicbor::{Decode, Encode};

use super::Play;
use crate::{
    digest::Digest,
    id::{BookingId, BootId, CreativeId, ScreenId},
    sign::{Context, PublicKey, SecretKey, SignatureError},
    time::UtcMillis,
};

/// Version of the batch encoding written by this crate.
pub const BATCH_VERSION: u32 = 1;

/// A run of plays of one screen, in the order they ended.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Batch {
    /// [`BATCH_VERSION`].
    #[n(0)]
    pub version: u32,
    /// Whose.
    #[n(1)]
    pub screen: ScreenId,
    /// The run of the player process that sealed it.
    #[n(2)]
    pub boot: BootId,
    /// 1 for the screen's first batch, then without gaps.
    #[n(3)]
    pub sequence: u64,
    /// Digest of the signed bytes of the batch before; [`Digest::ZERO`] for the first.
    #[n(4)]
    pub previous: Digest,
    /// Wall clock when it was sealed.
    #[n(5)]
    pub sealed: UtcMillis,
    /// What was shown; plays refer by position. No duplicates.
    #[n(6)]
    pub items: Vec<ItemRef>,
    /// The plays.
    #[n(7)]
    pub plays: Vec<Play>,
}

/// Which item of which playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct ItemRef {
    /// The playlist it was in; `None` for a takeover, which comes in the manifest.
    #[n(0)]
    pub playlist: Option<Digest>,
    /// The booking (or takeover) it played for.
    #[n(1)]
    pub booking: BookingId,
    /// The creative.
    #[n(2)]
    pub creative: CreativeId,
    /// The exact file shown.
    #[n(3)]
    pub asset: Digest,
}

/// A batch with the bytes that were signed. The only way to get one is to sign or to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBatch {
    batch: Batch,
    signed: Vec<u8>,
}

/// Why a batch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Too many bytes.
    #[error("a batch has at most {} bytes", SignedBatch::MAX_BYTES)]
    TooLarge,
    /// Not signed by the screen's key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Signed, but not a batch as FORMAT.md describes it.
    #[error("not a play batch: {0}")]
    Malformed(String),
    /// A version this program does not know.
    #[error("play batch version {0} is not known here")]
    Version(u32),
    /// Play number `play` (from 0) refers to an item that is not in the table.
    #[error("play {play} names no item")]
    UnknownItem {
        /// Which play.
        play: usize,
    },
    /// Entry `item` (from 0) of the item table equals one before it.
    #[error("item {item} occurs twice")]
    ItemTwice {
        /// Which entry.
        item: usize,
    },
}

impl SignedBatch {
    /// Bytes of the largest batch that is accepted.
    pub const MAX_BYTES: usize = 4 << 20;

    /// Signs a batch.
    pub fn sign(batch: Batch, key: &SecretKey) -> Self {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        let signed = key.sign(Context::PlayBatch, minicbor::to_vec(&batch).unwrap_or_default());
        Self { batch, signed }
    }

    /// Checks signature, form and item references of received or stored bytes.
    pub fn verify(signed: Vec<u8>, key: &PublicKey) -> Result<Self, BatchError> {
        if signed.len() > Self::MAX_BYTES {
            return Err(BatchError::TooLarge);
        }
        let payload = key.verify(Context::PlayBatch, &signed)?;
        let mut decoder = minicbor::Decoder::new(&payload);
        let batch: Batch = decoder.decode().map_err(|e| BatchError::Malformed(e.to_string()))?;
        if decoder.position() != payload.len() {
            return Err(BatchError::Malformed("bytes after the end".into()));
        }
        if batch.version != BATCH_VERSION {
            return Err(BatchError::Version(batch.version));
        }
        if let Some(play) = batch.plays.iter().position(|p| p.item as usize >= batch.items.len()) {
            return Err(BatchError::UnknownItem { play });
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(item) = batch.items.iter().position(|item| !seen.insert(item)) {
            return Err(BatchError::ItemTwice { item });
        }
        Ok(Self { batch, signed })
    }

    /// What it says.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// COSE_Sign1 bytes, as sent and stored.
    pub fn signed(&self) -> &[u8] {
        &self.signed
    }

    /// The batch's name: the digest of its signed bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.signed)
    }

    /// Whether `next` continues the chain after this batch.
    pub fn is_followed_by(&self, next: &Batch) -> bool {
        next.screen == self.batch.screen
            && Some(next.sequence) == self.batch.sequence.checked_add(1)
            && next.previous == self.digest()
    }
}
