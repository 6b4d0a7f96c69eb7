//! The command line: what can be asked of the program.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::report::format::Format;
use crate::domain::ids::Side;
use crate::domain::run::event::Mode;

/// Takes a two-region system through a disaster, one keypress a step.
///
/// Without a command it opens the console on a site.
#[derive(Debug, Clone, Parser)]
#[command(name = "warroom", version, max_term_width = 100)]
pub struct Cli {
    /// What to look at and how to show it.
    #[command(flatten)]
    pub console: ConsoleArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of everything that opens a console.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleArgs {
    /// The site's folder, or its name under `sites/`
    #[arg(long, value_name = "DIR", global = true)]
    pub site: Option<PathBuf>,
    /// The person of the site who sits here
    #[arg(long = "as", value_name = "NAME", global = true)]
    pub person: Option<String>,
    /// Draw with ASCII characters only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Send no notifications to the terminal (OSC 9); it rings all the same
    #[arg(long, global = true)]
    pub no_notify: bool,
    /// The theme: a built-in name or a file
    #[arg(long, value_name = "NAME", global = true)]
    pub theme: Option<String>,
    /// The keymap: a built-in name or a file
    #[arg(long, value_name = "NAME", global = true)]
    pub keymap: Option<String>,
}

/// Everything that can be asked besides the console itself.
#[derive(Debug, Clone, Subcommand, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Command {
    /// A simulated region loss in real seconds; nothing to install or configure
    Demo(DemoArgs),
    /// The console, read-only: no step can be run from here
    Watch,
    /// The heartbeats of one region that lags are measured by: writes them and nothing else
    Beat(BeatArgs),
    /// Check the site, its runbooks, secrets and the reach of every probe
    Check(CheckArgs),
    /// A runbook without a person at the keys: what it marks automatic, or every call it would make
    Run(RunArgs),
    /// Write a site that ships with the program, to be made yours
    Init(InitArgs),
    /// How the site is now: one round of looks, judged
    Status(StatusArgs),
    /// The JSON Schema of what this program writes
    Schema {
        /// What is written
        #[arg(value_enum)]
        what: SchemaOf,
    },
    /// The kinds of system that can be watched and acted on
    Systems {
        /// What to tell.
        #[command(subcommand)]
        command: SystemsCommand,
    },
    /// The report of a run: every claim names its journal entry
    Report(ReportArgs),
    /// The runs of this machine, newest first, and how fresh the site's runbooks are
    History(HistoryArgs),
    /// Show a run again, on the same screen and a clock of its own
    Replay(ReplayArgs),
    /// What the program did and met lately, in all its processes
    Log(LogArgs),
    /// Performs one attempt; started by the console, never by a person
    #[command(hide = true)]
    Runner {
        /// The attempt's folder
        attempt: PathBuf,
    },
}

/// Options of the demo.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DemoArgs {
    /// The seed of the simulated world
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// When region A fails, such as 20s
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "20s")]
    pub fail_after: std::time::Duration,
}

/// Options of the heartbeats.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct BeatArgs {
    /// The region that this runs in
    #[arg(long = "in", value_name = "REGION", value_enum)]
    pub region: Region,
    /// Write each once and end
    #[arg(long)]
    pub once: bool,
}

/// A region, as files have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Region {
    /// `regions.a`
    A,
    /// `regions.b`
    B,
}

impl Region {
    /// The side of every system that is there.
    pub fn side(self) -> Side {
        match self {
            Self::A => Side::A,
            Self::B => Side::B,
        }
    }
}

/// Options of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ReplayArgs {
    /// The run's name, as `warroom history` tells it
    pub run: String,
    /// Play at once, so many times as fast: 1, 2, 5, 10, 30, 60 or max
    #[arg(long, value_name = "N")]
    pub speed: Option<String>,
    /// Begin there: T+MM:SS, HH:MM:SSZ or #ENTRY
    #[arg(long, value_name = "WHERE")]
    pub at: Option<String>,
}

/// Options of the check.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CheckArgs {
    /// Read the files only; reach for nothing
    #[arg(long)]
    pub offline: bool,
}

/// Options of the log.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LogArgs {
    /// How many lines at most, the last ones
    #[arg(long, value_name = "LINES", default_value_t = 200)]
    pub last: usize,
    /// Only lines that are as grave, or graver
    #[arg(long, value_enum, default_value_t = Level::Trace)]
    pub level: Level,
}

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// A fault.
    Error,
    /// What should not be.
    Warn,
    /// What was done.
    Info,
    /// How it was done.
    Debug,
    /// Everything.
    Trace,
}

impl Level {
    /// True for a line of this level or a graver one, and for one of none.
    pub(super) fn takes(self, line: &str) -> bool {
        let word = line.split_whitespace().nth(2).unwrap_or_default();
        Self::from_str(word, true).map_or(true, |level| level <= self)
    }
}

/// Options of a report.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ReportArgs {
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<ReportCommand>,
    /// The run's name, as `warroom history` tells it
    #[arg(required = true)]
    pub run: Option<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Md)]
    pub format: Format,
    /// Write it into this file, readable by its owner only
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What can be done with a report that was made.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ReportCommand {
    /// Check a report, offline: the journal's chain whole, every byte as the journal tells it
    Verify {
        /// The report, in any format
        file: PathBuf,
        /// The run's folder, where it is not among the runs of this machine
        #[arg(long, value_name = "DIR")]
        journal: Option<PathBuf>,
    },
}

