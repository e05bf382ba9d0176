//! The Merkle log for everybody: checkpoint, tiles and entries as C2SP tlog-tiles has them, and cosignatures taken in.
//! It shows names of screens and digests, never what was shown; so it is open, and caches may keep tiles for ever.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::tlog::TilePath;

use super::super::{Plays, log::LogError};
use crate::http::Problem;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FEW_SECONDS: &str = "public, max-age=5";

pub(super) fn routes() -> OpenApiRouter<Plays> {
    OpenApiRouter::new()
        .routes(routes!(cosign))
        // Read by tools that know the specification and not our document.
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/key", get(key))
        .route("/log/tile/{*path}", get(tile))
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Damaged(_) | LogError::OtherKey | LogError::NotLogged { .. } => Self::internal(&error),
            LogError::Cosignature(why) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "cosignature-refused",
                "见证签名未被接受",
                format!("{why}。请管理员先登记见证方的密钥（admin add-witness），并确认见证的是本日志。"),
            ),
            LogError::Db(e) => e.into(),
        }
    }
}

fn text(caching: &'static str, text: String) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, caching)];
    (headers, text).into_response()
}

async fn checkpoint(State(plays): State<Plays>) -> Result<Response, Problem> {
    Ok(text(FEW_SECONDS, plays.log.checkpoint().await?))
}

async fn key(State(plays): State<Plays>) -> Response {
    text(FEW_SECONDS, format!("{}\n", plays.log.verifier()))
}

async fn tile(State(plays): State<Plays>, Path(path): Path<String>) -> Result<Response, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, "no-tile", "没有这块日志", "日志还没有这么长，或路径有误。");
    let path: TilePath = path.parse().map_err(|_| missing())?;
    let bytes = plays.log.tile(path).await?.ok_or_else(missing)?;
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((headers, bytes).into_response())
}

#[utoipa::path(post, path = "/log/cosignatures", tag = "log", request_body(content = String, content_type = "text/plain"),
    responses((status = 204), (status = 422)), extensions(("x-roles" = json!(["public"]))))]
async fn cosign(State(plays): State<Plays>, body: Bytes) -> Result<StatusCode, Problem> {
    plays.log.take_cosignature(&String::from_utf8_lossy(&body)).await?;
    Ok(StatusCode::NO_CONTENT)
}
