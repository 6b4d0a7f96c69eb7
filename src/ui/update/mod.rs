//! What keys do to the screen's model, and what they ask of the rest; nothing is done here.

mod card;
mod commands;
mod dialogs;
mod field;
mod form;
mod guards;
mod ledger;
mod moves;
mod palette;
mod readiness;
mod sheets;
mod trial;
mod typed;
mod wish;

use crossterm::event::{KeyEvent, KeyEventKind};

use crate::domain::ledger::Ledger;
use crate::domain::run::decide::{Asking, Context as Decided, decide};
use crate::domain::run::event::Actor;
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::snapshot::Snapshot;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::domain::verdict::Assessment;
use crate::ui::command::{Command, Context};
use crate::ui::keymap::{Key, Keymap, Lookup};
use crate::ui::laid::Laid;
use crate::ui::model::{Dialog, Model, Notice, Panel};
use crate::ui::screen::{Access, JournalState, Rehearsal, Screen};
use crate::ui::widget::sheet::Fold;

pub use card::{REHEARSAL_AGE_MAX, STOP_WINDOW};
pub use field::FIELD_CHARS_MAX;
pub use form::least_chars;
pub use guards::{BURST, BURST_KEYS, HELD, SAME_VERB, SEQUENCE_SHOWN_AFTER, SETTLE, TYPED_ON};
pub(crate) use guards::{guard_refusal, too_small};
pub use ledger::counts_in as ledger_counts_in;
pub use moves::{back_leaves, steps_listed, steps_shown};
pub use sheets::{T0_WORD, wanted_t0};
pub use trial::why_not_here;
pub use typed::mask_typed;
pub use wish::Wish;

/// The smallest terminal, columns and rows, on which guards 2 and 3 may be confirmed.
pub const GUARDED_SIZE_MIN: (u16, u16) = (80, 24);

/// All that a key may look at, beside the model.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Now.
    pub now: Stamp,
    /// What the keys may do.
    pub access: Access,
    /// Who sits here.
    pub me: &'a Actor,
    /// The site.
    pub site: &'a Site,
    /// The site's runbooks.
    pub runbooks: &'a [Runbook],
    /// The runbook of the run, or the one that is chosen.
    pub runbook: Option<&'a Runbook>,
    /// The run.
    pub run: Option<&'a Run>,
    /// What the readings mean.
    pub assessment: &'a Assessment,
    /// The latest readings.
    pub snapshot: &'a Snapshot,
    /// The frozen ledger of an incident; without one, what would be lost now.
    pub ledger: &'a Ledger,
    /// Alarms that were acknowledged, by key.
    pub acknowledged: &'a [String],
    /// The last dry run.
    pub rehearsal: Option<&'a Rehearsal>,
    /// How the journal is.
    pub journal: &'a JournalState,
    /// True while a decision is being written: another one is refused until it is on record.
    pub recording: bool,
    /// Lines of output there are to scroll through.
    pub output_rows: usize,
    /// Rows of the timeline there are to scroll through.
    pub timeline_rows: usize,
    /// The report as it was laid out last; it is made anew where there is none that fits.
    pub report: Option<&'a Laid>,
    /// What must be read of the open card before Enter counts.
    pub fold: Fold,
}

impl<'a> Facts<'a> {
    /// The facts that a screen shows.
    pub fn of(screen: &Screen<'a>) -> Self {
        Self {
            now: screen.now,
            access: screen.access,
            me: screen.me,
            site: screen.site,
            runbooks: screen.runbooks,
            runbook: screen.runbook,
            run: screen.run,
            assessment: screen.assessment,
            snapshot: screen.snapshot,
            ledger: screen.ledger,
            acknowledged: screen.acknowledged,
            rehearsal: screen.rehearsal,
            journal: screen.journal,
            recording: screen.recording,
            output_rows: screen.output.len(),
            timeline_rows: screen.timeline.len(),
            report: screen.report,
            fold: Fold::default(),
        }
    }

