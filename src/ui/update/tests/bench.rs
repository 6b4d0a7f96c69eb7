//! A console without a terminal: a plan with a step of every guard, and keys pressed by script.

use std::sync::LazyLock;

use crossterm::event::{KeyEvent, KeyModifiers};

use super::super::{Input, tick, update};
use crate::domain::catalogue::{ActionSpec, Change, Class, Fencing, Guard};
use crate::domain::console::{Access, JournalState, Rehearsal};
use crate::domain::day::Day;
use crate::domain::forecast::{Forecast, unknown};
use crate::domain::ids::{RunId, Side, StepId, SystemId};
use crate::domain::known::Known;
use crate::domain::ledger::Ledger;
use crate::domain::preview::{Preview, Standing};
use crate::domain::run::decide::{Context, Decision, decide};
use crate::domain::run::event::{Actor, Body, Closing, Mode, Outcome, Purpose, RunEvent, RunKind};
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::domain::runbook::{
    Bound, Compensation, Direction, Exact, Gate, Place, Runbook, Step, Target,
};
use crate::domain::settings::{Span, Table};
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::{BootId, Stamp};
use crate::domain::verdict::{
    Alarm, Assessment, Criterion, Met, Primary, Priority, T0Basis, Verdict,
};
use crate::stand;
use crate::ui::facts::Facts;
use crate::ui::keymap::{Key, Keymap};
use crate::ui::model::Model;
use crate::ui::widget::sheet::Fold;
use crate::ui::wish::Wish;

const fn action(name: &'static str, verb: &'static str, class: Class, guard: Guard) -> ActionSpec {
    ActionSpec {
        name,
        doc: "",
        verb,
        class,
        guard,
        fencing: Fencing::NotFenced,
        change: Change::None,
        reversal: "",
        permissions: &[],
        needs_target: false,
        settings: &[],
    }
}

static LOOK: ActionSpec = action("sim.look", "look", Class::R, Guard::OneKey);
static SCALE: ActionSpec = action("sim.scale", "scale", Class::I, Guard::StopWindow);
static DNS: ActionSpec = action("sim.dns", "switch", Class::I, Guard::TypedTarget);
static PROMOTE: ActionSpec = action("sim.promote", "promote", Class::X, Guard::TypedVerb);
static TELL: ActionSpec = action("sim.tell", "tell", Class::K, Guard::TypedTarget);
static HAND: ActionSpec = action("sim.hand", "attest", Class::H, Guard::OneKey);

static KEYMAP: LazyLock<Keymap> = LazyLock::new(|| Keymap::shipped("default").expect("shipped"));

/// The steps of the plan: one of each guard, one with a gate that fails, one by hand, one that
/// waits, one that is done, two that failed (one is told apart by its key), one that runs, one of
/// which nobody knows.
pub(super) const STEPS: [&str; 12] = [
    "look", "scale", "dns", "promote", "gated", "hand", "later", "done", "failed", "keyed",
    "running", "unknown",
];

pub(super) fn step_id(name: &str) -> StepId {
    StepId::new(name).expect("a name")
}

fn step(name: &str) -> Step {
    let action = match name {
        "look" => &LOOK,
        "dns" => &DNS,
        "promote" => &PROMOTE,
        "hand" => &HAND,
        "keyed" => &TELL,
        _ => &SCALE,
    };
    let system = SystemId::new("pg").expect("a name");
    let gate = Gate {
        system: system.clone(),
        place: Place::To,
        fact: "healthy".to_owned(),
        bound: Bound::Is(Exact::Boolean(true)),
        ungraceful: None,
        span: Span::default(),
    };
    let back = Compensation::Action { action: &SCALE, with: Table::default() };
    Step {
        target: (name == "promote").then_some(Target { system, place: Place::To }),
        needs: if name == "later" { vec![step_id("promote")] } else { Vec::new() },
        gates: if name == "gated" { vec![gate] } else { Vec::new() },
        compensation: if name == "done" { back } else { Compensation::NotNeeded },
        ..stand::step(name, action)
    }
}

pub(super) fn at(milliseconds: u64) -> Stamp {
    let wall_ms = 1_795_183_000_000 + i64::try_from(milliseconds).expect("small");
    Stamp { wall_ms, boot_ms: milliseconds, boot: BootId(1) }
}

