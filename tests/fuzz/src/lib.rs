//! What the fuzz targets share: keys whose secret halves are known, so that a fuzzer gets behind signatures. Who signs may be
//! broken, too.

use xuanping_core::sign::{PublicKey, SecretKey};

/// Signs whatever the fuzzer makes up.
pub fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

/// Its public half.
pub fn public() -> PublicKey {
    key().public()
}
