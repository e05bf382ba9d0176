//! The examination's part about the log: each batch is in it, under a checkpoint that its key signed and a witness saw.

use std::collections::BTreeMap;

use super::{
    BundleBatch, BundleProof, CheckKind, FRAME_HEAD, Fault, Finding, FrameKind, Remark, Verdict, verify::Examination,
};
use crate::{
    digest::Digest,
    playlog::{LogEntry, SignedBatch},
    tlog::{Checkpoint, CheckpointError, InvalidProof, LogProof, VerifierKey, check_inclusion},
};

/// Checkpoints by their text, opened; nearly always one and the same.
pub(super) type Checkpoints = BTreeMap<String, Result<Checkpoint, CheckpointError>>;

/// What some proofs come to.
pub(super) struct Proofs {
    verdict: Verdict,
    checkpoints: Checkpoints,
}

/// The checkpoint of the first proof, for whoever looks at the others.
pub(super) fn first_checkpoint(frame: Option<&&[u8]>, length: u32, key: &VerifierKey) -> Checkpoints {
    let body = frame.and_then(|frame| frame.get(FRAME_HEAD..FRAME_HEAD + length as usize));
    let proof = body.and_then(|body| str::from_utf8(body).ok()?.parse::<LogProof>().ok());
    let opened = |proof: LogProof| {
        let opened = Checkpoint::open(&proof.checkpoint, key).map(|(checkpoint, _)| checkpoint);
        (proof.checkpoint, opened)
    };
    proof.map(opened).into_iter().collect()
}

impl Examination<'_> {
    /// Looks at the proofs of batches, each at the beginning of its frame.
    pub(super) fn proofs<'p>(
        mut self,
        listed: impl Iterator<Item = (&'p BundleBatch, &'p BundleProof, &'p [u8])>,
        key: Option<&VerifierKey>,
        mut checkpoints: Checkpoints,
        batches: &BTreeMap<(u32, u64), SignedBatch>,
    ) -> Proofs {
        for (described, listed, frame) in listed {
            let (body, _) = self.frame(frame, FrameKind::Proof, listed.length, Some(described));
            let Some(body) = body else { continue };
            let digest = Digest::of(body);
            self.verdict.count(CheckKind::Digests, digest == listed.digest);
            if digest != listed.digest {
                self.find(Fault::Digest(digest), Some(described), None, None);
            }
            let Some(key) = key else { continue };
            let proof = str::from_utf8(body).map_err(|_| InvalidProof::Malformed).and_then(str::parse::<LogProof>);
            let batch = batches.get(&(described.screen, described.sequence));
            let fault = match &proof {
                Err(why) => Some(Fault::Proof(*why)),
                Ok(proof) => {
                    let open = || Checkpoint::open(&proof.checkpoint, key).map(|(checkpoint, _)| checkpoint);
                    let checkpoint = checkpoints.entry(proof.checkpoint.clone()).or_insert_with(open);
                    proves(proof, checkpoint, batch, described)
                }
            };
            self.verdict.count(CheckKind::Log, fault.is_none());
            if let Some(fault) = fault {
                self.find(fault, Some(described), None, None);
            }
        }
        Proofs { verdict: self.verdict, checkpoints }
    }

    /// All pieces together: each checkpoint against what the witness saw.
    pub(super) fn log(&mut self, pieces: Vec<Proofs>) {
        let mut checkpoints = Checkpoints::new();
        for piece in pieces {
            self.verdict.append(piece.verdict);
            checkpoints.extend(piece.checkpoints);
        }
        self.witnessed(checkpoints.into_values().flatten().map(|checkpoint| (checkpoint.size, checkpoint.root)));
    }

    /// The log's key, if there are proofs of one that reads.
    pub(super) fn log_key(&mut self) -> Option<VerifierKey> {
        let Some(log) = &self.statement.log else {
            if self.trust.witness.is_some() {
                self.verdict.count(CheckKind::Witness, false);
                self.verdict.findings.push(Finding::of(Fault::NoLog));
            } else {
                self.verdict.remarks.push(Remark::NoLog);
            }
            return None;
        };
        let key = &log.key;
        let read: Option<VerifierKey> = key.parse().ok();
        let followed = self.trust.witness.as_ref().map(|witness| &witness.log);
        match followed {
            Some(followed) if read.as_ref() != Some(followed) => {
                self.verdict.count(CheckKind::Witness, false);
                self.verdict.findings.push(Finding::of(Fault::OtherLog(key.clone())));
            }
            None if read.is_none() => self.verdict.findings.push(Finding::of(Fault::OtherLog(key.clone()))),
            None => self.verdict.remarks.push(Remark::WitnessUnchecked(key.clone())),
            Some(_) => {}
        }
        read
    }

    /// Each checkpoint against what the witness saw.
    fn witnessed(&mut self, checkpoints: impl Iterator<Item = (u64, Digest)>) {
        let Some(witness) = &self.trust.witness else { return };
        for (size, root) in checkpoints {
            let fault = match witness.root_at(size) {
                Some(seen) if seen == root => None,
                Some(_) => Some(Fault::Forked { size }),
                None => Some(Fault::NotWitnessed { size }),
            };
            self.verdict.count(CheckKind::Witness, fault.is_none());
            self.verdict.findings.extend(fault.map(Finding::of));
        }
    }
}

/// What is wrong with a proof. Of a batch that is damaged itself, what the statement says of it is looked for in the log.
fn proves(
    proof: &LogProof,
    checkpoint: &Result<Checkpoint, CheckpointError>,
    batch: Option<&SignedBatch>,
    described: &BundleBatch,
) -> Option<Fault> {
    let checkpoint = match checkpoint {
        Ok(checkpoint) => checkpoint,
        Err(why) => return Some(Fault::Checkpoint(why.clone())),
    };
    // Without the batch nothing can be said of it; that it is not there is a finding already.
    let entry = LogEntry::of(batch.filter(|batch| batch.digest() == described.digest)?);
    check_inclusion(entry.hash(), proof.index, checkpoint.size, &proof.hashes, checkpoint.root).err().map(Fault::Proof)
}
