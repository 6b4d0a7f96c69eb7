//! HTTP/1.1, one request after the other: written as a whole, its answer read and framed (RFC
//! 9112).

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use httparse::{EMPTY_HEADER, Status};
use hyper::header::{ACCEPT, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT};
use hyper::{Method, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use url::Position;

use super::wire::{BODY_BYTES_MAX, Broken, Message, OUR_NAME, Reply, moment_of, peer_of};

/// The most header lines an answer may have.
const HEADERS_MAX: usize = 100;

/// The most bytes that all that is said around a body may have.
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// What is read at once.
const READ_BYTES: usize = 8 * 1024;

/// An answer that is none.
#[derive(Debug, thiserror::Error)]
enum Malformed {
    #[error("{0}")]
    Head(#[from] httparse::Error),
    #[error("connection closed before message completed")]
    NoHead,
    #[error("end of file before message length reached")]
    NoBody,
    #[error("message head is too large")]
    TooLarge,
    #[error("the length of the body is no number")]
    Length,
    #[error("the body's parts are not framed as they should be")]
    Chunk,
}

impl From<Malformed> for Broken {
    fn from(why: Malformed) -> Self {
        Self::Talking(why.into())
    }
}

/// Asks, and reads the answer; without its body where it leads on and `follow` is set. The
/// connection comes back where more may be asked over it.
///
/// # Errors
/// When the connection breaks or the answer is none.
pub async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    message: &Message,
    stream: S,
    follow: bool,
) -> Result<(Reply, Option<S>), Broken> {
    let mut reader = Reader { stream, read: Vec::new() };
    let talking = |error: io::Error| Broken::Talking(error.into());
    reader.stream.write_all(&bytes_of(message)).await.map_err(talking)?;
    reader.stream.flush().await.map_err(talking)?;
    let head = reader.head(&message.method).await?;
    let next = message.redirected(head.status, head.location.as_deref()).filter(|_| follow);
    let body = match (&next, head.framing) {
        (Some(_), _) => Vec::new(),
        (None, Framing::Length(bytes)) => reader.exactly(bytes).await?,
        (None, Framing::Chunks) => reader.chunks().await?,
        (None, Framing::UntilEnd) => reader.until_end().await?,
    };
    let is_over = head.persists && next.is_none() && reader.read.is_empty();
    let Head { status, told_s, .. } = head;
    let reply = Reply { status, body, next, told_s, certificate_ends_s: None };
    Ok((reply, is_over.then_some(reader.stream)))
}

/// The request as it is sent. How long its body is, is ours to say.
fn bytes_of(message: &Message) -> Vec<u8> {
    let (url, body) = (&message.url, &message.body);
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let mut bytes = format!("{} {target} HTTP/1.1\r\n", message.method).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    };
    for (name, value) in &message.headers {
        if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING {
            line(name.as_str(), value.as_bytes());
        }
    }
    let unsaid = |name| !message.headers.contains_key(name);
    if unsaid(ACCEPT) {
        line("accept", b"*/*");
    }
    if unsaid(USER_AGENT) {
        line("user-agent", OUR_NAME.as_bytes());
    }
    if unsaid(HOST) {
        line("host", peer_of(url).as_bytes());
    }
    if !body.is_empty() {
        line("content-length", body.len().to_string().as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunks,
    UntilEnd,
}

/// What comes before the body.
#[derive(Debug)]
struct Head {
    status: StatusCode,
    location: Option<Vec<u8>>,
    /// When it is of, in seconds since 1970.
    told_s: Option<i64>,
    framing: Framing,
    /// True where the peer goes on listening once all is said (RFC 9112, 9.3).
    persists: bool,
}

impl Head {
    /// The head at the beginning of `read` and its length; none while it is not there in whole.
    fn parse(read: &[u8], method: &Method) -> Result<Option<(Self, usize)>, Malformed> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(read) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) if read.len() < HEAD_BYTES_MAX => return Ok(None),
            Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                return Err(Malformed::TooLarge);
            }
            Err(why) => return Err(why.into()),
        };
        let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(httparse::Error::Status)?;
        let named = |name: &'static str| {
            let headers = response.headers.iter();
            headers.filter(move |header| header.name.eq_ignore_ascii_case(name))
        };
        let location = named("location").next().map(|header| header.value.to_vec());
        let told_s = named("date").next().and_then(|header| moment_of(header.value));
        let bare = status.is_informational()
            || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status)
            || *method == Method::HEAD;
        let framing = if bare {
            Framing::Length(0)
        } else if let Some(coding) = named("transfer-encoding").next_back() {
            match last_of_list(coding.value) {
                b"chunked" if response.version == Some(1) => Framing::Chunks,
                _ => Framing::UntilEnd,
            }
        } else {
            let mut lengths = named("content-length").map(|header| length_of(header.value));
            match lengths.next() {
                None => Framing::UntilEnd,
                Some(first) if lengths.all(|other| other == first) => {
                    Framing::Length(first.ok_or(Malformed::Length)?)
                }
                Some(_) => return Err(Malformed::Length),
            }
        };
        let closes = |line: &[u8]| {
            line.split(|byte| *byte == b',')
                .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
        };
        let persists = response.version == Some(1)
            && framing != Framing::UntilEnd
            && status != StatusCode::SWITCHING_PROTOCOLS
            && !named("connection").any(|header| closes(header.value));
        Ok(Some((Self { status, location, told_s, framing, persists }, length)))
    }
}

