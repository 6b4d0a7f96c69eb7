//! Sentinels and servers are both asked, and both words are told: well, hung, lying, split, and
//! while the old primary is back and says that it is the primary.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Instant;

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{
    Certainty, FactValue, Health, LookErrorKind, Reading, Role, Writes,
};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::{Expected, OperateError};

use super::bench::{Hand, Watcher, done, figure, system, table, text, texts, why, yes};
use crate::kind::identity::shown;
use crate::servers::redis::Server;
use crate::servers::redis_groups::{MASTER, Watched};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const FAILOVER: &str = "redis.sentinel_failover";

fn settings(sentinels: &[String], login: bool) -> Table {
    table(vec![
        ("sentinels", texts(sentinels)),
        ("master", text(MASTER)),
        ("sentinel_login", Value::Boolean(login)),
    ])
}

/// Both regions' servers by their hosts, watched by one group of sentinels.
fn spanning(watched: &Watched) -> SystemSpec {
    system(&watched.pair, "read", "act", settings(&watched.places(), true))
}

/// The same servers as those of one region, whose primary is where the sentinels say.
fn led(watched: &Watched) -> SystemSpec {
    let side = table(vec![("read", text("read")), ("act", text("act"))]);
    SystemSpec { sides: [Some(side), None], ..spanning(watched) }
}

fn told<'r>(reading: &'r Reading, fact: &str) -> &'r FactValue {
    reading.fact(fact).unwrap_or_else(|| panic!("{fact} is not told: {reading:?}"))
}

fn says(reading: &Reading, fact: &str) -> String {
    told(reading, fact).shown()
}

fn meant(spec: &SystemSpec, side: Side, expected: Expected) -> Hand {
    Hand::meant_for(spec, FAILOVER, side, Table::default(), expected)
}

/// What a step on side A of a region's own group is meant for.
fn shown_alone(watcher: &mut Watcher) -> Expected {
    Expected { target: watcher.side(Side::A).unwrap().identity, ..Expected::default() }
}

/// The old primary is back: it says so, sentinels say otherwise, and its writes count as open until
/// it is fenced.
fn is_told_and_fenced(spec: &SystemSpec, old: Side, server: &Server, new: &Server) {
    let mut watcher = Watcher::new(spec);
    let want = format!("of 3 sentinels name 127.0.0.1:{}", new.port);
    let back = watcher.until(old, "the old primary says that it is one", |back| {
        back.role == Some(Role::Primary) && why(back).contains("it says PRIMARY while")
    });
    assert!(why(&back).contains(&want), "{}", why(&back));
    assert!(why(&back).contains("fence it (redis.replicate)"), "{}", why(&back));
    assert_eq!(back.writes, Some(Writes::Open));
    assert!(matches!(back.health, Health::Degraded(_)), "{back:?}");
    assert_eq!(says(&back, "sentinel_primary"), format!("127.0.0.1:{}", new.port));
    let other = watcher.side(old.other()).unwrap();
    assert!(why(&other).contains("A and B are both primary"), "{}", why(&other));

    let with = table(vec![("discard", Value::Boolean(true))]);
    let expected = shown(&watcher.look(), old);
    let mut fence = Hand::meant_for(spec, "redis.replicate", old, with, expected);
    assert!(matches!(fence.check(), Standing::NotDone(_)), "{:?}", fence.check());
    fence.apply().unwrap();
    assert!(done(&fence.check()), "{:?}", fence.check());
    assert_eq!(server.info("role"), "slave");
    let closed = watcher.until(old, "it is closed", |closed| {
        closed.role == Some(Role::Standby) && closed.writes == Some(Writes::Refused)
    });
    assert!(!why(&closed).contains("it says PRIMARY"), "{}", why(&closed));
}

