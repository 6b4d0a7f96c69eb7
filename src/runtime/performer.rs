//! Carries out effects: tasks for checks and rehearsals, runner processes, the journal's thread.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

use crate::domain::console::Rehearsal;
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
use crate::runtime::runner::{self, Launched, Leash};
use crate::runtime::runs::Survey;
use crate::runtime::terminal::TerminalWriter;
use crate::runtime::workshop::Workshop;

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
    /// Waits for an attempt that an earlier console released.
    fn watch(&mut self, step: StepId, attempt: u32);
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
    /// Carries out effects, one after the other. Never blocks.
    pub fn perform_all<R: Writes>(&mut self, effects: impl IntoIterator<Item = Effect<R>>)
    where
        A: Acts<R>,
    {
        effects.into_iter().for_each(|effect| self.perform(effect));
    }

    /// Carries out one effect. Never blocks.
    fn perform<R: Writes>(&mut self, effect: Effect<R>)
    where
        A: Acts<R>,
    {
        match effect {
            Effect::Act(act) => self.acts.act(act),
            Effect::Record(record) => self.acts.record(record),
            Effect::Watch { step, attempt } => self.acts.watch(step, attempt),
            Effect::Check { job, why, patience } => self.check(job, why, patience),
            Effect::Rehearse(job) => self.rehearse(job),
            Effect::LookNow => self.poke.look_now(),
            Effect::Keep(observations) => {
                if let Some(keeper) = &self.keeper {
                    // What finds no place is said with the next.
                    let _ = self.events.try_send(Event::Kept(keeper.keep(*observations)));
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
            let (step, attempt) = (job.step.clone(), job.attempt);
            let standing = match build(workshop, job).await {
                Ok(mut operator) => stand(operator.as_mut(), patience).await,
                Err(why) => Standing::Unknown(why),
            };
            let _ = events.send(Event::Checked { step, attempt, why, standing }).await;
        });
    }

    fn rehearse(&self, job: Job) {
        let (workshop, events) = (Arc::clone(&self.workshop), self.events.clone());
        let clock = Arc::clone(&self.clock);
        tokio::spawn(async move {
            let rehearsal = rehearsal(workshop, job, clock.as_ref()).await;
            let _ = events.send(Event::Rehearsed(Box::new(rehearsal))).await;
        });
    }
}

/// Builds an operator where a sick disk keeps nobody: secrets are read from files.
async fn build(workshop: Arc<dyn Workshop>, job: Job) -> Result<Box<dyn Operator>, Clean> {
    let built = tokio::task::spawn_blocking(move || workshop.operator(&job)).await;
    built.unwrap_or_else(|_| Err("the step's own code failed (a fault in warroom)".into()))
}

/// Rehearses a step or its way back: how it stands, and what it would do. Changes nothing.
pub async fn rehearsal(workshop: Arc<dyn Workshop>, job: Job, clock: &dyn Clock) -> Rehearsal {
    rehearsed(workshop, job, clock).await.0
}

/// The same, and whether anything but a person could tell how it stands.
pub async fn rehearsed(
    workshop: Arc<dyn Workshop>,
    job: Job,
    clock: &dyn Clock,
) -> (Rehearsal, bool) {
    let (step, back) = (job.step.clone(), job.back);
    let (standing, preview, senses) = match build(workshop, job).await {
        Ok(mut operator) => {
            let standing = stand(operator.as_mut(), Duration::ZERO).await;
            let preview = timeout(CHECK_TIMEOUT, operator.preview()).await;
            (standing, preview.unwrap_or_default(), operator.senses())
        }
        Err(why) => (Standing::Unknown(why), Preview::default(), true),
    };
    (Rehearsal { step, back, at: clock.now(), standing, preview }, senses)
}

