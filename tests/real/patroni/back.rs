//! A planned handover and the way back: each demotion is done once it is proven.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, Role, Writes};
use warroom::domain::settings::Table;
use warroom::domain::snapshot::trusted_lag;

use super::bench::{Hand, Watcher, done, figure, must_show, says, system, yes};
use crate::kind::identity::shown;
use crate::servers::patroni::{Member, Pair};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

#[test]
fn handed_over_and_back_each_demotion_is_proven() {
    let Some(_turn) = turn(Group::Patroni) else { return };
    let pair = Pair::start();
    let mut watcher = Watcher::new(&system(&pair));
    pair.e1.sql("create table kept (n int)");
    hand_over(&pair, &mut watcher, Side::B, 1);
    hand_over(&pair, &mut watcher, Side::A, 2);
}

/// Fences the side that leads, promotes the other, and demotes the first.
fn hand_over(pair: &Pair, watcher: &mut Watcher, to: Side, row: u32) {
    let spec = system(pair);
    let from = to.other();
    let old = playing(pair, from, "primary");
    old.sql(&format!("insert into kept values ({row})"));
    let meant = shown(&watcher.look(), from);
    let hand = |action: &str, side: Side| {
        let meant = if side == from { meant.clone() } else { shown_to(&meant) };
        Hand::meant_for(&spec, action, side, Table::default(), meant)
    };
    let (mut fence, mut promote) = (hand("patroni.fence", from), hand("patroni.promote", to));
    let mut demote = hand("patroni.demote", from);
    let refused = demote.apply().unwrap_err().to_string();
    assert!(refused.contains("is no primary: there would be none"), "{refused}");
    must_show(&fence.preview(), &[&format!("cluster in Region {from} writes -> REFUSED")]);
    fence.apply().unwrap();
    assert!(done(&fence.check()));
    let closed = watcher.until(from, "closed", |reading| reading.writes == Some(Writes::Refused));
    // All that the old side wrote before it was closed arrives, and the lag says so.
    let level = watcher.until(to, "the other side has all", |reading| {
        figure(reading, "replay_gap") == Some(0.0) && trusted_lag(reading) == Some(0.0)
    });
    assert!(level.end.unwrap().at >= closed.end.unwrap().at);
    promote.apply().unwrap();
    let b = watcher.until(to, "it leads", |reading| reading.role == Some(Role::Primary));
    assert_eq!(b.writes, Some(Writes::Open));
    // Whoever of its members it is: a fence may have handed the lead over inside the cluster.
    let new = playing(pair, to, "primary");
    assert_eq!(new.sql(&format!("select count(*) from kept where n = {row}")), "1");
    // It streams; that alone proves nothing.
    until("it streams", DEADLINE, || old.get("/patroni")["replication_state"] == "streaming");
    let standing = demote.check();
    assert!(!done(&standing), "{standing:?}");
    assert!(says(&standing).contains("not"), "{standing:?}");
    new.sql("insert into kept values (0)");
    let said = demote.apply().unwrap();
    assert!(said.as_str().contains("replayed what was committed there at"), "{said}");
    assert!(done(&demote.check()));
    // What was proven once proves nothing of what was written since.
    let follower = playing(pair, from, "standby_leader");
    follower.hold_replay(true);
    new.sql("insert into kept values (0)");
    let standing = says(&demote.check());
    follower.hold_replay(false);
    assert!(standing.contains("is not replayed: not proven"), "{standing}");
    until("it is replayed", DEADLINE, || done(&demote.check()));
    let a = watcher.until(from, "a level standby", |reading| {
        let lag = reading.lag.as_ref();
        let is_level =
            lag.is_some_and(|lag| (lag.seconds, lag.certainty) == (Some(0.0), Certainty::Known));
        is_level && yes(reading, "diverged") == Some(false)
    });
    assert_eq!((a.role, a.writes), (Some(Role::Standby), Some(Writes::Refused)));
    let rows = "select count(*) from kept";
    assert_eq!(old.sql(rows), new.sql(rows));
}

/// The member of a side that plays this part.
fn playing<'p>(pair: &'p Pair, side: Side, role: &str) -> &'p Member {
    let members = if side == Side::A { vec![&pair.e1, &pair.e2] } else { vec![&pair.w1] };
    let plays = |one: &&Member| one.get("/patroni")["role"] == role;
    members.into_iter().find(plays).expect("one of them does")
}

/// The same clusters as a step on the other side is meant for.
fn shown_to(meant: &warroom::port::Expected) -> warroom::port::Expected {
    let (target, other) = (meant.other.clone(), meant.target.clone());
    warroom::port::Expected { target, other, ..meant.clone() }
}
