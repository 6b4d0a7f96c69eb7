//! What the probe says of real clusters: well, idle, busy, half dead, without a DCS, alone.

use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use warroom::domain::ids::Side;
use warroom::domain::reading::{
    Certainty, FactValue, Health, LookErrorKind, Reading, Role, Writes,
};
use warroom::domain::settings::{Table, Value};
use warroom::port::Clock as _;

use super::bench::{
    Hand, WallClock, Watcher, done, figure, must_show, says, system, table, text, why, yes,
};
use crate::kind::hostile::authority;
use crate::kind::truth::knows_no_lag;
use crate::kind::{Rig as _, rights};
use crate::servers::patroni::{Load, Pair};
use crate::servers::{DEADLINE, account, until};
use crate::turns::{Group, turn};

fn both(watcher: &mut Watcher) -> [Reading; 2] {
    let looks = watcher.look();
    [looks.a, looks.b].map(|look| look.unwrap().unwrap())
}

fn word(reading: &Reading, fact: &str) -> String {
    match reading.fact(fact) {
        Some(FactValue::Text(word)) => word.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_pair_is_told_as_it_is() {
    let Some(_turn) = turn(Group::Patroni) else { return };
    let mut pair = Pair::start();
    let mut watcher = Watcher::new(&system(&pair));
    well(&pair, &mut watcher);
    rights_and_maintenance(&pair, &mut watcher);
    a_member_hangs(&pair, &mut watcher);
    switched_over(&mut pair, &mut watcher);
    without_dcs(&mut pair, &mut watcher);
    behind_tls(&mut pair);
    alone(&mut pair, &mut watcher);
}

/// Idle and busy: what is told is no less than what is missing.
fn well(pair: &Pair, watcher: &mut Watcher) {
    pair.e1.sql("create table held (n int)");
    let b = watcher.until(Side::B, "level", |reading| {
        reading.lag.as_ref().is_some_and(|lag| (lag.seconds, lag.amount) == (Some(0.0), Some(0)))
            && reading.health == Health::Up
    });
    let [a, _] = both(watcher);
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)));
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));
    assert_eq!(a.health, Health::Up, "{}", why(&a));
    assert_eq!((yes(&a, "writable"), yes(&b, "writable")), (Some(true), Some(false)));
    assert_eq!((yes(&b, "link_up"), yes(&b, "diverged")), (Some(true), Some(false)));
    assert_eq!(word(&a, "members"), "e1 primary running, e2 replica running");
    let (a_is, b_is) = (a.identity.unwrap(), b.identity.unwrap());
    let system = pair.e1.sql("select system_identifier from pg_control_system()");
    assert_eq!((a_is.data.as_str(), a_is.data.as_str()), (system.as_str(), b_is.data.as_str()));
    assert_eq!(a_is.server.as_str(), format!("east of {system}"));
    assert_ne!(a_is.server, b_is.server);

    // Replay stands still while rows are written: the lag grows with the truth.
    let load = Load::start(&pair.e1, 20);
    pair.w1.hold_replay(true);
    let held = pair.w1.sql("select count(*) from load_rows").parse::<usize>().unwrap();
    let paused = Instant::now();
    until("the lag is at least 1.5 s", DEADLINE, || {
        let missing = load.acknowledged().get(held).map(|row| row.wall_ms);
        let began = WallClock.now().wall_ms;
        let reading = watcher.side(Side::B).unwrap();
        let lag = reading.lag.as_ref().unwrap();
        if let (Some(missing), Some(seconds)) = (missing, lag.seconds) {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
            let truth = (began - missing).max(0) as f64 / 1000.0;
            assert!(seconds >= truth, "{seconds} told, {truth} true");
            let most = paused.elapsed().as_secs_f64() + 4.0;
            assert!(seconds <= most, "{seconds} told, {most} at most");
            assert!(lag.amount.unwrap() > 0);
        }
        lag.seconds.is_some_and(|seconds| seconds >= 1.5)
    });
    let held = watcher.side(Side::B).unwrap();
    // What waits there has arrived: it would not be lost.
    assert!(held.lag.unwrap().unreceived.unwrap().amount < 100_000);
    pair.w1.hold_replay(false);
    drop(load);
    watcher.until(Side::B, "level again", |reading| {
        reading.lag.as_ref().is_some_and(|lag| lag.seconds == Some(0.0))
    });
}

