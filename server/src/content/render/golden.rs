//! Golden pictures: what the walls show, pixel for pixel. Set `XUANPING_BLESS=1` to take the present output as right,
//! then look at every changed picture before committing it.

use std::{path::PathBuf, sync::LazyLock};

use xuanping_core::{
    geometry::{Size, ZoneName},
    vocabulary::{FraudType, ScreenKind},
};

use super::*;

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
    let wanted = std::fs::read(&golden).unwrap_or_else(|e| panic!("{}: {e}; run with XUANPING_BLESS=1", golden.display()));
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
    assert_golden("led-32", &draw("凡是要求提供验证码的都是诈骗，警惕“安全账户”", FraudType::ImpersonatePolice, class).file);
}

#[test]
fn a_hall_screens_ticker_that_fits() {
    let class = class(ScreenKind::Lcd, ZoneName::Ticker, 1920, 120);
    assert_golden("ticker-still", &draw("陌生来电要转账，先打96110问一问", FraudType::General, class).file);
}

#[test]
fn a_hall_screens_ticker_that_scrolls() {
    let class = class(ScreenKind::Lcd, ZoneName::Ticker, 1920, 120);
    let text = "刷单返利是诈骗，先小额返利后大额套牢；任何要求垫付资金的兼职都不要参与，遇到可疑情况请立即拨打反诈专线96110";
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
