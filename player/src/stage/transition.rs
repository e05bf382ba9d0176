//! One still giving way to the next: what lies between is a function of time alone, so a frame that comes late is simply
//! further on, and nothing has to be caught up with.

use xuanping_core::{
    geometry::{Rect, Size},
    playlist::Transition,
    time::UtcMillis,
};

use super::frame::{Colour, Frame};

/// How long it takes, in milliseconds.
pub const LASTS: i64 = 400;
/// How often it is drawn, in milliseconds: sixty times a second, rounded down so that no frame is waited for twice.
pub(super) const STEP: i64 = 16;

/// A zone that is on its way from one still to the next.
#[derive(Debug)]
pub(super) struct Passing {
    how: Transition,
    rect: Rect,
    from: Frame,
    to: Frame,
    begun: UtcMillis,
}

impl Passing {
    /// From what `rect` of the frame showed (`from`, as large as it) to what it shows now.
    pub(super) fn new(how: Transition, rect: Rect, from: Frame, frame: &Frame, begun: UtcMillis) -> Self {
        Self { how, rect, from, to: part(frame, rect), begun }
    }

    /// Whether it is over; a clock that was set ends it too.
    pub(super) fn is_over(&self, at: UtcMillis) -> bool {
        !(0..LASTS).contains(&at.since(self.begun))
    }

    /// Draws how far it has come.
    pub(super) fn draw(&self, frame: &mut Frame, at: UtcMillis) -> Rect {
        let Rect { x, y, width, height } = self.rect;
        let passed = at.since(self.begun).clamp(0, LASTS);
        let passed = if self.is_over(at) { LASTS } else { passed };
        match self.how {
            Transition::Fade if passed < LASTS => {
                let amount = (passed * 255 / LASTS) as u8;
                for row in 0..height {
                    let (below, above) = (self.from.row(0, row, width), self.to.row(0, row, width));
                    for ((pixel, below), above) in frame.row_mut(x, y + row, width).iter_mut().zip(below).zip(above) {
                        *pixel = Colour(*below).mix(Colour(*above), amount).0;
                    }
                }
            }
            Transition::Slide if passed < LASTS => {
                let moved = (i64::from(width) * passed / LASTS) as u32;
                for row in 0..height {
                    let target = frame.row_mut(x, y + row, width);
                    let (staying, coming) = target.split_at_mut((width - moved) as usize);
                    staying.copy_from_slice(self.from.row(moved, row, width - moved));
                    coming.copy_from_slice(self.to.row(0, row, moved));
                }
            }
            _ => {
                for row in 0..height {
                    frame.row_mut(x, y + row, width).copy_from_slice(self.to.row(0, row, width));
                }
            }
        }
        self.rect
    }
}

/// A copy of a rectangle that lies within the frame.
pub(super) fn part(frame: &Frame, rect: Rect) -> Frame {
    let mut part = Frame::new(Size { width: rect.width, height: rect.height });
    for row in 0..rect.height {
        part.row_mut(0, row, rect.width).copy_from_slice(frame.row(rect.x, rect.y + row, rect.width));
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: Size = Size { width: 10, height: 2 };
    const RED: Colour = Colour(0x00ff_0000);
    const BLUE: Colour = Colour(0x0000_00ff);

    /// Row 0 of the frame so many milliseconds after red began to give way to blue.
    fn row(how: Transition, after: i64) -> Vec<u32> {
        let mut frame = Frame::new(WALL);
        frame.fill(WALL.rect(), RED);
        let from = part(&frame, WALL.rect());
        frame.fill(WALL.rect(), BLUE);
        let passing = Passing::new(how, WALL.rect(), from, &frame, UtcMillis(1_000));
        passing.draw(&mut frame, UtcMillis(1_000 + after));
        frame.row(0, 0, WALL.width).to_vec()
    }

    #[test]
    fn a_fade_begins_with_the_one_before_is_half_of_both_in_between_and_ends_with_the_next() {
        assert_eq!(row(Transition::Fade, 0), [RED.0; 10]);
        assert_eq!(row(Transition::Fade, LASTS / 2), [0x0080_007f; 10]);
        assert_eq!(row(Transition::Fade, LASTS), [BLUE.0; 10]);
    }

    #[test]
    fn a_slide_pushes_the_one_before_out_in_whole_pixels() {
        assert_eq!(row(Transition::Slide, 0), [RED.0; 10]);
        assert_eq!(row(Transition::Slide, LASTS * 3 / 10), [[RED.0; 7].as_slice(), &[BLUE.0; 3]].concat());
        assert_eq!(row(Transition::Slide, LASTS), [BLUE.0; 10]);
    }

    #[test]
    fn a_clock_that_is_set_back_or_on_ends_it() {
        assert_eq!(row(Transition::Slide, -5), [BLUE.0; 10]);
        assert_eq!(row(Transition::Fade, 3_600_000), [BLUE.0; 10]);
    }
}
