//! The thread that syncs and seals the journal, so that a slow disk never holds up a frame.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::Notify;
use xuanping_core::sign::SecretKey;

use crate::{
    clock::Clock,
    event::{Event, Trouble},
    inbox::Inbox,
    journal::{Journal, Sealer},
};

/// The thread. Dropping it seals what is left and ends it.
pub struct Journalist {
    poke: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Journalist {
    /// Starts it; `sealed` is told of new batches.
    pub fn start(
        journal: Journal,
        sealer: Sealer,
        key: Arc<SecretKey>,
        clock: Clock,
        inbox: Inbox,
        sealed: Arc<Notify>,
        every: Duration,
    ) -> io::Result<Self> {
        // One poke is as good as many.
        let (poke, pokes) = sync_channel(1);
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || {
            let mut work = Work { journal, sealer, key, clock, inbox, sealed, failing: false };
            loop {
                let stop = matches!(pokes.recv_timeout(every), Err(RecvTimeoutError::Disconnected));
                work.once(stop);
                if stop {
                    return;
                }
            }
        })?;
        Ok(Self { poke: Some(poke), thread: Some(thread) })
    }

    /// A play was finished: have it synced now.
    pub fn poke(&self) {
        if let Some(poke) = &self.poke {
            let _ = poke.try_send(());
        }
    }
}

impl Drop for Journalist {
    fn drop(&mut self) {
        drop(self.poke.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread ended badly");
        }
    }
}

struct Work {
    journal: Journal,
    sealer: Sealer,
    key: Arc<SecretKey>,
    clock: Clock,
    inbox: Inbox,
    sealed: Arc<Notify>,
    failing: bool,
}

impl Work {
    fn once(&mut self, last: bool) {
        match self.sealer.work(&self.key, self.clock.now(), last) {
            Ok(made) => {
                if made > 0 {
                    self.sealed.notify_one();
                }
                if std::mem::take(&mut self.failing) && !last {
                    self.inbox.send(Event::Trouble(Trouble::Disk, None));
                }
            }
            Err(error) => {
                let state = self.journal.state();
                tracing::error!(%error, ?state, "the journal cannot be written; it is tried again");
                if !last {
                    let text = match state.lost {
                        0 => format!("磁盘无法写入，{} 条播放记录暂存内存，将自动重试。", state.in_memory),
                        lost => format!("磁盘长期无法写入，已丢失 {lost} 条播放记录。"),
                    };
                    self.inbox.send(Event::Trouble(Trouble::Disk, Some(text)));
                }
                self.failing = true;
            }
        }
    }
}
