//! Every shipped site as its simulated twin, run to the end in both directions and judged.
//!
//! The console, its desk, its decisions and the unattended pilot are the real ones; journal and
//! runners answer at once, time is the test's own, and a patient person does what the plan keeps
//! for people.

mod site;
mod step;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use warroom::app::kinds::load;
use warroom::commands::init::write;
use warroom::domain::catalogue::{Change, Class};
use warroom::domain::console::{JournalState, Rehearsal};
use warroom::domain::ids::{PersonId, StepId};
use warroom::domain::run::autopilot::Orders;
use warroom::domain::run::commit::{Execution, Grant, Hash, Receipt};
use warroom::domain::run::event::{Actor, Body, Closing, Mode, Outcome, RunEvent, RunKind};
use warroom::domain::run::intent::Intent;
use warroom::domain::run::phase::Phase;
use warroom::domain::run::refusal::Refusal;
use warroom::domain::run::role::Commander;
use warroom::domain::runbook::{Direction, Runbook, Ungraceful};
use warroom::domain::text::Clean;
use warroom::domain::time::Stamp;
use warroom::files::shipped::SHIPPED;
use warroom::files::site::LoadedSite;
use warroom::port::{Clock, Operator, OperatorSetup, Probe};
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::CommanderDesk;
use warroom::runtime::effect::{Effect, Record};
use warroom::runtime::event::Event;
use warroom::runtime::journal::Reply;
use warroom::runtime::runner::Aftermath;
use warroom::runtime::unattended::{End, Pilot};
use warroom::sim::{
    Pause, World, WorldPlan, WorldState, look_at_reference, operator_for, probe_for,
};
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::wish::Wish;

use crate::stand::{HandClock, Lines, NoSecrets};

/// When region A is lost, and when it is back.
const FAILS_S: u64 = 20;
const RETURNS_S: u64 = 3600;

/// Failed looks that the sites' rules want, and one to spare.
const RED_WITHIN_S: u64 = 5;

/// Virtual seconds that a whole run may take.
const RUN_S_MAX: u64 = 4 * 3600;

/// A twin in its world.
struct Place {
    _folder: tempfile::TempDir,
    site: LoadedSite,
    world: PathBuf,
    clock: Arc<HandClock>,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new(name: &str, loses: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shipped = SHIPPED.iter().find(|one| one.name == name).expect("it ships");
        let real = folder.path().join("real");
        write(shipped, &real).expect("it is written");
        let world = folder.path().join("world");
        let loaded = load(&real).expect("it loads");
        let made = site::twin_of(&loaded, &world.display().to_string()).expect("a twin");
        let dir = folder.path().join("twin");
        std::fs::create_dir_all(dir.join("runbooks")).expect("writable");
        std::fs::write(dir.join("site.toml"), &made.site).expect("writable");
        for (name, text) in &made.runbooks {
            let path = dir.join("runbooks").join(format!("{name}.toml"));
            std::fs::write(path, text).expect("writable");
        }
        let site = load(&dir).unwrap_or_else(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}\n{made:#?}", lines.join("\n"))
        });
        let clock = Arc::new(HandClock::at(1000));
        let mut plan = WorldPlan::of_site(&site.site, 7).expect("a world");
        if loses {
            plan.fail_after = Some(Duration::from_secs(FAILS_S));
            plan.returns_after = Some(Duration::from_secs(RETURNS_S));
        }
        World::create(&world, plan, &*clock).expect("a world");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { _folder: folder, site, world, clock, runtime }
    }

    fn state(&self) -> WorldState {
        let world = World::open(&self.world).expect("it opens");
        world.state_now(self.clock.now()).expect("its acts are read")
    }

    /// The operator of a step, or of its way back.
    fn operator(&self, runbook: &Runbook, id: &StepId) -> Option<Box<dyn Operator>> {
        let step = runbook.step(id).expect("a step of the plan");
        let direction = Direction { from: runbook.from, to: runbook.to };
        let target = step.target.as_ref().map(|target| {
            let spec = self.site.site.system(&target.system).expect("a system");
            (spec, direction.side(target.place))
        });
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let (site, with, secrets) = (&self.site.site, &step.with, &NoSecrets);
        let setup = OperatorSetup {
            site,
            step,
            with,
            target,
            expected: warroom::port::Expected::default(),
            direction,
            secrets,
            clock,
        };
        let pause: Arc<dyn Pause> = Arc::<HandClock>::clone(&self.clock);
        if step.class == Class::H {
            return None;
        }
        let ours = operator_for(self.world.clone(), step.action, &setup, pause);
        Some(Box::new(ours.expect("right settings")))
    }
}

