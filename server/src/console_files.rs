//! The console's files, embedded in the binary: hashed assets for ever, `index.html` for every page address of the
//! single-page console. A binary built before the console was says so on a plain page, and how to build it.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::Problem;

#[derive(RustEmbed)]
#[folder = "console/dist"]
#[allow_missing = true]
struct Dist;

/// The shown page when there is no console to show.
const NOT_BUILT: &str = include_str!("console_not_built.html");

/// Answers whatever no route took: a file of the console, its start page, or a refusal.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("player/") {
        return Problem::not_found("接口地址").into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        return Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "不支持的操作",
            "该地址不支持这种请求方法。",
        )
        .into_response();
    }
    if !path.is_empty() && path != "index.html" {
        if let Some(response) = file::<Dist>(path, &headers) {
            return response;
        }
        // A missing asset must not come back as a page: the browser would try to run it as a script.
        if path.starts_with("assets/") {
            return Problem::not_found("文件").into_response();
        }
    }
    file::<Dist>("index.html", &headers).unwrap_or_else(not_built)
}

/// An embedded file, packed if the client takes it so; `None` if there is no such file.
pub(crate) fn file<Files: RustEmbed>(path: &str, headers: &HeaderMap) -> Option<Response> {
    // The twins made by the build are found through the file they belong to, not by their own address.
    if has_ending(path, "gz") {
        return None;
    }
    let plain = Files::get(path)?;
    let kind = plain.metadata.mimetype().to_owned();
    let packed = accepts_gzip(headers).then(|| Files::get(&format!("{path}.gz"))).flatten();
    let (found, encoding) = match packed {
        Some(packed) => (packed, Some("gzip")),
        None => (plain, None),
    };
    let tag = format!("\"{}\"", hex::encode(&found.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response =
        if unchanged { StatusCode::NOT_MODIFIED.into_response() } else { content(found, &kind, encoding) };
    let all = response.headers_mut();
    all.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // Names below assets/ carry a hash of the content; everything else may change with the next version.
    let lifetime = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    all.insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        all.insert(header::ETAG, tag);
    }
    Some(response)
}

fn content(file: EmbeddedFile, kind: &str, encoding: Option<&'static str>) -> Response {
    // rust-embed guesses the type without a character set; everything of the console is UTF-8.
    let kind = if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|one| {
        let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
        name.trim() == "gzip" && parameters.trim().trim_start_matches("q=").parse::<f32>() != Ok(0.0)
    })
}

fn has_ending(path: &str, ending: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(ending))
}

fn not_built() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, "no-store")], Html(NOT_BUILT)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &'static str, accept: &'static str) -> Response {
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accept))]);
        serve(Method::GET, Uri::from_static(path), headers).await
    }

    #[tokio::test]
    async fn an_unknown_address_of_an_interface_or_asset_is_refused_and_never_answered_with_a_page() {
        for path in ["/api/v1/nothing", "/player/v1/nothing", "/assets/gone-12345678.js", "/assets/index.js.gz"] {
            let response = get(path, "gzip").await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json; charset=utf-8");
        }
    }

    #[tokio::test]
    async fn every_page_address_gets_the_same_start_page_or_says_that_there_is_none() {
        let built = Dist::get("index.html").is_some();
        for path in ["/", "/index.html", "/screens", "/campaigns/1"] {
            let response = get(path, "").await;
            assert_eq!(response.status() == StatusCode::OK, built, "{path}");
            assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
        }
    }

    #[tokio::test]
    async fn only_reading_is_possible() {
        let response = serve(Method::POST, Uri::from_static("/screens"), HeaderMap::new()).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[test]
    fn a_client_that_refuses_gzip_gets_none() {
        let accepts = |v: &'static str| {
            accepts_gzip(&HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(v))]))
        };
        assert!(accepts("gzip, deflate, br"));
        assert!(accepts("br, gzip;q=0.5"));
        assert!(!accepts("gzip;q=0, br"));
        assert!(!accepts("br"));
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
