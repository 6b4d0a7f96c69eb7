//! Carries out effects: tasks for checks and rehearsals, runner processes, the journal's thread.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

use crate::domain::ids::StepId;
use crate::domain::preview::{Preview, Standing};
use crate::domain::run::commit::Grant;
use crate::domain::text::Clean;
use crate::port::{Clock, Operator};
use crate::runtime::effect::{Effect, Job, Record, Writes};
use crate::runtime::event::{Event, Why};
use crate::runtime::journal::{Frozen, Journal, Reply};
use crate::runtime::observations::Keeper;
use crate::runtime::poller::Poke;
use crate::runtime::recording::Recorder;
use crate::runtime::runner::{self, Launched};
use crate::runtime::runs::Survey;
use crate::runtime::terminal::TerminalWriter;
use crate::runtime::workshop::Workshop;
use crate::ui::screen::Rehearsal;

/// One look at a step's standing may take this long.
const CHECK_TIMEOUT: Duration = Duration::from_secs(10);

/// The time between two looks while a post-condition is waited for.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// The time between two looks at what a running step printed.
const OUTPUT_EVERY: Duration = Duration::from_millis(250);

/// Carries out what only a role may have carried out.
pub trait Acts<R: Writes> {
    /// Performs a granted attempt.
    fn act(&mut self, act: R::Act);
    /// Writes.
    fn record(&mut self, record: R::Record);
    /// The folder of the open run.
    fn run_folder(&self) -> Option<&Path>;
}

/// Carries out effects of both roles.
pub struct Performer<A> {
    /// What only the role may do.
    pub acts: A,
    /// Builds operators for checks and rehearsals.
    pub workshop: Arc<dyn Workshop>,
    /// Where everything that happens is told.
    pub events: mpsc::Sender<Event>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Asks all pollers to look.
    pub poke: Poke,
    /// Writes the observation file.
    pub keeper: Option<Keeper>,
    /// Records what is heard while a run is open.
    pub recorder: Recorder,
    /// The terminal.
    pub terminal: TerminalWriter,
}

impl<A> Performer<A> {
    /// Carries out one effect. Never blocks.
    pub fn perform<R: Writes>(&mut self, effect: Effect<R>)
    where
        A: Acts<R>,
    {
        match effect {
            Effect::Act(act) => self.acts.act(act),
            Effect::Record(record) => self.acts.record(record),
            Effect::Watch { step, attempt } => {
                if let Some(folder) = self.acts.run_folder() {
                    let events = self.events.clone();
                    watch_attempt(folder.to_owned(), step, attempt, None, events);
                }
            }
            Effect::Check { job, why, patience } => self.check(job, why, patience),
            Effect::Rehearse(job) => self.rehearse(job),
            Effect::LookNow => self.poke.look_now(),
            Effect::Keep(observations) => {
                if let Some(keeper) = &self.keeper {
                    keeper.keep(*observations);
                }
            }
            Effect::Title(title) => self.terminal.title(&title),
            Effect::Bell => self.terminal.bell(),
            Effect::Notify(text) => self.terminal.notify(&text),
            Effect::Copy(lines) => self.terminal.copy(&lines),
            Effect::Quit => {}
        }
    }

    fn check(&self, job: Job, why: Why, patience: Duration) {
        let (workshop, events) = (Arc::clone(&self.workshop), self.events.clone());
        tokio::spawn(async move {
            let standing = match workshop.operator(&job) {
                Ok(mut operator) => stand(operator.as_mut(), patience).await,
                Err(why) => Standing::Unknown(why),
            };
            let (step, attempt) = (job.step, job.attempt);
            let _ = events.send(Event::Checked { step, attempt, why, standing }).await;
        });
    }

    fn rehearse(&self, job: Job) {
        let (workshop, events) = (Arc::clone(&self.workshop), self.events.clone());
        let clock = Arc::clone(&self.clock);
        tokio::spawn(async move {
            let rehearsal = rehearsal(workshop.as_ref(), job, clock.as_ref()).await;
            let _ = events.send(Event::Rehearsed(Box::new(rehearsal))).await;
        });
    }
}

/// Rehearses a step or its way back: how it stands, and what it would do. Changes nothing.
pub async fn rehearsal(workshop: &dyn Workshop, job: Job, clock: &dyn Clock) -> Rehearsal {
    let (standing, preview) = match workshop.operator(&job) {
        Ok(mut operator) => {
            let standing = stand(operator.as_mut(), Duration::ZERO).await;
            let preview = timeout(CHECK_TIMEOUT, operator.preview()).await;
            (standing, preview.unwrap_or_default())
        }
        Err(why) => (Standing::Unknown(why), Preview::default()),
    };
    Rehearsal { step: job.step, back: job.back, at: clock.now(), standing, preview }
}

/// Looks at a standing until it is done or the patience is over; the last look counts.
async fn stand(operator: &mut dyn Operator, patience: Duration) -> Standing {
    let mut last = look_at_standing(operator).await;
    let until_done = async {
        while !matches!(last, Standing::Done(_)) {
            sleep(CHECK_EVERY).await;
            last = look_at_standing(operator).await;
        }
    };
    // Running out of patience is an answer: what was seen last.
    let _ = timeout(patience, until_done).await;
    last
}

async fn look_at_standing(operator: &mut dyn Operator) -> Standing {
    match timeout(CHECK_TIMEOUT, operator.check()).await {
        Ok(standing) => standing,
        Err(_) => Standing::Unknown("the check did not answer within 10 s".into()),
    }
}

