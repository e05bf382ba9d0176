//! 更换密钥: permits, changes and receipts, good and bad.

use serde_json::{Value, json};
use uuid::Uuid;
use xuanping_core::{
    digest::Digest,
    id::{InstructionId, ScreenId},
    playlog::{ChainHead, KeyChange, KeyChangeFault, KeyPermit, KeyReceipt, Receipt, SignedKeyChange},
    sign::{Context, SecretKey},
    time::UtcMillis,
};

use super::{
    programmes::DAY,
    signed::{device, publisher, screen},
};

/// The screen's next key.
fn next() -> SecretKey {
    SecretKey::from_seed(&[3; 32])
}

/// Secret halves of the keys of the changes, by their public halves.
pub fn seeds() -> Value {
    let seeds = [device(), next()].map(|key| (key.public().to_string(), json!(hex::encode(key.seed()))));
    Value::Object(seeds.into_iter().collect())
}

/// The office permits the screen to change this key of its.
pub fn permit(old: &SecretKey) -> (KeyPermit, Vec<u8>) {
    let instruction = InstructionId::new(Uuid::from_u128(0x0197_2a00_0000_7000_8000_0000_0000_0083));
    let permit = KeyPermit { screen: screen(), key: old.public().fingerprint(), instruction };
    (permit, permit.sign(&publisher()))
}

fn head(sequence: u64) -> ChainHead {
    let digest = if sequence == 0 { Digest::ZERO } else { Digest::of(&sequence.to_be_bytes()) };
    ChainHead { screen: screen(), sequence, digest }
}

fn flipped(signed: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = signed.to_vec();
    bytes[at] ^= 1;
    bytes
}

pub fn permit_cases() -> Vec<Value> {
    let (said, good) = permit(&device());
    let payload = minicbor::to_vec(said).unwrap();
    let cases = [
        ("good", good.clone()),
        ("by another key", said.sign(&device())),
        ("a flipped bit", flipped(&good, 60)),
        ("a byte too many", [&good[..], &[0]].concat()),
        ("signed as a receipt", publisher().sign(Context::KeyReceipt, payload)),
        ("a payload that is no permit", publisher().sign(Context::KeyPermit, vec![0xa0])),
        ("nothing", Vec::new()),
    ];
    let cases = cases.into_iter().map(|(name, signed)| {
        let says = KeyPermit::verify(&signed, &publisher().public()).ok();
        let says = says.map(|p| json!({ "screen": p.screen, "key": p.key, "instruction": p.instruction }));
        json!({ "what": "permit", "name": name, "signed": hex::encode(signed), "says": says })
    });
    cases.collect()
}

/// Changes as a screen makes them, at the beginning of its chain, in it, and far into it.
pub fn change_cases() -> Vec<Value> {
    let cases = [
        ("before the first batch", 0, DAY, device(), next()),
        ("after the first batch", 1, DAY, device(), next()),
        ("by a key that came with a change", 22, DAY + 1, next(), device()),
        ("after many batches", 4_294_967_295, 4_102_444_800_000, device(), next()),
        ("by a clock that was never set", 255, -1, device(), next()),
    ];
    let cases = cases.into_iter().map(|(name, sequence, at, old, new)| {
        let made = SignedKeyChange::sign(&head(sequence), UtcMillis(at), permit(&old), &old, &new);
        let read = SignedKeyChange::verify(made.signed().to_vec(), &publisher().public()).expect(name);
        let head = json!({ "screen": screen(), "sequence": sequence, "digest": head(sequence).digest });
        json!({
            "what": "change", "name": name, "head": head, "at": at, "permit": hex::encode(permit(&old).1),
            "old": old.public().to_string(), "new": new.public().to_string(),
            "signed": hex::encode(made.signed()), "digest": made.digest(), "says": in_words(&read), "fault": null,
        })
    });
    cases.collect()
}

fn in_words(signed: &SignedKeyChange) -> Value {
    let KeyChange { screen, old, new, from, previous, at, .. } = signed.change();
    json!({
        "screen": screen, "old": old.to_string(), "new": new.to_string(), "from": from, "previous": previous,
        "at": at.0, "instruction": signed.permit().instruction,
    })
}

/// What both keys sign, and the new key's signature over the first part.
fn proven(change: &[u8], proof: &[u8]) -> Vec<u8> {
    [&[0x82][..], &bytes(change), &bytes(proof)].concat()
}

/// A byte string.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    minicbor::to_vec(minicbor::bytes::ByteVec::from(bytes.to_vec())).unwrap()
}

/// A change in which keys or contexts are not those that they should be, or the bytes are not.
struct Forged {
    change: KeyChange,
    proof: (SecretKey, Context),
    by: (SecretKey, Context),
}

impl Forged {
    fn new() -> Self {
        let made = SignedKeyChange::sign(&head(4), UtcMillis(DAY), permit(&device()), &device(), &next());
        Self { change: made.change().clone(), proof: (next(), Context::NewKey), by: (device(), Context::KeyChange) }
    }

    fn signed(&self) -> Vec<u8> {
        self.saying(&minicbor::to_vec(&self.change).unwrap())
    }

    fn saying(&self, change: &[u8]) -> Vec<u8> {
        self.by.0.sign(self.by.1, proven(change, &self.proof.0.sign_raw(self.proof.1, change)))
    }
}

fn forged(change: impl FnOnce(&mut Forged)) -> Vec<u8> {
    let mut forged = Forged::new();
    change(&mut forged);
    forged.signed()
}

