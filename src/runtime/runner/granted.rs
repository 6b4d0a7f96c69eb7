//! What a record grants: which variant of its step, and which action.

use crate::domain::run::commit::IntentRecord;
use crate::domain::run::event::{Body, Mode, Purpose, RunEvent};

/// The variant in which the step of an intent is performed or taken back: the one in force when it
/// was last granted forward. What was escalated after that changes nothing.
pub(super) fn mode_of(opened: Mode, events: &[RunEvent], intent: &IntentRecord) -> Mode {
    let does_it = |event: &&RunEvent| {
        matches!(
            &event.body,
            Body::Intended { step, purpose: Purpose::Forward, .. } if *step == intent.step
        )
    };
    let granted = events.iter().take_while(|event| event.seq <= intent.seq);
    let until = granted.filter(does_it).last().map_or(intent.seq, |event| event.seq);
    let escalated = events.iter().take_while(|event| event.seq < until).any(|event| {
        matches!(
            &event.body,
            Body::Escalated { step, .. } if step.as_ref().is_none_or(|step| *step == intent.step)
        )
    });
    if escalated { Mode::Ungraceful } else { opened }
}

/// The action that the record grants.
pub(super) fn action_of(events: &[RunEvent], intent: &IntentRecord) -> String {
    let granted = events.iter().find(|event| event.seq == intent.seq);
    match granted.map(|event| &event.body) {
        Some(Body::Intended { action, .. }) => action.clone(),
        _ => String::new(),
    }
}
