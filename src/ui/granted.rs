//! Wishes as sentences, for notices; what is on record is told by `domain/run/words.rs`.

use crate::domain::ids::StepId;
use crate::domain::run::intent::Intent;
use crate::domain::run::words;
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;
use crate::ui::command::Command;

/// What is said when a wish was granted and is being recorded; `key` is how a command is bound.
pub fn granted(intent: &Intent, plan: Option<&Runbook>, key: impl Fn(Command) -> String) -> Clean {
    let name = |step: &StepId| words::name(plan, step);
    let text = match intent {
        Intent::Declare { .. } => {
            let key = key(Command::AcceptLedger);
            format!("declared: {key} shows and accepts the expected losses")
        }
        Intent::AcceptLedger => "expected losses accepted".to_owned(),
        Intent::AcceptCriterion { .. } => {
            "accepted as it is, by name; it stays as it is".to_owned()
        }
        Intent::SetT0 { .. } => "T0 set".to_owned(),
        Intent::Run { step, .. } => format!("{}: going on record, then it runs", name(step)),
        Intent::Compensate { step, .. } => format!("{}: taking it back", name(step)),
        Intent::Skip { step, .. } => format!("{} left out, with the reason on record", name(step)),
        Intent::Attest { step, .. } => format!("{} attested", name(step)),
        Intent::Retry { step, .. } => {
            format!("{} may be run again with {}", name(step), key(Command::Run))
        }
        Intent::Resolve { step, .. } => format!("{} resolved", name(step)),
        Intent::AbortStep { step, .. } => format!("{}: asked to end", name(step)),
        Intent::Hold { .. } => "HOLD: no new step starts, the clock goes on".to_owned(),
        Intent::Release => "the plan goes on".to_owned(),
        Intent::Escalate { .. } => "escalated to ungraceful".to_owned(),
        Intent::AbortRun { .. } => {
            let (run, close) = (key(Command::Run), key(Command::Close));
            format!("giving up: {run} takes the next step back, {close} closes")
        }
        Intent::Close => "run closed".to_owned(),
        Intent::Note { .. } => "noted".to_owned(),
        Intent::SendUpdate { .. } => "status update on record".to_owned(),
        Intent::Acknowledge { .. } => "acknowledged".to_owned(),
    };
    Clean::new(&text)
}
