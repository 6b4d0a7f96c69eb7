//! Puts a console together: site, run found open, keys, colours, probes, hands; and runs it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;

use super::parting::{Parting, Way};
use super::resume::{self, Found};
use super::start::{Start, Usage};
use super::workshop::{self, NoWorkshop, PlanWorkshop, SITE_DIR_VARIABLE, Unwatched};
use super::{appearance, past, secrets};
use crate::domain::console::JournalState;
use crate::domain::ids::PersonId;
use crate::domain::run::event::{Actor, RunKind};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::text::Clean;
use crate::files::site::LoadedSite;
use crate::port::Clock;
use crate::runtime::attended::Attended;
use crate::runtime::clock::SystemClock;
use crate::runtime::console::{Console, Parts};
use crate::runtime::desk::{CommanderDesk, Desk, ObserverDesk};
use crate::runtime::event::Event;
use crate::runtime::first_line;
use crate::runtime::follow;
use crate::runtime::journal;
use crate::runtime::journal::format::sha256;
use crate::runtime::observations::{self, Keeper, Observations};
use crate::runtime::paths::StatePaths;
use crate::runtime::performer::{Acts, CommanderActs, Leashes, Performer};
use crate::runtime::poller::{self, Watched};
use crate::runtime::prints;
use crate::runtime::recording::Recorder;
use crate::runtime::redact::Redactor;
use crate::runtime::run_loop::{self, Inbox};
use crate::runtime::runner;
use crate::runtime::runs;
use crate::runtime::seat::{self, Seat};
use crate::runtime::terminal::{Fullscreen, TerminalWriter, read_input};
use crate::runtime::watcher::ObserverActs;
use crate::runtime::workers;
use crate::runtime::workshop::Workshop;
use crate::ui::keymap::Keymap;
use crate::ui::model::Model;
use crate::ui::theme::Theme;

/// Events that may wait for the loop.
const EVENT_QUEUE: usize = 1024;

/// What probes told that may wait for the tick; whoever finds no room waits with it.
const READINGS_QUEUE: usize = 2048;

/// Answers of the journal that may wait; one append is in flight at a time.
const JOURNAL_QUEUE: usize = 256;

/// Runs a commander's console on a site until it is left.
///
/// # Errors
/// When the terminal, the state folder or the site cannot be used.
pub fn command(mut site: LoadedSite, start: &Start, way: Way) -> anyhow::Result<()> {
    first_line::say("opening the state folder");
    let ground = Ground::prepare(&site, start)?;
    let Cockpit { parts, acts, workshop, channels, seat: _seat } =
        Cockpit::take(&ground, &mut site, start)?;
    let parting = Parting::new(way, &site.dir, &site.site.name, start, false);
    ground.run(parts, acts, workshop, channels, (&site, parting))
}

/// Everything of a commander's console but its face; the site's one seat while it is kept.
pub struct Cockpit {
    /// The console's own.
    pub parts: Parts<CommanderDesk>,
    /// Its hands.
    pub acts: CommanderActs,
    /// What builds its operators.
    pub workshop: Arc<dyn Workshop>,
    /// Where everything is told.
    pub channels: Channels,
    /// The one commander's seat.
    pub seat: Seat,
}

impl Cockpit {
    /// Takes the seat and the run that is open; `site` becomes the one frozen with it.
    ///
    /// # Errors
    /// When another console commands, or the state folder or the open run cannot be used.
    pub fn take(ground: &Ground, site: &mut LoadedSite, start: &Start) -> anyhow::Result<Self> {
        let live = start.kind != RunKind::Simulation;
        let mut seat = Seat::take(&ground.paths, &site.site, live)?;
        let (tell, answers) = mpsc::channel(JOURNAL_QUEUE);
        let found = resume::take_up(ground, site, &mut seat, &tell)?;
        let (folder, journal, run, words, notice) = match found {
            Some(found) => {
                let Found { folder, journal, run, words, changed } = found;
                (Some(folder), Some(journal), run, Some(words), changed)
            }
            None => (None, None, None, None, None),
        };
        let names = workshop::environment_names(&site.site, &site.runbooks);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut environment = runner::environment(&names);
        environment.push((SITE_DIR_VARIABLE.to_owned(), site.dir.display().to_string()));
        let builder = PlanWorkshop::new(&site.site, &site.dir, Arc::clone(&ground.clock));
        let (events, inbox) = mpsc::channel(EVENT_QUEUE);
        let acts = CommanderActs {
            runs: ground.paths.runs(),
            site: site.site.name.clone(),
            folder,
            journal: Arc::new(Mutex::new(journal)),
            site_text: site.site_text.clone(),
            runbook_texts: site.runbook_texts.clone(),
            program: std::env::current_exe().context("failed to find this program's own file")?,
            environment,
            clock: Arc::clone(&ground.clock),
            events: events.clone(),
            answers: tell,
            leashes: Leashes::default(),
        };
        let journal = words.map_or(JournalState::None, |words| JournalState::Ok { words });
        let mut parts = ground.parts(CommanderDesk::default(), site, start, run, journal);
        parts.notice = parts.notice.or(notice);
        parts.last_run = runs::last_name(&ground.paths.runs(), &site.site.name)?;
        let channels = Channels { events, inbox, answers };
        Ok(Self { parts, acts, workshop: Arc::new(builder), channels, seat })
    }
}

