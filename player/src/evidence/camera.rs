//! The thread that packs pictures and keeps them, so that neither a processor nor a disk that is slow holds up a frame.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
};

use tokio::sync::Notify;
use xuanping_core::{digest::Digest, time::UtcMillis};

use super::{Cause, Folder, Name, NotTaken, Taken, pack};
use crate::{event::Event, inbox::Inbox, journal::PlayKey, stage::Frame};

/// Jobs that wait at most: one picture is taken at a time, and each is named or discarded once.
const JOBS: usize = 8;

enum Job {
    Take { frame: Frame, play: PlayKey, cause: Cause, at: UtcMillis },
    Name(Arc<Name>),
    Discard(Arc<Name>),
}

/// The thread. It ends when this is dropped.
pub struct Camera {
    jobs: SyncSender<Job>,
}

impl Camera {
    /// Starts it; `named` is told of pictures that are to be delivered.
    pub fn start(folder: Folder, inbox: Inbox, named: Arc<Notify>) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(JOBS);
        std::thread::Builder::new().name("evidence".into()).spawn(move || {
            if let Err(error) = folder.open() {
                tracing::warn!(%error, "the folder of evidence pictures cannot be used yet");
            }
            // What an earlier process left waits to be delivered.
            named.notify_one();
            for job in queue {
                match job {
                    Job::Take { frame, play, cause, at } => {
                        let taken = take(&folder, &frame, cause, at).inspect_err(|error| {
                            tracing::warn!(%error, "no evidence picture was taken");
                        });
                        inbox.send(Event::Pictured(play, taken.map_err(|_| NotTaken)));
                    }
                    Job::Name(name) => match folder.name(&name) {
                        Ok(()) => named.notify_one(),
                        Err(error) => tracing::warn!(%error, %name, "an evidence picture waits until the next start"),
                    },
                    Job::Discard(name) => {
                        if let Err(error) = folder.discard(&name) {
                            tracing::warn!(%error, %name, "an evidence picture that nothing names could not be deleted");
                        }
                    }
                }
            }
        })?;
        Ok(Self { jobs })
    }

    /// Takes a picture of this frame, which shows that play; the answer is an [`Event::Pictured`]. Whether it will be tried:
    /// the loop never waits.
    pub fn take(&self, frame: Frame, play: PlayKey, cause: Cause, at: UtcMillis) -> bool {
        self.jobs.try_send(Job::Take { frame, play, cause, at }).is_ok()
    }

    /// A play names the picture.
    pub fn name(&self, name: Arc<Name>) {
        // Should the queue ever be full, the next start finds the picture.
        let _ = self.jobs.try_send(Job::Name(name));
    }

    /// No play names the picture.
    pub fn discard(&self, name: Arc<Name>) {
        let _ = self.jobs.try_send(Job::Discard(name));
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Packing(#[from] image::ImageError),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

fn take(folder: &Folder, frame: &Frame, cause: Cause, at: UtcMillis) -> Result<Taken, Fault> {
    let picture = pack(frame)?;
    let name = Name { taken: at, cause, digest: Digest::of(&picture) };
    if let Err(error) = folder.put(&name, &picture) {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(error.into());
        }
        // The disk could not be used when the process began.
        folder.open()?;
        folder.put(&name, &picture)?;
    }
    Ok(Taken { digest: name.digest, name: Arc::new(name) })
}
