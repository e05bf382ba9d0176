//! One signed HTTP request, and what its answer means.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use xuanping_core::{
    digest::Digest,
    sign::{PublicKey, SecretKey},
    time::UtcMillis,
    wire::{PREFIX, ProblemType, RequestProof, Retirement, SignedTime},
};

use crate::{
    belief::Sample,
    clock::Clock,
    entropy::{self, NoEntropy},
    keyring::Keyring,
};

/// Why a request gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No connection, or it broke.
    #[error("the server cannot be reached: {0}")]
    Network(#[from] reqwest::Error),
    /// The server refused; `kind` if a player acts on it.
    #[error("the server answered {status}: {text}")]
    Refused {
        /// HTTP status.
        status: StatusCode,
        /// Which refusal, if it is one that players know.
        kind: Option<ProblemType>,
        /// What it says to people, cut to a line.
        text: String,
        /// The member `expected`, if any.
        expected: Option<u64>,
        /// After how long to come again, if it says so.
        retry_after: Option<Duration>,
        /// The member `now`, if any: the server's clock, not signed.
        now: Option<UtcMillis>,
        /// The member `retirement`, if any: not verified.
        retirement: Option<String>,
    },
    /// The answer drips so slowly that the connection is given up.
    #[error("the server's answer is too slow")]
    Slow,
    /// The answer is not what it should be.
    #[error("the server's answer is not understood: {0}")]
    Nonsense(String),
    /// No randomness for a nonce.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl RequestError {
    /// The publisher's signed word that the device with this key is out of service, if the answer carries it. Everybody
    /// in between can answer 410; only this is believed.
    pub fn retirement(&self, publisher: &PublicKey, key: &PublicKey) -> Option<Retirement> {
        let Self::Refused { retirement: Some(text), .. } = self else { return None };
        Retirement::verify(text, publisher, key.fingerprint()).ok()
    }

    /// Which refusal it is, if players know it.
    pub fn kind(&self) -> Option<ProblemType> {
        match self {
            Self::Refused { kind, .. } => *kind,
            _ => None,
        }
    }

    /// After how long the server wants to be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// A plain HTTP address was given without saying that this is meant.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// Not an address.
    #[error("{0} is not an address like https://xuanping.example.cn")]
    Malformed(String),
    /// Unencrypted to another machine.
    #[error("{0} is not encrypted; use https, or say --allow-plain-http if the network itself is protected")]
    Plain(String),
    /// The TLS library did not start.
    #[error("no TLS: {0}")]
    Tls(#[from] reqwest::Error),
}

/// Speaks to one server with one key.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    keys: Keyring,
    clock: Clock,
}

/// The largest answer that is read into memory.
const MAX_ANSWER: u64 = 8 << 20;
const CONNECT: Duration = Duration::from_secs(10);
/// Without a byte for so long, an answer counts as lost.
const SILENCE: Duration = Duration::from_secs(30);
/// A whole question and answer, unless it is a file: a server that drips a byte now and then holds nobody for longer.
const WHOLE: Duration = Duration::from_mins(1);
/// A file may take this long: what is too slow is noticed by its pace.
pub const FILE: Duration = Duration::from_hours(24);
/// The longest time that a server may send us away for.
const LONGEST_AWAY: u64 = 3_600;

