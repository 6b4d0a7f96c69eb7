//! Each word of the journal as one sentence: screen, report and replay all say the same.

use std::time::Duration;

use super::event::{Body, Closing, GateSeen, Outcome, Purpose};
use crate::domain::ids::StepId;
use crate::domain::runbook::Runbook;
use crate::domain::text::{Clean, several};
use crate::domain::time::{measured_time, no_less, short_time};
use crate::domain::verdict::{Signal, T0Basis};

/// How well a T0 is known, in words.
pub fn t0_basis(basis: T0Basis) -> &'static str {
    match basis {
        T0Basis::Exact => "first failed probe",
        T0Basis::AtOrBefore => "at or before, the first look of all failed",
        T0Basis::Set => "set by a person",
        T0Basis::Declared => "the moment of the declaration",
    }
}

/// How a run ended, in words.
pub fn closing(closing: &Closing, plan: Option<&Runbook>) -> String {
    match closing {
        Closing::Complete => "complete".to_owned(),
        Closing::CompleteExcept { steps } => {
            let names: Vec<String> = steps.iter().map(|step| name(plan, step)).collect();
            format!("complete except {}", names.join(", "))
        }
        Closing::Aborted => "aborted".to_owned(),
    }
}

/// What people call a step of the plan; its name where no plan is known.
pub fn name(plan: Option<&Runbook>, step: &StepId) -> String {
    plan.map_or_else(|| step.to_string(), |plan| plan.named(step))
}

/// One event as a sentence, with its step as the plan numbers and calls it:
/// `START 3 Promote pg in B (attempt 1, postgres.promote, class X, ...)`.
pub fn event(body: &Body, plan: Option<&Runbook>) -> Clean {
    Clean::new(&event_text(body, plan))
}

fn event_text(body: &Body, plan: Option<&Runbook>) -> String {
    match body {
        Body::Opened { run, runbook, direction, mode, .. } => {
            let mode = mode.word();
            format!("OPENED {run}: {runbook} {} > {}, {mode}", direction.from, direction.to)
        }
        Body::Declared { t0, basis, signals, reason, .. } => {
            let (t0, basis, signals) = (t0.utc(), t0_basis(basis.declared()), names(signals));
            format!("DECLARED, T0 {t0} ({basis}): {reason}; {signals}")
        }
        Body::LedgerAccepted { summary } => format!("ACCEPTED the expected losses: {summary}"),
        Body::T0Set { t0, reason } => format!("T0 set to {}: {reason}", t0.utc()),
        Body::Escalated { step: None, reason } => format!("ESCALATED to ungraceful: {reason}"),
        Body::Escalated { step: Some(step), reason } => {
            let step = name(plan, step);
            format!("ESCALATED {step} to ungraceful: {reason}")
        }
        Body::Held { reason } if reason.is_empty() => "HOLD, the clock goes on".to_owned(),
        Body::Held { reason } => format!("HOLD, the clock goes on: {reason}"),
        Body::Released => "GO ON".to_owned(),
        Body::Restored { evidence } => format!("RESTORED, the clock stops: {evidence}"),
        Body::LossMeasured { system, seconds: lost, how, missing } => {
            let missing = missing.map_or(String::new(), |one| format!("{} missing, ", one.words()));
            format!("LOSS of {system} measured: {missing}{} ({how})", no_less(*lost))
        }
        Body::LossReopened { system, why } => format!("LOSS of {system} is not known: {why}"),
        Body::AbortStarted { reason } => format!("GIVING UP the run: {reason}"),
        Body::Closed { closing: how } => format!("CLOSED: {}", closing(how, plan)),
        Body::Noted { text } => format!("NOTE {text}"),
        Body::Acknowledged { alarm } => format!("acknowledged {alarm}"),
        Body::Alarmed { raised: true, sentence, .. } => format!("ALARM {sentence}"),
        Body::Alarmed { raised: false, sentence, .. } => format!("over or grouped: {sentence}"),
        Body::TierRestored { .. }
        | Body::CriterionAccepted { .. }
        | Body::Forecasted { .. }
        | Body::AbortPlanned { .. }
        | Body::Updated { .. }
        | Body::Resumed { .. }
        | Body::ClockDoubted { .. } => told_text(body, plan),
        Body::Intended { .. }
        | Body::Started { .. }
        | Body::Ended { .. }
        | Body::Verified { .. }
        | Body::NotVerified { .. }
        | Body::Reconciled { .. }
        | Body::Resolved { .. }
        | Body::Attested { .. }
        | Body::Skipped { .. }
        | Body::Retried { .. }
        | Body::AbortAsked { .. }
        | Body::EndedEarlier { .. }
        | Body::RunnerLost { .. }
        | Body::Signalled { .. }
        | Body::Untrue { .. }
        | Body::TrueAgain { .. } => step_text(body, plan),
    }
}

fn names(signals: &[Signal]) -> String {
    if signals.is_empty() {
        return "no signal spoke for it".to_owned();
    }
    let names: Vec<&str> = signals.iter().map(|signal| signal.system.as_str()).collect();
    format!("signals {}", names.join(", "))
}

