//! A display that is none: Xvfb, whose pixels lie in a file; and the player as it is shipped, in a window on it.

use std::{
    env, fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use image::{Rgba, RgbaImage};

use crate::{
    programs,
    waiting::{LONG, until_true},
};

/// A process; killed when dropped.
pub struct Running(Child);

impl Running {
    /// Starts it; what it says is not kept.
    pub fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"))
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The display. Gone when dropped.
pub struct VirtualDisplay {
    server: Option<Running>,
    number: u32,
    /// As `DISPLAY` names it.
    pub name: String,
    folder: PathBuf,
}

impl VirtualDisplay {
    /// One of so many pixels, which it keeps in `folder`.
    pub fn open(folder: &Path, (width, height): (u32, u32)) -> Self {
        // Other tests of this process, and other processes, have displays of their own.
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let number = 90 + std::process::id() % 100 * 10 + OPENED.fetch_add(1, Ordering::Relaxed) % 10;
        Self::open_numbered(folder, (width, height), number)
    }

    /// Has it fail: whatever shows something on it loses it at once.
    pub fn fail(&mut self) {
        if self.server.take().is_some() {
            // A server that is killed cannot clear up after itself.
            let _ = fs::remove_file(format!("/tmp/.X11-unix/X{}", self.number));
            let _ = fs::remove_file(format!("/tmp/.X{}-lock", self.number));
        }
    }

    /// The same display again, after it has failed.
    pub fn again(&self, size: (u32, u32)) -> Self {
        assert!(self.server.is_none(), "it has not failed");
        Self::open_numbered(&self.folder, size, self.number)
    }

    fn open_numbered(folder: &Path, (width, height): (u32, u32), number: u32) -> Self {
        let name = format!(":{number}");
        let server = Running::start(Command::new("Xvfb").arg(&name).args([
            "-screen",
            "0",
            &format!("{width}x{height}x24"),
            "-nolisten",
            "tcp",
            "-nocursor",
            // It would begin anew when its last client goes, and turn away who comes meanwhile.
            "-noreset",
            "-fbdir",
            &folder.display().to_string(),
        ]));
        // It listens a moment after its socket is there.
        until_true("the virtual display", LONG, || x11rb::connect(Some(&name)).is_ok());
        Self { server: Some(server), number, name, folder: folder.to_owned() }
    }

    /// The colours at these places now: quickly, for who waits for something to appear.
    pub fn colours(&self, places: &[(u32, u32)]) -> Option<Vec<[u8; 3]>> {
        let file = fs::File::open(self.folder.join("Xvfb_screen0")).ok()?;
        let mut header = [0; 80];
        file.read_exact_at(&mut header, 0).ok()?;
        let word = |nth: usize| Some(u64::from(u32::from_be_bytes(*header.get(4 * nth..)?.first_chunk()?)));
        let (begin, line) = (word(0)? + 12 * word(19)?, word(12)?);
        let colour = |(x, y): &(u32, u32)| {
            let mut bgr = [0; 3];
            file.read_exact_at(&mut bgr, begin + u64::from(*y) * line + 4 * u64::from(*x)).ok()?;
            Some([bgr[2], bgr[1], bgr[0]])
        };
        places.iter().map(colour).collect()
    }

    /// What is on it: an X window dump of four bytes a pixel.
    pub fn picture(&self) -> Option<RgbaImage> {
        let dump = fs::read(self.folder.join("Xvfb_screen0")).ok()?;
        let word = |nth: usize| Some(u32::from_be_bytes(*dump.get(4 * nth..)?.first_chunk()?) as usize);
        // Header's length, width, height, bytes a line, and colours of twelve bytes each before the pixels.
        let (header, width, height, line, colours) = (word(0)?, word(4)?, word(5)?, word(12)?, word(19)?);
        let pixels = dump.get(header + 12 * colours..)?;
        let pixel = |x: u32, y: u32| {
            let at = y as usize * line + 4 * x as usize;
            pixels.get(at..at + 3).map_or(Rgba([0; 4]), |bgr| Rgba([bgr[2], bgr[1], bgr[0], 255]))
        };
        Some(RgbaImage::from_fn(u32::try_from(width).ok()?, u32::try_from(height).ok()?, pixel))
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        self.fail();
    }
}

/// The player as it is shipped: a release build, with what its unit sets. `data`: its data folder.
pub fn shipped_player(data: &Path, server: &str, token: &str) -> Command {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| programs::repository().join("target"), PathBuf::from);
    let mut command = Command::new(target.join("release/xuanping-player"));
    command.args(["--server", server, "--token", token, "--kind", "lcd", "--data"]).arg(data);
    command.env("MALLOC_ARENA_MAX", "2").env("MALLOC_MMAP_THRESHOLD_", "131072");
    command
}

/// Has it show in a window that owns this display.
pub fn in_window<'a>(command: &'a mut Command, display: &VirtualDisplay) -> &'a mut Command {
    command.args(["--output", "window"]).env("DISPLAY", &display.name).env_remove("WAYLAND_DISPLAY")
}
