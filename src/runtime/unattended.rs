//! A run without a person at the keys: the same console and desk, driven by the pure choice.

use std::future::pending;
use std::io;

use crate::domain::catalogue::Guard;
use crate::domain::console::{Access, JournalState, Rehearsal, TimelineRow};
use crate::domain::ids::StepId;
use crate::domain::run::autopilot::{Choice, Orders, next};
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::text::Clean;
use crate::domain::time::Stamp;
use crate::runtime::console::Console;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::{Event, Signal};
use crate::runtime::run_loop::Sitter;
use crate::ui::wish::Wish;

/// How an unattended run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Closed, or done as far as it was asked for.
    Finished,
    /// A person is needed; for what.
    NeedPerson(Clean),
    /// A step failed; what happened.
    Failed(Clean),
    /// The journal cannot record; why.
    Journal(Clean),
    /// Somebody asked it to end; running steps go on.
    Left,
}

/// Who drives: what was asked for, and what was told so far.
#[derive(Debug)]
pub struct Pilot {
    orders: Orders,
    runbook: usize,
    rehearsing: Option<(StepId, Stamp)>,
    told: Option<TimelineRow>,
    waits: Option<Clean>,
    waits_told: Option<Clean>,
    /// True once a run was asked for: it is not asked for again, one that could not be opened would
    /// leave a folder each time.
    asked: bool,
}

impl Pilot {
    /// A pilot with these orders; `runbook` is the one to open where no run is open.
    pub fn new(orders: Orders, runbook: usize) -> Self {
        Self {
            orders,
            runbook,
            rehearsing: None,
            told: None,
            waits: None,
            waits_told: None,
            asked: false,
        }
    }

    /// Chooses and wishes once; the end, when there is nothing more to choose.
    pub fn turn<D: Desk>(
        &mut self,
        console: &mut Console<D>,
        now: Stamp,
    ) -> (Vec<Effect<D::Role>>, Option<End>) {
        if console.is_over() {
            return (Vec::new(), Some(End::Left));
        }
        if let JournalState::Failed(why) | JournalState::ReadOnly(why) = console.journal() {
            return (Vec::new(), Some(End::Journal(why.clone())));
        }
        // The first looks may still be on their way: what they say of danger is waited for.
        if console.is_recording() || !console.has_looked_around(now) {
            if console.stalled(now).is_some() {
                self.waits = Some("the disk that holds the state folder does not answer".into());
            }
            return (Vec::new(), None);
        }
        let Some(outlook) = console.outlook(self.runbook, &self.orders, now) else {
            return (Vec::new(), Some(End::NeedPerson("the site has no such runbook".into())));
        };
        let choice = next(&outlook);
        self.waits = None;
        let wish = match choice {
            Choice::Open if self.asked => {
                let why = console.take_refusal().unwrap_or_else(|| "no run was opened".into());
                return (Vec::new(), Some(End::Journal(why)));
            }
            Choice::Open => Wish::Open { index: self.runbook, mode: self.orders.mode },
            Choice::Wish(intent) => Wish::Intent(intent),
            Choice::Wait(why) => {
                self.waits = Some(why);
                return (Vec::new(), None);
            }
            Choice::NeedPerson(why) => return (Vec::new(), Some(End::NeedPerson(why))),
            Choice::Failed(what) => return (Vec::new(), Some(End::Failed(what))),
            Choice::Finished => return (Vec::new(), Some(End::Finished)),
        };
        let opens = matches!(wish, Wish::Open { .. });
        match self.wish(console, wish, now) {
            Ok(effects) => {
                self.asked |= opens;
                (effects, None)
            }
            // What was seen changed in between; the next choice looks at it again.
            Err(Refusal::Recording | Refusal::Gate { .. } | Refusal::Unseen { .. }) => {
                (Vec::new(), None)
            }
            Err(Refusal::Journal(why)) => (Vec::new(), Some(End::Journal(why))),
            Err(refusal) => {
                let why = refusal.tell(console.runbook()).into();
                (Vec::new(), Some(End::NeedPerson(why)))
            }
        }
    }

