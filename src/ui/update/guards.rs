//! Guards before the keymap: keys that were not meant are dropped, and the person is told.

use std::time::Duration;

use crate::domain::time::Stamp;
use crate::ui::command::Command;
use crate::ui::model::{Guards, Model};

/// Presses of one key closer than this are a key held down: it counts once, however long.
pub const HELD: Duration = Duration::from_millis(250);

/// Once a key was dropped because it was typed on, the rest is until a pause of this length.
pub const TYPED_ON: Duration = Duration::from_millis(400);

/// However hands press on, nothing is dropped for longer: who presses a key again and again means
/// it.
pub const TYPED_ON_MOST: Duration = Duration::from_secs(6);

/// The same verb again within this time after it was accepted counts once.
pub const SAME_VERB: Duration = Duration::from_millis(500);

/// This many printable keys within [`BURST`] are not typed by a hand.
pub const BURST_KEYS: usize = 6;

/// See [`BURST_KEYS`]; a pause of this length ends it.
pub const BURST: Duration = Duration::from_millis(150);

/// After the focus returned, and in a new dialog, verbs and typed text are ignored this long.
pub const SETTLE: Duration = Duration::from_millis(300);

/// True when printable keys come faster than a hand types. Called for every printable key.
pub(super) fn is_burst(guards: &mut Guards, now: Stamp) -> bool {
    let paused = now.is_due(guards.typed_at.last().copied(), BURST);
    if paused {
        guards.burst = false;
    }
    guards.typed_at.retain(|at| now.since(*at) < BURST);
    guards.typed_at.push(now);
    if guards.typed_at.len() > BURST_KEYS {
        guards.typed_at.remove(0);
    }
    if guards.typed_at.len() >= BURST_KEYS {
        guards.burst = true;
    }
    guards.burst
}

/// Why a verb does not count now; none when it does. Called once for every verb pressed.
pub(super) fn refusal(model: &mut Model, verb: Command, now: Stamp) -> Option<&'static str> {
    let guards = &mut model.guards;
    let within = |last: Option<(Command, Stamp)>, time| {
        last.is_some_and(|(last, at)| last == verb && now.since(at) < time)
    };
    let again = within(guards.last_verb, SAME_VERB) || within(guards.last_pressed, HELD);
    guards.last_pressed = Some((verb, now));
    if again {
        return Some("the same key again within 0.5 s counts once");
    }
    if guards.focus_at.is_some_and(|at| now.since(at) < SETTLE) {
        return Some("the terminal just got the focus back; press it again");
    }
    None
}

/// A verb was accepted: from here on the same one is held against it.
pub(super) fn accepted(guards: &mut Guards, verb: Command, now: Stamp) {
    guards.last_verb = Some((verb, now));
}

/// What was on the screen changed under the hands: keys typed on are not meant for what is there.
pub(super) fn changed(guards: &mut Guards, now: Stamp) {
    guards.typed_on = Some((now, None));
}

/// True for a key that was typed on for a dialog that is not there any more, or not yet: after it
/// opened, closed or was refused, keys count only after a pause without one.
pub(super) fn is_typed_on(guards: &mut Guards, now: Stamp) -> bool {
    let Some((changed, dropped)) = guards.typed_on else { return false };
    let paused = dropped.map_or(now.since(changed) >= SETTLE, |last| now.since(last) >= TYPED_ON);
    if paused || now.since(changed) >= TYPED_ON_MOST {
        guards.typed_on = None;
        return false;
    }
    guards.typed_on = Some((changed, Some(now)));
    true
}

/// True while a dialog is so new that a key may have been meant for what is beneath.
pub(super) fn dialog_is_new(guards: &Guards, now: Stamp) -> bool {
    guards.dialog_at.is_some_and(|at| now.since(at) < SETTLE)
}
