//! Golden pictures: what people would see, pixel for pixel. `XUANPING_BLESS=1` writes them anew; look at them before committing.

use std::{fs, path::PathBuf, sync::Arc};

use xuanping_core::geometry::{Layout, Sound, Zone};

use super::*;

pub(super) fn wall(width: u32, height: u32, kind: ScreenKind) -> Wall {
    let note = format!("http://192.168.1.10:8410 · hall-pc · {width}×{height}");
    Wall { size: Size { width, height }, kind, note }
}

/// Compares a frame with the committed picture of that name.
pub(super) fn golden(name: &str, frame: &Frame) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.png"));
    let png = frame.to_png(u32::MAX).unwrap();
    if std::env::var_os("XUANPING_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, png).unwrap();
        return;
    }
    let committed = fs::read(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
    let (found, expected) =
        (image::load_from_memory(&png).unwrap().into_rgb8(), image::load_from_memory(&committed).unwrap().into_rgb8());
    if found != expected {
        let beside = std::env::temp_dir().join(format!("xuanping-{name}.png"));
        fs::write(&beside, png).unwrap();
        panic!("{name} looks different now: see {}", beside.display());
    }
}

pub(super) fn drawn(wall: Wall, scene: &Scene, at: i64) -> Stage {
    let mut stage = Stage::new(wall);
    stage.draw(scene, UtcMillis(at), &mut |_, _| None);
    stage
}

/// A poster: a coloured ground with a frame and a cross, so that shifts and cuts show.
pub(super) fn poster(width: u32, height: u32, colour: Colour) -> Arc<Picture> {
    let pixels = (0..height).flat_map(|y| {
        (0..width).map(move |x| {
            let edge = x < 8 || y < 8 || x + 8 >= width || y + 8 >= height;
            let cross = x * height / width == y || (width - 1 - x) * height / width == y;
            if edge {
                0x00ff_ffff
            } else if cross {
                0x00ff_d400
            } else {
                colour.0
            }
        })
    });
    Arc::new(Picture::new(Size { width, height }, pixels.collect()).unwrap())
}

/// A strip whose columns tell where they are: bars every 16 pixels, taller every 64.
pub(super) fn line(width: u32, height: u32, ground: Colour, ink: Colour) -> Arc<Picture> {
    let pixels = (0..height).flat_map(|y| {
        (0..width).map(move |x| {
            let tall = x % 64 < 3;
            let bar = x > 0 && x % 16 < 3 && (tall || y > height / 2);
            if bar && y > 2 && y + 3 < height { ink.0 } else { ground.0 }
        })
    });
    Arc::new(Picture::new(Size { width, height }, pixels.collect()).unwrap())
}

pub(super) fn strip(strip: Arc<Picture>, pixels_per_second: u32, start: i64) -> Content {
    Content::Strip { strip, pixels_per_second, start: Some(UtcMillis(start)) }
}

fn hall_scene() -> Scene {
    let zones = Layout::MainAndTicker.zones(Size { width: 1920, height: 1080 }, Sound::Off);
    let red = Colour::rgb(140, 20, 24);
    Scene::Zones(vec![
        Layer { rect: zones[0].rect, content: Content::Picture(poster(1920, 960, Colour::rgb(30, 70, 120))) },
        Layer { rect: zones[1].rect, content: strip(line(3000, 120, red, Colour::rgb(255, 240, 210)), 120, 0) },
    ])
}

#[test]
fn the_hall_screen_shows_its_poster_above_the_scrolling_ticker() {
    let stage = drawn(wall(1920, 1080, ScreenKind::Lcd), &hall_scene(), 10_000);
    golden("hall", stage.frame());
}

