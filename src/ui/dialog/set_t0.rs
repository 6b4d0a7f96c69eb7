//! Moving T0: the old one, the new one, what the clock becomes; then the reason and the word.

use super::prelude::*;
use std::time::Duration;

use crate::domain::moment::MOMENT_FORM;
use crate::domain::run::intent::Intent;
use crate::domain::time::{Stamp, clock_text};
use crate::ui::command::Given;
use crate::ui::panel::clocks;

use super::asked::{Ask, Asked, wanted_t0};

/// Under this many rows only the field that has the cursor is shown.
const ALL_FIELDS_ROWS: usize = 14;

/// Moving T0: the new one, the reason, then the word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetT0(pub Asked);

impl Default for SetT0 {
    fn default() -> Self {
        Self(Asked::of(&[Ask::T0, Ask::Reason, Ask::Word("t0")]))
    }
}

impl Dialog for SetT0 {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        if let Some(after) = self.0.press(hand) {
            return after;
        }
        let t0 = match wanted_t0(self.0.text(0), hand.facts) {
            Ok(t0) => t0,
            Err(why) => return hand.refuse(why),
        };
        let (reason, typed) = (self.0.reason(1), self.0.text(2).to_owned());
        checked(hand, Command::SetT0, Wish::Intent(Intent::SetT0 { t0, typed, reason }))
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, rows, .. }: Room) -> Sheet {
        let gone = screen.forecast.elapsed.unwrap_or_default();
        let old = format!("{}; {}", phrase::t0_text(screen), clock(screen, gone).1);
        let mut body = fact("NOW", TEXT, &old, width);
        match wanted_t0(self.0.text(0), screen) {
            Ok(t0) => body.extend(becomes(screen, t0, width)),
            Err(_) if self.0.text(0).trim().is_empty() => {
                body.extend(fact("BECOMES", MUTED, &format!("write {MOMENT_FORM}"), width));
            }
            Err(why) => body.extend(fact("BECOMES", WARN, &format!("▲2 {why}"), width)),
        }
        let stays = "the losses that were frozen, and the declaration";
        body.extend(fact("STAYS", TEXT, stays, width));
        let right = Row::of(INFO, "◆3 moves the clock, runs nothing");
        let foot = self.0.foot(screen, "", width, rows >= ALL_FIELDS_ROWS);
        Sheet::of("MOVE T0", right, body, foot)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        self.0.hints("moves T0", "goes on to the next field")
    }

    fn manner(&self) -> Manner {
        Manner::FIELD
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        self.0.typing()
    }

    fn fill(&mut self, given: &Given, _: &Facts<'_>) {
        for (index, text) in [&given.moment, &given.words].into_iter().enumerate() {
            if let Some(text) = text {
                (self.0.fields[index], self.0.at) = (Field::holding(text), index + 1);
            }
        }
    }
}

/// What the clock says at some time since T0.
fn clock(screen: &Screen<'_>, gone: Duration) -> (Ink, String) {
    let lead = format!("clock T+{}", clock_text(gone));
    match screen.forecast.rto {
        None => (TEXT, lead),
        Some(rto) if gone >= rto => {
            (CRIT, format!("{lead}, BREACHED, over by {}", clock_text(gone.saturating_sub(rto))))
        }
        Some(rto) => {
            let left = clocks::left_of(rto, gone);
            (TEXT, format!("{lead}, {} left", clock_text(left)))
        }
    }
}

fn becomes(screen: &Screen<'_>, t0: Stamp, width: usize) -> Vec<Row> {
    let (ink, told) = clock(screen, screen.now.since(t0));
    let mut rows = fact("BECOMES", ink, &format!("T0 {}; {told}", t0.utc().dated()), width);
    let old = phrase::t0(screen).map(|(at, _)| at);
    if let Some(old) = old {
        let apart = clock_text(Duration::from_millis(old.wall_ms.abs_diff(t0.wall_ms)));
        let way = if t0.wall_ms < old.wall_ms { "earlier" } else { "later" };
        rows.extend(fact("", TEXT, &format!("{apart} {way} than the T0 of now"), width));
    }
    rows
}
