//! A question that Enter answers: arming, closing a run and leaving, a row each of one table.

use super::prelude::*;
use crate::domain::run::intent::Intent;
use crate::domain::run::phase::Phase;

use super::close;

/// The questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Leaving SAFE: what that means, then the word `arm`.
    Arm,
    /// Closing the run: how it would end and what is left.
    Close,
    /// Leaving during an open run: steps go on.
    Leave,
}

/// What a question says.
struct Says {
    /// The command that it belongs to.
    command: Command,
    title: &'static str,
    right: (Ink, &'static str),
    body: fn(&Screen<'_>, usize) -> Vec<Row>,
    /// The word that must be typed.
    word: Option<&'static str>,
    /// What Enter does, in the foot and for NEXT.
    enter: &'static str,
    does: &'static str,
    wish: Wish,
}

impl Asks {
    /// The table.
    fn says(self) -> Says {
        match self {
            Self::Arm => Says {
                command: Command::Arm,
                title: "ARM THIS CONSOLE",
                right: (TEXT, ""),
                body: arm,
                word: Some("arm"),
                enter: "",
                does: "arms this console",
                wish: Wish::Arm,
            },
            Self::Close => Says {
                command: Command::Close,
                title: "CLOSE THE RUN",
                right: (TEXT, ""),
                body: close::body,
                word: None,
                enter: "Enter = close it.",
                does: "closes the run",
                wish: Wish::Intent(Intent::Close),
            },
            Self::Leave => Says {
                command: Command::Quit,
                title: "LEAVE THE CONSOLE",
                right: (INFO, "◆3 the run stays open"),
                body: leave,
                word: None,
                enter: "Enter = leave the console.",
                does: "leaves the console; the run goes on",
                wish: Wish::Leave,
            },
        }
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What is asked.
    pub asks: Asks,
    /// The word typed.
    pub field: Field,
}

impl Question {
    /// The question, with nothing typed.
    pub fn of(asks: Asks) -> Self {
        Self { asks, field: Field::default() }
    }
}

impl Dialog for Question {
    fn press(&mut self, hand: &mut Hand<'_>) -> After {
        let says = self.asks.says();
        match says.word {
            Some(word) if hand.enters() && self.field.text != word => {
                hand.refuse(format!("type exactly `{word}`"))
            }
            _ if hand.enters() => checked(hand, says.command, says.wish),
            Some(_) => {
                self.field.press(hand.key);
                After::STAY
            }
            None => After::STAY,
        }
    }

    fn sheet(&self, screen: &Screen<'_>, Room { width, .. }: Room) -> Sheet {
        let says = self.asks.says();
        let mut foot = vec![rule(width)];
        if let Some(word) = says.word {
            let ask = format!("to {word}, type");
            foot.extend(exact(&ask, word, &self.field, true, width));
        }
        foot.push(leave_row(says.enter).cut(width));
        Sheet {
            title: Row::plain(says.title),
            right: Row::of(says.right.0, says.right.1),
            body: (says.body)(screen, width),
            foot,
            scroll: 0,
        }
    }

    fn hints(&self, _: &Screen<'_>) -> Hints {
        let says = self.asks.says();
        Hints { typed: says.word.map(|_| "type `arm`"), ..Hints::ask(says.does) }
    }

    fn manner(&self) -> Manner {
        if self.asks.says().word.is_some() { Manner::FIELD } else { Manner::ASKS }
    }

    fn typing(&mut self, _: &Facts<'_>) -> Vec<Typing<'_>> {
        let word = self.asks.says().word;
        word.map(|word| Typing::exactly(&mut self.field, word, true)).into_iter().collect()
    }
}

fn arm(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let kind = screen.kind.badge();
    let mut body = paragraph(
        TEXT,
        &format!(
            "This is a {kind} console. Armed, your keys act on both regions of {}:",
            screen.site.title
        ),
        width,
    );
    for text in [
        "steps run; dangerous ones still ask for typed text; each is on record before it acts",
        "SAFE again when the run is closed, and after 15 idle minutes unless a step runs",
        "declaring, notes and acknowledging work without arming",
    ] {
        body.extend(fact("  -", TEXT, text, width));
    }
    body.push(Row::new());
    let user = format!("{} ({}@{})", screen.me, screen.me.user, screen.me.host);
    body.extend(fact("YOU", TEXT, &user, width));
    body
}

fn leave(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let open = screen.run.map_or_else(
        || "none".to_owned(),
        |run| close::names(screen, &close::in_phase(run, Phase::is_open)),
    );
    let mut body = fact("RUNNING", TEXT, &format!("{open}: goes on without this console"), width);
    body.extend(fact("CLOCK", TEXT, "goes on; T0 is on record", width));
    body.extend(fact("BACK", TEXT, "start warroom again: it takes the run up where it is", width));
    body
}
