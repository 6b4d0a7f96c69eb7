//! A whole incident in virtual time: the real console, desk and journal over a simulated world.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use warroom::app::kinds::load;
use warroom::commands::demo::{DemoPlan, write};
use warroom::domain::catalogue::ActionSpec;
use warroom::domain::console::{JournalState, Rehearsal};
use warroom::domain::ids::{PersonId, StepId, SystemId};
use warroom::domain::preview::Standing;
use warroom::domain::run::event::{Actor, Body, Outcome, Purpose, RunEvent, RunKind, Warrant};
use warroom::domain::run::role::Commander;
use warroom::domain::run::state::Run;
use warroom::domain::runbook::{Compensation, Runbook};
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::domain::time::Stamp;
use warroom::files::site::LoadedSite;
use warroom::port::{Clock, Expected, Operator, OperatorSetup, Probe};
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::CommanderDesk;
use warroom::runtime::effect::{Effect, Job, Record};
use warroom::runtime::event::{Event, Why};
use warroom::runtime::journal::{Frozen, Journal, Reply};
use warroom::runtime::observations::Observations;
use warroom::runtime::recorded;
use warroom::runtime::recording::Recorder;
use warroom::runtime::runner::Aftermath;
use warroom::sim::{ACTIONS, World, WorldState, look_at_reference, operator_for, probe_for};
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::wish::Wish;

use super::hands::{Granted, Patience, Printed, Work, now, perform, poll, stand};
use super::watchers::Watcher;
use crate::stand::{HandClock, NoSecrets};

/// Between two steps of the world's clock.
const TICK: Duration = Duration::from_millis(250);

/// Ticks between two looks at every system.
const LOOK_TICKS: u64 = 4;

struct Attempt {
    step: StepId,
    number: u32,
    printed: Printed,
    started: bool,
    work: Work<Outcome>,
}

struct Check {
    step: StepId,
    attempt: u32,
    why: Why,
    work: Work<Standing>,
}

/// A console, its journal and its world.
pub struct Voyage {
    /// Where everything is kept.
    pub folder: tempfile::TempDir,
    /// The site.
    pub site: LoadedSite,
    /// The console.
    pub console: Console<CommanderDesk>,
    /// The time.
    pub clock: Arc<HandClock>,
    /// Refusals that the console answered.
    pub refusals: Vec<String>,
    /// What the run's journal holds.
    pub records: Vec<RunEvent>,
    /// The folder of the run that was opened last.
    pub run_folder: Option<PathBuf>,
    world: PathBuf,
    probes: BTreeMap<SystemId, Box<dyn Probe>>,
    attempts: Vec<Attempt>,
    checks: Vec<Check>,
    journal: Option<Journal>,
    recorder: Recorder,
    answers: (Sender<Reply>, Receiver<Reply>),
    ticks: u64,
    /// True when the console wants everything looked at now.
    look_due: bool,
    /// Consoles beside it, which hear the same.
    pub watchers: Vec<Watcher>,
    /// What the console remembered last.
    pub kept: Option<Observations>,
    /// True while the stores tell watchers no role.
    pub mute: bool,
    heard: Vec<Event>,
}

/// A folder whose syncs cost nothing, where there is one: 200 whole journals are written.
pub fn fast_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(folder) = tempfile::tempdir_in(memory)
    {
        return folder;
    }
    tempfile::tempdir().expect("a folder for the test")
}

impl Voyage {
    /// A console that looks at a new world, calm for the first seconds.
    pub fn begin(plan: DemoPlan) -> Self {
        let folder = fast_folder();
        let clock = Arc::new(HandClock::at(1_000_000));
        let demo = write(folder.path(), plan, &*clock).expect("the demo is written");
        let site = load(&demo.site).expect("the demo's site is right");
        let probe = |spec: &SystemSpec| {
            let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
            (spec.id.clone(), probe_for(&demo.world, spec, clock))
        };
        let probes = site.site.systems.iter().map(probe).collect();
        let anna = PersonId::new("anna").expect("a name");
        let parts = Parts {
            desk: CommanderDesk::default(),
            site: site.site.clone(),
            site_hash: "abc".to_owned(),
            runbooks: site.runbooks.clone(),
            me: Actor { person: Some(anna), user: "anna".into(), host: "laptop".into() },
            kind: RunKind::Simulation,
            keymap: Keymap::shipped("default").expect("it is shipped"),
            model: Model::default(),
            remembered: None,
            notice: None,
            run: None,
            journal: JournalState::None,
            last_run: None,
        };
        let console = Console::new(parts, clock.now());
        Self {
            folder,
            site,
            console,
            clock,
            refusals: Vec::new(),
            records: Vec::new(),
            run_folder: None,
            world: demo.world,
            probes,
            attempts: Vec::new(),
            checks: Vec::new(),
            journal: None,
            recorder: Recorder::patient(),
            answers: channel(),
            ticks: 0,
            look_due: false,
            watchers: Vec::new(),
            kept: None,
            mute: false,
            heard: Vec::new(),
        }
    }

