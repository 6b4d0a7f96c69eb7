//! Peers that speak HTTP: asked over a connection of their own each time unless a session with them
//! is kept, bounded in all they send.

pub mod address;
pub mod certificate;
mod http1;
pub mod idle;
#[cfg(feature = "opensearch")]
pub mod sign;
pub mod wire;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

use crate::systems::kit::server::{Server, Target};
use crate::systems::kit::tls::Trust;
use crate::systems::kit::trouble::{Trouble, TroubleKind, innermost, known_cause};
use idle::Idle;
#[cfg(feature = "opensearch")]
use sign::Signer;
use wire::{Broken, Message};

/// How much of a peer's own words a sentence repeats, in characters.
const SAID_CHARS_MAX: usize = 200;

/// The URL of a setting `url`, where it is one that may be asked; `instead` says what to write
/// where it holds a user or a password.
///
/// # Errors
/// Why it may not be asked.
pub fn url_of(text: &str, instead: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("`url` is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("`url` must start with `https://` or `http://`".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`url` must not hold a user or password; write `{instead}`"));
    }
    let Some(host) = url.host_str() else { return Err("`url` names no host".to_owned()) };
    match address::literal(host).map(address::permit) {
        Some(Err(forbidden)) => Err(format!("`url`: {forbidden}")),
        Some(Ok(_)) | None => Ok(url),
    }
}

/// As whom a peer is asked.
#[derive(Debug, Clone, Default)]
pub enum As {
    /// Nobody.
    #[default]
    Nobody,
    /// A user with a password (RFC 7617), or whoever has the token (RFC 6750).
    Header(HeaderValue),
    /// Whoever signs each request.
    #[cfg(feature = "opensearch")]
    Signed(std::sync::Arc<Signer>),
}

impl As {
    /// A user with a password; without a user the secret is a token.
    ///
    /// # Errors
    /// When the secret has characters that no header may have.
    pub fn of(user: Option<&str>, secret: Option<&SecretString>) -> Result<Self, Trouble> {
        let Some(secret) = secret else { return Ok(Self::Nobody) };
        let secret = secret.expose_secret();
        let text = match user {
            Some(user) => format!("Basic {}", STANDARD.encode(format!("{user}:{secret}"))),
            None => format!("Bearer {secret}"),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            let message = "the secret has characters that no header may have";
            Trouble::unsent(TroubleKind::Ours, message)
        })?;
        value.set_sensitive(true);
        Ok(Self::Header(value))
    }
}

/// A peer that is asked in JSON.
#[derive(Debug, Clone)]
pub struct Web {
    base: Url,
    /// The only address of the name that is asked, where it was chosen before.
    address: Option<SocketAddr>,
    trust: Trust,
    asks: As,
    /// Connections that are kept.
    idle: Option<Idle>,
}

/// What a peer answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body as JSON; null where that is none.
    pub json: Json,
    /// The beginning of its body, for sentences.
    pub said: String,
    /// When it was made, by the peer's clock, in seconds since 1970.
    pub told_s: Option<i64>,
}

impl Web {
    /// The peer at a URL.
    pub fn new(base: Url, trust: Trust, asks: As) -> Self {
        Self { base, address: None, trust, asks, idle: None }
    }

    /// One side of a pair, at this address of its name.
    ///
    /// # Errors
    /// When the side's host is none that a URL may have, or its secret none for a header.
    pub fn of<S: Server>(target: &Target<S>, peer: Option<SocketAddr>) -> Result<Self, Trouble> {
        let scheme = if target.trust.is_some() { "https" } else { "http" };
        let base = Url::parse(&format!("{scheme}://{}/", target.endpoint.place()));
        let base = base.map_err(|error| {
            let message = format!("{} is no host of a URL: {error}", target.endpoint.host);
            Trouble::unsent(TroubleKind::Ours, message)
        })?;
        let user = target.user_is_named.then_some(target.user.as_str());
        let asks = As::of(user, target.secret.as_ref())?;
        let trust = target.trust.clone().unwrap_or(Trust::Machine);
        Ok(Self { base, address: peer, trust, asks, idle: None })
    }

    /// The same peer, asked in signed requests.
    #[cfg(feature = "opensearch")]
    pub fn signed(self, signer: Signer) -> Self {
        Self { asks: As::Signed(std::sync::Arc::new(signer)), ..self }
    }

    /// The same peer, over connections that are kept as long as this is; only what is safe to be
    /// asked twice goes over them.
    pub fn keeping(self, idle: Idle) -> Self {
        Self { idle: Some(idle), ..self }
    }