impl Client {
    /// A client for the server at `base`, e.g. `https://xuanping.example.cn`.
    pub fn new(base: &str, allow_plain: bool, keys: Keyring, clock: Clock) -> Result<Self, AddressError> {
        let url = reqwest::Url::parse(base).map_err(|_| AddressError::Malformed(base.to_owned()))?;
        let loopback = match url.host_str() {
            Some("localhost") => true,
            Some(host) => {
                host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            None => return Err(AddressError::Malformed(base.to_owned())),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback || allow_plain => {}
            "http" => return Err(AddressError::Plain(base.to_owned())),
            _ => return Err(AddressError::Malformed(base.to_owned())),
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .tcp_keepalive(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("xuanping-player/", env!("CARGO_PKG_VERSION")));
        if loopback {
            // A proxy of the environment is for the world outside.
            builder = builder.no_proxy();
        }
        if url.scheme() == "http" {
            // A machine without any root certificates must still be able to play over its protected network.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { http: builder.build()?, base: base.trim_end_matches('/').to_owned(), keys, clock })
    }

    /// The screen's keys.
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// A signed request, not sent yet. `path` begins after the API's prefix.
    pub fn request(&self, method: Method, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        self.request_by(&self.keys.asking(), method, path, body)
    }

    /// The same, signed by this key.
    pub fn request_by(&self, key: &SecretKey, method: Method, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let path = format!("{PREFIX}/{path}");
        let proof = RequestProof::make(key, method.as_str(), &path, self.clock.now().wall, &body);
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in proof.headers() {
            request = request.header(name, value);
        }
        let request = request.timeout(WHOLE);
        if body.is_empty() { request } else { request.body(body) }
    }

    /// Sends, and turns a refusal into an error.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, RequestError> {
        let response = request.send().await?;
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let retry_after =
            response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let retry_after = retry_after.map(|seconds: u64| Duration::from_secs(seconds.min(LONGEST_AWAY)));
        let body = read_all(response).await.unwrap_or_default();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let kind = problem["type"].as_str().and_then(known);
        let text = problem["detail"].as_str().or(problem["title"].as_str()).unwrap_or_default();
        let text = text.chars().filter(|c| !c.is_control()).take(200).collect();
        let now = problem["now"].as_i64().map(UtcMillis);
        let retirement = problem[Retirement::MEMBER].as_str().map(str::to_owned);
        let expected = problem["expected"].as_u64();
        Err(RequestError::Refused { status, kind, text, expected, retry_after, now, retirement })
    }

    /// Sends JSON (or nothing) and reads JSON.
    pub async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<T, RequestError> {
        let request = self.request(method, path, body.unwrap_or_default());
        let response = self.send(request.header(header::CONTENT_TYPE, "application/json")).await?;
        let body = read_all(response).await?;
        serde_json::from_slice(&body).map_err(|e| RequestError::Nonsense(e.to_string()))
    }

    /// Asks the server what time it is; the answer is signed by `publisher`.
    pub async fn time(&self, publisher: &PublicKey) -> Result<Sample, RequestError> {
        let nonce = Digest::from_bytes(entropy::bytes()?);
        let asked = self.clock.now().monotonic;
        let response = self.send(self.request(Method::GET, &format!("time?nonce={nonce}"), Vec::new())).await?;
        let signed = read_all(response).await?;
        let trip = self.clock.now().monotonic.saturating_sub(asked);
        let server =
            SignedTime::verify(&signed, publisher, nonce).map_err(|e| RequestError::Nonsense(e.to_string()))?;
        Ok(Sample { server, at: asked + trip / 2, trip })
    }
}

/// The whole body, if it is not larger than anything we expect.
pub async fn read_all(mut response: reqwest::Response) -> Result<Vec<u8>, RequestError> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if (body.len() + piece.len()) as u64 > MAX_ANSWER {
            return Err(RequestError::Nonsense("the answer is too large".to_owned()));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn known(urn: &str) -> Option<ProblemType> {
    [
        ProblemType::ClockSkew,
        ProblemType::UnknownDevice,
        ProblemType::ScreenRetired,
        ProblemType::BatchConflict,
        ProblemType::BatchOutOfOrder,
        ProblemType::BatchRefused,
        ProblemType::TokenRefused,
        ProblemType::KeyReplaced,
        ProblemType::KeyChangeRefused,
    ]
    .into_iter()
    .find(|kind| kind.urn() == urn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str, allow_plain: bool) -> Result<Client, AddressError> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::new(base, allow_plain, SecretKey::from_seed(&[1; 32]).into(), Clock::new())
    }

    #[test]
    fn an_unencrypted_address_is_taken_only_for_this_machine_or_when_it_is_said_to_be_meant() {
        assert!(client("http://127.0.0.1:8410", false).is_ok());
        assert!(client("http://localhost:8410/", false).is_ok());
        assert!(client("http://[::1]:8410", false).is_ok());
        assert!(matches!(client("http://10.0.0.1:8410", false), Err(AddressError::Plain(_))));
        assert!(client("http://10.0.0.1:8410", true).is_ok());
        assert!(matches!(client("ftp://10.0.0.1", true), Err(AddressError::Malformed(_))));
        assert!(matches!(client("not an address", true), Err(AddressError::Malformed(_))));
    }
}
