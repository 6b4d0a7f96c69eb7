//! What the probe says of a real pair in every state that was measured: never less than the truth.

use std::time::Duration;

use serde_json::json;
use warroom::domain::ids::Side;
use warroom::domain::link::LinkState;
use warroom::domain::reading::{Basis, Certainty, Health, LookErrorKind, Reading, Role, Writes};
use warroom::domain::settings::Table;

use super::bench::{BOOKS, Watcher, figure, list, system, table, text, why, yes};
use crate::kind::truth::knows_no_lag;
use crate::servers::load::Acknowledged;
use crate::servers::opensearch::Pair;
use crate::servers::opensearch::producer::{Load, missing_in, now_ms};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// One who looks, when it last did, and the longest time between two of its looks.
struct Judge {
    watcher: Watcher,
    last_ms: i64,
    longest_ms: i64,
    /// How much was written when it last looked.
    written: usize,
}

impl Judge {
    /// Looks while documents are written, and holds what is told against what is missing: no less
    /// than what was missing all the time of the look, and not more than may have been.
    fn measured(&mut self, pair: &Pair, load: &Load) -> Reading {
        let before = load.acknowledged();
        let began = now_ms();
        let possible = load.missing_in(&pair.b, BOOKS);
        let reading = self.watcher.side(Side::B).unwrap();
        let ended = now_ms();
        let missing = missing_in(&before, &pair.b, BOOKS);
        // What has arrived is counted a moment later: what was written since the last look may be
        // told as missing.
        let written = load.acknowledged().len() - self.written;
        self.written = before.len();
        let lag = reading.lag.as_ref().unwrap();
        // What is missing was written between two looks of a while ago.
        self.longest_ms = self.longest_ms.max(ended - self.last_ms);
        self.last_ms = began;
        if lag.certainty == Certainty::Unknown {
            assert!(knows_no_lag(&reading), "{lag:?}");
            return reading;
        }
        let amount = usize::try_from(lag.amount.unwrap()).unwrap();
        let oldest = |of: &[Acknowledged]| of.first().map_or(0, |first| began - first.wall_ms);
        let (surely, maybe) = (oldest(&missing), oldest(&possible));
        assert!(amount >= missing.len(), "{amount} told, {} missing", missing.len());
        // The one that is being written is acknowledged a moment later than it counts.
        let most = possible.len() + written + 1;
        assert!(amount <= most, "{amount} told, at most {most} missing");
        if let Some(seconds) = lag.seconds {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
            let [surely, maybe, took, interval] =
                [surely, maybe, ended - began, self.longest_ms].map(|ms| ms as f64 / 1000.0);
            assert!(seconds >= surely - 0.001, "{seconds} s told, {surely} s missing");
            assert!(
                seconds <= maybe + took + interval,
                "{seconds} s told, {maybe} s missing, the look took {took} s of {interval} s"
            );
        }
        reading
    }
}

