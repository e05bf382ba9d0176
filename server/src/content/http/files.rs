//! Files for people: thumbnails, originals, renditions. Originals are hostile until proven otherwise: they are sent under
//! their probed type, never sniffed, and cannot run anything in the console's name.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use xuanping_core::{digest::Digest, id::CreativeId, playlist::Show};

use crate::{
    accounts::{Allowed, SignedIn},
    content::{Content, media::Media},
    http::{PathOf, Problem, blob_response},
};

#[utoipa::path(get, path = "/api/v1/creatives/{id}/thumbnail", tag = "content", params(("id" = CreativeId, Path)),
    responses((status = 200, content_type = "image/png", body = Vec<u8>)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn thumbnail(
    State(content): State<Content>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<CreativeId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let creative = content.creative(id).await?;
    let tag = format!("\"{}\"", creative.content.hash());
    let fresh = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, fresh).into_response());
    }
    let picture = content.thumbnail(&creative).await?.ok_or_else(|| Problem::not_found("缩略图"))?;
    Ok((fresh, [(header::CONTENT_TYPE, "image/png")], picture).into_response())
}

#[utoipa::path(get, path = "/api/v1/creatives/{id}/original", tag = "content", params(("id" = CreativeId, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn original(
    State(content): State<Content>,
    _: Allowed<SignedIn>,
    PathOf(id): PathOf<CreativeId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let creative = content.creative(id).await?;
    let digest = creative.content.upload.ok_or_else(|| Problem::not_found("原文件"))?;
    let upload = content.upload(digest).await?.ok_or_else(|| Problem::not_found("原文件"))?;
    let file = content.open(digest).await?;
    blob_response(file, digest, media_type(&upload.media), &headers).await
}

#[utoipa::path(get, path = "/api/v1/renditions/{digest}", tag = "content", params(("digest" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)),
    extensions(("x-roles" = json!(["admin", "operator", "editor", "reviewer", "auditor"]))))]
pub(super) async fn rendition(
    State(content): State<Content>,
    _: Allowed<SignedIn>,
    PathOf(digest): PathOf<Digest>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let rendition = content.rendition(digest).await?.ok_or_else(|| Problem::not_found("版本"))?;
    let media_type = match rendition.show {
        Show::Picture { .. } | Show::Strip { .. } => "image/png",
        Show::Clip { .. } => "video/mp4",
        Show::Sound => "audio/mp4",
    };
    let file = content.open(digest).await?;
    blob_response(file, digest, media_type, &headers).await
}

fn media_type(media: &Media) -> &'static str {
    match media {
        Media::Poster { format, .. } => match format.as_str() {
            "png" => "image/png",
            "jpeg" => "image/jpeg",
            _ => "image/webp",
        },
        Media::Clip { format, .. } => match format.as_str() {
            "mp4" => "video/mp4",
            "matroska" => "video/webm",
            _ => "application/octet-stream",
        },
        Media::Audio { format, .. } => match format.as_str() {
            "mp3" => "audio/mpeg",
            "mp4" => "audio/mp4",
            "wav" => "audio/wav",
            "flac" => "audio/flac",
            "ogg" => "audio/ogg",
            _ => "application/octet-stream",
        },
    }
}
