//! Reports that cannot be believed, sent by whoever holds a screen's key or another: none of them changes what is counted.

use serde_json::{Value, json};
use xuanping_core::{
    digest::Digest,
    id::{CreativeId, ScreenId},
    playlog::{Batch, ItemRef, SignedBatch},
    sign::SecretKey,
};
use xuanping_tests::{
    databases::Database, device::Device, office::Office, on_both_databases, reporting::reporting_screen,
    verifier::Verifier,
};

on_both_databases!(reports_that_cannot_be_believed_change_nothing_that_counts);

fn reports_that_cannot_be_believed_change_nothing_that_counts(database: Database) {
    let office = Office::open(database);
    let other_key = SecretKey::from_seed(&[8; 32]);
    let (device, mut chain) = reporting_screen(&office);
    let (screen, item) = (chain.screen, chain.item);
    let log = || office.auditor.plays(&format!("screen={screen}"));
    let findings = |kind: &str| {
        let all = office.auditor.get(&format!("plays/findings?screen={screen}")).unwrap();
        let items: Vec<Value> = all["items"].as_array().unwrap().clone();
        items.into_iter().filter(|finding| finding["kind"] == kind).count()
    };

    // The truth, and the truth again: one record, the same receipt.
    let first = SignedBatch::sign(chain.next_batch(), &device.key);
    let receipt = device.report(&first).unwrap();
    assert_eq!((receipt.sequence, receipt.batch), (1, first.digest()));
    assert_eq!(device.report(&first).unwrap(), receipt);
    chain.follow(&first);
    assert_eq!(log().len(), 1);

    // Signed by another key; damaged on the way; no batch at all.
    let forged = SignedBatch::sign(chain.next_batch(), &other_key);
    assert_eq!(device.report(&forged).unwrap_err().kind, "batch-refused");
    let mut damaged = SignedBatch::sign(forged.batch().clone(), &device.key).signed().to_vec();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    assert_eq!(device.report_bytes(damaged).unwrap_err().kind, "batch-refused");
    assert_eq!(device.report_bytes(b"plays".to_vec()).unwrap_err().kind, "batch-refused");
    assert_eq!(device.report_bytes(vec![0; 6 << 20]).unwrap_err().kind, "body-too-large");
    assert!(findings("bad_signature") >= 2);
    // And a request by somebody whom nobody knows.
    let stranger = Device::new(&office.server.url(), other_key);
    assert_eq!(stranger.report(&first).unwrap_err().kind, "unknown-device");

    // A used number with other content: both are kept, one is counted.
    let replayed = Batch { sequence: 1, previous: Digest::ZERO, ..forged.batch().clone() };
    let refusal = device.report(&SignedBatch::sign(replayed, &device.key)).unwrap_err();
    assert_eq!((refusal.status, refusal.kind.as_str()), (409, "batch-conflict"));
    assert_eq!(findings("conflict"), 1);

    // The right number after another past.
    let broken = Batch { previous: Digest::of(b"another past"), ..forged.batch().clone() };
    let refusal = device.report(&SignedBatch::sign(broken, &device.key)).unwrap_err();
    assert_eq!((refusal.status, refusal.kind.as_str()), (422, "batch-refused"));
    assert_eq!(findings("broken_chain"), 1);
    // Another screen's.
    let elsewhere = Batch { screen: ScreenId::new(uuid::Uuid::max()), ..forged.batch().clone() };
    assert_eq!(device.report(&SignedBatch::sign(elsewhere, &device.key)).unwrap_err().kind, "batch-refused");
    // A number too far ahead: the player is told where to go on.
    let ahead = Batch { sequence: 5, ..forged.batch().clone() };
    let refusal = device.report(&SignedBatch::sign(ahead, &device.key)).unwrap_err();
    assert_eq!((refusal.kind.as_str(), &refusal.body["expected"]), ("batch-out-of-order", &json!(2)));
    assert_eq!(log().len(), 1, "none of this is in the log");

    // A creative that this screen was never given: signed, so kept; not believed, so not counted.
    let second = Batch {
        items: vec![ItemRef { creative: CreativeId::new(uuid::Uuid::max()), ..item }],
        ..forged.batch().clone()
    };
    let second = SignedBatch::sign(second, &device.key);
    assert_eq!(device.report(&second).unwrap().sequence, 2);
    chain.follow(&second);
    assert_eq!(findings("unknown_item"), 1);
    let third = SignedBatch::sign(chain.next_batch(), &device.key);
    device.report(&third).unwrap();

    let counted: Vec<_> = log().into_iter().map(|play| (play.sequence, play.counted)).collect();
    assert_eq!(counted, [(1, true), (2, false), (3, true)]);
    let summary = office.auditor.get(&format!("plays/summary?group=screen&screen={screen}")).unwrap();
    let line = &summary["items"][0];
    assert_eq!((&line["completed"], &line["not_counted"]), (&json!(2), &json!(1)), "{summary}");
    let bundle = office.auditor.file(&format!("plays/bundle?screen={screen}")).unwrap();
    let said = Verifier::who_knows(device.publisher()).verify(&bundle);
    assert_eq!(said.code, 0, "{}", said.words);
}
