//! The console's heart without a terminal: keys, journal, readings and time by hand.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::app::demo::{FAILOVER, SITE};
use warroom::app::{runbook_file, site_file};
use warroom::domain::ids::{PersonId, RunId, StepId, SystemId};
use warroom::domain::ledger::Ledger;
use warroom::domain::pace::Paces;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::{Health, LookError, LookErrorKind, Reading};
use warroom::domain::run::commit::{Hash, IntentRecord, Receipt};
use warroom::domain::run::event::{Actor, Body, Closing, Mode, Outcome, RunEvent, RunKind};
use warroom::domain::run::role::Commander;
use warroom::domain::run::state::Run;
use warroom::domain::runbook::{Direction, Step};
use warroom::domain::time::{BootId, Stamp};
use warroom::domain::verdict::T0Basis;
use warroom::port::Looks;
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::{CommanderDesk, Desk, ObserverDesk};
use warroom::runtime::effect::{Effect, Record};
use warroom::runtime::event::{Event, Why};
use warroom::runtime::journal::Reply;
use warroom::runtime::observations::Observations;
use warroom::runtime::runner::Found;
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::screen::{JournalState, Rehearsal};
use warroom::ui::theme::Theme;
use warroom::ui::update::Input;

fn parts<D: Desk>(desk: D, remembered: Option<Observations>) -> Parts<D> {
    let text = SITE.replace("@world@", "/nowhere");
    let site = site_file::parse(&text).expect("the demo's site is right");
    let book = runbook_file::parse(FAILOVER, "failover", &site).expect("its runbook too");
    let anna = PersonId::new("anna").expect("a name");
    Parts {
        desk,
        site,
        site_hash: "abc".to_owned(),
        runbooks: vec![book],
        me: Actor { person: Some(anna), user: "anna".into(), host: "laptop".into() },
        kind: RunKind::Simulation,
        keymap: Keymap::shipped("default").expect("it is shipped"),
        model: Model::default(),
        remembered,
        notice: None,
        run: None,
        journal: JournalState::None,
    }
}

/// A console with a world that does what the test says.
struct Bench {
    console: Console<CommanderDesk>,
    now: Stamp,
    records: Vec<RunEvent>,
    acts: Vec<IntentRecord>,
    checks: Vec<(StepId, u32, Why)>,
    kept: Option<Observations>,
    journal_fails: bool,
    open_fails: bool,
}

impl Bench {
    fn new(remembered: Option<Observations>, boot_ms: u64) -> Self {
        let now = Stamp { wall_ms: 1_795_183_000_000, boot_ms, boot: BootId(1) };
        Self {
            console: Console::new(parts(CommanderDesk::default(), remembered), now),
            now,
            records: Vec::new(),
            acts: Vec::new(),
            checks: Vec::new(),
            kept: None,
            journal_fails: false,
            open_fails: false,
        }
    }

    fn event(&mut self, event: Event) {
        let effects = self.console.step(event, self.now);
        self.perform(effects);
        let effects = self.console.settle(self.now);
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect<Commander>>) {
        for effect in effects {
            let answer = match effect {
                Effect::Act(grant) => {
                    self.acts.push(grant.intent().clone());
                    continue;
                }
                Effect::Record(Record::Open { .. }) if self.open_fails => {
                    Event::RunOpened(Err("the folder exists".into()))
                }
                Effect::Record(Record::Open { .. }) => Event::RunOpened(Ok(())),
                Effect::Record(Record::Append { ticket, by, body }) => {
                    Event::Journal(Box::new(self.append(ticket, by, *body)))
                }
                Effect::Check { job, why, .. } => {
                    self.checks.push((job.step, job.attempt, why));
                    continue;
                }
                Effect::Rehearse(job) => Event::Rehearsed(Box::new(Rehearsal {
                    step: job.step,
                    back: job.back,
                    at: self.now,
                    standing: Standing::NotDone("not yet".into()),
                    preview: Preview::default(),
                })),
                Effect::Keep(observations) => {
                    self.kept = Some(*observations);
                    continue;
                }
                Effect::Record(Record::Cancel { .. })
                | Effect::Watch { .. }
                | Effect::LookNow
                | Effect::Title(_)
                | Effect::Bell
                | Effect::Quit => continue,
            };
            let more = self.console.step(answer, self.now);
            self.perform(more);
        }
    }

