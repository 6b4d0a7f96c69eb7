//! The go/no-go list: every criterion with its evidence, since when, and who accepted it as it is.

use super::prelude::*;
use crate::domain::console::Access;
use crate::domain::readiness::{acceptance, worst_first};
use crate::domain::verdict::{Criterion, Met};
use crate::ui::available::why_not_accept;
use crate::ui::panel::fitness;

use super::form::{Form, Purpose};

/// Criteria passed by a page key.
const PAGE: usize = 8;

/// Cells before a criterion's text.
const INDENT: usize = 13;

/// Rows above the selected criterion that stay in sight.
const ABOVE: usize = 3;

/// The go/no-go list. The selection is a criterion, not a row: the list may sort itself anew.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GoNoGo {
    /// The key of the selected criterion; none for the first.
    pub selected: Option<String>,
}

impl GoNoGo {
    /// The row of the selected criterion.
    fn row(&self, sorted: &[&Criterion]) -> usize {
        let place = |key: &String| sorted.iter().position(|criterion| criterion.key == *key);
        self.selected.as_ref().and_then(place).unwrap_or(0)
    }
}

impl Dialog for GoNoGo {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        let sorted = worst_first(&hand.facts.assessment.criteria);
        let mut row = self.row(&sorted);
        if !hand.enters() {
            scroll_by(&mut row, sorted.len(), PAGE, hand.command);
            self.selected = sorted.get(row).map(|criterion| criterion.key.clone());
            return After::STAY;
        }
        let Some(criterion) = sorted.get(row) else {
            return hand.refuse("no criterion is listed");
        };
        if let Some(why) = why_not_accept(criterion.met, hand.facts) {
            return hand.refuse(why);
        }
        let purpose = Purpose::Criterion(criterion.key.clone(), criterion.met);
        After::Instead(Box::new(Form::of(purpose)))
    }

    fn sheet(&self, screen: &Screen<'_>, room: Room) -> Sheet {
        let sorted = worst_first(&screen.assessment.criteria);
        sheet(screen, &sorted, self.row(&sorted), room.width)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        Hints {
            enter: Some("accepts it as it is, with a reason"),
            enter_word: "accept as it is, with a reason",
            // What is met asks for nothing; nor does a console that only looks.
            reads_else: true,
            moves: &["up/down pgup/pgdn choose"],
            ..Hints::READ
        }
    }

    fn manner(&self) -> Manner {
        Manner::READ.scrolling(Scrolls::Itself)
    }
}

/// The rows of one criterion: what is met takes one, all else shows its evidence beneath.
fn criterion_rows(
    screen: &Screen<'_>,
    criterion: &Criterion,
    selected: bool,
    width: usize,
) -> Vec<Row> {
    let (ink, glyph) = fitness::glyph(criterion);
    let run = screen.open_run();
    let acceptance = run.and_then(|run| acceptance(run, criterion));
    let mark = if selected { "▸ " } else { "  " };
    let state = format!("{glyph} {}", criterion.word());
    let long = fitness::since(screen, criterion);
    let right = if width >= 100 || selected { long } else { fitness::lasts(screen, criterion) };
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
    let indent = " ".repeat(INDENT);
    let beneath = |row: Row| Row::plain(&indent).join(row);
    rows.extend(lines.map(|line| beneath(Row::of(TEXT, line))));
    if selected {
        rows.extend(hanging((TEXT, &indent), MUTED, &rest, width));
    } else {
        rows.push(beneath(Row::of(MUTED, rest).cut(room)));
    }
    for row in acceptance.iter().flat_map(fitness::accepted) {
        let ink = row.pieces().next().map_or(TEXT, |(ink, _)| ink);
        rows.extend(hanging((TEXT, &indent), ink, &row.text(), width));
    }
    rows
}

fn day_rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let mut rows = vec![Row::new(), Row::of(FOCUS, "LAST 24 HOURS")];
    rows.extend(paragraph(TEXT, &fitness::day(screen).join(", "), width));
    let lags = fitness::worst_lags(screen);
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
    let Some(step) = screen.promoted() else { return Vec::new() };
    let standby = phrase::label(screen, screen.assessment.standby());
    let text = format!(
        "◆3 decided: {} is done. The list still asks whether {standby}, as a standby, may take \
         over.",
        phrase::named(screen, &step.id)
    );
    paragraph(INFO, &text, width)
}

fn sheet(screen: &Screen<'_>, sorted: &[&Criterion], chosen: usize, width: usize) -> Sheet {
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
    let open = screen.open_run().is_some();
    let how = match (screen.access, open) {
        (Access::ReadOnly, _) => "Read only: it can be accepted at the commander's console.",
        (_, false) => "What is not met can be accepted by name once a run is open.",
        (_, true) => "Enter = accept it as it is, with a reason; it stays as it is.",
    };
    let label = phrase::label(screen, screen.assessment.standby());
    let foot = vec![rule(width), Row::of(MUTED, format!("{how}   Esc = close")).cut(width)];
    let sheet = Sheet::of(format!("GO / NO-GO  {label}"), fitness::verdict(screen), body, foot);
    // The end of the list brings the figures of the day into sight.
    sheet.at(if last { usize::MAX } else { at.saturating_sub(ABOVE) })
}