fn rights_and_maintenance(pair: &Pair, watcher: &mut Watcher) {
    let spec = system(pair);
    let wrong = pair.system("read", "wrong", Table::default());
    rights::is_missing(
        &wrong,
        "patroni.pause",
        Side::A,
        Table::default(),
        "refused user wr_read (not authenticated): see `restapi.authentication`",
    );
    assert_eq!(yes(&watcher.side(Side::A).unwrap(), "paused"), Some(false));
    let hand = |action: &str| Hand::new(&spec, action, Side::A, Table::default());
    let (mut pause, mut resume) = (hand("patroni.pause"), hand("patroni.resume"));
    assert!(done(&resume.check()));
    must_show(&pause.preview(), &["~ cluster in Region A automatic failover -> OFF"]);
    pause.apply().unwrap();
    assert!(done(&pause.check()) && !done(&resume.check()));
    let a = watcher.side(Side::A).unwrap();
    assert!(why(&a).contains("in maintenance: Patroni fails nothing over"), "{}", why(&a));
    let refused = hand("patroni.fence").apply().unwrap_err().to_string();
    assert!(refused.contains("patroni.resume first"), "{refused}");
    let again = pause.apply().unwrap();
    assert!(again.as_str().starts_with("already so"), "{again}");
    resume.apply().unwrap();
    assert!(done(&resume.check()));
}

/// One member that hangs delays nothing beyond its time, and hides no other.
fn a_member_hangs(pair: &Pair, watcher: &mut Watcher) {
    pair.e2.program.freeze();
    let began = Instant::now();
    let [a, b] = both(watcher);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)));
    let silent = format!("127.0.0.1:{} did not answer within", pair.e2.rest);
    assert!(why(&a).contains(&silent), "{}", why(&a));
    assert_eq!(figure(&a, "members_silent"), Some(1.0));
    assert_eq!((b.role, b.lag.unwrap().amount.is_some()), (Some(Role::Standby), true));
    pair.e2.program.thaw();
    // One that is not named is told, and nobody takes that side for closed.
    let few = Pair::system_at(pair.ports(), "read", "act", Table::default());
    let a = Watcher::new(&few).side(Side::A).unwrap();
    assert!(why(&a).contains("1 member not named in `members`, so not asked: e2"), "{}", why(&a));
}

fn switched_over(pair: &mut Pair, watcher: &mut Watcher) {
    let spec = system(pair);
    let to = |with: (&str, &str)| {
        let with = table(vec![(with.0, text(with.1))]);
        Hand::new(&spec, "patroni.switchover", Side::A, with)
    };
    watcher.until(Side::A, "all members answer", |reading| reading.health == Health::Up);
    let refused = to(("candidate", "e3")).apply().unwrap_err().to_string();
    assert!(refused.contains("has no member `e3` that runs"), "{refused}");
    let mut away = to(("away_from", "e1"));
    must_show(&away.preview(), &["~ cluster in Region A led by e1 -> e2"]);
    assert_eq!(says(&away.check()), "not done: cluster in Region A is led by e1");
    away.apply().unwrap();
    assert!(done(&away.check()));
    pair.e1.until_role("replica");
    // The same order again is none.
    assert!(away.apply().unwrap().as_str().starts_with("already so"));
    let a = watcher.until(Side::A, "e2 leads", |reading| word(reading, "leader") == "e2");
    assert_eq!((a.role, a.writes), (Some(Role::Primary), Some(Writes::Open)));
    to(("candidate", "e1")).apply().unwrap();
    pair.e2.until_role("replica");
    let timeline = "select timeline_id from pg_control_checkpoint()";
    until("the standby follows", DEADLINE, || {
        pair.w1.get("/patroni")["replication_state"] == "streaming"
            && pair.e1.try_sql(timeline).as_deref() == Ok("3")
    });
    watcher.until(Side::B, "level", |reading| {
        reading.lag.as_ref().is_some_and(|lag| lag.seconds == Some(0.0))
    });
}

