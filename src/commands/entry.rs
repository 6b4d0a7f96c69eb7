//! The one way in: reads the command line, and does what it asks for.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use super::args::{Cli, Command, SchemaOf, SystemsCommand};
use super::check::{self, CheckSetup};
use super::exit::Exit;
use super::opening::{find, load, need_terminal, start};
use super::refused::Refused;
use super::say::say;
use super::unattended;
use super::{
    beat, demo, dry_run, history, init, log as log_command, replay, report, runner, schema, status,
    systems,
};
use crate::app::compose;
use crate::app::kinds::{KINDS, kind_of};
use crate::app::parting::Way;
use crate::port::Clock;
use crate::runtime::clock::SystemClock;
use crate::runtime::paths::StatePaths;
use crate::runtime::{first_line, last_words, log, privacy};

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
    let what = cli.command.as_ref().map_or("console", Into::into);
    // Where there is no state folder there is nothing to keep a log in.
    if let Ok(paths) = StatePaths::of_process()
        && let Err(why) = log::start(paths.root().to_owned(), what)
    {
        eprintln!("warroom: {why}");
        return Exit::Usage.into();
    }
    let ended = run(&cli);
    log::end();
    match ended {
        Ok(exit) => exit,
        Err(Refused(exit, text)) => {
            first_line::clear();
            eprintln!("warroom: {}", last_words::masked(&text));
            exit.into()
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode, Refused> {
    let console = &cli.console;
    match &cli.command {
        None => {
            need_terminal()?;
            let site = load(console)?;
            let start = start(console, kind_of(&site.site));
            compose::command(site, &start, Way::Site)?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Watch) => {
            need_terminal()?;
            let site = load(console)?;
            compose::watch(&site, &start(console, kind_of(&site.site)))?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Beat(args)) => Ok(beat::run(console, args)?.into()),
        Some(Command::Demo(args)) => demo::run(console, args),
        Some(Command::Check(args)) => {
            let dir = find(console)?;
            let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
            let setup = CheckSetup::new(clock);
            let runtime = tokio::runtime::Runtime::new()
                .map_err(|error| Refused(Exit::Internal, error.to_string()))?;
            let report = runtime.block_on(check::check(&dir, args.offline, &setup));
            say(&report.to_string())?;
            Ok(report.exit().into())
        }
        Some(Command::Run(args)) => {
            let site = load(console)?;
            let start = start(console, kind_of(&site.site));
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
            let told = status::command(load(console)?, args.wait, &clock)?;
            say(&if args.json { told.json() } else { told.to_string() })?;
            Ok(told.exit().into())
        }
        Some(Command::Schema { what }) => {
            say(&match what {
                SchemaOf::Status => status::schema(),
                SchemaOf::Systems => schema::systems(KINDS),
            })?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Systems { command: SystemsCommand::List }) => {
            say(&systems::list(KINDS))?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Systems { command: SystemsCommand::Show { kind } }) => {
            let system = KINDS.system(kind).map_err(|why| Refused(Exit::Usage, why))?;
            say(&systems::show(system))?;
            Ok(Exit::Ok.into())
        }
        Some(Command::Report(args)) => Ok(report::command::run(args)?.into()),
        Some(Command::History(args)) => Ok(history::run(console, args)?.into()),
        Some(Command::Replay(args)) => Ok(replay::run(console, args)?.into()),
        Some(Command::Log(args)) => Ok(log_command::run(args)?.into()),
        Some(Command::Runner { attempt }) => Ok(runner::perform(attempt)),
    }
}
