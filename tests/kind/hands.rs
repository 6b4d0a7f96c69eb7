//! Looks at a system and does its steps, as a console and a runner would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use warroom::app::kinds::KINDS;
use warroom::domain::catalogue::ActionSpec;
use warroom::domain::ids::{Side, StepId};
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::{FactValue, Health, Identity, Look, LookError, Reading};
use warroom::domain::runbook::{Direction, Place, Step, Target};
use warroom::domain::settings::{Key, Node, Span, Table, Value};
use warroom::domain::site::{Site, SystemSpec};
use warroom::domain::spending::Bill;
use warroom::domain::text::Clean;
use warroom::domain::time::{BootId, Stamp};
use warroom::port::{
    Beat, BeatSetup, Beater, Clock, Commons, Credential, Expected, Looks, OperateError, Operator,
    OperatorSetup, Output, Probe, ProbeSetup, Secrets, Spent,
};

use crate::servers::postgres::{
    ACT_PASSWORD, BEAT_PASSWORD, FOLLOW_PASSWORD, PLAIN_PASSWORD, READ_PASSWORD,
};
use crate::stand::{self, Lines};

/// The machine's clock.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Stamp {
        let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let boot_ms = u64::try_from(ms).unwrap();
        Stamp { wall_ms: i64::try_from(ms).unwrap(), boot_ms, boot: BootId(1) }
    }
}

/// A token for `wr_read` until 2100 that nobody signed (RFC 7515, `"alg":"none"`), as rigs take it.
const UNSIGNED_TOKEN: &str = concat!(
    "eyJhbGciOiJub25lIn0.",
    "eyJzdWIiOiJ3cl9yZWFkIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjQxMDI0NDQ4MDB9."
);

/// The secrets of the rigs' users.
pub struct Vault(BTreeMap<&'static str, (&'static str, &'static str)>);

impl Vault {
    /// All of them.
    pub fn new() -> Self {
        Self(BTreeMap::from([
            ("read", ("wr_read", READ_PASSWORD)),
            ("act", ("wr_act", ACT_PASSWORD)),
            ("beat", ("wr_beat", BEAT_PASSWORD)),
            ("plain", ("wr_plain", PLAIN_PASSWORD)),
            ("wrong", ("wr_read", "not-the-password")),
            ("token", ("wr_read", UNSIGNED_TOKEN)),
        ]))
    }
}

impl Secrets for Vault {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        let (user, secret) = self.0.get(name).ok_or_else(|| Clean::from("no such secret"))?;
        Ok(Credential { user: Some((*user).to_owned()), secret: Some((*secret).into()) })
    }
}

/// A table of texts, whole numbers and nested tables.
pub fn table(entries: Vec<(&str, Value)>) -> Table {
    let span = Span::default();
    let entries = entries
        .into_iter()
        .map(|(name, value)| (Key { name: name.to_owned(), span }, Node { span, value }))
        .collect();
    Table { span, entries, ..Table::default() }
}

/// A text value.
pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A list of texts.
pub fn texts<T: AsRef<str>>(all: &[T]) -> Value {
    let node = |one: &T| Node { span: Span::default(), value: text(one.as_ref()) };
    Value::List(all.iter().map(node).collect())
}

/// A runtime and a probe on it.
pub struct Watcher {
    runtime: Runtime,
    probe: Box<dyn Probe>,
    steps: u64,
}

