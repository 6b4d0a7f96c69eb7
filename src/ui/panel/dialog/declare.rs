//! Declaring: what speaks for it, when it began, what would be lost; then the word and the reason.

use crate::domain::run::intent::REASON_CHARS_MIN;
use crate::domain::verdict::{Primary, Signal};
use crate::ui::model::Field;
use crate::ui::panel::words;
use crate::ui::screen::Screen;
use crate::ui::widget::ink::{BORDER, CRIT, Ink, OK, TEXT, UNKNOWN, WARN};
use crate::ui::widget::row::Row;
use crate::ui::widget::sheet::Sheet;

use super::fields::{LEAD, exact, fact, leave_row, words as words_field};
use super::ledger;

/// Failing systems named before the rest is only counted.
const SIGNALS_MAX: usize = 4;

/// Cells from which the losses stand as a table; this sheet does not scroll.
const TABLE_FROM: usize = 100;

/// The sheet.
pub(super) fn sheet(
    screen: &Screen<'_>,
    (word, reason): (&Field, &Field),
    at_reason: bool,
    width: usize,
) -> Sheet {
    let (ink, state, signals) = told(screen);
    let mut body = fact("STATE", ink, &state, width);
    let needs = screen.site.red_needs_signals;
    let rule = format!("red needs {needs} failing systems while the reference answers");
    body.extend(fact("RULE", TEXT, &rule, width));
    for signal in signals.iter().take(SIGNALS_MAX) {
        let text = format!("{} since {}: {}", signal.system, signal.since.utc(), signal.why);
        // One row each: T0 and the losses stay in sight on a small screen.
        body.push(Row::plain(" ".repeat(LEAD)).put(TEXT, text).cut(width));
    }
    if signals.len() > SIGNALS_MAX {
        let text = format!("and {} more", signals.len() - SIGNALS_MAX);
        body.extend(fact("", TEXT, &text, width));
    }
    let t0 = if words::t0(screen).is_some() {
        words::t0_text(screen)
    } else {
        "T0 is the moment of the declaration: the primary is not red".to_owned()
    };
    body.extend(fact("BEGAN", TEXT, &t0, width));
    body.extend(who(screen, width));
    if width < TABLE_FROM {
        body.extend(fact("LOSE", TEXT, &ledger::sentence(screen), width));
    } else {
        body.push(Row::new());
        body.extend(ledger::table(screen, width));
    }
    let mut foot = vec![Row::of(BORDER, "─".repeat(width))];
    foot.extend(exact(&format!("{} types", screen.me), "declare", word, !at_reason, width));
    foot.extend(words_field("the reason:", REASON_CHARS_MIN, reason, at_reason, width));
    foot.push(leave_row("Declaring runs nothing.").cut(width));
    Sheet { title: Row::plain("DECLARE A DISASTER"), right: Row::new(), body, foot, scroll: 0 }
}

fn told<'a>(screen: &Screen<'a>) -> (Ink, String, &'a [Signal]) {
    let label = words::label(screen, screen.assessment.active);
    match &screen.assessment.primary {
        Primary::Healthy => (OK, format!("ok {label}: no rule speaks against it"), &[]),
        Primary::Suspect { signals } => (WARN, format!("▲2 {label} is SUSPECT"), signals),
        Primary::Red { signals, .. } => (CRIT, format!("■1 {label} is DOWN"), signals),
        Primary::ItIsUs { signals } => {
            (UNKNOWN, "? the reference is silent too: our own network".to_owned(), signals)
        }
        Primary::Blind(why) => (UNKNOWN, format!("? nothing can be told: {why}"), &[]),
    }
}

fn who(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let names = screen.site.declarers();
    let may = screen
        .me
        .person
        .as_ref()
        .and_then(|me| screen.site.person(me))
        .is_some_and(|person| person.may_declare);
    let (ink, text) = if may {
        (TEXT, format!("{} may declare", screen.me))
    } else {
        (WARN, format!("▲2 {} may not declare; may: {}", screen.me, names.join(", ")))
    };
    fact("WHO", ink, &text, width)
}
