//! The standby picture: what the public sees when there is nothing to show, for whatever reason. Calm, and never a message.

use xuanping_core::{geometry::Rect, vocabulary::ScreenKind};

use super::{
    Colour, Frame,
    lettering::{Line, Weight, width, write, write_name},
};

pub(super) const TOP: Colour = Colour::rgb(14, 38, 66);
pub(super) const BOTTOM: Colour = Colour::rgb(6, 17, 32);
pub(super) const INK: Colour = Colour::rgb(240, 244, 250);
pub(super) const QUIET: Colour = Colour::rgb(139, 160, 186);
pub(super) const ACCENT: Colour = Colour::rgb(230, 172, 76);
const LAMP: Colour = Colour::rgb(96, 44, 0);

/// What stands under the name.
pub(super) const LINE: &str = "公共安全宣传屏";

/// Whether a rectangle is made of lamps, or so small that letters must be.
pub(super) fn is_lamps(rect: Rect, kind: ScreenKind) -> bool {
    kind == ScreenKind::LedStrip || rect.height < 160 || rect.width < 240
}

/// Draws it into a rectangle.
pub(super) fn draw(frame: &mut Frame, rect: Rect, kind: ScreenKind) {
    if is_lamps(rect, kind) {
        if kind == ScreenKind::Lcd {
            // A ticker without a line is a plain foot, not a dead display.
            ground(frame, rect, BOTTOM, BOTTOM);
        } else {
            frame.fill(rect, Colour::BLACK);
            write_name(frame, rect, LAMP);
        }
        return;
    }
    ground(frame, rect, TOP, BOTTOM);
    let unit = unit(rect);
    let middle = rect.x as f32 + rect.width as f32 / 2.0;
    let line = rect.y as f32 + rect.height as f32 / 2.0;
    name(frame, middle, line - 6.0 * unit, 108.0 * unit);
    let text = Line { text: LINE, weight: Weight::Regular, size: 34.0 * unit, spacing: 12.0 * unit, colour: QUIET };
    rule(frame, middle, line + 42.0 * unit, 64.0 * unit, unit);
    write(frame, text, middle, line + 108.0 * unit);
}

/// The length that everything is measured in: 1 on a display whose shorter edge has 1080 pixels.
pub(super) fn unit(rect: Rect) -> f32 {
    rect.width.min(rect.height) as f32 / 1080.0
}

/// 宣屏, centred, its baseline at `y`.
pub(super) fn name(frame: &mut Frame, x: f32, y: f32, size: f32) {
    let line = Line { text: "宣屏", weight: Weight::Bold, size, spacing: size * 0.18, colour: INK };
    write(frame, line, x, y);
}

/// A short golden line, centred.
pub(super) fn rule(frame: &mut Frame, x: f32, y: f32, wide: f32, unit: f32) {
    let thick = (4.0 * unit).max(1.0) as u32;
    let rect = Rect { x: (x - wide / 2.0) as u32, y: y as u32, width: wide as u32, height: thick };
    frame.fill(rect, ACCENT);
}

/// A ground that gets darker downwards, without visible steps: neighbouring rows are mixed by a fixed pattern.
pub(super) fn ground(frame: &mut Frame, rect: Rect, top: Colour, bottom: Colour) {
    let Some(rect) = frame.clip(rect) else { return };
    let last = u64::from(rect.height.max(2) - 1);
    for y in 0..rect.height {
        let exact = u64::from(y) * 255 * 4 / last;
        for x in 0..rect.width {
            let dither = [[0, 2], [3, 1]][(y & 1) as usize][(x & 1) as usize];
            let amount = ((exact + dither) / 4).min(255) as u8;
            frame.row_mut(rect.x + x, rect.y + y, 1)[0] = top.mix(bottom, amount).0;
        }
    }
}

/// The largest size up to `size` at which a line is no wider than `room`.
pub(super) fn fitting(text: &str, weight: Weight, size: f32, room: f32) -> f32 {
    let wide = width(text, weight, size, 0.0);
    if wide > room { size * room / wide } else { size }
}
