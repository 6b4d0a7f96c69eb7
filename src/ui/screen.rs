//! All that a frame may look at, and nothing else: equal screens draw equal frames.

use std::ops::Deref;

use super::command::Command;
use super::facts::Facts;
use super::model::Model;
use crate::domain::console::{OutputLine, TimelineRow};
use crate::domain::run::event::RunKind;
use crate::domain::text::Clean;

/// One line of help for the context on the screen: a command, its keys, and why it cannot be
/// used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuideRow {
    /// The command.
    pub command: Command,
    /// The keys bound to it, as people write them: `r`, `g g`, `ctrl-u`.
    pub keys: Clean,
    /// What it does, in a few words.
    pub doc: Clean,
    /// Why it cannot be used now; none when it can.
    pub why_not: Option<Clean>,
}

/// Everything a frame may look at: what keys may look at, and more.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// What is known at the moment of the frame.
    pub facts: Facts<'a>,
    /// Live, drill or simulation.
    pub kind: RunKind,
    /// What of other state folders works on the site now, as far as this machine tells.
    pub elsewhere: Option<&'a Clean>,
    /// What steps printed, oldest first, bounded.
    pub output: &'a [OutputLine],
    /// What happened, oldest first, bounded.
    pub timeline: &'a [TimelineRow],
    /// What the screen itself remembers.
    pub model: &'a Model,
    /// Help for this context; also what the keys row shows.
    pub guide: &'a [GuideRow],
}

impl<'a> Deref for Screen<'a> {
    type Target = Facts<'a>;

    fn deref(&self) -> &Facts<'a> {
        &self.facts
    }
}
