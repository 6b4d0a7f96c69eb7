//! The go/no-go list: every criterion with its evidence, since when, and who accepted it as it is.

use crate::domain::readiness::{acceptance, worst_first};
use crate::domain::run::phase::Phase;
use crate::domain::verdict::{Criterion, Met};
use crate::ui::panel::{readiness, words};
use crate::ui::screen::{Access, Screen};
use crate::ui::widget::ink::{BORDER, FOCUS, INFO, MUTED, SELECTION, TEXT};
use crate::ui::widget::row::{Row, width_of, wrap};
use crate::ui::widget::sheet::Sheet;

use super::fields::{fact, paragraph};

/// Cells before a criterion's text.
const INDENT: usize = 13;

/// Rows above the selected criterion that stay in sight.
const ABOVE: usize = 3;

/// The rows of one criterion: what is met takes one, all else shows its evidence beneath.
fn criterion_rows(
    screen: &Screen<'_>,
    criterion: &Criterion,
    selected: bool,
    width: usize,
) -> Vec<Row> {
    let (ink, glyph) = readiness::glyph(criterion);
    let run = screen.run.filter(|run| !run.stage.is_closed());
    let acceptance = run.and_then(|run| acceptance(run, criterion));
    let mark = if selected { "▸ " } else { "  " };
    let state = format!("{glyph} {}", criterion.word());
    let long = readiness::since(screen, criterion);
    let right = if width >= 100 || selected { long } else { readiness::lasts(screen, criterion) };
    let lead = Row::of(FOCUS, mark).put(ink, format!("{state:<11}"));
    let quiet = criterion.met == Met::Yes && !selected && acceptance.is_none();
    let room = width.saturating_sub(INDENT);
    let (first, rest) = if criterion.met == Met::Yes {
        (criterion.asks.to_string(), criterion.evidence.to_string())
    } else {
        (criterion.found_beside_word(), format!("wanted: {}", criterion.wanted))
    };
    let mut lines = wrap(&first, room.saturating_sub(width_of(&right) + 1)).into_iter();
    let mut head = lead.put(TEXT, lines.next().unwrap_or_default());
    if quiet {
        head = head.put(MUTED, format!(": {rest}"));
    }
    let head = Row::spread(head, Row::of(MUTED, right), width);
    let mut rows = vec![if selected { head.over(SELECTION) } else { head }];
    if quiet {
        return rows;
    }
    let beneath = |row: Row| Row::plain(" ".repeat(INDENT)).join(row);
    rows.extend(lines.map(|line| beneath(Row::of(TEXT, line))));
    if selected {
        let lines = wrap(&rest, room);
        rows.extend(lines.into_iter().map(|line| beneath(Row::of(MUTED, line))));
    } else {
        rows.push(beneath(Row::of(MUTED, rest).cut(room)));
    }
    for row in acceptance.iter().flat_map(readiness::accepted) {
        let ink = row.pieces().next().map_or(TEXT, |(ink, _)| ink);
        let lines = wrap(&row.text(), room);
        rows.extend(lines.into_iter().map(|line| beneath(Row::of(ink, line))));
    }
    rows
}

fn day_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::new(), Row::of(FOCUS, "LAST 24 HOURS")];
    rows.extend(paragraph(TEXT, &readiness::day(screen).join(", "), width));
    let lags = readiness::worst_lags(screen);
    let text = if lags.is_empty() {
        "no lag is known yet".to_owned()
    } else {
        format!("worst lag: {}", lags.join(", "))
    };
    rows.extend(paragraph(TEXT, &text, width));
    rows
}

/// Once a step that cannot be taken back was done, that the list asks a question already answered.
fn decided(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let (Some(run), Some(book)) = (screen.run, screen.runbook) else { return Vec::new() };
    let open = run.declaration.is_some() && !run.stage.is_closed();
    let promoted = book.steps.iter().find(|step| {
        step.change.promotes() && run.step(&step.id).is_some_and(|state| state.phase == Phase::Done)
    });
    let Some(step) = promoted.filter(|_| open) else { return Vec::new() };
    let standby = words::label(screen, screen.assessment.standby());
    let text = format!(
        "◆3 decided: {} is done. The list still asks whether {standby}, as a standby, may take \
         over.",
        words::named(screen, &step.id)
    );
    paragraph(INFO, &text, width)
}

/// The sheet.
pub(super) fn sheet(screen: &Screen<'_>, selected: Option<&String>, width: usize) -> Sheet {
    let sorted = worst_first(&screen.assessment.criteria);
    let place = |key: &String| sorted.iter().position(|criterion| criterion.key == *key);
    let chosen = selected.and_then(place).unwrap_or(0);
    let (mut body, mut at) = (decided(screen, width), 0);
    for (index, criterion) in sorted.iter().enumerate() {
        if index == chosen {
            at = body.len();
        }
        body.extend(criterion_rows(screen, criterion, index == chosen, width));
    }
    if sorted.is_empty() {
        body.push(Row::of(MUTED, "nothing is asked yet: nothing was heard"));
    }
    let last = chosen + 1 == sorted.len();
    body.extend(day_rows(screen, width));
    let open = screen.run.is_some_and(|run| !run.stage.is_closed());
    let how = match (screen.access, open) {
        (Access::ReadOnly, _) => "Read only: it can be accepted at the commander's console.",
        (_, false) => "What is not met can be accepted by name once a run is open.",
        (_, true) => "Enter = accept it as it is, with a reason; it stays as it is.",
    };
    let label = words::label(screen, screen.assessment.standby());
    Sheet {
        title: Row::plain(format!("GO / NO-GO  {label}")),
        right: readiness::verdict(screen),
        body,
        foot: vec![
            Row::of(BORDER, "─".repeat(width)),
            Row::of(MUTED, format!("{how}   Esc = close")).cut(width),
        ],
        // The end of the list brings the figures of the day into sight.
        scroll: if last { usize::MAX } else { at.saturating_sub(ABOVE) },
    }
}

/// What a form that accepts a criterion shows of it.
pub(super) fn form_rows(screen: &Screen<'_>, key: &str, width: usize) -> Vec<Row> {
    let found = screen.assessment.criteria.iter().find(|criterion| criterion.key == key);
    let Some(criterion) = found else {
        return fact("ASKED", MUTED, "this criterion is asked no more", width);
    };
    let (ink, glyph) = readiness::glyph(criterion);
    let mut rows = fact("ASKED", TEXT, criterion.asks.as_str(), width);
    let word = criterion.word();
    let evidence = criterion.evidence.as_str();
    // What cannot be told says so itself.
    let state = if evidence.starts_with(word) {
        format!("{glyph} {evidence}")
    } else {
        format!("{glyph} {word}: {evidence}")
    };
    rows.extend(fact("SEEN", ink, &state, width));
    rows.extend(fact("", MUTED, &readiness::since(screen, criterion), width));
    rows
}
