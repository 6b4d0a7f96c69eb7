//! A Redis Cluster whose nodes stand in both regions: whose the slots are, what is lost, and how
//! they are handed over and taken.

use std::time::Instant;

use warroom::app::kinds::KINDS;
use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{
    Certainty, FactValue, Health, LookErrorKind, Reading, Role, Writes,
};
use warroom::domain::settings::{Node, Span, Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::Expected;

use super::bench::{Hand, Watcher, done, figure, system_at, table, text, why};
use crate::kind::identity::shown;
use crate::kind::rights;
use crate::servers::redis::Server;
use crate::servers::redis_groups::Cluster;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const FAILOVER: &str = "redis.cluster_failover";
const TAKEOVER: &str = "redis.cluster_takeover";

fn spec_for(cluster: &Cluster, act: &str) -> SystemSpec {
    let side = |nodes: &[Server]| {
        let at = |node: &Server| text(&format!("127.0.0.1:{}", node.port));
        let nodes = nodes.iter().map(|node| Node { span: Span::default(), value: at(node) });
        let nodes = Value::List(nodes.collect());
        Some(table(vec![("nodes", nodes), ("read", text("read")), ("act", text(act))]))
    };
    let settings = table(vec![("cluster", Value::Boolean(true))]);
    let sides = [side(&cluster.a), side(&cluster.b)];
    SystemSpec { sides, ..system_at(0, 0, "read", act, settings) }
}

fn hand(spec: &SystemSpec, action: &str, side: Side) -> Hand {
    Hand::new(spec, action, side, Table::default())
}

/// What each of these facts of a reading counts.
fn slots(reading: &Reading) -> [Option<f64>; 4] {
    let facts = ["slots_owned", "slots_unserved", "slots_lost", "slots_disputed"];
    facts.map(|name| figure(reading, name))
}

fn both(watcher: &mut Watcher) -> [Reading; 2] {
    let looks = watcher.look();
    [looks.a, looks.b].map(|look| look.unwrap().unwrap())
}

/// A is the primary of all slots, B follows with all of it, and nothing is wrong.
fn until_well(cluster: &Cluster, watcher: &mut Watcher) {
    cluster.until_ready();
    watcher.until(Side::B, "B has all", |b| {
        let amount = b.lag.as_ref().and_then(|lag| lag.amount);
        b.health == Health::Up && b.role == Some(Role::Standby) && amount == Some(0)
    });
    watcher
        .until(Side::A, "A owns all", |a| a.health == Health::Up && slots(a)[0] == Some(16384.0));
}

#[test]
fn a_cluster_in_two_regions_is_told_handed_over_and_taken() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut cluster = Cluster::start();
    cluster.fill(30);
    let spec = spec_for(&cluster, "act");
    let mut watcher = Watcher::new(&spec);
    well(&cluster, &mut watcher);
    only_what_is_for_a_cluster_acts_on_it(&cluster, &spec);
    one_owner_is_killed(&mut cluster, &spec, &mut watcher);
    planned(&cluster, &spec, &mut watcher);
    what_nodes_do_not_own_or_agree_on(&cluster, &mut watcher);
    both_copies_are_lost(&mut cluster, &mut watcher);
    the_region_is_lost(&mut cluster, &spec, &mut watcher);
    one_is_back_and_serves_all_by_itself(&mut cluster, &mut watcher);
}

