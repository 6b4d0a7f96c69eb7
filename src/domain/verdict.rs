//! What the readings mean: is the primary lost, is it us, is the standby fit, what else is wrong.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{Side, SystemId};
use super::text::Clean;
use super::time::Stamp;

/// May the standby be taken into service now? Only `Go` may be without reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All criteria are met.
    Go,
    /// It may be, with these doubts.
    Caution(Vec<Clean>),
    /// It must not be, for these reasons.
    NoGo(Vec<Clean>),
    /// It cannot be told, for these reasons.
    Blind(Vec<Clean>),
}

impl Verdict {
    /// `GO`, `CAUTION`, `NO-GO` or `BLIND`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::Caution(_) => "CAUTION",
            Self::NoGo(_) => "NO-GO",
            Self::Blind(_) => "BLIND",
        }
    }

    /// The sum of the criteria: one that is not met speaks louder than one that cannot be told.
    pub fn of(criteria: &[Criterion]) -> Self {
        let reasons = |want: &dyn Fn(&Criterion) -> bool| -> Vec<Clean> {
            let wanted = criteria.iter().filter(|criterion| want(criterion));
            wanted.map(Criterion::says).collect()
        };
        let against = reasons(&|criterion| criterion.met == Met::No);
        if !against.is_empty() {
            return Self::NoGo(against);
        }
        let blind = reasons(&|criterion| criterion.met == Met::Unknown && criterion.blinds);
        if !blind.is_empty() {
            return Self::Blind(blind);
        }
        let doubts = reasons(&|criterion| criterion.met == Met::Unknown);
        match (doubts.is_empty(), criteria.is_empty()) {
            (false, _) => Self::Caution(doubts),
            (true, true) => Self::Blind(vec!["nothing is known of the standby".into()]),
            (true, false) => Self::Go,
        }
    }

    /// The reasons, none for `Go`.
    pub fn reasons(&self) -> &[Clean] {
        match self {
            Self::Go => &[],
            Self::Caution(reasons) | Self::NoGo(reasons) | Self::Blind(reasons) => reasons,
        }
    }
}

/// The beginning of the keys of the alarms that two primaries are.
pub const SPLIT_KEY: &str = "split/";

/// How urgent an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// `■1`.
    ActNow,
    /// `▲2`.
    ActSoon,
    /// `◆3`.
    Know,
}

/// One thing that is wrong, with what follows from it folded beneath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Stays the same from frame to frame, so that it can be acknowledged: `down/a`,
    /// `rule/pg_down/a`.
    pub key: String,
    /// How urgent.
    pub priority: Priority,
    /// The system it is about, where it is one.
    pub system: Option<SystemId>,
    /// The region it is about, where it is one.
    pub side: Option<Side>,
    /// Since when.
    pub since: Option<Stamp>,
    /// One sentence.
    pub sentence: Clean,
    /// Alarms that this one explains.
    pub consequences: Vec<Consequence>,
}

impl Alarm {
    /// An alarm of no system, region or moment, which explains no other.
    pub fn new(key: impl Into<String>, priority: Priority, sentence: impl Into<Clean>) -> Self {
        let (key, sentence, consequences) = (key.into(), sentence.into(), Vec::new());
        Self { key, priority, system: None, side: None, since: None, sentence, consequences }
    }

    /// The order of rows: urgent ones first, then the earlier.
    pub fn urgency(&self) -> (bool, Priority, bool, u64) {
        // Every write that goes on makes two primaries worse: nothing stands before them.
        let split = self.key.starts_with(SPLIT_KEY);
        let since = self.since.map_or(0, |since| since.boot_ms);
        (!split, self.priority, self.since.is_none(), since)
    }
}

/// An alarm that another one explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consequence {
    /// How urgent it would be alone.
    pub priority: Priority,
    /// The system it is about, where it is one.
    pub system: Option<SystemId>,
    /// The region it is about, where it is one.
    pub side: Option<Side>,
    /// One sentence.
    pub sentence: Clean,
}

impl From<Alarm> for Consequence {
    fn from(alarm: Alarm) -> Self {
        let Alarm { priority, system, side, sentence, .. } = alarm;
        Self { priority, system, side, sentence }
    }
}