impl Watcher {
    /// Watches a system.
    pub fn new(spec: &SystemSpec) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(WallClock);
        Self::by(spec, &clock)
    }

    /// The same, by this clock.
    pub fn by(spec: &SystemSpec, clock: &Arc<dyn Clock>) -> Self {
        let vault = Vault::new();
        let setup = ProbeSetup::alone(spec, &vault, clock);
        let system = KINDS.system(&spec.kind).unwrap();
        let probe = system.probe(setup).unwrap();
        Self { runtime: Runtime::new().unwrap(), probe, steps: 0 }
    }

    /// One look.
    pub fn look(&mut self) -> Looks {
        self.runtime.block_on(self.probe.look())
    }

    /// One look for which nothing is taken that was told before, as after a step.
    pub fn look_anew(&mut self) -> Looks {
        self.steps += 1;
        self.probe.anew(self.steps);
        self.look()
    }

    /// One side of one look.
    pub fn side(&mut self, side: Side) -> Look {
        self.look().side(side).unwrap().clone()
    }

    /// Looks until the reading of a side is as wanted; returns it.
    pub fn until(&mut self, side: Side, what: &str, wanted: impl Fn(&Reading) -> bool) -> Reading {
        let mut found = None;
        let mut last = None;
        let start = std::time::Instant::now();
        while found.is_none() {
            let look = self.side(side);
            assert!(start.elapsed() < crate::servers::DEADLINE, "{what}: never; last {last:?}");
            found = look.as_ref().ok().filter(|reading| wanted(reading)).cloned();
            last = Some(look);
        }
        found.unwrap()
    }
}

/// Probes that share what they ask, as those of one console do.
pub struct Shared {
    runtime: Runtime,
    commons: Commons,
    clock: Arc<dyn Clock>,
    probes: Vec<Box<dyn Probe>>,
}

impl Shared {
    /// None yet.
    pub fn new() -> Self {
        Self::by(Arc::new(WallClock))
    }

    /// None yet, by this clock.
    pub fn by(clock: Arc<dyn Clock>) -> Self {
        let (runtime, commons) = (Runtime::new().unwrap(), Commons::default());
        Self { runtime, commons, clock, probes: Vec::new() }
    }

    /// What watching them costs, after one round of looks.
    pub fn bills(&self) -> Vec<Bill> {
        self.commons.of::<Spent>().with(|round| round.bills())
    }

    /// Watches one more system.
    pub fn watch(&mut self, spec: &SystemSpec) {
        let vault = Vault::new();
        let commons = self.commons.clone();
        let setup = ProbeSetup { commons, ..ProbeSetup::alone(spec, &vault, &self.clock) };
        self.probes.push(KINDS.system(&spec.kind).unwrap().probe(setup).unwrap());
    }

    /// One look at each, all at once.
    pub fn look(&mut self) -> Vec<Looks> {
        let mut all = JoinSet::new();
        let inside = self.runtime.enter();
        for mut probe in self.probes.drain(..) {
            all.spawn(async move {
                let looks = probe.look().await;
                (probe, looks)
            });
        }
        drop(inside);
        let (probes, looks) = self.runtime.block_on(all.join_all()).into_iter().unzip();
        self.probes = probes;
        looks
    }

    /// Nothing is taken that was told before, as after a step.
    pub fn anew(&mut self) {
        self.probes.iter_mut().for_each(|probe| probe.anew(1));
    }
}

/// The writer of one side's heartbeat.
pub struct Pulse {
    runtime: Runtime,
    beater: Box<dyn Beater>,
}

impl Pulse {
    /// Writes the heartbeat of a side with this secret.
    pub fn new(spec: &SystemSpec, side: Side, secret: &str) -> Self {
        let mut spec = spec.clone();
        for table in spec.sides.iter_mut().flatten() {
            let (span, value) = (Span::default(), text(secret));
            table.entries.push((Key { name: "beat".to_owned(), span }, Node { span, value }));
        }
        let vault = Vault::new();
        let setup = BeatSetup { spec: &spec, side, secrets: &vault, clock: Arc::new(WallClock) };
        let beater = KINDS.system(&spec.kind).unwrap().beater(setup).unwrap();
        Self { runtime: Runtime::new().unwrap(), beater }
    }

    /// Writes it once.
    pub fn beat(&mut self) -> Result<Beat, LookError> {
        let beaten = self.runtime.block_on(self.beater.beat());
        assert!(!format!("{beaten:?}").contains(BEAT_PASSWORD), "a secret was told: {beaten:?}");
        beaten
    }
}

