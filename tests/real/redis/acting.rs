//! Promotion, handover, failback and proof on real servers, with just the rights of the docs.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::Role;
use warroom::domain::settings::{Table, Value};
use warroom::port::{OperateError, Output};

use super::bench::{Hand, Watcher, done, figure, system, system_at, table, text, why, yes};
use crate::kind::identity::promotes_alone;
use crate::kind::rights;
use crate::servers::proxy::Proxy;
use crate::servers::redis::{Load, Pair};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

fn says(standing: &Standing) -> String {
    match standing {
        Standing::Done(said) => format!("done: {said}"),
        Standing::NotDone(said) => format!("not done: {said}"),
        Standing::Unknown(said) => format!("unknown: {said}"),
    }
}

fn must_show(preview: &Preview, wanted: &[&str]) {
    let lines: Vec<String> =
        preview.changes.iter().map(|line| format!("{} {}", line.mark, line.text)).collect();
    for want in wanted {
        assert!(lines.iter().any(|line| line.contains(want)), "{want} in {lines:#?}");
    }
}

#[test]
fn nothing_is_promoted_beside_a_primary() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    pair.a.ask(&["SET", "held", "yes"]);
    assert_eq!(pair.a.ask(&["WAIT", "1", "10000"]), "1");
    promotes_alone(&spec, "redis.promote", || pair.a.kill9());
}

#[test]
fn a_promotion_under_load_takes_effect_once_and_its_loss_is_measured() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let hand = |action: &str, side: Side| Hand::new(&spec, action, side, Table::default());
    let mut watcher = Watcher::new(&spec);
    let mut promote = hand("redis.promote", Side::B);
    let mut write = hand("redis.verify_write", Side::B);
    let mut write_a = hand("redis.verify_write", Side::A);
    let mut load = Load::start(&pair.a, pair.home(), 2, "dr:hb:a");
    write_a.apply().unwrap();
    assert!(done(&write_a.check()));
    // The same key, copied from A, must prove nothing in B later.
    let copied = pair.a.ask(&["GET", "warroom:probe:step:A"]);
    pair.a.ask(&["SET", "warroom:probe:step:B", &copied]);
    assert!(says(&write.check()).contains("is a standby"));
    let refused = write.apply().unwrap_err();
    assert!(refused.to_string().contains("is a replica: it refuses writes"), "{refused}");
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    must_show(
        &promote.preview(),
        &[
            "~ cache in Region B role replica -> PRIMARY",
            "~ cache in Region B writes refused -> ACCEPTED",
            "- replication Region A -> Region B REMOVED",
            "! Region A still takes writes: TWO PRIMARIES",
        ],
    );
    assert_eq!(promote.preview().call.as_str(), "REPLICAOF NO ONE");

    // Keys that A acknowledges and B does not get: they are lost.
    load.until_more(100);
    pair.a.cut_links();
    load.until_more(300);
    let end = watcher.side(Side::A).unwrap().end.unwrap();
    pair.a.kill9();
    load.stop();
    assert!(matches!(promote.check(), Standing::NotDone(_)));
    let said = promote.apply().unwrap();
    assert!(said.as_str().starts_with("PRIMARY of history"), "{said}");
    assert!(done(&promote.check()));
    let again = promote.apply().unwrap();
    assert!(again.as_str().starts_with("already so: PRIMARY"), "{again}");
    assert!(says(&write.check()).contains("of another history: not written here"));
    write.apply().unwrap();
    assert!(done(&write.check()));

    // What B last got of A's heartbeat is when the loss began, to within one heartbeat.
    let b = watcher.side(Side::B).unwrap();
    assert_eq!(b.role, Some(Role::Primary));
    let parted = b.parted.clone().unwrap();
    assert_eq!((&end.of, end.unit), (&parted.of, parted.unit));
    assert!(end.at > parted.at + 300 * 30, "A wrote up to {end:?}, B parted at {parted:?}");
    let lost = load.missing_in(&pair.b);
    assert!(lost.len() >= 300, "{} lost", lost.len());
    let arrived = figure(&b, "last_replayed_unix_ms").unwrap();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let began = lost[0].wall_ms as f64;
    let early = began - arrived;
    assert!((-50.0..=400.0).contains(&early), "first lost {early} ms after the last heartbeat");

    failback(&mut pair, &spec, &mut watcher);
}

