//! The go/no-go list beside the readings: what plans add, since when, and what was accepted.

use std::collections::HashMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalogue::Change;
use super::gates::{self, Frame};
use super::ids::StepId;
use super::in_order;
use super::judge;
use super::run::event::Mode;
use super::run::phase::Phase;
use super::run::proof::{self, NO_STEP, Proof, Told, proof_key};
use super::run::state::{AcceptedCriterion, Run};
use super::runbook::{Direction, Runbook, Step};
use super::site::Site;
use super::snapshot::Snapshot;
use super::text::Clean;
use super::time::Stamp;
use super::verdict::{Alarm, Assessment, Criterion, Met, Primary, Since, Verdict};

/// A pause in judging after which nobody can say that a criterion stayed met in between.
pub const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The criteria that a plan writes itself, as they are seen now.
pub fn written(runbook: &Runbook, frame: &Frame<'_>) -> Vec<Criterion> {
    let seen = |gate| gates::look(gate, frame);
    let criteria = runbook.go.iter().map(|line| {
        let seen = seen(&line.gate);
        let met = match seen.held {
            Some(true) => Met::Yes,
            Some(false) => Met::No,
            None => Met::Unknown,
        };
        let evidence = match met {
            Met::Yes => seen.says(),
            Met::No | Met::Unknown => format!("{}: {}", seen.what, seen.seen).into(),
        };
        let wanted = format!("{}, {}", line.title, seen.wanted).into();
        let plain =
            Criterion::new(format!("plan/{}", line.title), line.title.clone(), met, evidence);
        Criterion { wanted, ..plain }
    });
    criteria.collect()
}

/// Completes a judgement with the plan: what it asks too, and what it takes care of by itself, in
/// `run`, which is open, or in a failover that would begin now. A plan that leads elsewhere does
/// neither.
pub fn complete(
    assessment: &mut Assessment,
    plan: Option<&Runbook>,
    run: Option<&Run>,
    site: &Site,
    snapshot: &Snapshot,
    now: Stamp,
) {
    if let (Some(plan), Some(run)) = (plan, run) {
        assessment.criteria.extend(unproven(plan, run, snapshot));
        assessment.verdict = Verdict::of(&assessment.criteria);
    }
    let active = assessment.active;
    let Some(plan) = plan.filter(|plan| plan.from == active) else { return };
    let red = matches!(assessment.primary, Primary::Red { .. });
    let ungraceful = run.map_or(red, |run| run.mode == Mode::Ungraceful);
    let direction = run.map_or(Direction { from: active, to: active.other() }, |run| run.direction);
    let accepted = run.filter(|run| run.accepted.is_some()).and_then(|run| run.ledger.as_ref());
    for criterion in &mut assessment.criteria {
        if let Some(step) = scaled_by(criterion, plan, run, direction) {
            criterion.asks = format!("{}, or the plan scales it", criterion.asks).into();
            criterion.evidence =
                format!("{}; step {} does", criterion.evidence, plan.named(step)).into();
            criterion.met = Met::Yes;
        }
    }
    let frame = Frame::of_plan(direction, (site, snapshot), now);
    let more = written(plan, &Frame { ungraceful, accepted, ..frame });
    // Once declared the question is decided; until then what a plan refuses is no calm.
    let open = run.is_none_or(|run| run.declaration.is_none());
    for criterion in more.iter().filter(|line| open && line.met == Met::No) {
        assessment.raise(judge::against(criterion, red));
    }
    assessment.criteria.extend(more);
    assessment.verdict = Verdict::of(&assessment.criteria);
}

/// What no step of a running plan proves: that a promoted store takes writes. Whoever accepts it
/// answers for it.
fn unproven(plan: &Runbook, run: &Run, snapshot: &Snapshot) -> Vec<Criterion> {
    let open = |proof: &Proof| run.restored.is_none() && proof.told == Told::Unasked;
    let proofs = proof::of(run, plan, snapshot).into_iter().filter(open);
    let criterion = |Proof { system, .. }: Proof| {
        let asks = format!("{system} took a write since its promotion");
        let plain = Criterion::new(proof_key(&system), asks, Met::Unknown, NO_STEP);
        let wanted = "a row or key that was written and read back".into();
        Criterion { about: system.as_str().into(), wanted, ..plain }
    };
    proofs.map(criterion).collect()
}

/// The step that brings a standby which is smaller than wanted to its size, while it is still to
/// come or at work: a warm standby is small on purpose.
fn scaled_by<'p>(
    criterion: &Criterion,
    plan: &'p Runbook,
    run: Option<&Run>,
    direction: Direction,
) -> Option<&'p StepId> {
    if criterion.met != Met::Unknown {
        return None;
    }
    let to_come = |step: &&Step| {
        let phase = run.and_then(|run| run.step(&step.id)).map(|state| state.phase);
        phase.is_none_or(|phase| matches!(phase, Phase::Pending | Phase::Ready) || phase.is_open())
    };
    let scales = |step: &&Step| {
        step.change == Change::Scale
            && step.target.as_ref().is_some_and(|target| {
                let side = direction.side(target.place).key();
                criterion.key == format!("capacity/{}/{side}", target.system)
            })
    };
    plan.steps.iter().filter(scales).find(to_come).map(|step| &step.id)
}

/// What is against going, first what speaks loudest; what is met comes last.
pub fn worst_first(criteria: &[Criterion]) -> Vec<&Criterion> {
    let mut sorted: Vec<&Criterion> = criteria.iter().collect();
    sorted.sort_by_key(|criterion| match (criterion.met, criterion.blinds) {
        (Met::No, _) => 0,
        (Met::Unknown, true) => 1,
        (Met::Unknown, false) => 2,
        (Met::Yes, _) => 3,
    });
    sorted
}

