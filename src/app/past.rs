//! Earlier runs of this machine, as their own records tell them: what forecasts rest on.

use std::path::Path;

use tokio::sync::mpsc;

use super::record::Record;
use crate::domain::forecast::{Forecast, Grounds, forecast};
use crate::domain::ids::Side;
use crate::domain::ledger::no_store_on_record;
use crate::domain::pace::{Pace, Paces, RUNS_MAX, is_alike};
use crate::domain::report::{LossLine, losses_of};
use crate::domain::run::event::{Body, RunKind};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::runtime::event::Event;
use crate::runtime::paths::StatePaths;
use crate::runtime::runs;

/// Folders of runs that are opened at most when a console starts, the newest first.
const FOLDERS_MAX: usize = 200;

/// A run as its own journal and frozen files tell it.
#[derive(Debug, Clone)]
pub struct Past {
    /// The run.
    pub run: Run,
    /// The plan that it was opened with.
    pub plan: Runbook,
    /// The site as it was then.
    pub site: Site,
}

impl Past {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// Why it cannot be told, in a sentence.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let record = Record::read(folder).map_err(|error| error.to_string())?;
        let finding = &record.back.finding;
        if !finding.may_go_on() {
            return Err(finding.sentence().to_string());
        }
        let run = record.run().map_err(|error| error.to_string())?;
        Ok(Self { run, plan: record.plan, site: record.site })
    }

    /// How its clocks ended, or stand as of its last entry.
    pub fn clocks(&self) -> Forecast {
        let last = self.run.events.last().map_or(self.run.opened.0, |event| event.at);
        forecast(&Grounds {
            site: &self.site,
            runbook: Some(&self.plan),
            run: Some(&self.run),
            t0: None,
            pace: &Pace::default(),
            split: self.run.stands_split(),
            now: last,
        })
    }

    /// What each store lost, as its report tells it.
    pub fn losses(&self) -> Vec<LossLine> {
        losses_of(&self.run, &self.plan, &self.site)
    }

    /// What is said instead where a declared run knew no store.
    pub fn no_store(&self, losses: &[LossLine]) -> Option<&'static str> {
        let none = losses.is_empty() && self.run.declaration.is_some();
        none.then(|| no_store_on_record(&self.plan))
    }

    /// The hash of its plan, as it was recorded.
    pub fn plan_hash(&self) -> &str {
        match self.run.events.first().map(|event| &event.body) {
            Some(Body::Opened { runbook_hash, .. }) => runbook_hash,
            _ => "",
        }
    }
}

/// What the earlier runs of a site took, for a console of one kind. Runs that cannot be read are
/// counted and left out.
pub fn read_paces(paths: &StatePaths, site: &str, kind: RunKind) -> Paces {
    let mut folders = runs::of_site(&paths.runs(), site).unwrap_or_default();
    folders.reverse();
    let mut damaged = 0;
    let mut found: Vec<Past> = Vec::new();
    let count =
        |found: &[Past], side: Side| found.iter().filter(|p| p.run.direction.from == side).count();
    for folder in folders.into_iter().take(FOLDERS_MAX) {
        if Side::BOTH.into_iter().all(|side| count(&found, side) >= RUNS_MAX) {
            break;
        }
        match Past::read(&folder) {
            Ok(past) if past.site.name == site && is_alike(past.run.kind, kind) => {
                if count(&found, past.run.direction.from) < RUNS_MAX {
                    found.push(past);
                }
            }
            Ok(_) => {}
            Err(_) => damaged += 1,
        }
    }
    let mut paces = Paces::default();
    paces.damaged = damaged;
    for past in found.iter().rev() {
        paces.learn(&past.plan, &past.run);
    }
    paces
}

/// Reads the earlier runs of a site beside everything else and tells them once.
pub fn tell_paces(paths: &StatePaths, site: &str, kind: RunKind, events: &mpsc::Sender<Event>) {
    let (paths, site, events) = (paths.clone(), site.to_owned(), events.clone());
    tokio::task::spawn_blocking(move || {
        let paces = read_paces(&paths, &site, kind);
        let _ = events.blocking_send(Event::Paced(Box::new(paces)));
    });
}
