//! Made-up moments of a made-up site, for screenshots and tests; nothing of the program reads them.

mod actions;
mod dialogs;
mod moments;
mod pace;
mod plan;
mod site;
mod story;
mod world;

use std::sync::LazyLock;

use crate::domain::console::{Access, JournalState, OutputLine, Rehearsal, TimelineRow};
use crate::domain::day::Day;
use crate::domain::forecast::Forecast;
use crate::domain::ledger::Ledger;
use crate::domain::run::event::{Actor, RunKind};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::{BootId, Stamp};
use crate::domain::verdict::Assessment;

use super::available::guide;
use super::keymap::{self, Keymap};
use super::model::Model;
use super::screen::{GuideRow, Screen};
use super::widget::sheet::Fold;

use super::facts::Facts;

pub use dialogs::DIALOGS;
pub use moments::{MOMENTS, Moment};

/// Everything that a screen borrows, owned.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The moment of the frame.
    pub now: Stamp,
    /// Live, drill or simulation.
    pub kind: RunKind,
    /// What the keys may do.
    pub access: Access,
    /// Who sits here.
    pub me: Actor,
    /// The site.
    pub site: Site,
    /// The readings.
    pub snapshot: Snapshot,
    /// What they mean.
    pub assessment: Assessment,
    /// The runbooks; the first is chosen.
    pub runbooks: Vec<Runbook>,
    /// The run.
    pub run: Option<Run>,
    /// The clock strip.
    pub forecast: Forecast,
    /// The losses.
    pub ledger: Ledger,
    /// The last 24 hours.
    pub day: Day,
    /// Acknowledged alarms.
    pub acknowledged: Vec<String>,
    /// The last dry run.
    pub rehearsal: Option<Rehearsal>,
    /// What steps printed.
    pub output: Vec<OutputLine>,
    /// What happened.
    pub timeline: Vec<TimelineRow>,
    /// The journal.
    pub journal: JournalState,
    /// What the screen remembers.
    pub model: Model,
    /// Help; made from the keymap by [`Fixture::guided`].
    pub guide: Vec<GuideRow>,
}

impl Fixture {
    /// The moment with the guide that the shipped keymap gives for it.
    pub fn guided(mut self) -> Self {
        self.guide = guide(&self.screen().facts, &self.model);
        self
    }

    /// The screen of this moment.
    pub fn screen(&self) -> Screen<'_> {
        let facts = Facts {
            now: self.now,
            access: self.access,
            keymap: &KEYMAP,
            me: &self.me,
            site: &self.site,
            runbooks: &self.runbooks,
            runbook: self.runbooks.first(),
            run: self.run.as_ref(),
            assessment: &self.assessment,
            snapshot: &self.snapshot,
            ledger: &self.ledger,
            acknowledged: &self.acknowledged,
            rehearsal: self.rehearsal.as_ref(),
            journal: &self.journal,
            recording: false,
            output_rows: self.output.len(),
            timeline_rows: self.timeline.len(),
            report: None,
            fold: Fold::default(),
        };
        Screen {
            facts,
            kind: self.kind,
            elsewhere: None,
            forecast: &self.forecast,
            day: &self.day,
            output: &self.output,
            timeline: &self.timeline,
            model: &self.model,
            guide: &self.guide,
        }
    }
}

/// The keymap that is shipped.
static KEYMAP: LazyLock<Keymap> =
    LazyLock::new(|| Keymap::shipped(keymap::DEFAULT).expect("the default keymap is shipped"));

/// A moment by name, from [`MOMENTS`] or [`DIALOGS`].
pub fn of(name: &str) -> Option<Fixture> {
    MOMENTS
        .iter()
        .chain(DIALOGS)
        .find(|moment| moment.name == name)
        .map(|moment| (moment.make)().guided())
}

/// T0 of every incident here: 2026-11-20T14:02:10Z.
const T0_WALL_MS: i64 = 1_795_183_330_000;

/// T0 moved by some seconds, which may be negative.
fn at(seconds: i64) -> Stamp {
    let boot_s = u64::try_from(100_000 + seconds).unwrap_or(0);
    Stamp { wall_ms: T0_WALL_MS + seconds * 1000, boot_ms: boot_s * 1000, boot: BootId(7) }
}

/// A person of the site at her console.
fn actor(name: &str) -> Actor {
    Actor {
        person: crate::domain::ids::PersonId::new(name).ok(),
        user: name.into(),
        host: "bastion-2".into(),
    }
}