fn told_text(body: &Body, plan: Option<&Runbook>) -> String {
    match body {
        Body::TierRestored { tier, evidence } => format!("TIER {tier} RESTORED: {evidence}"),
        Body::CriterionAccepted { asks, evidence, reason, .. } => {
            format!("ACCEPTED {asks} as it is ({evidence}): {reason}")
        }
        Body::Forecasted { finish_p50_s, finish_p80_s, runs } => {
            let (p50, p80) = (measured_time(*finish_p50_s), measured_time(*finish_p80_s));
            let finish = if p50 == p80 { p80 } else { format!("{p50} (p50), T+{p80} (p80)") };
            let from = match runs {
                0 => "the plan alone".to_owned(),
                runs => several(*runs, "run"),
            };
            format!("FORECAST finish T+{finish}, from {from}")
        }
        Body::AbortPlanned { back, stays } => {
            let back: Vec<String> = back.iter().map(|step| name(plan, step)).collect();
            let stays: Vec<String> = stays.iter().map(|one| name(plan, &one.step)).collect();
            let or_none =
                |names: &[String]| if names.is_empty() { "none".into() } else { names.join(", ") };
            format!("ABORT PLAN: take back {}; stays: {}", or_none(&back), or_none(&stays))
        }
        Body::Updated { number, .. } => format!("UPDATE {number} handed over"),
        Body::Resumed { found } => format!("RESUMED after an interruption: {found}"),
        Body::ClockDoubted { since, wall_ahead_ms } => {
            let (since, more) = (since.utc(), short_time(Duration::from_millis(*wall_ahead_ms)));
            format!(
                "CLOCK DOUBTED: since {since} the wall clock went {more} further than this \
                 machine's own; it was set, or the machine was paused: T0 may be {more} earlier"
            )
        }
        // `event_text` names every word there is.
        _ => String::new(),
    }
}

fn step_text(body: &Body, plan: Option<&Runbook>) -> String {
    let step = body.step().map_or_else(String::new, |step| name(plan, step));
    match body {
        Body::Intended { .. } => intent_text(body, &step),
        Body::Started { attempt, .. } => format!("{step} attempt {attempt} is running"),
        Body::Ended { outcome, .. } => format!("{step} {}", outcome_text(outcome)),
        Body::Verified { evidence, .. } => format!("{step} VERIFIED: {evidence}"),
        Body::NotVerified { evidence, .. } => format!("{step} NOT VERIFIED: {evidence}"),
        Body::Reconciled { done: true, evidence, .. } => {
            format!("{step} found done: {evidence}")
        }
        Body::Reconciled { evidence, .. } => format!("{step} found not done: {evidence}"),
        Body::Resolved { done: true, reason, .. } => {
            format!("{step} RESOLVED as done: {reason}")
        }
        Body::Resolved { reason, .. } => format!("{step} RESOLVED as not done: {reason}"),
        Body::Attested { value, .. } => format!("{step} ATTESTED: {value}"),
        Body::Skipped { reason, .. } => format!("{step} SKIPPED: {reason}"),
        Body::Retried { reason, new_key, by_itself, .. } => {
            let key = if *new_key { ", as a new act with a new key" } else { "" };
            // Nobody is there to try it in an unattended run: it begins by itself.
            let what = if *by_itself { "is tried again, unattended" } else { "may be tried again" };
            format!("{step} {what}{key}: {reason}")
        }
        Body::AbortAsked { attempt, .. } => format!("ABORT of {step} attempt {attempt} asked"),
        Body::EndedEarlier { attempt, at, .. } => {
            format!("{step} attempt {attempt} had ended at {}, which was read only now", at.utc())
        }
        Body::RunnerLost { attempt, left, .. } => {
            format!("{step} attempt {attempt}: its runner is gone, still running: {left}")
        }
        Body::Signalled { attempt, signal, told, .. } => {
            format!("{} to what {step} attempt {attempt} started: {told}", signal.word())
        }
        Body::Untrue { evidence, .. } => {
            format!("{step} was done, NOT TRUE NOW: {evidence}")
        }
        Body::TrueAgain { .. } => format!("{step} is true again"),
        // `event_text` names every word there is.
        _ => String::new(),
    }
}

fn intent_text(body: &Body, step: &str) -> String {
    let Body::Intended { attempt, purpose, action, class, fencing, gates, call, .. } = body else {
        return String::new();
    };
    let what = match purpose {
        Purpose::Forward => "START",
        Purpose::Compensate => "TAKE BACK",
    };
    let broken = |gate: &GateSeen| {
        gate.broken_for.as_ref().map(|why| format!("; BROKE {}: {why}", gate.gate))
    };
    let broken: Vec<String> = gates.iter().filter_map(broken).collect();
    let (broken, fencing) = (broken.concat(), fencing.words());
    format!("{what} {step} (attempt {attempt}, {action}, class {class}, {fencing}): {call}{broken}")
}

/// How an attempt ended, in words.
pub fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { evidence } => format!("applied: {evidence}"),
        Outcome::AlreadySo { evidence } => format!("was already so: {evidence}"),
        Outcome::Failed { cause, message } => format!("FAILED, {}: {message}", cause.words()),
        Outcome::Unknown { message } => format!("UNKNOWN: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::StepId;

    #[test]
    fn where_no_person_is_there_none_is_told_that_they_may_try() {
        let check = |by_itself: bool, want: &str| {
            let step = StepId::new("fence").expect("a name");
            let reason = "found undone".into();
            let word = Body::Retried { step, reason, new_key: false, by_itself };
            assert_eq!(event(&word, None).as_str(), want);
        };
        check(false, "fence may be tried again: found undone");
        check(true, "fence is tried again, unattended: found undone");
    }

    #[test]
    fn a_forecast_says_a_time_once() {
        let check = |finish_p50_s, finish_p80_s, runs, want: &str| {
            let word = Body::Forecasted { finish_p50_s, finish_p80_s, runs };
            assert_eq!(event(&word, None).as_str(), want);
        };
        let both = "FORECAST finish T+3m00s (p50), T+4m00s (p80), from 3 runs";
        check(180.0, 240.0, 3, both);
        check(240.0, 240.0, 1, "FORECAST finish T+4m00s, from 1 run");
        check(240.0, 240.0, 0, "FORECAST finish T+4m00s, from the plan alone");
    }
}