/// What is said is written otherwise than by us; everybody signed it.
fn written(otherwise: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let forged = Forged::new();
    forged.saying(&otherwise(minicbor::to_vec(&forged.change).unwrap()))
}

pub fn refused_changes() -> Vec<Value> {
    let stranger = || SecretKey::from_seed(&[7; 32]);
    let (said, _) = permit(&device());
    let good = Forged::new().signed();
    let payload = xuanping_core::sign::unverified_payload(&good).unwrap();
    // The map of a change begins a7 00 50 <screen> 01 58 20 <old> 02 58 20 <new> 03 05 04 …
    let from = 1 + 18 + 35 + 35;
    let cases = [
        ("by a stranger", "old", forged(|f| f.by.0 = stranger())),
        ("by the new key", "old", forged(|f| f.by.0 = next())),
        ("signed as a batch", "old", forged(|f| f.by.1 = Context::PlayBatch2)),
        ("proven by the old key", "new", forged(|f| f.proof.0 = device())),
        ("proven by a stranger", "new", forged(|f| f.proof.0 = stranger())),
        ("proven with a request's signature", "new", forged(|f| f.proof.1 = Context::Request)),
        ("permitted by the screen itself", "permit", forged(|f| f.change.permit = said.sign(&device()))),
        ("permitted by nobody", "permit", forged(|f| f.change.permit = Vec::new())),
        ("permitted for another key", "other permit", forged(|f| f.change.permit = permit(&next()).1)),
        (
            "permitted for another screen",
            "other permit",
            forged(|f| {
                let elsewhere = KeyPermit { screen: ScreenId::new(Uuid::from_u128(7)), ..said };
                f.change.permit = elsewhere.sign(&publisher());
            }),
        ),
        ("to the same key", "malformed", forged(|f| (f.change.new, f.proof.0) = (device().public(), device()))),
        ("from no batch", "malformed", forged(|f| f.change.from = 0)),
        ("from the first batch after another", "malformed", forged(|f| f.change.from = 1)),
        ("from a later batch after none", "malformed", forged(|f| f.change.previous = Digest::ZERO)),
        ("a number written longer", "malformed", written(|c| [&c[..=from], &[0x18, 0x05], &c[from + 2..]].concat())),
        ("a member that nobody knows", "malformed", written(|c| [&[0xa8], &c[1..], &[0x07, 0x00]].concat())),
        (
            "a member too few",
            "malformed",
            written(|c| [&[0xa6], &c[1..c.len() - bytes(&permit(&device()).1).len() - 1]].concat()),
        ),
        ("a byte too many in it", "malformed", written(|c| [&c[..], &[0]].concat())),
        ("three parts", "malformed", device().sign(Context::KeyChange, [&[0x83], &payload[1..], &[0x00]].concat())),
        (
            "half a proof",
            "new",
            device().sign(Context::KeyChange, {
                let change = minicbor::to_vec(&Forged::new().change).unwrap();
                proven(&change, &next().sign_raw(Context::NewKey, &change)[..32])
            }),
        ),
        ("no change at all", "malformed", device().sign(Context::KeyChange, vec![0x80])),
        ("a flipped bit in the map", "old", flipped(&good, good.len() - 64 - 2 - 66 - 20)),
        ("a flipped bit in the proof", "old", flipped(&good, good.len() - 64 - 2 - 20)),
        ("a flipped bit in the signature", "old", flipped(&good, good.len() - 5)),
        ("a byte too many", "malformed", [&good[..], &[0]].concat()),
        ("a byte too few", "malformed", good[..good.len() - 1].to_vec()),
        ("longer than any change", "malformed", forged(|f| f.change.permit = vec![0; SignedKeyChange::MAX_BYTES])),
        ("nothing", "malformed", Vec::new()),
    ];
    let cases = cases.into_iter().map(|(name, expected, signed)| {
        let fault = match SignedKeyChange::verify(signed.clone(), &publisher().public()).expect_err(name) {
            KeyChangeFault::Malformed => "malformed",
            KeyChangeFault::Old(_) => "old",
            KeyChangeFault::New(_) => "new",
            KeyChangeFault::Permit(_) => "permit",
            KeyChangeFault::OtherPermit => "other permit",
            other => panic!("{name}: {other}"),
        };
        assert_eq!(fault, expected, "{name}");
        json!({ "what": "refused", "name": name, "signed": hex::encode(signed), "fault": fault })
    });
    cases.collect()
}

pub fn receipt_cases() -> Vec<Value> {
    let made = SignedKeyChange::sign(&head(4), UtcMillis(DAY), permit(&device()), &device(), &next());
    let receipt = KeyReceipt { screen: screen(), change: made.digest(), recorded: UtcMillis(DAY + 7) };
    let good = receipt.sign(&publisher());
    let of_a_batch = Receipt { screen: screen(), sequence: 5, batch: made.digest(), received: UtcMillis(DAY) };
    let cases = [
        ("good", good.clone()),
        ("by another key", receipt.sign(&next())),
        ("a flipped bit", flipped(&good, 70)),
        ("a batch's in its place", of_a_batch.sign(&publisher())),
        ("a payload that is no receipt", publisher().sign(Context::KeyReceipt, vec![0xa0])),
        ("nothing", Vec::new()),
    ];
    let cases = cases.into_iter().map(|(name, signed)| {
        let says = KeyReceipt::verify(&signed, &publisher().public()).ok();
        let says = says.map(|r| json!({ "screen": r.screen, "change": r.change, "recorded": r.recorded.0 }));
        json!({ "what": "receipt", "name": name, "signed": hex::encode(signed), "says": says })
    });
    cases.collect()
}