fn events(stage: &str) -> Vec<RunEvent> {
    let run = RunId::new("lms-1").expect("a name");
    let direction = Direction { from: Side::A, to: Side::B };
    let text = String::new;
    let mut bodies = vec![Body::Opened {
        run,
        kind: RunKind::Simulation,
        site: text(),
        site_hash: text(),
        runbook: text(),
        runbook_hash: text(),
        direction,
        mode: Mode::Planned,
    }];
    if stage == "standby" {
        return numbered(bodies);
    }
    bodies.push(Body::Declared {
        detected: None,
        t0: at(0),
        basis: T0Basis::Exact,
        signals: Vec::new(),
        reason: "the region is gone".into(),
        ledger: Ledger { as_of: at(0), rows: Vec::new() },
    });
    let told = match stage {
        // One step runs and others are ready, and no more than that.
        "beside" => &["running"][..],
        "retried" => &["failed"],
        "retried beside" => &["failed", "running"],
        "undone" | "undone beside" => &["unknown", "running"],
        _ => &["done", "failed", "keyed", "running", "unknown"],
    };
    for name in told.iter().copied() {
        let (step, attempt) = (step_id(name), 1);
        bodies.push(Body::Intended {
            step: step.clone(),
            attempt,
            purpose: Purpose::Forward,
            action: text(),
            class: Class::I,
            fencing: Fencing::NotFenced,
            gates: Vec::new(),
            call: "".into(),
            warrant: None,
        });
        bodies.push(Body::Started { step: step.clone(), attempt });
        let outcome = match name {
            "done" => Outcome::Applied { evidence: "ok".into() },
            "failed" | "keyed" => Outcome::Failed {
                cause: crate::domain::run::event::Cause::Error,
                message: "no".into(),
            },
            "unknown" => Outcome::Unknown { message: "lost".into() },
            _ => continue,
        };
        bodies.push(Body::Ended { step: step.clone(), attempt, outcome });
        if name == "done" {
            bodies.push(Body::Verified { step, attempt, evidence: "seen".into() });
        }
    }
    bodies.extend(turned(stage));
    numbered(bodies)
}

/// The words that turn an executing run to a stage.
fn turned(stage: &str) -> Vec<Body> {
    let mut bodies = Vec::new();
    match stage {
        "held" => bodies.push(Body::Held { reason: "".into() }),
        "retried" | "retried beside" => bodies.push(Body::Retried {
            step: step_id("failed"),
            reason: "there is room now".into(),
            new_key: false,
            by_itself: false,
        }),
        "undone" | "undone beside" => {
            let (step, attempt) = (step_id("unknown"), 1);
            let reason = "nothing is there".into();
            bodies.push(Body::Resolved { step, attempt, done: false, reason });
            if stage == "undone" {
                let message = "stopped".into();
                let outcome =
                    Outcome::Failed { cause: crate::domain::run::event::Cause::Error, message };
                let step = step_id("running");
                bodies.push(Body::Ended { step, attempt, outcome });
            }
        }
        "aborting" | "aborted" => {
            bodies.push(Body::AbortStarted { reason: "it makes no sense".into() });
            let back = vec![step_id("done")];
            bodies.push(Body::AbortPlanned { back, stays: Vec::new() });
        }
        _ => {}
    }
    if stage == "aborted" {
        bodies.push(Body::Closed { closing: Closing::Aborted });
    }
    bodies
}

fn actor() -> Actor {
    Actor { person: None, user: "anna".into(), host: "desk".into() }
}

fn numbered(bodies: Vec<Body>) -> Vec<RunEvent> {
    let by = actor();
    (1..).zip(bodies).map(|(seq, body)| RunEvent { seq, at: at(0), by: by.clone(), body }).collect()
}

fn criterion(key: &str, met: Met) -> Criterion {
    Criterion::new(key.to_owned(), key, met, "seen")
}

