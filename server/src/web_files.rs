//! The browser's player: its page at `/web/`, embedded in the binary, and who may frame it. The console is framed by nobody.

use std::{fmt, str::FromStr, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use rust_embed::RustEmbed;

use crate::{
    console_files,
    http::{FramedByPolicy, Problem},
};

#[derive(RustEmbed)]
#[folder = "../player/web/dist"]
#[allow_missing = true]
struct Dist;

/// Shown when the page was not built.
const NOT_BUILT: &str = include_str!("web_not_built.html");

/// A site whose pages may frame the player, e.g. `https://www.example.gov.cn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedder(String);

/// The text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not an origin like https://www.example.gov.cn")]
pub struct InvalidEmbedder(String);

impl FromStr for Embedder {
    type Err = InvalidEmbedder;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        // Whatever else a content security policy would read out of it.
        let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':'));
        if host.is_empty() || !plain { Err(InvalidEmbedder(text.to_owned())) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The headers of everything below `/web/`.
#[derive(Debug, Clone)]
struct Policy(HeaderValue);

impl Policy {
    fn new(embedders: &[Embedder]) -> Self {
        let others = embedders.iter().fold(String::new(), |all, embedder| all + " " + &embedder.0);
        let text = format!(
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
             img-src 'self' blob:; media-src blob:; worker-src 'self'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'self'{others}"
        );
        // Embedders are made of letters, digits and signs that headers may have.
        Self(HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("frame-ancestors 'none'")))
    }
}

/// `/web/` and its files.
pub fn routes(embedders: &[Embedder]) -> Router {
    Router::new()
        .route("/web", get(async || Redirect::permanent("/web/")))
        .route("/web/", get(page))
        .route("/web/{file}", get(file))
        .with_state(Arc::new(Policy::new(embedders)))
}

async fn page(State(policy): State<Arc<Policy>>, headers: HeaderMap) -> Response {
    let page = console_files::file::<Dist>("index.html", &headers).unwrap_or_else(|| {
        (StatusCode::SERVICE_UNAVAILABLE, [(header::CACHE_CONTROL, "no-store")], Html(NOT_BUILT)).into_response()
    });
    framed(page, &policy)
}

async fn file(State(policy): State<Arc<Policy>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    match console_files::file::<Dist>(&name, &headers) {
        Some(found) => framed(found, &policy),
        None => Problem::not_found("文件").into_response(),
    }
}

fn framed(mut response: Response, policy: &Policy) -> Response {
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.0.clone());
    // A player may be heard and keep its display awake wherever it is framed with leave to.
    let name = HeaderName::from_static("permissions-policy");
    response.headers_mut().insert(name, HeaderValue::from_static("autoplay=*, screen-wake-lock=*"));
    response.extensions_mut().insert(FramedByPolicy);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_origin_may_frame() {
        for good in ["https://www.example.gov.cn", "http://10.1.2.3:8080", "https://example.cn:8443"] {
            assert!(good.parse::<Embedder>().is_ok(), "{good}");
        }
        for bad in
            ["", "example.cn", "https://", "https://a.cn/path", "https://a.cn; script-src *", "*", "https://*.cn"]
        {
            assert!(bad.parse::<Embedder>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_policy_names_those_who_may_frame_and_nobody_else() {
        let policy = |names: &[&str]| {
            let embedders: Vec<Embedder> = names.iter().map(|n| n.parse().unwrap()).collect();
            Policy::new(&embedders).0.to_str().unwrap().to_owned()
        };
        assert!(policy(&[]).ends_with("frame-ancestors 'self'"));
        assert!(
            policy(&["https://a.cn", "https://b.cn"]).ends_with("frame-ancestors 'self' https://a.cn https://b.cn")
        );
    }
}
