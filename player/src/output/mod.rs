//! Where frames go: the bare display, a window that owns it, or nothing but a file; through the wiring of the wall, if it
//! has one.

mod awake;
mod headless;
mod kms;
mod window;
mod wired;
mod wiring;

pub use headless::Headless;
pub use kms::{Kms, Wanted};
pub use window::{Placement, Window};
pub use wired::Wired;
pub use wiring::{Colours, Fold, Rotation, Wiring};

use std::time::Duration;

use xuanping_core::{
    geometry::{Rect, Size},
    playlog::WallState,
};

use crate::{inbox::Waker, stage::Frame};

/// What a wait ended with, beside time or a nudge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waited {
    /// The display lost what was on it: present the whole frame again.
    pub exposed: bool,
    /// The wall has another size now; everything is to be drawn anew.
    pub resized: bool,
    /// Somebody closed the window.
    pub closed: bool,
}

/// The display failed.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// No display, or it is gone.
    #[error("the display cannot be used: {0}")]
    Display(String),
    /// A picture file could not be written.
    #[error("the picture cannot be written: {0}")]
    File(#[from] std::io::Error),
}

/// A display. Owned by the thread that runs the loop.
pub trait Output {
    /// Its pixels; none before a display was ever there.
    fn size(&self) -> Size;
    /// Shows the frame, of which only `damage` has changed since the last time.
    fn present(&mut self, frame: &Frame, damage: &[Rect]) -> Result<(), OutputError>;
    /// Sleeps until nudged, but not longer than this; meanwhile serves the display.
    fn wait(&mut self, longest: Duration) -> Waited;
    /// What nudges it.
    fn waker(&self) -> Waker;
    /// Whether anybody could see what it shows, as far as it can tell.
    fn seen(&self) -> WallState {
        WallState::On
    }
}
