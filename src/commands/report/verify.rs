//! Checks a report against its run's journal, offline: the chain, then the report made again.

use std::fmt;

use super::page::{Rendered, entry_list};
use super::render;
use super::seal::{self, Seal};
use crate::app::record::{Record, RecordError};
use crate::domain::report::SCHEMA;
use crate::domain::text::Clean;
use crate::runtime::journal::head_words;

/// The first place where a file is not what the journal tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The line, from 1.
    pub line: usize,
    /// The byte in it, from 1.
    pub column: usize,
    /// The claim that stands there, and its entries.
    pub claim: Option<(String, Vec<u64>)>,
    /// What the journal tells there.
    pub told: Clean,
    /// What the file says there.
    pub said: Clean,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, byte {}", self.line, self.column)?;
        if let Some((id, entries)) = &self.claim {
            write!(out, ": claim `{id}`")?;
            let entries = entry_list(entries, |seq| format!("#{seq}"));
            if entries.is_empty() {
                write!(out, " (rests on no entry)")?;
            } else {
                write!(out, " (entries {entries})")?;
            }
        }
        write!(out, "\n  the journal tells: {}\n  the file says:     {}", self.told, self.said)
    }
}

/// What is wrong with a report.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file does not end with a seal.
    #[error("this is no whole report: it has no seal that can be read")]
    NoSeal,
    /// A newer version wrote it.
    #[error("the report has form {0}, this version knows {SCHEMA}: use the version that wrote it")]
    Newer(u32),
    /// The file's own hash does not fit.
    #[error("the file was changed: its bytes do not have the hash of its seal")]
    Changed,
    /// The journal cannot be believed.
    #[error("the journal is not whole: {0}")]
    Journal(Clean),
    /// The journal is of another run, or its past was changed.
    #[error("{0}")]
    Chain(String),
    /// The journal tells something else.
    #[error("the report is not what the journal tells, first at {0}")]
    Differs(Difference),
    /// The journal does not make a report.
    #[error(transparent)]
    Report(#[from] RecordError),
}

/// What was found to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The last entry that the report was made from.
    pub entries: u64,
    /// Entries of the journal now.
    pub all: u64,
    /// The claims that were compared.
    pub claims: usize,
    /// The head of the chain at that entry, in words.
    pub words: String,
}

/// Whether a file is as it was written, by its own hash; says nothing about the journal.
///
/// # Errors
/// When it has no seal, is of a newer form, or was changed.
pub fn sealed(file: &[u8]) -> Result<Seal, Fault> {
    let seal = known(file)?;
    if seal.holds(file) { Ok(seal) } else { Err(Fault::Changed) }
}

/// The seal of a file, in a form that this version knows.
fn known(file: &[u8]) -> Result<Seal, Fault> {
    let seal = seal::find(file).ok_or(Fault::NoSeal)?;
    if seal.schema == SCHEMA { Ok(seal) } else { Err(Fault::Newer(seal.schema)) }
}

/// Whether a file says what the journal tells: the chain, the entry it ends with, every byte.
///
/// A file whose own hash does not fit is compared too, so that the place can be named.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(file: &[u8], record: &Record) -> Result<Verified, Fault> {
    let seal = known(file)?;
    if let Some(damage) = record.back.finding.damage() {
        return Err(Fault::Journal(damage));
    }
    let all = record.back.events.len();
    let entries = usize::try_from(seal.entries).unwrap_or(usize::MAX);
    let Some(head) = entries.checked_sub(1).and_then(|last| record.back.hashes.get(last)) else {
        return Err(Fault::Chain(format!(
            "the report ends with entry #{entries}, the journal with #{all}"
        )));
    };
    let expected = render(record, entries, seal.format)?;
    if let Some(difference) = difference(file, &expected) {
        return Err(Fault::Differs(difference));
    }
    let (claims, words) = (expected.marks.len(), head_words(*head));
    Ok(Verified { entries: seal.entries, all: all as u64, claims, words })
}

/// Bytes shown of what differs, at least.
const SHOWN_MIN: usize = 24;

/// The first place where a file differs from the report as it must be; none when every byte is
/// the same.
pub fn difference(file: &[u8], expected: &Rendered) -> Option<Difference> {
    let want = expected.text.as_bytes();
    if file == want {
        return None;
    }
    let at = first_difference(file, want);
    let start = want[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = want[..at].split(|byte| *byte == b'\n').count();
    let claim = expected.marks.iter().find(|mark| (mark.from..mark.to.max(1)).contains(&at));
    let claim = claim.or_else(|| {
        // A change between the claims of a line is told with the line's first one.
        expected.marks.iter().find(|mark| mark.from >= start && mark.from <= at)
    });
    let from = claim.map_or(start, |mark| mark.from.min(at));
    let end = claim.map_or(at, |mark| mark.to.max(at));
    // Without a claim to show, some bytes around must do.
    let least = if claim.is_some() { 1 } else { SHOWN_MIN };
    let part = |bytes: &[u8], more: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let shown = &line[..line.len().min((end - from).max(least) + more)];
        let text = String::from_utf8_lossy(shown);
        if text.is_empty() { "nothing".into() } else { Clean::new(&text) }
    };
    Some(Difference {
        line,
        column: at - start + 1,
        claim: claim.map(|mark| (mark.id.clone(), mark.entries.clone())),
        told: part(want, 0),
        said: part(file, SHOWN_MIN / 2),
    })
}

/// The first byte that differs, or the end of the shorter one.
fn first_difference(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 4096;
    let pairs = one.chunks(STEP).zip(other.chunks(STEP));
    let same = pairs.take_while(|(one, other)| one == other).count() * STEP;
    let same = same.min(one.len()).min(other.len());
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(one, other)| one == other).count()
}