fn failback(pair: &mut Pair, spec: &warroom::domain::site::SystemSpec, watcher: &mut Watcher) {
    // The old primary comes back and takes writes: two primaries.
    pair.a.start();
    let a = watcher.side(Side::A).unwrap();
    assert_eq!((a.role, yes(&a, "diverged")), (Some(Role::Primary), Some(true)));
    let mut keep = Hand::new(spec, "redis.replicate", Side::A, Table::default());
    must_show(&keep.preview(), &["it will be REFUSED: cache in Region A holds up to"]);
    let refused = keep.apply().unwrap_err();
    assert!(refused.to_string().contains("export them, then set `discard = true`"), "{refused}");
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    let with = || table(vec![("discard", Value::Boolean(true))]);
    let mut follow = Hand::new(spec, "redis.replicate", Side::A, with());
    must_show(&follow.preview(), &["- cache in Region A ERASED: up to", "keys copied anew"]);
    assert!(matches!(follow.check(), Standing::NotDone(_)));
    let said = follow.apply().unwrap();
    assert!(said.as_str().contains("follows Region B, link up"), "{said}");
    assert!(done(&follow.check()));
    assert_eq!(pair.a.keys("auth:"), pair.b.keys("auth:"));
    // An empty source is copied by no word of a plan.
    pair.b.ask(&["FLUSHALL"]);
    pair.a.ask(&["REPLICAOF", "NO", "ONE"]);
    pair.a.ask(&["SET", "auth:1", "x"]);
    let mut erase = Hand::new(spec, "redis.replicate", Side::A, with());
    let refused = erase.apply().unwrap_err();
    assert!(refused.to_string().contains("Region B is EMPTY"), "{refused}");
    assert_eq!(pair.a.info("role"), "master");
}

#[test]
fn an_empty_replica_is_not_promoted_and_one_that_saves_the_data_is() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut promote = Hand::new(&spec, "redis.promote", Side::B, Table::default());
    let refused = promote.apply().unwrap_err();
    let want = "cache in Region B is EMPTY and Region A holds none either";
    assert!(refused.to_string().contains(want), "{refused}");
    must_show(&promote.preview(), &["! it will be REFUSED: cache in Region B is EMPTY"]);
    pair.a.ask(&["SET", "auth:1", "x"]);
    pair.until_caught_up();
    // The primary comes back empty, and the replica cannot reach it.
    pair.b.ask(&["CONFIG", "SET", "masterauth", "not the password"]);
    pair.a.kill9();
    pair.a.forget();
    pair.a.start();
    must_show(&promote.preview(), &["! Region A is EMPTY: this saves the 1 keys of"]);
    promote.apply().unwrap();
    assert_eq!(pair.b.ask(&["GET", "auth:1"]), "x");
    // With the word of the plan an empty one is promoted too.
    pair.b.ask(&["FLUSHALL"]);
    pair.b.ask(&["CONFIG", "SET", "masterauth", "replica"]);
    pair.b.follow(&pair.a);
    let with = table(vec![("allow_empty", Value::Boolean(true))]);
    Hand::new(&spec, "redis.promote", Side::B, with).apply().unwrap();
    assert_eq!(pair.b.info("role"), "master");
}

