//! The server's signed word that a batch is durable: only with it may a player delete its journal.

use minicbor::{Decode, Encode};

use crate::{
    digest::Digest,
    id::ScreenId,
    sign::{Context, PublicKey, SecretKey, SignatureError},
    time::UtcMillis,
};

/// "Stored for good."
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    /// Whose batch.
    #[n(0)]
    pub screen: ScreenId,
    /// Which.
    #[n(1)]
    pub sequence: u64,
    /// Its digest.
    #[n(2)]
    pub batch: Digest,
    /// When the server had it.
    #[n(3)]
    pub received: UtcMillis,
}

impl Receipt {
    /// Signs it.
    pub fn sign(&self, key: &SecretKey) -> Vec<u8> {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        key.sign(Context::Receipt, minicbor::to_vec(self).unwrap_or_default())
    }

    /// Checks signature and form.
    pub fn verify(signed: &[u8], server: &PublicKey) -> Result<Self, SignatureError> {
        let payload = server.verify(Context::Receipt, signed)?;
        minicbor::decode(&payload).map_err(|_| SignatureError::Malformed)
    }
}
