//! What an uploaded file really is, as found by probing it: the facts that rendering, transcoding and people need.

use serde::{Deserialize, Serialize};
use xuanping_core::{geometry::Size, time::Millis, vocabulary::CreativeKind};

/// A probed file. Only files that passed every check have one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Media {
    /// A picture: becomes a poster.
    Poster {
        /// `png`, `jpeg` or `webp`.
        format: String,
        /// Upright size in pixels.
        size: Size,
    },
    /// Moving pictures.
    Clip {
        /// Container, e.g. `mp4`.
        format: String,
        /// Upright size in pixels.
        size: Size,
        /// Length of the picture track.
        duration: Millis,
        /// Codec of the picture track, e.g. `h264`.
        codec: String,
        /// Pixel format, e.g. `yuv420p`.
        pixels: String,
        /// Frames per 1000 seconds.
        frame_rate: u32,
        /// Stored lying on its side or with pixels that are not square: must be transcoded.
        distorted: bool,
        /// Its sound, if it has any.
        sound: Option<Sound>,
    },
    /// Sound only.
    Audio {
        /// Container, e.g. `mp3`.
        format: String,
        /// Its length.
        duration: Millis,
        /// The track.
        sound: Sound,
    },
}

/// A track of sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sound {
    /// Codec, e.g. `aac`.
    pub codec: String,
    /// Channels.
    pub channels: u32,
    /// Samples per second.
    pub rate: u32,
}

impl Media {
    /// The kind of creative that can be made of it.
    pub const fn kind(&self) -> CreativeKind {
        match self {
            Self::Poster { .. } => CreativeKind::Poster,
            Self::Clip { .. } => CreativeKind::Clip,
            Self::Audio { .. } => CreativeKind::Audio,
        }
    }

    /// How long it plays; a picture has no length of its own.
    pub const fn duration(&self) -> Option<Millis> {
        match self {
            Self::Poster { .. } => None,
            Self::Clip { duration, .. } | Self::Audio { duration, .. } => Some(*duration),
        }
    }

    /// Its picture's upright size.
    pub const fn size(&self) -> Option<Size> {
        match self {
            Self::Poster { size, .. } | Self::Clip { size, .. } => Some(*size),
            Self::Audio { .. } => None,
        }
    }
}
