//! Clips and sound, played by a worker process of their own: a decoder that hangs or crashes takes no wall with it.
//!
//! [`MediaWorker`] is the loop's side. Its calls only put requests into a queue and never wait; a supervising thread owns
//! the process, believes nothing it does not see move, and kills it when it stalls. Frames come through memory that both
//! processes share, without `unsafe`: it is a file in memory that one writes and the other reads, and who may touch
//! which part is settled by the lines of the [`protocol`].

pub mod protocol;

mod check;
mod frames;
mod process;
mod supervisor;
mod watch;

pub use check::{CheckError, check};
pub use protocol::{Abilities, ClipId, Decoder, Reason};

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use xuanping_core::{geometry::Size, time::Millis};

use frames::Frames;
use supervisor::{Message, Supervisor};

/// Called, from another thread, whenever there is news or a new frame.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Something to be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// The file; its bytes are verified by the caller.
    pub path: PathBuf,
    /// The pixels it fills, letterboxed; `None`: only its sound is wanted.
    pub size: Option<Size>,
    /// How long it is, by the server's probe. What ends earlier counts as truncated.
    pub duration: Millis,
    /// Loudness in percent of full; `None`: silent.
    pub volume: Option<u8>,
}

/// What became of a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It can begin without delay, and its first frame can be copied.
    Ready {
        /// Its sound goes to a real device.
        audible: bool,
        /// What decodes its picture; none: it has no picture.
        decoder: Option<Decoder>,
    },
    /// Its first frame or sound is out.
    Started,
    /// So far it has come.
    Progress {
        /// Counted from the clip's beginning.
        at: Millis,
        /// Counted from where it was told to begin: how much was shown.
        presented: Millis,
    },
    /// It came to its end.
    Ended {
        /// How much was shown, counted from where it was told to begin.
        presented: Millis,
        /// Frames shown.
        frames: u64,
        /// Frames left out because they would have been late.
        dropped: u64,
    },
    /// It was given up. Nothing more will be heard of it.
    Failed {
        /// Why.
        reason: Reason,
        /// For the log, in English.
        detail: String,
    },
}

/// Requests and events that wait for the supervising thread at most.
const REQUESTS: usize = 512;
/// News that wait for the loop at most.
const NEWS: usize = 1_024;

/// The loop's handle. Dropping it ends the worker.
pub struct MediaWorker {
    frames: Arc<Frames>,
    scratch: Vec<u8>,
    requests: SyncSender<Message>,
    news: Option<Receiver<(ClipId, News)>>,
    refused: VecDeque<(ClipId, News)>,
    next: u64,
    thread: Option<JoinHandle<()>>,
}

/// The worker's program: the one that was said, else `xuanping-media` beside this program. `None` if there is none.
pub fn find(said: Option<&Path>) -> Option<PathBuf> {
    let beside = || std::env::current_exe().ok()?.parent().map(|folder| folder.join("xuanping-media"));
    said.map(Path::to_path_buf).or_else(beside).filter(|program| program.is_file())
}

impl MediaWorker {
    /// Starts the supervising thread; the process itself starts with the first clip. Without a program everything
    /// prepared fails with [`Reason::NoWorker`].
    ///
    /// # Errors
    /// No memory that can be shared, or no thread.
    pub fn start(program: Option<PathBuf>, wake: Wake) -> io::Result<Self> {
        let frames = Arc::new(Frames::new()?);
        let (requests, inbox) = sync_channel(REQUESTS);
        let (outbox, news) = sync_channel(NEWS);
        let supervisor = Supervisor::new(program, frames.clone(), requests.clone(), outbox, wake);
        let thread = std::thread::Builder::new().name("media".to_owned()).spawn(move || supervisor.run(&inbox))?;
        Ok(Self {
            frames,
            scratch: Vec::new(),
            requests,
            news: Some(news),
            refused: VecDeque::new(),
            next: 1,
            thread: Some(thread),
        })
    }

    /// Has a clip opened and decoded up to its first frame. Answered with [`News::Ready`] or [`News::Failed`].
    pub fn prepare(&mut self, clip: &Clip) -> ClipId {
        let id = ClipId(self.next);
        self.next += 1;
        let area = match clip.size {
            None => None,
            Some(size) => match self.frames.allot(id, size) {
                Some(area) => Some(area),
                None => {
                    self.refuse(id, Reason::Internal, format!("no picture can be {size}"));
                    return id;
                }
            },
        };
        self.ask(id, Message::Prepare(id, clip.clone(), area));
        id
    }

    /// Lets a prepared clip begin, `late` milliseconds into it: there it should be at this moment.
    pub fn play(&mut self, id: ClipId, late: u64, volume: Option<u8>) {
        if late >= protocol::JUMP_FROM_MS {
            // The frame it was prepared with is not where it begins now.
            if let Some(slot) = self.frames.discard(id) {
                self.recycle(id, slot);
            }
        }
        self.ask(id, Message::Play(id, late, volume));
    }

    /// Ends a clip, whatever it is doing, and forgets its frames.
    pub fn stop(&mut self, id: ClipId) {
        self.frames.close(id);
        self.ask(id, Message::Stop(id));
    }

    /// The next thing that happened, if anything did.
    pub fn poll(&mut self) -> Option<(ClipId, News)> {
        self.refused.pop_front().or_else(|| self.news.as_ref()?.try_recv().ok())
    }

    /// Copies the newest frame of a clip, row by row, `0x00RRGGBB` each. `false`: there is none newer than the one copied
    /// last, or `pixels` has not the clip's size; then `pixels` is as before.
    pub fn copy_frame(&mut self, id: ClipId, pixels: &mut [u32]) -> bool {
        match self.frames.take(id, pixels, &mut self.scratch) {
            Ok(Some(slot)) => {
                self.recycle(id, slot);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, "a frame could not be read");
                false
            }
        }
    }

    fn recycle(&self, id: ClipId, slot: u8) {
        // A queue that is full belongs to a worker that is about to be killed.
        let _ = self.requests.try_send(Message::Recycle(id, slot));
    }

    fn ask(&mut self, id: ClipId, message: Message) {
        if self.requests.try_send(message).is_err() {
            self.refuse(id, Reason::Hang, "the media worker's queue is full".to_owned());
        }
    }

    fn refuse(&mut self, id: ClipId, reason: Reason, detail: String) {
        self.frames.close(id);
        self.refused.push_back((id, News::Failed { reason, detail }));
    }
}

impl Drop for MediaWorker {
    fn drop(&mut self) {
        // Whoever waits to tell us something must not wait any more, or the thread would never see that it shall end.
        self.news = None;
        let _ = self.requests.send(Message::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
