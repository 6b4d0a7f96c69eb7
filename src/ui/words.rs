//! Journal words and wishes as sentences, so that timeline, report and notices say the same.

use crate::domain::ids::StepId;
use crate::domain::run::event::{Body, Closing, Outcome, Purpose};
use crate::domain::run::intent::Intent;
use crate::domain::text::Clean;
use crate::domain::time::short_time;
use crate::domain::verdict::T0Basis;

/// How well a T0 is known, in words: `14:02:10Z at or before`.
#[must_use]
pub fn t0_basis(basis: T0Basis) -> &'static str {
    match basis {
        T0Basis::Exact => "first failed probe",
        T0Basis::AtOrBefore => "at or before, the first look of all failed",
        T0Basis::Set => "set by a person",
    }
}

/// One event as the timeline shows it: `START promote-pg (attempt 1, postgres.promote)`.
#[must_use]
pub fn event(body: &Body) -> Clean {
    Clean::new(&event_text(body))
}

fn event_text(body: &Body) -> String {
    match body {
        Body::Opened { run, runbook, direction, mode, .. } => {
            let mode = mode.word();
            format!("OPENED {run}: {runbook} {} > {}, {mode}", direction.from, direction.to)
        }
        Body::Declared { t0, basis, reason, .. } => {
            format!("DECLARED, T0 {} ({}): {reason}", t0.utc(), t0_basis(*basis))
        }
        Body::LedgerAccepted { summary } => format!("ACCEPTED the expected losses: {summary}"),
        Body::T0Set { t0, reason } => format!("T0 set to {}: {reason}", t0.utc()),
        Body::Escalated { step: None, reason } => format!("ESCALATED to ungraceful: {reason}"),
        Body::Escalated { step: Some(step), reason } => {
            format!("ESCALATED {step} to ungraceful: {reason}")
        }
        Body::Held { reason } if reason.is_empty() => "HOLD, the clock goes on".to_owned(),
        Body::Held { reason } => format!("HOLD, the clock goes on: {reason}"),
        Body::Released => "GO ON".to_owned(),
        Body::Restored { evidence } => format!("RESTORED, the clock stops: {evidence}"),
        Body::LossMeasured { system, seconds, how } => {
            format!("LOSS of {system} measured: {seconds:.1}s ({how})")
        }
        Body::AbortStarted { reason } => format!("GIVING UP the run: {reason}"),
        Body::Closed { closing: Closing::Complete } => "CLOSED: complete".to_owned(),
        Body::Closed { closing: Closing::CompleteExcept { steps } } => {
            let names: Vec<&str> = steps.iter().map(StepId::as_str).collect();
            format!("CLOSED: complete except {}", names.join(", "))
        }
        Body::Closed { closing: Closing::Aborted } => "CLOSED: aborted".to_owned(),
        Body::Noted { text } => format!("NOTE {text}"),
        Body::Acknowledged { alarm } => format!("acknowledged {alarm}"),
        Body::Alarmed { raised: true, sentence, .. } => format!("ALARM {sentence}"),
        Body::Alarmed { raised: false, sentence, .. } => format!("over: {sentence}"),
        Body::TierRestored { tier, evidence } => format!("TIER {tier} RESTORED: {evidence}"),
        Body::CriterionAccepted { asks, evidence, reason } => {
            format!("ACCEPTED {asks} as it is ({evidence}): {reason}")
        }
        Body::Forecasted { finish_p50_s, finish_p80_s, runs } => {
            let (p50, p80) = (seconds(Some(*finish_p50_s)), seconds(Some(*finish_p80_s)));
            format!("FORECAST finish T+{p50} (p50), T+{p80} (p80), from {runs} runs")
        }
        Body::AbortPlanned { back, stays } => {
            format!("ABORT PLAN: {} to take back, {} stay", back.len(), stays.len())
        }
        Body::Updated { number, .. } => format!("UPDATE {number} handed over"),
        Body::Resumed { found } => format!("RESUMED after an interruption: {found}"),
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
        | Body::Untrue { .. }
        | Body::TrueAgain { .. } => step_text(body),
    }
}

