//! The report's steps, and what people decided: overrides, skips, unknowns, attestations.

use std::fmt::Write as _;

use super::report::{NOT_MEASURED, add, entry};
use super::report_words::{difference, moment, outcome_words, safe};
use crate::domain::ids::StepId;
use crate::domain::run::event::{Body, Outcome, RunEvent};
use crate::domain::run::phase::Phase;
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Runbook, Step};
use crate::domain::time::short_time;

pub(super) fn add_steps(out: &mut String, run: &Run, runbook: &Runbook) {
    add!(out, "## Steps\n");
    add!(out, "| step | action | expected | actual | diff | outcome | by | evidence | entries |");
    add!(out, "|---|---|---|---|---|---|---|---|---|");
    for step in &runbook.steps {
        if let Some(state) = run.step(&step.id) {
            add_step(out, run, step, state);
        }
    }
    add!(out, "");
}

fn add_step(out: &mut String, run: &Run, step: &Step, state: &StepState) {
    let mine: Vec<&RunEvent> =
        run.events.iter().filter(|event| step_of(&event.body) == Some(&step.id)).collect();
    let entries: Vec<String> = mine.iter().map(|event| entry(event)).collect();
    let finished = state.finished.filter(|_| !matches!(state.phase, Phase::Skipped));
    let took = finished.and_then(|at| state.took(at));
    let (actual, diff) = match took {
        Some(took) => (short_time(took), difference(took, step.expect)),
        None => (NOT_MEASURED.to_owned(), "-".to_owned()),
    };
    let mut outcome = state.phase.word().to_owned();
    if state.attested {
        outcome.push_str(" (told by a person)");
    }
    if let Some(cause) = state.cause {
        let _ = write!(outcome, " ({})", cause.words());
    }
    if let Some(now) = &state.untrue {
        let _ = write!(outcome, "; was done, not true now: {}", safe(now));
    }
    if state.attempts.len() > 1 {
        let _ = write!(outcome, ", {} attempts", state.attempts.len());
    }
    let decided = mine.iter().rev().find(|event| {
        matches!(event.body, Body::Intended { .. } | Body::Attested { .. } | Body::Skipped { .. })
    });
    let by = decided.map_or("nobody".to_owned(), |event| safe(&event.by));
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    add!(
        out,
        "| `{}` {} | {} | {} | {actual} | {diff} | {outcome} | {by} | {} | {} |",
        step.id,
        safe(&step.title),
        step.action.name,
        short_time(step.expect),
        or_none(safe(&state.evidence)),
        or_none(entries.join(" "))
    );
}

/// The step that an event is about.
fn step_of(body: &Body) -> Option<&StepId> {
    match body {
        Body::Intended { step, .. }
        | Body::Started { step, .. }
        | Body::Ended { step, .. }
        | Body::Verified { step, .. }
        | Body::NotVerified { step, .. }
        | Body::Reconciled { step, .. }
        | Body::Resolved { step, .. }
        | Body::Attested { step, .. }
        | Body::Skipped { step, .. }
        | Body::Retried { step, .. }
        | Body::AbortAsked { step, .. }
        | Body::Untrue { step, .. }
        | Body::TrueAgain { step } => Some(step),
        Body::Escalated { step, .. } => step.as_ref(),
        Body::Opened { .. }
        | Body::Declared { .. }
        | Body::LedgerAccepted { .. }
        | Body::T0Set { .. }
        | Body::Held { .. }
        | Body::Released
        | Body::Restored { .. }
        | Body::LossMeasured { .. }
        | Body::AbortStarted { .. }
        | Body::Closed { .. }
        | Body::Noted { .. }
        | Body::Acknowledged { .. }
        | Body::Alarmed { .. }
        | Body::TierRestored { .. }
        | Body::CriterionAccepted { .. }
        | Body::Forecasted { .. }
        | Body::AbortPlanned { .. }
        | Body::Updated { .. }
        | Body::Resumed { .. } => None,
    }
}

