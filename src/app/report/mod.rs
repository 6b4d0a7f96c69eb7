//! The report of a run in three formats, made from its folder alone, sealed, and checked again.

mod html;
mod json;
mod markdown;
pub mod seal;
mod svg;
pub mod verify;

use std::path::Path;

use super::{resume, site_file};
use crate::domain::report::{Claim, Report};
use crate::domain::run::commit::Hash;
use crate::domain::run::event::RunEvent;
use crate::domain::run::misfit::Misfit;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::runtime::journal::{self, Finding, JournalError};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Markdown.
    Md,
    /// One HTML file with its charts in it; nothing is loaded.
    Html,
    /// JSON, one claim a line.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Md, Self::Html, Self::Json];

    /// Its name on the command line and in the seal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// The format of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A frozen file does not say what it said.
    #[error("the run's frozen {0} cannot be read: {1}")]
    Frozen(&'static str, String),
    /// The events do not fit the plan.
    #[error("the journal is damaged: {0}")]
    Misfit(#[from] Misfit),
    /// No event was recorded.
    #[error("the journal holds no event")]
    Empty,
}

/// What a report is made from: a run's folder as read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The journal's events, numbered from 1.
    pub events: Vec<RunEvent>,
    /// The hash of each event's line.
    pub hashes: Vec<Hash>,
    /// What was found beside them.
    pub finding: Finding,
    /// The frozen plan.
    pub runbook: Runbook,
    /// The frozen site.
    pub site: Site,
}

impl Source {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// When the journal or a frozen file cannot be read; damage is a finding, not an error.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let back = journal::read(folder)?;
        let site = site_file::parse(&back.site)
            .map_err(|fault| ReportError::Frozen("site file", fault.to_string()))?;
        let runbook = resume::frozen_plan(&back.runbook, &site)
            .map_err(|error| ReportError::Frozen("runbook", error.to_string()))?;
        let (events, hashes, finding) = (back.events, back.hashes, back.finding);
        Ok(Self { events, hashes, finding, runbook, site })
    }

    /// Why not all of the journal can be believed; a write that is just being made is no damage.
    pub fn damage(&self) -> Option<Clean> {
        match &self.finding {
            Finding::Whole | Finding::TornTail { .. } => None,
            Finding::Damaged { .. } | Finding::NewerCritical { .. } => {
                Some(self.finding.sentence())
            }
        }
    }

    /// The report as of an entry, in a format, sealed.
    ///
    /// # Errors
    /// When there is no such entry, or the events do not fit the plan.
    pub fn render(&self, entries: usize, format: Format) -> Result<Rendered, ReportError> {
        let events = self.events.get(..entries).ok_or(ReportError::Empty)?;
        let run = Run::replay(&self.runbook, events)?.ok_or(ReportError::Empty)?;
        let head = self.hashes.get(entries - 1).copied().unwrap_or(Hash::NONE);
        let report = Report::of(&run, &self.runbook, &self.site);
        let chain = Chain { head, entries, damage: self.damage() };
        let mut out = match format {
            Format::Md => markdown::write(&report, &chain),
            Format::Html => html::write(&report, &chain),
            Format::Json => json::write(&report, &chain),
        };
        seal::close(&mut out.text);
        Ok(out)
    }

    /// The report of everything that was read.
    ///
    /// # Errors
    /// When there is no event, or the events do not fit the plan.
    pub fn render_all(&self, format: Format) -> Result<Rendered, ReportError> {
        self.render(self.events.len(), format)
    }
}

/// The journal's chain up to the entry that the report ends with.
#[derive(Debug, Clone)]
struct Chain {
    /// The hash of that entry's line.
    head: Hash,
    /// Its number.
    entries: usize,
    /// Why the journal cannot be believed beyond it.
    damage: Option<Clean>,
}

impl Chain {
    /// The chain in a sentence.
    fn sentence(&self) -> String {
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
    fn put(&mut self, text: impl AsRef<str>) {
        self.text.push_str(text.as_ref());
    }

    fn line(&mut self, text: impl AsRef<str>) {
        self.put(text);
        self.text.push('\n');
    }

    /// Puts text that is said by something with a name.
    fn said(&mut self, id: &str, entries: &[u64], text: impl AsRef<str>) {
        let from = self.text.len();
        self.put(text);
        let (id, entries) = (id.to_owned(), entries.to_vec());
        self.marks.push(Mark { from, to: self.text.len(), id, entries });
    }

    fn claim(&mut self, claim: &Claim, text: impl AsRef<str>) {
        self.said(&claim.id, &claim.entries, text);
    }
}

/// Entries as `#3 #5-#9`; empty without any.
fn entry_list(entries: &[u64], one: impl Fn(u64) -> String) -> String {
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
fn row_entries(row: &[Claim]) -> Vec<u64> {
    let mut entries: Vec<u64> =
        row.iter().flat_map(|claim| claim.entries.iter().copied()).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}