/// The console and the hand in front of it.
pub(super) struct Bench {
    pub(super) model: Model,
    pub(super) now: u64,
    pub(super) access: Access,
    pub(super) run: Option<Run>,
    pub(super) me: Actor,
    pub(super) site: Site,
    pub(super) journal: JournalState,
    pub(super) rehearsal: Option<Rehearsal>,
    /// True while a wished dry run is there at once.
    pub(super) rehearses: bool,
    pub(super) wishes: Vec<Wish>,
    /// What must be read of a card before Enter counts.
    pub(super) fold: Fold,
    keymap: &'static Keymap,
    runbooks: Vec<Runbook>,
    assessment: Assessment,
    pub(super) snapshot: Snapshot,
    ledger: Ledger,
}

impl Bench {
    /// `stage` is none, standby, executing, beside, retried or undone (both also `beside` a step
    /// that runs), held, aborting or aborted.
    pub(super) fn new(access: Access, stage: &str) -> Self {
        let site = Site {
            name: "lms".to_owned(),
            title: "Learning".into(),
            regions: stand::regions(["one", "two"]),
            ..stand::site(Vec::new())
        };
        let runbook = |name: &str, from: Side| Runbook {
            name: name.to_owned(),
            title: name.into(),
            from,
            to: from.other(),
            ..stand::runbook(STEPS.map(step).to_vec())
        };
        let runbooks = vec![runbook("failback", Side::B), runbook("failover", Side::A)];
        let replayed = || Run::replay(&runbooks[1], &events(stage)).expect("events fit");
        let run = if stage == "none" { None } else { replayed() };
        let alarm = Alarm {
            key: "down/a".to_owned(),
            priority: Priority::ActNow,
            system: None,
            side: None,
            since: None,
            sentence: "the primary is down".into(),
            consequences: Vec::new(),
        };
        let assessment = Assessment {
            active: Side::A,
            primary: Primary::Healthy,
            standby_lost: false,
            split_brain: Vec::new(),
            alarms: vec![alarm],
            criteria: vec![criterion("well", Met::Yes), criterion("fence", Met::No)],
            verdict: Verdict::Go,
        };
        Self {
            model: Model { size: (120, 36), ..Model::default() },
            now: 10_000,
            access,
            run,
            me: actor(),
            journal: JournalState::None,
            rehearsal: None,
            rehearses: true,
            wishes: Vec::new(),
            fold: Fold::default(),
            keymap: &KEYMAP,
            site,
            runbooks,
            assessment,
            snapshot: Snapshot::default(),
            ledger: Ledger { as_of: at(0), rows: Vec::new() },
        }
    }

    /// The same with a step selected.
    pub(super) fn at_step(access: Access, step: &str) -> Self {
        let mut bench = Self::new(access, "executing");
        bench.model.selected = Some(step_id(step));
        bench
    }

