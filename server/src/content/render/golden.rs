//! Golden pictures: what the walls show, pixel for pixel. Set `XUANPING_BLESS=1` to take the present output as right,
//! then look at every changed picture before committing it.

use std::{path::PathBuf, sync::LazyLock};

use xuanping_core::{
    geometry::{Size, ZoneName},
    vocabulary::{FraudType, ScreenKind},
};

use super::*;
use crate::content::Fit;

pub static FONTS: LazyLock<Typesetter> = LazyLock::new(|| Typesetter::open(&fonts::DEFAULT_FONT_FILES).unwrap());

fn class(kind: ScreenKind, zone: ZoneName, width: u32, height: u32) -> ScreenClass {
    ScreenClass { kind, zone, size: Size { width, height } }
}

fn pixels(png: &[u8]) -> image::RgbImage {
    image::load_from_memory(png).unwrap().into_rgb8()
}

/// Compares with the committed picture; a difference leaves the new picture in the target folder and says where.
fn assert_golden(name: &str, png: &[u8]) {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/content").join(format!("{name}.png"));
    if std::env::var_os("XUANPING_BLESS").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(&golden, png).unwrap();
    }
    let wanted =
        std::fs::read(&golden).unwrap_or_else(|e| panic!("{}: {e}; run with XUANPING_BLESS=1", golden.display()));
    if pixels(&wanted) != pixels(png) {
        let actual = std::env::temp_dir().join(format!("xuanping-{name}-actual.png"));
        std::fs::write(&actual, png).unwrap();
        panic!("{name} differs from its golden picture; see {}", actual.display());
    }
}

fn draw(text: &str, fraud: FraudType, class: ScreenClass) -> Rendered {
    slogan(text, fraud, class, &Style::default(), &FONTS).unwrap()
}

#[test]
fn a_door_strip_of_16_rows() {
    let class = class(ScreenKind::LedStrip, ZoneName::Main, 192, 16);
    assert_golden("led-16", &draw("不轻信、不透露、不转账！反诈专线96110", FraudType::General, class).file);
}

#[test]
fn a_door_strip_of_32_rows() {
    let class = class(ScreenKind::LedStrip, ZoneName::Main, 512, 32);
    assert_golden(
        "led-32",
        &draw("凡是要求提供验证码的都是诈骗，警惕“安全账户”", FraudType::ImpersonatePolice, class).file,
    );
}

#[test]
fn a_hall_screens_ticker_that_fits() {
    let class = class(ScreenKind::Lcd, ZoneName::Ticker, 1920, 120);
    assert_golden("ticker-still", &draw("陌生来电要转账，先打96110问一问", FraudType::General, class).file);
}

#[test]
fn a_hall_screens_ticker_that_scrolls() {
    let class = class(ScreenKind::Lcd, ZoneName::Ticker, 1920, 120);
    let text =
        "刷单返利是诈骗，先小额返利后大额套牢；任何要求垫付资金的兼职都不要参与，遇到可疑情况请立即拨打反诈专线96110";
    assert_golden("ticker-scrolling", &draw(text, FraudType::OrderBrushing, class).file);
}

#[test]
fn a_portrait_card() {
    let class = class(ScreenKind::Lcd, ZoneName::Main, 1080, 1920);
    assert_golden("card-portrait", &draw("天上不会掉馅饼，刷单返利是陷阱", FraudType::OrderBrushing, class).file);
}

#[test]
fn a_landscape_card() {
    let class = class(ScreenKind::Lcd, ZoneName::Main, 1920, 1080);
    let text = "自称公检法，要求把钱转到“安全账户”的，都是诈骗！";
    assert_golden("card-landscape", &draw(text, FraudType::ImpersonatePolice, class).file);
}

#[test]
fn a_card_on_a_small_colour_wall() {
    let class = class(ScreenKind::LedWall, ZoneName::Main, 256, 128);
    assert_golden("card-led-wall", &draw("网络贷款先交费，分文未得反受累", FraudType::FakeLoan, class).file);
}

