//! The one loop: take events, step the state, do what it says, draw what changed, sleep until the next thing.

mod asked;
mod dark;
mod house;
mod instructions;
mod introduction;
mod lamp;
mod life;
mod recording;
mod shows;

use std::{
    fs, io,
    path::Path,
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use life::Life;
use rustix::fs::{FlockOperation, flock};
use shows::Shows;
use xuanping_core::time::UtcMillis;

use crate::{
    cache::Cache,
    clock::{self, Clock},
    config::Config,
    durable::{self, Privacy},
    entropy::NoEntropy,
    event::Event,
    evidence, journal,
    keyring::Keyring,
    keys::KeyError,
    output::Output,
    stage::{Scene, Stage, Wall},
    sync::{self, AddressError, Enrolled},
    watchdog::Watchdog,
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

/// How long the standby picture stays before a data folder that cannot be used is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Runs until asked to stop by one of `events`. A retired screen forgets everything and begins again as a new one.
///
/// A disk that refuses is no reason to end: whatever ran instead would put a desktop on the wall. What can be played is
/// played, else the standby picture stays, and it is tried again.
pub fn run(config: &Config, output: &mut dyn Output, events: &Receiver<Event>) -> Result<(), RunError> {
    let mut lock = None;
    let mut watchdog = Watchdog::from_environment();
    loop {
        match begin(config, output, &mut lock) {
            Ok(mut life) => {
                let end = life.play(output, events, &mut watchdog);
                drop(life);
                match end {
                    End::Stop => return Ok(()),
                    End::Wipe => {
                        if let Err(error) = wipe(&config.data) {
                            tracing::error!(%error, "not everything could be deleted; the server's next refusal takes it up again");
                            std::thread::sleep(LONGEST_SLEEP);
                        }
                    }
                    End::Restart => std::thread::sleep(LONGEST_SLEEP),
                }
            }
            Err(error @ (RunError::Taken(_) | RunError::Address(_))) => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the player cannot begin; the standby picture stays and it is tried again");
                if stand_by(config, output, events, &mut watchdog) {
                    return Ok(());
                }
            }
        }
    }
}

fn begin<'a>(config: &'a Config, output: &dyn Output, lock: &mut Option<fs::File>) -> Result<Life<'a>, RunError> {
    if lock.is_none() {
        let at = |error| RunError::Data { path: config.data.clone(), error };
        *lock = Some(take(&config.data, at)?);
        if data_is_half_wiped(&config.data) {
            wipe(&config.data).map_err(at)?;
        }
    }
    Life::new(config, output)
}

/// For so long the data folder may still be in somebody's hands: a child that the player before was just starting when it was
/// killed has its lock until it becomes another program.
const TAKEN_FOR: Duration = Duration::from_secs(2);

/// Locks the folder itself: that works on a disk that can only be read, too.
fn take(data: &Path, at: impl Fn(io::Error) -> RunError) -> Result<fs::File, RunError> {
    fs::create_dir_all(data).map_err(&at)?;
    let folder = fs::File::open(data).map_err(&at)?;
    let begun = Instant::now();
    while flock(&folder, FlockOperation::NonBlockingLockExclusive).is_err() {
        if begun.elapsed() >= TAKEN_FOR {
            return Err(RunError::Taken(data.to_owned()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(folder)
}

/// Shows the standby picture for a while. Whether it was asked to stop meanwhile.
fn stand_by(config: &Config, output: &mut dyn Output, events: &Receiver<Event>, watchdog: &mut Watchdog) -> bool {
    let size = output.size();
    let mut stage = Stage::new(Wall { size, kind: config.kind, note: format!("{} · {size}", config.server) });
    stage.draw(&Scene::Standby, UtcMillis(0), &mut |_, _| None);
    if let Err(error) = output.present(stage.frame(), &[size.rect()]) {
        tracing::error!(%error, "the standby picture could not be shown");
    }
    let (begun, clock) = (Instant::now(), Clock::new());
    while begun.elapsed() < TRY_AGAIN {
        watchdog.beat(clock.now());
        let closed = output.wait(LONGEST_SLEEP).closed;
        if closed || events.try_iter().any(|event| matches!(event, Event::Stop)) {
            return true;
        }
    }
    false
}

/// How a life as one screen ends.
enum End {
    Stop,
    Wipe,
    Restart,
}

/// While this file is there, what lies beside it belongs to a screen that is no more.
const WIPING: &str = "wiping";

fn data_is_half_wiped(data: &Path) -> bool {
    data.join(WIPING).exists()
}

fn wipe(data: &Path) -> io::Result<()> {
    tracing::warn!("this screen was retired: cache, journal and key are deleted");
    // A power cut in between must not leave a key whose publisher is forgotten: nobody could tell it anything any more.
    if let Err(error) = durable::write(&data.join(WIPING), b"", Privacy::Usual) {
        // A full disk: all the more reason to delete.
        tracing::warn!(%error, "a power cut during this wipe would go unnoticed");
    }
    Cache::below(data, None).wipe()?;
    journal::wipe(data)?;
    evidence::Folder::below(data).wipe()?;
    sync::forget_manifest(data)?;
    clock::forget(data)?;
    // Made dark for a screen that is no more: the pairing code must be seen.
    dark::forget(data)?;
    Shows::forget(data)?;
    instructions::Done::forget(data)?;
    Enrolled::forget(data)?;
    Keyring::forget(data)?;
    durable::remove(&data.join(WIPING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_a_dying_player_holds_for_a_moment_is_waited_for_and_one_that_is_in_use_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let at = |error| RunError::Data { path: data.path().to_owned(), error };
        let dying = take(data.path(), at).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                drop(dying);
            });
            let held = take(data.path(), at).unwrap();
            assert!(matches!(take(data.path(), at), Err(RunError::Taken(_))));
            drop(held);
        });
    }

    #[test]
    fn a_wipe_that_the_power_cut_short_is_finished_before_anything_is_played() {
        let data = tempfile::tempdir().unwrap();
        let first = Keyring::load(data.path()).unwrap().asking().public();
        durable::write(&data.path().join(WIPING), b"", Privacy::Usual).unwrap();
        dark::keep(data.path(), true).unwrap();
        assert!(data_is_half_wiped(data.path()));
        wipe(data.path()).unwrap();
        assert!(!data_is_half_wiped(data.path()));
        assert!(!dark::is_kept(data.path()), "a new screen shows its pairing code");
        assert_ne!(Keyring::load(data.path()).unwrap().asking().public(), first);
    }
}
