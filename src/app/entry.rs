//! What each subcommand does, and the exit code it answers with.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use super::check::{self, CheckSetup};
use super::compose::{self, Start, Usage};
use super::demo::{self, DemoPlan};
use super::parting::Way;
use super::replay::{self, Asked};
use super::report_command;
use super::resume;
use super::say::{Unsaid, say};
use super::site_file::{self, LoadedSite};
use super::toml_tree::FileFault;
use super::workshop::Unwatched;
use super::{docs, dry_run, history, init, lookup, registry, status, unattended, workshop};
use crate::cli::{Cli, Command, DemoArgs, Exit, HistoryArgs, ReplayArgs, SchemaOf, SystemsCommand};
use crate::domain::run::event::RunKind;
use crate::domain::site::Site;
use crate::port::Clock;
use crate::runtime::clock::SystemClock;
use crate::runtime::last_words;
use crate::runtime::paths::{StatePaths, create_folders, disk_words, is_full};
use crate::runtime::privacy;
use crate::runtime::runner;
use crate::runtime::runs::{RunsError, Survey};
use crate::runtime::seat::SeatError;
use crate::systems::{SYSTEMS, sim};

/// A refusal to go on: what to say on standard error, and the exit code.
struct Refused(Exit, String);

impl From<Unsaid> for Refused {
    fn from(error: Unsaid) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        let exit = if may_work_later(&error) || error.is::<Unsaid>() {
            Exit::TryLater
        } else if error.is::<Usage>() {
            Exit::Usage
        } else if error.is::<Unwatched>() {
            Exit::NotPermitted
        } else if error.is::<FileFault>() {
            Exit::Configuration
        } else {
            Exit::Internal
        };
        Self(exit, told(&error))
    }
}

/// True for what another console, another run or a full disk is in the way of.
fn may_work_later(error: &anyhow::Error) -> bool {
    let seat =
        matches!(error.downcast_ref(), Some(SeatError::Taken { .. } | SeatError::Working { .. }));
    let runs = matches!(
        error.downcast_ref(),
        Some(RunsError::Several { .. } | RunsError::Held { .. } | RunsError::Open(_))
    );
    seat || runs || full_disk(error).is_some()
}

/// The word of a full disk among the causes.
fn full_disk(error: &anyhow::Error) -> Option<&std::io::Error> {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.find(|cause| is_full(cause))
}

/// An error with its causes, each told once, and what to do about a full disk.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    let full = full_disk(error).map(disk_words);
    for cause in error.chain().skip(1).map(ToString::to_string).chain(full) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Reads the command line and does what it asks.
pub fn main() -> ExitCode {
    last_words::mask();
    // Every subcommand may open secrets.
    privacy::keep();
    // Two TLS stacks in one process must agree on the provider before the first connection.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() };
        }
    };
    match run(&cli) {
        Ok(exit) => exit,
        Err(Refused(exit, text)) => {
            eprintln!("warroom: {}", last_words::masked(&text));
            exit.into()
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode, Refused> {
    match &cli.command {
        None => {
            need_terminal()?;
            let site = load(cli)?;
            let start = start(cli, kind_of(&site.site));
            compose::command(site, &start, Way::Site)?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Watch) => {
            need_terminal()?;
            let site = load(cli)?;
            compose::watch(&site, &start(cli, kind_of(&site.site)))?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Demo(args)) => run_demo(cli, args),
        Some(Command::Check(args)) => {
            let dir = find(cli)?;
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let setup = CheckSetup::new(clock);
            let runtime = tokio::runtime::Runtime::new()
                .map_err(|error| Refused(Exit::Internal, error.to_string()))?;
            let report = runtime.block_on(check::check(&dir, args.offline, &setup));
            say(&report.to_string())?;
            Ok(report.exit().into())
        }
        Some(Command::Run(args)) => {
            let site = load(cli)?;
            let start = start(cli, kind_of(&site.site));
            let exit = if args.dry_run {
                dry_run::run(&site, &start, args)
            } else {
                unattended::run(site, &start, args)
            };
            Ok(exit?.into())
        }
        Some(Command::Init(args)) => Ok(init::run(args)?.into()),
        Some(Command::Status(args)) => {
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let told = status::command(load(cli)?, args.wait, &clock)?;
            say(&if args.json { told.json() } else { told.to_string() })?;
            Ok(told.exit().into())
        }
        Some(Command::Schema { what: SchemaOf::Status }) => {
            say(&status::schema())?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Systems { command: SystemsCommand::List }) => {
            say(&docs::systems_list(SYSTEMS))?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Systems { command: SystemsCommand::Show { kind } }) => {
            let system =
                registry::system(SYSTEMS, kind).map_err(|why| Refused(Exit::Usage, why))?;
            say(&docs::systems_show(system))?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Report(args)) => {
            report_command::run(args).map(Into::into).map_err(|(exit, why)| Refused(exit, why))
        }
        Some(Command::History(args)) => print_history(cli, args),
        Some(Command::Replay(args)) => run_replay(cli, args),
        Some(Command::Runner { attempt }) => Ok(perform(attempt)),
    }
}

/// A site with a simulated system is a simulation, whatever else is in it: it is never called live.
pub(super) fn kind_of(site: &Site) -> RunKind {
    let simulated = site.systems.iter().any(|system| system.kind == sim::KIND);
    if simulated { RunKind::Simulation } else { RunKind::Live }
}

fn start(cli: &Cli, kind: RunKind) -> Start {
    Start {
        person: cli.console.person.clone(),
        ascii: cli.console.ascii,
        notify: !cli.console.no_notify,
        theme: cli.console.theme.clone(),
        keymap: cli.console.keymap.clone(),
        kind,
        memory: None,
    }
}

fn need_terminal() -> Result<(), Refused> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    let text = "the console needs a terminal; without one use `warroom status --json`, \
                `warroom check`, `warroom history` or `warroom report RUN`";
    Err(Refused(Exit::Usage, text.to_owned()))
}

fn find(cli: &Cli) -> Result<PathBuf, Refused> {
    let here = std::env::current_dir()
        .map_err(|error| Refused(Exit::Internal, format!("failed to find this folder: {error}")))?;
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or(home);
    let places = lookup::Places {
        asked: cli.console.site.clone(),
        environment: std::env::var_os("WARROOM_SITE").map(PathBuf::from),
        here,
        config: config.map(|config| config.join("warroom")),
    };
    lookup::find_site(&places).map_err(|why| Refused(Exit::Configuration, why))
}

fn load(cli: &Cli) -> Result<LoadedSite, Refused> {
    load_from(&find(cli)?)
}

fn load_from(dir: &Path) -> Result<LoadedSite, Refused> {
    site_file::load(dir).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let text = format!("this site cannot be used\n{}", lines.join("\n"));
        Refused(Exit::Configuration, text)
    })
}

