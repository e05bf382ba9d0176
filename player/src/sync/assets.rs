//! Downloads, most urgent first: two at a time, and a takeover's beside them at once, which heeds neither quiet hours nor
//! the limit of the network. Quiet hours that begin pause what is being downloaded. A broken or paused download goes on where it
//! stopped; what does not match its digest is thrown away.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use tokio::{
    sync::watch,
    task::{self, AbortHandle, JoinSet},
    time::Instant,
};
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
/// With quiet hours, how often to look whether they have begun, or are over.
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
    #[error("the download ended badly")]
    Broken,
}

/// What is being downloaded.
struct Running {
    abort: AbortHandle,
    urgent: bool,
}

/// How a download came to its end.
enum End {
    /// By itself.
    Done(Result<(), DownloadError>),
    /// The quiet hours have begun: what came is kept.
    Paused,
    /// It panicked, which is nobody's fault but its own.
    Broken,
}

/// What is being downloaded, each on its own.
#[derive(Default)]
struct Downloads {
    tasks: JoinSet<Result<(), DownloadError>>,
    assets: HashMap<task::Id, Digest>,
    running: HashMap<Digest, Running>,
}

impl Downloads {
    fn start(&mut self, want: Want, work: impl Future<Output = Result<(), DownloadError>> + Send + 'static) {
        let abort = self.tasks.spawn(work);
        self.assets.insert(abort.id(), want.asset);
        self.running.insert(want.asset, Running { abort, urgent: want.urgent });
    }

    fn is_running(&self, asset: &Digest) -> bool {
        self.running.contains_key(asset)
    }

    /// Those that heed quiet hours and the limit.
    fn usual(&self) -> usize {
        self.running.values().filter(|running| !running.urgent).count()
    }

    /// Stops what is not urgent, nor has become so.
    fn pause(&self, wanted: &[Want]) {
        let urgent = |asset: &Digest| wanted.iter().any(|want| want.urgent && want.asset == *asset);
        for (asset, running) in &self.running {
            if !running.urgent && !urgent(asset) && !running.abort.is_finished() {
                running.abort.abort();
            }
        }
    }

    /// The next that comes to its end; never, if nothing runs.
    async fn next(&mut self) -> Option<(Digest, End)> {
        let (id, end) = match self.tasks.join_next_with_id().await? {
            Ok((id, result)) => (id, End::Done(result)),
            Err(error) if error.is_cancelled() => (error.id(), End::Paused),
            Err(error) => (error.id(), End::Broken),
        };
        let asset = self.assets.remove(&id)?;
        self.running.remove(&asset);
        Some((asset, end))
    }
}

