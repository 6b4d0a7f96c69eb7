//! `MirrorMaker` 2 as a process of its own, which nobody can ask: it is known by what it brings,
//! and believed no longer than that.

use warroom::app::kinds::KINDS;
use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, Role};
use warroom::domain::settings::Table;

use super::bench::{Hand, done, of_sides, why, yes};
use super::truth::{Scales, known};
use crate::servers::kafka::mirror::Mirrored;
use crate::turns::{Group, turn};

const TOPIC: &str = "process-orders";

#[test]
fn a_process_of_its_own_is_known_by_what_it_brings() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let mut pair = Mirrored::start(TOPIC);
    let spec = of_sides([(&pair.a, Vec::new()), (&pair.b, Vec::new())], TOPIC, Vec::new());
    let mut scales = Scales::on([&pair.a, &pair.b], TOPIC, &spec);
    let b = scales.watcher.until(Side::B, "it is well", |b| why(b).is_empty());
    assert_eq!(b.role, Some(Role::Standby));
    let a = scales.watcher.side(Side::A).unwrap();
    assert_eq!((a.role, a.lag), (Some(Role::Primary), None));
    assert!(scales.weigh("busy") > 0);

    pair.mirror.kill9();
    scales.weigh("killed");
    let b = scales.watcher.until(Side::B, "its absence is noticed", |b| {
        let lag = b.lag.as_ref().expect("it followed");
        assert!(lag.known_seconds() != Some(0.0) && lag.amount != Some(0), "{lag:?}");
        lag.known_seconds().is_none()
    });
    assert_eq!((b.role, yes(&b, "link_up")), (None, None), "{b:?}");
    assert_eq!(scales.weigh("killed on"), 0);

    // Nothing that warroom could order would stop or start it, and it says so before a run.
    for name in ["kafka.stop_mirror", "kafka.start_mirror"] {
        let (_, action) = KINDS.action(name).unwrap();
        let refused = action.check_settings(&Table::default(), Some(&spec)).unwrap_err().message;
        assert!(refused.contains("names no `connect`"), "{refused}");
        assert!(refused.contains("stopped and started by a `command` step"), "{refused}");
    }
    let mut latest = Hand::new(&spec, "kafka.verify_latest", Side::B, Table::default());
    let Standing::NotDone(why_not) = latest.check() else { panic!("records are missing") };
    assert!(why_not.as_str().contains("fence it first"), "{why_not}");

    pair.launch();
    scales.watcher.until(Side::B, "it has caught up", |b| {
        b.role == Some(Role::Standby) && known(b).is_some_and(|(seconds, _)| seconds < 2.0)
    });
    assert!(scales.weigh("back") > 0);
    scales.end();
    let b =
        scales.watcher.until(Side::B, "nothing is missing", |b| known(b) == Some((0.0, Some(0))));
    assert_eq!(b.lag.unwrap().certainty, Certainty::Known);
    assert!(done(&latest.check()), "{:?}", latest.check());
}
