//! A dry run in words: step by step what would be called, what must hold, what is so now.

use std::time::Duration;

use super::{Rehearsed, Told};
use crate::domain::catalogue::Class;
use crate::domain::gates::{self, Frame, Seen};
use crate::domain::ids::StepId;
use crate::domain::preview::Standing;
use crate::domain::run::event::Mode;
use crate::domain::runbook::{
    Compensation, Direction, Gate, Runbook, Step, Ungraceful, UngracefulGate,
};
use crate::domain::time::clock_text;

/// All lines, and what a person should look at before it is done for real.
pub(super) fn plan(told: &Told<'_>) -> (Vec<String>, Vec<String>) {
    let Told { runbook, mode, site, steps, .. } = told;
    let (mut lines, mut findings) = (Vec::new(), Vec::new());
    let (from, to) = (site.site.region(runbook.from), site.site.region(runbook.to));
    lines.push(format!(
        "dry run of {} ({}), {} ({}) to {} ({}), {} steps, version {}; nothing is changed",
        runbook.name,
        mode.word(),
        runbook.from,
        from.label,
        runbook.to,
        to.label,
        runbook.steps.len(),
        runbook.hash
    ));
    if *mode == Mode::Ungraceful {
        lines.push(losses(told));
    }
    for (index, rehearsed) in steps.iter().enumerate() {
        lines.push(String::new());
        step(told, index, rehearsed, &mut lines, &mut findings);
    }
    lines.push(String::new());
    let (time, path) = longest_chain(runbook, *mode);
    let path: Vec<&str> = path.iter().map(|id| id.as_str()).collect();
    let rto =
        site.site.rto().map_or(String::new(), |rto| format!(" of an RTO of {}", clock_text(rto)));
    lines.push(format!("longest chain {}{rto}: {}", clock_text(time), path.join(" > ")));
    if let Some(rto) = site.site.rto().filter(|rto| time > *rto) {
        findings.push(format!("the longest chain is over the RTO of {}", clock_text(rto)));
    }
    (lines, findings)
}

fn losses(told: &Told<'_>) -> String {
    let rows = told.seen.ledger.rows.iter().map(|row| {
        let loss = row.loss_s.map_or("UNKNOWN".to_owned(), |loss| format!("{loss:.1}s"));
        format!("{} {loss} {}", row.system, row.verdict.word())
    });
    let rows: Vec<String> = rows.collect();
    let rows =
        if rows.is_empty() { "no replicated store is known".to_owned() } else { rows.join(", ") };
    format!("expected losses as of {}: {rows}", told.seen.ledger.as_of.utc())
}

fn step(
    told: &Told<'_>,
    index: usize,
    rehearsed: &Rehearsed<'_>,
    lines: &mut Vec<String>,
    findings: &mut Vec<String>,
) {
    let Rehearsed { step, forward, .. } = rehearsed;
    lines.push(format!("{:>2} {}  {}", index + 1, step.id, step.title));
    let mut fact = |name: &str, text: String| lines.push(format!("   {name:<9} {text}"));
    let ungraceful = told.mode == Mode::Ungraceful;
    if ungraceful && step.ungraceful == Ungraceful::Skip {
        fact("left out", "the plan leaves it out in an ungraceful run".to_owned());
        return;
    }
    let direction = told.runbook.direction();
    let started = if step.automatic { "automatic" } else { "by a person" };
    fact(
        "action",
        format!(
            "{}, class {}, guard {}, {}, {started}",
            step.action.name,
            step.class,
            step.guard.number(),
            step.action.fencing.words()
        ),
    );
    if let Some(target) = &step.target {
        fact("target", format!("{} in {}", target.system, direction.side(target.place)));
    }
    if !step.needs.is_empty() {
        let needs: Vec<&str> = step.needs.iter().map(StepId::as_str).collect();
        fact("after", needs.join(", "));
    }
    let preview = &forward.preview;
    if preview.call.is_empty() {
        findings.push(format!("step {}: its call could not be previewed", step.id));
        fact("call", "UNKNOWN: it could not be previewed".to_owned());
    } else {
        fact("call", preview.call.to_string());
        fact("as", preview.acts_as.to_string());
    }
    for change in &preview.changes {
        fact("change", format!("{} {}", change.mark, change.text));
    }
    fact("now", standing(&forward.standing));
    for gate in &step.gates {
        let seen = look(told, gate, direction, ungraceful);
        // The losses are frozen: no step makes them smaller.
        let frozen = matches!(gate.ungraceful, Some(UngracefulGate::Ledger { .. })) && ungraceful;
        let earlier = later(told.runbook, step, gate).filter(|_| !frozen);
        let word = match (seen.held, earlier) {
            (Some(true), _) => "holds".to_owned(),
            (_, Some(earlier)) => format!("not yet, after {earlier}"),
            (held, None) => {
                let word = if held.is_some() { "DOES NOT HOLD" } else { "UNKNOWN" };
                findings.push(format!("step {}: gate {word}: {}", step.id, seen.words()));
                word.to_owned()
            }
        };
        fact("gate", format!("{word}: {}; seen: {}", seen.words(), seen.seen));
    }
    fact("back", way_back(rehearsed, findings));
    let (expect, timeout) = (clock_text(step.expect), clock_text(step.timeout));
    fact("time", format!("{expect} expected, given up after {timeout}"));
}

