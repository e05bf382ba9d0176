//! A manifest from any bytes, as they are and behind a valid signature.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::{id::ScreenId, playlist::TrustedManifest, sign::Context};
use xuanping_fuzz::{key, public};

fuzz_target!(|bytes: &[u8]| {
    let screen: ScreenId = "01972a00-0000-7000-8000-000000000001".parse().expect("an id");
    let _ = TrustedManifest::accept(bytes.to_vec(), &public(), screen, None);
    let _ = TrustedManifest::accept(key().sign(Context::Manifest, bytes.to_vec()), &public(), screen, Some(7));
});
