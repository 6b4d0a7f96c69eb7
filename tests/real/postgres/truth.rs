//! States in which a server says that all is well, and it is not.

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Basis, Certainty, FactValue, Health, Writes};
use warroom::domain::settings::{Table, Value};

use super::bench::{Hand, Watcher, figure, system, table, text, why, yes};
use crate::kind::truth::is_silent;
use crate::servers::postgres::Pair;
use crate::turns::{Group, turn};

fn set(pair: &Pair, setting: &str) {
    pair.a.sql(&format!("alter system set {setting}"));
    pair.a.sql("select pg_reload_conf()");
}

#[test]
fn a_commit_that_waits_for_nobody_there_is_no_write() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let open = |reading: &warroom::domain::reading::Reading| yes(reading, "writable") == Some(true);
    watcher.until(Side::A, "open", open);
    let with = table(vec![("create", Value::Boolean(true))]);
    let mut hand = Hand::new(&spec, "postgres.verify_write", Side::A, with);
    hand.apply().expect("it takes writes");
    for names in ["nobody", "FIRST 1 (nobody, neither)", "ANY 2 (*)"] {
        set(&pair, &format!("synchronous_standby_names = '{names}'"));
        let a = watcher.until(Side::A, names, |reading| reading.hindered.is_some());
        assert_eq!(yes(&a, "writable"), Some(false), "{names}");
        // Nothing forbids it: this is no fence, and no proof of one.
        assert_eq!(a.writes, Some(Writes::Open), "{names}");
        assert!(matches!(&a.health, Health::Degraded(_)), "{names}");
        assert!(why(&a).contains("commits wait for"), "{names}: {}", why(&a));
    }
    // The truth of it: a row does not get in, and the step that proves a write fails.
    assert!(hand.apply().is_err(), "a commit returned");
    // Once nobody waits any more the row is there for all to see; its commit was never answered.
    pair.a.sql("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
    pair.a.until_sql("select value from warroom_probe", "unconfirmed");
    let found = hand.check();
    assert!(matches!(found, Standing::NotDone(_)), "{found:?}");
    // The replica that is there, or a commit that waits for none.
    set(&pair, "synchronous_standby_names = '*'");
    watcher.until(Side::A, "the replica confirms", open);
    set(&pair, "synchronous_standby_names = 'nobody'");
    watcher.until(Side::A, "hindered again", |reading| reading.hindered.is_some());
    set(&pair, "synchronous_commit = 'local'");
    watcher.until(Side::A, "nothing is waited for", open);
    // Without the right to see replicas nothing is asserted.
    set(&pair, "synchronous_commit = 'on'");
    let mut plain = Watcher::new(&system(&pair, "plain", "act", Table::default()));
    assert_eq!(plain.side(Side::A).expect("it answers").hindered, None);
    set(&pair, "synchronous_standby_names = ''");
}

#[test]
fn a_sender_that_hangs_is_told_by_the_silence_of_the_link() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    pair.a.sql("create table t (x int)");
    pair.until_caught_up();
    let mut watcher = Watcher::new(&system(&pair, "read", "act", Table::default()));
    watcher.until(Side::B, "the link is up", |reading| yes(reading, "link_up") == Some(true));
    pair.a.freeze_child("walsender");
    pair.a.sql("insert into t select generate_series(1, 1000)");
    let b = watcher
        .until(Side::B, "the silence is told", |reading| yes(reading, "link_up") == Some(false));
    // The server still says `streaming`, and will for most of a minute.
    assert_eq!(b.fact("wal_receiver"), Some(&FactValue::Text("streaming".into())));
    assert!(is_silent(&b), "{:?}", b.link_state());
    assert!(b.note.as_str().contains("nothing received for"), "{}", b.note);
    assert!(why(&b).contains("replication from A does not run"), "{}", why(&b));
    let lag = b.lag.clone().expect("a standby");
    assert!(lag.amount.is_some_and(|bytes| bytes > 0), "{lag:?}");
    assert!(lag.unreceived.is_some_and(|part| part.amount > 0), "{lag:?}");
    pair.a.thaw_child("walsender");
    watcher.until(Side::B, "it comes again", |reading| {
        yes(reading, "link_up") == Some(true)
            && reading.lag.as_ref().is_some_and(|lag| lag.amount == Some(0))
    });
}

