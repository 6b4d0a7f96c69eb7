//! What a pair looks like: parts, lag, backups, and each lie of CloudWatch.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, Role, Writes};

use super::bench::{Watcher, figure, system, text, why};
use crate::servers::fault::FaultProxy;
use crate::servers::rds::{Pair, REGIONS};
use crate::turns::{Group, turn};

#[test]
fn a_pair_is_told_with_a_lag_that_is_never_too_small() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url], Vec::new());
    let looks = Watcher::new(&spec).look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)), "{}", why(&a));
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));
    assert_eq!((why(&a).as_str(), why(&b).as_str()), ("", ""));
    // What CloudWatch told last, how long ago, and what the lag is at most.
    let check = |told: Option<(f64, i64)>, want: Option<(f64, f64)>| {
        let pair = Pair::start();
        let url = pair.cloud.url();
        if let Some((seconds, ago_s)) = told {
            pair.lag(seconds, ago_s);
        }
        let lag =
            Watcher::new(&system([&url, &url], Vec::new())).side(Side::B).unwrap().lag.unwrap();
        match want {
            Some((least, most)) => {
                assert_eq!(lag.certainty, Certainty::Known, "{told:?}");
                assert!(lag.seconds.is_some_and(|is| (least..=most).contains(&is)), "{lag:?}");
            }
            None => assert_eq!((lag.seconds, lag.certainty), (None, Certainty::Unknown)),
        }
    };
    check(None, None);
    check(Some((0.0, 60)), Some((60.0, 130.0)));
    check(Some((7.0, 2)), Some((9.0, 80.0)));
    check(Some((-1.0, 2)), None);
}

#[test]
fn fifty_systems_ask_as_often_as_one() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let url = proxy.url();
    let mut site = super::bench::Shared::new();
    for _ in 0..25 {
        site.watch(&system([&url, &url], Vec::new()));
    }
    let asked = || REGIONS.map(|region| proxy.asked(region));
    for _ in 0..3 {
        for looks in site.look() {
            assert!(looks.a.unwrap().is_ok());
            assert!(looks.b.unwrap().is_ok());
        }
    }
    // What there is, what it can be restored to (two questions), and the metrics: each once in each
    // region, the metrics once more for those that came later.
    let [a, b] = asked();
    assert!((3..=5).contains(&a) && (3..=5).contains(&b), "{:?}", asked());
    // After a step everything but the metrics is asked anew, and once.
    site.anew();
    for looks in site.look() {
        assert!(looks.b.unwrap().is_ok());
    }
    let [a_then, b_then] = asked();
    assert!((1..=3).contains(&(a_then - a)) && (1..=3).contains(&(b_then - b)), "{:?}", asked());
}

#[test]
fn backups_are_held_against_what_is_wanted() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url], vec![("backup_at_most", text("26h"))]);
    let mut watcher = Watcher::new(&spec);
    watcher.look();
    let b = watcher.side(Side::B).unwrap();
    let has_none = why(&b).contains("there is no backup of it in this region");
    let age = figure(&b, "region_backup_age");
    assert!(has_none || age.is_some_and(|age| age < 3600.0 * 26.0), "{b:?}");
    assert!(Duration::from_secs(1) < spec.timeout);
}
