//! 更换密钥: the keys of a screen, one after the other, in one chain of batches.
//!
//! The office permits a change with its own signature; the screen makes a new key and says, signed by the old one and proven
//! by the new one, from which batch on the new one signs. Whoever holds the first key and the changes can verify the whole
//! chain, and whoever finds an old key can add nothing to it.

use minicbor::{Decode, Encode};

use super::{BatchError, ChainHead, SignedBatch};
use crate::{
    digest::Digest,
    id::{InstructionId, ScreenId},
    sign::{Context, PublicKey, SecretKey, SignatureError, unverified_payload},
    time::UtcMillis,
};

/// The office's signed word that a screen is to change its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyPermit {
    /// Which screen.
    #[n(0)]
    pub screen: ScreenId,
    /// Fingerprint of the key that is to go: so it permits one change, and no second.
    #[n(1)]
    pub key: Digest,
    /// The instruction that it came with.
    #[n(2)]
    pub instruction: InstructionId,
}

impl KeyPermit {
    /// Signs it. Ed25519 draws nothing: the same permit always gives the same bytes.
    pub fn sign(&self, publisher: &SecretKey) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        publisher.sign(Context::KeyPermit, minicbor::to_vec(self).unwrap_or_default())
    }

    /// Checks signature and form.
    pub fn verify(signed: &[u8], publisher: &PublicKey) -> Result<Self, SignatureError> {
        let payload = publisher.verify(Context::KeyPermit, signed)?;
        minicbor::decode(&payload).map_err(|_| SignatureError::Malformed)
    }
}

/// A change of key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyChange {
    /// Whose.
    #[n(0)]
    pub screen: ScreenId,
    /// The key that goes.
    #[n(1)]
    pub old: PublicKey,
    /// The key that comes.
    #[n(2)]
    pub new: PublicKey,
    /// Number of the first batch that the new key signs, and the old one no longer does.
    #[n(3)]
    pub from: u64,
    /// Name of the batch before that one; [`Digest::ZERO`] if there is none. So the old key has nothing left to sign.
    #[n(4)]
    pub previous: Digest,
    /// The player's clock.
    #[n(5)]
    pub at: UtcMillis,
    /// The office's [`KeyPermit`], as it signed it.
    #[n(6)]
    #[cbor(with = "minicbor::bytes")]
    pub permit: Vec<u8>,
}

/// What the old key signs: a change, and the new key's signature over it.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Proven {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    change: Vec<u8>,
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    proof: Vec<u8>,
}

/// A change with the bytes that both keys signed. The only way to get one is to sign or to verify.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedKeyChange {
    change: KeyChange,
    permit: KeyPermit,
    signed: Vec<u8>,
}

/// Why a change of key is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyChangeFault {
    /// Not what a change looks like, or it contradicts itself.
    #[error("not a change of key")]
    Malformed,
    /// Not signed by the key that goes.
    #[error("by the old key: {0}")]
    Old(SignatureError),
    /// Not proven by the key that comes.
    #[error("by the new key: {0}")]
    New(SignatureError),
    /// The office did not permit it.
    #[error("by the office: {0}")]
    Permit(SignatureError),
    /// The permit is another screen's, or for another key.
    #[error("the office permitted another change")]
    OtherPermit,
    /// The key that goes is not the one that the screen has.
    #[error("the screen has another key than the one that goes")]
    NotNext,
    /// The batch before the first one of the new key is another.
    #[error("the chain had another end when the key was changed")]
    OtherPrevious,
}

impl SignedKeyChange {
    /// More bytes than one has.
    pub const MAX_BYTES: usize = 2_048;

    /// Changes the key of a screen whose newest batch is `head`. `permit` is the office's, as it signed it.
    pub fn sign(
        head: &ChainHead,
        at: UtcMillis,
        permit: (KeyPermit, Vec<u8>),
        old: &SecretKey,
        new: &SecretKey,
    ) -> Self {
        let (permit, signed_permit) = permit;
        let change = KeyChange {
            screen: head.screen,
            old: old.public(),
            new: new.public(),
            // No screen seals 2^64 batches.
            from: head.sequence.saturating_add(1),
            previous: head.digest,
            at,
            permit: signed_permit,
        };
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        let bytes = minicbor::to_vec(&change).unwrap_or_default();
        let proof = new.sign_raw(Context::NewKey, &bytes).to_vec();
        let payload = minicbor::to_vec(Proven { change: bytes, proof }).unwrap_or_default();
        Self { change, permit, signed: old.sign(Context::KeyChange, payload) }
    }

