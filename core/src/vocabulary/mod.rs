//! The code lists that the whole system shares: what kinds of screens and creatives there are, which fraud types,
//! which venue types. Codes are stable text; Chinese names live beside them.

mod fraud_type;
mod venue_group;
mod venue_type;

pub use fraud_type::FraudType;
pub use venue_group::VenueGroup;
pub use venue_type::{OpenOohMatch, VenueType};

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// What a creative is (requirements.md K1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum CreativeKind {
    /// 标语: one line of text.
    #[n(0)]
    Slogan,
    /// 海报: a picture.
    #[n(1)]
    Poster,
    /// 宣传片: moving picture, with or without sound.
    #[n(2)]
    Clip,
    /// 音频: sound only.
    #[n(3)]
    Audio,
}

impl CreativeKind {
    /// Whether it can stand on the wall for any time: a poster or a slogan.
    pub const fn is_still(self) -> bool {
        matches!(self, Self::Poster | Self::Slogan)
    }
}

/// What a screen physically is: decides which creatives it can show and how they are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum ScreenKind {
    /// 液晶屏: full colour, smooth text, clips.
    #[n(0)]
    Lcd,
    /// LED条屏: text only, 1-bit, one colour.
    #[n(1)]
    LedStrip,
    /// 全彩LED: full colour, exact pixels, clips.
    #[n(2)]
    LedWall,
    /// 音柱、广播: sound only.
    #[n(3)]
    Speaker,
}

impl ScreenKind {
    /// Whether a creative of this kind can ever be played here.
    pub const fn can_play(self, kind: CreativeKind) -> bool {
        match (self, kind) {
            (Self::Lcd | Self::LedWall, _)
            | (Self::LedStrip, CreativeKind::Slogan)
            | (Self::Speaker, CreativeKind::Audio) => true,
            (Self::LedStrip | Self::Speaker, _) => false,
        }
    }
}