/// Runs a watcher's console on a site until it is left: no operator, no journal for writing.
///
/// # Errors
/// When the terminal, the state folder or the site cannot be used.
pub fn watch(site: &LoadedSite, start: &Start) -> anyhow::Result<()> {
    let ground = Ground::prepare(site, start)?;
    let (events, inbox) = mpsc::channel(EVENT_QUEUE);
    let (_tell, answers) = mpsc::channel(JOURNAL_QUEUE);
    let parts = ground.parts(ObserverDesk, site, start, None, JournalState::None);
    let channels = Channels { events, inbox, answers };
    let parting = Parting::new(Way::Site, &site.dir, &site.site.name, start, true);
    ground.run(parts, ObserverActs, Arc::new(NoWorkshop), channels, (site, parting))
}

/// The ends of the channels of one console.
pub struct Channels {
    /// For whoever has something to tell.
    pub events: mpsc::Sender<Event>,
    /// For the loop.
    pub inbox: mpsc::Receiver<Event>,
    /// The journal's answers, for the loop.
    pub answers: mpsc::Receiver<journal::Reply>,
}

/// What looks and what keeps, made before a console is begun.
pub struct Gear {
    probes: Vec<Watched>,
    keeper: Option<Keeper>,
}

/// What both kinds of console stand on.
pub struct Ground {
    /// Where state is kept.
    pub paths: StatePaths,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who sits here.
    pub me: Actor,
    keymap: Keymap,
    theme: Theme,
    notify: bool,
    /// Where observations are kept.
    pub memory: Option<PathBuf>,
}

impl Ground {
    /// Reads keys and colours and finds the state folder and the person.
    ///
    /// # Errors
    /// When one of them is not there or cannot be used.
    pub fn prepare(site: &LoadedSite, start: &Start) -> anyhow::Result<Self> {
        let (theme, keymap) = (appearance::theme(start)?, appearance::keymap(start)?);
        let paths = StatePaths::of_process()?;
        let usual = || paths.site(&site.site.name).ok();
        Ok(Self {
            memory: start.memory.clone().or_else(usual),
            paths,
            clock: Arc::new(SystemClock::new()),
            me: actor(site, start.person.as_deref())?,
            keymap,
            theme,
            notify: start.notify,
        })
    }

    fn parts<D: Desk>(
        &self,
        desk: D,
        site: &LoadedSite,
        start: &Start,
        run: Option<(Run, Runbook)>,
        journal: JournalState,
    ) -> Parts<D> {
        let loaded = self.memory.as_deref().map(observations::load).unwrap_or_default();
        Parts {
            desk,
            site: site.site.clone(),
            site_hash: sha256(site.site_text.as_bytes()).hex(),
            runbooks: site.runbooks.clone(),
            me: self.me.clone(),
            kind: start.kind,
            keymap: self.keymap.clone(),
            model: Model { ascii: start.ascii, ..Model::default() },
            remembered: loaded.observations,
            notice: loaded.notice,
            run,
            journal,
            last_run: None,
        }
    }

    /// What every console needs before it is begun.
    ///
    /// # Errors
    /// When a system cannot be watched.
    pub fn gear(&self, site: &LoadedSite, old: Option<&Observations>) -> Result<Gear, Unwatched> {
        let learned = observations::learned(old);
        let probes = workshop::probes(&site.site, &site.dir, &self.clock, &learned)?;
        let keeper = self.memory.as_deref().and_then(|folder| Keeper::start(folder).ok());
        Ok(Gear { probes, keeper })
    }

