//! Downloads, most urgent first: two at a time, and a takeover's beside them at once. A broken download goes on where it
//! stopped; what does not match its digest is thrown away.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use tokio::{sync::watch, task::JoinSet, time::Instant};
use xuanping_core::digest::Digest;

use super::{Backoff, Context, Enrolled, RequestError};
use crate::{
    cache::CacheError,
    entropy,
    event::{Event, Trouble},
    state::Want,
};

const AT_ONCE: usize = 2;

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
pub(super) async fn fetch(context: &Context, enrolled: &Enrolled, mut wants: watch::Receiver<Vec<Want>>) {
    let mut running: HashSet<Digest> = HashSet::new();
    let mut urgent: HashSet<Digest> = HashSet::new();
    let mut failed: HashMap<Digest, (Backoff, Instant)> = HashMap::new();
    let mut downloads = JoinSet::new();
    loop {
        let wanted = wants.borrow_and_update().clone();
        failed.retain(|asset, _| wanted.iter().any(|w| w.asset == *asset));
        let now = Instant::now();
        for want in &wanted {
            let usual = running.len() - urgent.len();
            let waits = failed.get(&want.asset).is_some_and(|(_, until)| *until > now);
            if running.contains(&want.asset) || waits || (!want.urgent && usual >= AT_ONCE) {
                continue;
            }
            running.insert(want.asset);
            if want.urgent {
                urgent.insert(want.asset);
            }
            let (context, want) = (context.clone(), *want);
            downloads.spawn(async move { (want.asset, download(&context, want).await) });
        }
        let retry = failed.values().map(|(_, until)| *until).filter(|until| *until > now).min();
        let retry = retry.unwrap_or_else(|| now + Duration::from_hours(1));
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
                        *until = Instant::now() + backoff.next(entropy::permille());
                    }
                }
            }
        }
    }
}

fn said(error: &DownloadError) -> String {
    let full = |e: &std::io::Error| e.kind() == std::io::ErrorKind::StorageFull;
    match error {
        DownloadError::Disk(e) | DownloadError::Cache(CacheError::Disk(e)) if full(e) => {
            "磁盘空间不足，新素材无法下载，继续播放已有内容。".to_owned()
        }
        DownloadError::Disk(_) | DownloadError::Cache(CacheError::Disk(_)) => "磁盘读写失败，素材无法保存。".to_owned(),
        DownloadError::Cache(_) | DownloadError::TooLong => "下载的素材与播放单不符，已丢弃并重试。".to_owned(),
        DownloadError::Request(_) | DownloadError::Short => "素材下载未完成，正在重试。".to_owned(),
    }
}

async fn download(context: &Context, want: Want) -> Result<(), DownloadError> {
    if context.cache.contains(&want.asset) {
        return Ok(());
    }
    let mut partial = context.cache.partial(want.asset)?;
    if partial.length() > want.bytes {
        partial.clear()?;
    }
    if partial.length() < want.bytes {
        let mut request = context.client.request(Method::GET, &format!("assets/{}", want.asset), Vec::new());
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
        while let Some(piece) = response.chunk().await.map_err(RequestError::from)? {
            if partial.length() + piece.len() as u64 > want.bytes {
                partial.clear()?;
                return Err(DownloadError::TooLong);
            }
            partial.add(&piece)?;
        }
        if partial.length() < want.bytes {
            return Err(DownloadError::Short);
        }
    }
    // Digesting and syncing a long clip takes a while: not on the thread that serves everything else.
    tokio::task::spawn_blocking(move || partial.finish()).await.map_err(std::io::Error::other)??;
    Ok(())
}
