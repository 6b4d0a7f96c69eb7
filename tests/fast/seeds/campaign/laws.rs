//! What must hold of an incident whatever went wrong in it.

use std::collections::BTreeSet;

use warroom::domain::ids::StepId;
use warroom::domain::run::event::{Body, Cause, Closing, Outcome, Purpose, RunEvent};
use warroom::domain::runbook::{Bound, Runbook, Step, UngracefulGate};
use warroom::domain::time::Stamp;
use warroom::sim::identity;

use super::stage::{Stage, written};

/// Holds an incident against every law, and counts what of them was tried.
pub fn hold(stage: &mut Stage) {
    let grants: BTreeSet<u64> = stage.grants.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(grants.len(), stage.grants.len(), "seed {}: released twice", stage.seed);
    for index in 0..stage.records.len() {
        let event = stage.records[index].clone();
        if let Body::Intended { step, attempt, purpose, .. } = &event.body {
            repeated_by_a_word(stage, index, step, *attempt, *purpose);
            gates_looked_after(stage, index, step);
        }
        match &event.body {
            Body::Ended { outcome: Outcome::Failed { cause: Cause::Expired, message }, .. }
                if message.as_str().starts_with("the grant is void") =>
            {
                stage.count("grants void on record");
            }
            Body::Closed { closing: Closing::Complete | Closing::CompleteExcept { .. } } => {
                stage.count("runs completed");
            }
            _ => {}
        }
    }
    on_the_server_that_was_shown(stage, &grants);
}

/// A further attempt at a step follows an end of the last one and a person's word about it.
fn repeated_by_a_word(
    stage: &mut Stage,
    index: usize,
    step: &StepId,
    attempt: u32,
    purpose: Purpose,
) {
    let seed = stage.seed;
    let last = stage.records[..index]
        .iter()
        .rposition(|event| matches!(&event.body, Body::Intended { step: of, .. } if of == step));
    let Some(last) = last else { return };
    let between = &stage.records[last + 1..index];
    let over = between.iter().any(|event| match &event.body {
        Body::Ended { step: of, .. }
        | Body::Reconciled { step: of, .. }
        | Body::Resolved { step: of, .. } => of == step,
        _ => false,
    });
    let told = between.iter().any(|event| match &event.body {
        Body::Retried { step: of, .. } => of == step,
        Body::AbortStarted { .. } => true,
        _ => false,
    });
    assert!(over, "seed {seed}: {step} attempt {attempt} beside the one before");
    // To take a step back, once more too, is a key that a person pressed.
    assert!(told || purpose == Purpose::Compensate, "seed {seed}: {step} attempt {attempt}");
    stage.count("attempts repeated by a word");
}

/// Every gate that held was read after the last step ended that the gated one rests on.
fn gates_looked_after(stage: &mut Stage, index: usize, id: &StepId) {
    let event = stage.records[index].clone();
    let Body::Intended { gates, purpose: Purpose::Forward, action, .. } = &event.body else {
        return;
    };
    let plan = &written().1;
    let step = in_force(plan, id, action);
    let lossy = action == "sim.promote";
    let Some(after) = last_end(&stage.records[..index], plan, id) else { return };
    for (gate, seen) in step.gates.iter().zip(gates).filter(|(_, seen)| seen.held) {
        if lossy && matches!(gate.ungraceful, Some(UngracefulGate::Ledger { .. })) {
            continue;
        }
        // From the record: a console that was just started again may not have the run yet.
        let opened = stage.records.iter().find_map(|event| match &event.body {
            Body::Opened { direction, .. } => Some(*direction),
            _ => None,
        });
        let side = opened.expect("a run is opened first").side(gate.place);
        // The desk decided when the word was written: what was told by then is what it knew.
        let silence_counts = gate.bound == Bound::NotOpen;
        let began = stage.looked_by((&gate.system, side), silence_counts, event.at);
        let seed = stage.seed;
        let of_after = began.is_some_and(|began| began.boot_ms >= after.boot_ms);
        assert!(of_after, "seed {seed}: {id}: {seen:?} read {began:?}, {after:?}");
        stage.count("gates held on readings of after");
    }
}

fn in_force<'p>(plan: &'p Runbook, id: &StepId, action: &str) -> &'p Step {
    let step = plan.step(id).expect("a step of the plan");
    let lossy = step.in_mode(true);
    if lossy.action.name == action { lossy } else { step }
}

/// When the last ancestor of a step ended that was acted on.
fn last_end(records: &[RunEvent], plan: &Runbook, id: &StepId) -> Option<Stamp> {
    let ancestors = plan.ancestors(id);
    let ends = records.iter().filter(|event| match &event.body {
        Body::Verified { step, .. }
        | Body::Reconciled { step, done: true, .. }
        | Body::Resolved { step, done: true, .. } => ancestors.contains(step),
        _ => false,
    });
    ends.map(|event| event.at).max_by_key(|at| at.boot_ms)
}

/// What was done was granted, in time, and to the server that the record names.
fn on_the_server_that_was_shown(stage: &Stage, grants: &BTreeSet<u64>) {
    let (seed, plan) = (stage.seed, stage.world.plan());
    for deed in &stage.deeds {
        assert!(grants.contains(&deed.seq), "seed {seed}: {:?} without a grant", deed.act);
        let granted = stage.records.iter().find(|event| event.seq == deed.seq);
        let Some(Body::Intended { warrant: Some(warrant), step, .. }) =
            granted.map(|event| &event.body)
        else {
            panic!("seed {seed}: {:?} on {granted:?}", deed.act)
        };
        let system = plan.systems.iter().find(|system| system.id.as_str() == deed.act.system);
        let Some(shown) = &warrant.target else { continue };
        let system = system.expect("an act on a store names it");
        let met = identity(plan, system, deed.act.side, deed.act.at().as_secs_f64());
        assert_eq!(met.server, shown.server, "seed {seed}: {step} acted on another server");
    }
}
