//! Comparing what a wall shows with the very pixels that the server made for it.

use image::{RgbaImage, imageops};
use xuanping_core::geometry::Rect;

/// The part of a wall's picture that a zone covers.
pub fn zone_of(picture: &RgbaImage, zone: Rect) -> RgbaImage {
    imageops::crop_imm(picture, zone.x, zone.y, zone.width, zone.height).to_image()
}

/// Decodes a rendition.
pub fn decode(png: &[u8]) -> RgbaImage {
    image::load_from_memory(png).expect("a rendition is a picture").to_rgba8()
}

/// `Ok` if every pixel is the same; else how many are not.
pub fn same(shown: &RgbaImage, wanted: &RgbaImage) -> Result<(), String> {
    if shown.dimensions() != wanted.dimensions() {
        return Err(format!("{:?} pixels instead of {:?}", shown.dimensions(), wanted.dimensions()));
    }
    let different = shown.pixels().zip(wanted.pixels()).filter(|(a, b)| a.0[..3] != b.0[..3]).count();
    if different == 0 { Ok(()) } else { Err(format!("{different} pixels differ")) }
}

/// `Ok` if the zone shows some part of a strip that may be scrolling: at some shift, everything that is in view is the
/// strip's, pixel by pixel, and enough of it is in view to tell it from any other.
pub fn shows_strip(shown: &RgbaImage, strip: &RgbaImage) -> Result<(), String> {
    if shown.height() != strip.height() {
        return Err(format!("{} rows instead of {}", shown.height(), strip.height()));
    }
    let (zone, wide) = (i64::from(shown.width()), i64::from(strip.width()));
    let enough = (zone / 2).min(wide);
    let offsets = if wide <= zone { (zone - wide) / 2..=(zone - wide) / 2 } else { enough - wide..=zone - enough };
    for offset in offsets {
        let (from, to) = (offset.max(0), (offset + wide).min(zone));
        let same = (from..to).all(|x| {
            (0..shown.height())
                .all(|y| shown.get_pixel(x as u32, y).0[..3] == strip.get_pixel((x - offset) as u32, y).0[..3])
        });
        if same {
            return Ok(());
        }
    }
    Err("the strip is nowhere in the zone".to_owned())
}