#[test]
fn the_lag_of_a_busy_pair_is_never_below_the_truth() {
    let Some(_turn) = turn(Group::Search) else { return };
    let mut pair = Pair::start();
    pair.followed(BOOKS, 2);
    let spec = system(&pair, Table::default());
    let mut judge =
        Judge { watcher: Watcher::new(&spec), last_ms: now_ms(), longest_ms: 0, written: 0 };
    let looks = judge.watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Standby)));
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Refused)));
    assert_eq!((why(&a), why(&b)), (String::new(), String::new()));
    assert_eq!((yes(&a, "writable"), yes(&b, "writable")), (Some(true), Some(false)));
    assert_eq!(b.link_state(), Some(LinkState::Up));

    // Busy: it keeps up, and what is told is true.
    let load = Load::start(pair.a.port, BOOKS, Duration::from_millis(20));
    for _ in 0..8 {
        judge.measured(&pair, &load);
    }
    // It stalls, as a healthy one does: the lag grows, and nothing is called wrong.
    pair.order(|orders| orders.held = true);
    until("a second of it is missing", DEADLINE, || {
        let b = judge.measured(&pair, &load);
        assert_eq!(why(&b), "");
        b.lag.unwrap().seconds.is_some_and(|seconds| seconds > 1.0)
    });
    let b = judge.measured(&pair, &load);
    assert_eq!(b.lag.as_ref().map(|lag| lag.basis), Some(Basis::Offset));
    pair.order(|orders| orders.held = false);
    until("it is level again", DEADLINE, || {
        judge.measured(&pair, &load).lag.is_some_and(|lag| lag.seconds < Some(1.0))
    });

    // Paused: it tells no numbers, and both clusters' own are exact.
    pair.gates[1].ask("POST", "/_plugins/_replication/books/_pause", &json!({}));
    until("what is paused grows", DEADLINE, || {
        let b = judge.measured(&pair, &load);
        assert!(why(&b).contains("`books` is paused: User initiated"), "{}", why(&b));
        assert_eq!(b.link_state(), Some(LinkState::Down));
        b.lag.unwrap().amount > Some(30)
    });
    pair.gates[1].ask("POST", "/_plugins/_replication/books/_resume", &json!({}));
    until("it is level again", DEADLINE, || {
        judge.measured(&pair, &load).lag.is_some_and(|lag| lag.amount < Some(20))
    });
    // One of two shards is not told, and the sums are equal: nothing is known.
    pair.order(|orders| orders.late_shard = true);
    let b = judge.measured(&pair, &load);
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    assert!(why(&b).contains("`books` has shards that are not copied yet"), "{}", why(&b));
    pair.order(|orders| orders.late_shard = false);
    gone(&mut pair, &mut judge, &load);
}

/// The leader hangs, dies and comes back while it is written to.
fn gone(pair: &mut Pair, judge: &mut Judge, load: &Load) {
    pair.order(|orders| orders.held = true);
    // What was on its way as that was ordered still arrives.
    until("fifty are missing", DEADLINE, || load.missing_in(&pair.b, BOOKS).len() >= 50);
    pair.a.program.freeze();
    let looks = judge.watcher.look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
    let b = looks.b.unwrap().unwrap();
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));
    pair.a.program.kill9();
    let looks = judge.watcher.look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Unreachable);
    let b = looks.b.unwrap().unwrap();
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    assert_eq!((b.role, b.link_state()), (Some(Role::Standby), Some(LinkState::Down)));
    assert_eq!(b.health, Health::Up, "a good standby of a dead leader");
    // What it says of itself is level, and is not believed.
    let stats = pair.gates[1].ask("GET", "/_plugins/_replication/follower_stats", &json!(null)).1;
    let stats = &stats["index_stats"][BOOKS];
    assert_eq!(stats["leader_checkpoint"], stats["follower_checkpoint"]);
    assert!(load.missing_in(&pair.b, BOOKS).len() >= 50);
    pair.a.restart();
    pair.order(|orders| orders.held = false);
    until("it is level again", DEADLINE, || {
        judge.measured(pair, load).lag.is_some_and(|lag| lag.amount < Some(20))
    });
}

