//! A commander's console driven by hand, with a journal and a recording on the disk.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tempfile::TempDir;
use warroom::app::kinds::{KINDS, read_runbook, read_site};
use warroom::commands::replay::Player;
use warroom::domain::console::{JournalState, Rehearsal};
use warroom::domain::day::Day;
use warroom::domain::ids::{PersonId, RunId, Side, StepId, SystemId};
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::{
    Basis, Capacity, Certainty, Fact, FactValue, Health, Lag, LagUnit, LookError, LookErrorKind,
    Reading,
};
use warroom::domain::run::commit::Hash;
use warroom::domain::run::event::{Actor, Body, Closing, Outcome, RunEvent, RunKind};
use warroom::domain::run::role::Commander;
use warroom::domain::run::state::Run;
use warroom::domain::site::Site;
use warroom::domain::snapshot::Snapshot;
use warroom::domain::time::{BootId, Stamp};
use warroom::files::frozen::Frozen;
use warroom::files::shipped::{DEMO_FAILOVER, DEMO_SITE};
use warroom::port::Looks;
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::{CommanderDesk, Desk};
use warroom::runtime::effect::{Effect, Record};
use warroom::runtime::event::Event;
use warroom::runtime::journal::format::Header;
use warroom::runtime::journal::store::FolderStore;
use warroom::runtime::journal::writer::Writer;
use warroom::runtime::journal::{RUNBOOK_FILE, Reply, SITE_FILE, head_words, read};
use warroom::runtime::observations::Observations;
use warroom::runtime::paths::{create_folders, write_new};
use warroom::runtime::recorded;
use warroom::runtime::recording::{Recorder, What};
use warroom::runtime::runner::Aftermath;
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::theme::Theme;
use warroom::ui::update::Input;

/// The sizes that pictures are compared at.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (160, 48)];

fn site_text() -> String {
    DEMO_SITE.replace("@world@", "/nowhere")
}

pub fn site() -> Site {
    read_site(&site_text()).expect("the demo's site is right")
}

pub fn parts<D: Desk>(desk: D, kind: RunKind) -> Parts<D> {
    let site = site();
    let book = read_runbook(DEMO_FAILOVER, "failover", &site).expect("its runbook too");
    let anna = PersonId::new("anna").expect("a name");
    Parts {
        desk,
        site,
        site_hash: "abc".to_owned(),
        runbooks: vec![book],
        me: Actor { person: Some(anna), user: "anna".into(), host: "laptop".into() },
        kind,
        keymap: Keymap::shipped("default").expect("it is shipped"),
        model: Model::default(),
        remembered: None,
        notice: None,
        run: None,
        journal: JournalState::None,
        last_run: None,
    }
}

/// What a console shows to one who only looks, at every size.
pub fn watched<D: Desk>(console: &mut Console<D>, now: Stamp) -> Vec<String> {
    let theme = Theme::shipped("graphite").expect("it is shipped");
    SIZES
        .into_iter()
        .map(|(columns, rows)| {
            let backend = TestBackend::new(columns, rows);
            let mut terminal = Terminal::new(backend).expect("a terminal");
            terminal.draw(|frame| console.draw_watched(frame, &theme, now)).expect("it draws");
            let text = terminal.backend().to_string();
            // Colours too: the picture as text, then every cell as it is.
            format!("{text}\n{:?}", terminal.backend().buffer().content())
        })
        .collect()
}

pub fn player(folder: &Path) -> Player {
    let keymap = Keymap::shipped("default").expect("it is shipped");
    Player::open(folder, keymap, false).expect("the run can be shown")
}

pub fn pictures(player: &mut Player) -> Vec<String> {
    let now = player.now();
    watched(player.console(), now)
}

pub fn end(player: &mut Player) -> Vec<String> {
    player.go_to_end();
    pictures(player)
}

