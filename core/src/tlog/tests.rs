//! The log against a tree that is built the plain way, and against other people's implementation of the same formats.

use std::collections::BTreeMap;

use proptest::prelude::*;
use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::{Hash, HashReader};

use super::*;
use crate::sign::SecretKey;

fn entry(n: u64) -> Vec<u8> {
    format!("entry {n}").into_bytes()
}

/// A log of so many entries: all its tiles, and its edge.
fn log(size: u64) -> (Tiles, Edge) {
    let mut tiles = Tiles::new();
    let mut edge = Edge::new();
    for n in 0..size {
        edge.append(leaf_hash(&entry(n)), &mut tiles);
    }
    (tiles, edge)
}

/// RFC 6962 §2.1 as it is written.
fn plain_root(from: u64, to: u64) -> Digest {
    match to - from {
        0 => empty_root(),
        1 => leaf_hash(&entry(from)),
        size => node_hash(plain_root(from, from + split(size)), plain_root(from + split(size), to)),
    }
}

/// The other implementation, with its own storage of hashes.
#[derive(Default)]
struct Theirs(Vec<Hash>);

impl HashReader for Theirs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|i| self.0[*i as usize]).collect())
    }
}

fn theirs(size: u64) -> Theirs {
    let mut stored = Theirs::default();
    for n in 0..size {
        let hashes = tlog_tiles::stored_hashes(n, &entry(n), &stored).unwrap();
        stored.0.extend(hashes);
    }
    stored
}

fn their(hash: Digest) -> Hash {
    Hash(*hash.as_bytes())
}

