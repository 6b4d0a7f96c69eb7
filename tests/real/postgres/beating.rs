//! `warroom beat` on a real pair: what it writes where, what it measures, and with which rights.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use warroom::domain::ids::Side;
use warroom::domain::reading::{Basis, Certainty, LookErrorKind, Reading};
use warroom::domain::settings::{Table, Value};
use warroom::port::Beat;
use warroom::systems::postgres::{BEAT_ROLE_SQL, BEAT_TABLE_SQL};

use super::bench::{Pulse, Watcher, system, table, text, why, yes};
use crate::beats::{self, Heart};
use crate::servers::postgres::{BEAT_PASSWORD, Pair};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// How often the heartbeat comes here, in seconds.
const EVERY_S: f64 = 0.5;

/// A pair with the table and the role, as an administrator makes them.
fn pair() -> Pair {
    let pair = Pair::start();
    pair.a.sql(BEAT_TABLE_SQL);
    pair.a.sql(BEAT_ROLE_SQL);
    pair.a.sql(&format!("alter role wr_beat password '{BEAT_PASSWORD}'"));
    pair.until_caught_up();
    pair
}

/// The heartbeat as both sides' setting.
fn heartbeat() -> Table {
    let entries = vec![("table", text("dr_heartbeat")), ("every", text("500ms"))];
    table(vec![("heartbeat", Value::Table(table(entries)))])
}

fn site(pair: &Pair) -> std::path::PathBuf {
    let side = |port: u16| {
        format!(
            "{{ host = \"127.0.0.1\", port = {port}, read = \"read\", act = \"act\", \
             beat = \"beat\" }}"
        )
    };
    let (a, b) = (side(pair.a.port), side(pair.b.port));
    let settings = "kind = \"postgres\"\n\
                    heartbeat = { table = \"dr_heartbeat\", every = \"500ms\" }";
    beats::site(pair.home(), &format!("{settings}\na = {a}\nb = {b}"))
}

fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn basis(reading: &Reading) -> Option<Basis> {
    reading.lag.as_ref().map(|lag| lag.basis)
}

#[test]
fn the_lag_is_the_heartbeats_and_its_absence_is_no_lag() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = pair();
    let site = site(&pair);
    let mut heart = Heart::start(&site, "a");
    let place = format!("127.0.0.1:{}/postgres", pair.a.port);
    heart.until_said(&format!("every 0.5s: `ts` in row 1 of public.dr_heartbeat at {place}"));
    heart.until_said("  it        written\n");
    let mut watcher = Watcher::new(&system(&pair, "read", "act", heartbeat()));

    // What B lacks, B lacks since replay stopped: no figure is below that, and none much above.
    let before = now_s();
    pair.b.sql("select pg_wal_replay_pause()");
    pair.b.until_sql("select pg_get_wal_replay_pause_state()", "paused");
    let paused = now_s();
    let start = std::time::Instant::now();
    let mut measured = 0;
    while measured < 5 {
        assert!(start.elapsed() < DEADLINE, "it is never measured by the heartbeat");
        let began = now_s();
        let b = watcher.side(Side::B).unwrap();
        if basis(&b) != Some(Basis::Heartbeat) {
            continue;
        }
        measured += 1;
        let lag = b.lag.clone().unwrap();
        let seconds = lag.known_seconds().unwrap();
        assert!(seconds >= began - paused, "{seconds} is below the truth");
        // What was last written before the pause is at most as old as a heartbeat that was late.
        let most = now_s() - before + EVERY_S + 2.0;
        assert!(seconds <= most, "{seconds} is more than {most}");
        assert!(lag.amount > Some(0), "{lag:?}");
    }

    // Killed: from three of its periods on nothing is measured by it.
    heart.kill9();
    let age = "select extract(epoch from clock_timestamp() - max(ts)) from dr_heartbeat";
    let start = std::time::Instant::now();
    let mut ceased = false;
    while !ceased {
        assert!(start.elapsed() < DEADLINE, "it is never told");
        let age: f64 = pair.a.sql(age).parse().unwrap();
        let b = watcher.side(Side::B).unwrap();
        let lag = b.lag.clone().unwrap();
        let zero = lag.known_seconds() == Some(0.0) && lag.amount != Some(0);
        assert!(!zero, "{lag:?}");
        assert!(age <= 3.0 * EVERY_S || basis(&b) != Some(Basis::Heartbeat), "{age} s: {lag:?}");
        ceased = why(&b).contains("the heartbeat stopped");
    }
    // Level again, over a link that is down: nothing tells what is being written.
    pair.b.sql("select pg_wal_replay_resume()");
    pair.until_caught_up();
    pair.b.sql("alter system set primary_conninfo = ''");
    pair.b.sql("select pg_reload_conf()");
    let b = watcher.until(Side::B, "the link is down", |b| yes(b, "link_up") == Some(false));
    let lag = b.lag.unwrap();
    assert_eq!((lag.known_seconds(), lag.certainty), (None, Certainty::Unknown), "{lag:?}");
    assert!(why_of(&mut watcher).contains("the heartbeat stopped"));
}

