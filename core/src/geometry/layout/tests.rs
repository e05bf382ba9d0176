//! What is accepted as a layout, and what accepted layouts keep.

use proptest::prelude::*;

use super::*;

const HALL: Size = Size { width: 1920, height: 1080 };

fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
    Rect { x, y, width, height }
}

fn free(main: Rect, ticker: Option<Rect>) -> Result<Layout, LayoutFault> {
    FreeLayout::new(main, ticker).map(Layout::Free)
}

fn rects(layout: Layout, size: Size) -> Vec<(ZoneName, Rect)> {
    layout.zones(size, Sound::Off).into_iter().map(|zone| (zone.name, zone.rect)).collect()
}

/// Edges as people type them, and some that nobody should.
fn edge() -> impl Strategy<Value = u32> {
    prop_oneof![(0_u32..64).prop_map(|n| n * 32), 0_u32..2_200, Just(u32::MAX), Just(Size::MAX_EDGE)]
}

fn any_rect() -> impl Strategy<Value = Rect> {
    (edge(), edge(), edge(), edge()).prop_map(|(x, y, width, height)| rect(x, y, width, height))
}

fn screen() -> impl Strategy<Value = (ScreenKind, Size)> {
    let kind = prop_oneof![Just(ScreenKind::Lcd), Just(ScreenKind::LedWall)];
    (kind, 64_u32..2_200, 16_u32..2_200).prop_map(|(kind, width, height)| (kind, Size { width, height }))
}

/// A screen, and zones of which most lie on it: a ticker somewhere, and a main zone on one side of it.
fn divided() -> impl Strategy<Value = (ScreenKind, Size, Rect, Option<Rect>)> {
    let part = |whole: u32| 0..=whole;
    screen().prop_flat_map(move |(kind, size)| {
        let line = (part(size.width / 2), part(size.height), part(size.width), part(size.height / 2));
        (Just((kind, size)), line, any_rect(), 0_u8..4).prop_map(|((kind, size), (x, y, width, height), wild, how)| {
            let even = |n: u32| n & !1;
            let line = rect(even(x), even(y), even(width), even(height));
            let below = line.bottom().min(size.height);
            let (main, ticker) = match how {
                0 => (rect(0, 0, size.width, line.y), Some(line)),
                1 => (rect(0, below, size.width, size.height - below), Some(line)),
                2 => (rect(line.x, line.y, size.width - line.x.min(size.width), even(height)), None),
                _ => (wild, Some(line)),
            };
            (kind, size, main, ticker)
        })
    })
}

