//! Signed notes (C2SP signed-note): a text, an empty line, and lines that sign it, each with the name of its key.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    digest::Digest,
    sign::{PublicKey, SecretKey, SignatureError},
};

/// More than this is no note of a log.
const MOST_BYTES: usize = 64 << 10;
const MOST_SIGNATURES: usize = 64;

/// A key's name: says whose it is, like `xuanping.example.gov.cn/log`. Without blanks and without `+`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = InvalidVerifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > 255 || text.contains(refused) {
            return Err(InvalidVerifier::Name);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a signature line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureKind {
    /// The log's own: Ed25519 over the text.
    Ed25519 = 1,
    /// A witness's: a time, and Ed25519 over `cosignature/v1`, that time, and the text.
    Cosignature = 4,
}

/// A public key with its name: what one needs to check a line. Written `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    kind: SignatureKind,
    key: PublicKey,
}

/// Not a key for notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVerifier {
    /// Empty, too long, or with blanks or `+`.
    #[error("a key's name has 1 to 255 bytes, no blanks and no +")]
    Name,
    /// Not `name+id+key`, or the id is not that of the key.
    #[error("not a verifier key: name+id+key is needed")]
    Malformed,
}

impl VerifierKey {
    /// A named key.
    pub const fn new(name: KeyName, kind: SignatureKind, key: PublicKey) -> Self {
        Self { name, kind, key }
    }

    /// Whose.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// What lines it signs.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// The key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The beginning of SHA-256 of name, line feed, kind and key: in every line it signs.
    pub fn id(&self) -> [u8; 4] {
        let digest = Digest::of(&[self.name.0.as_bytes(), b"\n", &[self.kind as u8], self.key.as_bytes()].concat());
        let [a, b, c, d, ..] = *digest.as_bytes();
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.kind as u8], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidVerifier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let bytes = STANDARD.decode(key).map_err(|_| InvalidVerifier::Malformed)?;
        let (kind, key) = match bytes.split_first() {
            Some((1, key)) => (SignatureKind::Ed25519, key),
            Some((4, key)) => (SignatureKind::Cosignature, key),
            _ => return Err(InvalidVerifier::Malformed),
        };
        let key: [u8; 32] = key.try_into().map_err(|_| InvalidVerifier::Malformed)?;
        let read = Self::new(name.parse()?, kind, PublicKey::from_bytes(key));
        if hex::encode(read.id()) == id { Ok(read) } else { Err(InvalidVerifier::Malformed) }
    }
}

/// One line that signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Whose.
    pub name: KeyName,
    /// The key's id and the signature.
    pub bytes: Vec<u8>,
}

impl NoteSignature {
    fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.bytes.starts_with(&key.id())
    }
}

/// A text and who signed it. Nothing is verified by reading one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// What is wrong with a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note.
    #[error("not a signed note")]
    Malformed,
    /// No line of this key is there.
    #[error("not signed by this key")]
    NotSigned,
    /// A line says that it is of this key, and is not.
    #[error("the signature does not match")]
    Mismatch,
}

impl Note {
    /// A text that nobody signed yet; it must end with a line feed.
    pub fn new(text: String) -> Self {
        Self { text, signatures: Vec::new() }
    }

    pub(super) fn signed(text: String, line: NoteSignature) -> Self {
        Self { text, signatures: vec![line] }
    }

    /// The text, with its last line feed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines that sign.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds the log's signature.
    pub(super) fn sign(&mut self, key: &SecretKey, verifier: &VerifierKey) {
        let signature = key.sign_note(self.text.as_bytes());
        self.push(verifier, &[], signature);
    }

    /// Adds a witness's cosignature, made at this time, in seconds since 1970.
    pub(super) fn cosign(&mut self, key: &SecretKey, verifier: &VerifierKey, at: u64) {
        let signature = key.sign_note(self.cosigned(at).as_bytes());
        self.push(verifier, &at.to_be_bytes(), signature);
    }

    fn push(&mut self, verifier: &VerifierKey, before: &[u8], signature: [u8; 64]) {
        self.signatures.retain(|line| !line.is_by(verifier));
        let bytes = [verifier.id().as_slice(), before, &signature].concat();
        self.signatures.push(NoteSignature { name: verifier.name.clone(), bytes });
    }

    /// Adds what others signed of the very same text; `false` if theirs is another.
    pub fn merge(&mut self, other: &Self) -> bool {
        if self.text != other.text {
            return false;
        }
        for line in &other.signatures {
            if !self.signatures.contains(line) && self.signatures.len() < MOST_SIGNATURES {
                self.signatures.push(line.clone());
            }
        }
        true
    }

    /// The same with the lines of these keys only.
    #[must_use]
    pub fn only(&self, keys: &[&VerifierKey]) -> Self {
        let mut signatures = self.signatures.clone();
        signatures.retain(|line| keys.iter().any(|key| line.is_by(key)));
        Self { text: self.text.clone(), signatures }
    }

    /// Checks that this key signed; answers when, in seconds since 1970, if it is a witness's.
    pub fn verify(&self, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
        let mut lines = self.signatures.iter().filter(|line| line.is_by(key));
        let line = lines.next().ok_or(NoteError::NotSigned)?;
        if lines.next().is_some() {
            return Err(NoteError::Malformed);
        }
        let signed = &line.bytes[4..];
        let mismatch = |_: SignatureError| NoteError::Mismatch;
        match key.kind {
            SignatureKind::Ed25519 => {
                key.key.verify_note(self.text.as_bytes(), signed).map_err(mismatch)?;
                Ok(None)
            }
            SignatureKind::Cosignature => {
                let (at, signature) = signed.split_first_chunk::<8>().ok_or(NoteError::Malformed)?;
                let at = u64::from_be_bytes(*at);
                key.key.verify_note(self.cosigned(at).as_bytes(), signature).map_err(mismatch)?;
                Ok(Some(at))
            }
        }
    }

    fn cosigned(&self, at: u64) -> String {
        format!("cosignature/v1\ntime {at}\n{}", self.text)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            writeln!(f, "— {} {}", line.name, STANDARD.encode(&line.bytes))?;
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(whole: &str) -> Result<Self, Self::Err> {
        let control = |c: char| c.is_control() && c != '\n';
        if whole.len() > MOST_BYTES || whole.contains(control) || !whole.ends_with('\n') {
            return Err(NoteError::Malformed);
        }
        // The last empty line: the text may have others.
        let end = whole.rfind("\n\n").ok_or(NoteError::Malformed)? + 1;
        let (text, lines) = (&whole[..end], &whole[end + 1..]);
        let line = |line: &str| {
            let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
            let bytes = STANDARD.decode(bytes).ok().filter(|bytes| bytes.len() > 4)?;
            Some(NoteSignature { name: name.parse().ok()?, bytes })
        };
        let signatures: Option<Vec<_>> = lines.lines().map(line).collect();
        let signatures = signatures.filter(|all| !all.is_empty() && all.len() <= MOST_SIGNATURES);
        let read = Self { text: text.to_owned(), signatures: signatures.ok_or(NoteError::Malformed)? };
        if read.to_string() == whole { Ok(read) } else { Err(NoteError::Malformed) }
    }
}
