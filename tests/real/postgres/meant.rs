//! Which server is meant: readings name it, operators act on no other, a look follows the name.

use std::fs;
use std::process::Command;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{FactValue, Identity, Reading, Role, Writes};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::{Expected, OperateError};

use super::bench::{Hand, Watcher, done, system, system_at, table, text, why, yes};
use crate::servers::postgres::Pair;
use crate::servers::{DEADLINE, folder, until};
use crate::turns::{Group, turn};

fn identity(reading: &Reading) -> Identity {
    reading.identity.clone().expect("every reading tells it")
}

fn both(watcher: &mut Watcher) -> (Reading, Reading) {
    let looks = watcher.look();
    (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap())
}

/// Both sides by name instead of by address.
fn by_names(pair: &Pair, [a, b]: [&str; 2]) -> SystemSpec {
    let mut spec = system(pair, "read", "act", table(vec![("sslmode", text("disable"))]));
    for (side, name) in spec.sides.iter_mut().zip([a, b]) {
        let entries = &mut side.as_mut().unwrap().entries;
        let host = entries.iter_mut().find(|(key, _)| key.name == "host").unwrap();
        host.1.value = Value::Text(name.to_owned());
    }
    spec
}

#[test]
fn a_reading_names_its_server_and_what_it_holds() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let mut pair = Pair::start();
    let mut watcher = Watcher::new(&system(&pair, "read", "act", Table::default()));
    pair.a.sql("create table t (x int)");
    pair.until_caught_up();
    // A look may itself make a primary write, when it is the first to read a page of the catalogue.
    let (mut a, mut b) = both(&mut watcher);
    until("both stand at one point", DEADLINE, || {
        (a, b) = both(&mut watcher);
        a.end == b.end
    });
    assert_ne!(identity(&a).server, identity(&b).server);
    assert_eq!(identity(&a).data, identity(&b).data);
    let cluster = pair.a.sql("select system_identifier from pg_control_system()");
    assert_eq!(identity(&a).data.as_str(), cluster);
    let started = pair.a.sql(
        "select to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    );
    assert_eq!(
        identity(&a).server.as_str(),
        format!("{cluster} started {}Z", started.replace(' ', "T"))
    );
    let address = format!("127.0.0.1:{}", pair.a.port);
    assert_eq!(a.fact("server_address"), Some(&FactValue::Text(address.as_str().into())));
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Refused)));
    let end = a.end.clone().unwrap();
    assert_eq!((end.of.as_str(), Some(&end)), (cluster.as_str(), b.end.as_ref()));
    assert_eq!((&a.parted, &b.parted), (&None, &None));

    // Two names, one server.
    let mixed = system_at(pair.a.port, pair.a.port, "read", "act", Table::default());
    let looks = Watcher::new(&mixed).look();
    let (one, two) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!(identity(&one), identity(&two));
    assert_eq!((yes(&one, "diverged"), yes(&two, "diverged")), (Some(false), Some(false)));

    // A server that was started again is another one that holds the same; what it recovered after a
    // crash is no other server's history.
    pair.a.kill9();
    pair.a.start();
    let (again, _) = both(&mut watcher);
    assert_ne!(identity(&again).server, identity(&a).server);
    assert_eq!((identity(&again).data, &again.parted), (identity(&a).data, &None));
}

#[test]
fn a_planned_handover_is_no_split() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let mut fence = Hand::new(&spec, "postgres.fence", Side::A, Table::default());
    let mut promote = Hand::new(&spec, "postgres.promote", Side::B, Table::default());
    pair.a.sql("create table t (x int)");
    watcher.look();
    fence.apply().unwrap();
    assert!(done(&fence.check()));
    let b = watcher.until(Side::B, "nothing is left to replay", |reading| {
        let lag = reading.lag.as_ref().unwrap();
        reading.fact("replay_gap") == Some(&FactValue::Number(0.0)) && lag.seconds == Some(0.0)
    });
    assert_eq!(b.role, Some(Role::Standby));
    let (closed, _) = both(&mut watcher);
    assert_eq!((closed.role, closed.writes), (Some(Role::Primary), Some(Writes::Refused)));
    let preview = promote.preview();
    let has_all = "pg in Region B has all that Region A has written";
    assert!(preview.changes.iter().any(|line| line.text.as_str() == has_all), "{preview:?}");
    promote.apply().unwrap();
    let own_timeline = pair.b.sql("select pg_last_wal_replay_lsn()");

    // The fenced primary writes its housekeeping, the promoted one its own history.
    pair.a.sql("checkpoint");
    pair.b.sql("create table u (x int)");
    let (a, b) = both(&mut watcher);
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Primary)));
    assert_eq!((a.writes, b.writes), (Some(Writes::Refused), Some(Writes::Open)));
    assert_eq!((yes(&a, "diverged"), yes(&b, "diverged")), (Some(false), Some(false)));
    assert_eq!((why(&a), why(&b)), (String::new(), String::new()));
    assert_eq!(a.note.as_str(), "PRIMARY, timeline 1, writes refused");
    let parted = b.parted.unwrap();
    assert!(closed.end.unwrap().at <= parted.at, "nothing is missing in B");
    assert!(a.end.unwrap().at > parted.at, "A went on by itself");
    let history = pair.b.sql("select pg_read_file('pg_wal/00000002.history')");
    assert!(history.contains(&own_timeline), "{history}: {own_timeline}");

    // A write in A makes it a split after all.
    Hand::new(&spec, "postgres.unfence", Side::A, Table::default()).apply().unwrap();
    let (a, b) = both(&mut watcher);
    assert_eq!((yes(&a, "diverged"), yes(&b, "diverged")), (Some(true), Some(true)));
}