fn well(cluster: &Cluster, watcher: &mut Watcher) {
    until_well(cluster, watcher);
    let [a, b] = both(watcher);
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Standby)));
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Refused)));
    assert_eq!(slots(&a), [16384.0, 0.0, 0.0, 0.0].map(Some));
    assert_eq!(slots(&b), [0.0, 0.0, 0.0, 0.0].map(Some));
    let lag = b.lag.clone().unwrap();
    assert_eq!((lag.seconds, lag.amount, lag.certainty), (Some(0.0), Some(0), Certainty::Known));
    let held = |reading: &Reading| -> u64 {
        reading.parts.iter().filter_map(|part| part.held).map(|held| held.count).sum()
    };
    assert_eq!([held(&a), held(&b)], [30; 2]);
    let (here, there) = (a.identity.unwrap(), b.identity.unwrap());
    assert_eq!(here.data, there.data);
    assert_ne!(here.server, there.server);
    // One copy is cut off and writes go on: what it lacks is told, and not by what it says.
    let mut keys = (0..).map(|number| format!("auth:more:{number}"));
    let key = keys.find(|key| cluster.a[0].try_ask(&["SET", key, "x"]).is_ok()).unwrap();
    cluster.a[0].cut_links();
    until("the link is down", DEADLINE, || cluster.b[0].info("master_link_status") == "down");
    cluster.a[0].ask(&["SET", &key, "a longer value than before"]);
    let b = watcher.until(Side::B, "what it lacks is told", |b| {
        b.lag.as_ref().is_some_and(|lag| lag.amount.is_some_and(|amount| amount > 50))
    });
    assert_ne!(b.lag.as_ref().and_then(|lag| lag.seconds), Some(0.0));
    let cut = "slots 0-5460: replication from A does not run: link down";
    assert!(why(&b).contains(cut), "{}", why(&b));
    assert!(
        matches!(b.fact("worst_shard"), Some(FactValue::Text(worst)) if
        worst.as_str().starts_with("slots 0-5460: ")),
        "{b:?}"
    );
    cluster.a[0].mend_links();
    // One that hangs holds up nothing, and its side is not proven closed.
    cluster.b[2].freeze();
    let start = Instant::now();
    let [a, b] = both(watcher);
    assert!(start.elapsed().as_secs_f64() < 2.0, "{:?}", start.elapsed());
    assert!(why(&b).contains("1 of 3 nodes tell nothing: 127.0.0.1:"), "{}", why(&b));
    assert!(why(&b).contains("slots 10923-16383 have no copy here that answers"), "{}", why(&b));
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Unknown)));
    assert_eq!(b.lag.map(|lag| lag.certainty), Some(Certainty::Unknown));
    cluster.b[2].thaw();
    until_well(cluster, watcher);
}

fn only_what_is_for_a_cluster_acts_on_it(cluster: &Cluster, spec: &SystemSpec) {
    let with = |action: &str| match action {
        "redis.verify_keys" => table(vec![("keys", text("auth:*"))]),
        _ => Table::default(),
    };
    for action in ["promote", "failover", "replicate", "verify_write", "verify_keys"] {
        let action = format!("redis.{action}");
        let (_, one) = KINDS.action(&action).unwrap();
        let fault = one.check_settings(&with(&action), Some(spec)).unwrap_err();
        assert!(fault.message.contains("this step is for a pair: use"), "{action}: {fault}");
    }
    let denied = spec_for(cluster, "plain");
    rights::is_missing(&denied, FAILOVER, Side::B, Table::default(), "wr_plain +cluster|nodes");
    for node in &cluster.b {
        node.ask(&["ACL", "SETUSER", "wr_plain", "+cluster|nodes", "+cluster|info"]);
    }
    rights::is_missing(&denied, FAILOVER, Side::B, Table::default(), "wr_plain +cluster|failover");
    let alone = Expected { alone: true, ..Expected::default() };
    let mut take = Hand::meant_for(spec, TAKEOVER, Side::B, Table::default(), alone);
    let refused = take.apply().unwrap_err();
    assert!(refused.to_string().contains("nothing was done: fence it first"), "{refused}");
    assert!(cluster.a.iter().all(|node| node.info("role") == "master"));
}

