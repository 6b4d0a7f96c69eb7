//! Names that lead to another server than a moment ago: it is seen, and nothing is done to it.

use std::time::Duration;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Identity, Look, Role, Writes};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::{Expected, OperateError, Output};

use super::bench::{Hand, Watcher, done, system_at, table, text};
use crate::kind::identity::{none_acts, shown};
use crate::servers::proxy::Proxy;
use crate::servers::redis::{Pair, Server};
use crate::servers::{DEADLINE, until};
use crate::stand::Lines;
use crate::turns::{Group, turn};

/// A pair behind two names that can be moved, and a pair that nobody has anything to do with.
struct Maze {
    pair: Pair,
    strangers: Pair,
    name_a: Proxy,
    name_b: Proxy,
    spec: SystemSpec,
}

impl Maze {
    fn start() -> Self {
        let (pair, strangers) = (Pair::start(), Pair::start());
        for server in [&pair.a, &strangers.a] {
            server.ask(&["SET", "auth:1", "x"]);
        }
        for pair in [&pair, &strangers] {
            pair.until_caught_up();
        }
        let (name_a, name_b) = (Proxy::to(pair.a.port), Proxy::to(pair.b.port));
        let spec = system_at(name_a.port, name_b.port, "read", "act", Table::default());
        Self { pair, strangers, name_a, name_b, spec }
    }

    /// What a step could have changed, of all four servers.
    fn state(&self) -> String {
        let of = |server: &Server| {
            let fields = ["role", "run_id", "master_replid", "master_port", "db0"];
            let told = fields.map(|field| server.info(field)).join(" ");
            format!("{told} {:?}", server.keys(""))
        };
        let (pair, strangers) = (&self.pair, &self.strangers);
        [&pair.a, &pair.b, &strangers.a, &strangers.b].map(of).join("\n")
    }
}

fn with(action: &str) -> Table {
    match action {
        "redis.verify_keys" => table(vec![("keys", text("auth:*"))]),
        "redis.replicate" => table(vec![("discard", Value::Boolean(true))]),
        _ => Table::default(),
    }
}

fn run_of(look: Option<&Look>) -> String {
    let identity: Option<Identity> = look.unwrap().as_ref().unwrap().identity.clone();
    identity.unwrap().server.to_string()
}

#[test]
fn a_look_meets_who_has_the_name_now() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let maze = Maze::start();
    let mut watcher = Watcher::new(&maze.spec);
    let mut check = |a: &Server, b: &Server| {
        let looks = watcher.look();
        let want = |server: &Server| format!("run {}", server.info("run_id"));
        assert_eq!([run_of(looks.a.as_ref()), run_of(looks.b.as_ref())], [want(a), want(b)]);
    };
    let (pair, strangers) = (&maze.pair, &maze.strangers);
    check(&pair.a, &pair.b);
    // No connection is cut: whoever kept one would go on with the server that had the name.
    maze.name_a.move_to(strangers.a.port);
    check(&strangers.a, &pair.b);
    maze.name_a.move_to(pair.b.port);
    check(&pair.b, &pair.b);
}

#[test]
fn nothing_is_done_to_a_server_that_was_not_shown() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let maze = Maze::start();
    let looks = Watcher::new(&maze.spec).look();
    let strangers = &maze.strangers;
    for side in Side::BOTH {
        let meant = shown(&looks, side);
        let name = if side == Side::A { &maze.name_a } else { &maze.name_b };
        let (own, other) = match side {
            Side::A => (maze.pair.a.port, maze.pair.b.port),
            Side::B => (maze.pair.b.port, maze.pair.a.port),
        };
        for there in [strangers.a.port, strangers.b.port, other] {
            name.move_to(there);
            none_acts(&maze.spec, side, &meant, with, || maze.state());
        }
        name.move_to(own);
    }
    // One that was started anew since it was shown is another one too.
    let mut maze = maze;
    maze.pair.b.kill9();
    maze.pair.b.start();
    maze.pair.b.follow(&maze.pair.a);
    none_acts(&maze.spec, Side::B, &shown(&looks, Side::B), with, || maze.state());
}

#[test]
fn the_other_side_is_the_one_that_was_shown_or_is_not_used() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let maze = Maze::start();
    let looks = Watcher::new(&maze.spec).look();
    let check = |action: &str, expected: Expected, want: &str| {
        let before = maze.state();
        let mut hand = Hand::meant_for(&maze.spec, action, Side::B, with(action), expected);
        let standing = hand.check();
        assert!(!done(&standing), "{action}: {standing:?}");
        let refused = hand.apply().unwrap_err();
        assert!(matches!(refused, OperateError::Refused(_)), "{action}: {refused:?}");
        assert!(refused.to_string().contains(want), "{action}: {refused}");
        assert_eq!(maze.state(), before, "{action}");
    };
    let uses_both = ["redis.failover", "redis.replicate", "redis.verify_keys"];
    maze.name_a.move_to(maze.strangers.a.port);
    for action in uses_both {
        check(action, shown(&looks, Side::B), "cache in Region A is another server than");
    }
    // Both names lead to one server, whatever is expected of it.
    maze.name_a.move_to(maze.pair.b.port);
    let one = "the name of Region A leads to the server of cache in Region B";
    for action in uses_both {
        check(action, Expected::default(), one);
    }
    maze.pair.b.ask(&["REPLICAOF", "NO", "ONE"]);
    for action in uses_both {
        check(action, Expected::default(), one);
    }
}

