//! The real player on a headless wall: its picture can be read, and its power pulled.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use image::RgbaImage;
use tempfile::TempDir;
use xuanping_core::{sign::SecretKey, time::UtcMillis, vocabulary::ScreenKind};

use crate::{clock, device::Device, programs, reading, server::tail, waiting};

/// What its wall is.
#[derive(Debug, Clone, Copy)]
pub struct Wall {
    /// As `--kind` says it.
    pub kind: &'static str,
    /// As `--size` says it.
    pub size: (u32, u32),
}

/// A hall screen at a quarter of its usual pixels, so that two cores can run many.
pub const HALL: Wall = Wall { kind: "lcd", size: (960, 540) };
/// An LED strip over a door.
pub const DOOR: Wall = Wall { kind: "led_strip", size: (512, 32) };
/// A small picture wall.
pub const SMALL: Wall = Wall { kind: "lcd", size: (320, 180) };

/// A player with its own data folder. Killed when dropped.
pub struct Player {
    folder: TempDir,
    server: String,
    wall: Wall,
    child: Option<Child>,
}

impl Player {
    /// Starts a new one that knows nothing but the server's address.
    pub fn start(server: &str, wall: Wall) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut player = Self { folder, server: server.to_owned(), wall, child: None };
        player.restart();
        player
    }

    /// Starts it (again) on its data; answers when.
    pub fn restart(&mut self) -> UtcMillis {
        assert!(self.child.is_none(), "the player still runs");
        let log = File::options().create(true).append(true).open(self.log()).expect("a log file");
        let (width, height) = self.wall.size;
        let at = clock::now();
        let child = Command::new(programs::player())
            .arg("--data")
            .arg(self.data())
            .args(["--server", &self.server, "--output", "headless", "--kind", self.wall.kind])
            .args(["--size", &format!("{width}x{height}"), "--headless-every", "200ms", "--seal-interval", "1s"])
            .args(["--retry-limit", "1s", "--mute", "--headless-dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the player's program starts");
        self.child = Some(child);
        at
    }

    /// SIGKILL, as when the power goes; answers the last instant at which it can have done anything.
    pub fn kill(&mut self) -> UtcMillis {
        let mut child = self.child.take().expect("the player runs");
        child.kill().expect("SIGKILL is delivered");
        child.wait().expect("the player is gone");
        clock::now()
    }

    /// SIGTERM and its orderly end.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("the player runs");
        programs::end(&mut child, "the player");
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// What is on its wall, as last written.
    pub fn picture(&self) -> Option<RgbaImage> {
        let file = fs::read(self.picture_file()).ok()?;
        image::load_from_memory(&file).ok().map(|picture| picture.to_rgba8())
    }

    /// Forgets the picture written last, so that the next one read was drawn from now on.
    pub fn forget_picture(&self) {
        let _ = fs::remove_file(self.picture_file());
        fs::write(self.folder.path().join("wanted"), b"").expect("a new picture is asked for");
    }

    /// Waits until the wall is as `wanted` says, which answers why it is not.
    #[track_caller]
    pub fn shows(&self, what: &str, mut wanted: impl FnMut(&RgbaImage) -> Result<(), String>) {
        waiting::until(&format!("the player to show {what}"), waiting::LONG, || {
            wanted(&self.picture().ok_or("no picture yet")?)
        });
    }

    /// Its own key: what a test uses to speak in this screen's name.
    pub fn device(&self) -> Device {
        let seed = waiting::until("the player's key", waiting::PATIENCE, || {
            fs::read(self.data().join("device.key")).map_err(|e| e.to_string())
        });
        let seed = seed.as_slice().try_into().expect("a key file has 32 bytes");
        Device::new(&self.server, SecretKey::from_seed(&seed))
    }

    /// The pairing code, read off its wall.
    pub fn pairing_code(&self) -> String {
        let kind = if self.wall.kind == "led_strip" { ScreenKind::LedStrip } else { ScreenKind::Lcd };
        waiting::until("a pairing code on the wall", waiting::PATIENCE, || {
            reading::pairing_code(&self.picture().ok_or("no picture yet")?, kind)
        })
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn picture_file(&self) -> PathBuf {
        self.folder.path().join("frame.png")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("player.log")
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("── the player's log ends with ──\n{}", tail(&self.log()));
        }
    }
}
