//! What players call before and beside playing: enrolment, status, live picture, time. See `xuanping_core::wire`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::{
    digest::Digest,
    wire::{Enrolment, EnrolmentRequest, PlayerStatus, SignedTime, StatusReply},
};

use super::super::{Player, Screens, Stranger, device};
use crate::{
    clock,
    http::{Problem, QueryOf},
};

const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The largest live picture, in bytes.
const MAX_PICTURE: usize = 4 << 20;

pub(super) fn routes() -> OpenApiRouter<Screens> {
    OpenApiRouter::new()
        .routes(routes!(introduce))
        .routes(routes!(mine))
        .routes(routes!(status))
        .routes(routes!(picture))
        .routes(routes!(time))
}

fn from_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", "上报内容无法识别", e.to_string()))
}

#[utoipa::path(post, path = "/player/v1/enrolments", tag = "player", responses((status = 200)),
    extensions(("x-roles" = json!(["device"]))))]
async fn introduce(State(screens): State<Screens>, stranger: Stranger) -> Result<Json<Enrolment>, Problem> {
    let request: EnrolmentRequest = from_json(&stranger.body)?;
    stranger.verify(&request.public_key)?;
    if let Some(screen) = screens.by_fingerprint(request.public_key.fingerprint()).await?
        && let Some(gone) = device::retired(&screens, &screen)
    {
        return Err(gone);
    }
    let state =
        screens.introduce(request.public_key, request.capabilities, request.token.as_deref(), clock::now()).await?;
    Ok(Json(Enrolment { state, publisher: screens.publisher.public() }))
}

#[utoipa::path(get, path = "/player/v1/enrolments/mine", tag = "player", responses((status = 200)),
    extensions(("x-roles" = json!(["device"]))))]
async fn mine(State(screens): State<Screens>, stranger: Stranger) -> Result<Json<Enrolment>, Problem> {
    let known = screens.enrolment_of(stranger.claimed(), clock::now()).await?;
    let (key, state) = known.ok_or_else(device::unknown_device)?;
    stranger.verify(&key)?;
    Ok(Json(Enrolment { state, publisher: screens.publisher.public() }))
}

#[utoipa::path(post, path = "/player/v1/status", tag = "player", responses((status = 200)),
    extensions(("x-roles" = json!(["device"]))))]
async fn status(State(screens): State<Screens>, player: Player) -> Result<Json<StatusReply>, Problem> {
    let status: PlayerStatus = from_json(&player.body)?;
    Ok(Json(screens.report(player.screen, &status, clock::now())))
}

#[utoipa::path(put, path = "/player/v1/picture", tag = "player", responses((status = 204)),
    extensions(("x-roles" = json!(["device"]))))]
async fn picture(State(screens): State<Screens>, player: Player) -> Result<StatusCode, Problem> {
    if !player.body.starts_with(PNG_MAGIC) {
        return Err(Problem::invalid("body", "实时画面须为 PNG。"));
    }
    if player.body.len() > MAX_PICTURE {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "picture-too-large",
            "实时画面过大",
            "实时画面不得超过 4 MB，请播放器缩小后再传。",
        ));
    }
    screens.put_picture(player.screen, player.body, clock::now());
    Ok(StatusCode::NO_CONTENT)
}

/// The nonce to be signed along.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TimeQuery {
    /// 64 hexadecimal digits.
    #[param(value_type = String)]
    nonce: Digest,
}

#[utoipa::path(get, path = "/player/v1/time", tag = "player", params(TimeQuery), responses((status = 200)),
    extensions(("x-roles" = json!(["public"]))))]
async fn time(State(screens): State<Screens>, QueryOf(query): QueryOf<TimeQuery>) -> Response {
    let signed = screens.publisher.time(&SignedTime { nonce: query.nonce, now: clock::now() });
    ([(header::CONTENT_TYPE, "application/cose"), (header::CACHE_CONTROL, "no-store")], signed).into_response()
}
