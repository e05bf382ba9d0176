//! Layers around everything: security headers, panics and unknown addresses as problems, and the same-origin rule.

use axum::{
    Router,
    body::Body as HttpBody,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;

use super::Problem;

/// Marks a response whose own content security policy says who may frame it.
#[derive(Debug, Clone, Copy)]
pub struct FramedByPolicy;

const SECURITY_HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::CONTENT_SECURITY_POLICY,
        // Ant Design writes its styles into the page; nothing else is inline, nothing comes from elsewhere.
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Puts the layers around the whole router.
pub fn outer_layers(router: Router) -> Router {
    router
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "不支持的操作",
                "该地址不支持这种请求方法。",
            )
        })
        .layer(CatchPanicLayer::custom(|_| Problem::internal(&"a handler panicked").into_response()))
        .layer(middleware::from_fn(security_headers))
}

async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // X-Frame-Options knows no lists: where a policy names who may frame, it would only contradict it.
    let framed = response.extensions().get::<FramedByPolicy>().is_some();
    for (name, value) in SECURITY_HEADERS.into_iter().filter(|(name, _)| !framed || name != header::X_FRAME_OPTIONS) {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Refuses a state-changing request that a browser says comes from another site: the cookie alone does not prove that
/// the person meant it (cross-site request forgery).
pub async fn same_origin_only(request: Request<HttpBody>, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if safe || from_same_origin(&request) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross-site",
        "已拒绝跨站请求",
        "请从宣屏控制台页面内操作；若您正是在控制台内操作，请检查反向代理是否改写了 Host 头。",
    )
    .into_response()
}

fn from_same_origin(request: &Request<HttpBody>) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (header("origin"), header("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, rest)| rest == host),
        (Some(_), None) => false,
        // No browser: a browser sends Origin with every state-changing request.
        (None, _) => true,
    }
}
