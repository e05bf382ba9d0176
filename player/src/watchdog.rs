//! Signs of life for systemd: ready when the first picture is on the wall, then a beat now and then. They come from the one
//! loop and from nowhere else, and not while the display refuses pictures: a player that hangs is started again.

use std::{
    env,
    ffi::OsString,
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use crate::clock::Moment;

/// Speaks to the service manager, if there is one.
pub struct Watchdog {
    manager: Option<(UnixDatagram, SocketAddr)>,
    /// Milliseconds between two beats; `None`: nobody waits for them.
    every: Option<u64>,
    next: u64,
    ready: bool,
}

impl Watchdog {
    /// Speaks to whom the environment names, as systemd sets it. Whose beats count is the manager's to judge: behind xinit,
    /// they are not the main process's.
    pub fn from_environment() -> Self {
        let manager = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            connect(&name).inspect_err(|error| tracing::warn!(%error, ?name, "systemd is not told of this player")).ok()
        });
        let limit = env::var("WATCHDOG_USEC").ok().and_then(|micros| micros.parse().ok());
        Self::new(manager, limit.map(Duration::from_micros))
    }

    fn new(manager: Option<(UnixDatagram, SocketAddr)>, limit: Option<Duration>) -> Self {
        // Three beats within the limit: two may be late.
        let every = limit.map(|limit| u64::try_from(limit.as_millis() / 3).unwrap_or(u64::MAX));
        Self { manager, every, next: 0, ready: false }
    }

    /// The loop came round, and what should be on the wall is.
    pub fn beat(&mut self, now: Moment) {
        if !self.ready {
            self.ready = true;
            self.say("READY=1");
        }
        if let Some(every) = self.every.filter(|_| now.monotonic >= self.next) {
            self.next = now.monotonic + every;
            self.say("WATCHDOG=1");
        }
    }

    fn say(&self, words: &str) {
        if let Some((socket, manager)) = &self.manager
            && let Err(error) = socket.send_to_addr(words.as_bytes(), manager)
        {
            tracing::warn!(%error, words, "systemd could not be told");
        }
    }
}

/// A path, or a name in the abstract space after an `@`.
fn connect(name: &OsString) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not listen must not hold up the wall.
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use xuanping_core::time::UtcMillis;

    use super::*;

    #[test]
    fn systemd_is_told_of_the_first_picture_and_then_three_times_within_its_patience() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let heard = || {
            let mut words = [0; 64];
            let length = manager.recv(&mut words).ok()?;
            Some(String::from_utf8_lossy(&words[..length]).into_owned())
        };
        let mut watchdog = Watchdog::new(Some(connect(&path.into()).unwrap()), Some(Duration::from_secs(30)));
        assert_eq!(heard(), None, "nothing is on the wall yet");
        let mut said = Vec::new();
        for second in 0..60 {
            watchdog.beat(Moment { wall: UtcMillis(0), monotonic: second * 1_000 });
            said.extend(std::iter::from_fn(heard).map(|words| (second, words)));
        }
        let expected = [(0, "READY=1"), (0, "WATCHDOG=1"), (10, "WATCHDOG=1"), (20, "WATCHDOG=1"), (30, "WATCHDOG=1")];
        assert_eq!(said[..5], expected.map(|(second, words)| (second, words.to_owned())));
    }

    #[test]
    fn a_name_in_the_abstract_space_is_understood() {
        let name = format!("xuanping-{}", std::process::id());
        let manager = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let watchdog = Watchdog::new(Some(connect(&format!("@{name}").into()).unwrap()), None);
        watchdog.say("READY=1");
        let mut words = [0; 7];
        assert_eq!(manager.recv(&mut words).unwrap(), 7);
        assert_eq!(&words, b"READY=1");
    }
}
