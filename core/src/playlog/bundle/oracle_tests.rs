//! The proofs in a bundle, and the tiles they are made from, before an implementation of the log that is not ours
//! (`tlog_tiles`, `signed_note`): it reads, checks and refuses them with none of our code between.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use signed_note::{StandardVerifier, VerifierList};
use tlog_tiles::{Hash, HashReader as _, Tile, TileHashReader, TileReader};

use super::{tamper_tests::*, *};
use crate::tlog::{TilePath, Tiles};

/// Size and root of a checkpoint that this key has signed, as the others read it.
fn their_checkpoint(text: &str, key: &str) -> Option<(u64, Hash)> {
    let note = signed_note::Note::from_bytes(text.as_bytes()).ok()?;
    let verifier = StandardVerifier::new(key).ok()?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).ok()?;
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text()).ok()?;
    Some((checkpoint.size(), *checkpoint.hash()))
}

/// Whether a proof file shows that these bytes are an entry of the log, by the others' reckoning.
fn they_believe(proof: &str, entry: &[u8], key: &str) -> bool {
    let (head, checkpoint) = proof.split_once("\n\n").unwrap();
    let mut lines = head.lines().skip(1);
    let index: u64 = lines.next().unwrap().strip_prefix("index ").unwrap().parse().unwrap();
    let hashes = lines.map(|line| Hash(STANDARD.decode(line).unwrap().try_into().unwrap())).collect();
    their_checkpoint(checkpoint, key).is_some_and(|(size, root)| {
        tlog_tiles::check_record(&hashes, size, root, index, tlog_tiles::record_hash(entry)).is_ok()
    })
}

#[test]
fn another_implementation_believes_every_proof_of_a_bundle_and_no_altered_one() {
    let (contents, log, _) = logged();
    let proven = contents.log.unwrap();
    let key = proven.key.to_string();
    for batch in &contents.batches {
        let place = (batch.batch().screen, batch.batch().sequence);
        // The entry as FORMAT.md says, written here by hand: array of 4, 1, id, number, name.
        let mut entry = vec![0x84, 0x01, 0x50];
        entry.extend(place.0.uuid().as_bytes());
        entry.push(u8::try_from(place.1).unwrap());
        entry.extend([0x58, 0x20]);
        entry.extend(batch.digest().as_bytes());
        let proof = proven.proofs[&place].to_string();
        assert!(they_believe(&proof, &entry, &key));
        let mut other = entry.clone();
        *other.last_mut().unwrap() ^= 1;
        assert!(!they_believe(&proof, &other, &key), "another batch");
        let moved = LogProof { index: proven.proofs[&place].index ^ 1, ..proven.proofs[&place].clone() };
        assert!(!they_believe(&moved.to_string(), &entry, &key), "another place");
        let rolled_back = LogProof { checkpoint: log.checkpoint(349), ..proven.proofs[&place].clone() };
        assert!(!they_believe(&rolled_back.to_string(), &entry, &key), "another checkpoint");
    }
}

/// Our tiles by their paths, as a server hands them out.
struct Served<'t> {
    tiles: &'t Tiles,
    /// The tile whose last byte is altered.
    altered: Option<&'static str>,
}

impl TileReader for Served<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &Tile| {
            // They write Go's older paths, with the tiles' height after "tile".
            let path = tile.path();
            let path = path.strip_prefix("tile/8/").unwrap();
            let Ok(TilePath::Hashes { tile, width }) = path.parse() else { panic!("{path}") };
            let hashes = &self.tiles[&tile][..width.into()];
            let mut bytes: Vec<u8> = hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
            if self.altered == Some(path) {
                *bytes.last_mut().unwrap() ^= 1;
            }
            bytes
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[test]
fn another_implementation_reads_our_tiles_under_our_checkpoint_and_finds_an_altered_one() {
    let (contents, log, _) = logged();
    let key = contents.log.unwrap().key.to_string();
    let (size, root) = their_checkpoint(&log.checkpoint(log.size()), &key).unwrap();
    let indexes: Vec<u64> = (0..size).map(|n| tlog_tiles::stored_hash_index(0, n)).collect();
    let served = Served { tiles: &log.tiles, altered: None };
    let hashes = TileHashReader::new(size, root, &served).read_hashes(&indexes).unwrap();
    for ((screen, sequence), index) in &log.at {
        let own = contents.batches.iter().find(|b| (b.batch().screen, b.batch().sequence) == (*screen, *sequence));
        let Some(batch) = own else { continue };
        let entry = crate::playlog::LogEntry::of(batch).to_bytes();
        assert_eq!(hashes[*index as usize], tlog_tiles::record_hash(&entry));
    }
    // Proofs that they make from our tiles are those that we make.
    let reader = TileHashReader::new(size, root, &served);
    let made = tlog_tiles::prove_record(size, 301, &reader).unwrap();
    let ours = crate::tlog::inclusion(&log.tiles, 301, size).unwrap();
    assert_eq!(
        made.iter().map(|hash| hash.0).collect::<Vec<_>>(),
        ours.iter().map(|d| *d.as_bytes()).collect::<Vec<_>>()
    );
    let grown = tlog_tiles::prove_tree(size, 256, &reader).unwrap();
    let ours = crate::tlog::consistency(&log.tiles, 256, size).unwrap();
    assert_eq!(
        grown.iter().map(|hash| hash.0).collect::<Vec<_>>(),
        ours.iter().map(|d| *d.as_bytes()).collect::<Vec<_>>()
    );
    for altered in ["0/001.p/147", "1/000.p/1"] {
        let served = Served { tiles: &log.tiles, altered: Some(altered) };
        assert!(TileHashReader::new(size, root, &served).read_hashes(&indexes).is_err(), "{altered}");
    }
    // tlog_tiles 0.2 does not compare a full tile with the one above it if the edge of the tree has more subtrees than tiles,
    // as here: but what it makes of an altered one proves nothing.
    let served = Served { tiles: &log.tiles, altered: Some("0/000") };
    let made = tlog_tiles::prove_record(size, 254, &TileHashReader::new(size, root, &served)).unwrap();
    tlog_tiles::check_record(&made, size, root, 254, hashes[254]).unwrap_err();
    let sound = tlog_tiles::prove_record(size, 254, &reader).unwrap();
    tlog_tiles::check_record(&sound, size, root, 254, hashes[254]).unwrap();
}
