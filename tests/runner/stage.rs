//! The console's side: a run in a folder of its own, with one intent on record.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use warroom::domain::catalogue::{Class, Fencing};
use warroom::domain::ids::{RunId, Side, StepId};
use warroom::domain::run::commit::{Hash, IntentRecord};
use warroom::domain::run::event::{Actor, Body, Mode, Purpose, RunKind, Warrant};
use warroom::domain::runbook::Direction;
use warroom::domain::text::Clean;
use warroom::domain::time::Stamp;
use warroom::runtime::clock::SystemClock;
use warroom::runtime::journal::{Frozen, Journal, Reply};
use warroom::runtime::runner::folder::AttemptFolder;
use warroom::runtime::runner::{
    self, Aftermath, LaunchError, Launched, Leash, cancel, inspect, launch_intent, watch,
};

use crate::{ACT, PATIENCE};

/// A run in a folder of its own, with one intent on record.
pub struct Stage {
    pub place: Option<tempfile::TempDir>,
    pub dir: PathBuf,
    pub journal: Journal,
    pub replies: Receiver<Reply>,
    pub intent: IntentRecord,
    pub acknowledged: fn(u64),
    pub leash: Arc<Leash>,
}

pub fn actor() -> Actor {
    Actor { person: None, user: "anna".into(), host: "laptop".into() }
}

impl Stage {
    pub fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut stage = Self::at(&place.path().join("run"), |_| {});
        stage.place = Some(place);
        stage
    }

    /// A run at `dir`; `acknowledged` is told the number of each record.
    pub fn at(dir: &Path, acknowledged: fn(u64)) -> Self {
        let run = RunId::new("lms-1").unwrap();
        let (send, replies) = channel();
        let journal = Journal::create(
            dir,
            Frozen { site: "site text", runbook: "runbook text" },
            &run,
            RunKind::Drill,
            Arc::new(SystemClock::new()),
            Box::new(move |reply| send.send(reply).unwrap()),
        )
        .unwrap();
        let step = StepId::new("promote-pg").unwrap();
        let (purpose, hash) = (Purpose::Forward, Hash::NONE);
        let intent = IntentRecord { run: run.clone(), step, attempt: 1, purpose, seq: 0, hash };
        let dir = dir.to_path_buf();
        let leash = Arc::default();
        let mut stage = Self { place: None, dir, journal, replies, intent, acknowledged, leash };
        stage.record(Body::Opened {
            run,
            kind: RunKind::Drill,
            site: "lms".to_owned(),
            site_hash: String::new(),
            runbook: "lms".to_owned(),
            runbook_hash: String::new(),
            direction: Direction { from: Side::A, to: Side::B },
            mode: Mode::Planned,
        });
        let step = Some(stage.intent.step.clone());
        stage.record(Body::Escalated { step, reason: "the region is gone".into() });
        stage.intend();
        stage
    }

    pub fn record(&mut self, body: Body) -> (u64, Hash) {
        self.journal.append(1, actor(), body);
        match self.replies.recv_timeout(PATIENCE).unwrap() {
            Reply::Recorded { receipt, .. } => {
                (self.acknowledged)(receipt.seq());
                (receipt.seq(), receipt.hash())
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn intend(&mut self) {
        self.intend_until(None);
    }

    /// Grants the attempt anew; it must have begun to act by `expires`.
    pub fn intend_until(&mut self, expires: Option<Stamp>) {
        let warrant = expires.map(|expires| Warrant {
            expires,
            key: 1,
            target: None,
            other: None,
            alone: false,
        });
        let (seq, hash) = self.record(Body::Intended {
            step: self.intent.step.clone(),
            attempt: self.intent.attempt,
            purpose: Purpose::Forward,
            action: "sim.promote".to_owned(),
            class: Class::X,
            fencing: Fencing::NotFenced,
            gates: Vec::new(),
            call: "promote".into(),
            warrant,
        });
        (self.intent.seq, self.intent.hash) = (seq, hash);
    }

    pub fn dir(&self) -> PathBuf {
        self.dir.clone()
    }

    pub fn folder(&self) -> AttemptFolder {
        AttemptFolder::of(&self.dir(), &self.intent.step, self.intent.attempt)
    }

    pub fn launch(&self, act: &str) -> Result<Launched, LaunchError> {
        let mut env = runner::environment(&[]);
        env.push((ACT.to_owned(), act.to_owned()));
        let exe = std::env::current_exe().unwrap();
        launch_intent(&exe, &self.dir(), &self.intent, &env, &self.leash)
    }

    pub fn watch(&self, child: Option<Launched>) -> Aftermath {
        self.watch_telling(child, drop)
    }

    /// The same; `left` is told what a lost runner left running.
    pub fn watch_telling(
        &self,
        child: Option<Launched>,
        left: impl FnOnce(Clean) + Send + 'static,
    ) -> Aftermath {
        let (step, attempt) = (&self.intent.step, self.intent.attempt);
        on_runtime(watch(&self.dir(), step, attempt, child, Arc::clone(&self.leash), left))
    }

    pub fn inspect(&self) -> Option<Aftermath> {
        inspect(&self.dir(), &self.intent.step, self.intent.attempt)
    }

    pub fn cancel(&self) {
        cancel(&self.dir(), &self.intent.step, self.intent.attempt).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.folder().has(name)
    }

    pub fn acted(&self) -> u64 {
        fs::metadata(self.folder().file("acted")).map_or(0, |meta| meta.len())
    }

    /// Starts the attempt's runner by hand, as a late one would come; true when it refused.
    pub fn late_runner_refuses(&self) -> bool {
        let status = Command::new(std::env::current_exe().unwrap())
            .arg(runner::RUNNER_COMMAND)
            .arg(self.folder().path())
            .env(ACT, "noop")
            .stderr(Stdio::null())
            .status()
            .unwrap();
        !status.success()
    }
}

pub fn on_runtime(found: impl Future<Output = Aftermath>) -> Aftermath {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { tokio::time::timeout(PATIENCE, found).await.unwrap() })
}

/// Looks again and again until it is so; fails when it never is.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let pause = Duration::from_millis(2);
    let looks = PATIENCE.as_millis() / pause.as_millis();
    for _ in 0..looks {
        if so() {
            return;
        }
        thread::park_timeout(pause);
    }
    panic!("never happened: {what}");
}

pub fn kill(child: &Launched) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.pid()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
