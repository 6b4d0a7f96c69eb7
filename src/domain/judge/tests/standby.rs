//! May the standby be taken into service, and what would be lost: cases as data.

use super::super::*;
use super::{lost, snapshot};
use crate::domain::ledger::LossVerdict::{Breach, Pass, Unknown};
use crate::domain::ledger::{LossVerdict, freeze};
use crate::domain::link::{Link, LinkWord};
use crate::domain::reading::{Basis, Certainty, FactValue, Writes};
use crate::domain::rules::bench::{Saw, at, cell as bench_cell, id, lag, site, stretch};
use crate::domain::text::Clean;
use crate::domain::verdict::Primary;

/// Gateway, pg and redis of A are silent since 12; pg and pods of B told this; where A is fenced,
/// its pg says so. The verdict with its first reason.
fn check(pg_in_b: &[(u64, Saw)], pods_in_b: &Saw, fence: bool, want: &str) {
    let mut heard = lost(&["gateway", "pg", "redis"], &[Side::A]);
    heard.retain(|(name, side, _)| *name != "pods" && (*name, *side) != ("pg", Side::B));
    heard.push(("pg", Side::B, pg_in_b.to_vec()));
    heard.push(("pods", Side::B, stretch(0, 20, pods_in_b)));
    if fence {
        heard.retain(|(name, side, _)| (*name, *side) != ("pg", Side::A));
        heard.push(("pg", Side::A, vec![(20, Saw::Writes(Writes::Refused))]));
    }
    let site = site();
    let snapshot = snapshot(&heard, &stretch(0, 20, &Saw::Up));
    let judged = judge(&site, &snapshot, Side::A, at(20));
    let reasons = judged.verdict.reasons();
    let first = reasons.first().map_or("", |reason| reason.as_str());
    assert_eq!(format!("{} {first}", judged.verdict.word()).trim(), want);
}

fn told(name: &'static str, yes: bool) -> Saw {
    Saw::Told(name, FactValue::Boolean(yes))
}

/// pg in B, 0.8 s behind until 10 and `then` from 12 on.
fn follows(then: &Saw) -> Vec<(u64, Saw)> {
    [stretch(0, 10, &lag(0.8)), stretch(12, 20, then)].concat()
}

#[test]
fn the_standby_is_judged_with_evidence() {
    let ok = follows(&Saw::Standby);
    check(&ok, &Saw::Size(10, 10), true, "GO");
    check(
        &ok,
        &Saw::Size(10, 10),
        false,
        "CAUTION UNKNOWN: A may accept writes: pg (wanted: A is fenced)",
    );
    check(
        &ok,
        &Saw::Size(2, 10),
        true,
        "CAUTION pods in B: 2 of 10 ready, read 0s ago, scale it before traffic (wanted: its full \
         size)",
    );
    check(&ok, &Saw::Silent, true, "NO-GO pods in B: DOWN, no answer in 2s (wanted: healthy)");
    check(
        &follows(&told("replay_paused", true)),
        &Saw::Up,
        true,
        "NO-GO pg in B: replay is paused, read 0s ago (wanted: replay goes on)",
    );
    check(
        &follows(&told("diverged", true)),
        &Saw::Up,
        true,
        "NO-GO pg in B: its history has split from the other side's, read 0s ago (wanted: one \
         history)",
    );
    // A is silent: a lost link is what is to be expected, and nobody knows whether A takes writes.
    let silent = "CAUTION UNKNOWN: A may accept writes: pg (wanted: A is fenced)";
    check(&follows(&told("link_up", false)), &Saw::Up, false, silent);
    check(
        &follows(&told("link_up", true)),
        &Saw::Up,
        false,
        "CAUTION pg in B: still receives from A, read 0s ago, it may be our path (wanted: to see \
         the loss of A)",
    );
}

#[test]
fn the_word_of_a_link_is_its_age() {
    // A fell silent 8 s ago.
    let check = |silent_ms, want: &str| {
        let link = Link { says: LinkWord::Up, silent_ms, most_ms: 30_000 };
        check(&follows(&Saw::Linked(link)), &Saw::Up, false, want);
    };
    let alive = "CAUTION pg in B: still receives from A, read 0s ago, it may be our path (wanted: \
                 to see the loss of A)";
    check(None, alive);
    check(Some(1_000), alive);
    let before = "CAUTION pg in B: heard A 9s ago, before that fell silent, read 0s ago (wanted: \
                  to see the loss of A)";
    check(Some(9_000), before);
    // It says `up` for a minute more; that is no doubt of the loss.
    check(Some(36_000), "CAUTION UNKNOWN: A may accept writes: pg (wanted: A is fenced)");
}

#[test]
fn a_comparison_with_a_lost_primary_is_a_doubt_and_not_blindness() {
    let unknown = || Saw::Told("diverged", FactValue::Unknown("A was not read".into()));
    check(
        &follows(&unknown()),
        &Saw::Up,
        false,
        "CAUTION pg in B: A is silent, so they cannot be compared (wanted: one history)",
    );
    // What was compared and is so still speaks, and what B alone could tell still blinds.
    let paused = Saw::Told("replay_paused", FactValue::Unknown("not allowed".into()));
    check(
        &follows(&paused),
        &Saw::Up,
        false,
        "BLIND pg in B: replay_paused UNKNOWN (not allowed), read 0s ago (wanted: replay goes on)",
    );
    // While the primary is not lost, it can be asked: not knowing is being blind.
    let mut heard = lost(&["pg"], &[Side::A]);
    heard.retain(|(name, side, _)| (*name, *side) != ("pg", Side::B));
    heard.push(("pg", Side::B, follows(&unknown())));
    let judged = judge(&site(), &snapshot(&heard, &stretch(0, 20, &Saw::Up)), Side::A, at(20));
    assert!(matches!(judged.primary, Primary::Suspect { .. }), "{:?}", judged.primary);
    assert_eq!(judged.verdict.word(), "BLIND", "{:?}", judged.verdict);
}

