//! Reading a pairing code off a wall's picture, as the operator does who stands before it: digit by digit, against what
//! the player's own stage makes of each digit.

use std::ops::Range;

use image::RgbaImage;
use xuanping_core::{geometry::Size, time::UtcMillis, vocabulary::ScreenKind};
use xuanping_player::stage::{Scene, Stage, Wall};

const PLACES: usize = 8;

/// The eight digits on the picture of a wall, or why they cannot be read.
pub fn pairing_code(picture: &RgbaImage, kind: ScreenKind) -> Result<String, String> {
    let (width, height) = picture.dimensions();
    let samples = ('0'..='9').map(|digit| sample(digit, Size { width, height }, kind)).collect::<Vec<_>>();
    let differs = |x: u32, y: u32| {
        let at = (y * width + x) as usize;
        samples.iter().any(|sample| sample[at] != samples[0][at])
    };
    let places = runs((0..width).map(|x| (0..height).any(|y| differs(x, y))));
    assert_eq!(places.len(), PLACES, "the ten samples differ in eight places");
    let rows: Vec<u32> = (0..height).filter(|y| (0..width).any(|x| differs(x, *y))).collect();
    let read = |place: &Range<u32>| {
        let shows = |sample: &Vec<u32>| {
            rows.iter().all(|y| place.clone().all(|x| colour(picture, x, *y) == sample[(y * width + x) as usize]))
        };
        let digit = samples.iter().position(shows).ok_or_else(|| format!("no digit in columns {place:?}"))?;
        char::from_digit(digit as u32, 10).ok_or_else(|| format!("{digit} is no digit"))
    };
    places.iter().map(read).collect()
}

/// What the wall looks like with a code of eight times the same digit.
fn sample(digit: char, size: Size, kind: ScreenKind) -> Vec<u32> {
    let mut stage = Stage::new(Wall { size, kind, note: String::new() });
    stage.draw(&Scene::Pairing { code: Some(digit.to_string().repeat(PLACES)) }, UtcMillis(0), &mut |_| None);
    stage.frame().pixels().to_vec()
}

fn colour(picture: &RgbaImage, x: u32, y: u32) -> u32 {
    let [r, g, b, _] = picture.get_pixel(x, y).0;
    u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b)
}

/// Where a row of answers is true without a break.
fn runs(answers: impl Iterator<Item = bool>) -> Vec<Range<u32>> {
    let mut found: Vec<Range<u32>> = Vec::new();
    for (at, answer) in (0..).zip(answers) {
        match found.last_mut() {
            Some(run) if answer && run.end == at => run.end = at + 1,
            _ if answer => found.push(at..at + 1),
            _ => {}
        }
    }
    found
}
