//! Stand-ins that tests share: a clock moved by hand, secrets, an output, steps, sites.

pub mod chance;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use warroom::domain::catalogue::ActionSpec;
use warroom::domain::ids::{RunId, Side, StepId, SystemId};
use warroom::domain::run::commit::{Execution, Hash, IntentRecord};
use warroom::domain::run::event::Purpose;
use warroom::domain::runbook::{Compensation, Runbook, Step, Ungraceful};
use warroom::domain::settings::{Span, Table};
use warroom::domain::site::{Region, Site, SystemSpec};
use warroom::domain::text::Clean;
use warroom::domain::time::{BootId, Stamp};
use warroom::port::{Boxed, Clock, Credential, Output, Secrets};
use warroom::sim::Pause;

/// The wall clock when a hand clock stands at 0.
const WALL_MS: i64 = 1_795_183_330_000;

/// Time that passes only when an operator waits or the test says so.
#[derive(Debug, Default)]
pub struct HandClock {
    ms: AtomicU64,
    /// How far it moves each time it is read.
    tick_ms: u64,
}

impl HandClock {
    /// One that stands at so many milliseconds after the machine started.
    pub fn at(ms: u64) -> Self {
        Self { ms: AtomicU64::new(ms), tick_ms: 0 }
    }

    /// One that moves by itself each time it is read.
    pub fn ticking(tick_ms: u64) -> Self {
        Self { ms: AtomicU64::default(), tick_ms }
    }

    /// Moves it to a moment.
    pub fn set(&self, ms: u64) {
        self.ms.store(ms, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).expect("a short time");
        self.ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Lets seconds pass.
    pub fn pass_s(&self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }
}

impl Clock for HandClock {
    fn now(&self) -> Stamp {
        let boot_ms = self.ms.fetch_add(self.tick_ms, Ordering::SeqCst);
        let wall_ms = WALL_MS + i64::try_from(boot_ms).expect("a short test");
        Stamp { wall_ms, boot_ms, boot: BootId(1) }
    }
}

impl Pause for HandClock {
    fn pause(&self, time: Duration) -> Boxed<'_, ()> {
        self.pass(time);
        Box::pin(std::future::ready(()))
    }
}

/// Has no secret.
pub struct NoSecrets;

impl Secrets for NoSecrets {
    fn open(&self, name: &str) -> Result<Credential, Clean> {
        Err(format!("there is no secret here, not even {name}").into())
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
#[derive(Debug, Default)]
pub struct Lines(pub Vec<String>);

impl Output for Lines {
    fn line(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
}

/// A step that waits for nothing and acts on nothing named.
pub fn step(name: &str, action: &'static ActionSpec) -> Step {
    Step {
        id: StepId::new(name).expect("a name"),
        title: name.into(),
        group: None,
        action,
        change: action.change,
        with: Table::default(),
        target: None,
        needs: Vec::new(),
        expect: Duration::from_secs(10),
        timeout: Duration::from_secs(60),
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
    }
}

/// A plan from A to B of these steps.
pub fn runbook(steps: Vec<Step>) -> Runbook {
    Runbook {
        name: "failover".to_owned(),
        title: "Failover".into(),
        from: Side::A,
        to: Side::B,
        back: None,
        restored: Vec::new(),
        go: Vec::new(),
        steps,
        hash: String::new(),
    }
}

/// A system that is looked at each second, with nothing set.
pub fn system(name: &str, kind: &str) -> SystemSpec {
    SystemSpec {
        idle_standby: false,
        id: SystemId::new(name).expect("a name"),
        kind: kind.to_owned(),
        objective: None,
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        settings: Table::default(),
        sides: [Some(Table::default()), Some(Table::default())],
        hosts: Vec::new(),
        secrets: Vec::new(),
        secrets_to_beat: [None, None],
        stand_ins: [None, None],
        span: Span::default(),
    }
}

/// Two regions, of which the first starts as the primary.
pub fn regions(labels: [&str; 2]) -> [Region; 2] {
    let [first, second] = labels.map(|label| Region {
        label: label.into(),
        aws_region: None,
        starts_as_primary: false,
    });
    [Region { starts_as_primary: true, ..first }, second]
}

/// A site of these systems, without people, objectives, secrets and rules.
pub fn site(systems: Vec<SystemSpec>) -> Site {
    Site {
        name: "test".to_owned(),
        title: "Test".into(),
        reference: Vec::new(),
        red_needs_signals: 1,
        people: Vec::new(),
        objectives: Vec::new(),
        regions: regions(["Region A", "Region B"]),
        systems,
        secrets: Vec::new(),
        rules: Vec::new(),
    }
}

/// The first attempt of a step, as its runner would hold it.
pub fn execution(step: &StepId) -> Execution {
    Execution::of_locked_intent(
        IntentRecord {
            run: RunId::new("run-1").expect("a name"),
            step: step.clone(),
            attempt: 1,
            purpose: Purpose::Forward,
            seq: 1,
            hash: Hash::NONE,
        },
        1,
    )
}
