//! A dry run in words: step by step what would be called, what must hold, what is so now.

use super::{Rehearsed, Told};
use crate::domain::catalogue::Class;
use crate::domain::forecast::until_restored;
use crate::domain::gates::{self, Frame, Seen};
use crate::domain::ids::StepId;
use crate::domain::ledger::no_store;
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
    if told.seen.ledger.rows.is_empty() {
        findings.push(format!("expected losses {}", no_store(&site.site, &told.seen.snapshot)));
    }
    for rehearsed in steps {
        lines.push(String::new());
        step(told, rehearsed, &mut lines, &mut findings);
    }
    lines.push(String::new());
    // What stops the clock is held against the RTO, as the console and the status do.
    let pace = told.known.paces.away_from(runbook.from);
    let (time, path) = until_restored(&site.site, runbook, pace, *mode == Mode::Ungraceful);
    let time = time.p80;
    let mut path: Vec<String> = path.iter().map(|id| runbook.named(id)).collect();
    path.push("RESTORED".to_owned());
    let rto =
        site.site.rto().map_or(String::new(), |rto| format!(" of an RTO of {}", clock_text(rto)));
    lines.push(format!("longest chain {}{rto}: {}", clock_text(time), path.join(" > ")));
    if let Some(rto) = site.site.rto().filter(|rto| time > *rto) {
        findings.push(format!("the longest chain is over the RTO of {}", clock_text(rto)));
    }
    (lines, findings)
}

fn losses(told: &Told<'_>) -> String {
    let rows = told.seen.ledger.summary();
    let rows = rows.unwrap_or_else(|| no_store(&told.site.site, &told.seen.snapshot).to_owned());
    format!("expected losses as of {}: {rows}", told.seen.ledger.as_of.utc())
}

fn step(
    told: &Told<'_>,
    rehearsed: &Rehearsed<'_>,
    lines: &mut Vec<String>,
    findings: &mut Vec<String>,
) {
    let Rehearsed { step, forward, .. } = rehearsed;
    let named = told.runbook.named(&step.id);
    lines.push(told.runbook.named_fully(&step.id));
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
        let needs: Vec<String> = step.needs.iter().map(|id| told.runbook.named(id)).collect();
        fact("after", needs.join(", "));
    }
    let preview = &forward.preview;
    if preview.call.is_empty() {
        findings.push(format!("step {named}: its call could not be previewed"));
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
        let (seen, verdict) = judge(told, step, gate, direction);
        let word = match verdict {
            Judged::Holds => "holds".to_owned(),
            Judged::After(earlier) => format!("not yet, after {}", told.runbook.named(earlier)),
            Judged::AsksAPerson => "asks a person".to_owned(),
            Judged::Finding => {
                let word = if seen.held.is_some() { "DOES NOT HOLD" } else { "UNKNOWN" };
                findings.push(format!("step {named}: gate {word}: {}", seen.words()));
                word.to_owned()
            }
        };
        fact("gate", format!("{word}: {}; seen: {}", seen.words(), seen.seen));
    }
    fact("back", way_back(rehearsed, &named, findings));
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
        format!("unseen    step {}: {why}", told.runbook.named(&one.step.id))
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

/// How a gate stands before anything of the plan was done.
enum Judged<'t> {
    Holds,
    /// The step that may still make it hold.
    After(&'t StepId),
    /// Only a person can say so, in a run: the losses are not accepted, or not known.
    AsksAPerson,
    Finding,
}

fn judge<'t>(
    told: &'t Told<'_>,
    step: &Step,
    gate: &Gate,
    direction: Direction,
) -> (Seen, Judged<'t>) {
    let seen = &told.seen;
    let ungraceful = told.mode == Mode::Ungraceful;
    let frame = Frame::of_plan(direction, (&told.site.site, &seen.snapshot), seen.now);
    let look = |accepted| gates::look(gate, &Frame { ungraceful, accepted, ..frame });
    let is_accepted = told.known.frozen.as_ref().is_some_and(|(_, accepted)| *accepted);
    let now = look(Some(&seen.ledger).filter(|_| is_accepted));
    if ungraceful && matches!(gate.ungraceful, Some(UngracefulGate::Ledger { .. })) {
        // The losses are frozen: no step makes them smaller, and no acceptance either.
        let accepted = look(Some(&seen.ledger));
        return match (now.held, accepted.held) {
            (Some(true), _) => (now, Judged::Holds),
            (_, Some(false)) => (accepted, Judged::Finding),
            (_, Some(true) | None) => (now, Judged::AsksAPerson),
        };
    }
    let verdict = match (now.held, later(told.runbook, step, gate)) {
        (Some(true), _) => Judged::Holds,
        (_, Some(earlier)) => Judged::After(earlier),
        (_, None) => Judged::Finding,
    };
    (now, verdict)
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

fn way_back(rehearsed: &Rehearsed<'_>, named: &str, findings: &mut Vec<String>) -> String {
    let step = rehearsed.step;
    match (&step.compensation, &rehearsed.back) {
        (Compensation::NotNeeded, _) => "nothing to take back".to_owned(),
        (Compensation::None(cost), _) => format!("none: {cost}"),
        (Compensation::Action { .. }, Some(back)) if !back.preview.call.is_empty() => {
            back.preview.call.to_string()
        }
        (Compensation::Action { action, .. }, _) => {
            findings.push(format!("step {named}: its way back could not be previewed"));
            format!("{}: UNKNOWN, it could not be previewed", action.name)
        }
    }
}
