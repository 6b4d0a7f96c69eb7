//! What went well and what did not: only what figures of the same report already say.

use std::time::Duration;

use super::Parts;
use super::claim::{Claim, Section, Tone, Value};
use super::clocks::total;
use super::spoken::unacknowledged;
use super::steps::NO_HAND;
use super::tale::{Tale, breaks_a_gate, grained};
use crate::domain::ledger::{LossVerdict, no_store_on_record};
use crate::domain::rhythm::UPDATE_EVERY;
use crate::domain::run::event::{Body, Outcome};
use crate::domain::run::phase::Phase;
use crate::domain::time::clock_text;

const ATTEMPTS: [&str; 2] = ["attempt", "attempts"];

/// Collects sentences of one kind.
struct Sentences {
    id: &'static str,
    tone: Tone,
    claims: Vec<Claim>,
}

impl Sentences {
    fn say(&mut self, about: &str, text: impl AsRef<str>, entries: impl IntoIterator<Item = u64>) {
        let id = format!("{}.{}", self.id, self.claims.len() + 1);
        let claim = Claim::new(id, about, Value::text(text), entries);
        if !claim.entries.is_empty() {
            self.claims.push(claim.toned(self.tone));
        }
    }

    /// Says how many there were of one thing, if any.
    fn count(
        &mut self,
        about: &str,
        [one, more]: [&str; 2],
        what: &str,
        entries: impl IntoIterator<Item = u64>,
    ) {
        let entries: Vec<u64> = entries.into_iter().collect();
        let noun = if entries.len() == 1 { one } else { more };
        self.say(about, format!("{} {noun}{what}", entries.len()), entries);
    }
}

/// The two lists: well, not well.
pub(super) fn sections(tale: &Tale<'_>, parts: &Parts) -> [Section; 2] {
    let mut well = Sentences { id: "well", tone: Tone::Good, claims: Vec::new() };
    let mut not = Sentences { id: "not-well", tone: Tone::Bad, claims: Vec::new() };
    recovery(tale, parts, &mut well, &mut not);
    losses(tale, parts, &mut well, &mut not);
    steps(tale, parts, &mut well, &mut not);
    people(tale, parts, &mut well, &mut not);
    [
        Section::list("well", "What went well", well.claims),
        Section::list("not-well", "What did not", not.claims),
    ]
}

fn recovery(tale: &Tale<'_>, parts: &Parts, well: &mut Sentences, not: &mut Sentences) {
    let declared = tale.declared();
    for line in &parts.tiers {
        let rto = clock_text(line.rto);
        match (&line.took, declared) {
            (Some((took, entries)), _) => {
                let kept = line.is_met() == Some(true);
                let word = if kept { "within" } else { "LATER than" };
                let took = Value::Clock(grained(*took));
                let text = match line.is_met() {
                    Some(_) => format!("restored after {took}, {word} its RTO of {rto}"),
                    None => format!(
                        "restored after at least {took} of its RTO of {rto}, and {} more by the \
                         wall clock",
                        clock_text(line.doubt)
                    ),
                };
                let told = if kept { &mut *well } else { &mut *not };
                told.say(&line.tier, text, entries.iter().copied());
            }
            (None, Some(declared)) => {
                not.say(&line.tier, "restoration is not on record", [declared.seq]);
            }
            (None, None) => {}
        }
    }
    let forecast = tale.find(|body| match body {
        Body::Forecasted { finish_p80_s, .. } => Some(*finish_p80_s),
        _ => None,
    });
    if let Some((event, finish_p80_s)) = forecast
        && let Some((took, entries)) = total(tale)
    {
        let kept = took.as_secs_f64() <= finish_p80_s;
        let text = if kept { "held" } else { "was too early: it came later than p80" };
        let told = if kept { well } else { not };
        told.say("forecast", text, entries.into_iter().chain([event.seq]));
    }
}

