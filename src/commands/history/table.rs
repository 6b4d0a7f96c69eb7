//! The history as lines for a person: runs newest first, then how fresh each plan is.

use std::fmt::Write as _;

use super::{Freshness, Row};
use crate::app::past::Past;
use crate::domain::forecast::RtoState;
use crate::domain::ids::StepId;
use crate::domain::pace::StepPace;
use crate::domain::run::event::Closing;
use crate::domain::runbook::Step;
use crate::domain::time::{clock_text, short_time};
use crate::ui::widget::row::width_of;

/// The columns of the runs.
const HEAD: [&str; 8] = ["RUN", "KIND", "RUNBOOK", "WAY", "OPENED", "CLOSED", "RTO", "WORST LOSS"];

/// The columns of a plan's steps.
const STEPS: [&str; 7] = ["STEP", "RUNS", "P50", "P80", "BEGUN AFTER P50", "P80", "LAST FOR REAL"];

/// The whole text.
pub(super) fn text(rows: &[Row], plans: &[Freshness<'_>]) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        out.push_str("no run on this machine yet\n");
    } else {
        let mut lines = vec![HEAD.map(str::to_owned).to_vec()];
        lines.extend(rows.iter().map(cells_of));
        write_table(&mut out, "", &lines);
    }
    for plan in plans {
        out.push('\n');
        write_plan(&mut out, plan);
    }
    out
}

fn cells_of(row: &Row) -> Vec<String> {
    match &row.past {
        Ok(past) => {
            let run = &past.run;
            vec![
                row.name.clone(),
                run.kind.badge().to_owned(),
                format!("{}, {}", past.plan.name, run.mode.word()),
                format!("{} > {}", run.direction.from, run.direction.to),
                run.opened.0.utc().dated(),
                closing(past),
                total(past),
                worst_loss(past),
            ]
        }
        Err(why) => vec![row.name.clone(), format!("cannot be read: {why}")],
    }
}

/// How a run ended, in words.
pub(super) fn closing(past: &Past) -> String {
    match &past.run.closed {
        None => format!("NOT CLOSED, {}", past.run.stage.word()),
        Some((_, Closing::Complete)) => "complete".to_owned(),
        Some((_, Closing::CompleteExcept { steps })) => {
            let names: Vec<&str> = steps.iter().map(StepId::as_str).collect();
            format!("except {}", names.join(", "))
        }
        Some((_, Closing::Aborted)) => "ABORTED".to_owned(),
    }
}

/// From T0 to the restoration against the objective; every tier that has a figure of its own.
fn total(past: &Past) -> String {
    let clocks = past.clocks();
    let Some(total) = past.run.clock.as_ref().and_then(|clock| clock.stopped) else {
        return "not measured".to_owned();
    };
    let state = match clocks.state {
        RtoState::Met | RtoState::Missed | RtoState::Contested if clocks.rto.is_some() => {
            clocks.state.words()
        }
        _ => "no RTO",
    };
    let of = clocks.rto.map_or_else(String::new, |rto| format!(" of {}", short_time(rto)));
    let tier = match &clocks.tier {
        Some(tier) if clocks.tiers.len() > 1 => format!(" {tier}"),
        Some(_) | None => String::new(),
    };
    format!("{}{of} {state}{tier}", clock_text(total))
}

fn worst_loss(past: &Past) -> String {
    let stores = past.losses();
    if let Some(why) = past.no_store(&stores) {
        return why.to_owned();
    }
    let missing: Vec<&str> = stores
        .iter()
        .filter_map(|line| line.measured.is_none().then_some(line.system.as_str()))
        .collect();
    let found = stores.iter().filter_map(|line| Some((line, line.measured.as_ref()?.0)));
    let Some((line, seconds)) = found.max_by(|one, other| one.1.total_cmp(&other.1)) else {
        return "not measured".to_owned();
    };
    let worst = format!("{} {}", line.system, line.seconds(seconds));
    if missing.is_empty() { worst } else { format!("{worst}; {} not measured", missing.join(", ")) }
}

fn write_plan(out: &mut String, fresh: &Freshness<'_>) {
    let plan = fresh.plan;
    let real = fresh.last_real.map_or_else(
        || "NEVER run for real".to_owned(),
        |past| format!("last run for real {} ({})", past.run.opened.0.utc().dated(), past.run.id),
    );
    let changed = match fresh.last {
        None => "no run of it",
        Some(past) if past.plan_hash() == plan.hash => "unchanged since its last run",
        Some(_) => "CHANGED since its last run",
    };
    let (from, to) = (plan.from, plan.to);
    let _ = writeln!(out, "PLAN {} ({}), {from} > {to}: {real}; {changed}", plan.name, plan.title);
    let mut lines = vec![STEPS.map(str::to_owned).to_vec()];
    lines.extend(plan.steps.iter().map(|step| step_cells(step, &fresh.pace.of(step))));
    write_table(out, "  ", &lines);
}

fn step_cells(step: &Step, pace: &StepPace) -> Vec<String> {
    let last = pace.last_real.map_or_else(|| "NEVER".to_owned(), |at| at.utc().dated());
    let (p50, p80) = (short_time(pace.act.p50), short_time(pace.act.p80));
    if pace.runs == 0 {
        let none = || "-".to_owned();
        let plan = |time| format!("{time} by the plan");
        return vec![step.id.to_string(), "0".to_owned(), plan(p50), none(), none(), none(), last];
    }
    let (first, late) = (short_time(pace.hand.p50), short_time(pace.hand.p80));
    vec![step.id.to_string(), pace.runs.to_string(), p50, p80, first, late, last]
}

/// Columns as wide as their widest cell; a line with fewer cells runs on.
fn write_table(out: &mut String, indent: &str, lines: &[Vec<String>]) {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let full = lines.iter().filter(|line| line.len() == columns);
        full.filter_map(|line| line.get(column)).map(|cell| width_of(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in lines {
        let mut text = indent.to_owned();
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width.saturating_sub(width_of(cell)) + 2));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}
