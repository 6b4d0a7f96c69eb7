//! Forms with one field: a note, a reason, an observed value, the fate of an unknown attempt.

use super::dialogs::After;
use super::{Facts, Wish, refuse};
use crate::domain::ids::StepId;
use crate::domain::run::decide::SHORT_REASON_CHARS_MIN;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::run::phase::Stage;
use crate::domain::text::Clean;
use crate::ui::available::{why_not_accept, why_not_step};
use crate::ui::command::Command;
use crate::ui::keymap::Key;
use crate::ui::meant::meant;
use crate::ui::model::{Field, FormPurpose, Model};
use crate::ui::replay::{ReplayKey, ReplayWish, Target};

/// The fewest characters that a form accepts.
pub fn least_chars(purpose: &FormPurpose, facts: &Facts<'_>) -> usize {
    match purpose {
        FormPurpose::Note | FormPurpose::Seek => 1,
        FormPurpose::Attest(_) | FormPurpose::Retry(..) => SHORT_REASON_CHARS_MIN,
        FormPurpose::Skip(step) => {
            let found = facts.runbook.and_then(|runbook| runbook.step(step));
            let ungraceful = facts.run.is_some_and(|run| run.is_ungraceful(step));
            let back = facts.run.is_some_and(|run| run.stage == Stage::Aborting);
            let light = !back && found.is_some_and(|step| step.optional || step.waived(ungraceful));
            if light { SHORT_REASON_CHARS_MIN } else { REASON_CHARS_MIN }
        }
        FormPurpose::Resolve(..) | FormPurpose::Escalate(_) | FormPurpose::Criterion(..) => {
            REASON_CHARS_MIN
        }
        FormPurpose::AbortStep(step) => abort_text(step).chars().count(),
    }
}

/// What is typed to abort a running step.
pub(super) fn abort_text(step: &StepId) -> String {
    format!("abort {step}")
}

/// A key in a form.
pub(super) fn press(
    model: &mut Model,
    facts: &Facts<'_>,
    purpose: &mut FormPurpose,
    field: &mut Field,
    key: Key,
    command: Option<Command>,
) -> After {
    use crossterm::event::KeyCode;
    match (command, &mut *purpose) {
        (Some(Command::Enter), _) => return enter(model, facts, purpose, field),
        (Some(Command::NextPanel), FormPurpose::Resolve(_, done)) => {
            *done = Some(!done.unwrap_or(false));
        }
        (Some(Command::NextPanel), FormPurpose::Retry(_, Some(new_key))) => *new_key = !*new_key,
        (Some(Command::NextPanel), FormPurpose::Escalate(step)) => {
            *step = match step {
                Some(_) => None,
                None => meant(facts, model).map(|step| step.id.clone()),
            };
        }
        (None, FormPurpose::Resolve(_, done))
            if field.text.is_empty() && matches!(key.code, KeyCode::Left | KeyCode::Right) =>
        {
            *done = Some(key.code == KeyCode::Left);
        }
        (Some(_) | None, _) => {
            field.press(key);
        }
    }
    After::Stay(Vec::new())
}

fn enter(model: &mut Model, facts: &Facts<'_>, purpose: &FormPurpose, field: &Field) -> After {
    let stay = After::Stay(Vec::new());
    let now = facts.now;
    let (command, id) = subject(purpose);
    let step = id.and_then(|id| facts.runbook.and_then(|runbook| runbook.step(id)));
    let why = match purpose {
        FormPurpose::Criterion(_, met) => why_not_accept(*met, facts, model),
        _ => why_not_step(command, facts, model, step),
    };
    if let Some(why) = why {
        refuse(model, now, why);
        return stay;
    }
    if let FormPurpose::AbortStep(step) = purpose {
        let wanted = abort_text(step);
        if field.text != wanted {
            refuse(model, now, format!("type exactly `{wanted}`"));
            return stay;
        }
        let (step, typed) = (step.clone(), field.text.clone());
        return After::Close(vec![Wish::Intent(Intent::AbortStep { step, typed })]);
    }
    if let FormPurpose::Resolve(_, None) = purpose {
        refuse(model, now, "choose first whether it is done or not done");
        return stay;
    }
    let least = least_chars(purpose, facts);
    if field.length() < least {
        let word = if least == 1 { "character" } else { "characters" };
        refuse(model, now, format!("this needs at least {least} {word}"));
        return stay;
    }
    let text = Clean::new(field.text.trim());
    if let Some(wish) = wish(purpose, text) {
        return After::Close(vec![wish]);
    }
    refuse(model, now, format!("write {}", Target::FORMS));
    stay
}

/// The command that a form belongs to, and its step.
fn subject(purpose: &FormPurpose) -> (Command, Option<&StepId>) {
    match purpose {
        FormPurpose::Note => (Command::Note, None),
        FormPurpose::Seek => (Command::Replay(ReplayKey::Seek), None),
        FormPurpose::Skip(step) => (Command::Skip, Some(step)),
        FormPurpose::Attest(step) => (Command::Attest, Some(step)),
        FormPurpose::Retry(step, _) => (Command::Retry, Some(step)),
        FormPurpose::Resolve(step, _) => (Command::Resolve, Some(step)),
        FormPurpose::Escalate(step) => (Command::Escalate, step.as_ref()),
        FormPurpose::AbortStep(step) => (Command::AbortStep, Some(step)),
        FormPurpose::Criterion(..) => (Command::Readiness, None),
    }
}

/// What an accepted form asks for; none when its text is no place to seek to.
fn wish(purpose: &FormPurpose, text: Clean) -> Option<Wish> {
    let intent = match purpose {
        FormPurpose::Seek => {
            return Target::parse(text.as_str()).map(ReplayWish::Seek).map(Wish::Replay);
        }
        FormPurpose::Note => Intent::Note { text },
        FormPurpose::Skip(step) => Intent::Skip { step: step.clone(), reason: text },
        FormPurpose::Attest(step) => Intent::Attest { step: step.clone(), value: text },
        FormPurpose::Retry(step, new_key) => {
            let (step, new_key) = (step.clone(), new_key.unwrap_or(false));
            Intent::Retry { step, reason: text, new_key, by_itself: false }
        }
        FormPurpose::Resolve(step, done) => {
            let (step, done) = (step.clone(), done.unwrap_or(false));
            Intent::Resolve { step, done, reason: text }
        }
        FormPurpose::Escalate(step) => Intent::Escalate { step: step.clone(), reason: text },
        FormPurpose::AbortStep(step) => {
            Intent::AbortStep { step: step.clone(), typed: text.to_string() }
        }
        FormPurpose::Criterion(key, met) => {
            Intent::AcceptCriterion { key: key.clone(), met: *met, reason: text }
        }
    };
    Some(Wish::Intent(intent))
}