fn losses(tale: &Tale<'_>, parts: &Parts, well: &mut Sentences, not: &mut Sentences) {
    if let (Some(declared), []) = (tale.declared(), parts.losses.as_slice()) {
        not.say("losses", no_store_on_record(tale.runbook), [declared.seq]);
    }
    for line in &parts.losses {
        let about = line.system.as_str();
        match (&line.measured, line.is_met(), &line.expected) {
            (Some((.., entry)), Some(true), _) => {
                well.say(about, "the measured loss keeps the RPO", [*entry]);
            }
            (Some((.., entry)), Some(false), _) => {
                not.say(about, "the measured loss is MORE than the RPO", [*entry]);
            }
            (Some((.., entry)), None, _) => {
                not.say(about, "a loss was measured, no RPO to hold it against", [*entry]);
            }
            (None, _, Some((_, LossVerdict::Breach, entry))) => {
                not.say(about, "more than the RPO was expected to be lost; not measured", [*entry]);
            }
            (None, _, Some((.., entry))) => {
                not.say(about, "its loss was not measured", [*entry]);
            }
            (None, _, None) => {}
        }
    }
}

fn steps(tale: &Tale<'_>, parts: &Parts, well: &mut Sentences, not: &mut Sentences) {
    let of = |is: fn(&Body) -> bool| tale.all(is).into_iter().map(|event| event.seq);
    let failed = of(|body| {
        matches!(
            body,
            Body::NotVerified { .. } | Body::Ended { outcome: Outcome::Failed { .. }, .. }
        )
    });
    not.count("steps", ATTEMPTS, " failed", failed);
    let unknown = of(|body| matches!(body, Body::Ended { outcome: Outcome::Unknown { .. }, .. }));
    not.count("steps", ATTEMPTS, " ended UNKNOWN", unknown);
    not.count("gates", ["start", "starts"], " although a gate did not hold", of(breaks_a_gate));
    let late = parts.steps.iter().filter(|line| line.actual.is_some_and(|took| took > line.expect));
    for line in late {
        let (took, expect) = (Value::Time(line.actual.unwrap_or_default()), grained(line.expect));
        let text = format!("took {took}, {} was expected", Value::Time(expect));
        not.say(line.id.as_str(), text, [line.start, line.end].into_iter().flatten().map(|t| t.1));
    }
    let done = parts.steps.iter().filter(|line| line.phase == Phase::Done);
    let in_time = done.filter(|line| line.actual.is_some_and(|took| took <= line.expect));
    let ends = in_time.filter_map(|line| line.end).map(|(_, seq)| seq);
    well.count("steps", ["step", "steps"], " done as fast as expected", ends);
    let untrue = tale.run.steps.iter().filter(|state| state.untrue.is_some());
    for state in untrue {
        let is = |body: &Body| matches!(body, Body::Untrue { step, .. } if *step == state.id);
        let entry = tale.last(is).map(|event| event.seq);
        not.say(&tale.runbook.named(&state.id), "was done, and is not true any more", entry);
    }
}

fn people(tale: &Tale<'_>, parts: &Parts, well: &mut Sentences, not: &mut Sentences) {
    let updates = &parts.updates;
    if let Some((time, entries)) = updates.longest {
        let text = format!(
            "{} handed over, {} in time, {} at most without one",
            updates.sent.len(),
            updates.on_time.len(),
            Value::Time(time)
        );
        let entries = updates.sent.iter().copied().chain(entries);
        let told = if time <= UPDATE_EVERY { &mut *well } else { &mut *not };
        told.say("status updates", text, entries);
    }
    if let Some(wait) = parts.wait.as_ref().filter(|wait| wait.time > LONG_WAIT) {
        let text = format!("for {} {NO_HAND}", Value::Time(wait.time));
        not.say("idle", text, [wait.from.0, wait.to.0]);
    }
    let (noun, what) = (["alarm has", "alarms have"], " no acknowledgement on record");
    not.count("alarms", noun, what, unacknowledged(tale));
    if let Some(declared) = tale.declared()
        && tale.run.ledger.as_ref().is_some_and(|ledger| !ledger.rows.is_empty())
        && tale.run.asks_losses(Some(tale.runbook))
    {
        not.say("expected losses", "no acceptance of them is on record", [declared.seq]);
    }
}

/// A time in which nothing happens that is worth a sentence.
const LONG_WAIT: Duration = Duration::from_secs(300);
