//! What a Global Datastore's answers come to: every state of section 2.3, of made-up sides.

use super::judge::reading;
use super::settings::ElastiCache;
use super::state::{Global, Group, LAG, Lags, Told};
use crate::domain::ids::Side;
use crate::domain::reading::{FactValue, Health, Reading, Role, Writes};
use crate::domain::time::{BootId, Stamp};
use crate::systems::kit::aws::beside::Beside;
use crate::systems::kit::aws::managed::{Own, State};
use crate::systems::kit::aws::metrics::{Point, Query};
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
        nodes: vec![format!("lms-{side}-001"), format!("lms-{side}-002")],
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
    // One that says nothing is not made good by another.
    check(&[-1.0, 0.5], Some(a()), None);
    check(&[0.5, -1.0], Some(a()), None);
    check(&[f64::NAN, 0.5], Some(a()), None);
    check(&[0.5], None, None);
    check(&[0.5], Some(state(Side::A, Some(Side::B), &[])), None);
}

#[test]
fn one_of_its_measures_that_says_nothing_of_now_makes_the_lag_unknown() {
    let check = |points: &[Option<(f64, i64)>], want: Option<f64>| {
        let a = state(Side::A, Some(Side::A), &[]);
        let mut b = state(Side::B, Some(Side::A), &[]);
        let point = |(value, age_s): (f64, i64)| Point { at_ms: NOW_MS - age_s * 1000, value };
        b.beside.points = Ok(points.iter().map(|one| one.map(point)).collect());
        let found = read(Side::B, &b, Some(&a));
        assert_eq!(found.lag.as_ref().and_then(|lag| lag.seconds), want, "{points:?}");
        let facts = ["replication_lag", "lag_age"].map(|name| match found.fact(name) {
            Some(FactValue::Seconds(seconds)) => Some(*seconds),
            _ => None,
        });
        assert_eq!(facts.map(|fact| fact.is_some()), [want.is_some(); 2], "{points:?}");
    };
    check(&[Some((0.1, 30)), Some((2.0, 60))], Some(62.0));
    check(&[Some((0.1, 720)), Some((0.1, 30))], None);
    check(&[Some((0.1, 30)), None], None);
    check(&[None, Some((0.1, 30))], None);
    check(&[Some((0.1, 30)), Some((-1.0, 30))], None);
}

#[test]
fn only_what_is_measured_of_it_or_of_its_nodes_counts() {
    let named = &own().named;
    let node = "CacheClusterId";
    // The nodes of each shard, what CloudWatch lists, and what of that is asked for.
    let check = |shards: &[&[&str]], listed: &[&[(&str, &str)]], want: &[usize]| {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let shards: Vec<Vec<String>> = shards.iter().map(|&names| owned(names)).collect();
        let group = Group { nodes: shards.concat(), shards, ..Group::default() };
        let pairs = |of: &&[(&str, &str)]| -> Vec<(String, String)> {
            of.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let lags = Lags(listed.iter().map(pairs).collect());
        let query =
            |&at: &usize| Query::minutely(("AWS/ElastiCache", LAG), "Maximum", pairs(&listed[at]));
        let want: Vec<Query> = want.iter().map(query).collect();
        assert_eq!(lags.of(named, &group), want, "{listed:?}");
    };
    let (one, two): (&[&[&str]], &[&[&str]]) =
        (&[&["lms-b-001", "lms-b-002"]], &[&["lms-b-0001-001"], &["lms-b-0002-001"]]);
    let group = "ReplicationGroupId";
    check(one, &[&[(group, "lms-b")]], &[0]);
    check(one, &[&[(node, "lms-b-001")], &[(group, "lms-b-2")]], &[0]);
    check(one, &[&[(node, "lms-b-002"), ("CacheNodeId", "0001")], &[(group, "LMS-B")]], &[0, 1]);
    // A name that begins alike is another group's, or a node's that is gone.
    check(one, &[&[(node, "lms-b-other-001")], &[(node, "lms-b-2-001")]], &[]);
    check(one, &[&[(node, "lms-b-003")], &[(group, "lms-b-2")]], &[]);
    let datastore = "GlobalReplicationGroupId";
    check(one, &[&[(datastore, "ldgnf-lms")], &[(datastore, "ldgnf-lms"), (group, "x")]], &[]);
    check(one, &[&[(datastore, "ldgnf-old"), (group, "lms-b")]], &[]);
    check(one, &[&[(datastore, "ldgnf-lms"), (group, "lms-b")]], &[0]);
    // A shard of which nothing is measured is not known by the others.
    check(two, &[&[(node, "lms-b-0001-001")]], &[]);
    check(two, &[&[(node, "lms-b-0001-001")], &[(node, "lms-b-0002-001")]], &[0, 1]);
    check(two, &[&[(group, "lms-b")], &[(node, "lms-b-0001-001")]], &[0, 1]);
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
    // Amazon names two primaries: none of them is proven.
    let mut two = state(Side::B, Some(Side::B), &[]);
    let part = |part: &str| (part.to_owned(), "associated".to_owned());
    two.told.global.as_mut().unwrap().members.insert("us-a/lms-a".to_owned(), part("primary"));
    let too = "degraded: ldgnf-lms names us-a/lms-a as its writer too";
    check(&two, Role::Primary, Writes::Unknown, too);
    // The group and its datastore do not say the same: it may be a primary.
    let says = |of: Option<Side>, of_global: &str, word: &str| {
        let mut state = state(Side::B, of, &[0.5]);
        state.told.group.of = Some((of_global.to_owned(), word.to_owned()));
        state
    };
    check(&says(Some(Side::B), "ldgnf-lms", "primary"), Role::Primary, Writes::Open, "up");
    check(&says(Some(Side::A), "ldgnf-lms", "secondary"), Role::Standby, Writes::Refused, "up");
    let wrong = "degraded: the group says that it is primary of ldgnf-lms, and ldgnf-lms that it \
                 is secondary";
    check(&says(Some(Side::A), "ldgnf-lms", "primary"), Role::Primary, Writes::Unknown, wrong);
    let wrong = "the group says that it is secondary of ldgnf-lms";
    check(&says(Some(Side::B), "ldgnf-lms", "secondary"), Role::Primary, Writes::Unknown, wrong);
    let other = "the group says that it is secondary of ldgnf-old";
    check(&says(Some(Side::A), "ldgnf-old", "secondary"), Role::Primary, Writes::Unknown, other);
    let out = "secondary of ldgnf-lms, and ldgnf-lms that it is no member";
    check(&says(None, "ldgnf-lms", "secondary"), Role::Primary, Writes::Unknown, out);
    let alone = state(Side::B, None, &[]);
    check(&alone, Role::Primary, Writes::Open, "it is not in the Global Datastore ldgnf-lms");
    let mut plain = standby();
    plain.told.group.takes_over = "disabled".to_owned();
    check(&plain, Role::Standby, Writes::Refused, "no replica of its region takes over");
    let mut gone = standby();
    gone.told.group.status = "deleting".to_owned();
    check(&gone, Role::Standby, Writes::Refused, "down: the replication group is deleting");
}
