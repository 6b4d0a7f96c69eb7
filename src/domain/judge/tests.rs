//! What the judge must say, and must never say, of readings: cases as data.

use super::*;
use crate::domain::reading::FactValue;
use crate::domain::rules::bench::{Saw, at, hear, id, lag, site, stretch};
use crate::domain::verdict::{Primary, Priority, Verdict};

mod histories;
mod onset;
mod standby;

/// Looks of one system on one side.
type Heard = (&'static str, Side, Vec<(u64, Saw)>);

/// A snapshot in which `heard` was heard in the order of time.
fn snapshot(heard: &[Heard], reference: &[(u64, Saw)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut looks: Vec<(u64, &str, Side, &Saw)> = heard
        .iter()
        .flat_map(|(name, side, looks)| {
            looks.iter().map(|(second, saw)| (*second, *name, *side, saw))
        })
        .collect();
    looks.sort_by_key(|(second, ..)| *second);
    for (second, name, side, saw) in looks {
        hear(&mut snapshot, name, side, &[(second, saw.clone())]);
    }
    for (second, saw) in reference {
        snapshot.reference.record(at(*second), saw.look(at(*second)));
    }
    snapshot
}

/// Everything well from 0 to `to`: pg is primary in A and follows in B.
fn well(to: u64) -> Vec<Heard> {
    let mut heard = Vec::new();
    for side in Side::BOTH {
        for name in ["gateway", "redis", "pods"] {
            heard.push((name, side, stretch(0, to, &Saw::Up)));
        }
    }
    heard.push(("pg", Side::A, stretch(0, to, &Saw::Primary)));
    heard.push(("pg", Side::B, stretch(0, to, &lag(0.8))));
    heard
}

/// `well` until 10, then these systems of a side fail until 20; the other ones go on.
fn lost(systems: &[&str], sides: &[Side]) -> Vec<Heard> {
    let mut heard = well(20);
    for (name, side, looks) in &mut heard {
        if systems.contains(name) && sides.contains(side) {
            looks.retain(|(second, _)| *second <= 10);
            looks.extend(stretch(12, 20, &Saw::Silent));
        }
    }
    heard
}

/// The state in a few words.
fn word(primary: &Primary) -> String {
    match primary {
        Primary::Healthy => "healthy".to_owned(),
        Primary::Suspect { signals } => format!("suspect {}", signals.len()),
        Primary::Red { t0, basis, signals } => {
            let second = t0.boot_ms / 1000;
            format!("red {} since {second} {basis:?}", signals.len())
        }
        Primary::ItIsUs { .. } => "it is us".to_owned(),
        Primary::Blind(_) => "blind".to_owned(),
    }
}

const ALL: [&str; 4] = ["gateway", "pg", "redis", "pods"];

#[test]
fn red_needs_distinct_systems_and_a_witness() {
    let answers = stretch(0, 20, &Saw::Up);
    let silent = [stretch(0, 10, &Saw::Up), stretch(12, 20, &Saw::Silent)].concat();
    let one_bad = [stretch(0, 18, &Saw::Up), vec![(20, Saw::Silent)]].concat();
    let check = |heard: &[Heard], reference: &[(u64, Saw)], want: &str| {
        let snapshot = snapshot(heard, reference);
        let judged = judge(&site(), &snapshot, Side::A, at(20));
        assert_eq!(word(&judged.primary), want);
    };
    let a = [Side::A];
    check(&well(20), &answers, "healthy");
    check(&lost(&["pg"], &a), &answers, "suspect 1");
    check(&lost(&["pg", "gateway"], &a), &answers, "red 2 since 12 Exact");
    check(&lost(&ALL, &a), &answers, "red 3 since 12 Exact");
    // A system without a rule is no signal, however dead.
    check(&lost(&["pods"], &a), &answers, "healthy");
    check(&lost(&["pg", "pods"], &a), &answers, "suspect 1");
    // The loss of the standby is not the loss of the primary.
    check(&lost(&ALL, &[Side::B]), &answers, "healthy");
    // Both regions, with a reference that tells, and without.
    check(&lost(&ALL, &Side::BOTH), &answers, "red 3 since 12 Exact");
    check(&lost(&ALL, &Side::BOTH), &silent, "it is us");
    check(&lost(&ALL, &Side::BOTH), &[], "blind");
    check(&lost(&ALL, &a), &silent, "suspect 3");
    check(&lost(&ALL, &a), &one_bad, "red 3 since 12 Exact");
    check(&lost(&ALL, &a), &[], "red 3 since 12 Exact");
    check(&well(20), &silent, "healthy");
}

#[test]
fn what_is_not_known_is_never_healthy() {
    let check = |heard: &[Heard], now: u64, want: &str| {
        let snapshot = snapshot(heard, &stretch(0, now, &Saw::Up));
        let judged = judge(&site(), &snapshot, Side::A, at(now));
        assert_eq!(word(&judged.primary), want);
        if want == "blind" {
            assert!(matches!(judged.verdict, Verdict::Blind(_) | Verdict::NoGo(_)), "{judged:?}");
        }
    };
    check(&[], 0, "blind");
    check(&well(20), 26, "healthy");
    check(&well(20), 27, "blind");
    let forbidden: Vec<Heard> =
        ALL.iter().map(|name| (*name, Side::A, stretch(0, 20, &Saw::Forbidden))).collect();
    check(&forbidden, 20, "blind");
    // One of three can be read: too few to see a loss.
    check(&[("gateway", Side::A, stretch(0, 20, &Saw::Up))], 20, "blind");
    // A single bad sample of every system turns nothing red, and leaves nothing well.
    let mut once = well(18);
    for name in ALL {
        once.push((name, Side::A, vec![(20, Saw::Silent)]));
    }
    check(&once, 20, "suspect 3");
    // Regions swapped in the site file: A follows and nobody is primary.
    let swapped = [well(20), vec![("pg", Side::A, vec![(20, Saw::Standby)])]].concat();
    check(&swapped, 20, "suspect 1");
}

#[test]
fn t0_is_the_first_failed_look_and_says_how_well_it_is_known() {
    let reference = stretch(0, 40, &Saw::Up);
    let check = |a: &[(&'static str, Vec<(u64, Saw)>)], want: &str| {
        let mut heard: Vec<Heard> = vec![("pods", Side::B, stretch(0, 40, &Saw::Up))];
        heard.extend(a.iter().map(|(name, looks)| (*name, Side::A, looks.clone())));
        let snapshot = snapshot(&heard, &reference);
        let judged = judge(&site(), &snapshot, Side::A, at(40));
        assert_eq!(word(&judged.primary), want);
    };
    let failing = |good_to: u64, from: u64| {
        [stretch(0, good_to, &Saw::Up), stretch(from, 40, &Saw::Silent)].concat()
    };
    check(&[("pg", failing(10, 12)), ("redis", failing(20, 22))], "red 2 since 12 Exact");
    // The first look of all already failed, in one of them or in both.
    let always = stretch(30, 40, &Saw::Silent);
    check(&[("pg", always.clone()), ("redis", always.clone())], "red 2 since 30 AtOrBefore");
    check(&[("pg", failing(10, 12)), ("redis", always)], "red 2 since 12 AtOrBefore");
    // Nobody looked for a while before the first failed look.
    check(&[("pg", failing(10, 12)), ("redis", failing(10, 30))], "red 2 since 12 AtOrBefore");
    // A missing right in the middle of the series does not start it again.
    let forbidden = [failing(10, 12), vec![(23, Saw::Forbidden)]].concat();
    let mut sorted = forbidden;
    sorted.sort_by_key(|(second, _)| *second);
    check(&[("pg", sorted), ("redis", failing(20, 22))], "red 2 since 12 Exact");
}

#[test]
fn the_side_that_serves_is_told_by_the_stores() {
    let check = |heard: &[Heard], remembered: Option<Side>, now: u64, want: Side| {
        let snapshot = snapshot(heard, &[]);
        assert_eq!(active(&site(), &snapshot, remembered, at(now)), want);
    };
    let pg = |side, saw| ("pg", side, vec![(0, saw)]);
    let both = [pg(Side::A, Saw::Primary), pg(Side::B, Saw::Primary)];
    check(&[], None, 0, Side::A);
    check(&[], Some(Side::B), 0, Side::B);
    check(&[pg(Side::B, Saw::Primary)], Some(Side::A), 0, Side::B);
    check(&[pg(Side::B, Saw::Primary)], Some(Side::A), 7, Side::A);
    check(&[pg(Side::A, Saw::Standby)], Some(Side::A), 0, Side::A);
    check(&both, Some(Side::B), 0, Side::B);
    check(&both, None, 0, Side::A);
    // A store that one region alone has is primary for want of another.
    let mut alone = site();
    alone.systems.iter_mut().find(|one| one.id == id("pg")).unwrap().sides[0] = None;
    let alone_in_b = snapshot(&[pg(Side::B, Saw::Primary)], &[]);
    assert_eq!(told(&alone, &alone_in_b, at(0)), None);
}

#[test]
fn witnesses_that_disagree_are_named() {
    let link = |up| Saw::Told("link_up", FactValue::Boolean(up));
    let check = |up: bool, reference: &Saw, want: &str, keys: &[&str]| {
        let mut heard = lost(&ALL, &[Side::A]);
        heard.retain(|(name, side, _)| (*name, *side) != ("pg", Side::B));
        heard.push(("pg", Side::B, stretch(0, 20, &link(up))));
        let reference = [stretch(0, 10, &Saw::Up), stretch(12, 20, reference)].concat();
        let judged = judge(&site(), &snapshot(&heard, &reference), Side::A, at(20));
        assert_eq!(word(&judged.primary), want);
        let mut found: Vec<&str> = judged.alarms.iter().map(|alarm| alarm.key.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, keys, "{up}");
    };
    check(false, &Saw::Up, "red 3 since 12 Exact", &["red/a"]);
    check(true, &Saw::Up, "red 3 since 12 Exact", &["link/a", "red/a"]);
    // The reference is silent, but the standby saw the loss too: two witnesses.
    check(false, &Saw::Silent, "red 3 since 12 Exact", &["red/a", "reference"]);
    let suspect = ["link/a", "more/a", "reference", "rule/gateway_down/a"];
    check(true, &Saw::Silent, "suspect 3", &suspect);
    // One that answers and says itself that it is down: its replica is no witness of our path.
    let mut heard = lost(&["gateway", "redis"], &[Side::A]);
    heard.retain(|(name, ..)| *name != "pg");
    heard.push((
        "pg",
        Side::A,
        [stretch(0, 10, &Saw::Primary), stretch(12, 20, &Saw::Down)].concat(),
    ));
    heard.push(("pg", Side::B, stretch(0, 20, &link(true))));
    let judged = judge(&site(), &snapshot(&heard, &stretch(0, 20, &Saw::Up)), Side::A, at(20));
    assert!(judged.alarms.iter().all(|alarm| alarm.key != "link/a"), "{:?}", judged.alarms);
}

#[test]
fn one_cause_is_one_row() {
    let snapshot = snapshot(&lost(&ALL, &[Side::A]), &stretch(0, 20, &Saw::Up));
    let judged = judge(&site(), &snapshot, Side::A, at(20));
    assert_eq!(judged.alarms.len(), 1);
    let alarm = &judged.alarms[0];
    assert_eq!(alarm.sentence.as_str(), "PRIMARY us-east-1 DOWN: 4 of 4 systems fail");
    assert_eq!((alarm.priority, alarm.since), (Priority::ActNow, Some(at(12))));
    assert_eq!(alarm.consequences.len(), 4);
    let calm = super::tests::snapshot(&well(20), &stretch(0, 20, &Saw::Up));
    assert_eq!(judge(&site(), &calm, Side::A, at(20)).alarms, []);
    // Everything at once: never more than a few rows.
    let all = super::tests::snapshot(&lost(&ALL, &Side::BOTH), &stretch(0, 20, &Saw::Up));
    let judged = judge(&site(), &all, Side::A, at(20));
    assert!(judged.alarms.len() <= 3, "{:?}", judged.alarms);
}

#[test]
fn two_primaries_are_an_alarm_and_forbid() {
    // Since when each of these is PRIMARY in B too, what stands first, and all that it explains.
    let check = |both: &[(&'static str, u64)], lost_too: &[&str], want: &[&str]| {
        let mut since: Vec<_> = both.iter().map(|(name, from)| (id(name), at(*from))).collect();
        since.sort_by_key(|(system, _)| ALL.iter().position(|name| id(name) == *system));
        let mut heard = lost(lost_too, &[Side::A]);
        for (name, from) in both {
            heard.retain(|(other, side, _)| (*other, *side) != (*name, Side::B));
            let back =
                [stretch(0, from - 2, &lag(0.8)), stretch(*from, 20, &Saw::Primary)].concat();
            heard.push((name, Side::B, back));
            heard.retain(|(other, side, _)| (*other, *side) != (*name, Side::A));
            let then = [stretch(0, 18, &Saw::Primary), vec![(20, Saw::Silent)]].concat();
            heard.push((name, Side::A, then));
        }
        let judged = judge(&site(), &snapshot(&heard, &stretch(0, 20, &Saw::Up)), Side::A, at(20));
        let keys: Vec<&str> = judged.alarms.iter().map(|alarm| alarm.key.as_str()).collect();
        assert!(keys.starts_with(want), "{both:?}: {keys:?}");
        for ((system, _), alarm) in judged.split_brain.iter().zip(&judged.alarms) {
            assert_eq!(alarm.priority, Priority::ActNow);
            let about = |side| judged.urgent().get(&(system, side)).copied();
            assert_eq!(Side::BOTH.map(about), [Some(Priority::ActNow); 2], "{system}");
        }
        for (system, _) in &judged.split_brain {
            let told = judged.alarms.iter().filter(|alarm| alarm.system.as_ref() == Some(system));
            assert_eq!(told.count(), 1, "{keys:?}");
        }
        assert_eq!(judged.split_brain, since, "{keys:?}");
        assert!(matches!(judged.verdict, Verdict::NoGo(_)), "{:?}", judged.verdict);
    };
    check(&[("pg", 12)], &[], &["split/pg"]);
    check(&[("pg", 14), ("redis", 12)], &[], &["split/redis", "split/pg"]);
    // What was lost before stands behind it.
    check(&[("pg", 14)], &["gateway", "redis", "pods"], &["split/pg", "red/a"]);
}
