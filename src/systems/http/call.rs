//! One HTTP request as written in a file: read, made ready with its secrets, sent, answered.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use secrecy::ExposeSecret;
use url::Url;

use super::settings::{BODY, CA, HEADERS, URL};
use crate::domain::setting::Setting;
use crate::domain::settings::{Fault, Fields, Node, Span, Value};
use crate::port::{Clock, Secrets};
use crate::systems::kit::placeholders::{self, Placeholders};
use crate::systems::kit::tls::Trust;
use crate::systems::kit::trouble::{Trouble, TroubleKind};
use crate::systems::kit::web::wire::{self, Message, peer_of};
use crate::systems::kit::web::{address, explain};

/// The most hops that are followed within one host.
const REDIRECTS_MAX: u32 = 5;

/// A request as written.
#[derive(Debug, Clone)]
pub struct Call {
    url: Url,
    method: Method,
    headers: Vec<(HeaderName, Header)>,
    body: Option<String>,
    ca: Option<PathBuf>,
    span: Span,
}

#[derive(Debug, Clone)]
enum Header {
    Text(String),
    /// The secret called `name` behind a prefix such as `Bearer `.
    Secret {
        name: String,
        prefix: String,
    },
    /// User and secret of the name, as RFC 7617 writes them.
    Basic(String),
}

impl Call {
    /// Reads `url`, `method`, `headers`, `body` and `ca`. Placeholders of the plan are filled in
    /// the URL; those in headers and body wait for the attempt. `method` says which is usual.
    ///
    /// # Errors
    /// When a part is wrong, or the URL is one that must not be asked.
    pub fn read(
        fields: &Fields<'_>,
        method: &Setting<&'static str>,
        filler: Option<&Placeholders>,
        in_attempt: bool,
    ) -> Result<Self, Fault> {
        let written = &URL.get(fields)?;
        let span = fields.node("url").map_or_else(|| fields.span(), |node| node.span);
        let method = Method::from_bytes(method.get(fields)?.as_bytes())
            .map_err(|_| Fault::new(span, "the method is not one of HTTP"))?;
        let url = match filler {
            None => read_url(written, span)?,
            Some(filler) => {
                placeholders::check(written, false, span)?;
                read_url(&filler.fill(written), span)?
            }
        };
        let body = BODY.of(fields)?;
        let mut headers = Vec::new();
        if let Some(table) = HEADERS.of(fields)? {
            for (key, node) in &table.entries {
                let name = HeaderName::from_bytes(key.name.as_bytes()).map_err(|_| {
                    Fault::new(key.span, format!("`{}` is not the name of a header", key.name))
                })?;
                headers.push((name, read_header(node, &key.name)?));
            }
        }
        let call = Self { url, method, headers, body, ca: CA.of(fields)?, span };
        if filler.is_some() {
            for text in call.texts() {
                placeholders::check(text, in_attempt, span)?;
            }
        }
        Ok(call)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter().filter_map(|(_, header)| match header {
            Header::Text(text) => Some(text.as_str()),
            Header::Secret { .. } | Header::Basic(_) => None,
        });
        headers.chain(self.body.as_deref())
    }

    /// Names of the secrets it needs.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().filter_map(|(_, header)| match header {
            Header::Text(_) => None,
            Header::Secret { name, .. } | Header::Basic(name) => Some(name.as_str()),
        })
    }

    /// `POST https://host/path`, without query, headers or body, for previews and sentences.
    pub fn shown(&self) -> String {
        let query = if self.url.query().is_some() { "?…" } else { "" };
        let origin = format!("{}://{}", self.url.scheme(), peer_of(&self.url));
        format!("{} {origin}{}{query}", self.method, self.url.path())
    }

    /// Opens the secrets and reads the authorities of `ca`. Opens no connection.
    ///
    /// # Errors
    /// When a secret cannot be opened or the authorities cannot be read.
    pub fn ready(&self, secrets: &dyn Secrets, follow: bool) -> Result<Ready, Fault> {
        let fault = |message: String| Fault::new(self.span, message);
        let trust = Trust::of(self.ca.as_deref()).map_err(fault)?;
        let mut headers = Vec::new();
        for (name, header) in &self.headers {
            headers.push((name.clone(), open_header(header, secrets).map_err(fault)?));
        }
        Ok(Ready {
            trust,
            redirects_max: if follow { REDIRECTS_MAX } else { 0 },
            call: self.clone(),
            headers,
        })
    }
}

