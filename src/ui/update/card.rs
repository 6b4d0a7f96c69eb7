//! The card of a step: reading it, confirming it as its guard asks, and the stop window.

use std::time::Duration;

use super::dialogs::After;
use super::moves::scroll_by;
use super::{Facts, Wish, guards, leave_dialog, open, refuse, say};
use crate::domain::catalogue::Guard;
use crate::domain::gates::{self, Seen};
use crate::domain::ids::StepId;
use crate::domain::run::intent::{Intent, REASON_CHARS_MIN};
use crate::domain::runbook::Step;
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, short_time};
use crate::ui::available::why_not_step;
use crate::ui::command::Command;
use crate::ui::keymap::Key;
use crate::ui::model::{Card, Dialog, Field, Model};
use crate::ui::screen::{Access, Rehearsal};

/// How long any key stops what is about to run.
pub const STOP_WINDOW: Duration = Duration::from_secs(3);

/// Nobody could stop what time passed over in one stride: the console was stopped, or slept.
const STRIDE_MAX: Duration = Duration::from_millis(1250);

/// An older dry run is made again, and nothing is started on it.
pub const REHEARSAL_AGE_MAX: Duration = Duration::from_secs(30);

/// An age at which a dry run is made again and no stop window begins on it: it would be too old
/// before the window ends.
const REHEARSAL_AGE_AT_START: Duration = REHEARSAL_AGE_MAX.saturating_sub(STOP_WINDOW);

/// A dry run that did not come is asked for again after this time.
const REHEARSE_AGAIN: Duration = Duration::from_secs(5);

/// How long a guard 1 that was asked for waits for its dry run; later it must be asked for again.
const START_WAIT_MAX: Duration = Duration::from_secs(10);

/// Rows that a page moves by at most.
const PAGE: usize = 10;

/// The rows that a card can be scrolled by; the view shows fewer where there are fewer.
const CARD_ROWS_MAX: usize = 200;

/// How the step is started, or taken back.
pub(super) fn guard_of(step: &Step, back: bool) -> Guard {
    if back { step.guard_back() } else { step.guard }
}

/// `r` or `K` on a step: guard 0 runs at once, every other guard opens the card.
pub(super) fn start(model: &mut Model, facts: &Facts<'_>, step: &Step, back: bool) -> Vec<Wish> {
    if guard_of(step, back) == Guard::OneKey {
        let call = call_of(facts, &step.id, back);
        let step = step.id.clone();
        let typed = String::new();
        return vec![Wish::Intent(Intent::Run { step, typed, broken: None, call })];
    }
    let mut wishes = show(model, facts, &step.id, back, true);
    if guard_of(step, back) == Guard::StopWindow {
        match failing(facts, step, back).first() {
            None => wishes.extend(await_dry_run(model, facts)),
            Some((_, seen)) => refuse(model, facts.now, gate_words(seen)),
        }
    }
    wishes
}

/// Begins the stop window, or waits a little for the dry run that it needs.
fn await_dry_run(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    model.guards.waits_until = Some(facts.now.plus(START_WAIT_MAX));
    say(model, facts.now, "waiting for the dry run: any key stops it");
    go_on(model, facts)
}

fn gate_words(seen: &Seen) -> String {
    let (gate, seen) = (seen.words(), &seen.seen);
    format!("the gate `{gate}` does not hold: {seen}; tab breaks it, with a reason")
}

/// Opens the card and asks for a dry run.
pub(super) fn show(
    model: &mut Model,
    facts: &Facts<'_>,
    step: &StepId,
    back: bool,
    confirming: bool,
) -> Vec<Wish> {
    let card = Card {
        step: step.clone(),
        back,
        confirming,
        field: Field::default(),
        breaking: None,
        window: None,
        opened: facts.now,
        scroll: 0,
        read: 0,
    };
    open(model, facts.now, Dialog::Card(card));
    model.guards.rehearsed_at = None;
    rehearse(model, facts, step, back)
}

