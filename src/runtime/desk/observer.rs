//! The desk of `watch`: it has no acts and no journal, so it can only refuse.

use super::Desk;
use crate::domain::ids::RunId;
use crate::domain::run::commit::Receipt;
use crate::domain::run::decide::Context;
use crate::domain::run::event::{Actor, Body, RunKind};
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::role::Observer;
use crate::domain::run::state::Run;
use crate::runtime::effect::Effect;

/// A desk that refuses everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct ObserverDesk;

impl Desk for ObserverDesk {
    type Role = Observer;

    fn read_only(&self) -> bool {
        true
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn is_deciding(&self) -> bool {
        false
    }

    fn wish(&mut self, _: &Context<'_>, _: &Intent) -> Result<Vec<Effect<Observer>>, Refusal> {
        Err(Refusal::ReadOnly)
    }

    fn open(&mut self, _: RunId, _: usize, _: RunKind) -> Result<Vec<Effect<Observer>>, Refusal> {
        Err(Refusal::ReadOnly)
    }

    fn say(&mut self, _: Option<&Run>, _: &Actor, _: Vec<Body>) -> Vec<Effect<Observer>> {
        Vec::new()
    }

    fn recorded(&mut self, _: &Run, _: u64, _: Receipt, _: bool) -> Vec<Effect<Observer>> {
        Vec::new()
    }

    fn void(&mut self, _: &str) -> Vec<Effect<Observer>> {
        Vec::new()
    }

    fn failed(&mut self, _: u64) -> bool {
        false
    }

    fn retry(&mut self, _: Option<&Run>) -> Vec<Effect<Observer>> {
        Vec::new()
    }
}
