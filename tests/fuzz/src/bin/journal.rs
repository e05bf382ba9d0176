//! A player's journal after any power cut or bit rot: what can be read is read, and the rest is told apart.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::digest::Digest;
use xuanping_player::journal::read_all;

fuzz_target!(|bytes: &[u8]| {
    whole_or_torn(bytes);
    // The same as the content of one record whose sum is right.
    let sum = Digest::of(bytes);
    whole_or_torn(&[&(bytes.len() as u32).to_le_bytes(), &sum.as_bytes()[..8], bytes].concat());
});

fn whole_or_torn(bytes: &[u8]) {
    let (records, good) = read_all(bytes);
    assert!(good <= bytes.len());
    // What was recovered, written again, is read again whole.
    let again: Vec<u8> = records.iter().flat_map(|record| record.to_bytes()).collect();
    let (same, whole) = read_all(&again);
    assert_eq!((same.len(), whole), (records.len(), again.len()));
}
