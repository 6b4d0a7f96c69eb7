//! Fence, drain, promotion, proof, failback and restoring on real nodes.

use std::time::Duration;

use serde_json::json;
use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Health, Role, Writes};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use super::bench::{
    BOOKS, Hand, Watcher, done, list, must_show, says, system, table, text, why, yes,
};
use crate::kind::identity::{none_acts, promotes_alone, shown};
use crate::servers::opensearch::Pair;
use crate::servers::opensearch::producer::{Load, now_ms};
use crate::servers::proxy::{Proxy, Weather};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const STOP: &str = "POST /_plugins/_replication/books/_stop";

fn hand(spec: &SystemSpec, action: &str, side: Side) -> Hand {
    Hand::new(spec, action, side, Table::default())
}

fn discard() -> Table {
    table(vec![("discard", Value::Boolean(true))])
}

#[test]
fn a_planned_switch_under_load_loses_nothing_and_goes_back() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 2);
    let mut spec = system(&pair, Table::default());
    let rule = json!({ "leader_alias": "east", "name": "all", "pattern": "bo*" });
    pair.gates[1].ask("POST", "/_plugins/_replication/_autofollow", &rule);
    let more =
        table(vec![("autofollow", list(&["all", "never-was"])), ("replicas", Value::Integer(1))]);
    spec.sides[1].as_mut().unwrap().entries.extend(more.entries);
    let mut watcher = Watcher::new(&spec);
    let mut load = Load::start(pair.gates[0].port, BOOKS, Duration::from_millis(10));
    load.until_more(100);
    let mut drain = hand(&spec, "opensearch.drain", Side::B);
    assert!(says(&drain.check()).contains("not proven closed: it may write on"));
    // What is not there yet when the fence falls must still arrive.
    pair.order(|orders| orders.held = true);
    load.until_more(50);
    let mut fence = hand(&spec, "opensearch.fence", Side::A);
    must_show(&fence.preview(), &["~ search in Region A writes -> REFUSED"]);
    fence.apply().unwrap();
    assert!(fence.apply().unwrap().as_str().starts_with("already so"));
    let acknowledged = load.acknowledged().len();
    let a = watcher.side(Side::A).unwrap();
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Refused)));
    assert!(says(&drain.check()).contains("lacks"), "{}", says(&drain.check()));
    pair.order(|orders| orders.held = false);
    let drained = drain.apply().unwrap();
    assert!(drained.as_str().contains("holds everything of Region A"), "{drained}");
    assert_eq!(load.acknowledged().len(), acknowledged, "it was written to behind the fence");
    load.stop();
    let switched = watcher.look();
    let end = switched.a.unwrap().unwrap().end.unwrap();

    pair.gates[1].changes();
    let mut promote = hand(&spec, "opensearch.promote", Side::B);
    must_show(
        &promote.preview(),
        &["- rule `all` of search in Region B REMOVED", "- replication of `books` (SYNCING) ENDED"],
    );
    let said = promote.apply().unwrap();
    assert!(said.as_str().contains("is PRIMARY, 1 indices take writes"), "{said}");
    assert!(load.missing_in(&pair.b, BOOKS).is_empty());
    // Pressed twice it does nothing more.
    assert!(pair.gates[1].changes().contains(&STOP.to_owned()));
    assert!(promote.apply().unwrap().as_str().starts_with("already so"));
    assert_eq!(pair.gates[1].changes(), Vec::<String>::new());
    let b = watcher.side(Side::B).unwrap();
    assert_eq!((b.role, b.writes), (Some(Role::Primary), Some(Writes::Open)));
    // Nothing was lost, by both sides' numbers.
    assert_eq!(b.parted.as_ref(), Some(&end));
    let mut write = hand(&spec, "opensearch.verify_write", Side::B);
    assert!(!done(&write.check()));
    write.apply().unwrap();
    assert!(done(&write.check()), "{}", says(&write.check()));
    // The proof leaves no shard without a place, and the fenced side is no fault of this one: what
    // is missing is the replica that it was promoted with.
    let b = watcher.look_anew().b.unwrap().unwrap();
    assert_eq!(why(&b), "the cluster is yellow, not green: 2 shards without a place");
    assert_eq!(pair.b.count(BOOKS), u64::try_from(acknowledged).unwrap());
    failback(&pair, &spec, &mut watcher);
}

