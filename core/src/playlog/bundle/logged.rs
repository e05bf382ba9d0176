//! The examination's part about the log: each batch is in it, under a checkpoint that its key signed and a witness saw.

use std::collections::BTreeMap;

use super::{BundleBatch, CheckKind, Fault, Finding, FrameKind, Remark, verify::Examination};
use crate::{
    digest::Digest,
    playlog::{LogEntry, SignedBatch},
    tlog::{Checkpoint, CheckpointError, InvalidProof, LogProof, VerifierKey, check_inclusion},
};

impl Examination<'_> {
    /// Reads the proofs, and answers what follows them in the file.
    pub(super) fn log<'f>(&mut self, file: &'f [u8], batches: &BTreeMap<(u32, u64), SignedBatch>) -> &'f [u8] {
        let statement = self.statement;
        let Some(log) = &statement.log else {
            if self.trust.witness.is_some() {
                self.verdict.count(CheckKind::Witness, false);
                self.verdict.findings.push(Finding::of(Fault::NoLog));
            } else {
                self.verdict.remarks.push(Remark::NoLog);
            }
            return file;
        };
        let key = self.log_key(&log.key);
        // Nearly always one and the same.
        let mut checkpoints: BTreeMap<String, Result<Checkpoint, CheckpointError>> = BTreeMap::new();
        let mut rest = file;
        for (described, listed) in statement.batches.iter().zip(&log.proofs) {
            let (body, after) = self.frame(rest, FrameKind::Proof, listed.length, Some(described));
            rest = after;
            let Some(body) = body else { continue };
            let same = Digest::of(body) == listed.digest;
            self.verdict.count(CheckKind::Digests, same);
            if !same {
                self.find(Fault::Digest(Digest::of(body)), Some(described), None, None);
            }
            let Some(key) = &key else { continue };
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
        self.witnessed(checkpoints.into_values().flatten().map(|checkpoint| (checkpoint.size, checkpoint.root)));
        rest
    }

    fn log_key(&mut self, key: &str) -> Option<VerifierKey> {
        let read: Option<VerifierKey> = key.parse().ok();
        let followed = self.trust.witness.as_ref().map(|witness| &witness.log);
        match followed {
            Some(followed) if read.as_ref() != Some(followed) => {
                self.verdict.count(CheckKind::Witness, false);
                self.verdict.findings.push(Finding::of(Fault::OtherLog(key.to_owned())));
            }
            None if read.is_none() => self.verdict.findings.push(Finding::of(Fault::OtherLog(key.to_owned()))),
            None => self.verdict.remarks.push(Remark::WitnessUnchecked(key.to_owned())),
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
