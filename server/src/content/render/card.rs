//! Slogans as cards: a whole zone given to one sentence, as large as it can be set well.
//! Deep red ground, warm white type, a gold head line saying what it warns of, and the anti-fraud line at the foot.

use xuanping_core::{
    geometry::{Rect, Size},
    playlist::Show,
    vocabulary::FraudType,
};

use super::{
    Font, RenderError, Rendered, Style,
    fonts::{Placing, Typesetter, Weight},
    lines::{self, Broken, Cluster},
    paint::{Canvas, Colour},
    strip::reading_time,
};

/// From one line's baseline to the next, in ems.
const PITCH: f32 = 1.36;
/// Height of a Chinese character above the baseline, in ems; the whole is one em.
const ABOVE: f32 = 0.88;
/// Zones lower than this have room for the slogan only.
const FURNISHED: u32 = 320;
/// How strongly a badly broken text loses against a smaller but well broken one.
const TASTE: f32 = 0.15;
/// The ink of a mark that hangs lies in the first half of its width.
const HANGING_INK: f32 = 0.5;

/// A slogan as a card of the zone's size.
pub fn slogan(
    text: &str,
    fraud: FraudType,
    zone: Size,
    style: &Style,
    fonts: &Typesetter,
) -> Result<Rendered, RenderError> {
    let missing = fonts.missing(text);
    if !missing.is_empty() {
        return Err(RenderError::MissingGlyphs { font: Font::NotoSansCjk, glyphs: missing.into_iter().collect() });
    }
    let mut canvas = Canvas::graded(zone, style.ground, style.ground_low);
    let room = if zone.height >= FURNISHED { furnish(&mut canvas, fraud, zone, style, fonts) } else { bare(zone) };
    let clusters = measure(text, fonts);
    let (broken, em) = best_setting(text, &clusters, room, zone).ok_or(RenderError::NothingToSet)?;
    let block = em * (1.0 + PITCH * (broken.lines.len() - 1) as f32);
    let top = room.y as f32 + (room.height as f32 - block) / 2.0;
    for (i, range) in broken.lines.iter().enumerate() {
        let line_clusters = lines::within(&clusters, range);
        let line = fonts.set(&text[range.clone()], Weight::Bold, em, Placing::Smooth);
        let seen = line.advance as f32 - lines::hanging(&line_clusters) * em;
        let pen = zone.width as f32 / 2.0 - seen / 2.0;
        let baseline = top + em * (ABOVE + PITCH * i as f32);
        canvas.ink(&line, pen.round() as i32, baseline.round() as i32, style.text);
    }
    Ok(Rendered { file: canvas.into_png()?, show: Show::Picture { size: zone }, duration: reading_time(text) })
}

fn measure(text: &str, fonts: &Typesetter) -> Vec<Cluster> {
    let widths = fonts.advances(text, Weight::Bold);
    text.char_indices()
        .map(|(start, character)| {
            let width = widths.iter().find(|(at, _)| *at == start).map_or(0.0, |(_, width)| *width);
            Cluster { character, start, width }
        })
        .collect()
}

/// The number of lines and the em (in pixels) that fill the room best.
fn best_setting(text: &str, clusters: &[Cluster], room: Rect, zone: Size) -> Option<(Broken, f32)> {
    // One or two characters are not blown up to the whole wall.
    let largest = zone.width.min(zone.height) as f32 * 0.3;
    // Marks may hang over the room's edge, but not over this one.
    let edge = room.width as f32 + room.x as f32 * 0.8;
    let mut best: Option<(f32, Broken, f32)> = None;
    for count in 1..=12 {
        let Some(broken) = lines::break_into(text, clusters, count) else { continue };
        let across = room.width as f32 / broken.widest.max(1.0);
        let reach = |range| {
            let line = lines::within(clusters, range);
            let hanging = lines::hanging(&line);
            line.iter().map(|c| c.width).sum::<f32>() - hanging + 2.0 * hanging * HANGING_INK
        };
        let reach = broken.lines.iter().map(reach).fold(1.0, f32::max);
        let across = across.min(edge / reach);
        let down = room.height as f32 / (1.0 + PITCH * (count - 1) as f32);
        let em = across.min(down).min(largest).floor();
        let score = em * (-TASTE * broken.ugliness).exp();
        if best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, broken, em));
        }
    }
    best.map(|(_, broken, em)| (broken, em))
}

