//! Each word of the journal as a sentence of the report, made safe for Markdown.

use std::fmt;
use std::time::Duration;

use crate::domain::ids::StepId;
use crate::domain::run::event::{Body, Closing, Outcome, Purpose};
use crate::domain::time::{Stamp, short_time};
use crate::domain::verdict::T0Basis;

/// Text that cannot change the shape of a Markdown document or of a table.
pub(super) fn safe(text: &impl fmt::Display) -> String {
    let text = text.to_string();
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '[' | ']' => {
                out.push('\\');
                out.push(character);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(character),
        }
    }
    out
}

/// `2026-11-20 14:02:10Z`.
pub(super) fn moment(at: Stamp) -> String {
    let utc = at.utc();
    format!("{} {utc}", utc.date())
}

/// Seconds as a length of time with its unit.
pub(super) fn seconds_text(seconds: f64) -> String {
    Duration::try_from_secs_f64(seconds.max(0.0))
        .map_or_else(|_| format!("{seconds} s"), short_time)
}

/// How an attempt ended, in words.
pub(super) fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { evidence } => format!("call succeeded: {}", safe(evidence)),
        Outcome::AlreadySo { evidence } => {
            format!("already so, nothing called: {}", safe(evidence))
        }
        Outcome::Failed { cause, message } => format!("{}: {}", cause.words(), safe(message)),
        Outcome::Unknown { message } => format!("UNKNOWN: {}", safe(message)),
    }
}

/// What happened, for the timeline.
pub(super) fn sentence(body: &Body) -> String {
    match body {
        Body::Opened { run, kind, runbook, direction, mode, .. } => format!(
            "opened {} {run}: runbook `{runbook}`, {} to {}, {}",
            kind.badge(),
            direction.from,
            direction.to,
            mode.word()
        ),
        Body::Declared { t0, basis, signals, reason, .. } => {
            let names: Vec<&str> = signals.iter().map(|signal| signal.system.as_str()).collect();
            let basis = match basis {
                T0Basis::Exact => "",
                T0Basis::AtOrBefore => " or before",
                T0Basis::Set => " (set)",
            };
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let t0 = moment(*t0);
            format!("DECLARED, T0 {t0}{basis}; signals: {names}; reason: {}", safe(reason))
        }
        Body::LedgerAccepted { summary } => format!("expected losses accepted: {}", safe(summary)),
        Body::T0Set { t0, reason } => format!("T0 set to {}: {}", moment(*t0), safe(reason)),
        Body::Escalated { step, reason } => {
            let what = step.as_ref().map_or("the run".to_owned(), |step| format!("`{step}`"));
            format!("{what} goes on as ungraceful: {}", safe(reason))
        }
        Body::Held { reason } if reason.is_empty() => "plan held".to_owned(),
        Body::Held { reason } => format!("plan held: {}", safe(reason)),
        Body::Released => "plan goes on".to_owned(),
        Body::Restored { evidence } => format!("RESTORED, clock stopped: {}", safe(evidence)),
        Body::LossMeasured { system, seconds, how } => {
            format!("loss of `{system}` measured: {}, {}", seconds_text(*seconds), safe(how))
        }
        Body::AbortStarted { reason } => format!("run is being given up: {}", safe(reason)),
        Body::Closed { closing } => match closing {
            Closing::Complete => "closed: complete".to_owned(),
            Closing::CompleteExcept { steps } => {
                let steps: Vec<&str> = steps.iter().map(StepId::as_str).collect();
                format!("closed: complete except {}", steps.join(", "))
            }
            Closing::Aborted => "closed: aborted".to_owned(),
        },
        Body::Noted { text } => format!("note: {}", safe(text)),
        Body::Acknowledged { alarm } => format!("alarm acknowledged: {}", safe(alarm)),
        Body::Alarmed { raised: true, sentence, .. } => format!("alarm: {}", safe(sentence)),
        Body::Alarmed { raised: false, sentence, .. } => {
            format!("alarm cleared: {}", safe(sentence))
        }
        Body::TierRestored { .. }
        | Body::CriterionAccepted { .. }
        | Body::Forecasted { .. }
        | Body::AbortPlanned { .. }
        | Body::Updated { .. } => told_sentence(body),
        Body::Resumed { found } => format!("console resumed: {}", safe(found)),
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
        | Body::TrueAgain { .. } => step_sentence(body),
    }
}

fn told_sentence(body: &Body) -> String {
    match body {
        Body::TierRestored { tier, evidence } => {
            format!("tier `{tier}` RESTORED: {}", safe(evidence))
        }
        Body::CriterionAccepted { asks, evidence, reason } => {
            let (asks, evidence, reason) = (safe(asks), safe(evidence), safe(reason));
            format!("criterion accepted as it is: {asks} ({evidence}): {reason}")
        }
        Body::Forecasted { finish_p50_s, finish_p80_s, runs } => {
            let (p50, p80) = (seconds_text(*finish_p50_s), seconds_text(*finish_p80_s));
            format!("forecast: finish at T+{p50} (p50), T+{p80} (p80), from {runs} earlier runs")
        }
        Body::AbortPlanned { back, stays } => {
            format!("abort planned: {} steps to take back, {} stay", back.len(), stays.len())
        }
        Body::Updated { number, .. } => format!("status update {number} handed over"),
        _ => String::new(),
    }
}

fn step_sentence(body: &Body) -> String {
    let found = |done: &bool| if *done { "it is done" } else { "it is not done" };
    match body {
        Body::Intended { step, attempt, purpose, action, class, fencing, call, .. } => {
            let purpose = match purpose {
                Purpose::Forward => "",
                Purpose::Compensate => " (taking back)",
            };
            let fencing = fencing.words();
            format!(
                "`{step}` attempt {attempt}{purpose} authorised: {action}, class {class}, \
                 {fencing}; {}",
                safe(call)
            )
        }
        Body::Started { step, attempt } => format!("`{step}` attempt {attempt} started"),
        Body::Ended { step, attempt, outcome } => {
            format!("`{step}` attempt {attempt} ended: {}", outcome_words(outcome))
        }
        Body::Verified { step, evidence, .. } => format!("`{step}` verified: {}", safe(evidence)),
        Body::NotVerified { step, evidence, .. } => {
            format!("`{step}` NOT verified: {}", safe(evidence))
        }
        Body::Reconciled { step, done, evidence, .. } => {
            format!("`{step}` probed, {}: {}", found(done), safe(evidence))
        }
        Body::Resolved { step, done, reason, .. } => {
            format!("`{step}` resolved by a person, {}: {}", found(done), safe(reason))
        }
        Body::Attested { step, value } => format!("`{step}` attested: {}", safe(value)),
        Body::Skipped { step, reason } => format!("`{step}` skipped: {}", safe(reason)),
        Body::Retried { step, reason } => format!("`{step}` to be tried again: {}", safe(reason)),
        Body::AbortAsked { step, attempt } => format!("`{step}` attempt {attempt}: abort asked"),
        Body::Untrue { step, evidence } => {
            format!("`{step}` was done, not true now: {}", safe(evidence))
        }
        Body::TrueAgain { step } => format!("`{step}` is true again"),
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

/// A difference with its sign: `+12s`, `-1s`.
pub(super) fn difference(actual: Duration, expected: Duration) -> String {
    match actual.checked_sub(expected) {
        Some(longer) => format!("+{}", short_time(longer)),
        None => format!("-{}", short_time(expected.saturating_sub(actual))),
    }
}
