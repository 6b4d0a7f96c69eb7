//! Keys in the card of a step: reading it, confirming it as its guard asks, and the stop window.

use crate::ui::dialog::prelude::*;
use std::time::Duration;

use super::state::{Card, dry_run, servers};
use crate::domain::catalogue::Guard;
use crate::domain::console::{Access, Rehearsal};
use crate::domain::gates::Seen;
use crate::domain::ids::StepId;
use crate::domain::run::intent::Intent;
use crate::domain::runbook::Step;
use crate::domain::text::Clean;
use crate::domain::time::short_time;
use crate::ui::available::why_not_step;

/// How long any key stops what is about to run.
pub const STOP_WINDOW: Duration = Duration::from_secs(3);

/// Nobody could stop what time passed over in one stride: the console was stopped, or slept.
const STRIDE_MAX: Duration = Duration::from_millis(1250);

/// An age at which a dry run is made again and no stop window begins on it: it would be too old
/// before the window ends.
const REHEARSAL_AGE_AT_START: Duration = Rehearsal::AGE_MAX.saturating_sub(STOP_WINDOW);

/// A dry run that did not come is asked for again after this time.
const REHEARSE_AGAIN: Duration = Duration::from_secs(5);

/// How long a guard 1 that was asked for waits for its dry run; later it must be asked for again.
const START_WAIT_MAX: Duration = Duration::from_secs(10);

/// The key of a step, or of taking it back: guard 0 runs at once, every other one opens the card.
pub fn start(model: &mut Model, facts: &Facts<'_>, step: &Step, back: bool) -> Vec<Wish> {
    let guard = step.guard_of(back);
    if guard == Guard::OneKey {
        let call = call_of(facts, &step.id, back);
        let (step, typed) = (step.id.clone(), String::new());
        return vec![Wish::Intent(Intent::Run { step, typed, broken: None, call })];
    }
    let shown = servers(facts, &step.id);
    let mut card = Card { shown, ..Card::of(step.id.clone(), back, true, facts.now) };
    let mut wishes = card.rehearse(facts);
    model.notice = None;
    if guard == Guard::StopWindow {
        if let Some((_, seen)) = card.failing(facts, step).first() {
            model.refuse(facts.now, gate_words(seen));
        } else {
            // Begins the stop window, or waits a little for the dry run that it needs.
            card.waits_until = Some(facts.now.plus(START_WAIT_MAX));
            model.say(facts.now, "waiting for the dry run: any key stops it");
            if let After::Stay(more) = card.go_on(model, facts) {
                wishes.extend(more);
            }
        }
    }
    let notice = model.notice.take();
    model.open(facts.now, Box::new(card));
    model.notice = notice;
    wishes
}

/// Opens the card to be read, and asks for a dry run.
pub fn show(model: &mut Model, facts: &Facts<'_>, step: &StepId, back: bool) -> Vec<Wish> {
    let shown = servers(facts, step);
    let mut card = Card { shown, ..Card::of(step.clone(), back, false, facts.now) };
    let wishes = card.rehearse(facts);
    model.open(facts.now, Box::new(card));
    wishes
}

fn gate_words(seen: &Seen) -> String {
    let (gate, seen) = (seen.words(), &seen.seen);
    format!("the gate `{gate}` does not hold: {seen}; tab breaks it, with a reason")
}

fn call_of(facts: &Facts<'_>, step: &StepId, back: bool) -> Clean {
    dry_run(facts, step, back).map(|seen| seen.preview.call.clone()).unwrap_or_default()
}

impl Card {
    /// Asks for a dry run where there is no fresh one. `watch` has nothing that could make one.
    fn rehearse(&mut self, facts: &Facts<'_>) -> Vec<Wish> {
        let asked = self.rehearsed_at.is_some_and(|at| facts.now.since(at) < REHEARSE_AGAIN);
        let possible = facts.access != Access::ReadOnly && facts.open_run().is_some();
        if asked || !possible || self.is_fresh(facts, REHEARSAL_AGE_AT_START) {
            return Vec::new();
        }
        self.rehearsed_at = Some(facts.now);
        vec![Wish::Rehearse { step: self.step.clone(), back: self.back }]
    }

    fn is_fresh(&self, facts: &Facts<'_>, age_max: Duration) -> bool {
        let dry_run = dry_run(facts, &self.step, self.back);
        dry_run.is_some_and(|seen| facts.now.since(seen.at) <= age_max)
    }