    fn wish<D: Desk>(
        &mut self,
        console: &mut Console<D>,
        mut wish: Wish,
        now: Stamp,
    ) -> Result<Vec<Effect<D::Role>>, Refusal> {
        let mut effects = Vec::new();
        if wish.is_act() && console.access() != Access::Armed {
            effects.extend(console.drive(Wish::Arm, now)?);
        }
        if let Wish::Intent(Intent::Run { step, call, .. }) = &mut wish {
            match self.rehearsed(console, step, now) {
                Rehearsed::Call(seen) => *call = seen,
                Rehearsed::Asked => return Ok(effects),
                Rehearsed::Ask => {
                    self.rehearsing = Some((step.clone(), now));
                    let wish = Wish::Rehearse { step: step.clone(), back: false };
                    effects.extend(console.drive(wish, now)?);
                    return Ok(effects);
                }
            }
        }
        effects.extend(console.drive(wish, now)?);
        Ok(effects)
    }

    /// A step that a person would see a card of is rehearsed first: its exact call goes on record.
    fn rehearsed<D: Desk>(&self, console: &Console<D>, step: &StepId, now: Stamp) -> Rehearsed {
        let guard = console
            .outlook(self.runbook, &self.orders, now)
            .and_then(|outlook| outlook.plan.step(step).map(|step| step.guard));
        if guard == Some(Guard::OneKey) {
            return Rehearsed::Call(Clean::default());
        }
        let asked = self.rehearsing.as_ref().filter(|(asked, _)| asked == step);
        let seen = console.rehearsal().filter(|seen| {
            seen.step == *step && !seen.back && now.since(seen.at) <= Rehearsal::AGE_MAX
        });
        match (seen, asked) {
            (Some(seen), _) => Rehearsed::Call(seen.preview.call.clone()),
            (None, Some((_, since))) if now.since(*since) <= Rehearsal::AGE_MAX => Rehearsed::Asked,
            (None, _) => Rehearsed::Ask,
        }
    }

    /// What happened since the last time it was asked for, one line each.
    pub fn news<D: Desk>(&mut self, console: &mut Console<D>, now: Stamp) -> Vec<String> {
        let rows = console.rows_after(self.told.as_ref());
        let mut lines: Vec<String> =
            rows.iter().map(|row| line(row.at, row.who.as_str(), row.text.as_str())).collect();
        if let Some(last) = rows.into_iter().next_back() {
            self.told = Some(last);
        }
        if let Some(refusal) = console.take_refusal() {
            lines.push(line(now, "console", refusal.as_str()));
        }
        if let Some(why) = self.waits.as_ref().filter(|why| self.waits_told.as_ref() != Some(why)) {
            lines.push(line(now, "waiting", why.as_str()));
        }
        self.waits_told.clone_from(&self.waits);
        lines
    }

    /// Takes what an earlier console told as told.
    pub fn skip_told<D: Desk>(&mut self, console: &Console<D>) {
        self.told = console.rows_after(None).pop();
    }
}

/// Whether the exact call of a step is known.
enum Rehearsed {
    Call(Clean),
    Asked,
    Ask,
}

/// `2026-11-20 14:02:10Z  anna      declared`.
pub fn line(at: Stamp, who: &str, text: &str) -> String {
    format!("{}  {who:<9} {text}", at.utc().dated())
}

/// A pilot, and where each line of the timeline is told once.
pub struct Unattended<'a> {
    /// Who chooses.
    pub pilot: Pilot,
    /// Takes a line.
    pub tell: &'a mut dyn FnMut(&str),
}

impl<D: Desk> Sitter<D> for Unattended<'_> {
    type End = End;

    fn begin(&mut self, _: &mut Console<D>) -> io::Result<Vec<Effect<D::Role>>> {
        Ok(Vec::new())
    }

    async fn next(&mut self, _: &mut Console<D>) -> Event {
        pending().await
    }

    fn next_ready(&mut self) -> Option<Event> {
        None
    }

    fn notice(&mut self, _: &Event) {}

    fn turn(
        &mut self,
        console: &mut Console<D>,
        now: Stamp,
    ) -> (Vec<Effect<D::Role>>, Option<End>) {
        let (mut effects, end) = self.pilot.turn(console, now);
        for line in self.pilot.news(console, now) {
            (self.tell)(&line);
        }
        if end.is_some() {
            // What is known is kept for the console that takes over, also when nobody asked.
            effects.extend(console.step(Event::Signal(Signal::End), now));
        }
        (effects, end)
    }
}
