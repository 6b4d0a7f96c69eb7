//! Replication: how far every store is behind, by which measure, against what was promised.

use std::time::Duration;

use super::prelude::*;
use ratatui::layout::Rect;

use crate::domain::ids::Side;
use crate::domain::reading::{Certainty, Lag};
use crate::domain::rules::period;
use crate::domain::site::SystemSpec;
use crate::domain::time::short_time;
use crate::ui::model::Panel;
use crate::ui::widget::bar::curve;
use crate::ui::widget::canvas::Canvas;
use crate::ui::widget::sheet::window;

use super::{phrase, region};

/// Cells of the curve of past lags.
const CURVE_CELLS: usize = 10;

/// The widest a store's name gets in the panel.
const NAME_CELLS_MAX: usize = 12;

/// Cells from which the amount stands beside the measure.
const AMOUNT_FROM: usize = 84;

/// The lag of one store as it is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct LagShown {
    /// `0.8s`, or `UNKNOWN`.
    pub lag: String,
    /// `1.2 MB` and such.
    pub amount: String,
    /// The objective.
    pub limit: String,
    /// The comparison, in ink.
    pub verdict: (Ink, String),
    /// How it was measured, or how old it is.
    pub basis: String,
}

/// How far behind it is, with its unit.
pub fn amount_text(lag: &Lag) -> String {
    lag.amount.map(|amount| lag.unit.amount_text(amount)).unwrap_or_default()
}

/// True for a system that has a row in this panel: a lag was ever read, or the ledger has it.
pub fn is_replicated(screen: &Screen<'_>, system: &SystemSpec) -> bool {
    screen.ledger.row(&system.id).is_some()
        || Side::BOTH.into_iter().any(|side| {
            screen.snapshot.cell(&system.id, side).is_some_and(|cell| cell.last_lag.is_some())
        })
}

/// The lag of a store now, or what was last known of it.
pub fn lag_shown(screen: &Screen<'_>, system: &SystemSpec) -> LagShown {
    let to = screen.direction().to;
    let rpo = screen.site.rpo(system);
    let limit = rpo.map_or_else(|| "none".to_owned(), short_time);
    let cell = screen.snapshot.cell(&system.id, to);
    let frozen = phrase::is_frozen(screen);
    let live = cell
        .and_then(|cell| cell.current(screen.now, period(system)))
        .and_then(|reading| reading.lag.as_ref())
        .filter(|_| !frozen);
    if let Some(lag) = live
        && let Some(seconds) = lag.known_seconds()
    {
        let at_least = lag.certainty == Certainty::LowerBound;
        let (ink, word) = live_verdict(rpo, seconds, at_least);
        let verdict = (ink, word.to_owned());
        let lead = if at_least { ">= " } else { "" };
        return LagShown {
            lag: format!("{lead}{}", phrase::seconds(seconds)),
            amount: amount_text(lag),
            limit,
            verdict,
            basis: lag.unapplied_text().unwrap_or_else(|| lag.basis.word().to_owned()),
        };
    }
    last_known(screen, system, limit)
}

/// How a lag stands to its objective. That it is at least so much breaks one, and keeps none.
fn live_verdict(rpo: Option<Duration>, seconds: f64, at_least: bool) -> (Ink, &'static str) {
    match rpo.map(|rpo| seconds > rpo.as_secs_f64()) {
        None => (UNKNOWN, "no RPO"),
        Some(true) => (CRIT, "■1 OVER"),
        Some(false) if at_least => (UNKNOWN, "?"),
        Some(false) => (OK, "ok"),
    }
}

fn last_known(screen: &Screen<'_>, system: &SystemSpec, limit: String) -> LagShown {
    let row = screen.ledger.row(&system.id);
    let last = row.and_then(|row| row.last.as_ref());
    let frozen = phrase::is_frozen(screen);
    let amount = last.map_or_else(String::new, |(_, lag)| amount_text(lag));
    let loss = row.and_then(|row| row.loss_s);
    let Some(loss) = loss else {
        let age = last.map_or_else(
            || "never read".to_owned(),
            |(at, _)| {
                format!("last read {} ago", short_time(phrase::stepped(screen.now.since(*at))))
            },
        );
        let verdict = (UNKNOWN, "?".to_owned());
        return LagShown { lag: "UNKNOWN".to_owned(), amount, limit, verdict, basis: age };
    };
    let verdict = row.map_or((UNKNOWN, "?".to_owned()), |row| {
        (phrase::loss_ink(row.verdict), row.verdict.word().to_owned())
    });
    let (lag, basis) = match (frozen, last) {
        (true, Some((at, _))) => {
            let age = screen.ledger.as_of.since(*at);
            (
                phrase::seconds(loss),
                format!("{} before {}", short_time(age), phrase::frozen_at(screen)),
            )
        }
        (_, None) => (phrase::seconds(loss), "no sample".to_owned()),
        (false, Some((at, _))) => {
            let age = short_time(phrase::stepped(screen.now.since(*at)));
            (format!("{} ?", phrase::seconds(loss)), format!("silent for {age}"))
        }
    };
    let verdict = if frozen { verdict } else { (STALE, "?".to_owned()) };
    let measured = screen.run.and_then(|run| {
        run.losses.iter().rev().find(|(store, ..)| *store == system.id).map(|(_, lost, _)| *lost)
    });
    // Once a step has measured it, what was expected is not left standing alone.
    let basis = match measured {
        Some(lost) => format!("measured {}", phrase::seconds(lost)),
        None => basis,
    };
    LagShown { lag, amount, limit, verdict, basis }
}