    fn is_fresh_enough(&self, facts: &Facts<'_>) -> bool {
        let counts = self.window.is_some();
        self.is_fresh(facts, if counts { Rehearsal::AGE_MAX } else { REHEARSAL_AGE_AT_START })
    }

    /// The gates of a step that do not hold now, by index. Taking back has none.
    fn failing(&self, facts: &Facts<'_>, step: &Step) -> Vec<(usize, Seen)> {
        if self.back || facts.run.is_none() {
            return Vec::new();
        }
        let gates = facts.gates(step).into_iter().enumerate();
        gates.filter(|(_, seen)| seen.held != Some(true)).collect()
    }

    /// A key.
    pub(super) fn take(&mut self, hand: &mut Hand<'_>) -> After {
        match hand.command {
            Some(moves) if moves.is_scroll() => {
                // A page leaves no row out that was not on the screen.
                let (page, end) = (hand.facts.fold.page.clamp(1, PAGE), hand.facts.fold.end);
                scroll_by(&mut self.scroll, end + 1, page, hand.command);
                if self.scroll <= self.read + page {
                    self.read = self.read.max(self.scroll);
                }
            }
            Some(Command::NextPanel) => self.break_glass(hand),
            Some(Command::Enter) => return self.enter(hand),
            Some(_) | None => {
                let confirming = self.confirming;
                let field = match &mut self.breaking {
                    Some((_, reason)) if self.at_reason => Some(reason),
                    _ => Some(&mut self.field).filter(|_| confirming),
                };
                if let Some(field) = field {
                    field.press(hand.key);
                }
            }
        }
        After::STAY
    }

    /// Tab: names the one gate that would be broken and asks for the reason.
    fn break_glass(&mut self, hand: &mut Hand<'_>) {
        if self.breaking.is_some() {
            self.at_reason = !self.at_reason;
            return;
        }
        match self.breakable(hand.model, hand.facts) {
            Ok((index, seen)) => {
                let text = format!("breaking the gate `{}`: type the reason", seen.words());
                hand.model.say(hand.facts.now, text);
                self.breaking = Some((index, Field::default()));
                (self.confirming, self.at_reason) = (true, true);
            }
            Err(why) => {
                hand.refuse(why);
            }
        }
    }

    /// The one gate, and no more, that is in the way and can be broken.
    ///
    /// # Errors
    /// Why none can be.
    pub(super) fn breakable(
        &self,
        model: &Model,
        facts: &Facts<'_>,
    ) -> Result<(usize, Seen), Clean> {
        let Some(step) = facts.step(&self.step) else { return Err(Clean::default()) };
        if let Some(why) = self.refusal(model, facts) {
            return Err(why);
        }
        let mut failing = self.failing(facts, step);
        match failing.len() {
            0 => Err("no gate fails: there is nothing to break".into()),
            1 => Ok(failing.remove(0)),
            count => {
                let text = format!("{count} gates fail, and only one rule can be broken at a time");
                Err(text.into())
            }
        }
    }

    /// Why its step cannot be started now, whatever is typed.
    pub(super) fn refusal(&self, model: &Model, facts: &Facts<'_>) -> Option<Clean> {
        let exchanged = || {
            let why = "another server answers than when this card was opened, or it was started \
                       anew: close it, look who answers, and ask for the step again";
            self.is_exchanged(facts).then(|| why.into())
        };
        why_not_step(self.command(), facts, model, facts.step(&self.step)).or_else(exchanged)
    }

    /// Enter: dead until everything that the guard asks for is there.
    fn enter(&mut self, hand: &mut Hand<'_>) -> After {
        let facts = hand.facts;
        let Some(step) = facts.step(&self.step) else { return After::STAY };
        if !self.confirming {
            let key = hand.model.key(facts.keymap, self.command());
            return hand.refuse(format!("enter never runs a step: close the card and press {key}"));
        }
        // What no typing can cure is said before anything is asked for.
        if let Some(why) = self.refusal(hand.model, facts) {
            return hand.refuse(why);
        }
        if let Some(rows) = self.unread(facts.fold.last) {
            return hand.refuse(format!("read what it changes and costs first: {rows}"));
        }
        let wanted = self.wanted(step, facts);
        if let Some((_, reason)) = self.breaking.as_ref().filter(|_| self.at_reason) {
            if let Some(why) = too_short(reason) {
                return hand.refuse(why);
            }
            self.at_reason = false;
            return if wanted.is_some() { After::STAY } else { self.confirm(hand.model, facts) };
        }
        match wanted {
            Some(wanted) if self.field.text != wanted => {
                hand.refuse(format!("type exactly `{wanted}`"))
            }
            None if self.breaking.is_none() => {
                hand.refuse("enter does nothing here: esc leaves, then ask for the step again")
            }
            Some(_) | None => self.confirm(hand.model, facts),
        }
    }

