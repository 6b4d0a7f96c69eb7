//! Holds what was recorded against what the simulated world knows to be so.

use warroom::domain::run::event::Body;

use super::voyage::Voyage;

/// Seconds by which a figure may differ that went through milliseconds.
const ROUNDING_S: f64 = 0.0011;

/// The ledger's last lags are the true ones of their moment; its expected losses are never less
/// than what was lost; every store's measured loss is the simulator's.
pub fn check_ledger(seed: u64, voyage: &Voyage) {
    let run = voyage.run().expect("a run");
    let ledger = run.ledger.as_ref().expect("a ledger was frozen");
    let end = voyage.truth();
    assert_eq!(ledger.rows.len(), end.stores.len(), "seed {seed}: every store has a row");
    for row in &ledger.rows {
        let what = format!("seed {seed}, {}", row.system);
        let (at, lag) = row.last.as_ref().unwrap_or_else(|| panic!("{what}: a last lag"));
        let told_s = lag.seconds.unwrap_or_else(|| panic!("{what}: seconds"));
        let true_s = voyage.truth_at(*at).stores[&row.system].ahead_s;
        assert!((told_s - true_s).abs() <= ROUNDING_S, "{what}: lag {told_s}, truth {true_s}");
        let lost_s = end.stores[&row.system].lost_s.unwrap_or(0.0);
        let expected_s = row.loss_s.unwrap_or_else(|| panic!("{what}: an expected loss"));
        assert!(expected_s + ROUNDING_S >= lost_s, "{what}: {expected_s} expected, {lost_s} lost");
        let measured_s = voyage.records.iter().rev().find_map(|event| match &event.body {
            Body::LossMeasured { system, seconds, .. } if *system == row.system => Some(*seconds),
            _ => None,
        });
        assert_eq!(measured_s.is_some(), end.stores[&row.system].lost_s.is_some(), "{what}");
        if let Some(measured_s) = measured_s {
            let off = (measured_s - lost_s).abs();
            assert!(off <= ROUNDING_S, "{what}: measured {measured_s}, truth {lost_s}");
        }
    }
    assert!(end.stores.values().any(|store| store.lost_s.is_some_and(|lost_s| lost_s > 0.0)));
}
