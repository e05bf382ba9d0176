//! Slogans as strips: one line, as high as its zone, as wide as it needs to be.
//! Small LED gets bitmap glyphs drawn for sixteen rows, larger LED thresholded outlines, an LCD ticker smooth text.

use xuanping_core::{
    geometry::{Rect, Size, ZoneName},
    playlist::{Lamps, Show},
    time::Millis,
    vocabulary::ScreenKind,
};

use super::{
    RenderError, Rendered, Style,
    fonts::{Placing, SetLine, Typesetter, Weight},
    paint::{Bitmap, Canvas},
};
use crate::content::class::ScreenClass;

/// Rows of a Unifont glyph. A Chinese character cannot be drawn in fewer.
pub const BITMAP_ROWS: u32 = 16;
/// From this height on, thresholded outlines are more legible than 16-row glyphs lost in the dark.
const OUTLINE_ROWS: u32 = 24;
/// Below this height even a full-colour zone gets lit-or-dark glyphs: smooth edges on few rows are a blur.
const SMOOTH_ROWS: u32 = 48;
/// Coverage from which a pixel is lit. Tuned by eye on 24, 32 and 64 rows: higher breaks thin strokes, lower fills 警 and 赢.
const THRESHOLD: u8 = 112;

/// Whether slogans in this class are lit-or-dark strips.
pub const fn is_one_bit(class: ScreenClass) -> bool {
    matches!(class.kind, ScreenKind::LedStrip) || class.size.height < SMOOTH_ROWS
}

/// Whether slogans in this class are strips at all; otherwise they are cards.
pub const fn is_strip(class: ScreenClass) -> bool {
    matches!(class.zone, ZoneName::Ticker) || is_one_bit(class)
}

/// A slogan as a strip for this class.
pub fn slogan(text: &str, class: ScreenClass, style: &Style, fonts: &Typesetter) -> Result<Rendered, RenderError> {
    let zone = class.size;
    let (file, width) = if is_one_bit(class) {
        let bitmap = match zone.height {
            0..BITMAP_ROWS => return Err(RenderError::TooLow { height: zone.height, needed: BITMAP_ROWS }),
            BITMAP_ROWS..OUTLINE_ROWS => bitmap_glyphs(text, zone.height)?,
            _ => outlines(text, zone.height, fonts)?,
        };
        let width = bitmap.size().width;
        (bitmap.into_png(style.led_ink)?, width)
    } else {
        smooth(text, zone, style, fonts)?
    };
    let size = Size { width, height: zone.height };
    let speed = pixels_per_second(zone.height);
    Ok(Rendered {
        file,
        show: Show::Strip { size, pixels_per_second: speed },
        duration: strip_duration(text, width, zone, speed),
    })
}

/// Whole pixels per frame at 60 frames a second, and no faster than about four characters a second: 60 px/s up to
/// 64 rows, 120 px/s on a 120-row ticker, and so on.
pub const fn pixels_per_second(height: u32) -> u32 {
    let per_frame = (height + 30) / 60;
    if per_frame == 0 { 60 } else { per_frame * 60 }
}

/// How long a slogan must stand to be read: 300 ms a character, six seconds at least.
pub fn reading_time(text: &str) -> Millis {
    Millis((text.chars().filter(|c| !c.is_whitespace()).count() as u32).saturating_mul(300).max(6_000))
}

fn strip_duration(text: &str, width: u32, zone: Size, speed: u32) -> Millis {
    if width <= zone.width {
        return reading_time(text);
    }
    let pass = (u64::from(zone.width) + u64::from(width)) * 1_000;
    Millis(u32::try_from(pass.div_ceil(u64::from(speed))).unwrap_or(u32::MAX))
}

fn checked_width(width: u32) -> Result<u32, RenderError> {
    if (1..=Size::MAX_EDGE).contains(&width) {
        Ok(width)
    } else {
        Err(RenderError::TooLong { width, most: Size::MAX_EDGE })
    }
}

/// The characters for which the 16-row bitmap font has no glyph.
pub fn missing_bitmap_glyphs(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|&c| !c.is_whitespace() && unifont::get_glyph(c).is_none())
}

/// Unifont, pixel for pixel. The first and last columns stay dark.
fn bitmap_glyphs(text: &str, height: u32) -> Result<Bitmap, RenderError> {
    let missing: Vec<char> = missing_bitmap_glyphs(text).collect();
    if !missing.is_empty() {
        return Err(RenderError::MissingGlyphs { font: super::Font::Unifont, glyphs: missing });
    }
    let glyphs: Vec<_> = text.chars().filter_map(unifont::get_glyph).collect();
    let width = checked_width(2 + glyphs.iter().map(|g| g.get_width() as u32).sum::<u32>())?;
    let mut bitmap = Bitmap::dark(Size { width, height });
    let top = ((height - BITMAP_ROWS) / 2) as i32;
    let mut pen = 1;
    for glyph in glyphs {
        for y in 0..BITMAP_ROWS as usize {
            for x in (0..glyph.get_width()).filter(|&x| glyph.get_pixel(x, y)) {
                bitmap.light(pen + x as i32, top + y as i32);
            }
        }
        pen += glyph.get_width() as i32;
    }
    Ok(bitmap)
}