/// Downloads what is wanted, for ever.
pub(super) async fn fetch(context: &Context, enrolled: &Enrolled, mut wants: watch::Receiver<Wants>) {
    let mut failed: HashMap<Digest, (Backoff, Instant)> = HashMap::new();
    // Told, and still wanted by a list of before that was heard.
    let mut done: HashSet<Digest> = HashSet::new();
    let mut downloads = Downloads::default();
    let started = context.clock.now().monotonic;
    let bucket = context.download_limit.map(|limit| Arc::new(Mutex::new(Bucket::new(limit, started))));
    loop {
        if wants.has_changed().unwrap_or(false) {
            done.clear();
        }
        let Wants { files: wanted, timezone } = wants.borrow_and_update().clone();
        let quiet = is_quiet(context, timezone.as_deref());
        if quiet {
            downloads.pause(&wanted);
        }
        failed.retain(|asset, _| wanted.iter().any(|w| w.asset == *asset));
        let now = Instant::now();
        for want in &wanted {
            let waits = failed.get(&want.asset).is_some_and(|(_, until)| *until > now);
            let late = !want.urgent && (quiet || downloads.usual() >= AT_ONCE);
            if downloads.is_running(&want.asset) || done.contains(&want.asset) || waits || late {
                continue;
            }
            let (context, want) = (context.clone(), *want);
            let bucket = bucket.clone().filter(|_| !want.urgent);
            downloads.start(want, async move { download(&context, want, bucket).await });
        }
        let retry = failed.values().map(|(_, until)| *until).filter(|until| *until > now).min();
        // Whatever a failure asked for: beginning and end of the quiet hours are noticed.
        let look = now + if context.quiet_hours.is_some() { LOOK_EVERY } else { Duration::from_hours(1) };
        let retry = retry.map_or(look, |retry| retry.min(look));
        tokio::select! {
            changed = wants.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(retry) => {}
            Some((asset, end)) = downloads.next() => {
                let error = match end {
                    // Wanted again when the quiet hours are over.
                    End::Paused => continue,
                    End::Done(Ok(())) => {
                        failed.remove(&asset);
                        done.insert(asset);
                        if failed.is_empty() {
                            context.trouble(Trouble::Assets, None);
                        }
                        context.inbox.send(Event::Stored(vec![asset]));
                        continue;
                    }
                    End::Done(Err(error)) => error,
                    End::Broken => DownloadError::Broken,
                };
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
        DownloadError::Request(_) | DownloadError::Short | DownloadError::Broken => {
            "素材下载未完成，正在重试。".to_owned()
        }
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
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };
    use uuid::Uuid;
    use xuanping_core::{id::ScreenId, sign::SecretKey};

    use super::*;
    use crate::{cache::Cache, clock::Clock, inbox::Inbox, sync::Client};

    /// Bytes of the file that is downloaded.
    const BYTES: usize = 400_000;

    fn file() -> Vec<u8> {
        (0..BYTES).map(|n| (n % 251) as u8).collect()
    }

    /// Serves the file to whoever asks, slowly, and answers from where each asked for it.
    async fn serve(listener: TcpListener, asked: tokio::sync::mpsc::UnboundedSender<usize>) {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let asked = asked.clone();
            tokio::spawn(async move {
                let (read, mut write) = stream.split();
                let mut lines = BufReader::new(read).lines();
                let mut from = 0;
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
                        from = range.trim_end_matches('-').parse().unwrap();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                asked.send(from).unwrap();
                let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", BYTES - from);
                let _ = write.write_all(head.as_bytes()).await;
                // Whoever goes away is not waited for.
                for piece in file()[from..].chunks(20_000) {
                    if write.write_all(piece).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    }

    #[tokio::test]
    async fn quiet_hours_that_begin_pause_a_download_and_it_goes_on_where_it_was_when_they_are_over() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let (tell, mut asked) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(serve(listener, tell));
        let (inbox, events) = Inbox::new(Arc::new(|| {}));
        // Whoever has no reader has to wait when there is much to tell.
        let told: Arc<Mutex<Vec<Event>>> = Arc::default();
        let heard = told.clone();
        std::thread::spawn(move || events.into_iter().for_each(|event| heard.lock().unwrap().push(event)));
        let clock = Clock::new();
        // Where it is now some hours later than in Greenwich, the hours are quiet.
        let minute = minute_of_day(clock.now().wall, "Etc/GMT-5").unwrap();
        let hours = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let quiet = format!("{}-{}", hours((minute + 1_380) % 1_440), hours((minute + 60) % 1_440));
        let context = Context {
            client: Client::new(&server, false, SecretKey::from_seed(&[1; 32]).into(), clock.clone()).unwrap(),
            cache: Cache::below(data.path(), None),
            inbox,
            clock,
            data: data.path().to_owned(),
            retry_limit: Duration::from_secs(1),
            download_limit: None,
            quiet_hours: Some(quiet.parse().unwrap()),
        };
        let publisher = SecretKey::from_seed(&[2; 32]).public();
        let enrolled = Enrolled { screen: ScreenId::new(Uuid::from_u128(1)), publisher };
        let asset = Digest::of(&file());
        let wants = |zone: &str, urgent| Wants {
            files: vec![Want { asset, bytes: BYTES as u64, urgent }],
            timezone: Some(zone.to_owned()),
        };
        let (want, wanted) = watch::channel(wants("Etc/GMT", false));
        let (fetching, cache) = (context.clone(), context.cache.clone());
        let task = tokio::spawn(async move { fetch(&fetching, &enrolled, wanted).await });
        let soon = Duration::from_secs(20);
        assert_eq!(tokio::time::timeout(soon, asked.recv()).await, Ok(Some(0)), "{:?}", told.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(100)).await;
        want.send_replace(wants("Etc/GMT-5", false));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!cache.contains(&asset), "it would have been over by now");
        assert!(told.lock().unwrap().is_empty(), "and nothing was wrong: {:?}", told.lock().unwrap());
        assert!(asked.try_recv().is_err());
        let kept = cache.partial(asset).unwrap().length();
        assert!(0 < kept && kept < BYTES as u64, "{kept}");
        want.send_replace(wants("Etc/GMT", false));
        let again = tokio::time::timeout(soon, asked.recv()).await;
        assert_eq!(again, Ok(Some(kept as usize)), "from where it was");
        for _ in 0..100 {
            if cache.contains(&asset) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(cache.contains(&asset));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let stored = told.lock().unwrap().iter().filter(|event| matches!(event, Event::Stored(_))).count();
        assert_eq!(stored, 1, "told once, though the list that wanted it is still the same");
        task.abort();
    }

    #[tokio::test]
    async fn a_download_that_panics_ends_no_other_and_what_has_become_urgent_is_not_paused() {
        let want = |n: u8, urgent| Want { asset: Digest::of(&[n]), bytes: 1, urgent };
        let mut downloads = Downloads::default();
        let (go, gone) = watch::channel(false);
        let waits = |mut gone: watch::Receiver<bool>| async move {
            let _ = gone.wait_for(|gone| *gone).await;
            Ok(())
        };
        downloads.start(want(1, false), async { panic!("as a library does on a file that nobody foresaw") });
        downloads.start(want(2, false), waits(gone.clone()));
        downloads.start(want(3, true), waits(gone.clone()));
        downloads.start(want(4, false), waits(gone));
        let (asset, end) = downloads.next().await.unwrap();
        assert!(matches!(end, End::Broken) && asset == want(1, false).asset);
        assert_eq!((downloads.running.len(), downloads.usual()), (3, 2), "the others go on");
        // A takeover shows what the second one brings; the fourth is in no hurry.
        downloads.pause(&[want(2, true), want(4, false)]);
        let (asset, end) = downloads.next().await.unwrap();
        assert!(matches!(end, End::Paused) && asset == want(4, false).asset);
        go.send_replace(true);
        let mut done = Vec::new();
        while let Some((asset, end)) = downloads.next().await {
            assert!(matches!(end, End::Done(Ok(()))));
            done.push(asset);
        }
        assert!(done.contains(&want(2, false).asset) && done.contains(&want(3, true).asset));
        assert!(!downloads.is_running(&want(2, false).asset));
    }

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
