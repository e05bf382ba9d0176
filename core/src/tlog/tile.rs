//! Tiles: 256 hashes of one level side by side, and their paths (C2SP tlog-tiles).

use std::{fmt, str::FromStr};

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;

/// Levels of the tree that a tile holds below its own.
pub(super) const TILE_HEIGHT: u32 = 8;

/// Which tile: on level 0 are hashes of entries, on level `l` those of full tiles of level `l - 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// At most 7: eight levels hold more entries than there are numbers.
    pub level: u8,
    /// From the left, from 0.
    pub index: u64,
}

impl TileId {
    /// How many hashes it has in a tree of so many entries: 0 to 256.
    pub fn width_in(self, size: u64) -> u16 {
        let on_level = size.checked_shr(TILE_HEIGHT * u32::from(self.level)).unwrap_or(0);
        on_level.saturating_sub(self.index.saturating_mul(TILE_WIDTH)).min(TILE_WIDTH) as u16
    }
}

/// A tile as clients ask for it: how wide, and whether its hashes or the entries themselves are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`.
    Hashes {
        /// Which.
        tile: TileId,
        /// 1 to 256.
        width: u16,
    },
    /// `tile/entries/<N>[.p/<W>]`.
    Entries {
        /// From the left, from 0.
        index: u64,
        /// 1 to 256.
        width: u16,
    },
}

/// The path is not one that the specification allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile")]
pub struct InvalidPath;

impl FromStr for TilePath {
    type Err = InvalidPath;

    /// Reads what follows `tile/`. There is one way to write each path.
    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let (level, rest) = path.split_once('/').ok_or(InvalidPath)?;
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse::<u8>().map_err(|_| InvalidPath)?.into()),
            None => (rest, TILE_WIDTH as u16),
        };
        let groups: Vec<&str> = number.split('/').collect();
        let mut index = 0u64;
        for (nth, group) in groups.iter().enumerate() {
            let digits = if nth + 1 < groups.len() { group.strip_prefix('x').ok_or(InvalidPath)? } else { group };
            if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(InvalidPath);
            }
            let digits: u64 = digits.parse().map_err(|_| InvalidPath)?;
            index = index.checked_mul(1_000).and_then(|i| i.checked_add(digits)).ok_or(InvalidPath)?;
        }
        let read = if level == "entries" {
            Self::Entries { index, width }
        } else {
            let level = level.parse::<u8>().ok().filter(|level| *level < 8).ok_or(InvalidPath)?;
            Self::Hashes { tile: TileId { level, index }, width }
        };
        // Leading zeros, and a partial tile of no width, are written otherwise or not at all.
        if width > 0 && read.to_string() == format!("tile/{path}") { Ok(read) } else { Err(InvalidPath) }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, index, width) = match self {
            Self::Hashes { tile, width } => (tile.level.to_string(), tile.index, *width),
            Self::Entries { index, width } => ("entries".to_owned(), *index, *width),
        };
        let mut number = format!("{:03}", index % 1_000);
        let mut rest = index / 1_000;
        while rest > 0 {
            number = format!("x{:03}/{number}", rest % 1_000);
            rest /= 1_000;
        }
        write!(f, "tile/{level}/{number}")?;
        if u64::from(width) < TILE_WIDTH { write!(f, ".p/{width}") } else { Ok(()) }
    }
}
