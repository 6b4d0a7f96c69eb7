//! The console's heart: one event in, wishes out; it awaits nothing, reads no disk and no clock.

mod alarms;
mod attempts;
mod driven;
mod frame;
mod pace;
mod parts;
mod record;
pub mod scene;
mod share;
mod variant;
mod watch;
mod wishes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::{RunId, StepId};
use crate::domain::picture::{Footing, Picture};
use crate::domain::run::event::{Actor, Body, Mode, RunKind};
use crate::domain::run::intent::Intent;
use crate::domain::run::state::Run;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::{Event, Signal, Why};
use crate::runtime::observations::{Learned, Observations};

use crate::domain::console::{JournalState, OutputLine, Rehearsal, TimelineRow};
use crate::runtime::redact::Redactor;
use crate::ui::keymap::Keymap;
use crate::ui::laid::Laid;
use crate::ui::model::{Model, Notice};

pub use self::parts::Parts;
use self::variant::Variants;

/// Lines of output kept for the screen; the whole output stays in the attempt's folder.
pub const OUTPUT_LINES_MAX: usize = 2000;

/// Rows of the timeline kept for the screen; the whole of it stays in the journal.
pub const TIMELINE_ROWS_MAX: usize = 2000;

/// An armed console that nobody touches turns safe after this.
pub const IDLE_SAFE_AFTER: Duration = Duration::from_secs(15 * 60);

/// A disk that takes longer for one word than this has stalled.
pub const DISK_SLOW_AFTER: Duration = Duration::from_secs(3);

/// The time between two ticks while nothing runs.
pub const TICK: Duration = Duration::from_secs(1);

/// The time between two ticks while a step runs or a stop window counts.
pub const TICK_RUNNING: Duration = Duration::from_millis(250);

/// A run being opened: its journal is being created.
#[derive(Debug, Clone)]
struct Opening {
    run: RunId,
    runbook: usize,
    mode: Mode,
    /// The run before it, where the wall clock is behind that.
    behind: Option<RunId>,
}

/// The console.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "what is due by the next tick is yes or no")]
pub struct Console<D: Desk> {
    desk: D,
    picture: Picture,
    site_hash: String,
    me: Actor,
    kind: RunKind,
    keymap: Keymap,
    model: Model,
    armed: bool,
    touched: Stamp,
    /// What the probes have learned.
    learned: Learned,
    /// The run's plan as it was written, and what is rehearsed of it.
    variants: Variants,
    opening: Option<Opening>,
    /// What of other state folders works on the site now.
    elsewhere: Option<Clean>,
    /// The run of the site whose name sorts last.
    last_run: Option<RunId>,
    /// A wish that came while the console's own words were being recorded, and when.
    waiting: Option<(Intent, Stamp)>,
    journal: JournalState,
    /// Since when the disk owes an answer.
    asked_disk: Option<Stamp>,
    acknowledged: Vec<String>,
    raised: BTreeMap<String, Clean>,
    rung: BTreeSet<String>,
    rehearsal: Option<Rehearsal>,
    /// The report on the screen, while it is read.
    laid: Option<Arc<Laid>>,
    output: VecDeque<OutputLine>,
    /// Why nothing that is observed can be written down.
    unkept: Option<Clean>,
    timeline: VecDeque<TimelineRow>,
    checking: BTreeSet<(StepId, u32, u8)>,
    /// When each step was looked at last, and whether that look did not find it still so.
    sensed: BTreeMap<StepId, (Stamp, bool)>,
    started: Stamp,
    kept: Stamp,
    ticked: Stamp,
    title: String,
    redactor: Arc<Redactor>,
    /// The tick, since the clock's last word on record, at which the wall clock was least ahead.
    lowest: Stamp,
    /// A doubt on the clock is on its way to the journal.
    doubting: bool,
    judge_due: bool,
    keep_due: bool,
    dirty: bool,
    quit: bool,
}

impl<D: Desk> Console<D> {
    /// Puts a console together as of `now`.
    pub fn new(parts: Parts<D>, now: Stamp) -> Self {
        let mut picture = Picture::new(parts.site, parts.runbooks, now);
        let learned = parts.remembered.map(|old| old.recall(&mut picture)).unwrap_or_default();
        let (run, plan) = parts.run.map(|(run, plan)| (run, Arc::new(plan))).unzip();
        picture.plan.clone_from(&plan);
        let mut console = Self {
            desk: parts.desk,
            picture,
            learned,
            site_hash: parts.site_hash,
            me: parts.me,
            kind: parts.kind,
            keymap: parts.keymap,
            model: parts.model,
            armed: false,
            touched: now,
            variants: Variants::of(plan),
            opening: None,
            elsewhere: None,
            last_run: parts.last_run,
            waiting: None,
            journal: parts.journal,
            asked_disk: None,
            acknowledged: Vec::new(),
            raised: BTreeMap::new(),
            rung: BTreeSet::new(),
            rehearsal: None,
            laid: None,
            output: VecDeque::new(),
            unkept: None,
            timeline: VecDeque::new(),
            checking: BTreeSet::new(),
            sensed: BTreeMap::new(),
            started: now,
            kept: now,
            ticked: now,
            title: String::new(),
            redactor: Arc::new(Redactor::new(&[])),
            lowest: now,
            doubting: false,
            judge_due: true,
            keep_due: false,
            dirty: true,
            quit: false,
        };
        console.begin(run, parts.notice, now);
        console
    }

