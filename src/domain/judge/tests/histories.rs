//! Random histories: whatever was heard, the judge does not guess.

use crate::domain::snapshot::CellState;
use crate::domain::verdict::Primary;
use proptest::prelude::*;

use super::super::*;
use super::ALL;
use crate::domain::ledger::{LossVerdict, freeze};
use crate::domain::reading::{Basis, Certainty, FactValue};
use crate::domain::rules::bench::{Saw, at, id, lag, site};
use crate::domain::time::BootId;
use crate::domain::verdict::{Alarm, Met, Verdict};

fn any_saw() -> impl Strategy<Value = Saw> {
    prop_oneof![
        3 => Just(Saw::Up),
        1 => Just(Saw::Bad),
        1 => Just(Saw::Down),
        4 => Just(Saw::Silent),
        1 => Just(Saw::Forbidden),
        1 => Just(Saw::Primary),
        1 => Just(Saw::Standby),
        2 => (-1.0..400.0_f64).prop_map(lag),
        1 => Just(Saw::Lag(0.0, Certainty::Unknown, Basis::ReplayTimestamp)),
        1 => any::<bool>().prop_map(|yes| Saw::Told("link_up", FactValue::Boolean(yes))),
    ]
}

/// A system by index, a side, a run of equal looks, and the seconds from one to the next.
fn any_history() -> impl Strategy<Value = Vec<(usize, bool, Saw, u8, u64)>> {
    prop::collection::vec((0..5_usize, any::<bool>(), any_saw(), 1..6_u8, 0..3_u64), 0..60)
}

/// What one list shows or refuses no other list is calm of.
fn nothing_is_calm_of_another(
    judged: &Assessment,
    snapshot: &Snapshot,
    now: Stamp,
) -> Result<(), TestCaseError> {
    let urgent = judged.urgent();
    for line in judged.criteria.iter().filter(|line| line.met == Met::No) {
        prop_assert!(!judged.alarms.is_empty(), "{}", line.says());
        let about = line.alarm.as_ref().map(|(system, side)| (system, *side));
        prop_assert!(about.is_none_or(|about| urgent.contains_key(&about)));
    }
    for (system, at_side, cell) in snapshot.cells() {
        let every = crate::domain::rules::bench::EVERY;
        let marked = urgent.get(&(system, at_side));
        if matches!(cell.state(now, every), CellState::Down(_) | CellState::Degraded(_)) {
            prop_assert!(marked.is_some(), "{system} in {at_side}");
        }
        let red = marked == Some(&crate::domain::verdict::Priority::ActNow);
        let refused = judged
            .criteria
            .iter()
            .any(|line| line.met == Met::No && line.alarm == Some((system.clone(), at_side)));
        let of_both = |alarm: &Alarm| alarm.system.as_ref() == Some(system) && alarm.side.is_none();
        let of_both = judged.alarms.iter().any(of_both);
        prop_assert!(!red || cell.failures >= 3 || refused || of_both, "{system} in {at_side}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_history_makes_it_guess(history in any_history(), boots in any::<bool>()) {
        let mut snapshot = Snapshot::default();
        let mut second = 0;
        let mut known_lag = [[false; 2]; 4];
        for (system, on_b, saw, times, step) in history {
            let side = if on_b { Side::B } else { Side::A };
            for _ in 0..times {
                let look = saw.look(at(second));
                if let Some(name) = ALL.get(system) {
                    known_lag[system][side.index()] |= matches!(
                        &saw, Saw::Lag(s, Certainty::Known, _) if *s >= 0.0
                    );
                    snapshot.record(&id(name), side, at(second), look);
                } else {
                    snapshot.reference.record(at(second), look);
                }
                second += step;
            }
        }
        let mut now = at(second);
        if boots {
            now.boot = BootId(2);
        }
        let site = site();
        for side in Side::BOTH {
            let judged = judge(&site, &snapshot, side, now);
            let failing = ALL[..3]
                .iter()
                .filter(|name| {
                    snapshot.cell(&id(name), side).is_some_and(|cell| cell.failures >= 3)
                })
                .count();
            if matches!(judged.primary, Primary::Red { .. } | Primary::ItIsUs { .. }) {
                prop_assert!(failing >= site.red_needs_signals);
                prop_assert!(!boots, "nothing of another boot is fresh");
            }
            if boots {
                prop_assert!(matches!(judged.primary, Primary::Blind(_)));
            }
            if judged.verdict == Verdict::Go {
                prop_assert!(judged.criteria.iter().all(|line| line.met == Met::Yes));
            } else {
                prop_assert!(!judged.verdict.reasons().is_empty());
            }
            nothing_is_calm_of_another(&judged, &snapshot, now)?;
            prop_assert!(judged.alarms.len() <= 12);
            let mut keys: Vec<&String> = judged.alarms.iter().map(|alarm| &alarm.key).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), judged.alarms.len(), "keys are unique");
            for row in freeze(&site, &snapshot, side, now).rows {
                let index = ALL.iter().position(|name| *name == row.system.as_str());
                let known = index.is_some_and(|index| known_lag[index][side.other().index()]);
                prop_assert_eq!(row.loss_s.is_some(), known, "a loss only from a known lag");
                prop_assert!(known || row.verdict == LossVerdict::Unknown);
            }
        }
    }
}

#[test]
fn roles_that_are_the_other_way_round_are_no_calm() {
    let mut snapshot = Snapshot::default();
    for (side, saw) in Side::BOTH.into_iter().zip([Saw::Primary, Saw::Standby]) {
        snapshot.record(&id("gateway"), side, at(0), saw.look(at(0)));
    }
    for side in Side::BOTH {
        let judged = judge(&site(), &snapshot, side, at(0));
        nothing_is_calm_of_another(&judged, &snapshot, at(0)).expect("no list is calm of another");
    }
}