#[test]
fn the_word_of_sentinels_and_that_of_servers_are_both_told() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut watched = Watched::start();
    watched.pair.a.ask(&["SET", "auth:1", "x"]);
    watched.pair.until_caught_up();
    let spec = spanning(&watched);
    let mut both = Watcher::new(&spec);
    let mut one = Watcher::new(&led(&watched));
    healthy(&watched, &mut both, &mut one);
    what_hangs_and_lies_holds_up_nothing(&watched);
    nothing_is_done_behind_their_back(&watched, &spec);

    // Planned, within a region: away from the server that was shown, once.
    let expected = shown_alone(&mut one);
    let mut away = meant(&led(&watched), Side::A, expected.clone());
    assert!(matches!(away.check(), Standing::NotDone(_)), "{:?}", away.check());
    let preview = away.preview();
    assert_eq!(preview.call.as_str(), "SENTINEL FAILOVER m1");
    let began = Instant::now();
    let said = away.apply().unwrap();
    eprintln!("measured: SENTINEL FAILOVER took {:.1} s: {said}", began.elapsed().as_secs_f64());
    assert!(done(&away.check()), "{:?}", away.check());
    assert_eq!(watched.pair.b.info("role"), "master");
    let again = away.apply().unwrap_err();
    assert!(again.to_string().contains("is another server than the screen showed"), "{again}");
    assert!(matches!(again, OperateError::Refused(_)), "{again:?}");
    // The region's own reading: the new one is the primary, and the old one says that it is too.
    let led_by = one.until(Side::A, "another one is led to", |a| a.identity != expected.target);
    if watched.pair.a.info("role") == "master" {
        assert_eq!(figure(&led_by, "other_primaries"), Some(1.0), "{led_by:?}");
        let want = format!("127.0.0.1:{} says PRIMARY, on neither side", watched.pair.a.port);
        assert_eq!(led_by.rival.as_ref().map(|rival| rival.is_silent), Some(false));
        assert!(why(&led_by).contains(&want), "{}", why(&led_by));
    }
    is_told_and_fenced(&spec, Side::A, &watched.pair.a, &watched.pair.b);

    // Killed: seen down, failed over, and told all the while.
    watched.until_ready();
    watched.pair.b.kill9();
    let began = Instant::now();
    let down = both.until(Side::A, "it is taken for down", |a| {
        says(a, "sentinel_down") != "no" || a.role == Some(Role::Primary)
    });
    eprintln!("measured: {} after {:.1} s", why(&down), began.elapsed().as_secs_f64());
    both.until(Side::A, "A is the primary", |a| {
        let place = format!("127.0.0.1:{}", watched.pair.a.port);
        a.role == Some(Role::Primary) && says(a, "sentinel_primary") == place
    });
    eprintln!("measured: failed over after {:.1} s", began.elapsed().as_secs_f64());
    let gone = both.side(Side::B).unwrap_err();
    assert_eq!(gone.kind, LookErrorKind::Unreachable, "{gone}");
    watched.pair.b.start();
    is_told_and_fenced(&spec, Side::B, &watched.pair.b, &watched.pair.a);

    to_the_other_region(&watched, &spec, &mut both);
    // Frozen, replaced, and back with all that it believed: it would take what gets lost.
    watched.until_ready();
    watched.pair.b.freeze();
    both.until(Side::A, "A is the primary again", |a| a.role == Some(Role::Primary));
    assert_eq!(both.side(Side::B).unwrap_err().kind, LookErrorKind::Timeout);
    watched.pair.b.thaw();
    is_told_and_fenced(&spec, Side::B, &watched.pair.b, &watched.pair.a);
    without_a_quorum(&mut watched, &spec, &mut both, &mut one);
}

fn healthy(watched: &Watched, both: &mut Watcher, one: &mut Watcher) {
    let looks = both.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((&a.health, &b.health), (&Health::Up, &Health::Up));
    assert_eq!((a.role, b.role), (Some(Role::Primary), Some(Role::Standby)));
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Refused)));
    assert_eq!(b.lag.as_ref().map(|lag| lag.certainty), Some(Certainty::Known));
    let led_by = one.side(Side::A).unwrap();
    assert_eq!((&led_by.health, led_by.role), (&Health::Up, Some(Role::Primary)));
    assert_eq!(led_by.identity, a.identity);
    for reading in [&a, &b, &led_by] {
        let place = format!("127.0.0.1:{}", watched.pair.a.port);
        assert_eq!(says(reading, "sentinel_primary"), place);
        assert_eq!(says(reading, "sentinel_down"), "no");
        let figures = ["sentinels_named", "sentinels_answered", "sentinels_known"];
        assert_eq!(figures.map(|name| figure(reading, name)), [Some(3.0); 3]);
        assert_eq!(figure(reading, "sentinel_quorum"), Some(2.0));
        assert_eq!(figure(reading, "other_primaries"), Some(0.0));
        assert_eq!(yes(reading, "sentinels_agree"), Some(true));
        assert_eq!(yes(reading, "sentinel_failover"), Some(false));
    }
}

