//! Declaring: what speaks for it, when it began, what would be lost; then the word and the reason.

use super::prelude::*;
use crate::domain::run::intent::Intent;
use crate::domain::verdict::{Primary, Signal};

use super::asked::{Ask, Asked};
use super::ledger;

/// Failing systems named before the rest is only counted.
const SIGNALS_MAX: usize = 4;

/// Cells from which the losses stand as a table; this sheet does not scroll.
const TABLE_FROM: usize = 100;

/// Declaring: the word, then the reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Declare(pub Asked);

impl Default for Declare {
    fn default() -> Self {
        Self(Asked::of(&[Ask::Word("declare"), Ask::Reason]))
    }
}

impl Dialog for Declare {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        if let Some(after) = self.0.press(hand) {
            return after;
        }
        let (typed, reason) = (self.0.text(0).to_owned(), self.0.reason(1));
        checked(hand, Command::Declare, Wish::Intent(Intent::Declare { typed, reason }))
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
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
        let t0 = if phrase::t0(screen).is_some() {
            phrase::t0_text(screen)
        } else {
            "T0 is the moment of the declaration: the primary is not red".to_owned()
        };
        body.extend(fact("BEGAN", TEXT, &t0, width));
        body.extend(who(screen, width));
        if width < TABLE_FROM {
            body.extend(fact("LOSE", TEXT, &phrase::losses(screen), width));
        } else {
            body.push(Row::new());
            body.extend(ledger::table(screen, width));
        }
        let foot = self.0.foot(screen, "Declaring runs nothing.", width, true);
        Sheet::of("DECLARE A DISASTER", Row::new(), body, foot)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        self.0.hints("declares, and runs nothing", "goes on to the reason")
    }

    fn manner(&self) -> Manner {
        Manner::FIELD
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        self.0.typing()
    }
}

fn told<'a>(screen: &Screen<'a>) -> (Ink, String, &'a [Signal]) {
    let label = phrase::label(screen, screen.assessment.active);
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