fn why_of(watcher: &mut Watcher) -> String {
    why(&watcher.side(Side::B).unwrap())
}

#[test]
fn each_region_writes_while_its_side_takes_writes() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let mut pair = pair();
    let site = site(&pair);
    let (mut a, mut b) = (Heart::start(&site, "a"), Heart::start(&site, "b"));
    a.until_said("  it        written\n");
    b.until_said(&format!(
        "standby, nothing to write: 127.0.0.1:{}/postgres is in recovery",
        pair.b.port
    ));
    assert_eq!(pair.a.sql("select count(*) from dr_heartbeat"), "1");
    let logged = pair.b.log_text();
    assert!(!logged.contains("cannot execute"), "it tried to write to a standby: {logged}");

    // A connection that is lost is opened anew, and nothing failed.
    let since = pair.a.sql("select clock_timestamp()");
    pair.a.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wr_beat'");
    pair.a.until_sql(&format!("select max(ts) > '{since}' from dr_heartbeat"), "t");
    assert!(!a.said().contains("NOT WRITTEN"), "{}", a.said());

    // Fenced: it is not written, and that is no standby.
    pair.a.sql("alter system set default_transaction_read_only = on");
    pair.a.sql("select pg_reload_conf()");
    a.until_said("NOT WRITTEN: 127.0.0.1:");
    a.until_said("is a primary and refuses writes: `default_transaction_read_only` is on");
    pair.a.sql("alter system reset default_transaction_read_only");
    pair.a.sql("select pg_reload_conf()");
    a.until_said("written (again; ");
    assert!(!a.said().contains("standby"), "{}", a.said());

    // A commit that waits for a replica in vain does not keep the heartbeat from being written.
    pair.a.sql("alter system set synchronous_standby_names = 'nobody'");
    pair.a.sql("select pg_reload_conf()");
    let since = pair.a.sql("select clock_timestamp()");
    pair.a.until_sql(&format!("select max(ts) > '{since}' from dr_heartbeat"), "t");

    // A is lost: B's is written as soon as B takes writes, by nobody's hand, in the same row.
    pair.a.kill9();
    a.until_said("NOT WRITTEN: 127.0.0.1:");
    let moment = pair.b.sql("select clock_timestamp()");
    pair.b.sql("select pg_promote()");
    b.until_said("written (it was a standby since 20");
    pair.b
        .until_sql(&format!("select count(*), bool_and(ts > '{moment}') from dr_heartbeat"), "1|t");
    for heart in [&mut a, &mut b] {
        let signal =
            if heart.said().contains("was a standby") { Signal::INT } else { Signal::TERM };
        assert_eq!(heart.end(signal).code(), Some(0), "{}", heart.said());
    }
}

