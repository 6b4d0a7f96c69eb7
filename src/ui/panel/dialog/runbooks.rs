//! Choosing the runbook, and whether the primary is still there.

use crate::domain::catalogue::Class;
use crate::domain::run::event::Mode;
use crate::domain::time::short_time;
use crate::ui::model::Choose;
use crate::ui::panel::words;
use crate::ui::screen::Screen;
use crate::ui::widget::ink::{BORDER, FOCUS, MUTED, SELECTION, TEXT};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::Sheet;

use super::fields::leave_row;
use super::lossy;

/// The sheet.
pub(super) fn sheet(screen: &Screen<'_>, choose: &Choose, width: usize) -> Sheet {
    let mut body: Vec<Row> = screen
        .runbooks
        .iter()
        .enumerate()
        .map(|(index, book)| {
            let chosen = index == choose.index;
            let hard = book.steps.iter().filter(|step| step.class == Class::X).count();
            let sum = book.steps.iter().map(|step| step.expect).sum();
            let left = Row::of(FOCUS, if chosen { "▸ " } else { "  " })
                .put(TEXT, format!("{}  {}", book.name, book.title));
            let right = Row::of(
                MUTED,
                format!(
                    "{} > {}  {} steps, {hard} irreversible, {} one by one",
                    words::label(screen, book.from),
                    words::label(screen, book.to),
                    book.steps.len(),
                    short_time(sum)
                ),
            );
            let row = Row::spread(left, right, width);
            if chosen { row.over(SELECTION) } else { row }
        })
        .collect();
    if body.is_empty() {
        body.push(Row::of(MUTED, "this site has no runbook"));
    }
    body.push(Row::new());
    let mode = |mode: Mode, text: &str| {
        let mark = if choose.mode == mode { "(x)" } else { "( )" };
        vec![Row::plain(format!("{mark} {}: {text}", mode.word())).cut(width)]
    };
    body.extend(mode(Mode::Planned, "both regions answer, nothing may be lost"));
    body.extend(mode(Mode::Ungraceful, "the primary is lost; lag gates use the accepted ledger"));
    body.push(Row::new());
    if let Some(book) = screen.runbooks.get(choose.index) {
        body.extend(lossy::list(book, width));
    }
    Sheet {
        title: Row::plain("CHOOSE A RUNBOOK"),
        right: Row::of(MUTED, "Tab = planned or ungraceful"),
        body,
        foot: vec![
            Row::of(BORDER, "─".repeat(width)),
            leave_row("Enter = open a run of it. Nothing is run by that.").cut(width),
        ],
        scroll: choose.scroll.max(choose.index.saturating_sub(2)),
    }
}
