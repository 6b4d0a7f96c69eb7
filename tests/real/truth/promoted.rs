//! B is promoted by keys, and the loss that was measured is held against what is missing there.

use std::path::Path;
use std::time::Duration;

use warroom::domain::run::event::{Body, Missing, RunEvent};
use warroom::runtime::journal;

use super::judge::EVERY_S;
use super::rig::Rig;
use super::servers::{Servers, seconds};
use super::states::Store;
use crate::failover::person::{self, Known, Start};
use crate::seat::Seat;
use crate::servers::load::Acknowledged;
use crate::servers::{comes_true, redis};

const STEPS: [Known; 2] = [
    ("promote-pg", "promote pg in B", Start::Typed("promote pg-b")),
    ("promote-cache", "promote cache in B", Start::Typed("promote cache-b")),
];

/// The longest that the screen takes to be red.
const RED: Duration = Duration::from_secs(20);

/// The longest that a measurement takes after the promotion.
const MEASURED: Duration = Duration::from_secs(15);

/// A look, its wait, and what a busy machine takes for them.
const LOOKED_S: f64 = 2.0 * EVERY_S + 0.5;

/// What clocks of writer, server and console differ in, and what was written at the edge.
const EDGE_S: f64 = 0.3;

/// Promotes both stores by keys.
pub fn by_keys(console: &mut Seat) {
    console.shows_within("PRIMARY Region A DOWN", RED);
    person::take_charge(console);
    for step in STEPS {
        person::run(console, step);
    }
}

fn events(state: &Path) -> Vec<RunEvent> {
    let runs = std::fs::read_dir(state.join("warroom/runs")).into_iter().flatten().flatten();
    let newest = runs.map(|entry| entry.path()).max();
    newest.and_then(|run| journal::read(&run).ok()).map(|back| back.events).unwrap_or_default()
}

type Measured = (f64, Option<Missing>);

fn measured(events: &[RunEvent], store: Store) -> Option<Measured> {
    events.iter().rev().find_map(|event| match &event.body {
        Body::LossMeasured { system, seconds, missing, .. } if system.as_str() == store.name() => {
            Some((*seconds, *missing))
        }
        _ => None,
    })
}

/// The acknowledged writes of a store that B does not have.
fn missing(rig: &Rig, servers: &Servers, store: Store) -> Vec<Acknowledged> {
    let mut all = servers.acknowledged(store);
    let there: std::collections::BTreeSet<i64> = match store {
        Store::Pg => numbers(&rig.pair.b.sql("select number from load_rows"), ""),
        Store::Cache => {
            let keys: Vec<String> =
                redis::Server::keys(&rig.cache.b, "auth:").into_iter().collect();
            numbers(&keys.join("\n"), "auth:")
        }
    };
    all.retain(|one| !there.contains(&one.number));
    all
}

fn numbers(text: &str, prefix: &str) -> std::collections::BTreeSet<i64> {
    text.lines().filter_map(|line| line.strip_prefix(prefix)?.parse().ok()).collect()
}

/// What is wrong with the measured losses. Redis knows no time but that of a heartbeat.
pub fn judge(rig: &Rig, servers: &Servers, state: &Path, beats: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for store in Store::BOTH {
        let owed = beats || store == Store::Pg;
        if owed && !comes_true(MEASURED, || measured(&events(state), store).is_some()) {
            faults.push(format!("loss of {}: not measured", store.name()));
        }
    }
    let events = events(state);
    let t0 = events.iter().find_map(|event| match &event.body {
        Body::Declared { t0, .. } => Some(t0.wall_ms),
        _ => None,
    });
    let Some(t0) = t0 else { return vec!["loss: the run was never declared".to_owned()] };
    for store in Store::BOTH {
        let missing = missing(rig, servers, store);
        let Some((told, counted)) = measured(&events, store) else { continue };
        let truth = missing.first().map_or(0.0, |first| seconds(t0 - first.wall_ms));
        let slack = if missing.is_empty() { LOOKED_S } else { EVERY_S + EDGE_S };
        println!(
            "    {}: {} missing, measured {told:.1} s ({counted:?}), truly {truth:.1} s before T0",
            store.name(),
            missing.len()
        );
        let says = format!(
            "loss of {}: measured {told:.1} s, and {truth:.1} s with {} writes are missing",
            store.name(),
            missing.len()
        );
        if told < truth - EDGE_S || told > truth + slack {
            faults.push(says);
        } else if counted.is_some_and(|counted| (counted.amount == 0) != missing.is_empty()) {
            faults.push(format!("{says}, but the count says otherwise"));
        }
    }
    faults
}
