//! Looking at what a screen sends as a picture: it must be one, small, and whole.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use xuanping_core::wire::EvidenceNote;

use super::PlayError;
use crate::db::DbError;

/// Fewest pixels of an edge: less is no wall.
const FEWEST: u32 = 4;
/// Bytes that decoding may take.
const MOST_MEMORY: u64 = 32 << 20;

/// What sort of file a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvidenceMediaType)]
pub enum MediaType {
    /// For walls of many pixels.
    Jpeg,
    /// For walls of few: dot by dot.
    Png,
}

impl MediaType {
    /// As HTTP says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// Why a picture is not taken. But for what is our own fault, it never will be.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceRefusal {
    /// Too many bytes.
    #[error("the picture is too large")]
    TooLarge,
    /// The bytes are not those that the digest names.
    #[error("the picture does not have the digest that is said")]
    OtherDigest,
    /// It was taken when it cannot have been, or because of two things at once.
    #[error("the picture's times are impossible")]
    ImpossibleTime,
    /// More than anybody asked for.
    #[error("the screen sent too many pictures today")]
    TooMany,
    /// Not a whole JPEG or PNG of sane dimensions.
    #[error("not a picture of a wall")]
    NoPicture,
    /// Something of ours failed.
    #[error(transparent)]
    Play(#[from] PlayError),
}

impl From<DbError> for EvidenceRefusal {
    fn from(error: DbError) -> Self {
        Self::Play(error.into())
    }
}

impl From<std::io::Error> for EvidenceRefusal {
    fn from(error: std::io::Error) -> Self {
        Self::Play(error.into())
    }
}

/// What sort of file it is, and its pixels across and down.
pub fn look_at(bytes: &[u8]) -> Result<(MediaType, u32, u32), EvidenceRefusal> {
    let (media_type, format) = match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => (MediaType::Png, ImageFormat::Png),
        // Decoders paint what is missing of a JPEG grey and say nothing.
        Ok(ImageFormat::Jpeg) if bytes.ends_with(&[0xFF, 0xD9]) => (MediaType::Jpeg, ImageFormat::Jpeg),
        _ => return Err(EvidenceRefusal::NoPicture),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(EvidenceNote::LONGEST_EDGE);
    limits.max_image_height = Some(EvidenceNote::LONGEST_EDGE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| EvidenceRefusal::NoPicture)?;
    let (width, height) = (picture.width(), picture.height());
    if width < FEWEST || height < FEWEST {
        return Err(EvidenceRefusal::NoPicture);
    }
    Ok((media_type, width, height))
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbImage};

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(RgbImage::new(width, height)).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_of_walls_are_taken() {
        let jpeg = look_at(&picture(960, 540, ImageFormat::Jpeg)).unwrap();
        assert_eq!(jpeg, (MediaType::Jpeg, 960, 540));
        assert_eq!(look_at(&picture(512, 32, ImageFormat::Png)).unwrap(), (MediaType::Png, 512, 32));
    }

    #[test]
    fn everything_else_is_refused() {
        let whole = picture(960, 540, ImageFormat::Jpeg);
        let cut = &whole[..whole.len() / 2];
        let bomb = picture(EvidenceNote::LONGEST_EDGE + 1, 8, ImageFormat::Png);
        let dot = picture(1, 1, ImageFormat::Png);
        let webp = picture(64, 64, ImageFormat::WebP);
        let lies = [b"\x89PNG\r\n\x1a\n".as_slice(), b"<script>"].concat();
        for bytes in [cut, &bomb, &dot, &webp, &lies, b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>"] {
            assert!(matches!(look_at(bytes), Err(EvidenceRefusal::NoPicture)), "{:?}", &bytes[..bytes.len().min(8)]);
        }
    }
}