fn ours(hash: &Hash) -> Digest {
    Digest::from_bytes(hash.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn roots_are_those_of_the_rfc_and_of_the_other_implementation(size in 0u64..1_200) {
        let (tiles, edge) = log(size);
        prop_assert_eq!(edge.root(), plain_root(0, size));
        prop_assert_eq!(root(&tiles, size), Ok(edge.root()));
        prop_assert_eq!(their(edge.root()), tlog_tiles::tree_hash(size, &theirs(size)).unwrap());
        let restored = Edge::restore(size, |tile| tiles.get(&tile).cloned()).unwrap();
        prop_assert_eq!(restored.root(), edge.root());
    }

    #[test]
    fn an_entry_is_proven_to_whoever_knows_the_root(size in 1u64..1_200, at in any::<prop::sample::Index>()) {
        let (tiles, edge) = log(size);
        let index = at.index(size as usize) as u64;
        let proof = inclusion(&tiles, index, size).unwrap();
        let leaf = leaf_hash(&entry(index));
        prop_assert_eq!(check_inclusion(leaf, index, size, &proof, edge.root()), Ok(()));
        // They find the same proof, and take ours.
        let same: Vec<Hash> = proof.iter().copied().map(their).collect();
        let made = tlog_tiles::prove_record(size, index, &theirs(size)).unwrap();
        prop_assert_eq!(made.iter().map(ours).collect::<Vec<_>>(), proof.clone());
        tlog_tiles::check_record(&same, size, their(edge.root()), index, their(leaf)).unwrap();
        // The tiles that are said to be needed are enough.
        let needed: Tiles =
            tiles_for_inclusion(index, size).into_iter().map(|tile| (tile, tiles[&tile].clone())).collect();
        prop_assert_eq!(inclusion(&needed, index, size), Ok(proof));
    }

    #[test]
    fn a_proof_of_anything_else_is_refused(
        size in 2u64..600, at in any::<prop::sample::Index>(), hit in any::<prop::sample::Index>(), bit in 0usize..256,
    ) {
        let (tiles, edge) = log(size);
        let index = at.index(size as usize) as u64;
        let proof = inclusion(&tiles, index, size).unwrap();
        let leaf = leaf_hash(&entry(index));
        let check = |leaf, index, size, proof: &[Digest]| check_inclusion(leaf, index, size, proof, edge.root());
        prop_assert!(check(leaf_hash(b"another"), index, size, &proof).is_err());
        prop_assert!(check(leaf, (index + 1) % size, size, &proof).is_err());
        prop_assert!(check(leaf, size, size, &proof).is_err());
        prop_assert!(check(leaf, index, size, &proof[1..]).is_err());
        prop_assert!(check(leaf, index, size, &[&proof[..], &[leaf]].concat()).is_err());
        let mut flipped = proof.clone();
        let which = hit.index(proof.len());
        let mut bytes = *flipped[which].as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        flipped[which] = Digest::from_bytes(bytes);
        prop_assert!(check(leaf, index, size, &flipped).is_err());
    }

    #[test]
    fn a_log_is_proven_to_have_only_grown(size in 1u64..1_200, at in any::<prop::sample::Index>()) {
        let (tiles, edge) = log(size);
        let old = at.index(size as usize + 1) as u64;
        let old_root = root(&tiles, old).unwrap();
        let proof = consistency(&tiles, old, size).unwrap();
        prop_assert_eq!(check_consistency((old, old_root), (size, edge.root()), &proof), Ok(()));
        if old > 0 && old < size {
            let made = tlog_tiles::prove_tree(size, old, &theirs(size)).unwrap();
            prop_assert_eq!(made.iter().map(ours).collect::<Vec<_>>(), proof.clone());
            let same: Vec<Hash> = proof.iter().copied().map(their).collect();
            tlog_tiles::check_tree(&same, size, their(edge.root()), old, their(old_root)).unwrap();
            let other = leaf_hash(b"another past");
            prop_assert!(check_consistency((old, other), (size, edge.root()), &proof).is_err());
            prop_assert!(check_consistency((old, old_root), (size, other), &proof).is_err());
            prop_assert!(check_consistency((size, edge.root()), (old, old_root), &proof).is_err());
            prop_assert!(check_consistency((old, old_root), (size, edge.root()), &[&proof[..], &[other]].concat()).is_err());
        }
        let needed: Tiles =
            tiles_for_consistency(old, size).into_iter().map(|tile| (tile, tiles[&tile].clone())).collect();
        prop_assert_eq!(consistency(&needed, old, size), Ok(proof));
        prop_assert_eq!(root(&needed, size), Ok(edge.root()));
    }
}

#[test]
fn a_fork_of_the_log_has_no_proof() {
    let (tiles, edge) = log(300);
    let mut forked = Edge::new();
    let mut others = BTreeMap::new();
    for n in 0..400 {
        // The same but for one entry of the past.
        let leaf = leaf_hash(&if n == 123 { b"another".to_vec() } else { entry(n) });
        forked.append(leaf, &mut others);
    }
    let proof = consistency(&others, 300, 400).unwrap();
    let checked = check_consistency((300, edge.root()), (400, forked.root()), &proof);
    assert_eq!(checked, Err(InvalidProof::Forked));
    assert!(consistency(&tiles, 300, 400).is_err(), "the honest log has no such tiles");
}

#[test]
fn tiles_have_the_paths_and_widths_of_the_specification() {
    let tile = TileId { level: 0, index: 1_234_067 };
    let path = TilePath::Hashes { tile, width: 256 };
    assert_eq!(path.to_string(), "tile/0/x001/x234/067");
    assert_eq!("0/x001/x234/067".parse(), Ok(path));
    assert_eq!("0/x001/x234/067.p/8".parse(), Ok(TilePath::Hashes { tile, width: 8 }));
    assert_eq!("entries/000.p/255".parse(), Ok(TilePath::Entries { index: 0, width: 255 }));
    for refused in [
        "",
        "0",
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "00/000",
        "8/000",
        "-1/000",
        "0/x000/000",
        "0/001/002",
        "0/x01/002",
        "entries",
        "entries/abc",
        "0/000.p/08",
        "0/000/",
        "0/../000",
        "0/x999/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(refused.parse::<TilePath>(), Err(InvalidPath), "{refused}");
    }
    // The specification's example: 70,000 entries.
    let width = |level, index| TileId { level, index }.width_in(70_000);
    assert_eq!((width(0, 272), width(0, 273), width(0, 274)), (256, 112, 0));
    assert_eq!((width(1, 0), width(1, 1), width(2, 0), width(3, 0)), (256, 17, 1, 0));
}

fn signer() -> Signer {
    Signer::new("xuanping.example/log".parse().unwrap(), SecretKey::from_seed(&[5; 32]))
}

#[test]
fn another_implementation_reads_our_checkpoints_and_believes_their_signatures() {
    let signer = signer();
    let note = signer.checkpoint(300, log(300).1.root()).to_string();
    let read = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    let (by_known, by_unknown) = read.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((by_known.len(), by_unknown.len()), (1, 0));
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(read.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), ("xuanping.example/log", 300));
    assert_eq!(ours(checkpoint.hash()), log(300).1.root());
    // And so do we.
    let (opened, _) = Checkpoint::open(&note, signer.verifier()).unwrap();
    assert_eq!((opened.size, opened.root), (300, log(300).1.root()));
}

#[test]
fn a_checkpoint_of_another_key_or_with_any_byte_changed_is_refused() {
    let signer = signer();
    let note = signer.checkpoint(7, leaf_hash(b"x")).to_string();
    let other = Signer::new("xuanping.example/log".parse().unwrap(), SecretKey::from_seed(&[6; 32]));
    assert_eq!(Checkpoint::open(&note, other.verifier()), Err(CheckpointError::Note(NoteError::NotSigned)));
    let foreign = Signer::new("elsewhere.example/log".parse().unwrap(), SecretKey::from_seed(&[5; 32]));
    assert!(matches!(Checkpoint::open(&note, foreign.verifier()), Err(CheckpointError::OtherLog(_))));
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert!(Checkpoint::open(&changed, signer.verifier()).is_err(), "byte {at}, bit {bit}: {changed}");
        }
    }
}

