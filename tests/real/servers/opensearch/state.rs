//! What the stand-in for the replication plugin knows, and what a test wants of it.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a test wants of the stand-in.
#[expect(clippy::struct_excessive_bools, reason = "each is an order of its own")]
pub struct Orders {
    /// Nothing is copied: what is written stays outstanding.
    pub held: bool,
    /// The copying of a new follower does not end.
    pub bootstraps: bool,
    /// One shard of several is not told yet, as just after a start.
    pub late_shard: bool,
    /// The pause after a failed copy: 10 s of the real one.
    pub retry: Duration,
    /// How often rules are looked at: 17 s of the real one.
    pub autofollow_every: Duration,
    /// How long a stop takes: 1.4 s of the real one, 4.5 s with a dead leader.
    pub stop_takes: Duration,
    /// The mark of a copied index is not told, as by a provider that hides such settings.
    pub hides_mark: bool,
}

/// How the copying of an index stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Bootstrapping,
    Syncing,
    Paused,
}

/// An index that is copied.
pub struct Follow {
    pub alias: String,
    pub leader_index: String,
    /// Where the leader's node is asked.
    pub leader: u16,
    pub phase: Phase,
    /// The checkpoint that was reached, by shard.
    pub here: Vec<i64>,
    /// True while something is being copied.
    pub copying: bool,
    /// Tells one start from the next.
    pub number: u64,
    /// When that was.
    pub began: Instant,
    /// How often it was asked for since.
    pub looked: u64,
}

/// A rule by which new indices of a leader are copied.
pub struct Rule {
    pub alias: String,
    pub name: String,
    pub pattern: String,
    /// How many indices it has started.
    pub started: u64,
}

/// What the stand-in knows.
pub struct State {
    pub orders: Orders,
    pub follows: BTreeMap<String, Follow>,
    /// By how much an index that was copied counts higher than its node does, by shard.
    pub bases: BTreeMap<String, Vec<i64>>,
    pub rules: Vec<Rule>,
    pub numbers: u64,
    pub over: bool,
}

/// What is known, for all who work with it.
pub struct Board {
    state: Mutex<State>,
    /// Rung at each change.
    pub changed: Condvar,
}

impl Board {
    /// Nothing is copied, and nothing was ordered.
    pub fn new() -> Self {
        let orders = Orders {
            held: false,
            bootstraps: false,
            late_shard: false,
            retry: Duration::from_millis(200),
            autofollow_every: Duration::from_secs(17),
            stop_takes: Duration::from_millis(100),
            hides_mark: false,
        };
        let state = State {
            orders,
            follows: BTreeMap::new(),
            bases: BTreeMap::new(),
            rules: Vec::new(),
            numbers: 0,
            over: false,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// All of it.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass.
    pub fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.over && Instant::now() < until {
            state = self.wait(state, until - Instant::now().min(until));
        }
    }

    /// Waits for a change, no longer than `limit`.
    pub fn wait<'s>(&self, state: MutexGuard<'s, State>, limit: Duration) -> MutexGuard<'s, State> {
        let waited = self.changed.wait_timeout(state, limit);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until nothing of an index is being copied.
    pub fn settled<'s>(
        &self,
        mut state: MutexGuard<'s, State>,
        index: &str,
    ) -> MutexGuard<'s, State> {
        while state.follows.get(index).is_some_and(|follow| follow.copying) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}