/// One failing system that speaks for the loss of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The system.
    pub system: SystemId,
    /// The start of the first failed look of its series.
    pub since: Stamp,
    /// What the looks said.
    pub why: Clean,
    /// True while its rule still counts: looks failed, but fewer than the rule wants.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub early: bool,
}

/// How well the start of an outage is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "T0Word")]
pub enum T0Basis {
    /// The first failed look after a good one was seen.
    Exact,
    /// The first look of all already failed: T0 is at or before it.
    AtOrBefore,
    /// A commander set it, with a reason; in the declaration of an earlier version, as `Declared`.
    Set,
    /// The moment of the declaration: a planned run leaves a region that was not lost.
    Declared,
}

impl T0Basis {
    /// How well T0 is known as a run is declared, where nobody can have set it yet.
    pub fn declared(self) -> Self {
        match self {
            Self::Set => Self::Declared,
            Self::Exact | Self::AtOrBefore | Self::Declared => self,
        }
    }
}

/// The state of the region that serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Primary {
    /// No rule speaks against it.
    Healthy,
    /// Something fails, but fewer systems than it takes.
    Suspect {
        /// What fails.
        signals: Vec<Signal>,
    },
    /// Enough distinct systems fail while the reference answers.
    Red {
        /// The first failed look of the series.
        t0: Stamp,
        /// How well that is known.
        basis: T0Basis,
        /// What fails.
        signals: Vec<Signal>,
    },
    /// The reference is silent too: our own network.
    ItIsUs {
        /// What fails.
        signals: Vec<Signal>,
    },
    /// Not enough is known to say; the reason.
    Blind(Clean),
}

impl Primary {
    /// What fails; none where nothing does, or nothing can be told.
    pub fn signals(&self) -> &[Signal] {
        match self {
            Self::Suspect { signals } | Self::Red { signals, .. } | Self::ItIsUs { signals } => {
                signals
            }
            Self::Healthy | Self::Blind(_) => &[],
        }
    }
}

/// Whether a written criterion is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MetWord")]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It cannot be told.
    Unknown,
}

impl Met {
    /// `met`, `NOT MET` or `UNKNOWN`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "met",
            Self::No => "NOT MET",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// Since when a criterion has been as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The first moment at which it was seen so.
    pub at: Stamp,
    /// True when it was seen to become so; false when it was so at the first look of all.
    pub exact: bool,
}

/// One written go/no-go criterion with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// Stays the same from frame to frame and from run to run: `healthy/pg/b`.
    pub key: String,
    /// What is asked, such as `pg in B follows`: the name by which it is accepted and kept.
    pub asks: Clean,
    /// What it is about, such as `pg in B`; empty where the evidence says so itself.
    pub about: Clean,
    /// What is wanted of it, such as `healthy`.
    pub wanted: Clean,
    /// The system and the region that it is about, where NOT MET is an alarm of theirs; none where
    /// another alarm says the same.
    pub alarm: Option<(SystemId, Side)>,
    /// Whether it is so.
    pub met: Met,
    /// The evidence: what is seen, as a finding about `about`.
    pub evidence: Clean,
    /// True when not knowing it is being blind instead of doubtful.
    pub blinds: bool,
    /// True where what it is is known, and is less than wanted without being against going.
    pub known: bool,
    /// Since when it has been so; none before anybody kept count.
    pub since: Option<Since>,
}

impl Criterion {
    /// A criterion of which nobody kept count yet; not knowing it is a doubt.
    pub fn new(key: String, asks: impl Into<Clean>, met: Met, evidence: impl Into<Clean>) -> Self {
        let (asks, evidence): (Clean, Clean) = (asks.into(), evidence.into());
        let (about, wanted) = (Clean::default(), asks.clone());
        let (alarm, blinds, known, since) = (None, false, false, None);
        Self { key, asks, about, wanted, alarm, met, evidence, blinds, known, since }
    }