/// Looks at a standing until it is done or the patience is over; the last look counts. Where
/// nothing can tell it, one look says so, and waiting would only keep the person away who can.
async fn stand(operator: &mut dyn Operator, patience: Duration) -> Standing {
    let mut last = look_at_standing(operator).await;
    if !operator.senses() {
        return last;
    }
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

/// One attempt that is waited for.
struct Watch {
    folder: PathBuf,
    step: StepId,
    attempt: u32,
    leash: Arc<Leash>,
    events: mpsc::Sender<Event>,
    /// Where the output goes on.
    offset: u64,
    /// True when the start was told.
    started: bool,
    /// How many signals were told.
    signals: usize,
}

impl Watch {
    /// Waits for the attempt and tells what it printed and how it ended.
    async fn until_over(mut self, child: Option<Launched>) {
        let (step, attempt, events) = (self.step.clone(), self.attempt, self.events.clone());
        let (folder, leash) = (self.folder.clone(), Arc::clone(&self.leash));
        let left = move |left| {
            // Only a console that is being left does not hear it.
            let _ = events.blocking_send(Event::Left { step, attempt, left });
        };
        let ended = runner::watch(&folder, &self.step, attempt, child, leash, left);
        tokio::pin!(ended);
        let mut ticks = interval(OUTPUT_EVERY);
        let found = loop {
            tokio::select! {
                found = &mut ended => break found,
                _ = ticks.tick() => self.tell().await,
            }
        };
        // What was printed last is told before the end.
        self.tell().await;
        let (place, name, attempt) = (self.folder.clone(), self.step.clone(), self.attempt);
        let read = move || runner::ended_at(&place, &name, attempt);
        if let Ok(Some(at)) = tokio::task::spawn_blocking(read).await {
            let step = self.step.clone();
            let _ = self.events.send(Event::RunnerEnded { step, attempt, at }).await;
        }
        let step = self.step;
        let _ = self.events.send(Event::Found { step, attempt, found }).await;
    }

    /// Tells what is new in the attempt's folder.
    async fn tell(&mut self) {
        let (place, name) = (self.folder.clone(), self.step.clone());
        let (attempt, offset) = (self.attempt, self.offset);
        // A sick disk keeps this task waiting, and nothing else.
        let look = move || runner::look(&place, &name, attempt, offset);
        let Ok(shown) = tokio::task::spawn_blocking(look).await else { return };
        if shown.started && !self.started {
            self.started = true;
            let step = self.step.clone();
            let _ = self.events.send(Event::Started { step, attempt }).await;
        }
        self.offset = shown.output.next;
        for (at, lines) in shown.output.by_time() {
            let _ = self.events.send(Event::Output { step: self.step.clone(), at, lines }).await;
        }
        for sent in shown.signals.into_iter().skip(self.signals) {
            self.signals += 1;
            let (step, number) = (self.step.clone(), self.signals);
            let _ = self.events.send(Event::Signalled { step, attempt, number, sent }).await;
        }
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
    /// The leashes of the attempts in flight.
    pub leashes: Leashes,
}

/// The leashes of the attempts that are waited for.
#[derive(Debug, Default)]
pub struct Leashes(BTreeMap<(StepId, u32), Arc<Leash>>);

impl Leashes {
    /// The leash of an attempt that is waited for from now on; those of attempts that are over are
    /// let go.
    fn begin(&mut self, step: &StepId, attempt: u32) -> Arc<Leash> {
        self.0.retain(|_, leash| Arc::strong_count(leash) > 1);
        let leash = Arc::new(Leash::default());
        self.0.insert((step.clone(), attempt), Arc::clone(&leash));
        leash
    }
}

impl CommanderActs {
    fn wait_for(&mut self, step: StepId, attempt: u32) -> Option<Watch> {
        let folder = self.folder.clone()?;
        let (leash, events) = (self.leashes.begin(&step, attempt), self.events.clone());
        let (offset, started, signals) = (0, false, 0);
        Some(Watch { folder, step, attempt, leash, events, offset, started, signals })
    }

    /// Asks an attempt to end: at once through its leash, and in its folder for whoever waits for
    /// it when this console is gone.
    fn cancel(&self, step: StepId, attempt: u32) {
        let leash = self.leashes.0.get(&(step.clone(), attempt));
        if let Some(leash) = leash {
            leash.end();
        }
        let Some(folder) = self.folder.clone() else { return };
        let events = self.events.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = runner::cancel(&folder, &step, attempt) {
                let why = Clean::new(&error.to_string());
                let _ = events.blocking_send(Event::CancelFailed { step, why });
            }
        });
    }
}

/// The replies of a journal, told without ever waiting: one append is in flight at a time, so the
/// channel has room for its answer.
pub fn replies(answers: mpsc::Sender<Reply>) -> Box<dyn Fn(Reply) + Send + Sync> {
    Box::new(move |reply| {
        let _ = answers.try_send(reply);
    })
}

impl Acts<crate::domain::run::role::Commander> for CommanderActs {
    fn act(&mut self, grant: Grant) {
        let (step, attempt) = (grant.intent().step.clone(), grant.intent().attempt);
        let Some(watch) = self.wait_for(step, attempt) else { return };
        let (program, environment) = (self.program.clone(), self.environment.clone());
        let (folder, leash) = (watch.folder.clone(), Arc::clone(&watch.leash));
        tokio::spawn(async move {
            let launched = tokio::task::spawn_blocking(move || {
                runner::launch(&program, &folder, &grant, &environment, &leash)
            })
            .await;
            // A runner that could not be started leaves a folder that tells so.
            watch.until_over(launched.ok().and_then(Result::ok)).await;
        });
    }

    fn watch(&mut self, step: StepId, attempt: u32) {
        if let Some(watch) = self.wait_for(step, attempt) {
            tokio::spawn(watch.until_over(None));
        }
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
                        let mut held = place.lock().unwrap_or_else(PoisonError::into_inner);
                        let before = held.replace(journal);
                        // Closing one waits for its disk, and appends need this lock.
                        drop(held);
                        drop(before);
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
            Record::Cancel { step, attempt } => self.cancel(step, attempt),
            Record::Void { why } => self.leashes.0.values().for_each(|leash| leash.void(&why)),
        }
    }

    fn run_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::commit::Execution;
    use crate::port::{Boxed, OperateError, Output};

    /// Never knows; says whether anything could tell it.
    struct Blind(bool);

    impl Operator for Blind {
        fn senses(&self) -> bool {
            self.0
        }

        fn check(&mut self) -> Boxed<'_, Standing> {
            Box::pin(async { Standing::Unknown("nobody can look".into()) })
        }

        fn preview(&mut self) -> Boxed<'_, Preview> {
            Box::pin(async { Preview::default() })
        }

        fn apply<'a>(
            &'a mut self,
            _: &'a Execution,
            _: &'a mut dyn Output,
        ) -> Boxed<'a, Result<Clean, OperateError>> {
            unreachable!("it is only looked at")
        }
    }

    #[tokio::test]
    async fn what_nobody_can_look_at_is_not_waited_for() {
        let check = async |senses: bool, waits: bool| {
            let mut operator = Blind(senses);
            let looking = stand(&mut operator, Duration::from_secs(3600));
            let answer = timeout(Duration::from_millis(600), looking).await;
            assert_eq!(answer.is_err(), waits, "senses: {senses}");
        };
        check(false, false).await;
        check(true, true).await;
    }
}
