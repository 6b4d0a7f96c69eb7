//! The loop of a replay: keys, frames and a clock; no probe, no journal, no secret, no connection.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

use super::Player;
use crate::app::appearance;
use crate::app::start::{Start, Usage};
use crate::commands::args::{ConsoleArgs, ReplayArgs};
use crate::commands::exit::Exit;
use crate::commands::opening::{need_terminal, start};
use crate::commands::refused::Refused;
use crate::commands::run_name::run_folder;
use crate::domain::run::event::RunKind;
use crate::domain::text::Clean;
use crate::port::Clock as _;
use crate::runtime::clock::SystemClock;
use crate::runtime::terminal::{Fullscreen, read_input};
use crate::ui::replay::{Speed, Target};
use crate::ui::theme::Theme;
use crate::ui::update::Input;

/// The time between two frames while it plays.
const FRAME: Duration = Duration::from_millis(100);

/// Frames after which a paused replay is drawn again, so that what was said goes away.
const PAUSED_FRAMES: u32 = 10;

/// Shows the run that is asked for.
pub(in crate::commands) fn run(console: &ConsoleArgs, args: &ReplayArgs) -> Result<Exit, Refused> {
    need_terminal()?;
    let folder = run_folder(&args.run)?;
    match show(&folder, &start(console, RunKind::Live), args)? {
        None => Ok(Exit::Ok),
        Some(why) => Err(Refused(Exit::Finding, format!("the run was shown up to here: {why}"))),
    }
}

/// Shows a run until the person leaves; answers why the journal could not be shown to its end.
///
/// # Errors
/// When the run cannot be read, the command line asks for a place that is not there, or the
/// terminal cannot be used.
fn show(folder: &Path, start: &Start, asked: &ReplayArgs) -> anyhow::Result<Option<Clean>> {
    let (theme, keymap) = (appearance::theme(start)?, appearance::keymap(start)?);
    let mut player = Player::open(folder, keymap, start.ascii)?;
    if player.entries() == 0 {
        let why = player.damage().map_or_else(String::new, |why| format!(": {why}"));
        return Err(anyhow!("the journal has no entry that can be shown{why}"));
    }
    if let Some(text) = &asked.at {
        let target =
            Target::parse(text).ok_or_else(|| Usage(format!("--at: write {}", Target::FORMS)))?;
        player.seek(target).map_err(|why| Usage(format!("--at {text}: {why}")))?;
    }
    if let Some(text) = &asked.speed {
        let speed = Speed::parse(text)
            .ok_or_else(|| Usage("--speed: write 1, 2, 5, 10, 30, 60 or max".to_owned()))?;
        player.play(speed);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(play(&mut player, &theme))?;
    // The thread that reads keys waits for one more.
    runtime.shutdown_background();
    Ok(player.damage().cloned())
}

async fn play(player: &mut Player, theme: &Theme) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut screen = Fullscreen::enter().context("failed to take over the terminal")?;
    let mut inputs = read_input()?;
    let drawn = std::sync::Arc::clone(&screen.drawn);
    let size = screen.terminal.size()?;
    player.input(Input::Resize(size.width, size.height), clock.now());
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut last, mut waited, mut dirty) = (clock.now(), 0, true);
    while !player.is_over() {
        tokio::select! {
            biased;
            _ = hang_up.recv() => player.leave(),
            _ = terminate.recv() => player.leave(),
            _ = interrupt.recv() => player.leave(),
            input = inputs.recv() => match input {
                Some(input) => {
                    if let Input::Resize(..) = input {
                        screen.forget();
                    }
                    player.input(input, clock.now());
                    dirty = true;
                }
                None => player.leave(),
            },
            () = drawn.notified() => {}
            _ = frames.tick() => {
                let now = clock.now();
                let passed = now.since(last);
                last = now;
                waited += 1;
                dirty |= player.is_playing() || waited % PAUSED_FRAMES == 0;
                player.pass(passed);
            }
        }
        if !screen.writer.is_ready() {
            continue;
        }
        if dirty {
            let real = clock.now();
            screen.draw(|frame| player.draw(frame, theme, real))?;
            dirty = false;
        } else {
            screen.writer.hand_over();
        }
    }
    Ok(())
}
