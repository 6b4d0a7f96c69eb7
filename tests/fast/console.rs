//! The console's heart without a terminal: keys, journal, readings and time by hand.
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use secrecy::SecretString;
use std::time::Duration;

use warroom::app::kinds::{read_runbook, read_site};
use warroom::domain::catalogue::Change;
use warroom::domain::console::{JournalState, Rehearsal};
use warroom::domain::ids::{PersonId, RunId, Side, StepId, SystemId};
use warroom::domain::ledger::Ledger;
use warroom::domain::pace::Paces;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::{Health, LookError, LookErrorKind, Reading};
use warroom::domain::run::commit::{Hash, IntentRecord, Receipt};
use warroom::domain::run::event::{
    Actor, Body, Closing, Mode, Outcome, Purpose, RunEvent, RunKind,
};
use warroom::domain::run::role::Commander;
use warroom::domain::run::state::Run;
use warroom::domain::run::subject::Served;
use warroom::domain::runbook::{Direction, Step};
use warroom::domain::text::Clean;
use warroom::domain::time::{BootId, Stamp};
use warroom::domain::verdict::T0Basis;
use warroom::files::shipped::{DEMO_FAILOVER, DEMO_SITE};
use warroom::port::Looks;
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::{CommanderDesk, Desk, ObserverDesk};
use warroom::runtime::effect::{Effect, Record};
use warroom::runtime::event::{Event, Why};
use warroom::runtime::journal::Reply;
use warroom::runtime::observations::Observations;
use warroom::runtime::redact::Redactor;
use warroom::runtime::runner::Aftermath;
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::theme::Theme;
use warroom::ui::update::Input;
use warroom::ui::wish::Wish;

use crate::stand::chance::Chance;

fn parts<D: Desk>(desk: D, remembered: Option<Observations>) -> Parts<D> {
    let text = DEMO_SITE.replace("@world@", "/nowhere");
    let site = read_site(&text).expect("the demo's site is right");
    let book = read_runbook(DEMO_FAILOVER, "failover", &site).expect("its runbook too");
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
        last_run: None,
    }
}

/// A console with a world that does what the test says.
struct Bench {
    /// Why pg in B takes no write.
    hindered: Option<&'static str>,
    console: Console<CommanderDesk>,
    now: Stamp,
    records: Vec<RunEvent>,
    acts: Vec<IntentRecord>,
    checks: Vec<(StepId, u32, Why)>,
    kept: Option<Observations>,
    /// What left the console for others: copies, notifications, titles, and bells as `bell`.
    shared: Vec<String>,
    journal_fails: bool,
    /// What a disk that has stalled was asked and has not answered.
    stalled: Option<Vec<Record>>,
    open_fails: bool,
    slow: bool,
    rehearsing: Vec<Rehearsal>,
}

impl Bench {
    fn new(remembered: Option<Observations>, boot_ms: u64) -> Self {
        let now = Stamp { wall_ms: 1_795_183_000_000, boot_ms, boot: BootId(1) };
        Self {
            console: Console::new(parts(CommanderDesk::default(), remembered), now),
            hindered: None,
            now,
            records: Vec::new(),
            acts: Vec::new(),
            checks: Vec::new(),
            kept: None,
            shared: Vec::new(),
            journal_fails: false,
            stalled: None,
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
                Effect::Record(record @ (Record::Open { .. } | Record::Append { .. })) => {
                    if let Some(asked) = &mut self.stalled {
                        asked.push(record);
                        continue;
                    }
                    self.record(record)
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
                Effect::Record(Record::Cancel { .. } | Record::Void { .. })
                | Effect::Watch { .. }
                | Effect::LookNow
                | Effect::Quit => continue,
                Effect::Title(title) => {
                    self.shared.push(title);
                    continue;
                }
                Effect::Bell => {
                    self.shared.push("bell".to_owned());
                    continue;
                }
                Effect::Notify(text) => {
                    self.shared.push(text.into());
                    continue;
                }
                Effect::Copy(lines) => {
                    self.shared.extend(lines.into_iter().map(|line| format!("copied {line}")));
                    continue;
                }
            };
            let more = self.console.step(answer, self.now);
            self.perform(more);
        }
    }

    /// The disk answers again, first of all what it was asked before.
    fn recovers(&mut self) {
        let asked = self.stalled.take().unwrap_or_default();
        self.perform(asked.into_iter().map(Effect::Record).collect());
    }