/// A wall with a ticker and a poster, wherever its layout has them, at the tenth second.
fn divided(layout: &str, size: Size) -> (Scene, Vec<Rect>) {
    let zones = layout.parse::<Layout>().unwrap().zones(size, Sound::Off);
    let layer = |zone: &Zone| {
        let Size { width, height } = zone.rect.size();
        let content = match zone.name {
            ZoneName::Ticker => {
                let (red, cream) = (Colour::rgb(140, 20, 24), Colour::rgb(255, 240, 210));
                strip(line(width * 2, height, red, cream), 60, 0)
            }
            _ => Content::Picture(poster(width, height, Colour::rgb(30, 70, 120))),
        };
        Layer { rect: zone.rect, content }
    };
    (Scene::Zones(zones.iter().map(layer).collect()), zones.iter().map(|zone| zone.rect).collect())
}

/// Every pixel in none of these rectangles is black.
fn black_elsewhere(frame: &Frame, zones: &[Rect]) -> bool {
    let Size { width, height } = frame.size();
    let inside = |x, y| zones.iter().any(|zone| zone.overlaps(Rect { x, y, width: 1, height: 1 }));
    (0..height).all(|y| (0..width).all(|x| inside(x, y) || frame.row(x, y, 1)[0] == 0))
}

const HALL: Size = Size { width: 1920, height: 1080 };
/// A wall shaped like a poster: the line across its middle, the venue's own corner below on the right.
const OWN: &str = "main=1080x840+0+0,ticker=1080x96+0+912";
const UPRIGHT: Size = Size { width: 1080, height: 1920 };

#[test]
fn the_ticker_scrolls_above_the_poster_where_the_layout_says_so() {
    let (scene, _) = divided("ticker_and_main", HALL);
    golden("hall-ticker-above", drawn(wall(1920, 1080, ScreenKind::Lcd), &scene, 10_000).frame());
}

#[test]
fn free_zones_are_drawn_where_they_lie_and_the_rest_is_black() {
    let (scene, zones) = divided(OWN, UPRIGHT);
    let mut stage = drawn(wall(1080, 1920, ScreenKind::Lcd), &scene, 10_000);
    golden("portrait-free", stage.frame());
    assert!(black_elsewhere(stage.frame(), &zones));
    let damage = stage.draw(&scene, UtcMillis(10_034), &mut |_, _| None);
    assert_eq!(damage, [zones[1]], "only the line moved");
}

#[test]
fn whatever_a_free_wall_shows_nothing_leaves_its_zones() {
    let (scene, zones) = divided("main=640x480+64+32,ticker=320x64+768+512", Size { width: 1280, height: 720 });
    let standing_by =
        |rects: &[Rect]| Scene::Zones(rects.iter().map(|&rect| Layer { rect, content: Content::Standby }).collect());
    let beyond = Scene::Zones(
        zones
            .iter()
            .map(|&rect| Layer { rect, content: Content::Picture(poster(1000, 600, Colour(0x0060_3010))) })
            .collect(),
    );
    let clip = Scene::Zones(zones.iter().map(|&rect| Layer { rect, content: Content::Clip(ZoneName::Main) }).collect());
    let frame = poster(700, 500, Colour(0x0010_6030));
    for how in [Transition::Cut, Transition::Fade, Transition::Slide] {
        for brightness in [Percent::FULL, Percent::new(40).unwrap()] {
            let mut stage = Stage::new(wall(1280, 720, ScreenKind::Lcd));
            stage.set_light(Light { brightness, transition: how });
            let mut at = 10_000;
            for next in [&Scene::Standby, &scene, &beyond, &standing_by(&zones), &clip, &scene, &Scene::Dark, &scene] {
                for _ in 0..4 {
                    stage.draw(next, UtcMillis(at), &mut |_, _| Some(frame.clone()));
                    at += 90;
                    let over_everything = *next == Scene::Standby;
                    assert!(over_everything || black_elsewhere(stage.frame(), &zones), "{how:?} {next:?}");
                }
            }
        }
    }
}

#[test]
fn the_door_strip_scrolls_in_whole_pixels() {
    let content = strip(line(900, 32, Colour::BLACK, Colour::rgb(255, 60, 0)), 60, 0);
    let scene = Scene::Zones(vec![Layer { rect: Size { width: 512, height: 32 }.rect(), content }]);
    golden("door", drawn(wall(512, 32, ScreenKind::LedStrip), &scene, 6_000).frame());
}