proptest! {
    #[test]
    fn the_zones_of_an_accepted_layout_lie_on_the_screen_and_share_no_pixel(
        (kind, size, main, ticker) in divided(),
    ) {
        let named = [Layout::Full, Layout::MainAndTicker, Layout::TickerAndMain, Layout::AudioOnly];
        let accepted = named.into_iter().chain(free(main, ticker).ok()).filter(|layout| layout.check(kind, size).is_ok());
        for layout in accepted {
            let zones = rects(layout, size);
            for (n, (name, zone)) in zones.iter().enumerate() {
                prop_assert!(zone.right() <= size.width && zone.bottom() <= size.height, "{layout} on {size}");
                prop_assert!(zone.width > 0 && zone.height > 0);
                prop_assert!(*name != ZoneName::Ticker || zone.height >= FreeLayout::LEAST_TICKER.height);
                prop_assert!(zones[..n].iter().all(|(_, other)| !zone.overlaps(*other)), "{layout} on {size}");
            }
            prop_assert_eq!(layout.zones(size, Sound::On).len(), zones.len() + 1, "and it can be heard");
        }
    }

    #[test]
    fn every_layout_comes_back_from_its_text_and_from_json(
        (_, _, main, ticker) in divided(),
    ) {
        let named = [Layout::Full, Layout::MainAndTicker, Layout::TickerAndMain, Layout::AudioOnly];
        for layout in named.into_iter().chain(free(main, ticker).ok()) {
            prop_assert_eq!(layout.to_string().parse(), Ok(layout));
            let json = serde_json::to_string(&layout).unwrap();
            prop_assert_eq!(serde_json::from_str::<Layout>(&json).unwrap(), layout, "{}", json);
        }
    }

    /// Told apart by what the rules say, pixel by pixel, and not as the code does it.
    #[test]
    fn free_zones_are_refused_if_and_only_if_a_rule_is_broken(
        (kind, size, main, ticker) in divided(),
    ) {
        let accepted = free(main, ticker).and_then(|layout| layout.check(kind, size)).is_ok();
        let inside = |r: Rect| {
            u64::from(r.x) + u64::from(r.width) <= u64::from(size.width)
                && u64::from(r.y) + u64::from(r.height) <= u64::from(size.height)
        };
        let even = |r: Rect| {
            let ends = |offset: u32, length: u32, end: u32| length.is_multiple_of(2) || offset + length == end;
            r.x.is_multiple_of(2) && r.y.is_multiple_of(2) && ends(r.x, r.width, size.width) && ends(r.y, r.height, size.height)
        };
        let good = |r: Rect, width: u32, height: u32| inside(r) && even(r) && r.width >= width && r.height >= height;
        let apart = |a: Rect, b: Rect| {
            (a.x + a.width <= b.x || b.x + b.width <= a.x) || (a.y + a.height <= b.y || b.y + b.height <= a.y)
        };
        let fine = good(main, 64, 32)
            && ticker.is_none_or(|line| good(line, 64, 16) && line.width >= 2 * line.height && apart(main, line));
        prop_assert_eq!(accepted, fine, "{:?} {:?} on {}", main, ticker, size);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(main|ticker)?=?[0-9]{0,12}[x×+,=]?[0-9]{0,12}.{0,20}") {
        let _ = text.parse::<Layout>();
    }
}

#[test]
fn a_ticker_takes_a_ninth_of_the_screen_below_or_above() {
    use ZoneName::{Main, Ticker};
    let below = [(Main, rect(0, 0, 1920, 960)), (Ticker, rect(0, 960, 1920, 120))];
    assert_eq!(rects(Layout::MainAndTicker, HALL), below);
    let above = [(Main, rect(0, 120, 1920, 960)), (Ticker, rect(0, 0, 1920, 120))];
    assert_eq!(rects(Layout::TickerAndMain, HALL), above);
}

#[test]
fn what_was_written_before_there_were_free_layouts_is_still_read() {
    for (text, layout) in
        [("full", Layout::Full), ("main_and_ticker", Layout::MainAndTicker), ("audio_only", Layout::AudioOnly)]
    {
        assert_eq!(text.parse(), Ok(layout));
        assert_eq!(serde_json::from_str::<Layout>(&format!("\"{text}\"")).unwrap(), layout);
        assert_eq!(serde_json::to_string(&layout).unwrap(), format!("\"{text}\""));
    }
}

#[test]
fn a_free_layout_is_written_as_people_say_sizes() {
    let layout = free(rect(0, 0, 1280, 960), Some(rect(0, 960, 1920, 120))).unwrap();
    assert_eq!(layout.to_string(), "main=1280x960+0+0,ticker=1920x120+0+960");
    assert_eq!(" ticker=1920×120+0+960, main=1280X960+0+0".parse(), Ok(layout));
    let json = r#"{"free":{"main":{"x":0,"y":0,"width":1280,"height":960},"ticker":{"x":0,"y":960,"width":1920,"height":120}}}"#;
    assert_eq!(serde_json::to_string(&layout).unwrap(), json);
    let alone = r#"{"free":{"main":{"x":0,"y":0,"width":1280,"height":960}}}"#;
    assert_eq!(serde_json::from_str::<Layout>(alone).unwrap(), free(rect(0, 0, 1280, 960), None).unwrap());
    for wrong in [
        "",
        "half",
        "main=",
        "main=1280x960",
        "main=1280x960+0",
        "main=1x1+0+0+0",
        "main=-4x960+0+0",
        "ticker=1920x120+0+960",
        "main=1280x960+0+0,main=1280x960+0+0",
        "main=1280x960+0+0,audio=64x64+0+0",
        "main=99999999999x960+0+0",
    ] {
        assert!(matches!(wrong.parse::<Layout>(), Err(InvalidLayout::Unknown(_))), "{wrong}");
    }
}

