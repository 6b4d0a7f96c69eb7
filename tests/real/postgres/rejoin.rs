//! An old primary follows the new one: by a rewind or a fresh copy, there and back, and refusals.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Identity, Reading, Role, Writes};
use warroom::domain::settings::{Node, Span, Table, Value};
use warroom::port::{Expected, OperateError, Output};

use super::bench::{Hand, Watcher, done, figure, system, system_at, table, text, why, yes};
use crate::servers::load::Load;
use crate::servers::postgres::{FOLLOW_PASSWORD, Pair, Server};
use crate::servers::proxy::Proxy;
use crate::servers::{account, folder};
use crate::turns::{Group, turn};

/// Keeps what a step told.
#[derive(Default)]
struct Told(Vec<String>);

impl Output for Told {
    fn line(&mut self, line: &str) {
        assert!(!line.contains(FOLLOW_PASSWORD), "a secret was told: {line}");
        self.0.push(line.to_owned());
    }
}

impl Told {
    fn has(&self, word: &str) -> bool {
        self.0.iter().any(|line| line.contains(word))
    }
}

/// A password file that only the servers' account reads.
fn passfile(folder: &Path, password: &str) -> String {
    let path = folder.join("pgpass");
    fs::write(&path, format!("*:*:*:wr_follow:{password}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    account::give(&path);
    path.to_str().unwrap().to_owned()
}

/// The settings of a rejoin of `server`.
fn with(server: &Server, passfile: &str) -> Table {
    let word = |word: String| Node { span: Span::default(), value: Value::Text(word) };
    table(vec![
        ("data", text(server.data().to_str().unwrap())),
        ("bin", text(server.bin().to_str().unwrap())),
        ("through", Value::List(Server::through().into_iter().map(word).collect())),
        ("user", text("wr_follow")),
        ("passfile", text(passfile)),
        ("slot", text(&format!("slot_{}", server.name))),
    ])
}

fn both(watcher: &mut Watcher) -> (Reading, Reading) {
    let looks = watcher.look();
    (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap())
}

fn identity(reading: &Reading) -> Identity {
    reading.identity.clone().unwrap()
}

/// Whom the screen showed.
fn shown(target: &Reading, other: &Reading) -> Expected {
    Expected { target: Some(identity(target)), other: Some(identity(other)), ..Expected::default() }
}

fn is_still(reading: &Reading) -> bool {
    reading.lag.as_ref().unwrap().seconds == Some(0.0) && figure(reading, "replay_gap") == Some(0.0)
}

fn refused(hand: &mut Hand, want: &str) {
    let refused = hand.apply().unwrap_err();
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    assert!(refused.to_string().contains(want), "{refused} / {want}");
}

/// A target that answers slowly holds by then what the new primary wrote after the look began.
fn is_still_done_where_answers_are_slow(pair: &Pair, home: &Path, passfile: &str) {
    let (slow, mut load) = (Proxy::to(pair.a.port), Load::start(&pair.b, home, 1));
    slow.delay(Duration::from_millis(50));
    let spec = system_at(slow.port, pair.b.port, "read", "act", Table::default());
    let mut rewind = Hand::new(&spec, "postgres.rewind", Side::A, with(&pair.a, passfile));
    load.until_more(20);
    assert!(done(&rewind.check()), "{:?}", rewind.check());
    load.stop();
}

#[test]
fn an_old_primary_is_rewound_and_the_way_back_is_a_fresh_copy() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (pair, home) = (Pair::start(), folder());
    let passfile = passfile(home.path(), FOLLOW_PASSWORD);
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let step = |action: &str, side: Side| Hand::new(&spec, action, side, Table::default());
    pair.a.sql("alter system set work_mem = '7MB'");
    pair.a.sql("create table rows (x int); insert into rows values (1)");

    // There: A is fenced, B promoted; A is rewound.
    watcher.look();
    step("postgres.fence", Side::A).apply().unwrap();
    watcher.until(Side::B, "B has everything", is_still);
    step("postgres.promote", Side::B).apply().unwrap();
    pair.a.sql("checkpoint");
    pair.b.sql("insert into rows values (2)");
    let (a, b) = both(&mut watcher);
    let mut rewind =
        Hand::meant_for(&spec, "postgres.rewind", Side::A, with(&pair.a, &passfile), shown(&a, &b));
    assert_eq!(rewind.identity().unwrap(), a.identity);
    assert!(matches!(rewind.check(), Standing::NotDone(_)), "{:?}", rewind.check());
    let preview = rewind.preview();
    assert!(preview.call.as_str().contains("pg_rewind --target-pgdata="), "{}", preview.call);
    let mut told = Told::default();
    let said = rewind.apply_telling(&mut told).unwrap();
    assert_eq!(said.as_str(), "pg in Region A follows Region B on timeline 2");
    for want in ["is verified", "slot slot_a is there", "(100%)", "server started"] {
        assert!(told.has(want), "{want} in {:#?}", told.0);
    }
    assert!(done(&rewind.check()), "{:?}", rewind.check());
    is_still_done_where_answers_are_slow(&pair, home.path(), &passfile);
    let follows = watcher.until(Side::A, "A follows B", is_still);
    assert_eq!((follows.role, yes(&follows, "diverged")), (Some(Role::Standby), Some(false)));
    assert_eq!(identity(&follows).data, identity(&a).data);
    assert_eq!(pair.a.sql("select count(*) from rows"), "2");
    // Its own settings are there, the fence is not: promoted one day, it takes writes at once.
    assert_eq!(pair.a.sql("show work_mem"), "7MB");
    assert_eq!(pair.a.sql("show cluster_name"), "a");
    assert_eq!(pair.a.sql("show default_transaction_read_only"), "off");
    assert_eq!(pair.a.sql("show primary_slot_name"), "slot_a");

    // Back: B is fenced, A promoted; B gets a fresh copy, and its old data stays beside.
    step("postgres.fence", Side::B).apply().unwrap();
    watcher.until(Side::A, "A has everything", is_still);
    step("postgres.promote", Side::A).apply().unwrap();
    pair.a.sql("insert into rows values (3)");
    let (a, b) = both(&mut watcher);
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Refused)));
    let mut copy = Hand::meant_for(
        &spec,
        "postgres.base_backup",
        Side::B,
        with(&pair.b, &passfile),
        shown(&b, &a),
    );
    let mut told = Told::default();
    let said = copy.apply_telling(&mut told).unwrap();
    assert_eq!(said.as_str(), "pg in Region B follows Region A on timeline 3");
    assert!(told.has("(100%)") && told.has("is kept in"), "{:#?}", told.0);
    let kept = format!("{}.before-run-1", pair.b.data().display());
    assert!(Path::new(&kept).join("PG_VERSION").is_file(), "{kept}");
    let follows = watcher.until(Side::B, "B follows A", is_still);
    assert_eq!((why(&follows), yes(&follows, "diverged")), (String::new(), Some(false)));
    assert_eq!(pair.b.sql("select count(*) from rows"), "3");
    assert_eq!(pair.b.sql("show cluster_name"), "b");
    assert_eq!(pair.b.sql("show default_transaction_read_only"), "off");
}