    /// `met`, `NOT MET`, `UNKNOWN`, or `CAUTION` where what is known of it is less than wanted.
    pub fn word(&self) -> &'static str {
        if self.known && self.met == Met::Unknown { "CAUTION" } else { self.met.word() }
    }

    /// What is, where its word stands beside it: that is not said again.
    pub fn found_beside_word(&self) -> String {
        let evidence = self.evidence.as_str();
        let rest = evidence.strip_prefix(self.word()).filter(|rest| rest.starts_with([':', ' ']));
        let evidence = rest.map_or(evidence, |rest| rest.trim_start_matches([':', ' ']));
        Self { evidence: evidence.into(), ..self.clone() }.found()
    }

    /// What is, before what is wanted: `pg in B: DOWN, no answer in 2s (wanted: healthy)`; what is
    /// met says so and why: `pg in B is healthy: up, read 2s ago`.
    pub fn says(&self) -> Clean {
        match self.met {
            Met::Yes => format!("{}: {}", self.asks, self.evidence).into(),
            Met::No | Met::Unknown => format!("{} (wanted: {})", self.found(), self.wanted).into(),
        }
    }

    /// What is, by itself: `pg in B: DOWN, no answer in 2s`.
    pub fn found(&self) -> String {
        let (about, evidence) = (&self.about, &self.evidence);
        if about.as_str().is_empty() {
            evidence.to_string()
        } else {
            format!("{about}: {evidence}")
        }
    }
}

/// Everything the readings mean at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The region that serves or served until the incident.
    pub active: Side,
    /// Its state.
    pub primary: Primary,
    /// True when as much fails at the other side as would make a primary red.
    pub standby_lost: bool,
    /// Systems that report two primaries: their names and since when.
    pub split_brain: Vec<(SystemId, Stamp)>,
    /// What is wrong, most urgent first, causes before consequences.
    pub alarms: Vec<Alarm>,
    /// The written criteria for taking the standby into service.
    pub criteria: Vec<Criterion>,
    /// The sum of the criteria.
    pub verdict: Verdict,
}

impl Assessment {
    /// Before anything was judged: nothing is known, which is never well.
    pub fn unjudged(active: Side) -> Self {
        Self {
            active,
            primary: Primary::Blind("nothing was judged yet".into()),
            standby_lost: false,
            split_brain: Vec::new(),
            alarms: Vec::new(),
            criteria: Vec::new(),
            verdict: Verdict::of(&[]),
        }
    }

    /// Adds an alarm in its place.
    pub fn raise(&mut self, alarm: Alarm) {
        self.alarms.push(alarm);
        self.alarms.sort_by_key(Alarm::urgency);
    }

    /// How urgent the worst is that is said of each system on a side, folded or not: what its row
    /// is marked with, and what is counted.
    pub fn urgent(&self) -> HashMap<(&SystemId, Side), Priority> {
        let mut worst: HashMap<(&SystemId, Side), Priority> = HashMap::new();
        let alarms = self.alarms.iter().map(|alarm| (&alarm.system, alarm.side, alarm.priority));
        let folded = self.alarms.iter().flat_map(|alarm| &alarm.consequences);
        let folded = folded.map(|other| (&other.system, other.side, other.priority));
        for (system, side, priority) in alarms.chain(folded) {
            let Some(system) = system else { continue };
            // What is about a system and neither region is about both.
            for here in Side::BOTH.into_iter().filter(|here| side.is_none_or(|one| one == *here)) {
                let known = worst.entry((system, here)).or_insert(priority);
                *known = priority.min(*known);
            }
        }
        worst
    }

    /// The standby's side.
    pub fn standby(&self) -> Side {
        self.active.other()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_primaries_stand_before_whatever_is_raised() {
        let split = Alarm::new(format!("{SPLIT_KEY}pg"), Priority::ActNow, "SPLIT BRAIN");
        let red = Alarm::new("red/a", Priority::ActNow, "PRIMARY one DOWN");
        let mut told = Assessment::unjudged(Side::A);
        for alarm in [red, split, Alarm::new("gate", Priority::ActNow, "not met")] {
            told.raise(alarm);
        }
        assert_eq!(told.alarms[0].sentence.as_str(), "SPLIT BRAIN");
    }
}
