//! Short texts that several panels share: regions, ages, exposure, the current step.

use super::prelude::*;
use std::time::Duration;

use crate::domain::ids::{Side, StepId};
use crate::domain::ledger::{self, LedgerRow, LossVerdict};
use crate::domain::rules::period;
use crate::domain::run::event::Mode;
use crate::domain::run::phase::Stage;
use crate::domain::run::planned::{LossesAt, losses_at};
use crate::domain::run::state::{Run, StepState};
use crate::domain::runbook::{Direction, Step};
pub use crate::domain::time::no_less as seconds;
use crate::domain::time::{Stamp, short_time};
use crate::domain::verdict::{Primary, Priority, Signal, T0Basis};
use crate::ui::command::Command;

/// `00:00`, minutes and seconds as the runbook counts them; hours where there are any.
pub fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds >= 3600 {
        format!("{}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60)
    } else {
        format!("{:02}:{:02}", seconds / 60, seconds % 60)
    }
}

/// An age in steps of 5, 10 and 30 s, so that a calm screen is still.
pub fn stepped(age: Duration) -> Duration {
    let seconds = age.as_secs();
    let step = match seconds {
        0..60 => 5,
        60..300 => 10,
        _ => 30,
    };
    Duration::from_secs(seconds / step * step)
}

/// The age of a value looked at `every` so often, once it is older than two periods.
pub fn age_text(at: Stamp, now: Stamp, every: Duration) -> String {
    let age = now.since(at);
    let stepped = stepped(age);
    if age > every * 2 && !stepped.is_zero() { short_time(stepped) } else { String::new() }
}

/// Glyph and number of a priority.
pub fn glyph(priority: Priority) -> (Ink, &'static str) {
    match priority {
        Priority::ActNow => (CRIT, "■1"),
        Priority::ActSoon => (WARN, "▲2"),
        Priority::Know => (INFO, "◆3"),
    }
}

/// Which way the next failover would go: that of a run until it is over, then from what serves now.
pub fn direction_now(screen: &Screen<'_>) -> Direction {
    let active = screen.assessment.active;
    let open = screen.open_run();
    open.map_or(Direction { from: active, to: active.other() }, |run| run.direction)
}

/// What people call a region.
pub fn label<'a>(screen: &Screen<'a>, side: Side) -> &'a str {
    screen.site.region(side).label.as_str()
}

/// True while a planned run goes on although the primary is red: its gates ask a region that cannot
/// answer.
pub fn is_planned_without_primary(screen: &Screen<'_>) -> bool {
    let planned = |run: &Run| {
        run.mode == Mode::Planned
            && screen.assessment.active == run.direction.from
            && matches!(
                run.stage,
                Stage::Standby | Stage::Declared | Stage::Executing | Stage::Held
            )
    };
    matches!(screen.assessment.primary, Primary::Red { .. }) && screen.run.is_some_and(planned)
}

/// The moment the clock counts from, and how well it is known; none without an incident.
pub fn t0(screen: &Screen<'_>) -> Option<(Stamp, T0Basis)> {
    if let Some(run) = screen.run {
        return run
            .clock
            .as_ref()
            .map(|clock| (clock.t0, run.declaration.as_ref().map_or(T0Basis::Exact, |d| d.basis)))
            .or_else(|| red(screen));
    }
    red(screen)
}

fn red(screen: &Screen<'_>) -> Option<(Stamp, T0Basis)> {
    match &screen.assessment.primary {
        Primary::Red { t0, basis, .. } => Some((*t0, *basis)),
        Primary::Healthy | Primary::Suspect { .. } | Primary::ItIsUs { .. } | Primary::Blind(_) => {
            None
        }
    }
}

/// `T0 14:02:10Z exact`.
pub fn t0_text(screen: &Screen<'_>) -> String {
    match t0(screen) {
        None => "T0 none".to_owned(),
        Some((at, T0Basis::Exact)) => format!("T0 {} exact", at.utc()),
        Some((at, T0Basis::AtOrBefore)) => format!("T0 at or before {}", at.utc()),
        Some((at, T0Basis::Set)) => format!("T0 {} set by hand", at.utc()),
        Some((at, T0Basis::Declared)) => format!("T0 {} = declaration", at.utc()),
    }
}