fn run_demo(cli: &Cli, args: &DemoArgs) -> Result<ExitCode, Refused> {
    need_terminal()?;
    let paths = StatePaths::of_process().map_err(|error| anyhow::anyhow!(error))?;
    let folder = demo_folder(&paths, args)?;
    let site = load_from(&folder.join("site"))?;
    let mut start = start(cli, RunKind::Simulation);
    start.person.get_or_insert_with(|| DEMO_COMMANDER.to_owned());
    start.memory = Some(folder.join("memory"));
    compose::command(site, &start, Way::Demo)?;
    Ok(Exit::Ok.into())
}

/// The person who sits at the demo's console.
const DEMO_COMMANDER: &str = "anna";

/// The demo's name, as a site and as the folder of its worlds.
const DEMO: &str = "demo";

/// The folder of the demo whose run is still open, so that a killed console goes on where it was;
/// else a new one.
fn demo_folder(paths: &StatePaths, args: &DemoArgs) -> anyhow::Result<PathBuf> {
    let demos = paths.root().join(DEMO);
    if let Some(run) = Survey::of(&paths.runs(), DEMO)?.the_open_one()?
        && let Some(world) = sim::probe::world_of(&resume::frozen_site(run)?)
        && let Some(folder) = world.parent().filter(|folder| folder.is_dir())
    {
        return Ok(folder.to_owned());
    }
    let clock = SystemClock::new();
    let folder = demos.join(format!("{:015}", clock.now().wall_ms));
    create_folders(&folder)?;
    let plan =
        DemoPlan { seed: args.seed, fail_after: Some(args.fail_after), ..DemoPlan::default() };
    demo::write(&folder, plan, &clock)?;
    Ok(folder)
}

/// Runs are told without a site; its plans only where one is found.
fn print_history(cli: &Cli, args: &HistoryArgs) -> Result<ExitCode, Refused> {
    let paths = StatePaths::of_process().map_err(|error| anyhow::anyhow!(error))?;
    let needed = cli.console.site.is_some() || args.runbook.is_some();
    let site = match find(cli) {
        Ok(dir) if needed => Some(load_from(&dir)?),
        Ok(dir) => load_from(&dir).ok(),
        Err(refused) if needed => return Err(refused),
        Err(_) => None,
    };
    if let (Some(name), Some(site)) = (&args.runbook, &site) {
        let names = || site.runbooks.iter().map(|plan| plan.name.as_str());
        if !names().any(|known| known == name) {
            let what = "a runbook of this site";
            let text = crate::domain::settings::unknown(what, name, names());
            return Err(Refused(Exit::Usage, text));
        }
    }
    let (text, whole) = history::tell(&history::Asked {
        paths: &paths,
        site: site.as_ref(),
        of_site: needed,
        runbook: args.runbook.as_deref(),
        json: args.json,
    });
    say(&text)?;
    Ok(if whole { Exit::Ok.into() } else { Exit::Finding.into() })
}

fn run_replay(cli: &Cli, args: &ReplayArgs) -> Result<ExitCode, Refused> {
    need_terminal()?;
    let folder = report_command::run_folder(&args.run).map_err(|(exit, why)| Refused(exit, why))?;
    let asked = Asked { speed: args.speed.clone(), at: args.at.clone() };
    match replay::show(&folder, &start(cli, RunKind::Live), &asked)? {
        None => Ok(Exit::Ok.into()),
        Some(why) => Err(Refused(Exit::Finding, format!("the run was shown up to here: {why}"))),
    }
}

/// The hidden subcommand of an attempt's own process.
fn perform(attempt: &Path) -> ExitCode {
    let dir = workshop::site_dir_of_runner();
    runner::main(attempt, |context| workshop::prepare(context, &dir, Arc::new(SystemClock::new())))
}
