//! States of made-up servers for this folder's unit tests.

use super::config::Config;
use super::info::Info;
use super::state::SideState;

const SERVER: &str = "redis_version:7.0.15\nrun_id:r1\nuptime_in_seconds:3600\n\
    server_time_usec:1795183330000000\nmaster_replid:h1\nmaster_replid2:0000000000\n\
    repl_backlog_active:1\nrepl_backlog_histlen:1000\naof_enabled:1\nconnected_clients:3\n\
    db0:keys=10,expires=0\n";

/// What such a server tells, with what else it says in INFO.
fn told(more: &str) -> SideState {
    let text = format!("{SERVER}{more}");
    let state = SideState::of_info(&Info::parse(&text), 0, "redis-a:6379").expect("it is whole");
    SideState { config: Config { save_points: Ok(true), ..Config::default() }, ..state }
}

/// A healthy primary of history `h1` at an offset.
pub(super) fn primary(offset: u64) -> SideState {
    let follower = "slave0:ip=10.0.0.2,port=6379,state=online,lag=0";
    told(&format!("role:master\nmaster_repl_offset:{offset}\n{follower}\n"))
}

/// A replica of it that received so much.
pub(super) fn replica(offset: u64) -> SideState {
    let link = "master_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:up\n\
        master_last_io_seconds_ago:1";
    let state = told(&format!("role:slave\nslave_repl_offset:{offset}\n{link}\n"));
    SideState { run_id: "r9".to_owned(), ..state }
}