fn trend(screen: &Screen<'_>, system: &SystemSpec) -> String {
    let to = screen.direction().to;
    let Some(cell) = screen.snapshot.cell(&system.id, to) else { return String::new() };
    let values: Vec<Option<f64>> = cell.history.samples().map(|sample| sample.lag_s).collect();
    let most = values.iter().flatten().copied().fold(0.0_f64, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    curve(&values, most, CURVE_CELLS)
}

/// The rows of the panel, a heading first.
pub fn rows(screen: &Screen<'_>, width: usize) -> Vec<Row> {
    let frozen = phrase::is_frozen(screen);
    let wide = width >= 52;
    let stores: Vec<&SystemSpec> = screen
        .site
        .systems
        .iter()
        .filter(|system| is_replicated(screen, system) && screen.model.passes(system.id.as_str()))
        .collect();
    let name = stores
        .iter()
        .map(|system| width_of(system.id.as_str()))
        .max()
        .unwrap_or(0)
        .clamp(4, if wide { NAME_CELLS_MAX } else { NAME_CELLS_MAX - 3 });
    let heading = Row::of(
        MUTED,
        format!("{:name$} {:>8} {:>6}  ", "what", if frozen { "loss" } else { "lag" }, "RPO"),
    )
    .put(
        MUTED,
        if frozen { format!("at {}", phrase::frozen_at(screen)) } else { "verdict".into() },
    );
    let heading = if wide { heading.fit(name + 28).put(MUTED, "measure") } else { heading };
    let mut rows = vec![heading];
    let shown: Vec<LagShown> = stores.iter().map(|system| lag_shown(screen, system)).collect();
    let verdict = shown.iter().map(|shown| width_of(&shown.verdict.1)).max().unwrap_or(0).max(4);
    for (system, shown) in stores.into_iter().zip(shown) {
        let ink = if shown.lag == "UNKNOWN" { UNKNOWN } else { TEXT };
        let row = Row::new()
            .cell(TEXT, system.id.as_str(), name)
            .put(ink, format!("{:>8}", shown.lag))
            .put(TEXT, format!(" {:>6}  ", shown.limit))
            .put(shown.verdict.0, &shown.verdict.1);
        let more = if width >= AMOUNT_FROM && !shown.amount.is_empty() {
            format!("{}, {}", shown.basis, shown.amount)
        } else {
            shown.basis
        };
        let trend = if wide && !frozen { trend(screen, system) } else { String::new() };
        let row = row.fit(name + 18 + if wide { 9 } else { verdict });
        rows.push(Row::spread(row.put(TEXT, " ").put(MUTED, more), Row::of(MUTED, trend), width));
    }
    if rows.len() == 1 {
        rows.push(Row::of(MUTED, "no lag was ever read"));
    }
    rows
}

/// Draws the panel.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, screen: &Screen<'_>) {
    let way = screen.direction();
    let frozen = phrase::is_frozen(screen);
    let live = phrase::is_any_lag_live(screen);
    let state = match (frozen, live) {
        (true, _) => format!("last known at {}", phrase::frozen_at(screen)),
        (false, true) => "live".to_owned(),
        (false, false) => "? not live".to_owned(),
    };
    let title = Row::plain(format!("3 REPLICATION {} > {}", way.from, way.to));
    let look = region::look(screen, Panel::Replication, title, Row::of(MUTED, state));
    let inside = canvas.panel(area, &look);
    let rows = rows(screen, usize::from(inside.width));
    let scroll = screen.model.scroll[Panel::Replication.index()];
    canvas.rows(inside, &window(&rows, scroll, usize::from(inside.height)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reading::{Basis, LagUnit};

    #[test]
    fn a_lower_bound_keeps_no_objective() {
        let check = |rpo_s: Option<u64>, seconds: f64, at_least: bool, want: &str| {
            let told = live_verdict(rpo_s.map(Duration::from_secs), seconds, at_least);
            assert_eq!(told.1, want, "{rpo_s:?} {seconds} {at_least}");
        };
        check(Some(300), 265.0, false, "ok");
        check(Some(300), 265.0, true, "?");
        check(Some(300), 301.0, true, "■1 OVER");
        check(Some(300), 301.0, false, "■1 OVER");
        check(None, 1.0, true, "no RPO");
    }

    #[test]
    fn amounts_carry_their_unit() {
        let check = |amount: Option<u64>, unit, want: &str| {
            let certainty = Certainty::Known;
            let lag = Lag {
                seconds: None,
                amount,
                unit,
                basis: Basis::Metric,
                certainty,
                unreceived: None,
            };
            assert_eq!(amount_text(&lag), want);
        };
        check(None, LagUnit::Bytes, "");
        check(Some(0), LagUnit::Bytes, "0 B");
        check(Some(1536), LagUnit::Bytes, "1.5 KiB");
        check(Some(5 << 30), LagUnit::Bytes, "5.0 GiB");
        check(Some(42), LagUnit::Records, "42 records");
    }
}
