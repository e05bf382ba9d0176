//! Contact sheets: every kind of content in every zone at every usual LED height, and every wiring, golden like the single
//! pictures. A row is a wall in a situation, or a wiring of one wall.

use xuanping_core::geometry::{Layout, Sound};

use super::{
    tests::{drawn, golden, line, strip, wall},
    *,
};
use crate::output::{Colours, Fold, Rotation, Wiring};

const GROUND: Colour = Colour::rgb(90, 90, 90);
const GAP: u32 = 6;
const AMBER: Colour = Colour::rgb(255, 60, 0);

/// A still that tells how it lies even where it is only a few lamps high: a thin white edge, a red mark in the corner that
/// is the upper left, one green line down the middle.
fn card(width: u32, height: u32, colour: Colour) -> Arc<Picture> {
    let mark = (height / 3).max(1);
    let pixels = (0..height).flat_map(|y| {
        (0..width).map(move |x| {
            if x < mark * 2 && y < mark {
                0x00ff_0000
            } else if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
                0x00ff_ffff
            } else if x == width / 2 {
                0x0000_ff00
            } else {
                colour.0
            }
        })
    });
    Arc::new(Picture::new(Size { width, height }, pixels.collect()).unwrap())
}

/// Rows of frames on grey.
fn sheet(rows: &[Vec<Frame>]) -> Frame {
    let across = |row: &Vec<Frame>| row.iter().map(|frame| frame.size().width + GAP).sum::<u32>();
    let down = |row: &Vec<Frame>| row.iter().map(|frame| frame.size().height).max().unwrap_or(0) + GAP;
    let width = rows.iter().map(across).max().unwrap_or(0) + GAP;
    let mut sheet = Frame::new(Size { width, height: rows.iter().map(down).sum::<u32>() + GAP });
    sheet.fill(sheet.size().rect(), GROUND);
    let mut y = GAP;
    for row in rows {
        let mut x = GAP;
        for frame in row {
            let size = frame.size();
            for line in 0..size.height {
                sheet.row_mut(x, y + line, size.width).copy_from_slice(frame.row(0, line, size.width));
            }
            x += size.width + GAP;
        }
        y += down(row);
    }
    sheet
}

/// What a zone of this size can show: nothing, a still of its size and a smaller one, a text that fits, one that scrolls
/// (as its pass begins, in the middle, and held).
fn contents(size: Size) -> Vec<Content> {
    let Size { width, height } = size;
    let text = |wide: u32| line(wide, height, Colour::BLACK, AMBER);
    let held = Content::Strip { strip: text(width * 2), pixels_per_second: 60, start: None };
    vec![
        Content::Black,
        Content::Standby,
        Content::Picture(card(width, height, Colour::rgb(30, 70, 120))),
        Content::Picture(card(width / 2, height.max(2) / 2, Colour::rgb(120, 40, 30))),
        strip(text(width / 2), 60, 0),
        strip(text(width * 2), 60, 9_000),
        strip(text(width * 2), 60, 5_000),
        held,
    ]
}

/// At the tenth second.
fn shown(wall: Wall, zone: usize, zones: &[Rect], content: Content) -> Frame {
    let other = Content::Picture(card(64, 16, Colour::rgb(20, 90, 60)));
    let layer = |(n, rect): (usize, &Rect)| Layer {
        rect: *rect,
        content: if n == zone { content.clone() } else { other.clone() },
    };
    let scene = Scene::Zones(zones.iter().enumerate().map(layer).collect());
    drawn(wall, &scene, 10_000).frame().clone()
}

#[test]
fn every_content_in_every_zone_at_every_led_height() {
    for height in [16, 32, 48, 64, 96] {
        let mut rows = Vec::new();
        for kind in [ScreenKind::LedStrip, ScreenKind::LedWall] {
            for layout in [Layout::Full, Layout::MainAndTicker] {
                let size = Size { width: 192, height };
                let zones: Vec<Rect> = layout.zones(size, Sound::Off).iter().map(|zone| zone.rect).collect();
                // The smallest have no place for a ticker.
                for zone in (0..zones.len()).filter(|zone| zones[*zone].height > 0) {
                    let contents = contents(zones[zone].size());
                    rows.push(contents.into_iter().map(|c| shown(wall(192, height, kind), zone, &zones, c)).collect());
                }
            }
            let own = [Scene::Standby, Scene::Pairing { code: None }, Scene::Pairing { code: Some("12345678".into()) }];
            rows.push(own.iter().map(|scene| drawn(wall(192, height, kind), scene, 0).frame().clone()).collect());
        }
        golden(&format!("sheet-led-{height}"), &sheet(&rows));
    }
}

#[test]
fn every_content_in_every_zone_of_an_lcd() {
    let mut rows = Vec::new();
    for (width, height) in [(320, 180), (180, 320)] {
        for layout in [Layout::Full, Layout::MainAndTicker] {
            let zones: Vec<Rect> =
                layout.zones(Size { width, height }, Sound::Off).iter().map(|zone| zone.rect).collect();
            for zone in 0..zones.len() {
                let contents = contents(zones[zone].size());
                let wall = || wall(width, height, ScreenKind::Lcd);
                rows.push(contents.into_iter().map(|content| shown(wall(), zone, &zones, content)).collect());
            }
        }
    }
    golden("sheet-lcd", &sheet(&rows));
}

#[test]
fn every_wiring_of_every_led_height() {
    let turns = [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters];
    let mut rows = Vec::new();
    for height in [16, 32, 48, 64, 96] {
        let size = Size { width: 128, height };
        let mixed = Content::Picture(card(128, height, Colour::rgb(180, 60, 20)));
        let frame = shown(wall(128, height, ScreenKind::LedWall), 0, &[size.rect()], mixed);
        let half = |x: u32, y: u32| Fold { from: Rect { x, y: 0, width: 64, height }, to: (0, y) };
        let mut row = Vec::new();
        for folds in [Vec::new(), vec![half(0, 0), half(64, height)]] {
            for (rotation, colours) in turns.into_iter().zip([Colours::Full, Colours::One, Colours::Two, Colours::Full])
            {
                let wiring = Wiring { rotation, folds: folds.clone(), colours };
                let mut display = Frame::new(wiring.display(size));
                let changed = wiring.draw(&frame, &[size.rect()], &mut display);
                assert!(!changed.is_empty());
                row.push(display);
            }
        }
        rows.push(row);
    }
    golden("sheet-wirings", &sheet(&rows));
}