/// How much more than the big clock the wall clock says, where the two differ.
pub fn clock_doubt(screen: &Screen<'_>) -> Option<Duration> {
    let closed = screen.run.and_then(|run| run.closed.as_ref()).map(|(at, _)| *at);
    match screen.run.and_then(|run| run.clock.as_ref()) {
        Some(clock) => clock.doubt(closed.unwrap_or(screen.now)),
        None => screen.now.doubt(t0(screen)?.0),
    }
}

/// True while the incident is red and nobody has declared.
pub fn is_red_moment(screen: &Screen<'_>) -> bool {
    let declared =
        screen.run.is_some_and(|run| run.declaration.is_some() && !run.stage.is_closed());
    red(screen).is_some() && !declared
}

/// True when the losses are those as of T0, not those of now.
pub fn is_frozen(screen: &Screen<'_>) -> bool {
    losses_until(screen) != LossesAt::Now
}

/// Up to when the losses on the screen count.
fn losses_until(screen: &Screen<'_>) -> LossesAt {
    let lost = || if red(screen).is_some() { LossesAt::T0 } else { LossesAt::Now };
    let of_run = screen.run.and_then(|run| losses_at(run, screen.runbook, screen.assessment));
    of_run.unwrap_or_else(lost)
}

/// What the moment of frozen losses is called: `T0`, or the switch of a planned run.
pub fn frozen_at(screen: &Screen<'_>) -> &'static str {
    if losses_until(screen) == LossesAt::Switch { "switch" } else { "T0" }
}

/// The losses, the worst first: where not all fit, those that keep their objective are cut off.
pub fn worst_first<'a>(screen: &Screen<'a>) -> Vec<&'a LedgerRow> {
    let mut rows: Vec<&LedgerRow> = screen.ledger.rows.iter().collect();
    rows.sort_by_key(|row| match row.verdict {
        LossVerdict::Breach => 0,
        LossVerdict::Unknown => 1,
        LossVerdict::Pass => 2,
    });
    rows
}

/// The same in one sentence.
pub fn losses(screen: &Screen<'_>) -> String {
    let texts: Vec<String> = worst_first(screen).into_iter().map(LedgerRow::words).collect();
    if texts.is_empty() { no_store(screen).to_owned() } else { texts.join(", ") }
}

/// What a store may lose, or a word for that nothing is promised.
pub fn limit(row: &LedgerRow, none: &str) -> String {
    row.rpo_s.map_or_else(|| none.to_owned(), seconds)
}

/// `97s of 5m00s`.
pub fn loss_of(row: &LedgerRow) -> String {
    format!("{} of {}", row.expected(), limit(row, "no RPO"))
}

/// True when at least one lag is known from a look that is not too old.
pub fn is_any_lag_live(screen: &Screen<'_>) -> bool {
    let to = screen.direction().to;
    screen.site.systems.iter().any(|system| {
        let cell = screen.snapshot.cell(&system.id, to);
        cell.and_then(|cell| cell.current(screen.now, period(system)))
            .and_then(|reading| reading.lag.as_ref())
            .is_some_and(|lag| lag.known_seconds().is_some())
    })
}

/// What is said of the losses where no store is known.
pub fn no_store(screen: &Screen<'_>) -> &'static str {
    ledger::no_store(screen.site, screen.snapshot)
}

/// `no runbook for B to A`, where no plan leads away from the region that serves.
pub fn no_runbook(screen: &Screen<'_>) -> String {
    let way = screen.direction();
    format!("no runbook for {} to {}", way.from, way.to)
}

/// The run on the screen by its name. That there is none is known of this state folder only.
pub fn run_name(screen: &Screen<'_>) -> String {
    screen.run.map_or_else(|| "no run here".to_owned(), |run| run.id.to_string())
}

/// What cannot be known from here of a run that is not here, or what can.
pub fn elsewhere(screen: &Screen<'_>) -> String {
    screen.elsewhere.map_or_else(
        || "runs of other folders or machines are not seen".to_owned(),
        ToString::to_string,
    )
}

/// The store that would lose most of its objective, and how many are not known.
pub fn worst_loss<'a>(screen: &Screen<'a>) -> (Option<&'a LedgerRow>, usize) {
    let share = |row: &LedgerRow| {
        let loss = row.loss_s.unwrap_or(0.0);
        row.rpo_s.map_or(0.0, |rpo| loss / rpo.max(f64::MIN_POSITIVE))
    };
    let worst = screen
        .ledger
        .rows
        .iter()
        .filter(|row| row.loss_s.is_some())
        .max_by(|one, two| share(one).total_cmp(&share(two)));
    let unknown =
        screen.ledger.rows.iter().filter(|row| row.verdict == LossVerdict::Unknown).count();
    (worst, unknown)
}

