//! Earlier runs of this machine: what forecasts rest on, and `warroom history`.

mod json;
mod table;

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::site_file::{self, LoadedSite};
use super::{entry, resume};
use crate::domain::forecast::{Forecast, Grounds, forecast};
use crate::domain::ids::{RunId, Side};
use crate::domain::ledger::no_store_on_record;
use crate::domain::pace::{Pace, Paces, RUNS_MAX, is_alike};
use crate::domain::report::{LossLine, losses_of};
use crate::domain::run::event::{Body, RunKind};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::runtime::event::Event;
use crate::runtime::journal::{self, ReadBack};
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
        let back = journal::read(folder).map_err(|error| error.to_string())?;
        Self::of(&back)
    }

    fn of(back: &ReadBack) -> Result<Self, String> {
        if !back.finding.may_go_on() {
            return Err(back.finding.sentence().to_string());
        }
        let site = site_file::parse(&back.site)
            .map_err(|fault| format!("the run's frozen site file: {fault}"))?;
        let plan =
            resume::frozen_plan(&back.runbook, &site).map_err(|error| format!("{error:#}"))?;
        let run = Run::replay(&plan, &back.events).map_err(|misfit| misfit.to_string())?;
        let run = run.ok_or_else(|| "the journal holds no event".to_owned())?;
        Ok(Self { run, plan, site })
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
pub(super) fn tell_paces(
    paths: &StatePaths,
    site: &str,
    kind: RunKind,
    events: &mpsc::Sender<Event>,
) {
    let (paths, site, events) = (paths.clone(), site.to_owned(), events.clone());
    tokio::task::spawn_blocking(move || {
        let paces = read_paces(&paths, &site, kind);
        let _ = events.blocking_send(Event::Paced(Box::new(paces)));
    });
}

/// A run of this machine: told, or why it cannot be.
pub(super) struct Row {
    /// Its name, that of its folder.
    pub(super) name: String,
    /// What is known of it.
    pub(super) past: Result<Past, String>,
}

/// A plan of a site with what its runs told.
pub(super) struct Freshness<'a> {
    /// The plan.
    pub(super) plan: &'a Runbook,
    /// What its steps took.
    pub(super) pace: &'a Pace,
    /// Its newest run of the site's kind.
    pub(super) last: Option<&'a Past>,
    /// Its newest run that was no simulation.
    pub(super) last_real: Option<&'a Past>,
}

/// What is asked of the history.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Where state is kept.
    pub paths: &'a StatePaths,
    /// The site whose plans are told; its runs only when `of_site`.
    pub site: Option<&'a LoadedSite>,
    /// True when only runs of that site are asked for.
    pub of_site: bool,
    /// The one runbook that is asked for.
    pub runbook: Option<&'a str>,
    /// True for JSON.
    pub json: bool,
}

/// The history as text, and whether every run could be read.
pub fn tell(asked: &Asked<'_>) -> (String, bool) {
    let mut rows: Vec<Row> = folders(asked.paths)
        .into_iter()
        .map(|(name, folder)| {
            let past = Past::read(&folder).map_err(|why| Clean::new(&why).to_string());
            Row { past, name: Clean::new(&name).to_string() }
        })
        .filter(|row| is_asked_for(row, asked))
        .collect();
    rows.sort_by_key(|row| {
        let opened = row.past.as_ref().map_or(i64::MIN, |past| past.run.opened.0.wall_ms);
        std::cmp::Reverse((opened, row.name.clone()))
    });
    let paces = asked.site.map(|site| paces_of(&rows, site)).unwrap_or_default();
    let plans: Vec<Freshness<'_>> = asked
        .site
        .into_iter()
        .flat_map(|site| site.runbooks.iter().map(move |plan| (site, plan)))
        .filter(|(_, plan)| asked.runbook.is_none_or(|name| name == plan.name))
        .map(|(site, plan)| freshness(&rows, site, plan, &paces))
        .collect();
    let text = if asked.json { json::text(&rows, &plans) } else { table::text(&rows, &plans) };
    (text, rows.iter().all(|row| row.past.is_ok()))
}

/// The folders of all runs, by name.
fn folders(paths: &StatePaths) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(paths.runs()).into_iter().flatten();
    let folders = entries.filter_map(Result::ok).map(|entry| entry.path());
    folders
        .filter(|path| path.is_dir())
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
        .collect()
}

fn is_asked_for(row: &Row, asked: &Asked<'_>) -> bool {
    let Ok(past) = &row.past else {
        let prefix = asked.site.map(|site| RunId::prefix(&site.site.name));
        return !asked.of_site || prefix.is_none_or(|prefix| row.name.starts_with(&prefix));
    };
    let of_site = !asked.of_site || asked.site.is_none_or(|site| site.site.name == past.site.name);
    of_site && asked.runbook.is_none_or(|name| name == past.plan.name)
}

fn paces_of(rows: &[Row], site: &LoadedSite) -> Paces {
    let mut paces = Paces::default();
    for past in of_site(rows, site).collect::<Vec<_>>().into_iter().rev() {
        paces.learn(&past.plan, &past.run);
    }
    paces
}

/// The runs that tell something about this site, newest first.
fn of_site<'a>(rows: &'a [Row], site: &LoadedSite) -> impl Iterator<Item = &'a Past> {
    let (name, kind) = (site.site.name.clone(), entry::kind_of(&site.site));
    rows.iter()
        .filter_map(|row| row.past.as_ref().ok())
        .filter(move |past| past.site.name == name && is_alike(past.run.kind, kind))
}

fn freshness<'a>(
    rows: &'a [Row],
    site: &LoadedSite,
    plan: &'a Runbook,
    paces: &'a Paces,
) -> Freshness<'a> {
    let mut runs = of_site(rows, site)
        .filter(|past| past.plan.name == plan.name && past.run.direction.from == plan.from);
    let last = runs.next();
    let last_real = last.into_iter().chain(runs).find(|past| past.run.kind != RunKind::Simulation);
    Freshness { plan, pace: paces.away_from(plan.from), last, last_real }
}
