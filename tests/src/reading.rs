//! Reading a pairing code off a wall's picture, as the operator does who stands before it: digit by digit, against what
//! the player's own stage makes of each digit.

use image::RgbaImage;
use xuanping_core::{geometry::Size, time::UtcMillis, vocabulary::ScreenKind};
use xuanping_player::stage::{Scene, Stage, Wall};

const PLACES: usize = 8;

/// Somebody who knows what digits look like on walls of one size and kind.
pub struct Reader {
    size: Size,
    /// The wall with eight times the same digit, for each digit.
    samples: Vec<Vec<u32>>,
    /// The pixels by which the digits of each place are told apart.
    places: Vec<Vec<usize>>,
}

impl Reader {
    /// Looks at samples.
    pub fn of(size: Size, kind: ScreenKind) -> Self {
        let sample = |code: String| {
            let mut stage = Stage::new(Wall { size, kind, note: String::new() });
            stage.draw(&Scene::Pairing { code: Some(code) }, UtcMillis(0), &mut |_, _| None);
            stage.frame().pixels().to_vec()
        };
        let samples: Vec<_> = ('0'..='9').map(|digit| sample(digit.to_string().repeat(PLACES))).collect();
        let ones = &samples[1];
        let place = |number: usize| {
            let eight_there = sample((0..PLACES).map(|n| if n == number { '8' } else { '1' }).collect());
            let columns = (0..ones.len()).filter(|at| ones[*at] != eight_there[*at]).map(|at| at % size.width as usize);
            let columns: std::collections::BTreeSet<_> = columns.collect();
            let differs = |at: &usize| samples.iter().any(|sample| sample[*at] != ones[*at]);
            (0..ones.len()).filter(|at| columns.contains(&(at % size.width as usize))).filter(differs).collect()
        };
        let places = (0..PLACES).map(place).collect();
        Self { size, samples, places }
    }

    /// The eight digits on the picture of a wall, or why they cannot be read.
    pub fn read(&self, picture: &RgbaImage) -> Result<String, String> {
        assert_eq!(picture.dimensions(), (self.size.width, self.size.height), "the picture is the wall's");
        let shown: Vec<u32> = picture.pixels().map(|pixel| colour(pixel.0)).collect();
        let digit = |place: &Vec<usize>| {
            let like = |sample: &Vec<u32>| place.iter().all(|at| shown[*at] == sample[*at]);
            let digit = self.samples.iter().position(like).ok_or("there is something else than a digit")?;
            char::from_digit(digit as u32, 10).ok_or("there are ten digits")
        };
        self.places.iter().map(digit).collect::<Result<_, _>>().map_err(str::to_owned)
    }
}

fn colour([r, g, b, _]: [u8; 4]) -> u32 {
    u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b)
}
