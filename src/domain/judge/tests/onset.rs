//! From the first failed look until a rule speaks nothing is well and nothing is red yet; what a
//! criterion refuses is an alarm too.

use super::super::*;
use super::{lost, snapshot, well, word};
use crate::domain::reading::FactValue;
use crate::domain::rules::bench::{Saw, at, id, lag, site, stretch};
use crate::domain::text::Clean;
use crate::domain::verdict::{Alarm, Priority};

/// `pg ▲2, redis ■1`: how urgent each system of A is.
fn marks(judged: &Assessment) -> String {
    let urgent = std::collections::BTreeMap::from_iter(judged.urgent());
    let here = urgent.iter().filter(|((_, side), _)| *side == Side::A);
    let marks = here.map(|((system, _), priority)| match priority {
        Priority::ActNow => format!("{system} 1"),
        Priority::ActSoon => format!("{system} 2"),
        Priority::Know => format!("{system} 3"),
    });
    marks.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_first_failed_look_is_amber_everywhere_and_red_nowhere() {
    let lost = lost(&["gateway", "pg", "redis", "pods"], &[Side::A]);
    let snapshot = |to: u64| {
        let heard = lost.iter().map(|(name, side, looks)| {
            let looks = looks.iter().filter(|(second, _)| *second <= to).cloned().collect();
            (*name, *side, looks)
        });
        snapshot(&heard.collect::<Vec<_>>(), &stretch(0, to, &Saw::Up))
    };
    let check = |second: u64, want: [&str; 4]| {
        let judged = judge(&site(), &snapshot(second), Side::A, at(second));
        let first = judged.alarms.first().map_or("ok  no alarm", |alarm| alarm.sentence.as_str());
        let seen = [&word(&judged.primary), judged.verdict.word(), first, &marks(&judged)];
        assert_eq!(seen, want, "{second}");
    };
    check(10, ["healthy", "GO", "ok  no alarm", ""]);
    let amber = "gateway 2, pg 2, pods 2, redis 2";
    let first = "gateway in A: 1 of 3 looks failed: no answer in 2s";
    check(12, ["suspect 3", "CAUTION", first, amber]);
    let second = "gateway in A: 2 of 3 looks failed: no answer in 2s";
    check(14, ["suspect 3", "CAUTION", second, amber]);
    let red = "PRIMARY us-east-1 DOWN: 4 of 4 systems fail";
    let marks = "gateway 1, pg 1, pods 1, redis 1";
    check(16, ["red 3 since 12 Exact", "CAUTION", red, marks]);
}

#[test]
fn a_look_that_failed_is_a_doubt_that_says_what_is() {
    let mut heard = well(20);
    heard.push(("pg", Side::A, vec![(22, Saw::Silent)]));
    heard.push(("pods", Side::A, vec![(22, Saw::Silent)]));
    let judged = judge(&site(), &snapshot(&heard, &stretch(0, 22, &Saw::Up)), Side::A, at(22));
    let reasons: Vec<&str> = judged.verdict.reasons().iter().map(Clean::as_str).collect();
    let wanted = "(wanted: healthy, or lost by its rules)";
    let want = [
        format!("pg in A: DOWN, 1 of 3 looks failed: no answer in 2s {wanted}"),
        format!("pods in A: DOWN, 1 of 3 looks failed: no answer in 2s {wanted}"),
        "UNKNOWN: A may accept writes: pg (wanted: A is fenced)".to_owned(),
    ];
    assert_eq!(reasons, want);
    // Without a rule it is no signal for the loss, but no calm either.
    assert_eq!(word(&judged.primary), "suspect 1");
    assert!(judged.primary.signals().iter().all(|signal| signal.early));
}

#[test]
fn what_failed_after_the_others_is_counted_beside_them() {
    let mut heard = lost(&["gateway", "redis"], &[Side::A]);
    heard.retain(|(name, side, _)| (*name, *side) != ("pg", Side::A));
    let late = [stretch(0, 18, &Saw::Primary), vec![(20, Saw::Silent)]].concat();
    heard.push(("pg", Side::A, late));
    let judged = judge(&site(), &snapshot(&heard, &stretch(0, 20, &Saw::Up)), Side::A, at(20));
    let want = "PRIMARY us-east-1 DOWN: 2 of 4 systems fail, the last look of 1 more failed";
    assert_eq!(judged.alarms[0].sentence.as_str(), want);
    assert_eq!(marks(&judged), "gateway 1, pg 2, redis 1");
}

#[test]
fn what_a_criterion_refuses_is_an_alarm_too() {
    let told = |name, yes| Saw::Told(name, FactValue::Boolean(yes));
    let check = |saw: Saw, red: bool, want: (Priority, &str)| {
        let mut heard = if red { lost(&["gateway", "redis"], &[Side::A]) } else { well(20) };
        heard.push(("pg", Side::B, vec![(20, saw)]));
        let judged = judge(&site(), &snapshot(&heard, &stretch(0, 20, &Saw::Up)), Side::A, at(20));
        let is_pg = |alarm: &&Alarm| alarm.system == Some(id("pg")) && alarm.side == Some(Side::B);
        let found = judged.alarms.iter().find(is_pg).map(|a| (a.priority, a.sentence.as_str()));
        assert_eq!(found, Some(want));
    };
    let split = "pg in B: its history has split from the other side's, read 0s ago \
                 (wanted: one history)";
    check(told("diverged", true), false, (Priority::ActSoon, split));
    check(told("diverged", true), true, (Priority::ActNow, split));
    let link = "pg in B: its link is down, read 0s ago (wanted: to receive from A)";
    check(told("link_up", false), false, (Priority::ActSoon, link));
    let paused = "pg in B: replay is paused, read 0s ago (wanted: replay goes on)";
    check(told("replay_paused", true), false, (Priority::ActSoon, paused));
    check(Saw::Bad, false, (Priority::ActSoon, "pg in B: degraded, slow disk"));
    check(Saw::Silent, false, (Priority::ActSoon, "pg in B: 1 of 3 looks failed: no answer in 2s"));
    check(
        lag(301.0),
        false,
        (Priority::ActSoon, "pg in B: 5m01s behind, more than the RPO of 5m00s"),
    );
}
