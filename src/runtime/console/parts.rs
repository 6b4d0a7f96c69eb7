//! What a console is put together from.

use crate::domain::console::JournalState;
use crate::domain::ids::RunId;
use crate::domain::run::event::{Actor, RunKind};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::runtime::desk::Desk;
use crate::runtime::observations::Observations;
use crate::ui::keymap::Keymap;
use crate::ui::model::Model;

/// What a console is made of.
pub struct Parts<D: Desk> {
    /// Who answers wishes.
    pub desk: D,
    /// The site.
    pub site: Site,
    /// SHA-256 of the site file, hex.
    pub site_hash: String,
    /// Its runbooks.
    pub runbooks: Vec<Runbook>,
    /// Who sits here.
    pub me: Actor,
    /// Live, drill or simulation.
    pub kind: RunKind,
    /// The keys.
    pub keymap: Keymap,
    /// The state of the screen at start.
    pub model: Model,
    /// What an earlier console observed.
    pub remembered: Option<Observations>,
    /// A sentence about what could not be remembered.
    pub notice: Option<Clean>,
    /// A run that was found open, with the plan it was opened with.
    pub run: Option<(Run, Runbook)>,
    /// The head of its chain in words.
    pub journal: JournalState,
    /// The run of the site whose name sorts last, open or not: the next one is named after it.
    pub last_run: Option<RunId>,
}
