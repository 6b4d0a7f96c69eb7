//! All that a key can be bound to, each with its doc line: keymaps, help and docs come from here.

use super::replay::ReplayKey;

/// One thing a person can ask of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Help for this context.
    Help,
    /// Focus a panel: 1 to 6.
    Panel(u8),
    /// Focus the next panel.
    NextPanel,
    /// One panel over the whole content.
    Zoom,
    /// Filter the focused list.
    Filter,
    /// Move the selection up.
    Up,
    /// Move the selection down.
    Down,
    /// Move a page up.
    PageUp,
    /// Move a page down.
    PageDown,
    /// Go to the first row.
    First,
    /// Go to the last row.
    Last,
    /// Open the step's card, accept a field, press the focused button.
    Enter,
    /// Back, close, leave.
    Back,
    /// Leave the console; running steps go on.
    Quit,
    /// Run the selected step.
    Run,
    /// Try a failed step again.
    Retry,
    /// Skip a step.
    Skip,
    /// Attest a manual step.
    Attest,
    /// Abort the running step.
    AbortStep,
    /// Hold the plan, or go on.
    Hold,
    /// Declare.
    Declare,
    /// Accept the loss ledger.
    AcceptLedger,
    /// Arm, or go back to safe.
    Arm,
    /// Choose the runbook and planned or ungraceful.
    Choose,
    /// Escalate the run or the step to ungraceful.
    Escalate,
    /// Resolve an unknown outcome.
    Resolve,
    /// Take a done step back.
    Compensate,
    /// Give the whole run up.
    AbortRun,
    /// Close the run.
    Close,
    /// Acknowledge an alarm.
    Acknowledge,
    /// Evidence per probe.
    Evidence,
    /// The go/no-go list.
    Readiness,
    /// Look again at everything now.
    VerifyNow,
    /// Write a note.
    Note,
    /// Read the report of the run.
    Report,
    /// A key of a replay.
    Replay(ReplayKey),
    /// Every command by its name, with arguments.
    Palette,
    /// Compose a status update.
    Update,
    /// Copy what is shown.
    Copy,
    /// Select a step by its name.
    Select,
    /// Move T0.
    SetT0,
}

/// Where keys are bound; one table of a keymap each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere but in dialogs and fields.
    Global,
    /// In a list: regions, replication, runbook, timeline.
    List,
    /// In the output of a step.
    Output,
    /// While a run is replayed: looked at before the list and the output.
    Replay,
    /// While a drill is run.
    Drill,
    /// While a report is read.
    Report,
    /// In a dialog without a field.
    Dialog,
    /// While text is typed.
    Field,
}

impl Context {
    /// All, in the order of the files.
    pub const ALL: [Self; 8] = [
        Self::Global,
        Self::List,
        Self::Output,
        Self::Replay,
        Self::Drill,
        Self::Report,
        Self::Dialog,
        Self::Field,
    ];

    /// The name of its table in a keymap.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Output => "output",
            Self::Replay => "replay",
            Self::Drill => "drill",
            Self::Report => "report",
            Self::Dialog => "dialog",
            Self::Field => "field",
        }
    }
}

/// A command with what people read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandSpec {
    /// The command.
    pub command: Command,
    /// Its name in keymaps.
    pub name: &'static str,
    /// What it does, for help and docs.
    pub doc: &'static str,
    /// Where it belongs.
    pub context: Context,
}

const fn spec(
    command: Command,
    name: &'static str,
    context: Context,
    doc: &'static str,
) -> CommandSpec {
    CommandSpec { command, name, doc, context }
}

