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

/// The key that comes when the one above goes.
pub fn next_key() -> SecretKey {
    SecretKey::from_seed(&[8; 32])
}

/// What the old key signs: a change and its proof, two byte strings in an array, each with the shortest length.
pub fn proven(change: &[u8], proof: &[u8]) -> Vec<u8> {
    [&[0x82], &string(change)[..], &string(proof)].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let head = match length {
        0..=23 => vec![0x40 | length as u8],
        24..=255 => vec![0x58, length as u8],
        256..=65_535 => [&[0x59], &(length as u16).to_be_bytes()[..]].concat(),
        _ => [&[0x5a], &length.to_be_bytes()[..]].concat(),
    };
    [&head, bytes].concat()
}
