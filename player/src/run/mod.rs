//! The one loop: take events, step the state, do what it says, draw what changed, sleep until the next thing.

mod house;
mod introduction;
mod life;
mod recording;

use std::{fs, io, path::Path, sync::mpsc::Receiver, time::Duration};

use life::Life;
use rustix::fs::{FlockOperation, flock};

use crate::{
    cache::Cache,
    config::Config,
    entropy::NoEntropy,
    event::Event,
    journal,
    keys::{self, KeyError},
    output::Output,
    sync::{self, AddressError, Enrolled},
};

/// Why the player cannot run at all. Everything that goes wrong later is lived with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder cannot be used.
    #[error("data folder {path}: {error}")]
    Data {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another player runs with the same data folder.
    #[error("another player is already using {0}")]
    Taken(std::path::PathBuf),
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The server's address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// A thread could not be started.
    #[error("no thread: {0}")]
    Thread(#[from] io::Error),
}

/// The longest sleep: a wall clock that jumps is noticed after this.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Runs until asked to stop by one of `events`. A retired screen forgets everything and begins again as a new one.
pub fn run(config: &Config, output: &mut dyn Output, events: &Receiver<Event>) -> Result<(), RunError> {
    let at = |error| RunError::Data { path: config.data.clone(), error };
    fs::create_dir_all(&config.data).map_err(at)?;
    let lock = fs::File::create(config.data.join("lock")).map_err(at)?;
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Err(RunError::Taken(config.data.clone()));
    }
    loop {
        let mut life = Life::new(config, output)?;
        let end = life.play(output, events);
        drop(life);
        match end {
            End::Stop => return Ok(()),
            End::Wipe => wipe(&config.data).map_err(at)?,
            End::Restart => std::thread::sleep(LONGEST_SLEEP),
        }
    }
}

/// How a life as one screen ends.
enum End {
    Stop,
    Wipe,
    Restart,
}

fn wipe(data: &Path) -> io::Result<()> {
    tracing::warn!("this screen was retired: cache, journal and key are deleted");
    // The key last: as long as it is there, an interrupted wipe is taken up again by the server's next refusal.
    Cache::open(data)?.wipe()?;
    journal::wipe(data)?;
    sync::forget_manifest(data)?;
    Enrolled::forget(data)?;
    keys::forget(data)
}