#[test]
fn a_dead_primary_loses_what_it_wrote_alone_and_follows() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (mut pair, home) = (Pair::start(), folder());
    let passfile = passfile(home.path(), FOLLOW_PASSWORD);
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    pair.a.sql("create table rows (x int)");
    pair.until_caught_up();
    let (a, _) = both(&mut watcher);
    // What A writes and does not send is lost, and A dies with it.
    pair.a.freeze_child("walsender");
    pair.a.sql("insert into rows values (99)");
    pair.a.kill9_all();
    Hand::new(&spec, "postgres.promote", Side::B, Table::default()).apply().unwrap();
    pair.b.sql("insert into rows values (1)");
    let b = watcher.side(Side::B).unwrap();

    let rejoin = |action: &str, data: &Server, expected: Expected| {
        Hand::meant_for(&spec, action, Side::A, with(data, &passfile), expected)
    };
    let mut rewind = rejoin("postgres.rewind", &pair.a, shown(&a, &b));
    assert_eq!(rewind.identity().unwrap(), a.identity, "it will be started on the data meant");
    assert!(matches!(rewind.check(), Standing::NotDone(_)), "{:?}", rewind.check());
    rewind.apply().unwrap();
    watcher.until(Side::A, "A follows B", is_still);
    assert_eq!(pair.a.sql("select x from rows"), "1", "the row that A wrote alone is gone");

    // Without what a rewind needs it is refused before anything is touched; a copy works.
    pair.b.sql("alter system set wal_log_hints = off");
    pair.b.stop();
    pair.b.start();
    watcher.until(Side::A, "A follows B, started again", is_still);
    pair.a.stop();
    let mut rewind = rejoin("postgres.rewind", &pair.a, Expected::default());
    refused(&mut rewind, "use postgres.base_backup");
    let mut copy = rejoin("postgres.base_backup", &pair.a, Expected::default());
    copy.apply().unwrap();
    watcher.until(Side::A, "A follows B again", is_still);
}

