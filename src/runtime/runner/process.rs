//! The runner itself: a process of its own that performs one attempt that is on record, once.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use rustix::fs::Mode as FileMode;
use rustix::process::{Signal, getpgrp, getpid, getsid, kill_process_group, setsid, umask};
use secrecy::SecretString;

use super::folder::{
    AttemptFolder, EXIT_FILE, EXIT_ROOM_FILE, Ending, SPAWNED_FILE, Spawned, VOID_FILE,
};
use super::granted::{mode_of, terms_of};
use super::group::Group;
use super::leash::Collar;
use super::output::OutputFiles;
use super::perform::Attempt;
use crate::domain::run::commit::{Execution, IntentRecord};
use crate::domain::run::event::{Body, Cause, Mode, Outcome, RunKind, Warrant};
use crate::domain::run::words::outcome_text;
use crate::domain::runbook::Direction;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::port::{Clock, Operator};
use crate::runtime::clock::SystemClock;
use crate::runtime::journal::{self, ReadBack};
use crate::runtime::last_words;
use crate::runtime::paths::{create_file, sync_folder, write_new};
use crate::runtime::presence::Presence;
use crate::runtime::privacy;
use crate::runtime::redact::Redactor;

/// Room kept for the outcome: 4,096 characters in their longest JSON form, and what is around them.
const EXIT_ROOM_BYTES: usize = 32 * 1024;

/// What a runner knows of the attempt it is to perform.
#[derive(Debug, Clone)]
pub struct RunnerContext {
    /// The run's folder.
    pub run_dir: PathBuf,
    /// The attempt's folder.
    pub attempt_dir: PathBuf,
    /// The site file as the run was opened with it.
    pub site: String,
    /// The runbook file as the run was opened with it.
    pub runbook: String,
    /// The attempt, as it stands on record.
    pub intent: IntentRecord,
    /// What the run is for.
    pub kind: RunKind,
    /// Which way it goes.
    pub direction: Direction,
    /// The variant of the step that the record granted. What was escalated after the record changes
    /// nothing; a step is taken back in the variant in which it was done.
    pub mode: Mode,
    /// The action that the record granted.
    pub action: String,
    /// The terms of the grant.
    pub warrant: Option<Warrant>,
}

/// What is needed to perform the attempt.
pub struct Prepared {
    /// Performs it.
    pub operator: Box<dyn Operator>,
    /// The deadline for all of it.
    pub timeout: Duration,
    /// True when it proves something by doing it: what was done before is no proof of now.
    pub proves: bool,
    /// Secrets that were opened for it, to be masked in everything it prints or says.
    pub secrets_known: Vec<SecretString>,
    /// What stands for all that the site acts on, told to other consoles of this machine; nothing
    /// for a simulation.
    pub keys: BTreeSet<String>,
}

/// The hidden subcommand: performs the attempt of a folder, if it is on record, was never begun and
/// nobody else has it. `build` makes the operator and opens no connection.
///
/// Exits with success when an outcome was written, whatever it is; else nothing was done.
pub fn main(
    attempt_dir: &Path,
    build: impl FnOnce(&RunnerContext) -> Result<Prepared, Clean>,
) -> ExitCode {
    match detach().and_then(|()| run(&AttemptFolder::at(attempt_dir), build)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            // Read by a person who starts a runner by hand; a console gives it no stderr.
            let _ = writeln!(
                io::stderr(),
                "warroom runner: {}",
                last_words::masked(&refusal.to_string())
            );
            ExitCode::FAILURE
        }
    }
}

/// Leaves the console's session and terminal for one of its own, by which what it starts is found
/// again, and keeps what it holds and writes private.
fn detach() -> Result<(), Refusal> {
    privacy::keep();
    umask(FileMode::RWXG | FileMode::RWXO);
    // Fails only where this process leads a group already.
    let _ = setsid();
    if getsid(None) == Ok(getpid()) { Ok(()) } else { Err(Refusal::NoSession) }
}

