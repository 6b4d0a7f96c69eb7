//! `warroom beat` on a real pair: what it writes where, what it measures, and with which rights.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use warroom::domain::ids::Side;
use warroom::domain::reading::{Basis, LookErrorKind, Reading};
use warroom::domain::settings::Table;
use warroom::port::Beat;

use super::bench::{Pulse, Watcher, system, table, text, why};
use crate::beats::{self, Heart};
use crate::servers::redis::{Pair, Server};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// How often the heartbeat comes here, in seconds.
const EVERY_S: f64 = 0.5;

fn every() -> Table {
    table(vec![("heartbeat_every", text("500ms"))])
}

fn site(pair: &Pair) -> std::path::PathBuf {
    let side = |port: u16, region: &str| {
        format!(
            "{{ host = \"127.0.0.1\", port = {port}, read = \"read\", beat = \"beat\", \
             heartbeat = \"dr:hb:{region}\" }}"
        )
    };
    let (a, b) = (side(pair.a.port, "a"), side(pair.b.port, "b"));
    let settings = "kind = \"redis\"\nheartbeat_every = \"500ms\"";
    beats::site(pair.home(), &format!("{settings}\na = {a}\nb = {b}"))
}

fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn is_measured(reading: &Reading) -> bool {
    reading.lag.as_ref().is_some_and(|lag| lag.basis == Basis::Heartbeat)
}

/// The time that a key holds, in milliseconds since 1970.
fn beaten_at(server: &Server, key: &str) -> i64 {
    server.ask(&["GET", key]).parse().unwrap_or(0)
}

#[test]
fn the_lag_is_the_heartbeats_and_its_absence_is_no_lag() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let pair = Pair::start();
    let site = site(&pair);
    let (mut a, mut b) = (Heart::start(&site, "a"), Heart::start(&site, "b"));
    a.until_said(&format!("every 0.5s: key `dr:hb:a` at 127.0.0.1:{} as wr_beat", pair.a.port));
    a.until_said("  it        written\n");
    b.until_said("standby, nothing to write: 127.0.0.1:");
    // A connection that is lost is opened anew, and nothing failed.
    let was = beaten_at(&pair.a, "dr:hb:a");
    pair.a.ask(&["CLIENT", "KILL", "USER", "wr_beat"]);
    until("it is written again", DEADLINE, || beaten_at(&pair.a, "dr:hb:a") > was + 1000);
    assert!(!a.said().contains("NOT WRITTEN"), "{}", a.said());
    let mut watcher = Watcher::new(&system(&pair, "read", "act", every()));
    let level = watcher.until(Side::B, "measured by the heartbeat", is_measured);
    let seconds = level.lag.unwrap().known_seconds().unwrap();
    assert!(seconds < EVERY_S + 2.0, "{seconds}");

    // Cut: what is written from here on is missing, and no figure is below that.
    let before = now_s();
    pair.a.cut_links();
    let cut = now_s();
    let start = std::time::Instant::now();
    let mut measured = 0;
    while measured < 5 {
        assert!(start.elapsed() < DEADLINE, "the lag does not grow");
        let began = now_s();
        let behind = watcher.side(Side::B).unwrap();
        let lag = behind.lag.clone().unwrap();
        if !is_measured(&behind) || lag.amount == Some(0) {
            continue;
        }
        measured += 1;
        let seconds = lag.known_seconds().unwrap();
        // The server tells its time in whole milliseconds.
        assert!(seconds >= began - cut - 0.002, "{seconds} is below the truth");
        let most = now_s() - before + EVERY_S + 2.0;
        assert!(seconds <= most, "{seconds} is more than {most}");
    }

    // Killed, while others write on: from three of its periods on there are no seconds, never 0.
    a.kill9();
    let start = std::time::Instant::now();
    loop {
        assert!(start.elapsed() < DEADLINE, "it is never told");
        pair.a.ask(&["INCR", "auth:more"]);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
        let age = now_s() - beaten_at(&pair.a, "dr:hb:a") as f64 / 1000.0;
        let found = watcher.side(Side::B).unwrap();
        let lag = found.lag.clone().unwrap();
        assert_ne!(lag.known_seconds(), Some(0.0), "{lag:?}");
        assert!(age <= 3.0 * EVERY_S || !is_measured(&found), "{age} s: {lag:?}");
        if lag.seconds.is_none() {
            break;
        }
    }
    assert!(why(&watcher.side(Side::A).unwrap()).contains("its heartbeat ceased"));

    // B takes over: its own is written by nobody's hand, and A's stays as it was.
    pair.b.ask(&["REPLICAOF", "NO", "ONE"]);
    b.until_said("written (it was a standby since 20");
    until("B's heartbeat comes", DEADLINE, || beaten_at(&pair.b, "dr:hb:b") > 0);
    assert_eq!(b.end(Signal::TERM).code(), Some(0), "{}", b.said());
}

