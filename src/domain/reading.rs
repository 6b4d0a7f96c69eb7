//! What one look at one system in one region told: health, role, lag, capacity and named facts.

use serde::{Deserialize, Serialize};

pub use super::held::{Held, HeldUnit, Part};
pub use super::lag::{Basis, Certainty, Lag, LagUnit, Unreceived};
use super::link::Link;
use super::text::Clean;
use super::time::Stamp;

/// What a probe says of the thing it looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "snake_case")]
pub enum Health {
    /// It does its work.
    Up,
    /// It works, but not as it should; the reason.
    Degraded(Clean),
    /// It answered that it does not work; the reason. Counts as a failed probe.
    Down(Clean),
    /// The answer does not tell; the reason. Never shown as healthy, never counted as failed.
    Unknown(Clean),
}

impl Health {
    /// It works, but for these reasons not as it should; up without any.
    pub fn lacking(reasons: impl IntoIterator<Item = String>) -> Self {
        let reasons: Vec<String> = reasons.into_iter().collect();
        if reasons.is_empty() { Self::Up } else { Self::Degraded(reasons.join("; ").into()) }
    }

    /// The same with one more thing that is not as it should be, if there is one.
    pub fn but(self, reason: Option<String>) -> Self {
        let Some(reason) = reason else { return self };
        match self {
            Self::Up => Self::Degraded(reason.into()),
            Self::Degraded(why) => Self::Degraded(format!("{why}; {reason}").into()),
            // What is graver is not made longer by it.
            Self::Down(_) | Self::Unknown(_) => self,
        }
    }
}

/// The fact by which a store tells that a write made now would succeed.
pub const WRITABLE: &str = "writable";

/// Which part a replicated store plays, told by the store itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Accepts writes.
    Primary,
    /// Follows a primary.
    Standby,
}

impl Role {
    /// `PRIMARY` or `standby`, as the screen says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Standby => "standby",
        }
    }
}

/// Whether a side of a store takes writes now, told by the store itself and apart from its role: a
/// fenced primary is a primary that refuses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// A new session can write, or an old one still may.
    Open,
    /// Proven closed: nothing that is there or comes can commit a write.
    Refused,
    /// It cannot be told. Never taken for closed.
    Unknown,
}

impl Writes {
    /// The word of the fact `writes`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// Which server told a reading: by what it says of itself, never by the name it was reached by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What no other server shares with it: `7302914 started 2026-11-20T14:02:10.123456Z`. Two
    /// readings with the same text come from one server, whatever names led there.
    pub server: Clean,
    /// The data that it holds, equal on a primary and its replicas: a system identifier, a
    /// replication history.
    pub data: Clean,
}

impl Identity {
    /// True where that is another server, or this one started anew.
    pub fn is_other(&self, other: &Self) -> bool {
        self.server != other.server
    }

    /// Why the server that was met is not the one that is meant; none where it is, or where nobody
    /// said which is. Its data may have changed since by what was done here.
    pub fn another(&self, name: &str, expected: Option<&Self>) -> Option<String> {
        let expected = expected.filter(|expected| expected.is_other(self))?;
        Some(format!(
            "{name} is another server than the screen showed, or was started anew: expected {}, \
             met {}",
            expected.server, self.server
        ))
    }
}

/// Another primary of a store, which neither side speaks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rival {
    /// Where it is, or what it is called.
    pub place: Clean,
    /// True where it is silent and was primary when it was last heard: it may still take writes.
    pub is_silent: bool,
}

impl Rival {
    /// One that says so now.
    pub fn seen(place: impl Into<Clean>) -> Self {
        Self { place: place.into(), is_silent: false }
    }
}

/// A point in a store's history of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The history that it counts in; points of different histories cannot be compared.
    pub of: Clean,
    /// How far, in `unit`.
    pub at: u64,
    /// What it counts.
    pub unit: LagUnit,
}

/// Working units of the wanted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Ready to serve.
    pub ready: u32,
    /// Wanted for full service.
    pub wanted: u32,
}

impl Capacity {
    /// Ready of wanted, 0 to 1 (and above); nothing wanted counts as full.
    pub fn share(self) -> f64 {
        if self.wanted == 0 { 1.0 } else { f64::from(self.ready) / f64::from(self.wanted) }
    }
}

/// One named value of a reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The fact's name, one of those its kind lists.
    pub name: String,
    /// Its value.
    pub value: FactValue,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum FactValue {
    /// Yes or no.
    Boolean(bool),
    /// A plain count or amount.
    Number(f64),
    /// A length of time in seconds.
    Seconds(f64),
    /// A share, 0 to 1.
    Share(f64),
    /// A word or an identifier.
    Text(Clean),
    /// Not known; the reason. Satisfies no gate.
    Unknown(Clean),
}

impl FactValue {
    /// Words.
    pub fn text(words: impl Into<Clean>) -> Self {
        Self::Text(words.into())
    }

    /// How many there are.
    pub fn count(number: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts that are shown are below 2^52")]
        let number = number as f64;
        Self::Number(number)
    }

    /// Why there is none.
    pub fn unknown(why: impl Into<Clean>) -> Self {
        Self::Unknown(why.into())
    }