fn one_owner_is_killed(cluster: &mut Cluster, spec: &SystemSpec, watcher: &mut Watcher) {
    cluster.a[1].kill9();
    let began = Instant::now();
    let a = watcher.side(Side::A).unwrap();
    assert!(why(&a).contains("1 of 3 nodes tell nothing"), "{}", why(&a));
    assert!(matches!(a.health, Health::Degraded(_) | Health::Down(_)), "{a:?}");
    assert_eq!(figure(&a, "slots_unserved"), Some(5462.0));
    let b = watcher.until(Side::B, "its copy has taken over", |b| {
        slots(b) == [5462.0, 0.0, 0.0, 0.0].map(Some)
    });
    eprintln!("measured: a copy took over after {:.1} s", began.elapsed().as_secs_f64());
    assert!(why(&b).contains("B owns 5462 slots and A owns 10922"), "{}", why(&b));
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Open)));
    assert!(!matches!(b.health, Health::Down(_)), "{b:?}");
    // It comes back as a copy; what it owned goes back to its region in one step.
    cluster.a[1].start();
    cluster.until_ready();
    let mut back =
        Hand::meant_for(spec, FAILOVER, Side::A, Table::default(), shown(&watcher.look(), Side::A));
    until("it follows", DEADLINE, || cluster.a[1].info("master_link_status") == "up");
    let preview = back.preview();
    let want = format!("slots 5461-10922: 127.0.0.1:{} replica -> PRIMARY", cluster.a[1].port);
    assert!(
        preview.changes.iter().any(|line| line.text.as_str().starts_with(&want)),
        "{preview:?}"
    );
    back.apply().unwrap();
    assert!(done(&back.check()));
    until_well(cluster, watcher);
}

fn planned(cluster: &Cluster, spec: &SystemSpec, watcher: &mut Watcher) {
    for (side, from) in [(Side::B, &cluster.a), (Side::A, &cluster.b)] {
        let expected = shown(&watcher.look(), side);
        let mut over = Hand::meant_for(spec, FAILOVER, side, Table::default(), expected.clone());
        assert!(matches!(over.check(), Standing::NotDone(_)), "{:?}", over.check());
        let began = Instant::now();
        let said = over.apply().unwrap();
        eprintln!("measured: handed over in {:.1} s: {said}", began.elapsed().as_secs_f64());
        assert!(said.as_str().contains("owns 16384 of 16384 slots"), "{said}");
        assert!(done(&over.check()));
        let again = over.apply().unwrap();
        assert!(again.as_str().starts_with("already so: "), "{again}");
        cluster.until_ready();
        assert!(from.iter().all(|node| node.info("role") == "slave"));
        let reading = watcher.until(side, "it is the primary", |reading| {
            reading.role == Some(Role::Primary) && reading.health == Health::Up
        });
        assert_eq!(reading.identity, expected.target);
        let other = watcher.side(side.other()).unwrap();
        assert_eq!((other.role, other.writes), (Some(Role::Standby), Some(Writes::Refused)));
    }
    let kept: usize = cluster.a.iter().map(|node| node.keys("auth:").len()).sum();
    assert_eq!(kept, 31, "nothing is lost");
    until_well(cluster, watcher);
}

fn what_nodes_do_not_own_or_agree_on(cluster: &Cluster, watcher: &mut Watcher) {
    // The owner has dropped a slot, and nobody else knows.
    cluster.a[0].ask(&["CLUSTER", "DELSLOTS", "7"]);
    let a = watcher.until(Side::A, "they disagree", |a| figure(a, "slots_disputed") == Some(1.0));
    assert!(why(&a).contains("its nodes disagree about who owns 1 slots"), "{}", why(&a));
    // Nor does anybody own it any more.
    for node in cluster.all().skip(1) {
        node.ask(&["CLUSTER", "DELSLOTS", "7"]);
    }
    for side in Side::BOTH {
        let reading = watcher.until(side, "one is unowned", |reading| {
            slots(reading)[1..] == [1.0, 0.0, 0.0].map(Some)
        });
        assert!(matches!(reading.health, Health::Down(_)), "{reading:?}");
        assert!(why(&reading).contains("1 of 16384 slots have no owner"), "{}", why(&reading));
    }
    cluster.a[0].ask(&["CLUSTER", "ADDSLOTS", "7"]);
    until_well(cluster, watcher);
}

