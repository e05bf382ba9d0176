//! A change of key, its permit and its receipt from any bytes, as they are and behind valid signatures of everybody concerned.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::{
    playlog::{KeyPermit, KeyReceipt, ScreenKeys, SignedKeyChange},
    sign::Context,
};
use xuanping_fuzz::{key, next_key, proven, public};

fuzz_target!(|bytes: &[u8]| {
    let _ = KeyPermit::verify(bytes, &public());
    let _ = KeyPermit::verify(&key().sign(Context::KeyPermit, bytes.to_vec()), &public());
    let _ = KeyReceipt::verify(bytes, &public());
    let _ = KeyReceipt::verify(&key().sign(Context::KeyReceipt, bytes.to_vec()), &public());
    believed(bytes.to_vec());
    believed(key().sign(Context::KeyChange, bytes.to_vec()));
    // The same as what the new key proves and the old one signs.
    believed(key().sign(Context::KeyChange, proven(bytes, &next_key().sign_raw(Context::NewKey, bytes))));
});

/// What is believed is about two keys, and what the old one signed before it is not the new one's.
fn believed(signed: Vec<u8>) {
    let Ok(change) = SignedKeyChange::verify(signed, &public()) else { return };
    let said = change.change();
    assert_eq!(change.permit().key, said.old.fingerprint());
    let mut keys = ScreenKeys::of_one(said.old);
    keys.change(said).expect("the first change of the key that goes");
    assert_eq!((keys.of(said.from - 1), keys.of(said.from)), (said.old, said.new));
    assert!(keys.allow(said.from - 1, said.previous));
    assert!(keys.change(said).is_err(), "it happens once");
}
