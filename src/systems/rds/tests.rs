//! What a pair's answers come to: every state and every lie of section 1.6, of made-up sides.

use super::aside::Aside;
use super::judge::reading;
use super::settings::Rds;
use super::state::{Flow, Instance};
use crate::domain::ids::Side;
use crate::domain::reading::{Certainty, Health, Reading, Role, Writes};
use crate::domain::text::Clean;
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::aws::beside::Beside;
use crate::systems::kit::aws::managed::{Own, State};
use crate::systems::kit::aws::metrics::Point;
use crate::systems::kit::learned::Nothing;
use crate::systems::kit::server::{Sight, Written};
use crate::systems::kit::testing::spec;

const NOW_MS: i64 = 1_795_372_573_000;

const A_ARN: &str = "arn:aws:rds:us-east-1:1:db:lms-a";

fn own() -> Own<Rds> {
    let text = "a = { instance = 'lms-a', region = 'us-east-1' }\n\
                b = { instance = 'lms-b', region = 'us-west-2' }";
    Written::<Rds>::one(&spec(text), Side::B).unwrap_or_else(|fault| panic!("{fault}")).own
}

fn primary() -> Instance {
    Instance {
        arn: A_ARN.to_owned(),
        resource: "db-A".to_owned(),
        status: "available".to_owned(),
        ..Instance::default()
    }
}

fn replica() -> Instance {
    let flow = |status: &str| Flow {
        is_normal: true,
        status: status.to_owned(),
        message: Clean::default(),
    };
    Instance {
        arn: "arn:aws:rds:us-west-2:1:db:lms-b".to_owned(),
        resource: "db-B".to_owned(),
        source: Some(A_ARN.to_owned()),
        links: vec![flow("replicating")],
        ..primary()
    }
}

/// A side as it was told, with the `ReplicaLag` of so many seconds ago.
fn state(instance: Instance, lag: Option<(f64, i64)>) -> State<Rds> {
    let lag = lag.map(|(value, age_s)| Point { at_ms: NOW_MS - age_s * 1000, value });
    let beside = Beside { points: Ok(vec![lag, None]), now_ms: NOW_MS, expires_ms: None };
    State::made_up(instance, beside)
}

fn read(side: Side, own_state: &State<Rds>, other: Option<&State<Rds>>) -> Reading {
    let (own, aside) = (own(), Aside::default());
    reading(&Sight {
        at: Stamp { wall_ms: NOW_MS, boot_ms: 1000, boot: BootId(1) },
        took_ms: 5,
        side,
        own: own_state,
        other,
        settings: &own,
        user: "u",
        learned: &Nothing,
        aside: &aside,
        nameless: None,
    })
}

#[test]
fn a_lag_is_what_was_measured_and_all_the_time_since() {
    let a = || state(primary(), None);
    // What CloudWatch told, of which replica, beside which source: at most so many seconds.
    let check = |lag: Option<(f64, i64)>, b: Instance, a: Option<State<Rds>>, want: Option<f64>| {
        let b = state(b, lag);
        let found = read(Side::B, &b, a.as_ref()).lag.expect("a standby has a lag");
        let certainty = if want.is_some() { Certainty::Known } else { Certainty::Unknown };
        assert_eq!((found.seconds, found.certainty), (want, certainty), "{lag:?}");
    };
    check(Some((0.4, 90)), replica(), Some(a()), Some(90.4));
    check(Some((300.0, 60)), replica(), Some(a()), Some(360.0));
    // Nothing is no zero, and what is old tells nothing of now.
    check(None, replica(), Some(a()), None);
    check(Some((-1.0, 30)), replica(), Some(a()), None);
    // The source was not read, is gone, or is another one.
    check(Some((0.0, 30)), replica(), None, None);
    let gone = Instance { status: "failed".to_owned(), ..primary() };
    check(Some((0.0, 30)), replica(), Some(state(gone, None)), None);
    let stranger = Instance { arn: "arn:aws:rds:us-east-1:1:db:x".to_owned(), ..primary() };
    check(Some((0.0, 30)), replica(), Some(state(stranger, None)), None);
    // A copy that Amazon ended keeps its last figure for a while.
    let mut ended = replica();
    ended.links[0] =
        Flow { is_normal: false, status: "terminated".to_owned(), message: "x".into() };
    check(Some((0.0, 30)), ended, Some(a()), None);
    // Our clock is behind: Amazon's tells how old a point is.
    let mut ahead = state(replica(), Some((1.0, 30)));
    ahead.beside.now_ms += 30_000;
    let found = read(Side::B, &ahead, Some(&a())).lag.and_then(|lag| lag.seconds);
    assert_eq!(found, Some(61.0));
}

#[test]
fn parts_and_health_are_those_that_are_told() {
    let check = |instance: Instance, role: Role, writes: Writes, want: &str| {
        let a = state(primary(), None);
        let found = read(Side::B, &state(instance, Some((0.0, 30))), Some(&a));
        assert_eq!((found.role, found.writes), (Some(role), Some(writes)), "{want}");
        let words = match &found.health {
            Health::Up => "up".to_owned(),
            Health::Degraded(why) => format!("degraded: {why}"),
            Health::Down(why) => format!("down: {why}"),
            Health::Unknown(why) => format!("unknown: {why}"),
        };
        assert!(words.contains(want), "{words}");
    };
    let with = |status: &str| Instance { status: status.to_owned(), ..replica() };
    let alone = |status: &str| Instance { source: None, links: Vec::new(), ..with(status) };
    check(with("available"), Role::Standby, Writes::Refused, "up");
    check(with("backing-up"), Role::Standby, Writes::Refused, "up");
    // A promotion was ordered: it says so late, and is a replica as long as a source is named.
    check(with("modifying"), Role::Standby, Writes::Refused, "the instance is modifying");
    check(alone("rebooting"), Role::Primary, Writes::Unknown, "the instance is rebooting");
    check(alone("available"), Role::Primary, Writes::Open, "up");
    check(alone("stopped"), Role::Primary, Writes::Refused, "down: the instance is stopped");
    check(alone("incompatible-network"), Role::Primary, Writes::Unknown, "down");
    let mut ended = replica();
    ended.links[0] =
        Flow { is_normal: false, status: "error".to_owned(), message: "slot lost".into() };
    check(ended, Role::Standby, Writes::Refused, "its replication is error: slot lost");
    let elsewhere = Instance { source: Some("arn:aws:rds:x:1:db:y".to_owned()), ..replica() };
    check(elsewhere, Role::Standby, Writes::Refused, "not from the other side");
    check(primary(), Role::Primary, Writes::Open, "one and the same instance");
}
