//! Where a place is on the earth: WGS-84 latitude and longitude, and which places lie within a distance of another.
//!
//! Chinese maps show other coordinates (GCJ-02, BD-09), hundreds of metres away; nothing here converts them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Millionths of a degree in one degree: a position is known to a tenth of a metre.
const MICRO: f64 = 1_000_000.0;
/// Mean radius of the earth, in metres (IUGG). A circle drawn with it is right within 0.6 %.
const RADIUS: f64 = 6_371_008.8;
/// So much wider than its circle is a box, in metres: no rounding loses a place on the edge.
const SPARE: f64 = 1.0;

/// A point by WGS-84 latitude and longitude. Written `29.123450,115.678900`: latitude first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position {
    latitude: i32,
    longitude: i32,
}

/// Why a text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPosition {
    /// Not two numbers.
    #[error("坐标须写成“纬度,经度”，例如 29.12345,115.67890。")]
    Form,
    /// The first number is no latitude; the other way round it would be one.
    #[error("纬度须写在前面：看起来经度和纬度写反了。")]
    Swapped,
    /// Beyond the poles, or more than half around.
    #[error("纬度须在 -90 至 90 之间，经度须在 -180 至 180 之间。")]
    Range,
}

impl Position {
    /// From millionths of a degree, if there is such a point.
    pub fn from_micro(latitude: i32, longitude: i32) -> Option<Self> {
        let there = latitude.unsigned_abs() <= 90_000_000 && longitude.unsigned_abs() <= 180_000_000;
        there.then_some(Self { latitude, longitude })
    }

    /// Latitude and longitude in millionths of a degree.
    pub const fn micro(self) -> (i32, i32) {
        (self.latitude, self.longitude)
    }

    fn degrees(self) -> (f64, f64) {
        (f64::from(self.latitude) / MICRO, f64::from(self.longitude) / MICRO)
    }

    /// Metres to another point, along the great circle (haversine).
    pub fn distance(self, other: Self) -> f64 {
        let (from, to) = (self.degrees(), other.degrees());
        let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
        let across = from.0.to_radians().cos() * to.0.to_radians().cos() * half(from.1, to.1);
        // Rounding may bring it beyond one for points on opposite sides.
        2.0 * RADIUS * (half(from.0, to.0) + across).clamp(0.0, 1.0).sqrt().asin()
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    /// Reads what people paste: a comma of either script or blanks between the numbers.
    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let apart = |c: char| matches!(c, ',' | '，' | '、') || c.is_whitespace();
        let numbers: Vec<&str> = text.split(apart).filter(|part| !part.is_empty()).collect();
        let [latitude, longitude] = numbers[..] else { return Err(InvalidPosition::Form) };
        let number = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
            let number = text.parse::<f64>().ok().filter(|number| plain && number.is_finite());
            number.ok_or(InvalidPosition::Form)
        };
        let (latitude, longitude) = (number(latitude)?, number(longitude)?);
        if longitude.abs() > 180.0 || latitude.abs() > 180.0 || (latitude.abs() > 90.0 && longitude.abs() > 90.0) {
            return Err(InvalidPosition::Range);
        }
        if latitude.abs() > 90.0 {
            return Err(InvalidPosition::Swapped);
        }
        // Within the ranges above, so both fit.
        let micro = |degrees: f64| (degrees * MICRO).round() as i32;
        Self::from_micro(micro(latitude), micro(longitude)).ok_or(InvalidPosition::Range)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (latitude, longitude) = self.degrees();
        write!(f, "{latitude:.6},{longitude:.6}")
    }
}

impl TryFrom<String> for Position {
    type Error = InvalidPosition;

    fn try_from(text: String) -> Result<Self, InvalidPosition> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

/// Everything within a distance of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circle {
    /// Its centre.
    pub centre: Position,
    /// How far around, in metres.
    pub metres: u32,
}

