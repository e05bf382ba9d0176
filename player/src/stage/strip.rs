//! A line of text, standing or scrolling in whole pixels. Where it is follows from the wall clock alone, so two strips over
//! two doors move as one.

use xuanping_core::{
    geometry::{Rect, Size},
    time::UtcMillis,
};

use super::{FRAMES_PER_SECOND, Frame, Picture};

/// Where the strip's left edge is, relative to the zone's, at an instant.
pub fn strip_offset(strip: Size, zone: Size, pixels_per_second: u32, start: Option<UtcMillis>, at: UtcMillis) -> i64 {
    let (width, zone) = (i64::from(strip.width), i64::from(zone.width));
    if width <= zone {
        return (zone - width) / 2;
    }
    // Frames first, pixels after: every frame moves by the same whole number.
    let elapsed = at.since(start.unwrap_or(UtcMillis(0))).max(0);
    let frames = elapsed * FRAMES_PER_SECOND / 1000;
    let moved = frames * i64::from(pixels_per_second) / FRAMES_PER_SECOND;
    let pass = zone + width;
    let moved = if start.is_some() { moved.min(pass) } else { moved.rem_euclid(pass) };
    zone - moved
}

/// Draws the strip with its left edge at `offset`; what it leaves uncovered is its own first column repeated.
pub(super) fn draw(frame: &mut Frame, zone: Rect, strip: &Picture, offset: i64) {
    let Some(seen) = frame.clip(zone) else { return };
    let (width, height) = (i64::from(strip.size().width), strip.size().height.min(seen.height));
    let first = offset.clamp(0, i64::from(seen.width)) as u32;
    let last = (offset + width).clamp(i64::from(first), i64::from(seen.width)) as u32;
    for y in 0..height {
        let source = strip.row(y);
        let row = frame.row_mut(seen.x, seen.y + y, seen.width);
        row[..first as usize].fill(source[0]);
        row[last as usize..].fill(source[0]);
        if last > first {
            let from = (i64::from(first) - offset) as usize;
            row[first as usize..last as usize].copy_from_slice(&source[from..from + (last - first) as usize]);
        }
    }
    if height < seen.height {
        let ground = super::Colour(strip.row(0)[0]);
        frame.fill(Rect { y: seen.y + height, height: seen.height - height, ..seen }, ground);
    }
}