    fn append(&mut self, ticket: u64, by: Actor, body: Body) -> Reply {
        if self.journal_fails {
            return Reply::Failed { ticket, why: "the disk is full".into() };
        }
        let seq = u64::try_from(self.records.len()).expect("small") + 1;
        let event = RunEvent { seq, at: self.now, by, body };
        self.records.push(event.clone());
        Reply::Recorded { ticket, event, receipt: Receipt::of_durable(seq, Hash::NONE) }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now.boot_ms += milliseconds;
        self.now.wall_ms += i64::try_from(milliseconds).expect("small");
    }

    /// Ticks of a quarter of a second.
    fn ticks(&mut self, count: u32) {
        for _ in 0..count {
            self.pass(250);
            self.event(Event::Tick);
        }
    }

    fn key(&mut self, code: KeyCode) {
        self.pass(600);
        self.event(Event::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))));
    }

    fn types(&mut self, text: &str) {
        for letter in text.chars() {
            let code = if letter == '\t' { KeyCode::Tab } else { KeyCode::Char(letter) };
            self.pass(60);
            self.event(Event::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))));
        }
    }

    /// One look at every system, whose side A answers or not.
    fn looks(&mut self, a_answers: bool) {
        self.pass(1000);
        let at = self.now;
        let up = || Ok(Reading::new(at, Health::Up, "answers"));
        for name in ["users", "gateway", "pg", "redis", "kafka", "objects", "pods", "dns", "cdn"] {
            let a = if a_answers {
                up()
            } else {
                Err(LookError::new(LookErrorKind::Timeout, "no answer"))
            };
            let looks = Box::new(Looks { a: Some(a), b: Some(up()) });
            let system = SystemId::new(name).expect("a name");
            self.event(Event::Heard { system, at, looks });
        }
        self.event(Event::Reference { at, look: Box::new(up()) });
        self.event(Event::Tick);
    }

    fn screen(&mut self) -> String {
        let theme = Theme::shipped("mono").expect("it is shipped");
        let mut terminal = Terminal::new(TestBackend::new(100, 30)).expect("a terminal");
        let now = self.now;
        terminal.draw(|frame| self.console.draw(frame, &theme, now)).expect("it draws");
        terminal.backend().to_string()
    }

    fn declared(boot_ms: u64) -> Self {
        let mut bench = Self::new(None, boot_ms);
        for answers in [true, false, false, false, false] {
            bench.looks(answers);
        }
        bench.key(KeyCode::Char('o'));
        bench.key(KeyCode::Enter);
        bench.key(KeyCode::Char('D'));
        bench.pass(400);
        bench.types("declare\tthe region is lost");
        bench.key(KeyCode::Enter);
        assert!(bench.has(|body| matches!(body, Body::Declared { .. })), "{}", bench.screen());
        bench
    }

    fn armed() -> Self {
        let mut bench = Self::declared(50_000);
        bench.key(KeyCode::Char('A'));
        bench.pass(400);
        bench.types("arm");
        bench.key(KeyCode::Enter);
        assert!(bench.screen().contains("[ARMED]"), "{}", bench.screen());
        bench
    }

    /// Opens the card of the first step, types, and lets the time for objections pass.
    fn run_fence(&mut self) {
        self.key(KeyCode::Char('r'));
        self.pass(400);
        self.types("fence-a");
        self.key(KeyCode::Enter);
        self.ticks(20);
    }

    fn has(&self, word: impl Fn(&Body) -> bool) -> bool {
        self.records.iter().any(|event| word(&event.body))
    }

    fn fence() -> StepId {
        StepId::new("fence-a").expect("a name")
    }
}