/// Asks for a dry run where there is no fresh one. `watch` has nothing that could make one.
fn rehearse(model: &mut Model, facts: &Facts<'_>, step: &StepId, back: bool) -> Vec<Wish> {
    let asked = model.guards.rehearsed_at.is_some_and(|at| facts.now.since(at) < REHEARSE_AGAIN);
    let possible = facts.access != Access::ReadOnly && facts.open_run().is_some();
    if asked || !possible || fresh(facts, step, back, REHEARSAL_AGE_AT_START) {
        return Vec::new();
    }
    model.guards.rehearsed_at = Some(facts.now);
    vec![Wish::Rehearse { step: step.clone(), back }]
}

fn dry_run<'a>(facts: &Facts<'a>, step: &StepId, back: bool) -> Option<&'a Rehearsal> {
    facts.rehearsal.filter(|seen| seen.step == *step && seen.back == back)
}

fn fresh(facts: &Facts<'_>, step: &StepId, back: bool, age_max: Duration) -> bool {
    dry_run(facts, step, back).is_some_and(|seen| facts.now.since(seen.at) <= age_max)
}

fn call_of(facts: &Facts<'_>, step: &StepId, back: bool) -> Clean {
    dry_run(facts, step, back).map(|seen| seen.preview.call.clone()).unwrap_or_default()
}

/// The gates of a step that do not hold now, by index. Taking back has none.
pub(super) fn failing(facts: &Facts<'_>, step: &Step, back: bool) -> Vec<(usize, Seen)> {
    let Some(run) = facts.run.filter(|_| !back) else { return Vec::new() };
    let Some(runbook) = facts.runbook else { return Vec::new() };
    let world = (facts.site, facts.snapshot);
    let frame = gates::Frame::of_step(run, runbook, &step.id, world, facts.now);
    let look = |gate| gates::look(gate, &frame);
    step.gates.iter().map(look).enumerate().filter(|(_, seen)| seen.held != Some(true)).collect()
}

/// Any key in a stop window, or while one is about to begin, stops it. True when there was one.
pub(super) fn stop_window(model: &mut Model, now: Stamp) -> bool {
    let waits = model.guards.waits_until.is_some();
    let running =
        matches!(&model.dialog, Some(Dialog::Card(card)) if waits || card.window.is_some());
    if running {
        leave_dialog(model);
        guards::changed(&mut model.guards, now);
        say(model, now, "stopped: nothing was run");
    }
    running
}

/// A key in a card.
pub(super) fn press(
    model: &mut Model,
    facts: &Facts<'_>,
    card: &mut Card,
    key: Key,
    command: Option<Command>,
) -> After {
    match command {
        Some(
            Command::Up
            | Command::Down
            | Command::PageUp
            | Command::PageDown
            | Command::First
            | Command::Last,
        ) => {
            // A page leaves no row out that was not on the screen.
            let page = facts.fold.page.clamp(1, PAGE);
            scroll_by(&mut card.scroll, CARD_ROWS_MAX, page, command);
            if card.scroll <= card.read + page {
                card.read = card.read.max(card.scroll);
            }
        }
        Some(Command::NextPanel) => {
            break_glass(model, facts, card);
        }
        Some(Command::Enter) => return enter(model, facts, card),
        Some(_) | None => type_key(model, card, key),
    }
    After::Stay(Vec::new())
}

fn type_key(model: &Model, card: &mut Card, key: Key) {
    match &mut card.breaking {
        Some((_, reason)) if model.guards.at_reason => {
            reason.press(key);
        }
        Some(_) | None if card.confirming => {
            card.field.press(key);
        }
        Some(_) | None => {}
    }
}

/// Tab: names the one gate that would be broken and asks for the reason.
fn break_glass(model: &mut Model, facts: &Facts<'_>, card: &mut Card) {
    let now = facts.now;
    if card.breaking.is_some() {
        model.guards.at_reason = !model.guards.at_reason;
        return;
    }
    let Some(step) = facts.runbook.and_then(|runbook| runbook.step(&card.step)) else { return };
    if let Some(why) = refusal(model, facts, card, step) {
        return refuse(model, now, why);
    }
    let failing = failing(facts, step, card.back);
    match failing.as_slice() {
        [] => refuse(model, now, "no gate fails: there is nothing to break"),
        [(index, seen)] => {
            say(model, now, format!("breaking the gate `{}`: type the reason", seen.words()));
            card.breaking = Some((*index, Field::default()));
            card.confirming = true;
            model.guards.at_reason = true;
        }
        several => {
            let count = several.len();
            let text = format!("{count} gates fail, and only one rule can be broken at a time");
            refuse(model, now, text);
        }
    }
}