fn both_copies_are_lost(cluster: &mut Cluster, watcher: &mut Watcher) {
    cluster.b[2].kill9();
    cluster.a[2].kill9();
    let began = Instant::now();
    for side in Side::BOTH {
        let reading =
            watcher.until(side, "the loss is told", |reading| slots(reading)[2] == Some(5461.0));
        assert!(matches!(reading.health, Health::Down(_)), "{reading:?}");
        let want = "all copies of 5461 of 16384 slots are dead (slots 10923-16383): their data is \
                    LOST unless one of them comes back";
        assert!(why(&reading).contains(want), "{}", why(&reading));
        assert_eq!(figure(&reading, "slots_unserved"), Some(5461.0));
    }
    eprintln!("measured: the loss was told after {:.1} s", began.elapsed().as_secs_f64());
    watcher.until(Side::A, "it refuses all", |a| {
        matches!(a.fact("cluster_state"), Some(FactValue::Text(state)) if state.as_str() == "fail")
            && a.hindered.is_some()
    });
    cluster.a[2].start();
    cluster.b[2].start();
    until_well(cluster, watcher);
}

fn the_region_is_lost(cluster: &mut Cluster, spec: &SystemSpec, watcher: &mut Watcher) {
    let looks = watcher.look();
    for node in &mut cluster.a {
        node.kill9();
    }
    let looks_now = watcher.look();
    assert_eq!(looks_now.a.unwrap().unwrap_err().kind, LookErrorKind::Unreachable);
    let b = looks_now.b.unwrap().unwrap();
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));
    assert_eq!(b.lag.map(|lag| lag.certainty), Some(Certainty::Unknown));
    assert!(!matches!(b.health, Health::Down(_)), "{:?}", b.health);
    assert_eq!(b.hindered, None);
    let mut over = hand(spec, FAILOVER, Side::B);
    until("B's links are down", DEADLINE, || {
        cluster.b.iter().all(|node| node.info("master_link_status") == "down")
    });
    let refused = over.apply().unwrap_err();
    assert!(refused.to_string().contains("only redis.cluster_takeover goes on"), "{refused}");
    let meant = shown(&looks, Side::B);
    let mut take = Hand::meant_for(spec, TAKEOVER, Side::B, Table::default(), meant);
    assert!(matches!(take.check(), Standing::NotDone(_)), "{:?}", take.check());
    let began = Instant::now();
    let said = take.apply().unwrap();
    eprintln!("measured: taken in {:.1} s: {said}", began.elapsed().as_secs_f64());
    assert!(done(&take.check()), "{:?}", take.check());
    let again = take.apply().unwrap();
    assert!(again.as_str().starts_with("already so: "), "{again}");
    let b = watcher.until(Side::B, "B is the primary", |b| b.role == Some(Role::Primary));
    assert_eq!(slots(&b)[0], Some(16384.0));
    assert_eq!(b.writes, Some(Writes::Open));
    until("B serves", DEADLINE, || {
        cluster.b.iter().all(|node| node.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok"))
    });
    let kept: usize = cluster.b.iter().map(|node| node.keys("auth:").len()).sum();
    assert_eq!(kept, 31);
}

fn one_is_back_and_serves_all_by_itself(cluster: &mut Cluster, watcher: &mut Watcher) {
    let lone = &mut cluster.a[0];
    lone.forget();
    lone.start();
    lone.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    until("it takes writes", DEADLINE, || lone.try_ask(&["SET", "auth:lost", "x"]).is_ok());
    for side in Side::BOTH {
        let reading = watcher.until(side, "both are primaries", |reading| {
            why(reading).contains("A and B are both primary of 16384 slots")
        });
        assert!(reading.is_open_primary(), "{reading:?}");
        assert_eq!(slots(&reading)[0], Some(16384.0));
        assert_eq!(reading.lag, None);
    }
    let keys = Side::BOTH.map(|side| figure(&watcher.side(side).unwrap(), "keys"));
    assert_eq!(keys, [Some(1.0), Some(31.0)]);
}
