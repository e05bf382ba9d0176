//! The chain of a screen's batches: sequence numbers without gaps, each batch naming the one before it by digest.
//!
//! The server asks [`ChainHead::accept`] before it stores a batch; an auditor asks [`check_chain`] of batches at hand.

use super::SignedBatch;
use crate::{digest::Digest, id::ScreenId};

/// The newest batch of a screen's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHead {
    /// Whose chain.
    pub screen: ScreenId,
    /// Its number; 0 before the first batch.
    pub sequence: u64,
    /// Its digest; [`Digest::ZERO`] before the first batch.
    pub digest: Digest,
}

/// Why a batch does not continue a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainRefusal {
    /// It is another screen's.
    #[error("the batch is of screen {0}")]
    OtherScreen(ScreenId),
    /// It is numbered like one that is already in the chain: the same one sent again (compare digests: give the receipt
    /// again), or another one under its number (a fork: refuse).
    #[error("batch {sequence} is not newer than {newest}")]
    NotNewer {
        /// Its number.
        sequence: u64,
        /// The newest in the chain.
        newest: u64,
    },
    /// Batches are missing before it.
    #[error("batch {sequence} came where {expected} was expected")]
    Gap {
        /// The number that would continue the chain.
        expected: u64,
        /// Its number.
        sequence: u64,
    },
    /// It is numbered right and names another predecessor: somewhere history was changed.
    #[error("batch {sequence} does not follow the batch before it")]
    WrongPrevious {
        /// Its number.
        sequence: u64,
    },
}

impl ChainRefusal {
    /// The number of the batch refused.
    pub const fn sequence(self) -> Option<u64> {
        match self {
            Self::OtherScreen(_) => None,
            Self::NotNewer { sequence, .. } | Self::Gap { sequence, .. } | Self::WrongPrevious { sequence } => {
                Some(sequence)
            }
        }
    }
}

impl ChainHead {
    /// Before the first batch.
    pub const fn start(screen: ScreenId) -> Self {
        Self { screen, sequence: 0, digest: Digest::ZERO }
    }

    /// The chain that ends in this batch.
    pub fn of(batch: &SignedBatch) -> Self {
        Self { screen: batch.batch().screen, sequence: batch.batch().sequence, digest: batch.digest() }
    }

    /// The new head, if `next` continues the chain.
    pub fn accept(&self, next: &SignedBatch) -> Result<Self, ChainRefusal> {
        let batch = next.batch();
        let sequence = batch.sequence;
        if batch.screen != self.screen {
            return Err(ChainRefusal::OtherScreen(batch.screen));
        }
        if sequence <= self.sequence {
            return Err(ChainRefusal::NotNewer { sequence, newest: self.sequence });
        }
        // Not beyond u64: `sequence` is larger than `self.sequence`.
        let expected = self.sequence + 1;
        if sequence != expected {
            return Err(ChainRefusal::Gap { expected, sequence });
        }
        if batch.previous != self.digest {
            return Err(ChainRefusal::WrongPrevious { sequence });
        }
        Ok(Self::of(next))
    }
}

/// What a look at some batches of one screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainReport {
    /// Pairs of consecutive batches that were compared.
    pub links: u64,
    /// Numbers of batches that are not at hand, between others that are: first and last of each run.
    pub missing: Vec<(u64, u64)>,
    /// Batches that do not follow their predecessor, or are numbered like it.
    pub broken: Vec<ChainRefusal>,
}

/// Looks at batches of one screen, ascending by sequence.
pub fn check_chain<'a>(batches: impl IntoIterator<Item = &'a SignedBatch>) -> ChainReport {
    let mut report = ChainReport::default();
    let mut head: Option<ChainHead> = None;
    for batch in batches {
        // The very first batch of a screen has nothing before it and must say so.
        let before = head.or_else(|| (batch.batch().sequence == 1).then(|| ChainHead::start(batch.batch().screen)));
        match before.map(|head| head.accept(batch)) {
            None => {}
            Some(Ok(_)) => report.links += u64::from(head.is_some()),
            Some(Err(ChainRefusal::Gap { expected, sequence })) => report.missing.push((expected, sequence - 1)),
            Some(Err(refusal)) => {
                report.links += u64::from(head.is_some());
                report.broken.push(refusal);
            }
        }
        head = Some(ChainHead::of(batch));
    }
    report
}
