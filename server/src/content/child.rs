//! Foreign programs that read hostile bytes (ffprobe, ffmpeg) run as children with nothing to lose: no input, no environment,
//! limited time, processor, memory and output, and killed when the one who waits for them goes away.

use std::{ffi::OsString, process::Stdio, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
};

/// What a child may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wall-clock time, after which it is killed.
    pub wall: Duration,
    /// Processor seconds, all its threads together.
    pub processor_seconds: u64,
    /// Bytes of address space.
    pub memory: u64,
    /// Bytes of the largest file it may write.
    pub file: u64,
}

impl Limits {
    /// For reading a file's headers.
    pub const PROBE: Self =
        Self { wall: Duration::from_secs(20), processor_seconds: 20, memory: 2 << 30, file: 1 << 20 };
    /// For one frame of a clip.
    pub const STILL: Self = Self { file: 32 << 20, ..Self::PROBE };
    /// For decoding a whole clip once.
    pub const DECODE: Self =
        Self { wall: Duration::from_mins(5), processor_seconds: 600, memory: 3 << 30, file: 1 << 20 };
    /// For transcoding a clip.
    pub const TRANSCODE: Self =
        Self { wall: Duration::from_hours(1), processor_seconds: 7_200, memory: 4 << 30, file: 2 << 30 };
}

/// Why a child gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The program is not installed.
    #[error("{program} cannot be started ({source}); on Debian: apt-get install ffmpeg")]
    NotStarted {
        /// Its name.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// It took too long and was killed.
    #[error("{program} was killed after {seconds} s")]
    TimedOut {
        /// Its name.
        program: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// It ended with a failure.
    #[error("{program} failed: {message}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// The last it said.
        message: String,
    },
    /// Talking to it failed.
    #[error("waiting for {program}: {source}")]
    Broken {
        /// Its name.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
}

/// Most bytes of output that are kept; what a child says beyond them is read and dropped.
const KEPT: usize = 1 << 20;

/// Runs a program to its end and returns what it wrote to its standard output.
pub async fn run(program: &'static str, arguments: Vec<OsString>, limits: Limits) -> Result<Vec<u8>, ChildError> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| ChildError::NotStarted { program, source })?;
    confine(child.id(), limits);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let all = async {
        let (out, err) = tokio::join!(read_capped(out), read_capped(err));
        let status = child.wait().await?;
        Ok::<_, std::io::Error>((out?, err?, status))
    };
    let timed = tokio::time::timeout(limits.wall, all).await;
    let (out, err, status) = timed
        .map_err(|_| ChildError::TimedOut { program, seconds: limits.wall.as_secs() })?
        .map_err(|source| ChildError::Broken { program, source })?;
    if status.success() {
        return Ok(out);
    }
    let said = String::from_utf8_lossy(&err);
    let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(5).collect();
    let message = if last.is_empty() { status.to_string() } else { last.join("; ") };
    Err(ChildError::Failed { program, message })
}

/// Sets the limits from outside, microseconds after the start: long before a program has read its first byte of input.
fn confine(id: Option<u32>, limits: Limits) {
    let Some(pid) = id.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
    let to = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    for (resource, value) in [
        (Resource::Cpu, limits.processor_seconds),
        (Resource::As, limits.memory),
        (Resource::Fsize, limits.file),
        (Resource::Core, 0),
        (Resource::Nofile, 64),
    ] {
        // It may already be over; then there is nothing to confine.
        if let Err(error) = prlimit(Some(pid), resource, to(value)) {
            tracing::debug!(%error, ?resource, "a child ended before it was confined");
        }
    }
    // Pictures on the wall and answers to people come before transcoding.
    let _ = rustix::process::setpriority_process(Some(pid), 10);
}

async fn read_capped(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let Some(mut stream) = stream else { return Ok(Vec::new()) };
    let mut kept = Vec::new();
    let mut piece = vec![0_u8; 8192];
    loop {
        let read = stream.read(&mut piece).await?;
        if read == 0 {
            return Ok(kept);
        }
        let room = KEPT.saturating_sub(kept.len()).min(read);
        kept.extend_from_slice(&piece[..room]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<OsString> {
        vec!["-c".into(), script.into()]
    }

    #[tokio::test]
    async fn a_child_gets_no_input_and_no_environment() {
        let out = run("sh", shell("cat; env | grep -c . ; echo done"), Limits::PROBE).await.unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.ends_with("done\n"), "{out}");
        assert!(!out.contains("HOME="), "{out}");
    }

    #[tokio::test]
    async fn a_child_that_hangs_is_killed() {
        let limits = Limits { wall: Duration::from_millis(200), ..Limits::PROBE };
        let error = run("sh", shell("sleep 60"), limits).await.unwrap_err();
        assert!(matches!(error, ChildError::TimedOut { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_child_cannot_fill_the_disk_or_burn_the_processor() {
        let file = tempfile::NamedTempFile::new().unwrap();
        // The pause lets the limits be in place before the shell writes.
        let script = format!("sleep 0.2; head -c 3000000 /dev/zero > {}", file.path().display());
        assert!(run("sh", shell(&script), Limits::PROBE).await.is_err());
        assert!(file.as_file().metadata().unwrap().len() <= 1 << 20);

        let limits = Limits { processor_seconds: 1, ..Limits::PROBE };
        let error = run("sh", shell("while :; do :; done"), limits).await.unwrap_err();
        assert!(matches!(error, ChildError::Failed { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_failing_childs_words_are_kept_and_a_missing_program_named() {
        let error = run("sh", shell("echo broken file >&2; exit 3"), Limits::PROBE).await.unwrap_err();
        assert!(error.to_string().contains("broken file"), "{error}");
        let error = run("no-such-program", vec![], Limits::PROBE).await.unwrap_err();
        assert!(matches!(error, ChildError::NotStarted { .. }), "{error}");
    }
}
