//! 更换密钥: one chain over two keys. The old key is good for what it had sealed and for nothing else, and an auditor can tell.

use axum::{
    body::Body as HttpBody,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use xuanping_core::{
    id::InstructionId,
    playlog::{
        ChainHead, KeyPermit, KeyReceipt, SignedKeyChange,
        bundle::{self, CheckKind, Trust},
    },
    sign::PublicKey,
    wire::{RequestProof, Retirement},
};

use super::*;
use crate::{
    accounts::{Principal, Role, Scope, audit},
    db::testing::{for_each_database, unprotected},
    plays::recount::Mismatch,
};

struct Answer {
    status: StatusCode,
    bytes: Vec<u8>,
}

impl Answer {
    fn problem(&self) -> (u16, String) {
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        let kind = body["type"].as_str().unwrap_or_default().trim_start_matches("urn:xuanping:problem:");
        (self.status.as_u16(), kind.to_owned())
    }
}

async fn post(county: &County, key: &SecretKey, path: &str, body: &[u8]) -> Answer {
    let path = format!("/player/v1/{path}");
    let mut request = Request::post(&path);
    for (name, value) in RequestProof::make(key, "POST", &path, clock::now(), body).headers() {
        request = request.header(name, value);
    }
    let response = county.app.router().oneshot(request.body(HttpBody::from(body.to_vec())).unwrap()).await.unwrap();
    let status = response.status();
    Answer { status, bytes: response.into_body().collect().await.unwrap().to_bytes().to_vec() }
}

async fn report(county: &County, by: &SecretKey, batch: &SignedBatch) -> Answer {
    post(county, by, "play-batches", batch.signed()).await
}

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

impl County {
    /// The office's word that this screen is to give this key up.
    fn permit(&self, screen: ScreenId, old: &PublicKey, n: u128) -> (KeyPermit, Vec<u8>) {
        let instruction = InstructionId::new(Uuid::from_u128(n));
        let permit = KeyPermit { screen, key: old.fingerprint(), instruction };
        (permit, self.app.screens.key_permit(&permit))
    }

    /// The change that a player would make now: it has sealed its batches so far with its old key.
    fn change(&self, player: &Player, new: &SecretKey) -> SignedKeyChange {
        let permit = self.permit(player.screen.id, &player.key.public(), 1);
        SignedKeyChange::sign(&player.head(), clock::now(), permit, &player.key, new)
    }

    async fn changes(&self, screen: ScreenId) -> usize {
        self.app.screens.key_changes(screen).await.unwrap().len()
    }
}

impl Player {
    fn head(&self) -> ChainHead {
        ChainHead { screen: self.screen.id, sequence: self.sequence - 1, digest: self.previous }
    }
}

fn operator() -> Principal {
    Principal {
        id: AccountId::new(Uuid::from_u128(9)),
        name: "p".into(),
        display_name: "某人".into(),
        roles: vec![Role::Operator],
        scope: Scope::default(),
        must_set_password: false,
    }
}

/// A player that has reported one batch and keeps two more, sealed by its old key, in its outbox.
async fn behind(db: &Db) -> (County, Player, Vec<SignedBatch>) {
    let county = County::new(db).await;
    let mut player = county.player(1, 0).await;
    county.publish().await;
    let item = county.given_ref(&player).await;
    let slots = slot().plus(-20 * 6_000);
    let mut batches: Vec<_> =
        (1..=3).map(|n| player.seal(vec![item], showings_before(slots.plus(n * 4 * 6_000), 4))).collect();
    county.ingest(&player, &batches.remove(0)).await.unwrap();
    (county, player, batches)
}

#[tokio::test]
async fn what_the_old_key_had_sealed_is_taken_in_late_and_once_and_an_auditor_verifies_the_chain_over_both_keys() {
    for_each_database(async |db| {
        let (county, mut player, late) = behind(&db).await;
        let (old, new, publisher) = (key(1), key(2), county.app.publisher.public());
        let change = county.change(&player, &new);
        let answer = post(&county, &new, "keys", change.signed()).await;
        assert_eq!(answer.status, StatusCode::OK);
        let receipt = KeyReceipt::verify(&answer.bytes, &publisher).unwrap();
        assert_eq!((receipt.screen, receipt.change), (player.screen.id, change.digest()));
        let screen = county.app.screens.get(player.screen.id).await.unwrap();
        assert_eq!((screen.public_key, screen.key_from), (new.public(), 4));
        assert_eq!(screen.key_changed_at, Some(receipt.recorded));

        // The answer was lost: the same change again is the same receipt, byte for byte, and changes nothing.
        for _ in 0..3 {
            assert_eq!(post(&county, &new, "keys", change.signed()).await.bytes, answer.bytes);
        }
        assert_eq!(county.changes(screen.id).await, 1);
        // The old key opens nothing any more, and its owner is told why; others learn nothing.
        let refused = report(&county, &old, &late[0]).await;
        assert_eq!(refused.problem(), (401, "key-replaced".into()));
        let proof = RequestProof::make(&key(9), "POST", "/player/v1/play-batches", clock::now(), b"");
        let stolen = RequestProof { key: old.public().fingerprint(), ..proof };
        let mut request = Request::post("/player/v1/play-batches");
        for (name, value) in stolen.headers() {
            request = request.header(name, value);
        }
        let refused = county.app.router().oneshot(request.body(HttpBody::empty()).unwrap()).await.unwrap();
        let bytes = refused.into_body().collect().await.unwrap().to_bytes().to_vec();
        let refused = Answer { status: StatusCode::UNAUTHORIZED, bytes };
        assert_eq!(refused.problem().1, "bad-signature");

        // What it had sealed before comes weeks later, with requests of the new key, and some of it more than once.
        let slots = slot().plus(-20 * 6_000);
        player.key = key(2);
        let item = county.given_ref(&player).await;
        let newer = player.seal(vec![item], showings_before(slots.plus(16 * 6_000), 4));
        assert_eq!(report(&county, &new, &newer).await.problem(), (409, "batch-out-of-order".into()));
        for batch in [&late[0], &late[0], &late[1], &newer, &late[1], &newer] {
            let answer = report(&county, &new, batch).await;
            let receipt = Receipt::verify(&answer.bytes, &publisher).unwrap();
            assert_eq!(receipt.batch, batch.digest());
        }
        assert_eq!(county.records(&Filter::default()).await.len(), 16);
        let lines = county.app.plays.summary(&Filter::default(), Group::Screen).await.unwrap();
        assert_eq!(lines.iter().map(|l| (l.completed, l.not_counted)).collect::<Vec<_>>(), [(16, 0)]);
        assert_eq!(county.kinds().await, [FindingKind::Gap], "and that is resolved");

        // An auditor who has the file and the office's key.
        let file = county.app.plays.bundle(&Filter::default(), clock::now()).await.unwrap();
        let verdict = bundle::verify(&file, &Trust::publisher(publisher));
        assert_eq!(verdict.findings, []);
        let keys = verdict.checks.iter().find(|check| check.kind == CheckKind::Keys).unwrap();
        assert_eq!((keys.done, keys.failed), (2, 0), "the change, and the batch before it");
        assert_eq!(county.app.plays.recount().await.unwrap().differences, []);
        let day = clock::today(chrono_tz::Asia::Shanghai);
        county.app.plays.day_of(&screen, day, clock::now()).await.unwrap();
        let trail = audit::list(&db, None, 200).await.unwrap();
        let changed: Vec<_> = trail.iter().filter(|entry| entry.action == "screens.change_key").collect();
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].details["from"], 4);
        assert_eq!(changed[0].details["old"], old.public().fingerprint().to_string());
    })
    .await;
}

