//! Who answers a wish: an observer's desk refuses, a commander's decides and commits.

mod commander;
mod observer;

pub use commander::CommanderDesk;
pub use observer::ObserverDesk;

use crate::domain::ids::RunId;
use crate::domain::run::commit::Receipt;
use crate::domain::run::decide::Context;
use crate::domain::run::event::{Actor, Body, RunKind};
use crate::domain::run::intent::Intent;
use crate::domain::run::refusal::Refusal;
use crate::domain::run::state::Run;
use crate::runtime::effect::{Effect, Writes};

/// The part of the console that differs between looking and commanding.
pub trait Desk: Default {
    /// The part.
    type Role: Writes;

    /// True when acting is not possible at all.
    fn read_only(&self) -> bool;

    /// True while words are being recorded.
    fn is_recording(&self) -> bool;

    /// True while a person's decision is among the words being recorded.
    fn is_deciding(&self) -> bool;

    /// Answers a wish of the person at the keys.
    ///
    /// # Errors
    /// A refusal, whose text is the sentence to show.
    fn wish(
        &mut self,
        context: &Context<'_>,
        intent: &Intent,
    ) -> Result<Vec<Effect<Self::Role>>, Refusal>;

    /// Begins a run: its journal is to be created.
    ///
    /// # Errors
    /// A refusal, whose text is the sentence to show.
    fn open(
        &mut self,
        run: RunId,
        runbook: usize,
        kind: RunKind,
    ) -> Result<Vec<Effect<Self::Role>>, Refusal>;

    /// Puts words of the console itself on record.
    fn say(&mut self, run: Option<&Run>, by: &Actor, words: Vec<Body>) -> Vec<Effect<Self::Role>>;

    /// The journal recorded the words of a ticket; `run` already contains them. Releases what
    /// waited for it, but for an attempt whose grant is `void` by now.
    fn recorded(
        &mut self,
        run: &Run,
        ticket: u64,
        receipt: Receipt,
        void: bool,
    ) -> Vec<Effect<Self::Role>>;

    /// Takes back what was granted and has not begun to act.
    fn void(&mut self, why: &str) -> Vec<Effect<Self::Role>>;

    /// The journal could not record the words of a ticket; true when a person's decision was lost.
    fn failed(&mut self, ticket: u64) -> bool;

    /// Sends again what is still to be recorded, after a failure.
    fn retry(&mut self, run: Option<&Run>) -> Vec<Effect<Self::Role>>;
}
