//! What people decided and what did not go as planned: each a line with who, when and its entry.

use super::claim::{Claim, Section, Tone, Value};
use super::tale::{Tale, signed};
use crate::domain::run::event::{Body, Mode, Outcome, RunEvent};
use crate::domain::run::words;
use crate::domain::runbook::Ungraceful;

/// A line that tells one event in other words than the timeline's.
fn told(section: &str, event: &RunEvent, label: &str, text: &str) -> Claim {
    let text = format!("{text}{}", signed(event));
    Claim::new(format!("{section}.{}", event.seq), label, Value::text(text), [event.seq])
}

/// The events that `tell` has a label and a text for.
fn list(
    tale: &Tale<'_>,
    id: &'static str,
    title: &'static str,
    tell: impl Fn(&RunEvent) -> Option<(String, String)>,
) -> Section {
    let line = |event: &RunEvent| tell(event).map(|(label, text)| told(id, event, &label, &text));
    Section::list(id, title, tale.events().iter().filter_map(line).collect())
}

/// Gates that did not hold when a step was started.
pub(super) fn overrides(tale: &Tale<'_>) -> Section {
    let mut claims = Vec::new();
    for event in tale.events() {
        let Body::Intended { step, gates, .. } = &event.body else { continue };
        for (index, gate) in gates.iter().enumerate().filter(|(_, gate)| !gate.held) {
            let reason = match &gate.broken_for {
                Some(reason) => reason.as_str(),
                None => "NO REASON ON RECORD",
            };
            let (asked, seen) = (&gate.gate, &gate.seen);
            let text = format!("went on although {asked} was {seen}: {reason}{}", signed(event));
            let id = format!("overrides.{}.{}", event.seq, index + 1);
            let claim = Claim::new(id, tale.runbook.named(step), Value::text(text), [event.seq]);
            claims.push(claim.toned(Tone::Bad));
        }
    }
    Section::list("overrides", "Overrides: gates broken", claims)
}

pub(super) fn criteria(tale: &Tale<'_>) -> Section {
    list(tale, "criteria", "Overrides: criteria accepted as they were", |event| match &event.body {
        Body::CriterionAccepted { asks, evidence, reason, .. } => {
            Some((asks.to_string(), format!("{evidence}; went on: {reason}")))
        }
        _ => None,
    })
}

/// Steps left out; where the plan lets a named person waive one, that is said.
pub(super) fn skips(tale: &Tale<'_>) -> Section {
    list(tale, "skips", "Skips and waivers", |event| match &event.body {
        Body::Skipped { step, reason } => {
            let planned = tale.runbook.step(step).map(|step| &step.ungraceful);
            let lost = tale.run.mode == Mode::Ungraceful
                || tale.run.step(step).is_some_and(|state| state.escalated);
            let what = match planned {
                Some(Ungraceful::Waive) if lost => "waived",
                Some(Ungraceful::Skip) if lost => "left out, as the plan says",
                _ => "skipped",
            };
            Some((tale.runbook.named(step), format!("{what}: {reason}")))
        }
        _ => None,
    })
}

/// Attempts whose effect was not known when they ended, and how that was found out.
pub(super) fn unknowns(tale: &Tale<'_>) -> Section {
    let mut claims = Vec::new();
    for event in tale.events() {
        let Body::Ended { step, attempt, outcome: outcome @ Outcome::Unknown { .. } } = &event.body
        else {
            continue;
        };
        let later = tale.events().iter().filter(|later| later.seq > event.seq);
        let found = later.clone().find(|later| {
            matches!(&later.body,
                Body::Reconciled { step: about, attempt: number, .. }
                | Body::Resolved { step: about, attempt: number, .. }
                    if about == step && number == attempt)
        });
        let end = found.map_or("STILL UNKNOWN".to_owned(), |found| {
            format!("{}{}", words::event(&found.body, Some(tale.runbook)), signed(found))
        });
        let ended = words::outcome_text(outcome);
        let text = format!("attempt {attempt} {ended}{}; {end}", signed(event));
        let entries = [Some(event.seq), found.map(|found| found.seq)].into_iter().flatten();
        let id = format!("unknown.{}", event.seq);
        let tone = if found.is_some() { Tone::Plain } else { Tone::Unknown };
        claims
            .push(Claim::new(id, tale.runbook.named(step), Value::text(text), entries).toned(tone));
    }
    Section::list("unknown", "Unknown outcomes", claims)
}

pub(super) fn attested(tale: &Tale<'_>) -> Section {
    list(tale, "attested", "Told by people instead of sensors", |event| match &event.body {
        Body::Attested { step, value } => Some((tale.runbook.named(step), value.to_string())),
        Body::Resolved { step, done, reason, .. } => {
            let what = if *done { "done" } else { "not done" };
            Some((tale.runbook.named(step), format!("told to be {what}: {reason}")))
        }
        _ => None,
    })
}

pub(super) fn failures(tale: &Tale<'_>) -> Section {
    list(tale, "failed", "Failed attempts", |event| match &event.body {
        Body::Ended { step, attempt, outcome: outcome @ Outcome::Failed { .. } } => {
            let ended = words::outcome_text(outcome);
            Some((tale.runbook.named(step), format!("attempt {attempt} {ended}")))
        }
        Body::NotVerified { step, attempt, evidence } => {
            Some((tale.runbook.named(step), format!("attempt {attempt} NOT VERIFIED: {evidence}")))
        }
        _ => None,
    })
}

/// Done steps that were seen not to be true any more.
pub(super) fn untrue(tale: &Tale<'_>) -> Section {
    list(tale, "untrue", "Done, and later not true", |event| match &event.body {
        Body::Untrue { step, evidence } => Some((tale.runbook.named(step), evidence.to_string())),
        Body::TrueAgain { step } => Some((tale.runbook.named(step), "true again".to_owned())),
        _ => None,
    })
}

/// Holds, T0 moved, clocks that were doubted, escalations.
pub(super) fn course(tale: &Tale<'_>) -> Section {
    list(tale, "course", "Changes of course", |event| {
        let label = match &event.body {
            Body::T0Set { .. } => "T0",
            Body::ClockDoubted { .. } => "clock",
            Body::Escalated { .. } => "mode",
            Body::Held { .. } | Body::Released => "hold",
            Body::Resumed { .. } => "console",
            _ => return None,
        };
        Some((label.to_owned(), words::event(&event.body, Some(tale.runbook)).to_string()))
    })
}

pub(super) fn notes(tale: &Tale<'_>) -> Section {
    list(tale, "notes", "Notes", |event| match &event.body {
        Body::Noted { text } => Some((event.by.to_string(), text.to_string())),
        _ => None,
    })
}
