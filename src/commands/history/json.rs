//! The history as JSON, `schema` 1: times in seconds end in `_s`, moments are UTC.

use serde::Serialize;

use super::table::closing;
use super::{Freshness, Row};
use crate::app::past::Past;
use crate::domain::forecast::RtoState;
use crate::domain::report::Value;
use crate::domain::run::event::{Mode, RunKind};
use crate::domain::runbook::Step;
use crate::domain::time::Stamp;

/// The number of this form; a field may be added, none changes its meaning.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Whole<'a> {
    schema: u32,
    runs: Vec<OneRun<'a>>,
    plans: Vec<Plan<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneRun<'a> {
    Told(Box<Told<'a>>),
    Unreadable { run: &'a str, unreadable: &'a str },
}

#[derive(Serialize)]
struct Told<'a> {
    run: &'a str,
    site: &'a str,
    kind: RunKind,
    runbook: &'a str,
    from: &'static str,
    to: &'static str,
    mode: Mode,
    opened: String,
    closed: Option<String>,
    closing: String,
    /// From T0 to the restoration; null when that was not measured.
    total_s: Option<f64>,
    /// `met`, `missed` or `not measured`.
    rto: &'static str,
    tiers: Vec<TierTime<'a>>,
    losses: Vec<Loss>,
    /// Stores whose loss nobody measured: it is not known, and never nothing.
    not_measured: Vec<String>,
    /// Why no loss is known where a declared run knew no store; else null.
    no_store: Option<&'a str>,
}

#[derive(Serialize)]
struct TierTime<'a> {
    tier: &'a str,
    rto_s: f64,
    took_s: Option<f64>,
    state: &'static str,
}

#[derive(Serialize)]
struct Loss {
    system: String,
    measured_s: f64,
    /// True when the loss is no more than that; false when it is known exactly.
    at_most: bool,
}

#[derive(Serialize)]
struct Plan<'a> {
    runbook: &'a str,
    title: &'a str,
    from: &'static str,
    to: &'static str,
    last_run: Option<&'a str>,
    last_real_run: Option<&'a str>,
    /// Null without a run.
    changed_since_last_run: Option<bool>,
    steps: Vec<StepFigures<'a>>,
}

#[derive(Serialize)]
struct StepFigures<'a> {
    step: &'a str,
    action: &'static str,
    /// 0 when the figures are the plan's own.
    runs: u32,
    act_p50_s: f64,
    act_p80_s: f64,
    hand_p50_s: f64,
    hand_p80_s: f64,
    last_real: Option<String>,
}

/// The whole text, with a line break at its end.
pub(super) fn text(rows: &[Row], plans: &[Freshness<'_>]) -> String {
    let whole = Whole {
        schema: SCHEMA,
        runs: rows.iter().map(one_run).collect(),
        plans: plans.iter().map(plan_figures).collect(),
    };
    let mut text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    text.push('\n');
    text
}

fn moment(at: Stamp) -> String {
    at.utc().iso()
}

fn one_run(row: &Row) -> OneRun<'_> {
    match &row.past {
        Ok(past) => OneRun::Told(Box::new(told(&row.name, past))),
        Err(why) => OneRun::Unreadable { run: &row.name, unreadable: why },
    }
}

fn told<'a>(name: &'a str, past: &'a Past) -> Told<'a> {
    let (run, clocks) = (&past.run, past.clocks());
    let total = run.clock.as_ref().and_then(|clock| clock.stopped);
    let tiers = past.site.objectives.iter().zip(&clocks.tiers).map(|(objective, clock)| TierTime {
        tier: objective.tier.as_str(),
        rto_s: clock.rto.as_secs_f64(),
        took_s: clock.took.map(|took| took.as_secs_f64()),
        state: if clock.took.is_some() { clock.state.words() } else { "not measured" },
    });
    let stores = past.losses();
    let losses = stores.iter().filter_map(|line| {
        let (measured_s, ..) = *line.measured.as_ref()?;
        let at_most = matches!(line.seconds(measured_s), Value::AtMost(_));
        Some(Loss { system: line.system.to_string(), measured_s, at_most })
    });
    let not_measured = stores.iter().filter(|line| line.measured.is_none());
    Told {
        run: name,
        site: &past.site.name,
        kind: run.kind,
        runbook: &past.plan.name,
        from: run.direction.from.key(),
        to: run.direction.to.key(),
        mode: run.mode,
        opened: moment(run.opened.0),
        closed: run.closed.as_ref().map(|(at, _)| moment(*at)),
        closing: closing(past),
        total_s: total.map(|total| total.as_secs_f64()),
        rto: match clocks.state {
            RtoState::Met if total.is_some() => "met",
            RtoState::Missed if total.is_some() => "missed",
            _ => "not measured",
        },
        tiers: tiers.collect(),
        losses: losses.collect(),
        not_measured: not_measured.map(|line| line.system.to_string()).collect(),
        no_store: past.no_store(&stores),
    }
}

fn plan_figures<'a>(fresh: &Freshness<'a>) -> Plan<'a> {
    let plan = fresh.plan;
    let figures = |step: &'a Step| {
        let pace = fresh.pace.of(step);
        StepFigures {
            step: step.id.as_str(),
            action: step.action.name,
            runs: pace.runs,
            act_p50_s: pace.act.p50.as_secs_f64(),
            act_p80_s: pace.act.p80.as_secs_f64(),
            hand_p50_s: pace.hand.p50.as_secs_f64(),
            hand_p80_s: pace.hand.p80.as_secs_f64(),
            last_real: pace.last_real.map(moment),
        }
    };
    Plan {
        runbook: &plan.name,
        title: plan.title.as_str(),
        from: plan.from.key(),
        to: plan.to.key(),
        last_run: fresh.last.map(|past| past.run.id.as_str()),
        last_real_run: fresh.last_real.map(|past| past.run.id.as_str()),
        changed_since_last_run: fresh.last.map(|past| past.plan_hash() != plan.hash),
        steps: plan.steps.iter().map(figures).collect(),
    }
}
