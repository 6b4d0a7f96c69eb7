//! The console's heart without a terminal: keys, journal, readings and time by hand.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::app::demo::{FAILOVER, SITE};
use warroom::app::{runbook_file, site_file};
use warroom::domain::ids::{PersonId, StepId, SystemId};
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::{Health, LookError, LookErrorKind, Reading};
use warroom::domain::run::commit::{Hash, IntentRecord, Receipt};
use warroom::domain::run::event::{Actor, Body, Outcome, RunEvent, RunKind};
use warroom::domain::run::role::Commander;
use warroom::domain::time::{BootId, Stamp};
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
    slow: bool,
    rehearsing: Vec<Rehearsal>,
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
            slow: false,
            rehearsing: Vec::new(),
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
                Effect::Rehearse(job) => {
                    let action = job.runbook.step(&job.step).expect("a step").action.name;
                    let rehearsal = Rehearsal {
                        step: job.step,
                        back: job.back,
                        at: self.now,
                        standing: Standing::NotDone("not yet".into()),
                        preview: Preview { call: action.into(), ..Preview::default() },
                    };
                    if self.slow {
                        self.rehearsing.push(rehearsal);
                        continue;
                    }
                    Event::Rehearsed(Box::new(rehearsal))
                }
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

/// An armed console with a planned run: the primary answers all the time.
fn planned() -> Bench {
    let mut bench = Bench::new(None, 50_000);
    bench.looks(true);
    bench.looks(true);
    bench.key(KeyCode::Char('o'));
    let screen = bench.screen();
    assert!(screen.contains("sim.promote instead of sim.switch"), "before the start: {screen}");
    bench.pass(400);
    bench.key(KeyCode::Enter);
    bench.key(KeyCode::Char('D'));
    bench.pass(400);
    bench.types("declare\twe move on purpose");
    bench.key(KeyCode::Enter);
    bench.key(KeyCode::Char('A'));
    bench.pass(400);
    bench.types("arm");
    bench.key(KeyCode::Enter);
    assert!(bench.screen().contains("[ARMED]"), "{}", bench.screen());
    bench
}

impl Bench {
    /// The last attempt that was released ends well, and its effect is seen.
    fn succeeds(&mut self) {
        let act = self.acts.last().expect("something was released").clone();
        let (step, attempt) = (act.step, act.attempt);
        let outcome = Outcome::Applied { evidence: "called".into() };
        self.event(Event::Found { step: step.clone(), attempt, found: Found::Ended(outcome) });
        let standing = Standing::Done("seen".into());
        self.event(Event::Checked { step, attempt, why: Why::Verify, standing });
    }

    fn gives_up(&mut self) {
        self.key(KeyCode::Char('E'));
        self.pass(400);
        self.types("abort run");
        self.key(KeyCode::Enter);
        self.types("it makes no sense");
        self.key(KeyCode::Enter);
    }
}

#[test]
fn giving_up_is_a_run_of_its_own_in_the_journal() {
    let mut bench = planned();
    bench.run_fence();
    // Some step that never ran is selected: later it is not in the list, and no key is about it.
    bench.key(KeyCode::Down);
    bench.key(KeyCode::Down);
    // It is given up while the fence still runs: that joins the plan as it ends.
    bench.key(KeyCode::Char('E'));
    let screen = bench.screen();
    assert!(screen.contains("runs or is unknown: fence-a"), "{screen}");
    assert!(screen.contains("A takes writes, as before the run"), "{screen}");
    bench.key(KeyCode::Esc);
    assert!(!bench.has(|body| matches!(body, Body::AbortStarted { .. })), "reading is not doing");
    bench.gives_up();
    let plans = |bench: &Bench| -> Vec<Vec<String>> {
        let plan = |event: &RunEvent| match &event.body {
            Body::AbortPlanned { back, .. } => Some(back.iter().map(ToString::to_string).collect()),
            _ => None,
        };
        bench.records.iter().filter_map(plan).collect()
    };
    assert_eq!(plans(&bench), [Vec::<String>::new()]);
    bench.succeeds();
    bench.looks(true);
    assert_eq!(plans(&bench), [vec![], vec!["fence-a".to_owned()]], "{}", bench.screen());
    let screen = bench.screen();
    assert!(screen.contains("0 of 1 taken back"), "{screen}");
    assert!(screen.contains("r take back"), "{screen}");
    // It cannot be closed before that.
    bench.key(KeyCode::Char('W'));
    bench.pass(400);
    bench.key(KeyCode::Enter);
    assert!(bench.screen().contains("still to be taken back: fence-a"), "{}", bench.screen());
    bench.key(KeyCode::Esc);
    bench.run_fence();
    assert_eq!(bench.acts.len(), 2, "{}", bench.screen());
    let back = bench.acts.last().expect("it was released");
    assert_eq!(back.purpose, warroom::domain::run::event::Purpose::Compensate);
    bench.succeeds();
    let screen = bench.screen();
    assert!(screen.contains("1 of 1 taken back"), "{screen}");
    bench.key(KeyCode::Char('W'));
    bench.pass(400);
    bench.key(KeyCode::Enter);
    let aborted = |body: &Body| {
        matches!(body, Body::Closed { closing: warroom::domain::run::event::Closing::Aborted })
    };
    assert!(bench.has(aborted), "{}", bench.screen());
}

#[test]
fn an_escalation_changes_what_was_not_begun() {
    let mut bench = planned();
    bench.run_fence();
    bench.succeeds();
    bench.key(KeyCode::Down);
    bench.key(KeyCode::Enter);
    let screen = bench.screen();
    assert!(screen.contains("sim.promote instead of sim.switch"), "{screen}");
    bench.key(KeyCode::Esc);
    // A dry run of the planned variant is still on its way as it is escalated: it is never shown.
    bench.ticks(130);
    bench.slow = true;
    bench.key(KeyCode::Enter);
    bench.key(KeyCode::Esc);
    bench.key(KeyCode::Char('!'));
    bench.pass(400);
    bench.types("region A is lost by now");
    bench.key(KeyCode::Enter);
    assert!(bench.has(|body| matches!(body, Body::Escalated { step: None, .. })));
    bench.key(KeyCode::Enter);
    let screen = bench.screen();
    assert!(screen.contains("lossy: sim.promote instead of sim.switch"), "{screen}");
    let calls = |bench: &Bench| -> Vec<String> {
        bench.rehearsing.iter().map(|one| one.preview.call.to_string()).collect()
    };
    assert_eq!(calls(&bench), ["sim.switch", "sim.promote"], "made again");
    for _ in 0..2 {
        let rehearsal = bench.rehearsing.remove(0);
        bench.event(Event::Rehearsed(Box::new(rehearsal)));
        assert!(!bench.screen().contains("$ sim."), "{}", bench.screen());
    }
    // Both may have been of the former variant; the card asks once more.
    bench.ticks(24);
    assert_eq!(calls(&bench), ["sim.promote"]);
    let rehearsal = bench.rehearsing.remove(0);
    bench.event(Event::Rehearsed(Box::new(rehearsal)));
    assert!(bench.screen().contains("$ sim.promote"), "{}", bench.screen());
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
