//! What the open dialog takes now: its keys, of which none is refused, and what NEXT says of it.

use crate::domain::catalogue::Guard;
use crate::domain::text::Clean;
use crate::ui::available::why_not_step;
use crate::ui::command::Command;
use crate::ui::model::{Card, Dialog, FormPurpose, T0Field};
use crate::ui::panel::dialog;
use crate::ui::screen::Screen;
use crate::ui::update::{Facts, why_not_here};
use crate::ui::widget::row::width_of;

use super::offer::{GAP, Offers, Piece};
use super::words;

/// What NEXT says while a dialog is open.
pub fn next(screen: &Screen<'_>, dialog: &Dialog) -> Vec<Piece> {
    let offers = Offers::of(screen);
    let counts = match dialog {
        Dialog::Card(card) if card.window.is_some() => "it starts in a moment",
        Dialog::Card(_) if screen.model.guards.waits_until.is_some() => "waiting for the dry run",
        _ => "",
    };
    if !counts.is_empty() {
        return offers.say(format!("{counts}; any key stops it")).pieces();
    }
    let does = enter_does(screen, dialog);
    let offers = match (does, refused(screen, Command::Enter)) {
        (None, _) => offers.say("reading: nothing is changed"),
        (Some(does), None) => offers.press(Command::Enter, "enter", does),
        (Some(_), Some(why)) => offers.say(why),
    };
    offers.press_or_not(Command::Back, "esc", leaves(dialog)).pieces()
}

/// The keys of the dialog for the last row.
pub fn row(screen: &Screen<'_>, dialog: &Dialog, width: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    match dialog {
        Dialog::Card(card)
            if card.window.is_some() || screen.model.guards.waits_until.is_some() =>
        {
            return "any key stops it".to_owned();
        }
        Dialog::Card(card) if types(screen, card) => parts.push("type the text".to_owned()),
        Dialog::Arm { .. } => parts.push("type `arm`".to_owned()),
        Dialog::Update { .. } => parts.push("type a sentence, or none".to_owned()),
        Dialog::Form { .. }
        | Dialog::Declare { .. }
        | Dialog::AbortRun { .. }
        | Dialog::SetT0 { .. }
        | Dialog::Palette { .. } => parts.push("type".to_owned()),
        Dialog::Card(_)
        | Dialog::Help { .. }
        | Dialog::Ledger { .. }
        | Dialog::Choose(_)
        | Dialog::Evidence { .. }
        | Dialog::Report { .. }
        | Dialog::Readiness { .. }
        | Dialog::Close { .. }
        | Dialog::Leave { .. } => {}
    }
    if enter_does(screen, dialog).is_some() && refused(screen, Command::Enter).is_none() {
        parts.push(format!("enter {}", enter_word(dialog)));
    }
    if let Some(what) = tab_does(dialog)
        && refused(screen, Command::NextPanel).is_none()
    {
        parts.push(format!("tab {what}"));
    }
    parts.extend(moves(dialog).map(str::to_owned));
    let esc = format!("esc {}", leaves(dialog));
    // How to leave is never cut off.
    while !parts.is_empty() && width_of(&parts.join(GAP)) + width_of(GAP) + width_of(&esc) > width {
        parts.pop();
    }
    parts.push(esc);
    parts.join(GAP)
}

fn refused(screen: &Screen<'_>, command: Command) -> Option<Clean> {
    let facts = Facts { fold: dialog::fold(screen), ..Facts::of(screen) };
    why_not_here(command, &facts, screen.model)
}

/// True where letters go into a field of the card, and can come to something.
fn types(screen: &Screen<'_>, card: &Card) -> bool {
    let command = if card.back { Command::Compensate } else { Command::Run };
    let step = screen.runbook.and_then(|book| book.step(&card.step));
    card.confirming && why_not_step(command, &Facts::of(screen), screen.model, step).is_none()
}