/// Why the step of a card cannot be started now, whatever is typed.
fn refusal(model: &Model, facts: &Facts<'_>, card: &Card, step: &Step) -> Option<Clean> {
    let command = if card.back { Command::Compensate } else { Command::Run };
    why_not_step(command, facts, model, Some(step))
}

/// Enter: dead until everything that the guard asks for is there.
fn enter(model: &mut Model, facts: &Facts<'_>, card: &mut Card) -> After {
    let stay = After::Stay(Vec::new());
    let now = facts.now;
    let Some(step) = facts.runbook.and_then(|runbook| runbook.step(&card.step)) else {
        return stay;
    };
    if !card.confirming {
        let key = if card.back { "K" } else { "r" };
        refuse(model, now, format!("enter never runs a step: close the card and press {key}"));
        return stay;
    }
    // What no typing can cure is said before anything is asked for.
    if let Some(why) = refusal(model, facts, card, step) {
        refuse(model, now, why);
        return stay;
    }
    let unread = facts.fold.last.saturating_sub(card.read);
    if unread > 0 {
        let rows = if unread == 1 { "row" } else { "rows" };
        refuse(model, now, format!("read what it changes and costs first: {unread} more {rows}"));
        return stay;
    }
    if let Some((_, reason)) = card.breaking.as_ref().filter(|_| model.guards.at_reason) {
        if reason.length() < REASON_CHARS_MIN {
            refuse(model, now, format!("the reason needs at least {REASON_CHARS_MIN} characters"));
            return stay;
        }
        model.guards.at_reason = false;
        return match guard_of(step, card.back) {
            Guard::TypedTarget | Guard::TypedVerb => stay,
            Guard::OneKey | Guard::StopWindow => confirm(model, facts, card),
        };
    }
    if matches!(guard_of(step, card.back), Guard::TypedTarget | Guard::TypedVerb) {
        let wanted = wanted(facts, step, card.back);
        if card.field.text != wanted {
            refuse(model, now, format!("type exactly `{wanted}`"));
            return stay;
        }
        return confirm(model, facts, card);
    }
    if card.breaking.is_some() {
        return confirm(model, facts, card);
    }
    refuse(model, now, "enter does nothing here: esc leaves, then ask for the step again");
    stay
}

/// The text that guards 2 and 3 want.
pub(super) fn wanted(facts: &Facts<'_>, step: &Step, back: bool) -> String {
    let Some(run) = facts.run else { return String::new() };
    if back { step.typed_text_back(run.direction) } else { step.typed_text(run.direction) }
}

fn fresh_for(facts: &Facts<'_>, card: &Card) -> bool {
    let age_max = if card.window.is_some() { REHEARSAL_AGE_MAX } else { REHEARSAL_AGE_AT_START };
    fresh(facts, &card.step, card.back, age_max)
}

/// Everything was typed: checks all once more, then fires or begins the window.
fn confirm(model: &mut Model, facts: &Facts<'_>, card: &mut Card) -> After {
    let now = facts.now;
    if let Some(why) = obstacle(model, facts, card) {
        refuse(model, now, why);
        return After::Stay(rehearse(model, facts, &card.step, card.back));
    }
    let Some(step) = facts.runbook.and_then(|runbook| runbook.step(&card.step)) else {
        return After::Stay(Vec::new());
    };
    match guard_of(step, card.back) {
        Guard::OneKey | Guard::TypedTarget => After::Close(vec![fire(facts, card)]),
        Guard::StopWindow | Guard::TypedVerb => {
            card.window = Some(now);
            model.guards.counted_at = Some(now);
            say(model, now, "starting in 3 s: any key stops it");
            After::Stay(vec![Wish::StopWindow { until: now.plus(STOP_WINDOW) }])
        }
    }
}

