//! What a record grants: which variant of its step, and which action.

use crate::domain::run::commit::IntentRecord;
use crate::domain::run::event::{Body, Mode, Purpose, RunEvent, Warrant};

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

/// The action that the record grants, and its terms; a record of an earlier version has none.
pub(super) fn terms_of(events: &[RunEvent], intent: &IntentRecord) -> (String, Option<Warrant>) {
    let granted = events.iter().find(|event| event.seq == intent.seq);
    match granted.map(|event| &event.body) {
        Some(Body::Intended { action, warrant, .. }) => (action.clone(), warrant.clone()),
        _ => (String::new(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::{Class, Fencing};
    use crate::domain::ids::{RunId, StepId};
    use crate::domain::run::commit::Hash;
    use crate::domain::run::event::Actor;
    use crate::domain::time::{BootId, Stamp};

    fn step(name: &str) -> StepId {
        StepId::new(name).expect("a name")
    }

    fn body(word: &str) -> Body {
        let reason = || "A is lost".into();
        match word {
            "escalate" => Body::Escalated { step: None, reason: reason() },
            "escalate pg" => Body::Escalated { step: Some(step("pg")), reason: reason() },
            "escalate dns" => Body::Escalated { step: Some(step("dns")), reason: reason() },
            word => Body::Intended {
                step: step("pg"),
                attempt: 1,
                purpose: if word == "back" { Purpose::Compensate } else { Purpose::Forward },
                action: format!("t.{word}"),
                class: Class::X,
                fencing: Fencing::NotFenced,
                gates: Vec::new(),
                call: "call".into(),
                warrant: None,
            },
        }
    }

    #[test]
    fn what_was_granted_is_what_is_performed() {
        // The intent is the last `do` or `back` before the bar; what follows came later.
        let check = |opened: Mode, before: &[&str], after: &[&str], want: Mode| {
            let at = Stamp { wall_ms: 0, boot_ms: 0, boot: BootId(1) };
            let by = Actor { person: None, user: "anna".into(), host: "h".into() };
            let events: Vec<RunEvent> = before
                .iter()
                .chain(after)
                .zip(2..)
                .map(|(word, seq)| RunEvent { seq, at, by: by.clone(), body: body(word) })
                .collect();
            let intent = IntentRecord {
                run: RunId::new("lms-1").expect("a name"),
                step: step("pg"),
                attempt: 1,
                purpose: Purpose::Forward,
                seq: u64::try_from(before.len()).expect("small") + 1,
                hash: Hash::NONE,
            };
            assert_eq!(mode_of(opened, &events, &intent), want, "{before:?} {after:?}");
            let last = before.last().expect("an intent");
            assert_eq!(terms_of(&events, &intent).0, format!("t.{last}"));
        };
        let (planned, lost) = (Mode::Planned, Mode::Ungraceful);
        check(planned, &["do"], &[], planned);
        check(planned, &["escalate", "do"], &[], lost);
        check(planned, &["escalate pg", "do"], &[], lost);
        check(planned, &["escalate dns", "do"], &[], planned);
        check(planned, &["do"], &["escalate", "escalate pg"], planned);
        check(lost, &["do"], &[], lost);
        // It is taken back in the variant in which it was done.
        check(planned, &["do", "escalate", "back"], &[], planned);
        check(planned, &["do", "escalate", "do", "back"], &[], lost);
    }
}
