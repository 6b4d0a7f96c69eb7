//! `warroom status`: one round of looks at every system, judged; for scripts and for a prompt.

mod fill;
mod form;
mod parts;
mod tell;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::generate::SchemaSettings;

use super::exit::Exit;
use crate::app::kinds::kind_of;
use crate::app::masked::known_to_watch;
use crate::app::past::read_paces;
use crate::app::record::Record;
use crate::app::resume::served_on_record;
use crate::app::secrets::ReadSecrets;
use crate::app::workshop::{self, Unwatched};
use crate::domain::pace::Paces;
use crate::domain::picture::{Footing, Picture};
use crate::domain::run::event::RunKind;
use crate::domain::run::state::Run;
use crate::domain::run::subject::Served;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Stamp;
use crate::files::site::LoadedSite;
use crate::port::Clock;
use crate::runtime::look_once::look_for;
use crate::runtime::observations::{self, Learned, Observations};
use crate::runtime::paths::StatePaths;
use crate::runtime::redact::Redactor;
use crate::runtime::runs::Survey;
use crate::runtime::seat::strangers;
use crate::sim;

pub use fill::{Outlook, status};
pub use form::{PrimaryWord, SCHEMA, Status, VerdictWord};
pub use parts::CellWord;

/// The JSON Schema of [`Status`], as `docs/status.schema.json` keeps it.
pub fn schema() -> String {
    // Of what is written: a value that is not known stands there as null, it is never left out.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Status>();
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    format!("{text}\n")
}

impl Status {
    /// The status as JSON, one object.
    pub fn json(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }

    /// 0 when the primary is healthy, the standby is GO and nothing is open; 69 when nothing
    /// answered at all; else 1.
    pub fn exit(&self) -> Exit {
        let cells = || self.systems.iter().flat_map(|system| [&system.a, &system.b]).flatten();
        let told = |state: CellWord| match state {
            CellWord::Up | CellWord::Degraded => true,
            CellWord::Down | CellWord::Unknown | CellWord::Stale | CellWord::NoData => false,
        };
        if !cells().any(|cell| told(cell.state)) {
            return Exit::Unreachable;
        }
        let urgent = self.alarms.iter().any(|alarm| alarm.priority <= 2);
        let unwell = cells().any(|cell| cell.state != CellWord::Up && !cell.idle);
        let well = self.primary.state == PrimaryWord::Healthy
            && self.verdict.word == VerdictWord::Go
            && !urgent
            && !unwell
            && self.split_brain.is_empty()
            && self.run.is_none()
            && self.run_trouble.is_none();
        if well { Exit::Ok } else { Exit::Finding }
    }
}

/// What is known beside what is looked at now.
#[derive(Debug, Default)]
pub struct Recalled {
    /// What consoles and watchers remember.
    pub remembered: Option<Observations>,
    /// The open run with the plan frozen with it, and what a check of its journal found.
    pub run: Option<(Run, Runbook, String)>,
    /// What earlier runs took.
    pub paces: Paces,
    /// Which region serves by the record of the run that was closed last.
    pub served: Option<Served>,
    /// What of other state folders works on the site, as far as this machine tells.
    pub elsewhere: Option<String>,
    /// Why an open run could not be read.
    pub trouble: Option<String>,
}

/// What this machine knows of a site; `site` becomes the one frozen with an open run.
///
/// # Errors
/// When the state folder cannot be found.
pub fn recall(site: &mut LoadedSite) -> anyhow::Result<Recalled> {
    let paths = StatePaths::of_process()?;
    let name = site.site.name.clone();
    let remembered = observations::peek(&memory(site, &paths)?);
    let kind = kind_of(&site.site);
    let paces = read_paces(&paths, &name, kind);
    let served = served_on_record(&paths, &name);
    let elsewhere = strangers(&paths, &site.site);
    let mut known = Recalled { remembered, paces, served, elsewhere, ..Recalled::default() };
    match open_run_of(&paths, &name) {
        Ok(Some(open)) => {
            site.site = open.site;
            known.run = Some((open.run, open.plan, open.journal));
        }
        Ok(None) => {}
        Err(error) => known.trouble = Some(format!("the open run cannot be read: {error:#}")),
    }
    Ok(known)
}

/// Where consoles remember what they saw of a site; the demo's do so beside its world.
fn memory(site: &LoadedSite, paths: &StatePaths) -> anyhow::Result<PathBuf> {
    let beside = sim::world_of(&site.site)
        .and_then(|world| Some(world.parent()?.join("memory")).filter(|folder| folder.is_dir()));
    Ok(beside.map_or_else(|| paths.site(&site.site.name), Ok)?)
}

