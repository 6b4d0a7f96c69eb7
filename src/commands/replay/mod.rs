//! A run shown again on the same screen: fed from its files, on a clock of its own, without hands.

mod reel;
mod seat;
mod show;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use self::reel::{Feed, Reel};
use crate::app::record::Record;
use crate::domain::console::JournalState;
use crate::domain::run::commit::Hash;
use crate::domain::run::event::{Actor, RunEvent};
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::console::{Console, Parts};
use crate::runtime::desk::ObserverDesk;
use crate::runtime::effect::Effect;
use crate::runtime::journal::{Finding, ReadBack};
use crate::runtime::recording::{self, Recording, What};
use crate::ui::keymap::Keymap;
use crate::ui::model::Model;
use crate::ui::replay::{ReplayKey, Speed, Target};

pub(super) use self::show::run;

/// Places from which the way to a moment is never far.
const CHECKPOINTS: usize = 16;

/// A judgement older than this is not what the screen showed: nobody was looking then.
const JUDGED_AGE_MAX: Duration = Duration::from_secs(2);

/// How far before the next entry a jump over idle time ends.
const BEFORE_ENTRY_MS: u64 = 2000;

/// The time that an entry stands at the highest speed.
const ENTRY_SHOWN: Duration = Duration::from_millis(300);

const MINUTE_MS: u64 = 60_000;

/// A console at some place of the reel.
#[derive(Clone)]
struct Head {
    /// Items taken in.
    count: usize,
    console: Console<ObserverDesk>,
    /// When the recorded console judged last.
    judged: Option<Stamp>,
}

/// A run that is shown again. It has no effects: nothing that it does leaves it but frames.
pub struct Player {
    events: Vec<RunEvent>,
    hashes: Vec<Hash>,
    reel: Reel,
    head: Head,
    checkpoints: Vec<Head>,
    /// Milliseconds since the first item.
    offset: u64,
    playing: bool,
    speed: Speed,
    /// How long the entry on the screen has stood at the highest speed.
    stood: Duration,
    damage: Option<Clean>,
    over: bool,
}

impl Player {
    /// Opens the run in a folder, with the files that were frozen with it.
    ///
    /// # Errors
    /// When the journal has no beginning or the frozen files cannot be read.
    pub fn open(folder: &Path, keymap: Keymap, ascii: bool) -> anyhow::Result<Self> {
        let Record { back, site, plan } = Record::read(folder)?;
        let heard = recording::read(folder, &back.run)
            .with_context(|| format!("failed to read the recording of {}", folder.display()))?;
        let model = Model { ascii, ..Model::default() };
        Ok(Self::assemble(site, plan, back, heard, keymap, model))
    }

    /// Puts a player together from what was read.
    pub fn assemble(
        site: Site,
        plan: Runbook,
        back: ReadBack,
        heard: Recording,
        keymap: Keymap,
        model: Model,
    ) -> Self {
        let (mut events, finding) = (back.events, back.finding);
        let mut damage = match finding {
            Finding::Whole | Finding::TornTail { .. } => None,
            Finding::Damaged { .. } | Finding::NewerCritical { .. } => Some(finding.sentence()),
        };
        if let Some((fitting, why)) = misfit(&plan, &events) {
            events.truncate(fitting);
            damage = Some(why);
        }
        let reel = Reel::new(&events, heard.takes, heard.damages);
        let zero = Stamp { wall_ms: 0, boot_ms: 0, boot: crate::domain::time::BootId(0) };
        let now = reel.items.first().map_or(zero, |item| item.at);
        let nobody = Actor { person: None, user: "replay".into(), host: Clean::default() };
        let me = events.first().map_or(nobody, |event| event.by.clone());
        let parts = Parts {
            desk: ObserverDesk,
            site,
            site_hash: String::new(),
            runbooks: vec![plan.clone()],
            me,
            kind: back.kind,
            keymap,
            model,
            remembered: None,
            notice: None,
            run: None,
            journal: JournalState::None,
            last_run: None,
        };
        let mut console = Console::new(parts, now);
        console.stand_before(plan);
        let head = Head { count: 0, console, judged: None };
        let mut player = Self {
            events,
            hashes: back.hashes,
            reel,
            checkpoints: vec![head.clone()],
            head,
            offset: 0,
            playing: false,
            speed: Speed::Times(1),
            stood: Duration::ZERO,
            damage,
            over: false,
        };
        player.go_to_entry(1);
        player
    }

