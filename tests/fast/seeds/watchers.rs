//! Consoles with different histories beside one run: what they say of now must be the same.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use warroom::commands::demo::DemoPlan;
use warroom::domain::console::JournalState;
use warroom::domain::run::event::{Actor, Mode, RunKind};
use warroom::domain::run::subject::Served;
use warroom::domain::time::Stamp;
use warroom::port::Clock;
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::ObserverDesk;
use warroom::runtime::event::Event;
use warroom::runtime::observations::Observations;
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;
use warroom::ui::theme::Theme;

use super::person::Person;
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
        let events = if voyage.mute { without_roles(events) } else { events };
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

/// What two consoles must say alike: who serves, how it is, what is wrong, what may be done.
fn said(watcher: &mut Watcher, now: Stamp) -> Vec<String> {
    let frame = watcher.frame(now);
    let told = watcher.console.assessment();
    vec![
        format!("{} {} {}", told.active, told.verdict.word(), told.standby_lost),
        format!("{:?}", std::mem::discriminant(&told.primary)),
        format!(
            "{} SERVES",
            if ["PRIMARY", "serves"]
                .iter()
                .any(|part| frame[0].contains(&format!("Region B {part}")))
            {
                "B"
            } else {
                "?"
            }
        ),
        format!("RED {}", frame.iter().any(|row| row.contains("PRIMARY Region A DOWN"))),
        format!("NOT DECLARED {}", frame.iter().any(|row| row.contains("not declared"))),
    ]
}

/// The stores of a side tell nothing for a while.
fn without_roles(events: Vec<Event>) -> Vec<Event> {
    let mute = |mut event: Event| {
        if let Event::Heard { looks, .. } = &mut event {
            for reading in [&mut looks.a, &mut looks.b].into_iter().flatten().flatten() {
                reading.role = None;
            }
        }
        event
    };
    events.into_iter().map(mute).collect()
}

#[test]
fn consoles_of_different_histories_say_the_same_of_now() {
    super::every_seed(1..=2, |seed| {
        let plan = super::person::lost_region(seed);
        let returns_after = Some(Duration::from_secs(300));
        let mut voyage = Voyage::begin(DemoPlan { returns_after, ..plan });
        let before = Watcher::open(&voyage, None);
        voyage.watchers.push(before);
        let mut person = Person::new(seed);
        person.until(&mut voyage, "failover", Mode::Ungraceful, |run| run.declaration.is_some());
        let during = Watcher::open(&voyage, voyage.kept.clone());
        voyage.watchers.push(during);
        person.takes(&mut voyage, "failover", Mode::Ungraceful);
        // One that remembers, and one that knows the record of the run alone.
        let fresh = Watcher::open(&voyage, voyage.kept.clone());
        let mut unknowing = Watcher::open(&voyage, None);
        let record = voyage
            .run()
            .zip(voyage.plan().as_ref())
            .and_then(|(run, plan)| Served::on_record(run, plan));
        unknowing.console.recall_served(record, voyage.clock.now());
        for mut watcher in [fresh, unknowing] {
            // A console that was not there reads no journal of a run that is over.
            watcher.read = voyage.records.len();
            voyage.watchers.push(watcher);
        }
        // The old primary comes back meanwhile.
        for round in 0..8 {
            voyage.mute = round % 2 == 1;
            voyage.rests(Duration::from_secs(20));
            let now = voyage.clock.now();
            let mut watchers = std::mem::take(&mut voyage.watchers);
            let said: Vec<Vec<String>> =
                watchers.iter_mut().map(|watcher| said(watcher, now)).collect();
            for (index, other) in said.iter().enumerate() {
                assert!(other[0].starts_with("B "), "seed {seed}, round {round}: {other:?}");
                assert_eq!(*other, said[0], "seed {seed}, round {round}, console {index}");
            }
            voyage.watchers = watchers;
        }
    });
}
