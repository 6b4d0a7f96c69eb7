//! States of made-up servers for this folder's unit tests.

use super::state::{Beat, Closed, Receiver, Sender, SideState};
use super::writers::Writers;

/// A healthy primary at a position, at second 1000.
pub(super) fn primary(current_lsn: u64) -> SideState {
    SideState {
        in_recovery: false,
        clock_s: 1000.0,
        version: "15.20".into(),
        system: 7,
        started: "2026-11-20T14:02:10.123456Z".into(),
        address: Some("10.0.0.1:5432".to_owned()),
        timeline: 1,
        current_lsn: Some(current_lsn),
        receive_lsn: None,
        replay_lsn: None,
        replayed_at_s: None,
        replay_paused: false,
        writers: Writers { of_server: true, sees: true, ..Writers::default() },
        closed: None,
        sync_names: "".into(),
        commits_alone: false,
        connections: Some(3.0),
        connections_max: Some(100.0),
        receiver: Receiver::None,
        receiver_timeout_s: 60.0,
        still_s: 0.0,
        waits_s: 0.0,
        senders: vec![Sender {
            state: Some("streaming".to_owned()),
            sync: Some("async".to_owned()),
            name: "walreceiver".to_owned(),
        }],
        slots_lost: 0,
        slots_retained: Some(0.0),
        archive_age_s: Err("archiving is off"),
        beat: Beat::NotAsked,
    }
}

/// A streaming standby that received and replayed so much, at second 1000.
pub(super) fn standby(receive_lsn: u64, replay_lsn: u64) -> SideState {
    SideState {
        in_recovery: true,
        current_lsn: None,
        receive_lsn: Some(receive_lsn),
        replay_lsn: Some(replay_lsn),
        replayed_at_s: Some(990.0),
        receiver: Receiver::Seen {
            status: "streaming".to_owned(),
            timeline: Some(1),
            silent_s: Some(0.1),
        },
        senders: Vec::new(),
        ..primary(0)
    }
}

/// A primary that was first seen closed at `end`, before any other was seen.
pub(super) fn fenced(current_lsn: u64, end: u64) -> SideState {
    let open = primary(current_lsn);
    SideState {
        writers: Writers { default_on: true, ..open.writers.clone() },
        closed: Some(Closed { end, alone: true }),
        ..open
    }
}

/// A primary that was promoted to timeline 2 at `parted` and stands at `current_lsn`.
pub(super) fn promoted(current_lsn: u64, parted: u64) -> SideState {
    SideState {
        timeline: 2,
        started: "2026-11-20T15:00:00.000001Z".into(),
        receive_lsn: Some(parted),
        replay_lsn: Some(parted),
        ..primary(current_lsn)
    }
}