/// How many steps could not be looked at, and why the first of them could not.
pub(super) fn unseen(told: &Told<'_>, unseen: &[&Rehearsed<'_>]) -> Vec<String> {
    if unseen.is_empty() {
        return Vec::new();
    }
    let of = told.steps.len();
    let head = format!("unseen    {} of {of} steps could not be looked at", unseen.len());
    let first = unseen.iter().take(UNSEEN_SHOWN).map(|one| {
        let why = match &one.forward.standing {
            Standing::Done(why) | Standing::NotDone(why) | Standing::Unknown(why) => why,
        };
        format!("unseen    step {}: {why}", one.step.id)
    });
    let more = unseen.len().saturating_sub(UNSEEN_SHOWN);
    let more = (more > 0).then(|| format!("unseen    and {more} more, `UNKNOWN` above"));
    std::iter::once(head).chain(first).chain(more).collect()
}

/// Steps that are named with their reason.
const UNSEEN_SHOWN: usize = 3;

fn standing(standing: &Standing) -> String {
    match standing {
        Standing::Done(what) => format!("it is so already: {what}"),
        Standing::NotDone(what) => format!("not so: {what}"),
        Standing::Unknown(why) => format!("UNKNOWN: {why}"),
    }
}

fn look(told: &Told<'_>, gate: &Gate, direction: Direction, ungraceful: bool) -> Seen {
    let seen = &told.seen;
    // As if the losses were accepted: that they must be is said at the steps that ask for it.
    let accepted = Some(&seen.ledger);
    let frame = Frame::of_plan(direction, (&told.site.site, &seen.snapshot), seen.now);
    gates::look(gate, &Frame { ungraceful, accepted, ..frame })
}

/// The step before this one that may still make the gate hold: it acts on the gate's system, or on
/// none in particular, such as a fence.
fn later<'a>(runbook: &'a Runbook, step: &Step, gate: &Gate) -> Option<&'a StepId> {
    let ancestors = runbook.ancestors(&step.id);
    let makes = |earlier: &&Step| {
        let acts = !matches!(earlier.class, Class::R | Class::H);
        let near = earlier.target.as_ref().is_none_or(|target| target.system == gate.system);
        acts && near && ancestors.contains(&earlier.id)
    };
    runbook.steps.iter().rev().find(makes).map(|earlier| &earlier.id)
}

fn way_back(rehearsed: &Rehearsed<'_>, findings: &mut Vec<String>) -> String {
    let step = rehearsed.step;
    match (&step.compensation, &rehearsed.back) {
        (Compensation::NotNeeded, _) => "nothing to take back".to_owned(),
        (Compensation::None(cost), _) => format!("none: {cost}"),
        (Compensation::Action { .. }, Some(back)) if !back.preview.call.is_empty() => {
            back.preview.call.to_string()
        }
        (Compensation::Action { action, .. }, _) => {
            findings.push(format!("step {}: its way back could not be previewed", step.id));
            format!("{}: UNKNOWN, it could not be previewed", action.name)
        }
    }
}

/// The longest chain of steps that wait for each other, by their expected times.
fn longest_chain(runbook: &Runbook, mode: Mode) -> (Duration, Vec<&StepId>) {
    let mut ends: Vec<Option<(Duration, Option<usize>)>> = vec![None; runbook.steps.len()];
    let place = |id: &StepId| runbook.steps.iter().position(|step| step.id == *id);
    // A runbook has no circles, so each round settles at least one more step.
    for _ in 0..runbook.steps.len() {
        for (index, step) in runbook.steps.iter().enumerate() {
            let needs: Option<Vec<(Duration, usize)>> = step
                .needs
                .iter()
                .map(|need| place(need).and_then(|at| ends[at].map(|(end, _)| (end, at))))
                .collect();
            let Some(needs) = needs else { continue };
            let last = needs.into_iter().max();
            let left_out = mode == Mode::Ungraceful && step.ungraceful == Ungraceful::Skip;
            let takes = if left_out { Duration::ZERO } else { step.expect };
            let begin = last.map_or(Duration::ZERO, |(end, _)| end);
            ends[index] = Some((begin + takes, last.map(|(_, at)| at)));
        }
    }
    let mut at = (0..ends.len()).max_by_key(|index| ends[*index].map(|(end, _)| end));
    let time = at.and_then(|index| ends[index]).map_or(Duration::ZERO, |(end, _)| end);
    let mut chain = Vec::new();
    while let Some(index) = at {
        chain.push(&runbook.steps[index].id);
        at = ends[index].and_then(|(_, before)| before);
    }
    chain.reverse();
    (time, chain)
}
