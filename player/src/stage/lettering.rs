//! Letters for the player's own screens: a small outline font where pixels are many, bitmaps where each one is a lamp.

use swash::{
    FontRef,
    scale::{Render, ScaleContext, Source, image::Content},
    zeno::Format,
};
use xuanping_core::geometry::Rect;

use super::{Colour, Frame};

/// How heavy letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

const REGULAR: &[u8] = include_bytes!("../../assets/NotoSansSC-Regular.otf");
const BOLD: &[u8] = include_bytes!("../../assets/NotoSansSC-Bold.otf");

fn font(weight: Weight) -> Option<FontRef<'static>> {
    FontRef::from_index(if weight == Weight::Bold { BOLD } else { REGULAR }, 0)
}

/// Whether the embedded fonts have every character.
#[cfg(test)]
pub(super) fn can_write(text: &str) -> bool {
    [Weight::Regular, Weight::Bold]
        .into_iter()
        .all(|w| font(w).is_some_and(|font| text.chars().all(|c| font.charmap().map(c) != 0)))
}

/// The width of a line at a size (pixels per em), with `spacing` pixels more after each character but the last.
pub(super) fn width(text: &str, weight: Weight, size: f32, spacing: f32) -> f32 {
    let Some(font) = font(weight) else { return 0.0 };
    let (map, metrics) = (font.charmap(), font.glyph_metrics(&[]).scale(size));
    let letters: f32 = text.chars().map(|c| metrics.advance_width(map.map(c))).sum();
    letters + spacing * text.chars().count().saturating_sub(1) as f32
}

/// A line of text to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub text: &'a str,
    pub weight: Weight,
    /// Pixels per em.
    pub size: f32,
    pub spacing: f32,
    pub colour: Colour,
}

/// Writes a line centred at `x`, its baseline at `y`.
pub(super) fn write(frame: &mut Frame, line: Line<'_>, x: f32, y: f32) {
    let Some(font) = font(line.weight) else { return };
    let mut at = x - width(line.text, line.weight, line.size, line.spacing) / 2.0;
    let (map, metrics) = (font.charmap(), font.glyph_metrics(&[]).scale(line.size));
    let mut context = ScaleContext::new();
    let mut scaler = context.builder(font).size(line.size).hint(false).build();
    let sources = [Source::Outline];
    for letter in line.text.chars() {
        let glyph = map.map(letter);
        let mut render = Render::new(&sources);
        // Whole pixels: the strokes of like letters look alike.
        let left = at.round();
        if let Some(image) = render.format(Format::Alpha).render(&mut scaler, glyph)
            && image.content == Content::Mask
        {
            let place = image.placement;
            for (number, coverage) in image.data.iter().enumerate().filter(|(_, c)| **c > 0) {
                let (dx, dy) = (number as u32 % place.width, number as u32 / place.width);
                let px = left as i64 + i64::from(place.left) + i64::from(dx);
                let py = y.round() as i64 - i64::from(place.top) + i64::from(dy);
                frame.blend(px, py, line.colour, *coverage);
            }
        }
        at += metrics.advance_width(glyph) + line.spacing;
    }
}

