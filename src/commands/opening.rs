//! What most commands begin with: the site that is meant, how a console is asked for, a terminal.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::args::ConsoleArgs;
use super::exit::Exit;
use super::refused::Refused;
use crate::app::kinds;
use crate::app::start::Start;
use crate::domain::run::event::RunKind;
use crate::files::lookup;
use crate::files::site::LoadedSite;
use crate::runtime::first_line;

pub(super) fn start(args: &ConsoleArgs, kind: RunKind) -> Start {
    Start {
        person: args.person.clone(),
        ascii: args.ascii,
        notify: !args.no_notify,
        theme: args.theme.clone(),
        keymap: args.keymap.clone(),
        kind,
        memory: None,
    }
}

pub(super) fn need_terminal() -> Result<(), Refused> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        first_line::say("starting");
        return Ok(());
    }
    let text = "the console needs a terminal; without one use `warroom status --json`, \
                `warroom check`, `warroom history` or `warroom report RUN`";
    Err(Refused(Exit::Usage, text.to_owned()))
}

pub(super) fn find(args: &ConsoleArgs) -> Result<PathBuf, Refused> {
    let here = std::env::current_dir()
        .map_err(|error| Refused(Exit::Internal, format!("failed to find this folder: {error}")))?;
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or(home);
    let places = lookup::Places {
        asked: args.site.clone(),
        environment: std::env::var_os("WARROOM_SITE").map(PathBuf::from),
        here,
        config: config.map(|config| config.join("warroom")),
    };
    lookup::find_site(&places).map_err(|why| Refused(Exit::Configuration, why))
}

pub(super) fn load(args: &ConsoleArgs) -> Result<LoadedSite, Refused> {
    load_from(&find(args)?)
}

pub(super) fn load_from(dir: &Path) -> Result<LoadedSite, Refused> {
    kinds::load(dir).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let text = format!("this site cannot be used\n{}", lines.join("\n"));
        Refused(Exit::Configuration, text)
    })
}
