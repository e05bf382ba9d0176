//! Bundles of screens that have changed their keys: clean ones raise no alarm, and no other key gets a batch in.

use uuid::Uuid;

use super::{judged_tests::*, tamper_tests::resigned, tests::*, *};
use crate::{
    id::InstructionId,
    playlog::{BatchError, ChainHead, KeyChange, KeyChangeFault, KeyPermit, SignedKeyChange},
    sign::{Context, SecretKey, SignatureError},
};

const OLD: u8 = 1;
const NEW: u8 = 51;
const NEWEST: u8 = 52;

/// The change of the first screen's key after this batch.
fn change(after: &SignedBatch, old: u8, new: u8) -> SignedKeyChange {
    let instruction = InstructionId::new(Uuid::from_u128(u128::from(new)));
    let permit = KeyPermit { screen: after.batch().screen, key: key(old).public().fingerprint(), instruction };
    let permit = (permit, permit.sign(&key(9)));
    SignedKeyChange::sign(&ChainHead::of(after), UtcMillis(5), permit, &key(old), &key(new))
}

/// The first screen changes its key after its second batch, and again after its fourth; all its batches are asked for.
pub(super) fn changed() -> (Contents, Trust) {
    let signer = |n: u8, sequence: u64| -> SecretKey {
        key(match (n, sequence) {
            (1, 3..=4) => NEW,
            (1, 5..) => NEWEST,
            _ => n,
        })
    };
    let mut reports = BIG;
    reports[0].asked = (1, 5);
    let (mut contents, trust) = made_by(&reports, &signer);
    let own: Vec<_> = contents.batches.iter().filter(|b| b.batch().screen == screen(1)).cloned().collect();
    assert_eq!(own.len(), 5);
    contents.keys = vec![change(&own[1], OLD, NEW), change(&own[3], NEW, NEWEST)];
    (contents, trust)
}

fn faults(file: &[u8], trust: &Trust) -> Vec<Fault> {
    verify(file, trust).findings.into_iter().map(|finding| finding.fault).collect()
}

#[test]
fn a_bundle_over_both_keys_of_a_screen_passes_every_check() {
    let (contents, trust) = changed();
    let file = written(contents);
    assert!(file.starts_with(b"xuanping-bundle/4\n"));
    let verdict = verify(&file, &trust);
    assert_eq!(verdict.findings, []);
    let count = |kind| verdict.checks.iter().find(|c| c.kind == kind).map(|c| (c.done, c.failed));
    // Two changes, and twice the batch before is there.
    assert_eq!(count(CheckKind::Keys), Some((4, 0)));
    // The chain goes on across both.
    assert_eq!(count(CheckKind::Chain), Some((4 + 2 + 1, 0)));
}

#[test]
fn without_the_change_the_new_key_is_nobodys() {
    let (contents, trust) = changed();
    let none = written(Contents { keys: Vec::new(), ..contents.clone() });
    assert!(none.starts_with(b"xuanping-bundle/3\n"));
    let wrong = Fault::Batch(BatchError::Signature(SignatureError::WrongKey));
    assert_eq!(faults(&none, &trust).iter().filter(|fault| **fault == wrong).count(), 3);
    // The second without the first: it is not the next, and none of what came after is believed.
    let gap = written(Contents { keys: contents.keys[1..].to_vec(), ..contents });
    let found = faults(&gap, &trust);
    assert_eq!(found[0], Fault::KeyChange(KeyChangeFault::NotNext));
    assert_eq!(found.iter().filter(|fault| **fault == wrong).count(), 3);
}

#[test]
fn a_batch_by_the_old_key_after_the_change_or_by_the_new_one_before_is_refused() {
    for (which, by) in [(2, OLD), (1, NEW), (4, NEW)] {
        let (mut contents, trust) = changed();
        let own: Vec<_> =
            (0..contents.batches.len()).filter(|n| contents.batches[*n].batch().screen == screen(1)).collect();
        let batch = contents.batches[own[which]].batch().clone();
        contents.batches[own[which]] = SignedBatch::sign(batch, &key(by));
        let found = faults(&written(contents), &trust);
        assert!(
            found.contains(&Fault::Batch(BatchError::Signature(SignatureError::WrongKey))),
            "{which} {by} {found:?}"
        );
    }
}

#[test]
fn a_change_by_the_office_alone_or_at_another_place_of_the_chain_is_named() {
    let (contents, trust) = changed();
    let file = written(contents.clone());
    // The office has no key of the screen: it cannot put another one in.
    let office = key(9);
    let invented = KeyChange { new: office.public(), ..contents.keys[0].change().clone() };
    let bytes = minicbor::to_vec(&invented).unwrap();
    let proof = office.sign_raw(Context::NewKey, &bytes).to_vec();
    let proven = (minicbor::bytes::ByteVec::from(bytes), minicbor::bytes::ByteVec::from(proof));
    let invented = office.sign(Context::KeyChange, minicbor::to_vec(proven).unwrap());
    let found = faults(&resigned(&file, |statement, _| statement.keys[0].signed = invented), &trust);
    assert_eq!(found[0], Fault::KeyChange(KeyChangeFault::Old(SignatureError::WrongKey)));
    // A change that names another end of the chain than the one that is here.
    let other = change(&contents.batches[0], OLD, NEW).change().clone();
    let mut forked = contents.clone();
    let head = ChainHead { sequence: 2, ..ChainHead::of(&contents.batches[0]) };
    let permit = contents.keys[0].permit();
    forked.keys[0] = SignedKeyChange::sign(&head, other.at, (permit, permit.sign(&office)), &key(OLD), &key(NEW));
    let found = verify(&written(forked), &trust).findings;
    assert!(
        found.iter().any(|f| f.fault == Fault::KeyChange(KeyChangeFault::OtherPrevious) && f.sequence == Some(3)),
        "{found:?}"
    );
    // Another screen's.
    let found = faults(&resigned(&file, |statement, _| statement.keys[1].screen = 1), &trust);
    assert_eq!(found[0], Fault::KeyChange(KeyChangeFault::OtherPermit));
    // Out of order, or in a bundle that says it is of before there were changes.
    let swapped = resigned(&file, |statement, _| {
        statement.keys.swap(0, 1);
        statement.keys[0].screen = 1;
    });
    assert!(faults(&swapped, &trust).iter().any(|f| matches!(f, Fault::StatementInconsistent(_))));
    let older = resigned(&file, |statement, _| statement.version = 3);
    assert!(faults(&older, &trust).contains(&Fault::StatementInconsistent("更换密钥与版本不符")));
}

#[test]
fn every_changed_byte_of_the_statement_is_found() {
    let (contents, trust) = changed();
    let file = written(contents);
    let end = FRAME_HEAD + MAGICS[3].len() + 4_000;
    for at in (0..end.min(file.len())).step_by(7) {
        let mut other = file.clone();
        other[at] ^= 0x10;
        assert!(!verify(&other, &trust).is_intact(), "byte {at}");
    }
}
