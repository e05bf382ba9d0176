//! Everything that somebody might do to a bundle, to the batches in it, to the log or to its checkpoints: each is found and
//! called by its name, and what is clean raises no alarm. The forger here has every key but the screens' and the witness's.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{tests::*, *};
use crate::{
    playlog::{LogEntry, SignedBatch},
    sign::{Context, SecretKey},
    tlog::{Cosigner, Edge, InvalidProof, Signer, Tiles, Witnessed, consistency, inclusion},
};

pub(super) fn log_signer() -> Signer {
    Signer::new("xuanping.example/log".parse().unwrap(), SecretKey::from_seed(&[31; 32]))
}

fn cosigner() -> Cosigner {
    Cosigner::new("auditor.example/witness".parse().unwrap(), SecretKey::from_seed(&[32; 32]))
}

/// A log: batches of other screens, then these, then some more.
pub(super) struct LogOf {
    pub(super) tiles: Tiles,
    roots: Vec<Digest>,
    pub(super) at: BTreeMap<(ScreenId, u64), u64>,
}

impl LogOf {
    pub(super) fn new(batches: &[SignedBatch], others: &[u8]) -> Self {
        let foreign = |n: u64| {
            let name = [others, &n.to_be_bytes()].concat();
            LogEntry::new(ScreenId::new(Uuid::from_u128(0xf00)), n, Digest::of(&name))
        };
        let mut log = Self { tiles: Tiles::new(), roots: vec![crate::tlog::empty_root()], at: BTreeMap::new() };
        let mut edge = Edge::new();
        let before = (0..300).map(foreign);
        let own = batches.iter().map(LogEntry::of);
        for entry in before.chain(own).chain((300..400).map(foreign)) {
            log.at.insert((entry.screen, entry.sequence), edge.size());
            edge.append(entry.hash(), &mut log.tiles);
            log.roots.push(edge.root());
        }
        log
    }

    pub(super) fn size(&self) -> u64 {
        self.roots.len() as u64 - 1
    }

    pub(super) fn checkpoint(&self, size: u64) -> String {
        log_signer().checkpoint(size, self.roots[size as usize]).to_string()
    }

    pub(super) fn proven(&self, batches: &[SignedBatch], size: u64) -> ProvenBy {
        let proof = |batch: &SignedBatch| {
            let place = (batch.batch().screen, batch.batch().sequence);
            let index = self.at[&place];
            let hashes = inclusion(&self.tiles, index, size).unwrap();
            (place, LogProof { index, hashes, checkpoint: self.checkpoint(size) })
        };
        ProvenBy { key: log_signer().verifier().clone(), proofs: batches.iter().map(proof).collect(), judged: None }
    }

    /// A witness that looked in at these sizes.
    pub(super) fn witnessed(&self, sizes: &[u64]) -> Witnessed {
        let mut witness = Witnessed::new(log_signer().verifier().clone(), cosigner().verifier().clone());
        for &size in sizes {
            let before = witness.newest().map_or(0, |(size, _)| size);
            let proof = consistency(&self.tiles, before, size).unwrap();
            witness.accept(&self.checkpoint(size), &proof, &cosigner(), 1_764_000_000).unwrap();
        }
        witness
    }
}

/// A bundle whose batches are in a log, and whom its reader trusts.
pub(super) fn logged() -> (Contents, LogOf, Trust) {
    let mut contents = contents();
    let log = LogOf::new(&contents.batches, b"foreign");
    contents.log = Some(log.proven(&contents.batches, 350));
    let trust = Trust { publisher: Some(key(9).public()), witness: Some(log.witnessed(&[200, 350, 400])) };
    (contents, log, trust)
}

pub(super) fn faults(file: &[u8], trust: &Trust) -> Vec<Fault> {
    verify(file, trust).findings.into_iter().map(|finding| finding.fault).collect()
}

#[test]
fn a_clean_bundle_under_a_witnessed_checkpoint_raises_no_alarm() {
    let (contents, _, trust) = logged();
    let verdict = verify(&written(contents), &trust);
    assert_eq!((&verdict.findings[..], &verdict.remarks[..]), (&[][..], &[Remark::NoJudgements][..]));
    let count = |kind| verdict.checks.iter().find(|c| c.kind == kind).map(|c| (c.done, c.failed));
    assert_eq!(count(CheckKind::Log), Some((3, 0)));
    assert_eq!(count(CheckKind::Witness), Some((1, 0)));
}

