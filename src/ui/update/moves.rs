//! Looking around: focus, selection, scrolling, zoom and the filter.

use crate::ui::command::{Command, Context};
use crate::ui::facts::Facts;
use crate::ui::keymap::{Key, Lookup};
use crate::ui::meant::{meant, scroll_by, steps_shown};
use crate::ui::model::{Model, Panel};

/// Up, down and so on, in the focused panel: the runbook's selection, elsewhere the first row.
pub(super) fn move_in_panel(model: &mut Model, facts: &Facts<'_>, command: Command) {
    let page = usize::from(model.size.1 / 2).max(1);
    if model.focus == Panel::Runbook {
        let Some(runbook) = facts.runbook else { return };
        let lit = meant(facts, model).map(|step| &step.id);
        let steps = steps_shown(runbook, facts.run, model);
        let mut row = steps.iter().position(|step| Some(&step.id) == lit).unwrap_or(0);
        scroll_by(&mut row, steps.len(), page, Some(command));
        model.selected = steps.get(row).map(|step| step.id.clone());
        return;
    }
    let rows = match model.focus {
        Panel::RegionA | Panel::RegionB => facts.site.systems.len(),
        Panel::Replication => facts.ledger.rows.len(),
        Panel::Runbook => 0,
        Panel::Output => facts.output_rows,
        Panel::Timeline => facts.timeline_rows,
    };
    let command = match model.focus {
        // These two count the rows back from the newest.
        Panel::Output | Panel::Timeline => mirrored(command),
        Panel::RegionA | Panel::RegionB | Panel::Replication | Panel::Runbook => command,
    };
    scroll_by(&mut model.scroll[model.focus.index()], rows, page, Some(command));
}

fn mirrored(command: Command) -> Command {
    match command {
        Command::Up => Command::Down,
        Command::Down => Command::Up,
        Command::PageUp => Command::PageDown,
        Command::PageDown => Command::PageUp,
        Command::First => Command::Last,
        Command::Last => Command::First,
        other => other,
    }
}

/// Focuses a panel by its key, 1 to 6.
pub(super) fn focus(model: &mut Model, number: u8) {
    let index = usize::from(number.saturating_sub(1));
    if let Some(panel) = Panel::ALL.get(index) {
        model.focus = *panel;
    }
}

/// Focuses the next panel.
pub(super) fn next(model: &mut Model) {
    model.focus = Panel::ALL[(model.focus.index() + 1) % Panel::ALL.len()];
}

/// What esc leaves next where no dialog is open: the zoom, the filter or the selection.
pub fn back_leaves(model: &Model) -> Option<&'static str> {
    if model.zoomed {
        Some("zoom")
    } else if !model.filter.text.is_empty() {
        Some("filter")
    } else {
        model.selected.is_some().then_some("selection")
    }
}

/// Takes back one thing at a time, in the order of [`back_leaves`].
pub(super) fn back(model: &mut Model, facts: &Facts<'_>) {
    if !model.sequence.is_empty() {
        model.sequence.clear();
    } else if model.zoomed {
        model.zoomed = false;
    } else if !model.filter.text.is_empty() {
        model.filter.clear();
    } else if model.selected.is_some() {
        model.selected = None;
    } else {
        model.refuse(facts.now, "nothing is open: q leaves the console");
    }
}

/// A key while the filter is typed.
pub(super) fn filter_key(model: &mut Model, facts: &Facts<'_>, key: Key) {
    match facts.keymap.look(&[Context::Field], &[key]) {
        Lookup::Command(Command::Enter) => model.filtering = false,
        Lookup::Command(Command::Back) => {
            model.filtering = false;
            model.filter.clear();
        }
        Lookup::Command(_) | Lookup::Prefix(_) | Lookup::None => {
            model.filter.press(key);
        }
    }
}
