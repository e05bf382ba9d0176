//! One worker process: its start, its pipes and its end.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read},
    os::fd::{AsRawFd as _, OwnedFd},
    path::Path,
    process::{Child, Command as Program, ExitStatus, Stdio},
    sync::mpsc::SyncSender,
    time::{Duration, Instant},
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::{FdFlags, fcntl_setfd},
};

use super::{
    protocol::{Command, Event},
    supervisor::Message,
};

/// The longest line that is read as one.
const LINE: u64 = 64 << 10;
/// How long a worker that was told to quit may take.
const FAREWELL: Duration = Duration::from_millis(400);

/// A running worker. Dropping it kills it.
pub(super) struct Process {
    child: Child,
    commands: OwnedFd,
}

/// A command did not go through: the worker does not read.
#[derive(Debug, thiserror::Error)]
#[error("the worker does not read its commands: {0}")]
pub(super) struct NotRead(pub(super) io::Error);

impl Process {
    /// Starts the program; `software`: the graphics chip is not to decode for it. What it says arrives as messages that carry `generation`.
    pub(super) fn start(
        program: &Path,
        software: bool,
        memory: &File,
        generation: u64,
        messages: &SyncSender<Message>,
    ) -> io::Result<Self> {
        // Only for this moment may a child inherit the memory.
        fcntl_setfd(memory, FdFlags::empty())?;
        let started = Program::new(program)
            .arg("--frames")
            .arg(memory.as_raw_fd().to_string())
            .arg("--parent")
            .arg(std::process::id().to_string())
            .args(software.then_some("--software"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        fcntl_setfd(memory, FdFlags::CLOEXEC)?;
        let mut child = started?;
        let pipes = child.stdin.take().zip(child.stdout.take()).zip(child.stderr.take());
        let process = |child, commands| Self { child, commands };
        let Some(((stdin, stdout), stderr)) = pipes else {
            return Err(io::Error::other("a pipe is missing"));
        };
        let process = process(child, OwnedFd::from(stdin));
        // A worker that does not read must not make us wait.
        let flags = fcntl_getfl(&process.commands)?;
        fcntl_setfl(&process.commands, flags | OFlags::NONBLOCK)?;
        let messages = messages.clone();
        std::thread::Builder::new().name("media-events".to_owned()).spawn(move || {
            lines(stdout, |line| match serde_json::from_slice::<Event>(line) {
                Ok(event) => messages.send(Message::Said(generation, event)).is_ok(),
                Err(_) => {
                    // A library that prints. If it garbled an event, the watch will notice what is missing.
                    tracing::warn!(line = %String::from_utf8_lossy(line), "the media worker said something strange");
                    true
                }
            });
            let _ = messages.send(Message::Closed(generation));
        })?;
        std::thread::Builder::new().name("media-log".to_owned()).spawn(move || {
            lines(stderr, |line| {
                tracing::warn!(target: "media_worker", "{}", String::from_utf8_lossy(line));
                true
            });
        })?;
        Ok(process)
    }

    /// Says a command, at once or not at all.
    pub(super) fn say(&self, command: &Command) -> Result<(), NotRead> {
        let mut line = serde_json::to_vec(command).map_err(|error| NotRead(error.into()))?;
        line.push(b'\n');
        match rustix::io::write(&self.commands, &line) {
            Ok(written) if written == line.len() => Ok(()),
            Ok(_) => Err(NotRead(io::ErrorKind::WriteZero.into())),
            Err(error) => Err(NotRead(error.into())),
        }
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it and waits for it; says how it ended.
    pub(super) fn kill(mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Lets it end by itself, for a moment.
    pub(super) fn farewell(mut self) {
        let _ = self.say(&Command::Quit);
        let begun = Instant::now();
        while begun.elapsed() < FAREWELL {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both do nothing to a child that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines until the end or until `each` says false; a line that is too long is given in pieces.
fn lines(from: impl Read, mut each: impl FnMut(&[u8]) -> bool) {
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = line.trim_ascii_end();
                if !text.is_empty() && !each(text) {
                    return;
                }
            }
        }
    }
}
