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

use super::settings::Redis;
use super::trouble::of_connecting;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

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
        target: &Target<Redis>,
        allowance: &Allowance,
    ) -> Result<Self, Trouble> {
        let failed = |error| of_connecting(&error, &target.place);
        stream.set_nodelay(true).map_err(failed)?;
        let stream: Box<dyn Duplex> = match &target.trust {
            None => Box::new(stream),
            Some(trust) => {
                let ours = |why: String| Trouble::unsent(TroubleKind::Ours, why);
                let host = &target.endpoint.host;
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| ours(format!("`{host}` is not a name that TLS knows")))?;
                let connector = TlsConnector::from(trust.config().await.map_err(ours)?);
                Box::new(connector.connect(name, stream).await.map_err(failed)?)
            }
        };
        Ok(Self { stream, allowance: allowance.clone() })
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
