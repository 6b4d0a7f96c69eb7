//! `warroom run RUNBOOK --dry-run`: every call that a plan would make, in order, and what is so.

mod words;

use std::sync::Arc;

use super::args::RunArgs;
use super::exit::Exit;
use super::say::say;
use super::status;
use crate::app::past::read_paces;
use crate::app::secrets::ActSecrets;
use crate::app::start::{Start, Usage};
use crate::app::workshop::{self, PlanWorkshop, Unwatched};
use crate::domain::console::Rehearsal;
use crate::domain::ledger::{Ledger, freeze};
use crate::domain::pace::Paces;
use crate::domain::preview::Standing;
use crate::domain::reading::LookErrorKind;
use crate::domain::run::event::Mode;
use crate::domain::runbook::{Compensation, Runbook, Step, Ungraceful};
use crate::domain::snapshot::Snapshot;
use crate::domain::time::Stamp;
use crate::files::site::LoadedSite;
use crate::port::{Clock, Expected};
use crate::runtime::clock::SystemClock;
use crate::runtime::effect::Job;
use crate::runtime::look_once::{Looked, look_once, record};
use crate::runtime::observations::{self, Observations};
use crate::runtime::paths::StatePaths;
use crate::runtime::performer::rehearsed;
use crate::runtime::poller::Watched;
use crate::runtime::workers;
use crate::runtime::workshop::Workshop;

/// What was seen of the world, once.
struct Seen {
    snapshot: Snapshot,
    ledger: Ledger,
    now: Stamp,
}

/// What this machine knows of the plan beside what it looks at.
#[derive(Default)]
struct Known {
    /// What earlier runs took.
    paces: Paces,
    /// The losses as an open run of the plan froze them, and whether they are accepted there.
    frozen: Option<(Ledger, bool)>,
}

/// One step as it would be made.
struct Rehearsed<'a> {
    step: &'a Step,
    forward: Rehearsal,
    /// Whether anything but a person could tell how it stands.
    senses: bool,
    back: Option<Rehearsal>,
}

/// What a whole plan is told from.
struct Told<'a> {
    site: &'a LoadedSite,
    runbook: &'a Runbook,
    mode: Mode,
    seen: Seen,
    known: Known,
    steps: Vec<Rehearsed<'a>>,
}

/// Prints every call that the runbook would make. Looks, and changes nothing.
///
/// # Errors
/// When there is no such runbook.
pub fn run(site: &LoadedSite, start: &Start, args: &RunArgs) -> anyhow::Result<Exit> {
    let mode = args.mode().unwrap_or(Mode::Planned);
    let written = &site.runbooks[site.position(&args.runbook).map_err(Usage)?];
    let runbook = &written.resolved(|_| mode == Mode::Ungraceful);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let earlier = earlier(site, start);
    let learned = observations::learned(earlier.as_ref());
    let (probes, unwatched) = workshop::each_probe(&site.site, &site.dir, &clock, &learned);
    let refused = refused(site, unwatched);
    let known = known(site, start, runbook);
    let builder: Arc<dyn Workshop> =
        Arc::new(PlanWorkshop::new(&site.site, &site.dir, Arc::clone(&clock)));
    let runtime = workers::start()?;
    let (seen, steps) = runtime.block_on(async {
        let frozen = known.frozen.as_ref().map(|(ledger, _)| ledger.clone());
        let seen = look(site, runbook, (earlier, frozen), probes, &clock).await;
        (seen, rehearse(runbook, &builder, &clock).await)
    });
    runtime.shutdown_background();
    let told = Told { site, runbook, mode, seen, known, steps };
    let (lines, findings) = words::plan(&told);
    let (gone, unseen) = (unreachable(&told), unseen(&told));
    let gone_lines =
        gone.iter().map(|name| format!("gone      {name}: the plan needs it, and it is silent"));
    let findings_lines = findings.iter().map(|line| format!("finding   {line}"));
    let refused_lines = refused.iter().map(|why| format!("refused   {why}"));
    let unseen_lines = words::unseen(&told, &unseen).into_iter();
    let more = findings_lines.chain(unseen_lines).chain(gone_lines).chain(refused_lines);
    let mut text: Vec<String> = lines.into_iter().chain(more).collect();
    let silent = !gone.is_empty() || unseen.iter().any(|step| !is_answered(&told, step));
    let exit = match (silent, findings.is_empty() && unseen.is_empty()) {
        _ if !refused.is_empty() => Exit::NotPermitted,
        (true, _) => Exit::Unreachable,
        (false, false) => Exit::Finding,
        (false, true) => Exit::Ok,
    };
    text.push(format!("result    {}: {}; nothing was changed\n", exit.number(), exit.meaning()));
    say(&text.join("\n"))?;
    Ok(exit)
}

/// What an earlier console remembers.
fn earlier(site: &LoadedSite, start: &Start) -> Option<Observations> {
    let usual = || StatePaths::of_process().ok()?.site(&site.site.name).ok();
    let memory = start.memory.clone().or_else(usual).filter(|folder| folder.is_dir());
    memory.as_deref().map(observations::load).unwrap_or_default().observations
}

