//! One request over a connection of its own: name, TCP, TLS, HTTP/1.1 or 2, and the answer.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, LOCATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use hyper::http::response::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::address;
use super::call::BODY_BYTES_MAX;
use crate::systems::shared::roots::Trust;

/// The most header lines an answer may have.
const HEADERS_MAX: usize = 100;

/// How long the first family of addresses is alone before the other is tried beside it (RFC 8305).
const OTHER_FAMILY_AFTER: Duration = Duration::from_millis(300);

/// HTTP/2, as TLS names it.
const H2: &[u8] = b"h2";

const OUR_NAME: &str = concat!("warroom/", env!("CARGO_PKG_VERSION"));

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
    pub fn redirected(&self, head: &Parts) -> Option<Self> {
        let becomes_get = match head.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            StatusCode::SEE_OTHER => true,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        let location = head.headers.get(LOCATION)?;
        let url = self.url.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
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
    Talking(hyper::Error),
    /// The answer is longer than is read.
    TooLong,
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

/// A request that was answered; the body is still to be read.
pub struct Exchange {
    /// Status and headers.
    pub head: Parts,
    /// When the peer's certificate ends, in seconds since 1970.
    pub certificate_ends_s: Option<i64>,
    body: Incoming,
    line: Line,
}

impl Exchange {
    /// Asks over a new connection. A kept one would go on talking to where a name led yesterday, to
    /// a server that takes no new ones any more, or past a fence, and hide an expired certificate.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn begin(trust: &Trust, message: &Message) -> Result<Self, Broken> {
        let stream = reach(&message.url).await?;
        if message.url.scheme() == "https" {
            // Much larger than the rest, and rarer.
            Box::pin(Self::begin_tls(trust, message, stream)).await
        } else {
            Self::ask_1(message, stream, None).await
        }
    }

    async fn begin_tls(
        trust: &Trust,
        message: &Message,
        stream: TcpStream,
    ) -> Result<Self, Broken> {
        let config = trust.client(&[H2, b"http/1.1"]).await.map_err(Broken::Ours)?;
        let name = match message.url.host() {
            Some(Host::Ipv4(address)) => ServerName::from(std::net::IpAddr::from(address)),
            Some(Host::Ipv6(address)) => ServerName::from(std::net::IpAddr::from(address)),
            Some(Host::Domain(name)) => {
                ServerName::try_from(name.to_owned()).map_err(io::Error::other)?
            }
            None => return Err(Broken::Ours("the URL names no host".to_owned())),
        };
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let session = stream.get_ref().1;
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let ends_s = certificate.and_then(|shown| super::tls::not_after(shown));
        if session.alpn_protocol() == Some(H2) {
            Self::ask_2(message, stream, ends_s).await
        } else {
            Self::ask_1(message, stream, ends_s).await
        }
    }

    async fn ask_1(
        message: &Message,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        ends_s: Option<i64>,
    ) -> Result<Self, Broken> {
        let mut http = http1::Builder::new();
        http.max_headers(HEADERS_MAX);
        let opened = http.handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(Broken::Talking)?;
        let mut line = Line::over(connection);
        let mut request =
            message.request(&message.url[Position::BeforePath..Position::AfterQuery])?;
        if !request.headers().contains_key(HOST) {
            let host = HeaderValue::from_str(&super::call::peer_of(&message.url));
            request.headers_mut().insert(HOST, host.map_err(io::Error::other)?);
        }
        let response = line.while_open(sender.send_request(request)).await?;
        Ok(Self::of(response, ends_s, line))
    }

    async fn ask_2(
        message: &Message,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        ends_s: Option<i64>,
    ) -> Result<Self, Broken> {
        let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(Broken::Talking)?;
        let mut line = Line::over(connection);
        let request = message.request(&message.url[..Position::AfterQuery])?;
        let response = line.while_open(sender.send_request(request)).await?;
        Ok(Self::of(response, ends_s, line))
    }

    fn of(response: Response<Incoming>, certificate_ends_s: Option<i64>, line: Line) -> Self {
        let (head, body) = response.into_parts();
        Self { head, certificate_ends_s, body, line }
    }

    /// Reads the body, at most [`BODY_BYTES_MAX`] of it.
    ///
    /// # Errors
    /// When it is longer or ends too early.
    pub async fn body(&mut self) -> Result<Vec<u8>, Broken> {
        let mut read = Vec::new();
        loop {
            let frame = async { self.body.frame().await.transpose() };
            let Some(frame) = self.line.while_open(frame).await? else { return Ok(read) };
            let Some(chunk) = frame.data_ref() else { continue };
            if read.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(Broken::TooLong);
            }
            read.extend_from_slice(chunk);
        }
    }
}

/// The connection under an exchange. Dropping it closes it.
struct Line(Option<Driver>);

impl Line {
    fn over(connection: impl Future<Output = Result<(), hyper::Error>> + Send + 'static) -> Self {
        Self(Some(Box::pin(connection)))
    }

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
                Err(Broken::Talking(cause))
            }
            (told, _) => told.map_err(Broken::Talking),
        }
    }
}

/// Connects to where the URL leads now.
async fn reach(url: &Url) -> Result<TcpStream, Broken> {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(Broken::Ours("the URL names no host".to_owned()));
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
    let stream = connect(&addresses).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Connects to the first address that answers. Addresses of the family that the resolver prefers
/// are tried one after the other, those of the other beside them after a short while.
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
