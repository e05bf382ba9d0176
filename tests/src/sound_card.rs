//! A sound card that is none: PulseAudio's null sink, which takes sound at the pace of time. The player's worker finds it
//! as it finds any card, as a sound server or behind ALSA; what would be heard is read from the sink's monitor.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use tempfile::TempDir;

use crate::{
    clock,
    waiting::{PATIENCE, until_true},
};

/// Samples a second.
const RATE: usize = 48_000;
/// A tone begins after at least so much without one.
const QUIET: usize = RATE / 4;

/// How a program gets to the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By ALSA, as on a machine that only shows.
    Alsa,
    /// By the sound server, as on a desktop.
    Server,
}

/// The card. Gone when dropped.
pub struct SoundCard {
    folder: TempDir,
    server: Child,
    listener: Option<Child>,
    heard: Arc<Mutex<Heard>>,
}

/// What the monitor gave, and when its first sample was to be heard.
#[derive(Default)]
struct Heard {
    samples: Vec<i16>,
    /// In milliseconds since 1970: the earliest that any piece's arrival allows, for a piece may come late but never early.
    begun: Option<f64>,
}

impl SoundCard {
    /// Puts one in, and listens.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("native");
        let settings = format!(
            "</usr/share/alsa/alsa.conf>\npcm.!default {{ type pulse server \"unix:{0}\" }}\n\
             ctl.!default {{ type pulse server \"unix:{0}\" }}\n",
            socket.display()
        );
        fs::write(folder.path().join("asound.conf"), settings).expect("the settings are written");
        let server = at_home(&mut Command::new("pulseaudio"), folder.path())
            .args(["-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm", "-L"])
            .arg(format!("module-native-protocol-unix socket={} auth-anonymous=1", socket.display()))
            .args(["-L", &format!("module-null-sink sink_name=wall rate={RATE}")])
            .spawn()
            .expect("Debian's pulseaudio is there");
        let mut card = Self { folder, server, listener: None, heard: Arc::default() };
        until_true("the sound card", PATIENCE, || socket.exists());
        card.listen(&socket);
        let heard = card.heard.clone();
        until_true("the card's silence to be heard", PATIENCE, || !lock(&heard).samples.is_empty());
        card
    }

    /// What leads a program to it: a variable of its environment. By the other way it finds nothing.
    pub fn leads(&self, way: Way) -> [(&'static str, PathBuf); 2] {
        let (file, nowhere) = (|name: &str| self.folder.path().join(name), PathBuf::from("/dev/null"));
        match way {
            Way::Alsa => [("ALSA_CONFIG_PATH", file("asound.conf")), ("PULSE_SERVER", nowhere)],
            Way::Server => [("ALSA_CONFIG_PATH", nowhere), ("PULSE_SERVER", file("native"))],
        }
    }

    fn listen(&mut self, socket: &Path) {
        let mut listener = at_home(&mut Command::new("parec"), self.folder.path())
            .arg(format!("--server=unix:{}", socket.display()))
            .args(["--device=wall.monitor", "--format=s16le", "--channels=1", "--latency-msec=5", "--raw"])
            .arg(format!("--rate={RATE}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("Debian's pulseaudio-utils are there");
        let mut sound = listener.stdout.take().expect("it has an output");
        self.listener = Some(listener);
        let heard = self.heard.clone();
        std::thread::spawn(move || {
            let (mut piece, mut odd) = ([0; 4_096], Vec::new());
            while let Ok(read @ 1..) = sound.read(&mut piece) {
                let now = clock::now().0 as f64;
                odd.extend_from_slice(&piece[..read]);
                let (whole, rest) = odd.as_chunks::<2>();
                let mut heard = lock(&heard);
                heard.samples.extend(whole.iter().map(|bytes| i16::from_le_bytes(*bytes)));
                odd = rest.to_vec();
                let begun = now - heard.samples.len() as f64 * 1_000.0 / RATE as f64;
                heard.begun = Some(heard.begun.map_or(begun, |before| before.min(begun)));
            }
        });
    }

    /// When each tone began, in milliseconds since 1970.
    pub fn tones(&self) -> Vec<f64> {
        let heard = lock(&self.heard);
        let Some(begun) = heard.begun else { return Vec::new() };
        let loudest = heard.samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        // Far above what a codec smears before a tone.
        let loud = (loudest / 3).max(300);
        let mut tones = Vec::new();
        let mut last = None;
        for (at, _) in heard.samples.iter().enumerate().filter(|(_, sample)| sample.unsigned_abs() >= loud) {
            if last.is_none_or(|last| at - last >= QUIET) {
                tones.push(begun + at as f64 * 1_000.0 / RATE as f64);
            }
            last = Some(at);
        }
        tones
    }
}

/// Nothing of whoever runs the tests is read or written.
fn at_home<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command
        .envs(
            ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "PULSE_RUNTIME_PATH", "PULSE_STATE_PATH"].map(|n| (n, home)),
        )
        .env_remove("PULSE_SERVER")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

fn lock(heard: &Mutex<Heard>) -> std::sync::MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for SoundCard {
    fn drop(&mut self) {
        for child in self.listener.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
