//! The only place that draws randomness from the operating system.

use uuid::Uuid;
use xuanping_core::time::UtcMillis;

/// The operating system gave no randomness: nothing that needs a secret or an id can go on.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gives no randomness: {0}")]
pub struct NoEntropy(getrandom::Error);

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(NoEntropy)?;
    Ok(bytes)
}

/// A new version 7 UUID (RFC 9562 §5.7): sorts by the time given.
pub fn uuid(now: UtcMillis) -> Result<Uuid, NoEntropy> {
    let millis = u64::try_from(now.0).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &bytes::<10>()?).into_uuid())
}

/// `length` characters drawn evenly from `alphabet` (of at most 256 characters).
pub fn text(length: usize, alphabet: &[u8]) -> Result<String, NoEntropy> {
    // Values from the last, incomplete run of the alphabet would favour its first characters: drawn again.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in bytes::<32>()? {
            if usize::from(byte) < fair && text.len() < length {
                text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
            }
        }
    }
    Ok(text)
}

/// Digits, for pairing codes.
pub const DIGITS: &[u8] = b"0123456789";
/// Letters and digits that are not mistaken for one another when read aloud or copied by hand.
pub const LEGIBLE: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