/// A console with a world that does what the test says.
pub struct Stage {
    place: TempDir,
    console: Console<CommanderDesk>,
    recorder: Recorder,
    writer: Option<Writer>,
    folder: Option<PathBuf>,
    now: Stamp,
    number: u32,
    pub records: Vec<RunEvent>,
    /// What the screen showed when an entry was the last one.
    pub pictures: Vec<(u64, Vec<String>)>,
    pub heard: Vec<What>,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(Recorder::patient())
    }

    pub fn with(recorder: Recorder) -> Self {
        let now = Stamp { wall_ms: 1_795_183_000_000, boot_ms: 50_000, boot: BootId(1) };
        let parts = parts(CommanderDesk::default(), RunKind::Simulation);
        Self {
            place: tempfile::tempdir().expect("a folder"),
            console: Console::new(parts, now),
            recorder,
            writer: None,
            folder: None,
            now,
            number: 0,
            records: Vec::new(),
            pictures: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// Another console takes the run up on another boot, after a pause.
    pub fn killed_and_resumed(self, pause_ms: i64) -> Self {
        let Self { place, recorder, writer, folder, now, records, pictures, heard, .. } = self;
        drop((recorder, writer));
        let folder = folder.expect("a run is open");
        let now = Stamp { wall_ms: now.wall_ms + pause_ms, boot_ms: 7000, boot: BootId(2) };
        let back = read(&folder).expect("it is readable");
        let mut stage = Self {
            console: Console::new(parts(CommanderDesk::default(), RunKind::Simulation), now),
            recorder: Recorder::patient(),
            writer: Some(writer_of(&folder, &back.run, 2, &back.events, back.head)),
            folder: Some(folder.clone()),
            place,
            now,
            number: 0,
            records,
            pictures,
            heard,
        };
        let by = parts(CommanderDesk::default(), RunKind::Simulation).me;
        let word = Body::Resumed { found: "the journal is whole".into() };
        let written = stage.writer.as_mut().expect("it is open").append(now, &by, &word);
        let written = written.expect("the disk takes it");
        stage.records.push(written.event);
        let back = read(&folder).expect("it is readable");
        let frozen = Frozen::read(&back.site, &back.runbook, KINDS);
        let plan = frozen.expect("it is frozen").plan;
        let run = Run::replay(&plan, &back.events).expect("it fits").expect("it has begun");
        let mut parts = parts(CommanderDesk::default(), RunKind::Simulation);
        parts.run = Some((run, plan));
        parts.journal = JournalState::Ok { words: head_words(back.head) };
        stage.console = Console::new(parts, now);
        recorded::resume(&mut stage.console, &mut stage.recorder, &folder, now);
        stage.looks(false);
        stage.looks(false);
        stage
    }

    pub fn event(&mut self, event: Event) {
        if let Some(what) = What::of(&event)
            && matches!(what, What::Heard { .. } | What::Reference { .. })
            && self.folder.is_some()
        {
            self.heard.push(what);
        }
        let before = self.records.len();
        let (console, folder) = (&mut self.console, self.folder.as_deref());
        let effects = recorded::step(console, &mut self.recorder, folder, event, self.now);
        self.perform(effects);
        let effects = recorded::settle(&mut self.console, &mut self.recorder, self.now);
        self.perform(effects);
        // What the last answers called for is judged with the next batch.
        let effects = recorded::settle(&mut self.console, &mut self.recorder, self.now);
        self.perform(effects);
        if self.records.len() > before {
            let seq = self.records.last().map_or(0, |record| record.seq);
            let picture = self.picture();
            self.pictures.push((seq, picture));
        }
    }

    fn perform(&mut self, effects: Vec<Effect<Commander>>) {
        for effect in effects {
            let answers = match effect {
                Effect::Act(grant) => {
                    let (step, attempt) = (grant.intent().step.clone(), grant.intent().attempt);
                    let evidence = "done by hand".into();
                    let found = Aftermath::Ended(Outcome::Applied { evidence });
                    let lines = vec!["working".into(), "worked".into()];
                    vec![
                        Event::Started { step: step.clone(), attempt },
                        Event::Output { step: step.clone(), at: None, lines },
                        Event::Found { step, attempt, found },
                    ]
                }
                Effect::Record(Record::Open { run, .. }) => {
                    self.open_folder(&run);
                    vec![Event::RunOpened(Ok(()))]
                }
                Effect::Record(Record::Append { ticket, by, body }) => {
                    vec![Event::Journal(Box::new(self.append(ticket, &by, &body)))]
                }
                Effect::Check { job, why, .. } => vec![Event::Checked {
                    step: job.step,
                    attempt: job.attempt,
                    why,
                    standing: Standing::Done("it is so".into()),
                }],
                Effect::Rehearse(job) => vec![Event::Rehearsed(Box::new(Rehearsal {
                    step: job.step,
                    back: job.back,
                    at: self.now,
                    standing: Standing::NotDone("not yet".into()),
                    preview: Preview::default(),
                }))],
                Effect::Keep(_)
                | Effect::Record(Record::Cancel { .. } | Record::Void { .. })
                | Effect::Watch { .. }
                | Effect::LookNow
                | Effect::Title(_)
                | Effect::Bell
                | Effect::Notify(_)
                | Effect::Copy(_)
                | Effect::Quit => continue,
            };
            for answer in answers {
                let (console, folder) = (&mut self.console, self.folder.as_deref());
                let more = recorded::step(console, &mut self.recorder, folder, answer, self.now);
                self.perform(more);
            }
        }
    }

    fn open_folder(&mut self, run: &RunId) {
        let folder = self.place.path().join("runs").join(run.as_str());
        create_folders(&folder).expect("a folder");
        write_new(&folder.join(SITE_FILE), site_text().as_bytes()).expect("it is written");
        write_new(&folder.join(RUNBOOK_FILE), DEMO_FAILOVER.as_bytes()).expect("it is written");
        self.writer = Some(writer_of(&folder, run, 1, &[], Hash::NONE));
        self.folder = Some(folder);
    }

    fn append(&mut self, ticket: u64, by: &Actor, body: &Body) -> Reply {
        let writer = self.writer.as_mut().expect("a run is open");
        let written = writer.append(self.now, by, body).expect("the disk takes it");
        self.records.push(written.event.clone());
        Reply::Recorded { ticket, event: written.event, receipt: written.receipt }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now.boot_ms += milliseconds;
        self.now.wall_ms += i64::try_from(milliseconds).expect("small");
    }

    pub fn ticks(&mut self, count: u32) {
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
        self.pass(400);
        for letter in text.chars() {
            let code = if letter == '\t' { KeyCode::Tab } else { KeyCode::Char(letter) };
            self.pass(60);
            self.event(Event::Input(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))));
        }
        self.key(KeyCode::Enter);
    }

    /// One look at every system, whose side A answers or not; some tell more with each look.
    pub fn looks(&mut self, a_answers: bool) {
        self.pass(1000);
        self.number += 1;
        let (at, number) = (self.now, self.number);
        for name in ["users", "gateway", "pg", "redis", "kafka", "objects", "pods", "dns", "cdn"] {
            let mut b = Reading::new(at, Health::Up, "answers");
            b.took_ms = Some(u64::from(number % 7));
            if name == "pg" {
                b.lag = Some(lag(number));
                b.facts.push(Fact { name: "sent".to_owned(), value: FactValue::Number(0.1) });
            }
            if name == "pods" {
                b.capacity = Some(Capacity { ready: number.min(8), wanted: 8 });
            }
            let a = if a_answers {
                Ok(Reading::new(at, Health::Up, "answers"))
            } else {
                Err(LookError::new(LookErrorKind::Timeout, "no answer"))
            };
            let looks = Box::new(Looks { a: Some(a), b: Some(Ok(b)) });
            let system = SystemId::new(name).expect("a name");
            self.event(Event::Heard { system, at, looks });
        }
        let look = Ok(Reading::new(at, Health::Up, "answers"));
        self.event(Event::Reference { at, look: Box::new(look) });
        self.event(Event::Tick);
    }

    pub fn open_and_declare(&mut self) {
        for answers in [true, true, false, false, false, false] {
            self.looks(answers);
        }
        self.key(KeyCode::Char('o'));
        self.key(KeyCode::Enter);
        self.looks(false);
        self.key(KeyCode::Char('D'));
        self.types("declare\tthe region is lost");
        self.looks(false);
        assert!(self.has(|body| matches!(body, Body::Declared { .. })), "{}", self.text());
    }

    pub fn give_up_and_close(&mut self) {
        self.key(KeyCode::Char('A'));
        self.types("arm");
        self.key(KeyCode::Char('L'));
        self.pass(1500);
        self.key(KeyCode::Enter);
        self.key(KeyCode::Char('r'));
        self.types("fence-a");
        self.ticks(20);
        self.looks(false);
        let fence = StepId::new("fence-a").expect("a name");
        let done = |body: &Body| matches!(body, Body::Verified { step, .. } if *step == fence);
        assert!(self.has(done), "{}", self.text());
        self.key(KeyCode::Char('t'));
        self.types("users ask");
        // Ten quiet minutes, then the region answers again for a moment.
        for _ in 0..40 {
            self.looks(false);
        }
        self.looks(true);
        self.looks(false);
        self.key(KeyCode::Char('E'));
        self.types("abort run\tit came back");
        self.looks(true);
        self.key(KeyCode::Char('s'));
        self.types("A stays fenced until we know more");
        self.key(KeyCode::Char('W'));
        self.pass(400);
        self.key(KeyCode::Enter);
        assert!(self.has(|body| matches!(body, Body::Closed { .. })), "{}", self.text());
        self.ticks(24);
    }

    pub fn whole_run(&mut self) {
        self.open_and_declare();
        self.give_up_and_close();
    }

    /// Ends the recording and answers where the run is; the console lives on.
    pub fn end_recording(&mut self) -> PathBuf {
        drop(std::mem::take(&mut self.recorder));
        self.folder.clone().expect("a run was opened")
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.clone().expect("a run was opened")
    }

    pub fn run(&self) -> Option<RunId> {
        self.records.iter().find_map(|record| match &record.body {
            Body::Opened { run, .. } => Some(run.clone()),
            _ => None,
        })
    }

    pub fn has(&self, word: impl Fn(&Body) -> bool) -> bool {
        self.records.iter().any(|record| word(&record.body))
    }

    pub fn picture(&mut self) -> Vec<String> {
        let now = self.now;
        watched(&mut self.console, now)
    }

    /// What the commander sees.
    pub fn text(&mut self) -> String {
        let theme = Theme::shipped("mono").expect("it is shipped");
        let mut terminal = Terminal::new(TestBackend::new(120, 36)).expect("a terminal");
        let now = self.now;
        terminal.draw(|frame| self.console.draw(frame, &theme, now)).expect("it draws");
        terminal.backend().to_string()
    }
}