/// The last word of a list, in small letters where it is the one that counts.
fn last_of_list(value: &[u8]) -> &[u8] {
    let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
    if last.eq_ignore_ascii_case(b"chunked") { b"chunked" } else { last }
}

/// A length, which is written in digits alone.
fn length_of(value: &[u8]) -> Option<usize> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok()?.parse().ok().filter(|_| digits)
}

/// What has arrived and was not taken yet.
struct Reader<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Waits for more; false at the end. While nothing comes no buffer is held: most of what is
    /// waited for at once comes from peers that hang.
    async fn more(&mut self) -> Result<bool, Broken> {
        let known = self.read.len();
        let more = poll_fn(|context| self.poll_more(context)).await;
        more.map_err(|error| Broken::Talking(error.into()))?;
        Ok(self.read.len() > known)
    }

    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut room = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        self.read.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }

    /// The head of the answer, after those that only say that one will come.
    async fn head(&mut self, method: &Method) -> Result<Head, Broken> {
        loop {
            match Head::parse(&self.read, method)? {
                Some((head, length)) => {
                    self.read.drain(..length);
                    let interim = head.status.is_informational();
                    if !interim || head.status == StatusCode::SWITCHING_PROTOCOLS {
                        return Ok(head);
                    }
                }
                None if self.more().await? => {}
                None => return Err(Malformed::NoHead.into()),
            }
        }
    }

    /// Takes so many bytes.
    async fn exactly(&mut self, bytes: usize) -> Result<Vec<u8>, Broken> {
        if bytes > BODY_BYTES_MAX {
            return Err(Broken::TooLong);
        }
        while self.read.len() < bytes {
            if !self.more().await? {
                return Err(Malformed::NoBody.into());
            }
        }
        let rest = self.read.split_off(bytes);
        Ok(std::mem::replace(&mut self.read, rest))
    }

    async fn until_end(&mut self) -> Result<Vec<u8>, Broken> {
        while self.more().await? {
            if self.read.len() > BODY_BYTES_MAX {
                return Err(Broken::TooLong);
            }
        }
        Ok(std::mem::take(&mut self.read))
    }

    /// Takes the parts of a body up to the empty one, and what is said after it.
    async fn chunks(&mut self) -> Result<Vec<u8>, Broken> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = match httparse::parse_chunk_size(&line) {
                Ok(Status::Complete((_, size))) if line[0].is_ascii_hexdigit() => size,
                _ => return Err(Malformed::Chunk.into()),
            };
            if size == 0 {
                while self.line().await? != b"\r\n" {}
                return Ok(body);
            }
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size > BODY_BYTES_MAX - body.len() {
                return Err(Broken::TooLong);
            }
            body.extend(self.exactly(size).await?);
            if self.exactly(2).await? != b"\r\n" {
                return Err(Malformed::Chunk.into());
            }
        }
    }

    /// Takes a line with its end.
    async fn line(&mut self) -> Result<Vec<u8>, Broken> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                return self.exactly(end + 1).await;
            }
            if self.read.len() > HEAD_BYTES_MAX {
                return Err(Malformed::TooLarge.into());
            }
            if !self.more().await? {
                return Err(Malformed::NoBody.into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a peer's bytes come to, however they are cut: the body, or why there is none.
    async fn told(method: &Method, answer: &[u8], cut: usize) -> String {
        let url = "http://a.test/".parse().expect("a URL");
        let (headers, body) = Default::default();
        let message = Message { url, method: method.clone(), headers, body };
        let (ours, mut theirs) = tokio::io::duplex(READ_BYTES);
        let peer = async move {
            for part in answer.chunks(cut) {
                let _ = theirs.write_all(part).await;
                tokio::task::yield_now().await;
            }
        };
        let (reply, ()) = tokio::join!(ask(&message, ours, true), peer);
        match reply {
            Ok((Reply { next: Some(next), .. }, _)) => format!("to {}", next.url),
            Ok((reply, stream)) => {
                let (body, open) = (String::from_utf8_lossy(&reply.body), stream.is_some());
                format!("{} {body}{}", reply.status.as_u16(), if open { "+" } else { "" })
            }
            Err(Broken::Talking(why)) => why.to_string(),
            Err(other) => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn answers_are_framed_however_they_arrive() {
        let check_of = async |method: Method, answer: &str, want: &str| {
            let ok = format!("HTTP/1.1 200 OK\r\n{answer}");
            let answer = if answer.starts_with("HTTP") { answer } else { &ok };
            for cut in [answer.len(), 7, 1] {
                assert_eq!(told(&method, answer.as_bytes(), cut).await, want, "{answer:?}");
            }
        };
        let check = async |answer: &str, want: &str| check_of(Method::GET, answer, want).await;
        let early = "end of file before message length reached";
        let chunked = "Transfer-Encoding: chunked\r\n";
        let badly = "the body's parts are not framed as they should be";
        check("Content-Length: 3\r\n\r\nabc", "200 abc+").await;
        check("Content-Length: 3\r\n\r\nabcdef", "200 abc").await;
        check("content-length: 3\r\nContent-Length: 3\r\n\r\nabc", "200 abc+").await;
        check("Content-Length: 4\r\n\r\nabc", early).await;
        check("\r\nabc", "200 abc").await;
        check("HTTP/1.0 503 No\r\n\r\nabc", "503 abc").await;
        check(&format!("{chunked}\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"), "200 abcde+").await;
        check(&format!("{chunked}\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n"), "200 abc+").await;
        check(&format!("Content-Length: 9\r\n{chunked}\r\n0\r\n\r\n"), "200 +").await;
        check("Transfer-Encoding: gzip, Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", "200 a+").await;
        check("Transfer-Encoding: gzip\r\n\r\nabc", "200 abc").await;
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "204 +").await;
        check("HTTP/1.1 101 Other\r\n\r\nabc", "101 ").await;
        check("HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n", "304 +").await;
        check_of(Method::HEAD, "Content-Length: 3\r\n\r\n", "200 +").await;
        check("HTTP/1.1 302 F\r\nLocation: /b\r\n\r\n", "to http://a.test/b").await;
        check("HTTP/1.1 302 F\r\nLocation: //b.test/\r\nContent-Length: 0\r\n\r\n", "302 +").await;
        check("HTTP/1.1 302 F\r\nContent-Length: 0\r\n\r\n", "302 +").await;
        // Who says so listens no more.
        check("Connection: x, Close\r\nContent-Length: 3\r\n\r\nabc", "200 abc").await;
        check("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc").await;
        // What is none.
        let cut = "connection closed before message completed";
        check("HTTP/1.1 200 OK\r\nContent-Le", cut).await;
        check("HTTP/2.0 200 OK\r\n\r\n", "invalid HTTP version").await;
        check("HTTP/1.1 2x0 OK\r\n\r\n", "invalid response status").await;
        check("A B: c\r\n\r\n", "invalid header name").await;
        let no_number = "the length of the body is no number";
        for wrong in ["-3", "+3", "3x", "", "3, 3", "99999999999999999999"] {
            check(&format!("Content-Length: {wrong}\r\n\r\nabc"), no_number).await;
        }
        check("Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", no_number).await;
        for wrong in ["x\r\nabc", "\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n", "-1\r\n\r\n", "3 3\r\n"] {
            check(&format!("{chunked}\r\n{wrong}"), badly).await;
        }
        check(&format!("{chunked}\r\n11111111111111111\r\n"), badly).await;
        for early_end in ["3\r\nab", "3", "3\r\nabc\r\n", "0\r\n", "0\r\nA: b\r\n"] {
            check(&format!("{chunked}\r\n{early_end}"), early).await;
        }
        check("Content-Length: 1048577\r\n\r\n", "TooLong").await;
        check(&format!("{chunked}\r\n100001\r\n"), "TooLong").await;
        check(&format!("{chunked}\r\nffffffffffffffff\r\n"), "TooLong").await;
    }

    #[test]
    fn the_moment_of_an_answer_is_its_own_word() {
        let check = |date: &str, want: Option<i64>| {
            let answer = format!("HTTP/1.1 200 OK\r\nDATE: {date}\r\n\r\n");
            let head = Head::parse(answer.as_bytes(), &Method::GET).expect("one").expect("all");
            assert_eq!(head.0.told_s, want, "{date}");
        };
        check("Fri, 20 Nov 2026 00:00:00 GMT", Some(1_795_132_800));
        check(" Fri, 20 Nov 2026 00:00:01 GMT ", Some(1_795_132_801));
        check("now", None);
        check("", None);
    }

    #[tokio::test]
    async fn what_never_ends_is_given_up() {
        let check = async |answer: String, want: &str| {
            assert_eq!(told(&Method::GET, answer.as_bytes(), READ_BYTES).await, want);
        };
        let large = "message head is too large";
        let many = |count: usize| "A: b\r\n".repeat(count);
        check(format!("HTTP/1.1 200 OK\r\n{}\r\n", many(HEADERS_MAX + 1)), large).await;
        let ok = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", many(HEADERS_MAX - 1));
        check(ok, "200 +").await;
        let long = "x".repeat(HEAD_BYTES_MAX + READ_BYTES);
        check(format!("HTTP/1.1 200 OK\r\nA: {long}\r\n"), large).await;
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check(format!("{chunked}1;{long}\r\n"), large).await;
        let body = "x".repeat(BODY_BYTES_MAX + 1);
        check(format!("HTTP/1.1 200 OK\r\n\r\n{body}"), "TooLong").await;
    }
}
