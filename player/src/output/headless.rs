//! No display: frames can be looked at as a PNG file, replaced whole every so often and whenever somebody asks; and each
//! can be noted in a log, to be compared with another player's.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use xuanping_core::{
    digest::Digest,
    geometry::{Rect, Size},
};

use super::{Output, OutputError, Waited};
use crate::{clock::Clock, inbox::Waker, stage::Frame};

/// How often to look for a request.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Frames go to `frame.png` in a folder, or nowhere.
pub struct Headless {
    size: Size,
    nudged: Arc<(Mutex<bool>, Condvar)>,
    file: Option<PictureFile>,
    log: Option<FrameLog>,
    frame: Option<Frame>,
}

struct PictureFile {
    folder: PathBuf,
    every: Duration,
    changed: bool,
    written: Option<Instant>,
    looked: Option<Instant>,
    writer: SyncSender<Frame>,
}

impl Headless {
    /// A wall of this size. With a folder, `frame.png` in it is replaced every `every` if something changed, and at once
    /// when a file named `wanted` appears there (it is deleted before).
    pub fn new(size: Size, folder: Option<(PathBuf, Duration)>) -> Result<Self, OutputError> {
        let file = folder.map(|(folder, every)| PictureFile::new(folder, every)).transpose()?;
        Ok(Self { size, nudged: Arc::default(), file, log: None, frame: None })
    }

    /// Notes every frame in a file: a line of JSON each, with the device's wall clock in milliseconds, the microseconds
    /// since the log was begun, the number of pixels that changed, how bright all pixels are on average (0 black, 255
    /// white), and the first half of the SHA-256 of all pixels.
    pub fn with_log(self, path: &Path) -> Result<Self, OutputError> {
        let lines = BufWriter::new(File::create(path)?);
        Ok(Self { log: Some(FrameLog { begun: Instant::now(), lines }), ..self })
    }
}

/// Every frame, noted.
struct FrameLog {
    begun: Instant,
    lines: BufWriter<File>,
}

impl FrameLog {
    fn note(&mut self, frame: &Frame, damage: &[Rect]) -> std::io::Result<()> {
        let (wall, since) = (Clock::new().now().wall.0, self.begun.elapsed().as_micros());
        let changed: u64 = damage.iter().map(|rect| u64::from(rect.width) * u64::from(rect.height)).sum();
        let bytes: Vec<u8> = frame.pixels().iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        let digest = Digest::of(&bytes).to_string();
        let half = &digest[..digest.len() / 2];
        // The fourth byte of a pixel is always none.
        let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
        let light = sum / (3 * frame.pixels().len() as u64).max(1);
        writeln!(
            self.lines,
            r#"{{"wall":{wall},"micros":{since},"changed":{changed},"light":{light},"frame":"{half}"}}"#
        )?;
        self.lines.flush()
    }
}

impl PictureFile {
    fn new(folder: PathBuf, every: Duration) -> Result<Self, OutputError> {
        fs::create_dir_all(&folder)?;
        let (writer, frames) = sync_channel::<Frame>(1);
        let target = folder.clone();
        std::thread::Builder::new().name("picture".into()).spawn(move || {
            for frame in frames {
                let beside = target.join("frame.png.new");
                let written = frame
                    .to_png(u32::MAX)
                    .map_err(std::io::Error::other)
                    .and_then(|png| fs::write(&beside, png))
                    .and_then(|()| fs::rename(&beside, target.join("frame.png")));
                if let Err(error) = written {
                    tracing::warn!(%error, "the picture of the wall could not be written");
                }
            }
        })?;
        Ok(Self { folder, every, changed: false, written: None, looked: None, writer })
    }

    fn serve(&mut self, frame: &Frame) {
        let wanted = self.looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) && {
            self.looked = Some(Instant::now());
            fs::remove_file(self.folder.join("wanted")).is_ok()
        };
        let due = self.changed && self.written.is_none_or(|at| at.elapsed() >= self.every);
        // While the last picture is still being encoded, the next one waits.
        if (wanted || due) && self.writer.try_send(frame.clone()).is_ok() {
            self.changed = false;
            self.written = Some(Instant::now());
        }
    }
}

impl Output for Headless {
    fn size(&self) -> Size {
        self.size
    }

    fn present(&mut self, frame: &Frame, damage: &[Rect]) -> Result<(), OutputError> {
        if let Some(log) = self.log.as_mut().filter(|_| !damage.is_empty()) {
            log.note(frame, damage)?;
        }
        if let Some(file) = &mut self.file {
            file.changed |= !damage.is_empty();
            match &mut self.frame {
                Some(kept) => kept.copy_from(frame, damage),
                None => self.frame = Some(frame.clone()),
            }
        }
        Ok(())
    }

    fn wait(&mut self, longest: Duration) -> Waited {
        let longest = match (&mut self.file, &self.frame) {
            (Some(file), Some(frame)) => {
                file.serve(frame);
                longest.min(LOOK_EVERY)
            }
            _ => longest,
        };
        let (flag, nudge) = &*self.nudged;
        let flag = flag.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut flag, _) =
            nudge.wait_timeout_while(flag, longest, |nudged| !*nudged).unwrap_or_else(PoisonError::into_inner);
        *flag = false;
        Waited::default()
    }

    fn waker(&self) -> Waker {
        let nudged = self.nudged.clone();
        Arc::new(move || {
            *nudged.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            nudged.1.notify_one();
        })
    }
}
