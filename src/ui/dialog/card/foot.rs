//! The foot of a step's card: what its guard asks for, how far that is, and the seconds to stop it.

use crate::domain::catalogue::Guard;
use crate::domain::console::Access;
use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::runbook::Step;
use crate::ui::dialog::prelude::*;
use crate::ui::widget::ink::{BROKEN, WINDOW};
use crate::ui::widget::sheet::Fold;

use super::keys::STOP_WINDOW;
use super::state::Card;
use crate::ui::available::{GUARDED_SIZE_MIN, too_small_for, why_not_step};

/// Under this many rows of the terminal the foot says only what must be said.
const TIGHT_BELOW: u16 = 30;

/// The foot of the card.
pub(super) fn rows(
    screen: &Screen<'_>,
    card: &Card,
    step: &Step,
    (width, size): (usize, (u16, u16)),
    fold: Fold,
) -> Vec<Row> {
    let mut rows = if card.confirming && is_tight(size) { Vec::new() } else { vec![rule(width)] };
    if !card.confirming {
        rows.extend(reading(screen, card, step, (width, size)));
        return rows;
    }
    if let Some(began) = card.window {
        let gone = screen.now.since(began);
        let left = STOP_WINDOW.saturating_sub(gone).as_millis().div_ceil(1000);
        rows.push(Row::of(WINDOW, format!("STARTS IN {left} s, ANY KEY STOPS IT")));
        rows.push(Row::of(MUTED, "checked once more at the last moment"));
        return rows;
    }
    if too_small_for(card.guard(step), size).is_some() {
        let (columns, lines) = GUARDED_SIZE_MIN;
        let text = format!("too small: enlarge to {columns}x{lines}. Esc leaves");
        rows.push(Row::of(WARN, text).cut(width));
        return rows;
    }
    rows.push(checks(screen, card, step).cut(width));
    let tight = is_tight(size);
    rows.extend(broken(screen, card, step, (width, tight)));
    if let Some(wanted) = card.wanted(step, screen) {
        rows.extend(typed_rows(screen, card, step, &wanted, (width, size), fold));
    } else {
        rows.extend(paragraph(
            TEXT,
            "starts by itself once the dry run is there and every check holds, after 3 s in which \
             any key stops it",
            width,
        ));
        rows.push(leave_row(if glass(screen, card) { "Tab = break glass" } else { "" }, width));
    }
    rows
}

/// True where one gate, and no more, is in the way: it can be broken.
fn glass(screen: &Screen<'_>, card: &Card) -> bool {
    card.breaking.is_some() || card.breakable(screen.model, screen).is_ok()
}

/// The checks in one row, since their list may be scrolled out of sight.
fn checks(screen: &Screen<'_>, card: &Card, step: &Step) -> Row {
    let gates = if card.back { Vec::new() } else { screen.gates(step) };
    let open: Vec<_> = gates.iter().filter(|seen| seen.held != Some(true)).collect();
    match open.first() {
        None if gates.is_empty() => Row::of(MUTED, "no check is written for this step"),
        None => Row::of(OK, format!("ok {} checks, all hold", gates.len())),
        Some(first) => {
            let (count, all) = (open.len(), gates.len());
            Row::of(CRIT, format!("■1 {count} of {all} checks do not hold"))
                .put(TEXT, format!(": {}", first.says()))
        }
    }
}

/// What stands there while the card is only being read.
fn reading(
    screen: &Screen<'_>,
    card: &Card,
    step: &Step,
    (width, size): (usize, (u16, u16)),
) -> Vec<Row> {
    let key = phrase::key(screen, card.command());
    let guard = card.guard(step);
    let how = match guard {
        Guard::OneKey => "one key",
        Guard::StopWindow => "one key, then 3 s in which any key stops it",
        Guard::TypedTarget => "the target is typed",
        Guard::TypedVerb => "verb and target are typed, then 3 s in which any key stops it",
    };
    let small = too_small_for(guard, size).filter(|_| screen.access != Access::ReadOnly);
    let text = match screen.access {
        _ if small.is_some() => small.unwrap_or_default().to_string(),
        Access::ReadOnly => "read only: no key here changes anything".to_owned(),
        Access::Safe => format!(
            "{} arms this console; then close this and {key} runs it: {how}",
            phrase::key(screen, Command::Arm)
        ),
        Access::Armed => match why_not_step(card.command(), screen, screen.model, Some(step)) {
            Some(why) => format!("only being read; {key} is refused: {why}"),
            None => format!("only being read: close this, then {key} runs it: {how}"),
        },
    };
    let mut rows = paragraph(TEXT, &text, width);
    rows.push(Row::of(MUTED, "Enter never runs a step.   Esc = close"));
    rows
}

/// True where every row is needed for what must be read.
fn is_tight(size: (u16, u16)) -> bool {
    size.1 < TIGHT_BELOW
}

/// The one rule that is being broken, with its reason.
fn broken(
    screen: &Screen<'_>,
    card: &Card,
    step: &Step,
    (width, tight): (usize, bool),
) -> Vec<Row> {
    let Some((index, reason)) = &card.breaking else { return Vec::new() };
    let gate = step.gates.get(*index).map_or_else(String::new, |gate| {
        let side = screen.direction().side(gate.place);
        format!("{} {} in {side}", gate.system, gate.fact)
    });
    let active = card.at_reason;
    let mut rows =
        vec![Row::of(BROKEN, format!("BREAK GLASS: goes on although `{gate}` does not hold"))];
    let ask = "the reason, on record for ever:";
    let field = words_field(ask, REASON_CHARS_MIN, reason, active, width);
    // The field says itself what it wants where the rows are needed for what must be read.
    rows.extend(field.into_iter().skip(usize::from(tight)));
    rows
}

fn typed_rows(
    screen: &Screen<'_>,
    card: &Card,
    step: &Step,
    wanted: &str,
    (width, size): (usize, (u16, u16)),
    fold: Fold,
) -> Vec<Row> {
    let active = !card.at_reason || card.breaking.is_none();
    let mut rows = exact(&format!("{} types", screen.me), wanted, &card.field, active, width);
    if step.second_person {
        let run = screen.run.map_or_else(String::new, |run| run.id.to_string());
        rows.push(
            Row::of(FOCUS, "second person, on their own machine:  ")
                .put(TEXT, format!("warroom approve {run} {}", step.id)),
        );
    }
    let then = match card.guard(step) {
        Guard::TypedVerb => "Enter is dead until it matches, then 3 s to stop it.",
        Guard::OneKey | Guard::StopWindow | Guard::TypedTarget => {
            "Enter is dead until it matches, then it runs."
        }
    };
    rows.push(match card.unread(fold.last) {
        None if glass(screen, card) => Row::of(MUTED, format!("{then}   Tab = break glass")),
        None => Row::of(MUTED, then),
        Some(rows) => Row::of(WARN, format!("pgdn: {rows} to read, Enter is dead until then")),
    });
    // How to leave stands in the last row, too.
    if !is_tight(size) {
        rows.push(leave_row("", width));
    }
    rows
}