fn bare(zone: Size) -> Rect {
    let (x, y) = (zone.width / 20, zone.height / 10);
    Rect { x, y, width: zone.width - 2 * x, height: zone.height - 2 * y }
}

/// Paints frame, head and foot; what is left is the slogan's room.
fn furnish(canvas: &mut Canvas, fraud: FraudType, zone: Size, style: &Style, fonts: &Typesetter) -> Rect {
    let short = zone.width.min(zone.height);
    let inset = short / 36;
    let thin = (short / 540).max(1);
    let outer = Rect { x: inset, y: inset, width: zone.width - 2 * inset, height: zone.height - 2 * inset };
    canvas.frame(outer, 2 * thin, style.gold);
    let gap = 5 * thin;
    let inner = Rect { x: inset + gap, y: inset + gap, width: outer.width - 2 * gap, height: outer.height - 2 * gap };
    canvas.frame(inner, thin, style.gold.towards(style.ground, 0.35));

    let small = short as f32 * 0.042;
    let band = (small * 2.6) as u32;
    let head_middle = inset + gap + band * 2 / 3;
    ornamented(canvas, &heading(fraud), small, head_middle, zone, style.gold, fonts);

    let foot_em = short as f32 * 0.05;
    let foot_band = (foot_em * 2.4) as u32;
    let foot_top = zone.height - inset - gap - foot_band;
    let rule_width = (zone.width - 2 * inset) * 7 / 8;
    let rule = Rect { x: (zone.width - rule_width) / 2, y: foot_top, width: rule_width, height: thin };
    canvas.fill(rule, style.gold.towards(style.ground_low, 0.4));
    let brand = fonts.set(&style.brand, Weight::Bold, foot_em, Placing::Smooth);
    let pen = (zone.width as f32 - brand.advance as f32) / 2.0;
    let baseline = (foot_top + foot_band / 2) as f32 + 0.38 * foot_em;
    canvas.ink(&brand, pen.round() as i32, baseline.round() as i32, style.gold);

    let side = zone.width / 11;
    let top = head_middle + band * 4 / 5;
    let bottom = foot_top.saturating_sub(band * 3 / 5);
    Rect { x: side, y: top, width: zone.width - 2 * side, height: bottom.saturating_sub(top).max(1) }
}

/// What the card warns of.
fn heading(fraud: FraudType) -> String {
    match fraud {
        FraudType::General => "全民反诈".to_owned(),
        other => format!("谨防{}诈骗", other.name_zh().trim_end_matches("诈骗")),
    }
}

/// A small line with a short rule on either side.
fn ornamented(canvas: &mut Canvas, text: &str, em: f32, middle: u32, zone: Size, colour: Colour, fonts: &Typesetter) {
    let line = fonts.set(text, Weight::Bold, em, Placing::Smooth);
    let pen = (zone.width as f32 - line.advance as f32) / 2.0;
    canvas.ink(&line, pen.round() as i32, (middle as f32 + 0.38 * em).round() as i32, colour);
    let (length, air) = ((em * 2.2) as u32, (em * 0.8) as u32);
    let Some(start) = (pen as u32).checked_sub(length + air) else { return };
    let thickness = (em / 18.0).ceil() as u32;
    let left = Rect { x: start, y: middle - thickness / 2, width: length, height: thickness };
    canvas.fill(left, colour);
    canvas.fill(Rect { x: zone.width - start - length, ..left }, colour);
}