#[test]
fn it_has_the_rights_it_needs_and_says_which_is_missing() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = pair();
    let spec = system(&pair, "read", "act", heartbeat());
    let beat = || Pulse::new(&spec, Side::A, "beat").beat();
    assert_eq!(beat().unwrap(), Beat::Written);
    let missing = |take: &str, give: &str, grant: &str| {
        pair.a.sql(take);
        let error = beat().unwrap_err();
        assert_eq!(error.kind, LookErrorKind::Permission, "{error}");
        assert!(error.to_string().contains(grant), "{take}: {error}");
        pair.a.sql(give);
        assert_eq!(beat().unwrap(), Beat::Written, "{give}");
    };
    for right in ["select", "insert", "update"] {
        let of = format!("{right} on dr_heartbeat");
        let grant = format!("GRANT {} ON public.dr_heartbeat TO wr_beat", right.to_uppercase());
        let (take, give) = (format!("revoke {of} from wr_beat"), format!("grant {of} to wr_beat"));
        missing(&take, &give, &grant);
    }
    missing(
        "revoke usage on schema public from public, wr_beat",
        "grant usage on schema public to public, wr_beat",
        "GRANT USAGE ON SCHEMA public TO wr_beat",
    );
    missing("alter role wr_beat nologin", "alter role wr_beat login", "not permitted to log in");
    // It can do nothing else: neither empty the row's table nor read another.
    pair.a.sql("create table secrets_of_users (x int)");
    for forbidden in
        ["delete from dr_heartbeat", "select * from secrets_of_users", "create table more (x int)"]
    {
        let as_it = format!("set role wr_beat; {forbidden}");
        let refused = pair.a.try_sql(&as_it).unwrap_err();
        assert!(refused.contains("permission denied"), "{forbidden}: {refused}");
    }
    let wrong = Pulse::new(&spec, Side::A, "wrong").beat().unwrap_err();
    assert_eq!(wrong.kind, LookErrorKind::Permission, "{wrong}");
    assert!(wrong.to_string().contains("refused user wr_read"), "{wrong}");

    // A table that is missing, or cannot be written so.
    for (how, want) in [
        ("alter table dr_heartbeat drop constraint dr_heartbeat_pkey", "ON CONFLICT"),
        ("drop table dr_heartbeat", "does not exist"),
    ] {
        pair.a.sql(how);
        let error = beat().unwrap_err();
        assert_eq!(error.kind, LookErrorKind::Ours, "{error}");
        for word in [want, "`warroom systems show postgres` prints how it is made"] {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    let once = beats::command(&site(&pair), "a").arg("--once").output().unwrap();
    assert_eq!(once.status.code(), Some(78), "{once:?}");
    pair.a.sql(BEAT_TABLE_SQL);
    let once = || beats::command(&site(&pair), "a").arg("--once").output().unwrap();
    assert_eq!(once().status.code(), Some(77));
    pair.a.sql("grant select, insert, update on dr_heartbeat to wr_beat");
    assert_eq!(once().status.code(), Some(0), "{:?}", once());
}

#[test]
fn a_server_that_hangs_and_comes_back_is_told_and_written_again() {
    let Some(_turn) = turn(Group::Postgres) else { return };
    let pair = pair();
    let mut heart = Heart::start(&site(&pair), "a");
    heart.until_said("  it        written\n");
    pair.a.freeze();
    heart.until_said("did not answer within 2 s");
    let once = beats::command(&site(&pair), "a").arg("--once").output().unwrap();
    assert_eq!(once.status.code(), Some(69), "{once:?}");
    pair.a.thaw();
    heart.until_said("written (again; ");
    let said = heart.said();
    assert_eq!(said.matches("did not answer").count(), 1, "told once: {said}");
    // Each was given up with its connection: none is left behind.
    let own = "select count(*) from pg_stat_activity where usename = 'wr_beat'";
    until("one connection", DEADLINE, || pair.a.sql(own) == "1");
    // A dead one does not keep it from ending.
    pair.a.freeze();
    let began = std::time::Instant::now();
    assert_eq!(heart.end(Signal::TERM).code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    pair.a.thaw();
}