#[test]
fn behind_is_what_is_not_replayed_and_lost_what_is_not_received() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    pair.a.sql("create table t (x int, y text)");
    pair.until_caught_up();
    let mut watcher = Watcher::new(&system(&pair, "read", "act", Table::default()));
    pair.b.sql("select pg_wal_replay_pause()");
    pair.b.until_sql("select pg_get_wal_replay_pause_state()", "paused");
    pair.a.sql("insert into t select n, repeat('x', 700) from generate_series(1, 1000) n");
    let b = watcher.until(Side::B, "all is received and nothing replayed", |reading| {
        figure(reading, "receive_gap") == Some(0.0)
            && reading.lag.as_ref().is_some_and(|lag| lag.seconds.is_some_and(|s| s > 1.0))
    });
    let lag = b.lag.clone().expect("a standby");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let behind = lag.amount.map(|bytes| bytes as f64);
    assert_eq!(behind, figure(&b, "replay_gap"));
    assert!(lag.amount.is_some_and(|bytes| bytes > 700_000), "{lag:?}");
    assert_eq!((lag.unapplied(), lag.certainty), (lag.amount, Certainty::Known), "{lag:?}");
    assert!(lag.seconds.is_some_and(|seconds| seconds > 1.0), "the data is old: {lag:?}");
    assert_eq!(lag.loss_seconds(), Some(0.0), "what was received is kept by a promotion");
    assert!(b.note.as_str().contains("received, not replayed"), "{}", b.note);
    // And so it is.
    pair.b.sql("select pg_promote()");
    assert_eq!(pair.b.sql("select count(*) from t"), "1000");
}

#[test]
fn a_heartbeat_that_stopped_is_told_and_makes_no_lag() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    pair.a.sql(
        "create table dr_heartbeat (id int primary key, ts timestamptz);
         grant select on dr_heartbeat to wr_read;
         create table t (x int);
         insert into dr_heartbeat values (1, clock_timestamp())",
    );
    pair.until_caught_up();
    let every = ("every", text("500ms"));
    let heartbeat = table(vec![("table", text("dr_heartbeat")), every]);
    let settings = table(vec![("heartbeat", Value::Table(heartbeat))]);
    let mut watcher = Watcher::new(&system(&pair, "read", "act", settings));
    let ceased = |reading: &warroom::domain::reading::Reading| {
        why(reading).contains("the heartbeat stopped")
    };
    let b = watcher.until(Side::B, "it is told", ceased);
    assert_eq!(b.lag.as_ref().and_then(|lag| lag.seconds), Some(0.0), "all is replayed");
    // Writes go on while replay hangs: the lag is theirs, and not the age of the last heartbeat.
    pair.b.sql("select pg_wal_replay_pause()");
    pair.b.until_sql("select pg_get_wal_replay_pause_state()", "paused");
    pair.a.sql("update dr_heartbeat set ts = clock_timestamp() - interval '1 hour'");
    let b = watcher.until(Side::B, "behind by the log", |reading| {
        ceased(reading) && reading.lag.as_ref().is_some_and(|lag| lag.amount != Some(0))
    });
    let lag = b.lag.expect("a standby");
    assert_ne!(lag.basis, Basis::Heartbeat, "{lag:?}");
    assert!(lag.seconds.is_some_and(|seconds| seconds < 60.0), "{lag:?}");
    pair.b.sql("select pg_wal_replay_resume()");
    pair.a.sql("update dr_heartbeat set ts = clock_timestamp() + interval '300 ms'");
    watcher.until(Side::B, "it comes again", |reading| !ceased(reading));
}