/// One run of one runbook, by pilot and person.
struct Bench<'a> {
    place: &'a Place,
    runbook: &'a Runbook,
    console: Console<CommanderDesk>,
    pilot: Pilot,
    probes: Vec<(warroom::domain::ids::SystemId, Box<dyn Probe>)>,
    records: Vec<RunEvent>,
    by_person: usize,
    by_itself: usize,
}

impl<'a> Bench<'a> {
    fn new(place: &'a Place, name: &str, mode: Mode) -> Self {
        let index = place.site.runbooks.iter().position(|book| book.name == name);
        let index = index.expect("the site has it");
        let person = place.site.site.people.iter().find(|person| person.may_declare);
        let person = PersonId::new(person.expect("somebody declares").id.as_str());
        let parts = Parts {
            desk: CommanderDesk::default(),
            site: place.site.site.clone(),
            site_hash: "abc".to_owned(),
            runbooks: place.site.runbooks.clone(),
            me: Actor { person: person.ok(), user: "ops".into(), host: "laptop".into() },
            kind: RunKind::Simulation,
            keymap: Keymap::shipped("default").expect("it is shipped"),
            model: Model::default(),
            remembered: None,
            notice: None,
            run: None,
            journal: JournalState::None,
            last_run: None,
        };
        let reason = Clean::new("the twin is tried");
        let orders = Orders { mode, reason, accept_losses: true, until: None };
        let probe = |spec: &warroom::domain::site::SystemSpec| {
            let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&place.clock);
            (spec.id.clone(), probe_for(&place.world, spec, clock))
        };
        Self {
            place,
            runbook: &place.site.runbooks[index],
            console: Console::new(parts, place.clock.now()),
            pilot: Pilot::new(orders, index),
            probes: place.site.site.systems.iter().map(probe).collect(),
            records: Vec::new(),
            by_person: 0,
            by_itself: 0,
        }
    }

    fn now(&self) -> Stamp {
        self.place.clock.now()
    }

    fn event(&mut self, event: Event) {
        let effects = self.console.step(event, self.now());
        self.perform(effects);
    }

    /// A second passes, and every system is looked at.
    fn second(&mut self) {
        self.place.clock.pass_s(1);
        let at = self.now();
        let mut heard = Vec::new();
        for (system, probe) in &mut self.probes {
            let looks = Box::new(self.place.runtime.block_on(probe.look()));
            heard.push(Event::Heard { system: system.clone(), at, looks });
        }
        let look = Box::new(look_at_reference(&self.place.world, &*self.place.clock));
        heard.extend([Event::Reference { at, look }, Event::Tick]);
        for event in heard {
            self.event(event);
        }
        let effects = self.console.settle(self.now());
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect<Commander>>) {
        for effect in effects {
            let event = match effect {
                Effect::Act(grant) => self.act(&grant),
                Effect::Record(Record::Open { .. }) => Event::RunOpened(Ok(())),
                Effect::Record(Record::Append { ticket, by, body }) => {
                    let seq = u64::try_from(self.records.len()).expect("small") + 1;
                    let event = RunEvent { seq, at: self.now(), by, body: *body };
                    self.records.push(event.clone());
                    let receipt = Receipt::of_durable(seq, Hash::NONE);
                    Event::Journal(Box::new(Reply::Recorded { ticket, event, receipt }))
                }
                Effect::Check { job, why, .. } => {
                    let operator = self.place.operator(&job.runbook, &job.step);
                    let mut operator = operator.expect("what is checked has an operator");
                    let standing = self.place.runtime.block_on(operator.check());
                    Event::Checked { step: job.step, attempt: job.attempt, why, standing }
                }
                Effect::Rehearse(job) => {
                    let operator = self.place.operator(&job.runbook, &job.step);
                    let mut operator = operator.expect("what is rehearsed has an operator");
                    let standing = self.place.runtime.block_on(operator.check());
                    let preview = self.place.runtime.block_on(operator.preview());
                    let (step, back, at) = (job.step, job.back, self.now());
                    Event::Rehearsed(Box::new(Rehearsal { step, back, at, standing, preview }))
                }
                Effect::Record(Record::Cancel { .. } | Record::Void { .. })
                | Effect::Watch { .. }
                | Effect::LookNow
                | Effect::Keep(_)
                | Effect::Title(_)
                | Effect::Bell
                | Effect::Notify(_)
                | Effect::Copy(_)
                | Effect::Quit => continue,
            };
            self.event(event);
        }
    }

    fn act(&mut self, grant: &Grant) -> Event {
        let intent = grant.intent().clone();
        let (step, attempt) = (intent.step.clone(), intent.attempt);
        let mut operator = self.place.operator(self.runbook, &step).expect("it has an operator");
        let execution = Execution::of_locked_intent(intent, 1);
        let done = self.place.runtime.block_on(operator.apply(&execution, &mut Lines::default()));
        let evidence = done.unwrap_or_else(|error| panic!("{step}: {error}"));
        let found = Aftermath::Ended(Outcome::Applied { evidence });
        Event::Found { step, attempt, found }
    }

    /// What only a person does: the first ready step that is not automatic.
    fn person(&mut self, why: &Clean) {
        self.place.clock.pass_s(5);
        let run = self.console.run().expect("a run is open");
        let ready = |step: &&warroom::domain::runbook::Step| {
            run.step(&step.id).is_some_and(|state| state.phase == Phase::Ready) && !step.automatic
        };
        // A step that needs the lost region may be a person's then.
        let plan = run.plan_in_force(self.runbook);
        let step = plan.steps.iter().find(ready);
        let step = step.unwrap_or_else(|| panic!("a person cannot help: {why}"));
        let id = step.id.clone();
        let intent = if step.class == Class::H {
            Intent::Attest { step: id.clone(), value: "seen by a person".into() }
        } else {
            let typed = step.typed_text(run.direction);
            Intent::Run { step: id.clone(), typed, broken: None, call: Clean::default() }
        };
        let now = self.now();
        if self.console.access() != warroom::domain::console::Access::Armed {
            let effects = self.console.drive(Wish::Arm, now).expect("it is armed");
            self.perform(effects);
        }
        match self.console.drive(Wish::Intent(intent), now) {
            Ok(effects) => {
                self.by_person += 1;
                self.perform(effects);
            }
            // A person waits for a gate, and looks again.
            Err(Refusal::Gate { .. } | Refusal::Recording | Refusal::Unseen { .. }) => {
                self.second();
            }
            Err(refusal) => panic!("{id}: {refusal}"),
        }
    }

    /// Drives until the run is closed.
    fn finish(&mut self) {
        let begin = self.now();
        loop {
            let spent = self.now().since(begin).as_secs();
            let open = self.console.run().map(|run| {
                let left = run.steps.iter().filter(|state| !state.phase.satisfies());
                left.map(|state| format!("{} {}", state.id, state.phase.word())).collect::<Vec<_>>()
            });
            assert!(spent < RUN_S_MAX, "not within {RUN_S_MAX} s: {open:?}");
            let before = self.records.len();
            let now = self.now();
            let (effects, end) = self.pilot.turn(&mut self.console, now);
            self.perform(effects);
            match end {
                None if self.records.len() > before => {}
                None => self.second(),
                Some(End::NeedPerson(why)) => self.person(&why),
                Some(End::Finished) => break,
                Some(other) => panic!("{other:?}"),
            }
        }
        let intended = self.records.iter().filter(|e| matches!(e.body, Body::Intended { .. }));
        self.by_itself = intended.count();
    }
}

