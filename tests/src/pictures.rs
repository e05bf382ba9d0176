//! Comparing what a wall shows with the very pixels that the server made for it.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

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

/// Every frame of a clip, scaled to a size, by Debian's ffmpeg: another decoder than the player's.
pub fn frames(clip: &[u8], (width, height): (u32, u32)) -> Vec<RgbaImage> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(clip).expect("the clip is written");
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file.path())
        .args(["-vf", &format!("scale={width}:{height}"), "-f", "rawvideo", "-pix_fmt", "rgba", "-"])
        .stdin(Stdio::null())
        .output()
        .expect("ffmpeg is there");
    assert!(decoded.status.success(), "{}", String::from_utf8_lossy(&decoded.stderr));
    let frame = |pixels: &[u8]| RgbaImage::from_raw(width, height, pixels.to_vec()).expect("a whole frame");
    decoded.stdout.chunks_exact((width * height * 4) as usize).map(frame).collect()
}

/// `Ok` if two pictures look alike although another decoder made one of them; else how far they are apart, in 255ths of
/// full brightness on average.
pub fn alike(shown: &RgbaImage, wanted: &RgbaImage) -> Result<(), String> {
    if shown.dimensions() != wanted.dimensions() {
        return Err(format!("{:?} pixels instead of {:?}", shown.dimensions(), wanted.dimensions()));
    }
    let apart = |(a, b): (&image::Rgba<u8>, &image::Rgba<u8>)| {
        a.0.iter().zip(b.0).take(3).map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>()
    };
    let sum: f64 = shown.pixels().zip(wanted.pixels()).map(apart).sum();
    let average = sum / f64::from(shown.width() * shown.height() * 3);
    if average < 4.0 { Ok(()) } else { Err(format!("{average:.1} apart")) }
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

/// `Ok` if every pixel that lies in none of these zones is black; else how many are not.
pub fn black_outside(picture: &RgbaImage, zones: &[Rect]) -> Result<(), String> {
    let inside = |x, y| zones.iter().any(|zone| zone.overlaps(Rect { x, y, width: 1, height: 1 }));
    let lit = picture.enumerate_pixels().filter(|(x, y, pixel)| pixel.0[..3] != [0, 0, 0] && !inside(*x, *y)).count();
    if lit == 0 { Ok(()) } else { Err(format!("{lit} pixels outside the zones are lit")) }
}