/// The secrets that cannot be opened, as `warroom check` tells them, and what cannot be watched for
/// another reason.
fn refused(site: &LoadedSite, Unwatched(unwatched): Unwatched) -> Vec<String> {
    let missing = ActSecrets::new(&site.site, &site.dir).missing();
    let mut refused: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let told = |why: &String| missing.iter().any(|secret| why.contains(secret.as_str()));
    refused.extend(unwatched.into_iter().filter(|why| !told(why)));
    refused
}

/// What the state folder tells of the plan; nothing where it cannot be read.
fn known(site: &LoadedSite, start: &Start, runbook: &Runbook) -> Known {
    let Ok(paths) = StatePaths::of_process() else { return Known::default() };
    let paces = read_paces(&paths, &site.site.name, start.kind);
    let open = status::open_run_of(&paths, &site.site.name).ok().flatten();
    let frozen = open.filter(|open| open.plan.name == runbook.name).and_then(|open| {
        let accepted = open.run.accepted.is_some();
        Some((open.run.ledger?, accepted))
    });
    Known { paces, frozen }
}

/// Looks once at every system, beside what an earlier console remembers.
async fn look(
    site: &LoadedSite,
    runbook: &Runbook,
    (earlier, in_run): (Option<Observations>, Option<Ledger>),
    probes: Vec<Watched>,
    clock: &Arc<dyn Clock>,
) -> Seen {
    let mut snapshot = Snapshot::default();
    let mut frozen = None;
    if let Some(earlier) = earlier {
        snapshot.remember_all(earlier.snapshot);
        frozen = earlier.ledger;
    }
    for Looked { system, at, looks } in look_once(probes, clock).await {
        if let (Some(system), Some(looks)) = (system, looks) {
            record(&mut snapshot, &system, at, looks);
        }
    }
    let now = clock.now();
    let ledger =
        in_run.or(frozen).unwrap_or_else(|| freeze(&site.site, &snapshot, runbook.from, now));
    Seen { snapshot, ledger, now }
}

/// Rehearses every step and its way back, all at the same time: each looks only.
async fn rehearse<'a>(
    runbook: &'a Runbook,
    workshop: &Arc<dyn Workshop>,
    clock: &Arc<dyn Clock>,
) -> Vec<Rehearsed<'a>> {
    let plan = Arc::new(runbook.clone());
    let direction = runbook.direction();
    let start = |step: &Step, back: bool| {
        let (workshop, clock) = (Arc::clone(workshop), Arc::clone(clock));
        let runbook = Arc::clone(&plan);
        let job = Job {
            runbook,
            direction,
            step: step.id.clone(),
            attempt: 0,
            back,
            expected: Expected::default(),
        };
        tokio::spawn(async move { rehearsed(workshop, job, clock.as_ref()).await })
    };
    let started: Vec<_> = runbook
        .steps
        .iter()
        .map(|step| {
            let back = matches!(step.compensation, Compensation::Action { .. });
            (step, start(step, false), back.then(|| start(step, true)))
        })
        .collect();
    let mut steps = Vec::with_capacity(started.len());
    for (step, forward, back) in started {
        let Ok((forward, senses)) = forward.await else { continue };
        let back = match back {
            Some(back) => back.await.ok().map(|(back, _)| back),
            None => None,
        };
        steps.push(Rehearsed { step, forward, senses, back });
    }
    steps
}

/// The steps of this plan whose standing something could tell, and nothing did.
fn unseen<'t>(told: &'t Told<'_>) -> Vec<&'t Rehearsed<'t>> {
    let left_out =
        |step: &Step| told.mode == Mode::Ungraceful && step.ungraceful == Ungraceful::Skip;
    let steps = told.steps.iter().filter(|one| one.senses && !left_out(one.step));
    steps.filter(|one| matches!(one.forward.standing, Standing::Unknown(_))).collect()
}

/// True when the target of a step answered this look, whatever it said: then it was reached.
fn is_answered(told: &Told<'_>, rehearsed: &Rehearsed<'_>) -> bool {
    let direction = told.runbook.direction();
    let target = rehearsed.step.target.as_ref();
    target.is_some_and(|target| {
        let cell = told.seen.snapshot.cell(&target.system, direction.side(target.place));
        cell.is_some_and(|cell| cell.last_reading.is_some() && cell.last_error.is_none())
    })
}

/// What the plan acts on or asks in the region it leads to, and does not answer.
fn unreachable(told: &Told<'_>) -> Vec<String> {
    let runbook = told.runbook;
    let direction = runbook.direction();
    let targets = runbook.steps.iter().filter_map(|step| step.target.as_ref());
    let targets = targets.map(|target| (&target.system, direction.side(target.place)));
    let gates = runbook.steps.iter().flat_map(|step| &step.gates);
    let gates = gates.map(|gate| (&gate.system, direction.side(gate.place)));
    let mut gone: Vec<String> = targets
        .chain(gates)
        .filter(|(_, side)| *side == runbook.to)
        .filter(|(system, side)| {
            let cell = told.seen.snapshot.cell(system, *side);
            cell.and_then(|cell| cell.last_error.as_ref()).is_some_and(|(_, error)| {
                matches!(error.kind, LookErrorKind::Unreachable | LookErrorKind::Timeout)
            })
        })
        .map(|(system, side)| format!("{system} in {side}"))
        .collect();
    gone.sort();
    gone.dedup();
    gone
}
