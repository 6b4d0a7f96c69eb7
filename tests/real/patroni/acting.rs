//! Promotion under load, the old side back by itself, and the trap of the way back.

use serde_json::json;
use warroom::domain::ids::Side;
use warroom::domain::reading::{Role, Writes};
use warroom::domain::settings::Table;
use warroom::port::{Expected, OperateError};

use super::bench::{Hand, Watcher, done, must_show, says, system, why, yes};
use crate::kind::identity::shown;
use crate::servers::patroni::{Load, Pair, SLOT};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

#[test]
fn a_promotion_takes_effect_once_and_a_way_back_on_its_own_is_never_done() {
    let Some(_turn) = turn(Group::Patroni) else { return };
    let mut pair = Pair::start();
    let mut watcher = Watcher::new(&system(&pair));
    promoted(&mut pair, &mut watcher);
    back_by_itself(&mut pair, &mut watcher);
    trapped(&pair, &mut watcher);
}

fn promoted(pair: &mut Pair, watcher: &mut Watcher) {
    let spec = system(pair);
    let load = Load::start(&pair.e1, 5);
    watcher.until(Side::B, "a lag", |reading| reading.lag.is_some());
    let meant = Expected { alone: true, ..shown(&watcher.look(), Side::B) };
    let hand =
        || Hand::meant_for(&spec, "patroni.promote", Side::B, Table::default(), meant.clone());
    let mut promote = hand();
    assert_eq!(promote.identity().unwrap(), meant.target);
    must_show(
        &promote.preview(),
        &[
            "~ cluster in Region B standby cluster -> PRIMARY",
            "~ cluster in Region B writes refused -> ACCEPTED",
            "! Region A still takes writes: TWO PRIMARIES",
        ],
    );
    // Beside an open primary it does nothing, even where one of its members hangs.
    pair.e2.program.freeze();
    let refused = promote.apply().unwrap_err();
    assert!(refused.to_string().contains("nothing was done: fence it first"), "{refused}");
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    assert!(says(&promote.check()).starts_with("not done: cluster in Region B is a standby"));
    pair.e2.program.thaw();
    pair.lose_east();
    let acknowledged = load.acknowledged().len();
    drop(load);
    let said = promote.apply().unwrap();
    assert!(said.as_str().contains("is PRIMARY on timeline 2, led by w1"), "{said}");
    assert!(done(&promote.check()));
    // Pressed twice, and by another console: nothing happens twice.
    for mut again in [promote, hand()] {
        let said = again.apply().unwrap();
        assert!(said.as_str().starts_with("already so"), "{said}");
    }
    assert_eq!(
        pair.w1.sql("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"),
        "00000002"
    );
    pair.w1.sql("create table after_promotion (n int)");
    pair.w1.sql("insert into after_promotion values (1)");
    let there = pair.w1.sql("select count(*) from load_rows").parse::<usize>().unwrap();
    assert!((1..=acknowledged + 1).contains(&there), "{there} of {acknowledged}");
    let b =
        watcher.until(Side::B, "where its own history began", |reading| reading.parted.is_some());
    assert_eq!((b.role, b.writes), (Some(Role::Primary), Some(Writes::Open)));
    assert!(b.parted.unwrap().at <= b.end.unwrap().at);
}

/// The old side is started again with its own DCS, and leads at once.
fn back_by_itself(pair: &mut Pair, watcher: &mut Watcher) {
    pair.etcds[0].start();
    pair.e1.start();
    pair.e1.until_role("primary");
    let a = watcher.until(Side::A, "it leads", |reading| reading.role == Some(Role::Primary));
    let b = watcher.side(Side::B).unwrap();
    assert!(a.is_open_primary() && b.is_open_primary(), "{a:?} {b:?}");
    for reading in [&a, &b] {
        assert_eq!(yes(reading, "diverged"), Some(true));
        assert!(why(reading).contains("are both primaries"), "{}", why(reading));
    }
}

/// Both on one timeline, Patroni sees no difference, streams, and is no copy.
fn trapped(pair: &Pair, watcher: &mut Watcher) {
    pair.e1.sql("insert into load_rows select -n from generate_series(1, 500) n");
    let spec = system(pair);
    let mut demote = Hand::new(&spec, "patroni.demote", Side::A, Table::default());
    let timeline = "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";
    assert!(pair.e1.sql(timeline) >= pair.w1.sql(timeline), "it leads on a timeline of its own");
    let wanted = "! it will be REFUSED: DIVERGED: cluster in Region A is a PRIMARY on timeline";
    must_show(&demote.preview(), &[wanted]);
    let refused = demote.apply().unwrap_err();
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    assert!(refused.to_string().contains("Patroni rewinds only an older one"), "{refused}");
    // By hand it is done all the same.
    let follow =
        json!({ "host": "127.0.0.1", "port": pair.w1.postgres, "primary_slot_name": SLOT });
    pair.e1.configure(&json!({ "standby_cluster": follow }));
    let is_standby = |pair: &Pair| pair.e1.get("/patroni")["role"] == "standby_leader";
    until("it calls itself a standby leader", DEADLINE, || is_standby(pair));
    let mut seen = (false, 0);
    until("it is told, and never done", DEADLINE, || {
        let standing = demote.check();
        assert!(!done(&standing), "{standing:?}");
        let said = says(&standing);
        let told = said.contains("DIVERGED") || said.contains("receives nothing");
        assert!(!told || said.contains("Patroni does not see that"), "{said}");
        // What the new primary writes does not arrive.
        pair.w1.sql("insert into after_promotion values (2)");
        seen = (seen.0 || told, seen.1 + 1);
        seen.0 && seen.1 >= 30
    });
    let a = watcher.until(Side::A, "it is told", |reading| {
        yes(reading, "diverged") == Some(true) || why(reading).contains("nothing is received")
    });
    assert_eq!(a.role, Some(Role::Standby));
    assert!(a.lag.unwrap().seconds.is_none_or(|seconds| seconds > 0.0));
}
