//! The status update: what the screen shows in lines for people who do not see it. Facts only;
//! no names of hosts, no addresses.

use crate::domain::addresses::without_addresses;
use crate::domain::forecast::RtoState;
use crate::domain::ledger::LossVerdict;
use crate::domain::rhythm::{UPDATE_EVERY, next_number};
use crate::domain::run::event::RunKind;
use crate::domain::run::phase::{Phase, Stage};
use crate::domain::run::state::Run;
use crate::domain::settings::{Table, Value};
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::domain::time::{clock_text, short_time};
use crate::domain::verdict::{Primary, Priority, T0Basis};

use super::panel::words;
use super::screen::{JournalState, Screen};

/// How far the incident is: it decides the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// No incident.
    Calm,
    /// Red, or a run is open, and nobody declared.
    Provisional,
    /// Declared, not restored.
    During,
    /// Restored was seen.
    Restored,
    /// Being given up, or given up.
    GivenUp,
}

fn moment(screen: &Screen<'_>) -> Moment {
    match screen.run {
        Some(run) if matches!(run.stage, Stage::Aborting | Stage::Aborted) => Moment::GivenUp,
        Some(run) if run.restored.is_some() => Moment::Restored,
        Some(run) if run.declaration.is_some() => Moment::During,
        Some(_) => Moment::Provisional,
        None if screen.forecast.elapsed.is_some() => Moment::Provisional,
        None => Moment::Calm,
    }
}

/// The lines, with the person's own sentence where there is one.
#[must_use]
pub fn lines(screen: &Screen<'_>, sentence: &str) -> Vec<Clean> {
    let at = moment(screen);
    let mut texts = vec![head(screen, at), incident(screen), state(screen, at)];
    texts.push(clock(screen, at));
    texts.push(format!("LOSS {}", loss(screen, at)));
    if at != Moment::Calm {
        texts.extend(steps(screen, at));
        texts.push(format!("ETA {}", eta(screen, at)));
    }
    texts.push(format!("ROADBLOCKS {}", roadblocks(screen)));
    texts.push(format!("DECIDED {}", decided(screen)));
    if !sentence.trim().is_empty() {
        texts.push(format!("NOTE {}", sentence.trim()));
    }
    texts.push(next_update(screen, at));
    let hosts = hosts(screen);
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    texts.iter().map(|text| Clean::new(&without_addresses(text, &hosts))).collect()
}

/// The names of hosts that the site and the journal know.
fn hosts(screen: &Screen<'_>) -> Vec<String> {
    let mut names = vec![screen.me.host.to_string()];
    for event in screen.run.iter().flat_map(|run| &run.events) {
        let host = event.by.host.as_str();
        if !names.iter().any(|known| known == host) {
            names.push(host.to_owned());
        }
    }
    names.extend(site_hosts(screen.site));
    names.retain(|name| !name.is_empty());
    names
}

fn site_hosts(site: &Site) -> Vec<String> {
    let tables = site
        .systems
        .iter()
        .flat_map(|system| system.sides.iter().flatten().chain(std::iter::once(&system.settings)));
    let host = |table: &Table| match table.get("host").map(|node| &node.value) {
        Some(Value::Text(name)) => Some(name.clone()),
        Some(_) | None => None,
    };
    tables.filter_map(host).collect()
}

fn badge(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Live => "[LIVE]",
        RunKind::Drill => "[DRILL] AN EXERCISE, NOT A REAL INCIDENT,",
        RunKind::Simulation => "[SIM] A SIMULATION, NOT A REAL INCIDENT,",
    }
}

fn head(screen: &Screen<'_>, at: Moment) -> String {
    let number = next_number(screen.run);
    let what = match at {
        Moment::Calm => "STATUS".to_owned(),
        Moment::Provisional => format!("STATUS UPDATE {number}, PROVISIONAL"),
        Moment::During => format!("STATUS UPDATE {number}"),
        Moment::Restored => format!("STATUS UPDATE {number}, RESTORED"),
        Moment::GivenUp => format!("STATUS UPDATE {number}, GIVEN UP"),
    };
    let utc = screen.now.utc();
    format!("{} {what}, {} {utc}", badge(screen.kind), utc.date())
}

fn incident(screen: &Screen<'_>) -> String {
    let title = &screen.site.title;
    match screen.run {
        Some(run) => format!("INCIDENT {}, {title}", run.id),
        None => format!("INCIDENT none opened, {title}"),
    }
}

/// `region A (us-east-1)`.
fn region(screen: &Screen<'_>, side: crate::domain::ids::Side) -> String {
    format!("region {side} ({})", words::label(screen, side))
}