/// The region that serves after a run that was closed.
pub fn serves(events: &[RunEvent]) -> Option<Side> {
    let Body::Opened { direction, .. } = &events.first()?.body else { return None };
    events.iter().find_map(|event| match &event.body {
        Body::Closed { closing: Closing::Aborted } => Some(direction.from),
        Body::Closed { .. } => Some(direction.to),
        _ => None,
    })
}

/// What is kept of a site that was never looked at.
pub fn remembered(saved: Stamp, active: Option<Side>) -> Observations {
    let (snapshot, day) = (Snapshot::default(), Day::default());
    let (spells, learned) = Default::default();
    Observations {
        saved,
        snapshot,
        red: None,
        ledger: None,
        active,
        active_at: None,
        day,
        spells,
        learned,
    }
}

fn lag(number: u32) -> Lag {
    Lag {
        seconds: Some(f64::from(number) / 3.0),
        amount: Some(u64::from(number)),
        unit: LagUnit::Bytes,
        basis: Basis::Heartbeat,
        certainty: Certainty::Known,
        unreceived: None,
    }
}

fn writer_of(folder: &Path, run: &RunId, epoch: u64, events: &[RunEvent], head: Hash) -> Writer {
    let at = Stamp { wall_ms: 1_795_183_000_000, boot_ms: 50_000, boot: BootId(1) };
    let next = Header {
        segment: u32::try_from(epoch).expect("small") - 1,
        epoch,
        after: events.last().map_or(0, |event| event.seq),
        prev: head,
        ..Header::birth(run, RunKind::Simulation, [&site_text(), DEMO_FAILOVER], at)
    };
    Writer::begin(Box::new(FolderStore::new(folder)), next, 0).expect("a segment begins")
}