/// A line of sixteen rows for a player that has no fonts: what the bitmap font lacks is a full-width blank, and what does not fit
/// is cut off.
pub fn lamps(text: &str) -> Lamps {
    let glyphs: Vec<_> =
        text.chars().map(|c| unifont::get_glyph(c).or_else(|| unifont::get_glyph('\u{3000}'))).collect();
    let width: usize = glyphs.iter().flatten().map(|glyph| glyph.get_width()).sum();
    let mut line = Lamps::dark(u16::try_from(width).unwrap_or(Lamps::WIDEST).min(Lamps::WIDEST));
    let mut pen = 0;
    for glyph in glyphs.into_iter().flatten() {
        for y in 0..Lamps::ROWS {
            for x in (0..glyph.get_width()).filter(|&x| glyph.get_pixel(x, y)) {
                line.light(pen + x, y);
            }
        }
        pen += glyph.get_width();
    }
    line
}

/// Noto Sans CJK, as large as the height allows, each pixel lit or dark.
fn outlines(text: &str, height: u32, fonts: &Typesetter) -> Result<Bitmap, RenderError> {
    refuse_missing(text, fonts)?;
    // The em square of a CJK font has air around the character: nearly the whole height may be em.
    let mut em = height as f32;
    let line = loop {
        let line = fonts.set(text, Weight::Regular, em, Placing::WholePixels);
        if line.height <= height || em <= BITMAP_ROWS as f32 {
            break line;
        }
        em -= 1.0;
    };
    let width = checked_width(line.advance.max(line.width) + 2)?;
    let mut bitmap = Bitmap::dark(Size { width, height });
    let baseline = one_bit_baseline(&line, em, height);
    let (left, top) = (1 + line.left.max(0), baseline - line.ascent);
    for (y, row) in line.coverage.chunks_exact(line.width.max(1) as usize).enumerate() {
        for (x, _) in row.iter().enumerate().filter(|&(_, &ink)| ink >= THRESHOLD) {
            bitmap.light(left + x as i32, top + y as i32);
        }
    }
    Ok(bitmap)
}

/// Where the em square stands in the middle of the height, moved as little as it takes for no ink to be cut off.
fn one_bit_baseline(line: &SetLine, em: f32, height: u32) -> i32 {
    let height = height as i32;
    let centred = ((height as f32 - em) / 2.0 + 0.88 * em).round() as i32;
    let lowest = height - (line.height as i32 - line.ascent);
    centred.min(lowest).max(line.ascent)
}

/// Smooth text for an LCD ticker. If it fits, the strip is as wide as the zone with the text in its middle, so that the
/// zone is filled; if it scrolls, it is as wide as the text and the player goes on with the ground colour on either side.
fn smooth(text: &str, zone: Size, style: &Style, fonts: &Typesetter) -> Result<(Vec<u8>, u32), RenderError> {
    refuse_missing(text, fonts)?;
    let em = (zone.height as f32 * 0.6).round();
    let line = fonts.set(text, Weight::Bold, em, Placing::Smooth);
    let margin = (em / 2.0) as u32;
    let fits = line.advance + 2 * margin <= zone.width;
    let width = checked_width(if fits { zone.width } else { line.advance.max(line.width) + 2 })?;
    let mut canvas = Canvas::filled(Size { width, height: zone.height }, style.ground_low);
    let rule = (zone.height / 40).max(1);
    canvas.fill(Rect { x: 0, y: 0, width, height: rule }, style.gold);
    let pen = (width.saturating_sub(line.advance) / 2) as i32;
    let middle = rule as f32 + (zone.height - rule) as f32 / 2.0;
    // 0.38 em above the baseline is the middle of a Chinese character.
    canvas.ink(&line, pen, (middle + 0.38 * em).round() as i32, style.text);
    Ok((canvas.into_png()?, width))
}

fn refuse_missing(text: &str, fonts: &Typesetter) -> Result<(), RenderError> {
    let missing = fonts.missing(text);
    if missing.is_empty() {
        return Ok(());
    }
    Err(RenderError::MissingGlyphs { font: super::Font::NotoSansCjk, glyphs: missing.into_iter().collect() })
}
