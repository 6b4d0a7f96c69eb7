//! `warroom beat`: writes the heartbeats of one region, and nothing else.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::{BeatArgs, ConsoleArgs};
use super::exit::Exit;
use super::opening::load;
use super::refused::Refused;
use super::say::say;
use crate::app::kinds::KINDS;
use crate::app::workshop;
use crate::domain::ids::Side;
use crate::domain::reading::LookErrorKind;
use crate::port::Clock;
use crate::runtime::beats::{self, Beaten, Pulsing};
use crate::runtime::clock::SystemClock;
use crate::runtime::{teller, workers};
use crate::systems::kit::endpoint::BEAT;

/// Writes them until it is told to end, or once each.
pub(super) fn run(console: &ConsoleArgs, args: &BeatArgs) -> Result<Exit, Refused> {
    let site = load(console)?;
    let side = args.region.side();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let all = workshop::beaters(&site.site, &site.dir, side, &clock);
    let all = all.map_err(anyhow::Error::from)?;
    if all.is_empty() {
        return Err(Refused(Exit::Configuration, nothing_to_write(side)));
    }
    let runtime = workers::start().map_err(anyhow::Error::from)?;
    let ended = if args.once {
        let told = runtime.block_on(beats::once(all, &clock));
        let text: String = told.iter().flat_map(|(line, _)| [line, "\n"]).collect();
        say(&text)?;
        Ok(exit(told.iter().map(|(_, beaten)| beaten)))
    } else {
        let tell = teller::start().map_err(anyhow::Error::from)?;
        runtime.block_on(go_on(all, &clock, &tell))
    };
    // A store may hang: nobody waits for it.
    runtime.shutdown_background();
    ended
}

async fn go_on(
    all: Vec<Pulsing>,
    clock: &Arc<dyn Clock>,
    tell: &beats::Tell,
) -> Result<Exit, Refused> {
    // A hang-up is left as it is found: `nohup` makes it none.
    let [mut terminate, mut interrupt] = signals().map_err(anyhow::Error::from)?;
    let mut tasks = beats::start(all, clock, tell);
    tokio::select! {
        _ = terminate.recv() => Ok(Exit::Ok),
        _ = interrupt.recv() => Ok(Exit::Ok),
        _ = tasks.join_next() => {
            let text = "a writer of a heartbeat broke down; start it again, and see `warroom log`";
            Err(Refused(Exit::Internal, text.to_owned()))
        }
    }
}

fn signals() -> io::Result<[Signal; 2]> {
    Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?])
}

/// What to write in the site where there is nothing to do.
fn nothing_to_write(side: Side) -> String {
    let has_one = |settings: &[crate::domain::setting::SettingSpec]| {
        settings.iter().any(|setting| setting.name == BEAT.spec.name)
    };
    let kinds: Vec<String> = KINDS
        .systems
        .iter()
        .filter(|system| has_one(system.settings()))
        .map(|system| format!("`{}`", system.kind()))
        .collect();
    format!(
        "no system of this site has a heartbeat to be written in region {side}: give one of kind \
         {} a `heartbeat`, and in `{}` a `beat`, the secret that writes it \
         (`warroom systems show KIND`)",
        kinds.join(", "),
        side.key()
    )
}

/// The gravest of what the heartbeats came to.
fn exit<'b>(all: impl Iterator<Item = &'b Beaten>) -> Exit {
    let all: Vec<Exit> = all
        .map(|beaten| match beaten.as_ref().map_err(|why| why.kind) {
            Ok(_) => Exit::Ok,
            Err(LookErrorKind::Ours) => Exit::Configuration,
            Err(LookErrorKind::Permission) => Exit::NotPermitted,
            Err(LookErrorKind::Unreachable | LookErrorKind::Timeout) => Exit::Unreachable,
            Err(LookErrorKind::Garbage) => Exit::Finding,
        })
        .collect();
    let grave = [Exit::Configuration, Exit::NotPermitted, Exit::Unreachable, Exit::Finding];
    grave.into_iter().find(|exit| all.contains(exit)).unwrap_or(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::LookError;
    use crate::port::Beat;

    #[test]
    fn the_gravest_is_answered() {
        use LookErrorKind::{Garbage, Ours, Permission, Timeout, Unreachable};
        let check = |kinds: &[Option<LookErrorKind>], want: Exit| {
            let beaten: Vec<Beaten> = kinds
                .iter()
                .map(|kind| kind.map_or(Ok(Beat::Written), |kind| Err(LookError::new(kind, "x"))))
                .collect();
            assert_eq!(exit(beaten.iter()), want, "{kinds:?}");
        };
        check(&[None, None], Exit::Ok);
        check(&[None, Some(Garbage)], Exit::Finding);
        check(&[Some(Garbage), Some(Timeout)], Exit::Unreachable);
        check(&[Some(Permission), Some(Unreachable)], Exit::NotPermitted);
        check(&[Some(Permission), Some(Ours), None], Exit::Configuration);
    }

    #[test]
    fn it_is_said_what_to_write() {
        let text = nothing_to_write(Side::B);
        for word in ["region B", "`postgres`", "`redis`", "in `b` a `beat`"] {
            assert!(text.contains(word), "{text}");
        }
    }
}
