//! How a device signs an HTTP request: three headers, one Ed25519 signature over method, path, time and body digest.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    digest::Digest,
    sign::{Context, PublicKey, ReadyKey, SecretKey, SignatureError},
    time::UtcMillis,
};

/// Header: the device key's fingerprint, 64 hexadecimal digits.
pub const HEADER_KEY: &str = "xuanping-key";
/// Header: when the request was signed, UTC milliseconds by the player's idea of the server's clock.
pub const HEADER_TIME: &str = "xuanping-time";
/// Header: the signature, base64.
pub const HEADER_SIGNATURE: &str = "xuanping-signature";

/// How far `xuanping-time` may be from the server's clock, either way, in milliseconds. A player whose clock is further
/// off first asks `GET /player/v1/time` (needs no proof, answers signed) and keeps the difference.
pub const MAX_SKEW: i64 = 120_000;

/// The three header values of a signed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestProof {
    /// Which key.
    pub key: Digest,
    /// When.
    pub time: UtcMillis,
    /// Over [`request_message`].
    pub signature: [u8; 64],
}

/// A header is missing or not of its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("header {0} is missing or malformed")]
pub struct InvalidProof(pub &'static str);

/// What is signed: method, path with query, time and body digest, a line each.
pub fn request_message(method: &str, path_and_query: &str, time: UtcMillis, body: Digest) -> Vec<u8> {
    format!("{method}\n{path_and_query}\n{}\n{body}", time.0).into_bytes()
}

impl RequestProof {
    /// Signs a request.
    pub fn make(key: &SecretKey, method: &str, path_and_query: &str, time: UtcMillis, body: &[u8]) -> Self {
        let message = request_message(method, path_and_query, time, Digest::of(body));
        Self { key: key.public().fingerprint(), time, signature: key.sign_raw(Context::Request, &message) }
    }

    /// Header names and values to send.
    pub fn headers(&self) -> [(&'static str, String); 3] {
        [
            (HEADER_KEY, self.key.to_string()),
            (HEADER_TIME, self.time.0.to_string()),
            (HEADER_SIGNATURE, STANDARD.encode(self.signature)),
        ]
    }

    /// Reads the headers of a request.
    pub fn from_headers<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<Self, InvalidProof> {
        let key = header(HEADER_KEY).and_then(|v| v.parse().ok()).ok_or(InvalidProof(HEADER_KEY))?;
        let time = header(HEADER_TIME).and_then(|v| v.parse().ok()).ok_or(InvalidProof(HEADER_TIME))?;
        let signature = header(HEADER_SIGNATURE)
            .and_then(|v| STANDARD.decode(v).ok())
            .and_then(|v| v.try_into().ok())
            .ok_or(InvalidProof(HEADER_SIGNATURE))?;
        Ok(Self { key, time: UtcMillis(time), signature })
    }

    /// Checks the signature (not the time, which needs a clock: compare with [`MAX_SKEW`]).
    pub fn verify(
        &self,
        key: &PublicKey,
        method: &str,
        path_and_query: &str,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let ready = key.ready().ok_or(SignatureError::WrongKey)?;
        self.verify_ready(&ready, method, path_and_query, body)
    }

    /// The same by a key that is kept ready for many requests.
    pub fn verify_ready(
        &self,
        key: &ReadyKey,
        method: &str,
        path_and_query: &str,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        if key.fingerprint() != self.key {
            return Err(SignatureError::WrongKey);
        }
        let message = request_message(method, path_and_query, self.time, Digest::of(body));
        key.verify_raw(Context::Request, &message, &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> SecretKey {
        SecretKey::from_seed(&[n; 32])
    }

    #[test]
    fn a_signed_request_is_accepted_after_its_journey_through_headers() {
        let proof = RequestProof::make(&key(1), "GET", "/player/v1/manifest?wait=25", UtcMillis(5), b"");
        let headers = proof.headers();
        let read = RequestProof::from_headers(|name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.as_str()))
            .unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&key(1).public(), "GET", "/player/v1/manifest?wait=25", b""), Ok(()));
    }

    #[test]
    fn any_change_of_method_path_body_time_or_key_is_refused() {
        let proof = RequestProof::make(&key(1), "POST", "/a", UtcMillis(5), b"x");
        let public = key(1).public();
        assert!(proof.verify(&public, "PUT", "/a", b"x").is_err());
        assert!(proof.verify(&public, "POST", "/b", b"x").is_err());
        assert!(proof.verify(&public, "POST", "/a", b"y").is_err());
        assert!(proof.verify(&key(2).public(), "POST", "/a", b"x").is_err());
        let later = RequestProof { time: UtcMillis(6), ..proof };
        assert!(later.verify(&public, "POST", "/a", b"x").is_err());
    }
}
