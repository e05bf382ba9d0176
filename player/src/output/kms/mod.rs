//! A display without any desktop: the kernel's own mode setting (DRM/KMS). Two buffers by turns, changed where the frame
//! changed and flipped at the display's own pace, so nothing tears; displays that are off at first, or come and go.

mod buffers;
mod card;
mod hotplug;
mod terminal;

use std::{
    io,
    os::fd::{AsFd as _, OwnedFd},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use drm::{
    buffer::DrmFourcc,
    control::{Device as _, Event, Mode, PageFlipFlags, crtc},
};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use xuanping_core::{
    geometry::{Rect, Size},
    playlog::WallState,
};

use buffers::Buffer;
use card::{Card, Presence, Seen, choose};
use terminal::Terminal;

use super::{Output, OutputError, Waited};
use crate::{inbox::Waker, stage::Frame};

/// Which display, and which part of it.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The card; `None`: the first that drives a display.
    pub card: Option<PathBuf>,
    /// The connector, as `HDMI-A-1`; `None`: the first with a display.
    pub connector: Option<String>,
    /// The upper left corner of the wall on the display.
    pub position: (u32, u32),
    /// The pixels of the wall; `None`: all of the display.
    pub size: Option<Size>,
}

/// How long a flip may take: several times the slowest display's frame.
const FLIP: Duration = Duration::from_millis(150);
/// How long a card is waited for.
const CARD: Duration = Duration::from_secs(20);
/// How long a card that is there may be closed to us: its node is made before its group is set.
const CLOSED: Duration = Duration::from_secs(3);
/// How often the display is looked at, beside when the kernel says that something was plugged.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The display.
pub struct Kms {
    card: Card,
    wanted: Wanted,
    lit: Option<Lit>,
    /// Of the wall; nothing as long as neither the settings nor a display have said it.
    size: Size,
    plugged: Option<OwnedFd>,
    nudged: Arc<OwnedFd>,
    looked: Instant,
    waited: Waited,
    /// Until it is given back, no console writes over the picture.
    _terminal: Option<Terminal>,
}

/// A display that shows our buffers.
struct Lit {
    display: Seen,
    crtc: crtc::Handle,
    mode: Mode,
    buffers: [Buffer; 2],
    front: usize,
    flipping: Option<Instant>,
}

fn display(what: &str, error: &io::Error) -> OutputError {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => "; another program owns the display, or this user is not in the group video",
        _ => "",
    };
    OutputError::Display(format!("{what}: {error}{hint}"))
}

impl Kms {
    /// Takes the display. Without one that is on, waits for it in the dark.
    pub fn open(wanted: Wanted) -> Result<Self, OutputError> {
        // Just after boot, the card's driver may not be there yet, or nobody may be let in.
        let begun = Instant::now();
        let patience = |presence| match presence {
            Presence::Absent => CARD,
            Presence::Closed => CLOSED,
            Presence::Open => Duration::ZERO,
        };
        while begun.elapsed() < patience(Card::presence(wanted.card.as_deref())) {
            std::thread::sleep(Duration::from_millis(100));
        }
        let card = Card::open(wanted.card.as_deref(), wanted.connector.as_deref())?;
        let nudged =
            eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map_err(|e| OutputError::File(e.into()))?;
        let mut kms = Self {
            card,
            size: wanted.size.unwrap_or(Size { width: 0, height: 0 }),
            wanted,
            lit: None,
            plugged: hotplug::listen().inspect_err(|error| tracing::warn!(%error, "no news of displays")).ok(),
            nudged: Arc::new(nudged),
            looked: Instant::now(),
            waited: Waited::default(),
            _terminal: Terminal::take(),
        };
        kms.look(true)?;
        if kms.lit.is_none() {
            tracing::warn!("no display is connected; waiting for one");
        }
        kms.waited = Waited::default();
        Ok(kms)
    }

    /// Finds out what is connected, with `probe` by asking the displays themselves, and lights what should be lit.
    fn look(&mut self, probe: bool) -> Result<(), OutputError> {
        self.looked = Instant::now();
        let seen = self.card.displays(probe).map_err(|e| display("displays cannot be asked", &e))?;
        let chosen = choose(&seen, self.wanted.connector.as_deref());
        let Some(chosen) = chosen else {
            if let Some(lit) = self.lit.take() {
                tracing::warn!(display = lit.display.name, "the display is gone");
                lit.destroy(&self.card);
            }
            return Ok(());
        };
        let mode = chosen.mode().or_else(|| self.lit.as_ref().map(|lit| lit.mode));
        let same =
            self.lit.as_ref().is_some_and(|lit| lit.display.connector == chosen.connector && Some(lit.mode) == mode);
        let (false, Some(mode)) = (same, mode) else { return Ok(()) };
        let lit = Lit::light(&self.card, chosen.clone(), mode)?;
        tracing::info!(display = chosen.name, mode = ?mode.size(), hertz = mode.vrefresh(), "showing");
        if let Some(before) = self.lit.replace(lit) {
            before.destroy(&self.card);
        }
        let (width, height) = mode.size();
        let size = self.wanted.size.unwrap_or(Size { width: width.into(), height: height.into() });
        self.waited.resized |= size != self.size;
        self.waited.exposed = true;
        self.size = size;
        Ok(())
    }

    fn look_again(&mut self, probe: bool) {
        if let Err(error) = self.look(probe) {
            tracing::error!(%error, "the display could not be lit; trying again");
        }
    }