    fn record(&mut self, record: Record) -> Event {
        match record {
            Record::Append { ticket, by, body } => {
                Event::Journal(Box::new(self.append(ticket, by, *body)))
            }
            _ if self.open_fails => Event::RunOpened(Err("the folder exists".into())),
            _ => Event::RunOpened(Ok(())),
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
        let hindered = self.hindered;
        let takes = |name: &str| {
            let hindered = hindered.filter(|_| name == "pg").map(Clean::from);
            up().map(|reading| Reading { hindered, ..reading })
        };
        for name in ["users", "gateway", "pg", "redis", "kafka", "objects", "pods", "dns", "cdn"] {
            let a = if a_answers {
                up()
            } else {
                Err(LookError::new(LookErrorKind::Timeout, "no answer"))
            };
            let looks = Box::new(Looks { a: Some(a), b: Some(takes(name)) });
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
fn a_criterion_is_accepted_by_name_and_the_verdict_says_so() {
    let mut bench = Bench::declared(50_000);
    bench.key(KeyCode::Char('p'));
    let list = bench.screen();
    assert!(list.contains("GO / NO-GO  Region B") && list.contains("▸ "), "{list}");
    bench.key(KeyCode::Enter);
    bench.pass(400);
    bench.types("short");
    bench.key(KeyCode::Enter);
    assert!(!bench.has(|body| matches!(body, Body::CriterionAccepted { .. })));
    bench.types(" of time, we know it is so");
    bench.key(KeyCode::Enter);
    let accepted = bench.records.iter().find_map(|event| match &event.body {
        Body::CriterionAccepted { asks, evidence, reason, .. } => {
            Some((event.by.to_string(), asks.clone(), evidence.clone(), reason.clone()))
        }
        _ => None,
    });
    let (by, asks, evidence, reason) = accepted.expect("it is on record");
    assert_eq!((by.as_str(), reason.as_str()), ("anna", "short of time, we know it is so"));
    assert!(evidence.as_str().starts_with("UNKNOWN: "), "{asks}: {evidence}");
    bench.key(KeyCode::Char('p'));
    bench.ticks(1);
    let list = bench.screen();
    assert!(list.contains("accepted by anna"), "{list}");
    assert!(list.contains("accepted 1") && list.contains("by anna: short of time"), "{list}");
    assert!(bench.acts.is_empty());
}

/// The row of the criterion that speaks loudest, as the go/no-go list shows it.
fn loudest(bench: &mut Bench) -> String {
    bench.key(KeyCode::Char('p'));
    let screen = bench.screen();
    bench.key(KeyCode::Esc);
    screen.lines().find(|line| line.contains("▸ ")).expect("a row").to_owned()
}

#[test]
fn since_when_is_kept_from_frame_to_frame_and_by_the_next_console() {
    let mut bench = Bench::new(None, 50_000);
    bench.looks(true);
    let since = format!("since {} or before", bench.now.utc());
    // Nobody told a lag: that has been so at least since everything was heard.
    for _ in 0..8 {
        bench.looks(true);
    }
    assert!(loudest(&mut bench).contains(&since), "{since}: {}", loudest(&mut bench));
    let kept = bench.kept.clone().expect("it is kept");
    let mut later = Bench::new(Some(kept), bench.now.boot_ms + 20_000);
    later.now.wall_ms = bench.now.wall_ms + 20_000;
    later.looks(true);
    assert!(loudest(&mut later).contains(&since), "{since}: {}", loudest(&mut later));
    // What is seen to change has a since of its own.
    later.looks(true);
    let at = later.now;
    let down = Reading::new(at, Health::Down("503".into()), "503");
    let looks = Box::new(Looks { a: None, b: Some(Ok(down)) });
    later.event(Event::Heard { system: SystemId::new("dns").expect("a name"), at, looks });
    let row = loudest(&mut later);
    assert!(row.contains("NOT MET") && row.contains(&format!("since {} (", at.utc())), "{row}");
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
    bench.event(Event::Found { step: step.clone(), attempt: 1, found: Aftermath::Ended(unknown) });
    assert_eq!(bench.checks.pop(), Some((step.clone(), 1, Why::Reconcile)));
    // A probe that cannot tell decides nothing.
    let cannot = Standing::Unknown("no answer".into());
    let checked = |why, standing| Event::Checked { step: step.clone(), attempt: 1, why, standing };
    bench.event(checked(Why::Reconcile, cannot));
    assert!(!bench.has(|body| matches!(body, Body::Reconciled { .. })));
    bench.event(checked(Why::Reconcile, Standing::Done("A is fenced".into())));
    assert!(bench.has(|body| matches!(body, Body::Reconciled { done: true, .. })));
    // One look that does not find it may be a slow one: the next one decides, and soon.
    let untrue = |body: &Body| matches!(body, Body::Untrue { .. });
    let (not_so, cannot) = ("A writes", "no answer");
    bench.event(checked(Why::Sense, Standing::NotDone(not_so.into())));
    bench.event(checked(Why::Sense, Standing::Done("A is fenced".into())));
    bench.event(checked(Why::Sense, Standing::NotDone(not_so.into())));
    bench.event(checked(Why::Sense, Standing::Unknown(cannot.into())));
    bench.checks.clear();
    bench.event(checked(Why::Sense, Standing::NotDone(not_so.into())));
    assert!(!bench.has(untrue));
    bench.ticks(8);
    assert_eq!(bench.checks, [(step.clone(), 1, Why::Sense)]);
    bench.event(checked(Why::Sense, Standing::NotDone(not_so.into())));
    assert!(bench.has(untrue));
    bench.event(checked(Why::Sense, Standing::Done("A is fenced".into())));
    assert!(bench.has(|body| matches!(body, Body::TrueAgain { .. })));
    assert!(!bench.has(|body| matches!(body, Body::Restored { .. })), "traffic never moved");
    assert_eq!(bench.acts.len(), 1);
}

#[test]
fn a_step_ends_when_its_runner_ended_and_not_when_somebody_came_back() {
    let check = |ended_s: u64, took_s: u64, told: bool| {
        let mut bench = Bench::armed();
        bench.run_fence();
        let step = Bench::fence();
        let attempt = bench.console.run().and_then(|run| run.step(&step)?.last_attempt().cloned());
        let granted = attempt.expect("it was granted").granted;
        bench.now = granted.plus(Duration::from_secs(75));
        let (at, printed) = (Duration::from_secs(ended_s), Duration::from_secs(3));
        let lines = vec!["halfway".into()];
        let (then, at) = (Some(granted.plus(printed)), granted.plus(at));
        bench.event(Event::Output { step: step.clone(), at: then, lines });
        bench.event(Event::RunnerEnded { step: step.clone(), attempt: 1, at });
        bench.event(Event::RunnerEnded { step: step.clone(), attempt: 1, at });
        bench.succeeds();
        let earlier = |body: &Body| matches!(body, Body::EndedEarlier { .. });
        let run = bench.console.run().expect("a run");
        let words = run.events.iter().filter(|event| earlier(&event.body)).count();
        assert_eq!(words, usize::from(told), "{ended_s}");
        let took = run.step(&step).and_then(|state| state.took(bench.now)).expect("it ended");
        assert_eq!(took.as_secs(), took_s, "{ended_s}");
        let screen = bench.screen();
        let then = granted.plus(printed).utc().to_string();
        assert!(screen.contains("halfway"), "{screen}");
        assert!(screen.lines().any(|l| l.contains("halfway") && l.contains(&then)), "{screen}");
    };
    check(63, 63, true);
    check(75, 75, false);
    // What cannot be is not used.
    check(80, 75, false);
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
        self.event(Event::Found { step: step.clone(), attempt, found: Aftermath::Ended(outcome) });
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
fn a_disk_that_does_not_answer_is_said() {
    let waits = "THE DISK HAS NOT TAKEN";
    let mut bench = Bench::new(None, 50_000);
    for answers in [true, false, false, false, false] {
        bench.looks(answers);
    }
    let check = |bench: &mut Bench, keys: &dyn Fn(&mut Bench), recorded: &str| {
        bench.stalled = Some(Vec::new());
        keys(bench);
        bench.ticks(8);
        let screen = bench.screen();
        assert!(!screen.contains(waits), "a disk may take two seconds: {screen}");
        bench.ticks(40);
        let screen = bench.screen();
        assert!(screen.contains(waits) && screen.contains("for 12s"), "{screen}");
        assert!(screen.contains("NEXT  wait for the disk"), "{screen}");
        // The answer clears it, whatever it is.
        bench.recovers();
        let screen = bench.screen();
        assert!(!screen.contains(waits) && screen.contains(recorded), "{screen}");
        bench.ticks(40);
        assert!(!bench.screen().contains(waits), "{}", bench.screen());
    };
    let opens = |bench: &mut Bench| {
        bench.key(KeyCode::Char('o'));
        bench.key(KeyCode::Enter);
    };
    bench.open_fails = true;
    check(&mut bench, &opens, "the run was not opened");
    bench.open_fails = false;
    check(&mut bench, &opens, "run opened");
    let declares = |bench: &mut Bench| {
        bench.key(KeyCode::Char('D'));
        bench.pass(400);
        bench.types("declare\tthe region is lost");
        bench.key(KeyCode::Enter);
    };
    check(&mut bench, &declares, "DECLARED");
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
    assert!(screen.contains("runs or is unknown: 1 Fence region A"), "{screen}");
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
    let screen = bench.screen();
    assert!(screen.contains("still to be taken back: 1 Fence region A"), "{screen}");
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
    // The machine may have stood still: what the wall clock says more is told, once on record.
    let doubts = |bench: &Bench| -> Vec<u64> {
        let doubt = |event: &RunEvent| match event.body {
            Body::ClockDoubted { wall_ahead_ms, .. } => Some(wall_ahead_ms / 1000),
            _ => None,
        };
        bench.records.iter().filter_map(doubt).collect()
    };
    assert!(screen.contains("or +60m00s by wall clock"), "{screen}");
    bench.ticks(8);
    assert_eq!(doubts(&bench), [3600]);
    assert!(bench.screen().contains("or +60m00s by wall clock"), "{}", bench.screen());
    // Set back is told as before and takes no doubt back; ahead again is a new one.
    bench.now.wall_ms -= 7_200_000;
    bench.ticks(8);
    assert_eq!(doubts(&bench), [3600]);
    assert!(bench.screen().contains("the wall clock jumped by -7200 s"), "{}", bench.screen());
    bench.now.wall_ms += 600_000;
    bench.ticks(8);
    assert_eq!(doubts(&bench), [3600, 600]);
    // Also while no console ran: the next one compares both clocks with the last entry.
    let mut parts = parts(CommanderDesk::default(), None);
    let plan = parts.runbooks[0].clone();
    let run = Run::replay(&plan, &bench.records).expect("it fits").expect("there is a run");
    parts.run = Some((run, plan));
    bench.pass(20_000);
    bench.now.wall_ms += 900_000;
    bench.console = Console::new(parts, bench.now);
    bench.ticks(8);
    assert_eq!(doubts(&bench), [3600, 600, 900]);
    assert!(bench.screen().contains("or +85m00s by wall clock"), "{}", bench.screen());
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
        13 => Event::Found { step: step(), attempt: 1, found: Aftermath::NotStarted },
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
fn a_stop_window_begins_with_a_look_at_everything() {
    let mut bench = Bench::armed();
    let asked = bench.console.drive(Wish::StopWindow { until: bench.now }, bench.now);
    let asked = asked.expect("it is granted");
    assert!(asked.iter().any(|effect| matches!(effect, Effect::LookNow)), "{asked:?}");
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
                        | Effect::Notify(_)
                        | Effect::Copy(_)
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

/// A run of the demo in which every step is skipped but those told, and what RESTORED says then.
fn restored_of(
    change: &dyn Fn(&Step, Stamp) -> Option<Vec<Body>>,
    hindered: Option<&'static str>,
) -> Option<String> {
    restored_of_plan(change, hindered, &|_| {}, None).0
}

/// The same of a plan made otherwise, where a person answers for this much at the end; and all that
/// the go/no-go list says of proofs before.
fn restored_of_plan(
    change: &dyn Fn(&Step, Stamp) -> Option<Vec<Body>>,
    hindered: Option<&'static str>,
    otherwise: &dyn Fn(&mut Step),
    answers: Option<&str>,
) -> (Option<String>, String) {
    let mut bench = Bench { hindered, ..Bench::new(None, 50_000) };
    let mut parts = parts(CommanderDesk::default(), None);
    parts.runbooks[0].steps.iter_mut().for_each(otherwise);
    let plan = parts.runbooks[0].clone();
    let mut bodies = vec![
        Body::Opened {
            run: RunId::new("demo-1").expect("a name"),
            kind: RunKind::Simulation,
            site: "demo".to_owned(),
            site_hash: String::new(),
            runbook: plan.name.clone(),
            runbook_hash: plan.hash.clone(),
            direction: Direction { from: plan.from, to: plan.to },
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
    for step in &plan.steps {
        let skip = || vec![Body::Skipped { step: step.id.clone(), reason: "by hand".into() }];
        bodies.extend(change(step, bench.now).unwrap_or_else(skip));
    }
    for store in ["pg", "redis", "kafka", "objects"] {
        let Some(reason) = answers else { continue };
        bodies.push(Body::CriterionAccepted {
            asks: format!("{store} took a write since its promotion").into(),
            evidence: "UNKNOWN".into(),
            reason: reason.into(),
            key: format!("proof/{store}"),
        });
    }
    let told = story(bodies, bench.now);
    let run = Run::replay(&plan, &told).expect("it fits").expect("there is a run");
    parts.run = Some((run, plan));
    bench.console = Console::new(parts, bench.now);
    bench.records = told;
    for _ in 0..60 {
        bench.looks(true);
    }
    let restored = |bench: &Bench| {
        bench.records.iter().find_map(|event| match &event.body {
            Body::Restored { evidence } => Some(evidence.to_string()),
            _ => None,
        })
    };
    let said = restored(&bench);
    let next = bench.screen();
    bench.key(KeyCode::Char('p'));
    (said, format!("{next}{}", bench.screen()))
}

/// The words of a step that was run and seen done.
fn performed(step: &Step) -> Vec<Body> {
    let (id, attempt) = (step.id.clone(), 1);
    vec![
        Body::Intended {
            step: id.clone(),
            attempt,
            purpose: Purpose::Forward,
            action: step.action.name.to_owned(),
            class: step.class,
            fencing: step.action.fencing,
            gates: Vec::new(),
            call: "call".into(),
            warrant: None,
        },
        Body::Started { step: id.clone(), attempt },
        Body::Ended {
            step: id.clone(),
            attempt,
            outcome: Outcome::Applied { evidence: "so".into() },
        },
        Body::Verified { step: id, attempt, evidence: "so".into() },
    ]
}

#[test]
fn restored_rests_on_a_write_to_each_promoted_store() {
    let promotes = |step: &Step| step.change.promotes().then(|| performed(step));
    let writes = |step: &Step| (step.change == Change::ProveWrite).then(|| performed(step));
    let said = restored_of(&|step, _| promotes(step).or_else(|| writes(step)), None);
    let said = said.expect("every store took a write");
    assert!(said.contains("pg: a write was read back (verify-pg)"), "{said}");
    assert!(said.contains("redis: a write was read back (verify-redis)"), "{said}");
    // Left out by a person: the record says so, and by whom.
    let said =
        restored_of(&|step, _| promotes(step), None).expect("what is skipped is not waited for");
    assert!(said.contains("pg: not proven by a write: skipped by anna"), "{said}");
    // Not promoted in this run: nothing has to be proven.
    let said = restored_of(&|_, _| None, None).expect("nothing was promoted");
    assert!(!said.contains("write"), "{said}");
    // Not tried yet, or failed: the clock goes on, whatever the facts say.
    let waits = |step: &Step| (step.change == Change::ProveWrite).then(Vec::new);
    assert_eq!(restored_of(&|step, _| promotes(step).or_else(|| waits(step)), None), None);
    // The plan has no step that writes: a person answers for it, in the list, by name.
    let both = |step: &Step| promotes(step).or_else(|| writes(step));
    let blind = |step: &mut Step| {
        if step.change == Change::ProveWrite {
            step.change = Change::Check;
        }
    };
    let (said, list) = restored_of_plan(&|step, _| both(step), None, &blind, None);
    assert_eq!(said, None);
    for want in ["pg: the plan has no step that writes to it", "answer for it in the go/no-go list"]
    {
        assert!(list.contains(want), "{want}: {list}");
    }
    let reason = Some("psql wrote and read a row");
    let (said, _) = restored_of_plan(&|step, _| both(step), None, &blind, reason);
    let said = said.expect("a person answered for it");
    assert!(said.contains("answers for it: psql wrote and read a row"), "{said}");
    // Written to, and by its last look it takes no write any more.
    let why = Some("commits wait for `nobody`, which is not there");
    assert_eq!(restored_of(&|step, _| promotes(step).or_else(|| writes(step)), why), None);
    assert_eq!(restored_of(&|step, _| promotes(step), why), None);
}

#[test]
fn earlier_runs_are_told_and_counted_on() {
    let mut bench = Bench::armed();
    bench.run_fence();
    bench.pass(41_000);
    let step = Bench::fence();
    let applied = Outcome::Applied { evidence: "called".into() };
    bench.event(Event::Found { step: step.clone(), attempt: 1, found: Aftermath::Ended(applied) });
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

#[test]
fn a_status_update_is_copied_and_put_on_record() {
    let mut bench = Bench::declared(50_000);
    let lines_of = |bench: &Bench| -> Vec<(u32, Vec<String>)> {
        let told = bench.records.iter().filter_map(|event| match &event.body {
            Body::Updated { number, lines } => {
                Some((*number, lines.iter().map(ToString::to_string).collect()))
            }
            _ => None,
        });
        told.collect()
    };
    for number in 1..=2 {
        bench.shared.clear();
        bench.key(KeyCode::Char('u'));
        bench.pass(400);
        bench.types("mail postgres://dr:hunter2@db.example/x");
        bench.key(KeyCode::Enter);
        let (told, lines) = lines_of(&bench).pop().expect("it is on record");
        assert_eq!(told, number);
        let copied: Vec<String> = lines.iter().map(|line| format!("copied {line}")).collect();
        let shared = bench.shared.iter().filter(|line| line.starts_with("copied ")).cloned();
        assert_eq!(shared.collect::<Vec<_>>(), copied, "what was recorded is what was copied");
        let text = lines.join("\n");
        assert!(text.starts_with(&format!(
            "[SIM] A SIMULATION, NOT A REAL INCIDENT, STATUS UPDATE {number}"
        )));
        assert!(!text.contains("hunter2") && !text.contains("laptop"), "{text}");
        let screen = bench.screen();
        assert!(screen.contains("UPDATE IN 0"), "{screen}");
    }
    // Five minutes later it is late, on the clock that the test turns.
    bench.pass(330_000);
    bench.event(Event::Tick);
    let screen = bench.screen();
    assert!(screen.contains("UPDATE LATE 00:"), "{screen}");

    // A journal that cannot record: the copy goes out, and that it is not on record is said.
    bench.journal_fails = true;
    bench.shared.clear();
    bench.key(KeyCode::Char('u'));
    bench.pass(400);
    bench.key(KeyCode::Enter);
    assert!(bench.shared.iter().any(|line| line.starts_with("copied ")), "{:?}", bench.shared);
    assert_eq!(lines_of(&bench).len(), 2);
    let screen = bench.screen();
    assert!(screen.contains("NOT recorded"), "{screen}");
}

#[test]
fn without_a_run_an_update_is_copied_and_not_recorded() {
    let mut bench = Bench::new(None, 50_000);
    for answers in [true, false, false, false, false] {
        bench.looks(answers);
    }
    bench.shared.clear();
    bench.key(KeyCode::Char('u'));
    bench.pass(400);
    bench.key(KeyCode::Enter);
    assert!(bench.shared.iter().any(|line| line.contains("PROVISIONAL")), "{:?}", bench.shared);
    assert!(bench.screen().contains("NOT recorded: no run is open"), "{}", bench.screen());
    assert!(bench.records.is_empty());
}

#[test]
fn a_copy_says_how_much_it_was() {
    let mut bench = Bench::declared(50_000);
    bench.shared.clear();
    bench.key(KeyCode::Char('c'));
    let copied = bench.shared.iter().filter(|line| line.starts_with("copied ")).count();
    let screen = bench.screen();
    assert!(copied > 5, "{:?}", bench.shared);
    assert!(screen.contains(&format!("sent to terminal ({copied} lines)")), "{screen}");
    assert!(bench.shared[0].starts_with("copied [SIM] "), "{:?}", bench.shared);
}

#[test]
fn t0_is_moved_by_the_palette_and_the_clock_with_it() {
    let mut bench = Bench::declared(50_000);
    bench.key(KeyCode::Char(':'));
    bench.pass(400);
    // The first failed look was at 13:56:42Z.
    bench.types("t0 set 13:55:00Z the provider says so");
    bench.key(KeyCode::Enter);
    bench.pass(400);
    bench.types("t0");
    bench.key(KeyCode::Enter);
    let screen = bench.screen();
    assert!(bench.has(|body| matches!(body, Body::T0Set { .. })), "{screen}");
    bench.event(Event::Tick);
    let screen = bench.screen();
    let spent = (bench.now.wall_ms - 1_795_182_900_000) / 1000;
    let clock = format!("T+00:{:02}:{:02}", spent / 60, spent % 60);
    assert!(screen.contains(&clock), "{clock}\n{screen}");
}

#[test]
fn what_rings_is_told_once_without_names() {
    let mut bench = Bench::new(None, 50_000);
    for answers in [true, false, false, false, false, false, false] {
        bench.looks(answers);
    }
    let told = |bench: &Bench| -> Vec<String> {
        bench.shared.iter().filter(|text| text.starts_with("warroom:")).cloned().collect()
    };
    // One system is urgent by its own rule before enough of them make the primary red.
    let first = "warroom: urgent alarm, region A since 13:56Z (SIM)";
    assert_eq!(told(&bench), [first, "warroom: primary region A red since 13:56Z (SIM)"]);
    assert_eq!(bench.shared.iter().filter(|text| *text == "bell").count(), 2);
    let title = bench.shared.iter().rfind(|text| text.starts_with("SIM ")).expect("a title");
    assert_eq!(title, "SIM demo RED T+0m PROVISIONAL");
    // Eight minutes of ten are gone: at risk, then breached, once each, however long it lasts.
    let mut bench = Bench::declared(50_000);
    bench.shared.clear();
    for _ in 0..40 {
        bench.pass(20_000);
        bench.event(Event::Tick);
    }
    let rings = told(&bench);
    let of = |what: &str| rings.iter().filter(|text| text.contains(what)).count();
    assert_eq!((of("RTO at risk"), of("RTO breached")), (1, 1), "{rings:?}");
    let bells = bench.shared.iter().filter(|text| *text == "bell").count();
    assert_eq!(bells, rings.len(), "a bell each: {rings:?}");
    let title = bench.shared.iter().rfind(|text| text.starts_with("SIM ")).expect("a title");
    assert!(title.contains(" T+13m BREACHED"), "{title}");
    for text in bench.shared.iter().filter(|text| text.starts_with("warroom:")) {
        for name in ["laptop", "demo", "Region", "pg", "anna"] {
            assert!(!text.contains(name), "{text}");
        }
    }
}

#[test]
fn no_secret_leaves_by_the_clipboard() {
    let canary = "canary-7f41";
    let mut bench = Bench::declared(50_000);
    let known = [SecretString::from(canary.to_owned())];
    bench.console.mask_with(Redactor::new(&known));
    bench.key(KeyCode::Char('t'));
    bench.pass(400);
    bench.types("it is canary-7f41 and AKIAIOSFODNN7EXAMPLE");
    bench.key(KeyCode::Enter);
    bench.key(KeyCode::Char('6'));
    bench.shared.clear();
    bench.key(KeyCode::Char('c'));
    bench.key(KeyCode::Char('u'));
    bench.pass(400);
    bench.types("canary-7f41");
    bench.key(KeyCode::Enter);
    let shared = bench.shared.join("\n");
    assert!(shared.contains("NOTE it is [redacted]"), "{shared}");
    assert!(shared.contains("NOTE [redacted]"), "{shared}");
    let recorded: Vec<String> = bench
        .records
        .iter()
        .filter(|event| matches!(event.body, Body::Updated { .. }))
        .map(|event| format!("{event:?}"))
        .collect();
    assert_eq!(recorded.len(), 1);
    for text in [shared, recorded.concat()] {
        assert!(!text.contains(canary) && !text.contains("AKIAIOSFODNN7EXAMPLE"), "{text}");
    }
}

#[test]
fn a_plan_of_the_other_direction_tells_nothing() {
    let now = Stamp { wall_ms: 1_795_183_000_000, boot_ms: 1000, boot: BootId(1) };
    // The region that serves by the record of a run, and what the screen says of a failover.
    let check = |side: Side, want: &str| {
        let mut console = Console::new(parts(ObserverDesk, None), now);
        console.recall_served(Some(Served { side, at: now }), now);
        let mut terminal = Terminal::new(TestBackend::new(160, 48)).expect("a screen");
        let theme = Theme::shipped("mono").expect("it is shipped");
        terminal.draw(|frame| console.draw(frame, &theme, now)).expect("it is drawn");
        let shown = terminal.backend().to_string();
        assert!(shown.contains(want), "`{want}` in\n{shown}");
    };
    check(Side::A, "3m10s of 10m00s");
    check(Side::B, "UNKNOWN, no runbook for B to A of 10m00s");
}