/// Runs a runbook to its end and judges its objectives.
fn run(place: &Place, name: &str, mode: Mode) -> Duration {
    let mut bench = Bench::new(place, name, mode);
    if mode == Mode::Ungraceful {
        // What was watched before the loss is what the losses are told from.
        while place.state().alive[0] {
            bench.second();
        }
        for _ in 0..RED_WITHIN_S {
            bench.second();
        }
    }
    bench.finish();
    let run = bench.console.run().expect("it ended");
    // What the plan itself leaves out when the primary is lost, and nothing else.
    let left_out = |id: &StepId| {
        let step = bench.runbook.step(id).expect("a step of the plan");
        mode == Mode::Ungraceful && step.ungraceful == Ungraceful::Skip
    };
    let is_complete = match run.closed.as_ref().map(|(_, closing)| closing) {
        Some(Closing::Complete) => true,
        Some(Closing::CompleteExcept { steps }) => steps.iter().all(left_out),
        Some(Closing::Aborted) | None => false,
    };
    assert!(is_complete, "{name}: {:?}", run.closed);
    assert!(bench.by_person > 0 && bench.by_itself > 0, "{name}: people and pilot shared it");
    let broken = |event: &RunEvent| match &event.body {
        Body::Intended { gates, .. } => gates.iter().any(|gate| !gate.held),
        Body::Skipped { step, .. } => !left_out(step),
        Body::Retried { .. } | Body::Resolved { .. } => true,
        _ => false,
    };
    let broken: Vec<&RunEvent> = bench.records.iter().filter(|event| broken(event)).collect();
    assert!(broken.is_empty(), "{name}: {broken:#?}");
    let total = run.clock.as_ref().and_then(|clock| clock.stopped).expect("it is restored");
    for (system, seconds, _) in &run.losses {
        let rpo = place.site.site.rpo_of(system).expect("stores have objectives");
        assert!(*seconds <= rpo.as_secs_f64(), "{name}: {system} lost {seconds} s");
    }
    total
}

