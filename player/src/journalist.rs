//! The thread that syncs and seals the journal, so that a slow disk never holds up a frame.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::Notify;
use xuanping_core::{id::ScreenId, playlog::ChainHead};

use crate::{
    clock::{Clock, Moment},
    event::{Event, Trouble},
    inbox::Inbox,
    journal::{Journal, JournalState, Recovered, Sealer},
    keyring::Keyring,
};

/// The thread. Dropping it seals what is left and ends it.
pub struct Journalist {
    poke: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread works with.
pub struct Desk {
    /// Not open yet: that is the thread's first work.
    pub journal: Journal,
    /// Seals it.
    pub sealer: Sealer,
    /// Whose chain it is.
    pub screen: ScreenId,
    /// Sign batches; changed here, where the end of the chain is known.
    pub keys: Keyring,
    /// The time, which is kept on disk too.
    pub clock: Clock,
    /// The data folder.
    pub data: PathBuf,
    /// Who is told of trouble.
    pub inbox: Inbox,
    /// Who is told of new batches.
    pub sealed: Arc<Notify>,
}

/// How often a journal that could not be opened is tried again, in milliseconds.
const OPEN_AGAIN: u64 = 10_000;
/// How often the time is kept, in milliseconds.
const REMEMBER_EVERY: u64 = 60_000;

impl Journalist {
    /// Starts it; it looks for work every so often, and when poked.
    pub fn start(desk: Desk, every: Duration) -> io::Result<Self> {
        // One poke is as good as many.
        let (poke, pokes) = sync_channel(1);
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || {
            let mut work = Work { desk, open: false, try_at: 0, remember_at: 0, remembered: false, troubled: false };
            work.once(false);
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
    desk: Desk,
    open: bool,
    try_at: u64,
    remember_at: u64,
    /// What time it is was kept since the server said so.
    remembered: bool,
    troubled: bool,
}

impl Work {
    fn once(&mut self, last: bool) {
        let now = self.desk.clock.now();
        match self.try_once(now, last) {
            Ok(()) if std::mem::take(&mut self.troubled) && !last => {
                self.desk.inbox.send(Event::Trouble(Trouble::Disk, None));
            }
            Ok(()) => {}
            Err(error) => {
                let state = self.desk.journal.state();
                tracing::error!(%error, ?state, "the journal cannot be written; it is tried again");
                if !last {
                    self.desk.inbox.send(Event::Trouble(Trouble::Disk, Some(said(state))));
                }
                self.troubled = true;
            }
        }
        let news = self.desk.clock.is_known() && !self.remembered;
        if now.monotonic >= self.remember_at || news || last {
            self.remember_at = now.monotonic + REMEMBER_EVERY;
            self.remembered = self.desk.clock.is_known();
            if let Err(error) = self.desk.clock.remember(&self.desk.data) {
                tracing::warn!(%error, "what time it is could not be kept");
            }
        }
    }

    fn try_once(&mut self, now: Moment, last: bool) -> io::Result<()> {
        if !self.open {
            if now.monotonic < self.try_at && !last {
                return Ok(());
            }
            self.try_at = now.monotonic + OPEN_AGAIN;
            let recovered = self.desk.journal.open_disk()?;
            if recovered != Recovered::default() {
                tracing::info!(?recovered, "the journal was recovered");
            }
            self.open = true;
            // What waited from before can be delivered now.
            self.desk.sealed.notify_one();
        }
        // Before anything is sealed, and nothing is if it fails: a change that is only half on the disk may be believed after
        // the next start, and from its batch on the key that goes must have signed nothing.
        let end = self.desk.journal.outbox().head()?;
        let head = ChainHead { screen: self.desk.screen, sequence: end.sequence, digest: end.digest };
        self.desk.keys.change(&head, now.wall).map_err(io::Error::other)?;
        // What was in memory may fill several segments: at the end all of them are sealed.
        while self.desk.sealer.work(&self.desk.keys, now, self.desk.clock.hindsight(), last)? > 0 {
            self.desk.sealed.notify_one();
        }
        Ok(())
    }
}

fn said(state: JournalState) -> String {
    match state.lost {
        0 => format!("磁盘无法写入，{} 条播放记录暂存内存，将自动重试。", state.in_memory),
        lost => format!("磁盘长期无法写入，已丢失 {lost} 条播放记录。"),
    }
}