    /// The value as the screen shows it, with its unit.
    pub fn shown(&self) -> String {
        match self {
            Self::Boolean(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Self::Number(number) => format!("{number}"),
            Self::Seconds(seconds) => super::time::no_less(seconds.clamp(0.0, 1e15)),
            Self::Share(share) => percent(*share),
            Self::Text(text) => text.to_string(),
            Self::Unknown(why) => format!("UNKNOWN ({why})"),
        }
    }
}

/// A share in percent: `33.3 %`. What is little is never shown as nothing, nor nearly all as all.
fn percent(share: f64) -> String {
    let least = if share > 0.0 { 1.0 } else { 0.0 };
    let most = if share < 1.0 { 999.0 } else { 1000.0 };
    let percents = (share * 1000.0).round().clamp(least, most) / 10.0;
    let decimals = usize::from(percents.fract() != 0.0);
    format!("{percents:.decimals$} %")
}

/// What one look told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When the look began.
    pub at: Stamp,
    /// How long the answer took, in milliseconds; none where nothing was asked over a network.
    pub took_ms: Option<u64>,
    /// Whether it works.
    pub health: Health,
    /// The part it plays, for replicated stores.
    pub role: Option<Role>,
    /// Whether it takes writes; told by every system that tells a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<Writes>,
    /// A primary beside the server that speaks for the side, on neither side, where one is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rival: Option<Rival>,
    /// Why no write can succeed now although nothing forbids it; on a standby, why none could once
    /// it is promoted. It proves nothing closed: a fence asks `writes` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hindered: Option<Clean>,
    /// The server that told this; told by every system that can be acted on and knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// How far it is behind the other side; on the standby's reading only.
    pub lag: Option<Lag>,
    /// The link to its source and for how long it has been silent; on the standby's reading only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// How much data it holds; none where that cannot be told or changes as it is copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The parts that hold data each by itself, where a side is made of several; then `held` is
    /// none: what one lost is not seen in a sum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Where its history of changes ends: what is written on a primary, what is held on a standby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Position>,
    /// On a promoted store: where the history it followed ended and its own began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parted: Option<Position>,
    /// When the credentials end that it is watched with, where they do and nothing renews them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_end: Option<Stamp>,
    /// Ready of wanted, for compute.
    pub capacity: Option<Capacity>,
    /// Everything else by name.
    pub facts: Vec<Fact>,
    /// A few words for the panel, such as `200 in 12 ms`.
    pub note: Clean,
}

impl Reading {
    /// A reading with nothing but health and a note.
    pub fn new(at: Stamp, health: Health, note: impl Into<Clean>) -> Self {
        Self {
            at,
            took_ms: None,
            health,
            role: None,
            writes: None,
            rival: None,
            hindered: None,
            identity: None,
            lag: None,
            link: None,
            held: None,
            parts: Vec::new(),
            end: None,
            parted: None,
            credentials_end: None,
            capacity: None,
            facts: Vec::new(),
            note: note.into(),
        }
    }

    /// Whether this side of a store may take writes: its own word, else what its role says; none
    /// for what is no store.
    pub fn takes_writes(&self) -> Option<Writes> {
        self.writes.or_else(|| {
            self.role.map(|role| match role {
                Role::Primary => Writes::Open,
                Role::Standby => Writes::Refused,
            })
        })
    }

    /// True for a primary that is not proven closed: the side that a split brain is made of. What a
    /// standby takes is overwritten by its source, so it is no second primary.
    pub fn is_open_primary(&self) -> bool {
        self.role == Some(Role::Primary) && self.takes_writes() != Some(Writes::Refused)
    }

    /// The fact called `name`. What is hindered is not writable, whatever its settings say.
    pub fn fact(&self, name: &str) -> Option<&FactValue> {
        static NO: FactValue = FactValue::Boolean(false);
        if name == WRITABLE && self.hindered.is_some() {
            return Some(&NO);
        }
        self.facts.iter().find(|fact| fact.name == name).map(|fact| &fact.value)
    }
}

/// Why a look told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookErrorKind {
    /// No connection: refused, no route, name not found, connection cut.
    Unreachable,
    /// No answer within the deadline.
    Timeout,
    /// The peer answered something that the protocol does not allow.
    Garbage,
    /// The peer refused our credentials or rights: says nothing of its health.
    Permission,
    /// Our own side is at fault (no secret, a bad certificate store): says nothing of health.
    Ours,
}

/// A look that told nothing, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct LookError {
    /// What kind of failure.
    pub kind: LookErrorKind,
    /// One sentence for the screen.
    pub message: Clean,
}

impl LookError {
    /// A failed look.
    pub fn new(kind: LookErrorKind, message: impl Into<Clean>) -> Self {
        Self { kind, message: message.into() }
    }

    /// True when the failure counts as a failed probe of the peer; a missing right does not.
    pub fn counts_as_failure(&self) -> bool {
        match self.kind {
            LookErrorKind::Unreachable | LookErrorKind::Timeout | LookErrorKind::Garbage => true,
            LookErrorKind::Permission | LookErrorKind::Ours => false,
        }
    }
}

/// The outcome of one look at one side.
pub type Look = Result<Reading, LookError>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_not_nothing_and_nearly_all_is_not_all() {
        let check = |share: f64, want: &str| assert_eq!(FactValue::Share(share).shown(), want);
        check(0.0, "0 %");
        check(0.0001, "0.1 %");
        check(0.0012, "0.1 %");
        check(0.6, "60 %");
        check(1.0 / 3.0, "33.3 %");
        check(0.9999, "99.9 %");
        check(1.0, "100 %");
    }

    #[test]
    fn servers_are_told_apart_by_what_they_say() {
        let identity =
            |server: &str, data: &str| Identity { server: server.into(), data: data.into() };
        let check = |expected: Option<&Identity>, want: Option<&str>| {
            let found = identity("run 2", "h2").another("cache in B", expected);
            assert_eq!(found.as_deref(), want);
        };
        check(None, None);
        check(Some(&identity("run 2", "h1")), None);
        let words = "cache in B is another server than the screen showed, or was started anew: \
                     expected run 1, met run 2";
        check(Some(&identity("run 1", "h2")), Some(words));
    }
}