#[test]
fn the_portrait_screen_shows_its_poster_over_everything() {
    let content = Content::Picture(poster(1080, 1920, Colour::rgb(120, 40, 30)));
    let scene = Scene::Zones(vec![Layer { rect: Size { width: 1080, height: 1920 }.rect(), content }]);
    golden("portrait", drawn(wall(1080, 1920, ScreenKind::Lcd), &scene, 0).frame());
}

#[test]
fn the_pairing_screen_in_all_shapes() {
    let scene = Scene::Pairing { code: Some("12345678".into()) };
    for (name, wall) in [
        ("pairing-hall", wall(1920, 1080, ScreenKind::Lcd)),
        ("pairing-portrait", wall(1080, 1920, ScreenKind::Lcd)),
        ("pairing-door", wall(512, 32, ScreenKind::LedStrip)),
        ("pairing-small-door", wall(128, 16, ScreenKind::LedStrip)),
    ] {
        golden(name, drawn(wall, &scene, 0).frame());
    }
    let asking = Scene::Pairing { code: None };
    golden("connecting-hall", drawn(wall(1920, 1080, ScreenKind::Lcd), &asking, 0).frame());
    golden("connecting-door", drawn(wall(512, 32, ScreenKind::LedStrip), &asking, 0).frame());
}

/// A line as the server sends it: bars instead of letters, so that cuts and shifts show.
fn lamps(letters: u16) -> xuanping_core::playlist::Lamps {
    let mut line = xuanping_core::playlist::Lamps::dark(letters * 16);
    for x in 0..usize::from(letters) * 16 {
        for y in 2..15 {
            let (column, letter) = (x % 16, x / 16);
            if column < 14 && (!(4..=12).contains(&y) || column == (letter * 3) % 13 || column == 13) {
                line.light(x, y);
            }
        }
    }
    line
}

#[test]
fn who_a_screen_is_in_all_shapes() {
    let who = |place, name| {
        Scene::Identity(Arc::new(Identity { code: "0427".into(), lines: vec![lamps(place), lamps(name)] }))
    };
    for (name, wall) in [
        ("identity-hall", wall(1920, 1080, ScreenKind::Lcd)),
        ("identity-portrait", wall(1080, 1920, ScreenKind::Lcd)),
        ("identity-door", wall(512, 32, ScreenKind::LedStrip)),
        ("identity-small-door", wall(128, 16, ScreenKind::LedStrip)),
    ] {
        golden(name, drawn(wall, &who(16, 4), 0).frame());
    }
}

#[test]
fn the_standby_picture_in_all_shapes() {
    for (name, wall) in [
        ("standby-hall", wall(1920, 1080, ScreenKind::Lcd)),
        ("standby-portrait", wall(1080, 1920, ScreenKind::Lcd)),
        ("standby-door", wall(512, 32, ScreenKind::LedStrip)),
    ] {
        golden(name, drawn(wall, &Scene::Standby, 0).frame());
    }
}

#[test]
fn everything_that_is_written_can_be_written() {
    for text in [pairing::TITLE, pairing::ASKING, pairing::ASKING_HINT, pairing::FOOT, standby::LINE, "宣屏·×"]
        .iter()
        .chain(&pairing::HOW)
    {
        assert!(lettering::can_write(text), "{text}");
    }
}

#[test]
fn only_what_changed_is_drawn() {
    let mut stage = Stage::new(wall(1920, 1080, ScreenKind::Lcd));
    let scene = hall_scene();
    let mut draw = |scene: &Scene, at| stage.draw(scene, UtcMillis(at), &mut |_, _| None);
    assert_eq!(draw(&scene, 1_000)[0], Size { width: 1920, height: 1080 }.rect());
    assert_eq!(draw(&scene, 1_000), vec![], "nothing moved");
    assert_eq!(draw(&scene, 1_034), vec![Rect { x: 0, y: 960, width: 1920, height: 120 }], "only the ticker moved");
    assert_eq!(draw(&Scene::Standby, 1_034).len(), 1);
    assert_eq!(draw(&Scene::Standby, 9_000), vec![]);
    assert_eq!(next_frame(&Scene::Standby, UtcMillis(0)), None);
}

