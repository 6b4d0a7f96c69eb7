//! The story that each store lives through, from a healthy pair to the old side that is back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use warroom::domain::ids::StepId;
use warroom::domain::run::event::{Body, Outcome, RunEvent};
use warroom::runtime::runner::folder::AttemptFolder;

use crate::failover::facts;
use crate::failover::person::{self, Known, RECORDED, Start};
use crate::seat::{self, Seat};
use crate::servers::fault::{FaultProxy, Held};
use crate::servers::postgres::{ACT_PASSWORD, READ_PASSWORD};
use crate::servers::{DEADLINE, until};

/// The longest that a step takes beside a source that is silent.
const PATIENCE: Duration = Duration::from_secs(90);

/// The longest that a fact takes from the console to the screen.
const DRAWN: Duration = Duration::from_secs(1);

/// The site of one store; what it is made of is the store's.
const SITE: &str = r#"
schema = 1
name = "site-@id@"
red_needs_signals = 1
people.anna = { roles = ["commander"], may_declare = true }
objectives.core = { rto = "10m", rpo = "5m", rpo_guaranteed = false }
regions.a = { label = "Region A", starts_as = "primary" }
regions.b = { label = "Region B", starts_as = "standby" }

[systems.@id@]
objective = "core"
every = "@every@s"
timeout = "@every@s"
read = "read"
act = "act"
@system@

@more@
[secrets]
read = { user = "wr_read", password = { env = "WR_READ" } }
act = { user = "wr_act", password = { file = "act" } }

[rules]
@id@_down = { system = "@id@", failures = 3 }
"#;

/// The plan: what parts the two sides, and a write.
const PLAN: &str = r#"
schema = 1
name = "switch"
from = "a"
to = "b"
restored = [{ system = "@id@", in = "to", fact = "healthy", is = true }]

[[steps]]
id = "part"
title = "part the two sides"
action = "@part@"
target = { system = "@id@", in = "to" }
expect = "5s"
timeout = "80s"
compensation = { none = "copy again, by hand" }

[[steps]]
id = "write"
title = "write in the other one"
action = "@write@"
target = { system = "@writes_to@", in = "to" }
expect = "2s"
timeout = "30s"
"#;

/// The servers of a store, as the story needs them.
pub trait Servers {
    /// The relay before the server that is ordered to part the two.
    fn relay(&self) -> &FaultProxy;
    /// Region A falls silent, or answers again.
    fn silence_a(&self, is_silent: bool);
    /// Waits for one more write that A acknowledges.
    fn until_a_writes(&self);
    /// Whether the two are parted, asked of the servers themselves.
    fn are_parted(&self) -> bool;
}

/// What the console finds when it looks for the effect of a runner that died.
pub enum Found<'s> {
    /// It is there, and the step done. Then somebody takes it back behind the console's back.
    Done(&'s dyn Fn()),
    /// A part of it at most, and repeating does no harm: failed, until a person tries again.
    NotDone,
    /// None, and the step is irreversible: a person has to say so.
    Unknown,
}

