//! The demo's runbooks driven to their end on its world, gates and all, in the test's own time.
mod abandon;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use warroom::app::kinds::{read_runbook, read_site};
use warroom::commands::demo::{DemoPlan, write};
use warroom::domain::catalogue::{ActionSpec, Class};
use warroom::domain::ids::{RunId, Side, StepId, SystemId};
use warroom::domain::preview::Standing;
use warroom::domain::reading::FactValue;
use warroom::domain::run::event::Purpose;
use warroom::domain::runbook::{
    Amount, Bound, Compensation, Direction, Exact, Gate, Runbook, Step, UngracefulGate,
};
use warroom::domain::settings::Table;
use warroom::domain::site::Site;
use warroom::domain::snapshot::Snapshot;
use warroom::domain::text::Clean;
use warroom::domain::time::Stamp;
use warroom::files::shipped::{DEMO_FAILBACK, DEMO_FAILOVER};
use warroom::port::{Clock, OperateError, Operator as _, OperatorSetup, Probe};
use warroom::sim::{ACTIONS, Pause, World, operator_for, probe_for};

use crate::stand::{HandClock, Lines, NoSecrets, execution};

const EVERY: Duration = Duration::from_secs(1);

/// Seconds that a person takes between two steps.
const PERSON_S: u64 = 5;

/// A console with patience instead of a person.
struct Drive {
    _folder: tempfile::TempDir,
    world: PathBuf,
    site: Site,
    clock: Arc<HandClock>,
    probes: BTreeMap<SystemId, Box<dyn Probe>>,
    snapshot: Snapshot,
    runtime: tokio::runtime::Runtime,
}

impl Drive {
    fn new(plan: DemoPlan) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let clock = Arc::new(HandClock::default());
        let demo = write(folder.path(), plan, &*clock).expect("the demo is written");
        let text = std::fs::read_to_string(demo.site.join("site.toml")).expect("a site file");
        let site = read_site(&text).expect("the written site is right");
        let probe = |spec: &warroom::domain::site::SystemSpec| {
            let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
            (spec.id.clone(), probe_for(&demo.world, spec, clock))
        };
        let probes = site.systems.iter().map(probe).collect();
        Self {
            _folder: folder,
            world: demo.world,
            site,
            clock,
            probes,
            snapshot: Snapshot::default(),
            runtime: tokio::runtime::Builder::new_current_thread().build().expect("a runtime"),
        }
    }

    fn poll(&mut self) {
        self.clock.pass_s(1);
        let at = self.clock.now();
        for (id, probe) in &mut self.probes {
            let looks = self.runtime.block_on(probe.look());
            for (side, look) in [(Side::A, looks.a), (Side::B, looks.b)] {
                self.snapshot.record(id, side, at, look.expect("every system is on both sides"));
            }
        }
    }

    fn polls(&mut self, count: u64) {
        for _ in 0..count {
            self.poll();
        }
    }

    /// Polls until the primary is red: three failed looks of two systems.
    fn until_red(&mut self) -> Stamp {
        for _ in 0..120 {
            self.poll();
            let failing: Vec<Stamp> = self
                .snapshot
                .cells()
                .filter(|(_, side, cell)| *side == Side::A && cell.failures >= 3)
                .filter_map(|(_, _, cell)| cell.first_failure)
                .collect();
            if failing.len() >= 2 {
                return failing.into_iter().min_by_key(|at| at.boot_ms).expect("two of them");
            }
        }
        panic!("the primary never turned red");
    }

    fn gate(&self, gate: &Gate, direction: Direction, t0: Option<Stamp>) -> bool {
        let cell = self.snapshot.cell(&gate.system, direction.side(gate.place));
        let cell = cell.expect("every system was polled");
        let mut bound = &gate.bound;
        if let (Some(t0), Some(lossy)) = (t0, &gate.ungraceful) {
            match lossy {
                UngracefulGate::Ledger { at_most } => {
                    let (sampled, lag) = cell.last_lag.as_ref().expect("a lag was known");
                    let loss_s = lag.seconds.expect("known") + t0.since(*sampled).as_secs_f64();
                    return loss_s <= at_most.as_secs_f64();
                }
                UngracefulGate::Weaker(weaker) => bound = weaker,
                UngracefulGate::Skip => return true,
            }
        }
        if *bound == Bound::NotOpen {
            let reading = cell.current(self.clock.now(), EVERY);
            return reading.is_none_or(|reading| !reading.is_open_primary());
        }
        let number = |amount: &Amount| match amount {
            Amount::Number(number) => *number,
            Amount::Time(time) => time.as_secs_f64(),
        };
        match (cell.fact(&gate.fact, self.clock.now(), EVERY), bound) {
            (
                FactValue::Number(have) | FactValue::Seconds(have) | FactValue::Share(have),
                Bound::AtLeast(amount),
            ) => have >= number(amount),
            (
                FactValue::Number(have) | FactValue::Seconds(have) | FactValue::Share(have),
                Bound::AtMost(amount),
            ) => have <= number(amount),
            (FactValue::Boolean(yes), Bound::Is(Exact::Boolean(wanted))) => yes == *wanted,
            (FactValue::Text(word), Bound::Is(Exact::Word(wanted))) => word.as_str() == wanted,
            (FactValue::Unknown(_), _) => false,
            (value, bound) => panic!("{}: {value:?} against {bound:?}", gate.fact),
        }
    }

    fn step(&mut self, step: &Step, direction: Direction, t0: Option<Stamp>) {
        let id = &step.id;
        self.polls(PERSON_S);
        for gate in &step.gates {
            let mut patience = 90;
            while !self.gate(gate, direction, t0) {
                patience -= 1;
                assert!(patience > 0, "{id} never passed {gate:?}");
                self.poll();
            }
        }
        if step.action.class == Class::H {
            return self.polls(20);
        }
        if let Compensation::Action { action, .. } = &step.compensation {
            assert!(ACTIONS.iter().any(|known| known.spec() == *action), "{id}");
        }
        let begin = self.clock.now();
        let done = self.act(step, (step.action, &step.with), direction);
        done.unwrap_or_else(|error| panic!("{id}: {error}"));
        let took = self.clock.now().since(begin);
        assert!(took <= step.expect + Duration::from_secs(20), "{id} took {took:?}");
    }

    /// Performs an action of a step; what is done is also seen to be done.
    fn act(
        &mut self,
        step: &Step,
        (action, with): (&'static ActionSpec, &Table),
        direction: Direction,
    ) -> Result<Clean, OperateError> {
        let id = &step.id;
        let target = step.target.as_ref().map(|target| {
            let spec = self.site.system(&target.system).expect("a system of the site");
            (spec, direction.side(target.place))
        });
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let setup = OperatorSetup {
            site: &self.site,
            step,
            with,
            target,
            expected: warroom::port::Expected::default(),
            direction,
            secrets: &NoSecrets,
            clock,
        };
        let pause: Arc<dyn Pause> = Arc::<HandClock>::clone(&self.clock);
        let mut operator =
            operator_for(self.world.clone(), action, &setup, pause).expect("right settings");
        let evidence =
            self.runtime.block_on(operator.apply(&execution(id), &mut Lines::default()))?;
        let standing = self.runtime.block_on(operator.check());
        assert!(matches!(standing, Standing::Done(_)), "{id}: {standing:?}");
        Ok(evidence)
    }

    fn runbook(&self, name: &str, text: &str) -> Runbook {
        read_runbook(text, name, &self.site).expect("the runbook is right")
    }

    /// Runs a whole runbook, and then waits until its own words call the service restored.
    fn run(&mut self, name: &str, text: &str, t0: Option<Stamp>) {
        let book = self.runbook(name, text).resolved(|_| t0.is_some());
        let direction = Direction { from: book.from, to: book.to };
        for step in &book.steps {
            self.step(step, direction, t0);
        }
        for gate in &book.restored {
            let mut patience = 120;
            while !self.gate(gate, direction, None) {
                patience -= 1;
                assert!(patience > 0, "never restored: {gate:?}");
                self.poll();
            }
        }
    }

    fn state(&self) -> warroom::sim::WorldState {
        let world = World::open(&self.world).expect("the world opens");
        world.state_now(self.clock.now()).expect("the acts are read")
    }
}

