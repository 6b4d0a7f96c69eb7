//! The last row: the keys that can be used now; those that cannot are left out or grey.

use crate::domain::run::state::Run;
use crate::ui::command::Command;
use crate::ui::model::Panel;
use crate::ui::replay::ReplayKey;
use crate::ui::screen::{Access, Screen};
use crate::ui::widget::ink::{MUTED, TEXT};
use crate::ui::widget::row::{Row, as_many};

use super::{dialog_keys, words};

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
    (Command::Arm, "arm"),
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

/// The word of a command, where it does something else now.
fn word(screen: &Screen<'_>, command: Command, word: &'static str) -> &'static str {
    match command {
        Command::Run if words::is_aborting(screen) => "take back",
        Command::Skip if words::is_aborting(screen) => "leave it",
        Command::Hold if screen.run.is_some_and(Run::is_held) => "go on",
        Command::Arm if screen.access == Access::Armed => "safe",
        Command::Enter if matches!(screen.model.focus, Panel::RegionA | Panel::RegionB) => {
            "evidence"
        }
        _ => word,
    }
}

/// The keys row.
pub fn row(screen: &Screen<'_>, width: usize) -> Row {
    if screen.model.filtering {
        return Row::plain("type to filter   enter keep   esc show all").cut(width);
    }
    if !screen.model.sequence.is_empty() {
        let typed = screen.model.sequence.join(" ");
        return Row::plain(format!("{typed} …   esc forgets it")).cut(width);
    }
    if let Some(dialog) = &screen.model.dialog {
        return Row::plain(dialog_keys::row(screen, dialog, width)).cut(width);
    }
    let shown: &[(Command, &str)] = if screen.model.replay.is_some() { &REPLAYED } else { &SHOWN };
    let parts = shown
        .iter()
        .copied()
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
            let word = self::word(screen, command, word);
            usable.then(|| Row::of(TEXT, key).put(MUTED, format!(" {word}")))
        })
        .collect();
    as_many(parts, "  ", width)
}

fn same(one: Command, other: Command) -> bool {
    one == other || matches!((one, other), (Command::Panel(_), Command::Panel(_)))
}
