//! An auditor's bundle from any bytes: the examination ends, and only what was made by the office passes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::playlog::bundle::{Trust, verify};
use xuanping_fuzz::public;

fuzz_target!(|bytes: &[u8]| {
    let verdict = verify(bytes, &Trust::publisher(public()));
    assert!(!verdict.is_intact(), "nobody signed this");
    let _ = verify(bytes, &Trust::default());
});
