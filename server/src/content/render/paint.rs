//! Painting: a canvas of smooth colour, and PNG files of the two sorts that go on walls: full colour, and one bit per pixel.
//! Encoding is deterministic, so equal pixels are equal files and share one place in the blob store and in players' caches.

use image::{Rgb, RgbImage};
use xuanping_core::geometry::{Rect, Size};

use super::{RenderError, fonts::SetLine};

/// A colour of the wall: sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// No light.
    pub const BLACK: Self = Self(0, 0, 0);

    /// The colour `part` of the way (0 ..= 1) from `self` to `other`.
    #[must_use]
    pub fn towards(self, other: Self, part: f32) -> Self {
        let mix = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * part.clamp(0.0, 1.0)).round() as u8;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }

    const fn pixel(self) -> Rgb<u8> {
        Rgb([self.0, self.1, self.2])
    }
}

/// A full-colour picture being painted.
pub struct Canvas {
    pixels: RgbImage,
}

impl Canvas {
    /// All of one colour.
    pub fn filled(size: Size, colour: Colour) -> Self {
        Self { pixels: RgbImage::from_pixel(size.width, size.height, colour.pixel()) }
    }

    /// From `top` to `bottom`, row by row.
    pub fn graded(size: Size, top: Colour, bottom: Colour) -> Self {
        let last = size.height.saturating_sub(1).max(1) as f32;
        let pixels = RgbImage::from_fn(size.width, size.height, |_, y| top.towards(bottom, y as f32 / last).pixel());
        Self { pixels }
    }

    /// Fills a rectangle; what lies outside the canvas is left out.
    pub fn fill(&mut self, rect: Rect, colour: Colour) {
        for y in rect.y..(rect.y + rect.height).min(self.pixels.height()) {
            for x in rect.x..(rect.x + rect.width).min(self.pixels.width()) {
                self.pixels.put_pixel(x, y, colour.pixel());
            }
        }
    }

    /// Draws a rectangle's outline, `thickness` pixels inwards.
    pub fn frame(&mut self, rect: Rect, thickness: u32, colour: Colour) {
        let Rect { x, y, width, height } = rect;
        if thickness == 0 || width < 2 * thickness || height < 2 * thickness {
            return;
        }
        self.fill(Rect { x, y, width, height: thickness }, colour);
        self.fill(Rect { x, y: y + height - thickness, width, height: thickness }, colour);
        self.fill(Rect { x, y, width: thickness, height }, colour);
        self.fill(Rect { x: x + width - thickness, y, width: thickness, height }, colour);
    }

    /// Inks a set line with its pen starting at `x` and its baseline on row `baseline`.
    pub fn ink(&mut self, line: &SetLine, x: i32, baseline: i32, colour: Colour) {
        let (left, top) = (x + line.left, baseline - line.ascent);
        for (row, coverage) in line.coverage.chunks_exact(line.width.max(1) as usize).enumerate() {
            for (column, &ink) in coverage.iter().enumerate() {
                let (px, py) = (left + column as i32, top + row as i32);
                if ink == 0 || px < 0 || py < 0 {
                    continue;
                }
                if let Some(pixel) = self.pixels.get_pixel_mut_checked(px as u32, py as u32) {
                    let under = Colour(pixel.0[0], pixel.0[1], pixel.0[2]);
                    *pixel = under.towards(colour, f32::from(ink) / 255.0).pixel();
                }
            }
        }
    }

    /// As a PNG file.
    pub fn into_png(self) -> Result<Vec<u8>, RenderError> {
        rgb_png(&self.pixels)
    }
}

/// An RGB picture as a PNG file.
pub fn rgb_png(pixels: &RgbImage) -> Result<Vec<u8>, RenderError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    encoder.write_header()?.write_image_data(pixels.as_raw())?;
    Ok(file)
}

/// A picture of which every pixel is lit or dark: what a single-colour LED module can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitmap {
    size: Size,
    lit: Vec<bool>,
}

impl Bitmap {
    /// All dark.
    pub fn dark(size: Size) -> Self {
        Self { size, lit: vec![false; size.width as usize * size.height as usize] }
    }

    /// Its size in pixels.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Lights a pixel; outside the picture nothing happens.
    pub fn light(&mut self, x: i32, y: i32) {
        let inside = (0..self.size.width as i32).contains(&x) && (0..self.size.height as i32).contains(&y);
        if inside {
            self.lit[y as usize * self.size.width as usize + x as usize] = true;
        }
    }

    /// Whether a pixel is lit.
    pub fn is_lit(&self, x: u32, y: u32) -> bool {
        x < self.size.width && y < self.size.height && self.lit[(y * self.size.width + x) as usize]
    }

    /// As a PNG file of one bit per pixel with a palette of two colours: black and `ink`.
    pub fn into_png(self, ink: Colour) -> Result<Vec<u8>, RenderError> {
        let stride = self.size.width.div_ceil(8) as usize;
        let mut packed = Vec::with_capacity(stride * self.size.height as usize);
        for row in self.lit.chunks_exact(self.size.width as usize) {
            packed.extend(
                row.chunks(8)
                    .map(|bits| bits.iter().enumerate().fold(0_u8, |b, (i, &lit)| b | (u8::from(lit) << (7 - i)))),
            );
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::One);
        encoder.set_palette(vec![0, 0, 0, ink.0, ink.1, ink.2]);
        encoder.set_compression(png::Compression::Balanced);
        encoder.write_header()?.write_image_data(&packed)?;
        Ok(file)
    }
}
