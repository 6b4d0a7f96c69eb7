//! A report's text, where each claim stands in it, and the chain that it rests on.

use crate::domain::report::Claim;
use crate::domain::run::commit::Hash;
use crate::domain::text::Clean;
use crate::runtime::journal;

/// The journal's chain up to the entry that the report ends with.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The hash of that entry's line.
    pub(super) head: Hash,
    /// Its number.
    pub(super) entries: usize,
    /// Why the journal cannot be believed beyond it.
    pub(super) damage: Option<Clean>,
}

impl Chain {
    /// The chain in a sentence.
    pub(super) fn sentence(&self) -> String {
        let words = journal::head_words(self.head);
        match &self.damage {
            None => format!("whole up to entry #{}, head {words}", self.entries),
            Some(why) => format!("DAMAGED after entry #{}: {why}", self.entries),
        }
    }
}

/// Where a claim stands in a report's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its first byte.
    pub from: usize,
    /// The byte after it.
    pub to: usize,
    /// The claim's name.
    pub id: String,
    /// The entries that it rests on.
    pub entries: Vec<u64>,
}

/// A report's text, and where each claim stands in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The claims, in the order of the text.
    pub marks: Vec<Mark>,
}

impl Rendered {
    pub(super) fn put(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
    }

    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        self.put(text);
        self.text.push('\n');
    }

    /// Puts text that is said by something with a name.
    pub(super) fn said(&mut self, id: &str, entries: &[u64], text: impl AsRef<str>) {
        let from = self.text.len();
        self.put(text);
        let (id, entries) = (id.to_owned(), entries.to_vec());
        self.marks.push(Mark { from, to: self.text.len(), id, entries });
    }

    pub(super) fn claim(&mut self, claim: &Claim, text: impl AsRef<str>) {
        self.said(&claim.id, &claim.entries, text);
    }
}

/// Entries as `#3 #5-#9`; empty without any.
pub(super) fn entry_list(entries: &[u64], one: impl Fn(u64) -> String) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = entries;
    while let Some(first) = rest.first() {
        let run = rest.iter().zip(*first..).take_while(|(found, want)| *found == want).count();
        let last = rest[run - 1];
        match run {
            1 => parts.push(one(*first)),
            2 => parts.extend([one(*first), one(last)]),
            _ => parts.push(format!("{}-{}", one(*first), one(last))),
        }
        rest = &rest[run..];
    }
    parts.join(" ")
}

/// The entries that the claims of a row rest on.
pub(super) fn row_entries(row: &[Claim]) -> Vec<u64> {
    let mut entries: Vec<u64> =
        row.iter().flat_map(|claim| claim.entries.iter().copied()).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}