    /// What it is called in sentences: `a.example:9200`.
    pub fn place(&self) -> String {
        wire::peer_of(&self.base)
    }

    /// Asks for what is at a path, with its query.
    ///
    /// # Errors
    /// Why there is no answer; any status is one.
    pub async fn get(&self, path: &str) -> Result<Answer, Trouble> {
        self.ask(Method::GET, path, None).await
    }

    /// Sends one request, once.
    ///
    /// # Errors
    /// Why there is no answer; any status is one.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Answer, Trouble> {
        let base = self.base.path().trim_end_matches('/');
        let url = self.base.join(&format!("{base}/{}", path.trim_start_matches('/')));
        let url = url.map_err(|error| {
            Trouble::unsent(TroubleKind::Ours, format!("`{path}` is no path: {error}"))
        })?;
        let mut headers = HeaderMap::new();
        let mut bytes = Vec::new();
        if let Some(body) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            bytes = body.to_string().into_bytes();
        }
        match &self.asks {
            As::Nobody => {}
            As::Header(value) => {
                headers.insert(AUTHORIZATION, value.clone());
            }
            #[cfg(feature = "opensearch")]
            As::Signed(signer) => signer.sign(&method, &url, &bytes, &mut headers)?,
        }
        let message = Message { url, method, headers, body: bytes.into() };
        let kept = self.idle.as_ref().filter(|_| message.method == Method::GET);
        let asked = match kept {
            Some(idle) => wire::ask_kept(&self.trust, &message, self.address, idle).await,
            None => wire::ask_at(&self.trust, &message, self.address, false).await,
        };
        let reply = asked.map_err(|broken| explain(&self.place(), &broken))?;
        let said = String::from_utf8_lossy(&reply.body[..reply.body.len().min(SAID_CHARS_MAX * 4)])
            .chars()
            .take(SAID_CHARS_MAX)
            .collect();
        let json = serde_json::from_slice(&reply.body).unwrap_or(Json::Null);
        Ok(Answer { status: reply.status, json, said, told_s: reply.told_s })
    }

    /// The same, no longer than `limit`.
    ///
    /// # Errors
    /// Why there is no answer in time.
    pub async fn ask_within(
        &self,
        limit: Duration,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Answer, Trouble> {
        let asked = tokio::time::timeout(limit, self.ask(method, path, body)).await;
        asked.unwrap_or_else(|_| Err(Trouble::timeout(&self.place(), limit)))
    }

    /// Why an answer is not the one that was wanted, by its status; `why` is what the peer said.
    pub fn refusal(&self, status: StatusCode, why: &str) -> Trouble {
        let place = self.place();
        let code = status.as_u16();
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let (kind, words) = match code {
            401 => (TroubleKind::Permission, "does not accept our user or its secret"),
            403 => (TroubleKind::Permission, "does not give us the right"),
            404 => (TroubleKind::Missing, "does not have what was asked for"),
            400..500 => (TroubleKind::Refused, "refused"),
            // Something between us and the peer may have said so after the peer did it.
            502..=504 => (TroubleKind::Cut, "is not ready, or what stands before it is"),
            500..600 => (TroubleKind::Garbage, "failed"),
            _ => (TroubleKind::Garbage, "gave an answer that is none to the question"),
        };
        Trouble::new(kind, format!("{place} {words} ({code}{why})"))
    }
}

/// Why a peer gave no answer, in plain words; the error's own would repeat the URL with what its
/// query holds.
pub fn explain(peer: &str, broken: &Broken) -> Trouble {
    let (error, connecting): (&(dyn Error + 'static), bool) = match broken {
        Broken::Connecting(error) => (&**error, true),
        Broken::Talking(error) => (&**error, false),
        Broken::Ours(why) => {
            return Trouble::unsent(TroubleKind::Ours, format!("{peer} was not asked: {why}"));
        }
        Broken::TooLong => {
            return Trouble::new(TroubleKind::Garbage, format!("{peer} sent more than 1 MiB"));
        }
    };
    if let Some(forbidden) = error.downcast_ref::<address::Forbidden>() {
        return Trouble::unsent(TroubleKind::Ours, format!("{peer} was not asked: {forbidden}"));
    }
    let detail = innermost(error);
    let mut failure = known_cause(peer, error).unwrap_or_else(|| {
        if connecting {
            let why = format!("{peer} cannot be reached: {detail}");
            Trouble::unsent(TroubleKind::Unreachable, why)
        } else {
            Trouble::new(TroubleKind::Garbage, format!("{peer} gave no valid answer: {detail}"))
        }
    });
    // Only an error while connecting proves that nothing was sent.
    failure.unsent = connecting;
    failure
}
