//! Signed statements: COSE_Sign1 (RFC 9052 §4.2) with Ed25519, one context string per kind of statement.
//!
//! The context goes into `external_aad`, so a signature made for a play batch can never be passed off as one for a
//! manifest. Verification is strict (`verify_strict`: no small-order keys, no malleable signatures).

use std::{fmt, str::FromStr};

use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use ed25519_dalek::Signer as _;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;

/// What a signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Server → player: the manifest of one screen.
    Manifest,
    /// Player → server: a batch of plays, of version 1.
    PlayBatch,
    /// Player → server: a batch of plays, of version 2.
    PlayBatch2,
    /// Server → player: "that batch is stored for good".
    Receipt,
    /// Server → player: what time it is, answering a nonce.
    Time,
    /// Player → server: one HTTP request (a bare signature, not COSE).
    Request,
    /// Server → player: this screen is out of service.
    Retirement,
    /// Server → auditor: what an exported bundle contains.
    Bundle,
    /// Server → player: this screen is to change its key.
    KeyPermit,
    /// Player → server, by the key that goes: another takes its place.
    KeyChange,
    /// Player → server, by the key that comes: it takes the other's place (a bare signature, not COSE).
    NewKey,
    /// Server → player: that change of key is recorded.
    KeyReceipt,
}

impl Context {
    /// The bytes that go into `external_aad`. Never change one: make a new version instead.
    pub const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Manifest => b"xuanping/manifest/1",
            Self::PlayBatch => b"xuanping/play-batch/1",
            Self::PlayBatch2 => b"xuanping/play-batch/2",
            Self::Receipt => b"xuanping/receipt/1",
            Self::Time => b"xuanping/time/1",
            Self::Request => b"xuanping/request/1",
            Self::Retirement => b"xuanping/retirement/1",
            Self::Bundle => b"xuanping/bundle/1",
            Self::KeyPermit => b"xuanping/key-permit/1",
            Self::KeyChange => b"xuanping/key-change/1",
            Self::NewKey => b"xuanping/new-key/1",
            Self::KeyReceipt => b"xuanping/key-receipt/1",
        }
    }
}

/// A secret Ed25519 key. Never printed, never serialised by derive.
pub struct SecretKey(ed25519_dalek::SigningKey);

impl SecretKey {
    /// From 32 bytes of entropy (or of a key file).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The 32 secret bytes, for writing to a key file of mode 0600 and nowhere else.
    pub fn seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The key others verify with.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// A bare 64-byte signature over the context, a zero byte and the message.
    pub fn sign_raw(&self, context: Context, message: &[u8]) -> [u8; 64] {
        self.0.sign(&raw_input(context, message)).to_bytes()
    }

    /// A signature over the bytes as they are: for signed notes, whose text says itself what it is. Only [`crate::tlog`]
    /// signs so, with keys that sign nothing else.
    pub(crate) fn sign_note(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }

    /// `payload` inside a COSE_Sign1 with `alg` EdDSA and the key's fingerprint as `kid`.
    pub fn sign(&self, context: Context, payload: Vec<u8>) -> Vec<u8> {
        let protected = HeaderBuilder::new()
            .algorithm(iana::Algorithm::EdDSA)
            .key_id(self.public().fingerprint().as_bytes().to_vec())
            .build();
        CoseSign1Builder::new()
            .protected(protected)
            .payload(payload)
            .create_signature(context.as_bytes(), |input| self.0.sign(input).to_bytes().to_vec())
            .build()
            .to_vec()
            // Serialising a value we just built into a Vec has no way to fail.
            .unwrap_or_default()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}

/// A public Ed25519 key. Text form: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct PublicKey(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    [u8; 32],
);

/// A public key made ready to check many signatures: finding its point on the curve is done once. It checks as strictly.
#[derive(Debug, Clone)]
pub struct ReadyKey {
    key: ed25519_dalek::VerifyingKey,
    fingerprint: Digest,
}

impl ReadyKey {
    /// How the key is named: see [`PublicKey::fingerprint`].
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// Checks a signature made by [`SecretKey::sign_raw`].
    pub fn verify_raw(&self, context: Context, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        verify_strictly(&self.key, &raw_input(context, message), signature)
    }
}

/// Why a signed thing is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not a COSE_Sign1 structure, or one with trailing bytes or without payload.
    #[error("not a COSE_Sign1 message")]
    Malformed,
    /// Signed with another algorithm, or by another key than the one expected.
    #[error("signed by another key or algorithm")]
    WrongKey,
    /// The bytes are not what was signed.
    #[error("the signature does not match")]
    Mismatch,
}

impl PublicKey {
    /// Wraps 32 bytes; whether they are a point of the curve shows when they verify something.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// SHA-256 of the key: how it is named in headers, logs and pages.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Checks a signature made by [`SecretKey::sign_raw`].
    pub fn verify_raw(&self, context: Context, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.verify_bytes(&raw_input(context, message), signature)
    }

    /// Checks a signature over the bytes as they are, as signed notes have it.
    pub(crate) fn verify_note(&self, text: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.verify_bytes(text, signature)
    }

    /// Checks a COSE_Sign1 and returns its payload. There is exactly one accepted way to write a signed thing: no
    /// unprotected headers, nothing after it, and the shortest form of every length; so no byte of it is uncovered.
    pub fn verify(&self, context: Context, signed: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let message = CoseSign1::from_slice(signed).map_err(|_| SignatureError::Malformed)?;
        if !message.unprotected.is_empty() || message.clone().to_vec().ok().as_deref() != Some(signed) {
            return Err(SignatureError::Malformed);
        }
        let header = &message.protected.header;
        if header.alg != Some(coset::Algorithm::Assigned(iana::Algorithm::EdDSA))
            || header.key_id != self.fingerprint().as_bytes()
        {
            return Err(SignatureError::WrongKey);
        }
        message.verify_signature(context.as_bytes(), |signature, input| self.verify_bytes(input, signature))?;
        message.payload.ok_or(SignatureError::Malformed)
    }

    /// Makes it ready to check many signatures; `None` if it is no point of the curve, and so nobody's key.
    pub fn ready(&self) -> Option<ReadyKey> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).ok()?;
        Some(ReadyKey { key, fingerprint: self.fingerprint() })
    }

    fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError::WrongKey)?;
        verify_strictly(&key, message, signature)
    }
}

fn verify_strictly(key: &ed25519_dalek::VerifyingKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| SignatureError::Mismatch)?;
    key.verify_strict(message, &signature).map_err(|_| SignatureError::Mismatch)
}

/// The fingerprint that a COSE_Sign1 *claims* as its signer, to look the key up by. Proves nothing by itself.
pub fn claimed_signer(signed: &[u8]) -> Option<Digest> {
    let message = CoseSign1::from_slice(signed).ok()?;
    Digest::try_from(message.protected.header.key_id.as_slice()).ok()
}

/// The payload *without* any check of the signature: for naming a broken record in an error, never for believing it.
pub fn unverified_payload(signed: &[u8]) -> Option<Vec<u8>> {
    CoseSign1::from_slice(signed).ok()?.payload
}

fn raw_input(context: Context, message: &[u8]) -> Vec<u8> {
    [context.as_bytes(), &[0], message].concat()
}

impl FromStr for PublicKey {
    type Err = crate::digest::InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Digest>().map(|d| Self(*d.as_bytes()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