/// What Enter does once all that is asked for is there; none where nothing is asked for.
fn enter_does(screen: &Screen<'_>, dialog: &Dialog) -> Option<&'static str> {
    let word_then = |at_reason: bool, does| if at_reason { does } else { "goes on to the reason" };
    Some(match dialog {
        Dialog::Help { .. } | Dialog::Evidence { .. } | Dialog::Report { .. } => return None,
        // What is met asks for nothing; nor does a console that only looks.
        Dialog::Readiness { .. } if refused(screen, Command::Enter).is_some() => return None,
        Dialog::Readiness { .. } => "accepts it as it is, with a reason",
        Dialog::Card(card) if !card.confirming => return None,
        Dialog::Card(card) => return card_does(screen, card),
        Dialog::Form { purpose, .. } => match purpose {
            FormPurpose::Note => "writes it down",
            FormPurpose::Skip(_) if words::is_aborting(screen) => "leaves the step as it is",
            FormPurpose::Skip(_) => "skips the step",
            FormPurpose::Attest(_) => "attests it",
            FormPurpose::Retry(..) => "makes the step ready again",
            FormPurpose::Resolve(..) => "puts your word on record",
            FormPurpose::Escalate(_) => "goes on as if the primary were lost",
            FormPurpose::AbortStep(_) => "asks the step to end",
            FormPurpose::Criterion(..) => "accepts it as it is",
            FormPurpose::Seek => "goes there",
        },
        Dialog::Declare { at_reason, .. } => word_then(*at_reason, "declares, and runs nothing"),
        Dialog::AbortRun { at_reason, .. } => word_then(*at_reason, "gives the run up"),
        Dialog::Ledger { .. } => "accepts these losses",
        Dialog::Choose(_) => "opens this run, and runs nothing",
        Dialog::Arm { .. } => "arms this console",
        Dialog::Close { .. } => "closes the run",
        Dialog::Palette { .. } => "opens it",
        Dialog::Update { .. } => "copies it",
        Dialog::SetT0 { typed, .. } if typed.at == T0Field::Word => "moves T0",
        Dialog::SetT0 { .. } => "goes on to the next field",
        Dialog::Leave { .. } => "leaves the console; the run goes on",
    })
}

fn card_does(screen: &Screen<'_>, card: &Card) -> Option<&'static str> {
    let step = screen.runbook?.step(&card.step)?;
    let guard = if card.back { step.guard_back() } else { step.guard };
    let typed = matches!(guard, Guard::TypedTarget | Guard::TypedVerb);
    Some(match guard {
        _ if typed && card.breaking.is_some() && screen.model.guards.at_reason => {
            "goes on to the text"
        }
        Guard::TypedVerb | Guard::StopWindow => "starts it, after 3 s in which any key stops it",
        Guard::OneKey | Guard::TypedTarget if card.back => "takes it back",
        Guard::OneKey | Guard::TypedTarget => "runs it",
    })
}

/// The same in the last row, where there is little room.
fn enter_word(dialog: &Dialog) -> &'static str {
    match dialog {
        Dialog::Readiness { .. } => "accept as it is, with a reason",
        Dialog::Choose(_) => "take",
        Dialog::Palette { .. } => "open",
        Dialog::Update { .. } => "copy",
        Dialog::Declare { at_reason: false, .. } | Dialog::AbortRun { at_reason: false, .. } => {
            "next field"
        }
        Dialog::Card(_)
        | Dialog::Help { .. }
        | Dialog::Evidence { .. }
        | Dialog::Report { .. }
        | Dialog::Form { .. }
        | Dialog::Declare { .. }
        | Dialog::Ledger { .. }
        | Dialog::Arm { .. }
        | Dialog::AbortRun { .. }
        | Dialog::Close { .. }
        | Dialog::SetT0 { .. }
        | Dialog::Leave { .. } => "accept",
    }
}

/// What tab does; none where it does nothing.
fn tab_does(dialog: &Dialog) -> Option<&'static str> {
    Some(match dialog {
        Dialog::Report { .. } => "next part",
        Dialog::Evidence { .. } => "other region",
        Dialog::Card(card) if card.breaking.is_some() => "next field",
        Dialog::Card(_) => "break glass",
        Dialog::Form { purpose: FormPurpose::Escalate(_), .. } => "the run or the step",
        Dialog::Form { purpose: FormPurpose::Retry(_, Some(_)), .. } => "the same or a new key",
        Dialog::Form { purpose: FormPurpose::Resolve(..), .. } => "done or not done",
        Dialog::Declare { .. } | Dialog::SetT0 { .. } | Dialog::AbortRun { .. } => "next field",
        Dialog::Choose(_) => "planned or ungraceful",
        Dialog::Palette { .. } => "complete",
        Dialog::Help { .. }
        | Dialog::Form { .. }
        | Dialog::Ledger { .. }
        | Dialog::Arm { .. }
        | Dialog::Readiness { .. }
        | Dialog::Close { .. }
        | Dialog::Update { .. }
        | Dialog::Leave { .. } => return None,
    })
}

/// What moves in it.
fn moves(dialog: &Dialog) -> impl Iterator<Item = &'static str> {
    let keys: &[&str] = match dialog {
        Dialog::Help { .. } | Dialog::Evidence { .. } => &["up/down pgup/pgdn scroll"],
        Dialog::Report { .. } => &["up/down pgup/pgdn home/end scroll"],
        Dialog::Readiness { .. } => &["up/down pgup/pgdn choose"],
        Dialog::Card(_) | Dialog::Update { .. } => &["pgup/pgdn scroll"],
        Dialog::AbortRun { .. } => &["up/down read the plan"],
        Dialog::Choose(_) => &["up/down choose", "pgdn read"],
        Dialog::Palette { .. } => &["up/down choose"],
        Dialog::Form { .. }
        | Dialog::Declare { .. }
        | Dialog::Ledger { .. }
        | Dialog::Arm { .. }
        | Dialog::Close { .. }
        | Dialog::SetT0 { .. }
        | Dialog::Leave { .. } => &[],
    };
    keys.iter().copied()
}

/// What esc does.
fn leaves(dialog: &Dialog) -> &'static str {
    match dialog {
        Dialog::Help { .. }
        | Dialog::Evidence { .. }
        | Dialog::Report { .. }
        | Dialog::Readiness { .. } => "close",
        Dialog::Card(card) if !card.confirming => "close",
        Dialog::Card(_)
        | Dialog::Form { .. }
        | Dialog::Declare { .. }
        | Dialog::Ledger { .. }
        | Dialog::Choose(_)
        | Dialog::Arm { .. }
        | Dialog::AbortRun { .. }
        | Dialog::Close { .. }
        | Dialog::Palette { .. }
        | Dialog::Update { .. }
        | Dialog::SetT0 { .. }
        | Dialog::Leave { .. } => "leave, nothing happens",
    }
}
