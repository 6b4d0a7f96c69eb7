//! A little HTTP/1.1 for OpenSearch's tests: a request asked, one read, one answered.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value as Json;

/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// How long a server on this machine is waited for until it lets us in.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long a node's answer is waited for on behalf of others: longer than any client of ours does.
pub const NODE_LIMIT: Duration = Duration::from_secs(150);

/// The first byte of whoever speaks TLS.
const TLS_FIRST: u8 = 0x16;

/// A stream of any kind.
pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// What somebody asks.
pub struct Asked {
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A word of the query.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    /// Its body, where that is JSON.
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Reads one; none where nobody asks any more.
    pub fn read(stream: &mut dyn Stream) -> io::Result<Option<Self>> {
        let Some((head, mut body)) = read_head(stream)? else { return Ok(None) };
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (words.next(), words.next());
        let (Some(method), Some(target)) = (method, target) else {
            return Err(ErrorKind::InvalidData.into());
        };
        let headers = headers_of(lines);
        let length = length_of(&headers).unwrap_or(0);
        read_up_to(stream, &mut body, length)?;
        let (method, target) = (method.to_owned(), target.to_owned());
        Ok(Some(Self { method, target, headers, body }))
    }
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// One with this JSON.
    pub fn json(status: u16, body: &Json) -> Self {
        let kind = ("content-type".to_owned(), "application/json; charset=UTF-8".to_owned());
        Self { status, headers: vec![kind], body: body.to_string().into_bytes() }
    }

    /// An error in the form of OpenSearch.
    pub fn error(status: u16, kind: &str, reason: &str) -> Self {
        let cause = serde_json::json!({ "type": kind, "reason": reason });
        let error = serde_json::json!({ "root_cause": [cause], "type": kind, "reason": reason });
        Self::json(status, &serde_json::json!({ "error": error, "status": status }))
    }

    /// Its body, where that is JSON.
    pub fn told(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Sends it.
    pub fn write(&self, stream: &mut dyn Stream) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} Told\r\n", self.status);
        for (name, value) in &self.headers {
            let ours = ["content-length", "transfer-encoding", "connection"];
            if !ours.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", self.body.len());
        stream.write_all(&[head.as_bytes(), &self.body].concat())?;
        stream.flush()
    }
}

/// Asks a server on this machine, each read no longer than `limit`.
pub fn call(
    port: u16,
    method: &str,
    target: &str,
    body: &[u8],
    limit: Duration,
) -> io::Result<Answer> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limit))?;
    let kind = if target.contains("_bulk") { "application/x-ndjson" } else { "application/json" };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
         content-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let Some((head, mut body)) = read_head(&mut stream)? else {
        return Err(ErrorKind::UnexpectedEof.into());
    };
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or(ErrorKind::InvalidData)?;
    let headers = headers_of(lines);
    match length_of(&headers) {
        Some(_) if method == "HEAD" => {}
        Some(length) => read_up_to(&mut stream, &mut body, length)?,
        None => {
            stream.read_to_end(&mut body)?;
        }
    }
    Ok(Answer { status, headers, body })
}

/// The head, and what came with it of the body.
fn read_head(stream: &mut (impl Read + ?Sized)) -> io::Result<Option<(String, Vec<u8>)>> {
    let (mut read, mut part) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = read.split_off(at + 4);
            read.truncate(at);
            let head = String::from_utf8(read).map_err(io::Error::other)?;
            return Ok(Some((head, body)));
        }
        match stream.read(&mut part)? {
            0 if read.is_empty() => return Ok(None),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(&part[..count]),
        }
        // What greets in TLS asks nothing that would be understood here.
        if read.len() > HEAD_BYTES_MAX || read[0] == TLS_FIRST {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}

fn headers_of<'h>(lines: impl Iterator<Item = &'h str>) -> Vec<(String, String)> {
    let pairs = lines.filter_map(|line| line.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn length_of(headers: &[(String, String)]) -> Option<usize> {
    let mut named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    named.next()?.1.parse().ok()
}

fn read_up_to(
    stream: &mut (impl Read + ?Sized),
    body: &mut Vec<u8>,
    length: usize,
) -> io::Result<()> {
    let mut part = [0; 8192];
    while body.len() < length {
        match stream.read(&mut part)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => body.extend_from_slice(&part[..count]),
        }
    }
    Ok(())
}