    /// Checks all three signatures and that they are about the same change. Whether the screen had the old key is for
    /// [`ScreenKeys::change`] to say.
    pub fn verify(signed: Vec<u8>, publisher: &PublicKey) -> Result<Self, KeyChangeFault> {
        if signed.len() > Self::MAX_BYTES {
            return Err(KeyChangeFault::Malformed);
        }
        // What the bytes say of themselves is believed only as far as to choose the key that has to have signed them.
        let claimed = unverified_payload(&signed).ok_or(KeyChangeFault::Malformed)?;
        let (change, proof) = read(&claimed).ok_or(KeyChangeFault::Malformed)?;
        change.old.verify(Context::KeyChange, &signed).map_err(KeyChangeFault::Old)?;
        let bytes = minicbor::to_vec(&change).unwrap_or_default();
        change.new.verify_raw(Context::NewKey, &bytes, &proof).map_err(KeyChangeFault::New)?;
        let permit = KeyPermit::verify(&change.permit, publisher).map_err(KeyChangeFault::Permit)?;
        if (permit.screen, permit.key) != (change.screen, change.old.fingerprint()) {
            return Err(KeyChangeFault::OtherPermit);
        }
        Ok(Self { change, permit, signed })
    }

    /// What it says.
    pub const fn change(&self) -> &KeyChange {
        &self.change
    }

    /// What the office permitted.
    pub const fn permit(&self) -> KeyPermit {
        self.permit
    }

    /// The bytes that both keys signed.
    pub fn signed(&self) -> &[u8] {
        &self.signed
    }

    /// Its name: the digest of its signed bytes.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.signed)
    }
}

/// There is exactly one way to write a change: what reads and is written otherwise is none.
fn read(payload: &[u8]) -> Option<(KeyChange, Vec<u8>)> {
    let proven: Proven = minicbor::decode(payload).ok()?;
    let change: KeyChange = minicbor::decode(&proven.change).ok()?;
    let whole = minicbor::to_vec(&proven).ok()? == payload && minicbor::to_vec(&change).ok()? == proven.change;
    let begins = change.from == 1 && change.previous == Digest::ZERO;
    let goes_on = change.from > 1 && change.previous != Digest::ZERO;
    (whole && change.old != change.new && (begins || goes_on)).then_some((change, proven.proof))
}

/// The keys that a screen had and has, each with the number of the first batch it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenKeys {
    first: PublicKey,
    later: Vec<Later>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Later {
    from: u64,
    previous: Digest,
    key: PublicKey,
}

impl ScreenKeys {
    /// A screen that has never changed its key.
    pub const fn of_one(key: PublicKey) -> Self {
        Self { first: key, later: Vec::new() }
    }

    /// The keys after this change, whose signatures were checked.
    pub fn change(&mut self, change: &KeyChange) -> Result<(), KeyChangeFault> {
        if change.old != self.newest() || change.from < self.from() || self.has(&change.new) {
            return Err(KeyChangeFault::NotNext);
        }
        self.later.push(Later { from: change.from, previous: change.previous, key: change.new });
        Ok(())
    }

    /// The key that signs the batch of this number.
    pub fn of(&self, sequence: u64) -> PublicKey {
        // The newest of those that begin in time: one that was changed again before it signed anything signs nothing.
        let newest = self.later.iter().rev().find(|later| later.from <= sequence);
        newest.map_or(self.first, |later| later.key)
    }

    /// Checks a batch by the key that the screen had for its number.
    pub fn verify(&self, signed: Vec<u8>) -> Result<SignedBatch, BatchError> {
        // What the bytes say of themselves is believed only as far as to choose the key that has to have signed them.
        let key = match self.later.is_empty() {
            true => self.first,
            false => self.of(SignedBatch::said_by(&signed).map_or(u64::MAX, |said| said.sequence)),
        };
        SignedBatch::verify(signed, &key)
    }

    /// Whether a batch of this number may have this name: the last one before a change is the one that the change names.
    pub fn allow(&self, sequence: u64, name: Digest) -> bool {
        let next = sequence.checked_add(1);
        self.later.iter().all(|later| Some(later.from) != next || later.previous == name)
    }

    /// The key that it was enrolled with.
    pub const fn first(&self) -> PublicKey {
        self.first
    }

    /// The key that it has now.
    pub fn newest(&self) -> PublicKey {
        self.later.last().map_or(self.first, |later| later.key)
    }

    /// Number of the first batch that the key it has now signs.
    pub fn from(&self) -> u64 {
        self.later.last().map_or(1, |later| later.from)
    }