#[test]
fn who_is_refused_reads_what_to_do() {
    let said = |main, ticker| free(main, ticker).and_then(|layout| layout.check(ScreenKind::Lcd, HALL)).unwrap_err();
    let main = rect(0, 0, 1280, 960);
    for (fault, words) in [
        (said(rect(0, 0, 1280, 20), None), "主区只有 1280×20 点，至少须 64×32 点。请加大宽度或高度。"),
        (said(main, Some(rect(0, 960, 1920, 14))), "字幕条只有 1920×14 点，至少须 64×16 点。请加大宽度或高度。"),
        (said(main, Some(rect(1300, 0, 300, 400))), "字幕条 300×400 点太高：宽度至少须为高度的 2 倍"),
        (said(rect(3, 0, 1280, 960), None), "主区的左边距是 3，须为偶数。请改为 2 或 4。"),
        (said(rect(0, 0, 1281, 960), None), "主区的宽度是 1281，须为偶数。请改为 1280 或 1282。"),
        (said(rect(800, 0, 1280, 960), None), "主区超出屏幕：左边距与宽度加起来是 2080，屏幕只有 1920。"),
        (said(rect(0, 200, 1280, 960), None), "主区超出屏幕：上边距与高度加起来是 1160，屏幕只有 1080。"),
        (said(main, Some(rect(0, 900, 1920, 120))), "主区与字幕条重叠。请移开其中一个"),
    ] {
        assert!(fault.to_string().starts_with(words), "{fault}");
    }
    // The same through JSON, so that whoever sends it reads it too.
    let json = r#"{"free":{"main":{"x":3,"y":0,"width":1280,"height":960},"ticker":null}}"#;
    let refused = serde_json::from_str::<Layout>(json).unwrap_err().to_string();
    assert!(refused.starts_with("主区的左边距是 3，须为偶数。"), "{refused}");
    // A zone may end with the screen, wherever that is.
    let odd = Size { width: 1365, height: 767 };
    assert_eq!(free(rect(2, 0, 1363, 767), None).unwrap().check(ScreenKind::LedWall, odd), Ok(()));
}

#[test]
fn each_kind_of_screen_takes_the_layouts_that_suit_it() {
    let some = free(rect(0, 0, 64, 32), None).unwrap();
    let check = |layout: Layout, kind, width, height| layout.check(kind, Size { width, height });
    for layout in [Layout::MainAndTicker, Layout::TickerAndMain, Layout::AudioOnly, some] {
        assert_eq!(check(layout, ScreenKind::LedStrip, 512, 32), Err(LayoutFault::StripIsOneLine));
    }
    for layout in [Layout::Full, Layout::TickerAndMain, some] {
        assert_eq!(check(layout, ScreenKind::Speaker, 0, 0), Err(LayoutFault::SpeakerIsBlind));
    }
    assert_eq!(check(Layout::AudioOnly, ScreenKind::Lcd, 1920, 1080), Err(LayoutFault::ScreenIsNotBlind));
    let low = LayoutFault::NinthTooLow { height: 96 };
    assert_eq!(check(Layout::MainAndTicker, ScreenKind::LedWall, 320, 96), Err(low));
    assert_eq!(check(Layout::TickerAndMain, ScreenKind::LedWall, 320, 96), Err(low));
    let own: Layout = "main=320x80+0+16,ticker=320x16+0+0".parse().unwrap();
    assert_eq!(own.check(ScreenKind::LedWall, Size { width: 320, height: 96 }), Ok(()), "but it may say so itself");
    assert_eq!(check(Layout::Full, ScreenKind::LedStrip, 512, 32), Ok(()));
    assert_eq!(check(Layout::AudioOnly, ScreenKind::Speaker, 0, 0), Ok(()));
}