/// Options of a run without a screen.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(group = clap::ArgGroup::new("way").required(true).args(["unattended", "dry_run"]))]
#[command(group = clap::ArgGroup::new("mode").args(["planned", "ungraceful"]))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct RunArgs {
    /// The runbook, such as `failover`
    pub runbook: String,
    /// Run what is marked automatic; stop where a person is needed (exit code 75)
    #[arg(long)]
    pub unattended: bool,
    /// Print every call that the runbook would make; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Both regions answer; nothing may be lost
    #[arg(long)]
    pub planned: bool,
    /// The primary is lost
    #[arg(long)]
    pub ungraceful: bool,
    /// The reason of the declaration
    #[arg(long, value_name = "TEXT", conflicts_with = "dry_run")]
    pub reason: Option<String>,
    /// Accept the expected losses, where every store is within its RPO
    #[arg(long, conflicts_with = "dry_run")]
    pub accept_losses: bool,
    /// Stop once this step is done
    #[arg(long, value_name = "STEP", conflicts_with = "dry_run")]
    pub until: Option<String>,
}

impl RunArgs {
    /// The mode, where one was said.
    pub fn mode(&self) -> Option<Mode> {
        match (self.planned, self.ungraceful) {
            (true, _) => Some(Mode::Planned),
            (_, true) => Some(Mode::Ungraceful),
            (false, false) => None,
        }
    }
}

/// Options of a new site.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct InitArgs {
    /// The shipped site: `shop`, small and commented, or `lms`
    #[arg(long, value_name = "NAME")]
    pub from: String,
    /// The folder to write into; `sites/NAME` when not said
    pub dir: Option<PathBuf>,
}

/// Options of the status.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StatusArgs {
    /// Print JSON; `warroom schema status` prints its schema
    #[arg(long)]
    pub json: bool,
    /// Go on looking for so long, such as 10s, for rules that want several looks
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub wait: Option<std::time::Duration>,
}

/// What a schema can be printed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// What `warroom status --json` prints
    Status,
    /// What may be written in `[systems]` of a site, and in `with` of each kind of step
    Systems,
}

/// What can be asked of the kinds of system.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum SystemsCommand {
    /// All kinds, one a line
    List,
    /// One kind: its settings, facts, actions and an example
    Show {
        /// The kind, such as `postgres`
        kind: String,
    },
}

/// Options of the history.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct HistoryArgs {
    /// Only the runs of this runbook, and what its steps took
    pub runbook: Option<String>,
    /// As JSON, for programs
    #[arg(long)]
    pub json: bool,
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    crate::domain::settings::parse_duration(text)
        .ok_or_else(|| format!("`{text}` is not a time with its unit, such as 20s or 1m30s"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn words_are_understood() {
        let check = |line: &str, good: bool| {
            let parsed = Cli::try_parse_from(line.split_whitespace());
            assert_eq!(parsed.is_ok(), good, "{line}: {parsed:?}");
        };
        check("warroom", true);
        check("warroom --site sites/lms --as anna --ascii", true);
        check("warroom watch --site lms --theme dark", true);
        check("warroom demo --seed 7 --fail-after 1m30s --ascii", true);
        check("warroom demo --fail-after 90", false);
        check("warroom beat --in a", true);
        check("warroom beat --in b --once --site lms", true);
        check("warroom beat", false);
        check("warroom beat --in c", false);
        check("warroom check --offline --site lms", true);
        check("warroom status --json --wait 5s --site lms", true);
        check("warroom status --wait soon", false);
        check("warroom schema status", true);
        check("warroom schema nothing", false);
        check("warroom systems list", true);
        check("warroom systems show postgres", true);
        check("warroom systems", false);
        check("warroom report", false);
        check("warroom report shop-1", true);
        check("warroom report shop-1 --format html --out report.html", true);
        check("warroom report shop-1 --format pdf", false);
        check("warroom report verify report.html --journal runs/shop-1", true);
        check("warroom --as anna report verify report.html", true);
        check("warroom report verify", false);
        check("warroom report shop-1 verify report.html", false);
        check("warroom replay shop-20261120-140210 --speed max --at #12", true);
        check("warroom replay", false);
        check("warroom screenshots --out pictures", false);
        check("warroom history", true);
        check("warroom history failover --json --site lms", true);
        check("warroom runs list", false);
        check("warroom runner /tmp/attempt", true);
        check("warroom run failover --unattended --planned --as anna --reason drill", true);
        check("warroom run failover --unattended --accept-losses --until fence", true);
        check("warroom run failover --dry-run --ungraceful", true);
        check("warroom run failover", false);
        check("warroom run failover --unattended --dry-run", false);
        check("warroom run failover --dry-run --reason drill", false);
        check("warroom run failover --dry-run --planned --ungraceful", false);
        check("warroom init --from lms", true);
        check("warroom init --from lms elsewhere", true);
        check("warroom init", false);
        check("warroom dance", false);
    }

    #[test]
    fn the_runner_is_hidden() {
        assert!(!Cli::command().render_long_help().to_string().contains("runner"));
    }
}
