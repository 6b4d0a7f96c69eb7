//! What a report is read from: the run with its events, and how far after T0 each of them was.

use std::time::Duration;

use super::claim::moment;
use crate::domain::run::event::{Body, RunEvent};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::time::{RtoClock, Stamp};

/// The run, its frozen plan and site, and the clock of each event.
#[derive(Debug)]
pub(super) struct Tale<'a> {
    pub(super) run: &'a Run,
    pub(super) runbook: &'a Runbook,
    pub(super) site: &'a Site,
    /// The moment from which the clock counts, and the entry that says so.
    pub(super) t0: Option<(Stamp, u64)>,
    /// Milliseconds since T0 of each event, negative before it.
    offsets: Vec<i64>,
}

impl<'a> Tale<'a> {
    pub(super) fn new(run: &'a Run, runbook: &'a Runbook, site: &'a Site) -> Self {
        let said = run.events.iter().rev().find_map(|event| match &event.body {
            Body::Declared { t0, .. } | Body::T0Set { t0, .. } => Some((*t0, event.seq)),
            _ => None,
        });
        let offsets = said.map_or_else(Vec::new, |(t0, seq)| offsets(&run.events, t0, seq));
        Self { run, runbook, site, t0: said, offsets }
    }

    pub(super) fn events(&self) -> &'a [RunEvent] {
        &self.run.events
    }

    /// Milliseconds since T0; none where no clock ran.
    pub(super) fn since_t0(&self, event: &RunEvent) -> Option<i64> {
        let index = usize::try_from(event.seq.checked_sub(1)?).ok()?;
        self.offsets.get(index).copied()
    }

    /// The same for a moment that an entry tells of, which was not after that entry.
    pub(super) fn told_since_t0(&self, at: Stamp, by: &RunEvent) -> Option<i64> {
        let entry = self.since_t0(by)?;
        Some(grain(signed_since(at, self.t0?.0)).min(entry))
    }

    /// The first event that `is` tells.
    pub(super) fn first(&self, is: impl Fn(&Body) -> bool) -> Option<&'a RunEvent> {
        self.run.events.iter().find(|event| is(&event.body))
    }

    /// The first event of which `tell` has something to say, with that.
    pub(super) fn find<T>(
        &self,
        tell: impl Fn(&'a Body) -> Option<T>,
    ) -> Option<(&'a RunEvent, T)> {
        self.run.events.iter().find_map(|event| Some((event, tell(&event.body)?)))
    }

    /// The last event that `is` tells.
    pub(super) fn last(&self, is: impl Fn(&Body) -> bool) -> Option<&'a RunEvent> {
        self.run.events.iter().rev().find(|event| is(&event.body))
    }

    /// All events that `is` tells.
    pub(super) fn all(&self, is: impl Fn(&Body) -> bool) -> Vec<&'a RunEvent> {
        self.run.events.iter().filter(|event| is(&event.body)).collect()
    }

    /// The declaration.
    pub(super) fn declared(&self) -> Option<&'a RunEvent> {
        self.first(|body| matches!(body, Body::Declared { .. }))
    }

    /// Where the clock stopped.
    pub(super) fn restored(&self) -> Option<&'a RunEvent> {
        self.first(|body| matches!(body, Body::Restored { .. }))
    }
}

/// True for a start although a gate did not hold.
pub(super) fn breaks_a_gate(body: &Body) -> bool {
    matches!(body, Body::Intended { gates, .. } if gates.iter().any(|gate| !gate.held))
}

/// `, by anna at 2026-11-20 14:02:10Z`.
pub(super) fn signed(event: &RunEvent) -> String {
    format!(", by {} at {}", event.by, moment(event.at))
}

/// What a report counts in: figures are cut to it before they are subtracted, and are printed with
/// it, so that what is printed adds up.
pub(super) const GRAIN_MS: i64 = 100;

/// A moment of the clock as the report counts.
pub(super) fn grain(ms: i64) -> i64 {
    ms.div_euclid(GRAIN_MS) * GRAIN_MS
}

/// A length of time as the report counts.
pub(super) fn grained(time: Duration) -> Duration {
    Duration::from_millis(grain(millis(time)).unsigned_abs())
}

/// A length of time in milliseconds.
pub(super) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// The time between two moments of the clock; none when the second came first.
pub(super) fn between(from: i64, to: i64) -> Option<Duration> {
    u64::try_from(to.checked_sub(from)?).ok().map(Duration::from_millis)
}

/// As the run's own clock counts: from the entry that set T0 on, each event is an anchor.
fn offsets(events: &[RunEvent], t0: Stamp, set_by: u64) -> Vec<i64> {
    let mut clock = RtoClock::starting(t0);
    events
        .iter()
        .map(|event| {
            if event.seq >= set_by {
                clock.observe(event.at);
                return grain(millis(clock.elapsed(event.at)));
            }
            grain(signed_since(event.at, t0))
        })
        .collect()
}

/// Milliseconds from `t0` to a moment, negative before it.
fn signed_since(at: Stamp, t0: Stamp) -> i64 {
    match millis(at.since(t0)) {
        0 => -millis(t0.since(at)),
        after => after,
    }
}
