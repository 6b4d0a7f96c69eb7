//! What a watcher has in the place of hands: nothing.

use std::convert::Infallible;
use std::path::Path;

use super::performer::Acts;
use crate::domain::ids::StepId;
use crate::domain::run::role::Observer;

/// A watcher's hands: no value of its effects can act or write.
#[derive(Debug, Clone, Copy, Default)]
pub struct ObserverActs;

impl Acts<Observer> for ObserverActs {
    fn act(&mut self, act: Infallible) {
        match act {}
    }

    fn record(&mut self, record: Infallible) {
        match record {}
    }

    fn watch(&mut self, _: StepId, _: u32) {}

    fn run_folder(&self) -> Option<&Path> {
        None
    }
}