#[test]
fn what_is_added_at_the_end_is_found() {
    let (contents, _, trust) = logged();
    assert_eq!(faults(&[&written(contents)[..], b"x"].concat(), &trust), [Fault::Trailing(1)]);
}

/// Takes a bundle apart, lets somebody who holds the office's key change it, and signs what comes of it anew.
pub(super) fn resigned(file: &[u8], change: impl FnOnce(&mut Statement, &mut Vec<(FrameKind, Vec<u8>)>)) -> Vec<u8> {
    let (_, mut rest) = body_of(file).unwrap();
    let mut frames = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<FRAME_HEAD>() {
        let [kind, a, b, c, d] = *head;
        let (body, next) = after.split_at(u32::from_be_bytes([a, b, c, d]) as usize);
        let kind = [FrameKind::Statement, FrameKind::Batch, FrameKind::Records, FrameKind::Proof, FrameKind::Playlist]
            .into_iter()
            .find(|k| *k as u8 == kind)
            .unwrap();
        frames.push((kind, body.to_vec()));
        rest = next;
    }
    let (_, signed) = frames.remove(0);
    let mut statement: Statement = minicbor::decode(&crate::sign::unverified_payload(&signed).unwrap()).unwrap();
    change(&mut statement, &mut frames);
    let mut again = MAGICS[statement.version as usize - 1].to_vec();
    let signed = key(9).sign(Context::Bundle, minicbor::to_vec(&statement).unwrap());
    push_frame(&mut again, FrameKind::Statement, &signed).unwrap();
    for (kind, body) in frames {
        push_frame(&mut again, kind, &body).unwrap();
    }
    again
}

fn set_proof(statement: &mut Statement, frames: &mut [(FrameKind, Vec<u8>)], nth: usize, text: &str) {
    let listed = &mut statement.log.as_mut().unwrap().proofs[nth];
    *listed = BundleProof { length: text.len() as u32, digest: Digest::of(text.as_bytes()) };
    let own = frames.iter_mut().filter(|(kind, _)| *kind == FrameKind::Proof).nth(nth).unwrap();
    own.1 = text.as_bytes().to_vec();
}

fn proof_text(frames: &[(FrameKind, Vec<u8>)], nth: usize) -> String {
    let own = frames.iter().filter(|(kind, _)| *kind == FrameKind::Proof).nth(nth).unwrap();
    String::from_utf8(own.1.clone()).unwrap()
}

#[test]
fn a_dropped_reordered_or_duplicated_part_is_found_though_the_office_signs_it_anew() {
    let (contents, _, trust) = logged();
    let file = written(contents);
    let dropped = resigned(&file, |_, frames| drop(frames.remove(1)));
    assert!(faults(&dropped, &trust).contains(&Fault::Frame));
    let reordered = resigned(&file, |_, frames| frames.swap(0, 1));
    assert!(!verify(&reordered, &trust).is_intact());
    let swapped = resigned(&file, |statement, frames| {
        statement.batches.swap(0, 1);
        frames.swap(0, 1);
    });
    assert!(faults(&swapped, &trust).contains(&Fault::StatementInconsistent("批次未按屏幕和序号排列")));
    let duplicated = resigned(&file, |_, frames| frames.insert(1, frames[0].clone()));
    assert!(!verify(&duplicated, &trust).is_intact());
    let twice = resigned(&file, |statement, frames| {
        statement.batches.insert(1, statement.batches[0].clone());
        frames.insert(1, frames[0].clone());
    });
    assert!(faults(&twice, &trust).contains(&Fault::StatementInconsistent("日志证明与批次的数量不符")));
}

#[test]
fn a_batch_of_another_screen_or_of_another_key_cannot_be_spliced_in() {
    let (contents, ..) = logged();
    let trust = logged().2;
    // The other screen's first batch in place of this one's, described as if it were: it is signed by another key.
    let file = written(contents.clone());
    let other = contents.batches[2].clone();
    let spliced = resigned(&file, |statement, frames| {
        let own = &mut statement.batches[0];
        *own = BundleBatch { screen: own.screen, sequence: own.sequence, ..describe(0, 1, &other) };
        frames[0].1 = other.signed().to_vec();
    });
    let found = faults(&spliced, &trust);
    assert!(
        found.iter().any(|fault| matches!(fault, Fault::Batch(crate::playlog::BatchError::Signature(_)))),
        "{found:?}"
    );
    // The forger's own batch, signed by the forger's own key, which the statement names as the screen's: the log has none.
    let forged = SignedBatch::sign(contents.batches[1].batch().clone(), &key(66));
    let replaced = resigned(&file, |statement, frames| {
        statement.batches[1] = BundleBatch { screen: 0, ..describe(0, 2, &forged) };
        frames[1].1 = forged.signed().to_vec();
        statement.screens[0].key = key(66).public();
    });
    let found = faults(&replaced, &trust);
    assert!(found.contains(&Fault::Proof(InvalidProof::OtherRoot)), "{found:?}");
}