/// The old primary copies from the new one, and takes over again.
fn failback(pair: &Pair, spec: &SystemSpec, watcher: &mut Watcher) {
    pair.b.write(BOOKS, "only-b", &json!({ "n": 1 }));
    let mut fence = hand(spec, "opensearch.unfence", Side::A);
    fence.apply().unwrap();
    let a = watcher.side(Side::A).unwrap();
    assert!(why(&a).contains("neither side follows"), "{}", why(&a));
    let mut keep = hand(spec, "opensearch.follow", Side::A);
    let refused = keep.apply().unwrap_err();
    assert!(refused.to_string().contains("export that, then set `discard = true`"), "{refused}");
    let mut follow = Hand::new(spec, "opensearch.follow", Side::A, discard());
    must_show(&follow.preview(), &["- `books` of search in Region A DELETED", "+ `books` copied"]);
    let load = Load::start(pair.gates[1].port, BOOKS, Duration::from_millis(20));
    let said = follow.apply().unwrap();
    assert!(said.as_str().contains("holds what Region B had, and follows"), "{said}");
    assert!(done(&follow.check()) || says(&follow.check()).contains("lacks"));
    pair.gates[0].changes();
    follow.apply().unwrap();
    assert_eq!(pair.gates[0].changes(), Vec::<String>::new());
    let looks = watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, b.role), (Some(Role::Standby), Some(Role::Primary)));
    drop(load);
    hand(spec, "opensearch.fence", Side::B).apply().unwrap();
    hand(spec, "opensearch.drain", Side::A).apply().unwrap();
    hand(spec, "opensearch.promote", Side::A).apply().unwrap();
    assert_eq!(pair.a.count(BOOKS), pair.b.count(BOOKS));
    assert_eq!(yes(&watcher.side(Side::A).unwrap(), "writable"), Some(true));
}

#[test]
fn a_leader_that_is_dead_or_hangs_is_left_behind() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 1);
    let spec = system(&pair, Table::default());
    let mut watcher = Watcher::new(&spec);
    watcher.look();
    // While a first copy is made it would be deleted.
    pair.create("extra", 1);
    pair.order(|orders| orders.bootstraps = true);
    let body = json!({ "leader_alias": "east", "leader_index": "extra" });
    pair.gates[1].ask("PUT", "/_plugins/_replication/extra/_start", &body);
    let both = system(&pair, table(vec![("indices", list(&[BOOKS, "extra"]))]));
    let refused = hand(&both, "opensearch.promote", Side::B).apply().unwrap_err();
    assert!(refused.to_string().contains("to end that DELETES them; wait for it"), "{refused}");
    pair.order(|orders| orders.bootstraps = false);
    pair.until_level("extra");

    let mut load = Load::start(pair.a.port, BOOKS, Duration::from_millis(5));
    load.until_more(50);
    pair.order(|orders| orders.held = true);
    load.until_more(100);
    load.stop();
    pair.a.program.freeze();
    let mut promote = hand(&both, "opensearch.promote", Side::B);
    must_show(
        &promote.preview(),
        &["the name `east` in search in Region B DROPPED", "Region A was not seen and may still"],
    );
    let began = std::time::Instant::now();
    promote.apply().unwrap();
    eprintln!("promoted beside a leader that hangs in {:?}", began.elapsed());
    assert!(done(&promote.check()));
    let looks = watcher.look();
    assert!(looks.a.unwrap().is_err());
    let b = looks.b.unwrap().unwrap();
    assert_eq!((b.role, b.writes), (Some(Role::Primary), Some(Writes::Open)));
    assert_eq!(b.health, Health::Up, "{b:?}");
    // Acknowledged there and not here: lost, and no more than was outstanding.
    let lost = load.missing_in(&pair.b, BOOKS);
    assert!(lost.len() >= 100, "{} lost", lost.len());
    hand(&both, "opensearch.verify_write", Side::B).apply().unwrap();

    // The old leader is back: two primaries, and the way back is said.
    pair.a.program.thaw();
    let looks = watcher.look();
    for look in [looks.a, looks.b] {
        let reading = look.unwrap().unwrap();
        assert_eq!(reading.role, Some(Role::Primary));
        assert!(why(&reading).contains("neither side follows"), "{}", why(&reading));
    }
    let mut follow = Hand::new(&both, "opensearch.follow", Side::A, discard());
    follow.apply().unwrap();
    assert_eq!(pair.a.count(BOOKS), pair.b.count(BOOKS));
}

