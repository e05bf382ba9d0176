//! A decoded picture: exactly the size that the playlist announced, or refused.

use image::ImageDecoder as _;
use xuanping_core::{
    geometry::Size,
    playlist::{Item, Show},
};

/// Pixels, `0x00RRGGBB` each.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    pixels: Vec<u32>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({})", self.size)
    }
}

/// Why a file is no picture for us.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// Not a PNG, or a broken one.
    #[error("the picture cannot be decoded: {0}")]
    Broken(#[from] image::ImageError),
    /// Not as large as the playlist says.
    #[error("the picture is {found}, the playlist says {promised}")]
    OtherSize {
        /// In the file.
        found: Size,
        /// In the playlist.
        promised: Size,
    },
    /// Not a picture at all, or larger than any wall.
    #[error("this is not shown as a picture")]
    NotOne,
}

/// Pixels of the largest picture: a 4K wall, or a strip 16,384 long and 512 high.
const MAX_PIXELS: u64 = 9 << 20;

impl Picture {
    /// From pixels; `None` if their number does not fit the size.
    pub fn new(size: Size, pixels: Vec<u32>) -> Option<Self> {
        (pixels.len() as u64 == u64::from(size.width) * u64::from(size.height)).then_some(Self { size, pixels })
    }

    /// All black.
    pub fn black(size: Size) -> Self {
        Self { size, pixels: vec![0; size.width as usize * size.height as usize] }
    }

    /// All pixels, row by row.
    pub fn pixels_mut(&mut self) -> &mut [u32] {
        &mut self.pixels
    }

    /// Decodes the file of an item. The size is compared before anything is unpacked.
    pub fn decode(item: &Item, bytes: &[u8]) -> Result<Self, PictureError> {
        let (Show::Picture { size: promised } | Show::Strip { size: promised, .. }) = item.show else {
            return Err(PictureError::NotOne);
        };
        if Size::checked(promised.width, promised.height).is_none()
            || u64::from(promised.width) * u64::from(promised.height) > MAX_PIXELS
        {
            return Err(PictureError::NotOne);
        }
        let decoder = image::codecs::png::PngDecoder::new(std::io::Cursor::new(bytes))?;
        let (width, height) = decoder.dimensions();
        let found = Size { width, height };
        if found != promised {
            return Err(PictureError::OtherSize { found, promised });
        }
        let rgb = image::DynamicImage::from_decoder(decoder)?.into_rgb8();
        let pixels =
            rgb.as_raw().as_chunks::<3>().0.iter().map(|[r, g, b]| u32::from_be_bytes([0, *r, *g, *b])).collect();
        Ok(Self { size: found, pixels })
    }

    /// Pixels across and down.
    pub fn size(&self) -> Size {
        self.size
    }

    /// One row; it must exist.
    pub fn row(&self, y: u32) -> &[u32] {
        let width = self.size.width as usize;
        &self.pixels[y as usize * width..][..width]
    }
}