/// What becomes of A once it is back.
pub enum Returned {
    /// It goes on taking writes, and the banner says this.
    TakesWrites(&'static str),
    /// It has been told, and follows.
    Follows,
}

/// One store: a row of the table.
pub struct Store<'s> {
    /// What the site calls it.
    pub id: &'static str,
    /// What the site says of it.
    pub system: String,
    /// What else the site has: where the rows are, where the store itself has none.
    pub more: String,
    /// The seconds between two looks.
    pub every_s: u64,
    /// The actions of the two steps.
    pub actions: [&'static str; 2],
    /// The system that the second one writes to.
    pub writes_to: &'static str,
    /// How they are started.
    pub starts: [Start; 2],
    /// What stands in the first line of the order that parts the two.
    pub order: &'static str,
    /// What the relay holds back of it when the runner dies.
    pub held: Held,
    /// What is found then.
    pub found: Found<'s>,
    /// True where A is lost from the beginning; else it is silent for a while at the end.
    pub is_lost: bool,
    /// What A is once it is back.
    pub returned: Returned,
    /// Its servers.
    pub servers: &'s dyn Servers,
}

/// Lives through the story.
pub fn live(store: &Store<'_>) {
    let story = Story::of(store);
    let mut console = story.sit_down();
    console.until_within("all is healthy, and the lag is shown", DEADLINE, |text| {
        text.contains("no alarm") && shows_lag(text, store.id)
    });
    if store.is_lost {
        store.servers.silence_a(true);
        console.shows_within("PRIMARY Region A DOWN", DEADLINE);
        person::take_charge(&mut console);
    } else {
        person::take_over(&mut console, "switch");
    }
    story.press_twice(&mut console);
    story.lose_the_runner(&mut console);
    person::try_again(&mut console, "its runner was killed");
    let mut console = story.lose_the_console(console);
    person::arm(&mut console);
    // Not before B was read once more since the two were parted.
    console.shows_within(&format!("r run \"{}\"", story.write.1), DEADLINE);
    person::start(&mut console, story.write);
    until_row(&console, story.write, 'x');
    story.return_a(&console);
    assert_eq!(facts::attempts(&story.events(), story.write.0), 1);
}

/// True when a lag stands beside the name of a store.
fn shows_lag(text: &str, id: &str) -> bool {
    let is_time =
        |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with('s');
    let next = |(at, _): (usize, &str)| text[at + id.len()..].split_whitespace().next();
    text.match_indices(id).filter_map(next).any(is_time)
}

/// The line that tells the most urgent alarm.
fn banner(text: &str) -> &str {
    text.lines().nth(1).unwrap_or_default()
}

/// Waits until the runbook marks a step so.
fn until_row(console: &Seat, (id, title, _): Known, mark: char) {
    let mark = format!("[{mark}] ");
    console.until_within(&format!("{id} is {mark}"), PATIENCE, |text| {
        let mut rows = text.lines().filter_map(|line| line.split_once(&mark));
        rows.any(|(_, row)| row.contains(title))
    });
}

struct Story<'s> {
    store: &'s Store<'s>,
    part: Known,
    write: Known,
    home: TempDir,
}