#[tokio::test]
async fn after_the_change_the_old_key_seals_nothing_and_the_new_one_nothing_before_it() {
    for_each_database(async |db| {
        let (county, mut player, late) = behind(&db).await;
        let stale = player.screen.clone();
        let item = county.given_ref(&player).await;
        for batch in &late {
            county.ingest(&player, batch).await.unwrap();
        }
        let change = county.change(&player, &key(2));
        // What a thief of the old key seals meanwhile.
        let stolen = player.sealed(vec![item], vec![play(slot().plus(-6_000))]);
        let said = serde_json::to_vec(&crate::county::report()).unwrap();
        assert_eq!(post(&county, &key(1), "status", &said).await.status, StatusCode::OK);
        assert_eq!(post(&county, &key(2), "keys", change.signed()).await.status, StatusCode::OK);
        assert_eq!(post(&county, &key(2), "status", &said).await.status, StatusCode::OK);
        assert_eq!(post(&county, &key(1), "status", &said).await.problem(), (401, "key-replaced".into()));
        assert_eq!(report(&county, &key(1), &stolen).await.problem(), (401, "key-replaced".into()));
        assert_eq!(report(&county, &key(2), &stolen).await.problem(), (422, "batch-refused".into()));
        // A request that was let in before the change, and is quicker with all but storing.
        let slow = county.app.plays.ingest(&stale, stolen.signed().to_vec(), clock::now()).await;
        assert!(matches!(slow, Err(IngestError::Busy)), "{slow:?}");
        assert_eq!(county.records(&Filter::default()).await.len(), 12);
        // The new key does not speak for the past: the number has a batch, and it is another.
        player.sequence = 3;
        player.key = key(2);
        let forged = player.sealed(vec![item], vec![play(slot().plus(-6_000))]);
        assert_eq!(report(&county, &key(2), &forged).await.problem(), (422, "batch-refused".into()));
        assert_eq!(county.kinds().await, [FindingKind::BadSignature, FindingKind::BadSignature]);
    })
    .await;
}

