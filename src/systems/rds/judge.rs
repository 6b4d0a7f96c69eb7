//! From what both sides told to the reading of one side: health, role, lag and every fact by name.

use super::facts::facts;
use super::settings::Rds;
use super::state::{Flow, Instance};
use crate::domain::reading::{Basis, Certainty, Health, Lag, LagUnit, Reading, Role, Writes};
use crate::domain::time::no_less;
use crate::systems::kit::aws::beside::Condition;
use crate::systems::kit::server::Sight;

/// One side in one look.
pub(super) type View<'a> = Sight<'a, Rds>;

/// The metrics of an instance.
pub(super) const METRICS: [&str; 2] = ["ReplicaLag", "OldestReplicationSlotLag"];

/// What is known of the lag.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// So many seconds at most.
    AtMost(f64),
    /// Why it is not known.
    Unknown(String),
}

impl Instance {
    pub(super) fn condition(&self) -> Condition {
        Condition::of(&self.status)
    }

    /// It is a replica until Amazon names no source any more: after a promotion was ordered it says
    /// `available` for a while, and is none.
    pub(super) fn role(&self) -> Role {
        if self.source.is_some() { Role::Standby } else { Role::Primary }
    }

    /// What is not as it should be with its replication, if anything is told of it.
    pub(super) fn broken(&self) -> Option<&Flow> {
        self.links.iter().find(|link| !link.is_normal)
    }

    /// Whether it takes writes. One that is stopped cannot; nothing else proves it here.
    pub(super) fn writes(&self) -> Writes {
        match (self.role(), self.status.as_str()) {
            (Role::Standby, _) | (Role::Primary, "stopped") => Writes::Refused,
            (Role::Primary, _) if self.condition() == Condition::Serves => Writes::Open,
            (Role::Primary, _) => Writes::Unknown,
        }
    }
}

impl View<'_> {
    /// What it copies from, where that was read in the same look.
    fn source(&self) -> Option<&Instance> {
        let other = &self.other?.told;
        self.own.told.copies(other).then_some(other)
    }

    /// How far it is behind at most: what it was when Amazon measured it, and all the time since.
    pub(super) fn lag_found(&self) -> Found {
        let unknown = |why: &str| Found::Unknown(why.to_owned());
        let own = &self.own.told;
        let Some(source) = self.source() else {
            return match self.other {
                Some(_) => unknown("it copies from another instance than the other side's"),
                None => unknown("the source is not read"),
            };
        };
        if let Some(link) = own.broken() {
            return Found::Unknown(format!("its replication is {}", link.status));
        }
        if source.condition() == Condition::Gone {
            return Found::Unknown(format!("the source is {}", source.status));
        }
        match self.own.beside.lag_at_most_s(0, METRICS[0], 1.0) {
            Ok(seconds) => Found::AtMost(seconds),
            Err(why) => Found::Unknown(why.to_string()),
        }
    }

    fn lag(&self) -> Lag {
        let unknown = Lag::unknown(LagUnit::Bytes, Basis::Metric);
        match self.lag_found() {
            Found::AtMost(seconds) => {
                Lag { seconds: Some(seconds), certainty: Certainty::Known, ..unknown }
            }
            Found::Unknown(_) => unknown,
        }
    }
}

/// The reading of one side.
pub(super) fn reading(view: &View<'_>) -> Reading {
    let own = &view.own.told;
    let role = own.role();
    let mut reading = Reading::new(view.at, health(view), note(view));
    reading.took_ms = Some(view.took_ms);
    reading.role = Some(role);
    reading.writes = Some(own.writes());
    reading.identity = Some(view.own.identity());
    reading.lag = (role == Role::Standby).then(|| view.lag());
    reading.facts = facts(view);
    reading
}

fn note(view: &View<'_>) -> String {
    let own = &view.own.told;
    let status = &own.status;
    if own.role() == Role::Primary {
        let zones = if own.multi_az { "Multi-AZ" } else { "one zone" };
        return format!("PRIMARY, {status}, {zones}");
    }
    match view.lag_found() {
        Found::AtMost(seconds) => {
            format!("standby, {status}, at most {} behind", no_less(seconds))
        }
        Found::Unknown(why) => format!("standby, {status}, lag UNKNOWN: {why}"),
    }
}

fn health(view: &View<'_>) -> Health {
    let own = &view.own.told;
    if own.condition() == Condition::Gone {
        return Health::Down(format!("the instance is {}", own.status).into());
    }
    let mut reasons = Vec::new();
    if view.other.is_some_and(|other| other.told.resource == own.resource) {
        reasons.push("A and B are one and the same instance".to_owned());
    }
    if own.condition() == Condition::Changes {
        reasons.push(format!("the instance is {}", own.status));
    }
    if let Some(link) = own.broken().filter(|_| own.role() == Role::Standby) {
        let more = if link.message.as_str().is_empty() { "" } else { ": " };
        reasons.push(format!("its replication is {}{more}{}", link.status, link.message));
    }
    if let (Some(source), None, Some(_)) = (&own.source, view.source(), view.other) {
        reasons.push(format!("it copies from {source}, not from the other side"));
    }
    if let (Role::Standby, Err(why)) = (own.role(), &view.own.beside.points) {
        reasons.push(format!("its lag cannot be read: {why}"));
    }
    reasons.extend(old_backup(view));
    Health::lacking(reasons)
}

fn old_backup(view: &View<'_>) -> Option<String> {
    let most = view.settings.named.backup_at_most?;
    let words = match view.aside.restorable_ms() {
        None => return None,
        Some(Err(why)) => format!("its backups cannot be read: {why}"),
        Some(Ok(None)) => "there is no backup of it in this region".to_owned(),
        Some(Ok(Some(at_ms))) => {
            let age_s = view.own.beside.age_s(*at_ms);
            if age_s <= most.as_secs_f64() {
                return None;
            }
            format!("what its backup in this region can restore is {} old", no_less(age_s))
        }
    };
    Some(words)
}