#[test]
fn a_lag_that_is_not_known_is_never_good() {
    check(
        &stretch(0, 20, &Saw::Standby),
        &Saw::Up,
        true,
        "BLIND pg in B: UNKNOWN: no lag was ever known (wanted: to lose no more than its RPO)",
    );
    check(
        &[stretch(0, 10, &lag(301.0)), stretch(12, 20, &Saw::Standby)].concat(),
        &Saw::Up,
        true,
        "NO-GO pg in B: would lose 5m03s as of T0, RPO 5m00s, lag last known 10s ago (wanted: to \
         lose no more than its RPO)",
    );
    check(
        &follows(&Saw::Forbidden),
        &Saw::Up,
        true,
        "BLIND pg in B: UNKNOWN, permission denied (wanted: healthy)",
    );
    // Lag 0 because replication is dead: the replica has replayed all that it received.
    let dead = Saw::Lag(0.0, Certainty::Unknown, Basis::ReplayTimestamp);
    check(
        &stretch(0, 20, &dead),
        &Saw::Up,
        true,
        "BLIND pg in B: UNKNOWN: no lag was ever known (wanted: to lose no more than its RPO)",
    );
    check(
        &stretch(0, 20, &lag(-3.0)),
        &Saw::Up,
        true,
        "BLIND pg in B: UNKNOWN: no lag was ever known (wanted: to lose no more than its RPO)",
    );
    let bound = Saw::Lag(1.0, Certainty::LowerBound, Basis::Heartbeat);
    check(
        &stretch(0, 20, &bound),
        &Saw::Up,
        true,
        "CAUTION pg in B: at least 1s behind, RPO 5m00s, read 0s ago: a lower bound (wanted: to \
         lose no more than its RPO)",
    );
}

#[test]
fn the_ledger_adds_the_time_since_the_last_lag() {
    let check = |looks: &[(u64, Saw)], as_of: u64, want: Option<(Option<f64>, LossVerdict)>| {
        let snapshot = snapshot(&[("pg", Side::B, looks.to_vec())], &[]);
        let ledger = freeze(&site(), &snapshot, Side::A, at(as_of));
        let found = ledger.row(&id("pg")).map(|row| (row.loss_s, row.verdict));
        assert_eq!(found, want, "{looks:?}");
    };
    check(&[], 0, None);
    check(&[(0, Saw::Up)], 0, None);
    check(&[(0, Saw::Standby)], 0, Some((None, Unknown)));
    check(&[(0, lag(0.5))], 0, Some((Some(0.5), Pass)));
    check(&[(0, lag(0.5)), (2, Saw::Silent)], 10, Some((Some(10.5), Pass)));
    // A sample taken after T0 counts as it is.
    check(&[(20, lag(0.5))], 10, Some((Some(0.5), Pass)));
    check(&[(0, lag(1.0))], 299, Some((Some(300.0), Pass)));
    check(&[(0, lag(1.0))], 300, Some((Some(301.0), Breach)));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        check(&[(0, lag(bad))], 0, Some((None, Unknown)));
        check(&[(0, lag(2.0)), (2, lag(bad))], 2, Some((Some(4.0), Pass)));
    }
    // Nor from what an earlier console left behind.
    let mut cell = bench_cell(&[(0, lag(1.0))]);
    if let Some((_, lag)) = &mut cell.last_lag {
        lag.seconds = Some(-1.0);
    }
    let mut remembered = Snapshot::default();
    remembered.remember(&id("pg"), Side::B, cell);
    assert_eq!(freeze(&site(), &remembered, Side::A, at(0)).rows[0].loss_s, None);
    let dead = Saw::Lag(0.0, Certainty::Unknown, Basis::LogPosition);
    check(&[(0, dead.clone())], 0, Some((None, Unknown)));
    check(&[(0, lag(2.0)), (2, dead)], 2, Some((Some(4.0), Pass)));
    let bound = Saw::Lag(2.0, Certainty::LowerBound, Basis::Heartbeat);
    check(&[(0, bound.clone())], 0, Some((Some(2.0), Unknown)));
    check(&[(0, bound)], 300, Some((Some(302.0), Breach)));
}

#[test]
fn a_site_of_which_no_store_is_known_is_never_go() {
    // The systems of the site, what is heard of them, and the verdict.
    let check = |keeps: &[&str], heard: &[&'static str], want: &str| {
        let mut site = site();
        site.systems.retain(|system| keeps.contains(&system.id.as_str()));
        site.rules.retain(|rule| keeps.contains(&rule.system.as_str()));
        let up =
            |name: &&'static str| Side::BOTH.map(|side| (*name, side, stretch(0, 20, &Saw::Up)));
        let heard: Vec<_> = heard.iter().flat_map(up).collect();
        let snapshot = snapshot(&heard, &stretch(0, 20, &Saw::Up));
        let judged = judge(&site, &snapshot, Side::A, at(20));
        let reasons: Vec<&str> = judged.verdict.reasons().iter().map(Clean::as_str).collect();
        assert_eq!(format!("{} {}", judged.verdict.word(), reasons.join("; ")), want);
    };
    let lost = "not known: no store is described (wanted: what a failover would lose is known)";
    check(&["gateway", "pods"], &["gateway", "pods"], &format!("CAUTION {lost}"));
}