#[test]
fn a_planned_handover_under_load_loses_nothing() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut to_b = Hand::new(&spec, "redis.failover", Side::B, Table::default());
    let mut load = Load::start(&pair.a, pair.home(), 1, "dr:hb:a");
    load.until_more(300);
    assert!(says(&to_b.check()).contains("is a standby of Region A"));
    let call = format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 10000", pair.b.port);
    assert_eq!(to_b.preview().call.as_str(), call);
    must_show(&to_b.preview(), &["~ Region A role PRIMARY -> replica of cache in Region B"]);
    let said = to_b.apply().unwrap();
    let want = "Region B is PRIMARY, Region A is its replica, 0 B lost";
    assert!(said.as_str().contains(want), "{said}");
    until("A follows B", DEADLINE, || done(&to_b.check()));
    load.stop();
    assert!(load.missing_in(&pair.b).is_empty(), "{:?}", load.missing_in(&pair.b));
    let again = to_b.apply().unwrap_err();
    assert!(again.to_string().contains("Region A is no primary"), "{again}");

    // And back: one that cannot be had in time is given up, and leaves all as it was.
    let with = table(vec![("wait", text("1s"))]);
    let mut to_a = Hand::new(&spec, "redis.failover", Side::A, with);
    pair.b.ask(&["SET", "auth:1", "x"]);
    until("A has it", DEADLINE, || pair.a.ask(&["GET", "auth:1"]) == "x");
    let to_a_call = to_a.preview().call.to_string();
    assert!(to_a_call.ends_with("TIMEOUT 1000"), "{to_a_call}");
    to_a.apply().unwrap();
    until("B follows A", DEADLINE, || done(&to_a.check()));
    assert_eq!((pair.a.info("role"), pair.b.info("role")), ("master".into(), "slave".into()));
}

#[test]
fn a_slow_replica_of_a_busy_primary_holds_nothing_of_its_own() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let slow = Proxy::to(pair.b.port);
    slow.delay(Duration::from_millis(50));
    let spec = system_at(pair.a.port, slow.port, "read", "act", Table::default());
    let mut load = Load::start(&pair.a, pair.home(), 1, "dr:hb:a");
    load.until_more(100);
    for action in ["redis.promote", "redis.replicate"] {
        let preview = Hand::new(&spec, action, Side::B, Table::default()).preview();
        let shown: Vec<&str> = preview.changes.iter().map(|line| line.text.as_str()).collect();
        let bad = |line: &&str| line.contains("have split") || line.contains("may not have");
        assert!(!shown.iter().any(bad), "{action}: {shown:?}");
    }
    load.stop();
}

/// Stops B just before the handover is ordered, with something on its way.
struct Stopper<'p>(&'p Pair);

impl Output for Stopper<'_> {
    fn line(&mut self, line: &str) {
        if line.starts_with("FAILOVER TO") {
            self.0.b.freeze();
            self.0.a.ask(&["SET", "auth:late", "x"]);
        }
    }
}

#[test]
fn a_handover_to_a_silent_replica_is_given_up() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let with = || table(vec![("wait", text("1s"))]);
    let mut to_b = Hand::new(&spec, "redis.failover", Side::B, with());
    // It hangs once it was ordered: the primary waits as long as it was told to, and goes on.
    let refused = to_b.apply_telling(&mut Stopper(&pair)).unwrap_err();
    let want = "within 1 s: Region A gave the failover up and is PRIMARY as before";
    assert!(refused.to_string().contains(want), "{refused}");
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    assert_eq!(pair.a.info("role"), "master");
    pair.a.ask(&["SET", "auth:after", "x"]);
    // Without a replica that listens it is not even begun.
    let refused = to_b.apply().unwrap_err();
    assert!(refused.to_string().contains("did not answer"), "{refused}");
    pair.b.thaw();
    pair.a.cut_links();
    until("the link is down", DEADLINE, || pair.b.info("master_link_status") == "down");
    let refused = to_b.apply().unwrap_err();
    assert!(refused.to_string().contains("does not follow Region A now"), "{refused}");
    assert_eq!(pair.a.info("master_failover_state"), "no-failover");
    assert_eq!(pair.a.info("role"), "master");
}

