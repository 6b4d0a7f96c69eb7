//! What is done to real servers, their lines and their names so that they are in a state.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::line::{Line, lasts};
use super::rig::Rig;
use super::servers::Servers;
use super::states::Store;
use crate::servers::postgres::{READ_PASSWORD, Server};
use crate::servers::proxy::Weather;
use crate::servers::{DEADLINE, Killed, until};

/// Bytes a second that are less than what is written.
const NARROW: u32 = 3_000;

/// How late a late line is.
const LATE: Duration = Duration::from_secs(5);

pub fn kill_primaries(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.kill9();
    rig.pair.a.kill9_all();
}

/// Rows and keys are on their way when A is lost.
pub fn kill_primaries_behind(rig: &mut Rig, servers: &mut Servers) {
    silence_lines(rig, servers);
    lasts(4);
    kill_primaries(rig, servers);
}

pub fn kill_idle_primaries(rig: &mut Rig, servers: &mut Servers) {
    idle(rig, servers);
    rig.pair.until_caught_up();
    rig.cache.until_caught_up();
    lasts(5);
    kill_primaries(rig, servers);
}

/// What was received and not replayed is not lost: a promotion replays it.
pub fn kill_while_paused(rig: &mut Rig, servers: &mut Servers) {
    pause_replay(rig, servers);
    lasts(4);
    kill_primaries(rig, servers);
}

pub fn freeze_primaries(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.freeze();
    rig.pair.a.freeze();
}

pub fn thaw_primaries(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.thaw();
    rig.pair.a.thaw();
}

/// The last children of a killed server hold its shared memory a little longer.
fn until_gone() {
    lasts(1);
}

pub fn restart_primaries(rig: &mut Rig, servers: &mut Servers) {
    kill_primaries(rig, servers);
    until_gone();
    rig.pair.a.start();
    rig.cache.a.start();
}

pub fn kill_standbys(rig: &mut Rig, _: &mut Servers) {
    rig.cache.b.kill9();
    rig.pair.b.kill9_all();
}

pub fn start_standbys(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.start();
    rig.cache.b.start();
    let port = rig.lines[Store::Cache.index()].port.to_string();
    rig.cache.b.ask(&["REPLICAOF", "127.0.0.1", &port]);
}

pub fn restart_standbys(rig: &mut Rig, servers: &mut Servers) {
    kill_standbys(rig, servers);
    until_gone();
    start_standbys(rig, servers);
}

pub fn freeze_standbys(rig: &mut Rig, _: &mut Servers) {
    rig.cache.b.freeze();
    rig.pair.b.freeze();
}

pub fn thaw_standbys(rig: &mut Rig, _: &mut Servers) {
    rig.cache.b.thaw();
    rig.pair.b.thaw();
}

fn each(servers: &mut Servers, verb: &str) {
    for store in Store::BOTH {
        servers.tell(&format!("{verb} {}", store.name()));
    }
}

pub fn idle(_: &mut Rig, servers: &mut Servers) {
    each(servers, "pause");
}

pub fn busy(_: &mut Rig, servers: &mut Servers) {
    each(servers, "go");
}

pub fn stop_beats(_: &mut Rig, servers: &mut Servers) {
    each(servers, "still");
}

pub fn start_beats(_: &mut Rig, servers: &mut Servers) {
    each(servers, "beat");
}

/// Whoever writes the heartbeat is behind the same line: both end at once, rows and keys go on.
pub fn stop_beats_and_lines(rig: &mut Rig, servers: &mut Servers) {
    stop_beats(rig, servers);
    silence_lines(rig, servers);
}

fn lines(rig: &Rig, line: Line) {
    for relay in &rig.lines {
        relay.be(line);
    }
}

pub fn clear_lines(rig: &mut Rig, _: &mut Servers) {
    lines(rig, Line::CLEAR);
}

pub fn cut_lines(rig: &mut Rig, _: &mut Servers) {
    lines(rig, Line { refusing: true, ..Line::CLEAR });
    rig.lines.iter().for_each(super::line::Relay::cut);
}

pub fn silence_lines(rig: &mut Rig, _: &mut Servers) {
    lines(rig, Line { silent: true, ..Line::CLEAR });
}

pub fn delay_lines(rig: &mut Rig, _: &mut Servers) {
    lines(rig, Line { late: LATE, ..Line::CLEAR });
}

pub fn narrow_lines(rig: &mut Rig, _: &mut Servers) {
    lines(rig, Line { rate: Some(NARROW), ..Line::CLEAR });
}

pub fn burst_after_idle(rig: &mut Rig, servers: &mut Servers) {
    idle(rig, servers);
    lasts(8);
    lines(rig, Line { rate: Some(NARROW * 10), ..Line::CLEAR });
    for store in Store::BOTH {
        servers.tell(&format!("burst {} 2000", store.name()));
    }
}