#[tokio::test]
async fn the_last_batch_of_the_old_key_is_the_one_that_the_change_names() {
    for_each_database(async |db| {
        let (county, player, late) = behind(&db).await;
        let change = county.change(&player, &key(2));
        assert_eq!(post(&county, &key(2), "keys", change.signed()).await.status, StatusCode::OK);
        assert_eq!(report(&county, &key(2), &late[0]).await.status, StatusCode::OK);
        // Whoever finds the old key later writes the end of its history anew: signed, chained, and not the one.
        let other = Batch { plays: Vec::new(), items: Vec::new(), ..late[1].batch().clone() };
        let other = SignedBatch::sign(other, &key(1));
        assert_eq!(report(&county, &key(2), &other).await.problem(), (422, "batch-refused".into()));
        assert_eq!(county.kinds().await, [FindingKind::BrokenChain]);
        assert_eq!(report(&county, &key(2), &late[1]).await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn nobody_changes_a_key_without_the_screen_the_office_and_an_end_of_the_chain_that_fits() {
    for_each_database(async |db| {
        let (county, player, late) = behind(&db).await;
        let other = county.player(5, 1).await;
        let (id, now) = (player.screen.id, clock::now());
        let permit = |old: &SecretKey| county.permit(id, &old.public(), 1);
        let head = player.head();
        let refused = (422, "key-change-refused".to_owned());
        let expect = async |by: &SecretKey, change: &SignedKeyChange, problem: &(u16, String)| {
            let answer = post(&county, by, "keys", change.signed()).await;
            assert_eq!(answer.problem(), *problem);
            assert_eq!(county.changes(id).await, 0);
        };
        // The request itself is not signed by the key that comes.
        let good = county.change(&player, &key(2));
        expect(&key(1), &good, &(401, "bad-signature".into())).await;
        // By a key that is not the screen's: nobody's, or another screen's.
        for n in [3, 5] {
            let forged = SignedKeyChange::sign(&head, now, permit(&key(n)), &key(n), &key(2));
            expect(&key(2), &forged, &(401, "key-replaced".into())).await;
        }
        // Without the office: the screen's own word, or the office's for another screen.
        let (said, _) = permit(&key(1));
        let unpermitted = SignedKeyChange::sign(&head, now, (said, said.sign(&key(1))), &key(1), &key(2));
        expect(&key(2), &unpermitted, &refused).await;
        let elsewhere = county.permit(other.screen.id, &key(1).public(), 1);
        let elsewhere = SignedKeyChange::sign(&head, now, elsewhere, &key(1), &key(2));
        expect(&key(2), &elsewhere, &refused).await;
        // To a key that is another screen's.
        let taken = SignedKeyChange::sign(&head, now, permit(&key(1)), &key(1), &key(5));
        expect(&key(5), &taken, &refused).await;
        // From a batch on that is stored already, or that follows another.
        for batch in &late {
            county.ingest(&player, batch).await.unwrap();
        }
        let stored = ChainHead::of(&late[0]);
        let past = SignedKeyChange::sign(&stored, now, permit(&key(1)), &key(1), &key(2));
        expect(&key(2), &past, &refused).await;
        let forked = ChainHead { digest: Digest::of(b"another history"), ..head };
        let forked = SignedKeyChange::sign(&forked, now, permit(&key(1)), &key(1), &key(2));
        expect(&key(2), &forked, &refused).await;
        assert_eq!(post(&county, &key(2), "keys", b"{}").await.problem(), refused);
        // Of a screen that nobody knows.
        let nobody = ScreenId::new(Uuid::from_u128(77));
        let permit = county.permit(nobody, &key(1).public(), 1);
        let unknown = SignedKeyChange::sign(&ChainHead { screen: nobody, ..head }, now, permit, &key(1), &key(2));
        expect(&key(2), &unknown, &(401, "unknown-device".into())).await;
        // All of that cost nothing: the change itself is good, once, and a second under the same permit is none.
        assert_eq!(post(&county, &key(2), "keys", good.signed()).await.status, StatusCode::OK);
        let second = SignedKeyChange::sign(&head, now, county.permit(id, &key(1).public(), 1), &key(1), &key(3));
        assert_eq!(post(&county, &key(3), "keys", second.signed()).await.problem(), (401, "key-replaced".into()));
        let again = county.app.screens.introduce(key(1).public(), other_wall(), None, now).await;
        assert!(matches!(again, Err(ScreenError::KeyReplaced)), "{again:?}");
        assert_eq!(county.changes(id).await, 1);
    })
    .await;
}

fn other_wall() -> Capabilities {
    Capabilities {
        kind: ScreenKind::LedStrip,
        size: Size { width: 320, height: 16 },
        clips: false,
        sound: false,
        software: "test".into(),
        host: "test".into(),
    }
}

#[tokio::test]
async fn a_retired_screen_changes_nothing_and_is_told_so_by_either_key() {
    for_each_database(async |db| {
        let (county, player, _) = behind(&db).await;
        let (id, now) = (player.screen.id, clock::now());
        let change = county.change(&player, &key(2));
        let told = async |key: &SecretKey| {
            let answer = post(&county, &self::key(2), "keys", change.signed()).await;
            assert_eq!(answer.problem(), (410, "screen-retired".into()));
            let body: Value = serde_json::from_slice(&answer.bytes).unwrap();
            let word = body[Retirement::MEMBER].as_str().unwrap();
            Retirement::verify(word, &county.app.publisher.public(), key.public().fingerprint()).unwrap().screen
        };
        county.app.screens.retire(id, &operator(), now).await.unwrap();
        assert_eq!(told(&key(1)).await, id);
        assert_eq!(county.changes(id).await, 0);
        // One whose answer was lost, and that was retired then, is told by its new key.
        let other = county.player(7, 1).await;
        let change = county.change(&other, &key(8));
        assert_eq!(post(&county, &key(8), "keys", change.signed()).await.status, StatusCode::OK);
        county.app.screens.retire(other.screen.id, &operator(), now).await.unwrap();
        let answer = post(&county, &key(8), "keys", change.signed()).await;
        let body: Value = serde_json::from_slice(&answer.bytes).unwrap();
        let word = body[Retirement::MEMBER].as_str().unwrap();
        let said = Retirement::verify(word, &county.app.publisher.public(), key(8).public().fingerprint()).unwrap();
        assert_eq!(said.screen, other.screen.id);
    })
    .await;
}

#[tokio::test]
async fn changes_of_key_refuse_to_be_changed_and_whoever_does_is_found() {
    for_each_database(async |db| {
        let (county, player, _) = behind(&db).await;
        let change = county.change(&player, &key(2));
        assert_eq!(post(&county, &key(2), "keys", change.signed()).await.status, StatusCode::OK);
        county.app.plays.log().grow(clock::now()).await.unwrap();
        for edit in ["UPDATE screen_keys SET number = 2", "DELETE FROM screen_keys"] {
            let refused = db.exec(sql(edit)).await.unwrap_err().to_string();
            assert!(refused.contains("insert-only"), "{refused}");
        }
        assert_eq!(county.app.plays.recount().await.unwrap().differences, []);
        unprotected(&db, &["screen_keys"]).await;
        let forged = SignedKeyChange::sign(
            &player.head(),
            clock::now(),
            county.permit(player.screen.id, &key(3).public(), 1),
            &key(3),
            &key(2),
        );
        db.exec(sql("UPDATE screen_keys SET signed = $1").bind(&forged.signed()[1..])).await.unwrap();
        let found = county.app.plays.recount().await.unwrap().differences;
        assert_eq!(found.iter().map(|found| found.what.clone()).collect::<Vec<_>>(), [Mismatch::Keys]);
        // Another first key than the one that signed the batches.
        db.exec(sql("UPDATE screen_keys SET signed = $1").bind(forged.signed())).await.unwrap();
        let found = county.app.plays.recount().await.unwrap().differences;
        assert!(found.iter().any(|found| matches!(found.what, Mismatch::Bytes(_))), "{found:?}");
    })
    .await;
}
