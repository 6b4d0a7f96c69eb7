//! A console takes in what happened, and a recorder beside it is told.

use std::path::Path;

use crate::domain::time::Stamp;
use crate::runtime::console::Console;
use crate::runtime::desk::Desk;
use crate::runtime::effect::Effect;
use crate::runtime::event::Event;
use crate::runtime::recording::Recorder;

/// Takes in one event. `folder` is that of the open run, where there is one.
pub fn step<D: Desk>(
    console: &mut Console<D>,
    recorder: &mut Recorder,
    folder: Option<&Path>,
    event: Event,
    now: Stamp,
) -> Vec<Effect<D::Role>> {
    let opened = matches!(event, Event::RunOpened(Ok(())));
    recorder.hear(&event, now);
    let effects = console.step(event, now);
    let trouble = match folder.filter(|_| opened) {
        Some(folder) => recorder.begin(folder, console.scene(now), None, now),
        None => recorder.mend(|| console.scene(now), now),
    };
    if let Some(why) = trouble {
        console.recording_trouble(now, &why);
    }
    effects
}

/// Judges what was heard, once for a batch of events.
pub fn settle<D: Desk>(
    console: &mut Console<D>,
    recorder: &mut Recorder,
    now: Stamp,
) -> Vec<Effect<D::Role>> {
    let due = console.has_news();
    let effects = console.settle(now);
    if due {
        recorder.judged(now);
    }
    effects
}

/// Goes on with the recording of a run that was found open.
pub fn resume<D: Desk>(
    console: &mut Console<D>,
    recorder: &mut Recorder,
    folder: &Path,
    now: Stamp,
) {
    let why = "no console of this run was open";
    if let Some(why) = recorder.begin(folder, console.scene(now), Some(why.into()), now) {
        console.recording_trouble(now, &why);
    }
}
