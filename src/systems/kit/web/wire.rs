//! One request, over a connection of its own unless one is kept for it: name, TCP, TLS, HTTP/1.1
//! or 2, and the answer.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderValue, LOCATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Position, Url};

use super::address;
use super::http1;
use super::idle::{self, Idle};
use crate::domain::time::seconds_of;
use crate::systems::kit::tls::Trust;

/// The most of an answer's body that is ever read, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// How long the first family of addresses is alone before the other is tried beside it (RFC 8305).
const OTHER_FAMILY_AFTER: Duration = Duration::from_millis(300);

/// HTTP/2 and HTTP/1.1, as TLS names them.
const H2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

const NO_HOST: &str = "the URL names no host";

/// How warroom calls itself.
pub const OUR_NAME: &str = concat!("warroom/", env!("CARGO_PKG_VERSION"));

/// What is sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// To where.
    pub url: Url,
    /// How.
    pub method: Method,
    /// The header lines that were written.
    pub headers: HeaderMap,
    /// What goes with it.
    pub body: Bytes,
}

impl Message {
    fn request(&self, target: &str) -> Result<Request<Full<Bytes>>, Broken> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = target.parse().map_err(io::Error::other)?;
        request.headers_mut().clone_from(&self.headers);
        let headers = request.headers_mut();
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(OUR_NAME));
        Ok(request)
    }

    /// What a redirect asks for, as browsers take it (RFC 9110, 15.4); none where this is none, or
    /// one that leads to another host or from TLS to none.
    pub fn redirected(&self, status: StatusCode, location: Option<&[u8]>) -> Option<Self> {
        let becomes_get = match status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            StatusCode::SEE_OTHER => true,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        let url = self.url.join(std::str::from_utf8(location?).ok()?).ok()?;
        let same = self.url.scheme() == url.scheme()
            && self.url.host_str() == url.host_str()
            && self.url.port_or_known_default() == url.port_or_known_default();
        let mut next = Self { url, ..self.clone() };
        if becomes_get {
            next.body = Bytes::new();
            if next.method != Method::HEAD {
                next.method = Method::GET;
            }
            for of_body in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, TRANSFER_ENCODING] {
                next.headers.remove(of_body);
            }
        }
        same.then_some(next)
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Broken {
    /// Nothing was sent, for a reason of ours.
    Ours(String),
    /// No connection: certainly nothing was sent.
    Connecting(Box<dyn Error + Send + Sync>),
    /// Something may have been sent.
    Talking(Box<dyn Error + Send + Sync>),
    /// The answer is longer than is read.
    TooLong,
}

impl Broken {
    fn talking(error: hyper::Error) -> Self {
        Self::Talking(error.into())
    }
}

impl From<Box<dyn Error + Send + Sync>> for Broken {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::Connecting(error)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Connecting(error.into())
    }
}

/// The connection under an exchange: it moves only while it is polled.
type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body, at most [`BODY_BYTES_MAX`] of it.
    pub body: Vec<u8>,
    /// What is to be asked instead; the body was not read then.
    pub next: Option<Message>,
    /// When it was made, by the clock of who made it, in seconds since 1970.
    pub told_s: Option<i64>,
    /// When the peer's certificate ends, in seconds since 1970.
    pub certificate_ends_s: Option<i64>,
}

/// Asks over a new connection, and tells where it leads on if `follow` is set.
///
/// A kept connection would go on talking to where a name led yesterday, to a server that takes no
/// new ones any more, or past a fence, and hide an expired certificate.
///
/// # Errors
/// Why there is no answer.
pub async fn ask(trust: &Trust, message: &Message, follow: bool) -> Result<Reply, Broken> {
    ask_at(trust, message, None, follow).await
}

/// The same at one address, where it was chosen before.
///
/// # Errors
/// Why there is no answer.
pub async fn ask_at(
    trust: &Trust,
    message: &Message,
    address: Option<SocketAddr>,
    follow: bool,
) -> Result<Reply, Broken> {
    let stream = dial(&message.url, address).await?;
    if message.url.scheme() == "https" {
        // Much larger than the rest, and rarer.
        Box::pin(ask_tls(trust, message, stream, follow)).await
    } else {
        Ok(http1::ask(message, stream, follow).await?.0)
    }
}

/// The same over a connection that is kept, or a new one that is kept then. Whoever asks this must
/// be free to ask twice: a kept connection may be found dead.
///
/// # Errors
/// Why there is no answer.
pub async fn ask_kept(
    trust: &Trust,
    message: &Message,
    address: Option<SocketAddr>,
    idle: &Idle,
) -> Result<Reply, Broken> {
    if let Some(stream) = idle.take() {
        match http1::ask(message, stream, false).await {
            Err(Broken::Talking(_)) => {}
            told => return told.map(|told| idle.keep(told)),
        }
    }
    let stream = dial(&message.url, address).await?;
    let stream: idle::Open = if message.url.scheme() == "https" {
        Box::new(Box::pin(encrypt(trust, &message.url, stream, &[HTTP1])).await?)
    } else {
        Box::new(stream)
    };
    http1::ask(message, stream, false).await.map(|told| idle.keep(told))
}

