//! Looks of a command that asks and ends: a status, a check, a dry run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::event::Event;
use super::observations::Learned;
use super::poller::{self, Watched};
use crate::domain::ids::{Side, SystemId};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Stamp;
use crate::port::{Clock, Looks};

/// What a probe is given beyond its own timeout before it is called unresponsive.
pub const GRACE: Duration = Duration::from_millis(500);

/// Looks that may wait to be taken in.
const EVENT_QUEUE: usize = 1024;

/// What a round is given beyond the longest deadline of a system before it is called over.
const ROUND_GRACE: Duration = Duration::from_secs(2);

/// One look by one probe.
pub struct Looked {
    /// The system; none for a reference target.
    pub system: Option<SystemId>,
    /// When it began.
    pub at: Stamp,
    /// What was told; none where the probe did not keep its timeout.
    pub looks: Option<Looks>,
}

/// Looks once with each probe, all at the same time; the looks in the order of the probes.
pub async fn look_once(watched: Vec<Watched>, clock: &Arc<dyn Clock>) -> Vec<Looked> {
    let looking = watched.into_iter().map(|mut one| {
        let clock = Arc::clone(clock);
        tokio::spawn(async move {
            let at = clock.now();
            let looks = timeout(one.timeout + GRACE, one.probe.look()).await.ok();
            Looked { system: one.system, at, looks }
        })
    });
    let mut looked = Vec::new();
    for looking in looking.collect::<Vec<_>>() {
        looked.extend(looking.await);
    }
    looked
}

/// Looks with each probe at its pace for so long, and until each has told once, if it ever does.
pub async fn look_for(
    watched: Vec<Watched>,
    wait: Duration,
    clock: &Arc<dyn Clock>,
    learned: &mut Learned,
    snapshot: &mut Snapshot,
) {
    let longest = watched.iter().map(|one| one.timeout).max().unwrap_or_default();
    let mut awaited: Vec<Option<SystemId>> = watched.iter().map(|one| one.system.clone()).collect();
    let (events, mut inbox) = mpsc::channel(EVENT_QUEUE);
    let _poke = poller::start(watched, clock, &events);
    drop(events);
    let (least, most) = (sleep(wait), sleep(wait.max(longest + ROUND_GRACE)));
    tokio::pin!(least, most);
    let mut waited = false;
    while !(waited && awaited.is_empty()) {
        let event = tokio::select! {
            biased;
            event = inbox.recv() => event,
            () = &mut least, if !waited => {
                waited = true;
                continue;
            }
            () = &mut most => return,
        };
        let heard = match event {
            Some(Event::Heard { system, at, looks }) => {
                record(snapshot, &system, at, *looks);
                Some(system)
            }
            Some(Event::Reference { at, look }) => {
                snapshot.reference.record(at, *look);
                None
            }
            Some(Event::Learned { system, learned: by_now }) => {
                learned.insert(system, by_now);
                continue;
            }
            Some(_) => continue,
            None => return,
        };
        if let Some(place) = awaited.iter().position(|one| *one == heard) {
            awaited.swap_remove(place);
        }
    }
}

/// Takes in what was told of both sides.
pub fn record(snapshot: &mut Snapshot, system: &SystemId, at: Stamp, looks: Looks) {
    for (side, look) in Side::BOTH.into_iter().zip([looks.a, looks.b]) {
        if let Some(look) = look {
            snapshot.record(system, side, at, look);
        }
    }
}