    /// The run, while it is not closed.
    pub fn open_run(&self) -> Option<&'a Run> {
        self.run.filter(|run| !run.stage.is_closed())
    }

    /// That no decision is being written: the next one is taken on what is on record.
    ///
    /// # Errors
    /// The refusal, as a sentence.
    pub fn settled(&self) -> Result<(), Clean> {
        if self.recording { Err(Refusal::Recording.to_string().into()) } else { Ok(()) }
    }

    /// Who asks what may be done.
    pub fn asking(&self) -> Asking<'a> {
        let Self { site, runbook, run, me: by, .. } = *self;
        Asking { site, runbook, run, by, armed: self.access == Access::Armed }
    }

    /// What a decision on a wish would be now.
    ///
    /// # Errors
    /// The refusal, as a sentence.
    pub fn decides(&self, intent: &Intent) -> Result<(), Clean> {
        let Asking { site, by, armed, .. } = self.asking();
        self.settled()?;
        let Some(runbook) = self.runbook else { return Err(Refusal::NoRun.to_string().into()) };
        let (run, snapshot, assessment) = (self.run, self.snapshot, self.assessment);
        let (ledger, now) = (self.ledger, self.now);
        // What is remembered of T0 is written down, and nothing is decided by it here.
        let (t0, detected) = (None, None);
        let context = Decided {
            site,
            runbook,
            run,
            snapshot,
            assessment,
            ledger,
            t0,
            detected,
            by,
            armed,
            now,
        };
        decide(&context, intent).map(drop).map_err(|why| why.tell(self.runbook).into())
    }
}

/// What came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// Pasted text; it is never put anywhere.
    Paste(String),
    /// The terminal got the focus.
    FocusGained,
    /// The terminal lost the focus.
    FocusLost,
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// A click, already found to be in this panel.
    Click(Option<Panel>),
}

/// Takes an input.
pub fn update(model: &mut Model, facts: &Facts<'_>, keymap: &Keymap, input: &Input) -> Vec<Wish> {
    match input {
        Input::Key(event) if event.kind == KeyEventKind::Release => Vec::new(),
        Input::Key(event) => press(model, facts, keymap, *event),
        Input::Paste(_) => {
            model.guards.tells_paste = true;
            if !card::stop_window(model, facts.now) {
                let text =
                    "the terminal said paste: paste is refused, what counts is typed by hand";
                refuse(model, facts.now, text);
            }
            Vec::new()
        }
        Input::FocusGained => {
            model.guards.focus_at = Some(facts.now);
            Vec::new()
        }
        Input::FocusLost => Vec::new(),
        Input::Resize(columns, rows) => {
            model.size = (*columns, *rows);
            Vec::new()
        }
        Input::Click(panel) => {
            let stopped = card::stop_window(model, facts.now);
            if let Some(panel) = panel.filter(|_| !stopped && model.dialog.is_none()) {
                model.focus = panel;
            }
            Vec::new()
        }
    }
}

/// Takes the passing of time: a stop window ends, a dry run grows old. Called at least once a
/// second, and at the end of every [`Wish::StopWindow`].
pub fn tick(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    card::tick(model, facts)
}

/// The contexts whose keys count now, the innermost first.
pub fn contexts(model: &Model) -> &'static [Context] {
    if model.filtering {
        return &[Context::Field];
    }
    match &model.dialog {
        Some(dialog) if dialogs::has_field(dialog) => &[Context::Field],
        Some(Dialog::Report { .. }) => &[Context::Report, Context::Dialog],
        Some(_) => &[Context::Dialog],
        None => contexts_beneath(model),
    }
}

/// The contexts of what lies beneath dialogs, the innermost first.
pub fn contexts_beneath(model: &Model) -> &'static [Context] {
    match (model.replay.is_some(), model.focus == Panel::Output) {
        (true, true) => &[Context::Replay, Context::Output, Context::Global],
        (true, false) => &[Context::Replay, Context::List, Context::Global],
        (false, true) => &[Context::Output, Context::Global],
        (false, false) => &[Context::List, Context::Global],
    }
}