    fn begin(&mut self, run: Option<Run>, notice: Option<Clean>, now: Stamp) {
        if let Some(run) = run {
            self.take_run(run);
        }
        if let Some(notice) = notice {
            self.write_row(now, "console", notice);
        }
        self.judge(now);
    }

    /// Masks what a redactor knows in what a person types, before frame or journal have it, and
    /// in everything that is handed to the terminal for others.
    pub fn mask_with(&mut self, redactor: Redactor) {
        self.redactor = Arc::new(redactor);
    }

    /// What must be done at once when the console starts: attempts of an earlier console are found
    /// again, never started again.
    pub fn wake(&mut self) -> Vec<Effect<D::Role>> {
        self.reattach()
    }

    /// Takes in one event.
    pub fn step(&mut self, event: Event, now: Stamp) -> Vec<Effect<D::Role>> {
        if let Event::Journal(_) | Event::RunOpened(_) = event {
            self.asked_disk = None;
        }
        let effects = self.take_in(event, now);
        let asked = self.desk.is_recording() || self.opening.is_some();
        self.asked_disk = asked.then(|| self.asked_disk.unwrap_or(now));
        effects
    }

    fn take_in(&mut self, event: Event, now: Stamp) -> Vec<Effect<D::Role>> {
        match event {
            Event::Signal(Signal::End) => return self.end(now),
            Event::Signal(Signal::Suspend) => {
                let text = "suspending is refused: the clock would go on unseen; q leaves";
                self.notice(now, text, true);
            }
            Event::Input(input) => return self.input(&input, now),
            Event::Drawn => {}
            Event::Journal(reply) => return self.journal_replied(*reply, now),
            Event::RunOpened(outcome) => return self.run_opened(outcome, now),
            Event::RunRead(events) => self.read_run(&events, now),
            Event::Started { step, attempt } => {
                self.model.notice = self.model.notice.take().filter(|notice| notice.refusal);
                return self.say_own(Body::Started { step, attempt });
            }
            Event::Left { step, attempt, left } => {
                return self.left_behind(step, attempt, left, now);
            }
            Event::Signalled { step, attempt, number, sent } => {
                return self.signalled(step, attempt, number, sent);
            }
            Event::CancelFailed { step, why } => {
                let text = format!("{step}: the request to end it was not written down: {why}");
                self.write_row(now, "console", text.as_str());
                self.notice(now, text, true);
            }
            Event::Kept(unkept) => {
                self.dirty |= self.unkept != unkept;
                self.unkept = unkept;
            }
            Event::RunnerEnded { step, attempt, at } => {
                return self.runner_ended(step, attempt, at, now);
            }
            Event::Found { step, attempt, found } => return self.found(&step, attempt, found),
            Event::Checked { step, attempt, why, standing } => {
                return self.checked(&step, attempt, why, standing, now);
            }
            Event::Rehearsed(rehearsal) => self.rehearsed(*rehearsal),
            Event::Output { step, at, lines } => {
                self.printed(&step, lines, at.map_or(now, |at| at.at_most(now)));
            }
            Event::Heard { system, at, looks } => self.heard(&system, at, *looks),
            Event::Learned { system, learned } => self.learned(system, learned),
            Event::Reference { at, look } => {
                self.picture.snapshot.reference.record(at, *look);
                self.judge_due = true;
            }
            Event::Paced(paces) => self.paced(*paces, now),
            Event::Elsewhere(found) => {
                self.elsewhere = found;
                self.dirty = true;
            }
            Event::Tick => return self.tick(now),
        }
        Vec::new()
    }

    /// Leaves: what was observed is kept, running steps go on.
    fn end(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        self.quit = true;
        vec![
            Effect::Keep(Box::new(Observations::of(&self.picture, self.learned.clone(), now))),
            Effect::Quit,
        ]
    }

    /// Called once after each batch of events: judges what was heard and says what it calls for.
    pub fn settle(&mut self, now: Stamp) -> Vec<Effect<D::Role>> {
        if !self.judge_due {
            return Vec::new();
        }
        self.judge_due = false;
        self.dirty = true;
        self.judge(now);
        let mut effects = self.doubt_the_clock(now);
        effects.extend(self.see(now));
        effects
    }

    /// True when something was heard that was not judged yet.
    pub fn has_news(&self) -> bool {
        self.judge_due
    }

    /// True when the screen no longer shows what is so; asking resets it.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Says that the last frame was not drawn after all.
    pub fn mark_dirty(&mut self) {
        self.dirty = true;
    }

    /// True when the console is to be left.
    pub fn is_over(&self) -> bool {
        self.quit
    }

    /// How long until the next tick.
    pub fn tick_after(&self) -> Duration {
        let open = |run: &Run| run.steps.iter().any(|step| step.phase.is_open());
        let counting = self.model.is_counting();
        if counting || self.picture.run.as_ref().is_some_and(open) { TICK_RUNNING } else { TICK }
    }

    fn notice(&mut self, now: Stamp, text: impl Into<Clean>, refusal: bool) {
        self.model.notice = Some(Notice { at: now, text: text.into(), refusal });
        self.dirty = true;
    }

    fn judge(&mut self, now: Stamp) {
        let footing = self.footing(now);
        self.keep_due |= self.picture.judge(footing, now);
    }

    fn footing(&self, now: Stamp) -> Footing {
        let has_looked_around = self.has_looked_around(now);
        Footing { has_looked_around, is_opening: self.opening.is_some() }
    }

    fn now_checking(&mut self, step: &StepId, attempt: u32, why: Why) -> bool {
        self.checking.insert((step.clone(), attempt, why as u8))
    }
}