fn names(rig: &Rig, side: usize, weather: Weather) {
    for names in &rig.names {
        names[side].weather(weather);
        if weather == Weather::Refusing {
            names[side].cut();
        }
    }
}

pub fn refuse_names_of_a(rig: &mut Rig, _: &mut Servers) {
    names(rig, 0, Weather::Refusing);
}

pub fn silence_names_of_a(rig: &mut Rig, _: &mut Servers) {
    names(rig, 0, Weather::Dead);
}

pub fn silence_names_of_b(rig: &mut Rig, _: &mut Servers) {
    names(rig, 1, Weather::Dead);
}

pub fn silence_all_paths(rig: &mut Rig, _: &mut Servers) {
    names(rig, 0, Weather::Dead);
    names(rig, 1, Weather::Dead);
    rig.outside.weather(Weather::Dead);
}

pub fn heal(rig: &mut Rig, _: &mut Servers) {
    rig.heal();
}

pub fn lead_b_to_a(rig: &mut Rig, _: &mut Servers) {
    for store in Store::BOTH {
        let name = &rig.names[store.index()][1];
        name.move_to(rig.port(store, 0));
        name.cut();
    }
}

pub fn lead_b_to_strangers(rig: &mut Rig, _: &mut Servers) {
    let ports = rig.strangers();
    for (store, port) in Store::BOTH.into_iter().zip(ports) {
        let name = &rig.names[store.index()][1];
        name.move_to(port);
        name.cut();
    }
}

pub fn promote_standbys(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.sql("select pg_promote()");
    rig.pair.b.sql("insert into shelf values (0, 'written in B')");
    rig.cache.b.ask(&["REPLICAOF", "NO", "ONE"]);
    rig.cache.b.ask(&["SET", "written", "in B"]);
}

/// A replica that serves nobody and follows nobody, while A serves.
pub fn promote_replica_alone(rig: &mut Rig, _: &mut Servers) {
    rig.cache.b.ask(&["REPLICAOF", "NO", "ONE"]);
}

fn as_standby(server: &mut Server) {
    server.stop();
    std::fs::write(server.data().join("standby.signal"), "").unwrap();
    crate::servers::account::give(&server.data().join("standby.signal"));
    server.start();
}

pub fn make_a_follow_nobody(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.ask(&["REPLICAOF", "127.0.0.1", "9"]);
    as_standby(&mut rig.pair.a);
}

/// B was a primary for a moment, wrote, and cannot follow A any more.
pub fn split_history(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.sql("select pg_promote()");
    rig.pair.b.sql("insert into shelf values (0, 'written in B')");
    rig.pair.b.sql("checkpoint");
    lasts(1);
    as_standby(&mut rig.pair.b);
}

pub fn change_passwords(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("alter role wr_read password 'another'");
    rig.pair.until_caught_up();
    for server in [&rig.pair.a, &rig.pair.b] {
        server.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'wr_read'",
        );
    }
    for server in [&rig.cache.a, &rig.cache.b] {
        server.ask(&["ACL", "SETUSER", "wr_read", "resetpass", ">another"]);
    }
}

pub fn take_rights(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("revoke pg_monitor from wr_read");
    for server in [&rig.cache.a, &rig.cache.b] {
        server.ask(&["ACL", "SETUSER", "wr_read", "-info"]);
    }
}

pub fn give_rights(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("grant pg_monitor to wr_read");
    for server in [&rig.cache.a, &rig.cache.b] {
        let password = format!(">{READ_PASSWORD}");
        server.ask(&["ACL", "SETUSER", "wr_read", &password, "+info", "+config|get"]);
    }
}

pub fn hide_config(rig: &mut Rig, _: &mut Servers) {
    for server in [&rig.cache.a, &rig.cache.b] {
        server.ask(&["ACL", "SETUSER", "wr_read", "-config|get"]);
    }
}

pub fn freeze_sender(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.freeze_child("walsender");
}

pub fn thaw_sender(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.thaw_child("walsender");
}

pub fn freeze_receiver(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.freeze_child("walreceiver");
}

pub fn thaw_receiver(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.thaw_child("walreceiver");
}

pub fn pause_replay(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.sql("select pg_wal_replay_pause()");
}

pub fn resume_replay(rig: &mut Rig, _: &mut Servers) {
    // What waits to be replayed may take away what a question needs.
    let server = &rig.pair.b;
    until("replay goes on", DEADLINE, || server.try_sql("select pg_wal_replay_resume()").is_ok());
}

