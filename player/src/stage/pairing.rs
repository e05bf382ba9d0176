//! The pairing screen: a code that can be read across a hall, and one sentence that says what to do with it.

use xuanping_core::geometry::Rect;

use super::{
    Colour, Frame, Wall,
    lettering::{Line, Weight, width, write, write_digits},
    standby::{ACCENT, BOTTOM, INK, QUIET, TOP, fitting, ground, is_lamps, name},
};

pub(super) const TITLE: &str = "等待配对";
pub(super) const ASKING: &str = "正在连接服务器";
pub(super) const ASKING_HINT: &str = "请检查网线和服务器地址";
pub(super) const HOW: [&str; 2] = ["请打开管理台：屏幕 → 配对新屏幕", "输入下方 8 位配对码"];
pub(super) const FOOT: &str = "配对码 15 分钟内有效，到期自动更换";
const LAMP: Colour = Colour::rgb(255, 150, 0);
const CARD: Colour = Colour::rgb(20, 50, 84);
const EDGE: Colour = Colour::rgb(42, 80, 122);

/// Draws it over the whole frame.
pub(super) fn draw(frame: &mut Frame, wall: &Wall, code: Option<&str>) {
    let rect = wall.size.rect();
    if is_lamps(rect, wall.kind) {
        frame.fill(rect, Colour::BLACK);
        // Without a code yet: eight dark places, so that a working display can be told from a dead one.
        match code {
            Some(code) => write_digits(frame, rect, &grouped(code), LAMP),
            None => waiting_lamps(frame, rect),
        }
        return;
    }
    ground(frame, rect, TOP, BOTTOM);
    let (wide, high) = (rect.width as f32, rect.height as f32);
    let unit = wide.min(high) / 1080.0;
    let (middle, room) = (wide / 2.0, wide - 96.0 * unit);
    let centre = high / 2.0 + 30.0 * unit;
    name(frame, middle, 112.0 * unit, 48.0 * unit);
    let Some(code) = code else {
        let title = Line { text: ASKING, weight: Weight::Bold, size: 84.0 * unit, spacing: 6.0 * unit, colour: INK };
        write(frame, title, middle, centre - 40.0 * unit);
        let hint =
            Line { text: ASKING_HINT, weight: Weight::Regular, size: 40.0 * unit, spacing: 2.0 * unit, colour: QUIET };
        write(frame, hint, middle, centre + 60.0 * unit);
        note(frame, wall, middle, high - 72.0 * unit, unit);
        return;
    };
    let code = grouped(code);
    // The code fills the width it is given, but is never so tall that it leaves no room for the words.
    let tall = fitting(&code, Weight::Bold, 260.0 * unit, room - 96.0 * unit);
    let card_high = tall * 1.28;
    let card_wide = width(&code, Weight::Bold, tall, 0.0) + 160.0 * unit;
    let card = Rect {
        x: ((wide - card_wide.min(room)) / 2.0) as u32,
        y: (centre - card_high / 2.0 + 84.0 * unit) as u32,
        width: card_wide.min(room) as u32,
        height: card_high as u32,
    };
    let line = (3.0 * unit).max(1.0) as u32;
    rounded(frame, card, (28.0 * unit) as u32, EDGE);
    let inner = Rect {
        x: card.x + line,
        y: card.y + line,
        width: card.width.saturating_sub(2 * line),
        height: card.height.saturating_sub(2 * line),
    };
    rounded(frame, inner, (26.0 * unit) as u32, CARD);
    let digits = Line { text: &code, weight: Weight::Bold, size: tall, spacing: 0.0, colour: INK };
    // Digits are 0.733 em high: their middle is the card's.
    write(frame, digits, middle, card.y as f32 + card_high / 2.0 + tall * 0.366);

    let above = card.y as f32;
    let small = fitting(HOW[0], Weight::Regular, 46.0 * unit, room);
    let how = |text| Line { text, weight: Weight::Regular, size: small, spacing: 0.0, colour: INK };
    write(frame, how(HOW[0]), middle, above - 132.0 * unit);
    write(frame, how(HOW[1]), middle, above - 60.0 * unit);
    let title = Line { text: TITLE, weight: Weight::Bold, size: 76.0 * unit, spacing: 10.0 * unit, colour: ACCENT };
    write(frame, title, middle, above - 232.0 * unit);
    let below = (card.y + card.height) as f32;
    let foot = Line { text: FOOT, weight: Weight::Regular, size: 36.0 * unit, spacing: 1.0 * unit, colour: QUIET };
    write(frame, foot, middle, below + 88.0 * unit);
    note(frame, wall, middle, high - 72.0 * unit, unit);
}

fn note(frame: &mut Frame, wall: &Wall, x: f32, y: f32, unit: f32) {
    let size = fitting(&wall.note, Weight::Regular, 26.0 * unit, wall.size.width as f32 - 96.0 * unit);
    let line = Line { text: &wall.note, weight: Weight::Regular, size, spacing: 0.0, colour: QUIET };
    write(frame, line, x, y);
}

/// `12345678` → `1234 5678`.
fn grouped(code: &str) -> String {
    let digits: Vec<char> = code.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn waiting_lamps(frame: &mut Frame, rect: Rect) {
    let side = (rect.height / 8).max(1);
    for place in 0..3 {
        let x = rect.x + rect.width / 2 + place * side * 3;
        let x = x.saturating_sub(side * 7 / 2);
        frame.fill(Rect { x, y: rect.y + rect.height.saturating_sub(side) / 2, width: side, height: side }, LAMP);
    }
}

/// Fills a rectangle with round corners, softened at their edge.
fn rounded(frame: &mut Frame, rect: Rect, radius: u32, colour: Colour) {
    let radius = radius.min(rect.width / 2).min(rect.height / 2);
    frame.fill(Rect { y: rect.y + radius, height: rect.height.saturating_sub(2 * radius), ..rect }, colour);
    let r = radius as f32;
    for y in 0..radius {
        for x in 0..rect.width {
            let edge = x.min(rect.width - 1 - x);
            let amount = if edge >= radius {
                255
            } else {
                let (dx, dy) = (r - edge as f32 - 0.5, r - y as f32 - 0.5);
                ((r + 0.5 - (dx * dx + dy * dy).sqrt()).clamp(0.0, 1.0) * 255.0) as u8
            };
            for row in [rect.y + y, rect.y + rect.height - 1 - y] {
                frame.blend(i64::from(rect.x + x), i64::from(row), colour, amount);
            }
        }
    }
}
