//! A gate before one node: lets in whom it knows, and passes on what the stand-in does not answer.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::{ServerConnection, StreamOwned};
use serde_json::Value as Json;

use super::http::{self, Answer, Asked, NODE_LIMIT, Stream};
use super::rights::Door;
use super::standin::{StandIn, Told};
use super::state::Orders;

/// A port on 127.0.0.1 that leads to a node. Dropping it ends the stand-in behind it.
pub struct Gate {
    /// Where it listens.
    pub port: u16,
    inside: Arc<Inside>,
}

struct Inside {
    node: u16,
    door: Mutex<Door>,
    standin: Option<Arc<StandIn>>,
    asked: Mutex<Vec<String>>,
    over: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// Listens before the node at `node`; `ports` leads from where clusters reach each other to
    /// where their nodes are asked.
    pub fn before(node: u16, ports: &[(u16, u16)], stands_in: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let standin = stands_in.then(|| StandIn::start(node, ports.to_vec()));
        let inside = Arc::new(Inside {
            node,
            door: Mutex::default(),
            standin,
            asked: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let within = Arc::clone(&inside);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if within.over.load(Ordering::Relaxed) {
                    return;
                }
                let within = Arc::clone(&within);
                std::thread::spawn(move || {
                    // Whoever asks may hang up at any time.
                    let _ = within.serve(client);
                });
            }
        });
        Self { port, inside }
    }

    /// Lets in only whom `door` knows from now on.
    pub fn guard(&self, door: Door) {
        *locked(&self.inside.door) = door;
    }

    /// Orders what the stand-in does from now on.
    pub fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.inside.standin.as_ref().expect("the stand-in answers here").order(change);
    }

    /// The answer to an administrator, past all guards.
    pub fn ask(&self, method: &str, target: &str, body: &Json) -> (u16, Json) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (method, target) = (method.to_owned(), target.to_owned());
        let asked = Asked { method, target, headers: Vec::new(), body: text.into_bytes() };
        let told = self.inside.answer(&asked);
        let told = told.unwrap_or_else(|| panic!("no answer to {} {}", asked.method, asked.target));
        (told.status, told.told())
    }

    /// All that clients asked up to now that changes something, and forgets it.
    pub fn changes(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.inside.asked))
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.inside.over.store(true, Ordering::Relaxed);
        if let Some(standin) = &self.inside.standin {
            standin.end();
        }
        // Wakes whoever accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Inside {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        if TcpStream::connect(("127.0.0.1", self.node)).is_err() {
            // As dead as its node: what was sent is not read, so the connection is reset.
            return stream.peek(&mut [0]).map(drop);
        }
        let tls = locked(&self.door).tls.clone();
        let mut stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(config) => {
                let session = ServerConnection::new(config).map_err(io::Error::other)?;
                Box::new(StreamOwned::new(session, stream))
            }
        };
        loop {
            let asked = match Asked::read(&mut *stream) {
                Ok(Some(asked)) => asked,
                Ok(None) => return Ok(()),
                // As the node itself answers what is no HTTP.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Answer::error(400, "bad_request", "no HTTP").write(&mut *stream);
                }
                Err(error) => return Err(error),
            };
            let door = locked(&self.door).clone();
            let answer = if let Some(refusal) = door.refusal(&asked) {
                refusal
            } else {
                self.note(&asked);
                let Some(answer) = self.answer(&asked) else { return Ok(()) };
                answer
            };
            answer.write(&mut *stream)?;
            let last = asked.header("connection").is_some_and(|word| word.contains("close"));
            if last {
                return Ok(());
            }
        }
    }

    fn note(&self, asked: &Asked) {
        let reads = ["_search", "_mget", "_refresh", "_count"];
        let looks = asked.method == "GET" || reads.iter().any(|end| asked.path().ends_with(end));
        if !looks {
            locked(&self.asked).push(format!("{} {}", asked.method, asked.path()));
        }
    }

    /// The answer; none where the node gives none.
    fn answer(&self, asked: &Asked) -> Option<Answer> {
        let Some(standin) = &self.standin else { return self.pass_on(asked) };
        match standin.answer(asked) {
            Told::Answer(answer) => Some(answer),
            Told::Silence => None,
            Told::PassOn => {
                let answer = self.pass_on(asked)?;
                Some(standin.amend(asked, answer))
            }
        }
    }

    fn pass_on(&self, asked: &Asked) -> Option<Answer> {
        http::call(self.node, &asked.method, &asked.target, &asked.body, NODE_LIMIT).ok()
    }
}
