//! Accepting the losses: not before they can have been read.

use std::time::Duration;

use super::dialogs::{After, checked};
use super::{Facts, Wish, refuse};
use crate::domain::run::intent::Intent;
use crate::domain::time::Stamp;
use crate::ui::command::Command;
use crate::ui::model::Model;

/// How long the losses must have been on the screen before they can be accepted.
const LEDGER_READ_MIN: Duration = Duration::from_secs(1);

/// Losses that nobody can have read are not accepted.
pub(super) fn accept(model: &mut Model, facts: &Facts<'_>, opened: Stamp) -> After {
    if counts_in(opened, facts.now).is_zero() {
        let wish = Wish::Intent(Intent::AcceptLedger);
        return checked(model, facts, Command::AcceptLedger, wish);
    }
    let left = counts_in(opened, facts.now).as_millis().div_ceil(1000);
    refuse(model, facts.now, format!("in {left}s they can be accepted: read the losses first"));
    After::Stay(Vec::new())
}

/// How long the losses must still be read before they can be accepted.
pub fn counts_in(opened: Stamp, now: Stamp) -> Duration {
    LEDGER_READ_MIN.saturating_sub(now.since(opened))
}
