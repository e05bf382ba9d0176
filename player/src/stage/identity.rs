//! Who a screen is, over everything: a code that the console shows too, where the screen hangs, and what it is called.

use xuanping_core::{geometry::Rect, playlist::Lamps};

use super::{
    Colour, Frame, Wall,
    lettering::write_digits,
    standby::{ACCENT, BOTTOM, INK, TOP, ground, is_lamps},
};

/// What a screen says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Digits.
    pub code: String,
    /// Lines of text, the screen's own name last.
    pub lines: Vec<Lamps>,
}

const LAMP: Colour = Colour::rgb(255, 150, 0);
const ROWS: u32 = Lamps::ROWS as u32;

/// Draws it over the whole frame.
pub(super) fn draw(frame: &mut Frame, wall: &Wall, identity: &Identity) {
    let rect = wall.size.rect();
    if is_lamps(rect, wall.kind) {
        frame.fill(rect, Colour::BLACK);
        draw_strip(frame, rect, identity);
        return;
    }
    ground(frame, rect, TOP, BOTTOM);
    let margin = rect.width.min(rect.height) / 14;
    let (width, height) = (rect.width - 2 * margin, rect.height - 2 * margin);
    let lines = u32::try_from(identity.lines.len()).unwrap_or(0);
    // The code takes the lower half; above it each line as large as it can be.
    let room = height / 2 / lines.max(1);
    let mut y = margin;
    for (place, line) in (1..).zip(&identity.lines) {
        let colour = if place == lines { INK } else { ACCENT };
        write_lamps(frame, Rect { x: margin, y, width, height: room * 4 / 5 }, line, colour);
        y += room;
    }
    let code = Rect { x: margin, y: y + height / 12, width, height: height * 5 / 12 };
    write_digits(frame, code, &identity.code, INK);
}

/// The code, and beside it the name if there is room for it.
fn draw_strip(frame: &mut Frame, rect: Rect, identity: &Identity) {
    let code = u32::try_from(identity.code.len()).unwrap_or(0) * 10 * (rect.height / ROWS).max(1);
    let name = identity.lines.last().filter(|line| code + rect.height / 2 + u32::from(line.width) <= rect.width);
    let Some(name) = name else {
        write_digits(frame, rect, &identity.code, LAMP);
        return;
    };
    write_digits(frame, Rect { width: code, ..rect }, &identity.code, LAMP);
    let left = code + rect.height / 2;
    write_lamps(frame, Rect { x: rect.x + left, width: rect.width - left, ..rect }, name, LAMP);
}

/// A line in the middle of a rectangle, every lamp enlarged by the same whole number; cut off where it is too long.
fn write_lamps(frame: &mut Frame, rect: Rect, line: &Lamps, colour: Colour) {
    let wide = u32::from(line.width).max(1);
    let scale = (rect.height / ROWS).min(rect.width / wide).max(1);
    let left = rect.x + rect.width.saturating_sub(wide * scale) / 2;
    let top = rect.y + rect.height.saturating_sub(ROWS * scale) / 2;
    for y in 0..ROWS {
        for x in (0..wide).filter(|x| line.is_lit(*x as usize, y as usize)) {
            frame.fill(Rect { x: left + x * scale, y: top + y * scale, width: scale, height: scale }, colour);
        }
    }
}