async fn dial(url: &Url, address: Option<SocketAddr>) -> Result<TcpStream, Broken> {
    let stream = match address {
        Some(chosen) => {
            address::permit(chosen.ip()).map_err(|why| Broken::Connecting(why.into()))?;
            connect(&[chosen]).await?
        }
        None => reach(url).await?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn encrypt(
    trust: &Trust,
    url: &Url,
    stream: TcpStream,
    speaks: &[&[u8]],
) -> Result<TlsStream<TcpStream>, Broken> {
    let mut config = (*trust.config().await.map_err(Broken::Ours)?).clone();
    config.alpn_protocols = speaks.iter().map(|one| one.to_vec()).collect();
    let name = match url.host() {
        Some(Host::Ipv4(address)) => ServerName::from(IpAddr::from(address)),
        Some(Host::Ipv6(address)) => ServerName::from(IpAddr::from(address)),
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.to_owned()).map_err(io::Error::other)?
        }
        None => return Err(Broken::Ours(NO_HOST.to_owned())),
    };
    Ok(TlsConnector::from(Arc::new(config)).connect(name, stream).await?)
}

async fn ask_tls(
    trust: &Trust,
    message: &Message,
    stream: TcpStream,
    follow: bool,
) -> Result<Reply, Broken> {
    let stream = encrypt(trust, &message.url, stream, &[H2, HTTP1]).await?;
    let session = stream.get_ref().1;
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let certificate_ends_s = certificate.and_then(|shown| super::certificate::not_after(shown));
    let reply = if session.alpn_protocol() == Some(H2) {
        ask_http2(message, stream, follow).await?
    } else {
        http1::ask(message, stream, follow).await?.0
    };
    Ok(Reply { certificate_ends_s, ..reply })
}

async fn ask_http2(
    message: &Message,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    follow: bool,
) -> Result<Reply, Broken> {
    let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(Broken::talking)?;
    let mut line = Line(Some(Box::pin(connection)));
    let request = message.request(&message.url[..Position::AfterQuery])?;
    let response = line.while_open(sender.send_request(request)).await?;
    let status = response.status();
    let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
    let next = message.redirected(status, location).filter(|_| follow);
    let told_s = response.headers().get(DATE).and_then(|date| moment_of(date.as_bytes()));
    let (mut body, mut read) = (response.into_body(), Vec::new());
    while next.is_none() {
        let frame = async { body.frame().await.transpose() };
        let Some(frame) = line.while_open(frame).await? else { break };
        let Some(chunk) = frame.data_ref() else { continue };
        if read.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Broken::TooLong);
        }
        read.extend_from_slice(chunk);
    }
    Ok(Reply { status, body: read, next, told_s, certificate_ends_s: None })
}

/// The connection under an exchange. Dropping it closes it.
struct Line(Option<Driver>);

impl Line {
    /// Moves the connection until `talk` is over.
    async fn while_open<T>(
        &mut self,
        talk: impl Future<Output = Result<T, hyper::Error>>,
    ) -> Result<T, Broken> {
        let mut talk = pin!(talk);
        let mut cause = None;
        let told = poll_fn(|context| {
            if let Some(driver) = &mut self.0
                && let Poll::Ready(ended) = driver.as_mut().poll(context)
            {
                self.0 = None;
                cause = ended.err();
            }
            talk.as_mut().poll(context)
        });
        match (told.await, cause) {
            // That the connection is gone says less than why.
            (Err(gone), Some(cause)) if gone.is_canceled() || gone.is_closed() => {
                Err(Broken::talking(cause))
            }
            (told, _) => told.map_err(Broken::talking),
        }
    }
}

/// `a.example:8443`, without the port where it is the usual one.
pub fn peer_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A moment as HTTP writes it (RFC 9110, 5.6.7), in seconds since 1970.
pub fn moment_of(date: &[u8]) -> Option<i64> {
    seconds_of(std::str::from_utf8(date).ok()?.trim())
}

/// Connects to where the URL leads now.
async fn reach(url: &Url) -> Result<TcpStream, Broken> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Broken::Ours(NO_HOST.to_owned()));
    };
    let addresses = match address::literal(host) {
        Some(address) => {
            vec![SocketAddr::new(
                address::permit(address).map_err(|why| Broken::Connecting(why.into()))?,
                port,
            )]
        }
        None => address::resolve(host, port).await?,
    };
    Ok(connect(&addresses).await?)
}

/// Connects to the first address that answers. Addresses of the family that the resolver prefers
/// are tried one after the other, those of the other beside them after a short while.
///
/// # Errors
/// When none answers; the last one's reason.
pub async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let is_first = |address: &&SocketAddr| {
        addresses.first().is_some_and(|first| first.is_ipv6() == address.is_ipv6())
    };
    let (first, other): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses.iter().partition(is_first);
    let mut first = pin!(TcpStream::connect(first.as_slice()));
    if other.is_empty() {
        return first.await;
    }
    match timeout(OTHER_FAMILY_AFTER, &mut first).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(_)) => return TcpStream::connect(other.as_slice()).await,
        Err(_) => {}
    }
    let mut other = pin!(TcpStream::connect(other.as_slice()));
    tokio::select! {
        connected = &mut first => match connected {
            Ok(stream) => Ok(stream),
            Err(_) => other.await,
        },
        connected = &mut other => match connected {
            Ok(stream) => Ok(stream),
            Err(_) => first.await,
        },
    }
}
