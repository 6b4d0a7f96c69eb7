//! `warroom beat` on real clusters: what it writes, what it measures, and with which rights.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Basis, Certainty, LookErrorKind};
use warroom::port::Beat;
use warroom::systems::kafka::BEAT_ACLS;

use super::bench::{Pulse, Watcher, rights, system, text};
use crate::servers::kafka::Pair;
use crate::servers::kafka::connect::SOURCE;
use crate::servers::kafka::rights::{May, On};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

/// A topic of ours for heartbeats; that of MirrorMaker 2 is written by itself.
const TOPIC: &str = "orders-beats";

#[test]
fn our_own_heartbeats_measure_and_their_absence_is_no_lag() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    pair.a.create_topic(TOPIC, 1, &[]);
    pair.a.create_topic("orders-beaten", 1, &[]);
    let more = vec![("heartbeat", text(TOPIC))];
    let spec = system(&pair, "orders-bea.*", more);
    let mut beat = Pulse::new(&spec, Side::A, "beat");
    let denied = beat.beat().unwrap_err();
    assert_eq!(denied.kind, LookErrorKind::Permission, "{denied}");
    let commands = BEAT_ACLS.replace("--topic heartbeats", &format!("--topic {TOPIC}"));
    for (user, may, on) in rights(commands.leak()) {
        pair.a.allow(user, may, on);
    }
    assert_eq!(beat.beat().unwrap(), Beat::Written);
    // It is not allowed more than that.
    let elsewhere = system(&pair, "orders-bea.*", vec![("heartbeat", text("orders-beaten"))]);
    let denied = Pulse::new(&elsewhere, Side::A, "beat").beat().unwrap_err();
    assert_eq!(denied.kind, LookErrorKind::Permission, "{denied}");

    let remote = Pair::remote(TOPIC);
    until("heartbeats arrive", DEADLINE, || {
        beat.beat().unwrap();
        pair.b.ends(&remote).is_some_and(|ends| ends[0] > 1)
    });
    let beat = std::cell::RefCell::new(beat);
    let mut watcher = Watcher::new(&spec);
    watcher.until(Side::B, "all is copied", |b| {
        b.lag.as_ref().is_some_and(|lag| lag.known_seconds() == Some(0.0))
    });
    pair.connect.pause(SOURCE);
    pair.a.produce("orders-beaten", 0, 7);
    watcher.until(Side::B, "they measure", |b| {
        beat.borrow_mut().beat().unwrap();
        b.lag.as_ref().is_some_and(|lag| {
            lag.basis == Basis::Heartbeat && lag.known_seconds().is_some_and(|lag| lag > 2.0)
        })
    });
    // No more come: that is no lag of none, and not the last one either.
    let b = watcher.until(Side::B, "their absence is noticed", |b| {
        let lag = b.lag.as_ref().unwrap();
        assert_ne!(lag.known_seconds(), Some(0.0));
        lag.seconds.is_none()
    });
    assert_eq!(b.lag.unwrap().certainty, Certainty::Known, "seven records are missing");
    pair.a.disallow("wr_beat", May::Write, On::Topic(TOPIC));
}