#[test]
fn a_proof_of_another_batch_or_of_another_place_is_none() {
    let (contents, _, trust) = logged();
    let file = written(contents);
    let exchanged = resigned(&file, |statement, frames| {
        let (one, two) = (proof_text(frames, 0), proof_text(frames, 1));
        set_proof(statement, frames, 0, &two);
        set_proof(statement, frames, 1, &one);
    });
    assert_eq!(faults(&exchanged, &trust), [const { Fault::Proof(InvalidProof::OtherRoot) }; 2]);
    let moved = resigned(&file, |statement, frames| {
        let text = proof_text(frames, 0).replacen("index 300", "index 301", 1);
        set_proof(statement, frames, 0, &text);
    });
    assert_eq!(faults(&moved, &trust), [Fault::Proof(InvalidProof::OtherRoot)]);
    let shortened = resigned(&file, |statement, frames| {
        let mut proof: LogProof = proof_text(frames, 0).parse().unwrap();
        proof.hashes.pop();
        set_proof(statement, frames, 0, &proof.to_string());
    });
    assert!(matches!(faults(&shortened, &trust)[..], [Fault::Proof(InvalidProof::Length { .. })]));
    let none = resigned(&file, |statement, frames| {
        statement.log = None;
        statement.version = 1;
        frames.retain(|(kind, _)| *kind != FrameKind::Proof);
    });
    assert_eq!(faults(&none, &trust), [Fault::NoLog]);
}

#[test]
fn a_checkpoint_signed_by_another_key_is_not_believed() {
    let (contents, log, trust) = logged();
    let file = written(contents);
    let other = Signer::new("xuanping.example/log".parse().unwrap(), SecretKey::from_seed(&[77; 32]));
    let resigned_by_another = resigned(&file, |statement, frames| {
        let mut proof: LogProof = proof_text(frames, 0).parse().unwrap();
        proof.checkpoint = other.checkpoint(350, log.roots[350]).to_string();
        set_proof(statement, frames, 0, &proof.to_string());
    });
    assert!(matches!(faults(&resigned_by_another, &trust)[..], [Fault::Checkpoint(_)]));
    // Nor is the whole log of another key, though everything in it fits.
    let all = resigned(&file, |statement, frames| {
        for nth in 0..3 {
            let mut proof: LogProof = proof_text(frames, nth).parse().unwrap();
            proof.checkpoint = other.checkpoint(350, log.roots[350]).to_string();
            set_proof(statement, frames, nth, &proof.to_string());
        }
        statement.log.as_mut().unwrap().key = other.verifier().to_string();
    });
    assert_eq!(faults(&all, &trust), [Fault::OtherLog(other.verifier().to_string())]);
}

#[test]
fn a_forked_log_and_a_rolled_back_one_are_found_by_whoever_holds_a_witness_file() {
    let (mut contents, log, trust) = logged();
    // The office rewrites the past before these batches, with all its keys: everything fits but what the witness saw.
    let fork = LogOf::new(&contents.batches, b"rewritten");
    contents.log = Some(fork.proven(&contents.batches, 350));
    let forked = written(contents.clone());
    assert_eq!(faults(&forked, &trust), [Fault::Forked { size: 350 }]);
    let without_witness = Trust { witness: None, ..trust.clone() };
    assert!(verify(&forked, &without_witness).is_intact(), "which is why there are witnesses");
    // A checkpoint of a size that no witness ever saw.
    contents.log = Some(log.proven(&contents.batches, 349));
    assert_eq!(faults(&written(contents.clone()), &trust), [Fault::NotWitnessed { size: 349 }]);
    contents.log = Some(log.proven(&contents.batches, log.size()));
    assert_eq!(faults(&written(contents), &trust), [Fault::NotWitnessed { size: 403 }]);
}
