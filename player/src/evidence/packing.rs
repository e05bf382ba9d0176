//! A frame as a small file: a PNG where that is small enough, so that the dots of an LED wall stay dots; else a JPEG, ever
//! smaller until it fits.

use image::{ExtendedColorType, ImageEncoder as _, ImageError, codecs::jpeg::JpegEncoder};

use crate::stage::Frame;

/// Bytes of a picture at most.
pub const MOST_BYTES: usize = 150_000;
/// Pixels of a wall whose PNG is worth a try.
const FEW_PIXELS: u64 = 200_000;
/// The longest edge and the quality that are tried, best first. The last is small enough for anything.
const TRIES: [(u32, u8); 5] = [(1_280, 85), (1_280, 70), (960, 70), (640, 60), (320, 50)];

/// The frame as a PNG or JPEG.
pub fn pack(frame: &Frame) -> Result<Vec<u8>, ImageError> {
    let size = frame.size();
    if u64::from(size.width) * u64::from(size.height) <= FEW_PIXELS {
        let png = frame.to_png(size.width.max(size.height))?;
        if png.len() <= MOST_BYTES {
            return Ok(png);
        }
    }
    let mut packed = Vec::new();
    for (longest, quality) in TRIES {
        let (size, pixels) = frame.shrunk(longest);
        packed.clear();
        JpegEncoder::new_with_quality(&mut packed, quality).write_image(
            &pixels,
            size.width,
            size.height,
            ExtendedColorType::Rgb8,
        )?;
        if packed.len() <= MOST_BYTES {
            break;
        }
    }
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use xuanping_core::geometry::Size;

    use super::*;

    /// As hard to pack as can be: every pixel another colour.
    fn noise(size: Size) -> Frame {
        let mut frame = Frame::new(size);
        let mut state = 1_u32;
        for y in 0..size.height {
            for pixel in frame.row_mut(0, y, size.width) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *pixel = state >> 8;
            }
        }
        frame
    }

    #[test]
    fn whatever_a_wall_shows_its_picture_stays_small_and_keeps_its_shape() {
        for (width, height) in [(1_920, 1_080), (1_080, 1_920), (3_840, 2_160), (640, 480), (2_048, 16), (64, 64)] {
            let packed = pack(&noise(Size { width, height })).unwrap();
            assert!(packed.len() <= MOST_BYTES, "{width}×{height}: {} bytes", packed.len());
            let picture = image::load_from_memory(&packed).unwrap();
            let bend = f64::from(picture.width()) * f64::from(height) / f64::from(picture.height()) / f64::from(width);
            assert!(
                (0.9..1.1).contains(&bend) || height < 64,
                "{width}×{height} became {}×{}",
                picture.width(),
                picture.height()
            );
        }
    }

    #[test]
    fn an_led_wall_is_kept_dot_by_dot() {
        let mut frame = Frame::new(Size { width: 512, height: 32 });
        frame.row_mut(17, 9, 1)[0] = 0x00ff_0000;
        let picture = image::load_from_memory(&pack(&frame).unwrap()).unwrap().to_rgb8();
        assert_eq!((picture.dimensions(), picture.get_pixel(17, 9).0), ((512, 32), [255, 0, 0]));
        assert_eq!(picture.pixels().filter(|pixel| pixel.0 != [0, 0, 0]).count(), 1);
    }
}