#[test]
fn keys_are_compared_by_being_there_and_by_their_life() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    for number in 0..120 {
        let key = format!("auth:{number}");
        pair.a.ask(&["SET", &key, "x", "EX", "1000"]);
    }
    pair.a.ask(&["SET", "other:1", "x"]);
    pair.until_caught_up();
    let spec = system(&pair, "read", "act", Table::default());
    let verify = |settings: Vec<(&str, Value)>| {
        let mut with = vec![("keys", text("auth:*"))];
        with.extend(settings);
        Hand::new(&spec, "redis.verify_keys", Side::B, table(with))
    };
    let mut all = verify(Vec::new());
    let want = "done: 120 of 120 keys `auth:*` of Region A are in cache in Region B";
    assert!(says(&all.check()).starts_with(want), "{}", says(&all.check()));
    all.apply().unwrap();
    let mut some = verify(vec![("sample", Value::Integer(10))]);
    assert!(says(&some.check()).contains("10 of 10 sampled keys"), "{}", says(&some.check()));
    // What B lacks, and what lives on there for longer.
    pair.b.ask(&["CONFIG", "SET", "replica-read-only", "no"]);
    pair.b.ask(&["DEL", "auth:7"]);
    let want = "not done: 1 of 120 keys `auth:*` are not in cache in Region B, as `auth:7`";
    assert_eq!(says(&all.check()), want);
    let refused = all.apply().unwrap_err();
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    let mut lenient = verify(vec![("missing_at_most", Value::Integer(1))]);
    assert!(says(&lenient.check()).starts_with("done: 119 of 120"), "{}", says(&lenient.check()));
    pair.b.ask(&["PERSIST", "auth:8"]);
    assert!(says(&lenient.check()).contains("as `auth:8`"), "{}", says(&lenient.check()));
    // Without A there is nothing to compare with, and that is said.
    pair.a.kill9();
    let alone = says(&all.check());
    let want = "done: cache in Region B has 119 keys `auth:*`, 1 of them without an end; NOT \
                COMPARED: Region A does not answer";
    assert_eq!(alone, want);
    pair.b.ask(&["FLUSHALL"]);
    assert!(says(&all.check()).starts_with("not done: cache in Region B has no key"));
}

#[test]
fn a_missing_right_is_said_with_its_rule() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    pair.a.ask(&["SET", "auth:1", "x"]);
    pair.until_caught_up();
    let spec = system(&pair, "read", "plain", Table::default());
    let check = |action: &str, side: Side, with: Table, want: &str| {
        rights::is_missing(&spec, action, side, with, want);
    };
    let rule = "user wr_plain may not use REPLICAOF; ACL SETUSER wr_plain +replicaof";
    check("redis.promote", Side::B, Table::default(), rule);
    let rule = "ACL SETUSER wr_plain +failover";
    check("redis.failover", Side::B, Table::default(), rule);
    let rule = "ACL SETUSER wr_plain +set";
    check("redis.verify_write", Side::A, Table::default(), rule);
    pair.a.ask(&["ACL", "SETUSER", "wr_plain", "+set", "+get"]);
    let rule = "may not use key `warroom:probe:step:A` with SET; ACL SETUSER wr_plain ~warroom";
    check("redis.verify_write", Side::A, Table::default(), rule);
    let keys = || table(vec![("keys", text("other:*"))]);
    pair.b.ask(&["ACL", "SETUSER", "wr_read", "-scan"]);
    pair.a.ask(&["ACL", "SETUSER", "wr_read", "-scan"]);
    let refused = Hand::new(&spec, "redis.verify_keys", Side::B, keys()).apply().unwrap_err();
    assert!(refused.to_string().contains("ACL SETUSER wr_read +scan"), "{refused}");
    assert_eq!((pair.a.info("role"), pair.b.info("role")), ("master".into(), "slave".into()));
    let a = Watcher::new(&spec).side(Side::A).unwrap();
    assert_eq!(why(&a), "");
}