    /// Takes what the card has to say: flips that are over.
    fn flips(&mut self) {
        match self.card.receive_events() {
            Ok(events) => {
                if let Some(lit) = &mut self.lit
                    && events.into_iter().any(|event| matches!(event, Event::PageFlip(flip) if flip.crtc == lit.crtc))
                {
                    lit.flipping = None;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => tracing::warn!(%error, "the card's events cannot be read"),
        }
    }

    /// Waits until no flip is under way any more; one that never ends is given up.
    fn flipped(&mut self) {
        while let Some(begun) = self.lit.as_ref().and_then(|lit| lit.flipping) {
            let left = FLIP.saturating_sub(begun.elapsed());
            let ready = {
                let mut fds = [PollFd::new(&self.card, PollFlags::IN)];
                poll(&mut fds, rustix::event::Timespec::try_from(left).ok().as_ref())
            };
            match ready {
                Ok(0) => {
                    if let Some(lit) = &mut self.lit {
                        lit.flipping = None;
                    }
                }
                Ok(_) => self.flips(),
                // Interrupted: without news, reading the card's events would wait for ever.
                Err(_) => {}
            }
        }
    }
}

impl Lit {
    fn light(card: &Card, display: Seen, mode: Mode) -> Result<Self, OutputError> {
        let crtc = card.crtc_for(display.connector).map_err(|e| self::display("no way to the display", &e))?;
        let (width, height) = mode.size();
        let size = Size { width: width.into(), height: height.into() };
        let buffer =
            || Buffer::new(card, size, DrmFourcc::Xrgb8888).map_err(|e| self::display("no memory for frames", &e));
        let first = buffer()?;
        // Their memory is the card's: what is not given back is lost for good.
        let second = match buffer() {
            Ok(second) => second,
            Err(error) => {
                first.destroy(card);
                return Err(error);
            }
        };
        let buffers = [first, second];
        if let Err(e) = card.set_crtc(crtc, Some(buffers[0].framebuffer), (0, 0), &[display.connector], Some(mode)) {
            for buffer in buffers {
                buffer.destroy(card);
            }
            return Err(self::display("the mode could not be set", &e));
        }
        card.hide_cursor(crtc);
        Ok(Self { display, crtc, mode, buffers, front: 0, flipping: None })
    }

    fn destroy(self, card: &Card) {
        for buffer in self.buffers {
            buffer.destroy(card);
        }
    }

    fn show(&mut self, card: &Card, frame: &Frame, at: (u32, u32), damage: &[Rect]) -> Result<(), OutputError> {
        let [first, second] = &mut self.buffers;
        let (front, back) = if self.front == 0 { (first, second) } else { (second, first) };
        // It comes to the front without this.
        front.owe(damage, frame.size());
        back.draw(frame, at, damage);
        match card.page_flip(self.crtc, back.framebuffer, PageFlipFlags::EVENT, None) {
            Ok(()) => self.flipping = Some(Instant::now()),
            // A display that was switched off and on, or a driver that does not flip.
            Err(_) => card
                .set_crtc(self.crtc, Some(back.framebuffer), (0, 0), &[self.display.connector], Some(self.mode))
                .map_err(|e| display("the frame could not be shown", &e))?,
        }
        self.front = 1 - self.front;
        Ok(())
    }
}

impl Output for Kms {
    fn size(&self) -> Size {
        self.size
    }

    fn present(&mut self, frame: &Frame, damage: &[Rect]) -> Result<(), OutputError> {
        self.flipped();
        match &mut self.lit {
            Some(lit) => lit.show(&self.card, frame, self.wanted.position, damage),
            None => Ok(()),
        }
    }

    fn wait(&mut self, longest: Duration) -> Waited {
        let until = Instant::now() + longest;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (mut card, mut nudged, mut plugged) = (false, false, false);
            {
                let mut fds = vec![PollFd::new(&self.card, PollFlags::IN), PollFd::new(&self.nudged, PollFlags::IN)];
                fds.extend(self.plugged.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
                if poll(&mut fds, rustix::event::Timespec::try_from(left).ok().as_ref()).is_ok() {
                    let ready = |n: usize| fds.get(n).is_some_and(|fd| !fd.revents().is_empty());
                    (card, nudged, plugged) = (ready(0), ready(1), ready(2));
                }
            }
            if card {
                self.flips();
            }
            if nudged {
                let _ = rustix::io::read(&self.nudged, &mut [0; 8]);
            }
            if plugged && self.plugged.as_ref().is_some_and(|fd| hotplug::heard_of_displays(fd.as_fd())) {
                self.look_again(true);
            } else if self.looked.elapsed() >= LOOK_EVERY {
                // Asking a display that is there would make what scrolls stumble.
                self.look_again(self.lit.is_none());
            }
            if nudged || self.waited != Waited::default() || Instant::now() >= until {
                return std::mem::take(&mut self.waited);
            }
        }
    }

    fn seen(&self) -> WallState {
        if self.lit.is_some() { WallState::On } else { WallState::Off }
    }

    fn waker(&self) -> Waker {
        let nudged = self.nudged.clone();
        Arc::new(move || {
            // Fails only when it was nudged 2^64 times and not read.
            let _ = rustix::io::write(&nudged, &1_u64.to_ne_bytes());
        })
    }
}
