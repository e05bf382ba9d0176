//! The current picture, for boot pages and websites: public to whoever knows the address.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use xuanping_core::geometry::Size;

use super::super::Playlists;
use crate::{
    clock,
    http::{PathOf, Problem, QueryOf},
};

/// The longest that a picture may be kept by others, in milliseconds: a takeover must not wait behind a cache.
const LONGEST: i64 = 60_000;
/// Edges that a picture may have.
const EDGES: std::ops::RangeInclusive<u32> = 64..=3840;

pub(super) fn routes() -> OpenApiRouter<Playlists> {
    OpenApiRouter::new().routes(routes!(current))
}

/// How large. Both or neither; without, as large as the screen's main zone.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Pixels across, 64 to 3840.
    width: Option<u32>,
    /// Pixels down, 64 to 3840.
    height: Option<u32>,
}

#[utoipa::path(get, path = "/web/{token}/current.png", tag = "web", params(("token" = String, Path), Wanted),
    responses((status = 200, content_type = "image/png"), (status = 304), (status = 404), (status = 429)),
    extensions(("x-roles" = json!(["public"]))))]
async fn current(
    State(playlists): State<Playlists>,
    PathOf(token): PathOf<String>,
    QueryOf(wanted): QueryOf<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let screen = playlists.screens.linked(&token).await?.ok_or_else(|| Problem::not_found("画面"))?;
    let size = match (wanted.width, wanted.height) {
        (None, None) => None,
        (Some(width), Some(height)) if EDGES.contains(&width) && EDGES.contains(&height) => {
            Some(Size { width, height })
        }
        _ => return Err(Problem::invalid("width", "请同时给出 width 和 height，均为 64–3840 像素。")),
    };
    let now = clock::now();
    let Some(picture) = playlists.current_picture(screen, size, now).await? else { return Ok(busy()) };
    let tag = format!("\"{}\"", picture.name);
    let fresh = picture.until.map_or(LONGEST, |until| until.since(now)).clamp(1_000, LONGEST) / 1000;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "image/png")], picture.png).into_response()
    };
    for (name, value) in [(header::ETAG, tag), (header::CACHE_CONTROL, format!("public, max-age={fresh}"))] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

fn busy() -> Response {
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", "请稍候", "正在生成的画面过多，请几秒后再取。");
    let mut response = problem.into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
