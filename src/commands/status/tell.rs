//! Systems with their facts, losses and the open run, as the status tells them.

use crate::domain::ids::Side;
use crate::domain::reading::{Certainty, Fact, FactValue, Role};
use crate::domain::rules::period;
use crate::domain::run::phase::Phase;
use crate::domain::run::state::Run;
use crate::domain::site::SystemSpec;
use crate::domain::snapshot::{Cell, trusted_lag};

use super::fill::{Outlook, cell_word, finite, moment};
use super::parts::{
    CellStatus, FactStatus, FactWord, LedgerStatus, LossStatus, RunStatus, StepStatus,
    SystemStatus, WorstLagStatus,
};

/// A system on both sides.
pub(super) fn system(outlook: &Outlook<'_>, spec: &SystemSpec) -> SystemStatus {
    let of = |side: Side| {
        spec.sides[side.index()].as_ref().map(|_| {
            let never = Cell::default();
            let cell = outlook.snapshot.cell(&spec.id, side).unwrap_or(&never);
            cell_status(outlook, spec, side, cell)
        })
    };
    SystemStatus {
        id: spec.id.to_string(),
        kind: spec.kind.clone(),
        tier: spec.objective.as_ref().map(ToString::to_string),
        a: of(Side::A),
        b: of(Side::B),
    }
}

fn cell_status(outlook: &Outlook<'_>, spec: &SystemSpec, side: Side, cell: &Cell) -> CellStatus {
    let now = outlook.now;
    let state = cell.state(now, period(spec));
    let (state, why) = cell_word(outlook, &state);
    let current = cell.current(now, period(spec));
    let lag_s = current.and_then(trusted_lag);
    let lag = current.and_then(|reading| reading.lag.as_ref()).filter(|_| lag_s.is_some());
    let age = |at| now.since(at).as_secs_f64();
    CellStatus {
        state,
        why,
        idle: spec.idle_standby && side != outlook.assessment.active,
        endpoint_override: spec.stand_ins[side.index()].as_ref().map(|url| outlook.text(url)),
        heard_age_s: cell.heard.map(age),
        read_age_s: cell.last_reading.as_ref().map(|reading| age(reading.at)),
        failures: cell.failures,
        failing_since: cell.first_failure.map(moment),
        note: current.map(|reading| outlook.text(&reading.note)),
        role: current.and_then(|reading| reading.role).map(|role| {
            match role {
                Role::Primary => "primary",
                Role::Standby => "standby",
            }
            .to_owned()
        }),
        lag_s,
        lag_is_lower_bound: lag.map(|lag| lag.certainty == Certainty::LowerBound),
        capacity_ready: current.and_then(|reading| Some(reading.capacity?.ready)),
        capacity_wanted: current.and_then(|reading| Some(reading.capacity?.wanted)),
        facts: current.map_or(Vec::new(), |reading| {
            reading.facts.iter().map(|told| fact(outlook, told)).collect()
        }),
    }
}

fn fact(outlook: &Outlook<'_>, told: &Fact) -> FactStatus {
    let number = |number: f64, unit: Option<&str>| match finite(number) {
        Some(number) => (FactWord::Number(number), unit.map(str::to_owned), None),
        None => (FactWord::Unknown(()), None, Some("it is no number".to_owned())),
    };
    let (value, unit, unknown) = match &told.value {
        FactValue::Boolean(yes) => (FactWord::Boolean(*yes), None, None),
        FactValue::Number(told) => number(*told, None),
        FactValue::Seconds(told) => number(*told, Some("s")),
        FactValue::Share(told) => number(*told, Some("share")),
        FactValue::Text(text) => (FactWord::Text(outlook.text(text)), None, None),
        FactValue::Unknown(why) => (FactWord::Unknown(()), None, Some(outlook.text(why))),
    };
    FactStatus { name: told.name.clone(), value, unit, unknown }
}

/// The expected losses.
pub(super) fn ledger(outlook: &Outlook<'_>) -> LedgerStatus {
    let ledger = outlook.ledger;
    let rows = ledger.rows.iter().map(|row| LossStatus {
        system: row.system.to_string(),
        loss_s: row.loss_s.and_then(finite),
        rpo_s: row.rpo_s,
        verdict: row.verdict,
        last_lag_s: row.last.as_ref().and_then(|(_, lag)| finite(lag.known_seconds()?)),
        last_lag_at: row.last.as_ref().map(|(at, _)| moment(*at)),
    });
    let accepted = outlook.run.and_then(|run| run.accepted.as_ref());
    LedgerStatus {
        as_of: moment(ledger.as_of),
        frozen: ledger.as_of != outlook.now,
        accepted_by: accepted.map(|(_, by)| by.to_string()),
        rows: rows.collect(),
    }
}

/// The largest lag of each store in the last 24 hours.
pub(super) fn worst_lags(outlook: &Outlook<'_>) -> Vec<WorstLagStatus> {
    let standby = outlook.assessment.standby();
    let lags = outlook.ledger.rows.iter().filter_map(|row| {
        let worst = outlook.day.worst_lag(&row.system, standby, outlook.now)?;
        let system = row.system.to_string();
        Some(WorstLagStatus { system, lag_s: worst.lag_s, hour_utc: worst.hour })
    });
    lags.collect()
}

/// An open run.
pub(super) fn run(outlook: &Outlook<'_>, run: &Run) -> RunStatus {
    let forecast = outlook.forecast;
    let seconds = |time: std::time::Duration| time.as_secs_f64();
    let finished =
        |phase: Phase| matches!(phase, Phase::Done | Phase::Skipped | Phase::Compensated);
    let declared = run.declaration.as_ref();
    RunStatus {
        id: run.id.to_string(),
        kind: run.kind.badge().to_owned(),
        runbook: outlook.runbook.map_or_else(String::new, |plan| plan.name.clone()),
        from: run.direction.from,
        to: run.direction.to,
        mode: run.mode.word().to_owned(),
        stage: run.stage.word().to_owned(),
        opened_at: moment(run.opened.0),
        opened_by: run.opened.1.to_string(),
        declared_at: declared.map(|declared| moment(declared.at)),
        declared_by: declared.map(|declared| declared.by.to_string()),
        t0: run.clock.as_ref().map(|clock| moment(clock.t0)),
        elapsed_s: forecast.elapsed.map(seconds),
        wall_ahead_s: run.clock.and_then(|clock| clock.doubt(outlook.now)).map(seconds),
        rto_s: forecast.rto.map(seconds),
        rto_state: forecast.state.words().to_owned(),
        remaining_p50_s: seconds(forecast.remaining_p50),
        remaining_p80_s: seconds(forecast.remaining_p80),
        finish_p50_s: forecast.finish_p50.map(seconds),
        finish_p80_s: forecast.finish_p80.map(seconds),
        margin_s: forecast.margin_s(),
        held: run.held_since.is_some(),
        current_step: current(outlook, run),
        steps_finished: run.steps.iter().filter(|step| finished(step.phase)).count(),
        steps: run.steps.len(),
        journal: outlook.journal.to_owned(),
    }
}

fn current(outlook: &Outlook<'_>, run: &Run) -> Option<StepStatus> {
    let state = run.current()?;
    let step = outlook.runbook?.step(&state.id)?;
    let running = state.open_attempt().map(|attempt| attempt.spent(outlook.now));
    Some(StepStatus {
        id: step.id.to_string(),
        title: step.title.to_string(),
        phase: state.phase.word().to_owned(),
        running_s: running.map(|time| time.as_secs_f64()),
        expect_s: step.expect.as_secs_f64(),
    })
}
