//! `warroom run RUNBOOK --unattended`: a console without a screen, and what it says at its end.

use std::io::Write as _;

use anyhow::Context as _;
use tokio::sync::mpsc;

use super::args::RunArgs;
use super::exit::Exit;
use crate::app::compose::{Channels, Cockpit, Ground, leave};
use crate::app::start::{Start, Usage};
use crate::domain::ledger::no_store_on_record;
use crate::domain::report::Report;
use crate::domain::run::autopilot::Orders;
use crate::domain::run::event::{Closing, Mode};
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::run::state::Run;
use crate::domain::run::words;
use crate::domain::runbook::Runbook;
use crate::domain::settings::unknown;
use crate::domain::site::{Site, SiteRole};
use crate::domain::text::Clean;
use crate::domain::time::{clock_text, short_time};
use crate::files::site::LoadedSite;
use crate::runtime::console::Parts;
use crate::runtime::desk::CommanderDesk;
use crate::runtime::run_loop::{self, Inbox};
use crate::runtime::terminal::TerminalWriter;
use crate::runtime::unattended::{End, Pilot, Unattended};
use crate::runtime::workers;

/// Runs what the plan marks automatic, and tells every line of the timeline.
///
/// # Errors
/// When the command line asks for what is not there, or the state folder, the site or the open run
/// cannot be used.
pub fn run(mut site: LoadedSite, start: &Start, args: &RunArgs) -> anyhow::Result<Exit> {
    let index = site.position(&args.runbook).map_err(Usage)?;
    let ground = Ground::prepare(&site, start)?;
    if let Some(why) = forbidden(&site.site, &ground, start) {
        eprintln!("warroom: {why}");
        return Ok(Exit::NotPermitted);
    }
    let Cockpit { parts, acts, workshop, channels, seat: _seat } =
        Cockpit::take(&ground, &mut site, start)?;
    let plan = parts.run.as_ref().map_or(&site.runbooks[index], |(_, plan)| plan).clone();
    let orders = match orders(args, &parts, &site.runbooks[index]) {
        Ok(orders) => orders,
        Err(Stop::Usage(why)) => return Err(Usage(why).into()),
        Err(Stop::Other(why)) => {
            eprintln!("warroom: {why}");
            return Ok(Exit::TryLater);
        }
    };
    let gear = ground.gear(&site, parts.remembered.as_ref())?;
    let runtime = workers::start()?;
    let outcome = runtime.block_on(async {
        let Channels { events, inbox, answers } = channels;
        let mut pilot = Pilot::new(orders, index);
        let mut console = ground.console(parts, &site);
        if let Some(run) = console.run() {
            say(&format!("goes on with run {}, {}", run.id, run.stage.word()));
            pilot.skip_told(&console);
        }
        let hands = (acts, workshop, TerminalWriter::nowhere());
        let events = (events.clone(), events);
        let mut performer = ground.performer(gear, hands, events, &site.site.name, start.kind);
        // What the probes tell comes with all else: nobody waits for a frame.
        let (_, readings) = mpsc::channel(1);
        let inbox = Inbox { readings, events: inbox, journal: answers };
        let sitter = Unattended { pilot, tell: &mut |line: &str| say(line) };
        let clock = &ground.clock;
        let end = run_loop::run(&mut console, &mut performer, inbox, sitter, clock).await;
        leave(performer);
        anyhow::Ok((end.context("failed to listen to signals")?, console.run().cloned()))
    });
    // Probes may be waiting for peers that never answer.
    runtime.shutdown_background();
    let (end, run) = outcome?;
    Ok(tell_end(&end, run.as_ref(), &plan, &site.site, start.person.as_deref()))
}

/// A line on standard output. Where nobody takes it the run goes on: the journal has it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Why this person may not command here at all.
fn forbidden(site: &Site, ground: &Ground, start: &Start) -> Option<String> {
    if site.people.is_empty() {
        return None;
    }
    let commanders: Vec<&str> = site
        .people
        .iter()
        .filter(|person| person.roles.contains(&SiteRole::Commander))
        .map(|person| person.id.as_str())
        .collect();
    let me = ground.me.person.as_ref().map(crate::domain::ids::PersonId::as_str);
    if me.is_some_and(|me| commanders.contains(&me)) {
        return None;
    }
    let names = commanders.join(", ");
    Some(match &start.person {
        Some(name) => format!("{name} is no commander of this site; these are: {names}"),
        None => format!("an unattended run is somebody's: `--as NAME`, one of: {names}"),
    })
}

/// Why there are no orders.
enum Stop {
    /// The command line lacks something.
    Usage(String),
    /// The open run is another one.
    Other(String),
}

