//! A site whose steps leave a line for each effect, so that a second performance would show.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use warroom::domain::ids::StepId;
use warroom::domain::run::event::{Body, RunEvent};
use warroom::runtime::journal;
use warroom::runtime::runner::folder::{AttemptFolder, Spawned};

use crate::seat::{Seat, Start, WARROOM};

/// The steps, in their order.
pub const STEPS: [&str; 2] = ["one", "two"];

const SITE: &str = r#"
schema = 1
name = "toy"
title = "Toy"
red_needs_signals = 1
people.anna = { roles = ["commander"], may_declare = true }
objectives.core = { rto = "10m", rpo = "5m", rpo_guaranteed = false }
regions.a = { label = "Region A", starts_as = "primary" }
regions.b = { label = "Region B", starts_as = "standby" }

[systems.web]
kind = "command"
objective = "core"
every = "1s"
timeout = "1s"
a = { argv = ["true", "@place@"] }
b = { argv = ["true", "@place@"] }

[rules]
web_down = { system = "web", failures = 3 }
"#;

const PLAN: &str = r#"
schema = 1
name = "failover"
title = "Toy failover"
from = "a"
to = "b"
restored = [{ system = "web", in = "to", fact = "healthy", is = true }]
"#;

/// A site in a folder, its state and the lines that its steps left.
pub struct Toy {
    place: tempfile::TempDir,
}

impl Toy {
    /// Writes the site; each step takes `step_ms` before and after its line.
    pub fn new(step_ms: u32) -> Self {
        Self::with(step_ms, true)
    }

    /// The same, where nothing can tell whether a step took effect.
    pub fn unseen(step_ms: u32) -> Self {
        Self::with(step_ms, false)
    }

    fn with(step_ms: u32, seen: bool) -> Self {
        let toy = Self { place: tempfile::tempdir().expect("a folder for the test") };
        let folder = toy.site();
        fs::create_dir_all(folder.join("runbooks")).expect("a folder");
        // What it acts on is its own, or all toys would be one site.
        let site = SITE.replace("@place@", &toy.place().display().to_string());
        fs::write(folder.join("site.toml"), site).expect("a site file");
        fs::write(toy.effects_file(), "").expect("a file for the effects");
        let mut plan = PLAN.to_owned();
        let effects = toy.effects_file().display().to_string();
        let pause = f64::from(step_ms) / 1000.0;
        for step in STEPS {
            let look = format!(", check = [\"grep\", \"-q\", \"^{step}/\", \"{effects}\"]");
            let check = if seen { look } else { String::new() };
            let _ = write!(
                plan,
                "[[steps]]\nid = \"{step}\"\ntitle = \"Do {step}\"\naction = \"command.run\"\n\
                 expect = \"2s\"\ntimeout = \"20s\"\n\
                 compensation = {{ none = \"nothing takes a line back\" }}\n\
                 with = {{ argv = [\"sh\", \"-c\", \"sleep {pause}; echo printed by $1; \
                 echo $1 >> {effects}; \
                 sleep {pause}\", \"sh\", \"{{step}}/{{attempt}}\"]{check} }}\n"
            );
        }
        fs::write(folder.join("runbooks/failover.toml"), plan).expect("a plan");
        toy
    }

    /// Where the console keeps its state.
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// Where the site is written.
    pub fn site(&self) -> PathBuf {
        self.place().join("toy")
    }

    fn effects_file(&self) -> PathBuf {
        self.place().join("effects")
    }

    /// Starts the console, with `program` before it.
    pub fn seat(&self, program: &[&str]) -> Seat {
        self.start(program, &[])
    }

    /// Starts a watcher's console.
    pub fn watcher(&self) -> Seat {
        self.start(&[], &["watch"])
    }

    fn start(&self, program: &[&str], more: &[&str]) -> Seat {
        let site = self.site().display().to_string();
        let program: Vec<&str> = program.iter().copied().chain([WARROOM]).collect();
        let arguments = [&["--site", &site, "--as", "anna"], more].concat();
        let start = Start { program: &program, arguments: &arguments, ..Start::default() };
        Seat::take(self.place(), &start)
    }

    /// How often each attempt left its line.
    pub fn effects(&self) -> BTreeMap<String, u32> {
        let text = fs::read_to_string(self.effects_file()).expect("the effects");
        text.lines().fold(BTreeMap::new(), |mut counts, line| {
            *counts.entry(line.to_owned()).or_default() += 1;
            counts
        })
    }

    /// The folder of the one run; none before it was opened.
    pub fn run_folder(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(self.place().join("warroom/runs")).ok()?;
        let mut folders: Vec<PathBuf> =
            entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        folders.sort();
        folders.pop()
    }

    /// What the runner of a step's first attempt recorded before it acted.
    pub fn spawned(&self, step: &str) -> Option<Spawned> {
        let step = StepId::new(step).expect("a name");
        let folder = AttemptFolder::of(&self.run_folder()?, &step, 1);
        folder.spawned().ok().flatten()
    }

    /// What is on record; nothing before the run was opened.
    pub fn record(&self) -> Vec<RunEvent> {
        let back = self.run_folder().and_then(|folder| journal::read(&folder).ok());
        back.map(|back| back.events).unwrap_or_default()
    }

    /// True when the run was closed.
    pub fn is_closed(&self) -> bool {
        self.has(|body| matches!(body, Body::Closed { .. }))
    }

    /// True when any attempt of a step left its line.
    pub fn has_line(&self, step: &str) -> bool {
        self.effects().keys().any(|key| key.starts_with(step))
    }

    /// True when a word is on record.
    pub fn has(&self, word: impl Fn(&Body) -> bool) -> bool {
        self.record().iter().any(|event| word(&event.body))
    }
}

/// True for the word that says that a step is done.
pub fn is_done(step: &str) -> impl Fn(&Body) -> bool + '_ {
    move |body| match body {
        Body::Verified { step: name, .. } | Body::Reconciled { step: name, done: true, .. } => {
            name.as_str() == step
        }
        _ => false,
    }
}

impl Seat {
    /// Opens a run and declares, from a console that has none.
    pub fn declares(&mut self) {
        self.opens("o", "CHOOSE A RUNBOOK");
        self.press("\r");
        self.shows("run opened");
        self.declares_open_run();
    }

    /// Declares a run that is open.
    pub fn declares_open_run(&mut self) {
        self.opens("D", "DECLARE A DISASTER");
        self.types_seen("declare\tthe region is lost");
        self.press("\r");
        self.shows("declared T+");
    }

    /// Arms the console.
    pub fn arms(&mut self) {
        self.opens("A", "ARM THIS CONSOLE");
        self.types_seen("arm");
        self.press("\r");
        self.shows("[ARMED]");
    }

    /// Runs the current step, whose card asks for a text.
    pub fn runs(&mut self, step: &str, typed: &str) {
        self.opens("r", "━ RUN ");
        self.shows(&format!("({step})"));
        self.types_seen(typed);
        self.press("\r");
        self.hides("━ RUN ");
    }
}