pub(super) fn add_decisions(out: &mut String, run: &Run) {
    section(out, "Overrides", overrides(run));
    section(
        out,
        "Skips",
        told(run, |event| match &event.body {
            Body::Skipped { step, reason } => Some(format!("`{step}`: {}", safe(reason))),
            _ => None,
        }),
    );
    section(out, "Unknown outcomes", unknowns(run));
    section(
        out,
        "Told by people instead of sensors",
        told(run, |event| match &event.body {
            Body::Attested { step, value } => Some(format!("`{step}`: {}", safe(value))),
            Body::Resolved { step, done, reason, .. } => {
                let what = if *done { "done" } else { "not done" };
                Some(format!("`{step}` is {what}: {}", safe(reason)))
            }
            _ => None,
        }),
    );
    section(
        out,
        "Changes of course",
        told(run, |event| match &event.body {
            Body::T0Set { t0, reason } => {
                Some(format!("T0 set to {}: {}", moment(*t0), safe(reason)))
            }
            Body::Escalated { reason, .. } => Some(format!("ungraceful: {}", safe(reason))),
            Body::Held { reason } => Some(format!("held: {}", safe(reason))),
            Body::AbortStarted { reason } => Some(format!("given up: {}", safe(reason))),
            _ => None,
        }),
    );
    section(
        out,
        "Notes",
        told(run, |event| match &event.body {
            Body::Noted { text } => Some(safe(text)),
            _ => None,
        }),
    );
}

fn section(out: &mut String, title: &str, lines: Vec<String>) {
    add!(out, "## {title}\n");
    if lines.is_empty() {
        add!(out, "None on record.");
    }
    for line in lines {
        add!(out, "- {line}");
    }
    add!(out, "");
}

/// The events that `tell` has a line for, each with who, when and its entry.
fn told(run: &Run, tell: impl Fn(&RunEvent) -> Option<String>) -> Vec<String> {
    run.events.iter().filter_map(|event| Some(signed(event, &tell(event)?))).collect()
}

fn signed(event: &RunEvent, line: &str) -> String {
    format!("{line} ({}, {}, {})", safe(&event.by), moment(event.at), entry(event))
}

fn overrides(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for event in &run.events {
        let Body::Intended { step, gates, .. } = &event.body else { continue };
        for gate in gates.iter().filter(|gate| !gate.held) {
            let reason = gate.broken_for.as_ref().map_or("NO REASON ON RECORD".to_owned(), safe);
            let line = format!(
                "`{step}` went on although {} was {}: {reason}",
                safe(&gate.gate),
                safe(&gate.seen)
            );
            lines.push(signed(event, &line));
        }
    }
    lines
}

fn unknowns(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for event in &run.events {
        let Body::Ended { step, attempt, outcome: outcome @ Outcome::Unknown { .. } } = &event.body
        else {
            continue;
        };
        let found = run.events.iter().filter(|later| later.seq > event.seq).find(|later| {
            matches!(
                &later.body,
                Body::Reconciled { step: about, attempt: number, .. }
                | Body::Resolved { step: about, attempt: number, .. }
                    if about == step && number == attempt
            )
        });
        let end = match found.map(|found| (found, &found.body)) {
            Some((found, Body::Reconciled { done, evidence, .. })) => {
                let what = if *done { "done" } else { "not done" };
                format!("a probe found it {what}: {} ({})", safe(evidence), entry(found))
            }
            Some((found, Body::Resolved { done, reason, .. })) => {
                let what = if *done { "done" } else { "not done" };
                let by = safe(&found.by);
                format!("{by} told that it is {what}: {} ({})", safe(reason), entry(found))
            }
            _ => "STILL UNKNOWN".to_owned(),
        };
        let line = format!("`{step}` attempt {attempt}: {}; {end}", outcome_words(outcome));
        lines.push(signed(event, &line));
    }
    lines
}
