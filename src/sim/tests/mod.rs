//! The whole simulated world driven from beginning to end, in time that the test makes pass.

mod steps;
mod truth;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::actions::{ACTIONS, operator_for};
use super::acts::Act;
use super::chance::Chance;
use super::history;
use super::operator::SimOperator;
use super::pause::Pause;
use super::plan::{Astray, Nature, SystemPlan, WorldPlan};
use super::probe::probe_for;
use super::reading::Moment;
use super::state::WorldState;
use super::world::{World, WorldError};
use crate::domain::catalogue::{ActionSpec, Change};
use crate::domain::ids::{Side, SystemId};
use crate::domain::preview::{Preview, Standing};
use crate::domain::reading::{
    Certainty, FactValue, Health, LookErrorKind, Position, Reading, Role, Writes,
};
use crate::domain::runbook::{Direction, Step};
use crate::domain::settings::{Key, Node, Span, Table, Value};
use crate::domain::site::{Site, SystemSpec};
use crate::domain::text::Clean;
use crate::domain::time::{BootId, Stamp};
use crate::port::{Boxed, Clock, OperateError, Operator, OperatorSetup};
use crate::stand::{self, HandClock, Lines, NoSecrets};

const A_TO_B: Direction = Direction { from: Side::A, to: Side::B };
const B_TO_A: Direction = Direction { from: Side::B, to: Side::A };
const DIES_S: u64 = 20;

fn table(entries: &[(&str, Value)]) -> Table {
    let span = Span::default();
    let entry = |(name, value): &(&str, Value)| {
        (Key { name: (*name).to_owned(), span }, Node { span, value: value.clone() })
    };
    Table { span, entries: entries.iter().map(entry).collect(), ..Table::default() }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn id(name: &str) -> SystemId {
    SystemId::new(name).expect("a name")
}

fn spec(name: &str, kind: &str, settings: &[(&str, Value)]) -> SystemSpec {
    SystemSpec { settings: table(settings), ..stand::system(name, kind) }
}

fn specs(world: &str) -> Vec<SystemSpec> {
    let sim = |name: &str, nature: &str, more: &[(&str, Value)]| {
        let mut settings = vec![("world", text(world)), ("nature", text(nature))];
        settings.extend_from_slice(more);
        spec(name, "sim", &settings)
    };
    vec![
        sim("users", "users", &[]),
        sim("gateway", "service", &[]),
        sim("pg", "store", &[("lag", text("800ms"))]),
        sim("kafka", "store", &[("lag", text("3s")), ("mirrored", Value::Boolean(true))]),
        sim("objects", "store", &[("lag", text("25s")), ("mirrored", Value::Boolean(true))]),
        sim("pods", "compute", &[("wanted", Value::Integer(10)), ("replicas", Value::Integer(2))]),
        sim("dns", "traffic", &[("ttl", text("60s"))]),
        sim("cdn", "cache", &[]),
    ]
}

fn plan(seed: u64) -> WorldPlan {
    let mut plan = WorldPlan::of_systems(&specs("w"), Side::A, seed).expect("right settings");
    plan.fail_after = Some(Duration::from_secs(DIES_S));
    plan
}

fn site(systems: Vec<SystemSpec>) -> Site {
    Site {
        name: "demo".to_owned(),
        title: "Demo".into(),
        reference: vec!["sim:".to_owned()],
        red_needs_signals: 2,
        regions: stand::regions(["A", "B"]),
        ..stand::site(systems)
    }
}

fn action(name: &str) -> &'static ActionSpec {
    let found = ACTIONS.iter().find(|action| action.spec().name == name);
    found.expect("an action of the simulator").spec()
}

/// A world in a folder, with the means to act on it.
struct Stage {
    folder: tempfile::TempDir,
    site: Site,
    clock: Arc<HandClock>,
}

impl Stage {
    fn new(plan: WorldPlan, site: Site) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let clock = Arc::new(HandClock::at(60_000));
        World::create(folder.path(), plan, &*clock).expect("the world begins");
        Self { folder, site, clock }
    }

    fn usual(change: impl FnOnce(&mut WorldPlan)) -> Self {
        let mut plan = plan(7);
        change(&mut plan);
        Self::new(plan, site(specs("w")))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn state(&self) -> WorldState {
        let world = World::open(self.path()).expect("the world opens");
        world.state_now(self.clock.now()).expect("the acts are read")
    }

    fn acts(&self) -> Vec<Act> {
        World::open(self.path()).and_then(|world| world.acts()).expect("the acts are read")
    }

    fn with_operator<T>(
        &self,
        action: &'static ActionSpec,
        target: Option<(&str, Side)>,
        direction: Direction,
        with: &[(&str, Value)],
        work: impl FnOnce(&mut SimOperator) -> T,
    ) -> T {
        let with = table(with);
        let name = action.name.rsplit('.').next().unwrap_or("step").replace('_', "-");
        let step = Step {
            title: "A step".into(),
            with: with.clone(),
            timeout: Duration::from_secs(180),
            ..stand::step(&name, action)
        };
        let target = target
            .map(|(name, side)| (self.site.system(&id(name)).expect("a system of the site"), side));
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let setup = OperatorSetup {
            site: &self.site,
            step: &step,
            with: &with,
            target,
            expected: crate::port::Expected::default(),
            direction,
            secrets: &NoSecrets,
            clock,
        };
        let pause: Arc<dyn Pause> = Arc::<HandClock>::clone(&self.clock);
        let mut operator =
            operator_for(self.path().to_owned(), action, &setup, pause).expect("right settings");
        work(&mut operator)
    }

    fn apply(
        &self,
        action: &'static ActionSpec,
        target: Option<(&str, Side)>,
        direction: Direction,
        with: &[(&str, Value)],
    ) -> (Result<Clean, OperateError>, Vec<String>) {
        self.with_operator(action, target, direction, with, |operator| {
            let mut lines = Lines::default();
            let outcome = wait(Box::pin(async { operator.perform(&mut lines).await }));
            (outcome, lines.0)
        })
    }

    /// Applies and wants it done, with a check that agrees before or after.
    fn done(
        &self,
        name: &str,
        target: Option<(&str, Side)>,
        direction: Direction,
        with: &[(&str, Value)],
    ) -> String {
        let (outcome, lines) = self.apply(action(name), target, direction, with);
        let evidence = outcome.unwrap_or_else(|error| panic!("{name}: {error}\n{lines:#?}"));
        assert!(!lines.is_empty(), "{name} says what it does");
        let standing = self.with_operator(action(name), target, direction, with, |operator| {
            wait(operator.check())
        });
        assert!(matches!(standing, Standing::Done(_)), "{name}: {standing:?}");
        evidence.to_string()
    }

    fn look(&self, name: &str, side: Side) -> crate::domain::reading::Look {
        let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&self.clock);
        let spec = self.site.system(&id(name)).expect("a system of the site");
        let mut probe = probe_for(self.path(), spec, clock);
        let looks = wait(probe.look());
        looks.side(side).expect("the system is there").clone()
    }

    fn reading(&self, name: &str, side: Side) -> Reading {
        self.look(name, side).unwrap_or_else(|error| panic!("{name} in {side}: {error}"))
    }
}

fn wait<T>(future: Boxed<'_, T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

/// The plan that every usual stage has, as far as serving depends on it.
fn plan_ref() -> &'static WorldPlan {
    static PLAN: std::sync::OnceLock<WorldPlan> = std::sync::OnceLock::new();
    PLAN.get_or_init(|| plan(7))
}
