//! For tests only: systems and settings from TOML text, a clock, secrets, an output of lines.

#[cfg(test)]
use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::ActionSpec;
use crate::domain::ids::{Side, StepId};
use crate::domain::run::commit::Execution;
use crate::domain::runbook::{Direction, Step};
use crate::domain::settings::{Key, Node, Span, Table, Value, parse_duration};
use crate::domain::site::{Site, SystemSpec};
use crate::port::{Clock, OperatorSetup, ProbeSetup};
pub use crate::stand::Lines;
use crate::stand::{self, AllSecrets, HandClock};

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
        every: every.unwrap_or(Duration::from_secs(1)),
        timeout: timeout.unwrap_or(Duration::from_secs(1)),
        settings: all,
        sides,
        secrets: Vec::new(),
        ..stand::system("it", &kind)
    }
}

/// What a probe of `spec` is built from.
pub fn probe_setup(spec: &SystemSpec) -> ProbeSetup<'_> {
    let clock: Arc<dyn Clock> = Arc::new(HandClock::ticking(12));
    ProbeSetup::alone(spec, &AllSecrets, &clock)
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
        let site = Site {
            red_needs_signals: 2,
            regions: stand::regions(["East side", "West side"]),
            ..stand::site(Vec::new())
        };
        let with = table(with);
        let step = Step {
            title: "The step".into(),
            with: with.clone(),
            expect: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            ..stand::step("the-step", action)
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
            clock: Arc::new(HandClock::ticking(12)),
        }
    }
}

/// An execution as a runner would hold it: attempt 1 of `the-step` in run `run-1`.
pub fn execution() -> Execution {
    stand::execution(&StepId::new("the-step").expect("a name"))
}
