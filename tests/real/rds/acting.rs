//! Steps on a pair: each takes effect once, or is not done and said so.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Role, Writes};
use warroom::port::OperateError;

use super::back::tagged;
use super::bench::{Hand, Watcher, done, nothing, system};
use crate::kind::identity::{none_acts, promotes_alone, shown};
use crate::servers::fault::{Fault, FaultProxy};
use crate::servers::rds::{Pair, REGIONS};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

#[test]
fn a_promotion_takes_its_time_and_effect_once() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url], Vec::new());
    let mut watcher = Watcher::new(&spec);
    let expected = shown(&watcher.look(), Side::B);
    let promote = || Hand::meant_for(&spec, "rds.promote", Side::B, nothing(), expected.clone());
    assert!(matches!(promote().check(), Standing::NotDone(_)));
    let preview = promote().preview();
    let told: Vec<&str> = preview.changes.iter().map(|line| line.text.as_str()).collect();
    assert!(told.iter().any(|line| line.contains("still takes writes: TWO PRIMARIES")), "{told:?}");
    // It is not available: nothing is ordered.
    pair.say(1, "status", "backing-up");
    let refused = promote().apply().unwrap_err();
    assert!(refused.to_string().contains("must be available"), "{refused}");
    assert_eq!(pair.promotions(1), 0);
    pair.say(1, "status", "available");
    let words = promote().apply().unwrap();
    assert!(words.as_str().contains("PRIMARY, available"), "{words}");
    assert!(done(&promote().check()));
    // Pressed twice, by another process.
    let words = promote().apply().unwrap();
    assert!(words.as_str().contains("already so"), "{words}");
    assert_eq!(pair.promotions(1), 1);
    let b = watcher.look_anew().b.unwrap().unwrap();
    assert_eq!((b.role, b.writes), (Some(Role::Primary), Some(Writes::Open)));
}

#[test]
fn nothing_is_promoted_beside_an_open_primary() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url], Vec::new());
    promotes_alone(&spec, "rds.promote", || pair.say(0, "status", "stopped"));
}

#[test]
fn an_order_whose_answer_is_lost_is_looked_at() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let (url, through) = (pair.cloud.url(), proxy.url());
    let spec = system([&url, &through], Vec::new());
    proxy.region(REGIONS[1], Fault::Silent);
    let mut hand = Hand::new(&spec, "rds.promote", Side::B, nothing());
    assert!(matches!(hand.check(), Standing::Unknown(_)));
    let error = hand.apply().unwrap_err();
    assert!(matches!(error, OperateError::Refused(_)), "{error:?}");
    assert_eq!(pair.promotions(1), 0);
    proxy.all(Fault::None);
    hand.apply().unwrap();
    assert_eq!(pair.promotions(1), 1);
}

#[test]
fn another_instance_than_the_screen_showed_is_left_alone() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pairs = [Pair::start(), Pair::start()];
    let urls = [pairs[0].cloud.url(), pairs[1].cloud.url()];
    let expected = shown(&Watcher::new(&system([&urls[0], &urls[0]], Vec::new())).look(), Side::B);
    // The same name leads elsewhere: an instance that was made anew.
    let spec = system([&urls[0], &urls[1]], vec![("backup_at_most", super::bench::text("1d"))]);
    let state = || format!("{} {:?}", pairs[1].promotions(1), pairs[1].names(1));
    let with = |name: &str| if name == "rds.replicate" { tagged() } else { nothing() };
    none_acts(&spec, Side::B, &expected, with, state);
    until("both answer", DEADLINE, || pairs[0].promotions(1) == 0);
    assert!(Duration::from_secs(1) < DEADLINE);
}