    /// Journal entries shown so far.
    pub fn entry(&self) -> usize {
        self.reel.entries_in(self.head.count)
    }

    /// Journal entries in all.
    pub fn entries(&self) -> usize {
        self.reel.stops.len()
    }

    /// The replayed moment.
    pub fn now(&self) -> Stamp {
        let zero = Stamp { wall_ms: 0, boot_ms: 0, boot: crate::domain::time::BootId(0) };
        self.reel.moment(self.offset).unwrap_or(zero)
    }

    /// Why the journal could not be shown to its end.
    pub fn damage(&self) -> Option<&Clean> {
        self.damage.as_ref()
    }

    /// Why readings are missing, each time that they are.
    pub fn gaps(&self) -> Vec<Clean> {
        self.reel.gaps.iter().map(|gap| gap.why.clone()).collect()
    }

    /// True while it plays.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// True once the person left.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The console of this moment, for comparing it with another.
    pub fn console(&mut self) -> &mut Console<ObserverDesk> {
        &mut self.head.console
    }

    /// Plays from here at this speed.
    pub fn play(&mut self, speed: Speed) {
        (self.speed, self.playing) = (speed, true);
    }

    /// Goes to a moment or an entry.
    ///
    /// # Errors
    /// A sentence when there is no such place.
    pub fn seek(&mut self, target: Target) -> Result<(), String> {
        let offset = self.reel.offset_of(target)?;
        match target {
            Target::Entry(number) => {
                self.go_to_entry(usize::try_from(number).unwrap_or(usize::MAX));
            }
            Target::Clock(_) | Target::TimeOfDay(_) => self.go_to_offset(offset),
        }
        Ok(())
    }

    /// Does what a key of a replay asks for.
    pub fn key(&mut self, key: ReplayKey) {
        let entry = self.entry();
        match key {
            ReplayKey::Play => {
                if !self.playing && self.offset >= self.reel.length() {
                    self.go_to_entry(1);
                }
                self.playing = !self.playing;
            }
            ReplayKey::Next => self.go_to_entry((entry + 1).min(self.entries())),
            ReplayKey::Previous => {
                let at = self.reel.stop(entry).is_some_and(|(count, _)| count == self.head.count);
                self.go_to_entry(if at { entry.saturating_sub(1).max(1) } else { entry.max(1) });
            }
            ReplayKey::Faster => self.speed = self.speed.faster(),
            ReplayKey::Slower => self.speed = self.speed.slower(),
            ReplayKey::MinuteBack => self.go_to_offset(self.offset.saturating_sub(MINUTE_MS)),
            ReplayKey::MinuteOn => {
                self.go_to_offset((self.offset + MINUTE_MS).min(self.reel.length()));
            }
            ReplayKey::Begin => self.go_to_entry(1),
            ReplayKey::End => self.go_to_end(),
            ReplayKey::SkipIdle => self.skip_idle(),
            // The form asks where to; its answer is a wish of its own.
            ReplayKey::Seek => {}
        }
    }

    /// Goes to the end of what is recorded.
    pub fn go_to_end(&mut self) {
        self.go(self.reel.items.len(), self.reel.length());
    }

    fn go_to_entry(&mut self, entry: usize) {
        if let Some((count, offset)) = self.reel.stop(entry) {
            self.go(count, offset);
        }
    }

    fn go_to_offset(&mut self, offset: u64) {
        self.go(self.reel.count_to(offset), offset);
    }

