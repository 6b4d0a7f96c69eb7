//! Builds operators and probes for a loaded site: the one place where plans meet systems.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::kinds::KINDS;
use super::masked::{
    Mask, MaskedBeater, MaskedOperator, MaskedProbe, known_to_act, known_to_watch,
};
use super::reference;
use super::secrets::{ActSecrets, BeatSecrets, ReadSecrets, listed_names};
use crate::domain::catalogue::Change;
use crate::domain::ids::Side;
use crate::domain::run::event::{Mode, Purpose, RunKind};
use crate::domain::runbook::{Compensation, Runbook, Step, Ungraceful};
use crate::domain::settings::{Fault, Table};
use crate::domain::site::{SecretSource, Site, SystemSpec};
use crate::domain::text::Clean;
use crate::files::frozen::Frozen;
use crate::files::kinds::Kinds;
use crate::port::{BeatSetup, Clock, Commons, Expected, Operator, OperatorSetup, ProbeSetup};
use crate::runtime::beats::Pulsing;
use crate::runtime::effect::Job;
use crate::runtime::observations::Learned;
use crate::runtime::poller::Watched;
use crate::runtime::runner::{Prepared, RunnerContext};
use crate::runtime::seat;
use crate::runtime::workshop::Workshop;

/// Builds operators for the steps of a site's plans.
pub struct PlanWorkshop {
    site: Site,
    secrets: ActSecrets,
    clock: Arc<dyn Clock>,
    mask: Mask,
}

impl PlanWorkshop {
    /// A workshop for `site`, whose folder is `dir`.
    pub fn new(site: &Site, dir: &Path, clock: Arc<dyn Clock>) -> Self {
        let secrets = ActSecrets::new(site, dir);
        let mask = Mask::of(&known_to_act(site, &secrets));
        Self { site: site.clone(), secrets, clock, mask }
    }

    /// Every secret that its operators may get hold of.
    pub fn known(&self) -> Vec<SecretString> {
        known_to_act(&self.site, &self.secrets)
    }
}

impl Workshop for PlanWorkshop {
    fn operator(&self, job: &Job) -> Result<Box<dyn Operator>, Clean> {
        let step = job
            .runbook
            .step(&job.step)
            .ok_or_else(|| Clean::new(&format!("the plan has no step `{}`", job.step)))?;
        let (name, with): (&str, &Table) = match (&step.compensation, job.back) {
            (_, false) => (step.action.name, &step.with),
            (Compensation::Action { action, with }, true) => (action.name, with),
            (Compensation::None(_) | Compensation::NotNeeded, true) => {
                return Err("the plan has no way to take this step back".into());
            }
        };
        let (_, action) = KINDS.action(name)?;
        let target = match &step.target {
            Some(target) => {
                let spec = self.site.system(&target.system).ok_or_else(|| {
                    Clean::new(&format!("the site has no system `{}`", target.system))
                })?;
                Some((spec, job.direction.side(target.place)))
            }
            None => None,
        };
        let setup = OperatorSetup {
            site: &self.site,
            step,
            with,
            target,
            expected: job.expected.clone(),
            direction: job.direction,
            secrets: &self.secrets,
            clock: Arc::clone(&self.clock),
        };
        let told = |fault: Fault| Clean::new(&self.mask.sentence(&fault.to_string()));
        let operator = action.operator(setup).map_err(told)?;
        Ok(Box::new(MaskedOperator { operator, mask: self.mask.clone() }))
    }
}

/// The workshop of a watcher: it has no operators.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoWorkshop;

impl Workshop for NoWorkshop {
    fn operator(&self, _: &Job) -> Result<Box<dyn Operator>, Clean> {
        Err("a watching console builds no operators".into())
    }
}

/// Systems that cannot be watched: as a rule a secret of theirs cannot be opened. Settings were
/// checked as the files were read.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Unwatched(pub Vec<String>);

/// The probes of all systems of a site, which go on from what earlier ones learned, and of its
/// references.
///
/// # Errors
/// [`Unwatched`] when one of them cannot be built.
pub fn probes(
    site: &Site,
    dir: &Path,
    clock: &Arc<dyn Clock>,
    learned: &Learned,
) -> Result<Vec<Watched>, Unwatched> {
    let (watched, Unwatched(why)) = each_probe(site, dir, clock, learned);
    if why.is_empty() { Ok(watched) } else { Err(Unwatched(why)) }
}

