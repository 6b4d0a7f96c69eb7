//! What a look tells of a healthy pair, and each way in which lag is known to lie.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Basis, Certainty, FactValue, Health, LookErrorKind, Role};
use warroom::domain::settings::Table;

use super::bench::{Watcher, figure, system, table, text, why, yes};
use crate::kind::{rights, truth};
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

#[test]
fn a_healthy_pair_has_roles_and_a_known_small_lag() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let version = pair.a.version();
    println!("Postgres {version}");
    let mut watcher = Watcher::new(&system(&pair, "read", "act", Table::default()));
    let b = watcher.until(Side::B, "caught up", |reading| {
        reading.lag.as_ref().and_then(|lag| lag.seconds) == Some(0.0)
    });
    let lag = b.lag.clone().unwrap();
    assert_eq!((lag.amount, lag.certainty), (Some(0), Certainty::Known));
    assert_eq!((b.role, &b.health), (Some(Role::Standby), &Health::Up));
    assert_eq!(yes(&b, "link_up"), Some(true));
    assert_eq!(yes(&b, "diverged"), Some(false));
    assert_eq!(yes(&b, "writable"), Some(false));
    assert_eq!(figure(&b, "replay_gap"), Some(0.0));
    assert_eq!(figure(&b, "invalid_indexes"), Some(0.0));
    let a = watcher.side(Side::A).unwrap();
    assert_eq!((a.role, &a.health, &a.lag), (Some(Role::Primary), &Health::Up, &None));
    assert_eq!(a.fact("sender"), Some(&FactValue::Text("streaming async".into())));
    assert_eq!((yes(&a, "writable"), figure(&a, "timeline")), (Some(true), Some(1.0)));
    match (a.fact("server_version"), b.fact("server_version")) {
        (Some(FactValue::Text(a)), Some(b)) => {
            assert!(a.as_str() == version && b == &FactValue::Text(a.clone()), "{a} {b:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(a.fact("system_identifier"), b.fact("system_identifier"));
    assert_eq!(a.fact("schema_fingerprint"), b.fact("schema_fingerprint"));
    assert!(matches!(a.fact("schema_fingerprint"), Some(FactValue::Text(_))));
    assert!(a.facts.iter().chain(&b.facts).all(|fact| {
        use warroom::port::System as _;
        warroom::systems::postgres::Postgres.facts().iter().any(|spec| spec.name == fact.name)
    }));
}

#[test]
fn lag_does_not_lie() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let mut pair = Pair::start();
    let mut watcher = Watcher::new(&system(&pair, "read", "act", Table::default()));
    pair.a.sql("create table t (x int)");
    pair.until_caught_up();

    // An idle primary: the last transaction grows old, the lag does not.
    let idle = watcher.until(Side::B, "one second idle", |reading| {
        // A page that the server wrote out ahead of its record's end cannot be replayed yet.
        figure(reading, "last_replayed").is_some_and(|age| age > 1.0)
            && figure(reading, "replay_gap") == Some(0.0)
    });
    let lag = idle.lag.unwrap();
    assert!(lag.seconds.is_some_and(|seconds| seconds < 1.0), "{lag:?}");

    // Replay is paused: everything is received, yet the data grows old.
    pair.b.sql("select pg_wal_replay_pause()");
    pair.b.until_sql("select pg_get_wal_replay_pause_state()", "paused");
    pair.a.sql("insert into t select generate_series(1, 1000)");
    let paused = watcher.until(Side::B, "a replay gap", |reading| {
        let lag = reading.lag.as_ref().unwrap();
        figure(reading, "replay_gap").is_some_and(|gap| gap > 0.0)
            && lag.unreceived.is_some_and(|part| part.amount == 0)
            && lag.seconds.is_some_and(|seconds| seconds > 0.5)
    });
    assert_eq!(yes(&paused, "replay_paused"), Some(true));
    assert!(why(&paused).contains("replay is paused"), "{}", why(&paused));
    pair.b.sql("select pg_wal_replay_resume()");
    pair.until_caught_up();

    // The primary hangs: the link still looks well from the standby, and the lag is unknown.
    pair.a.freeze();
    let looks = watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap_err(), looks.b.unwrap().unwrap());
    assert_eq!(a.kind, LookErrorKind::Timeout, "{a}");
    assert_eq!(yes(&b, "link_up"), Some(true));
    assert_eq!(b.lag.unwrap().known_seconds(), None);
    pair.a.thaw();
    watcher.until(Side::B, "zero after the thaw", |reading| {
        reading.lag.as_ref().unwrap().seconds == Some(0.0)
    });

    // The primary dies: received equals replayed, and the lag is unknown, never zero.
    pair.a.kill9_all();
    let alone = watcher
        .until(Side::B, "the link is down", |reading| yes(reading, "link_up") == Some(false));
    assert!(truth::knows_no_lag(&alone), "{:?}", alone.lag);
    assert!(matches!(alone.fact("replay_gap"), Some(FactValue::Unknown(_))));
    assert_eq!(alone.role, Some(Role::Standby));
    let dead = watcher.side(Side::A).unwrap_err();
    assert_eq!(dead.kind, LookErrorKind::Unreachable, "{dead}");
    assert!(dead.to_string().contains("refused the connection"), "{dead}");

    // It comes back, and the kept connections with it.
    pair.a.start();
    watcher
        .until(Side::B, "zero again", |reading| reading.lag.as_ref().unwrap().seconds == Some(0.0));
}

#[test]
fn missing_rights_are_not_missing_replicas() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let mut plain = Watcher::new(&system(&pair, "plain", "act", Table::default()));
    for side in Side::BOTH {
        let reading = plain.side(side).unwrap();
        assert!(why(&reading).contains("permission missing: need pg_monitor"), "{reading:?}");
        assert!(why(&reading).contains("GRANT pg_monitor TO wr_plain"), "{reading:?}");
    }
    let looks = plain.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert!(matches!(a.fact("sender"), Some(FactValue::Unknown(_))));
    assert!(matches!(b.fact("link_up"), Some(FactValue::Unknown(_))));
    assert!(matches!(b.fact("wal_receiver"), Some(FactValue::Unknown(_))));
    assert_eq!(b.lag.unwrap().known_seconds(), None);

    rights::wrong_password(&pair);
}

#[test]
fn a_heartbeat_is_read_and_never_written() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    pair.a.sql(
        "create table dr_heartbeat (id int primary key, region text, ts timestamptz);
         insert into dr_heartbeat values (1, 'a', clock_timestamp())",
    );
    pair.until_caught_up();
    let heartbeat = table(vec![("table", text("dr_heartbeat"))]);
    let settings = table(vec![("heartbeat", warroom::domain::settings::Value::Table(heartbeat))]);
    let mut watcher = Watcher::new(&system(&pair, "read", "act", settings));
    let denied = watcher.side(Side::B).unwrap();
    assert!(why(&denied).contains("permission denied for table dr_heartbeat"), "{denied:?}");
    pair.a.sql("grant select on dr_heartbeat to wr_read");
    pair.until_caught_up();
    pair.b.sql("select pg_wal_replay_pause()");
    pair.b.until_sql("select pg_get_wal_replay_pause_state()", "paused");
    pair.a.sql("update dr_heartbeat set ts = clock_timestamp()");
    let behind = watcher.until(Side::B, "behind by the heartbeat", |reading| {
        reading.lag.as_ref().unwrap().basis == Basis::Heartbeat
    });
    assert!(behind.lag.as_ref().unwrap().seconds.unwrap() > 0.0);
    assert!(figure(&behind, "heartbeat_age").is_some());
}