    fn skip_idle(&mut self) {
        let Some((_, next)) = self.reel.stop(self.entry() + 1) else { return self.go_to_end() };
        let before = next.saturating_sub(BEFORE_ENTRY_MS);
        if before > self.offset {
            self.go_to_offset(before);
        } else {
            self.go_to_entry(self.entry() + 1);
        }
    }

    /// Lets real time pass.
    pub fn pass(&mut self, real: Duration) {
        if !self.playing {
            return;
        }
        match self.speed {
            Speed::Times(times) => {
                let passed = u64::try_from((real * times).as_millis()).unwrap_or(u64::MAX);
                let offset = self.offset.saturating_add(passed).min(self.reel.length());
                // Never back: an entry may be shown a little before others of its instant.
                self.go(self.reel.count_to(offset).max(self.head.count), offset);
            }
            Speed::Max => {
                self.stood += real;
                if self.stood >= ENTRY_SHOWN {
                    self.stood = Duration::ZERO;
                    if self.entry() < self.entries() {
                        self.go_to_entry(self.entry() + 1);
                    } else {
                        self.go_to_end();
                    }
                }
            }
        }
        if self.offset >= self.reel.length() && self.head.count == self.reel.items.len() {
            self.playing = false;
        }
    }

    /// Stands where `count` items were taken in and the clock shows `offset`.
    fn go(&mut self, count: usize, offset: u64) {
        let nearest = self.checkpoints.iter().rev().find(|known| known.count <= count);
        if let Some(known) = nearest
            && (count < self.head.count || known.count > self.head.count)
        {
            // What the person has on the screen is theirs, not the run's.
            let model = std::mem::take(self.head.console.model_mut());
            self.head = known.clone();
            *self.head.console.model_mut() = model;
        }
        let apart = self.reel.items.len() / CHECKPOINTS + 1;
        while self.head.count < count {
            self.feed();
            let newest = self.checkpoints.last().map_or(0, |known| known.count);
            if self.head.count >= newest + apart {
                self.checkpoints.push(self.head.clone());
            }
        }
        self.offset = offset;
        let now = self.now();
        if self.head.judged.is_none_or(|judged| now.since(judged) > JUDGED_AGE_MAX) {
            self.head.console.refresh(now);
        }
    }

    /// Takes in the next item.
    fn feed(&mut self) {
        let Some(item) = self.reel.items.get(self.head.count) else { return };
        self.head.count += 1;
        let console = &mut self.head.console;
        let what = match &item.feed {
            Feed::Entry(index) => {
                let hash = self.hashes.get(*index).copied().unwrap_or(Hash::NONE);
                // Every entry was tried on a copy of the run when the player was put together.
                if let Some(event) = self.events.get(*index) {
                    let _ = console.tell(event, hash);
                }
                return;
            }
            Feed::Take(what) => what.as_ref(),
        };
        match what {
            What::Scene(scene, _) => {
                console.enter(scene);
                self.head.judged = None;
            }
            What::Failed(why) => console.tell_failure(why.clone()),
            What::Judged => {
                console.judge_again(item.at);
                self.head.judged = Some(item.at);
            }
            What::Heard { .. }
            | What::Reference { .. }
            | What::Output { .. }
            | What::Rehearsed(_)
            | What::Paced(_)
            | What::Tick
            | What::Entry(_)
            | What::End(_) => {
                if let Some(event) = what.event() {
                    drop_all(console.step(event, item.at));
                }
            }
        }
    }
}

/// What a replayed console asks for was done, or not, when it was live.
fn drop_all(effects: Vec<Effect<crate::domain::run::role::Observer>>) {
    drop(effects);
}

/// How many entries fit the plan, and why the next does not; none when all do.
fn misfit(plan: &Runbook, events: &[RunEvent]) -> Option<(usize, Clean)> {
    let (first, rest) = events.split_first()?;
    let mut run = match Run::opening(plan, first) {
        Ok(run) => run,
        Err(why) => return Some((0, why.to_string().into())),
    };
    for (index, event) in rest.iter().enumerate() {
        if let Err(why) = run.apply(event.clone()) {
            return Some((index + 1, why.to_string().into()));
        }
    }
    None
}
