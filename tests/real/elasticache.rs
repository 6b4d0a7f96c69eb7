//! The `elasticache` system against AWS's double and our strict part of it: there and back.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, LookErrorKind, Role, Writes};
use warroom::domain::settings::Table;
use warroom::domain::site::SystemSpec;

use crate::kind::hands::{Hand, Watcher, done, table, text, why};
use crate::kind::identity::{promotes_alone, shown};
use crate::servers::elasticache::{GLOBAL, GROUPS, Pair, REGIONS};
use crate::servers::fault::{Fault, FaultProxy};
use crate::stand;
use crate::turns::{Group, turn};

/// The pair as a system, asked under this URL.
pub fn system(url: &str) -> SystemSpec {
    let side = |at: usize| {
        Some(table(vec![
            ("group", text(GROUPS[at])),
            ("region", text(REGIONS[at])),
            ("endpoint", text(url)),
            ("read", text("read")),
            ("act", text("act")),
        ]))
    };
    SystemSpec {
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        settings: table(vec![("global_datastore", text(GLOBAL))]),
        sides: [side(0), side(1)],
        ..stand::system("cache", "elasticache")
    }
}

#[test]
fn a_datastore_is_failed_over_once_and_back() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let spec = system(&pair.cloud.url());
    let mut watcher = Watcher::new(&spec);
    watcher.look();
    let looks = watcher.look_anew();
    let expected = shown(&looks, Side::B);
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)), "{}", why(&a));
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)), "{}", why(&b));
    let lag = b.lag.unwrap();
    assert_eq!(lag.certainty, Certainty::Known, "{}", b.note);
    assert!(lag.seconds.is_some_and(|is| (60.5..200.0).contains(&is)), "{lag:?}");
    let name = "elasticache.failover";
    let mut there = Hand::meant_for(&spec, name, Side::B, Table::default(), expected);
    assert!(matches!(there.check(), Standing::NotDone(_)));
    there.apply().unwrap();
    assert!(done(&there.check()));
    assert!(there.apply().unwrap().as_str().contains("already so"));
    assert_eq!(pair.failovers(), 1);
    let looks = watcher.look_anew();
    let roles = [looks.a, looks.b].map(|look| look.unwrap().unwrap().role);
    assert_eq!(roles, [Some(Role::Standby), Some(Role::Primary)]);
    Hand::new(&spec, name, Side::A, Table::default()).apply().unwrap();
    assert_eq!(pair.failovers(), 2);
    // Taken out it stands alone.
    Hand::new(&spec, "elasticache.detach", Side::B, Table::default()).apply().unwrap();
    let b = watcher.look_anew().b.unwrap().unwrap();
    assert_eq!(b.role, Some(Role::Primary));
    assert!(why(&b).contains("it is not in the Global Datastore"), "{}", why(&b));
}

#[test]
fn a_region_that_is_silent_does_not_hinder_the_other() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let spec = system(&proxy.url());
    // Beside an open primary nothing is meant; once that is silent it is.
    promotes_alone(&spec, "elasticache.failover", || proxy.region(REGIONS[0], Fault::Silent));
    let looks = Watcher::new(&spec).look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
    assert_eq!(looks.b.unwrap().unwrap().role, Some(Role::Primary));
    assert_eq!(pair.failovers(), 1);
}
