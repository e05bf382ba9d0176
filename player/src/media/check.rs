//! What the worker's program can do on this machine, asked of it in a process of its own.

use std::{
    io::{self, Read as _},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::protocol::{Abilities, VERSION};

/// Why nothing is known of the worker's abilities.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be started.
    #[error("the media worker cannot be started: {0}")]
    Start(#[from] io::Error),
    /// It takes longer than it may.
    #[error("the media worker did not answer in time")]
    Slow,
    /// It answers something else.
    #[error("the media worker's answer is not understood: {0}")]
    Answer(#[from] serde_json::Error),
    /// It belongs to another player.
    #[error("the media worker speaks version {0}, this player {VERSION}")]
    Version(u32),
}

/// Runs `program --check`. Waits for the answer: the first time on a machine, GStreamer reads all its plugins, which takes seconds.
pub fn check(program: &Path, longest: Duration) -> Result<Abilities, CheckError> {
    let mut child = Command::new(program)
        .arg("--check")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    // The answer is far shorter than a pipe is long: the child never waits for us to read.
    while child.try_wait()?.is_none() {
        if begun.elapsed() > longest {
            child.kill()?;
            child.wait()?;
            return Err(CheckError::Slow);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut answer = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut answer)?;
    }
    let abilities: Abilities = serde_json::from_slice(&answer)?;
    if abilities.protocol == VERSION { Ok(abilities) } else { Err(CheckError::Version(abilities.protocol)) }
}
