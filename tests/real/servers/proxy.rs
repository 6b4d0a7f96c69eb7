//! A relay before a server that can be moved, slowed, cut and silenced while connections run.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What becomes of bytes and of whoever connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Clear,
    /// Nothing passes, and nobody is told: a black hole. What was sent passes once it clears.
    Dead,
    /// Questions pass, answers do not: whoever asks cannot know what was done.
    NoAnswers,
    /// Whoever connects is cut off at once; open connections go on.
    Refusing,
}

struct State {
    target: SocketAddr,
    weather: Weather,
    delay: Duration,
    /// Both ends of each open connection; one end until its server is reached.
    open: BTreeMap<usize, Vec<TcpStream>>,
    /// Connections that were ever let in.
    ever: usize,
    over: bool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// A port on 127.0.0.1 that leads to a server. Dropping it ends every connection through it.
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Listens on a free port and leads to `target` on 127.0.0.1.
    pub fn to(target: u16) -> Self {
        Self::between(([127, 0, 0, 1], 0).into(), ([127, 0, 0, 1], target).into())
    }

    /// Listens at `at` and leads to `target`.
    pub fn between(at: SocketAddr, target: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            target,
            weather: Weather::Clear,
            delay: Duration::ZERO,
            open: BTreeMap::new(),
            ever: 0,
            over: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let inside = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if inside.lock().over {
                    return;
                }
                let Ok(client) = client else { continue };
                let inside = Arc::clone(&inside);
                std::thread::spawn(move || inside.serve(client));
            }
        });
        Self { port, shared }
    }

    /// Leads new connections to another port on 127.0.0.1. Open ones stay where they are, as when
    /// a name was given another address.
    pub fn move_to(&self, target: u16) {
        self.shared.lock().target = ([127, 0, 0, 1], target).into();
    }

    /// Changes what becomes of bytes, also of those that are on their way.
    pub fn weather(&self, weather: Weather) {
        self.shared.lock().weather = weather;
        self.shared.changed.notify_all();
    }

    /// Holds back each piece of each way for so long.
    pub fn delay(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    /// Ends every open connection.
    pub fn cut(&self) {
        let open = std::mem::take(&mut self.shared.lock().open);
        open.into_values().flatten().for_each(end);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.cut();
        // Whoever waits for the next connection gets one.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The other end may have gone already.
#[expect(clippy::needless_pass_by_value, reason = "it is closed here")]
fn end(stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(self: Arc<Self>, client: TcpStream) {
        let id = {
            let mut state = self.lock();
            if state.weather == Weather::Refusing || state.over {
                drop(state);
                return end(client);
            }
            state.ever += 1;
            let id = state.ever;
            state.open.insert(id, vec![client.try_clone().unwrap()]);
            id
        };
        if self.lets_through(id, false) {
            let target = self.lock().target;
            if let Ok(server) = TcpStream::connect(target) {
                self.relay_both(id, &client, server);
            }
        }
        self.close(id);
    }

    fn relay_both(self: &Arc<Self>, id: usize, client: &TcpStream, server: TcpStream) {
        for stream in [client, &server] {
            let _ = stream.set_nodelay(true);
        }
        match self.lock().open.get_mut(&id) {
            Some(ends) => ends.push(server.try_clone().unwrap()),
            // It was cut while the server was being reached.
            None => return end(server),
        }
        let answers = {
            let (inside, server) = (Arc::clone(self), server.try_clone().unwrap());
            let client = client.try_clone().unwrap();
            std::thread::spawn(move || {
                inside.relay(id, server, &client, true);
                inside.close(id);
            })
        };
        self.relay(id, client.try_clone().unwrap(), &server, false);
        let _ = answers.join();
    }

    /// Carries bytes one way until its sender ends.
    fn relay(&self, id: usize, mut from: TcpStream, mut to: &TcpStream, answers: bool) {
        let mut bytes = [0; 16_384];
        while let Ok(count) = from.read(&mut bytes) {
            if !self.lets_through(id, answers) || count == 0 {
                break;
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }

    /// Waits until bytes may pass; false when the connection was cut meanwhile.
    fn lets_through(&self, id: usize, answers: bool) -> bool {
        let mut state = self.lock();
        let late = Instant::now() + state.delay;
        loop {
            let held = match state.weather {
                Weather::Clear | Weather::Refusing => false,
                Weather::Dead => true,
                Weather::NoAnswers => answers,
            };
            let left = late.saturating_duration_since(Instant::now());
            if !state.open.contains_key(&id) {
                return false;
            }
            state = match (held, left.is_zero()) {
                (true, _) => self.changed.wait(state).unwrap(),
                (false, false) => self.changed.wait_timeout(state, left).unwrap().0,
                (false, true) => return true,
            };
        }
    }

    fn close(&self, id: usize) {
        let ends = self.lock().open.remove(&id);
        ends.into_iter().flatten().for_each(end);
        self.changed.notify_all();
    }
}
