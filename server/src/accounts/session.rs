//! Sign-in sessions: a random token in a cookie; the database holds only its digest.

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use xuanping_core::digest::Digest;

use super::Accounts;
use crate::{clock, entropy, http::Problem};

/// The cookie's name.
pub const SESSION_COOKIE: &str = "xuanping_session";

/// A session ends after this long without a request, in milliseconds.
pub(super) const IDLE: i64 = 8 * 3_600_000;

/// The secret in the cookie: 32 random bytes as hexadecimal.
pub(super) struct Token(String);

impl Token {
    pub(super) fn draw() -> Result<Self, entropy::NoEntropy> {
        Ok(Self(hex::encode(entropy::bytes::<32>()?)))
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    /// `Set-Cookie` that hands it out. `Secure` is added by whoever terminates TLS; see README.
    pub(super) fn set_cookie(&self) -> String {
        format!("{SESSION_COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", self.0)
    }

    /// `Set-Cookie` that takes it away.
    pub(super) fn clear_cookie() -> String {
        format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }

    pub(super) fn of_request(headers: &axum::http::HeaderMap) -> Option<Self> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == SESSION_COOKIE)
            .map(|(_, token)| Self(token.to_owned()))
    }
}

/// Middleware: puts the [`super::Principal`] of a valid session into the request. Never refuses: that is for
/// [`super::Allowed`].
pub async fn resolve_session(State(accounts): State<Accounts>, mut request: Request, next: Next) -> Response {
    if let Some(token) = Token::of_request(request.headers()) {
        match accounts.principal_of(token.digest(), clock::now()).await {
            Ok(Some(principal)) => {
                request.extensions_mut().insert(principal);
            }
            Ok(None) => {}
            Err(error) => return Problem::from(error).into_response(),
        }
    }
    next.run(request).await
}
