//! Delivers sealed batches, oldest first, each until the server has signed for it.

use std::{io, time::Duration};

use reqwest::{Method, header};
use xuanping_core::{
    playlog::{Receipt, SignedBatch},
    wire::ProblemType,
};

use super::{Context, Deliveries, Enrolled, RequestError, client::read_all, pause};
use crate::{entropy, event::Trouble, journal::Outbox};

/// Without being told of new batches, look for some this often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// More batches than this that wait come from an outage, which other screens had too.
const FEW: u64 = 4;
/// Then this is between two of them, in milliseconds, and up to as much again by chance.
const PACE: u64 = 200;

/// Delivers for ever.
pub(super) async fn deliver(context: &Context, enrolled: &Enrolled, deliveries: &Deliveries) {
    let mut backoff = context.backoff();
    loop {
        let Some(outbox) = deliveries.outbox.get() else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        match deliver_oldest(context, enrolled, outbox).await {
            Ok(true) => {
                backoff.reset();
                if outbox.waiting().batches > FEW {
                    let more = PACE * u64::from(entropy::permille()) / 1_000;
                    tokio::time::sleep(Duration::from_millis(PACE + more)).await;
                }
            }
            Ok(false) => {
                backoff.reset();
                let _ = tokio::time::timeout(LOOK_EVERY, deliveries.sealed.notified()).await;
            }
            Err(error) => {
                tracing::warn!(%error, "a play batch was not delivered");
                let request = if let DeliveryError::Request(error) = &error { Some(error) } else { None };
                if let Some(error) = request {
                    context.heed(error, enrolled).await;
                }
                if let Some(text) = error.for_people() {
                    context.trouble(Trouble::Journal, text);
                }
                pause(&mut backoff, request).await;
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
    #[error("the receipt is not for this batch or not signed by the publisher")]
    Receipt,
    #[error("the server waits for batch {expected}, which was acknowledged and is no longer here")]
    Forgotten { expected: u64 },
}

impl DeliveryError {
    fn for_people(&self) -> Option<String> {
        match self {
            Self::Request(_) => None,
            Self::Disk(_) => Some("播放记录暂时无法读写，将自动重试。".to_owned()),
            Self::Receipt => Some("服务器的回执未通过验证，播放记录继续保留在本机。".to_owned()),
            Self::Forgotten { expected } => {
                Some(format!("服务器缺少第 {expected} 批播放记录（可能恢复了旧备份），请联系系统管理员。"))
            }
        }
    }
}

/// Sends the oldest batch, if there is one, and keeps the receipt.
async fn deliver_oldest(context: &Context, enrolled: &Enrolled, outbox: &Outbox) -> Result<bool, DeliveryError> {
    let Some(batch) = outbox.oldest()? else { return Ok(false) };
    let sequence = batch.batch().sequence;
    if context.client.keys().holds_back(sequence) {
        // The server could not know who has signed it, and would refuse it for ever.
        return Ok(false);
    }
    match send(context, &batch).await {
        Ok(signed) => {
            let receipt = Receipt::verify(&signed, &enrolled.publisher).map_err(|_| DeliveryError::Receipt)?;
            if (receipt.screen, receipt.sequence, receipt.batch) != (enrolled.screen, sequence, batch.digest()) {
                return Err(DeliveryError::Receipt);
            }
            outbox.acknowledged(&batch, &signed, &enrolled.publisher)?;
            context.trouble(Trouble::Journal, None);
            tracing::debug!(sequence, plays = batch.batch().plays.len(), "a play batch was acknowledged");
            Ok(true)
        }
        Err(error) => match (error.kind(), &error) {
            (Some(ProblemType::BatchConflict | ProblemType::BatchRefused), _) => {
                tracing::error!(sequence, %error, "the server will never take this batch; it is kept in journal/batches/refused");
                outbox.set_aside(&batch)?;
                context.trouble(Trouble::Journal, format!("第 {sequence} 批播放记录被服务器拒收，已留存备查：{error}"));
                Ok(true)
            }
            (Some(ProblemType::BatchOutOfOrder), RequestError::Refused { expected: Some(expected), .. })
                if *expected < sequence =>
            {
                Err(DeliveryError::Forgotten { expected: *expected })
            }
            _ => Err(error.into()),
        },
    }
}

async fn send(context: &Context, batch: &SignedBatch) -> Result<Vec<u8>, RequestError> {
    let request = context
        .client
        .request(Method::POST, "play-batches", batch.signed().to_vec())
        .header(header::CONTENT_TYPE, "application/cose")
        .timeout(Duration::from_mins(1));
    read_all(context.client.send(request).await?).await
}