#[test]
fn a_step_is_released_only_by_its_record() {
    let mut bench = Bench::armed();
    bench.journal_fails = true;
    bench.run_fence();
    assert!(bench.acts.is_empty(), "nothing acts that is not on record");
    assert!(!bench.has(|body| matches!(body, Body::Intended { .. })));
    let screen = bench.screen();
    assert!(screen.contains("disk is full"), "{screen}");
    // With room on the disk again the journal is found working by itself, and the step may run.
    bench.ticks(4);
    bench.journal_fails = false;
    bench.ticks(4);
    bench.looks(true);
    assert!(bench.screen().contains("journal acorn"), "{}", bench.screen());
    assert!(bench.acts.is_empty(), "what a person decided before is not done behind their back");
    bench.run_fence();
    assert_eq!(bench.acts.len(), 1, "{}", bench.screen());

    let mut bench = Bench::armed();
    bench.run_fence();
    assert_eq!(bench.acts.len(), 1, "{}", bench.screen());
    assert!(bench.has(|body| matches!(body, Body::Intended { .. })));
    bench.run_fence();
    assert_eq!(bench.acts.len(), 1, "a step that runs is not started again");
}

#[test]
fn a_run_that_could_not_be_opened_can_be_opened_again() {
    let mut bench = Bench::new(None, 50_000);
    bench.looks(true);
    bench.open_fails = true;
    bench.key(KeyCode::Char('o'));
    bench.key(KeyCode::Enter);
    assert!(bench.screen().contains("was not opened"), "{}", bench.screen());
    bench.open_fails = false;
    bench.key(KeyCode::Char('o'));
    bench.key(KeyCode::Enter);
    assert!(bench.has(|body| matches!(body, Body::Opened { .. })), "{}", bench.screen());
}

#[test]
fn safe_blocks_what_acts() {
    let mut bench = Bench::declared(50_000);
    bench.run_fence();
    assert!(bench.acts.is_empty());
    assert!(bench.screen().contains("SAFE"));
}

#[test]
fn unknown_is_reconciled_and_done_may_become_untrue() {
    let mut bench = Bench::armed();
    bench.run_fence();
    let step = Bench::fence();
    let unknown = Outcome::Unknown { message: "its runner died".into() };
    bench.event(Event::Found { step: step.clone(), attempt: 1, found: Found::Ended(unknown) });
    assert_eq!(bench.checks.pop(), Some((step.clone(), 1, Why::Reconcile)));
    // A probe that cannot tell decides nothing.
    let cannot = Standing::Unknown("no answer".into());
    let checked = |why, standing| Event::Checked { step: step.clone(), attempt: 1, why, standing };
    bench.event(checked(Why::Reconcile, cannot));
    assert!(!bench.has(|body| matches!(body, Body::Reconciled { .. })));
    bench.event(checked(Why::Reconcile, Standing::Done("A is fenced".into())));
    assert!(bench.has(|body| matches!(body, Body::Reconciled { done: true, .. })));
    bench.event(checked(Why::Sense, Standing::NotDone("A writes".into())));
    assert!(bench.has(|body| matches!(body, Body::Untrue { .. })));
    bench.event(checked(Why::Sense, Standing::Done("A is fenced".into())));
    assert!(bench.has(|body| matches!(body, Body::TrueAgain { .. })));
    assert!(!bench.has(|body| matches!(body, Body::Restored { .. })), "traffic never moved");
    assert_eq!(bench.acts.len(), 1);
}

#[test]
fn a_wall_clock_that_jumps_moves_no_clock() {
    let mut bench = Bench::declared(50_000);
    let clock = |screen: &str| {
        let at = screen.find("T+00:").expect("a clock");
        screen[at..at + 10].to_owned()
    };
    let before = clock(&bench.screen());
    bench.now.wall_ms += 3_600_000;
    bench.event(Event::Tick);
    let screen = bench.screen();
    assert_eq!(clock(&screen), before, "{screen}");
}

#[test]
fn t0_is_remembered() {
    let mut bench = Bench::new(None, 50_000);
    for answers in [true, true, false, false, false, false, false] {
        bench.looks(answers);
    }
    let kept = bench.kept.clone().expect("something is kept");
    let (t0, _) = kept.red.expect("the primary is red");
    assert_eq!(t0.boot_ms, 53_000, "the first failed look");
    let mut later = Bench::new(Some(kept), 90_000);
    later.looks(false);
    later.ticks(20);
    let again = later.kept.clone().expect("it is kept again").red.expect("still red");
    assert_eq!(again.0, t0);
}