/// Waits for an attempt's runner and tells what it printed and how it ended.
fn watch_attempt(
    folder: PathBuf,
    step: StepId,
    attempt: u32,
    child: Option<Launched>,
    events: mpsc::Sender<Event>,
) {
    tokio::spawn(async move {
        let ended = runner::watch(&folder, &step, attempt, child);
        tokio::pin!(ended);
        let mut ticks = interval(OUTPUT_EVERY);
        let (mut offset, mut started) = (0, false);
        let found = loop {
            tokio::select! {
                found = &mut ended => break found,
                _ = ticks.tick() => {
                    if !started && runner::has_started(&folder, &step, attempt) {
                        started = true;
                        let (step, attempt) = (step.clone(), attempt);
                        let _ = events.send(Event::Started { step, attempt }).await;
                    }
                    offset = tell_once(&folder, &step, attempt, offset, &events).await;
                }
            }
        };
        // What was printed last is told before the end.
        tell_once(&folder, &step, attempt, offset, &events).await;
        let _ = events.send(Event::Found { step, attempt, found }).await;
    });
}

/// Tells the lines printed since `offset`; answers where to go on.
async fn tell_once(
    folder: &Path,
    step: &StepId,
    attempt: u32,
    offset: u64,
    events: &mpsc::Sender<Event>,
) -> u64 {
    let (place, name) = (folder.to_owned(), step.clone());
    let read =
        tokio::task::spawn_blocking(move || runner::output_since(&place, &name, attempt, offset));
    let Ok(Ok(since)) = read.await else { return offset };
    if !since.lines.is_empty() {
        let _ = events.send(Event::Output { step: step.clone(), lines: since.lines }).await;
    }
    since.next
}

/// A watcher's hands: no value of its effects can act or write.
#[derive(Debug, Clone, Copy, Default)]
pub struct ObserverActs;

impl Acts<crate::domain::run::role::Observer> for ObserverActs {
    fn act(&mut self, act: std::convert::Infallible) {
        match act {}
    }

    fn record(&mut self, record: std::convert::Infallible) {
        match record {}
    }

    fn run_folder(&self) -> Option<&Path> {
        None
    }
}

/// A commander's hands: the journal's thread and the runners.
pub struct CommanderActs {
    /// The folder of all runs.
    pub runs: PathBuf,
    /// The name of the site.
    pub site: String,
    /// The folder of the open run.
    pub folder: Option<PathBuf>,
    /// The open run's journal, put here by the task that created it.
    pub journal: Arc<Mutex<Option<Journal>>>,
    /// The site file as read, to be frozen with a new run.
    pub site_text: String,
    /// The runbook files as read, in the order of the site's runbooks.
    pub runbook_texts: Vec<String>,
    /// This program.
    pub program: PathBuf,
    /// The environment that runners get.
    pub environment: Vec<(String, String)>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where everything that happens is told.
    pub events: mpsc::Sender<Event>,
    /// Where the journal answers.
    pub answers: mpsc::Sender<Reply>,
}

/// The replies of a journal, told without ever waiting: one append is in flight at a time, so the
/// channel has room for its answer.
#[must_use]
pub fn replies(answers: mpsc::Sender<Reply>) -> Box<dyn Fn(Reply) + Send + Sync> {
    Box::new(move |reply| {
        let _ = answers.try_send(reply);
    })
}

impl Acts<crate::domain::run::role::Commander> for CommanderActs {
    fn act(&mut self, grant: Grant) {
        let Some(folder) = self.folder.clone() else { return };
        let (program, environment) = (self.program.clone(), self.environment.clone());
        let events = self.events.clone();
        tokio::spawn(async move {
            let (step, attempt) = (grant.intent().step.clone(), grant.intent().attempt);
            let launching = folder.clone();
            let launched = tokio::task::spawn_blocking(move || {
                runner::launch(&program, &launching, &grant, &environment)
            })
            .await;
            let child = launched.ok().and_then(Result::ok);
            // A runner that could not be started leaves a folder that tells so.
            watch_attempt(folder, step, attempt, child, events);
        });
    }

    fn record(&mut self, record: Record) {
        match record {
            Record::Open { run, runbook, kind } => {
                let folder = self.runs.join(run.as_str());
                let texts = self.runbook_texts.get(runbook).cloned().unwrap_or_default();
                let (runs, name, site) =
                    (self.runs.clone(), self.site.clone(), self.site_text.clone());
                let (clock, events) = (Arc::clone(&self.clock), self.events.clone());
                let answers = replies(self.answers.clone());
                let place = Arc::clone(&self.journal);
                self.folder = Some(folder.clone());
                // A sick disk must not stop the keys, so even this happens elsewhere.
                tokio::task::spawn_blocking(move || {
                    let frozen = Frozen { site: &site, runbook: &texts };
                    let boot = clock.now().boot;
                    let create = || {
                        Journal::create(&folder, frozen, &run, kind, clock, answers)
                            .map_err(|error| error.to_string())
                    };
                    let survey = Survey::of(&runs, &name);
                    let opened = survey.and_then(|survey| survey.may_open(boot));
                    let opened = opened.map_err(|error| error.to_string());
                    let outcome = opened.and_then(|()| create()).map(|journal| {
                        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
                    });
                    let outcome = outcome.map_err(|why| Clean::new(&why));
                    let _ = events.blocking_send(Event::RunOpened(outcome));
                });
            }
            Record::Append { ticket, by, body } => {
                let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(journal) = journal.as_ref() {
                    journal.append(ticket, by, *body);
                } else {
                    let why = "no journal is open".into();
                    let _ = self.answers.try_send(Reply::Failed { ticket, why });
                }
            }
            Record::Cancel { step, attempt } => {
                if let Some(folder) = &self.folder {
                    let _ = runner::cancel(folder, &step, attempt);
                }
            }
        }
    }

    fn run_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}