    /// Lets some time pass that nobody uses.
    pub fn rests(&mut self, time: Duration) {
        let end = self.clock.now().boot_ms + u64::try_from(time.as_millis()).expect("short");
        while self.clock.now().boot_ms < end {
            self.tick();
        }
    }

    /// Ends the journal and the recording; the folder is as a console that left has left it.
    pub fn ends(&mut self) -> PathBuf {
        self.journal = None;
        drop(std::mem::take(&mut self.recorder));
        self.run_folder.clone().expect("a run was opened")
    }

    /// The truth.
    pub fn truth(&self) -> WorldState {
        World::open(&self.world)
            .and_then(|world| world.state_now(self.clock.now()))
            .expect("the world is there")
    }

    /// When the region was lost; none in a world where none is.
    pub fn died(&self) -> Option<Stamp> {
        let world = World::open(&self.world).expect("the world is there");
        world.plan().fail_after.map(|after| world.start().plus(after))
    }

    /// The truth at an earlier moment.
    pub fn truth_at(&self, at: Stamp) -> WorldState {
        let world = World::open(&self.world).expect("the world is there");
        let acts = world.acts().expect("its acts too");
        world.state(world.elapsed(at), &acts)
    }

    /// The run.
    pub fn run(&self) -> Option<&Run> {
        self.console.run()
    }

    /// The plan of the run, each step in the variant that is in force.
    pub fn plan(&self) -> Option<Runbook> {
        let name = self.records.iter().find_map(|event| match &event.body {
            Body::Opened { runbook, .. } => Some(runbook.clone()),
            _ => None,
        })?;
        let written = self.site.runbooks.iter().find(|plan| plan.name == name)?;
        Some(self.run()?.plan_in_force(written))
    }

    /// A quarter of a second.
    pub fn tick(&mut self) {
        self.clock.pass(TICK);
        if self.ticks.is_multiple_of(LOOK_TICKS) || self.look_due {
            self.look_due = false;
            self.look();
        }
        self.ticks += 1;
        self.work();
        self.event(Event::Tick);
        let heard = std::mem::take(&mut self.heard);
        let mut watchers = std::mem::take(&mut self.watchers);
        for watcher in &mut watchers {
            watcher.takes(heard.iter().map(again).collect(), self);
        }
        self.watchers = watchers;
    }

    fn look(&mut self) {
        let at = self.clock.now();
        let mut heard = Vec::new();
        for (system, probe) in &mut self.probes {
            let looks = now(probe.look());
            heard.push(Event::Heard { system: system.clone(), at, looks: Box::new(looks) });
        }
        let look = Box::new(look_at_reference(&self.world, &*self.clock));
        heard.push(Event::Reference { at, look });
        self.heard.extend(heard.iter().map(again));
        for event in heard {
            self.step(event);
        }
    }

    fn work(&mut self) {
        let mut told = Vec::new();
        self.attempts.retain_mut(|attempt| {
            let (step, number) = (attempt.step.clone(), attempt.number);
            if !attempt.started {
                attempt.started = true;
                told.push(Event::Started { step: step.clone(), attempt: number });
            }
            let ended = poll(&mut attempt.work);
            let lines = attempt.printed.take();
            if !lines.is_empty() {
                told.push(Event::Output { step: step.clone(), at: None, lines });
            }
            let goes_on = ended.is_none();
            if let Some(outcome) = ended {
                told.push(Event::Found { step, attempt: number, found: Aftermath::Ended(outcome) });
            }
            goes_on
        });
        self.checks.retain_mut(|check| {
            let seen = poll(&mut check.work);
            let goes_on = seen.is_none();
            if let Some(standing) = seen {
                let (step, attempt, why) = (check.step.clone(), check.attempt, check.why);
                told.push(Event::Checked { step, attempt, why, standing });
            }
            goes_on
        });
        for event in told {
            self.event(event);
        }
    }

    /// Something happens, and is judged.
    pub fn event(&mut self, event: Event) {
        self.step(event);
        let effects = recorded::settle(&mut self.console, &mut self.recorder, self.clock.now());
        self.perform_all(effects);
    }

    fn step(&mut self, event: Event) {
        let (console, folder) = (&mut self.console, self.run_folder.as_deref());
        let effects = recorded::step(console, &mut self.recorder, folder, event, self.clock.now());
        self.perform_all(effects);
    }

    /// Presses every key that is named now, on copies.
    pub fn press_all(&mut self) {
        let now = self.clock.now();
        self.console.shown(now, |screen| super::PRESSER.press_all("a voyage", screen));
    }

    /// Asks the console for something, and says whether it was granted.
    pub fn ask(&mut self, wish: Wish) -> bool {
        match self.console.drive(wish, self.clock.now()) {
            Ok(effects) => {
                self.perform_all(effects);
                true
            }
            Err(refusal) => {
                self.refusals.push(refusal.to_string());
                false
            }
        }
    }

