//! A play batch from any bytes, as they are and behind a valid signature of either version.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::{playlog::{BatchVersion, SignedBatch}, sign::Context};
use xuanping_fuzz::{key, public};

fuzz_target!(|bytes: &[u8]| {
    let _ = SignedBatch::verify(bytes.to_vec(), &public());
    for context in [Context::PlayBatch, Context::PlayBatch2] {
        let Ok(batch) = SignedBatch::verify(key().sign(context, bytes.to_vec()), &public()) else { continue };
        // What is believed can be pointed into, and is written in one way only.
        for play in &batch.batch().plays {
            assert!((play.item as usize) < batch.batch().items.len());
        }
        if batch.version() == BatchVersion::Two {
            assert_eq!(SignedBatch::sign(batch.batch().clone(), &key()), batch);
        }
    }
});
