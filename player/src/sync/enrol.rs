//! Becoming a screen: introduce the key, show the code, wait until somebody has typed it. The publishing key of the first
//! answer is pinned: from then on no other server can put anything on this wall.

use std::{io, path::Path, time::Duration};

use reqwest::Method;
use serde::{Deserialize, Serialize};
use xuanping_core::{
    id::ScreenId,
    sign::PublicKey,
    wire::{Enrolment, EnrolmentRequest, EnrolmentState, ProblemType},
};

use super::{Context, Introduction, RequestError, pause};
use crate::{
    belief::Sample,
    durable::Privacy,
    event::{Event, Pairing, Trouble},
    kept,
};

/// Which screen this is, and whose word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled {
    /// The screen.
    pub screen: ScreenId,
    /// The key that signs manifests and receipts.
    pub publisher: PublicKey,
}

/// As kept in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    publisher: PublicKey,
    screen: Option<ScreenId>,
}

impl Enrolled {
    /// What is kept in the data folder. A file that cannot be read counts as none: the player introduces itself again with
    /// the same key, and the server knows which screen that is.
    pub fn load(data: &Path) -> Option<Self> {
        let kept = load(data)?;
        Some(Self { screen: kept.screen?, publisher: kept.publisher })
    }

    /// Forgets it.
    pub fn forget(data: &Path) -> io::Result<()> {
        kept::forget(&data.join(FILE))
    }
}

const FILE: &str = "enrolment.json";
/// How often to ask whether the code was typed.
const ASK_EVERY: Duration = Duration::from_secs(1);

fn load(data: &Path) -> Option<Kept> {
    let kept = kept::read(&data.join(FILE), Privacy::Usual, |bytes| serde_json::from_slice(bytes).ok());
    kept.unwrap_or_else(|error| {
        tracing::error!(%error, "the enrolment cannot be read");
        None
    })
}

/// Runs until this player is enrolled.
pub(super) async fn introduce(context: &Context, introduction: Introduction) {
    let Ok(capabilities) = tokio::task::spawn_blocking(introduction.capabilities).await else {
        // Only if the thread is being ended.
        return;
    };
    let mut request = EnrolmentRequest {
        public_key: context.client.keys().asking().public(),
        capabilities,
        token: introduction.token,
    };
    let mut backoff = context.backoff();
    let mut asked_by_code = None;
    loop {
        let answer: Result<Enrolment, _> = match &asked_by_code {
            None => {
                let body = serde_json::to_vec(&request).unwrap_or_default();
                context.client.json(Method::POST, "enrolments", Some(body)).await
            }
            Some(_) => context.client.json(Method::GET, "enrolments/mine", None).await,
        };
        match answer {
            Ok(enrolment) => {
                if !pin(context, &enrolment) {
                    pause(&mut backoff, None).await;
                    continue;
                }
                backoff.reset();
                context.trouble(Trouble::Server, None);
                match enrolment.state {
                    EnrolmentState::Enrolled { screen } => {
                        context.inbox.send(Event::Pairing(Pairing::Enrolled(screen)));
                        return;
                    }
                    EnrolmentState::Waiting { code, .. } => {
                        if asked_by_code.as_ref() != Some(&code) {
                            tracing::info!("waiting to be paired; the code is on the screen");
                            context.inbox.send(Event::Pairing(Pairing::Code(code.clone())));
                        }
                        asked_by_code = Some(code);
                        tokio::time::sleep(ASK_EVERY).await;
                    }
                }
            }
            // The code has expired: a new one is asked for at once.
            Err(error) if error.kind() == Some(ProblemType::UnknownDevice) && asked_by_code.take().is_some() => {}
            // Used up, say, by a player whose disk was replaced since: then somebody types a code.
            Err(error) if error.kind() == Some(ProblemType::TokenRefused) && request.token.take().is_some() => {
                tracing::warn!(%error, "going on without the enrolment token");
            }
            Err(error) if is_retired(context, &error) => {
                context.inbox.send(Event::Retired);
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "not enrolled yet");
                if let (Some(ProblemType::ClockSkew), RequestError::Refused { now: Some(now), .. }) =
                    (error.kind(), &error)
                {
                    // Nobody is trusted yet; once the publisher is pinned, only its signed time counts.
                    let at = context.clock.now().monotonic;
                    context.clock.learn(&[Sample { server: *now, at, trip: 0 }]);
                }
                if backoff.failures() > 1 {
                    // A code that nobody can check is not shown.
                    asked_by_code = None;
                    context.inbox.send(Event::Pairing(Pairing::Asking));
                }
                pause(&mut backoff, Some(&error)).await;
            }
        }
    }
}

/// Whether the pinned publisher has signed that this device is out of service.
fn is_retired(context: &Context, error: &RequestError) -> bool {
    let key = context.client.keys().asking().public();
    load(&context.data).is_some_and(|kept| error.retirement(&kept.publisher, &key).is_some())
}

/// Pins the publisher at the first answer, refuses any other later, and keeps what was learnt.
fn pin(context: &Context, enrolment: &Enrolment) -> bool {
    let before = load(&context.data);
    if let Some(kept) = before.filter(|kept| kept.publisher != enrolment.publisher) {
        tracing::error!(pinned = %kept.publisher, offered = %enrolment.publisher, "the server has another publishing key than the one this player was enrolled with; refused");
        context.trouble(Trouble::Server, "服务器的发布密钥与首次登记时不同，已拒绝。".to_owned());
        return false;
    }
    let screen = match enrolment.state {
        EnrolmentState::Enrolled { screen } => Some(screen),
        EnrolmentState::Waiting { .. } => None,
    };
    let kept = Kept { publisher: enrolment.publisher, screen };
    if before == Some(kept) {
        return true;
    }
    let written = serde_json::to_vec(&kept)
        .map_err(io::Error::other)
        .and_then(|bytes| kept::write(&context.data.join(FILE), &bytes, Privacy::Usual));
    if let Err(error) = written {
        tracing::error!(%error, "the enrolment could not be kept");
        return false;
    }
    true
}