/// The writers of all heartbeats of one region that the site names `beat` for.
///
/// # Errors
/// [`Unwatched`] when one of them cannot be built.
pub fn beaters(
    site: &Site,
    dir: &Path,
    side: Side,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<Pulsing>, Unwatched> {
    let secrets = BeatSecrets::new(site, dir, side);
    let mask = Mask::of(&secrets.known());
    let (mut beaters, mut why) = (Vec::new(), Vec::new());
    for spec in site.systems.iter().filter(|spec| spec.secrets_to_beat[side.index()].is_some()) {
        let setup = BeatSetup { spec, side, secrets: &secrets, clock: Arc::clone(clock) };
        let system = spec.id.clone();
        let built = KINDS
            .system(&spec.kind)
            .and_then(|kind| kind.beater(setup).map_err(|fault| fault.to_string()));
        match built {
            Ok(beater) => {
                let beater = Box::new(MaskedBeater { beater, mask: mask.clone() });
                beaters.push(Pulsing { system, beater });
            }
            Err(fault) => why.push(format!("system `{system}`: {}", mask.sentence(&fault))),
        }
    }
    if why.is_empty() { Ok(beaters) } else { Err(Unwatched(why)) }
}

/// The probes of [`probes`] as far as they can be built, and why the others cannot.
pub fn each_probe(
    site: &Site,
    dir: &Path,
    clock: &Arc<dyn Clock>,
    learned: &Learned,
) -> (Vec<Watched>, Unwatched) {
    let secrets = ReadSecrets::new(site, dir);
    let mask = Mask::of(&known_to_watch(site, &secrets));
    let commons = Commons::default();
    let of_system = |spec: &SystemSpec| -> Result<Watched, String> {
        let setup =
            ProbeSetup { commons: commons.clone(), ..ProbeSetup::alone(spec, &secrets, clock) };
        let built = watched(&setup, KINDS, &mask);
        let mut one = built.map_err(|why| format!("system `{}`: {why}", spec.id))?;
        if let Some(learned) = learned.get(&spec.id) {
            one.probe.recall(learned);
        }
        Ok(one)
    };
    let reference = |address: &String| {
        let built = reference::watched(address, site, &secrets, clock);
        built.map(|one| masked(one, &mask)).map_err(|why| mask.sentence(&why))
    };
    let all = site.systems.iter().map(of_system).chain(site.reference.iter().map(reference));
    let (mut watched, mut unwatched) = (Vec::new(), Vec::new());
    for one in all {
        match one {
            Ok(one) => watched.push(one),
            Err(why) => unwatched.push(why),
        }
    }
    (watched, Unwatched(unwatched))
}

/// The probe of one system, whose words are masked.
///
/// # Errors
/// A sentence when it cannot be built, masked too.
pub fn watched(setup: &ProbeSetup<'_>, kinds: Kinds, mask: &Mask) -> Result<Watched, String> {
    let spec = setup.spec;
    let probe = kinds.system(&spec.kind)?.probe(setup.clone());
    let probe = probe.map_err(|fault| mask.sentence(&fault.to_string()))?;
    let watched = Watched {
        system: Some(spec.id.clone()),
        every: spec.every,
        timeout: spec.timeout,
        probe,
        sides: [spec.sides[0].is_some(), spec.sides[1].is_some()],
    };
    Ok(masked(watched, mask))
}

/// The same, with its words masked before anything hears them.
pub fn masked(one: Watched, mask: &Mask) -> Watched {
    Watched { probe: Box::new(MaskedProbe::new(one.probe, mask.clone())), ..one }
}

/// What a runner grants an operator beyond the step's own deadline, which operators keep
/// themselves: a command ends by TERM, five seconds of grace and KILL.
const RUNNER_SLACK: Duration = Duration::from_secs(8);

/// What a runner needs for the attempt it was started for, from the files frozen with the run.
///
/// # Errors
/// A sentence when the frozen files no longer say what they said.
pub fn prepare(
    context: &RunnerContext,
    site_dir: &Path,
    clock: Arc<dyn Clock>,
) -> Result<Prepared, Clean> {
    let frozen = Frozen::read(&context.site, &context.runbook, KINDS);
    let Frozen { site, plan } = frozen.map_err(|fault| Clean::new(&fault.to_string()))?;
    let runbook = plan.resolved(|_| context.mode == Mode::Ungraceful);
    let step = runbook
        .step(&context.intent.step)
        .ok_or_else(|| Clean::new("the frozen plan does not have this step"))?;
    check_granted(context, step)?;
    let timeout = step.timeout + RUNNER_SLACK;
    let back = context.intent.purpose == Purpose::Compensate;
    let proves = step.change == Change::ProveWrite && !back;
    let workshop = PlanWorkshop::new(&site, site_dir, clock);
    let secrets_known = workshop.known();
    let job = Job {
        direction: context.direction,
        step: context.intent.step.clone(),
        attempt: context.intent.attempt,
        back,
        expected: context.warrant.clone().map_or_else(Expected::default, |warrant| Expected {
            target: warrant.target,
            other: warrant.other,
            alone: warrant.alone,
        }),
        runbook: Arc::new(runbook),
    };
    let operator = workshop.operator(&job)?;
    let keys = match context.kind {
        RunKind::Simulation => BTreeSet::new(),
        RunKind::Live | RunKind::Drill => seat::keys(&site),
    };
    Ok(Prepared { operator, timeout, proves, secrets_known, keys })
}

/// What is performed must be what was put on record, whatever the plan says by now.
fn check_granted(context: &RunnerContext, step: &Step) -> Result<(), Clean> {
    let meant = match (&step.compensation, context.intent.purpose) {
        (_, Purpose::Forward) => step.action.name,
        (Compensation::Action { action, .. }, Purpose::Compensate) => action.name,
        (Compensation::None(_) | Compensation::NotNeeded, Purpose::Compensate) => "nothing",
    };
    if meant == context.action {
        return Ok(());
    }
    let granted = &context.action;
    Err(Clean::new(&format!(
        "nothing was done: the record grants `{granted}`, and the frozen plan says `{meant}`"
    )))
}

/// Environment variables that the site's secrets and steps name: a runner gets these and no others.
pub fn environment_names(site: &Site, runbooks: &[Runbook]) -> Vec<String> {
    let of_secrets = site.secrets.iter().filter_map(|secret| match &secret.source {
        Some(SecretSource::Environment(name)) => Some(name.clone()),
        Some(SecretSource::File(_)) | None => None,
    });
    let steps = runbooks.iter().flat_map(|runbook| &runbook.steps);
    let variants = |step: &'_ Step| match &step.ungraceful {
        Ungraceful::Instead(variant) => vec![step.clone(), (**variant).clone()],
        _ => vec![step.clone()],
    };
    let of_steps = steps.flat_map(variants).flat_map(|step| {
        let back = match &step.compensation {
            Compensation::Action { with, .. } => Some(with),
            Compensation::None(_) | Compensation::NotNeeded => None,
        };
        let lists = [Some(&step.with), back];
        lists.into_iter().flatten().flat_map(listed_names).collect::<Vec<_>>()
    });
    of_secrets.chain(of_steps).collect()
}

