//! Pictures: the header is checked first, then the whole picture decoded once, because a header can promise anything.

use std::{
    fs::File,
    io::{BufReader, Read as _},
    path::Path,
};

use image::ImageFormat;
use xuanping_core::geometry::Size;

use super::{Media, ProbeRefusal};
use crate::content::render::poster::{self, PictureRefusal};

/// Fewest pixels of an edge.
const FEWEST: u32 = 64;

/// Decodes the picture once.
pub fn probe(path: &Path, format: ImageFormat) -> Result<Media, ProbeRefusal> {
    if format == ImageFormat::Jpeg {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        jpeg_is_complete(&bytes)?;
    }
    let picture = poster::decode(BufReader::new(File::open(path)?)).map_err(refused)?;
    let (width, height) = picture.dimensions();
    if width < FEWEST || height < FEWEST {
        return Err(ProbeRefusal::TooFewPixels { width, height });
    }
    let format = format.extensions_str().last().map_or("png", |_| match format {
        ImageFormat::Jpeg => "jpeg",
        ImageFormat::WebP => "webp",
        _ => "png",
    });
    Ok(Media::Poster { format: format.into(), size: Size { width, height } })
}

fn refused(refusal: PictureRefusal) -> ProbeRefusal {
    match refusal {
        PictureRefusal::TooManyPixels { width, height } => ProbeRefusal::TooManyPixels { width, height },
        PictureRefusal::Undecodable(image::ImageError::Limits(_)) => {
            ProbeRefusal::TooManyPixels { width: 0, height: 0 }
        }
        PictureRefusal::Undecodable(image::ImageError::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            ProbeRefusal::Truncated(e.to_string())
        }
        PictureRefusal::Undecodable(error) => ProbeRefusal::Undecodable(error.to_string()),
    }
}

/// Decoders paint the missing part of a cut-off JPEG grey and say nothing: the end marker must be there.
fn jpeg_is_complete(bytes: &[u8]) -> Result<(), ProbeRefusal> {
    let cut = || ProbeRefusal::Truncated("no end-of-image marker".into());
    let mut at = 2;
    // Segments before the picture data carry their length; a preview inside one of them has an end marker of its own.
    loop {
        let [0xFF, marker] = *bytes.get(at..at + 2).ok_or_else(cut)? else {
            return Err(ProbeRefusal::Undecodable("a JPEG marker is missing".into()));
        };
        match marker {
            0xFF => at += 1,
            0xDA => break,
            0xD9 => return Err(cut()),
            0x01 | 0xD0..=0xD8 => at += 2,
            _ => {
                let length = bytes.get(at + 2..at + 4).ok_or_else(cut)?;
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]).max(2));
            }
        }
    }
    // In picture data 0xFF is followed by a zero, so this pair can only be the marker.
    if bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]) { Ok(()) } else { Err(cut()) }
}