fn step_text(body: &Body) -> String {
    match body {
        Body::Intended { step, attempt, purpose, action, gates, .. } => {
            let what = match purpose {
                Purpose::Forward => "START",
                Purpose::Compensate => "TAKE BACK",
            };
            let broken: Vec<String> = gates
                .iter()
                .filter_map(|gate| {
                    gate.broken_for.as_ref().map(|why| format!("; BROKE {}: {why}", gate.gate))
                })
                .collect();
            format!("{what} {step} (attempt {attempt}, {action}){}", broken.concat())
        }
        Body::Started { step, attempt } => format!("{step} attempt {attempt} is running"),
        Body::Ended { step, outcome, .. } => match outcome {
            Outcome::Applied { evidence } => format!("{step} applied: {evidence}"),
            Outcome::AlreadySo { evidence } => format!("{step} was already so: {evidence}"),
            Outcome::Failed { cause, message } => {
                format!("{step} FAILED, {}: {message}", cause.words())
            }
            Outcome::Unknown { message } => format!("{step} UNKNOWN: {message}"),
        },
        Body::Verified { step, evidence, .. } => format!("{step} VERIFIED: {evidence}"),
        Body::NotVerified { step, evidence, .. } => format!("{step} NOT VERIFIED: {evidence}"),
        Body::Reconciled { step, done: true, evidence, .. } => {
            format!("{step} found done: {evidence}")
        }
        Body::Reconciled { step, evidence, .. } => format!("{step} found not done: {evidence}"),
        Body::Resolved { step, done: true, reason, .. } => {
            format!("{step} RESOLVED as done: {reason}")
        }
        Body::Resolved { step, reason, .. } => format!("{step} RESOLVED as not done: {reason}"),
        Body::Attested { step, value } => format!("{step} ATTESTED: {value}"),
        Body::Skipped { step, reason } => format!("{step} SKIPPED: {reason}"),
        Body::Retried { step, reason } => format!("{step} may be tried again: {reason}"),
        Body::AbortAsked { step, attempt } => format!("ABORT of {step} attempt {attempt} asked"),
        Body::Untrue { step, evidence } => {
            format!("{step} was done, NOT TRUE NOW: {evidence}")
        }
        Body::TrueAgain { step } => format!("{step} is true again"),
        Body::Opened { .. }
        | Body::Declared { .. }
        | Body::LedgerAccepted { .. }
        | Body::T0Set { .. }
        | Body::Escalated { .. }
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
        | Body::Resumed { .. } => String::new(),
    }
}

/// What is said when a wish was granted and is being recorded.
#[must_use]
pub fn granted(intent: &Intent) -> Clean {
    let text = match intent {
        Intent::Declare { .. } => "declared: L shows and accepts the expected losses".to_owned(),
        Intent::AcceptLedger => "expected losses accepted".to_owned(),
        Intent::AcceptCriterion { .. } => {
            "accepted as it is, by name; it stays as it is".to_owned()
        }
        Intent::SetT0 { .. } => "T0 set".to_owned(),
        Intent::Run { step, .. } => format!("{step}: going on record, then it runs"),
        Intent::Compensate { step, .. } => format!("{step}: taking it back"),
        Intent::Skip { step, .. } => format!("{step} skipped"),
        Intent::Attest { step, .. } => format!("{step} attested"),
        Intent::Retry { step, .. } => format!("{step} may be run again with r"),
        Intent::Resolve { step, .. } => format!("{step} resolved"),
        Intent::AbortStep { step, .. } => format!("{step}: asked to end"),
        Intent::Hold { .. } => "HOLD: no new step starts, the clock goes on".to_owned(),
        Intent::Release => "the plan goes on".to_owned(),
        Intent::Escalate { .. } => "escalated to ungraceful".to_owned(),
        Intent::AbortRun { .. } => "the run is being given up; W closes it".to_owned(),
        Intent::Close => "run closed".to_owned(),
        Intent::Note { .. } => "noted".to_owned(),
        Intent::Acknowledge { .. } => "acknowledged".to_owned(),
    };
    Clean::new(&text)
}

/// `0.8s behind`, `UNKNOWN`: a loss or lag in seconds.
#[must_use]
pub fn seconds(value: Option<f64>) -> String {
    match value.and_then(|s| std::time::Duration::try_from_secs_f64(s.max(0.0)).ok()) {
        Some(time) => short_time(time),
        None => "UNKNOWN".to_owned(),
    }
}
