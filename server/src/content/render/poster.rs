//! Posters: any picture that people upload, made into a PNG of exactly the zone's pixels.
//! Limits are checked on the header, before a single pixel is allocated; the upright picture is kept whole on a quiet ground.

use std::io::{BufRead, Cursor, Seek};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage, imageops};
use xuanping_core::{geometry::Size, playlist::Show, time::Millis};

use super::{RenderError, Rendered, paint};
use crate::content::Fit;

/// Longest edge of an uploaded picture, in pixels.
pub const MAX_EDGE: u32 = 16_384;
/// Most pixels of an uploaded picture: an A1 sheet at 200 dpi has 31 million.
pub const MAX_PIXELS: u64 = 60_000_000;
/// Most bytes that decoding may allocate.
const MAX_ALLOCATION: u64 = 512 * 1024 * 1024;
/// Aspect ratios nearer than this are filled by cutting a sliver off, not by a bar.
const NEAR_ASPECT: f64 = 0.03;

/// Opens a picture's header under our limits and refuses, before any pixel is decoded, what is too large.
/// Returns the upright size as well as the decoder.
pub fn open<'a, R: BufRead + Seek + 'a>(reader: R) -> Result<(impl ImageDecoder + 'a, Size), PictureRefusal> {
    let mut reader = ImageReader::new(reader).with_guessed_format().map_err(image::ImageError::from)?;
    reader.limits(limits());
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if width > MAX_EDGE || height > MAX_EDGE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureRefusal::TooManyPixels { width, height });
    }
    Ok((decoder, Size { width, height }))
}

/// A picture that was not opened.
#[derive(Debug, thiserror::Error)]
pub enum PictureRefusal {
    /// More pixels than we decode.
    #[error("{width}×{height} pixels are too many")]
    TooManyPixels {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// It does not decode.
    #[error(transparent)]
    Undecodable(#[from] image::ImageError),
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_EDGE);
    limits.max_image_height = Some(MAX_EDGE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    limits
}

/// Decodes a picture whole: turned upright as its EXIF says, transparency laid on white, eight bits a channel.
pub fn decode<'a, R: BufRead + Seek + 'a>(reader: R) -> Result<RgbImage, PictureRefusal> {
    let (mut decoder, _) = open(reader)?;
    decoder.set_limits(limits())?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    if !picture.color().has_alpha() {
        return Ok(picture.into_rgb8());
    }
    let with_alpha = picture.into_rgba8();
    let mut flat = RgbImage::new(with_alpha.width(), with_alpha.height());
    for (to, from) in flat.pixels_mut().zip(with_alpha.pixels()) {
        let alpha = u32::from(from.0[3]);
        let over_white = |c: u8| ((u32::from(c) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        *to = Rgb([over_white(from.0[0]), over_white(from.0[1]), over_white(from.0[2])]);
    }
    Ok(flat)
}

/// A poster for a zone of this size, fitted as its author wants.
pub fn poster(original: &[u8], zone: Size, duration: Millis, how: Fit) -> Result<Rendered, RenderError> {
    let picture = decode(Cursor::new(original)).map_err(|refusal| match refusal {
        PictureRefusal::Undecodable(error) => RenderError::Picture(error),
        PictureRefusal::TooManyPixels { .. } => RenderError::Picture(image::ImageError::Limits(
            image::error::LimitError::from_kind(image::error::LimitErrorKind::DimensionError),
        )),
    })?;
    let fitted = fit(&picture, zone, how);
    Ok(Rendered { file: paint::rgb_png(&fitted)?, show: Show::Picture { size: zone }, duration })
}

/// A small picture for lists, at most `longest` pixels on its longer edge.
pub fn thumbnail(picture: &RgbImage, longest: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let most = width.max(height).max(1);
    if most <= longest {
        return picture.clone();
    }
    let scaled = |edge: u32| ((u64::from(edge) * u64::from(longest)) / u64::from(most)).max(1) as u32;
    imageops::resize(picture, scaled(width), scaled(height), imageops::FilterType::CatmullRom)
}

/// The picture in the zone. Where the whole of it leaves some of the zone free, that has the colour of the picture's own edge.
fn fit(picture: &RgbImage, zone: Size, how: Fit) -> RgbImage {
    let (width, height) = picture.dimensions();
    if (width, height) == (zone.width, zone.height) {
        return picture.clone();
    }
    let (across, down) = (f64::from(zone.width) / f64::from(width), f64::from(zone.height) / f64::from(height));
    if how == Fit::Stretch {
        return imageops::resize(picture, zone.width, zone.height, imageops::FilterType::Lanczos3);
    }
    if how == Fit::Fill || (across / down - 1.0).abs() < NEAR_ASPECT {
        return cover(picture, zone, across.max(down));
    }
    let scale = across.min(down);
    let edge = |length: u32, most: u32| ((f64::from(length) * scale).round() as u32).clamp(1, most);
    let (w, h) = (edge(width, zone.width), edge(height, zone.height));
    let inner = imageops::resize(picture, w, h, imageops::FilterType::Lanczos3);
    let mut wall = RgbImage::from_pixel(zone.width, zone.height, edge_colour(&inner, across > down));
    imageops::replace(&mut wall, &inner, i64::from((zone.width - w) / 2), i64::from((zone.height - h) / 2));
    wall
}

/// Fills the zone, cutting off evenly what is over.
fn cover(picture: &RgbImage, zone: Size, scale: f64) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (w, h) = (f64::from(zone.width) / scale, f64::from(zone.height) / scale);
    let (w, h) = ((w.round() as u32).clamp(1, width), (h.round() as u32).clamp(1, height));
    let cut = imageops::crop_imm(picture, (width - w) / 2, (height - h) / 2, w, h).to_image();
    imageops::resize(&cut, zone.width, zone.height, imageops::FilterType::Lanczos3)
}

/// The median colour of the two edges that the bars will touch: a frame or a plain ground goes on into the bar.
fn edge_colour(picture: &RgbImage, bars_left_and_right: bool) -> Rgb<u8> {
    let (width, height) = picture.dimensions();
    let mut channels: [Vec<u8>; 3] = Default::default();
    let mut take = |x: u32, y: u32| {
        for (channel, &value) in channels.iter_mut().zip(&picture.get_pixel(x, y).0) {
            channel.push(value);
        }
    };
    if bars_left_and_right {
        (0..height).for_each(|y| [0, width - 1].into_iter().for_each(|x| take(x, y)));
    } else {
        (0..width).for_each(|x| [0, height - 1].into_iter().for_each(|y| take(x, y)));
    }
    Rgb(channels.map(|mut values| {
        let middle = values.len() / 2;
        *values.select_nth_unstable(middle).1
    }))
}