/// Keeps what was seen for whoever looks next, as a console does. Where one writes it down at the
/// same time its word stands; a folder that cannot be written costs no more than the memory.
pub fn remember(
    folder: &Path,
    known: &Recalled,
    mut picture: Picture,
    learned: Learned,
    now: Stamp,
) {
    let written = observations::peek(folder).map(|there| there.saved);
    if written != known.remembered.as_ref().map(|old| old.saved) {
        return;
    }
    // Since when it is red is a console's word: one round of looks only takes it back.
    picture.outage = picture.outage.filter(|outage| outage.detected.is_none());
    let _ = observations::save(folder, Observations::of(&picture, learned, now));
}

/// An open run as its folder has it.
pub(super) struct OpenRun {
    /// The site frozen with it.
    pub(super) site: Site,
    /// The run.
    pub(super) run: Run,
    /// The plan frozen with it, as it is in force.
    pub(super) plan: Runbook,
    /// What a check of its journal found.
    journal: String,
}

/// The open run of a site.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn open_run_of(paths: &StatePaths, site: &str) -> anyhow::Result<Option<OpenRun>> {
    let survey = Survey::of(&paths.runs(), site)?;
    let Some(folder) = survey.the_open_one()? else { return Ok(None) };
    let record = Record::read(folder)?;
    let run = Run::replay(&record.plan, &record.back.events)?;
    let Record { back, site, plan } = record;
    let journal = back.finding.sentence().to_string();
    Ok(run.map(|run| {
        let plan = run.plan_in_force(&plan);
        OpenRun { site, run, plan, journal }
    }))
}

/// Looks at every system once, and goes on for `wait`, so that rules which want several looks
/// have them. What was heard goes into `snapshot`.
///
/// # Errors
/// When a system cannot be watched, as a rule because a secret cannot be opened.
pub async fn look(
    site: &LoadedSite,
    clock: &Arc<dyn Clock>,
    wait: Duration,
    learned: &mut Learned,
    snapshot: &mut Snapshot,
) -> Result<(), Unwatched> {
    let watched = workshop::probes(&site.site, &site.dir, clock, learned)?;
    look_for(watched, wait, clock, learned, snapshot).await;
    Ok(())
}

/// Judges what was heard, as a console does.
pub fn judged(site: &LoadedSite, known: &Recalled, snapshot: Snapshot, now: Stamp) -> Picture {
    let mut picture = Picture::new(site.site.clone(), site.runbooks.clone(), now);
    if let Some(old) = known.remembered.clone() {
        old.recall(&mut picture);
    }
    picture.snapshot = snapshot;
    picture.served = Served::latest([picture.served, known.served]);
    picture.paces = known.paces.clone();
    if let Some((run, plan, _)) = &known.run {
        (picture.run, picture.plan) = (Some(run.clone()), Some(Arc::new(plan.clone())));
    }
    picture.judge(Footing { has_looked_around: true, is_opening: false }, now);
    picture
}

/// What is told of it.
pub fn told(site: &LoadedSite, known: &Recalled, picture: &Picture, now: Stamp) -> Status {
    status(&Outlook {
        known: picture.known(now),
        simulated: kind_of(&site.site) == RunKind::Simulation,
        journal: known.run.as_ref().map_or("", |(_, _, journal)| journal),
        trouble: known.trouble.as_deref(),
        elsewhere: known.elsewhere.as_deref(),
        redact: &redactor(site),
    })
}

/// Masks the secrets that watching opens, and what looks like one.
fn redactor(site: &LoadedSite) -> Redactor {
    let secrets = ReadSecrets::new(&site.site, &site.dir);
    Redactor::new(&known_to_watch(&site.site, &secrets))
}

/// `warroom status`.
///
/// # Errors
/// When the state folder, the runtime or a probe cannot be made.
pub fn command(
    mut site: LoadedSite,
    wait: Option<Duration>,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Status> {
    let known = recall(&mut site)?;
    let mut snapshot = Snapshot::default();
    if let Some(memory) = &known.remembered {
        snapshot.remember_all(memory.snapshot.clone());
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let mut learned = observations::learned(known.remembered.as_ref());
    let wait = wait.unwrap_or_default();
    let looked = runtime.block_on(look(&site, clock, wait, &mut learned, &mut snapshot));
    // Probes may be waiting for peers that never answer.
    runtime.shutdown_background();
    looked?;
    let now = clock.now();
    let picture = judged(&site, &known, snapshot, now);
    let told = told(&site, &known, &picture, now);
    let folder = memory(&site, &StatePaths::of_process()?)?;
    remember(&folder, &known, picture, learned, now);
    Ok(told)
}
