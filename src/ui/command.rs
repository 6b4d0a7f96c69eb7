//! All that a key can be bound to, one row each: keymaps, help, keys row, palette and docs.

use strum::{IntoStaticStr, VariantArray};

use super::replay::ReplayKey;
use crate::domain::ids::StepId;
use crate::domain::run::decide::Kind;

/// One thing a person can ask of the console.
#[expect(missing_docs, reason = "each is told in its row of `COMMANDS`")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    Help,
    Panel(u8),
    NextPanel,
    Zoom,
    Filter,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Enter,
    Back,
    Quit,
    Run,
    Retry,
    Skip,
    Attest,
    AbortStep,
    Hold,
    Declare,
    AcceptLedger,
    Arm,
    Choose,
    Escalate,
    Resolve,
    Compensate,
    AbortRun,
    Close,
    Acknowledge,
    Evidence,
    Readiness,
    VerifyNow,
    Note,
    Report,
    Replay(ReplayKey),
    Palette,
    Update,
    Copy,
    Select,
    SetT0,
}

/// Where keys are bound; one table of a keymap each, in the order of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
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
    /// The name of its table in a keymap.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a command does beside showing something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acts {
    /// Nothing.
    No,
    /// It only moves the eye.
    Moves,
    /// It changes what this console may do, or opens a run.
    Console,
    /// It ends in a wish of this kind.
    Run(Kind),
}

/// What may follow the name of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// Some words, such as a note or a reason.
    Words,
    /// A step.
    Step,
    /// A step, then a reason.
    StepAndReason,
    /// The number of a panel.
    Panel,
    /// A moment, then a reason.
    MomentAndReason,
}

/// Arguments that were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// A step.
    pub step: Option<StepId>,
    /// A moment, as typed.
    pub moment: Option<String>,
    /// Words: a note, a reason, a filter.
    pub words: Option<String>,
}

/// All that is to be known of a command.
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
    /// What it does beside showing something.
    pub acts: Acts,
    /// Its word in the keys row.
    pub word: &'static str,
    /// Its place in the keys row, from 1 on; 0 for none.
    pub shown: u8,
    /// The same in a replay.
    pub replayed: u8,
    /// What may follow its name.
    pub takes: Takes,
    /// What is typed before the arguments.
    pub typed: &'static str,
    /// How the arguments are called.
    pub usage: &'static str,
    /// A whole line as an example.
    pub example: &'static str,
}

const fn looks(command: Command, name: &'static str, doc: &'static str) -> CommandSpec {
    CommandSpec {
        command,
        name,
        doc,
        context: Context::Global,
        acts: Acts::No,
        word: "",
        shown: 0,
        replayed: 0,
        takes: Takes::Nothing,
        typed: name,
        usage: "",
        example: "",
    }
}

const fn acts(command: Command, kind: Kind, name: &'static str, doc: &'static str) -> CommandSpec {
    CommandSpec { acts: Acts::Run(kind), ..looks(command, name, doc) }
}

const fn moves(command: Command, name: &'static str, doc: &'static str) -> CommandSpec {
    CommandSpec { acts: Acts::Moves, ..looks(command, name, doc) }
}

const fn sets(command: Command, name: &'static str, doc: &'static str) -> CommandSpec {
    CommandSpec { acts: Acts::Console, ..looks(command, name, doc) }
}

const fn replay(key: ReplayKey, name: &'static str, doc: &'static str) -> CommandSpec {
    CommandSpec { context: Context::Replay, ..looks(Command::Replay(key), name, doc) }
}

impl CommandSpec {
    const fn list(self) -> Self {
        Self { context: Context::List, ..self }
    }

    const fn word(self, shown: u8, word: &'static str) -> Self {
        Self { word, shown, ..self }
    }

    const fn replayed(self, replayed: u8) -> Self {
        Self { replayed, ..self }
    }

