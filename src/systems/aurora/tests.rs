//! What a global database's answers come to: every state of section 1.7, of made-up sides.

use super::judge::reading;
use super::settings::Aurora;
use super::state::{Cluster, Global, Told};
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

fn arn(side: Side) -> String {
    format!("arn:aws:rds:us-{side}:1:cluster:lms-{side}")
}

fn own() -> Own<Aurora> {
    let text = "global_cluster = 'lms'\n\
                a = { cluster = 'lms-a', region = 'us-east-1' }\n\
                b = { cluster = 'lms-b', region = 'us-west-2' }";
    let written = Written::<Aurora>::one(&spec(text), Side::B);
    written.unwrap_or_else(|fault| panic!("{fault}")).own
}

/// A cluster of a global database whose writer is on a side, with metrics of so many ms, 30 s old.
fn state(side: Side, writer: Option<Side>, lags_ms: [f64; 2]) -> State<Aurora> {
    let cluster = Cluster {
        arn: arn(side),
        resource: format!("cluster-{side}"),
        status: "available".to_owned(),
        instances: 1,
        has_writer: writer == Some(side),
        ..Cluster::default()
    };
    let members = Side::BOTH.map(|of| (arn(of), writer == Some(of)));
    let global = Global {
        resource: "cluster-global".to_owned(),
        status: "available".to_owned(),
        members: writer.map(|_| members.into_iter().collect()).unwrap_or_default(),
        ..Global::default()
    };
    let point = |value| Some(Point { at_ms: NOW_MS - 30_000, value });
    let told = Told { cluster, global: Some(global), name: "lms".to_owned() };
    let points = Ok(lags_ms.map(point).to_vec());
    State::made_up(told, Beside { points, now_ms: NOW_MS, expires_ms: None })
}

fn read(side: Side, own_state: &State<Aurora>, other: Option<&State<Aurora>>) -> Reading {
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
fn a_lag_is_in_milliseconds_and_never_that_of_a_writer() {
    let a = || state(Side::A, Some(Side::A), [-1.0, -1.0]);
    let check = |b: State<Aurora>, a: Option<State<Aurora>>, want: Option<f64>| {
        let found = read(Side::B, &b, a.as_ref()).lag.expect("a standby has a lag").seconds;
        assert_eq!(found.map(|seconds| (seconds * 1000.0).round()), want, "{:?}", b.told);
    };
    let b = |lags_ms| state(Side::B, Some(Side::A), lags_ms);
    check(b([400.0, 100.0]), Some(a()), Some(30_400.0));
    check(b([100.0, 2000.0]), Some(a()), Some(32_000.0));
    check(b([-1.0, 0.0]), Some(a()), None);
    // The one that is what would be lost is not active, or has ended.
    check(b([120.0, -1.0]), Some(a()), None);
    let mut ended = b([120.0, 120.0]);
    let points = ended.beside.points.as_mut().unwrap();
    points[1] = points[1].map(|point| Point { at_ms: NOW_MS - 720_000, ..point });
    check(ended, Some(a()), None);
    let mut none = b([120.0, 120.0]);
    none.beside.points.as_mut().unwrap()[1] = None;
    check(none, Some(a()), None);
    check(b([100.0, 100.0]), None, None);
    // The other side says it follows too, or is gone.
    check(b([100.0, 100.0]), Some(state(Side::A, Some(Side::B), [0.0; 2])), None);
    let mut gone = a();
    gone.told.cluster.status = "failed".to_owned();
    check(b([100.0, 100.0]), Some(gone), None);
    let mut apart = b([100.0, 100.0]);
    apart.told.global.as_mut().unwrap().unsynchronized.push(arn(Side::B));
    check(apart, Some(a()), None);
    assert_eq!(read(Side::A, &a(), Some(&b([1.0, 1.0]))).lag, None);
}

#[test]
fn parts_and_health_are_those_that_are_told() {
    let check = |state: &State<Aurora>, role: Role, writes: Writes, want: &str| {
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
    let standby = || state(Side::B, Some(Side::A), [1.0, 1.0]);
    let writer = || state(Side::B, Some(Side::B), [-1.0, -1.0]);
    check(&standby(), Role::Standby, Writes::Refused, "up");
    check(&writer(), Role::Primary, Writes::Open, "up");
    // While the writer moves nobody knows who takes writes.
    let mut moving = standby();
    moving.told.global.as_mut().unwrap().moving = Some(("failing-over".to_owned(), arn(Side::B)));
    check(&moving, Role::Standby, Writes::Unknown, "the writer moves to arn:aws:rds:us-");
    // Amazon names two writers: none of them is proven.
    let mut two = writer();
    two.told.global.as_mut().unwrap().members.insert(arn(Side::A), true);
    check(&two, Role::Primary, Writes::Unknown, "degraded: lms names arn:aws:rds:us-");
    // Taken out it stands alone, and takes writes.
    let mut alone = state(Side::B, None, [1.0, 1.0]);
    alone.told.cluster.has_writer = true;
    check(&alone, Role::Primary, Writes::Open, "it is not in the global database lms");
    alone.told.global = None;
    check(&alone, Role::Primary, Writes::Open, "there is no global database lms");
    let mut empty = standby();
    empty.told.cluster.instances = 0;
    check(&empty, Role::Standby, Writes::Refused, "has no instance");
    let mut failed = writer();
    failed.told.cluster.status = "failed".to_owned();
    check(&failed, Role::Primary, Writes::Unknown, "down: the cluster is failed");
    let mut apart = standby();
    apart.told.global.as_mut().unwrap().unsynchronized.push(arn(Side::B));
    check(&apart, Role::Standby, Writes::Refused, "waits to resync it");
}
