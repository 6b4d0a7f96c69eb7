//! States of made-up servers for this folder's unit tests.

use super::beside::Beside;
use super::config::Config;
use super::info::Follower;
use super::state::{Beat, Ills, NO_FAILOVER, SideState, Upstream};

/// A healthy primary of history `h1` at an offset.
pub(super) fn primary(offset: u64) -> SideState {
    SideState {
        version: "7.0.15".to_owned(),
        run_id: "r1".to_owned(),
        uptime_s: 3600.0,
        clock_ms: Some(1_795_183_330_000),
        loading: false,
        replid: "h1".to_owned(),
        replid_before: "0".repeat(40),
        split_offset: None,
        backlog: Some(1000),
        offset,
        upstream: None,
        followers: vec![Follower {
            host: "10.0.0.2".to_owned(),
            port: 6379,
            state: "online".to_owned(),
            silent_s: Some(0),
        }],
        failover: NO_FAILOVER.to_owned(),
        keys: 10,
        ills: Ills::default(),
        good_replicas: None,
        loaded: None,
        append_only: true,
        config: Config { save_points: Ok(true), ..Config::default() },
        clients: Some(3.0),
        memory_used: None,
        beats: [Beat::NotAsked, Beat::NotAsked],
        at: None,
        beside: Beside::Nothing,
    }
}

/// A replica of it that received so much.
pub(super) fn replica(offset: u64) -> SideState {
    SideState {
        run_id: "r9".to_owned(),
        upstream: Some(Upstream {
            host: "10.0.0.1".to_owned(),
            port: 6379,
            up: true,
            silent_s: Some(1),
            down_s: None,
            syncing: false,
            synced: (0, None),
            read_only: true,
        }),
        followers: Vec::new(),
        ..primary(offset)
    }
}