/// One that answers each question of ours as a sentinel does that sends clients elsewhere.
fn liar(named: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let bulks = |words: &[&str]| {
        let each = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
        format!("*{}\r\n{}", words.len(), each.collect::<String>())
    };
    let (id, at) = ("f".repeat(40), named.to_string());
    let master = ["ip", "127.0.0.1", "port", &at, "runid", "", "flags", "master"];
    let more = ["config-epoch", "999", "num-other-sentinels", "2", "quorum", "2"];
    let answers = [
        ("MYID", format!("${}\r\n{id}\r\n", id.len())),
        ("GET-MASTER-ADDR", bulks(&["127.0.0.1", &at])),
        ("MASTER", bulks(&[&master[..], &more[..]].concat())),
        ("REPLICAS", "*0\r\n".to_owned()),
        ("CKQUORUM", "+OK 3 usable Sentinels.\r\n".to_owned()),
        ("AUTH", "+OK\r\n".to_owned()),
    ];
    let serve = move |mut stream: std::net::TcpStream| {
        let mut asked = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut asked) {
            let text = String::from_utf8_lossy(&asked[..count]).into_owned();
            for command in text.split('*').skip(1) {
                let answer = answers.iter().find(|(word, _)| command.contains(word));
                let answer = answer.map_or("-ERR unknown\r\n", |(_, answer)| answer.as_str());
                if stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn what_hangs_and_lies_holds_up_nothing(watched: &Watched) {
    let look = |sentinels: &[String], login: bool| {
        let spec = system(&watched.pair, "read", "act", settings(sentinels, login));
        let start = Instant::now();
        let looks = Watcher::new(&spec).look();
        assert!(start.elapsed() < spec.timeout, "{:?}", start.elapsed());
        [looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap()]
    };
    let check = |sentinels: &[String], login: bool, want: &str, agrees: Option<bool>| {
        for reading in look(sentinels, login) {
            assert!(why(&reading).contains(want), "{}", why(&reading));
            let lag = reading.lag.as_ref().map(|lag| lag.certainty);
            assert!(lag.is_none_or(|lag| lag == Certainty::Known), "{reading:?}");
            assert_eq!(yes(&reading, "sentinels_agree"), agrees, "{reading:?}");
        }
    };
    let places = watched.places();
    watched.sentinels[0].freeze();
    check(&places, true, "1 of 3 sentinels tell nothing: 127.0.0.1:", Some(true));
    check(&places[..1], true, "no majority of the 1 sentinels names one", Some(false));
    watched.sentinels[0].thaw();
    let lies = format!("127.0.0.1:{}", liar(watched.pair.b.port));
    let one_lies = [places[0].clone(), places[1].clone(), lies.clone()];
    let names_b = format!("{lies} names 127.0.0.1:{}", watched.pair.b.port);
    check(&one_lies, true, &format!("the sentinels disagree: {} names", places[0]), Some(false));
    check(&one_lies, true, &names_b, Some(false));
    // As many lie as do not: nobody is believed, and the server's own word stands.
    let half = [places[0].clone(), lies];
    check(&half, true, "no majority of the 2 sentinels names one", Some(false));
    let [a, b] = look(&half, true);
    assert_eq!((a.writes, b.writes), (Some(Writes::Open), Some(Writes::Refused)));
    assert!(matches!(told(&a, "sentinel_primary"), FactValue::Unknown(_)), "{a:?}");
    // One sentinel by two names is one.
    let twice = [places[0].clone(), places[0].replace("127.0.0.1", "localhost")];
    check(&twice, true, "several names lead to one sentinel: there are only 1", Some(true));
    // A user that may not ask is told the rule; so is a name that nobody watches.
    let spec = system(&watched.pair, "plain", "act", settings(&places, true));
    let plain = Watcher::new(&spec).side(Side::A).unwrap();
    let rule = "user wr_plain may not use SENTINEL; ACL SETUSER wr_plain +sentinel|master";
    assert!(why(&plain).contains(rule), "{}", why(&plain));
    let other = table(vec![("sentinels", texts(&places)), ("master", text("m9"))]);
    let spec = system(&watched.pair, "read", "act", other);
    let nameless = Watcher::new(&spec).side(Side::A).unwrap();
    assert!(why(&nameless).contains("watches no `m9`: correct `master`"), "{}", why(&nameless));
}

fn nothing_is_done_behind_their_back(watched: &Watched, spec: &SystemSpec) {
    let check = |action: &str, side: Side, with: Table, want: &str| {
        let mut hand = Hand::new(spec, action, side, with);
        let lines: Vec<String> =
            hand.preview().changes.iter().map(|line| line.text.to_string()).collect();
        assert!(lines.iter().any(|line| line.contains(want)), "{action}: {lines:#?}");
        let refused = hand.apply().unwrap_err();
        assert!(refused.to_string().contains(want), "{action}: {refused}");
        assert!(matches!(refused, OperateError::Refused(_)), "{action}: {refused:?}");
    };
    let again = "would make it a replica again within about 10 s: use redis.sentinel_failover";
    check("redis.promote", Side::B, Table::default(), again);
    check("redis.failover", Side::B, Table::default(), again);
    assert_eq!(watched.pair.b.info("role"), "slave");
    // The one that they name cannot be made a replica either, and nobody asks them to move it away
    // from where it is already.
    let already = Hand::new(spec, FAILOVER, Side::A, Table::default()).apply().unwrap();
    assert!(already.as_str().starts_with("already so: cache in Region A is PRIMARY"), "{already}");
    let alone = Expected { alone: true, ..Expected::default() };
    let refused = meant(spec, Side::B, alone).apply().unwrap_err();
    assert!(refused.to_string().contains("nothing was done: fence it first"), "{refused}");
    // Without the rights nothing is done, and the rule is told.
    let places = watched.places();
    let plain = system(&watched.pair, "read", "plain", settings(&places, true));
    let denied = Hand::new(&plain, FAILOVER, Side::B, Table::default()).apply().unwrap_err();
    assert!(denied.to_string().contains("no majority of the 3 sentinels"), "{denied}");
    assert_eq!(watched.pair.a.info("role"), "master");
    let plain = system(&watched.pair, "read", "act", Table::default());
    let none = Hand::new(&plain, FAILOVER, Side::B, Table::default()).apply().unwrap_err();
    assert!(none.to_string().contains("the site names no `sentinels` here"), "{none}");
}

fn to_the_other_region(watched: &Watched, spec: &SystemSpec, both: &mut Watcher) {
    watched.until_ready();
    watched.pair.b.until_info("master_link_status", "up");
    let mut to_b = meant(spec, Side::B, shown(&both.look(), Side::B));
    assert!(matches!(to_b.check(), Standing::NotDone(_)), "{:?}", to_b.check());
    // They lose sight of a replica for moments after it was made one.
    until("what is lost is told", DEADLINE, || {
        to_b.preview().changes.iter().any(|line| line.text.as_str().contains("they are LOST"))
    });
    until("the sentinels may fail over again", DEADLINE, || match to_b.apply() {
        Ok(_) => true,
        Err(OperateError::Refused(_)) => false,
        Err(other) => panic!("{other}"),
    });
    assert!(done(&to_b.check()), "{:?}", to_b.check());
    let again = to_b.apply().unwrap();
    assert!(again.as_str().starts_with("already so: "), "{again}");
    is_told_and_fenced(spec, Side::A, &watched.pair.a, &watched.pair.b);
    both.until(Side::B, "B is the primary", |b| b.role == Some(Role::Primary));
}

fn without_a_quorum(
    watched: &mut Watched,
    spec: &SystemSpec,
    both: &mut Watcher,
    one: &mut Watcher,
) {
    watched.until_ready();
    for sentinel in &mut watched.sentinels[1..] {
        sentinel.kill9();
    }
    watched.pair.a.kill9();
    let b = both.until(Side::B, "no failover can be agreed on", |b| {
        why(b).contains("a failover is not assured")
    });
    assert!(why(&b).contains("2 of 3 sentinels tell nothing"), "{}", why(&b));
    assert!(why(&b).contains("no majority of the 3 sentinels names one"), "{}", why(&b));
    assert!(matches!(told(&b, "sentinel_primary"), FactValue::Unknown(_)), "{b:?}");
    // The one that is left may be trying in vain: then it is not proven closed.
    assert_eq!(b.role, Some(Role::Standby));
    assert_ne!(b.writes, Some(Writes::Open));
    // The one that is left still leads to the dead one, and that is told with it.
    let dead = one.side(Side::A).unwrap_err();
    assert_eq!(dead.kind, LookErrorKind::Unreachable, "{dead}");
    let want = format!("127.0.0.1:{} refused the connection; ", watched.pair.a.port);
    assert!(dead.to_string().starts_with(&want), "{dead}");
    assert!(dead.to_string().contains("2 of 3 sentinels tell nothing"), "{dead}");
    // Alone it would move the address all the same: it is not asked.
    let refused = meant(spec, Side::B, Expected::default()).apply().unwrap_err();
    assert!(refused.to_string().contains("nothing is done by the word of a few"), "{refused}");
    // With nobody who would undo it, the replica is promoted by hand.
    Hand::new(spec, "redis.promote", Side::B, Table::default()).apply().unwrap();
    assert_eq!(watched.pair.b.info("role"), "master");
    watched.sentinels[0].kill9();
    let none = one.side(Side::A).unwrap_err();
    assert!(none.to_string().contains("none of 3 sentinels tells of m1 of"), "{none}");
    assert_eq!(none.kind, LookErrorKind::Unreachable, "{none}");
    let b = both.side(Side::B).unwrap();
    assert!(why(&b).contains("3 of 3 sentinels tell nothing"), "{}", why(&b));
    assert_eq!((b.role, b.writes), (Some(Role::Primary), Some(Writes::Open)));
}