/// What stands in the way of a card that was confirmed.
fn obstacle(model: &mut Model, facts: &Facts<'_>, card: &mut Card) -> Option<String> {
    let step = facts.runbook.and_then(|runbook| runbook.step(&card.step))?;
    if let Some(why) = refusal(model, facts, card, step) {
        return Some(why.to_string());
    }
    if !fresh_for(facts, card) {
        let text = "the dry run is not there yet: look at what it will change first";
        return Some(text.to_owned());
    }
    let failing = failing(facts, step, card.back);
    let broken = card.breaking.as_ref().map(|(index, _)| *index);
    if let Some(index) = broken
        && !failing.iter().any(|(at, _)| *at == index)
    {
        card.breaking = None;
        return Some("the gate holds now, so nothing is broken: press it again".to_owned());
    }
    let reason = card.breaking.as_ref().map_or(REASON_CHARS_MIN, |(_, reason)| reason.length());
    if reason < REASON_CHARS_MIN {
        model.guards.at_reason = true;
        return Some(format!("the reason needs at least {REASON_CHARS_MIN} characters"));
    }
    failing.iter().find(|(at, _)| Some(*at) != broken).map(|(_, seen)| gate_words(seen))
}

fn fire(facts: &Facts<'_>, card: &Card) -> Wish {
    let (step, typed) = (card.step.clone(), card.field.text.clone());
    let call = call_of(facts, &step, card.back);
    let broken =
        card.breaking.as_ref().map(|(index, reason)| (*index, Clean::new(reason.text.trim())));
    Wish::Intent(if card.back {
        Intent::Compensate { step, typed, call }
    } else {
        Intent::Run { step, typed, broken, call }
    })
}

/// Begins the stop window of a guard 1 that waits for its dry run, as soon as that is there.
fn go_on(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    let Some(until) = model.guards.waits_until else { return Vec::new() };
    let Some(Dialog::Card(mut card)) = model.dialog.take() else { return Vec::new() };
    let after = if fresh_for(facts, &card) {
        model.guards.waits_until = None;
        confirm(model, facts, &mut card)
    } else if facts.now.since(card.opened) >= until.since(card.opened) {
        model.guards.waits_until = None;
        refuse(model, facts.now, "the dry run did not come: esc leaves, then ask for it again");
        After::Stay(Vec::new())
    } else {
        After::Stay(Vec::new())
    };
    after.settle(model, facts.now, Dialog::Card(card))
}

/// Takes the passing of time.
pub(super) fn tick(model: &mut Model, facts: &Facts<'_>) -> Vec<Wish> {
    let Some(Dialog::Card(card)) = &model.dialog else { return Vec::new() };
    let (id, back) = (card.step.clone(), card.back);
    let Some(began) = card.window else {
        let mut wishes = rehearse(model, facts, &id, back);
        wishes.extend(go_on(model, facts));
        return wishes;
    };
    let mut card = card.clone();
    let stride = model.guards.counted_at.replace(facts.now).map(|last| facts.now.since(last));
    if let Some(slept) = stride.filter(|stride| *stride > STRIDE_MAX) {
        leave_by_itself(model, facts.now);
        let slept = short_time(slept);
        let text = format!("stopped, nothing was run: this console stood still for {slept}");
        refuse(model, facts.now, format!("{text} while any key could stop it"));
        return Vec::new();
    }
    if let Some(why) = obstacle(model, facts, &mut card) {
        leave_by_itself(model, facts.now);
        refuse(model, facts.now, format!("stopped, nothing was run: {why}"));
        return Vec::new();
    }
    if facts.now.since(began) < STOP_WINDOW {
        return Vec::new();
    }
    leave_by_itself(model, facts.now);
    vec![fire(facts, &card)]
}

/// Closes the card without a key of the person: the next one may be meant for it still.
fn leave_by_itself(model: &mut Model, now: Stamp) {
    leave_dialog(model);
    guards::changed(&mut model.guards, now);
}
