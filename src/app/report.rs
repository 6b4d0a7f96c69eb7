//! The report of a run in plain Markdown: every claim names its journal entry, nothing is invented.

use std::fmt::Write as _;
use std::time::Duration;

use super::report_steps::{add_decisions, add_steps};
use super::report_words::{moment, safe, seconds_text, sentence};
use crate::domain::ids::{StepId, SystemId};
use crate::domain::run::event::{Body, Closing, RunEvent};
use crate::domain::run::misfit::Misfit;
use crate::domain::run::state::Run;
use crate::domain::runbook::Runbook;
use crate::domain::site::Site;
use crate::domain::text::Clean;
use crate::domain::time::{Stamp, clock_text, short_time};
use crate::domain::verdict::T0Basis;

/// What the report says where nothing is on record.
pub(super) const NOT_MEASURED: &str = "not measured";

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct ReportSource<'a> {
    /// The journal's events.
    pub events: &'a [RunEvent],
    /// The frozen runbook.
    pub runbook: &'a Runbook,
    /// The frozen site.
    pub site: &'a Site,
    /// The state of the journal's chain, such as "chain whole, head amber fox tide".
    pub chain: &'a Clean,
}

/// The report of a run.
///
/// # Errors
/// When the events are not those of a run of this runbook.
pub fn markdown(source: ReportSource<'_>) -> Result<String, Misfit> {
    let Some(run) = Run::replay(source.runbook, source.events)? else {
        return Ok("# No run\n\nThe journal holds no event.\n".to_owned());
    };
    let mut out = String::new();
    add_head(&mut out, &run, source);
    add_clocks(&mut out, &run, source.site);
    add_losses(&mut out, &run);
    add_steps(&mut out, &run, source.runbook);
    add_decisions(&mut out, &run);
    add_timeline(&mut out, &run);
    Ok(out)
}

/// `#7`, the journal entry that a claim rests on.
pub(super) fn entry(event: &RunEvent) -> String {
    format!("#{}", event.seq)
}

/// The first event that `is` tells.
pub(super) fn first(run: &Run, is: impl Fn(&Body) -> bool) -> Option<&RunEvent> {
    run.events.iter().find(|event| is(&event.body))
}

fn last(run: &Run, is: impl Fn(&Body) -> bool) -> Option<&RunEvent> {
    run.events.iter().rev().find(|event| is(&event.body))
}

/// Formatting into a text cannot fail.
macro_rules! add {
    ($out:expr, $($part:tt)*) => {{
        let _ = writeln!($out, $($part)*);
    }};
}
pub(super) use add;

fn add_head(out: &mut String, run: &Run, source: ReportSource<'_>) {
    let (site, runbook) = (source.site, source.runbook);
    let (from, to) = (site.region(run.direction.from), site.region(run.direction.to));
    add!(out, "# {} {}: {}\n", run.kind.badge(), run.id, safe(&runbook.title));
    add!(out, "- Site: {} (`{}`)", safe(&site.title), site.name);
    let (a, b) = (run.direction.from, run.direction.to);
    add!(out, "- Direction: {a} ({}) to {b} ({})", safe(&from.label), safe(&to.label));
    add!(out, "- Runbook: `{}`, version `{}`", runbook.name, runbook.hash);
    add!(out, "- Mode at the end: {}", run.mode.word());
    add!(out, "- Opened: {} by {} (#1)", moment(run.opened.0), safe(&run.opened.1));
    let ended = last(run, |body| matches!(body, Body::Closed { .. }));
    match (ended, &run.closed) {
        (Some(event), Some((at, closing))) => {
            let words = match closing {
                Closing::Complete => "complete".to_owned(),
                Closing::CompleteExcept { steps } => {
                    let steps: Vec<&str> = steps.iter().map(StepId::as_str).collect();
                    format!("complete except {}", steps.join(", "))
                }
                Closing::Aborted => "ABORTED".to_owned(),
            };
            add!(out, "- Closed: {words}, {} ({})", moment(*at), entry(event));
        }
        _ => add!(out, "- Closed: not closed; the run is {}", run.stage.word()),
    }
    add!(out, "- Journal: {} entries; {}", run.events.len(), safe(source.chain));
    add!(out, "");
}

/// The moment from which the clock counts, and the entry that says so.
fn t0(run: &Run) -> Option<(Stamp, &RunEvent)> {
    let said = last(run, |body| matches!(body, Body::Declared { .. } | Body::T0Set { .. }))?;
    match &said.body {
        Body::Declared { t0, .. } | Body::T0Set { t0, .. } => Some((*t0, said)),
        _ => None,
    }
}

/// A moment from which or to which a clock of the report counts, with the entry that tells it.
#[derive(Clone, Copy)]
struct ClockEnd<'a> {
    name: &'static str,
    on_record: Option<(Stamp, &'a RunEvent)>,
}

impl<'a> ClockEnd<'a> {
    fn of(name: &'static str, event: Option<&'a RunEvent>) -> Self {
        Self { name, on_record: event.map(|event| (event.at, event)) }
    }

    fn since(self, begin: Self) -> Option<Duration> {
        let ((begin, _), (end, _)) = begin.on_record.zip(self.on_record)?;
        Some(end.since(begin))
    }
}