    const fn takes(self, takes: Takes, usage: &'static str, example: &'static str) -> Self {
        Self { takes, usage, example, ..self }
    }

    const fn typed(self, typed: &'static str) -> Self {
        Self { typed, ..self }
    }
}

/// Every command, in the order of help and docs.
#[rustfmt::skip]
pub const COMMANDS: &[CommandSpec] = &[
    looks(Command::Help, "help", "help for this context").word(1, "help").replayed(6),
    moves(Command::Panel(1), "panel-1", "focus region A").word(19, "panel").replayed(15)
        .typed("panel").takes(Takes::Panel, "NUMBER", "panel 4"),
    moves(Command::Panel(2), "panel-2", "focus region B"),
    moves(Command::Panel(3), "panel-3", "focus replication"),
    moves(Command::Panel(4), "panel-4", "focus the runbook"),
    moves(Command::Panel(5), "panel-5", "focus the output"),
    moves(Command::Panel(6), "panel-6", "focus the timeline"),
    moves(Command::NextPanel, "next", "next panel or field"),
    looks(Command::Zoom, "zoom", "one panel over the whole content, or back")
        .word(20, "zoom").replayed(16),
    looks(Command::Filter, "filter", "filter the lists").list().word(21, "filter").replayed(17)
        .takes(Takes::Words, "TEXT", "filter kafka"),
    moves(Command::Up, "up", "one row up").list(),
    moves(Command::Down, "down", "one row down").list(),
    moves(Command::PageUp, "page-up", "one page up").list(),
    moves(Command::PageDown, "page-down", "one page down").list(),
    moves(Command::First, "first", "first row").list(),
    moves(Command::Last, "last", "last row").list(),
    moves(Command::Enter, "enter", "open the step's card, or accept; never runs")
        .word(2, "open").replayed(13),
    moves(Command::Back, "back", "back, close, leave"),
    looks(Command::Quit, "quit", "leave; running steps go on").word(27, "quit").replayed(5),
    acts(Command::Run, Kind::Run, "run", "run the selected step").word(3, "run")
        .takes(Takes::Step, "STEP", "run promote-pg"),
    acts(Command::Retry, Kind::Retry, "retry", "try a failed step again").word(8, "retry")
        .takes(Takes::StepAndReason, "STEP REASON", "retry scale-b the quota was raised"),
    acts(Command::Skip, Kind::Skip, "skip", "skip the selected step, with a reason").word(9, "skip")
        .takes(Takes::StepAndReason, "STEP REASON", "skip purge-cdn nothing is cached"),
    acts(Command::Attest, Kind::Attest, "attest", "attest a manual step, with the value seen")
        .word(6, "attest").takes(Takes::Step, "STEP", "attest error-logs"),
    acts(Command::AbortStep, Kind::AbortStep, "abort-step", "abort the running step, typed")
        .word(10, "abort step").takes(Takes::Step, "STEP", "abort-step scale-b"),
    acts(Command::Hold, Kind::Hold, "hold", "hold the plan, or go on; the clock runs on")
        .word(11, "hold"),
    acts(Command::Declare, Kind::Declare, "declare", "declare, typed").word(4, "declare")
        .takes(Takes::Words, "REASON", "declare the region is dark"),
    acts(Command::AcceptLedger, Kind::AcceptLedger, "accept-ledger", "accept the expected losses")
        .word(5, "losses"),
    sets(Command::Arm, "arm", "arm, typed, or back to SAFE").word(12, "arm"),
    sets(Command::Choose, "choose", "choose the runbook and its mode").word(24, "runbook"),
    acts(Command::Escalate, Kind::Escalate, "escalate", "go on as if the primary were lost")
        .takes(Takes::Words, "REASON", "escalate region A is lost"),
    acts(Command::Resolve, Kind::Resolve, "resolve", "say what became of an unknown outcome")
        .word(7, "resolve").takes(Takes::Step, "STEP", "resolve promote-pg"),
    acts(Command::Compensate, Kind::Compensate, "compensate", "take a done step back")
        .takes(Takes::Step, "STEP", "compensate fence-a"),
    acts(Command::AbortRun, Kind::AbortRun, "abort-run", "give the whole run up, typed")
        .takes(Takes::Words, "REASON", "abort-run it was our fault"),
    acts(Command::Close, Kind::Close, "close", "close the run").word(26, "close"),
    acts(Command::Acknowledge, Kind::Acknowledge, "acknowledge", "acknowledge the worst alarm")
        .word(13, "ack"),
    looks(Command::Evidence, "evidence", "what every probe said").word(14, "evidence").replayed(14),
    looks(Command::Readiness, "go-no-go", "the go/no-go list, with its evidence")
        .word(16, "go/no-go"),
    looks(Command::VerifyNow, "verify-now", "look again at everything now").word(22, "verify"),
    acts(Command::Note, Kind::Note, "note", "write a note to the timeline").word(17, "note")
        .takes(Takes::Words, "TEXT", "note support: logins work"),
    looks(Command::Report, "report", "read the report of the run, with its entries")
        .word(25, "report"),
    looks(Command::Palette, "palette", "every command by its name, with arguments")
        .word(18, "palette"),
    looks(Command::Update, "update", "compose a status update and copy it").word(15, "update"),
    looks(Command::Copy, "copy", "copy what is shown, secrets masked").word(23, "copy"),
    looks(Command::Select, "step", "select a step by its name")
        .takes(Takes::Step, "STEP", "step promote-pg"),
    acts(Command::SetT0, Kind::SetT0, "t0-set", "move T0, with a reason, typed").typed("t0 set")
        .takes(
            Takes::MomentAndReason,
            "TIME REASON",
            "t0 set 14:02:10Z the provider's page says so",
        ),
    replay(ReplayKey::Play, "play", "replay: play, or pause").word(0, "play/pause").replayed(1),
    replay(ReplayKey::Next, "next-entry", "replay: to the next journal entry")
        .word(0, "next").replayed(2),
    replay(ReplayKey::Previous, "previous-entry", "replay: to the journal entry before")
        .word(0, "previous").replayed(3),
    replay(ReplayKey::Faster, "faster", "replay: faster").word(0, "faster").replayed(7),
    replay(ReplayKey::Slower, "slower", "replay: slower").word(0, "slower").replayed(8),
    replay(ReplayKey::MinuteBack, "minute-back", "replay: one minute back")
        .word(0, "back").replayed(10),
    replay(ReplayKey::MinuteOn, "minute-on", "replay: one minute on")
        .word(0, "1 min on").replayed(9),
    replay(ReplayKey::Begin, "begin", "replay: to the first entry"),
    replay(ReplayKey::End, "to-end", "replay: to the end of the run")
        .word(0, "to end").replayed(12),
    replay(
        ReplayKey::SkipIdle,
        "skip-idle",
        "replay: over idle time, to just before the next entry",
    ).word(0, "skip idle").replayed(11),
    replay(ReplayKey::Seek, "seek", "replay: to a moment or an entry, typed")
        .word(0, "seek").replayed(4),
];

impl Command {
    /// All that is to be known of the command.
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

    /// What it does beside showing something.
    pub fn acts(self) -> Acts {
        self.spec().map_or(Acts::Moves, |spec| spec.acts)
    }

    /// True for what changes a run or what the console may do, so never sits on a movement key
    /// and is guarded against keys that were not meant.
    pub fn is_verb(self) -> bool {
        matches!(self.acts(), Acts::Console | Acts::Run(_))
    }

    /// True for what moves a list.
    pub fn is_scroll(self) -> bool {
        use Command::{Down, First, Last, PageDown, PageUp, Up};
        matches!(self, Up | Down | PageUp | PageDown | First | Last)
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
