//! How screens may be divided: what the console's form, which says what is wrong while one types, must agree with.

use serde_json::{Value, json};
use xuanping_core::{
    geometry::{FreeLayout, Layout, LayoutFault, Rect, Size, Sound},
    vocabulary::ScreenKind,
};

/// The word of the form for why not.
fn word(fault: LayoutFault) -> &'static str {
    match fault {
        LayoutFault::NinthTooLow { .. } => "ninth_too_low",
        LayoutFault::TooSmall { .. } => "too_small",
        LayoutFault::TickerTooHigh(_) => "too_high",
        LayoutFault::Odd { .. } => "odd",
        LayoutFault::Outside { .. } => "outside",
        LayoutFault::Overlap => "overlap",
        LayoutFault::StripIsOneLine | LayoutFault::SpeakerIsBlind | LayoutFault::ScreenIsNotBlind => {
            panic!("the form offers no such layout: {fault}")
        }
    }
}

fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
    Rect { x, y, width, height }
}

fn named(layout: Layout, size: Size) -> Value {
    let refused = layout.check(ScreenKind::Lcd, size).err().map(word);
    json!({ "size": size, "layout": layout, "zones": layout.zones(size, Sound::Off), "refused": refused })
}

/// One whose zones may be wrong: then they are still drawn, in red.
fn free(main: Rect, ticker: Option<Rect>, size: Size) -> Value {
    let checked = FreeLayout::new(main, ticker).map(Layout::Free);
    let refused = checked.and_then(|layout| layout.check(ScreenKind::Lcd, size)).err().map(word);
    let mut zones = vec![json!({ "name": "main", "rect": main })];
    zones.extend(ticker.map(|ticker| json!({ "name": "ticker", "rect": ticker })));
    json!({ "size": size, "layout": { "free": { "main": main, "ticker": ticker } }, "zones": zones, "refused": refused })
}

pub fn cases() -> Vec<Value> {
    let size = |width, height| Size { width, height };
    let mut cases = Vec::new();
    for size in [size(1920, 1080), size(1080, 1920), size(320, 96), size(320, 143), size(321, 144), size(64, 32)] {
        cases.extend([Layout::Full, Layout::MainAndTicker, Layout::TickerAndMain].map(|layout| named(layout, size)));
    }
    let hall = size(1920, 1080);
    let main = rect(0, 0, 1280, 960);
    // Each edge of each zone by one and two pixels about each limit, everything else being good.
    for (x, y, width, height) in [
        (0, 0, 1280, 960),
        (1, 0, 1280, 960),
        (0, 3, 1280, 960),
        (640, 0, 1280, 960),
        (642, 0, 1280, 960),
        (0, 120, 1280, 960),
        (0, 122, 1280, 960),
        (0, 0, 1279, 960),
        (0, 0, 1280, 959),
        (0, 0, 64, 32),
        (0, 0, 62, 32),
        (0, 0, 64, 30),
        (0, 0, 0, 0),
        (1856, 1048, 64, 32),
        (1858, 1048, 64, 32),
        (1920, 1080, 64, 32),
    ] {
        cases.push(free(rect(x, y, width, height), None, hall));
    }
    for (x, y, width, height) in [
        (0, 960, 1920, 120),
        (0, 958, 1920, 120),
        (0, 962, 1920, 120),
        (0, 960, 1920, 16),
        (0, 960, 1920, 14),
        (0, 960, 64, 16),
        (0, 960, 62, 16),
        (0, 960, 240, 120),
        (0, 960, 238, 120),
        (1280, 0, 640, 320),
        (1280, 0, 640, 322),
        (1278, 0, 640, 320),
        (1280, 961, 640, 100),
        (0, 1060, 1920, 20),
        (0, 1064, 1920, 20),
        (1281, 0, 320, 100),
        (1280, 0, 321, 100),
        (1280, 0, 320, 101),
        (400, 400, 400, 100),
    ] {
        cases.push(free(main, Some(rect(x, y, width, height)), hall));
    }
    // A screen of odd edges, with which zones may end.
    let odd = size(1365, 767);
    for zone in [rect(0, 0, 1365, 767), rect(0, 0, 1363, 767), rect(2, 2, 1363, 765), rect(2, 2, 1363, 763)] {
        cases.push(free(zone, None, odd));
    }
    cases
}