#[test]
fn a_darker_wall_shows_the_same_darker_and_is_drawn_anew_when_the_level_changes() {
    let mut stage = Stage::new(wall(64, 32, ScreenKind::Lcd));
    let content = Content::Picture(poster(64, 32, Colour::rgb(200, 100, 50)));
    let scene = Scene::Zones(vec![Layer { rect: Size { width: 64, height: 32 }.rect(), content }]);
    let ground = |stage: &Stage| stage.frame().row(32, 10, 1)[0];
    let draw = |stage: &mut Stage| stage.draw(&scene, UtcMillis(0), &mut |_, _| None);
    draw(&mut stage);
    assert_eq!(ground(&stage), 0x00c8_6432);
    let half = Percent::new(50).unwrap();
    stage.set_light(Light { brightness: half, transition: Transition::Cut });
    assert_eq!(draw(&mut stage).len(), 2, "the whole wall, and its zone");
    assert_eq!(ground(&stage), 0x0064_3219);
    assert!(draw(&mut stage).is_empty());
    stage.set_light(Light { brightness: Percent::FULL, transition: Transition::Cut });
    draw(&mut stage);
    assert_eq!(ground(&stage), 0x00c8_6432);
}

#[test]
fn a_poster_fades_into_the_next_within_its_zone_and_text_beside_it_runs_on() {
    let size = Size { width: 640, height: 360 };
    let zones = Layout::MainAndTicker.zones(size, Sound::Off);
    let text = line(900, 40, Colour::rgb(140, 20, 24), Colour::rgb(255, 240, 210));
    let scene = |poster: &Arc<Picture>| {
        Scene::Zones(vec![
            Layer { rect: zones[0].rect, content: Content::Picture(poster.clone()) },
            Layer { rect: zones[1].rect, content: strip(text.clone(), 60, 0) },
        ])
    };
    let (first, second) = (poster(640, 320, Colour::rgb(30, 70, 120)), poster(640, 320, Colour::rgb(150, 60, 20)));
    let mut plain = Stage::new(wall(640, 360, ScreenKind::Lcd));
    plain.draw(&scene(&second), UtcMillis(10_400), &mut |_, _| None);
    for how in [Transition::Fade, Transition::Slide] {
        let mut stage = Stage::new(wall(640, 360, ScreenKind::Lcd));
        stage.set_light(Light { brightness: Percent::FULL, transition: how });
        let draw = |stage: &mut Stage, poster, at| stage.draw(&scene(poster), UtcMillis(at), &mut |_, _| None);
        draw(&mut stage, &first, 9_990);
        assert_eq!(stage.next_step(UtcMillis(9_990)), None);
        draw(&mut stage, &second, 10_000);
        assert_eq!(stage.next_step(UtcMillis(10_000)), Some(UtcMillis(10_016)));
        let damage = draw(&mut stage, &second, 10_150);
        assert_eq!(damage, [zones[0].rect, zones[1].rect]);
        golden(if how == Transition::Fade { "fading" } else { "sliding" }, stage.frame());
        draw(&mut stage, &second, 10_400);
        assert!(stage.frame() == plain.frame(), "in the end nothing is left of the one before");
        assert_eq!(stage.next_step(UtcMillis(10_400)), None);
    }
}

