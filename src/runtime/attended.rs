//! A person at a screen: keys in, frames out.

use std::io;
use std::sync::Arc;

use rustix::process::Signal;
use tokio::signal::unix::{self, SignalKind, signal};
use tokio::sync::{Notify, mpsc};

use crate::domain::time::Stamp;
use crate::port::Clock;
use crate::runtime::console::Console;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::{Event, Signal as Told};
use crate::runtime::run_loop::Sitter;
use crate::runtime::terminal::Fullscreen;
use crate::ui::theme::Theme;
use crate::ui::update::Input;

/// The person's terminal.
pub struct Attended<'a> {
    inputs: mpsc::Receiver<Input>,
    screen: &'a mut Fullscreen,
    theme: &'a Theme,
    clock: &'a dyn Clock,
    drawn: Arc<Notify>,
    suspend: unix::Signal,
    resumed: unix::Signal,
}

impl<'a> Attended<'a> {
    /// Takes the keys and the screen.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn new(
        inputs: mpsc::Receiver<Input>,
        screen: &'a mut Fullscreen,
        theme: &'a Theme,
        clock: &'a dyn Clock,
    ) -> io::Result<Self> {
        let drawn = Arc::clone(&screen.drawn);
        let suspend = signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?;
        let resumed = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
        Ok(Self { inputs, screen, theme, clock, drawn, suspend, resumed })
    }

    fn draw<D: Desk>(&mut self, console: &mut Console<D>) -> io::Result<()> {
        if !self.screen.writer.is_ready() {
            return Ok(());
        }
        if console.take_dirty() {
            let (theme, now) = (self.theme, self.clock.now());
            self.screen.draw(|frame| console.draw(frame, theme, now))?;
        } else {
            self.screen.writer.hand_over();
        }
        Ok(())
    }
}

impl<D: Desk> Sitter<D> for Attended<'_> {
    type End = ();

    fn begin(&mut self, console: &mut Console<D>) -> io::Result<Vec<Effect<D::Role>>> {
        // A terminal tells how its size changes, never what it is: too small for a guarded step.
        let size = self.screen.terminal.size()?;
        let sized = Event::Input(Input::Resize(size.width, size.height));
        let effects = console.step(sized, self.clock.now());
        self.draw(console)?;
        Ok(effects)
    }

    async fn next(&mut self, console: &mut Console<D>) -> Event {
        tokio::select! {
            biased;
            _ = self.suspend.recv() => Event::Signal(Told::Suspend),
            Some(input) = self.inputs.recv() => Event::Input(input),
            () = self.drawn.notified() => Event::Drawn,
            _ = self.resumed.recv() => {
                // Whoever stopped us may have written over the screen.
                self.screen.forget();
                console.mark_dirty();
                Event::Drawn
            }
        }
    }

    fn next_ready(&mut self) -> Option<Event> {
        self.inputs.try_recv().ok().map(Event::Input)
    }

    fn notice(&mut self, event: &Event) {
        // A new size leaves nothing of the last frame, also when the terminal had it before.
        if let Event::Input(Input::Resize(..)) = event {
            self.screen.forget();
        }
    }

    fn turn(&mut self, console: &mut Console<D>, _: Stamp) -> (Vec<Effect<D::Role>>, Option<()>) {
        let mut effects = Vec::new();
        // A terminal that is gone says so by the first frame it cannot take, before any signal.
        if self.draw(console).is_err() {
            effects = console.step(Event::Signal(Told::End), self.clock.now());
        }
        (effects, console.is_over().then_some(()))
    }
}
