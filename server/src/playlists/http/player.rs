//! What players pull: their manifest (waiting for the next one), playlists and assets by digest.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::digest::Digest;

use super::super::{Issued, Playlists};
use crate::{
    clock,
    http::{PathOf, Problem, QueryOf, blob_response},
    screens::Player,
};

/// The longest that a player may wait for news, in seconds: below the idle timeouts of common proxies.
const LONGEST_WAIT: u64 = 50;

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(manifest)).routes(routes!(playlist)).routes(routes!(asset))
}

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wait {
    /// Seconds to wait for a manifest other than that of `If-None-Match`; 50 at most.
    #[serde(default)]
    wait: u64,
}

#[utoipa::path(get, path = "/player/v1/manifest", tag = "player", params(Wait),
    responses((status = 200, description = "COSE_Sign1"), (status = 304), (status = 404)),
    extensions(("x-roles" = json!(["device"]))))]
async fn manifest(
    State(playlists): State<Playlists>,
    QueryOf(wait): QueryOf<Wait>,
    headers: HeaderMap,
    player: Player,
) -> Result<Response, Problem> {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let followed = known.as_ref().and_then(|tag| tag.trim_matches('"').parse().ok());
    if let Some(followed) = followed.filter(|f| playlists.issued(player.screen).is_some_and(|i| i.version < *f)) {
        playlists.go_beyond(player.screen, followed, clock::now()).await?;
    }
    let mut news = playlists.follow(player.screen);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(wait.wait.min(LONGEST_WAIT));
    loop {
        let issued = news.borrow_and_update().clone();
        if let Some(issued) = issued.filter(|i| known.as_ref() != Some(&tag(i))) {
            return Ok(fresh(&issued, playlists.signed(&issued)));
        }
        // Who does not wait is not put on a list of those to be woken.
        if wait.wait == 0 || !matches!(tokio::time::timeout_at(deadline, news.changed()).await, Ok(Ok(()))) {
            break;
        }
    }
    match known {
        Some(_) => Ok(StatusCode::NOT_MODIFIED.into_response()),
        None => Err(Problem::not_found("播放指令")),
    }
}

fn tag(issued: &Issued) -> String {
    format!("\"{}\"", issued.version)
}

fn fresh(issued: &Issued, signed: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/cose".to_owned()),
        (header::ETAG, tag(issued)),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, signed).into_response()
}

#[utoipa::path(get, path = "/player/v1/playlists/{digest}", tag = "player", params(("digest" = String, Path)),
    responses((status = 200, description = "CBOR"), (status = 404)), extensions(("x-roles" = json!(["device"]))))]
async fn playlist(
    State(playlists): State<Playlists>,
    PathOf(digest): PathOf<Digest>,
    _: Player,
) -> Result<Response, Problem> {
    let bytes = playlists.bytes(digest).await?;
    let headers = [(header::CONTENT_TYPE, "application/cbor"), (header::CACHE_CONTROL, "max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}

#[utoipa::path(get, path = "/player/v1/assets/{digest}", tag = "player", params(("digest" = String, Path)),
    responses((status = 200), (status = 206), (status = 404)), extensions(("x-roles" = json!(["device"]))))]
async fn asset(
    State(playlists): State<Playlists>,
    PathOf(digest): PathOf<Digest>,
    headers: HeaderMap,
    _: Player,
) -> Result<Response, Problem> {
    // Renditions only: originals stay on the server, and so does every other blob.
    playlists.content.rendition(digest).await?.ok_or_else(|| Problem::not_found("素材文件"))?;
    let file = playlists.content.open(digest).await?;
    blob_response(file, digest, "application/octet-stream", &headers).await
}