impl<'s> Story<'s> {
    fn of(store: &'s Store<'s>) -> Self {
        let [part, write] = store.starts;
        let story = Self {
            store,
            part: ("part", "part the two sides", part),
            write: ("write", "write in the other one", write),
            home: tempfile::tempdir().unwrap(),
        };
        for folder in [story.site().join("runbooks"), story.state()] {
            fs::create_dir_all(folder).unwrap();
        }
        let every = store.every_s.to_string();
        let places = [
            ("@system@", store.system.as_str()),
            ("@more@", store.more.as_str()),
            ("@writes_to@", store.writes_to),
            ("@every@", every.as_str()),
            ("@part@", store.actions[0]),
            ("@write@", store.actions[1]),
            ("@id@", store.id),
        ];
        let write = |name: &str, text: &str| {
            let path = story.site().join(name);
            let text =
                places.iter().fold(text.to_owned(), |text, (key, value)| text.replace(key, value));
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        write("site.toml", SITE);
        write("runbooks/switch.toml", PLAN);
        write("act", ACT_PASSWORD);
        story
    }

    fn site(&self) -> PathBuf {
        self.home.path().join("site")
    }

    fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    fn events(&self) -> Vec<RunEvent> {
        facts::events(&self.state())
    }

    fn sit_down(&self) -> Seat {
        let site = self.site().display().to_string();
        let start = seat::Start {
            arguments: &["--site", &site, "--as", "anna"],
            environment: &[("WR_READ", READ_PASSWORD)],
            ..seat::Start::default()
        };
        Seat::take(&self.state(), &start)
    }

    fn until_recorded(&self, what: &str, is: impl Fn(&Body) -> bool) {
        until(what, PATIENCE, || self.events().iter().any(|event| is(&event.body)));
    }

    /// How often the step was granted, and how often the server was ordered.
    fn done_so_often(&self) -> (usize, usize) {
        let ordered = self.store.servers.relay().orders(self.store.order);
        (facts::attempts(&self.events(), self.part.0), ordered)
    }

    /// Two presses at once: the second one is a key in the stop window, which stops it.
    fn press_twice(&self, console: &mut Seat) {
        match self.part.2 {
            Start::Key | Start::Window => console.verb("rr"),
            Start::Typed(_) => {
                person::fill_in(console, self.part);
                console.press("\r\r");
            }
        }
        console.shows_within("stopped: nothing was run", RECORDED);
        assert_eq!(self.done_so_often(), (0, 0));
    }

    /// The runner is killed in the middle of its order: that is told, the console looks what came
    /// of it, and nothing is ordered a second time.
    fn lose_the_runner(&self, console: &mut Seat) {
        let Self { store, part, .. } = self;
        let relay = store.servers.relay();
        relay.hold(store.order, store.held);
        person::start(console, *part);
        until("it is granted", PATIENCE, || self.done_so_often().0 == 1);
        // Pressed once more while it runs.
        console.press("r");
        console.shows_within("▲2 refused", RECORDED);
        until("its order is under way", PATIENCE, || relay.is_holding());
        self.kill_runner();
        relay.let_go();
        self.until_recorded("the runner's death is told", |body| match body {
            Body::Ended { outcome: Outcome::Unknown { message }, .. } => {
                message.as_str().contains("its runner began and died")
            }
            _ => false,
        });
        let looked = |wanted: bool| {
            self.until_recorded(
                "the console looked",
                |body| matches!(body, Body::Reconciled { done, .. } if *done == wanted),
            );
        };
        match &store.found {
            Found::Done(undo) => {
                looked(true);
                until_row(console, *part, 'x');
                assert!(store.servers.are_parted());
                undo();
            }
            Found::NotDone => {
                looked(false);
                assert!(!store.servers.are_parted());
            }
            Found::Unknown => {
                until_row(console, *part, '?');
                assert!(!store.servers.are_parted());
                person::resolve_as_not_done(console, "it is still copied, I looked");
            }
        }
        until_row(console, *part, '!');
        assert_eq!(self.done_so_often(), (1, 1));
    }

    fn kill_runner(&self) {
        let step = StepId::new(self.part.0).unwrap();
        let folder = AttemptFolder::of(&facts::run_folder(&self.state()), &step, 1);
        let spawned = folder.spawned().unwrap().expect("it began");
        let runner = Pid::from_raw(spawned.pid).expect("a number");
        kill_process(runner, Signal::KILL).unwrap();
    }

    /// The console is killed in the middle of the order: its runner goes on, and another console
    /// takes the run up.
    fn lose_the_console(&self, mut console: Seat) -> Seat {
        let Self { store, part, .. } = self;
        let relay = store.servers.relay();
        relay.hold(store.order, Held::Answer);
        person::start(&mut console, *part);
        until("its order is under way", PATIENCE, || relay.is_holding());
        console.kill9();
        drop(console);
        // The runner hears its answer while there is no console.
        relay.let_go();
        let console = self.sit_down();
        self.until_recorded("the run is taken up", |body| matches!(body, Body::Resumed { .. }));
        until_row(&console, *part, 'x');
        assert!(store.servers.are_parted());
        assert_eq!(self.done_so_often(), (2, 2));
        console
    }

    /// The old side is back: it goes on taking writes, which is an alarm by the second look that
    /// begins after that, or it follows.
    fn return_a(&self, console: &Seat) {
        let Store { servers, returned, .. } = self.store;
        if !self.store.is_lost {
            servers.silence_a(true);
            console.shows_within("PRIMARY Region A DOWN", DEADLINE);
        }
        // The one that is under way, and two more.
        let limit = Duration::from_secs(self.store.every_s) * 3 + DRAWN;
        match returned {
            Returned::TakesWrites(alarm) => {
                assert!(!banner(&console.screen()).contains(alarm), "{}", console.screen());
                servers.silence_a(false);
                console.until_within(alarm, limit, |text| banner(text).contains(alarm));
                servers.until_a_writes();
            }
            Returned::Follows => {
                let follows = |text: &str| {
                    let is_it =
                        |line: &str| line.contains(self.store.id) && line.contains("standby");
                    text.lines().any(is_it)
                };
                assert!(!follows(&console.screen()), "{}", console.screen());
                servers.silence_a(false);
                console.until_within("A follows", limit, follows);
                assert!(!banner(&console.screen()).contains("SPLIT"), "{}", console.screen());
            }
        }
    }
}