#[test]
fn a_leader_that_hangs_unseen_does_not_leave_indices_closed() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 1);
    // What we see of A answers; what B copies from hangs: the stop itself has to be given up.
    let other = Pair::start();
    other.create(BOOKS, 1);
    let [_, b] = pair.ports();
    let spec = <Pair as crate::kind::Rig>::system_at(
        [other.ports()[0], b],
        "read",
        "act",
        Table::default(),
    );
    pair.a.program.freeze();
    let mut promote = hand(&spec, "opensearch.promote", Side::B);
    let said = promote.apply().unwrap();
    assert!(said.as_str().contains("is PRIMARY"), "{said}");
    pair.b.write(BOOKS, "x", &json!({}));
    // One that was left closed by somebody else is opened.
    pair.b.ask("POST", "/books/_close", &json!({}));
    assert!(says(&promote.check()).contains("closed or blocked"));
    promote.apply().unwrap();
    pair.b.write(BOOKS, "y", &json!({}));
}

#[test]
fn a_lost_answer_is_looked_for_and_an_open_primary_is_not_doubled() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 1);
    let proxy = Proxy::to(pair.gates[1].port);
    let a = pair.gates[0].port;
    let spec =
        <Pair as crate::kind::Rig>::system_at([a, proxy.port], "read", "act", Table::default());
    promotes_alone(&spec, "opensearch.promote", || {
        hand(&spec, "opensearch.fence", Side::A).apply().unwrap();
    });
    // Nothing of an answer comes: it is not known what was done, and nothing is done twice.
    let mut write = hand(&spec, "opensearch.verify_write", Side::B);
    write.apply().unwrap();
    proxy.weather(Weather::NoAnswers);
    let lost = hand(&spec, "opensearch.fence", Side::B).apply().unwrap_err();
    assert!(lost.to_string().contains("nothing was sent"), "{lost}");
    proxy.weather(Weather::Clear);
    // Another server under the name: nothing is done there.
    pair.gates[0].changes();
    let looks = Watcher::new(&spec).look();
    let expected = shown(&looks, Side::B);
    proxy.move_to(pair.gates[0].port);
    let with = |name: &str| match name {
        "opensearch.restore" => table(vec![("snapshot", text("s1"))]),
        _ => Table::default(),
    };
    let kept = Value::Table(table(vec![("repository", text("nightly"))]));
    let mut moved = spec.clone();
    moved.settings.entries.extend(table(vec![("snapshots", kept)]).entries);
    none_acts(&moved, Side::B, &expected, with, || pair.gates[0].changes().join(" "));
}

