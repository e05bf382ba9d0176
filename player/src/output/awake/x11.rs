//! An X display that does not fall asleep while the player shows something on it: neither by the server's own screen saver
//! or power saving, nor by a desktop's that waits until nobody has touched anything for long.
//!
//! The server forgets all of it when the connection is closed.

use std::time::{Duration, Instant};

use x11rb::{
    connection::RequestConnection as _,
    errors::{ConnectError, ReplyError},
    protocol::{
        dpms::{self, DPMSMode},
        screensaver,
        xproto::{self, ScreenSaver},
    },
    rust_connection::RustConnection,
};

/// How often the display is told that somebody is there. Desktops that dim after a minute are the quickest.
const NUDGE_EVERY: Duration = Duration::from_secs(25);

/// What can be wrong with a display.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unheard {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

impl From<x11rb::errors::ConnectionError> for Unheard {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        Self::Reply(error.into())
    }
}

/// An X display that is kept awake for as long as this is.
pub(super) struct Vigil {
    display: RustConnection,
    power_saving: bool,
    next: Instant,
}

impl Vigil {
    /// Keeps the display awake that `DISPLAY` names.
    pub(super) fn keep() -> Result<Self, Unheard> {
        let (display, _) = x11rb::connect(None)?;
        let has = |name| display.extension_information(name).map(|about| about.is_some());
        if has(screensaver::X11_EXTENSION_NAME)? {
            // Suspending is of version 1.1; the server has to hear which version is spoken.
            screensaver::query_version(&display, 1, 1)?.reply()?;
            screensaver::suspend(&display, 1)?.check()?;
        }
        let power_saving = has(dpms::X11_EXTENSION_NAME)?;
        let vigil = Self { display, power_saving, next: Instant::now() + NUDGE_EVERY };
        vigil.wake()?;
        Ok(vigil)
    }

    /// Says that somebody is there, now and then.
    pub(super) fn nudge(&mut self) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + NUDGE_EVERY;
        // A display that is gone is noticed by whoever draws on it.
        let _ = self.wake();
    }

    fn wake(&self) -> Result<(), Unheard> {
        xproto::force_screen_saver(&self.display, ScreenSaver::RESET)?.check()?;
        if self.power_saving {
            let power = dpms::info(&self.display)?.reply()?;
            if power.state && power.power_level != DPMSMode::ON {
                dpms::force_level(&self.display, DPMSMode::ON)?.check()?;
            }
        }
        Ok(())
    }
}
