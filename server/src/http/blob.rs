//! Immutable files over HTTP: ranges, cache for ever, and no power to run anything in the console's name.

use axum::{
    body::Body as HttpBody,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};
use tokio_util::io::ReaderStream;
use xuanping_core::digest::Digest;

use super::Problem;

/// Most bytes of an unasked-for part.
const STREAM_PIECE: usize = 1 << 16;

/// An open blob and its length as a response: whole, or the one range that a browser or a resuming player asks for.
pub async fn blob_response(
    (mut file, length): (File, u64),
    digest: Digest,
    media_type: &'static str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(|text| range(text, length));
    let (status, first, count) = match asked {
        Some(Ok((first, last))) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Some(Err(())) => {
            let size = format!("bytes */{length}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, size)]).into_response());
        }
        None => (StatusCode::OK, 0, length),
    };
    file.seek(std::io::SeekFrom::Start(first)).await.map_err(|e| Problem::internal(&e))?;
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
