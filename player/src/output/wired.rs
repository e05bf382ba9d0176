//! A display that gets the wall's picture as the wall is wired to it.

use std::time::Duration;

use xuanping_core::{
    geometry::{Rect, Size},
    playlog::WallState,
};

use super::{Output, OutputError, Waited, Wiring};
use crate::{inbox::Waker, stage::Frame};

/// Another output with a [`Wiring`] before it.
pub struct Wired {
    inner: Box<dyn Output>,
    wiring: Wiring,
    /// As it was said; `None`: what fills the display.
    said: Option<Size>,
    wall: Size,
    display: Frame,
}

impl Wired {
    /// A wall of this size on that display; without a size, the wall that fills it.
    pub fn new(inner: Box<dyn Output>, wiring: Wiring, said: Option<Size>) -> Self {
        let wall = said.unwrap_or_else(|| wiring.wall(inner.size()));
        let display = Frame::new(inner.size());
        Self { inner, wiring, said, wall, display }
    }
}

impl Output for Wired {
    fn size(&self) -> Size {
        self.wall
    }

    fn present(&mut self, frame: &Frame, damage: &[Rect]) -> Result<(), OutputError> {
        let mut changed = self.wiring.draw(frame, damage, &mut self.display);
        if damage.contains(&frame.size().rect()) {
            // What nobody wired is black, and has to be drawn once too.
            changed = vec![self.display.size().rect()];
        }
        self.inner.present(&self.display, &changed)
    }

    fn wait(&mut self, longest: Duration) -> Waited {
        let waited = self.inner.wait(longest);
        if waited.resized {
            self.wall = self.said.unwrap_or_else(|| self.wiring.wall(self.inner.size()));
            self.display = Frame::new(self.inner.size());
        }
        waited
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }

    fn seen(&self) -> WallState {
        self.inner.seen()
    }
}
