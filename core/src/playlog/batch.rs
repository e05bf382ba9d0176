//! A batch of plays and its signature.

use minicbor::{Decode, Decoder, Encode};

use super::{Play, WallChange, version1, version2};
use crate::{
    digest::Digest,
    id::{BookingId, BootId, CreativeId, MachineBootId, ScreenId},
    sign::{Context, PublicKey, SecretKey, SignatureError, unverified_payload},
    time::UtcMillis,
};

/// A run of plays of one screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whose.
    pub screen: ScreenId,
    /// The run of the player process that showed the plays.
    pub boot: BootId,
    /// 1 for the screen's first batch, then without gaps.
    pub sequence: u64,
    /// Digest of the signed bytes of the batch before; [`Digest::ZERO`] for the first.
    pub previous: Digest,
    /// Wall clock when it was sealed.
    pub sealed: UtcMillis,
    /// What was shown; plays refer by position. No duplicates.
    pub items: Vec<ItemRef>,
    /// The plays, at most [`Batch::MAX_PLAYS`]: by zone, in each as they ended. In version 1, as they ended whatever the zone.
    pub plays: Vec<Play>,
    /// Whether the wall was on, as far as the player knows, ascending. Empty in version 1.
    pub walls: Vec<WallChange>,
    /// The run of the machine that monotonic times count from. Not known in version 1.
    pub machine: Option<MachineBootId>,
}

impl Batch {
    /// Plays of the largest batch of version 2.
    pub const MAX_PLAYS: usize = version2::MAX_PLAYS;
}

/// How a batch is written. All are read for ever; the newest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchVersion {
    /// Play by play.
    One,
    /// Column by column.
    Two,
}

impl BatchVersion {
    const fn context(self) -> Context {
        match self {
            Self::One => Context::PlayBatch,
            Self::Two => Context::PlayBatch2,
        }
    }
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
    version: BatchVersion,
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

    /// Signs a batch, in the newest version. Its plays get their order: by zone, in each as given.
    pub fn sign(mut batch: Batch, key: &SecretKey) -> Self {
        batch.plays.sort_by_key(|play| play.zone);
        let signed = key.sign(Context::PlayBatch2, version2::encode(&batch));
        Self { batch, version: BatchVersion::Two, signed }
    }

    /// Signs a batch as players of version 1 did: for trying out what reads them. `None` if it says what version 1 has no
    /// words for.
    pub fn sign_version1(batch: Batch, key: &SecretKey) -> Option<Self> {
        let signed = key.sign(Context::PlayBatch, version1::encode(batch.clone())?);
        Some(Self { batch, version: BatchVersion::One, signed })
    }

    /// Checks signature, form and item references of received or stored bytes, of any version.
    pub fn verify(signed: Vec<u8>, key: &PublicKey) -> Result<Self, BatchError> {
        if signed.len() > Self::MAX_BYTES {
            return Err(BatchError::TooLarge);
        }
        // What the bytes say of themselves is believed only as far as to choose what the signature has to be for.
        let claimed = unverified_payload(&signed).ok_or(SignatureError::Malformed)?;
        let version = match version_of(&claimed) {
            Ok(version) => version,
            Err(newer @ BatchError::Version(_)) => return Err(newer),
            Err(error) => {
                key.verify(Context::PlayBatch2, &signed).or_else(|_| key.verify(Context::PlayBatch, &signed))?;
                return Err(error);
            }
        };
        let payload = key.verify(version.context(), &signed)?;
        let batch = match version {
            BatchVersion::One => version1::decode(&payload)?,
            BatchVersion::Two => version2::decode(&payload)?,
        };
        if let Some(play) = batch.plays.iter().position(|p| p.item as usize >= batch.items.len()) {
            return Err(BatchError::UnknownItem { play });
        }
        let mut seen = std::collections::HashSet::new();
        if let Some(item) = batch.items.iter().position(|item| !seen.insert(item)) {
            return Err(BatchError::ItemTwice { item });
        }
        Ok(Self { batch, version, signed })
    }

    /// What bytes say that were verified when they came in, without verifying them again: for looking, never for proving.
    pub fn said_by(stored: &[u8]) -> Result<Batch, BatchError> {
        let payload = unverified_payload(stored).ok_or(SignatureError::Malformed)?;
        let batch = match version_of(&payload)? {
            BatchVersion::One => version1::decode(&payload)?,
            BatchVersion::Two => version2::read(&payload)?,
        };
        match batch.plays.iter().position(|play| play.item as usize >= batch.items.len()) {
            Some(play) => Err(BatchError::UnknownItem { play }),
            None => Ok(batch),
        }
    }

    /// How it is written.
    pub const fn version(&self) -> BatchVersion {
        self.version
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

/// The version that a payload says it has.
pub(super) fn version_of(payload: &[u8]) -> Result<BatchVersion, BatchError> {
    let malformed = |e: minicbor::decode::Error| BatchError::Malformed(e.to_string());
    let mut decoder = Decoder::new(payload);
    decoder.map().map_err(malformed)?;
    if decoder.u32().map_err(malformed)? != 0 {
        return Err(BatchError::Malformed("a batch begins with its version".into()));
    }
    match decoder.u32().map_err(malformed)? {
        1 => Ok(BatchVersion::One),
        2 => Ok(BatchVersion::Two),
        other => Err(BatchError::Version(other)),
    }
}
