//! How the player is doing, what its wall looks like while somebody watches, and what time it is.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, header};
use tokio::sync::watch;
use xuanping_core::wire::{PlayerStatus, StatusReply};

use super::{Context, Enrolled, pause};
use crate::{event::Event, stage::Frame};

/// Between the earliest and latest that the server may ask for the next status.
const NEXT: std::ops::RangeInclusive<u32> = 1_000..=600_000;
const TIME_EVERY: Duration = Duration::from_mins(10);
/// The longest edge of a live picture.
const PICTURE_EDGE: u32 = 960;

/// Reports for ever, as often as the server asks.
pub(super) async fn report(context: &Context, enrolled: &Enrolled, mut status: watch::Receiver<Option<PlayerStatus>>) {
    let mut backoff = context.backoff();
    // Before the first status there is nothing to say.
    if status.wait_for(Option::is_some).await.is_err() {
        return;
    }
    loop {
        let body = serde_json::to_vec(&*status.borrow_and_update()).unwrap_or_default();
        match context.client.json::<StatusReply>(Method::POST, "status", Some(body)).await {
            Ok(reply) => {
                backoff.reset();
                context.inbox.send(Event::PictureWanted(reply.picture_wanted));
                let next = reply.next_in.clamp(*NEXT.start(), *NEXT.end());
                tokio::time::sleep(Duration::from_millis(u64::from(next))).await;
            }
            Err(error) => {
                tracing::debug!(%error, "no status delivered");
                context.heed(&error, enrolled).await;
                pause(&mut backoff, Some(&error)).await;
            }
        }
    }
}

/// Sends every picture it is given.
pub(super) async fn show(context: &Context, mut pictures: watch::Receiver<Option<Arc<Frame>>>) {
    while pictures.changed().await.is_ok() {
        let Some(frame) = pictures.borrow_and_update().clone() else { continue };
        let encoded = tokio::task::spawn_blocking(move || frame.to_png(PICTURE_EDGE)).await;
        let Ok(Ok(png)) = encoded else {
            tracing::error!("the live picture could not be encoded");
            continue;
        };
        let request = context.client.request(Method::PUT, "picture", png).header(header::CONTENT_TYPE, "image/png");
        if let Err(error) = context.client.send(request.timeout(Duration::from_secs(20))).await {
            tracing::debug!(%error, "no picture delivered");
        }
    }
}

/// Compares clocks now and then. Just after the power came the network is not there yet: until it was done once, and whenever
/// it fails, it is tried again soon.
pub(super) async fn keep_time(context: &Context, enrolled: &Enrolled) {
    let mut backoff = context.backoff();
    loop {
        if context.learn_time(enrolled).await {
            backoff.reset();
            tokio::time::sleep(TIME_EVERY).await;
        } else {
            pause(&mut backoff, None).await;
        }
    }
}