/// The reason of a health that is not up.
pub fn why(reading: &Reading) -> String {
    match &reading.health {
        Health::Up => String::new(),
        Health::Degraded(why) | Health::Down(why) | Health::Unknown(why) => why.to_string(),
    }
}

/// A boolean fact.
pub fn yes(reading: &Reading, name: &str) -> Option<bool> {
    match reading.fact(name) {
        Some(FactValue::Boolean(yes)) => Some(*yes),
        _ => None,
    }
}

/// A number or seconds fact.
pub fn figure(reading: &Reading, name: &str) -> Option<f64> {
    match reading.fact(name) {
        Some(FactValue::Number(figure) | FactValue::Seconds(figure)) => Some(*figure),
        _ => None,
    }
}

/// One step on one side of a pair.
pub struct Hand {
    runtime: Runtime,
    operator: Box<dyn Operator>,
    step: StepId,
}

impl Hand {
    /// The step `action` on `side`, with settings.
    pub fn new(spec: &SystemSpec, action: &str, side: Side, with: Table) -> Self {
        Self::meant_for(spec, action, side, with, Expected::default())
    }

    /// The same, meant for the servers that a screen showed.
    pub fn meant_for(
        spec: &SystemSpec,
        action: &str,
        side: Side,
        with: Table,
        expected: Expected,
    ) -> Self {
        let (_, found) = KINDS.action(action).unwrap();
        found.check_settings(&with, Some(spec)).unwrap();
        let step = step(found.spec(), spec, side, with);
        let vault = Vault::new();
        let setup = OperatorSetup {
            site: &site(spec),
            step: &step,
            with: &step.with,
            target: Some((spec, side)),
            expected,
            direction: Direction { from: Side::A, to: Side::B },
            secrets: &vault,
            clock: Arc::new(WallClock),
        };
        let operator = found.operator(setup).unwrap();
        Self { runtime: Runtime::new().unwrap(), operator, step: step.id.clone() }
    }

    /// Which server has the target's name.
    pub fn identity(&mut self) -> Result<Option<Identity>, Clean> {
        self.runtime.block_on(self.operator.identity())
    }

    /// Whether it is so.
    pub fn check(&mut self) -> Standing {
        self.runtime.block_on(self.operator.check())
    }

    /// What it would do.
    pub fn preview(&mut self) -> Preview {
        self.runtime.block_on(self.operator.preview())
    }

    /// Does it.
    pub fn apply(&mut self) -> Result<Clean, OperateError> {
        let mut lines = Lines::default();
        let outcome = self.apply_telling(&mut lines);
        for secret in [READ_PASSWORD, ACT_PASSWORD, PLAIN_PASSWORD, FOLLOW_PASSWORD] {
            let told = format!("{outcome:?}{:?}", lines.0);
            assert!(!told.contains(secret), "a secret was told: {told}");
        }
        outcome
    }

    /// Does it, and hears each line of its output as it comes.
    pub fn apply_telling(&mut self, output: &mut dyn Output) -> Result<Clean, OperateError> {
        let execution = stand::execution(&self.step);
        self.runtime.block_on(self.operator.apply(&execution, output))
    }
}

/// True when it is done.
pub fn done(standing: &Standing) -> bool {
    matches!(standing, Standing::Done(_))
}

fn step(action: &'static ActionSpec, spec: &SystemSpec, side: Side, with: Table) -> Step {
    let target = Target { system: spec.id.clone(), place: Place::Fixed(side) };
    Step {
        title: "Step".into(),
        with,
        target: Some(target),
        expect: Duration::from_secs(1),
        timeout: Duration::from_secs(90),
        ..stand::step("step", action)
    }
}

fn site(spec: &SystemSpec) -> Site {
    stand::site(vec![spec.clone()])
}
