//! What the open dialog takes now: its keys, of which none is refused, and what NEXT says of it.

use super::prelude::*;
use crate::domain::text::Clean;
use crate::ui::command::Command;
use crate::ui::facts::Facts;
use crate::ui::over::Dialog;
use crate::ui::update::trial::why_not_here;

use super::offer::{GAP, Offers, Piece};

/// What NEXT says while a dialog is open.
pub fn next(screen: &Screen<'_>, dialog: &dyn Dialog) -> Vec<Piece> {
    let (offers, hints) = (Offers::of(screen), dialog.hints(screen));
    if let Some(counts) = hints.counts {
        return offers.say(format!("{counts}; any key stops it")).pieces();
    }
    let why = refused(screen, dialog, Command::Enter);
    let offers = match (hints.enter, why) {
        (Some(does), None) => offers.press(Command::Enter, "enter", does),
        (Some(_), Some(why)) if !hints.reads_else => offers.say(why),
        (_, _) => offers.say("reading: nothing is changed"),
    };
    offers.press_or_not(Command::Back, "esc", hints.esc).pieces()
}

/// The keys of the dialog for the last row.
pub fn row(screen: &Screen<'_>, dialog: &dyn Dialog, width: usize) -> String {
    let hints = dialog.hints(screen);
    if hints.counts.is_some() {
        return "any key stops it".to_owned();
    }
    let mut parts: Vec<String> = hints.typed.map(str::to_owned).into_iter().collect();
    if hints.enter.is_some() && refused(screen, dialog, Command::Enter).is_none() {
        parts.push(format!("enter {}", hints.enter_word));
    }
    if let Some(what) = hints.tab
        && refused(screen, dialog, Command::NextPanel).is_none()
    {
        parts.push(format!("tab {what}"));
    }
    parts.extend(hints.moves.iter().copied().map(str::to_owned));
    let esc = format!("esc {}", hints.esc);
    // How to leave is never cut off.
    while !parts.is_empty() && width_of(&parts.join(GAP)) + width_of(GAP) + width_of(&esc) > width {
        parts.pop();
    }
    parts.push(esc);
    parts.join(GAP)
}

fn refused(screen: &Screen<'_>, dialog: &dyn Dialog, command: Command) -> Option<Clean> {
    let facts = Facts { fold: dialog.fold(screen), ..screen.facts };
    why_not_here(command, &facts, screen.model)
}
