//! Tells the server of a new key, until it has signed for it. What the new key has sealed meanwhile waits for that.

use reqwest::{Method, header};
use tokio::sync::Notify;
use xuanping_core::{playlog::KeyReceipt, wire::ProblemType};

use super::{Context, Enrolled, RequestError, client::read_all, pause};
use crate::{
    event::{Event, Trouble},
    keyring::ToPresent,
};

/// Tells of changes for ever; `sealed` is told when what waits can be delivered.
pub(super) async fn present(context: &Context, enrolled: &Enrolled, sealed: &Notify) {
    let keys = context.client.keys();
    let mut backoff = context.backoff();
    loop {
        let Some(change) = keys.to_present() else {
            keys.news().notified().await;
            continue;
        };
        let error = match tell(context, enrolled, &change).await {
            Ok(()) => match keys.recorded(&change) {
                Ok(()) => {
                    backoff.reset();
                    context.trouble(Trouble::Server, None);
                    context.inbox.send(Event::KeyChanged(change.instruction));
                    sealed.notify_one();
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "the new key could not take the old one's place; it is tried again");
                    context.trouble(Trouble::Disk, "磁盘无法写入，密钥尚未更换完成，将自动重试。".to_owned());
                    None
                }
            },
            Err(error) => {
                tracing::warn!(%error, "the server has not recorded the change of key");
                heed(context, enrolled, &change, &error).await;
                Some(error)
            }
        };
        // A refusal elsewhere may mean that the answer was only lost.
        tokio::select! {
            () = pause(&mut backoff, error.as_ref()) => {}
            () = keys.news().notified() => {}
        }
    }
}

async fn tell(context: &Context, enrolled: &Enrolled, change: &ToPresent) -> Result<(), RequestError> {
    let request = context.client.request_by(&change.new, Method::POST, "keys", change.signed.clone());
    let request = request.header(header::CONTENT_TYPE, "application/cose");
    let signed = read_all(context.client.send(request).await?).await?;
    let receipt =
        KeyReceipt::verify(&signed, &enrolled.publisher).map_err(|e| RequestError::Nonsense(e.to_string()))?;
    let mine = change.is_receipted(&receipt, enrolled.screen);
    if mine { Ok(()) } else { Err(RequestError::Nonsense("the receipt is for another change of key".to_owned())) }
}

async fn heed(context: &Context, enrolled: &Enrolled, change: &ToPresent, error: &RequestError) {
    match error.kind() {
        // A screen that was retired after the change was recorded: its word is about the new key.
        Some(ProblemType::ScreenRetired) => {
            let said = error.retirement(&enrolled.publisher, &change.new.public());
            if said.is_some_and(|said| said.screen == enrolled.screen) {
                context.inbox.send(Event::Retired);
            }
        }
        Some(ProblemType::KeyChangeRefused | ProblemType::KeyReplaced) => {
            context.client.keys().settle();
            context.trouble(Trouble::Server, format!("服务器拒绝了更换密钥，播放继续：{error}"));
        }
        Some(ProblemType::UnknownDevice) => context.client.keys().settle(),
        _ => context.heed(error, enrolled).await,
    }
}
