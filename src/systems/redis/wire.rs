//! The bytes under a session: TCP or TLS, and a bound on what a peer may send for one question.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::settings::SideSettings;
use crate::domain::settings::Fault;
use crate::systems::shared::roots::Trust;

/// The most bytes that an answer may have. `INFO` has some thousand.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The most bytes that the answer to a login may have: who has not let us in is not read at length.
const LOGIN_BYTES_MAX: usize = 16 * 1024;

/// What a peer may still send. Shared by a session, which renews it, and its stream.
#[derive(Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(LOGIN_BYTES_MAX)))
    }
}

impl Allowance {
    /// Allows one more answer, to this command.
    pub(super) fn renew(&self, command: &str) {
        let login = matches!(command, "AUTH" | "SELECT");
        let bytes = if login { LOGIN_BYTES_MAX } else { ANSWER_BYTES_MAX };
        self.0.store(bytes, Ordering::Relaxed);
    }

    fn take(&self, count: usize) -> bool {
        let left = |left: usize| left.checked_sub(count);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }
}

/// A connection of either kind.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A stream that fails once its peer sends more than it is allowed to.
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    allowance: Allowance,
}

impl Wire {
    /// Shakes hands where there is TLS.
    pub(super) async fn over(
        stream: TcpStream,
        tls: Option<ReadyTls>,
        allowance: Allowance,
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let stream: Box<dyn Duplex> = match tls {
            None => Box::new(stream),
            Some(tls) => Box::new(tls.connector.connect(tls.name, stream).await?),
        };
        Ok(Self { stream, allowance })
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if self.allowance.take(buffer.filled().len() - before) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LONG)))
        }
    }
}

/// The words of the error when a peer sends too much.
pub(super) const TOO_LONG: &str = "the answer is too long for what was asked";

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// What TLS with one server needs: whom to trust, and the server's name.
#[derive(Clone)]
pub(super) struct Tls {
    trust: Trust,
    name: ServerName<'static>,
}

impl Tls {
    /// Trusts the machine's authorities, or those of `ca`.
    pub(super) fn new(side: &SideSettings) -> Result<Self, Fault> {
        let fault = |message: String| Fault::new(side.span, message);
        let name = ServerName::try_from(side.host.clone())
            .map_err(|_| fault(format!("`{}` is not a name that TLS knows", side.host)))?;
        Ok(Self { trust: Trust::of(side.ca.as_deref()).map_err(fault)?, name })
    }

    /// A verifying TLS client for the server.
    pub(super) async fn ready(&self) -> Result<ReadyTls, String> {
        let config = self.trust.client(&[]).await?;
        Ok(ReadyTls { connector: TlsConnector::from(Arc::new(config)), name: self.name.clone() })
    }
}

/// A client that can shake hands.
pub(super) struct ReadyTls {
    connector: TlsConnector,
    name: ServerName<'static>,
}
