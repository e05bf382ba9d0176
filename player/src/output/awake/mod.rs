//! A desktop's display that does not fall asleep while the player shows something on it. Whatever the desktop: it ends with
//! the player, and no setting of the user's is changed.

mod wayland;
mod x11;

use std::rc::Rc;

use winit::{
    event_loop::{ActiveEventLoop, OwnedDisplayHandle},
    raw_window_handle::{HasDisplayHandle as _, RawDisplayHandle},
    window::Window,
};

/// A display that is kept awake for as long as this is.
pub(super) struct Awake(Kept);

enum Kept {
    /// By an X server, which has to be told now and then.
    X11(Box<x11::Vigil>),
    /// By a Wayland compositor, which was told once.
    Wayland { _vigil: wayland::Vigil },
}

impl Awake {
    /// Keeps the display awake that this window is on. One that does not let itself be is not worth dying for.
    pub(super) fn keep(active: &ActiveEventLoop, window: &Rc<Window>) -> Option<Self> {
        let display = active.owned_display_handle();
        let kept = if is_x11(&display) {
            x11::Vigil::keep().map(|vigil| Kept::X11(Box::new(vigil))).map_err(|error| error.to_string())
        } else {
            let vigil = wayland::Vigil::keep(display, window.clone());
            vigil.map(|vigil| Kept::Wayland { _vigil: vigil }).map_err(|error| error.to_string())
        };
        kept.inspect_err(|error| tracing::warn!(%error, "the display's screen saver could not be switched off"))
            .ok()
            .map(Self)
    }

    /// Says that somebody is there, where that has to be said again.
    pub(super) fn nudge(&mut self) {
        if let Kept::X11(vigil) = &mut self.0 {
            vigil.nudge();
        }
    }
}

fn is_x11(display: &OwnedDisplayHandle) -> bool {
    let handle = display.display_handle().map(|handle| handle.as_raw());
    matches!(handle, Ok(RawDisplayHandle::Xlib(_) | RawDisplayHandle::Xcb(_)))
}
