//! A relay before a server of HTTP that fails on purpose, for all or for one region of AWS.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered.
    None,
    /// It is answered so much later.
    Late(Duration),
    /// It is answered with 503 and `SlowDown`.
    Unavailable,
    /// It is answered with an error.
    Says(Refusal),
    /// It is taken and never answered.
    Silent,
    /// Half of the answer comes, then the connection is cut.
    Half,
    /// Half of what it tells comes, as if that were all: somebody in between has cut it.
    Short,
}

/// An answer that is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status of HTTP.
    pub status: u16,
    /// The code.
    pub code: &'static str,
    /// What is said.
    pub words: &'static str,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// It as it goes over the wire: as services of the query kind and S3 word it, both in one.
    fn answer(&self) -> String {
        let Self { status, code, words, retry_after_s } = *self;
        let error = format!("<Code>{code}</Code><Message>{words}</Message>");
        let body =
            format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>");
        let retry = retry_after_s.map_or_else(String::new, |s| format!("Retry-After: {s}\r\n"));
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Refused\r\nContent-Type: text/xml\r\n{retry}Connection: close\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    }
}

/// What of a request is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The request: it never arrives.
    Request,
    /// Its answer: what it asks for is done.
    Answer,
}

#[derive(Default)]
struct State {
    /// For a region, or for all others under the empty name.
    faults: BTreeMap<String, Fault>,
    /// For requests that have this in their first line, and how many there were.
    only: Option<(&'static str, Fault)>,
    met: usize,
    /// Requests of each region.
    asked: BTreeMap<String, usize>,
    /// The first lines of all that may change something.
    orders: Vec<String>,
    /// What is held back of orders that have this in their first line.
    held: Option<(&'static str, Held)>,
    /// How many orders are held back.
    holding: usize,
    over: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A port on 127.0.0.1 that leads to a server of HTTP.
pub struct FaultProxy {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

impl FaultProxy {
    /// Listens on a free port and leads to `target` on 127.0.0.1.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if inside.state.lock().unwrap().over {
                    return;
                }
                let inside = Arc::clone(&inside);
                // Whoever asked may have gone meanwhile.
                std::thread::spawn(move || inside.serve(client, target).ok());
            }
        });
        Self { port, shared }
    }

    /// What becomes of all requests from now on, also of those that wait.
    pub fn all(&self, fault: Fault) {
        let mut state = self.shared.state.lock().unwrap();
        state.faults.clear();
        state.only = None;
        drop(state);
        self.region("", fault);
    }

    /// What becomes of the requests that are signed for a region.
    pub fn region(&self, region: &str, fault: Fault) {
        self.shared.state.lock().unwrap().faults.insert(region.to_owned(), fault);
        self.shared.changed.notify_all();
    }

    /// What becomes of requests that have `part` in their first line, and as before of others. A
    /// query ends its first line with what it asks for: `Action=DescribeDBInstances`.
    pub fn only(&self, part: &'static str, fault: Fault) {
        let mut state = self.shared.state.lock().unwrap();
        (state.only, state.met) = (Some((part, fault)), 0);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// How many such requests came since.
    pub fn met(&self) -> usize {
        self.shared.state.lock().unwrap().met
    }

    /// How many requests were signed for a region.
    pub fn asked(&self, region: &str) -> usize {
        self.shared.state.lock().unwrap().asked.get(region).copied().unwrap_or(0)
    }

    /// Holds back each order that has `part` in its first line, or its answer, from now on.
    pub fn hold(&self, part: &'static str, held: Held) {
        self.shared.state.lock().unwrap().held = Some((part, held));
    }

    /// Whether an order is held back now; where it is the answer, what it asks for is done.
    pub fn is_holding(&self) -> bool {
        self.shared.state.lock().unwrap().holding > 0
    }

    /// Holds back nothing any more.
    pub fn let_go(&self) {
        self.shared.state.lock().unwrap().held = None;
        self.shared.changed.notify_all();
    }

    /// How many orders came that have `part` in their first line, those held back among them.
    pub fn orders(&self, part: &str) -> usize {
        let state = self.shared.state.lock().unwrap();
        state.orders.iter().filter(|line| line.contains(part)).count()
    }

    /// Where it is, for clients.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().over = true;
        self.shared.changed.notify_all();
        // Whoever waits for the next connection gets one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One request as it came, and the region it is signed for.
struct Request {
    bytes: Vec<u8>,
    region: String,
    /// The first line.
    line: String,
}

impl Request {
    /// Reads one, and asks that the connection ends with its answer: then an answer is over where
    /// nothing more comes.
    fn read(stream: &TcpStream) -> std::io::Result<Option<Self>> {
        let mut reader = BufReader::new(stream);
        let (mut bytes, mut line, mut length) = (Vec::new(), String::new(), 0);
        let (mut region, mut first) = (String::new(), String::new());
        while reader.read_line(&mut line)? > 2 {
            let lower = line.to_ascii_lowercase();
            if let Some(told) = lower.strip_prefix("content-length:") {
                length = told.trim().parse().unwrap_or(0);
            }
            if first.is_empty() {
                line.trim_end().clone_into(&mut first);
            }
            if let Some((_, scope)) = line.split_once("Credential=") {
                // KEY/20261122/eu-central-1/s3/aws4_request
                scope.split('/').nth(2).unwrap_or_default().clone_into(&mut region);
            }
            if lower.starts_with("expect:") {
                (&*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            } else if !lower.starts_with("connection:") {
                bytes.extend_from_slice(line.as_bytes());
            }
            line.clear();
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        let head = bytes.len();
        reader.take(length).read_to_end(&mut bytes)?;
        let body = String::from_utf8_lossy(&bytes[head..]);
        if let Some(action) = body.strip_prefix("Action=") {
            let action = action.split('&').next().unwrap_or_default();
            first = format!("{first} Action={action}");
        }
        Ok(Some(Self { bytes, region, line: first }))
    }
}

/// Half of an answer's body, whose length nobody tells.
fn short(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    let (head, body) = answer.split_at(end);
    let head = String::from_utf8_lossy(head);
    let tells_length = |line: &&str| {
        let line = line.to_ascii_lowercase();
        line.starts_with("content-length:") || line.starts_with("transfer-encoding:")
    };
    let kept = head.split_inclusive("\r\n").filter(|line| !tells_length(line));
    [kept.collect::<String>().as_bytes(), &body[..body.len() / 2]].concat()
}

impl Shared {
    fn serve(&self, mut client: TcpStream, target: u16) -> std::io::Result<()> {
        let Some(request) = Request::read(&client)? else { return Ok(()) };
        let fault = self.admit(&request);
        if let Fault::Says(refusal) = fault {
            return client.write_all(refusal.answer().as_bytes());
        }
        if fault == Fault::Unavailable {
            const BODY: &str = "<Error><Code>SlowDown</Code><Message>on purpose</Message></Error>";
            let length = BODY.len();
            let head = "HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\n";
            let rest = format!("Connection: close\r\nContent-Length: {length}\r\n\r\n{BODY}");
            return client.write_all(format!("{head}{rest}").as_bytes());
        }
        let held = self.note(&request.line);
        if held == Some(Held::Request) {
            self.hold_back();
            return Ok(());
        }
        let mut server = TcpStream::connect(("127.0.0.1", target))?;
        server.write_all(&request.bytes)?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        if held == Some(Held::Answer) {
            self.hold_back();
        }
        if fault == Fault::Half {
            answer.truncate(answer.len() / 2);
        }
        if fault == Fault::Short {
            answer = short(&answer);
        }
        client.write_all(&answer)?;
        client.shutdown(Shutdown::Both)
    }

    /// Counts a request and holds it back as long as it is to be; what then becomes of it.
    fn admit(&self, request: &Request) -> Fault {
        let (began, region) = (Instant::now(), request.region.as_str());
        let mut state = self.state.lock().unwrap();
        *state.asked.entry(region.to_owned()).or_default() += 1;
        let is_it = |only: &(&str, Fault)| request.line.contains(only.0);
        state.met += usize::from(state.only.as_ref().is_some_and(is_it));
        loop {
            let of_all = || [region, ""].iter().find_map(|name| state.faults.get(*name).copied());
            let fault = state.only.filter(is_it).map(|(_, fault)| fault).or_else(of_all);
            let left = match fault.unwrap_or(Fault::None) {
                _ if state.over => return Fault::Unavailable,
                Fault::Late(by) => by.saturating_sub(began.elapsed()),
                Fault::Silent => Duration::MAX,
                other @ (Fault::None
                | Fault::Unavailable
                | Fault::Half
                | Fault::Short
                | Fault::Says(_)) => return other,
            };
            state = match left {
                Duration::ZERO => return Fault::None,
                Duration::MAX => self.changed.wait(state).unwrap(),
                left => self.changed.wait_timeout(state, left).unwrap().0,
            };
        }
    }

    /// Notes a request that may change something; what of it is held back.
    fn note(&self, line: &str) -> Option<Held> {
        if line.starts_with("GET ") || line.starts_with("HEAD ") {
            return None;
        }
        let mut state = self.state.lock().unwrap();
        state.orders.push(line.to_owned());
        state.held.filter(|(part, _)| line.contains(part)).map(|(_, held)| held)
    }

    /// Waits until nothing is held back any more.
    fn hold_back(&self) {
        let mut state = self.state.lock().unwrap();
        state.holding += 1;
        while state.held.is_some() && !state.over {
            state = self.changed.wait(state).unwrap();
        }
        state.holding -= 1;
    }
}
