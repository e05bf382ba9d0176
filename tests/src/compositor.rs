//! A Wayland desktop that has no display but memory: sway on its headless backend, what is on it, and whether it would let
//! its display fall asleep.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use image::RgbaImage;
use xuanping_core::geometry::Size;

use crate::{
    virtual_display::Running,
    waiting::{LONG, until},
};

/// Whoever owns no file: compositors refuse to run as root.
const NOBODY: u32 = 65_534;

/// The desktop. Gone when dropped.
pub struct Compositor {
    _server: Running,
    folder: PathBuf,
    socket: String,
}

impl Compositor {
    /// One of so many pixels, which keeps its sockets in `folder`.
    pub fn open(folder: &Path, Size { width, height }: Size) -> Self {
        let folder = folder.join("desktop");
        fs::create_dir(&folder).expect("a folder for sockets");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its folder is its own");
        let config = folder.join("config");
        let settings = format!("xwayland disable\noutput * resolution {width}x{height} position 0 0\n");
        fs::write(&config, settings).expect("its settings are written");
        let mut command = if rustix::process::geteuid().is_root() {
            fs::set_permissions(folder.parent().expect("it lies in one"), fs::Permissions::from_mode(0o711))
                .expect("it may be reached");
            for path in [&folder, &config] {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("its folder is its own");
            }
            let mut command = Command::new("setpriv");
            let nobody = NOBODY.to_string();
            command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "sway"]);
            command
        } else {
            Command::new("sway")
        };
        command
            .arg("-c")
            .arg(&config)
            .env("XDG_RUNTIME_DIR", &folder)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command.env("WLR_BACKENDS", "headless").env("WLR_RENDERER", "pixman").env("LIBSEAT_BACKEND", "noop");
        command.env("WLR_LIBINPUT_NO_DEVICES", "1");
        let server = Running::start(&mut command);
        let socket = until("the compositor's socket", LONG, || {
            let names = fs::read_dir(&folder).map_err(|e| e.to_string())?.flatten();
            let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.find(|name| name.starts_with("wayland-") && !name.ends_with("lock")).ok_or("not there yet".to_owned())
        });
        let desktop = Self { _server: server, folder, socket };
        until("the desktop", LONG, || desktop.picture().ok_or("nothing to be seen".to_owned()));
        desktop
    }

    /// Has it show something on this desktop, or look at it.
    pub fn on<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("XDG_RUNTIME_DIR", &self.folder).env("WAYLAND_DISPLAY", &self.socket).env_remove("DISPLAY")
    }

    /// What is on it.
    pub fn picture(&self) -> Option<RgbaImage> {
        let seen = self.on(&mut Command::new("grim")).arg("-").output().expect("grim is there");
        image::load_from_memory(&seen.stdout).ok().map(|picture| picture.to_rgba8())
    }

    /// Begins to watch for the display to have been left alone for so many seconds.
    pub fn watch(&self, seconds: u32) -> Sleeper {
        let word = tempfile::NamedTempFile::new().expect("a temporary file");
        let script = format!("echo asleep > {}", word.path().display());
        let mut command = Command::new("swayidle");
        command.args(["-w", "timeout", &seconds.to_string(), &script]);
        Sleeper { _watcher: Running::start(self.on(&mut command)), word }
    }
}

/// Who puts the display to sleep when it is left alone: what screen lockers and screen savers are started by.
pub struct Sleeper {
    _watcher: Running,
    word: tempfile::NamedTempFile,
}

impl Sleeper {
    /// Whether it was put to sleep.
    pub fn sleeps(&self) -> bool {
        fs::metadata(self.word.path()).is_ok_and(|about| about.len() > 0)
    }
}