#[test]
fn nothing_is_rejoined_that_is_not_meant() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let (pair, home) = (Pair::start(), folder());
    let good = passfile(home.path(), FOLLOW_PASSWORD);
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let ways = ["postgres.rewind", "postgres.base_backup"];
    let hand = |action: &str, with: Table| Hand::new(&spec, action, Side::A, with);
    for way in ways {
        refused(&mut hand(way, with(&pair.a, &good)), "Region B is no primary");
    }
    Hand::new(&spec, "postgres.promote", Side::B, Table::default()).apply().unwrap();
    let (a, b) = both(&mut watcher);
    for way in ways {
        // A primary that still writes.
        let mut open = hand(way, with(&pair.a, &good));
        refused(&mut open, "is not proven closed, fence it first");
        // Another server than the screen showed.
        let swapped = Expected { target: Some(identity(&b)), other: None, ..Expected::default() };
        let mut other = Hand::meant_for(&spec, way, Side::A, with(&pair.a, &good), swapped);
        assert_eq!(other.identity().unwrap(), a.identity);
        refused(&mut other, "another server");
    }
    Hand::new(&spec, "postgres.fence", Side::A, Table::default()).apply().unwrap();
    let mixed = system_at(pair.b.port, pair.b.port, "read", "act", Table::default());
    let stranger = folder();
    for way in ways {
        // The data directory of the new primary itself.
        let mut wrong = hand(way, with(&pair.b, &good));
        refused(&mut wrong, "is not the one that answers as 127.0.0.1");
        let mut one = Hand::new(&mixed, way, Side::A, with(&pair.b, &good));
        refused(&mut one, "both names lead to one server");
        assert!(matches!(one.check(), Standing::Unknown(_)), "{:?}", one.check());
        // A password that does not let it in is found before anything is stopped.
        let bad = passfile(stranger.path(), "not-the-password");
        refused(&mut hand(way, with(&pair.a, &bad)), "the slot slot_a cannot be made");
    }
    let empty = |way: &str| {
        let mut settings = with(&pair.a, &good);
        let data = settings.entries.iter_mut().find(|(key, _)| key.name == "data").unwrap();
        data.1.value = text(stranger.path().to_str().unwrap());
        refused(&mut hand(way, settings), "is no data directory that can be read");
    };
    for way in ways {
        empty(way);
    }
    assert!(pair.a.is_running() && pair.b.is_running());
    let (a, b) = both(&mut watcher);
    assert_eq!((a.writes, b.writes), (Some(Writes::Refused), Some(Writes::Open)));
}