/// How a criterion has been of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Spell {
    met: Met,
    since: Stamp,
    exact: bool,
    seen: Stamp,
}

/// Since when each criterion has been as it is, by its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spells(#[serde(serialize_with = "in_order::write")] HashMap<String, Spell>);

impl Spells {
    /// Takes in the criteria as they are at `now`; those that are asked no more are forgotten.
    ///
    /// After a pause in judging a criterion that is met is taken to be met since now, and one that
    /// is still not met to have been so all along: the doubt is never in favour of going.
    pub fn follow(&mut self, criteria: &[Criterion], now: Stamp) {
        let mut old = std::mem::replace(&mut self.0, HashMap::with_capacity(criteria.len()));
        for criterion in criteria {
            let met = criterion.met;
            let (key, spell) = match old.remove_entry(&criterion.key) {
                None => {
                    let new = Spell { met, since: now, exact: false, seen: now };
                    (criterion.key.clone(), new)
                }
                Some((key, old)) => {
                    let paused = now.since(old.seen) > PAUSE_MAX;
                    let same = old.met == met && !(paused && met == Met::Yes);
                    let spell = if same {
                        Spell { seen: now, ..old }
                    } else {
                        Spell { met, since: now, exact: !paused, seen: now }
                    };
                    (key, spell)
                }
            };
            self.0.insert(key, spell);
        }
    }

    /// Writes into each criterion, and into the alarm that it is, since when it has been so, where
    /// that is known.
    pub fn tell(&self, criteria: &mut [Criterion], alarms: &mut [Alarm]) {
        for criterion in criteria {
            let spell = self.0.get(&criterion.key).filter(|spell| spell.met == criterion.met);
            criterion.since = spell.map(|spell| Since { at: spell.since, exact: spell.exact });
            if let Some(alarm) = alarms.iter_mut().find(|alarm| alarm.key == criterion.key) {
                alarm.since = alarm.since.or(criterion.since.map(|since| since.at));
            }
        }
        alarms.sort_by_key(Alarm::urgency);
    }
}

/// What became of a criterion since a person accepted it as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DriftWord")]
pub enum Drift {
    /// It is as it was.
    None,
    /// What is seen differs.
    Changed,
    /// It could not be told then, and speaks against going now: the acceptance does not cover it.
    Worse,
    /// It is met now.
    Cured,
}

/// The acceptance of a criterion by a person, and whether it still fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Acceptance<'r> {
    /// Who, when, why and what was seen then.
    pub accepted: &'r AcceptedCriterion,
    /// What became of it since.
    pub drift: Drift,
}

/// What is put on record as seen when a criterion is accepted: `NOT MET: 2 of 10 ready`.
pub fn seen(criterion: &Criterion) -> Clean {
    let (word, evidence) = (criterion.word(), &criterion.evidence);
    if evidence.as_str().starts_with(word) {
        return evidence.clone();
    }
    format!("{word}: {evidence}").into()
}

/// The acceptance of a criterion in this run, if there is one.
pub fn acceptance<'r>(run: &'r Run, criterion: &Criterion) -> Option<Acceptance<'r>> {
    let accepted = run.accepted_criteria.iter().find(|known| known.asks == criterion.asks)?;
    let then = accepted.evidence.as_str();
    let was_unknown = !then.starts_with(Met::No.word());
    let drift = match criterion.met {
        Met::Yes => Drift::Cured,
        Met::No if was_unknown => Drift::Worse,
        Met::No | Met::Unknown if without_ages(then) == without_ages(seen(criterion).as_str()) => {
            Drift::None
        }
        Met::No | Met::Unknown => Drift::Changed,
    };
    Some(Acceptance { accepted, drift })
}

/// A sentence without its ages, which change all the time: `read 2s ago` is `read ago`.
fn without_ages(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let is_age = |index: usize| {
        let age = words[index].starts_with(|first: char| first.is_ascii_digit());
        age && words.get(index + 1).is_some_and(|next| next.starts_with("ago"))
    };
    let kept = words.iter().enumerate().filter(|(index, _)| !is_age(*index));
    kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

/// The verdict with what was accepted of its reasons: `NO-GO, 1 of 2 accepted by anna`.
pub fn sum(verdict: &Verdict, criteria: &[Criterion], run: Option<&Run>) -> String {
    let word = verdict.word();
    let reason = match verdict {
        Verdict::NoGo(_) => Met::No,
        Verdict::Go | Verdict::Caution(_) | Verdict::Blind(_) => Met::Unknown,
    };
    let reasons: Vec<&Criterion> =
        criteria.iter().filter(|criterion| criterion.met == reason).collect();
    let accepted: Vec<Acceptance<'_>> = reasons
        .iter()
        .filter_map(|criterion| acceptance(run?, criterion))
        .filter(|acceptance| acceptance.drift != Drift::Worse)
        .collect();
    if accepted.is_empty() {
        return word.to_owned();
    }
    let mut names: Vec<String> = accepted.iter().map(|one| one.accepted.by.to_string()).collect();
    names.sort();
    names.dedup();
    let (count, all) = (accepted.len(), reasons.len());
    let changed = accepted.iter().filter(|one| one.drift == Drift::Changed).count();
    let since = if changed > 0 { format!(", {changed} changed since") } else { String::new() };
    format!("{word}, {count} of {all} accepted by {}{since}", names.join(", "))
}

#[cfg(test)]
mod tests;