/// A small source of chance that any machine repeats (Vigna's `splitmix64`).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Anything but the key that arms.
fn anything(chance: &mut Chance, now: Stamp) -> Event {
    let keys = [KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Up, KeyCode::Down];
    let letter = || KeyCode::Char('r');
    let step = || StepId::new("fence-a").expect("a name");
    match chance.below(40) {
        0..=4 => {
            Event::Input(Input::Key(keys[usize::try_from(chance.below(5)).expect("small")].into()))
        }
        5..=6 => Event::Input(Input::Key(letter().into())),
        7 => Event::Input(Input::Paste("fence-a\n".to_owned())),
        8 => Event::Input(Input::Resize(1, 1)),
        9 => Event::Input(Input::FocusGained),
        10..=12 => Event::Tick,
        13 => Event::Found { step: step(), attempt: 1, found: Found::NotStarted },
        14 => Event::Checked {
            step: step(),
            attempt: 1,
            why: Why::Sense,
            standing: Standing::Done("so".into()),
        },
        15 => Event::Reference { at: now, look: Box::new(Ok(Reading::new(now, Health::Up, "so"))) },
        _ => {
            let code = u8::try_from(33 + chance.below(94)).expect("printable");
            let letter = if code == b'A' { 'r' } else { char::from(code) };
            Event::Input(Input::Key(KeyCode::Char(letter).into()))
        }
    }
}

#[test]
fn a_hundred_thousand_events_in_safe_do_nothing() {
    let mut chance = Chance(7);
    let mut bench = Bench::declared(50_000);
    for number in 0..100_000 {
        bench.pass(chance.below(900));
        let event = anything(&mut chance, bench.now);
        let effects = bench.console.step(event, bench.now);
        bench.perform(effects);
        if number % 64 == 0 {
            let effects = bench.console.settle(bench.now);
            bench.perform(effects);
        }
    }
    assert!(bench.acts.is_empty());
    assert!(!bench.has(|body| matches!(body, Body::Intended { .. })));
}

#[test]
fn an_observer_only_looks() {
    let mut chance = Chance(11);
    let mut now = Stamp { wall_ms: 1_795_183_000_000, boot_ms: 1000, boot: BootId(1) };
    let mut console = Console::new(parts(ObserverDesk, None), now);
    for _ in 0..5000 {
        now.boot_ms += chance.below(900);
        let event = anything(&mut chance, now);
        let wishes = console.step(event, now).into_iter().chain(console.settle(now));
        for wish in wishes.collect::<Vec<_>>() {
            assert!(
                matches!(
                    wish,
                    Effect::LookNow
                        | Effect::Keep(_)
                        | Effect::Title(_)
                        | Effect::Bell
                        | Effect::Quit
                ),
                "{wish:?}"
            );
        }
    }
}

/// Words as the console records them, for a run that an earlier console left.
fn story(bodies: Vec<Body>, now: Stamp) -> Vec<RunEvent> {
    let by = Actor { person: None, user: "anna".into(), host: "laptop".into() };
    let number = |(index, body)| RunEvent { seq: index, at: now, by: by.clone(), body };
    (1..).zip(bodies).map(number).collect()
}

#[test]
fn the_forecast_at_the_declaration_is_recorded_once() {
    let mut bench = Bench::armed();
    let said = |bench: &Bench| -> Vec<(u64, f64, f64, u32)> {
        let words = bench.records.iter().filter_map(|event| match event.body {
            Body::Forecasted { finish_p50_s, finish_p80_s, runs } => {
                Some((event.seq, finish_p50_s, finish_p80_s, runs))
            }
            _ => None,
        });
        words.collect()
    };
    let first = said(&bench);
    let declared = bench.records.iter().find(|event| matches!(event.body, Body::Declared { .. }));
    assert_eq!(first.len(), 1);
    let (seq, p50, p80, runs) = first[0];
    assert!(seq > declared.expect("it was declared").seq);
    // Fence 15, promote 60, compare 15, traffic 70, then 30 s of healthy users; at T0 plus some.
    assert!((190.0..240.0).contains(&p50), "{p50}");
    assert_eq!((p50.to_bits(), runs), (p80.to_bits(), 0));
    for _ in 0..30 {
        bench.looks(false);
    }
    bench.run_fence();
    for _ in 0..30 {
        bench.looks(true);
    }
    assert_eq!(said(&bench), first);
    // A console that takes the run up later does not say again what it never said.
    let plan = parts(CommanderDesk::default(), None).runbooks.remove(0);
    let silent = |event: &&RunEvent| !matches!(event.body, Body::Forecasted { .. });
    let bodies = bench.records.iter().filter(silent).map(|event| event.body.clone()).collect();
    let told = story(bodies, bench.now);
    let run = Run::replay(&plan, &told).expect("it fits").expect("there is a run");
    let mut later = Bench::new(None, 50_000);
    let mut parts = parts(CommanderDesk::default(), None);
    parts.run = Some((run, plan));
    later.console = Console::new(parts, later.now);
    later.records = told;
    for _ in 0..10 {
        later.looks(false);
    }
    assert_eq!(said(&later), []);
}

