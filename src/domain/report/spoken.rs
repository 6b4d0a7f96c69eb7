//! What was told to others and how the run was given up: updates, alarms, holds, the abort.

use std::collections::BTreeSet;
use std::time::Duration;

use super::claim::{Claim, Section, Tone, Value};
use super::tale::{Tale, between, grained, signed};
use crate::domain::ids::StepId;
use crate::domain::rhythm::UPDATE_EVERY;
use crate::domain::run::event::{Body, RunEvent, Stays};
use crate::domain::run::phase::Phase;

/// The status updates and how many of them kept the rhythm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Updates {
    /// Their entries.
    pub sent: Vec<u64>,
    /// The entries of those that came in time.
    pub on_time: Vec<u64>,
    /// The longest time without one, until the clock stopped, and the entries around it.
    pub longest: Option<(Duration, [u64; 2])>,
}

pub(super) fn updates(tale: &Tale<'_>) -> Updates {
    let mut found = Updates::default();
    let Some(mut before) = tale.declared() else { return found };
    let gap = |before: &RunEvent, after: &RunEvent| {
        between(tale.since_t0(before)?, tale.since_t0(after)?)
    };
    let end = tale.restored().or(tale.events().last());
    for event in tale.all(|body| matches!(body, Body::Updated { .. })) {
        found.sent.push(event.seq);
        let Some(time) = gap(before, event) else { continue };
        if time <= UPDATE_EVERY {
            found.on_time.push(event.seq);
        }
        keep_longest(&mut found, time, before, event);
        before = event;
    }
    if let Some(end) = end.filter(|end| end.seq > before.seq)
        && let Some(time) = gap(before, end)
    {
        keep_longest(&mut found, time, before, end);
    }
    found
}

fn keep_longest(found: &mut Updates, time: Duration, before: &RunEvent, after: &RunEvent) {
    if found.longest.is_none_or(|(known, _)| time > known) {
        found.longest = Some((time, [before.seq, after.seq]));
    }
}

pub(super) fn update_section(updates: &Updates) -> Section {
    let mut claims = Vec::new();
    let sent = updates.sent.iter().copied();
    claims.push(count("updates.sent", "handed over", sent));
    if !updates.sent.is_empty() {
        let (on_time, label) = (updates.on_time.len() as u64, "at most 5 min after the one before");
        let entries = updates.sent.iter().copied();
        claims.push(Claim::new("updates.on_time", label, Value::Count(on_time), entries));
    }
    if let Some((time, entries)) = updates.longest {
        let label = "longest time without one, from the declaration on";
        claims.push(Claim::new("updates.longest", label, Value::Time(time), entries));
    }
    Section::list("updates", "Status updates", claims)
}

/// How many; none says so instead of a bare 0.
pub(super) fn count(
    id: impl Into<String>,
    label: &str,
    entries: impl IntoIterator<Item = u64>,
) -> Claim {
    let entries: Vec<u64> = entries.into_iter().collect();
    if entries.is_empty() {
        return Claim::nothing(id, label, Value::None);
    }
    let value = Value::Count(entries.len() as u64);
    Claim::new(id, label, value, entries)
}

/// The entries that raised an alarm which nobody acknowledged.
pub(super) fn unacknowledged(tale: &Tale<'_>) -> Vec<u64> {
    let known: BTreeSet<&str> = tale
        .events()
        .iter()
        .filter_map(|event| match &event.body {
            Body::Acknowledged { alarm } => Some(alarm.as_str()),
            _ => None,
        })
        .collect();
    let mut missed = BTreeSet::new();
    let raised = tale.events().iter().filter(|event| match &event.body {
        Body::Alarmed { alarm, raised: true, .. } => {
            !known.contains(alarm.as_str()) && missed.insert(alarm.as_str())
        }
        _ => false,
    });
    raised.map(|event| event.seq).collect()
}

