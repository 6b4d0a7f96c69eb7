//! Two Kafka clusters and a Connect worker whose `MirrorMaker` 2 copies from A to B.

pub mod broker;
pub mod client;
pub mod connect;
mod jvm;
pub mod load;
pub mod mirror;
pub mod rights;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

use super::janitor::Janitor;
use broker::Broker;
use connect::Connect;

/// How the connectors are set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The topics to copy, a pattern.
    pub topics: String,
    /// The groups to translate, a pattern.
    pub groups: String,
    /// How many tasks copy.
    pub tasks: u8,
    /// How often Connect writes down how far it is.
    pub flush: Duration,
    /// How often topics and groups are looked for, in whole seconds.
    pub refresh: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            topics: "orders.*".to_owned(),
            groups: "billing.*".to_owned(),
            tasks: 2,
            flush: Duration::from_secs(5),
            refresh: Duration::from_secs(5),
        }
    }
}

/// Both clusters and the worker in B. Dropping it kills them.
pub struct Pair {
    /// The cluster that is copied from.
    pub a: Broker,
    /// The cluster that is copied to.
    pub b: Broker,
    /// The worker that copies from A to B.
    pub connect: Connect,
    /// The worker that copies from B to A, once [`Pair::start_back`] started it.
    pub back: Option<Connect>,
    options: Options,
    // Both after what lives in the folder.
    _janitor: Janitor,
    home: TempDir,
}

/// The pair that many tests use, one after another.
static SHARED: Mutex<Option<Pair>> = Mutex::new(None);

impl Pair {
    /// Starts all and waits until the connectors run.
    pub fn start(options: &Options) -> Self {
        let (home, janitor, [mut a, mut b]) = launch_clusters();
        let mut connect = Connect::new(home.path(), "connect", &a, &b, options);
        // It waits for its cluster by itself.
        connect.launch();
        a.until_up();
        b.until_up();
        connect.until_up();
        connect.configure();
        Self { a, b, connect, back: None, options: options.clone(), _janitor: janitor, home }
    }

    /// The pair of all tests that can do with the usual settings: started for the first of them,
    /// mended for each, and held by one at a time. What a test writes bears a name of its own. It
    /// ends with the last test of its group; a static is never dropped, so its janitor ends it
    /// where that never comes.
    pub fn shared() -> Shared {
        let mut held = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(pair) => pair.mend(),
            None => *held = Some(Self::start(&Options::default())),
        }
        Shared(held)
    }

    /// Ends the shared pair, where there is one that nobody holds.
    pub fn end_shared() {
        *SHARED.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Lets everything run as at the start: what was killed, frozen, paused, stopped or changed.
    pub fn mend(&mut self) {
        self.back = None;
        for broker in [&mut self.a, &mut self.b] {
            broker.program.thaw();
            if !broker.program.is_started() {
                broker.launch();
            }
        }
        self.connect.program.thaw();
        for broker in [&mut self.a, &mut self.b] {
            broker.until_up();
            broker.disallow_all();
        }
        if !self.connect.program.is_started() {
            self.connect.launch();
        }
        self.connect.until_up();
        self.connect.resume_all();
        self.connect.configure();
    }

    /// Starts a worker in A that copies the same topics from B back to A.
    pub fn start_back(&mut self) -> &Connect {
        let mut back = Connect::new(self.home.path(), "back", &self.b, &self.a, &self.options);
        back.start();
        back.configure();
        self.back.insert(back)
    }

    /// What a topic of A is called in B.
    pub fn remote(topic: &str) -> String {
        format!("A.{topic}")
    }
}

/// Starts two clusters in a folder of their own; they do not answer yet.
fn launch_clusters() -> (TempDir, Janitor, [Broker; 2]) {
    let home = tempfile::Builder::new().prefix("wr-kafka-").tempdir().unwrap();
    let janitor = Janitor::of(home.path());
    jvm::write_log_settings(home.path());
    let mut brokers = ["a", "b"].map(|name| Broker::new(home.path(), name));
    std::thread::scope(|scope| {
        for broker in &mut brokers {
            scope.spawn(|| {
                broker.format();
                broker.launch();
            });
        }
    });
    (home, janitor, brokers)
}

/// The shared pair, for as long as one test holds it.
pub struct Shared(MutexGuard<'static, Option<Pair>>);

impl std::ops::Deref for Shared {
    type Target = Pair;

    fn deref(&self) -> &Pair {
        self.0.as_ref().expect("it was started before it was handed out")
    }
}

impl std::ops::DerefMut for Shared {
    fn deref_mut(&mut self) -> &mut Pair {
        self.0.as_mut().expect("it was started before it was handed out")
    }
}
