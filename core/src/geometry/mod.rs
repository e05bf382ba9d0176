//! Pixels: sizes, rectangles, the zones of a screen.

mod layout;

pub use layout::{FreeLayout, InvalidLayout, Layout, LayoutFault, Measure};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(array)]
pub struct Size {
    /// Pixels across.
    #[n(0)]
    pub width: u32,
    /// Pixels down.
    #[n(1)]
    pub height: u32,
}

/// A rectangle on a screen; (0, 0) is the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(array)]
pub struct Rect {
    /// Left edge.
    #[n(0)]
    pub x: u32,
    /// Upper edge.
    #[n(1)]
    pub y: u32,
    /// Pixels across.
    #[n(2)]
    pub width: u32,
    /// Pixels down.
    #[n(3)]
    pub height: u32,
}

impl Size {
    /// Larger than any wall we know of; what is beyond is a typing error or an attack.
    pub const MAX_EDGE: u32 = 16_384;

    /// A size whose edges are 1..=[`Size::MAX_EDGE`].
    pub fn checked(width: u32, height: u32) -> Option<Self> {
        let edge = 1..=Self::MAX_EDGE;
        (edge.contains(&width) && edge.contains(&height)).then_some(Self { width, height })
    }

    /// The whole of it as a rectangle.
    pub const fn rect(self) -> Rect {
        Rect { x: 0, y: 0, width: self.width, height: self.height }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}", self.width, self.height)
    }
}

impl Rect {
    /// Its width and height.
    pub const fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// The first column right of it.
    pub const fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// The first row below it.
    pub const fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Whether some pixel is in both.
    pub const fn overlaps(self, other: Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// The part of a screen that one loop fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum ZoneName {
    /// 主区: posters, clips, and slogans where there is no ticker.
    #[n(0)]
    Main,
    /// 字幕条: slogans under (or over) the main zone.
    #[n(1)]
    Ticker,
    /// 声音: audio spots; has no pixels.
    #[n(2)]
    Audio,
}

impl ZoneName {
    /// What an official reads.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::Main => "主区",
            Self::Ticker => "字幕条",
            Self::Audio => "声音",
        }
    }
}

/// A zone and where it lies. The audio zone's rectangle is 0×0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(array)]
pub struct Zone {
    /// Which.
    #[n(0)]
    pub name: ZoneName,
    /// Where.
    #[n(1)]
    pub rect: Rect,
}

/// The smallest size from the upper left corner that has all of these zones in it.
pub fn reach(zones: &[Zone]) -> Size {
    let edge = |end: fn(Rect) -> u32| zones.iter().map(|zone| end(zone.rect)).max().unwrap_or(0);
    Size { width: edge(Rect::right), height: edge(Rect::bottom) }
}

/// Whether a screen may make noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// Silent: clips play without their sound, audio spots not at all.
    #[n(0)]
    Off,
    /// With sound.
    #[n(1)]
    On,
}