    /// Whether it ever had this key.
    pub fn has(&self, key: &PublicKey) -> bool {
        self.first == *key || self.later.iter().any(|later| later.key == *key)
    }
}

/// The server's signed word that a change is recorded: from then on the old key opens nothing any more, and may be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyReceipt {
    /// Whose change.
    #[n(0)]
    pub screen: ScreenId,
    /// Its name.
    #[n(1)]
    pub change: Digest,
    /// When it was recorded.
    #[n(2)]
    pub recorded: UtcMillis,
}

impl KeyReceipt {
    /// Signs it.
    pub fn sign(&self, publisher: &SecretKey) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        publisher.sign(Context::KeyReceipt, minicbor::to_vec(self).unwrap_or_default())
    }

    /// Checks signature and form.
    pub fn verify(signed: &[u8], publisher: &PublicKey) -> Result<Self, SignatureError> {
        let payload = publisher.verify(Context::KeyReceipt, signed)?;
        minicbor::decode(&payload).map_err(|_| SignatureError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    fn screen() -> ScreenId {
        ScreenId::new(Uuid::from_u128(1))
    }

    fn permit(old: &SecretKey) -> (KeyPermit, Vec<u8>) {
        let instruction = InstructionId::new(Uuid::from_u128(2));
        let permit = KeyPermit { screen: screen(), key: old.public().fingerprint(), instruction };
        (permit, permit.sign(&key(9)))
    }

    fn head(sequence: u64) -> ChainHead {
        let digest = if sequence == 0 { Digest::ZERO } else { Digest::of(&sequence.to_be_bytes()) };
        ChainHead { screen: screen(), sequence, digest }
    }

    fn changed(sequence: u64, old: u8, new: u8) -> SignedKeyChange {
        SignedKeyChange::sign(&head(sequence), UtcMillis(5), permit(&key(old)), &key(old), &key(new))
    }

    /// A change signed as ours are, whatever it says.
    fn forged(change: &KeyChange, proof: &SecretKey, by: &SecretKey, context: [Context; 2]) -> Vec<u8> {
        let bytes = minicbor::to_vec(change).unwrap();
        let proof = proof.sign_raw(context[0], &bytes).to_vec();
        by.sign(context[1], minicbor::to_vec(Proven { change: bytes, proof }).unwrap())
    }

    #[test]
    fn a_change_is_believed_if_the_old_key_signed_the_new_key_proved_and_the_office_permitted_it() {
        let made = changed(4, 1, 2);
        let read = SignedKeyChange::verify(made.signed().to_vec(), &key(9).public()).unwrap();
        assert_eq!(read, made);
        assert_eq!((read.change().from, read.change().previous), (5, head(4).digest));
        assert_eq!(read.permit(), permit(&key(1)).0);
        assert!(made.signed().len() < SignedKeyChange::MAX_BYTES / 2);
    }

    #[test]
    fn whoever_lacks_one_of_the_three_keys_changes_nothing() {
        const RIGHT: [Context; 2] = [Context::NewKey, Context::KeyChange];
        let change = changed(4, 1, 2).change().clone();
        let fault = |signed| SignedKeyChange::verify(signed, &key(9).public()).unwrap_err();
        assert!(SignedKeyChange::verify(forged(&change, &key(2), &key(1), RIGHT), &key(9).public()).is_ok());
        // Signed by somebody else, or by the new key itself.
        for by in [2, 3] {
            assert_eq!(fault(forged(&change, &key(2), &key(by), RIGHT)), KeyChangeFault::Old(SignatureError::WrongKey));
        }
        // A key that its owner does not know of.
        for proof in [1, 3] {
            let forged = forged(&change, &key(proof), &key(1), RIGHT);
            assert_eq!(fault(forged), KeyChangeFault::New(SignatureError::Mismatch));
        }
        // Signatures that were made for something else.
        let elsewhere = forged(&change, &key(2), &key(1), [Context::Request, Context::KeyChange]);
        assert_eq!(fault(elsewhere), KeyChangeFault::New(SignatureError::Mismatch));
        let elsewhere = forged(&change, &key(2), &key(1), [Context::NewKey, Context::PlayBatch2]);
        assert_eq!(fault(elsewhere), KeyChangeFault::Old(SignatureError::Mismatch));
        // Without the office, or with its word for another change.
        let (said, _) = permit(&key(1));
        let unpermitted = |permit| forged(&KeyChange { permit, ..change.clone() }, &key(2), &key(1), RIGHT);
        assert_eq!(fault(unpermitted(said.sign(&key(1)))), KeyChangeFault::Permit(SignatureError::WrongKey));
        assert_eq!(fault(unpermitted(Vec::new())), KeyChangeFault::Permit(SignatureError::Malformed));
        let elsewhere = KeyPermit { screen: ScreenId::new(Uuid::from_u128(7)), ..said };
        assert_eq!(fault(unpermitted(elsewhere.sign(&key(9)))), KeyChangeFault::OtherPermit);
        assert_eq!(fault(unpermitted(permit(&key(3)).1)), KeyChangeFault::OtherPermit);
        // What contradicts itself.
        for (from, previous) in [(0, Digest::ZERO), (1, Digest::of(b"x")), (2, Digest::ZERO)] {
            let odd = KeyChange { from, previous, ..change.clone() };
            assert_eq!(fault(forged(&odd, &key(2), &key(1), RIGHT)), KeyChangeFault::Malformed);
        }
        let same = KeyChange { new: key(1).public(), ..change.clone() };
        assert_eq!(fault(forged(&same, &key(1), &key(1), RIGHT)), KeyChangeFault::Malformed);
    }

    #[test]
    fn no_byte_of_a_change_is_uncovered() {
        let signed = changed(4, 1, 2).signed().to_vec();
        for at in 0..signed.len() {
            for bit in 0..8 {
                let mut other = signed.clone();
                other[at] ^= 1 << bit;
                assert!(SignedKeyChange::verify(other, &key(9).public()).is_err(), "byte {at} bit {bit}");
            }
        }
        assert!(SignedKeyChange::verify([&*signed, b"x"].concat(), &key(9).public()).is_err());
    }

    #[test]
    fn a_change_goes_on_from_the_key_that_the_screen_has_and_never_back() {
        let mut keys = ScreenKeys::of_one(key(1).public());
        assert_eq!(keys.change(changed(4, 2, 3).change()), Err(KeyChangeFault::NotNext));
        keys.change(changed(4, 1, 2).change()).unwrap();
        assert_eq!(keys.change(changed(4, 1, 2).change()), Err(KeyChangeFault::NotNext), "the same again");
        assert_eq!(keys.change(changed(3, 2, 3).change()), Err(KeyChangeFault::NotNext), "into the past");
        assert_eq!(
            keys.change(changed(9, 2, 1).change()),
            Err(KeyChangeFault::NotNext),
            "back to a key that was given up"
        );
        // Twice before anything was sealed.
        keys.change(changed(4, 2, 3).change()).unwrap();
        assert_eq!([4, 5, 9].map(|n| keys.of(n)), [key(1).public(), key(3).public(), key(3).public()]);
        assert_eq!((keys.first(), keys.newest(), keys.from()), (key(1).public(), key(3).public(), 5));
        assert!(keys.allow(4, head(4).digest) && keys.allow(3, Digest::ZERO) && keys.allow(5, Digest::ZERO));
        assert!(!keys.allow(4, head(3).digest), "another end of the old key's batches than the change names");
    }

    #[test]
    fn a_receipt_is_the_publishers_alone() {
        let said = KeyReceipt { screen: screen(), change: changed(4, 1, 2).digest(), recorded: UtcMillis(8) };
        let signed = said.sign(&key(9));
        assert_eq!(KeyReceipt::verify(&signed, &key(9).public()), Ok(said));
        assert_eq!(KeyReceipt::verify(&signed, &key(1).public()), Err(SignatureError::WrongKey));
    }

    proptest! {
        /// Whatever changes come when, each batch has exactly the key that was the newest when it was sealed.
        #[test]
        fn every_batch_has_the_key_that_was_in_force_when_it_was_sealed(
            steps in proptest::collection::vec(prop_oneof![3 => Just(false), 1 => Just(true)], 0..60),
        ) {
            let (mut keys, mut current, mut sequence) = (ScreenKeys::of_one(key(1).public()), 1, 0);
            let mut sealed = Vec::new();
            for rotates in steps {
                if rotates {
                    keys.change(changed(sequence, current, current + 1).change()).unwrap();
                    current += 1;
                } else {
                    sequence += 1;
                    sealed.push((sequence, key(current).public()));
                }
            }
            for (sequence, by) in sealed {
                prop_assert_eq!(keys.of(sequence), by);
            }
            prop_assert_eq!(keys.of(sequence + 1), key(current).public());
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(SignedKeyChange::verify(bytes.clone(), &key(9).public()).is_err());
            prop_assert!(KeyPermit::verify(&bytes, &key(9).public()).is_err());
            prop_assert!(KeyReceipt::verify(&bytes, &key(9).public()).is_err());
        }
    }
}
