//! Everything that speaks to the server, on a thread of its own. The wall never waits for it: what comes in is an event,
//! what goes out was durable before.

mod assets;
mod backoff;
mod batches;
mod bucket;
mod client;
mod enrol;
mod evidence;
mod keys;
mod manifest;
mod status;

pub use client::{AddressError, Client, RequestError};
pub use enrol::Enrolled;
pub use manifest::{forget as forget_manifest, load as load_manifest};

use std::{
    io,
    path::PathBuf,
    sync::{Arc, OnceLock},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{Notify, oneshot, watch};
use xuanping_core::{
    digest::Digest,
    wire::{Capabilities, PlayerStatus, ProblemType},
};

use crate::{
    cache::Cache,
    clock::Clock,
    entropy,
    event::{Event, Trouble},
    inbox::Inbox,
    journal::Outbox,
    quiet::QuietHours,
    stage::Frame,
    state::Want,
};
use backoff::Backoff;

/// What the network side needs to know.
#[derive(Clone)]
pub struct Context {
    /// The server, spoken to with the screen's key.
    pub client: Client,
    /// Where files go.
    pub cache: Cache,
    /// Where events go.
    pub inbox: Inbox,
    /// The clock that the server may correct.
    pub clock: Clock,
    /// The data folder.
    pub data: PathBuf,
    /// The longest wait between tries.
    pub retry_limit: Duration,
    /// Bytes a second that downloads may take.
    pub download_limit: Option<u64>,
    /// When only takeovers are downloaded.
    pub quiet_hours: Option<QuietHours>,
}

impl Context {
    fn backoff(&self) -> Backoff {
        Backoff::new(self.retry_limit)
    }

    fn trouble(&self, from: Trouble, text: impl Into<Option<String>>) {
        self.inbox.send(Event::Trouble(from, text.into()));
    }

    /// Does what a refusal asks for.
    async fn heed(&self, error: &RequestError, enrolled: &Enrolled) {
        match error.kind() {
            Some(ProblemType::ClockSkew) => {
                self.learn_time(enrolled).await;
            }
            Some(ProblemType::ScreenRetired) => {
                let said = error.retirement(&enrolled.publisher, &self.client.keys().asking().public());
                if said.is_some_and(|said| said.screen == enrolled.screen) {
                    tracing::warn!(%error, "this screen was retired");
                    self.inbox.send(Event::Retired);
                } else {
                    tracing::error!(%error, "somebody says that this screen was retired, and cannot prove it; playing goes on");
                    self.trouble(Trouble::Server, "收到停用通知，但没有发布密钥的签名，已忽略，继续播放。".to_owned());
                }
            }
            // The change of key is recorded, and its receipt was lost; or this request was older than the change.
            Some(ProblemType::KeyReplaced) => {
                self.client.keys().doubt();
                if self.client.keys().to_present().is_none() {
                    self.trouble(
                        Trouble::Server,
                        "服务器上本屏幕的密钥已更换（本机可能由旧的磁盘副本启动），继续播放缓存内容。".to_owned(),
                    );
                }
            }
            Some(ProblemType::UnknownDevice) => {
                self.client.keys().doubt();
                self.trouble(
                    Trouble::Server,
                    "服务器不认识本屏幕（可能恢复了旧备份，或请求被转到了别处），继续播放缓存内容。".to_owned(),
                );
            }
            _ => {}
        }
    }

    /// Asks several times, because one answer may have been held up. Answers whether there was any.
    async fn learn_time(&self, enrolled: &Enrolled) -> bool {
        let mut samples = Vec::new();
        for _ in 0..TIMES_ASKED {
            match self.client.time(&enrolled.publisher).await {
                Ok(sample) => samples.push(sample),
                Err(error) => {
                    tracing::debug!(%error, "no time from the server");
                    break;
                }
            }
        }
        if let Some(correction) = self.clock.learn(&samples) {
            tracing::warn!(correction, "the device's clock is wrong and is corrected by the server's, in milliseconds");
            self.inbox.send(Event::Tick);
        }
        !samples.is_empty()
    }
}

/// How often the server is asked for the time in a row.
const TIMES_ASKED: usize = 5;

/// Waits after a failure: ever longer, and no shorter than the server asks.
async fn pause(backoff: &mut Backoff, error: Option<&RequestError>) {
    let asked = error.and_then(RequestError::retry_after).unwrap_or_default();
    tokio::time::sleep(backoff.next(entropy::permille()).max(asked)).await;
}

/// What an unpaired player starts with.
pub struct Introduction {
    /// What it says of its wall. Asked for once, where waiting holds up nothing.
    pub capabilities: Box<dyn FnOnce() -> Capabilities + Send>,
    /// A one-time token instead of a code.
    pub token: Option<String>,
}

/// Where sealed batches lie, once there is a journal, and who tells of new ones and of new pictures.
#[derive(Debug, Clone, Default)]
pub struct Deliveries {
    /// The sealed batches.
    pub outbox: Arc<OnceLock<Outbox>>,
    /// There are new ones.
    pub sealed: Arc<Notify>,
    /// There are new evidence pictures.
    pub pictured: Arc<Notify>,
}

/// The running network side. Dropping it stops everything.
pub struct Sync {
    wants: watch::Sender<Wants>,
    playlist: watch::Sender<Option<Digest>>,
    status: watch::Sender<Option<PlayerStatus>>,
    picture: watch::Sender<Option<Arc<Frame>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sync {
    /// Introduces this player until an operator has paired it; the end is an `Event::Pairing(Enrolled)`.
    pub fn introduce(context: Context, introduction: Introduction) -> io::Result<Self> {
        Self::start(move |_| async move { enrol::introduce(&context, introduction).await })
    }

    /// Serves an enrolled player. `followed` is the version of the manifest that is followed already.
    pub fn serve(
        context: Context,
        enrolled: Enrolled,
        deliveries: Deliveries,
        followed: Option<u64>,
    ) -> io::Result<Self> {
        Self::start(move |ends| async move {
            tokio::join!(
                manifest::follow(&context, &enrolled, followed),
                manifest::fetch_playlists(&context, &enrolled, ends.playlist),
                assets::fetch(&context, &enrolled, ends.wants),
                batches::deliver(&context, &enrolled, &deliveries),
                keys::present(&context, &enrolled, &deliveries.sealed),
                evidence::deliver(&context, &enrolled, &deliveries.pictured),
                status::report(&context, &enrolled, ends.status),
                status::show(&context, ends.picture),
                status::keep_time(&context, &enrolled),
            );
        })
    }

    fn start<F: Future<Output = ()>>(work: impl FnOnce(Ends) -> F + Send + 'static) -> io::Result<Self> {
        let (wants, wants_end) = watch::channel(Wants::default());
        let (playlist, playlist_end) = watch::channel(None);
        let (status, status_end) = watch::channel(None);
        let (picture, picture_end) = watch::channel(None);
        let (stop, stopped) = oneshot::channel::<()>();
        let ends = Ends { wants: wants_end, playlist: playlist_end, status: status_end, picture: picture_end };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build()?;
        let thread = std::thread::Builder::new().name("sync".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = work(ends) => {}
                    _ = stopped => {}
                }
            });
            // A hash of a long clip need not be waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { wants, playlist, status, picture, stop: Some(stop), thread: Some(thread) })
    }

    /// These files are needed, most urgent first; the venue's clock is that of `timezone`.
    pub fn want(&self, files: Vec<Want>, timezone: Option<String>) {
        self.wants.send_replace(Wants { files, timezone });
    }

    /// This playlist is needed.
    pub fn want_playlist(&self, digest: Digest) {
        self.playlist.send_replace(Some(digest));
    }

    /// This is how the player is doing.
    pub fn status(&self, status: PlayerStatus) {
        self.status.send_replace(Some(status));
    }

    /// This is what the wall shows; sent at once.
    pub fn picture(&self, frame: Arc<Frame>) {
        self.picture.send_replace(Some(frame));
    }
}

impl Drop for Sync {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the network thread ended badly");
        }
    }
}

/// What has to be downloaded.
#[derive(Debug, Clone, Default)]
struct Wants {
    files: Vec<Want>,
    timezone: Option<String>,
}

struct Ends {
    wants: watch::Receiver<Wants>,
    playlist: watch::Receiver<Option<Digest>>,
    status: watch::Receiver<Option<PlayerStatus>>,
    picture: watch::Receiver<Option<Arc<Frame>>>,
}
