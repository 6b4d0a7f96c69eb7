//! The one loop: takes what happened next, lets the console decide, starts effects, draws once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::domain::time::Stamp;
use crate::port::Clock;
use crate::runtime::console::{Console, TICK_RUNNING};
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::{Event, Signal as Told};
use crate::runtime::journal::Reply;
use crate::runtime::performer::{Acts, Performer};
use crate::runtime::terminal::Fullscreen;
use crate::ui::theme::Theme;
use crate::ui::update::Input;

/// Events taken in one go before the next frame.
const BATCH_MAX: usize = 2048;

/// What the loop listens to.
pub struct Inbox {
    /// Keys.
    pub inputs: mpsc::Receiver<Input>,
    /// What the probes tell. It comes one by one from every system and is taken in by the tick, so
    /// that what a frame shows was judged, and a look costs no waking.
    pub readings: mpsc::Receiver<Event>,
    /// Everything else.
    pub events: mpsc::Receiver<Event>,
    /// The journal's answers.
    pub journal: mpsc::Receiver<Reply>,
}

impl Inbox {
    /// What is there already, keys first; what the probes told where it is `due`.
    fn next_ready(&mut self, due: bool) -> Option<Event> {
        if let Ok(input) = self.inputs.try_recv() {
            return Some(Event::Input(input));
        }
        if let Ok(reply) = self.journal.try_recv() {
            return Some(Event::Journal(Box::new(reply)));
        }
        match self.events.try_recv() {
            Err(_) if due => self.readings.try_recv().ok(),
            event => event.ok(),
        }
    }
}

/// Runs the console until it is left.
///
/// # Errors
/// When the terminal or the signals cannot be used.
pub async fn run<D: Desk, A: Acts<D::Role>>(
    console: &mut Console<D>,
    performer: &mut Performer<A>,
    mut inbox: Inbox,
    screen: &mut Fullscreen,
    theme: &Theme,
    clock: &Arc<dyn Clock>,
) -> io::Result<()> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut suspend = signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
    let mut resumed = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    let mut ticks = interval(TICK_RUNNING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waited = Duration::ZERO;
    performer.perform_all(console.wake());
    if let Some(folder) = performer.acts.run_folder() {
        performer.recorder.resume(folder, console, clock.now());
    }
    // A terminal tells how its size changes, never what it is: too small for a guarded step, say.
    let size = screen.terminal.size()?;
    performer.perform_all(
        console.step(Event::Input(Input::Resize(size.width, size.height)), clock.now()),
    );
    draw(console, screen, theme, clock)?;
    let drawn = Arc::clone(&screen.drawn);
    while !console.is_over() {
        let mut due = false;
        let event = tokio::select! {
            biased;
            _ = hang_up.recv() => Event::Signal(Told::End),
            _ = terminate.recv() => Event::Signal(Told::End),
            _ = interrupt.recv() => Event::Signal(Told::End),
            _ = suspend.recv() => Event::Signal(Told::Suspend),
            Some(input) = inbox.inputs.recv() => Event::Input(input),
            Some(reply) = inbox.journal.recv() => Event::Journal(Box::new(reply)),
            Some(event) = inbox.events.recv() => event,
            () = drawn.notified() => Event::Drawn,
            _ = resumed.recv() => {
                // Whoever stopped us may have written over the screen.
                screen.forget();
                console.mark_dirty();
                Event::Drawn
            }
            _ = ticks.tick() => {
                due = true;
                waited += TICK_RUNNING;
                if waited >= console.tick_after() {
                    waited = Duration::ZERO;
                    Event::Tick
                } else if console.has_news() || !inbox.readings.is_empty() {
                    Event::Drawn
                } else {
                    continue;
                }
            }
        };
        let batch = (event, due, clock.now());
        let effects = take_batch(console, performer, &mut inbox, screen, batch);
        performer.perform_all(effects);
        // A terminal that is gone says so by the first frame it cannot take, before any signal.
        if draw(console, screen, theme, clock).is_err() {
            performer.perform_all(console.step(Event::Signal(Told::End), clock.now()));
        }
    }
    Ok(())
}

/// Takes in an event and what else is there already, and judges once.
fn take_batch<D: Desk, A: Acts<D::Role>>(
    console: &mut Console<D>,
    performer: &mut Performer<A>,
    inbox: &mut Inbox,
    screen: &mut Fullscreen,
    (event, due, now): (Event, bool, Stamp),
) -> Vec<Effect<D::Role>> {
    notice(&event, screen);
    let (recorder, folder) = (&mut performer.recorder, performer.acts.run_folder());
    let mut effects = recorder.step(console, folder, event, now);
    for _ in 0..BATCH_MAX {
        let Some(next) = inbox.next_ready(due) else { break };
        notice(&next, screen);
        effects.extend(recorder.step(console, folder, next, now));
    }
    effects.extend(recorder.settle(console, now));
    effects
}

/// A new size leaves nothing of the last frame, also when the terminal has had this size before.
fn notice(event: &Event, screen: &mut Fullscreen) {
    if let Event::Input(Input::Resize(..)) = event {
        screen.forget();
    }
}

fn draw<D: Desk>(
    console: &mut Console<D>,
    screen: &mut Fullscreen,
    theme: &Theme,
    clock: &Arc<dyn Clock>,
) -> io::Result<()> {
    if !screen.writer.is_ready() {
        return Ok(());
    }
    if console.take_dirty() {
        let now = clock.now();
        screen.draw(|frame| console.draw(frame, theme, now))?;
    } else {
        screen.writer.hand_over();
    }
    Ok(())
}
