//! A bound on what a peer may send for one question, whatever its driver would read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that an answer may have.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// The most bytes that the answer to a login may have: who has not let us in is not read at length.
const LOGIN_BYTES_MAX: usize = 16 * 1024;

/// A peer sends more than was asked for.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the answer is too long for what was asked")]
pub struct TooLong;

/// What a peer may still send. Shared by a session, which renews it, and its stream.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<AtomicUsize>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(LOGIN_BYTES_MAX)))
    }
}

impl Allowance {
    /// Allows one more answer.
    pub fn renew(&self) {
        self.0.store(ANSWER_BYTES_MAX, Ordering::Relaxed);
    }

    /// Allows one more answer to a login.
    pub fn renew_for_login(&self) {
        self.0.store(LOGIN_BYTES_MAX, Ordering::Relaxed);
    }

    fn take(&self, count: usize) -> bool {
        let left = |left: usize| left.checked_sub(count);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok()
    }
}

/// A stream that fails once its peer sends more than it is allowed to.
pub struct Metered<S> {
    /// The stream.
    pub stream: S,
    /// What may still come.
    pub allowance: Allowance,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
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
            Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, TooLong)))
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
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