/// Without its DCS a cluster has no leader that could be told.
fn without_dcs(pair: &mut Pair, watcher: &mut Watcher) {
    pair.etcds[1].program.kill9();
    let b = watcher.until(Side::B, "the loss of the DCS is told", |reading| {
        let why = why(reading);
        why.contains("nobody has the leader's lock") || why.contains("no member leads")
    });
    assert_ne!(b.health, Health::Up);
    assert_eq!(b.writes, Some(Writes::Refused), "it says that it is in recovery");
    let refused = Hand::new(&system(pair), "patroni.promote", Side::B, Table::default()).apply();
    assert!(refused.is_err(), "{refused:?}");
    pair.etcds[1].start();
    pair.w1.until_role("standby_leader");
    watcher.until(Side::B, "it is back", |reading| reading.health == Health::Up);
}

/// The REST API behind TLS.
fn behind_tls(pair: &mut Pair) {
    let (trusted, stranger) = (authority("trusted"), authority("stranger"));
    let home = pair.home().to_owned();
    let path = |name: &str, pem: &str| {
        let path = home.join(name);
        std::fs::write(&path, pem).unwrap();
        account::give(&path);
        path
    };
    let trusted_file = path("trusted.pem", &trusted.pem());
    let stranger_file = path("stranger.pem", &stranger.pem());
    let look = |pair: &Pair, tls: bool, ca: &std::path::Path| {
        let ca = text(ca.to_str().unwrap());
        let settings = table(vec![("tls", Value::Boolean(tls)), ("ca", ca)]);
        Watcher::new(&pair.system("read", "act", settings)).side(Side::B)
    };
    let error = look(pair, true, &trusted_file).unwrap_err();
    // It waits for the end of a line in what it takes for a request, and may find one.
    let says = ["does not speak TLS", "did not answer within"];
    assert!(says.iter().any(|words| error.to_string().contains(words)), "{error}");
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &trusted).unwrap();
    let certificate_file = path("w1.crt", &certificate.pem());
    let key_file = path("w1.key", &key.serialize_pem());
    let plain = std::mem::replace(
        &mut pair.w1.restapi,
        format!(",\"certfile\":{},\"keyfile\":{}", json!(certificate_file), json!(key_file)),
    );
    pair.w1.program.kill9();
    pair.w1.start();
    until("it answers behind TLS", DEADLINE, || look(pair, true, &trusted_file).is_ok());
    let error = look(pair, true, &stranger_file).unwrap_err();
    assert_eq!(error.kind, LookErrorKind::Ours, "{error}");
    assert!(error.to_string().contains("name its file in `ca`"), "{error}");
    assert!(look(pair, false, &trusted_file).is_err());
    pair.w1.restapi = plain;
    pair.w1.program.kill9();
    pair.w1.start();
    pair.w1.until_role("standby_leader");
}

/// The source is gone: received and replayed are equal, and that is no zero.
fn alone(pair: &mut Pair, watcher: &mut Watcher) {
    watcher.until(Side::B, "a lag is known", |reading| {
        reading.lag.as_ref().is_some_and(|lag| lag.certainty == Certainty::Known)
    });
    pair.lose_east();
    let looks = watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap_err(), looks.b.unwrap().unwrap());
    assert_eq!(a.kind, LookErrorKind::Unreachable, "{a}");
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    let b = watcher
        .until(Side::B, "nothing comes any more", |reading| yes(reading, "link_up") == Some(false));
    assert!(knows_no_lag(&b), "{:?}", b.lag);
    assert_eq!(figure(&b, "received_location"), figure(&b, "replayed_location"));
    assert_eq!((b.role, b.writes), (Some(Role::Standby), Some(Writes::Refused)));
}
