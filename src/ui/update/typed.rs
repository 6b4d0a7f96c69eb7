//! What was typed and may not stand on a screen or on record: masked before a frame shows it whole.

use crate::ui::facts::Facts;
use crate::ui::field::Field;
use crate::ui::model::Model;
use crate::ui::over::Wants;

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
    let typing = model.dialog.as_mut().map(|dialog| dialog.typing(facts)).unwrap_or_default();
    for typing in typing {
        match typing.wants {
            Wants::Words | Wants::Name => look(typing.field, None),
            Wants::Exactly(text) => look(typing.field, Some(&text)),
        }
    }
    if masked {
        model.refuse(facts.now, TOLD);
    }
}