/// Why a runner refuses. Nothing was done.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("failed to use the attempt's folder: {0}")]
    Folder(#[from] io::Error),
    #[error("refused: it has no session of its own; a console starts it, no shell")]
    NoSession,
    #[error("refused: another process has this attempt")]
    Busy,
    #[error("refused: this attempt was {0} before")]
    Used(&'static str),
    #[error("refused: {0}")]
    Journal(#[from] journal::JournalError),
    #[error("refused: {0}")]
    NotOnRecord(Clean),
}

fn run(
    folder: &AttemptFolder,
    build: impl FnOnce(&RunnerContext) -> Result<Prepared, Clean>,
) -> Result<(), Refusal> {
    let lock = folder.try_lock()?.ok_or(Refusal::Busy)?;
    let used = [(VOID_FILE, "ruled out"), (SPAWNED_FILE, "begun"), (EXIT_FILE, "ended")];
    if let Some((_, how)) = used.into_iter().find(|(file, _)| folder.has(file)) {
        return Err(Refusal::Used(how));
    }
    let (context, clock) = (context(folder)?, SystemClock::new());
    make_room(folder)?;
    let prepared = match build(&context) {
        Ok(prepared) => prepared,
        Err(message) => {
            let message = last_words::masked(message.as_str()).as_str().into();
            write_exit(folder, Outcome::Failed { cause: Cause::Error, message }, clock.now())?;
            return Ok(());
        }
    };
    last_words::know(&prepared.secrets_known);
    let redactor = Redactor::new(&prepared.secrets_known);
    let mut output = OutputFiles::create(folder, Redactor::new(&prepared.secrets_known), clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let runs = context.run_dir.parent().unwrap_or(&context.run_dir);
    let _presence = Presence::take(&prepared.keys, runs)?;
    let (at, group) = (clock.now(), Group::own());
    let (pid, until) = (getpid().as_raw_nonzero().get(), Some(at.plus(prepared.timeout)));
    let spawned = Spawned { at, pid, started: group.started(), until };
    write_new(&folder.file(SPAWNED_FILE), &to_json(&spawned)?)?;
    let warrant = context.warrant;
    let key = warrant.as_ref().map_or(context.intent.attempt, |warrant| warrant.key);
    let execution = Execution::of_locked_intent(context.intent, key);
    let (collar, was_cut) = (Collar::take(), Cell::new(false));
    let attempt = Attempt { folder, group, collar, warrant, clock, was_cut };
    let (step, number) = (&execution.intent().step, execution.intent().attempt);
    tracing::info!(%step, attempt = number, "attempt began");
    let ended = attempt.perform(prepared, &execution, &mut output, &runtime);
    // A lookup that hangs in a thread of its own must not keep this process.
    runtime.shutdown_background();
    output.finish();
    tracing::info!(%step, attempt = number, "attempt ended: {}", outcome_text(&ended.outcome));
    write_exit(folder, redacted(ended.outcome, &redactor), attempt.clock.now())?;
    drop(lock);
    if ended.was_cut {
        // What a system without a list of processes could not show.
        kill_own_group();
    }
    Ok(())
}

/// The attempt as the journal has it; refused when it is not there or already ended.
fn context(folder: &AttemptFolder) -> Result<RunnerContext, Refusal> {
    let not_on_record = |why: &str| Refusal::NotOnRecord(why.into());
    let run_dir = folder.run_dir().ok_or_else(|| not_on_record("this is no attempt's folder"))?;
    let intent = folder.intent()?;
    let read_back = journal::read(run_dir)?;
    if !read_back.finding.may_go_on() {
        return Err(Refusal::NotOnRecord(read_back.finding.sentence()));
    }
    check_on_record(&read_back, &intent).map_err(not_on_record)?;
    let Some(Body::Opened { kind, direction, mode, .. }) =
        read_back.events.first().map(|event| &event.body)
    else {
        return Err(not_on_record("the run was never opened"));
    };
    let (action, warrant) = terms_of(&read_back.events, &intent);
    Ok(RunnerContext {
        run_dir: run_dir.to_path_buf(),
        attempt_dir: folder.path().to_path_buf(),
        kind: *kind,
        direction: *direction,
        mode: mode_of(*mode, &read_back.events, &intent),
        action,
        warrant,
        site: read_back.site,
        runbook: read_back.runbook,
        intent,
    })
}

fn check_on_record(read_back: &ReadBack, intent: &IntentRecord) -> Result<(), &'static str> {
    let granted =
        read_back.record(intent.seq, intent.hash).ok_or("the journal has no such record")?;
    let agrees = matches!(
        &granted.body,
        Body::Intended { step, attempt, purpose, .. }
            if *step == intent.step && *attempt == intent.attempt && *purpose == intent.purpose
    );
    if !agrees || read_back.run != intent.run {
        return Err("the record does not grant this attempt");
    }
    let over = read_back.events.iter().filter(|event| event.seq > intent.seq).any(|event| {
        let of_this = matches!(
            &event.body,
            Body::Ended { step, attempt, .. }
                | Body::Reconciled { step, attempt, .. }
                | Body::Resolved { step, attempt, .. }
                if *step == intent.step && *attempt == intent.attempt
        );
        of_this || matches!(event.body, Body::Closed { .. })
    });
    if over { Err("the journal says that it is over") } else { Ok(()) }
}

/// Ends all that stayed in this process's group, and itself; only if the group is ours.
fn kill_own_group() {
    if getpgrp() == getpid() {
        // Fails only when nobody is there.
        let _ = kill_process_group(getpid(), Signal::KILL);
    }
}

fn redacted(outcome: Outcome, redactor: &Redactor) -> Outcome {
    let mask = |text: Clean| Clean::new(&redactor.text(text.as_str()));
    match outcome {
        Outcome::Applied { evidence } => Outcome::Applied { evidence: mask(evidence) },
        Outcome::AlreadySo { evidence } => Outcome::AlreadySo { evidence: mask(evidence) },
        Outcome::Failed { cause, message } => Outcome::Failed { cause, message: mask(message) },
        Outcome::Unknown { message } => Outcome::Unknown { message: mask(message) },
    }
}

fn to_json(value: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut json = serde_json::to_vec(value)?;
    json.push(b'\n');
    Ok(json)
}

/// Takes the room for the outcome before anything is done: a full disk then starts nothing, and a
/// disk that fills up later still takes the outcome.
fn make_room(folder: &AttemptFolder) -> io::Result<()> {
    let path = folder.file(EXIT_ROOM_FILE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut file = create_file(&path)?;
    file.write_all(&vec![b' '; EXIT_ROOM_BYTES])?;
    file.sync_all()
}

/// Makes the outcome durable with its moment, in the room taken for it.
fn write_exit(folder: &AttemptFolder, outcome: Outcome, at: Stamp) -> io::Result<()> {
    let json = to_json(&Ending { outcome, at: Some(at) })?;
    let room = folder.file(EXIT_ROOM_FILE);
    let mut file = OpenOptions::new().write(true).open(&room)?;
    file.write_all(&json)?;
    file.set_len(u64::try_from(json.len()).unwrap_or(u64::MAX))?;
    file.sync_all()?;
    fs::rename(&room, folder.file(EXIT_FILE))?;
    sync_folder(folder.path())
}
