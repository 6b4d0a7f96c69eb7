//! Keys while a dialog lies over the content: each dialog takes its own, esc leaves all of them.

use ratatui::layout::Rect;

use super::guards::{accepted, changed, dialog_is_new, refusal};
use super::{
    Facts, Wish, card, contexts, form, leave_dialog, ledger, look, open, palette, readiness,
    refuse, sheets,
};
use crate::domain::run::event::Mode;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::ui::available::why_not;
use crate::ui::command::{COMMANDS, Command};
use crate::ui::keymap::{Key, Keymap};
use crate::ui::laid::Laid;
use crate::ui::model::{Choose, Dialog, Field, FormPurpose, Model, ReportPart, T0Field};
use crate::ui::widget::sheet::inner_width;

/// Rows of evidence that a system takes at most.
const EVIDENCE_ROWS_PER_SYSTEM: usize = 8;

/// The rows that an abort plan can be scrolled by; the view shows fewer where there are fewer.
const ABORT_ROWS_MAX: usize = 300;
/// What becomes of a dialog after a key.
pub(super) enum After {
    /// It stays.
    Stay(Vec<Wish>),
    /// It is closed.
    Close(Vec<Wish>),
    /// Another one, or none, is in its place already.
    Gone(Vec<Wish>),
    /// Another one takes its place.
    Instead(Dialog),
}

impl After {
    /// Puts the dialog back, or not, and hands on the wishes.
    pub(super) fn settle(self, model: &mut Model, now: Stamp, dialog: Dialog) -> Vec<Wish> {
        match self {
            Self::Instead(other) => {
                open(model, now, other);
                Vec::new()
            }
            Self::Stay(wishes) => {
                model.dialog = Some(dialog);
                wishes
            }
            Self::Close(wishes) => {
                leave_dialog(model);
                changed(&mut model.guards, now);
                wishes
            }
            Self::Gone(wishes) => wishes,
        }
    }
}

/// True when letters go into a field.
pub(super) fn has_field(dialog: &Dialog) -> bool {
    match dialog {
        Dialog::Card(card) => card.confirming,
        Dialog::Form { .. }
        | Dialog::Declare { .. }
        | Dialog::Arm { .. }
        | Dialog::AbortRun { .. }
        | Dialog::Palette { .. }
        | Dialog::Update { .. }
        | Dialog::SetT0 { .. } => true,
        Dialog::Help { .. }
        | Dialog::Ledger { .. }
        | Dialog::Choose(_)
        | Dialog::Evidence { .. }
        | Dialog::Report { .. }
        | Dialog::Readiness { .. }
        | Dialog::Close { .. }
        | Dialog::Leave { .. } => false,
    }
}

/// True for a dialog that one key more would accept, once the palette opened it.
pub(super) fn accepts_enter(dialog: &Dialog) -> bool {
    settles(dialog) && !matches!(dialog, Dialog::Update { .. } | Dialog::Palette { .. })
}

/// True where letters confirm nothing: whoever types on at once means this dialog.
fn free_text(dialog: &Dialog) -> bool {
    matches!(dialog, Dialog::Palette { .. } | Dialog::Update { .. })
}

/// True when a key that was meant for what is beneath could do something here.
fn settles(dialog: &Dialog) -> bool {
    match dialog {
        Dialog::Help { .. }
        | Dialog::Evidence { .. }
        | Dialog::Report { .. }
        | Dialog::Readiness { .. } => false,
        Dialog::Form { purpose, .. } => !matches!(purpose, FormPurpose::Note | FormPurpose::Seek),
        Dialog::Card(_)
        | Dialog::Declare { .. }
        | Dialog::Ledger { .. }
        | Dialog::Choose(_)
        | Dialog::Arm { .. }
        | Dialog::AbortRun { .. }
        | Dialog::Close { .. }
        | Dialog::Palette { .. }
        | Dialog::Update { .. }
        | Dialog::SetT0 { .. }
        | Dialog::Leave { .. } => true,
    }
}

/// Drops a key that came faster than a hand types; false where that does not matter.
pub(super) fn refuse_burst(model: &mut Model, now: Stamp) -> bool {
    if model.filtering {
        return false;
    }
    let at_reason = model.guards.at_reason;
    let confirmed = match &mut model.dialog {
        None
        | Some(
            Dialog::Help { .. }
            | Dialog::Ledger { .. }
            | Dialog::Choose(_)
            | Dialog::Evidence { .. }
            | Dialog::Report { .. }
            | Dialog::Readiness { .. }
            | Dialog::Close { .. }
            | Dialog::Leave { .. },
        ) => None,
        Some(Dialog::Card(card)) if card.confirming && !at_reason => Some(&mut card.field),
        Some(Dialog::Card(card)) if !card.confirming => None,
        Some(
            Dialog::Declare { word, at_reason: false, .. }
            | Dialog::AbortRun { word, at_reason: false, .. },
        ) => Some(word),
        Some(
            Dialog::Arm { field, .. }
            | Dialog::Palette { field, .. }
            | Dialog::Form { purpose: FormPurpose::AbortStep(_), field, .. },
        ) => Some(field),
        Some(Dialog::SetT0 { typed, .. }) if typed.at == T0Field::Word => Some(&mut typed.word),
        Some(
            Dialog::Card(_)
            | Dialog::Update { .. }
            | Dialog::SetT0 { .. }
            | Dialog::Declare { .. }
            | Dialog::AbortRun { .. }
            | Dialog::Form { .. },
        ) => return false,
    };
    let text = match confirmed {
        Some(field) => {
            field.clear();
            "by its pace a paste, keys came faster than a hand types: refused, type it again"
        }
        None => "keys came faster than a hand types: ignored until there is a pause",
    };
    model.sequence.clear();
    refuse(model, now, text);
    true
}