#[test]
fn it_has_the_rights_it_needs_and_says_which_is_missing() {
    let Some(_turn) = turn(Group::Redis) else { return };
    let mut pair = Pair::start();
    let spec = system(&pair, "read", "act", every());
    let beat = |side: Side| Pulse::new(&spec, side, "beat").beat();
    assert_eq!(beat(Side::A).unwrap(), Beat::Written);
    let standby = beat(Side::B).unwrap();
    assert!(matches!(&standby, Beat::Standby(why) if why.as_str().contains("is a replica")));
    // The server's own time, whatever the writer's clock says.
    let [seconds, _] = [0, 1].map(|part| {
        let time = pair.a.ask(&["TIME"]);
        time.lines().nth(part).unwrap().trim().parse::<i64>().unwrap()
    });
    let written = beaten_at(&pair.a, "dr:hb:a");
    assert!((0..60_000).contains(&(seconds * 1000 + 999 - written)), "{written}, {seconds}");
    let missing = |take: &str, give: &str, want: &str| {
        pair.a.ask(&["ACL", "SETUSER", "wr_beat", take]);
        let error = beat(Side::A).unwrap_err();
        assert_eq!(error.kind, LookErrorKind::Permission, "{error}");
        assert!(error.to_string().contains(want), "{take}: {error}");
        pair.a.ask(&["ACL", "SETUSER", "wr_beat", give]);
        assert_eq!(beat(Side::A).unwrap(), Beat::Written, "{give}");
    };
    missing("-set", "+set", "may not use SET; ACL SETUSER wr_beat +set");
    missing("-time", "+time", "may not use TIME; ACL SETUSER wr_beat +time");
    missing("resetkeys", "~dr:hb:*", "ACL SETUSER wr_beat ~dr:hb:a");
    missing("off", "on", "refused user wr_beat");
    // It can do nothing else.
    for forbidden in [["GET", "dr:hb:a"], ["DEL", "dr:hb:a"], ["SET", "auth:1"]] {
        let [command, key] = forbidden;
        let words = ["ACL", "DRYRUN", "wr_beat", command, key];
        let value: &[&str] = if command == "SET" { &["x"] } else { &[] };
        let said = pair.a.ask(&[&words[..], value].concat());
        assert!(said.contains("no permissions") || said.contains("permission"), "{said}");
    }
    let once = || beats::command(&site(&pair), "a").arg("--once").output().unwrap();
    let well = once();
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    assert!(String::from_utf8_lossy(&well.stdout).contains("written: key `dr:hb:a`"), "{well:?}");
    pair.a.ask(&["ACL", "SETUSER", "wr_beat", "-set"]);
    assert_eq!(once().status.code(), Some(77));
    pair.a.kill9();
    let gone = beats::command(&site(&pair), "a").arg("--once").output().unwrap();
    assert_eq!(gone.status.code(), Some(69), "{gone:?}");
    assert!(String::from_utf8_lossy(&gone.stdout).contains("NOT WRITTEN: 127.0.0.1:"), "{gone:?}");
}
