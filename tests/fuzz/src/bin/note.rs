//! Texts of the log from any bytes: notes, checkpoints, proofs, keys, witnesses' files and paths of tiles. Whatever is read
//! is written the same again: there is one way to write each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xuanping_core::tlog::{Checkpoint, LogProof, Note, TilePath, VerifierKey, Witnessed};

fuzz_target!(|text: &str| {
    if let Ok(note) = text.parse::<Note>() {
        assert_eq!(note.to_string(), text);
        let _ = Checkpoint::of(&note);
    }
    if let Ok(proof) = text.parse::<LogProof>() {
        assert_eq!(proof.to_string(), text);
    }
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), format!("tile/{text}"));
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(seen) = text.parse::<Witnessed>() {
        if let Some((size, _)) = seen.newest() {
            let _ = seen.root_at(size);
        }
    }
});