impl Circle {
    /// Positions within it, by a box first: most of a county is told apart with two comparisons.
    pub fn holds(self) -> impl Fn(Position) -> bool {
        let (latitude, longitude) = self.centre.degrees();
        let high = ((f64::from(self.metres) + SPARE) / RADIUS).to_degrees();
        // A degree of longitude is the shorter the nearer to a pole; where the circle reaches one, all of them are in it.
        let farthest = (latitude.abs() + high).min(90.0).to_radians().cos();
        let wide = if farthest > 1e-9 { high / farthest } else { 360.0 };
        move |position| {
            let at = position.degrees();
            let beside = (at.1 - longitude).abs();
            let beside = beside.min(360.0 - beside);
            (at.0 - latitude).abs() <= high
                && beside <= wide
                && self.centre.distance(position) <= f64::from(self.metres)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Position {
        text.parse().unwrap()
    }

    #[test]
    fn positions_are_read_as_people_paste_them_and_written_in_one_way() {
        for text in ["29.12345,115.6789", " 29.12345， 115.67890 ", "29.12345 115.6789", "+29.12345,\t115.678900"] {
            assert_eq!(at(text).to_string(), "29.123450,115.678900", "{text}");
        }
        assert_eq!(at("-33.9,-18.4").to_string(), "-33.900000,-18.400000");
        assert_eq!(at("29.12345,115.6789").micro(), (29_123_450, 115_678_900));
    }

    #[test]
    fn what_is_no_position_is_refused_with_what_to_do() {
        use InvalidPosition::{Form, Range, Swapped};
        let fault = |text: &str| text.parse::<Position>().unwrap_err();
        for text in ["", "29.1", "29.1,115.6,3", "北纬29,东经115", "29°12',115°6'", "nan,1", "inf,1", "1e1,2"] {
            assert_eq!(fault(text), Form, "{text}");
        }
        assert_eq!(fault("115.6789,29.12345"), Swapped);
        for text in ["91,181", "29,181", "100,100", "-181,0"] {
            assert_eq!(fault(text), Range, "{text}");
        }
    }

    /// Distances that others publish (great circle, mean radius).
    #[test]
    fn known_distances_come_out() {
        let metres = |from: &str, to: &str| at(from).distance(at(to));
        let near = |metres: f64, right: f64| assert!((metres - right).abs() < right * 0.002, "{metres} {right}");
        near(metres("0,0", "0,1"), 111_195.0);
        near(metres("0,0", "1,0"), 111_195.0);
        near(metres("60,0", "60,1"), 55_597.0);
        // Beijing to Shanghai.
        near(metres("39.9042,116.4074", "31.2304,121.4737"), 1_067_000.0);
        // Half around, and over the line where the day begins.
        near(metres("0,0", "0,180"), 20_015_115.0);
        near(metres("0,179.5", "0,-179.5"), 111_195.0);
    }

    #[test]
    fn a_circle_holds_its_edge_and_nothing_beyond() {
        let centre = at("29.0,115.0");
        let holds = |metres, text: &str| Circle { centre, metres }.holds()(at(text));
        // 0.01 degrees of latitude: 1,112 metres.
        assert!(holds(1_112, "29.01,115.0") && !holds(1_111, "29.01,115.0"));
        // 0.01 degrees of longitude here: 972.5 metres.
        assert!(holds(973, "29.0,115.01") && !holds(972, "29.0,115.01"));
        assert!(holds(0, "29.0,115.0"));
    }

    fn any_position() -> impl Strategy<Value = Position> {
        let anywhere = (-90_000_000i32..=90_000_000, -180_000_000i32..=180_000_000);
        let near_the_ends = (
            prop::sample::select(&[-90_000_000, 89_990_000, 90_000_000, 0][..]),
            prop::sample::select(&[-180_000_000, 180_000_000, 179_999_000, 0][..]),
        );
        prop_oneof![4 => anywhere, 1 => near_the_ends].prop_map(|(lat, lon)| Position::from_micro(lat, lon).unwrap())
    }

    proptest! {
        #[test]
        fn the_box_never_loses_what_the_circle_holds(
            centre in any_position(), other in any_position(), north in -900_000i32..900_000, east in -900_000i32..900_000,
            metres in 0u32..200_000,
        ) {
            let (lat, lon) = centre.micro();
            let beside = Position::from_micro((lat + north).clamp(-90_000_000, 90_000_000), (lon + east).clamp(-180_000_000, 180_000_000));
            for position in [other, beside.unwrap(), centre] {
                let within = centre.distance(position) <= f64::from(metres);
                let circle = Circle { centre, metres };
                prop_assert_eq!(circle.holds()(position), within, "{} {}", centre, position);
            }
        }

        #[test]
        fn distances_are_the_same_both_ways_and_no_detour_is_shorter(a in any_position(), b in any_position(), c in any_position()) {
            prop_assert!((a.distance(b) - b.distance(a)).abs() < 0.001);
            prop_assert!(a.distance(c) <= a.distance(b) + b.distance(c) + 0.5);
            prop_assert!(a.distance(a) < 0.001);
            prop_assert!(a.distance(b) <= std::f64::consts::PI * RADIUS + 1.0);
        }

        #[test]
        fn what_is_written_is_read_again(position in any_position()) {
            prop_assert_eq!(position.to_string().parse::<Position>(), Ok(position));
        }

        #[test]
        fn no_text_does_harm(text in ".{0,40}") {
            let _ = text.parse::<Position>();
        }
    }
}
