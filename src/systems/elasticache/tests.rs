//! What a Global Datastore's answers come to: every state of section 2.3, of made-up sides.

use super::judge::reading;
use super::settings::ElastiCache;
use super::state::{Global, Group, Told};
use crate::domain::ids::Side;
use crate::domain::reading::{Health, Reading, Role, Writes};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::aws::beside::Beside;
use crate::systems::kit::aws::managed::{Own, State};
use crate::systems::kit::aws::metrics::Point;
use crate::systems::kit::learned::Nothing;
use crate::systems::kit::server::{Sight, Written};
use crate::systems::kit::testing::spec;

const NOW_MS: i64 = 1_795_372_573_000;

fn own() -> Own<ElastiCache> {
    let text = "global_datastore = 'ldgnf-lms'\n\
                a = { group = 'lms-a', region = 'us-east-1' }\n\
                b = { group = 'lms-b', region = 'us-west-2' }";
    let written = Written::<ElastiCache>::one(&spec(text), Side::B);
    written.unwrap_or_else(|fault| panic!("{fault}")).own
}

/// A group of a datastore whose primary is on a side, with these lags, 30 s old.
fn state(side: Side, primary: Option<Side>, lags_s: &[f64]) -> State<ElastiCache> {
    let member = |of: Side| format!("us-{of}/lms-{of}");
    let part = |of: Side| if primary == Some(of) { "primary" } else { "secondary" };
    let members = Side::BOTH.map(|of| (member(of), (part(of).to_owned(), "associated".to_owned())));
    let group = Group {
        arn: format!("arn:aws:elasticache:us-{side}:1:replicationgroup:lms-{side}"),
        status: "available".to_owned(),
        takes_over: "enabled".to_owned(),
        nodes: 2,
        ..Group::default()
    };
    let global = Global {
        status: "available".to_owned(),
        members: primary.map(|_| members.into_iter().collect()).unwrap_or_default(),
    };
    let (name, member) = ("ldgnf-lms".to_owned(), member(side));
    let told = Told { group, global: Some(global), name, member };
    let point = |value: &f64| Some(Point { at_ms: NOW_MS - 30_000, value: *value });
    let points = Ok(lags_s.iter().map(point).collect());
    State::made_up(told, Beside { points, now_ms: NOW_MS, expires_ms: None })
}

fn read(side: Side, own_state: &State<ElastiCache>, other: Option<&State<ElastiCache>>) -> Reading {
    let own = own();
    reading(&Sight {
        at: Stamp { wall_ms: NOW_MS, boot_ms: 1000, boot: BootId(1) },
        took_ms: 5,
        side,
        own: own_state,
        other,
        settings: &own,
        user: "u",
        learned: &Nothing,
        aside: &(),
        nameless: None,
    })
}

#[test]
fn a_lag_is_the_worst_that_is_measured() {
    let a = || state(Side::A, Some(Side::A), &[]);
    let check = |lags_s: &[f64], a: Option<State<ElastiCache>>, want: Option<f64>| {
        let b = state(Side::B, Some(Side::A), lags_s);
        let found = read(Side::B, &b, a.as_ref()).lag.expect("a standby has a lag").seconds;
        assert_eq!(found, want, "{lags_s:?}");
    };
    check(&[0.5], Some(a()), Some(30.5));
    check(&[0.5, 4.0], Some(a()), Some(34.0));
    // Nothing that is measured is no zero.
    check(&[], Some(a()), None);
    check(&[-1.0], Some(a()), None);
    check(&[0.5], None, None);
    check(&[0.5], Some(state(Side::A, Some(Side::B), &[])), None);
}

#[test]
fn parts_and_health_are_those_that_are_told() {
    let check = |state: &State<ElastiCache>, role: Role, writes: Writes, want: &str| {
        let found = read(Side::B, state, None);
        assert_eq!((found.role, found.writes), (Some(role), Some(writes)), "{want}");
        let words = match &found.health {
            Health::Up => "up".to_owned(),
            Health::Degraded(why) => format!("degraded: {why}"),
            Health::Down(why) => format!("down: {why}"),
            Health::Unknown(why) => format!("unknown: {why}"),
        };
        assert!(words.contains(want), "{words}");
    };
    let standby = || state(Side::B, Some(Side::A), &[0.5]);
    check(&standby(), Role::Standby, Writes::Refused, "up");
    check(&state(Side::B, Some(Side::B), &[]), Role::Primary, Writes::Open, "up");
    // It serves nobody while it is modified: who takes writes is not known.
    let mut moving = standby();
    moving.told.global.as_mut().unwrap().status = "modifying".to_owned();
    check(&moving, Role::Standby, Writes::Unknown, "ldgnf-lms is being modified");
    let alone = state(Side::B, None, &[]);
    check(&alone, Role::Primary, Writes::Open, "it is not in the Global Datastore ldgnf-lms");
    let mut plain = standby();
    plain.told.group.takes_over = "disabled".to_owned();
    check(&plain, Role::Standby, Writes::Refused, "no replica of its region takes over");
    let mut gone = standby();
    gone.told.group.status = "deleting".to_owned();
    check(&gone, Role::Standby, Writes::Refused, "down: the replication group is deleting");
}