    fn perform_all(&mut self, effects: Vec<Effect<Commander>>) {
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect<Commander>) {
        match effect {
            Effect::Act(grant) => {
                let intent = grant.intent().clone();
                let job = self.job(&intent.step, intent.attempt, intent.purpose);
                let warrant = self.warrant(intent.seq);
                let printed = Printed::default();
                self.attempts.push(Attempt {
                    step: intent.step.clone(),
                    number: intent.attempt,
                    printed: printed.clone(),
                    started: false,
                    work: perform(
                        Arc::clone(&self.clock),
                        self.operator(&job),
                        Granted { intent, warrant, void: Arc::default() },
                        printed,
                    ),
                });
            }
            Effect::Record(Record::Open { run, runbook, kind }) => {
                let folder = self.folder.path().join("runs").join(run.as_str());
                let frozen = Frozen {
                    site: &self.site.site_text,
                    runbook: &self.site.runbook_texts[runbook],
                };
                let tell = self.answers.0.clone();
                let answer = Box::new(move |reply| drop(tell.send(reply)));
                let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
                self.journal = None;
                let journal = Journal::create(&folder, frozen, &run, kind, clock, answer);
                self.journal = Some(journal.expect("the journal begins"));
                self.run_folder = Some(folder);
                self.records.clear();
                self.step(Event::RunOpened(Ok(())));
            }
            Effect::Record(Record::Append { ticket, by, body }) => {
                let journal = self.journal.as_ref().expect("a run is open");
                journal.append(ticket, by, *body);
                let reply = self.answers.1.recv().expect("the journal answers");
                if let Reply::Recorded { event, .. } = &reply {
                    self.records.push(event.clone());
                }
                self.step(Event::Journal(Box::new(reply)));
            }
            Effect::Check { job, why, patience } => {
                let work = stand(&self.clock, self.operator(&job), patience);
                self.checks.push(Check { step: job.step, attempt: job.attempt, why, work });
            }
            Effect::Rehearse(job) => {
                let rehearsal = self.rehearse(job);
                self.step(Event::Rehearsed(Box::new(rehearsal)));
            }
            Effect::LookNow => self.look_due = true,
            Effect::Keep(kept) => self.kept = Some(*kept),
            Effect::Record(Record::Cancel { .. } | Record::Void { .. })
            | Effect::Watch { .. }
            | Effect::Title(_)
            | Effect::Bell
            | Effect::Notify(_)
            | Effect::Copy(_)
            | Effect::Quit => {}
        }
    }

    /// The terms under which an attempt was granted.
    fn warrant(&self, seq: u64) -> Warrant {
        let granted = self.records.iter().find(|event| event.seq == seq);
        match granted.map(|event| &event.body) {
            Some(Body::Intended { warrant: Some(warrant), .. }) => warrant.clone(),
            other => panic!("entry {seq} grants nothing: {other:?}"),
        }
    }

    fn rehearse(&self, job: Job) -> Rehearsal {
        let mut operator = self.operator(&job);
        let (standing, preview) = now(async move {
            let standing = operator.check().await;
            (standing, operator.preview().await)
        });
        Rehearsal { step: job.step, back: job.back, at: self.clock.now(), standing, preview }
    }

    fn job(&self, step: &StepId, attempt: u32, purpose: Purpose) -> Job {
        let run = self.run().expect("a run is open");
        Job {
            runbook: Arc::new(self.plan().expect("it has a plan")),
            direction: run.direction,
            step: step.clone(),
            attempt,
            back: purpose == Purpose::Compensate,
            expected: Expected::default(),
        }
    }

    /// The step's operator on the simulated world, waiting in virtual time.
    pub fn operator(&self, job: &Job) -> Box<dyn Operator> {
        let step = job.runbook.step(&job.step).expect("the plan has the step");
        let (action, with): (&'static ActionSpec, &Table) = match (&step.compensation, job.back) {
            (_, false) => (step.action, &step.with),
            (Compensation::Action { action, with }, true) => (action, with),
            (Compensation::None(_) | Compensation::NotNeeded, true) => {
                panic!("{} has no way back", step.id)
            }
        };
        assert!(ACTIONS.iter().any(|known| known.spec() == action), "{}", step.id);
        let target = step.target.as_ref().map(|target| {
            let spec = self.site.site.system(&target.system).expect("the site has the system");
            (spec, job.direction.side(target.place))
        });
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let setup = OperatorSetup {
            site: &self.site.site,
            step,
            with,
            target,
            expected: warroom::port::Expected::default(),
            direction: job.direction,
            secrets: &NoSecrets,
            clock,
        };
        let pause = Arc::new(Patience(Arc::clone(&self.clock)));
        Box::new(operator_for(self.world.clone(), action, &setup, pause).expect("right settings"))
    }
}

/// What was heard, for one more console.
fn again(heard: &Event) -> Event {
    match heard {
        Event::Heard { system, at, looks } => {
            Event::Heard { system: system.clone(), at: *at, looks: looks.clone() }
        }
        Event::Reference { at, look } => Event::Reference { at: *at, look: look.clone() },
        other => panic!("no look: {other:?}"),
    }
}
