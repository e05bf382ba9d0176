//! Downloads, most urgent first: two at a time, and a takeover's beside them at once, which heeds neither quiet hours nor
//! the limit of the network. A broken download goes on where it
//! stopped; what does not match its digest is thrown away.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use xuanping_core::{digest::Digest, recurrence::minute_of_day};

use super::{Backoff, Context, Enrolled, RequestError, Wants, bucket::Bucket, client::FILE};
use crate::{
    cache::CacheError,
    entropy,
    event::{Event, Trouble},
    state::Want,
};

const AT_ONCE: usize = 2;
/// A server that in so much waiting sends less than so many bytes is given up; what came is kept.
const PATIENCE: Duration = Duration::from_secs(30);
const LEAST: u64 = 8 << 10;
/// During quiet hours, how often to look whether they are over.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
enum DownloadError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("disk: {0}")]
    Disk(#[from] std::io::Error),
    #[error("the file is longer than the playlist says")]
    TooLong,
    #[error("the connection ended early")]
    Short,
}

/// Downloads what is wanted, for ever.
pub(super) async fn fetch(context: &Context, enrolled: &Enrolled, mut wants: watch::Receiver<Wants>) {
    let mut running: HashSet<Digest> = HashSet::new();
    let mut urgent: HashSet<Digest> = HashSet::new();
    let mut failed: HashMap<Digest, (Backoff, Instant)> = HashMap::new();
    let mut downloads = JoinSet::new();
    let started = context.clock.now().monotonic;
    let bucket = context.download_limit.map(|limit| Arc::new(Mutex::new(Bucket::new(limit, started))));
    loop {
        let Wants { files: wanted, timezone } = wants.borrow_and_update().clone();
        let quiet = is_quiet(context, timezone.as_deref());
        failed.retain(|asset, _| wanted.iter().any(|w| w.asset == *asset));
        let now = Instant::now();
        for want in &wanted {
            let usual = running.len() - urgent.len();
            let waits = failed.get(&want.asset).is_some_and(|(_, until)| *until > now);
            if running.contains(&want.asset) || waits || (!want.urgent && (quiet || usual >= AT_ONCE)) {
                continue;
            }
            running.insert(want.asset);
            if want.urgent {
                urgent.insert(want.asset);
            }
            let (context, want) = (context.clone(), *want);
            let bucket = bucket.clone().filter(|_| !want.urgent);
            downloads.spawn(async move { (want.asset, download(&context, want, bucket).await) });
        }
        let retry = failed.values().map(|(_, until)| *until).filter(|until| *until > now).min();
        // Whatever a failure asked for: the end of the quiet hours is noticed.
        let look = now + if quiet { LOOK_EVERY } else { Duration::from_hours(1) };
        let retry = retry.map_or(look, |retry| retry.min(look));
        tokio::select! {
            changed = wants.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(retry) => {}
            Some(done) = downloads.join_next() => {
                let Ok((asset, result)) = done else {
                    // A download that panicked: begin again from what is wanted.
                    tracing::error!("a download ended badly");
                    downloads.abort_all();
                    running.clear();
                    urgent.clear();
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    continue;
                };
                running.remove(&asset);
                urgent.remove(&asset);
                match result {
                    Ok(()) => {
                        failed.remove(&asset);
                        if failed.is_empty() {
                            context.trouble(Trouble::Assets, None);
                        }
                        context.inbox.send(Event::Stored(vec![asset]));
                    }
                    Err(error) => {
                        tracing::warn!(%asset, %error, "a file could not be fetched");
                        if let DownloadError::Request(error) = &error {
                            context.heed(error, enrolled).await;
                        }
                        context.trouble(Trouble::Assets, said(&error));
                        let (backoff, until) = failed.entry(asset).or_insert_with(|| (context.backoff(), now));
                        let asked = match &error {
                            DownloadError::Request(error) => error.retry_after().unwrap_or_default(),
                            _ => Duration::ZERO,
                        };
                        *until = Instant::now() + backoff.next(entropy::permille()).max(asked);
                    }
                }
            }
        }
    }
}

fn is_quiet(context: &Context, timezone: Option<&str>) -> bool {
    let minute = timezone.and_then(|timezone| minute_of_day(context.clock.now().wall, timezone));
    context.quiet_hours.zip(minute).is_some_and(|(hours, minute)| hours.cover(minute))
}