#[test]
fn a_witness_says_when_it_saw_what_and_its_line_cannot_be_moved() {
    let signer = signer();
    let witness = Cosigner::new("auditor.example/witness".parse().unwrap(), SecretKey::from_seed(&[9; 32]));
    let mut note = signer.checkpoint(7, leaf_hash(b"x"));
    witness.cosign(&mut note, 1_748_822_400);
    let text = note.to_string();
    let (_, read) = Checkpoint::open(&text, signer.verifier()).unwrap();
    assert_eq!(read.verify(witness.verifier()), Ok(Some(1_748_822_400)));
    assert_eq!(witness.verifier().to_string().parse::<VerifierKey>().as_ref(), Ok(witness.verifier()));
    // On another checkpoint it is worth nothing.
    let mut other = signer.checkpoint(8, leaf_hash(b"y"));
    assert!(!other.merge(&read));
    let moved = text.lines().find(|line| line.contains("witness")).unwrap();
    let forged: Note = format!("{other}{moved}\n").parse().unwrap();
    assert_eq!(forged.verify(witness.verifier()), Err(NoteError::Mismatch));
    // A log's key is no witness, though it be the same key.
    let as_log = VerifierKey::new(witness.verifier().name().clone(), SignatureKind::Ed25519, witness.verifier().key());
    assert_eq!(read.verify(&as_log), Err(NoteError::NotSigned));
    // Ours over the time and text, as the specification says, checked with nothing of ours.
    let line = read.signatures().iter().find(|line| line.name == *witness.verifier().name()).unwrap();
    let message = format!("cosignature/v1\ntime 1748822400\n{}", read.text());
    let key = ed25519_dalek::VerifyingKey::from_bytes(witness.verifier().key().as_bytes()).unwrap();
    key.verify_strict(message.as_bytes(), &ed25519_dalek::Signature::from_slice(&line.bytes[12..]).unwrap()).unwrap();
}

#[test]
fn a_proof_file_is_written_one_way_only() {
    let (tiles, edge) = log(300);
    let checkpoint = signer().checkpoint(300, edge.root()).to_string();
    let proof = LogProof { index: 17, hashes: inclusion(&tiles, 17, 300).unwrap(), checkpoint };
    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 17\n"));
    assert_eq!(text.parse::<LogProof>().as_ref(), Ok(&proof));
    for (from, to) in
        [("index 17", "index 017"), ("index 17", "index +17"), ("@v1", "@v2"), ("\n\n", "\n"), ("=\n", "=\r\n")]
    {
        assert!(text.replacen(from, to, 1).parse::<LogProof>().is_err(), "{from} → {to}");
    }
}

#[test]
fn a_witness_follows_a_log_that_grows_and_refuses_one_that_forks_or_goes_back() {
    let (tiles, _) = log(300);
    let cosigner = Cosigner::new("auditor.example/witness".parse().unwrap(), SecretKey::from_seed(&[9; 32]));
    let mut witness = Witnessed::new(signer().verifier().clone(), cosigner.verifier().clone());
    let note = |size| signer().checkpoint(size, root(&tiles, size).unwrap()).to_string();
    for (old, size) in [(0, 5), (5, 5), (5, 256), (256, 300)] {
        let proof = consistency(&tiles, old, size).unwrap();
        let signed = witness.accept(&note(size), &proof, &cosigner, 1_748_822_400).unwrap();
        assert_eq!(signed.verify(cosigner.verifier()), Ok(Some(1_748_822_400)));
    }
    assert_eq!(witness.root_at(256), Some(root(&tiles, 256).unwrap()));
    assert_eq!(witness.root_at(255), None);
    // Its file says the same.
    let file = witness.to_string();
    assert_eq!(file.parse::<Witnessed>().as_ref(), Ok(&witness));
    // What somebody wrote into it is not believed.
    let altered: Witnessed = file.replacen("\n256 ", "\n257 ", 1).parse().unwrap();
    assert_eq!((altered.root_at(256), altered.root_at(257)), (None, None));
    assert_eq!(file.replacen("\n256 ", "\n3 ", 1).parse::<Witnessed>(), Err(InvalidWitnessed { line: 5 }));
    // Back in time, though properly signed by the log.
    let rolled_back = witness.accept(&note(299), &[], &cosigner, 1_748_822_500);
    assert_eq!(rolled_back, Err(Refusal::RolledBack { seen: 300, size: 299 }));
    // Another past, with the best proof there can be.
    let mut others = Tiles::new();
    let mut forked = Edge::new();
    for n in 0..400 {
        forked.append(leaf_hash(&if n == 7 { b"another".to_vec() } else { entry(n) }), &mut others);
    }
    let forked = signer().checkpoint(400, forked.root()).to_string();
    let proof = consistency(&others, 300, 400).unwrap();
    let refused = witness.accept(&forked, &proof, &cosigner, 1_748_822_500);
    assert_eq!(refused, Err(Refusal::Forked { seen: 300, why: InvalidProof::Forked }));
    // The same size, another root.
    let equal = signer().checkpoint(300, leaf_hash(b"x")).to_string();
    assert!(matches!(witness.accept(&equal, &[], &cosigner, 1_748_822_500), Err(Refusal::Forked { .. })));
    // Nothing of this was remembered.
    assert_eq!(witness.to_string(), file);
}