/// Where the folder of a run's site is noted, so that a runner finds files that the site names.
pub const SITE_DIR_VARIABLE: &str = "WARROOM_SITE_DIR";

/// The folder of the site, as the console told its runner.
pub fn site_dir_of_runner() -> PathBuf {
    std::env::var_os(SITE_DIR_VARIABLE).map_or_else(|| PathBuf::from("."), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{RunId, Side, StepId};
    use crate::domain::run::commit::{Hash, IntentRecord};
    use crate::domain::run::event::RunKind;
    use crate::domain::runbook::Direction;
    use crate::files::shipped::{DEMO_FAILOVER, DEMO_SITE};
    use crate::runtime::clock::SystemClock;

    #[test]
    fn a_runner_performs_only_what_the_record_grants() {
        let check = |step: &str, purpose: Purpose, mode: Mode, action: &str, want: &str| {
            let step = StepId::new(step).expect("a name");
            let run = RunId::new("demo-1").expect("a name");
            let intent = IntentRecord { run, step, attempt: 1, purpose, seq: 7, hash: Hash::NONE };
            let context = RunnerContext {
                run_dir: PathBuf::from("/nowhere"),
                attempt_dir: PathBuf::from("/nowhere"),
                site: DEMO_SITE.replace("@world@", "/nowhere"),
                runbook: DEMO_FAILOVER.to_owned(),
                intent,
                kind: RunKind::Simulation,
                direction: Direction { from: Side::A, to: Side::B },
                mode,
                action: action.to_owned(),
                warrant: None,
            };
            let prepared = prepare(&context, Path::new("/nowhere"), Arc::new(SystemClock::new()));
            let told = prepared.err().map_or("ok".to_owned(), |why| why.to_string());
            assert!(told.contains(want), "{action} {mode:?}: {told}");
        };
        let (forward, back) = (Purpose::Forward, Purpose::Compensate);
        let (planned, lost) = (Mode::Planned, Mode::Ungraceful);
        check("promote-pg", forward, planned, "sim.switch", "ok");
        check("promote-pg", forward, lost, "sim.promote", "ok");
        let refused = "nothing was done: the record grants `sim.promote`, and the frozen plan says";
        check("promote-pg", forward, planned, "sim.promote", refused);
        check("promote-pg", forward, lost, "sim.switch", "the record grants `sim.switch`");
        check("fence-a", back, lost, "sim.unfence", "ok");
        check("fence-a", back, lost, "sim.fence", "the frozen plan says `sim.unfence`");
        check("promote-pg", back, planned, "sim.switch", "the frozen plan says `nothing`");
    }
}