fn said(error: &DownloadError) -> String {
    let megabytes = |bytes: &u64| bytes.div_ceil(1_000_000);
    let full = |e: &std::io::Error| e.kind() == std::io::ErrorKind::StorageFull;
    match error {
        DownloadError::Disk(e) | DownloadError::Cache(CacheError::Disk(e)) if full(e) => {
            "磁盘空间不足，新素材无法下载，继续播放已有内容。".to_owned()
        }
        DownloadError::Cache(CacheError::NoRoom { needs, has }) => format!(
            "素材共需 {} MB，磁盘只能存放 {} MB：请更换更大的磁盘或减少排期，继续播放已有内容。",
            megabytes(needs),
            megabytes(has)
        ),
        DownloadError::Disk(_) | DownloadError::Cache(CacheError::Disk(_)) => "磁盘读写失败，素材无法保存。".to_owned(),
        DownloadError::Cache(_) | DownloadError::TooLong => "下载的素材与播放单不符，已丢弃并重试。".to_owned(),
        DownloadError::Request(_) | DownloadError::Short => "素材下载未完成，正在重试。".to_owned(),
    }
}

async fn download(context: &Context, want: Want, bucket: Option<Arc<Mutex<Bucket>>>) -> Result<(), DownloadError> {
    if context.cache.contains(&want.asset) {
        return Ok(());
    }
    let mut partial = context.cache.partial(want.asset)?;
    if partial.length() > want.bytes {
        partial.clear()?;
    }
    let cache = context.cache.clone();
    let missing = want.bytes - partial.length();
    tokio::task::spawn_blocking(move || cache.room_for(missing)).await.map_err(std::io::Error::other)??;
    if partial.length() < want.bytes {
        let mut request = context.client.request(Method::GET, &format!("assets/{}", want.asset), Vec::new());
        request = request.timeout(FILE);
        if partial.length() > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", partial.length()));
        }
        let mut response = match context.client.send(request).await {
            Err(RequestError::Refused { status: StatusCode::RANGE_NOT_SATISFIABLE, .. }) => {
                partial.clear()?;
                return Err(DownloadError::Short);
            }
            other => other?,
        };
        if response.status() != StatusCode::PARTIAL_CONTENT {
            partial.clear()?;
        }
        let mut pace = Pace::default();
        loop {
            let asked = Instant::now();
            let Some(piece) = response.chunk().await.map_err(RequestError::from)? else { break };
            pace.heard(piece.len() as u64, asked.elapsed())?;
            if partial.length() + piece.len() as u64 > want.bytes {
                partial.clear()?;
                return Err(DownloadError::TooLong);
            }
            partial.add(&piece)?;
            if let Some(bucket) = &bucket {
                let now = context.clock.now().monotonic;
                let wait = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(piece.len() as u64, now);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
        }
        if partial.length() < want.bytes {
            return Err(DownloadError::Short);
        }
    }
    // Digesting and syncing a long clip takes a while: not on the thread that serves everything else.
    tokio::task::spawn_blocking(move || partial.finish()).await.map_err(std::io::Error::other)??;
    Ok(())
}

/// How fast an answer comes while somebody waits for it.
#[derive(Debug, Default)]
struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// So many bytes came after waiting so long; an error if that is too slow to go on.
    fn heard(&mut self, bytes: u64, after: Duration) -> Result<(), RequestError> {
        self.waited += after;
        self.bytes += bytes;
        if self.waited < PATIENCE {
            return Ok(());
        }
        let enough = self.bytes >= LEAST;
        *self = Self::default();
        if enough { Ok(()) } else { Err(RequestError::Slow) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_drips_is_given_up_and_a_slow_network_is_not() {
        let mut drip = Pace::default();
        let dripped = (0..10).take_while(|_| drip.heard(1, Duration::from_secs(10)).is_ok()).count();
        assert_eq!(dripped, 2, "after half a minute and three bytes");
        let mut slow = Pace::default();
        // Two kilobytes in five seconds: a day for a clip, but it comes.
        assert!((0..1_000).all(|_| slow.heard(2_048, Duration::from_secs(5)).is_ok()));
    }
}
