//! Memory that a display shows. Two take turns: each is told what the other was given meanwhile.

use std::io;

use drm::{
    buffer::{Buffer as _, DrmFourcc},
    control::{
        Device as _,
        dumbbuffer::{DumbBuffer, DumbMapping},
        framebuffer,
    },
};
use xuanping_core::geometry::{Rect, Size};

use super::card::Card;
use crate::stage::Frame;

/// A framebuffer and its pixels.
pub(super) struct Buffer {
    pub framebuffer: framebuffer::Handle,
    memory: DumbBuffer,
    pixels: DumbMapping<'static>,
    size: Size,
    stale: Stale,
}

impl Buffer {
    /// A black one.
    pub(super) fn new(card: &Card, size: Size, format: DrmFourcc) -> io::Result<Self> {
        let memory = card.create_dumb_buffer((size.width, size.height), format, 32)?;
        // The mapping lasts as long as the buffer. The crate ties it to a borrow of this handful of bytes, so they are
        // given away: once for each mode that is set.
        let mut pixels = card.map_dumb_buffer(Box::leak(Box::new(memory)))?;
        pixels.fill(0);
        let framebuffer = card.add_framebuffer(&memory, 24, 32)?;
        Ok(Self { framebuffer, memory, pixels, size, stale: Stale::Whole })
    }

    pub(super) fn destroy(self, card: &Card) {
        drop(self.pixels);
        let gone = card.destroy_framebuffer(self.framebuffer).and_then(|()| card.destroy_dumb_buffer(self.memory));
        if let Err(error) = gone {
            tracing::warn!(%error, "a frame's memory could not be given back");
        }
    }

    /// The frame changes here while another buffer is drawn.
    pub(super) fn owe(&mut self, damage: &[Rect], frame: Size) {
        self.stale.add(damage, frame);
    }

    /// Brings the buffer up to date: with the damage of now and what it missed.
    pub(super) fn draw(&mut self, frame: &Frame, at: (u32, u32), damage: &[Rect]) {
        let whole = [frame.size().rect()];
        let missed = std::mem::take(&mut self.stale);
        match &missed {
            Stale::Whole => self.copy(frame, at, &whole),
            Stale::Parts(parts) => {
                self.copy(frame, at, parts);
                self.copy(frame, at, damage);
            }
        }
    }

    fn copy(&mut self, frame: &Frame, (left, top): (u32, u32), rects: &[Rect]) {
        let pitch = self.memory.pitch() as usize;
        for rect in rects.iter().filter_map(|rect| frame.clip(*rect)) {
            // What the display has no place for is left out.
            let across = rect.width.min(self.size.width.saturating_sub(left.saturating_add(rect.x)));
            if across == 0 {
                continue;
            }
            let down = rect.height.min(self.size.height.saturating_sub(top.saturating_add(rect.y)));
            for y in rect.y..rect.y + down {
                let start = (top + y) as usize * pitch + (left + rect.x) as usize * 4;
                let row = &mut self.pixels[start..start + across as usize * 4];
                for (to, pixel) in row.chunks_exact_mut(4).zip(frame.row(rect.x, y, across)) {
                    to.copy_from_slice(&pixel.to_le_bytes());
                }
            }
        }
    }
}

/// What of a frame a buffer does not hold.
#[derive(Debug, PartialEq, Eq)]
enum Stale {
    Parts(Vec<Rect>),
    Whole,
}

impl Default for Stale {
    fn default() -> Self {
        Self::Parts(Vec::new())
    }
}

/// More parts than this are not worth keeping apart.
const PARTS: usize = 32;

impl Stale {
    fn add(&mut self, damage: &[Rect], frame: Size) {
        let Self::Parts(parts) = self else { return };
        parts.extend(damage);
        parts.dedup();
        if parts.len() > PARTS || parts.contains(&frame.rect()) {
            *self = Self::Whole;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Size = Size { width: 100, height: 10 };

    fn at(x: u32) -> Rect {
        Rect { x, y: 0, width: 1, height: 1 }
    }

    #[test]
    fn a_buffer_remembers_what_it_missed_until_that_is_as_good_as_everything() {
        let mut stale = Stale::default();
        stale.add(&[at(1), at(2)], FRAME);
        stale.add(&[at(2), at(3)], FRAME);
        assert_eq!(stale, Stale::Parts(vec![at(1), at(2), at(3)]));
        stale.add(&[FRAME.rect()], FRAME);
        assert_eq!(stale, Stale::Whole);
        stale.add(&[at(1)], FRAME);
        assert_eq!(stale, Stale::Whole);
        let mut many = Stale::default();
        many.add(&(0..40).map(at).collect::<Vec<_>>(), FRAME);
        assert_eq!(many, Stale::Whole);
    }
}
