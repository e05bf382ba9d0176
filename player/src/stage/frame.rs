//! A rectangle of pixels in memory, `0x00RRGGBB` each: what windows take as it is.

use xuanping_core::geometry::{Rect, Size};

use super::Picture;

/// A colour, `0x00RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u32);

impl Colour {
    /// Nothing lit.
    pub const BLACK: Self = Self(0);

    /// Red, green, blue.
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self((r as u32) << 16 | (g as u32) << 8 | b as u32)
    }

    /// `amount` of 255 parts of `over`, the rest of `self`.
    pub fn mix(self, over: Self, amount: u8) -> Self {
        let part = |shift: u32| {
            let (below, above) = ((self.0 >> shift) & 0xff, (over.0 >> shift) & 0xff);
            ((below * (255 - u32::from(amount)) + above * u32::from(amount) + 127) / 255) << shift
        };
        Self(part(16) | part(8) | part(0))
    }
}

/// Pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    size: Size,
    pixels: Vec<u32>,
}

impl Frame {
    /// All black.
    pub fn new(size: Size) -> Self {
        Self { size, pixels: vec![0; size.width as usize * size.height as usize] }
    }

    /// Pixels across and down.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Row by row, without gaps.
    pub fn pixels(&self) -> &[u32] {
        &self.pixels
    }

    /// The part of a rectangle that lies within; `None` if nothing does.
    pub fn clip(&self, rect: Rect) -> Option<Rect> {
        let width = rect.width.min(self.size.width.saturating_sub(rect.x));
        let height = rect.height.min(self.size.height.saturating_sub(rect.y));
        (width > 0 && height > 0).then_some(Rect { width, height, ..rect })
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, rect: Rect, colour: Colour) {
        let Some(rect) = self.clip(rect) else { return };
        for y in rect.y..rect.y + rect.height {
            self.row_mut(rect.x, y, rect.width).fill(colour.0);
        }
    }

    /// Mixes a colour into one pixel; outside, nothing happens.
    pub fn blend(&mut self, x: i64, y: i64, colour: Colour, amount: u8) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if x < self.size.width && y < self.size.height {
            let pixel = &mut self.row_mut(x, y, 1)[0];
            *pixel = Colour(*pixel).mix(colour, amount).0;
        }
    }

    /// Puts a picture into a rectangle, centred, cut off where it is larger, on black where it is smaller. Never scaled.
    pub fn blit_centred(&mut self, rect: Rect, picture: &Picture) {
        let size = picture.size();
        if size.width < rect.width || size.height < rect.height {
            self.fill(rect, Colour::BLACK);
        }
        let Some(rect) = self.clip(rect) else { return };
        let (width, height) = (size.width.min(rect.width), size.height.min(rect.height));
        let (left, top) = ((rect.width - width) / 2, (rect.height - height) / 2);
        let (skip, drop) = ((size.width - width) / 2, (size.height - height) / 2);
        for y in 0..height {
            let source = &picture.row(y + drop)[skip as usize..(skip + width) as usize];
            self.row_mut(rect.x + left, rect.y + top + y, width).copy_from_slice(source);
        }
    }

    /// Makes a rectangle darker: every colour to so many percent of what it is.
    pub fn dim(&mut self, rect: Rect, percent: u8) {
        let Some(rect) = self.clip(rect) else { return };
        let level: [u8; 256] =
            std::array::from_fn(|value| ((value as u32 * u32::from(percent.min(100)) + 50) / 100) as u8);
        for y in rect.y..rect.y + rect.height {
            for pixel in self.row_mut(rect.x, y, rect.width) {
                let [b, g, r, _] = pixel.to_le_bytes();
                *pixel = u32::from_le_bytes([level[b as usize], level[g as usize], level[r as usize], 0]);
            }
        }
    }

    /// Takes over rectangles of a frame of the same size.
    pub fn copy_from(&mut self, other: &Self, rects: &[Rect]) {
        for rect in rects {
            let Some(rect) = self.clip(*rect) else { continue };
            for y in rect.y..rect.y + rect.height {
                self.row_mut(rect.x, y, rect.width).copy_from_slice(other.row(rect.x, y, rect.width));
            }
        }
    }

    /// `width` pixels of a row; they must lie within.
    pub fn row(&self, x: u32, y: u32, width: u32) -> &[u32] {
        let start = y as usize * self.size.width as usize + x as usize;
        &self.pixels[start..start + width as usize]
    }

    /// `width` pixels of a row, to be changed; they must lie within.
    pub fn row_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u32] {
        let start = y as usize * self.size.width as usize + x as usize;
        &mut self.pixels[start..start + width as usize]
    }

    /// Red, green and blue of every pixel, made smaller by a whole factor so that no edge is longer than `longest`.
    pub fn shrunk(&self, longest: u32) -> (Size, Vec<u8>) {
        let factor = self.size.width.max(self.size.height).div_ceil(longest.max(1)).max(1);
        let (width, height) = ((self.size.width / factor).max(1), (self.size.height / factor).max(1));
        // A strip only 16 pixels high must not be averaged away.
        let factor_y = factor.min(self.size.height);
        let mut bytes = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = ([0_u32; 3], 0);
                for dy in 0..factor_y {
                    let row = self.row(x * factor, y * factor_y + dy, factor.min(self.size.width - x * factor));
                    for pixel in row {
                        let [b, g, r, _] = pixel.to_le_bytes();
                        for (sum, part) in sum.iter_mut().zip([r, g, b]) {
                            *sum += u32::from(part);
                        }
                        count += 1;
                    }
                }
                bytes.extend(sum.map(|sum| (sum / count.max(1)) as u8));
            }
        }
        (Size { width, height }, bytes)
    }

    /// The frame as PNG, made smaller by a whole factor so that no edge is longer than `longest`.
    pub fn to_png(&self, longest: u32) -> Result<Vec<u8>, image::ImageError> {
        let (Size { width, height }, bytes) = self.shrunk(longest);
        let mut png = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new_with_quality(
            &mut png,
            image::codecs::png::CompressionType::Fast,
            image::codecs::png::FilterType::Adaptive,
        );
        image::ImageEncoder::write_image(encoder, &bytes, width, height, image::ExtendedColorType::Rgb8)?;
        Ok(png)
    }
}
