//! For tests only: systems and settings from TOML text, a clock, secrets, an output of lines.

#[cfg(test)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::SecretString;

use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::{RunId, Side, StepId, SystemId};
use crate::domain::run::commit::{Execution, Hash, IntentRecord};
use crate::domain::run::event::Purpose;
use crate::domain::runbook::{Compensation, Direction, Step, Ungraceful};
use crate::domain::settings::{Key, Node, Span, Table, Value, parse_duration};
use crate::domain::site::{Region, Site, SystemSpec};
use crate::domain::text::Clean;
use crate::domain::time::{BootId, Stamp};
use crate::port::{Clock, Credential, OperatorSetup, Output, ProbeSetup, Secrets};

fn value(from: toml::Value) -> Value {
    match from {
        toml::Value::String(text) => Value::Text(text),
        toml::Value::Integer(number) => Value::Integer(number),
        toml::Value::Float(number) => Value::Float(number),
        toml::Value::Boolean(yes) => Value::Boolean(yes),
        toml::Value::Datetime(time) => Value::Text(time.to_string()),
        toml::Value::Array(items) => Value::List(items.into_iter().map(node).collect()),
        toml::Value::Table(entries) => Value::Table(table_of(entries)),
    }
}

fn node(from: toml::Value) -> Node {
    Node { span: Span::default(), value: value(from) }
}

fn table_of(entries: toml::Table) -> Table {
    let entries = entries
        .into_iter()
        .map(|(name, value)| (Key { name, span: Span::default() }, node(value)))
        .collect();
    Table { span: Span::default(), entries, ..Table::default() }
}

/// A table of settings from TOML.
pub fn table(text: &str) -> Table {
    table_of(text.parse().expect("the test's TOML is right"))
}

/// A system called `it` from the TOML of its table.
pub fn spec(text: &str) -> SystemSpec {
    let mut all = table(text);
    let mut take = |name: &str| {
        let at = all.entries.iter().position(|(key, _)| key.name == name)?;
        Some(all.entries.remove(at).1.value)
    };
    let text_of = |value: Option<Value>| match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let side_of = |value: Option<Value>| match value {
        Some(Value::Table(table)) => Some(table),
        _ => None,
    };
    let time = |text: Option<String>| text.as_deref().and_then(parse_duration);
    let (every, timeout) = (time(text_of(take("every"))), time(text_of(take("timeout"))));
    let kind = text_of(take("kind")).unwrap_or_default();
    take("objective");
    let sides = [side_of(take("a")), side_of(take("b"))];
    SystemSpec {
        idle_standby: false,
        id: SystemId::new("it").expect("a name"),
        kind,
        objective: None,
        every: every.unwrap_or(Duration::from_secs(1)),
        timeout: timeout.unwrap_or(Duration::from_secs(1)),
        settings: all,
        sides,
        span: Span::default(),
    }
}

/// A clock that moves 12 ms each time it is read.
#[derive(Default)]
pub struct TickingClock(AtomicU64);

impl Clock for TickingClock {
    fn now(&self) -> Stamp {
        let ms = self.0.fetch_add(12, Ordering::Relaxed);
        let wall_ms = 1_795_183_330_000 + i64::try_from(ms).expect("tests are short");
        Stamp { wall_ms, boot_ms: ms, boot: BootId(1) }
    }
}

/// Knows every secret: the user is `wr`, the secret `hunter2-<name>`.
pub struct AllSecrets;

impl Secrets for AllSecrets {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        let secret = SecretString::from(format!("hunter2-{name}"));
        Ok(Credential { user: Some("wr".to_owned()), secret: Some(secret) })
    }
}

/// Keeps what an attempt printed.
#[derive(Default)]
pub struct Lines(pub Vec<String>);

impl Output for Lines {
    fn line(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
}

/// What a probe of `spec` is built from.
pub fn probe_setup(spec: &SystemSpec) -> ProbeSetup<'_> {
    ProbeSetup { spec, secrets: &AllSecrets, clock: Arc::new(TickingClock::default()) }
}

/// A step of a test with everything it refers to.
pub struct Stage {
    site: Site,
    step: Step,
    with: Table,
    system: Option<SystemSpec>,
}

impl Stage {
    /// A step of `action` with these settings, on side B of the system, if there is one.
    pub fn new(action: &'static ActionSpec, with: &str, system: Option<&str>) -> Self {
        let region = |label: &str, starts_as_primary| Region {
            label: label.into(),
            aws_region: None,
            starts_as_primary,
        };
        let site = Site {
            name: "test".to_owned(),
            title: "Test".into(),
            reference: Vec::new(),
            red_needs_signals: 2,
            people: Vec::new(),
            objectives: Vec::new(),
            regions: [region("East side", true), region("West side", false)],
            systems: Vec::new(),
            secrets: Vec::new(),
            rules: Vec::new(),
        };
        let with = table(with);
        let step = Step {
            id: StepId::new("the-step").expect("a name"),
            title: "The step".into(),
            group: None,
            action,
            change: action.change,
            with: with.clone(),
            target: None,
            needs: Vec::new(),
            expect: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            gates: Vec::new(),
            ungraceful: Ungraceful::Same,
            compensation: Compensation::NotNeeded,
            class: action.class,
            guard: action.guard,
            second_person: false,
            automatic: false,
            optional: false,
            say: None,
            span: Span::default(),
        };
        Self { site, step, with, system: system.map(spec) }
    }

    /// What its operator is built from.
    pub fn setup(&self) -> OperatorSetup<'_> {
        OperatorSetup {
            site: &self.site,
            step: &self.step,
            with: &self.with,
            target: self.system.as_ref().map(|system| (system, Side::B)),
            expected: crate::port::Expected::default(),
            direction: Direction { from: Side::A, to: Side::B },
            secrets: &AllSecrets,
            clock: Arc::new(TickingClock::default()),
        }
    }
}

/// An execution as a runner would hold it: attempt 1 of `the-step` in run `run-1`.
pub fn execution() -> Execution {
    Execution::of_locked_intent(
        IntentRecord {
            run: RunId::new("run-1").expect("a name"),
            step: StepId::new("the-step").expect("a name"),
            attempt: 1,
            purpose: Purpose::Forward,
            seq: 1,
            hash: Hash::NONE,
        },
        1,
    )
}
