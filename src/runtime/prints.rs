//! What the attempts of a run have printed, for a console that comes back to it and for watchers.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::ids::StepId;
use crate::domain::run::event::{Body, RunEvent};
use crate::domain::run::state::{Run, StepState};
use crate::runtime::event::Event;
use crate::runtime::runner::output_since;

/// What the attempts of a run printed, each part told once.
#[derive(Default)]
pub struct Prints {
    /// How far each attempt was read; none once it is read to its end.
    read: BTreeMap<(StepId, u32), Option<u64>>,
}

impl Prints {
    /// What is new in the run's folder.
    pub fn news(&mut self, folder: &Path, record: &[RunEvent]) -> Vec<Event> {
        let ended = |name: &StepId, number: u32| {
            record.iter().any(|event| {
                matches!(&event.body, Body::Ended { step, attempt, .. }
                    if step == name && *attempt == number)
            })
        };
        let mut news = Vec::new();
        for event in record {
            let Body::Started { step, attempt } = &event.body else { continue };
            let place = self.read.entry((step.clone(), *attempt)).or_insert(Some(0));
            let Some(offset) = *place else { continue };
            let Ok(since) = output_since(folder, step, *attempt, offset) else { continue };
            *place = (!ended(step, *attempt) || since.next != offset).then_some(since.next);
            let told = since.by_time().into_iter();
            news.extend(told.map(|(at, lines)| Event::Output { step: step.clone(), at, lines }));
        }
        news
    }
}

/// What the attempts that are over printed, for a console that comes back to its run.
pub fn printed(folder: &Path, run: &Run) -> Vec<Event> {
    let over = |event: &&RunEvent| match &event.body {
        Body::Started { step, attempt } => {
            let state = run.step(step).filter(|state| state.phase.is_open());
            state.and_then(StepState::last_attempt).is_none_or(|last| last.number != *attempt)
        }
        _ => false,
    };
    let record: Vec<RunEvent> = run.events.iter().filter(over).cloned().collect();
    Prints::default().news(folder, &record)
}