pub(super) fn alarm_section(tale: &Tale<'_>) -> Section {
    let seqs = |raised: bool| {
        let is =
            move |body: &Body| matches!(body, Body::Alarmed { raised: up, .. } if *up == raised);
        tale.all(is).into_iter().map(|event| event.seq)
    };
    let known = tale.all(|body| matches!(body, Body::Acknowledged { .. }));
    let missed = unacknowledged(tale);
    let tone = if missed.is_empty() { Tone::Plain } else { Tone::Bad };
    let claims = vec![
        count("alarms.raised", "raised", seqs(true)),
        count("alarms.cleared", "over", seqs(false)),
        count("alarms.acknowledged", "acknowledged", known.into_iter().map(|event| event.seq)),
        count("alarms.missed", "kinds without an acknowledgement on record", missed).toned(tone),
    ];
    Section::list("alarms", "Alarms", claims)
}

pub(super) fn hold_section(tale: &Tale<'_>) -> Section {
    let held = tale.all(|body| matches!(body, Body::Held { .. }));
    let mut claims = vec![count("holds.count", "holds", held.iter().map(|event| event.seq))];
    if let Some(last) = tale.events().last().filter(|_| !held.is_empty()) {
        let is = |body: &Body| matches!(body, Body::Held { .. } | Body::Released);
        let entries = tale.all(is).into_iter().map(|event| event.seq);
        let mut entries: Vec<u64> = entries.collect();
        if tale.run.held_since.is_some() {
            entries.push(last.seq);
        }
        let total = Value::Time(grained(tale.run.held_total(last.at)));
        claims.push(Claim::new("holds.total", "held in all, the clock ran on", total, entries));
    }
    Section::list("holds", "Holds", claims)
}

/// Giving up: what was to be taken back and was or was not, and what stays.
pub(super) fn abort_section(tale: &Tale<'_>) -> Section {
    let (id, title) = ("abort", "Giving up");
    let began = tale.find(|body| match body {
        Body::AbortStarted { reason } => Some(reason),
        _ => None,
    });
    let Some((began, reason)) = began else { return Section::list(id, title, Vec::new()) };
    let mut claims = vec![Claim::new(
        "abort.reason",
        "given up",
        Value::text(format!("{reason}{}", signed(began))),
        [began.seq],
    )];
    let plan = tale.last(|body| matches!(body, Body::AbortPlanned { .. }));
    if plan.is_none() {
        claims.push(Claim::nothing("abort.plan", "plan for it", Value::None));
    }
    let entries_of = |step: &StepId| -> Vec<u64> {
        let about = |event: &&RunEvent| event.seq > began.seq && event.body.step() == Some(step);
        tale.events().iter().filter(about).map(|event| event.seq).collect()
    };
    let (planned, stays): (&[StepId], &[Stays]) = match plan.map(|event| &event.body) {
        Some(Body::AbortPlanned { back, stays, .. }) => (back, stays),
        _ => (&[], &[]),
    };
    for state in &tale.run.steps {
        let asked = planned.contains(&state.id);
        let (text, tone) = match state.phase {
            Phase::Compensated => ("taken back", Tone::Good),
            Phase::Unknown => ("UNKNOWN whether it is there", Tone::Unknown),
            _ if asked => ("NOT taken back", Tone::Bad),
            Phase::Done if stays.iter().all(|stay| stay.step != state.id) => {
                ("done, not taken back", Tone::Bad)
            }
            _ => continue,
        };
        let text = if asked || state.phase != Phase::Compensated || plan.is_none() {
            text.to_owned()
        } else {
            format!("{text}, without being planned")
        };
        let entries =
            entries_of(&state.id).into_iter().chain(plan.map(|event| event.seq)).chain([began.seq]);
        let id = format!("abort.back.{}", state.id);
        claims.push(
            Claim::new(id, tale.runbook.named(&state.id), Value::text(text), entries).toned(tone),
        );
    }
    for stay in stays {
        let (id, text) = (format!("abort.stays.{}", stay.step), format!("stays: {}", stay.words()));
        let entry = plan.map(|event| event.seq);
        claims.push(Claim::new(id, tale.runbook.named(&stay.step), Value::text(text), entry));
    }
    Section::list(id, title, claims)
}
