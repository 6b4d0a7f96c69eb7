//! The last row: the keys that can be used now; those that cannot are left out or grey.

use crate::ui::command::Command;
use crate::ui::model::{Dialog, FormPurpose};
use crate::ui::replay::ReplayKey;
use crate::ui::screen::{Access, Screen};
use crate::ui::widget::ink::{MUTED, TEXT};
use crate::ui::widget::row::{Row, as_many};

use super::words;

/// The commands of the keys row with their short words, the most important first.
const SHOWN: [(Command, &str); 27] = [
    (Command::Help, "help"),
    (Command::Enter, "open"),
    (Command::Run, "run"),
    (Command::Declare, "declare"),
    (Command::AcceptLedger, "losses"),
    (Command::Attest, "attest"),
    (Command::Resolve, "resolve"),
    (Command::Retry, "retry"),
    (Command::Skip, "skip"),
    (Command::AbortStep, "abort step"),
    (Command::Hold, "hold"),
    (Command::Arm, "arm/safe"),
    (Command::Acknowledge, "ack"),
    (Command::Evidence, "evidence"),
    (Command::Update, "update"),
    (Command::Readiness, "go/no-go"),
    (Command::Note, "note"),
    (Command::Palette, "palette"),
    (Command::Panel(1), "panel"),
    (Command::Zoom, "zoom"),
    (Command::Filter, "filter"),
    (Command::VerifyNow, "verify"),
    (Command::Copy, "copy"),
    (Command::Choose, "runbook"),
    (Command::Report, "report"),
    (Command::Close, "close"),
    (Command::Quit, "quit"),
];

/// The same in a replay.
const REPLAYED: [(Command, &str); 17] = [
    (Command::Replay(ReplayKey::Play), "play/pause"),
    (Command::Replay(ReplayKey::Next), "next"),
    (Command::Replay(ReplayKey::Previous), "previous"),
    (Command::Replay(ReplayKey::Seek), "seek"),
    (Command::Quit, "quit"),
    (Command::Help, "help"),
    (Command::Replay(ReplayKey::Faster), "faster"),
    (Command::Replay(ReplayKey::Slower), "slower"),
    (Command::Replay(ReplayKey::MinuteOn), "1 min on"),
    (Command::Replay(ReplayKey::MinuteBack), "back"),
    (Command::Replay(ReplayKey::SkipIdle), "skip idle"),
    (Command::Replay(ReplayKey::End), "to end"),
    (Command::Enter, "open"),
    (Command::Evidence, "evidence"),
    (Command::Panel(1), "panel"),
    (Command::Zoom, "zoom"),
    (Command::Filter, "filter"),
];

/// True for a command that only looks.
fn only_looks(command: Command) -> bool {
    matches!(
        command,
        Command::Help
            | Command::Panel(_)
            | Command::Zoom
            | Command::Filter
            | Command::Enter
            | Command::Evidence
            | Command::Readiness
            | Command::VerifyNow
            | Command::Report
            | Command::Palette
            | Command::Update
            | Command::Copy
            | Command::Quit
            | Command::Replay(_)
    )
}

/// The keys row.
#[must_use]
pub fn row(screen: &Screen<'_>, width: usize) -> Row {
    if screen.model.filtering {
        return Row::plain("type to filter   enter keep   esc show all").cut(width);
    }
    if !screen.model.sequence.is_empty() {
        let typed = screen.model.sequence.join(" ");
        return Row::plain(format!("{typed} …   esc forgets it")).cut(width);
    }
    if let Some(dialog) = &screen.model.dialog {
        let open = screen.run.is_some_and(|run| !run.stage.is_closed());
        let cannot_accept = screen.access == Access::ReadOnly || !open;
        return Row::plain(dialog_keys(dialog, cannot_accept)).cut(width);
    }
    let shown: &[(Command, &str)] = if screen.model.replay.is_some() { &REPLAYED } else { &SHOWN };
    let parts = shown
        .iter()
        .copied()
        .filter(|(command, _)| screen.access != Access::ReadOnly || only_looks(*command))
        .filter_map(|(command, word)| {
            let bound = screen.guide.iter().find(|row| same(row.command, command));
            if !screen.guide.is_empty() && bound.is_none() {
                return None;
            }
            let key = match command {
                Command::Panel(_) => "1-6".to_owned(),
                _ => words::key(screen, command),
            };
            let usable = bound.is_none_or(|row| row.why_not.is_none());
            usable.then(|| Row::of(TEXT, key).put(MUTED, format!(" {word}")))
        })
        .collect();
    as_many(parts, "  ", width)
}

fn same(one: Command, other: Command) -> bool {
    one == other || matches!((one, other), (Command::Panel(_), Command::Panel(_)))
}

fn dialog_keys(dialog: &Dialog, cannot_accept: bool) -> &'static str {
    match dialog {
        Dialog::Help { .. } | Dialog::Evidence { .. } => "up/down pgup/pgdn scroll   esc close",
        Dialog::Report { .. } => "up/down pgup/pgdn home/end scroll   tab next part   esc close",
        Dialog::Readiness { .. } if cannot_accept => "up/down pgup/pgdn choose   esc close",
        Dialog::Readiness { .. } => {
            "up/down pgup/pgdn choose   enter accept as it is, with a reason   esc close"
        }
        Dialog::Card(card) if card.window.is_some() => "any key stops it",
        Dialog::Card(card) if card.confirming => {
            "type the text   enter once it matches   pgup/pgdn scroll   esc leave"
        }
        Dialog::Card(_) => "pgup/pgdn scroll   esc close",
        Dialog::Form { purpose: FormPurpose::Escalate(_), .. } => {
            "type   tab the run or the step   enter accept   esc leave, nothing happens"
        }
        Dialog::Form { purpose: FormPurpose::Retry(_, Some(_)), .. } => {
            "type   tab the same or a new key   enter accept   esc leave, nothing happens"
        }
        Dialog::Form { .. } => "type   enter accept   esc leave, nothing happens",
        Dialog::AbortRun { .. } => {
            "up/down read the plan   type   tab next field   enter accept   esc leave"
        }
        Dialog::Declare { .. } | Dialog::SetT0 { .. } => {
            "type   tab next field   enter accept   esc leave, nothing happens"
        }
        Dialog::Choose(_) => {
            "up/down choose   tab planned or ungraceful   pgdn read   enter take   esc leave"
        }
        Dialog::Ledger { .. } | Dialog::Close { .. } | Dialog::Leave { .. } => {
            "enter accept   esc leave, nothing happens"
        }
        Dialog::Palette { .. } => "type   up/down choose   tab complete   enter open   esc leave",
        Dialog::Update { .. } => {
            "type a sentence, or none   enter copy   pgup/pgdn scroll   esc leave"
        }
        Dialog::Arm { .. } => "type `arm`   enter accept   esc leave, nothing happens",
    }
}