fn state(screen: &Screen<'_>, at: Moment) -> String {
    let way = words::direction(screen);
    let (from, to) = (region(screen, way.from), region(screen, way.to));
    let standby = screen.assessment.verdict.word();
    let text = match (at, screen.run) {
        (Moment::Calm, _) => format!("no incident, {from} serves, standby {standby}"),
        (Moment::Provisional, _) => {
            let primary = match &screen.assessment.primary {
                Primary::Red { .. } => "does not serve",
                Primary::Suspect { .. } => "is suspect",
                Primary::Healthy => "serves",
                Primary::ItIsUs { .. } | Primary::Blind(_) => "cannot be told",
            };
            format!("provisional: {from} {primary}, standby {standby}; nothing is declared")
        }
        (Moment::Restored, _) => format!("RESTORED: users are served from {to}"),
        (Moment::GivenUp, Some(run)) if run.stage == Stage::Aborted => {
            format!("the move to {to} was GIVEN UP; restoration was not seen")
        }
        (Moment::GivenUp, _) => {
            format!("the move to {to} is BEING GIVEN UP; this does not restore the service")
        }
        (Moment::During, run) => {
            let mode = run.map_or("", |run| run.mode.word());
            let stage = run.map_or("", |run| run.stage.word());
            format!("moving from {from} to {to}, {mode}, {stage}")
        }
    };
    format!("STATE {text}")
}

fn clock(screen: &Screen<'_>, at: Moment) -> String {
    let forecast = screen.forecast;
    let Some(gone) = forecast.elapsed else {
        let takes = short_time(forecast.remaining);
        let of = forecast.rto.map_or_else(String::new, |rto| format!(" of {}", short_time(rto)));
        return match screen.runbook {
            Some(_) => format!("CLOCK not running; a failover would take {takes}{of}"),
            None => "CLOCK not running".to_owned(),
        };
    };
    let since = match words::t0(screen) {
        Some((t0, T0Basis::AtOrBefore)) => format!("since {} or before", t0.utc()),
        Some((t0, T0Basis::Set)) => format!("since {}, set by hand", t0.utc()),
        Some((t0, T0Basis::Exact)) => format!("since {}", t0.utc()),
        None => "since when is UNKNOWN".to_owned(),
    };
    let word = forecast.state.words();
    let rto = match forecast.rto {
        None => format!("no RTO is written, {word}"),
        Some(rto) => {
            let limit = clock_text(rto);
            let apart =
                clock_text(std::time::Duration::from_secs(rto.as_secs().abs_diff(gone.as_secs())));
            let side = if gone >= rto { "over" } else { "left" };
            let side = if at == Moment::Restored && gone < rto { "to spare" } else { side };
            format!("RTO {limit} {word}, {apart} {side}")
        }
    };
    let stopped = if at == Moment::Restored { "stopped at " } else { "" };
    format!("CLOCK {stopped}T+{} {since}; {rto}", clock_text(gone))
}