/// A print sheet as an office's designer would hand it in: a frame, a title block, fine lines.
fn sheet(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| {
        let inside = (width / 20..width * 19 / 20).contains(&x) && (height / 20..height * 19 / 20).contains(&y);
        let ring = (i64::from(x) - i64::from(width) / 2).pow(2) + (i64::from(y) - i64::from(height) / 2).pow(2);
        let radius = (ring as f64).sqrt() / f64::from(width.min(height));
        match (inside, radius) {
            (false, _) => image::Rgb([18, 52, 110]),
            (true, r) if r < 0.3 => image::Rgb([200, (r * 600.0) as u8, 40]),
            _ if (x + y) % 24 < 2 => image::Rgb([120, 150, 200]),
            _ => image::Rgb([232, 240, 250]),
        }
    })
}

fn png(picture: &image::RgbImage) -> Vec<u8> {
    paint::rgb_png(picture).unwrap()
}

#[test]
fn a_poster_of_another_shape_is_kept_whole_between_bars_of_its_own_edge() {
    let zone = Size { width: 320, height: 180 };
    let rendered = poster::poster(&png(&sheet(600, 800)), zone, Millis(10_000), Fit::Whole).unwrap();
    let wall = pixels(&rendered.file);
    assert_eq!(wall.dimensions(), (320, 180));
    assert_eq!(wall.get_pixel(0, 90).0, [18, 52, 110]);
    assert_golden("poster-320x180", &rendered.file);
}

#[test]
fn a_poster_of_nearly_the_same_shape_fills_the_zone() {
    let zone = Size { width: 192, height: 340 };
    let rendered = poster::poster(&png(&sheet(1080, 1920)), zone, Millis(10_000), Fit::Whole).unwrap();
    assert_golden("poster-192x340", &rendered.file);
}

#[test]
fn a_poster_that_is_to_fill_the_zone_is_cut_or_stretched() {
    // Darker towards the bottom, so that what was cut off can be told.
    let picture = image::RgbImage::from_fn(100, 200, |_, y| image::Rgb([200 - y as u8, 90, 90]));
    let zone = Size { width: 160, height: 80 };
    let wall = |how| pixels(&poster::poster(&png(&picture), zone, Millis(1), how).unwrap().file);
    let ends = |wall: &image::RgbImage| {
        assert_eq!(wall.dimensions(), (160, 80));
        // No bars: a row is of one colour.
        assert!((0..160).all(|x| wall.get_pixel(x, 40) == wall.get_pixel(80, 40)));
        (i32::from(wall.get_pixel(80, 0).0[0]), i32::from(wall.get_pixel(80, 79).0[0]))
    };
    let (top, bottom) = ends(&wall(Fit::Fill));
    assert!((top - 125).abs() < 4 && (bottom - 75).abs() < 4, "the middle quarter: {top} to {bottom}");
    let (top, bottom) = ends(&wall(Fit::Stretch));
    assert!(top > 195 && bottom < 5, "all of it: {top} to {bottom}");
}

#[test]
fn a_poster_of_exactly_the_zones_size_is_not_touched() {
    let picture = sheet(200, 100);
    let rendered = poster::poster(&png(&picture), Size { width: 200, height: 100 }, Millis(1), Fit::Whole).unwrap();
    assert_eq!(pixels(&rendered.file), picture);
}

#[test]
fn extreme_shapes_still_give_exactly_the_zone() {
    for (from, to) in [((3000, 64), (64, 3000)), ((64, 3000), (1920, 120)), ((64, 64), (1, 1))] {
        let zone = Size { width: to.0, height: to.1 };
        let rendered = poster::poster(&png(&sheet(from.0, from.1)), zone, Millis(1), Fit::Whole).unwrap();
        assert_eq!(pixels(&rendered.file).dimensions(), to);
    }
}

#[test]
fn a_photograph_taken_with_the_phone_turned_is_set_upright() {
    let mut jpeg = std::io::Cursor::new(Vec::new());
    sheet(160, 80).write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    let mut jpeg = jpeg.into_inner();
    // APP1 with one EXIF tag: orientation 6, "turn clockwise".
    let exif = b"\xFF\xE1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, exif.iter().copied());
    let upright = poster::decode(std::io::Cursor::new(jpeg)).unwrap();
    assert_eq!(upright.dimensions(), (80, 160));
}