/// `worst 42s of 5m00s PASS kafka, 1 UNKNOWN`, and how bad that is.
pub fn exposure(screen: &Screen<'_>) -> (Ink, String) {
    let (worst, unknown) = worst_loss(screen);
    let silent = !is_frozen(screen) && !is_any_lag_live(screen);
    let doubt = if unknown > 0 { format!(", {unknown} UNKNOWN") } else { String::new() };
    match worst {
        None if screen.ledger.rows.is_empty() => (UNKNOWN, "? not known, no store".to_owned()),
        None => (UNKNOWN, format!("UNKNOWN for {}", screen.ledger.rows.len())),
        Some(row) => {
            let (loss, verdict) = (loss_of(row), row.verdict.word());
            let words = format!("worst {loss} {verdict} {}{doubt}", row.system);
            (verdict_ink(row.verdict, unknown > 0 || silent), words)
        }
    }
}

fn verdict_ink(verdict: LossVerdict, doubt: bool) -> Ink {
    match verdict {
        LossVerdict::Breach => CRIT,
        LossVerdict::Pass if doubt => UNKNOWN,
        LossVerdict::Pass => OK,
        LossVerdict::Unknown => UNKNOWN,
    }
}

/// The ink of a loss verdict.
pub fn loss_ink(verdict: LossVerdict) -> Ink {
    verdict_ink(verdict, false)
}

/// `8 Promote pg in B`: a step as the runbook panel numbers and calls it.
pub fn named(screen: &Screen<'_>, step: &StepId) -> String {
    screen.runbook.map_or_else(|| step.to_string(), |book| book.named(step))
}

/// `8 Promote pg in B (promote-pg)`: a step as the runbook panel numbers and calls it.
pub fn named_fully(screen: &Screen<'_>, step: &StepId) -> String {
    screen.runbook.map_or_else(|| step.to_string(), |book| book.named_fully(step))
}

/// Who may declare.
pub fn declarers(screen: &Screen<'_>) -> String {
    let names = screen.site.declarers();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// What is watched while the primary is suspect: looks that failed are no signals yet.
pub fn suspected(screen: &Screen<'_>, signals: &[Signal]) -> String {
    let what = match signals {
        [one] => one.system.to_string(),
        [one, other] => format!("{} and {}", one.system, other.system),
        _ => format!("{} systems", signals.len()),
    };
    let needed = screen.site.red_needs_signals;
    match signals.iter().filter(|signal| !signal.early).count() {
        0 => format!("watch {what}: looks failed, no rule is met yet"),
        met => format!("watch {what}: {met} of {needed} signals that make the primary red"),
    }
}

/// The run's current step, as planned and as it stands.
pub fn current<'a>(screen: &Screen<'a>) -> Option<(&'a Step, &'a StepState)> {
    let state = screen.run?.current()?;
    Some((screen.runbook?.step(&state.id)?, state))
}

/// `1 of 3 taken back`.
pub fn taken_back(screen: &Screen<'_>) -> String {
    let (done, all) = screen.run.map_or((0, 0), crate::domain::run::state::Run::taken_back);
    format!("{done} of {all} taken back")
}

/// The first key of a command, as bound now; its name where it has none.
pub fn key(screen: &Screen<'_>, command: Command) -> String {
    screen.model.key(screen.keymap, command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_move_in_steps() {
        let check = |age: u64, want: u64| {
            assert_eq!(stepped(Duration::from_secs(age)), Duration::from_secs(want));
        };
        for (age, want) in [(4, 0), (7, 5), (59, 55), (67, 60), (299, 290), (359, 330)] {
            check(age, want);
        }
    }
}
