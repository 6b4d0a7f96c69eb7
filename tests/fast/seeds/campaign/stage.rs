//! The real console and desk over a small simulated world; disk, looks and runners fail.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use warroom::app::kinds::{read_runbook, read_site};
use warroom::domain::catalogue::ActionSpec;
use warroom::domain::console::{Access, JournalState};
use warroom::domain::ids::{PersonId, Side, StepId, SystemId};
use warroom::domain::preview::Standing;
use warroom::domain::run::commit::{Grant, Hash, Receipt};
use warroom::domain::run::event::{Actor, Body, Cause, Outcome, Purpose, RunEvent, RunKind};
use warroom::domain::run::role::Commander;
use warroom::domain::run::state::Run;
use warroom::domain::runbook::{Compensation, Runbook, Step};
use warroom::domain::settings::Table;
use warroom::domain::site::Site;
use warroom::domain::time::Stamp;
use warroom::port::{Clock, Expected, Looks, Operator, OperatorSetup};
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::CommanderDesk;
use warroom::runtime::effect::{Effect, Job, Record};
use warroom::runtime::event::{Event, Why};
use warroom::runtime::journal::Reply;
use warroom::runtime::runner::Aftermath;
use warroom::sim::{
    Act, Astray, Chance, Moment, World, WorldPlan, look_at_reference, operator_for,
};
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::wish::Wish;

use super::super::hands::{Granted, Patience, Printed, Work, now, perform, poll, stand};
use super::super::voyage::fast_folder;
use super::Tally;
use crate::stand::{HandClock, NoSecrets};

/// The longest incident, in virtual time.
pub const END: Duration = Duration::from_secs(240);

/// Between two steps of the world's clock.
const TICK: Duration = Duration::from_millis(500);

/// Ticks between two looks at every system.
const LOOK_TICKS: u64 = 4;

const NOTHING: Duration = Duration::ZERO;

/// The longest that the disk stalls, in seconds.
const STALL_S: f64 = 60.0;

/// An attempt on its way.
struct Attempt {
    step: StepId,
    number: u32,
    printed: Printed,
    starts: Stamp,
    started: bool,
    work: Work<Outcome>,
    granted: Granted,
    released: Stamp,
}

struct Check {
    step: StepId,
    attempt: u32,
    why: Why,
    work: Work<Standing>,
}

/// What an attempt did to the world.
pub struct Deed {
    /// The record that granted it.
    pub seq: u64,
    /// The act.
    pub act: Act,
}

/// One incident.
pub struct Stage {
    /// Its seed.
    pub seed: u64,
    /// The time.
    pub clock: Arc<HandClock>,
    /// When it began.
    pub began: Stamp,
    /// The console.
    pub console: Console<CommanderDesk>,
    /// What the journal holds.
    pub records: Vec<RunEvent>,
    /// For each grant that left the desk: the number of its record, and the moment.
    pub grants: Vec<(u64, Stamp)>,
    /// What was done.
    pub deeds: Vec<Deed>,
    /// What was seen.
    pub tally: Tally,
    /// The world.
    pub world: World,
    folder: tempfile::TempDir,
    chance: Chance,
    draws: u64,
    ticks: u64,
    look_due: bool,
    heard: Vec<(SystemId, Side, Stamp, bool)>,
    answers: VecDeque<(Stamp, Reply)>,
    attempts: Vec<Attempt>,
    checks: Vec<Check>,
    acts_seen: usize,
    quiet: Vec<Stamp>,
    was_quiet: bool,
}

/// The site and its plan, read once.
pub fn written() -> &'static (Site, Runbook, Keymap) {
    static WRITTEN: OnceLock<(Site, Runbook, Keymap)> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let site = read_site(include_str!("site.toml")).expect("the site is right");
        let plan = read_runbook(include_str!("plan.toml"), "failover", &site);
        let keymap = Keymap::shipped("default").expect("it is shipped");
        (site, plan.expect("the plan is right"), keymap)
    })
}

fn seconds(from: f64, chance: Chance, most: f64) -> Duration {
    Duration::from_secs_f64(chance.between(from, most))
}