#[test]
fn what_starts_or_lost_its_leaders_name_is_told_as_it_is() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    let spec = system(&pair, Table::default());
    let mut watcher = Watcher::new(&spec);
    let a = watcher.side(Side::A).unwrap();
    assert!(why(&a).contains("none of the indices is there"), "{}", why(&a));
    assert_eq!((a.role, a.writes), (None, Some(Writes::Unknown)));
    pair.create(BOOKS, 1);
    pair.order(|orders| orders.bootstraps = true);
    let body = json!({ "leader_alias": "east", "leader_index": BOOKS });
    assert_eq!(pair.gates[1].ask("PUT", "/_plugins/_replication/books/_start", &body).0, 200);
    let b = watcher.side(Side::B).unwrap();
    assert!(why(&b).contains("`books` making their first copy"), "{}", why(&b));
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    pair.order(|orders| orders.bootstraps = false);
    pair.until_level(BOOKS);
    let b = watcher.side(Side::B).unwrap();
    assert_eq!((why(&b), b.lag.and_then(|lag| lag.amount)), (String::new(), Some(0)));

    // Its name for the leader is dropped: it says that nothing is copied, and copies.
    let seeds = json!({ "persistent": { "cluster.remote.east.seeds": null } });
    pair.b.ask("PUT", "/_cluster/settings", &seeds);
    let b = watcher.side(Side::B).unwrap();
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    assert!(why(&b).contains("is said not to be copied, and is marked as copied"), "{}", why(&b));
    pair.introduce();
    // A provider hides the mark of a copied index; the block that keeps writes out tells it too.
    pair.order(|orders| orders.hides_mark = true);
    let b = watcher.side(Side::B).unwrap();
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));

    // Some of the indices follow, some are open: no role, and named.
    pair.b.ask("PUT", "/extra", &json!({ "settings": { "number_of_replicas": 0 } }));
    let spec = system(&pair, table(vec![("indices", list(&[BOOKS, "extra", "none"]))]));
    let b = Watcher::new(&spec).side(Side::B).unwrap();
    assert_eq!((b.role, b.writes), (None, Some(Writes::Open)));
    let want = "`books` followed, `extra` open here: it has no role";
    assert!(why(&b).contains(want) && why(&b).contains("`none` not there"), "{}", why(&b));

    // The wrong cluster: A's name on both sides, and another name than the site says.
    let both = crate::kind::Rig::system(&pair, "read", "act", Table::default());
    let [a, _] = pair.ports();
    let same = <Pair as crate::kind::Rig>::system_at([a, a], "read", "act", Table::default());
    let b = Watcher::new(&same).side(Side::B).unwrap();
    assert!(why(&b).contains("A and B are one and the same cluster"), "{}", why(&b));
    let mut other = both;
    for (key, node) in &mut other.sides[1].as_mut().unwrap().entries {
        if key.name == "alias" {
            node.value = text("north");
        }
    }
    let b = Watcher::new(&other).side(Side::B).unwrap();
    assert!(why(&b).contains("follows the cluster called `east`, not `north`"), "{}", why(&b));
    assert!(knows_no_lag(&b), "{:?}", b.lag);
}

#[test]
fn snapshots_rules_replicas_and_health_are_told() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 1);
    let rule = json!({ "leader_alias": "east", "name": "all", "pattern": "bo*" });
    pair.gates[1].ask("POST", "/_plugins/_replication/_autofollow", &rule);
    let repository = json!({ "type": "fs", "settings": { "location": pair.a.repository() } });
    pair.a.ask("PUT", "/_snapshot/nightly", &repository);
    let kept = || {
        let kept = table(vec![("repository", text("nightly")), ("at_most", text("1d"))]);
        table(vec![("snapshots", warroom::domain::settings::Value::Table(kept))])
    };
    let spec = system(&pair, kept());
    let a = Watcher::new(&spec).side(Side::A).unwrap();
    assert!(why(&a).contains("no good snapshot in `nightly`"), "{}", why(&a));
    pair.a.ask("PUT", "/_snapshot/nightly/s1?wait_for_completion=true", &json!({}));
    let looks = Watcher::new(&spec).look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert!(figure(&a, "snapshot_age").is_some_and(|age| age < 60.0), "{a:?}");
    // B knows no such repository.
    assert!(figure(&b, "snapshot_age").is_none(), "{b:?}");
    let rules = b.fact("autofollow_rules").map(warroom::domain::reading::FactValue::shown);
    assert_eq!(rules.as_deref(), Some("all"));
    // A replica that has no place is yellow: meant on a standby of one node, not on a primary.
    let body = json!({ "index.number_of_replicas": 1 });
    for node in [&pair.a, &pair.b] {
        node.ask("PUT", "/books/_settings", &body);
    }
    let mut spec = system(&pair, Table::default());
    let meant = table(vec![("expected_health", text("yellow"))]);
    spec.sides[1].as_mut().unwrap().entries.extend(meant.entries);
    let looks = Watcher::new(&spec).look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    let want = "the cluster is yellow, not green: 1 shard without a place";
    assert!(why(&a).contains(want), "{}", why(&a));
    assert_eq!((why(&b), figure(&b, "replicas")), (String::new(), Some(1.0)));
}
