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
            buffer.set_filled(before);
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::systems::kit::trouble::{TroubleKind, known_cause};

    #[tokio::test]
    async fn a_peer_is_read_no_further_than_it_was_asked() {
        let check = async |sent: usize, renew: fn(&Allowance), most: usize| {
            let (stream, mut peer) = tokio::io::duplex(64 * 1024);
            let allowance = Allowance::default();
            renew(&allowance);
            let mut ours = Metered { stream, allowance };
            let floods = tokio::spawn(async move {
                // It is hung up on.
                let _ = peer.write_all(&vec![b'x'; sent]).await;
            });
            let mut read = Vec::new();
            let ended = ours.read_to_end(&mut read).await;
            drop(ours);
            floods.await.expect("it does not panic");
            match ended {
                Ok(_) => assert!(sent <= most && read.len() == sent, "{sent}"),
                Err(error) => {
                    let trouble = known_cause("pg-a", &error).expect("it is told");
                    assert_eq!(trouble.kind, TroubleKind::Garbage);
                    assert!(trouble.message.as_str().contains("too long"), "{trouble}");
                    assert!(sent > most && read.len() <= most, "{sent}: {}", read.len());
                }
            }
        };
        for sent in [0, LOGIN_BYTES_MAX, LOGIN_BYTES_MAX + 1, 10_000_000] {
            check(sent, |_| {}, LOGIN_BYTES_MAX).await;
        }
        for sent in [LOGIN_BYTES_MAX + 1, ANSWER_BYTES_MAX, ANSWER_BYTES_MAX + 1] {
            check(sent, Allowance::renew, ANSWER_BYTES_MAX).await;
        }
        check(LOGIN_BYTES_MAX + 1, Allowance::renew_for_login, LOGIN_BYTES_MAX).await;
    }
}