/// What goes wrong in the world of a seed.
fn world_of(seed: u64, site: &Site) -> WorldPlan {
    let chance = Chance::new(seed).of("incident");
    let mut plan = WorldPlan::of_site(site, seed).expect("right settings");
    if chance.of("lost").share() < 0.6 {
        plan.fail_after = Some(seconds(6.0, chance.of("dies"), 14.0));
        let back = chance.of("back").share() < 0.4;
        plan.returns_after = back.then(|| seconds(40.0, chance.of("returns"), 160.0));
    }
    for number in 0..2 {
        let chance = chance.of("astray").at(number);
        if chance.of("at all").share() < 0.5 {
            let side = chance.of("side").pick(&Side::BOTH).expect("there are two");
            let from = seconds(5.0, chance.of("from"), 150.0);
            let until = from + seconds(2.0, chance.of("until"), 40.0);
            let system = SystemId::new("pg").expect("a name");
            plan.astray.push(Astray { system, side, from, until });
        }
    }
    plan
}

impl Stage {
    /// An incident with everything that goes wrong in it.
    pub fn of_seed(seed: u64) -> Self {
        let (site, plan, keymap) = written();
        let clock = Arc::new(HandClock::at(1_000_000));
        let folder = fast_folder();
        let world = World::create(&folder.path().join("world"), world_of(seed, site), &*clock);
        let anna = PersonId::new("anna").expect("a name");
        let parts = Parts {
            desk: CommanderDesk::default(),
            site: site.clone(),
            site_hash: "abc".to_owned(),
            runbooks: vec![plan.clone()],
            me: Actor { person: Some(anna), user: "anna".into(), host: "laptop".into() },
            kind: RunKind::Simulation,
            keymap: keymap.clone(),
            model: Model::default(),
            remembered: None,
            notice: None,
            last_run: None,
            run: None,
            journal: JournalState::None,
        };
        Self {
            seed,
            began: clock.now(),
            console: Console::new(parts, clock.now()),
            clock,
            records: Vec::new(),
            grants: Vec::new(),
            deeds: Vec::new(),
            tally: Tally::new(),
            world: world.expect("the world begins"),
            folder,
            chance: Chance::new(seed).of("stage"),
            draws: 0,
            ticks: 0,
            look_due: false,
            heard: Vec::new(),
            answers: VecDeque::new(),
            attempts: Vec::new(),
            checks: Vec::new(),
            acts_seen: 0,
            quiet: Vec::new(),
            was_quiet: true,
        }
    }

    /// The plan, each step in the variant that is in force.
    pub fn plan(&self) -> Runbook {
        let plan = &written().1;
        self.console.run().map_or_else(|| plan.clone(), |run| run.plan_in_force(plan))
    }

    /// True when this world loses its region.
    pub fn is_lost(&self) -> bool {
        self.world.plan().fail_after.is_some()
    }

    /// True when the run was closed.
    pub fn is_closed(&self) -> bool {
        self.console.run().is_some_and(|run| run.stage.is_closed())
    }

    /// When the last look had begun that the console was told of until then; unless silence
    /// counts, the last that told a reading.
    pub fn looked_by(
        &self,
        (system, side): (&SystemId, Side),
        silence_counts: bool,
        until: Stamp,
    ) -> Option<Stamp> {
        let mut heard = self.heard.iter().rev().filter(|(id, of, at, told)| {
            (id, *of) == (system, side) && at.boot_ms <= until.boot_ms && (*told || silence_counts)
        });
        heard.next().map(|(_, _, at, _)| *at)
    }

    /// Whether a step's effect is there, as a person sees it who looks well.
    pub fn is_so(&self, step: &Step) -> bool {
        let job = self.job(&step.id, 0, Purpose::Forward, Expected::default());
        let mut operator = self.operator(&job);
        matches!(now(async move { operator.check().await }), Standing::Done(_))
    }

    fn draw(&mut self, what: &str) -> Chance {
        self.draws += 1;
        self.chance.of(what).at(self.draws)
    }

    /// Counts something that was seen.
    pub fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    /// Half a second.
    pub fn tick(&mut self) {
        self.clock.pass(TICK);
        if self.look_due || self.ticks.is_multiple_of(LOOK_TICKS) {
            self.look_due = false;
            self.look();
        }
        self.ticks += 1;
        self.disk();
        self.work();
        self.step(Event::Tick);
        let effects = self.console.settle(self.clock.now());
        self.perform_all(effects);
    }

    /// Looks at every system; now and then one is missed.
    fn look(&mut self) {
        let at = self.clock.now();
        let acts = self.world.acts().expect("the acts are read");
        let state = self.world.state(self.world.elapsed(at), &acts);
        let plan = self.world.plan().clone();
        let moment = Moment { plan: &plan, acts: &acts, state: &state, at };
        for system in &plan.systems {
            if self.draw("missed").share() < 0.05 {
                continue;
            }
            let [a, b] = Side::BOTH.map(|side| {
                let look = moment.look(system, side);
                self.heard.push((system.id.clone(), side, at, look.is_ok()));
                Some(look)
            });
            let looks = Box::new(Looks { a, b });
            self.step(Event::Heard { system: system.id.clone(), at, looks });
        }
        let look = look_at_reference(&self.folder.path().join("world"), &*self.clock);
        self.step(Event::Reference { at, look: Box::new(look) });
    }

