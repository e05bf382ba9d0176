//! How a wall hangs on its display: turned, folded into stripes for the sending card, in one or two colours. Pixels are
//! moved one to one, never scaled; what nobody wired stays black.

use std::str::FromStr;

use serde::Deserialize;
use xuanping_core::geometry::{Rect, Size};

use crate::stage::Frame;

/// How far the picture is turned clockwise on its way to the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Deserialize)]
pub enum Rotation {
    /// Not at all.
    #[default]
    #[value(name = "0")]
    #[serde(rename = "0")]
    None,
    /// A quarter: the picture's top is on the display's right.
    #[value(name = "90")]
    #[serde(rename = "90")]
    Quarter,
    /// Upside down.
    #[value(name = "180")]
    #[serde(rename = "180")]
    Half,
    /// Three quarters: the picture's top is on the display's left.
    #[value(name = "270")]
    #[serde(rename = "270")]
    ThreeQuarters,
}

/// The colours that the modules have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colours {
    /// All.
    #[default]
    Full,
    /// One: a pixel is lit (white, of which the module takes what it has) or not.
    One,
    /// Red, green, and both together.
    Two,
}

impl Colours {
    /// A colour as these modules can show it: lit from half brightness on.
    fn show(self, pixel: u32) -> u32 {
        let [blue, green, red, _] = pixel.to_le_bytes().map(u32::from);
        match self {
            Self::Full => pixel,
            Self::One => {
                // ITU-R BT.601, in thousandths.
                let light = (299 * red + 587 * green + 114 * blue) / 1_000;
                if light >= 128 { 0x00FF_FFFF } else { 0 }
            }
            Self::Two => (if red >= 128 { 0x00FF_0000 } else { 0 }) | (if green >= 128 { 0x0000_FF00 } else { 0 }),
        }
    }
}

/// A part of the wall and where on the canvas it goes: a wall longer than the display is folded into stripes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// Of the wall.
    pub from: Rect,
    /// Its upper left corner on the canvas.
    pub to: (u32, u32),
}

impl FromStr for Fold {
    type Err = String;

    /// `512x32+1024+0 -> 0,64`: size and place on the wall, and the place on the display.
    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (from, to) = text.split_once("->")?;
            let mut numbers = from.trim().split(['x', '+']).map(|number| number.trim().parse::<u32>().ok());
            let mut next = || numbers.next().flatten();
            let (width, height, x, y) = (next()?, next()?, next()?, next()?);
            let (left, top) = to.split_once(',')?;
            let to = (left.trim().parse().ok()?, top.trim().parse().ok()?);
            let ends_here = numbers.next().is_none() && Size::checked(width, height).is_some();
            ends_here.then_some(Self { from: Rect { x, y, width, height }, to })
        };
        read().ok_or_else(|| format!("write a fold like 512x32+1024+0 -> 0,64, not {text:?}"))
    }
}

impl<'de> Deserialize<'de> for Fold {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The way from the wall to the display.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wiring {
    /// How far the canvas is turned.
    pub rotation: Rotation,
    /// What goes where on the canvas; none: the wall is the canvas.
    pub folds: Vec<Fold>,
    /// What the modules can show.
    pub colours: Colours,
}

fn turned(size: Size) -> Size {
    Size { width: size.height, height: size.width }
}

fn intersection(a: Rect, b: Rect) -> Option<Rect> {
    let (x, y) = (a.x.max(b.x), a.y.max(b.y));
    let right = (a.x.saturating_add(a.width)).min(b.x.saturating_add(b.width));
    let bottom = (a.y.saturating_add(a.height)).min(b.y.saturating_add(b.height));
    (x < right && y < bottom).then(|| Rect { x, y, width: right - x, height: bottom - y })
}

impl Wiring {
    /// Whether the display gets the picture as it is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The pixels that the display must have for a wall of this size.
    pub fn display(&self, wall: Size) -> Size {
        let right = self.folds.iter().map(|fold| fold.to.0.saturating_add(fold.from.width)).max();
        let bottom = self.folds.iter().map(|fold| fold.to.1.saturating_add(fold.from.height)).max();
        let canvas = right.zip(bottom).map_or(wall, |(width, height)| Size { width, height });
        match self.rotation {
            Rotation::None | Rotation::Half => canvas,
            Rotation::Quarter | Rotation::ThreeQuarters => turned(canvas),
        }
    }