#[test]
fn every_shipped_site_is_taken_over_and_back_in_its_twin() {
    for shipped in SHIPPED {
        let place = Place::new(shipped.name, true);
        let took = run(&place, "failover", Mode::Ungraceful);
        let rto = place.site.site.rto().expect("an objective");
        assert!(took <= rto, "{}: {took:?} of {rto:?}", shipped.name);
        let lost: Vec<f64> =
            place.state().stores.values().filter_map(|store| store.lost_s).collect();
        assert!(lost.iter().any(|lost| *lost > 0.0), "asynchronous copies lose something");
        while !place.state().alive[0] {
            place.clock.pass_s(60);
        }
        run(&place, "failback", Mode::Planned);
        let state = place.state();
        assert!(state.share[0] > 0.999, "all users are back");
        assert_eq!(state.fenced, [false, false]);
        assert!(state.stores.values().all(|store| store.flows), "{state:#?}");
    }
}

#[test]
fn a_planned_switch_of_every_shipped_site_loses_nothing() {
    for shipped in SHIPPED {
        let place = Place::new(shipped.name, false);
        run(&place, "failover", Mode::Planned);
        for (name, store) in &place.state().stores {
            assert!(store.lost_s.unwrap_or(0.0) <= 0.0, "{name}: {:?}", store.lost_s);
        }
    }
}

/// A site of the folder that its twin is written into, and the twin itself.
fn with_twin(name: &str) -> (LoadedSite, LoadedSite) {
    let shipped = SHIPPED.iter().find(|one| one.name == name).expect("it ships");
    let folder = tempfile::tempdir().expect("a folder");
    write(shipped, folder.path()).expect("it is written");
    let real = load(folder.path()).expect("it loads");
    let place = Place::new(name, false);
    (real, place.site)
}

/// What the clock, the abort plan and the forecast go by is the same live and simulated.
#[test]
fn steps_mean_the_same_live_and_in_the_twin() {
    for shipped in SHIPPED {
        let (real, twin) = with_twin(shipped.name);
        for (real, twin) in real.runbooks.iter().zip(&twin.runbooks) {
            for ungraceful in [false, true] {
                let what = format!("{} {}, ungraceful {ungraceful}", shipped.name, real.name);
                let resolved = |book: &Runbook| book.resolved(|_| ungraceful);
                let (real, twin) = (resolved(real), resolved(twin));
                let ids = |book: &Runbook| -> Vec<StepId> {
                    book.decisive().map(|step| step.id.clone()).collect()
                };
                assert_eq!(ids(&real), ids(&twin), "{what}");
                assert!(!ids(&real).is_empty() && ids(&real).len() < real.steps.len(), "{what}");
                let meant = |book: &Runbook| -> Vec<String> {
                    let looks = |change| matches!(change, Change::Check | Change::None);
                    let acts = book.steps.iter().filter(|step| !looks(step.change));
                    // A hand-over is a promotion to all of these; only its gate differs.
                    let word = |change: Change| match change {
                        Change::HandOver => Change::Promote.word(),
                        other => other.word(),
                    };
                    acts.map(|step| format!("{} {}", step.id, word(step.change))).collect()
                };
                assert_eq!(meant(&real), meant(&twin), "{what}");
            }
        }
    }
}

#[test]
fn what_a_twin_cannot_ask_is_told() {
    for shipped in SHIPPED {
        let folder = tempfile::tempdir().expect("a folder");
        write(shipped, folder.path()).expect("it is written");
        let loaded = load(folder.path()).expect("it loads");
        let made = site::twin_of(&loaded, "/nowhere").expect("a twin");
        assert!(!made.site.contains("password"), "a twin has no secrets");
        let gates: usize =
            loaded.runbooks.iter().flat_map(|book| &book.steps).map(|step| step.gates.len()).sum();
        assert!(made.left_out.len() * 2 < gates, "{:?} of {gates}", made.left_out);
    }
}