    /// What the disk has made durable by now is told, in order.
    fn disk(&mut self) {
        while self.answers.front().is_some_and(|(due, _)| due.boot_ms <= self.clock.now().boot_ms) {
            let Some((_, reply)) = self.answers.pop_front() else { return };
            if let Reply::Recorded { event, .. } = &reply {
                self.records.push(event.clone());
            }
            self.step(Event::Journal(Box::new(reply)));
        }
    }

    fn work(&mut self) {
        let time = self.clock.now();
        let mut told = Vec::new();
        let mut attempts = std::mem::take(&mut self.attempts);
        attempts.retain_mut(|attempt| {
            if time.boot_ms < attempt.starts.boot_ms {
                return true;
            }
            let (step, number) = (attempt.step.clone(), attempt.number);
            let begins = !attempt.started;
            let hushed = begins && self.quiet.iter().any(|at| at.since(attempt.released) > NOTHING);
            if begins {
                attempt.started = true;
                told.push(Event::Started { step: step.clone(), attempt: number });
            }
            let ended = poll(&mut attempt.work);
            self.note_acts(&attempt.granted, hushed);
            let lines = attempt.printed.take();
            if !lines.is_empty() {
                told.push(Event::Output { step: step.clone(), at: None, lines });
            }
            let goes_on = ended.is_none();
            if let Some(outcome) = ended {
                self.note_end(&outcome);
                told.push(Event::Found { step, attempt: number, found: Aftermath::Ended(outcome) });
            }
            goes_on
        });
        self.attempts = attempts;
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
            self.step(event);
        }
    }

    /// What an attempt has just done to the world.
    fn note_acts(&mut self, granted: &Granted, hushed: bool) {
        let acts = self.world.acts().expect("the acts are read");
        for act in acts.into_iter().skip(self.acts_seen) {
            self.acts_seen += 1;
            self.count("attempts acted");
            assert!(!hushed, "seed {}: {act:?} after SAFE or a hold", self.seed);
            self.deeds.push(Deed { seq: granted.intent.seq, act });
        }
    }

    /// The console takes back every grant whose attempt has not begun.
    fn take_back(&mut self) {
        let waiting = self.attempts.iter().filter(|attempt| !attempt.started);
        let waiting: Vec<_> = waiting.map(|one| Arc::clone(&one.granted.void)).collect();
        for void in waiting {
            void.store(true, Ordering::SeqCst);
            self.count("grants taken back");
        }
    }

    /// Notes when the console went to SAFE, or the plan was held.
    fn note_quiet(&mut self) {
        let held = self.console.run().is_some_and(Run::is_held);
        let quiet = held || self.console.access() != Access::Armed;
        if quiet && !self.was_quiet {
            self.quiet.push(self.clock.now());
        }
        self.was_quiet = quiet;
    }

    fn note_end(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Failed { cause: Cause::Expired, .. } => {
                self.count("grants expired at the runner");
            }
            Outcome::Failed { cause: Cause::OtherServer, .. } => self.count("other servers met"),
            Outcome::Failed { .. }
            | Outcome::Applied { .. }
            | Outcome::AlreadySo { .. }
            | Outcome::Unknown { .. } => {}
        }
    }

    fn step(&mut self, event: Event) {
        let effects = self.console.step(event, self.clock.now());
        self.note_quiet();
        self.perform_all(effects);
    }

    /// Presses a key.
    pub fn ask(&mut self, wish: Wish) {
        let quiets = match &wish {
            Wish::Safe => true,
            Wish::Intent(intent) => {
                matches!(intent, warroom::domain::run::intent::Intent::Hold { .. })
            }
            _ => false,
        };
        if quiets && self.is_granting() {
            self.count("SAFE or held with a grant in flight");
        }
        if let Ok(effects) = self.console.drive(wish, self.clock.now()) {
            self.note_quiet();
            self.perform_all(effects);
        }
    }

    fn is_granting(&self) -> bool {
        self.answers.iter().any(|(_, reply)| match reply {
            Reply::Recorded { event, .. } => matches!(event.body, Body::Intended { .. }),
            Reply::Failed { .. } | Reply::Rotated { .. } => false,
        })
    }

    fn perform_all(&mut self, effects: Vec<Effect<Commander>>) {
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect<Commander>) {
        match effect {
            Effect::Act(grant) => self.launch(&grant),
            Effect::Record(Record::Open { .. }) => self.step(Event::RunOpened(Ok(()))),
            Effect::Record(Record::Append { ticket, by, body }) => self.append(ticket, by, *body),
            Effect::Check { job, why, patience } => {
                let work = stand(&self.clock, self.operator(&job), patience);
                self.checks.push(Check { step: job.step, attempt: job.attempt, why, work });
            }
            Effect::LookNow => self.look_due = true,
            Effect::Record(Record::Void { .. }) => self.take_back(),
            Effect::Record(Record::Cancel { .. })
            | Effect::Rehearse(_)
            | Effect::Watch { .. }
            | Effect::Keep(_)
            | Effect::Title(_)
            | Effect::Bell
            | Effect::Notify(_)
            | Effect::Copy(_)
            | Effect::Quit => {}
        }
    }

    /// The disk takes a word, at times only after a while.
    fn append(&mut self, ticket: u64, by: Actor, body: Body) {
        let at = self.clock.now();
        let waiting = self.answers.len();
        let seq = u64::try_from(self.records.len() + waiting).expect("few") + 1;
        let event = RunEvent { seq, at, by, body };
        let receipt = Receipt::of_durable(seq, Hash::NONE);
        let draw = self.draw("stall");
        let stall = if draw.of("at all").share() < 0.03 { STALL_S } else { 0.0 };
        let due = at.plus(seconds(0.0, draw, stall));
        self.answers.push_back((due, Reply::Recorded { ticket, event, receipt }));
    }

    /// The runner of a grant is started; a busy machine takes its time.
    fn launch(&mut self, grant: &Grant) {
        let at = self.clock.now();
        let intent = grant.intent().clone();
        self.grants.push((intent.seq, at));
        let run = self.console.run().expect("a run is open");
        let quiet = self.console.access() != Access::Armed || run.is_held();
        assert!(!quiet, "seed {}: {intent:?} was released in SAFE or held", self.seed);
        let open = self.attempts.iter().find(|other| other.step == intent.step);
        assert!(open.is_none(), "seed {}: {intent:?} beside an open attempt", self.seed);
        let granted = self.records.iter().find(|event| event.seq == intent.seq);
        let Some(Body::Intended { warrant: Some(warrant), .. }) = granted.map(|one| &one.body)
        else {
            panic!("seed {}: {granted:?} grants nothing", self.seed)
        };
        let warrant = warrant.clone();
        assert!(warrant.is_good(at), "seed {}: released when it was no longer good", self.seed);
        let (target, other) = (warrant.target.clone(), warrant.other.clone());
        let expected = Expected { target, other, ..Expected::default() };
        let job = self.job(&intent.step, intent.attempt, intent.purpose, expected);
        let draw = self.draw("launch");
        let most = if draw.of("busy").share() < 0.05 { 40.0 } else { 0.4 };
        let printed = Printed::default();
        let granted = Granted { intent, warrant, void: Arc::default() };
        self.attempts.push(Attempt {
            step: granted.intent.step.clone(),
            number: granted.intent.attempt,
            printed: printed.clone(),
            starts: at.plus(seconds(0.0, draw, most)),
            started: false,
            work: perform(Arc::clone(&self.clock), self.operator(&job), granted.clone(), printed),
            granted,
            released: at,
        });
    }

    fn job(&self, step: &StepId, attempt: u32, purpose: Purpose, expected: Expected) -> Job {
        let run = self.console.run().expect("a run is open");
        Job {
            runbook: Arc::new(self.plan()),
            direction: run.direction,
            step: step.clone(),
            attempt,
            back: purpose == Purpose::Compensate,
            expected,
        }
    }

    fn operator(&self, job: &Job) -> Box<dyn Operator> {
        let site = &written().0;
        let step = job.runbook.step(&job.step).expect("the plan has the step");
        let (action, with): (&'static ActionSpec, &Table) = match (&step.compensation, job.back) {
            (Compensation::Action { action, with }, true) => (action, with),
            _ => (step.action, &step.with),
        };
        let target = step.target.as_ref().map(|target| {
            let spec = site.system(&target.system).expect("the site has the system");
            (spec, job.direction.side(target.place))
        });
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let setup = OperatorSetup {
            site,
            step,
            with,
            target,
            expected: job.expected.clone(),
            direction: job.direction,
            secrets: &NoSecrets,
            clock,
        };
        let world: PathBuf = self.folder.path().join("world");
        let pause = Arc::new(Patience(Arc::clone(&self.clock)));
        Box::new(operator_for(world, action, &setup, pause).expect("right settings"))
    }
}