fn press(model: &mut Model, facts: &Facts<'_>, keymap: &Keymap, event: KeyEvent) -> Vec<Wish> {
    let key = Key::of_event(event);
    let now = facts.now;
    if card::stop_window(model, now) {
        return Vec::new();
    }
    if key.ctrl && key.code == crossterm::event::KeyCode::Char('c') {
        model.sequence.clear();
        if leave_dialog(model) || model.filtering {
            model.filtering = false;
            return Vec::new();
        }
        return commands::quit(model, facts);
    }
    if key.code == crossterm::event::KeyCode::Esc && !model.sequence.is_empty() {
        model.sequence.clear();
        return Vec::new();
    }
    let burst = key.typed().is_some() && guards::is_burst(&mut model.guards, now);
    // Where the terminal tells a paste as one, keys that come at once were bunched by the link.
    let bunched = model.guards.tells_paste && model.dialog.as_ref().is_some_and(dialogs::has_field);
    if burst && !bunched && dialogs::refuse_burst(model, now) {
        return Vec::new();
    }
    // The one rule for keys meant for another dialog; a key that leaves always counts.
    if typed_on(key) && guards::is_typed_on(&mut model.guards, now) {
        model.sequence.clear();
        refuse(model, now, TYPED_ON_WORDS);
        return Vec::new();
    }
    if model.filtering {
        moves::filter_key(model, keymap, key);
        return Vec::new();
    }
    if model.dialog.is_some() {
        return dialogs::press(model, facts, keymap, key);
    }
    let repeated = event.kind == KeyEventKind::Repeat;
    match look(model, keymap, now, contexts(model), key) {
        Some(command) => obey(model, facts, command, repeated),
        None => Vec::new(),
    }
}

/// What is said of keys that were typed on.
const TYPED_ON_WORDS: &str = "typed while a dialog came or went; pause, look, then press it again";

/// True for a key that a hand types on: letters, and what accepts or goes on.
fn typed_on(key: Key) -> bool {
    use crossterm::event::KeyCode;
    key.typed().is_some() || matches!(key.code, KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace)
}

/// The command of a key, or of the sequence that it ends; a key that means nothing ends it too.
fn look(
    model: &mut Model,
    keymap: &Keymap,
    now: Stamp,
    contexts: &[Context],
    key: Key,
) -> Option<Command> {
    let mut pressed: Vec<Key> = model.sequence.iter().filter_map(|text| Key::parse(text)).collect();
    pressed.push(key);
    match keymap.look(contexts, &pressed) {
        Lookup::Command(command) => {
            model.sequence.clear();
            Some(command)
        }
        Lookup::Prefix(_) => {
            if model.sequence.is_empty() {
                model.guards.sequence_at = Some(now);
            }
            model.sequence.push(key.to_string());
            None
        }
        Lookup::None => {
            if model.sequence.is_empty() {
                return None;
            }
            let keys = model.sequence.join(" ");
            model.sequence.clear();
            refuse(model, now, format!("`{keys} {key}` means nothing"));
            None
        }
    }
}

/// Does what a command asks, when it is possible and meant.
fn obey(model: &mut Model, facts: &Facts<'_>, command: Command, repeated: bool) -> Vec<Wish> {
    // A key held down would fill the terminal with copies.
    if command.is_verb() || command == Command::Copy {
        if let Some(why) = guards::refusal(model, command, facts.now) {
            refuse(model, facts.now, why);
            return Vec::new();
        }
        if repeated {
            refuse(model, facts.now, "a held key counts once");
            return Vec::new();
        }
    }
    if let Some(why) = crate::ui::available::why_not(command, facts, model) {
        refuse(model, facts.now, why);
        // Whoever types blindly types on for a dialog that never came.
        if command.is_verb() {
            guards::changed(&mut model.guards, facts.now);
        }
        return Vec::new();
    }
    guards::accepted(&mut model.guards, command, facts.now);
    model.notice = None;
    commands::run(model, facts, command)
}

fn open(model: &mut Model, now: Stamp, dialog: Dialog) {
    model.guards.dialog_at = Some(now);
    model.guards.from_palette = false;
    model.guards.at_reason = false;
    model.guards.waits_until = None;
    model.sequence.clear();
    model.notice = None;
    model.dialog = Some(dialog);
}

/// Closes the dialog; false when there was none.
fn leave_dialog(model: &mut Model) -> bool {
    model.guards.dialog_at = None;
    model.guards.at_reason = false;
    model.guards.waits_until = None;
    model.dialog.take().is_some()
}

fn refuse(model: &mut Model, at: Stamp, text: impl Into<String>) {
    model.notice = Some(Notice { at, text: Clean::new(&text.into()), refusal: true });
}

fn say(model: &mut Model, at: Stamp, text: impl Into<String>) {
    model.notice = Some(Notice { at, text: Clean::new(&text.into()), refusal: false });
}

#[cfg(test)]
mod tests;