fn add_clock(
    out: &mut String,
    name: &str,
    begin: ClockEnd<'_>,
    end: ClockEnd<'_>,
    time: Option<Duration>,
) {
    let (from, to) = (begin.name, end.name);
    match (time, begin.on_record.zip(end.on_record)) {
        (Some(time), Some(((_, first), (_, last)))) => {
            let (time, first, last) = (clock_text(time), entry(first), entry(last));
            add!(out, "| {name} | {time} | {from} ({first}) | {to} ({last}) |");
        }
        _ => add!(out, "| {name} | {NOT_MEASURED} | {from} | {to} |"),
    }
}

fn add_clocks(out: &mut String, run: &Run, site: &Site) {
    add!(out, "## Clocks\n");
    let Some((start, said)) = t0(run) else {
        add!(out, "Nothing was declared: no clock ran.\n");
        return;
    };
    let basis = match run.declaration.as_ref().map(|declaration| declaration.basis) {
        Some(T0Basis::Exact) => "the first failed look was seen",
        Some(T0Basis::AtOrBefore) => {
            "at or before this, UNKNOWN exactly: the first look of all failed"
        }
        Some(T0Basis::Set) => "set by a person",
        None => NOT_MEASURED,
    };
    add!(out, "T0: {} ({basis}) ({})\n", moment(start), entry(said));
    let declared = first(run, |body| matches!(body, Body::Declared { .. }));
    let detected = declared.and_then(|event| match &event.body {
        Body::Declared { detected, .. } => detected.map(|at| (at, event)),
        _ => None,
    });
    let restored = first(run, |body| matches!(body, Body::Restored { .. }));
    let total = run.clock.as_ref().and_then(|clock| clock.stopped);
    let zero = ClockEnd { name: "T0", on_record: Some((start, said)) };
    let red = ClockEnd { name: "the console showed red", on_record: detected };
    let decision = ClockEnd::of("declared", declared);
    let end = ClockEnd::of("restored", restored);
    add!(out, "| clock | time | from | to |");
    add!(out, "|---|---|---|---|");
    add_clock(out, "detect", zero, red, red.since(zero));
    add_clock(out, "decide", red, decision, decision.since(red));
    add_clock(out, "T0 to declared", zero, decision, decision.since(zero));
    add_clock(out, "execute", decision, end, end.since(decision));
    add_clock(out, "total", zero, end, total);
    add!(out, "");
    add_rto(out, total, restored, site);
    let held = run.held_before;
    if !held.is_zero() || run.held_since.is_some() {
        add!(out, "The plan was held for {} in all; the clock ran on.\n", short_time(held));
    }
}

fn add_rto(out: &mut String, total: Option<Duration>, end: Option<&RunEvent>, site: &Site) {
    if site.objectives.is_empty() {
        add!(out, "RTO: the site has no objective to judge by.\n");
        return;
    }
    for objective in &site.objectives {
        let (tier, rto) = (&objective.tier, clock_text(objective.rto));
        match (total, end) {
            (Some(total), Some(end)) => {
                let verdict = if total <= objective.rto { "MET" } else { "MISSED" };
                let total = clock_text(total);
                add!(out, "RTO of `{tier}`: {total} of {rto}, **{verdict}** ({})\n", entry(end));
            }
            _ => {
                add!(
                    out,
                    "RTO of `{tier}`: {NOT_MEASURED} of {rto}: restoration is not on record\n"
                );
            }
        }
    }
}

fn add_losses(out: &mut String, run: &Run) {
    add!(out, "## Loss\n");
    let measured = |system: &SystemId| {
        let event = last(
            run,
            |body| matches!(body, Body::LossMeasured { system: about, .. } if about == system),
        )?;
        match &event.body {
            Body::LossMeasured { seconds, how, .. } => {
                Some(format!("{}, {} ({})", seconds_text(*seconds), safe(how), entry(event)))
            }
            _ => None,
        }
    };
    let declared = first(run, |body| matches!(body, Body::Declared { .. }));
    let rows = run.ledger.as_ref().map_or(&[][..], |ledger| &ledger.rows);
    if let (Some(event), false) = (declared, rows.is_empty()) {
        add!(out, "| store | RPO | expected as of T0 ({}) | verdict | measured |", entry(event));
        add!(out, "|---|---|---|---|---|");
        for row in rows {
            let expected = row.loss_s.map_or("UNKNOWN".to_owned(), seconds_text);
            let rpo = row.rpo_s.map_or("none".to_owned(), seconds_text);
            let found = measured(&row.system).unwrap_or_else(|| NOT_MEASURED.to_owned());
            let verdict = row.verdict.word();
            add!(out, "| {} | {rpo} | {expected} | {verdict} | {found} |", row.system);
        }
        add!(out, "");
    } else {
        add!(out, "No ledger of expected losses is on record.\n");
    }
    for (system, _, _) in &run.losses {
        if rows.iter().all(|row| row.system != *system)
            && let Some(found) = measured(system)
        {
            add!(out, "- `{system}` (not in the ledger): measured {found}");
        }
    }
    match first(run, |body| matches!(body, Body::LedgerAccepted { .. })) {
        Some(event) => {
            let at = moment(event.at);
            add!(out, "Accepted by {} at {at} ({}).\n", safe(&event.by), entry(event));
        }
        None => add!(out, "Accepted by nobody on record.\n"),
    }
}

fn add_timeline(out: &mut String, run: &Run) {
    add!(out, "## Timeline (UTC)\n");
    add!(out, "| entry | time | by | what |");
    add!(out, "|---|---|---|---|");
    for event in &run.events {
        let (by, what) = (safe(&event.by), sentence(&event.body));
        add!(out, "| {} | {} | {by} | {what} |", entry(event), moment(event.at));
    }
}
