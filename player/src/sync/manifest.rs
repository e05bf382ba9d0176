//! The manifest, asked for by a request that the server answers when there is news; and the playlists it names.

use std::{path::Path, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode, header};
use tokio::sync::watch;
use xuanping_core::{
    digest::Digest,
    playlist::{Playlist, TrustedManifest},
};

use super::{Context, Enrolled, RequestError, client::read_all, pause};
use crate::{
    durable::Privacy,
    event::{Event, Trouble},
    kept,
};

/// How long the server may keep the question open, in seconds.
const WAIT: u64 = 25;
const FILE: &str = "manifest.cose";

/// The manifest followed before the process ended, verified again.
pub fn load(data: &Path, enrolled: &Enrolled) -> Option<TrustedManifest> {
    let verified =
        |signed: &[u8]| match TrustedManifest::accept(signed.to_vec(), &enrolled.publisher, enrolled.screen, None) {
            Ok(trusted) => Some(trusted),
            Err(error) => {
                tracing::error!(%error, "a manifest on disk is not believed");
                None
            }
        };
    kept::read(&data.join(FILE), Privacy::Usual, verified).unwrap_or_else(|error| {
        tracing::error!(%error, "the manifest cannot be read");
        None
    })
}

/// Forgets it.
pub fn forget(data: &Path) -> std::io::Result<()> {
    kept::forget(&data.join(FILE))
}

/// Follows the screen's manifest for ever.
pub(super) async fn follow(context: &Context, enrolled: &Enrolled, mut followed: Option<u64>) {
    let mut backoff = context.backoff();
    loop {
        match next(context, enrolled, followed).await {
            Ok(None) => {
                backoff.reset();
                context.trouble(Trouble::Server, None);
            }
            Ok(Some(trusted)) => {
                backoff.reset();
                context.trouble(Trouble::Server, None);
                context.trouble(Trouble::Programme, None);
                tracing::info!(version = trusted.manifest.version, "a new manifest");
                followed = Some(trusted.manifest.version);
                // First the wall, then the disk: if the power goes between them, it is simply asked for again.
                context.inbox.send(Event::Manifest(Box::new(trusted.clone())));
                if let Err(error) = kept::write(&context.data.join(FILE), &trusted.signed, Privacy::Usual) {
                    tracing::error!(%error, "the manifest could not be kept");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no manifest");
                context.heed(&error, enrolled).await;
                if let RequestError::Nonsense(_) = error {
                    context.trouble(Trouble::Programme, "收到的播放指令未通过验证，已拒绝。".to_owned());
                } else if backoff.failures() > 0 {
                    context.trouble(Trouble::Server, format!("连接服务器失败，正用本地缓存播放：{}", short(&error)));
                }
                pause(&mut backoff, Some(&error)).await;
            }
        }
    }
}

fn short(error: &RequestError) -> String {
    match error {
        RequestError::Network(_) => "网络不通".to_owned(),
        other => other.to_string().chars().take(120).collect(),
    }
}

async fn next(
    context: &Context,
    enrolled: &Enrolled,
    followed: Option<u64>,
) -> Result<Option<TrustedManifest>, RequestError> {
    let mut request = context.client.request(Method::GET, &format!("manifest?wait={WAIT}"), Vec::new());
    if let Some(version) = followed {
        request = request.header(header::IF_NONE_MATCH, format!("\"{version}\""));
    }
    let response = context.client.send(request.timeout(Duration::from_secs(WAIT + 15))).await?;
    if response.status() == StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    let signed = read_all(response).await?;
    TrustedManifest::accept(signed, &enrolled.publisher, enrolled.screen, followed)
        .map(Some)
        .map_err(|e| RequestError::Nonsense(e.to_string()))
}

/// Fetches whichever playlist is wanted, from the cache if it is there.
pub(super) async fn fetch_playlists(
    context: &Context,
    enrolled: &Enrolled,
    mut wanted: watch::Receiver<Option<Digest>>,
) {
    let mut backoff = context.backoff();
    loop {
        let digest = *wanted.borrow_and_update();
        let result = match digest {
            None => Ok(()),
            Some(digest) => playlist(context, digest).await.map(|playlist| {
                context.inbox.send(Event::Playlist(digest, playlist));
            }),
        };
        match result {
            Ok(()) => {
                backoff.reset();
                if wanted.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no playlist");
                context.heed(&error, enrolled).await;
                if let RequestError::Nonsense(_) = error {
                    context.trouble(Trouble::Programme, "播放单无法识别，继续播放原有内容。".to_owned());
                }
                tokio::select! {
                    () = pause(&mut backoff, Some(&error)) => {}
                    changed = wanted.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}

async fn playlist(context: &Context, digest: Digest) -> Result<Arc<Playlist>, RequestError> {
    let understood =
        |bytes: &[u8]| Playlist::from_bytes(bytes).map(Arc::new).map_err(|e| RequestError::Nonsense(e.to_string()));
    if let Ok(bytes) = context.cache.read(&digest) {
        return understood(&bytes);
    }
    let response = context.client.send(context.client.request(Method::GET, &format!("playlists/{digest}"), Vec::new()));
    let bytes = read_all(response.await?).await?;
    if Digest::of(&bytes) != digest {
        return Err(RequestError::Nonsense("the playlist does not have the digest that the manifest names".to_owned()));
    }
    let playlist = understood(&bytes)?;
    if let Err(error) = context.cache.put(&bytes) {
        // It is played all the same; only after a restart it is missing.
        tracing::error!(%error, "the playlist could not be kept");
    }
    Ok(playlist)
}
