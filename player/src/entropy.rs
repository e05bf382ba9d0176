//! The only place that draws randomness from the operating system.

use uuid::Uuid;
use xuanping_core::time::UtcMillis;

/// The operating system gave no randomness: no key can be made.
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

/// A number from 0 to 999, to spread retries; 500 if there is no randomness, which costs only the spreading.
pub fn permille() -> u32 {
    bytes::<4>().map_or(500, |b| u32::from_le_bytes(b) % 1000)
}