/// Why Enter does not count in a dialog that Enter in the palette has just opened.
pub(super) fn palette_opened(model: &Model, command: Command) -> Option<&'static str> {
    let just_opened = model.guards.from_palette && command == Command::Enter;
    just_opened.then_some("the palette opened this: read it, press another key first")
}

/// A key in the dialog that is open.
pub(super) fn press(model: &mut Model, facts: &Facts<'_>, keymap: &Keymap, key: Key) -> Vec<Wish> {
    let now = facts.now;
    let command = look(model, keymap, now, contexts(model), key);
    if command == Some(Command::Back) {
        leave_dialog(model);
        model.notice = None;
        return Vec::new();
    }
    if command.is_none() && !model.sequence.is_empty() {
        return Vec::new();
    }
    let Some(mut dialog) = model.dialog.take() else { return Vec::new() };
    let free = free_text(&dialog) && key.typed().is_some();
    if !free && settles(&dialog) && dialog_is_new(&model.guards, now) {
        model.dialog = Some(dialog);
        changed(&mut model.guards, now);
        refuse(model, now, "this dialog just opened; press it again");
        return Vec::new();
    }
    if let Some(why) = command.and_then(|command| palette_opened(model, command)) {
        model.dialog = Some(dialog);
        refuse(model, now, why);
        return Vec::new();
    }
    model.guards.from_palette = false;
    model.notice = None;
    if command == Some(Command::Copy) {
        model.dialog = Some(dialog);
        let Some(why) = refusal(model, Command::Copy, now) else {
            accepted(&mut model.guards, Command::Copy, now);
            return vec![Wish::Copy];
        };
        refuse(model, now, why);
        return Vec::new();
    }
    let after = take(model, facts, &mut dialog, key, command);
    after.settle(model, now, dialog)
}

pub(super) fn take(
    model: &mut Model,
    facts: &Facts<'_>,
    dialog: &mut Dialog,
    key: Key,
    command: Option<Command>,
) -> After {
    let entered = command == Some(Command::Enter);
    match dialog {
        Dialog::Help { scroll } => return read(scroll, COMMANDS.len(), command),
        Dialog::Evidence { side, scroll } => {
            if command == Some(Command::NextPanel) {
                (*side, *scroll) = (side.other(), 0);
            }
            let rows = facts.site.systems.len() * EVIDENCE_ROWS_PER_SYSTEM;
            return read(scroll, rows, command);
        }
        Dialog::Report { part, scroll } => {
            if command == Some(Command::NextPanel) {
                (*part, *scroll) = (part.next(), 0);
            }
            return read_report(model, facts, *part, scroll, command);
        }
        Dialog::Readiness { selected } => {
            return readiness::press(model, facts, selected, command);
        }
        Dialog::Card(card) => return card::press(model, facts, card, key, command),
        Dialog::Form { purpose, field, .. } => {
            return form::press(model, facts, purpose, field, key, command);
        }
        Dialog::Declare { word, reason, at_reason, .. } => {
            let pair = Pair { wanted: "declare", word, reason, at_reason };
            return pair.press(model, facts, key, command, Command::Declare);
        }
        Dialog::AbortRun { scroll, .. } if command.is_some_and(is_scroll) => {
            super::moves::scroll_by(scroll, ABORT_ROWS_MAX, 5, command);
        }
        Dialog::AbortRun { word, reason, at_reason, .. } => {
            let pair = Pair { wanted: "abort run", word, reason, at_reason };
            return pair.press(model, facts, key, command, Command::AbortRun);
        }
        Dialog::Choose(chosen) => return choose(model, facts, chosen, command),
        Dialog::Palette { field, chosen, .. } => {
            return palette::press(model, facts, field, chosen, key, command);
        }
        Dialog::Update { field, scroll, .. } => {
            return sheets::press_update(field, scroll, key, command);
        }
        Dialog::SetT0 { typed, .. } => return sheets::press_t0(model, facts, typed, key, command),
        Dialog::Arm { field, .. } if entered => {
            if field.text == "arm" {
                return checked(model, facts, Command::Arm, Wish::Arm);
            }
            refuse(model, facts.now, "type exactly `arm`");
        }
        Dialog::Arm { field, .. } => {
            field.press(key);
        }
        Dialog::Ledger { opened } if entered => return ledger::accept(model, facts, *opened),
        Dialog::Close { .. } if entered => {
            return checked(model, facts, Command::Close, Wish::Intent(Intent::Close));
        }
        Dialog::Leave { .. } if entered => return After::Close(vec![Wish::Leave]),
        Dialog::Ledger { .. } | Dialog::Close { .. } | Dialog::Leave { .. } => {}
    }
    After::Stay(Vec::new())
}

