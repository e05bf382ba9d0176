//! The growing edge of the log: the last tile of each level is all that is needed to append, and to know the root.

use std::collections::BTreeMap;

use super::{
    TILE_WIDTH, empty_root, node_hash, split,
    tile::{TILE_HEIGHT, TileId},
};
use crate::digest::Digest;

/// The right edge of a tree: of each level, the hashes of the tile that is not full yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Digest>>,
}

impl Edge {
    /// Of the log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tiles that make up the edge of a log of this size; those of no width are not among them.
    pub fn tiles(size: u64) -> Vec<TileId> {
        let levels = (0..8u8).map(|level| {
            let on_level = size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
            TileId { level, index: on_level / TILE_WIDTH }
        });
        levels.filter(|tile| tile.width_in(size) > 0).collect()
    }

    /// The edge of a log of this size, by the hashes of [`Edge::tiles`]; `None` if a tile is not as wide as it must be.
    pub fn restore(size: u64, mut hashes: impl FnMut(TileId) -> Option<Vec<Digest>>) -> Option<Self> {
        let mut levels = vec![Vec::new(); 8];
        for tile in Self::tiles(size) {
            let mut found = hashes(tile)?;
            let width = usize::from(tile.width_in(size));
            // It may have grown since.
            if found.len() < width {
                return None;
            }
            found.truncate(width);
            levels[usize::from(tile.level)] = found;
        }
        Some(Self { size, levels })
    }

    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of an entry, and notes every tile that has changed with it.
    pub fn append(&mut self, leaf: Digest, changed: &mut BTreeMap<TileId, Vec<Digest>>) {
        self.levels.resize(8, Vec::new());
        let mut hash = leaf;
        let mut index = self.size;
        for (level, tile) in (0..).zip(&mut self.levels) {
            tile.push(hash);
            changed.insert(TileId { level, index: index / TILE_WIDTH }, tile.clone());
            if (tile.len() as u64) < TILE_WIDTH {
                break;
            }
            hash = full(tile);
            tile.clear();
            index /= TILE_WIDTH;
        }
        self.size += 1;
    }

    /// The root of the tree (RFC 6962 §2.1).
    pub fn root(&self) -> Digest {
        let mut root = None;
        // From the right: what is on a level is left of all that is below it, and each of it is larger than all of that.
        for tile in self.levels.iter().filter(|tile| !tile.is_empty()) {
            root = Some(root.map_or_else(|| tree(tile), |right| joined(tile, right)));
        }
        root.unwrap_or_else(empty_root)
    }
}

/// The hash of a tree with these leaves, of which there is at least one.
fn tree(leaves: &[Digest]) -> Digest {
    match leaves {
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            node_hash(tree(left), tree(right))
        }
    }
}

/// The hash of a full tile, or of any number of leaves that is a power of two.
pub(super) fn full(leaves: &[Digest]) -> Digest {
    tree(leaves)
}

/// Full subtrees of one height, and a smaller tree to the right of them.
fn joined(full_ones: &[Digest], right: Digest) -> Digest {
    let mut root = right;
    let mut end = full_ones.len();
    // The binary digits of their number, lowest first, are the full trees from the right.
    while end > 0 {
        let width = 1 << end.trailing_zeros();
        root = node_hash(tree(&full_ones[end - width..end]), root);
        end -= width;
    }
    root
}
