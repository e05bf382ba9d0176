//! A play batch from any bytes, as they are and behind a valid signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::{playlog::SignedBatch, sign::Context};
use xuanping_fuzz::{key, public};

fuzz_target!(|bytes: &[u8]| {
    let _ = SignedBatch::verify(bytes.to_vec(), &public());
    if let Ok(batch) = SignedBatch::verify(key().sign(Context::PlayBatch, bytes.to_vec()), &public()) {
        // What is believed can be pointed into.
        for play in &batch.batch().plays {
            assert!((play.item as usize) < batch.batch().items.len());
        }
    }
});
