//! What a criterion asks and wants, in words, and the list as it grows.

use crate::domain::ids::{Side, SystemId};
use crate::domain::rules::View;
use crate::domain::text::Clean;
use crate::domain::verdict::{Criterion, Met};

/// A fact of a standby that must not be yes: what is asked, what is found where it is yes, and what
/// is wanted instead.
pub(super) struct Marker {
    pub(super) fact: &'static str,
    pub(super) asks: &'static str,
    pub(super) found: &'static str,
    pub(super) wanted: &'static str,
}

/// The fact that compares the histories of both sides.
pub(super) const DIVERGED: &str = "diverged";

/// All such facts. One that is yes speaks against the standby and is an alarm.
pub(super) const MARKERS: &[Marker] = &[
    Marker {
        fact: "replay_paused",
        asks: "replay is not paused",
        found: "replay is paused",
        wanted: "replay goes on",
    },
    Marker {
        fact: DIVERGED,
        asks: "has not diverged",
        found: "its history has split from the other side's",
        wanted: "one history",
    },
];

/// What a criterion is about, in words, and what is wanted of it.
pub(super) struct Ask {
    pub(super) key: String,
    pub(super) asks: String,
    pub(super) about: String,
    pub(super) wanted: Clean,
    pub(super) alarm: Option<(SystemId, Side)>,
}

impl Ask {
    /// Of a standby's system: `healthy`, `pg in B`, `is healthy`, `healthy`. Where it is not met,
    /// that is an alarm of the system's.
    pub(super) fn of(what: &str, view: &View<'_>, asks: &str, wanted: impl Into<Clean>) -> Self {
        let about = view.name();
        let asks = format!("{about} {asks}");
        let alarm = Some((view.system.id.clone(), view.side));
        Self { key: key(what, view), asks, about, wanted: wanted.into(), alarm }
    }

    /// The same where another alarm says it already.
    pub(super) fn told_elsewhere(self) -> Self {
        Self { alarm: None, ..self }
    }

    /// Of no single system: the evidence says what it is about.
    pub(super) fn whole(key: String, asks: impl Into<String>) -> Self {
        let asks = asks.into();
        Self { key, wanted: asks.as_str().into(), asks, about: String::new(), alarm: None }
    }
}

/// The list as it grows.
#[derive(Default)]
pub(super) struct List(pub(super) Vec<Criterion>);

impl List {
    pub(super) fn add(&mut self, ask: Ask, met: Met, evidence: impl Into<Clean>) {
        let Ask { key, asks, about, wanted, alarm } = ask;
        let plain = Criterion::new(key, asks, met, evidence);
        self.0.push(Criterion { about: about.into(), wanted, alarm, ..plain });
    }

    /// Adds a line of which all is known, and it is less than wanted: a doubt, not an unknown.
    pub(super) fn add_known(&mut self, ask: Ask, evidence: impl Into<Clean>) {
        self.add(ask, Met::Unknown, evidence);
        if let Some(last) = self.0.last_mut() {
            last.known = true;
        }
    }

    /// Adds a line about a store: not knowing it is being blind.
    pub(super) fn add_store(&mut self, ask: Ask, met: Met, evidence: impl Into<Clean>) {
        self.add(ask, met, evidence);
        if let Some(last) = self.0.last_mut() {
            last.blinds = true;
        }
    }
}

/// `healthy/pg/b`.
fn key(what: &str, view: &View<'_>) -> String {
    format!("{what}/{}/{}", view.system.id, view.side.key())
}