/// The time of the longest chain of `needs`, of the steps that stand in the order they can be done.
fn critical_path(book: &Runbook) -> Duration {
    let mut ends: BTreeMap<&StepId, Duration> = BTreeMap::new();
    for step in &book.steps {
        let begin = step.needs.iter().map(|need| ends[need]).max().unwrap_or_default();
        ends.insert(&step.id, begin + step.expect);
    }
    ends.into_values().max().unwrap_or_default()
}

#[test]
fn the_failover_can_be_won_and_lost() {
    let drive = Drive::new(DemoPlan::default());
    let book = drive.runbook("failover", DEMO_FAILOVER);
    let path = critical_path(&book);
    assert!((Duration::from_mins(5)..Duration::from_mins(7)).contains(&path), "{path:?}");
    let first = book.steps.iter().filter(|step| step.needs.is_empty()).count();
    assert_eq!(first, 2, "capacity grows beside the rest");
}

#[test]
fn the_demo_runs_to_its_end_and_back() {
    for seed in [1, 7, 23, 99] {
        let mut drive = Drive::new(DemoPlan { seed, ..DemoPlan::default() });
        let t0 = drive.until_red();
        let detected = drive.clock.now().since(t0);
        assert!(detected <= Duration::from_secs(3), "seed {seed}: {detected:?}");
        drive.run("failover", DEMO_FAILOVER, Some(t0));
        let took = drive.clock.now().since(t0);
        assert!(took < Duration::from_mins(10), "seed {seed}: {took:?}");
        let lost_s = drive.state().stores.values().filter_map(|one| one.lost_s).sum::<f64>();
        assert!(lost_s > 0.0, "an asynchronous copy loses something");
        while !drive.state().alive[0] {
            drive.poll();
        }
        drive.run("failback", DEMO_FAILBACK, None);
        let state = drive.state();
        assert!(state.stores.values().all(|store| store.flows), "seed {seed}: protected again");
        assert_eq!(state.fenced, [false, false]);
        assert!(state.share[0] > 0.999, "all users are back");
        drive.run("failover", DEMO_FAILOVER, None);
    }
}

#[test]
fn a_planned_switch_loses_nothing() {
    let mut drive = Drive::new(DemoPlan { seed: 5, fail_after: None, returns_after: None });
    drive.polls(10);
    drive.run("failover", DEMO_FAILOVER, None);
    for (name, store) in &drive.state().stores {
        assert!(store.lost_s.unwrap_or(0.0) <= 0.0, "{name}: {:?}", store.lost_s);
    }
    drive.run("failback", DEMO_FAILBACK, None);
    assert!(drive.state().share[0] > 0.999, "all users are back");
}
