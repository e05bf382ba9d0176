//! A patient look at every file of the cache, one a minute: a sector that goes bad is noticed, reported and cured before
//! its picture is wanted.

use std::{
    io,
    sync::mpsc::{RecvTimeoutError, Sender, channel},
    time::Duration,
};

use crate::{cache::Cache, event::Event, inbox::Inbox};

/// Between two files.
const EVERY: Duration = Duration::from_mins(1);

/// The thread. It ends when this is dropped.
pub struct Scrub {
    _stop: Sender<()>,
}

impl Scrub {
    /// Starts it; what is damaged is an [`Event::Rotten`].
    pub fn start(cache: Cache, inbox: Inbox) -> io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        std::thread::Builder::new().name("scrub".into()).spawn(move || {
            let rest = |time| matches!(stopped.recv_timeout(time), Err(RecvTimeoutError::Timeout));
            let mut last = None;
            while rest(EVERY) {
                let seen = cache.look_at_next(last, rest);
                if let Some((digest, true)) = seen {
                    inbox.send(Event::Rotten(digest));
                }
                last = seen.map(|(digest, _)| digest);
            }
        })?;
        Ok(Self { _stop: stop })
    }
}
