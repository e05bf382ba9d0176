//! The server's signed word that a screen is out of service: only for it does a player delete what it has.
//!
//! An answer `410` alone may come from anybody in between, and a server that was restored from an old backup no longer
//! knows screens that it will know again. Neither may cost a wall its programme or its unreported plays.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minicbor::{Decode, Encode};

use crate::{
    digest::Digest,
    id::ScreenId,
    sign::{Context, PublicKey, SecretKey, SignatureError},
    time::UtcMillis,
};

/// "This screen was retired for good." In the member [`Retirement::MEMBER`] of the problem `screen-retired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Retirement {
    /// Which screen.
    #[n(0)]
    pub screen: ScreenId,
    /// Fingerprint of the device key that it had. A player that has drawn another since is another device.
    #[n(1)]
    pub key: Digest,
    /// When a person retired it.
    #[n(2)]
    pub at: UtcMillis,
}

impl Retirement {
    /// The member of the problem's JSON that carries it.
    pub const MEMBER: &'static str = "retirement";

    /// COSE_Sign1 by the publishing key, in base64: it travels in JSON.
    pub fn sign(&self, key: &SecretKey) -> String {
        // Encoding into a Vec cannot fail: the writer's error type is uninhabited.
        STANDARD.encode(key.sign(Context::Retirement, minicbor::to_vec(self).unwrap_or_default()))
    }

    /// Checks signature, form, and that it is about this device.
    pub fn verify(text: &str, publisher: &PublicKey, key: Digest) -> Result<Self, SignatureError> {
        let signed = STANDARD.decode(text).map_err(|_| SignatureError::Malformed)?;
        let payload = publisher.verify(Context::Retirement, &signed)?;
        let retirement: Self = minicbor::decode(&payload).map_err(|_| SignatureError::Malformed)?;
        if retirement.key == key { Ok(retirement) } else { Err(SignatureError::Mismatch) }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_the_publishers_word_about_this_very_device_is_believed() {
        let (publisher, other) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let device = other.public().fingerprint();
        let said = Retirement { screen: ScreenId::new(Uuid::from_u128(7)), key: device, at: UtcMillis(5) };
        let text = said.sign(&publisher);
        assert_eq!(Retirement::verify(&text, &publisher.public(), device), Ok(said));
        let elsewhere = publisher.public().fingerprint();
        assert_eq!(Retirement::verify(&text, &publisher.public(), elsewhere), Err(SignatureError::Mismatch));
        assert_eq!(Retirement::verify(&text, &other.public(), device), Err(SignatureError::WrongKey));
        assert_eq!(Retirement::verify("", &publisher.public(), device), Err(SignatureError::Malformed));
    }
}
