//! Consoles with different histories beside one run: what they say of now must be the same.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::domain::run::event::{Actor, RunKind};
use warroom::domain::time::Stamp;
use warroom::port::Clock;
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::ObserverDesk;
use warroom::runtime::event::Event;
use warroom::runtime::observations::Observations;
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::screen::JournalState;
use warroom::ui::theme::Theme;

use super::voyage::Voyage;

/// A watcher beside the console of a voyage.
pub struct Watcher {
    console: Console<ObserverDesk>,
    read: usize,
}

impl Watcher {
    /// Opens one now, with what an earlier console remembered.
    pub fn open(voyage: &Voyage, remembered: Option<Observations>) -> Self {
        let parts = Parts {
            desk: ObserverDesk,
            site: voyage.site.site.clone(),
            site_hash: "abc".to_owned(),
            runbooks: voyage.site.runbooks.clone(),
            me: Actor { person: None, user: "bert".into(), host: "desk".into() },
            kind: RunKind::Simulation,
            keymap: Keymap::shipped("default").expect("it is shipped"),
            model: Model::default(),
            remembered,
            notice: None,
            run: None,
            journal: JournalState::None,
            last_run: None,
        };
        Self { console: Console::new(parts, voyage.clock.now()), read: 0 }
    }

    /// Takes in what the poller and the journal tell it.
    pub fn takes(&mut self, events: Vec<Event>, voyage: &Voyage) {
        let now = voyage.clock.now();
        for event in events {
            drop(self.console.step(event, now));
        }
        let news = voyage.records.len() != self.read;
        if news && !voyage.records.is_empty() {
            self.read = voyage.records.len();
            drop(self.console.step(Event::RunRead(voyage.records.clone()), now));
        }
        drop(self.console.step(Event::Tick, now));
        drop(self.console.settle(now));
    }

    /// The frame.
    pub fn frame(&mut self, now: Stamp) -> Vec<String> {
        frame(&mut self.console, now)
    }
}

fn frame(console: &mut Console<ObserverDesk>, now: Stamp) -> Vec<String> {
    let (columns, rows) = (120, 36);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a screen");
    let theme = Theme::shipped("graphite").expect("it is shipped");
    terminal.draw(|frame| console.draw(frame, &theme, now)).expect("it is drawn");
    let buffer = terminal.backend().buffer();
    let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..rows).map(row).collect()
}

#[test]
fn scratch() {
    use std::time::Duration;
    let mut voyage = Voyage::begin(super::person::lost_region(3));
    let old = Watcher::open(&voyage, None);
    voyage.watchers.push(old);
    super::person::Person::new(3).takes(
        &mut voyage,
        "failover",
        warroom::domain::run::event::Mode::Ungraceful,
    );
    for wait in [0, 1, 10, 60, 600] {
        voyage.rests(Duration::from_secs(wait));
        let fresh = Watcher::open(&voyage, voyage.kept.clone());
        voyage.watchers.push(fresh);
        voyage.rests(Duration::from_secs(3));
        let now = voyage.clock.now();
        println!("=== {wait}");
        for watcher in [0, voyage.watchers.len() - 1] {
            for row in voyage.watchers[watcher].frame(now) {
                println!("{row}");
            }
        }
    }
}