    pub(super) fn with<T>(&mut self, act: impl FnOnce(&mut Model, &Facts<'_>) -> T) -> T {
        let mut model = std::mem::take(&mut self.model);
        let (forecast, day) = (unknown(&self.site, at(self.now)), Day::default());
        let known = self.known(&forecast, &day);
        let facts = Facts {
            context: Context { known, me: &self.me, access: self.access },
            keymap: self.keymap,
            runbooks: &self.runbooks,
            acknowledged: &[],
            rehearsal: self.rehearsal.as_ref(),
            journal: &self.journal,
            recording: false,
            stalled: None,
            unkept: None,
            output_rows: 50,
            timeline_rows: 50,
            report: None,
            fold: self.fold,
        };
        let made = act(&mut model, &facts);
        self.model = model;
        made
    }

    fn known<'a>(&'a self, forecast: &'a Forecast, day: &'a Day) -> Known<'a> {
        Known {
            now: at(self.now),
            site: &self.site,
            runbook: self.runbooks.get(1),
            run: self.run.as_ref(),
            snapshot: &self.snapshot,
            assessment: &self.assessment,
            ledger: &self.ledger,
            forecast,
            day,
            t0: None,
            detected: None,
        }
    }

    /// What a decision on a wish is now.
    pub(super) fn decides(&self, intent: &Intent) -> Result<Decision, Refusal> {
        let forecast = unknown(&self.site, at(self.now));
        let day = Day::default();
        let known = self.known(&forecast, &day);
        let context = Context { known, me: &self.me, access: self.access };
        decide(&context, intent)
    }

    pub(super) fn input(&mut self, input: &Input) {
        let wishes = self.with(|model, facts| update(model, facts, input));
        self.take(wishes);
    }

    pub(super) fn tick(&mut self) {
        let wishes = self.with(tick);
        self.take(wishes);
    }

    fn take(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            if let Wish::Rehearse { step, back } = &wish
                && self.rehearses
            {
                self.rehearsal = Some(Rehearsal {
                    step: step.clone(),
                    back: *back,
                    at: at(self.now),
                    standing: Standing::NotDone("".into()),
                    preview: Preview {
                        changes: Vec::new(),
                        call: format!("call {step}").into(),
                        acts_as: "".into(),
                    },
                });
            }
            match wish {
                Wish::Arm => self.access = Access::Armed,
                Wish::Safe => self.access = Access::Safe,
                _ => {}
            }
            self.wishes.push(wish);
        }
    }

    pub(super) fn key(&mut self, text: &str) {
        let key = Key::parse(text).unwrap_or_else(|| panic!("{text} is a key"));
        self.press(key);
    }

    pub(super) fn press(&mut self, key: Key) {
        let mut modifiers = KeyModifiers::NONE;
        modifiers.set(KeyModifiers::CONTROL, key.ctrl);
        modifiers.set(KeyModifiers::ALT, key.alt);
        self.input(&Input::Key(KeyEvent::new(key.code, modifiers)));
    }

    /// Moves time on, with a tick at least every half second.
    pub(super) fn wait(&mut self, milliseconds: u64) {
        let mut left = milliseconds;
        while left > 0 {
            let stride = left.min(500);
            self.now += stride;
            left -= stride;
            self.tick();
        }
    }

    /// A script: `+400` waits, `=text` types at 80 ms a key, anything else is a key, pressed 400 ms
    /// after what was before.
    pub(super) fn script(&mut self, script: &[&str]) {
        for item in script {
            if let Some(time) = item.strip_prefix('+') {
                self.wait(time.parse().expect("milliseconds"));
            } else if let Some(text) = item.strip_prefix('=') {
                self.wait(400);
                for letter in text.chars() {
                    self.wait(80);
                    self.press(Key::plain(crossterm::event::KeyCode::Char(letter)));
                }
            } else {
                self.wait(400);
                self.key(item);
            }
        }
    }

    pub(super) fn notice(&self) -> &str {
        self.model.notice.as_ref().map_or("", |notice| notice.text.as_str())
    }

    /// What was wished, short: words of [`short`].
    pub(super) fn wished(&self) -> Vec<String> {
        self.wishes
            .iter()
            .filter(|wish| !matches!(wish, Wish::Rehearse { .. } | Wish::StopWindow { .. }))
            .map(short)
            .collect()
    }
}

/// A wish in a few words.
pub(super) fn short(wish: &Wish) -> String {
    match wish {
        Wish::Intent(Intent::Run { step, typed, broken, call }) => {
            let broken = broken.as_ref().map_or_else(String::new, |(gate, reason)| {
                format!(" breaking {gate} for `{reason}`")
            });
            format!("run {step} `{typed}` `{call}`{broken}")
        }
        Wish::Intent(Intent::Compensate { step, typed, call }) => {
            format!("compensate {step} `{typed}` `{call}`")
        }
        Wish::Intent(Intent::Skip { step, reason }) => format!("skip {step} `{reason}`"),
        Wish::Intent(Intent::Attest { step, value }) => format!("attest {step} `{value}`"),
        Wish::Intent(Intent::Retry { step, reason, new_key, .. }) => {
            let key = if *new_key { " with a new key" } else { "" };
            format!("retry {step} `{reason}`{key}")
        }
        Wish::Intent(Intent::Resolve { step, done, reason }) => {
            format!("resolve {step} {done} `{reason}`")
        }
        Wish::Intent(Intent::AbortStep { step, typed }) => format!("abort {step} `{typed}`"),
        Wish::Intent(Intent::Escalate { step, reason }) => {
            let what = step.as_ref().map_or("run", StepId::as_str);
            format!("escalate {what} `{reason}`")
        }
        Wish::Intent(Intent::AcceptCriterion { key, met, reason }) => {
            format!("accept {key} {} `{reason}`", met.word())
        }
        other => format!("{other:?}"),
    }
}
