//! Wishes as sentences, for notices; what is on record is told by `domain/run/words.rs`.

use crate::domain::run::intent::Intent;
use crate::domain::text::Clean;
use crate::domain::time::short_time;

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
        Intent::Skip { step, .. } => format!("{step} left out, with the reason on record"),
        Intent::Attest { step, .. } => format!("{step} attested"),
        Intent::Retry { step, .. } => format!("{step} may be run again with r"),
        Intent::Resolve { step, .. } => format!("{step} resolved"),
        Intent::AbortStep { step, .. } => format!("{step}: asked to end"),
        Intent::Hold { .. } => "HOLD: no new step starts, the clock goes on".to_owned(),
        Intent::Release => "the plan goes on".to_owned(),
        Intent::Escalate { .. } => "escalated to ungraceful".to_owned(),
        Intent::AbortRun { .. } => "giving up: r takes the next step back, W closes".to_owned(),
        Intent::Close => "run closed".to_owned(),
        Intent::Note { .. } => "noted".to_owned(),
        Intent::SendUpdate { .. } => "status update on record".to_owned(),
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