#[test]
fn the_server_that_was_shown_is_acted_on() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let maze = Maze::start();
    let mut watcher = Watcher::new(&maze.spec);
    // There, back, and there again: each time as the screen shows it.
    for side in [Side::B, Side::A, Side::B] {
        let meant = shown(&watcher.look(), side);
        let named = |action: &str| {
            Hand::meant_for(&maze.spec, action, side, Table::default(), meant.clone())
        };
        let mut hand = named("redis.failover");
        assert_eq!(hand.identity().unwrap(), meant.target);
        let said = hand.apply().unwrap();
        assert!(said.as_str().ends_with("0 B lost"), "{said}");
        until("the other side follows", DEADLINE, || done(&hand.check()));
        named("redis.verify_write").apply().unwrap();
        let reading = watcher.side(side).unwrap();
        assert_eq!((reading.role, reading.writes), (Some(Role::Primary), Some(Writes::Open)));
        // It went on where the other one stopped, by what both say: nothing is missing.
        let other = watcher.side(side.other()).unwrap();
        assert!(
            reading.parted.is_some() && reading.parted == other.parted,
            "{reading:?} {other:?}"
        );
        assert!(reading.parted.unwrap().at > 0);
        watcher.until(side.other(), "level", |reading| {
            reading.writes == Some(Writes::Refused)
                && reading.lag.as_ref().is_some_and(|lag| lag.amount == Some(0))
        });
    }
}

/// Looks at the pair while a handover waits for a replica that is silent.
struct Looker<'m> {
    maze: &'m Maze,
    met: Vec<Option<Writes>>,
}

impl Output for Looker<'_> {
    fn line(&mut self, line: &str) {
        if line.starts_with("FAILOVER TO") {
            self.maze.pair.b.freeze();
            self.maze.pair.a.ask(&["SET", "auth:late", "x"]);
        }
        if line == "waiting-for-sync" {
            // It has a runtime of its own, and this thread is busy with the hand's.
            let look = || Watcher::new(&self.maze.spec).side(Side::A).unwrap().writes;
            self.met.push(std::thread::scope(|scope| scope.spawn(look).join().unwrap()));
        }
    }
}

#[test]
fn writes_are_open_unless_they_are_proven_closed() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let maze = Maze::start();
    let mut watcher = Watcher::new(&maze.spec);
    let mut check = |why: &str, want: [Writes; 2]| {
        let looks = watcher.look();
        let told = [&looks.a, &looks.b]
            .map(|look| look.as_ref().unwrap().as_ref().unwrap().writes.unwrap());
        assert_eq!(told, want, "{why}");
    };
    let (a, b) = (&maze.pair.a, &maze.pair.b);
    check("a primary and its replica", [Writes::Open, Writes::Refused]);
    b.ask(&["CONFIG", "SET", "replica-read-only", "no"]);
    check("a replica that takes writes", [Writes::Open, Writes::Open]);
    b.ask(&["CONFIG", "SET", "replica-read-only", "yes"]);
    // What refuses a write now and takes the next one is no fence.
    a.ask(&["CONFIG", "SET", "min-replicas-to-write", "9"]);
    check("not enough replicas", [Writes::Open, Writes::Refused]);
    a.ask(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
    a.ask(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    check("held back for a while", [Writes::Open, Writes::Refused]);
    a.ask(&["CLIENT", "UNPAUSE"]);
    a.cut_links();
    b.until_info("master_link_status", "down");
    check("a replica on its own", [Writes::Open, Writes::Refused]);
    a.mend_links();
    b.until_info("master_link_status", "up");
    maze.pair.until_caught_up();
    // While it hands over nobody knows which of the two will be the one.
    let wait = table(vec![("wait", text("2s"))]);
    let mut looker = Looker { maze: &maze, met: Vec::new() };
    let mut hand = Hand::new(&maze.spec, "redis.failover", Side::B, wait);
    assert!(hand.apply_telling(&mut looker).is_err());
    b.thaw();
    assert_eq!(looker.met, [Some(Writes::Unknown)]);
    b.ask(&["REPLICAOF", "NO", "ONE"]);
    check("two primaries", [Writes::Open, Writes::Open]);
}

#[test]
fn a_rejoining_server_tells_how_far_its_copy_is() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let maze = Maze::start();
    let (a, b) = (&maze.pair.a, &maze.pair.b);
    b.ask(&["REPLICAOF", "NO", "ONE"]);
    b.ask(&["CONFIG", "SET", "repl-diskless-sync", "no"]);
    b.ask(&["CONFIG", "SET", "rdbcompression", "no"]);
    let fill = "for i = 1, 2000 do redis.call('SET', 'auth:' .. i, string.rep('x', 1000)) end";
    b.ask(&["EVAL", fill, "0"]);
    let looks = Watcher::new(&maze.spec).look();
    let mut follow = Hand::meant_for(
        &maze.spec,
        "redis.replicate",
        Side::A,
        with("redis.replicate"),
        shown(&looks, Side::A),
    );
    // The replica copies over the same name; a slow line makes the copy last.
    maze.name_b.delay(Duration::from_millis(10));
    let mut lines = Lines::default();
    let said = follow.apply_telling(&mut lines).unwrap();
    maze.name_b.delay(Duration::ZERO);
    assert!(said.as_str().contains("follows Region B, link up"), "{said}");
    assert!(lines.0.iter().any(|line| line.contains("% copied")), "{lines:#?}", lines = lines.0);
    assert_eq!(a.keys("auth:"), b.keys("auth:"));
    assert!(matches!(follow.check(), Standing::Done(_)));
    let reading = Watcher::new(&maze.spec).until(Side::A, "level", |reading| {
        reading.lag.as_ref().is_some_and(|lag| lag.amount == Some(0))
    });
    assert_eq!(reading.writes, Some(Writes::Refused));
}