#[test]
fn every_tier_is_restored_once() {
    let mut bench = Bench::new(None, 50_000);
    let mut parts = parts(CommanderDesk::default(), None);
    let plan = parts.runbooks[0].clone();
    let direction = Direction { from: plan.from, to: plan.to };
    let mut bodies = vec![
        Body::Opened {
            run: RunId::new("demo-1").expect("a name"),
            kind: RunKind::Simulation,
            site: "demo".to_owned(),
            site_hash: String::new(),
            runbook: plan.name.clone(),
            runbook_hash: plan.hash.clone(),
            direction,
            mode: Mode::Ungraceful,
        },
        Body::Declared {
            t0: bench.now,
            basis: T0Basis::Exact,
            detected: None,
            signals: Vec::new(),
            reason: "the region is lost".into(),
            ledger: Ledger { as_of: bench.now, rows: Vec::new() },
        },
    ];
    let skip = |step: &Step| Body::Skipped { step: step.id.clone(), reason: "by hand".into() };
    bodies.extend(plan.steps.iter().map(skip));
    let told = story(bodies, bench.now);
    let run = Run::replay(&plan, &told).expect("it fits").expect("there is a run");
    parts.run = Some((run, plan));
    bench.console = Console::new(parts, bench.now);
    bench.records = told;
    for _ in 0..20 {
        bench.looks(true);
    }
    assert!(!bench.has(|body| matches!(body, Body::Restored { .. })), "healthy for 20 s only");
    for _ in 0..40 {
        bench.looks(true);
        bench.ticks(2);
    }
    let restored: Vec<String> = bench
        .records
        .iter()
        .filter_map(|event| match &event.body {
            Body::TierRestored { tier, evidence } => Some(format!("{tier}: {evidence}")),
            Body::Restored { .. } => Some("all".to_owned()),
            _ => None,
        })
        .collect();
    let heads: Vec<&str> = restored.iter().map(|text| &text[..text.len().min(22)]).collect();
    assert_eq!(heads, ["core: users healthy_fo", "files: with the whole ", "all"], "{restored:?}");
    let screen = bench.screen();
    assert!(screen.contains("MET"), "{screen}");
}

#[test]
fn earlier_runs_are_told_and_counted_on() {
    let mut bench = Bench::armed();
    bench.run_fence();
    bench.pass(41_000);
    let step = Bench::fence();
    let applied = Outcome::Applied { evidence: "called".into() };
    bench.event(Event::Found { step: step.clone(), attempt: 1, found: Found::Ended(applied) });
    let standing = Standing::Done("A is fenced".into());
    bench.event(Event::Checked { step, attempt: 1, why: Why::Verify, standing });
    let mut events = bench.records.clone();
    for body in [
        Body::AbortStarted { reason: "the region is back".into() },
        Body::Closed { closing: Closing::Aborted },
    ] {
        let last = events.last().expect("some").clone();
        events.push(RunEvent { seq: last.seq + 1, body, ..last });
    }
    let plan = parts(CommanderDesk::default(), None).runbooks.remove(0);
    let run = Run::replay(&plan, &events).expect("it fits").expect("there is a run");
    let mut paces = Paces::default();
    paces.learn(&plan, &run);
    paces.damaged = 2;
    let mut later = Bench::new(None, 50_000);
    later.looks(true);
    let before = later.screen();
    later.event(Event::Paced(Box::new(paces)));
    let screen = later.screen();
    assert!(
        screen.contains("forecasts rest on 1 earlier run of this site; 2 could not be"),
        "{screen}"
    );
    assert!(screen.contains("00:46") && !before.contains("00:46"), "{before}\n{screen}");
}