#[test]
fn no_operator_acts_on_another_server() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let (a, b) = both(&mut Watcher::new(&spec));
    let (a, b) = (identity(&a), identity(&b));
    let check = |action: &str, side: Side, shown: &Identity, met: &Identity| {
        let expected = Expected { target: Some(shown.clone()), other: None, ..Expected::default() };
        let mut hand = Hand::meant_for(&spec, action, side, Table::default(), expected);
        assert_eq!(hand.identity().unwrap().as_ref(), Some(met));
        if shown == met {
            assert!(!matches!(hand.check(), Standing::Unknown(_)), "{action}");
            return;
        }
        let Standing::Unknown(said) = hand.check() else { panic!("{action}: {:?}", hand.check()) };
        let refused = hand.apply().unwrap_err();
        assert!(matches!(refused, OperateError::Refused(_)), "{action}: {refused:?}");
        for said in [said.as_str(), &refused.to_string()] {
            let want =
                format!("expected {}, met {}; nothing was done there", shown.server, met.server);
            assert!(said.contains(&want), "{action}: {said}");
        }
    };
    let actions = ["promote", "fence", "unfence", "verify_write", "verify_schema"]
        .map(|verb| format!("postgres.{verb}"));
    for action in &actions {
        // A is a primary already, and B refuses writes already: neither proves anything.
        check(action, Side::A, &b, &a);
        check(action, Side::B, &a, &b);
    }
    check("postgres.promote", Side::B, &b, &b);
    assert_eq!(pair.b.sql("select pg_is_in_recovery()"), "t");
    assert_eq!(pair.a.sql("show default_transaction_read_only"), "off");
    assert_eq!(pair.a.sql("select count(*) from warroom_probe"), "0");

    // What another server on the other side has is no yardstick either.
    let expected = Expected { target: Some(b.clone()), other: Some(b), ..Expected::default() };
    let schema = "postgres.verify_schema";
    let mut hand = Hand::meant_for(&spec, schema, Side::B, Table::default(), expected);
    let Standing::Done(said) = hand.check() else { panic!("{:?}", hand.check()) };
    assert!(said.as_str().contains("not compared") && said.as_str().contains("another"), "{said}");
}

/// Set in the process that has a hosts file of its own.
const INNER: &str = "WARROOM_TEST_HOSTS";

#[test]
fn a_look_follows_the_name() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    if let Some(hosts) = std::env::var_os(INNER) {
        let bound = Command::new("mount").arg("--bind").arg(hosts).arg("/etc/hosts").status();
        assert!(bound.unwrap().success());
        check_moved_name(&|text: &str| fs::write("/etc/hosts", text).unwrap());
        return;
    }
    // A mount namespace of our own, so that names can be moved without touching the machine's.
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|it| it.success()) {
        eprintln!("NOT TESTED: names cannot be moved without the right to mount");
        return;
    }
    let folder = folder();
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "").unwrap();
    let inner = Command::new("unshare")
        .arg("-m")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &this("a_look_follows_the_name"), "--nocapture"])
        .env(INNER, &hosts)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&inner.stdout);
    assert!(inner.status.success() && said.contains("1 passed"), "{said}");
}

/// The whole name of a test of this file.
fn this(test: &str) -> String {
    let (_, module) = module_path!().split_once("::").expect("a module of the binary");
    format!("{module}::{test}")
}

fn check_moved_name(write: &dyn Fn(&str)) {
    let pair = Pair::start_at(["127.0.0.1", "127.0.0.2"]);
    let names = ["wr-a.test", "wr-b.test"];
    let hosts = |a: &str, b: &str| write(&format!("{a} {}\n{b} {}\n", names[0], names[1]));
    hosts("127.0.0.1", "127.0.0.2");
    let spec = by_names(&pair, names);
    let mut watcher = Watcher::new(&spec);
    let (a, b) = both(&mut watcher);
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Standby)));

    // The name of A is moved to B: the look says what a step would meet.
    hosts("127.0.0.2", "127.0.0.2");
    let (moved, _) = both(&mut watcher);
    assert_eq!(identity(&moved), identity(&b), "the kept connection is not asked any more");
    let expected =
        Expected { target: Some(identity(&a)), other: Some(identity(&b)), ..Expected::default() };
    let mut fence = Hand::meant_for(&spec, "postgres.fence", Side::A, Table::default(), expected);
    let Standing::Unknown(said) = fence.check() else { panic!("{:?}", fence.check()) };
    assert!(said.as_str().contains("wr-a.test") && said.as_str().contains("another"), "{said}");

    // The name is gone: the server is still there, and that steps would not find it is said.
    hosts("127.0.0.1", "127.0.0.2");
    watcher.look();
    write("");
    let (nameless, _) = both(&mut watcher);
    assert_eq!(identity(&nameless), identity(&a));
    assert!(why(&nameless).contains("the name wr-a.test is not found"), "{}", why(&nameless));
    hosts("127.0.0.1", "127.0.0.2");
    let (back, _) = both(&mut watcher);
    assert_eq!(why(&back), "");
}