/// Every command, in the order of help and docs.
pub const COMMANDS: &[CommandSpec] = &[
    spec(Command::Help, "help", Context::Global, "help for this context"),
    spec(Command::Panel(1), "panel-1", Context::Global, "focus region A"),
    spec(Command::Panel(2), "panel-2", Context::Global, "focus region B"),
    spec(Command::Panel(3), "panel-3", Context::Global, "focus replication"),
    spec(Command::Panel(4), "panel-4", Context::Global, "focus the runbook"),
    spec(Command::Panel(5), "panel-5", Context::Global, "focus the output"),
    spec(Command::Panel(6), "panel-6", Context::Global, "focus the timeline"),
    spec(Command::NextPanel, "next", Context::Global, "next panel or field"),
    spec(Command::Zoom, "zoom", Context::Global, "one panel over the whole content, or back"),
    spec(Command::Filter, "filter", Context::List, "filter the lists"),
    spec(Command::Up, "up", Context::List, "one row up"),
    spec(Command::Down, "down", Context::List, "one row down"),
    spec(Command::PageUp, "page-up", Context::List, "one page up"),
    spec(Command::PageDown, "page-down", Context::List, "one page down"),
    spec(Command::First, "first", Context::List, "first row"),
    spec(Command::Last, "last", Context::List, "last row"),
    spec(Command::Enter, "enter", Context::Global, "open the step's card, or accept; never runs"),
    spec(Command::Back, "back", Context::Global, "back, close, leave"),
    spec(Command::Quit, "quit", Context::Global, "leave; running steps go on"),
    spec(Command::Run, "run", Context::Global, "run the selected step"),
    spec(Command::Retry, "retry", Context::Global, "try a failed step again"),
    spec(Command::Skip, "skip", Context::Global, "skip the selected step, with a reason"),
    spec(Command::Attest, "attest", Context::Global, "attest a manual step, with the value seen"),
    spec(Command::AbortStep, "abort-step", Context::Global, "abort the running step, typed"),
    spec(Command::Hold, "hold", Context::Global, "hold the plan, or go on; the clock runs on"),
    spec(Command::Declare, "declare", Context::Global, "declare, typed"),
    spec(Command::AcceptLedger, "accept-ledger", Context::Global, "accept the expected losses"),
    spec(Command::Arm, "arm", Context::Global, "arm, typed, or back to SAFE"),
    spec(Command::Choose, "choose", Context::Global, "choose the runbook and its mode"),
    spec(Command::Escalate, "escalate", Context::Global, "go on as if the primary were lost"),
    spec(Command::Resolve, "resolve", Context::Global, "say what became of an unknown outcome"),
    spec(Command::Compensate, "compensate", Context::Global, "take a done step back"),
    spec(Command::AbortRun, "abort-run", Context::Global, "give the whole run up, typed"),
    spec(Command::Close, "close", Context::Global, "close the run"),
    spec(Command::Acknowledge, "acknowledge", Context::Global, "acknowledge the worst alarm"),
    spec(Command::Evidence, "evidence", Context::Global, "what every probe said"),
    spec(Command::Readiness, "go-no-go", Context::Global, "the go/no-go list, with its evidence"),
    spec(Command::VerifyNow, "verify-now", Context::Global, "look again at everything now"),
    spec(Command::Note, "note", Context::Global, "write a note to the timeline"),
    spec(
        Command::Report,
        "report",
        Context::Global,
        "read the report of the run, with its entries",
    ),
    spec(Command::Palette, "palette", Context::Global, "every command by its name, with arguments"),
    spec(Command::Update, "update", Context::Global, "compose a status update and copy it"),
    spec(Command::Copy, "copy", Context::Global, "copy what is shown, secrets masked"),
    spec(Command::Select, "step", Context::Global, "select a step by its name"),
    spec(Command::SetT0, "t0-set", Context::Global, "move T0, with a reason, typed"),
    replay(ReplayKey::Play, "play", "replay: play, or pause"),
    replay(ReplayKey::Next, "next-entry", "replay: to the next journal entry"),
    replay(ReplayKey::Previous, "previous-entry", "replay: to the journal entry before"),
    replay(ReplayKey::Faster, "faster", "replay: faster"),
    replay(ReplayKey::Slower, "slower", "replay: slower"),
    replay(ReplayKey::MinuteBack, "minute-back", "replay: one minute back"),
    replay(ReplayKey::MinuteOn, "minute-on", "replay: one minute on"),
    replay(ReplayKey::Begin, "begin", "replay: to the first entry"),
    replay(ReplayKey::End, "to-end", "replay: to the end of the run"),
    replay(
        ReplayKey::SkipIdle,
        "skip-idle",
        "replay: over idle time, to just before the next entry",
    ),
    replay(ReplayKey::Seek, "seek", "replay: to a moment or an entry, typed"),
];

const fn replay(key: ReplayKey, name: &'static str, doc: &'static str) -> CommandSpec {
    spec(Command::Replay(key), name, Context::Replay, doc)
}

impl Command {
    /// What people read of the command.
    pub fn spec(self) -> Option<&'static CommandSpec> {
        COMMANDS.iter().find(|spec| spec.command == self)
    }

    /// The command of a name, as keymaps write it.
    pub fn from_name(name: &str) -> Option<Self> {
        COMMANDS.iter().find(|spec| spec.name == name).map(|spec| spec.command)
    }

    /// The name, as keymaps write it.
    pub fn name(self) -> &'static str {
        self.spec().map_or("panel", |spec| spec.name)
    }

    /// True for what changes a run or what the console may do, so never sits on a movement key
    /// and is guarded against keys that were not meant.
    pub fn is_verb(self) -> bool {
        match self {
            Self::Run
            | Self::Retry
            | Self::Skip
            | Self::Attest
            | Self::AbortStep
            | Self::Hold
            | Self::Declare
            | Self::AcceptLedger
            | Self::Arm
            | Self::Choose
            | Self::Escalate
            | Self::Resolve
            | Self::Compensate
            | Self::AbortRun
            | Self::Close
            | Self::Acknowledge
            | Self::Note
            | Self::SetT0 => true,
            Self::Help
            | Self::Panel(_)
            | Self::NextPanel
            | Self::Zoom
            | Self::Filter
            | Self::Up
            | Self::Down
            | Self::PageUp
            | Self::PageDown
            | Self::First
            | Self::Last
            | Self::Enter
            | Self::Back
            | Self::Quit
            | Self::Evidence
            | Self::Readiness
            | Self::Report
            | Self::VerifyNow
            | Self::Replay(_)
            | Self::Palette
            | Self::Update
            | Self::Copy
            | Self::Select => false,
        }
    }

    /// True for what has no key of its own, because it says nothing without an argument.
    pub fn is_only_named(self) -> bool {
        matches!(self, Self::Select | Self::SetT0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_command() {
        for (index, spec) in COMMANDS.iter().enumerate() {
            assert_eq!(Command::from_name(spec.name), Some(spec.command));
            assert_eq!(spec.command.name(), spec.name);
            assert!(!spec.doc.is_empty() && !spec.doc.ends_with('.'), "{}", spec.name);
            assert!(!COMMANDS[..index].iter().any(|other| other.name == spec.name));
        }
    }
}
