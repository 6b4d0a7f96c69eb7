//! The stand-in itself: it answers, and lies, as the real plugin was measured to.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::servers::opensearch::producer::Load;
use crate::servers::opensearch::rights::{Door, User};
use crate::servers::opensearch::{EAST, Pair, ask, start_of};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// The stand-in's word on an index, and its two sums.
fn told(pair: &Pair, index: &str) -> (String, Option<i64>, Option<i64>) {
    let status = pair.status(index);
    let of = |name: &str| status["syncing_details"][name].as_i64();
    let word = status["status"].as_str().unwrap_or_default().to_owned();
    (word, of("leader_checkpoint"), of("follower_checkpoint"))
}

#[test]
fn documents_are_copied_and_every_call_answers_as_measured() {
    let Some(_turn) = turn(Group::Search) else { return };
    let began = Instant::now();
    let pair = Pair::start();
    eprintln!("two nodes serve after {:?}", began.elapsed());
    pair.create("books", 2);
    let call = |method: &str, target: &str, body: &Json| pair.gates[1].ask(method, target, body);
    let verb =
        |word: &str| call("POST", &format!("/_plugins/_replication/books/{word}"), &json!({}));
    let body = json!({ "leader_alias": EAST, "leader_index": "books" });
    assert_eq!(told(&pair, "books").0, "REPLICATION NOT IN PROGRESS");
    let mut load = Load::start(pair.a.port, "books", Duration::from_millis(10));
    load.until_more(50);
    pair.order(|orders| orders.bootstraps = true);
    assert_eq!(call("PUT", &start_of("books"), &body).0, 200);
    assert_eq!(told(&pair, "books").0, "BOOTSTRAPPING");
    assert_eq!(call("GET", "/books/_doc/1", &Json::Null).0, 503);
    assert_eq!(verb("_pause").0, 500);
    pair.order(|orders| orders.bootstraps = false);
    until("it follows", DEADLINE, || told(&pair, "books").0 == "SYNCING");
    let (status, why) = call("PUT", &start_of("books"), &body);
    assert_eq!(status, 400, "{why}");
    assert_eq!(call("PUT", "/books/_doc/x", &json!({})).0, 403);

    // Held: what is outstanding grows, and is told; its statistics lie.
    pair.order(|orders| orders.held = true);
    load.until_more(100);
    let (_, there, here) = told(&pair, "books");
    assert!(there.zip(here).is_some_and(|(there, here)| there - here >= 90), "{there:?} {here:?}");
    let stats = call("GET", "/_plugins/_replication/follower_stats", &Json::Null).1;
    let stats = &stats["index_stats"]["books"];
    assert_eq!(stats["leader_checkpoint"], stats["follower_checkpoint"]);
    assert!(load.missing_in(&pair.b, "books").len() >= 90);
    pair.order(|orders| orders.held = false);

    assert_eq!((verb("_pause").0, verb("_pause").0), (200, 400));
    assert_eq!(told(&pair, "books"), ("PAUSED".to_owned(), None, None));
    assert_eq!(call("PUT", "/books/_doc/x", &json!({})).0, 403);
    assert_eq!((verb("_resume").0, verb("_resume").0), (200, 400));
    load.stop();
    pair.until_level("books");
    assert!(load.missing_in(&pair.b, "books").is_empty());
    // What is deleted is deleted there too.
    let before = pair.b.count("books");
    pair.a.ask("DELETE", "/books/_doc/1", &Json::Null);
    until("it is deleted", DEADLINE, || pair.b.count("books") == before - 1);

    assert_eq!((verb("_stop").0, verb("_stop").0), (200, 400));
    assert_eq!(call("PUT", "/books/_doc/x", &json!({})).0, 201);
    assert_eq!(call("PUT", &start_of("books"), &body).0, 400);
    rules(&pair);
}

fn rules(pair: &Pair) {
    let target = "/_plugins/_replication/_autofollow";
    let call = |method: &str, body: &Json| pair.gates[1].ask(method, target, body).0;
    let body = json!({ "leader_alias": EAST, "name": "all", "pattern": "bo*" });
    assert_eq!(call("DELETE", &body), 500);
    assert_eq!((call("POST", &body), call("POST", &body)), (200, 500));
    pair.order(|orders| orders.autofollow_every = Duration::from_millis(300));
    assert_eq!(pair.gates[1].ask("DELETE", "/books", &Json::Null).0, 200);
    until("it is made again", DEADLINE, || told(pair, "books").0 == "SYNCING");
    assert_eq!((call("DELETE", &body), call("DELETE", &body)), (200, 500));
}

#[test]
fn a_leader_that_is_gone_or_hangs_is_answered_for_as_measured() {
    let Some(_turn) = turn(Group::Search) else { return };
    let mut pair = Pair::start();
    pair.followed("books", 1);
    pair.a.write("books", "1", &json!({ "n": 1 }));
    pair.until_level("books");
    // The name of the leader is dropped: it says that nothing is copied, and copies.
    let seeds = json!({ "persistent": { "cluster.remote.east.seeds": null } });
    pair.b.ask("PUT", "/_cluster/settings", &seeds);
    assert_eq!(told(&pair, "books").0, "REPLICATION NOT IN PROGRESS");
    pair.a.write("books", "2", &json!({ "n": 2 }));
    until("it copies", DEADLINE, || pair.b.count("books") == 2);
    pair.introduce();
    // Frozen: a stop hangs and leaves the index closed.
    pair.a.program.freeze();
    let (stop, port) = ("/_plugins/_replication/books/_stop", pair.gates[1].port);
    let is_closed = || pair.b.try_ask("GET", "/books/_doc/1", &Json::Null).0 == 400;
    std::thread::scope(|scope| {
        let hangs =
            scope.spawn(|| std::panic::catch_unwind(|| ask(port, "POST", stop, &json!({}))));
        until("it is closed", DEADLINE, is_closed);
        // Without the name it ends.
        pair.b.ask("PUT", "/_cluster/settings", &seeds);
        let (status, told) = pair.gates[1].ask("POST", stop, &json!({}));
        assert_eq!(status, 200, "{told}");
        assert!(!is_closed());
        pair.a.program.kill9();
        let _ = hangs.join();
    });
}

#[test]
fn only_who_is_known_is_let_in() {
    let Some(_turn) = turn(Group::Search) else { return };
    let mut pair = Pair::start();
    let ask = |pair: &Pair, method: &str| ask(pair.ports()[0], method, "/x", &Json::Null);
    assert_eq!(ask(&pair, "PUT").0, 200);
    let users = vec![User::all("admin", "secret")];
    pair.gates[0].guard(Door { users: users.clone(), ..Door::default() });
    assert_eq!(ask(&pair, "DELETE").0, 401);
    pair.gates[0].guard(Door { users, signed_for: Some("eu-1".to_owned()), ..Door::default() });
    let (status, told) = ask(&pair, "DELETE");
    assert_eq!((status, &told["message"]), (403, &json!("Missing Authentication Token")));
    assert_eq!(pair.gates[0].changes(), ["PUT /x"]);
    // What was written is there after a restart.
    pair.a.program.kill9();
    pair.a.restart();
    assert_eq!(pair.a.count("x"), 0);
}
