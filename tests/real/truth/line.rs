//! The line between a primary and its standby: bytes late, few at a time, swallowed, or cut off.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::seat::pass;

/// Pieces that may be on their way in one direction; beyond them the sender waits.
const ON_THE_WAY: usize = 4096;

/// The most bytes of a piece.
const PIECE: usize = 16_384;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Each piece arrives so much later, and none waits for another.
    pub late: Duration,
    /// Bytes a second and direction, at most.
    pub rate: Option<u32>,
    /// Nothing arrives, and nobody is told.
    pub silent: bool,
    /// Whoever connects is cut off.
    pub refusing: bool,
}

impl Line {
    /// As it should be.
    pub const CLEAR: Self =
        Self { late: Duration::ZERO, rate: None, silent: false, refusing: false };
}

struct State {
    line: Line,
    target: u16,
    open: BTreeMap<usize, [TcpStream; 2]>,
    ever: usize,
    over: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A port on 127.0.0.1 at which a server is reached over a line.
pub struct Relay {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

impl Relay {
    /// Leads to `target` over a clear line.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let open = BTreeMap::new();
        let state = State { line: Line::CLEAR, target, open, ever: 0, over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if inside.lock().over {
                    return;
                }
                if let Ok(client) = client {
                    inside.begin(client);
                }
            }
        });
        Self { port, shared }
    }

    /// Makes the line so.
    pub fn be(&self, line: Line) {
        self.shared.lock().line = line;
        self.shared.changed.notify_all();
    }

    /// Ends every connection.
    pub fn cut(&self) {
        let open = std::mem::take(&mut self.shared.lock().open);
        open.into_values().flatten().for_each(|end| drop(end.shutdown(Shutdown::Both)));
        self.shared.changed.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.cut();
        // Whoever waits for the next connection gets one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn begin(self: &Arc<Self>, client: TcpStream) {
        let (target, refusing) = {
            let state = self.lock();
            (state.target, state.line.refusing)
        };
        let server = if refusing { None } else { TcpStream::connect(("127.0.0.1", target)).ok() };
        let Some(server) = server else {
            let _ = client.shutdown(Shutdown::Both);
            return;
        };
        let id = {
            let mut state = self.lock();
            state.ever += 1;
            let id = state.ever;
            state.open.insert(id, [&client, &server].map(|end| end.try_clone().unwrap()));
            id
        };
        let ways = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
        for (from, to) in ways {
            let _ = to.set_nodelay(true);
            let (sender, receiver) = sync_channel(ON_THE_WAY);
            std::thread::spawn(move || take(from, &sender));
            let inside = Arc::clone(self);
            std::thread::spawn(move || inside.give(id, to, &receiver));
        }
    }

    /// Hands over what was taken, when its time has come.
    fn give(&self, id: usize, mut to: TcpStream, taken: &Receiver<(Instant, Vec<u8>)>) {
        while let Ok((at, bytes)) = taken.recv() {
            if !self.waits(id, at, bytes.len()) || to.write_all(&bytes).is_err() {
                break;
            }
        }
        let ends = self.lock().open.remove(&id);
        ends.into_iter().flatten().for_each(|end| drop(end.shutdown(Shutdown::Both)));
        let _ = to.shutdown(Shutdown::Both);
    }

    /// Waits until a piece may arrive; false when its connection was cut meanwhile.
    fn waits(&self, id: usize, taken: Instant, bytes: usize) -> bool {
        let begin = Instant::now();
        let mut state = self.lock();
        loop {
            if !state.open.contains_key(&id) {
                return false;
            }
            let slow = state.line.rate.map_or(Duration::ZERO, |rate| {
                let bytes = u32::try_from(bytes).expect("a piece is small");
                Duration::from_secs_f64(f64::from(bytes) / f64::from(rate))
            });
            let due = (taken + state.line.late).max(begin + slow);
            let left = due.saturating_duration_since(Instant::now());
            state = match (state.line.silent, left.is_zero()) {
                (true, _) => self.changed.wait(state).unwrap(),
                (false, false) => self.changed.wait_timeout(state, left).unwrap().0,
                (false, true) => return true,
            };
        }
    }
}

/// Takes in what comes until the connection ends.
fn take(mut from: TcpStream, taken: &SyncSender<(Instant, Vec<u8>)>) {
    let mut bytes = vec![0; PIECE];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if taken.send((Instant::now(), bytes[..count].to_vec())).is_err() {
            return;
        }
    }
}

/// Lets some time pass in which a state works.
pub fn lasts(seconds: u64) {
    pass(Duration::from_secs(seconds));
}