    /// The wall that fills a display of this size; only without folds, which say nothing of what they leave out.
    pub fn wall(&self, display: Size) -> Size {
        match self.rotation {
            Rotation::None | Rotation::Half => display,
            Rotation::Quarter | Rotation::ThreeQuarters => turned(display),
        }
    }

    /// Draws what changed of the wall where the display shows it; answers what changed there.
    pub fn draw(&self, wall: &Frame, damage: &[Rect], display: &mut Frame) -> Vec<Rect> {
        let whole = Fold { from: wall.size().rect(), to: (0, 0) };
        let folds = if self.folds.is_empty() { std::slice::from_ref(&whole) } else { &self.folds };
        let mut changed = Vec::new();
        for rect in damage.iter().filter_map(|rect| wall.clip(*rect)) {
            for fold in folds {
                let Some(part) = intersection(rect, fold.from) else { continue };
                changed.extend(self.draw_part(wall, part, *fold, display));
            }
        }
        changed
    }

    /// Draws a part of the wall that one fold takes.
    fn draw_part(&self, wall: &Frame, part: Rect, fold: Fold, display: &mut Frame) -> Option<Rect> {
        let size = display.size();
        // A display that is smaller than what it was wired for shows what it has place for: beyond its edges, these wrap
        // to numbers larger than any display.
        let place = |x: u32, y: u32| {
            let (x, y) = (fold.to.0 + (x - fold.from.x), fold.to.1 + (y - fold.from.y));
            match self.rotation {
                Rotation::None => (x, y),
                Rotation::Quarter => (size.width.wrapping_sub(1 + y), x),
                Rotation::Half => (size.width.wrapping_sub(1 + x), size.height.wrapping_sub(1 + y)),
                Rotation::ThreeQuarters => (y, size.height.wrapping_sub(1 + x)),
            }
        };
        let mut seen: Option<(u32, u32, u32, u32)> = None;
        for y in part.y..part.y + part.height {
            for (x, pixel) in (part.x..).zip(wall.row(part.x, y, part.width)) {
                let (x, y) = place(x, y);
                if x < size.width && y < size.height {
                    display.row_mut(x, y, 1)[0] = self.colours.show(*pixel);
                    let (left, top, right, bottom) = seen.unwrap_or((x, y, x, y));
                    seen = Some((left.min(x), top.min(y), right.max(x), bottom.max(y)));
                }
            }
        }
        let (left, top, right, bottom) = seen?;
        Some(Rect { x: left, y: top, width: right - left + 1, height: bottom - top + 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Colour;

    const RED: u32 = 0x00FF_0000;
    const GREEN: u32 = 0x0000_FF00;

    /// Three pixels across and two down, each its own shade: 0x10, 0x20 … 0x60 in all channels.
    fn wall() -> Frame {
        let mut frame = Frame::new(Size { width: 3, height: 2 });
        for (n, (x, y)) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)].into_iter().enumerate() {
            let shade = (n as u8 + 1) * 0x10;
            frame.fill(Rect { x, y, width: 1, height: 1 }, Colour::rgb(shade, shade, shade));
        }
        frame
    }

    fn all(frame: &Frame) -> Rect {
        Rect { x: 0, y: 0, width: frame.size().width, height: frame.size().height }
    }

    fn shades(frame: &Frame) -> Vec<Vec<u32>> {
        frame
            .pixels()
            .chunks(frame.size().width as usize)
            .map(|row| row.iter().map(|p| (p & 0xff) >> 4).collect())
            .collect()
    }

    fn drawn(wiring: &Wiring) -> Vec<Vec<u32>> {
        let wall = wall();
        let mut display = Frame::new(wiring.display(wall.size()));
        wiring.draw(&wall, &[all(&wall)], &mut display);
        shades(&display)
    }

    #[test]
    fn a_picture_is_turned_clockwise() {
        let turned = |rotation| drawn(&Wiring { rotation, ..Wiring::default() });
        assert_eq!(turned(Rotation::None), [[1, 2, 3], [4, 5, 6]]);
        assert_eq!(turned(Rotation::Quarter), [[4, 1], [5, 2], [6, 3]]);
        assert_eq!(turned(Rotation::Half), [[6, 5, 4], [3, 2, 1]]);
        assert_eq!(turned(Rotation::ThreeQuarters), [[3, 6], [2, 5], [1, 4]]);
        let size = Size { width: 1080, height: 1920 };
        let quarter = Wiring { rotation: Rotation::Quarter, ..Wiring::default() };
        assert_eq!(quarter.wall(quarter.display(size)), size);
    }

    #[test]
    fn a_long_wall_is_folded_into_stripes_and_what_nobody_wired_stays_black() {
        let folds: Vec<Fold> = ["2x2+0+0 -> 0,0", "1x2+2+0->1,3"].map(|text| text.parse().unwrap()).to_vec();
        let wiring = Wiring { folds, ..Wiring::default() };
        assert_eq!(wiring.display(wall().size()), Size { width: 2, height: 5 });
        assert_eq!(drawn(&wiring), [[1, 2], [4, 5], [0, 0], [0, 3], [0, 6]]);
        let turned = Wiring { rotation: Rotation::Half, ..wiring };
        assert_eq!(drawn(&turned), [[6, 0], [3, 0], [0, 0], [5, 4], [2, 1]]);
    }

    #[test]
    fn only_what_changed_is_drawn_and_said_to_have_changed() {
        let folds: Vec<Fold> = ["2x2+0+0 -> 0,0", "1x2+2+0 -> 1,3"].map(|text| text.parse().unwrap()).to_vec();
        for rotation in [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters] {
            let wiring = Wiring { rotation, folds: folds.clone(), ..Wiring::default() };
            let wall = wall();
            let mut whole = Frame::new(wiring.display(wall.size()));
            wiring.draw(&wall, &[all(&wall)], &mut whole);
            // Bit by bit it comes to the same, and nothing outside of what was said has changed.
            let mut bits = Frame::new(whole.size());
            for x in 0..3 {
                for y in 0..2 {
                    let before = bits.clone();
                    let changed = wiring.draw(&wall, &[Rect { x, y, width: 1, height: 1 }], &mut bits);
                    let mut shown = before;
                    shown.copy_from(&bits, &changed);
                    assert_eq!(shown, bits);
                    assert_eq!(changed.len(), 1);
                }
            }
            assert_eq!(bits, whole);
        }
    }

    #[test]
    fn modules_of_one_or_two_colours_are_lit_from_half_brightness_on() {
        let show = |colours: Colours, pixel| colours.show(pixel);
        assert_eq!(
            [0x0080_8080, 0x007F_7F7F, RED, GREEN].map(|p| show(Colours::One, p)),
            [0x00FF_FFFF, 0, 0, 0x00FF_FFFF]
        );
        assert_eq!(
            [0x00C0_20FF, 0x0020_C000, 0x00FF_FFFF, 0x0000_00FF].map(|p| show(Colours::Two, p)),
            [RED, GREEN, RED | GREEN, 0]
        );
    }

    #[test]
    fn a_display_that_is_too_small_shows_what_it_can() {
        let wiring = Wiring { folds: vec!["3x2+0+0 -> 1,1".parse().unwrap()], ..Wiring::default() };
        let mut display = Frame::new(Size { width: 2, height: 2 });
        let wall = wall();
        let changed = wiring.draw(&wall, &[all(&wall)], &mut display);
        assert_eq!(shades(&display), [[0, 0], [0, 1]]);
        assert_eq!(changed, [Rect { x: 1, y: 1, width: 1, height: 1 }]);
    }

    #[test]
    fn a_fold_that_makes_no_sense_is_refused() {
        for text in ["", "1x1", "1x1+0+0", "1x1+0+0 -> 0", "0x5+0+0 -> 0,0", "1x1+0+0+0 -> 0,0", "a"] {
            assert!(text.parse::<Fold>().is_err(), "{text}");
        }
    }
}