/// True for what moves a list that cannot have a cursor.
fn is_scroll(command: Command) -> bool {
    matches!(command, Command::Up | Command::Down | Command::PageUp | Command::PageDown)
}

/// A key while a runbook and its mode are chosen.
fn choose(
    model: &mut Model,
    facts: &Facts<'_>,
    chosen: &mut Choose,
    command: Option<Command>,
) -> After {
    let count = facts.runbooks.len();
    match command {
        Some(Command::NextPanel) => {
            chosen.mode = match chosen.mode {
                Mode::Planned => Mode::Ungraceful,
                Mode::Ungraceful => Mode::Planned,
            };
        }
        Some(Command::PageUp | Command::PageDown) => {
            super::moves::scroll_by(&mut chosen.scroll, ABORT_ROWS_MAX, 5, command);
        }
        Some(Command::Enter) if chosen.index < count => {
            let (index, mode) = (chosen.index, chosen.mode);
            return checked(model, facts, Command::Choose, Wish::Open { index, mode });
        }
        Some(_) | None => super::moves::scroll_by(&mut chosen.index, count, 10, command),
    }
    After::Stay(Vec::new())
}

/// Closes with a wish, unless what made it possible is gone since the dialog was opened.
pub(super) fn checked(model: &mut Model, facts: &Facts<'_>, command: Command, wish: Wish) -> After {
    match why_not(command, facts, model) {
        None => After::Close(vec![wish]),
        Some(why) => {
            refuse(model, facts.now, why);
            After::Stay(Vec::new())
        }
    }
}

fn read(scroll: &mut usize, rows: usize, command: Option<Command>) -> After {
    if command == Some(Command::Enter) {
        return After::Close(Vec::new());
    }
    super::moves::scroll_by(scroll, rows, 10, command);
    After::Stay(Vec::new())
}

/// A key while the report is read; `e` closes it as it opened it.
fn read_report(
    model: &Model,
    facts: &Facts<'_>,
    part: ReportPart,
    scroll: &mut usize,
    command: Option<Command>,
) -> After {
    let (Some(run), Some(runbook)) = (facts.run, facts.runbook) else {
        return After::Close(Vec::new());
    };
    if matches!(command, Some(Command::Enter | Command::Report)) {
        return After::Close(Vec::new());
    }
    let page = usize::from(model.size.1 / 2).max(1);
    let width = inner_width(Rect::new(0, 0, model.size.0, model.size.1));
    let laid = facts.report.filter(|laid| laid.fits(run, part, width)).map(|laid| laid.rows.len());
    let make = || Laid::renew(None, (run, runbook, facts.site), part, width).rows.len();
    let rows = laid.unwrap_or_else(make);
    super::moves::scroll_by(scroll, rows.saturating_sub(page), page, command);
    After::Stay(Vec::new())
}

/// A word that must be typed exactly, then a reason.
struct Pair<'d> {
    wanted: &'static str,
    word: &'d mut Field,
    reason: &'d mut Field,
    at_reason: &'d mut bool,
}

impl Pair<'_> {
    fn press(
        self,
        model: &mut Model,
        facts: &Facts<'_>,
        key: Key,
        pressed: Option<Command>,
        command: Command,
    ) -> After {
        let right = self.word.text == self.wanted;
        match pressed {
            Some(Command::NextPanel) => *self.at_reason = !*self.at_reason,
            Some(Command::Enter) if !right => {
                *self.at_reason = false;
                refuse(model, facts.now, format!("type exactly `{}`", self.wanted));
            }
            Some(Command::Enter) if !*self.at_reason => *self.at_reason = true,
            Some(Command::Enter) if self.reason.length() < REASON_CHARS_MIN => {
                let text = format!("the reason needs at least {REASON_CHARS_MIN} characters");
                refuse(model, facts.now, text);
            }
            Some(Command::Enter) => {
                let reason = Clean::new(self.reason.text.trim());
                let typed = self.word.text.clone();
                let intent = if command == Command::Declare {
                    Intent::Declare { typed, reason }
                } else {
                    Intent::AbortRun { typed, reason }
                };
                return checked(model, facts, command, Wish::Intent(intent));
            }
            Some(_) | None => {
                let field = if *self.at_reason { self.reason } else { self.word };
                field.press(key);
            }
        }
        After::Stay(Vec::new())
    }
}
