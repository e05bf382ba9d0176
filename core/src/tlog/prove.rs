//! Proofs made from tiles: first which tiles are needed, then, with them, the hashes (RFC 6962 §2.1.1 and §2.1.2).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    TILE_WIDTH, empty_root,
    grow::full,
    node_hash, split,
    tile::{TILE_HEIGHT, TileId},
};
use crate::digest::Digest;

/// Tiles at hand, by which they are. One that is wider than needed will do.
pub type Tiles = BTreeMap<TileId, Vec<Digest>>;

/// A tile that is needed is not at hand, or is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tile {} of level {} is missing", .0.index, .0.level)]
pub struct Missing(pub TileId);

/// The root of the tree of the first `size` entries.
pub fn root(tiles: &Tiles, size: u64) -> Result<Digest, Missing> {
    if size == 0 { Ok(empty_root()) } else { subtree(&mut Given(tiles), 0, size) }
}

/// The proof that entry `index` is in the tree of the first `size` entries: hashes from the leaf's sibling up.
pub fn inclusion(tiles: &Tiles, index: u64, size: u64) -> Result<Vec<Digest>, Missing> {
    path(&mut Given(tiles), index, 0, size)
}

/// The proof that the tree of the first `size` entries begins with the tree of the first `old`.
pub fn consistency(tiles: &Tiles, old: u64, size: u64) -> Result<Vec<Digest>, Missing> {
    if old == 0 || old >= size {
        return Ok(Vec::new());
    }
    growth(&mut Given(tiles), old, 0, size, Known::Yes)
}

/// The tiles that [`inclusion`] asks for.
pub fn tiles_for_inclusion(index: u64, size: u64) -> BTreeSet<TileId> {
    let mut needed = Needed(BTreeSet::new());
    // It answers whatever is asked.
    let _ = path(&mut needed, index, 0, size);
    needed.0
}

/// The tiles that [`consistency`] and [`root`] ask for.
pub fn tiles_for_consistency(old: u64, size: u64) -> BTreeSet<TileId> {
    let mut needed = Needed(BTreeSet::new());
    let _ = growth(&mut needed, old, 0, size, Known::Yes);
    if size > 0 {
        let _ = subtree(&mut needed, 0, size);
    }
    needed.0
}

/// Where hashes come from.
trait Hashes {
    /// So many hashes of a tile, from this position on.
    fn hashes(&mut self, tile: TileId, from: usize, count: usize) -> Result<&[Digest], Missing>;
}

struct Given<'a>(&'a Tiles);

impl Hashes for Given<'_> {
    fn hashes(&mut self, tile: TileId, from: usize, count: usize) -> Result<&[Digest], Missing> {
        self.0.get(&tile).and_then(|hashes| hashes.get(from..from + count)).ok_or(Missing(tile))
    }
}

/// Only notes what is asked for.
struct Needed(BTreeSet<TileId>);

impl Hashes for Needed {
    fn hashes(&mut self, tile: TileId, _: usize, count: usize) -> Result<&[Digest], Missing> {
        const NONE: [Digest; TILE_WIDTH as usize] = [Digest::ZERO; TILE_WIDTH as usize];
        self.0.insert(tile);
        Ok(&NONE[..count])
    }
}

/// The hash of the tree of entries `start` to `end`, of which there is at least one. Either `start` is a multiple of their
/// number and that is a power of two, or the tree reaches the end of the log; so tiles hold all there is to know.
fn subtree(hashes: &mut impl Hashes, start: u64, end: u64) -> Result<Digest, Missing> {
    let size = end - start;
    if size.is_power_of_two() && start.is_multiple_of(size) {
        let height = size.trailing_zeros();
        let level = height / TILE_HEIGHT;
        let first = start >> (TILE_HEIGHT * level);
        let tile = TileId { level: level as u8, index: first / TILE_WIDTH };
        let count = 1 << (height % TILE_HEIGHT);
        return Ok(full(hashes.hashes(tile, (first % TILE_WIDTH) as usize, count)?));
    }
    let middle = start + split(size);
    Ok(node_hash(subtree(hashes, start, middle)?, subtree(hashes, middle, end)?))
}

/// RFC 6962 §2.1.1, with absolute positions.
fn path(hashes: &mut impl Hashes, index: u64, start: u64, end: u64) -> Result<Vec<Digest>, Missing> {
    if end - start <= 1 {
        return Ok(Vec::new());
    }
    let middle = start + split(end - start);
    let mut proof;
    if index < middle {
        proof = path(hashes, index, start, middle)?;
        proof.push(subtree(hashes, middle, end)?);
    } else {
        proof = path(hashes, index, middle, end)?;
        proof.push(subtree(hashes, start, middle)?);
    }
    Ok(proof)
}

/// Whether whoever reads the proof can name the subtree's hash already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// RFC 6962 §2.1.2, with absolute positions: SUBPROOF.
fn growth(hashes: &mut impl Hashes, old: u64, start: u64, end: u64, known: Known) -> Result<Vec<Digest>, Missing> {
    if old == end {
        return match known {
            Known::Yes => Ok(Vec::new()),
            Known::No => Ok(vec![subtree(hashes, start, end)?]),
        };
    }
    if old <= start || end - start <= 1 {
        return Ok(Vec::new());
    }
    let middle = start + split(end - start);
    let mut proof;
    if old <= middle {
        proof = growth(hashes, old, start, middle, known)?;
        proof.push(subtree(hashes, middle, end)?);
    } else {
        proof = growth(hashes, old, middle, end, Known::No)?;
        proof.push(subtree(hashes, start, middle)?);
    }
    Ok(proof)
}