/// Digits of 8 × 14 lamps, two lamps strong, drawn for LED modules 16 lamps high.
const DIGITS: [[u8; 14]; 10] = [
    [0x3c, 0x7e, 0xe7, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xe7, 0x7e, 0x3c],
    [0x18, 0x38, 0x78, 0x78, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x7e, 0x7e],
    [0x3c, 0x7e, 0xe7, 0xc3, 0x03, 0x03, 0x07, 0x0e, 0x1c, 0x38, 0x70, 0xe0, 0xff, 0xff],
    [0x3c, 0x7e, 0xe7, 0xc3, 0x03, 0x07, 0x1e, 0x1e, 0x07, 0x03, 0xc3, 0xe7, 0x7e, 0x3c],
    [0x06, 0x0e, 0x0e, 0x1e, 0x1e, 0x36, 0x36, 0x66, 0x66, 0xff, 0xff, 0x06, 0x06, 0x06],
    [0xff, 0xff, 0xc0, 0xc0, 0xc0, 0xfc, 0xfe, 0x07, 0x03, 0x03, 0xc3, 0xe7, 0x7e, 0x3c],
    [0x3c, 0x7e, 0xe7, 0xc0, 0xc0, 0xfc, 0xfe, 0xe7, 0xc3, 0xc3, 0xc3, 0xe7, 0x7e, 0x3c],
    [0xff, 0xff, 0x03, 0x03, 0x06, 0x06, 0x0c, 0x0c, 0x18, 0x18, 0x18, 0x30, 0x30, 0x30],
    [0x3c, 0x7e, 0xe7, 0xc3, 0xc3, 0xe7, 0x7e, 0x7e, 0xe7, 0xc3, 0xc3, 0xe7, 0x7e, 0x3c],
    [0x3c, 0x7e, 0xe7, 0xc3, 0xc3, 0xc3, 0xe7, 0x7f, 0x3f, 0x03, 0x03, 0xe7, 0x7e, 0x3c],
];
const DIGIT_HEIGHT: u32 = 14;
/// Eight lamps and two dark ones.
const DIGIT_STEP: u32 = 10;

/// 宣屏 in 16 × 16 lamps, after GNU Unifont.
const NAME: [[u16; 16]; 2] = [
    [
        0x0200, 0x0100, 0x7ffe, 0x4002, 0x8004, 0x3ff8, 0x0000, 0x1ff0, 0x1010, 0x1ff0, 0x1010, 0x1ff0, 0x1010, 0x0000,
        0xfffe, 0x0000,
    ],
    [
        0x0000, 0x3ff8, 0x2008, 0x2008, 0x3ff8, 0x2410, 0x2220, 0x2ff8, 0x2220, 0x2220, 0x3ffc, 0x2220, 0x4220, 0x4420,
        0x8420, 0x0820,
    ],
];

/// Writes digits and blanks in the middle of a rectangle, every lamp enlarged by the same whole number so that they fill it.
pub(super) fn write_digits(frame: &mut Frame, rect: Rect, digits: &str, colour: Colour) {
    let cells = digits.chars().count() as u32;
    let wide = (cells * DIGIT_STEP).saturating_sub(2).max(1);
    let scale = (rect.height / DIGIT_HEIGHT).min(rect.width / wide).max(1);
    let left = rect.x + rect.width.saturating_sub(wide * scale) / 2;
    let top = rect.y + rect.height.saturating_sub(DIGIT_HEIGHT * scale) / 2;
    for (place, digit) in (0..).zip(digits.chars()) {
        let Some(rows) = digit.to_digit(10).and_then(|d| DIGITS.get(d as usize)) else { continue };
        for (y, bits) in (0..).zip(rows) {
            for x in (0..8).filter(|x| bits & (0x80 >> x) != 0) {
                let x = left + (place * DIGIT_STEP + x) * scale;
                frame.fill(Rect { x, y: top + y * scale, width: scale, height: scale }, colour);
            }
        }
    }
}

/// Writes 宣屏 in lamps in the middle of a rectangle; nothing if it is too small.
pub(super) fn write_name(frame: &mut Frame, rect: Rect, colour: Colour) {
    let scale = (rect.height / 32).max(1).min(rect.width / 36);
    if scale == 0 || rect.height < 16 {
        return;
    }
    let left = rect.x + (rect.width - 36 * scale) / 2;
    let top = rect.y + (rect.height - 16 * scale) / 2;
    for (place, rows) in (0..).zip(NAME) {
        for (y, bits) in (0..).zip(rows) {
            for x in (0..16).filter(|x| bits & (0x8000 >> x) != 0) {
                let x = left + (place * 20 + x) * scale;
                frame.fill(Rect { x, y: top + y * scale, width: scale, height: scale }, colour);
            }
        }
    }
}