fn orders(args: &RunArgs, parts: &Parts<CommanderDesk>, asked: &Runbook) -> Result<Orders, Stop> {
    let open = parts.run.as_ref();
    if let Some((run, plan)) = open
        && plan.name != args.runbook
    {
        let why = format!(
            "run {} of runbook `{}` is open: close it with W or give it up with E in `warroom`",
            run.id, plan.name
        );
        return Err(Stop::Other(why));
    }
    let mode = match (args.mode(), open) {
        (Some(mode), _) => mode,
        (None, Some((run, _))) => run.mode,
        (None, None) => {
            let why = "say what kind of run it is: --planned or --ungraceful";
            return Err(Stop::Usage(why.to_owned()));
        }
    };
    let declared = open.is_some_and(|(run, _)| run.declaration.is_some());
    let reason = Clean::new(args.reason.as_deref().unwrap_or_default());
    if !declared && reason.as_str().trim().chars().count() < REASON_CHARS_MIN {
        let why = format!(
            "`--reason TEXT` is the reason of the declaration: at least {REASON_CHARS_MIN} \
             characters, kept for ever"
        );
        return Err(Stop::Usage(why));
    }
    let plan = open.map_or(asked, |(_, plan)| plan);
    let until = args.until.as_deref().map(|name| {
        let names = plan.steps.iter().map(|step| step.id.as_str());
        let found = plan.steps.iter().find(|step| step.id.as_str() == name);
        let told = || Stop::Usage(unknown("a step of this runbook", name, names));
        found.map(|step| step.id.clone()).ok_or_else(told)
    });
    let until = until.transpose()?;
    Ok(Orders { mode, reason, accept_losses: args.accept_losses, until })
}

fn tell_end(
    end: &End,
    run: Option<&Run>,
    plan: &Runbook,
    site: &Site,
    person: Option<&str>,
) -> Exit {
    let console = person.map_or("warroom".to_owned(), |name| format!("warroom --as {name}"));
    let open = run.filter(|run| !run.stage.is_closed());
    let goes_on = open.map_or(String::new(), |run| {
        format!("\nrun {} stays open; `{console}` takes it up", run.id)
    });
    let (text, exit) = match end {
        End::Finished => match (open, run) {
            (Some(run), _) => {
                let done = run.steps.iter().filter(|step| step.phase.satisfies()).count();
                let count = run.steps.len();
                (format!("STOPPED as asked, {done} of {count} steps done{goes_on}"), Exit::Ok)
            }
            (None, Some(run)) => (result_lines(run, plan, site).join("\n"), Exit::Ok),
            (None, None) => ("nothing was done".to_owned(), Exit::Ok),
        },
        End::NeedPerson(why) => (format!("A PERSON IS NEEDED: {why}{goes_on}"), Exit::TryLater),
        End::Failed(what) => (format!("{what}{goes_on}"), Exit::Finding),
        End::Journal(why) => {
            let text = format!("the journal cannot record, nothing more was started: {why}");
            (format!("{text}{goes_on}"), Exit::TryLater)
        }
        End::Left => {
            let text = "LEFT: nothing new is started, running steps go on";
            (format!("{text}{goes_on}"), Exit::TryLater)
        }
    };
    say(&text);
    exit
}

/// What a closed run came to, as its report tells it.
fn result_lines(run: &Run, plan: &Runbook, site: &Site) -> Vec<String> {
    let mut lines = Vec::new();
    let closing = match run.closed.as_ref().map(|(_, closing)| closing) {
        Some(Closing::Aborted) => "ABORTED".to_owned(),
        Some(how) => words::closing(how, None),
        None => "not closed".to_owned(),
    };
    lines.push(format!("CLOSED run {}: {closing}", run.id));
    let parts = Report::of(run, plan, site).parts;
    for line in parts.tiers {
        let (tier, rto) = (&line.tier, clock_text(line.rto));
        let verdict = line.word().unwrap_or_default();
        lines.push(match line.took {
            Some((took, _)) => format!("RTO of {tier}: {} of {rto}, {verdict}", clock_text(took)),
            None => format!("RTO of {tier}: not measured of {rto}"),
        });
    }
    // Nothing is expected to be lost in a planned run, and what is measured is said all the same.
    for row in run.ledger.iter().flat_map(|ledger| &ledger.rows) {
        let line = parts.losses.iter().find(|line| line.system == row.system);
        let found = line.and_then(|line| Some(line.seconds(line.measured.as_ref()?.0)));
        let measured =
            found.map_or("not measured".to_owned(), |found| format!("measured: {found}"));
        let verdict = row.verdict.word();
        let (system, mode) = (&row.system, run.mode);
        let expected = match mode {
            Mode::Ungraceful => format!("{} expected ({verdict}), ", row.expected()),
            Mode::Planned => String::new(),
        };
        lines.push(format!("loss of {system}: {expected}{measured}"));
    }
    if parts.losses.is_empty() && run.declaration.is_some() {
        lines.push(format!("losses: {}", no_store_on_record(plan)));
    }
    let held = run.held_before;
    if !held.is_zero() {
        lines.push(format!("held for {}", short_time(held)));
    }
    lines.push(format!("report: warroom report {}", run.id));
    lines
}