#[test]
fn a_strip_stands_centred_if_it_fits_and_otherwise_enters_right_and_leaves_left() {
    let zone = Size { width: 512, height: 32 };
    let short = Size { width: 500, height: 32 };
    assert_eq!(strip_offset(short, zone, 60, Some(UtcMillis(0)), UtcMillis(7_777)), 6);
    let long = Size { width: 1000, height: 32 };
    let at = |ms| strip_offset(long, zone, 60, Some(UtcMillis(0)), UtcMillis(ms));
    assert_eq!(at(0), 512, "just outside on the right");
    assert_eq!(at(1_000), 452, "60 pixels later");
    assert_eq!(at(25_200), -1_000, "gone on the left after (512 + 1000) / 60 seconds");
    assert_eq!(at(99_000), -1_000, "and stays gone");
    let held = |ms| strip_offset(long, zone, 60, None, UtcMillis(ms));
    assert_eq!(held(25_200), 512, "a held one enters again");
    // Every frame at 60 Hz moves by exactly one pixel.
    let steps: Vec<_> = (0..600).map(|f| at((f * 1000 + 59) / 60)).collect();
    assert!(steps.windows(2).all(|w| w[0] - w[1] == 1), "{steps:?}");
}

#[test]
fn a_picture_of_another_size_than_promised_is_refused_before_it_is_unpacked() {
    use xuanping_core::{
        digest::Digest,
        id::{BookingId, CreativeId},
        playlist::{Item, Show},
        time::Millis,
        vocabulary::CreativeKind,
    };
    let png = Frame::new(Size { width: 20, height: 10 }).to_png(u32::MAX).unwrap();
    let item = |width, height| Item {
        booking: BookingId::new(uuid::Uuid::nil()),
        creative: CreativeId::new(uuid::Uuid::nil()),
        asset: Digest::of(&png),
        bytes: png.len() as u64,
        show: Show::Picture { size: Size { width, height } },
        duration: Millis(1),
        kind: CreativeKind::Poster,
        ends: None,
    };
    assert!(Picture::decode(&item(20, 10), &png).is_ok());
    assert!(matches!(Picture::decode(&item(20, 11), &png), Err(PictureError::OtherSize { .. })));
    assert!(matches!(Picture::decode(&item(20, 10), &png[..40]), Err(PictureError::Broken(_))));
    assert!(matches!(Picture::decode(&item(20, 10), b""), Err(PictureError::Broken(_))));
}

#[test]
fn being_woken_a_little_late_or_early_never_skips_or_repeats_a_pixel() {
    let scene = hall_scene();
    let Scene::Zones(layers) = &scene else { panic!("zones") };
    let Content::Strip { strip, start, .. } = &layers[1].content else { panic!("a strip") };
    let mut at = UtcMillis(1_003);
    let mut offsets = Vec::new();
    for n in 0..1_200 {
        at = next_frame(&scene, at).unwrap();
        let woken = at.plus([0, 6, -6, 3][n % 4]);
        offsets.push(strip_offset(strip.size(), layers[1].rect.size(), 120, *start, woken));
    }
    assert!(offsets.windows(2).all(|w| w[0] - w[1] == 2), "120 pixels per second are two per frame");
}

#[test]
fn no_wall_is_too_small_or_too_odd_to_be_drawn() {
    let sides = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 159, 160, 161, 239, 240, 241, 400];
    let strip = line(500, 16, Colour(0), Colour(0x00ff_0000));
    for (&width, &height) in sides.iter().flat_map(|w| sides.iter().map(move |h| (w, h))) {
        for kind in [ScreenKind::Lcd, ScreenKind::LedStrip, ScreenKind::LedWall, ScreenKind::Speaker] {
            let size = Size { width, height };
            let rect = size.rect();
            let contents = [
                Content::Black,
                Content::Standby,
                Content::Strip { strip: strip.clone(), pixels_per_second: 60, start: None },
            ];
            let layers = contents.map(|content| Scene::Zones(vec![Layer { rect, content }]));
            let words =
                [Scene::Pairing { code: None }, Scene::Pairing { code: Some("12345678".into()) }, Scene::Standby];
            let who = Scene::Identity(Arc::new(Identity { code: "0427".into(), lines: vec![lamps(20), lamps(0)] }));
            for scene in words.iter().chain(&layers).chain([&who]) {
                drawn(wall(width, height, kind), scene, 1_000);
            }
        }
    }
}
