//! From a decision to an effect: a pledge on record becomes a grant, a grant the runner's work.
//!
//! Nothing acts before it is on record, kept by types: a [`Pledge`] cannot be performed; only the
//! journal's [`Receipt`] turns it into a [`Grant`]; and only the runner, holding the attempt's lock
//! and having found the intent in the journal, makes the [`Execution`] that an operator wants.
//!
//! ```compile_fail
//! use warroom::domain::run::commit::{Execution, Pledge};
//! // A pledge cannot be passed where an execution is wanted.
//! fn act(pledge: &Pledge) -> &Execution { pledge }
//! ```

use serde::{Deserialize, Serialize};

use super::event::{Body, Purpose};
use crate::domain::ids::{RunId, StepId};

/// The SHA-256 of one line of the journal as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash before the first line.
    pub const NONE: Self = Self([0; 32]);

    /// 64 hex digits.
    pub fn hex(&self) -> String {
        let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.hex()
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err("a hash has 64 hex digits");
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16)
                .map_err(|_| "a hash has 64 hex digits")?;
        }
        Ok(Self(bytes))
    }
}

/// The journal's word that a record is durable. Made by `runtime/journal` only
/// (`tests/fast/tidy.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    seq: u64,
    hash: Hash,
}

impl Receipt {
    /// The receipt of a record that was written and synced.
    pub fn of_durable(seq: u64, hash: Hash) -> Self {
        Self { seq, hash }
    }

    /// The record's number.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the record's line.
    pub fn hash(&self) -> Hash {
        self.hash
    }
}

/// An attempt that was decided and waits to be on record. Made by `decide` only.
#[derive(Debug, Clone, PartialEq)]
pub struct Pledge {
    body: Body,
    step: StepId,
    attempt: u32,
    purpose: Purpose,
}

impl Pledge {
    /// The pledge of an INTENT; none for any other word.
    pub(super) fn of_intent(body: Body) -> Option<Self> {
        let Body::Intended { step, attempt, purpose, .. } = &body else { return None };
        let (step, attempt, purpose) = (step.clone(), *attempt, *purpose);
        Some(Self { body, step, attempt, purpose })
    }

    /// The word to be recorded.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The grant, now that the word is on record.
    pub fn recorded(self, run: RunId, receipt: Receipt) -> Grant {
        let Self { step, attempt, purpose, .. } = self;
        Grant {
            intent: IntentRecord {
                run,
                step,
                attempt,
                purpose,
                seq: receipt.seq,
                hash: receipt.hash,
            },
        }
    }
}

/// An attempt that is on record and may be performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    intent: IntentRecord,
}

impl Grant {
    /// What is written into the attempt's folder for its runner.
    pub fn intent(&self) -> &IntentRecord {
        &self.intent
    }
}

/// An attempt as its runner finds it in the attempt's folder; worth nothing without the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentRecord {
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: StepId,
    /// The attempt.
    pub attempt: u32,
    /// Forward or back.
    pub purpose: Purpose,
    /// The number of its record.
    pub seq: u64,
    /// The hash of its record's line.
    pub hash: Hash,
}

/// Proof, inside the runner, that this attempt is on record and locked. Made by `runtime/runner`
/// (and by the simulator's hands in tests) only, see `tests/fast/tidy.rs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    intent: IntentRecord,
    key: u32,
}

impl Execution {
    /// The execution of an intent whose lock is held and whose record was found in the journal;
    /// `key` is the number of the key that the record grants.
    pub fn of_locked_intent(intent: IntentRecord, key: u32) -> Self {
        Self { intent, key }
    }

    /// The attempt.
    pub fn intent(&self) -> &IntentRecord {
        &self.intent
    }

    /// The key by which a target removes duplicates: the same for every attempt at one and the same
    /// act, until a person grants a new one: `lms-20261120-140210/promote-pg/1`.
    pub fn key(&self) -> String {
        let back = match self.intent.purpose {
            Purpose::Forward => "",
            Purpose::Compensate => "/back",
        };
        format!("{}/{}/{}{back}", self.intent.run, self.intent.step, self.key)
    }
}