#[test]
fn indices_are_restored_from_the_newest_good_snapshot() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.create(BOOKS, 2);
    pair.a.write(BOOKS, "1", &json!({ "n": 1 }));
    let repository = json!({ "type": "fs", "settings": { "location": pair.a.repository() } });
    pair.a.ask("PUT", "/_snapshot/nightly", &repository);
    let kept = table(vec![("repository", text("nightly"))]);
    let spec = system(&pair, table(vec![("snapshots", Value::Table(kept))]));
    let mut restore = hand(&spec, "opensearch.restore", Side::A);
    assert!(says(&restore.check()).contains("there is no good snapshot"));
    pair.a.ask("PUT", "/_snapshot/nightly/s1?wait_for_completion=true", &json!({}));
    pair.a.write(BOOKS, "2", &json!({ "n": 2 }));
    let refused = restore.apply().unwrap_err();
    assert!(refused.to_string().contains("open: close or delete them first"), "{refused}");
    assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
    pair.a.ask("DELETE", "/books", &json!(null));
    must_show(&restore.preview(), &["~ books of search in Region A as they were in snapshot `s1`"]);
    restore.apply().unwrap();
    assert!(matches!(restore.check(), Standing::Done(_)));
    assert_eq!(pair.a.count(BOOKS), 1);
    // Made anew under the same name it is as green and as open, and has lost what it held.
    let mut watcher = Watcher::new(&spec);
    let lost = "`books` was made anew: it held 1 operation, now 0";
    watcher.until(Side::A, "it is read", |reading| reading.end.is_some());
    assert!(!why(&watcher.side(Side::A).unwrap()).contains("made anew"));
    pair.a.ask("DELETE", "/books", &json!(null));
    pair.create(BOOKS, 2);
    watcher.until(Side::A, "what is gone is said", |reading| why(reading).contains(lost));
}

#[test]
fn a_heartbeat_measures_and_its_absence_is_no_zero() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    for index in [BOOKS, "beats"] {
        pair.followed(index, 2);
    }
    let settings = table(vec![("heartbeat", text("beats")), ("heartbeat_every", text("500ms"))]);
    let mut spec = system(&pair, settings);
    for side in spec.sides.iter_mut().flatten() {
        side.entries.extend(table(vec![("beat", text("act"))]).entries);
    }
    let mut watcher = Watcher::new(&spec);
    let before = watcher.side(Side::B).unwrap();
    assert!(super::bench::figure(&before, "heartbeat_age").is_none());
    let (mut a, mut b) =
        (super::bench::Pulse::new(&spec, Side::A), super::bench::Pulse::new(&spec, Side::B));
    assert!(matches!(a.beat(), Ok(warroom::port::Beat::Written)));
    assert!(matches!(b.beat(), Ok(warroom::port::Beat::Standby(_))));
    until("it has arrived", DEADLINE, || {
        a.beat().unwrap();
        let b = watcher.side(Side::B).unwrap();
        b.lag.is_some_and(|lag| lag.basis == warroom::domain::reading::Basis::Heartbeat)
    });
    pair.until_level("beats");
    // Written and not arriving: at least so late.
    pair.order(|orders| orders.held = true);
    let held = now_ms();
    until("it is late", DEADLINE, || {
        a.beat().unwrap();
        let b = watcher.side(Side::B).unwrap();
        let lag = b.lag.unwrap();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
        let since = (now_ms() - held) as f64 / 1000.0;
        assert!(lag.seconds.is_some_and(|seconds| seconds <= since + 3.0), "{lag:?} {since}");
        lag.seconds > Some(1.5)
    });
    pair.order(|orders| orders.held = false);
    // What leads and is blocked, as by a fence, is no standby.
    pair.a.ask("PUT", "/beats/_block/write", &json!({}));
    let refused = a.beat().unwrap_err();
    assert!(refused.to_string().contains("refuses writes"), "{refused}");
    // It ceases: what is level by both sides' numbers stays so, and the absence is told.
    until("it has ceased", DEADLINE, || {
        let a = watcher.side(Side::A).unwrap();
        why(&a).contains("its heartbeat ceased")
    });
}
