//! Moving T0: the old one, the new one, what the clock becomes; then the reason and the word.

use super::prelude::*;
use std::time::Duration;

use crate::domain::moment::{MOMENT_FORM, check_t0, read_moment};
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::run::state::Run;
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, clock_text};
use crate::ui::command::Given;

use super::fields::typed as typed_row;

/// The word that confirms a new T0.
const WORD: &str = "t0";

/// Under this many rows only the field that has the cursor is shown.
const ALL_FIELDS_ROWS: usize = 14;

/// The fields, in the order in which they are filled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum At {
    /// The new T0.
    #[default]
    Time,
    /// The reason.
    Reason,
    /// The word `t0`.
    Word,
}

/// Moving T0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetT0 {
    /// The new T0 as typed.
    pub time: Field,
    /// The reason typed.
    pub reason: Field,
    /// The word typed.
    pub word: Field,
    /// The field that has the cursor.
    pub at: At,
}

impl SetT0 {
    /// The T0 that was typed, when it may be set.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    fn wanted(&self, facts: &Facts<'_>) -> Result<Stamp, String> {
        let t0 = read_moment(&self.time.text, facts.now)?;
        let of_run = |run: &Run| [Some(run.opened.0), run.clock.map(|clock| clock.t0)];
        let known = facts.run.into_iter().flat_map(of_run).flatten();
        check_t0(t0, known, facts.now)?;
        Ok(t0)
    }

    /// Goes on to the first field that is not right; the last Enter counts only when all are.
    fn enter(&mut self, hand: &mut Hand<'_>) -> After {
        let at = self.at;
        let t0 = match self.wanted(hand.facts) {
            Ok(t0) => t0,
            Err(why) => {
                self.at = At::Time;
                return hand.refuse(why);
            }
        };
        if self.reason.length() < REASON_CHARS_MIN {
            self.at = At::Reason;
            if at != At::Time {
                is_reason(hand, &self.reason);
            }
            return After::STAY;
        }
        self.at = At::Word;
        match at {
            At::Word if self.word.text != WORD => hand.refuse(format!("type exactly `{WORD}`")),
            At::Word => {
                let (reason, typed) = (Clean::new(self.reason.text.trim()), self.word.text.clone());
                let wish = Wish::Intent(Intent::SetT0 { t0, typed, reason });
                checked(hand, Command::SetT0, wish)
            }
            At::Time | At::Reason => After::STAY,
        }
    }

    fn field(&mut self) -> &mut Field {
        match self.at {
            At::Time => &mut self.time,
            At::Reason => &mut self.reason,
            At::Word => &mut self.word,
        }
    }
}

impl Dialog for SetT0 {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        match hand.command {
            Some(Command::Enter) => return self.enter(hand),
            Some(Command::NextPanel) => {
                self.at = match self.at {
                    At::Time => At::Reason,
                    At::Reason => At::Word,
                    At::Word => At::Time,
                };
            }
            Some(_) | None => {
                self.field().press(hand.key);
            }
        }
        After::STAY
    }

    fn sheet(&self, screen: &Screen<'_>, room: Room) -> Sheet {
        sheet(screen, self, room.width, room.rows)
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        let does = if self.at == At::Word { "moves T0" } else { "goes on to the next field" };
        Hints { tab: Some("next field"), ..Hints::typed(does) }
    }

    fn manner(&self) -> Manner {
        Manner::FIELD
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        vec![
            Typing::of(&mut self.time, Wants::Words, self.at == At::Time),
            Typing::of(&mut self.reason, Wants::Words, self.at == At::Reason),
            Typing::exactly(&mut self.word, WORD, self.at == At::Word),
        ]
    }

    fn fill(&mut self, given: &Given, _: &Facts<'_>) {
        if let Some(moment) = &given.moment {
            (self.time, self.at) = (Field::holding(moment), At::Reason);
        }
        if let Some(words) = &given.words {
            (self.reason, self.at) = (Field::holding(words), At::Word);
        }
    }
}

/// The sheet; `room` is the height of the content.
fn sheet(screen: &Screen<'_>, typed: &SetT0, width: usize, room: usize) -> Sheet {
    let gone = screen.forecast.elapsed.unwrap_or_default();
    let old = format!("{}; {}", phrase::t0_text(screen), clock(screen, gone).1);
    let mut body = fact("NOW", TEXT, &old, width);
    match typed.wanted(screen) {
        Ok(t0) => body.extend(becomes(screen, t0, width)),
        Err(_) if typed.time.text.trim().is_empty() => {
            body.extend(fact("BECOMES", MUTED, &format!("write {MOMENT_FORM}"), width));
        }
        Err(why) => body.extend(fact("BECOMES", WARN, &format!("▲2 {why}"), width)),
    }
    body.extend(fact("STAYS", TEXT, "the losses that were frozen, and the declaration", width));
    let asks = |at: At| {
        let active = typed.at == at;
        match at {
            At::Time => vec![
                Row::of(TEXT, "the new T0, in UTC:").cut(width),
                typed_row(&typed.time, active, TEXT, width),
            ],
            At::Reason => {
                words_field("the reason:", REASON_CHARS_MIN, &typed.reason, active, width)
            }
            At::Word => {
                let ask = format!("{} types", screen.me);
                exact(&ask, WORD, &typed.word, active, width)
            }
        }
    };
    let all = [At::Time, At::Reason, At::Word];
    let shown: &[At] = if room < ALL_FIELDS_ROWS { &[typed.at] } else { &all };
    let mut foot = vec![rule(width)];
    foot.extend(shown.iter().flat_map(|at| asks(*at)));
    foot.push(leave_row("").cut(width));
    Sheet {
        title: Row::plain("MOVE T0"),
        right: Row::of(INFO, "◆3 moves the clock, runs nothing"),
        body,
        foot,
        scroll: 0,
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
            // Whole seconds of both clocks always add up to the objective.
            let left = Duration::from_secs(rto.as_secs().saturating_sub(gone.as_secs()));
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
        rows.extend(fact("", TEXT, &format!("{apart} {way} than now"), width));
    }
    rows
}