/// What is expected to be lost, unknown first, and what was measured.
fn loss(screen: &Screen<'_>, at: Moment) -> String {
    let names = |verdict: LossVerdict| {
        let rows = screen.ledger.rows.iter().filter(|row| row.verdict == verdict);
        rows.map(|row| row.system.as_str()).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    let unknown = names(LossVerdict::Unknown);
    if screen.ledger.rows.is_empty() {
        parts.push("UNKNOWN: no replicated store is read".to_owned());
    } else if !unknown.is_empty() {
        parts.push(format!("UNKNOWN for {unknown}"));
    }
    if let (Some(row), _) = words::worst_loss(screen) {
        let expected = row.loss_s.map_or_else(|| "UNKNOWN".to_owned(), words::seconds);
        let limit = match (row.rpo_s, row.verdict) {
            (Some(rpo), LossVerdict::Breach) => format!(", OVER its limit {}", words::seconds(rpo)),
            (Some(rpo), _) => format!(", limit {}", words::seconds(rpo)),
            (None, _) => String::new(),
        };
        let when = if at == Moment::Calm { "if it failed now" } else { "expected" };
        parts.push(format!("{when}: {expected} of {} is the worst known{limit}", row.system));
    }
    let measured = screen.run.map_or(&[][..], |run| &run.losses);
    for (system, seconds, _) in measured {
        parts.push(format!("measured: {} of {system}", words::seconds(*seconds)));
    }
    if at == Moment::Restored && measured.is_empty() {
        parts.push("not measured".to_owned());
    }
    parts.join("; ")
}

/// `DONE`, `NOW` and `NEXT`.
fn steps(screen: &Screen<'_>, at: Moment) -> Vec<String> {
    let (Some(run), Some(book)) = (screen.run, screen.runbook) else {
        return vec!["DONE nothing was run".to_owned()];
    };
    let count = |want: fn(Phase) -> bool| run.steps.iter().filter(|s| want(s.phase)).count();
    let left_out = count(|phase| phase == Phase::Skipped);
    let back = count(|phase| phase == Phase::Compensated);
    let mut done = format!("DONE {} of {} steps", count(|p| p == Phase::Done), run.steps.len());
    for (number, word) in [(left_out, "left out"), (back, "taken back")] {
        if number > 0 {
            done.push_str(&format!(", {number} {word}"));
        }
    }
    let title = |id| book.step(id).map_or_else(String::new, |step| format!("\"{}\"", step.title));
    let of = |want: fn(Phase) -> bool| {
        let found = run.steps.iter().filter(|state| want(state.phase));
        found.map(|state| title(&state.id)).collect::<Vec<_>>().join(", ")
    };
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let mut texts = vec![done, format!("NOW {}", or(of(Phase::is_open), "no step runs"))];
    if at == Moment::During || at == Moment::Provisional {
        let next = run
            .steps
            .iter()
            .find(|state| state.phase == Phase::Ready)
            .or_else(|| run.steps.iter().find(|state| state.phase == Phase::Pending));
        texts.push(format!("NEXT {}", next.map_or("no step is left".into(), |s| title(&s.id))));
    }
    texts
}

fn eta(screen: &Screen<'_>, at: Moment) -> String {
    let forecast = screen.forecast;
    match at {
        Moment::GivenUp => return "no forecast: the run is given up".to_owned(),
        Moment::Restored => {
            let when = screen.run.and_then(|run| run.restored.as_ref()).map(|(at, _)| at.utc());
            return when.map_or("restored".to_owned(), |utc| format!("restored at {utc}"));
        }
        Moment::Calm | Moment::Provisional | Moment::During => {}
    }
    let (Some(finish), Some(gone), true) =
        (forecast.finish, forecast.elapsed, screen.runbook.is_some())
    else {
        return "no forecast".to_owned();
    };
    let utc = screen.now.plus(finish.saturating_sub(gone)).utc();
    let margin = match forecast.margin_s() {
        Some(late) if late < 0.0 => format!(", {} after the RTO", words::seconds(-late)),
        Some(margin) => format!(", {} before the RTO", words::seconds(margin)),
        None => String::new(),
    };
    let provisional = if at == Moment::Provisional { " if it were declared now" } else { "" };
    format!("about {utc}, T+{}{margin}{provisional}", clock_text(finish))
}

/// What stands in the way, worst first.
fn roadblocks(screen: &Screen<'_>) -> String {
    let mut found = Vec::new();
    let split: Vec<&str> =
        screen.assessment.split_brain.iter().map(|(system, _)| system.as_str()).collect();
    if !split.is_empty() {
        found.push(format!("two primaries of {}", split.join(", ")));
    }
    if let JournalState::Failed(_) | JournalState::ReadOnly(_) = screen.journal {
        found.push("nothing can be put on record".to_owned());
    }
    if let Some(run) = screen.run {
        found.extend(blocked_steps(screen, run));
        if let Some(since) = run.held_since {
            found.push(format!("the plan is held since {}", since.utc()));
        }
    }
    if let RtoState::Breached | RtoState::WillMiss = screen.forecast.state {
        found.push(format!("RTO {}", screen.forecast.state.words()));
    }
    for alarm in &screen.assessment.alarms {
        let told = ["red/", "split/"].iter().any(|key| alarm.key.starts_with(key));
        if alarm.priority == Priority::ActNow && !told {
            let place = match (&alarm.system, alarm.side) {
                (Some(system), Some(side)) => format!("{system} in region {side}"),
                (Some(system), None) => system.to_string(),
                (None, Some(side)) => format!("region {side}"),
                (None, None) => "this console's own view".to_owned(),
            };
            found.push(format!("urgent alarm about {place}"));
        }
    }
    if found.is_empty() { "none known".to_owned() } else { found.join("; ") }
}

fn blocked_steps(screen: &Screen<'_>, run: &Run) -> Vec<String> {
    let told = run.steps.iter().filter_map(|state| {
        let step = screen.runbook?.step(&state.id)?;
        let title = &step.title;
        match state.phase {
            Phase::Unknown => Some(format!("the outcome of \"{title}\" is UNKNOWN")),
            Phase::Failed => {
                let why = state.cause.map_or("", |cause| cause.words());
                Some(format!("\"{title}\" failed ({why})"))
            }
            Phase::Done if state.untrue.is_some() => {
                Some(format!("\"{title}\" was done and is no longer true"))
            }
            _ => None,
        }
    });
    told.collect()
}

fn decided(screen: &Screen<'_>) -> String {
    let Some((run, declared)) = screen.run.and_then(|run| Some((run, run.declaration.as_ref()?)))
    else {
        return "nothing yet".to_owned();
    };
    let mut parts = vec![format!("declared {} by {}", declared.at.utc(), declared.by)];
    parts.push(match &run.accepted {
        Some((at, by)) => format!("expected losses accepted {} by {by}", at.utc()),
        None => "expected losses not accepted yet".to_owned(),
    });
    if let Some(abort) = &run.abort {
        parts.push(format!("given up {} by {}", abort.since.utc(), abort.by));
    }
    if let Some((at, _)) = &run.closed {
        parts.push(format!("run closed {}", at.utc()));
    }
    parts.join("; ")
}

/// The kind once more, so that neither end of the text can be taken for another.
fn next_update(screen: &Screen<'_>, at: Moment) -> String {
    let kind = screen.kind.badge();
    let closed = screen.run.is_some_and(|run| run.stage.is_closed());
    match at {
        Moment::Calm => format!("[{kind}] NEXT UPDATE when something changes"),
        _ if closed => format!("[{kind}] NEXT UPDATE none: the run is closed"),
        _ => format!("[{kind}] NEXT UPDATE by {}", screen.now.plus(UPDATE_EVERY).utc()),
    }
}
