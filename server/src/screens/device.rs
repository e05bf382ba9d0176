//! Who a player's request is from: the extractors that verify its signature before a handler sees a byte of the body.

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
    http::{Method, StatusCode},
};
use xuanping_core::{
    digest::Digest,
    id::ScreenId,
    sign::{PublicKey, ReadyKey},
    wire::{MAX_SKEW, ProblemType, RequestProof, Retirement},
};

use super::{Screen, ScreenError, Screens};
use crate::{clock, http::Problem};

/// The largest body a screen sends: a live picture or a full batch.
const MAX_BODY: usize = 5 << 20;
/// The largest body of somebody who is no screen yet: it is read before anything is known of who sends it.
const MAX_STRANGERS_BODY: usize = 64 << 10;

/// A request by the player of a screen in service, its signature verified. All that is known of the screen is which it is: for
/// what players ask all the time.
#[derive(Debug, Clone)]
pub struct Player {
    /// Whose.
    pub screen: ScreenId,
    /// The body.
    pub body: Bytes,
}

/// The same, with the screen as the database has it now.
#[derive(Debug, Clone)]
pub struct Device {
    /// Which.
    pub screen: Screen,
    /// The body.
    pub body: Bytes,
}

/// A request signed by a key that is not a screen's (yet). The handler must name the key and call [`Stranger::verify`].
#[derive(Debug, Clone)]
pub struct Stranger {
    /// The body.
    pub body: Bytes,
    proof: RequestProof,
    method: Method,
    path: String,
}

impl Stranger {
    /// The fingerprint that the request claims.
    pub fn claimed(&self) -> Digest {
        self.proof.key
    }

    /// Checks that this key signed the request.
    pub fn verify(&self, key: &PublicKey) -> Result<(), Problem> {
        self.proof.verify(key, self.method.as_str(), &self.path, &self.body).map_err(|_| bad_signature())
    }

    fn verify_ready(&self, key: &ReadyKey) -> Result<(), Problem> {
        self.proof.verify_ready(key, self.method.as_str(), &self.path, &self.body).map_err(|_| bad_signature())
    }
}

/// The proof of a request that was signed just now, or so it says.
fn proof_of(request: &Request) -> Result<RequestProof, Problem> {
    let proof = RequestProof::from_headers(|name| request.headers().get(name).and_then(|v| v.to_str().ok()))
        .map_err(|e| Problem::new(StatusCode::UNAUTHORIZED, "unsigned-request", "请求未签名", e.to_string()))?;
    let now = clock::now();
    // Not `abs`: a time can be so far away that the distance has none.
    if !(-MAX_SKEW..=MAX_SKEW).contains(&proof.time.since(now)) {
        let detail = "播放器时钟与服务器相差过大，请先校时。";
        return Err(
            Problem::wire(StatusCode::UNAUTHORIZED, ProblemType::ClockSkew, "时钟偏差过大", detail).with("now", now.0)
        );
    }
    Ok(proof)
}

async fn read(request: Request, proof: RequestProof, most: usize) -> Result<Stranger, Problem> {
    let method = request.method().clone();
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    let body = to_bytes(request.into_body(), most).await.map_err(|_| {
        let detail = format!("单次上报不得超过 {} KB。", most >> 10);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "内容过大", detail)
    })?;
    Ok(Stranger { body, proof, method, path })
}

impl<S: Send + Sync> FromRequest<S> for Stranger {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let proof = proof_of(&request)?;
        read(request, proof, MAX_STRANGERS_BODY).await
    }
}

impl<S: Send + Sync> FromRequest<S> for Player {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let screens = screens_of(&request)?;
        let proof = proof_of(&request)?;
        match screens.caller(proof.key, clock::now()).await? {
            Some(caller) => {
                let stranger = read(request, proof, MAX_BODY).await?;
                stranger.verify_ready(&caller.key)?;
                Ok(Self { screen: caller.screen, body: stranger.body })
            }
            None => {
                let device = device(&screens, request, proof).await?;
                Ok(Self { screen: device.screen.id, body: device.body })
            }
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Device {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let screens = screens_of(&request)?;
        let proof = proof_of(&request)?;
        device(&screens, request, proof).await
    }
}

fn screens_of(request: &Request) -> Result<Screens, Problem> {
    let screens = request.extensions().get::<Screens>().cloned();
    screens.ok_or_else(|| Problem::internal(&"no screens are at hand where a device asks"))
}

async fn device(screens: &Screens, request: Request, proof: RequestProof) -> Result<Device, Problem> {
    // Before the body is read: nobody but a screen may make us hold that much.
    let Some(screen) = screens.by_fingerprint(proof.key).await? else {
        let Some(former) = screens.former_key(proof.key).await? else { return Err(unknown_device()) };
        // Nobody else learns what became of it.
        read(request, proof, MAX_BODY).await?.verify(&former)?;
        return Err(ScreenError::KeyReplaced.into());
    };
    let stranger = read(request, proof, MAX_BODY).await?;
    stranger.verify(&screen.public_key)?;
    if let Some(gone) = retired(screens, &screen) {
        return Err(gone);
    }
    Ok(Device { screen, body: stranger.body })
}

/// 410, with our signed word for it: a player believes nothing else. `None` for a screen in service.
pub fn retired(screens: &Screens, screen: &Screen) -> Option<Problem> {
    let at = screen.retired_at?;
    let said = Retirement { screen: screen.id, key: screen.public_key.fingerprint(), at };
    Some(Problem::from(ScreenError::Retired).with(Retirement::MEMBER, screens.publisher.retirement(&said)))
}

/// 401: nobody with this key is enrolled.
pub fn unknown_device() -> Problem {
    Problem::wire(
        StatusCode::UNAUTHORIZED,
        ProblemType::UnknownDevice,
        "设备未登记",
        "服务器不认识此设备，请在控制台输入屏幕上的配对码完成登记。",
    )
}

fn bad_signature() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "bad-signature", "签名无效", "请求签名与设备密钥不符，已拒绝。")
}
