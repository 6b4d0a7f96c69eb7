//! Connections that a session keeps between two questions.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::wire::Reply;

/// The most connections that are kept to one peer.
const IDLE_MAX: usize = 8;

/// Connections to one peer over which nothing is asked at the moment.
#[derive(Clone, Default)]
pub struct Idle(Arc<Mutex<Vec<Open>>>);

/// A connection, encrypted or not.
pub(super) type Open = Box<dyn Stream>;

/// What can be written to and read from.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Idle")
    }
}

impl Idle {
    fn all(&self) -> MutexGuard<'_, Vec<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that the peer neither closed nor said anything over.
    pub(super) fn take(&self) -> Option<Open> {
        let mut all = self.all();
        std::iter::from_fn(|| all.pop()).find_map(|mut stream| {
            let mut room = [0; 1];
            let mut read = ReadBuf::new(&mut room);
            let mut context = Context::from_waker(Waker::noop());
            Pin::new(&mut stream).poll_read(&mut context, &mut read).is_pending().then_some(stream)
        })
    }

    /// Keeps what an answer left open.
    pub(super) fn keep(&self, (reply, stream): (Reply, Option<Open>)) -> Reply {
        let mut all = self.all();
        all.extend(stream);
        all.truncate(IDLE_MAX);
        reply
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use hyper::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::super::{As, Web};
    use super::*;
    use crate::systems::kit::tls::Trust;

    /// Answers so many requests over a connection, and closes it without a word before the next.
    async fn serve(mut stream: TcpStream, requests: usize) {
        let mut read = [0; 4096];
        for _ in 0..requests {
            if stream.read(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
        }
        // It dies when it is asked once more, or before.
        let _ = stream.read(&mut read).await;
    }

    #[tokio::test]
    async fn what_is_safe_to_ask_twice_goes_over_kept_connections() {
        // How many requests a connection lasts, what is asked, and how many connections that took.
        let check = async |requests: usize, asked: &[Method], want: usize| {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let port = listener.local_addr().expect("an address").port();
            let opened = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&opened);
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(serve(stream, requests));
                }
            });
            let url = format!("http://127.0.0.1:{port}/").parse().expect("a URL");
            let web = Web::new(url, Trust::Machine, As::Nobody).keeping(Idle::default());
            for method in asked {
                let answer = web.ask(method.clone(), "x", None).await.expect("an answer");
                assert_eq!(answer.status.as_u16(), 200);
            }
            assert_eq!(opened.load(Ordering::Relaxed), want, "{requests} {asked:?}");
        };
        let (get, put) = (Method::GET, Method::PUT);
        check(9, &[get.clone(), get.clone(), get.clone()], 1).await;
        check(1, &[get.clone(), get.clone()], 2).await;
        check(2, &[get.clone(), get.clone(), get.clone(), get.clone(), get.clone()], 3).await;
        check(9, &[put.clone(), put.clone(), get.clone(), put, get], 4).await;
    }
}
