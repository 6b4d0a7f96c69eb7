//! Keys in the go/no-go list: choose a criterion, and ask for the reason of accepting it as it is.

use super::dialogs::After;
use super::moves::scroll_by;
use super::{Facts, refuse};
use crate::domain::readiness::worst_first;
use crate::ui::available::why_not_accept;
use crate::ui::command::Command;
use crate::ui::model::{Dialog, Field, FormPurpose, Model};

/// Criteria passed by a page key.
const PAGE: usize = 8;

/// A key in the list. The selection is a criterion, not a row: the list may sort itself anew.
pub(super) fn press(
    model: &mut Model,
    facts: &Facts<'_>,
    selected: &mut Option<String>,
    command: Option<Command>,
) -> After {
    let sorted = worst_first(&facts.assessment.criteria);
    let place = |key: &String| sorted.iter().position(|criterion| criterion.key == *key);
    let mut row = selected.as_ref().and_then(place).unwrap_or(0);
    if command == Some(Command::Enter) {
        let Some(criterion) = sorted.get(row) else {
            refuse(model, facts.now, "no criterion is listed");
            return After::Stay(Vec::new());
        };
        if let Some(why) = why_not_accept(criterion.met, facts, model) {
            refuse(model, facts.now, why);
            return After::Stay(Vec::new());
        }
        let purpose = FormPurpose::Criterion(criterion.key.clone(), criterion.met);
        let (field, opened) = (Field::default(), facts.now);
        return After::Instead(Dialog::Form { purpose, field, opened });
    }
    scroll_by(&mut row, sorted.len(), PAGE, command);
    *selected = sorted.get(row).map(|criterion| criterion.key.clone());
    After::Stay(Vec::new())
}
