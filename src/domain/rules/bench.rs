//! Times, systems and looks for the tests of rules and judge.

use std::time::Duration;

use super::view::{Finding, View};
use crate::domain::ids::{RuleId, Side, SystemId, TierId};
use crate::domain::link::Link;
use crate::domain::objective::Objective;
use crate::domain::reading::{
    Basis, Capacity, Certainty, Fact, FactValue, Health, Identity, Lag, LagUnit, Look, LookError,
    LookErrorKind, Reading, Rival, Role, Writes,
};
use crate::domain::site::{RuleSpec, RuleTest, Site, SystemSpec};
use crate::domain::snapshot::{Cell, Snapshot};
use crate::domain::time::{BootId, Stamp};
use crate::stand;

/// The period of every system on the bench.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// A moment of the bench's boot.
pub(crate) fn at(second: u64) -> Stamp {
    let wall_ms = 1_795_183_000_000 + i64::try_from(second).expect("small") * 1000;
    Stamp { wall_ms, boot_ms: second * 1000, boot: BootId(1) }
}

pub(crate) fn id(name: &str) -> SystemId {
    SystemId::new(name).expect("a name")
}

pub(crate) fn system(name: &str) -> SystemSpec {
    SystemSpec {
        objective: Some(TierId::new("core").expect("a name")),
        every: EVERY,
        timeout: EVERY,
        ..stand::system(name, "sim")
    }
}

pub(crate) fn rule(name: &str, of: &str, test: RuleTest) -> RuleSpec {
    RuleSpec { id: RuleId::new(name).expect("a name"), system: id(of), test }
}

/// Gateway, pg and redis with a rule each (down after 3), pods without; RTO 1 h, RPO 5 min, two
/// signals, a reference.
pub(crate) fn site() -> Site {
    let down = |of: &str| rule(&format!("{of}_down"), of, RuleTest::Down { failures: 3 });
    Site {
        name: "lms".to_owned(),
        title: "Learning platform".into(),
        reference: vec!["https://ref.example/".to_owned()],
        red_needs_signals: 2,
        objectives: vec![Objective {
            tier: TierId::new("core").expect("a name"),
            rto: Duration::from_secs(3600),
            rpo: Duration::from_secs(300),
            rpo_guaranteed: false,
        }],
        regions: stand::regions(["us-east-1", "eu-central-1"]),
        rules: vec![down("gateway"), down("pg"), down("redis")],
        ..stand::site(["gateway", "pg", "redis", "pods"].map(system).to_vec())
    }
}

/// One look, described by what it told.
#[derive(Debug, Clone)]
pub(crate) enum Saw {
    Up,
    Slow(u64),
    Bad,
    Down,
    Silent,
    Forbidden,
    Primary,
    Standby,
    /// A primary that tells whether it takes writes.
    Writes(Writes),
    /// The same of a server with a name of its own.
    Server(&'static str, Writes),
    /// A third server takes writes too, or did and is silent.
    Rival(Role, bool),
    /// A standby with a lag in seconds.
    Lag(f64, Certainty, Basis),
    /// A standby with a fact.
    Told(&'static str, FactValue),
    /// A standby with a link.
    Linked(Link),
    /// Ready of wanted.
    Size(u32, u32),
}

impl Saw {
    pub(crate) fn look(&self, at: Stamp) -> Look {
        let mut reading = Reading::new(at, Health::Up, "fine");
        let error = |kind, words: &str| Err(LookError::new(kind, words));
        match self {
            Self::Up => {}
            Self::Slow(took_ms) => reading.took_ms = Some(*took_ms),
            Self::Bad => reading.health = Health::Degraded("slow disk".into()),
            Self::Down => reading.health = Health::Down("says 503".into()),
            Self::Silent => return error(LookErrorKind::Timeout, "no answer in 2s"),
            Self::Forbidden => return error(LookErrorKind::Permission, "permission denied"),
            Self::Primary => reading.role = Some(Role::Primary),
            Self::Standby => reading.role = Some(Role::Standby),
            Self::Writes(writes) => {
                (reading.role, reading.writes) = (Some(Role::Primary), Some(*writes));
            }
            Self::Server(name, writes) => {
                (reading.role, reading.writes) = (Some(Role::Primary), Some(*writes));
                let (server, data) = ((*name).into(), "cluster".into());
                reading.identity = Some(Identity { server, data });
            }
            Self::Rival(role, is_silent) => {
                let rival = Rival { is_silent: *is_silent, ..Rival::seen("10.0.0.9:6379") };
                (reading.role, reading.rival) = (Some(*role), Some(rival));
            }
            Self::Lag(seconds, certainty, basis) => {
                reading.role = Some(Role::Standby);
                reading.lag = Some(Lag {
                    seconds: Some(*seconds),
                    amount: None,
                    unit: LagUnit::Bytes,
                    basis: *basis,
                    certainty: *certainty,
                    unreceived: None,
                });
            }
            Self::Told(name, value) => {
                reading.role = Some(Role::Standby);
                reading.facts.push(Fact { name: (*name).to_owned(), value: value.clone() });
            }
            Self::Linked(link) => {
                (reading.role, reading.link) = (Some(Role::Standby), Some(link.clone()));
            }
            Self::Size(ready, wanted) => {
                reading.capacity = Some(Capacity { ready: *ready, wanted: *wanted });
            }
        }
        Ok(reading)
    }
}

/// A known lag by log position.
pub(crate) fn lag(seconds: f64) -> Saw {
    Saw::Lag(seconds, Certainty::Known, Basis::LogPosition)
}

/// A cell that heard `looks`, each at its second.
pub(crate) fn cell(looks: &[(u64, Saw)]) -> Cell {
    let mut cell = Cell::default();
    for (second, saw) in looks {
        cell.record(at(*second), saw.look(at(*second)));
    }
    cell
}

/// Looks every two seconds from `from` to `to`, both included.
pub(crate) fn stretch(from: u64, to: u64, saw: &Saw) -> Vec<(u64, Saw)> {
    (from..=to).step_by(2).map(|second| (second, saw.clone())).collect()
}

/// Records looks of one system on one side.
pub(crate) fn hear(snapshot: &mut Snapshot, name: &str, side: Side, looks: &[(u64, Saw)]) {
    for (second, saw) in looks {
        snapshot.record(&id(name), side, at(*second), saw.look(at(*second)));
    }
}

/// Asks a rule about a cell at `now`, in one word: the second since when it speaks, `quiet`, or why
/// it cannot tell.
pub(crate) fn word(cell: &Cell, now: Stamp, ask: impl Fn(&View<'_>) -> Finding) -> String {
    let system = system("pg");
    match ask(&View { system: &system, side: Side::A, cell, now }) {
        Finding::Speaks { since, .. } => format!("since {}", since.boot_ms / 1000),
        Finding::Quiet => "quiet".to_owned(),
        Finding::CannotTell(_) => "cannot tell".to_owned(),
    }
}
