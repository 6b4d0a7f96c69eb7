//! What was typed and may not stand on a screen or on record: masked before a frame shows it whole.

use super::card::wanted;
use super::form::abort_text;
use super::{Facts, refuse};
use crate::ui::model::{Dialog, Field, FormPurpose, Model};

/// What is said of it.
const TOLD: &str = "what you typed held a secret of this site: it was masked, and is not recorded";

/// Masks every field that is being typed in; the notice row says so. Nothing else of the model
/// comes from keys. The words that a dialog asks for are on the screen already and recorded
/// nowhere: they are left as they are, so that no secret can stand in the way of an act.
pub fn mask_typed(model: &mut Model, facts: &Facts<'_>, mask: impl Fn(&str) -> String) {
    let mut masked = false;
    let mut look = |field: &mut Field, wanted: Option<&str>| {
        if field.text.is_empty() || wanted.is_some_and(|wanted| wanted.starts_with(&field.text)) {
            return;
        }
        let text = mask(&field.text);
        if text != field.text {
            *field = Field::holding(&text);
            masked = true;
        }
    };
    look(&mut model.filter, None);
    match &mut model.dialog {
        Some(Dialog::Card(card)) => {
            let step = facts.runbook.and_then(|runbook| runbook.step(&card.step));
            let wanted = step.map(|step| wanted(facts, step, card.back));
            look(&mut card.field, wanted.as_deref());
            if let Some((_, reason)) = &mut card.breaking {
                look(reason, None);
            }
        }
        Some(Dialog::Form { purpose: FormPurpose::AbortStep(step), field, .. }) => {
            look(field, Some(&abort_text(step)));
        }
        Some(
            Dialog::Form { field, .. }
            | Dialog::Palette { field, .. }
            | Dialog::Update { field, .. },
        ) => look(field, None),
        Some(Dialog::Declare { word, reason, .. }) => {
            look(word, Some("declare"));
            look(reason, None);
        }
        Some(Dialog::AbortRun { word, reason, .. }) => {
            look(word, Some("abort run"));
            look(reason, None);
        }
        Some(Dialog::Arm { field, .. }) => look(field, Some("arm")),
        Some(Dialog::SetT0 { typed, .. }) => {
            look(&mut typed.time, None);
            look(&mut typed.reason, None);
            look(&mut typed.word, Some(super::T0_WORD));
        }
        None
        | Some(
            Dialog::Help { .. }
            | Dialog::Ledger { .. }
            | Dialog::Choose(_)
            | Dialog::Evidence { .. }
            | Dialog::Report { .. }
            | Dialog::Readiness { .. }
            | Dialog::Close { .. }
            | Dialog::Leave { .. },
        ) => {}
    }
    if masked {
        refuse(model, facts.now, TOLD);
    }
}
