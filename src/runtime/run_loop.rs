//! The one loop: takes what happened next, lets the console decide, starts effects, turns once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::domain::time::Stamp;
use crate::port::Clock;
use crate::runtime::console::{Console, TICK_RUNNING};
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::{Event, Signal};
use crate::runtime::journal::Reply;
use crate::runtime::performer::{Acts, Performer};
use crate::runtime::recorded;

/// Events taken in one go before the next turn.
const BATCH_MAX: usize = 2048;

/// What every console listens to.
pub struct Inbox {
    /// What the probes tell, where it may wait for the tick: so what a frame shows was judged, and
    /// a look costs no waking.
    pub readings: mpsc::Receiver<Event>,
    /// Everything else.
    pub events: mpsc::Receiver<Event>,
    /// The journal's answers.
    pub journal: mpsc::Receiver<Reply>,
}

impl Inbox {
    /// What is there already; what the probes told where it is `due`.
    fn next_ready(&mut self, due: bool) -> Option<Event> {
        if let Ok(reply) = self.journal.try_recv() {
            return Some(Event::Journal(Box::new(reply)));
        }
        match self.events.try_recv() {
            Err(_) if due => self.readings.try_recv().ok(),
            event => event.ok(),
        }
    }
}

/// Who sits before the console: a person at a screen, or the choice of an unattended run.
#[expect(async_fn_in_trait, reason = "it is awaited where it is called, on one thread")]
pub trait Sitter<D: Desk> {
    /// Why the loop ended.
    type End;

    /// What is done before the first event.
    ///
    /// # Errors
    /// When the screen cannot be used.
    fn begin(&mut self, console: &mut Console<D>) -> io::Result<Vec<Effect<D::Role>>>;

    /// What only the sitter hears; may be dropped while it waits.
    async fn next(&mut self, console: &mut Console<D>) -> Event;

    /// What it has heard already.
    fn next_ready(&mut self) -> Option<Event>;

    /// Sees an event before the console does.
    fn notice(&mut self, event: &Event);

    /// Its turn after a batch of events, and why it was the last one.
    fn turn(
        &mut self,
        console: &mut Console<D>,
        now: Stamp,
    ) -> (Vec<Effect<D::Role>>, Option<Self::End>);
}

/// Runs the console until its sitter ends it.
///
/// # Errors
/// When the screen or the signals cannot be used.
pub async fn run<D: Desk, A: Acts<D::Role>, S: Sitter<D>>(
    console: &mut Console<D>,
    performer: &mut Performer<A>,
    mut inbox: Inbox,
    mut sitter: S,
    clock: &Arc<dyn Clock>,
) -> io::Result<S::End> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut ticks = interval(TICK_RUNNING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waited = Duration::ZERO;
    performer.perform_all(console.wake());
    if let Some(folder) = performer.acts.run_folder() {
        recorded::resume(console, &mut performer.recorder, folder, clock.now());
    }
    performer.perform_all(sitter.begin(console)?);
    loop {
        let mut due = false;
        let event = tokio::select! {
            biased;
            _ = hang_up.recv() => Event::Signal(Signal::End),
            _ = terminate.recv() => Event::Signal(Signal::End),
            _ = interrupt.recv() => Event::Signal(Signal::End),
            event = sitter.next(console) => event,
            Some(reply) = inbox.journal.recv() => Event::Journal(Box::new(reply)),
            Some(event) = inbox.events.recv() => event,
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
        let now = clock.now();
        let effects = take_batch(console, performer, &mut inbox, &mut sitter, (event, due, now));
        performer.perform_all(effects);
        let (effects, end) = sitter.turn(console, now);
        performer.perform_all(effects);
        if let Some(end) = end {
            return Ok(end);
        }
    }
}

/// Takes in an event and what else is there already, and judges once.
fn take_batch<D: Desk, A: Acts<D::Role>, S: Sitter<D>>(
    console: &mut Console<D>,
    performer: &mut Performer<A>,
    inbox: &mut Inbox,
    sitter: &mut S,
    (event, due, now): (Event, bool, Stamp),
) -> Vec<Effect<D::Role>> {
    let (recorder, folder) = (&mut performer.recorder, performer.acts.run_folder());
    let mut effects = Vec::new();
    let mut taken = 0;
    let mut next = Some(event);
    while let Some(event) = next {
        sitter.notice(&event);
        effects.extend(recorded::step(console, recorder, folder, event, now));
        taken += 1;
        // What is not taken now is left where it waits.
        let more = taken < BATCH_MAX;
        next = more.then(|| sitter.next_ready().or_else(|| inbox.next_ready(due))).flatten();
    }
    effects.extend(recorded::settle(console, recorder, now));
    effects
}