/// Somebody's session at a server, which stays as long as the rig or [`end_guests`].
fn guest(rig: &mut Rig, side: usize, sql: &str) {
    let server = [&rig.pair.a, &rig.pair.b][side];
    let child = Command::new(server.bin().join("psql"))
        .args(["-X", "-q", "-c", sql])
        .arg(format!("{} application_name=guest", server.dsn()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    rig.guests.push(Killed(child));
    let there = "select count(*) > 0 from pg_stat_activity
        where application_name = 'guest' and query like '%pg_sleep%' and wait_event = 'PgSleep'";
    let server = [&rig.pair.a, &rig.pair.b][side];
    until("the guest works", DEADLINE, || server.try_sql(there).as_deref() == Ok("t"));
}

pub fn end_guests(rig: &mut Rig, _: &mut Servers) {
    for server in [&rig.pair.a, &rig.pair.b] {
        server.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where application_name = 'guest'",
        );
    }
    rig.guests.clear();
}

/// A query in B that needs what A takes away, and nobody cancels it.
pub fn block_replay(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.sql("alter system set max_standby_streaming_delay = -1");
    rig.pair.b.sql("select pg_reload_conf()");
    guest(rig, 1, "begin; select count(*) from shelf; select pg_sleep(600)");
    rig.pair.a.sql("truncate shelf");
}

/// Much log, and nothing of it is committed for as long as it lasts.
pub fn write_much_at_once(rig: &mut Rig, _: &mut Servers) {
    let much = "begin; insert into shelf select n, repeat('x', 100) \
                from generate_series(1, 100000) as n; select pg_sleep(600)";
    guest(rig, 0, much);
}

pub fn set_read_only(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("alter system set default_transaction_read_only = on");
    rig.pair.a.sql("select pg_reload_conf()");
}

pub fn fence(rig: &mut Rig, servers: &mut Servers) {
    set_read_only(rig, servers);
    rig.pair.a.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
}

pub fn unset_read_only(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("alter system reset default_transaction_read_only");
    rig.pair.a.sql("select pg_reload_conf()");
}

pub fn wait_for_nobody(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("alter system set synchronous_standby_names = 'nobody'");
    rig.pair.a.sql("select pg_reload_conf()");
}

pub fn wait_for_none(rig: &mut Rig, _: &mut Servers) {
    rig.pair.a.sql("alter system reset synchronous_standby_names");
    rig.pair.a.sql("select pg_reload_conf()");
}

/// B comes back after A has thrown away what B needs: it must be copied anew.
pub fn remove_log(rig: &mut Rig, _: &mut Servers) {
    rig.pair.b.stop();
    let a = &rig.pair.a;
    a.sql("alter system set wal_keep_size = 0");
    a.sql("select pg_reload_conf()");
    a.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots");
    for _ in 0..3 {
        a.sql("insert into shelf values (0, 'more'); select pg_switch_wal()");
        a.sql("checkpoint");
    }
    rig.pair.b.start();
}

fn restart_empty(rig: &mut Rig) {
    rig.cache.a.kill9();
    rig.cache.a.forget();
    rig.cache.a.start();
}

/// B follows an empty primary and is empty too; keys are written anew.
pub fn empty_primary(rig: &mut Rig, _: &mut Servers) {
    restart_empty(rig);
}

/// The same, and nobody writes for a while.
pub fn empty_idle_primary(rig: &mut Rig, servers: &mut Servers) {
    servers.tell("pause cache");
    restart_empty(rig);
}

/// No write is possible: A wants a replica, and the line is cut.
pub fn want_replicas(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.ask(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    rig.lines[1].be(Line { refusing: true, ..Line::CLEAR });
    rig.lines[1].cut();
}

pub fn fill_memory(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    rig.cache.a.ask(&["CONFIG", "SET", "maxmemory", "1"]);
}

pub fn free_memory(rig: &mut Rig, _: &mut Servers) {
    rig.cache.a.ask(&["CONFIG", "SET", "maxmemory", "0"]);
}

pub fn write_to_replica(rig: &mut Rig, _: &mut Servers) {
    rig.cache.b.ask(&["CONFIG", "SET", "replica-read-only", "no"]);
    rig.cache.b.ask(&["SET", "written", "in B"]);
}

/// A replica without anything gets a full copy over a narrow line.
pub fn copy_slowly(rig: &mut Rig, _: &mut Servers) {
    // Hashes cannot be packed.
    let fill = "for i = 1, 30000 do \
                redis.call('SET', 'shelf:' .. i, redis.sha1hex(i) .. redis.sha1hex(-i)) end";
    rig.cache.a.ask(&["EVAL", fill, "0"]);
    rig.cache.b.kill9();
    rig.cache.b.forget();
    rig.lines[1].be(Line { rate: Some(NARROW * 10), ..Line::CLEAR });
    rig.cache.b.start();
    let port = rig.lines[1].port.to_string();
    rig.cache.b.ask(&["REPLICAOF", "127.0.0.1", &port]);
}
