//! What a pair seems to be and is not: a dead link that says `up`, a heartbeat that ceased, a
//! primary that is open and takes no write.

use warroom::domain::ids::Side;
use warroom::domain::link::LinkState;
use warroom::domain::reading::{Basis, Certainty, Health, Writes};
use warroom::domain::settings::Table;

use super::bench::{Watcher, system, table, text, why, yes};
use crate::kind::truth::is_silent;
use crate::servers::proxy::{Proxy, Weather};
use crate::servers::redis::{Load, Pair};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// B follows A by a relay that can swallow everything.
fn through_a_relay(pair: &Pair) -> Proxy {
    let relay = Proxy::to(pair.a.port);
    pair.b.ask(&["REPLICAOF", "127.0.0.1", &relay.port.to_string()]);
    pair.b.until_info("master_link_status", "up");
    pair.until_caught_up();
    relay
}

#[test]
fn the_word_of_a_link_is_its_age() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let relay = through_a_relay(&pair);
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let b = watcher.until(Side::B, "B follows", |b| b.health == Health::Up);
    assert_eq!(b.link_state(), Some(LinkState::Up));

    // A black hole: the server says `up` until its own timeout of a minute.
    relay.weather(Weather::Dead);
    let b = watcher.until(Side::B, "the silence is told", is_silent);
    assert_eq!(pair.b.info("master_link_status"), "up");
    assert_eq!(yes(&b, "link_up"), Some(false));
    assert!(why(&b).contains("replication from A does not run: link silent for"), "{}", why(&b));
    // The source is lost too: what B hears of it is nothing.
    pair.a.kill9();
    let b = watcher.side(Side::B).unwrap();
    assert_eq!(pair.b.info("master_link_status"), "up");
    assert!(is_silent(&b), "{b:?}");
}

#[test]
fn a_heartbeat_that_ceased_measures_nothing() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let relay = through_a_relay(&pair);
    let every = |time: &str| table(vec![("heartbeat_every", text(time))]);
    for (settings, learned) in [(Table::default(), true), (every("500ms"), false)] {
        relay.weather(Weather::Clear);
        pair.until_caught_up();
        let spec = system(&pair, "read", "act", settings);
        let mut watcher = Watcher::new(&spec);
        let mut load = Load::start(&pair.a, pair.home(), 5, "dr:hb:a");
        for _ in 0..if learned { 30 } else { 0 } {
            load.until_more(10);
            watcher.look();
        }
        watcher.until(Side::B, "it is measured", |b| {
            b.lag.as_ref().is_some_and(|lag| lag.basis == Basis::Heartbeat)
        });
        // The heartbeat dies with the link, and others write on.
        relay.weather(Weather::Dead);
        load.stop();
        let b = watcher.until(Side::B, "it is not measured any more", |b| {
            pair.a.ask(&["INCR", "auth:more"]);
            let lag = b.lag.as_ref().unwrap();
            // Until then no figure is below the truth: B lacks what was written since.
            let zero = lag.known_seconds() == Some(0.0) && lag.amount > Some(0);
            assert!(!zero, "{lag:?}");
            lag.seconds.is_none() && lag.amount > Some(0)
        });
        assert_eq!(b.lag.as_ref().map(|lag| lag.certainty), Some(Certainty::Known));
        let a = watcher.side(Side::A).unwrap();
        assert!(why(&a).contains("its heartbeat ceased"), "{}", why(&a));
    }
}

#[test]
fn what_keeps_writes_waiting_is_told_and_is_no_fence() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let spec = system(&pair, "read", "act", Table::default());
    let mut watcher = Watcher::new(&spec);
    let mut check = |set: &[[&str; 2]], refusal: &str, want: &str| {
        for [name, value] in set {
            pair.a.ask(&["CONFIG", "SET", name, value]);
        }
        let a = watcher.until(Side::A, want, |a| a.hindered.is_some() != want.is_empty());
        let why_not = a.hindered.as_ref().map_or("", |why| why.as_str());
        assert!(why_not.contains(want), "{why_not}");
        assert_eq!(a.writes, Some(Writes::Open));
        assert_eq!(yes(&a, "writable"), Some(want.is_empty()));
        let written = pair.a.try_ask(&["SET", "auth:1", "x"]);
        match refusal {
            "" => assert!(written.is_ok(), "{written:?}"),
            refusal => assert!(written.unwrap_err().contains(refusal)),
        }
    };
    check(&[], "", "");
    check(&[["min-replicas-to-write", "2"]], "NOREPLICAS", "`min-replicas-to-write` wants 2");
    check(&[["min-replicas-to-write", "1"]], "", "");
    check(&[["min-replicas-to-write", "0"]], "", "");
    let full = [["maxmemory-policy", "noeviction"], ["maxmemory", "1mb"]];
    check(&full, "OOM", "`maxmemory-policy noeviction`");
    check(&[["maxmemory", "0"]], "", "");
    // A save that cannot be written: its folder is none.
    let save = [["save", "3600 1"], ["stop-writes-on-bgsave-error", "yes"]];
    check(&save, "", "");
    fail_a_save(&pair);
    check(&[], "MISCONF", "`stop-writes-on-bgsave-error`");
    check(&[["stop-writes-on-bgsave-error", "no"]], "", "");
}

/// A snapshot whose file cannot be made.
fn fail_a_save(pair: &Pair) {
    pair.a.folder_takes_files(false);
    pair.a.ask(&["BGSAVE"]);
    until("the save has failed", DEADLINE, || pair.a.info("rdb_last_bgsave_status") == "err");
    pair.a.folder_takes_files(true);
}
