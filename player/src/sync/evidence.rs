//! Delivers evidence pictures, the oldest first, each until the server has it or says that it never will.

use std::{io, time::Duration};

use reqwest::{Method, StatusCode, header};
use tokio::sync::Notify;

use super::{Context, Enrolled, RequestError, backoff::Backoff, pause};
use crate::{entropy, evidence::Folder};

/// Without being told of new pictures, look for some this often.
const LOOK_EVERY: Duration = Duration::from_mins(5);
/// Between two of them, in milliseconds, and up to as much again by chance: after an outage all screens have some.
const PACE: u64 = 2_000;
/// A picture is large and in no hurry: after failures it waits so many times as long as other requests at most.
const LATER: u32 = 10;
/// A picture on a slow line.
const PATIENCE: Duration = Duration::from_mins(2);

/// Delivers for ever.
pub(super) async fn deliver(context: &Context, enrolled: &Enrolled, pictured: &Notify) {
    let folder = Folder::below(&context.data);
    let mut backoff = Backoff::new(context.retry_limit * LATER);
    loop {
        match deliver_oldest(context, &folder).await {
            Ok(true) => {
                backoff.reset();
                let more = PACE * u64::from(entropy::permille()) / 1_000;
                tokio::time::sleep(Duration::from_millis(PACE + more)).await;
            }
            Ok(false) => {
                backoff.reset();
                let _ = tokio::time::timeout(LOOK_EVERY, pictured.notified()).await;
            }
            Err(DeliveryError::Request(error)) => {
                tracing::warn!(%error, "an evidence picture was not delivered");
                context.heed(&error, enrolled).await;
                pause(&mut backoff, Some(&error)).await;
            }
            Err(DeliveryError::Disk(error)) => {
                tracing::warn!(%error, "an evidence picture could not be read");
                pause(&mut backoff, None).await;
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("disk: {0}")]
    Disk(#[from] io::Error),
}

/// Sends the oldest picture. Whether there was one.
async fn deliver_oldest(context: &Context, folder: &Folder) -> Result<bool, DeliveryError> {
    let Some(name) = folder.list()?.into_iter().next() else { return Ok(false) };
    let Some(picture) = folder.read(&name)? else { return Ok(true) };
    let media_type = if picture.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
    let request = context.client.request(Method::POST, &name.note().path(), picture);
    let request = request.header(header::CONTENT_TYPE, media_type).timeout(PATIENCE);
    match context.client.send(request).await {
        Ok(_) => tracing::debug!(%name, "an evidence picture was delivered"),
        Err(RequestError::Refused { status, text, .. }) if is_final(status) => {
            tracing::error!(%name, %status, text, "the server will never take this evidence picture; it is given up");
        }
        Err(error) => return Err(error.into()),
    }
    folder.remove(&name)?;
    Ok(true)
}

/// Whether asking again would be answered in the same way for ever.
fn is_final(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}