    /// Everything was typed: checks all once more, then fires or begins the window.
    fn confirm(&mut self, model: &mut Model, facts: &Facts<'_>) -> After {
        let now = facts.now;
        if let Some(why) = self.obstacle(model, facts) {
            model.refuse(now, why);
            return After::Stay(self.rehearse(facts));
        }
        let Some(step) = facts.step(&self.step) else { return After::STAY };
        match self.guard(step) {
            Guard::OneKey | Guard::TypedTarget => After::Close(vec![self.fire(facts)]),
            Guard::StopWindow | Guard::TypedVerb => {
                (self.window, self.counted_at) = (Some(now), Some(now));
                model.say(now, "starting in 3 s: any key stops it");
                After::Stay(vec![Wish::StopWindow { until: now.plus(STOP_WINDOW) }])
            }
        }
    }

    /// What stands in the way once all is confirmed.
    fn obstacle(&mut self, model: &Model, facts: &Facts<'_>) -> Option<String> {
        let step = facts.step(&self.step)?;
        if let Some(why) = self.refusal(model, facts) {
            return Some(why.to_string());
        }
        if !self.is_fresh_enough(facts) {
            let text = "the dry run is not there yet: look at what it will change first";
            return Some(text.to_owned());
        }
        let failing = self.failing(facts, step);
        let broken = self.breaking.as_ref().map(|(index, _)| *index);
        if let Some(index) = broken
            && !failing.iter().any(|(at, _)| *at == index)
        {
            self.breaking = None;
            return Some("the gate holds now, so nothing is broken: press it again".to_owned());
        }
        if let Some(why) = self.breaking.as_ref().and_then(|(_, reason)| too_short(reason)) {
            self.at_reason = true;
            return Some(why);
        }
        failing.iter().find(|(at, _)| Some(*at) != broken).map(|(_, seen)| gate_words(seen))
    }

    fn fire(&self, facts: &Facts<'_>) -> Wish {
        let (step, typed) = (self.step.clone(), self.field.text.clone());
        let call = call_of(facts, &step, self.back);
        let reason = |reason: &Field| Clean::new(reason.text.trim());
        let broken = self.breaking.as_ref().map(|(index, typed)| (*index, reason(typed)));
        Wish::Intent(if self.back {
            Intent::Compensate { step, typed, call }
        } else {
            Intent::Run { step, typed, broken, call }
        })
    }

    /// Begins the stop window of a guard 1 that waits for its dry run, as soon as that is there.
    fn go_on(&mut self, model: &mut Model, facts: &Facts<'_>) -> After {
        let Some(until) = self.waits_until else { return After::STAY };
        if self.is_fresh_enough(facts) {
            self.waits_until = None;
            return self.confirm(model, facts);
        }
        if facts.now.since(self.opened) >= until.since(self.opened) {
            self.waits_until = None;
            let text = "the dry run did not come: esc leaves, then ask for it again";
            model.refuse(facts.now, text);
        }
        After::STAY
    }

    /// Takes the passing of time.
    pub(super) fn pass(&mut self, model: &mut Model, facts: &Facts<'_>) -> After {
        let Some(began) = self.window else {
            let mut wishes = self.rehearse(facts);
            return match self.go_on(model, facts) {
                After::Stay(more) => {
                    wishes.extend(more);
                    After::Stay(wishes)
                }
                other => other,
            };
        };
        let stride = self.counted_at.replace(facts.now).map(|last| facts.now.since(last));
        let slept = stride.filter(|stride| *stride > STRIDE_MAX).map(|slept| {
            let slept = short_time(slept);
            format!("this console stood still for {slept} while any key could stop it")
        });
        if let Some(why) = slept.or_else(|| self.obstacle(model, facts)) {
            model.refuse(facts.now, format!("stopped, nothing was run: {why}"));
            return After::Close(Vec::new());
        }
        if facts.now.since(began) < STOP_WINDOW {
            return After::STAY;
        }
        After::Close(vec![self.fire(facts)])
    }
}
