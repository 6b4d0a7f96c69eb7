//! When the next status update is due: five minutes after the last one, or after the declaration.

use std::time::Duration;

use super::run::state::Run;
use super::time::Stamp;

/// The time between two status updates of an open incident.
pub const UPDATE_EVERY: Duration = Duration::from_secs(5 * 60);

/// How the rhythm of the status updates stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// The next one is due after this time.
    Due(Duration),
    /// It has been due for this time.
    Late(Duration),
}

/// The rhythm of a run; none before the declaration and after the run was closed.
pub fn rhythm(run: Option<&Run>, now: Stamp) -> Option<Rhythm> {
    let run = run.filter(|run| !run.stage.is_closed())?;
    let declared = run.declaration.as_ref()?.at;
    let last = run.updated.map_or(declared, |(at, _)| at);
    let gone = now.since(last);
    Some(match UPDATE_EVERY.checked_sub(gone) {
        Some(left) if !left.is_zero() => Rhythm::Due(left),
        Some(_) | None => Rhythm::Late(gone.saturating_sub(UPDATE_EVERY)),
    })
}

/// The number that the next status update of a run has.
pub fn next_number(run: Option<&Run>) -> u32 {
    run.and_then(|run| run.updated).map_or(1, |(_, number)| number.saturating_add(1))
}
