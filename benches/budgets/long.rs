//! A run of a long incident: ten thousand entries, with an hour of readings, made without waiting.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use warroom::app::kinds::load;
use warroom::domain::console::JournalState;
use warroom::domain::reading::{Health, Reading};
use warroom::domain::run::event::{Actor, Body, RunKind};
use warroom::domain::time::Stamp;
use warroom::port::{Clock, Looks};
use warroom::runtime::clock::SystemClock;
use warroom::runtime::console::{Console, Parts};
use warroom::runtime::desk::ObserverDesk;
use warroom::runtime::event::Event;
use warroom::runtime::journal::{Journal, ReadBack, Reply};
use warroom::runtime::recorded;
use warroom::runtime::recording::Recorder;
use warroom::ui::keymap::Keymap;
use warroom::ui::model::Model;

/// Entries of the journal.
pub const ENTRIES: usize = 10_000;

/// Systems that are looked at while the run is open.
pub const SYSTEMS: usize = 50;

/// The time for which they are, in seconds: the entries are spread over it.
const SECONDS: usize = 3600;

/// The machine's clock, set forward by so many milliseconds.
struct Ahead(Stamp, AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Stamp {
        self.0.plus(Duration::from_millis(self.1.load(Ordering::SeqCst)))
    }
}

/// A journal that is filled, and its answers.
struct Filling {
    journal: Journal,
    told: Receiver<Reply>,
    by: Actor,
    clock: Arc<Ahead>,
}

impl Filling {
    fn begin(folder: &Path) -> (Self, ReadBack) {
        let (tell, told) = channel();
        let by = Actor { person: None, user: "anna".into(), host: "laptop".into() };
        let replies = Box::new(move |reply| drop(tell.send(reply)));
        let clock = Arc::new(Ahead(SystemClock::new().now(), AtomicU64::new(0)));
        let theirs: Arc<dyn Clock> = Arc::<Ahead>::clone(&clock);
        let (journal, found) = Journal::resume(folder, &by, theirs, replies).expect("it is ours");
        (Self { journal, told, by, clock }, found)
    }

    /// Puts a note on record and waits for the answer.
    fn note(&self, number: usize) -> Reply {
        let text = format!("note {number} of a long incident, as somebody typed it").into();
        let ticket = u64::try_from(number).expect("small");
        self.journal.append(ticket, self.by.clone(), Body::Noted { text });
        let reply = self.told.recv().expect("the journal answers");
        assert!(matches!(reply, Reply::Recorded { .. }), "the disk takes it: {reply:?}");
        reply
    }
}

/// Fills the journal of a run that no console has with notes.
pub fn fill_with_notes(folder: &Path) {
    let (filling, found) = Filling::begin(folder);
    for number in found.events.len()..ENTRIES {
        filling.note(number);
    }
}

/// The same, spread over an hour in which every system was looked at each second and all of it was
/// recorded; answers how many entries there are.
pub fn fill_with_readings(folder: &Path, site: &Path) -> usize {
    let (filling, found) = Filling::begin(folder);
    let now = filling.clock.now();
    let site = load(site).expect("a site").site;
    let systems: Vec<_> = site.systems.iter().map(|system| system.id.clone()).collect();
    let parts = Parts {
        desk: ObserverDesk,
        site,
        site_hash: String::new(),
        runbooks: Vec::new(),
        me: filling.by.clone(),
        kind: RunKind::Live,
        keymap: Keymap::shipped("default").expect("it is shipped"),
        model: Model::default(),
        remembered: None,
        notice: None,
        run: None,
        last_run: None,
        journal: JournalState::None,
    };
    let mut console = Console::new(parts, now);
    let mut recorder = Recorder::patient();
    recorded::resume(&mut console, &mut recorder, folder, now);
    let mut number = found.events.len();
    for second in 0..SECONDS {
        let ahead = u64::try_from(second * 1000).expect("small");
        filling.clock.1.store(ahead, Ordering::SeqCst);
        let now = filling.clock.now();
        let mut hear =
            |event| drop(recorded::step(&mut console, &mut recorder, Some(folder), event, now));
        for (index, system) in systems.iter().enumerate() {
            let mut reading = Reading::new(now, Health::Up, "200 OK");
            reading.took_ms = u64::try_from((second * 7 + index * 3) % 40).ok();
            let looks = Box::new(Looks { a: Some(Ok(reading.clone())), b: Some(Ok(reading)) });
            hear(Event::Heard { system: system.clone(), at: now, looks });
        }
        while number < ENTRIES * (second + 1) / SECONDS {
            hear(Event::Journal(Box::new(filling.note(number))));
            number += 1;
        }
        hear(Event::Tick);
        drop(recorded::settle(&mut console, &mut recorder, now));
    }
    number
}
