//! Files for people: thumbnails, originals, renditions. Originals are hostile until proven otherwise: they are sent under
//! their probed type, never sniffed, and cannot run anything in the console's name.

use axum::{
    body::Body as HttpBody,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use xuanping_core::{digest::Digest, id::CreativeId, playlist::Show};

use crate::{
    accounts::{Allowed, SignedIn},
    content::{Content, ContentError, media::Media},
    http::{PathOf, Problem},
};

/// Most bytes of an unasked-for part.
const STREAM_PIECE: usize = 1 << 16;

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
    blob(&content, digest, media_type(&upload.media), &headers).await
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
    blob(&content, digest, media_type, &headers).await
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

/// A blob, whole or the one range that a browser's player asks for.
async fn blob(
    content: &Content,
    digest: Digest,
    media_type: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (mut file, length) = content.open(digest).await?;
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(|text| range(text, length));
    let (status, first, count) = match asked {
        Some(Ok((first, last))) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Some(Err(())) => {
            let size = format!("bytes */{length}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, size)]).into_response());
        }
        None => (StatusCode::OK, 0, length),
    };
    file.seek(std::io::SeekFrom::Start(first)).await.map_err(ContentError::from)?;
    let stream = ReaderStream::with_capacity(file.take(count), STREAM_PIECE);
    let mut response = (status, HttpBody::from_stream(stream)).into_response();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, media_type);
    set(header::CONTENT_LENGTH, &count.to_string());
    set(header::ACCEPT_RANGES, "bytes");
    set(header::ETAG, &format!("\"{digest}\""));
    set(header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    if status == StatusCode::PARTIAL_CONTENT {
        set(header::CONTENT_RANGE, &format!("bytes {first}-{}/{length}", first + count - 1));
    }
    Ok(response)
}

/// First and last byte of a single range; `None` if it is of a form that we answer with the whole file.
fn range(text: &str, length: u64) -> Option<Result<(u64, u64), ()>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = if first.is_empty() {
        let suffix: u64 = last.parse().ok()?;
        (length.saturating_sub(suffix), length.checked_sub(1)?)
    } else {
        let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
        (first.parse().ok()?, last.min(length.checked_sub(1)?))
    };
    Some(if range.0 <= range.1 && range.0 < length { Ok(range) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_as_browsers_ask_for_them() {
        assert_eq!(range("bytes=0-", 10), Some(Ok((0, 9))));
        assert_eq!(range("bytes=2-4", 10), Some(Ok((2, 4))));
        assert_eq!(range("bytes=2-400", 10), Some(Ok((2, 9))));
        assert_eq!(range("bytes=-3", 10), Some(Ok((7, 9))));
        assert_eq!(range("bytes=10-", 10), Some(Err(())));
        assert_eq!(range("bytes=4-2", 10), Some(Err(())));
        assert_eq!(range("bytes=0-1,4-5", 10), None);
        assert_eq!(range("items=0-1", 10), None);
        assert_eq!(range("bytes=0-", 0), None);
    }
}