fn read_url(text: &str, span: Span) -> Result<Url, Fault> {
    let fault = |message: String| Fault::new(span, message);
    let url = Url::parse(text).map_err(|error| fault(format!("`url` is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault("`url` must start with `https://` or `http://`".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let message = "`url` must not hold a user or password; write \
                       `headers = { Authorization = { basic = \"secret name\" } }`";
        return Err(fault(message.to_owned()));
    }
    let Some(host) = url.host_str() else { return Err(fault("`url` names no host".to_owned())) };
    match address::literal(host).map(address::permit) {
        Some(Err(forbidden)) => Err(fault(format!("`url`: {forbidden}"))),
        Some(Ok(_)) | None => Ok(url),
    }
}

fn read_header(node: &Node, name: &str) -> Result<Header, Fault> {
    let table = match &node.value {
        Value::Text(text) if HeaderValue::from_str(text).is_ok() => {
            return Ok(Header::Text(text.clone()));
        }
        Value::Text(_) => {
            let message = format!("header `{name}` has characters that no header may have");
            return Err(Fault::new(node.span, message));
        }
        Value::Table(table) => table,
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::List(_) => {
            let message = format!(
                "header `{name}` must be a text, {{ secret = \"name\" }} or {{ basic = \"name\" }}"
            );
            return Err(Fault::new(node.span, message));
        }
    };
    let fields = Fields::new(table, format!("header `{name}`"));
    let (secret, basic) = (fields.text("secret")?, fields.text("basic")?);
    let prefix = fields.text("prefix")?.unwrap_or_default().to_owned();
    fields.finish()?;
    match (secret, basic) {
        (Some(secret), None) => Ok(Header::Secret { name: secret.to_owned(), prefix }),
        (None, Some(basic)) if prefix.is_empty() => Ok(Header::Basic(basic.to_owned())),
        _ => {
            let message = format!("header `{name}` needs `secret` (with `prefix`) or `basic`");
            Err(Fault::new(node.span, message))
        }
    }
}

/// A header's value with its secret, or a text that waits for the attempt's placeholders.
#[derive(Debug, Clone)]
enum Opened {
    Text(String),
    Value(HeaderValue),
}

fn open_header(header: &Header, secrets: &dyn Secrets) -> Result<Opened, String> {
    let (name, text) = match header {
        Header::Text(text) => return Ok(Opened::Text(text.clone())),
        Header::Secret { name, prefix } => {
            let secret = opened_secret(name, secrets)?.1;
            (name, format!("{prefix}{}", secret.expose_secret()))
        }
        Header::Basic(name) => {
            let (user, secret) = opened_secret(name, secrets)?;
            let user = user.ok_or_else(|| format!("secret `{name}` has no user"))?;
            let pair = format!("{user}:{}", secret.expose_secret());
            (name, format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
        }
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| format!("secret `{name}` has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(Opened::Value(value))
}

fn opened_secret(
    name: &str,
    secrets: &dyn Secrets,
) -> Result<(Option<String>, secrecy::SecretString), String> {
    let credential = secrets.open(name).map_err(|why| why.to_string())?;
    let secret = credential.secret.ok_or_else(|| format!("secret `{name}` has no value"))?;
    Ok((credential.user, secret))
}

/// A request that can be sent.
#[derive(Debug, Clone)]
pub struct Ready {
    trust: Trust,
    redirects_max: u32,
    call: Call,
    headers: Vec<(HeaderName, Opened)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body, at most [`wire::BODY_BYTES_MAX`].
    pub body: String,
    /// The body's length in bytes.
    pub bytes: usize,
    /// The time from asking to the last byte.
    pub took: Duration,
    /// When the peer's certificate ends, in seconds since 1970.
    pub certificate_ends_s: Option<i64>,
    /// True when it points elsewhere and was not followed.
    pub points_elsewhere: bool,
}

impl Ready {
    /// The peer, for sentences: `a.example:8443`.
    pub fn peer(&self) -> String {
        peer_of(&self.call.url)
    }

    /// The request as written.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Sends it once and reads the answer, all within `deadline`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(
        &self,
        filler: &Placeholders,
        clock: &dyn Clock,
        deadline: Duration,
    ) -> Result<Answer, Trouble> {
        let asked = tokio::time::timeout(deadline, self.ask_unbounded(filler, clock)).await;
        asked.unwrap_or_else(|_| Err(Trouble::timeout(&self.peer(), deadline)))
    }

    async fn ask_unbounded(
        &self,
        filler: &Placeholders,
        clock: &dyn Clock,
    ) -> Result<Answer, Trouble> {
        let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
        let mut headers = HeaderMap::new();
        for (name, opened) in &self.headers {
            let value = match opened {
                Opened::Value(value) => value.clone(),
                Opened::Text(text) => HeaderValue::from_str(&filler.fill(text))
                    .map_err(|_| ours(format!("header `{name}` has forbidden characters")))?,
            };
            headers.append(name.clone(), value);
        }
        let body = self.call.body.as_ref().map(|body| filler.fill(body).into());
        let mut message = Message {
            url: self.call.url.clone(),
            method: self.call.method.clone(),
            headers,
            body: body.unwrap_or_default(),
        };
        let began = clock.now();
        let mut hops = 0;
        let reply = loop {
            let follow = hops < self.redirects_max;
            let asked = wire::ask(&self.trust, &message, follow).await;
            let reply = asked.map_err(|broken| explain(&self.peer(), &broken))?;
            match reply.next {
                Some(next) => message = next,
                None => break reply,
            }
            hops += 1;
        };
        Ok(Answer {
            status: reply.status,
            bytes: reply.body.len(),
            body: String::from_utf8_lossy(&reply.body).into_owned(),
            took: clock.now().since(began),
            certificate_ends_s: reply.certificate_ends_s,
            points_elsewhere: reply.status.is_redirection(),
        })
    }
}