    /// The console, which knows which region served last and what to mask.
    pub fn console<D: Desk>(&self, parts: Parts<D>, site: &LoadedSite) -> Console<D> {
        let watches = parts.desk.read_only();
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(version, watches, site = site.site.name, "a console begins");
        let mut console = Console::new(parts, self.clock.now());
        let served = resume::served_on_record(&self.paths, &site.site.name);
        console.recall_served(served, self.clock.now());
        console.mask_with(Redactor::new(&secrets::known(&site.site, &site.dir, watches)));
        console
    }

    /// Its hands, once the probes look, and tell by the second way, and earlier runs are being
    /// read.
    pub fn performer<A>(
        &self,
        gear: Gear,
        (acts, workshop, terminal): (A, Arc<dyn Workshop>, TerminalWriter),
        (events, readings): (mpsc::Sender<Event>, mpsc::Sender<Event>),
        site: &str,
        kind: RunKind,
    ) -> Performer<A> {
        let poke = poller::start(gear.probes, &self.clock, &readings);
        past::tell_paces(&self.paths, site, kind, &events);
        Performer {
            acts,
            workshop,
            events,
            clock: Arc::clone(&self.clock),
            poke,
            keeper: gear.keeper,
            recorder: Recorder::default(),
            terminal,
        }
    }

    fn run<D: Desk, A: Acts<D::Role> + Send + 'static>(
        &self,
        parts: Parts<D>,
        acts: A,
        workshop: Arc<dyn Workshop>,
        channels: Channels,
        (site, mut parting): (&LoadedSite, Parting),
    ) -> anyhow::Result<()> {
        let gear = self.gear(site, parts.remembered.as_ref())?;
        let runtime = workers::start()?;
        let (watches, kind) = (parts.desk.read_only(), parts.kind);
        let outcome = runtime.block_on(async {
            let mut console = self.console(parts, site);
            let taken_up = console.run().filter(|run| !watches && !run.stage.is_closed());
            let told = taken_up.map(|run| prints::printed(&self.paths.run(&run.id), run));
            for event in told.unwrap_or_default() {
                console.step(event, self.clock.now());
            }
            let mut screen = Fullscreen::enter().context("failed to take over the terminal")?;
            if !self.notify {
                screen.writer.without_notifications();
            }
            let inputs = read_input()?;
            if watches {
                follow::follow_run(&self.paths, &site.site.name, &channels.events);
                follow::look_elsewhere(&self.paths, &site.site, &channels.events);
            }
            let (tell, readings) = mpsc::channel(READINGS_QUEUE);
            let hands = (acts, workshop, screen.writer.clone());
            let events = (channels.events, tell);
            let mut performer = self.performer(gear, hands, events, &site.site.name, kind);
            let (events, journal) = (channels.inbox, channels.answers);
            let inbox = Inbox { readings, events, journal };
            let clock = &self.clock;
            let person = Attended::new(inputs, &mut screen, &self.theme, clock.as_ref())?;
            let ended = run_loop::run(&mut console, &mut performer, inbox, person, clock).await;
            parting.note(console.run());
            leave(performer);
            anyhow::Ok(ended?)
        });
        // Probes may be waiting for peers that never answer.
        runtime.shutdown_background();
        outcome
    }
}

/// How long leaving waits for what is still being written.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// Lets go of the journal and the observation file. A disk that hangs must not keep the person.
pub fn leave(hands: impl Send + 'static) {
    let (tell, done) = std::sync::mpsc::sync_channel(1);
    let dropping = std::thread::Builder::new().name("leave".to_owned()).spawn(move || {
        drop(hands);
        let _ = tell.send(());
    });
    if dropping.is_ok() {
        let _ = done.recv_timeout(LEAVE_TIMEOUT);
    }
}

/// Who sits here: the person of `--as`, checked against the site, with the system's user and host.
fn actor(site: &LoadedSite, person: Option<&str>) -> anyhow::Result<Actor> {
    let people = &site.site.people;
    let person = match person {
        None => None,
        Some(name) => {
            let known = people.iter().find(|known| known.id.as_str() == name);
            if known.is_none() {
                let names = people.iter().map(|person| person.id.as_str());
                let what = "a person of this site";
                let text = crate::domain::settings::unknown(what, name, names);
                return Err(Usage(format!("--as: {text}")).into());
            }
            Some(PersonId::new(name)?)
        }
    };
    Ok(Actor { person, user: user_name(), host: host_name() })
}

fn user_name() -> Clean {
    seat::user_name(rustix::process::getuid().as_raw()).into()
}

fn host_name() -> Clean {
    Clean::new(&rustix::system::uname().nodename().to_string_lossy())
}