#[test]
fn transparency_is_laid_on_white() {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(64, 64, image::Rgba([255, 0, 0, 0]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    let flat = poster::decode(std::io::Cursor::new(png.into_inner())).unwrap();
    assert_eq!(flat.get_pixel(5, 5).0, [255, 255, 255]);
}

#[test]
fn a_rare_character_is_reported_for_the_font_that_lacks_it() {
    let rare = "村民𠮷某";
    let led = class(ScreenKind::LedStrip, ZoneName::Main, 192, 16);
    let error = slogan(rare, FraudType::General, led, &Style::default(), &FONTS).unwrap_err();
    assert!(
        matches!(&error, RenderError::MissingGlyphs { font: Font::Unifont, glyphs } if glyphs == &['𠮷']),
        "{error}"
    );
    let lcd = class(ScreenKind::Lcd, ZoneName::Ticker, 1920, 120);
    assert!(slogan(rare, FraudType::General, lcd, &Style::default(), &FONTS).is_ok(), "the large font has it");
    let emoji = slogan("转账🙂", FraudType::General, lcd, &Style::default(), &FONTS).unwrap_err();
    assert!(
        matches!(&emoji, RenderError::MissingGlyphs { font: Font::NotoSansCjk, glyphs } if glyphs == &['🙂']),
        "{emoji}"
    );
}

#[test]
fn strips_have_the_zones_height_and_time_for_whole_passes() {
    for height in [16, 20, 24, 32, 48, 64, 120] {
        let class = class(ScreenKind::LedStrip, ZoneName::Main, 256, height);
        let Rendered { show: Show::Strip { size, pixels_per_second }, duration, file } =
            draw("凡是要求提供短信验证码的都是诈骗gjpqy", FraudType::General, class)
        else {
            panic!("not a strip")
        };
        let picture = pixels(&file);
        assert_eq!(picture.dimensions(), (size.width, height));
        assert_eq!(pixels_per_second % 60, 0);
        let travelled = u64::from(duration.0) * u64::from(pixels_per_second) / 1000;
        assert!(travelled >= u64::from(256 + size.width), "the last column leaves the zone");
        let inks: std::collections::BTreeSet<_> = picture.pixels().map(|p| p.0).collect();
        assert_eq!(inks, [[0, 0, 0], [255, 0, 0]].into(), "only ink and black");
        assert!((0..height).all(|y| picture.get_pixel(0, y).0 == [0, 0, 0]), "the ground's column comes first");
    }
}

#[test]
fn a_zone_too_low_for_a_character_says_so() {
    let low = class(ScreenKind::LedStrip, ZoneName::Main, 64, 12);
    let error = slogan("诈骗", FraudType::General, low, &Style::default(), &FONTS).unwrap_err();
    assert!(matches!(error, RenderError::TooLow { height: 12, needed: 16 }), "{error}");
}

#[test]
fn in_every_zone_that_a_free_layout_may_have_something_can_be_read() {
    use xuanping_core::geometry::FreeLayout;
    let (main, ticker) = (FreeLayout::LEAST_MAIN, FreeLayout::LEAST_TICKER);
    let sizes = |least: Size| {
        let widths = [least.width, least.width + 2, 319, 1_920];
        let heights = [least.height, 24, 46, 48, 318, 320, 1_080];
        widths
            .into_iter()
            .flat_map(move |width| heights.map(|height| Size { width, height }))
            .filter(move |size| size.height >= least.height)
    };
    let words = ["不转账", "陌生来电要转账，先打96110问一问，不听不信不转账，守好自己的钱袋子。"];
    let seen = |file: &[u8]| {
        let picture = pixels(file);
        picture.pixels().any(|pixel| pixel != picture.get_pixel(0, 0))
    };
    for kind in [ScreenKind::Lcd, ScreenKind::LedWall] {
        let tickers = sizes(ticker).filter(|size| size.width >= 2 * size.height).map(|size| (ZoneName::Ticker, size));
        for (zone, size) in sizes(main).map(|size| (ZoneName::Main, size)).chain(tickers) {
            for text in words {
                let class = ScreenClass { kind, zone, size };
                let set = slogan(text, FraudType::General, class, &Style::default(), &FONTS);
                let set = set.unwrap_or_else(|error| panic!("{class:?}: {error}"));
                assert!(seen(&set.file), "{class:?}");
            }
            let original = paint::rgb_png(&image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 99])));
            for fit in [Fit::Whole, Fit::Fill, Fit::Stretch] {
                let made =
                    poster::poster(original.as_ref().unwrap(), size, xuanping_core::time::Millis(1), fit).unwrap();
                assert_eq!(pixels(&made.file).dimensions(), (size.width, size.height));
            }
        }
    }
}
