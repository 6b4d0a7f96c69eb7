//! Amazon silent, slow, cut, throttling; another account; missing rights.

use warroom::domain::ids::Side;
use warroom::domain::reading::{LookErrorKind, Role};

use super::bench::{Watcher, system, text};
use crate::servers::aws::ACCOUNT;
use crate::servers::fault::{Fault, FaultProxy};
use crate::servers::rds::{Pair, REGIONS};
use crate::turns::{Group, turn};

#[test]
fn a_region_that_fails_is_told_and_the_other_one_answers() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let url = proxy.url();
    let spec = system([&url, &url], Vec::new());
    let check = |fault: Fault, want: &[LookErrorKind]| {
        proxy.all(Fault::None);
        proxy.region(REGIONS[0], fault);
        let looks = Watcher::new(&spec).look();
        let b = looks.b.unwrap().unwrap();
        assert_eq!(b.role, Some(Role::Standby), "{fault:?}");
        match looks.a.unwrap() {
            Ok(_) => assert!(want.is_empty(), "{fault:?}"),
            Err(error) => {
                assert!(want.contains(&error.kind), "{fault:?}: {error}");
                // Whose source was not read has no lag.
                assert_eq!(b.lag.unwrap().seconds, None, "{fault:?}");
            }
        }
    };
    check(Fault::None, &[]);
    check(Fault::Unavailable, &[LookErrorKind::Unreachable]);
    check(Fault::Silent, &[LookErrorKind::Timeout]);
    check(Fault::Half, &[LookErrorKind::Garbage, LookErrorKind::Unreachable]);
}

#[test]
fn an_account_that_is_not_meant_is_asked_for_nothing() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = |account: &str| system([&url, &url], vec![("account", text(account))]);
    let error = Watcher::new(&spec("999999999999")).side(Side::A).unwrap_err();
    let want = format!("is of account {ACCOUNT}, and the site says 999999999999");
    assert!(error.to_string().contains(&want), "{error}");
    assert_eq!(error.kind, LookErrorKind::Ours);
    assert!(Watcher::new(&spec(ACCOUNT)).side(Side::A).is_ok());
}
