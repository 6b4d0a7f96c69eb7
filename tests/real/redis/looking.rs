//! What the probe says of a real pair: well, behind, cut, frozen, split, emptied.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Basis, Certainty, FactValue, Health, LookErrorKind, Role};
use warroom::domain::settings::Table;

use super::bench::{Watcher, figure, system, why, yes};
use crate::kind::{rights, truth};
use crate::servers::redis::{Load, Pair};
use crate::turns::{Group, turn};

#[test]
fn a_lag_is_told_only_of_two_places() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    pair.until_caught_up();
    let looks = watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Standby)));
    assert_eq!((&a.health, &b.health), (&Health::Up, &Health::Up));
    assert_eq!(yes(&b, "diverged"), Some(false));
    assert_eq!((yes(&a, "writable"), yes(&b, "writable")), (Some(true), Some(false)));

    // Under load both figures are known, and small.
    let load = Load::start(&pair.a, pair.home(), 1, "dr:hb:a");
    load.until_more(200);
    let b = watcher.until(Side::B, "a heartbeat has arrived", |reading| {
        reading.lag.as_ref().is_some_and(|lag| lag.basis == Basis::Heartbeat)
    });
    let lag = b.lag.clone().unwrap();
    assert_eq!(lag.certainty, Certainty::Known);
    assert!(lag.seconds.is_some_and(|seconds| seconds < 1.0), "{lag:?}");
    assert!(lag.amount.is_some(), "{lag:?}");

    // Cut: the replica's own offsets agree, the truth grows.
    pair.a.cut_links();
    let b = watcher.until(Side::B, "the lag grows", |reading| {
        let lag = reading.lag.as_ref().unwrap();
        lag.seconds.is_some_and(|seconds| seconds > 1.0) && lag.amount > Some(1000)
    });
    assert_eq!(pair.b.info("master_repl_offset"), pair.b.info("slave_repl_offset"));
    assert_eq!(b.lag.as_ref().map(|lag| lag.certainty), Some(Certainty::Known));
    assert_eq!(yes(&b, "link_up"), Some(false));
    assert!(matches!(b.fact("link_age"), Some(FactValue::Unknown(_))), "{b:?}");
    assert!(why(&b).contains("replication from A does not run: link down for"), "{}", why(&b));

    // Mended: it catches up by itself.
    pair.a.mend_links();
    let b = watcher.until(Side::B, "B is level again", |reading| reading.health == Health::Up);
    assert_eq!(yes(&b, "link_up"), Some(true));
    assert!(figure(&b, "link_age").is_some());

    // Frozen and dead: nothing is known of the lag, whatever B says of itself.
    pair.a.freeze();
    let looks = watcher.look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
    let b = looks.b.unwrap().unwrap();
    assert!(truth::knows_no_lag(&b), "{:?}", b.lag);
    pair.a.kill9();
    let looks = watcher.look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Unreachable);
    let b = looks.b.unwrap().unwrap();
    assert_eq!(b.lag.as_ref().map(|lag| lag.certainty), Some(Certainty::Unknown));
    assert!(matches!(b.fact("diverged"), Some(FactValue::Unknown(_))), "{b:?}");
}

#[test]
fn split_and_strange_pairs_are_told() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let stranger = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    // A replica of somebody else is no replica of A.
    pair.b.follow(&stranger.a);
    let b = watcher
        .until(Side::B, "B follows a stranger", |reading| yes(reading, "diverged") == Some(true));
    let want = format!("B is not a replica of A: it follows 127.0.0.1:{}", stranger.a.port);
    assert!(why(&b).contains(&want), "{}", why(&b));
    assert_eq!(b.lag.as_ref().map(|lag| lag.certainty), Some(Certainty::Unknown));
    // Both are replicas.
    pair.a.follow(&stranger.a);
    let b = watcher.side(Side::B).unwrap();
    assert!(why(&b).contains("neither side is primary"), "{}", why(&b));
    // Both are primaries.
    for server in [&pair.a, &pair.b] {
        server.ask(&["REPLICAOF", "NO", "ONE"]);
    }
    let looks = watcher.look();
    for look in [looks.a, looks.b] {
        let reading = look.unwrap().unwrap();
        assert_eq!((reading.role, yes(&reading, "diverged")), (Some(Role::Primary), Some(true)));
        assert!(why(&reading).contains("A and B are both primary"), "{}", why(&reading));
    }
}

#[test]
fn missing_rights_are_said() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let look =
        |read: &str| Watcher::new(&system(&pair, read, "act", Table::default())).side(Side::A);
    let wrong = look("wrong").unwrap_err();
    assert!(wrong.to_string().contains("refused user wr_read: wrong name or password"), "{wrong}");
    rights::wrong_password(&pair);
    // A user that may only ask for INFO: roles are told, the rest is unknown with its rule.
    let plain = look("plain").unwrap();
    assert_eq!(plain.role, Some(Role::Primary));
    assert!(why(&plain).contains("user wr_plain may not use GET; ACL SETUSER wr_plain +get"));
    pair.a.ask(&["ACL", "SETUSER", "wr_plain", "+get"]);
    let plain = look("plain").unwrap();
    assert!(why(&plain).contains("may not use key `dr:hb:a`"), "{}", why(&plain));
    pair.a.ask(&["ACL", "SETUSER", "wr_plain", "-info"]);
    let plain = look("plain").unwrap_err();
    assert_eq!(plain.kind, LookErrorKind::Permission, "{plain}");
    assert!(plain.to_string().contains("ACL SETUSER wr_plain +info"), "{plain}");
}
