//! The `aurora` system against AWS's double that moves the writer: there and back.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, LookErrorKind, Role, Writes};
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use crate::kind::hands::{Hand, Watcher, done, table, text, why};
use crate::kind::identity::shown;
use crate::servers::aurora::{CLUSTERS, GLOBAL, Pair, REGIONS};
use crate::servers::fault::{Fault, FaultProxy};
use crate::stand;
use crate::turns::{Group, turn};

/// The pair as a system, where each side is asked under this URL.
pub fn system(urls: [&str; 2]) -> SystemSpec {
    let side = |at: usize| {
        Some(table(vec![
            ("cluster", text(CLUSTERS[at])),
            ("region", text(REGIONS[at])),
            ("endpoint", text(urls[at])),
            ("read", text("read")),
            ("act", text("act")),
        ]))
    };
    SystemSpec {
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        settings: table(vec![("global_cluster", text(GLOBAL))]),
        sides: [side(0), side(1)],
        ..stand::system("database", "aurora")
    }
}

#[test]
fn the_writer_is_handed_over_and_back_and_failed_over_once() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url]);
    let mut watcher = Watcher::new(&spec);
    let looks = watcher.look();
    let expected = shown(&looks, Side::B);
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)), "{}", why(&a));
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)), "{}", why(&b));
    let lag = b.lag.unwrap();
    assert_eq!(lag.certainty, Certainty::Known, "{}", b.note);
    assert!(lag.seconds.is_some_and(|is| (60.4..200.0).contains(&is)), "{lag:?}");
    let hand = |action: &str, side: Side| Hand::new(&spec, action, side, Table::default());
    // There, pressed twice, and back.
    let mut there = Hand::meant_for(&spec, "aurora.failover", Side::B, Table::default(), expected);
    assert!(matches!(there.check(), Standing::NotDone(_)));
    there.apply().unwrap();
    assert!(done(&there.check()));
    assert_eq!(pair.writer(), Some(Pair::arn(1)));
    assert!(there.apply().unwrap().as_str().contains("already so"));
    let looks = watcher.look_anew();
    let roles = [looks.a, looks.b].map(|look| look.unwrap().unwrap().role);
    assert_eq!(roles, [Some(Role::Standby), Some(Role::Primary)]);
    hand("aurora.failover", Side::A).apply().unwrap();
    assert_eq!(pair.writer(), Some(Pair::arn(0)));
    // Taken out it stands alone.
    hand("aurora.detach", Side::B).apply().unwrap();
    let b = watcher.look_anew().b.unwrap().unwrap();
    assert_eq!(b.role, Some(Role::Primary));
    assert!(why(&b).contains("it is not in the global database lms"), "{b:?}");
}

#[test]
fn a_region_that_is_silent_is_told_and_a_switchover_needs_both() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let url = proxy.url();
    let spec = system([&url, &url]);
    proxy.region(REGIONS[0], Fault::Silent);
    let looks = Watcher::new(&spec).look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
    let b = looks.b.unwrap().unwrap();
    assert_eq!((b.role, b.lag.unwrap().seconds), (Some(Role::Standby), None));
    let refused = Hand::new(&spec, "aurora.switchover", Side::B, Table::default()).apply();
    let refused = refused.unwrap_err();
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    assert!(refused.to_string().contains("the other region is not seen"), "{refused}");
    // Region B alone can fail over: nothing of it hangs on the dead one.
    Hand::new(&spec, "aurora.failover", Side::B, Table::default()).apply().unwrap();
    assert_eq!(pair.writer(), Some(Pair::arn(1)));
}
