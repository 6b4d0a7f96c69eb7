//! The way back: a new replica in the old region, and the old instance kept under another name.

use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, Role, Writes};
use warroom::domain::settings::Table;
use warroom::port::{Expected, OperateError};

use super::bench::{Hand, Watcher, done, system, table, text};
use crate::kind::identity::shown;
use crate::servers::aws::ACCOUNT;
use crate::servers::fault::{Fault, FaultProxy};
use crate::servers::rds::{INSTANCES, Pair, REGIONS};
use crate::servers::{DEADLINE, until};
use crate::stand::Lines;
use crate::turns::{Group, turn};

const STEP: &str = "rds.replicate";

/// The settings of the step.
pub fn tagged() -> Table {
    table(vec![("tag", text("1"))])
}

#[test]
fn a_new_replica_follows_and_the_old_instance_is_kept() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url], Vec::new());
    pair.promote();
    let mut watcher = Watcher::new(&spec);
    let expected = shown(&watcher.look(), Side::A);
    let hand = || Hand::meant_for(&spec, STEP, Side::A, tagged(), expected.clone());
    assert!(matches!(hand().check(), Standing::NotDone(_)));
    let preview = hand().preview();
    let told = |want: &str| preview.changes.iter().any(|line| line.text.as_str().contains(want));
    for want in [
        "lms-a is RENAMED to lms-a-old-1 and reboots",
        "lms-a-old-1 is kept, and paid for, until a person deletes it",
        "lms-a-old-1 still takes writes of whoever finds it",
        "a NEW replica of",
        "HOURS",
    ] {
        assert!(told(want), "{want}: {:?}", preview.changes);
    }
    let mut lines = Lines::default();
    let words = hand().apply_telling(&mut lines).unwrap();
    assert!(words.as_str().contains("available, replicating"), "{words}");
    for want in ["ModifyDBInstance", "is being renamed", "CreateDBInstanceReadReplica", "creating"]
    {
        assert!(lines.0.iter().any(|line| line.contains(want)), "{want}: {:?}", lines.0);
    }
    assert_eq!(pair.names(0), ["lms-a", "lms-a-old-1"]);
    // Another one has the name by now, and what was shown is kept: it is done by who looks again,
    // and whoever presses with the old screen is told before anything is asked of Amazon.
    assert!(done(&hand().check()));
    assert_ne!(
        hand().identity().unwrap().map(|met| met.server),
        expected.target.clone().map(|it| it.server)
    );
    let expected = shown(&watcher.look_anew(), Side::A);
    let words = Hand::meant_for(&spec, STEP, Side::A, tagged(), expected).apply().unwrap();
    assert!(words.as_str().contains("already so"), "{words}");
    assert_eq!((pair.copies(1), pair.names(0).len()), (1, 2));
    // It is a standby like any other, with a lag as soon as one is measured.
    pair.lag_of(0, 7.0, 2);
    let a = Watcher::new(&spec).side(Side::A).unwrap();
    assert_eq!((a.role, a.writes), (Some(Role::Standby), Some(Writes::Refused)));
    let lag = a.lag.unwrap();
    assert_eq!(lag.certainty, Certainty::Known, "{}", a.note);
    assert!(lag.seconds.is_some_and(|is| (9.0..=80.0).contains(&is)), "{lag:?}");
}

#[test]
fn what_was_begun_is_gone_on_with_and_nothing_is_done_twice() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let proxy = FaultProxy::to(pair.cloud.port);
    let (url, through) = (pair.cloud.url(), proxy.url());
    let spec = system([&through, &url], Vec::new());
    pair.promote();
    let expected = shown(&Watcher::new(&spec).look(), Side::A);
    let hand = || Hand::meant_for(&spec, STEP, Side::A, tagged(), expected.clone());
    let is_unclear = |outcome: Result<_, OperateError>| {
        let error = outcome.unwrap_err();
        assert!(matches!(error, OperateError::Ambiguous(_)), "{error:?}");
    };
    let orders = |name: &str| proxy.orders(&format!("Action={name}"));
    // The answer to the first order is lost: Amazon renames it all the same.
    proxy.only("Action=ModifyDBInstance", Fault::Half);
    is_unclear(hand().apply());
    assert!(matches!(hand().check(), Standing::NotDone(_)));
    until(
        "it has its new name",
        DEADLINE,
        || matches!(hand().check(), Standing::NotDone(why) if why.as_str().contains("is kept as")),
    );
    // The old instance still stands for the name that it had.
    assert_eq!(hand().identity().unwrap(), expected.target);
    let call = hand().preview().call;
    let source = format!("arn:aws:rds:{}:{ACCOUNT}:db:{}", REGIONS[1], INSTANCES[1]);
    assert_eq!(call.as_str(), format!("CreateDBInstanceReadReplica lms-a of {source}"));
    // So is the answer to the second one.
    proxy.only("Action=CreateDBInstanceReadReplica", Fault::Half);
    is_unclear(hand().apply());
    assert_eq!(orders("ModifyDBInstance"), 1);
    // What is left is to wait.
    hand().apply().unwrap();
    assert!(done(&hand().check()));
    assert_eq!((orders("ModifyDBInstance"), orders("CreateDBInstanceReadReplica")), (1, 1));
    assert_eq!((pair.copies(1), pair.names(0).len()), (1, 2));
}

#[test]
fn what_cannot_follow_is_refused_before_anything_is_renamed() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let url = pair.cloud.url();
    let spec = system([&url, &url], Vec::new());
    let check = |alone: bool, want: &str| {
        let expected = Expected { alone, ..Expected::default() };
        let mut hand = Hand::meant_for(&spec, STEP, Side::A, tagged(), expected);
        let preview = format!("{:?}", hand.preview().changes);
        assert!(alone || preview.contains("it will be REFUSED"), "{want}: {preview}");
        let refused = hand.apply().unwrap_err();
        assert!(matches!(refused, OperateError::Refused(_)), "{refused:?}");
        assert!(refused.to_string().contains(want), "{refused} / {want}");
        assert_eq!((pair.copies(1), pair.names(0).len()), (0, 1), "{want}");
    };
    check(false, "is no primary that serves");
    pair.promote();
    check(true, "is not proven closed by now, so nothing was done: fence it first");
    pair.say(1, "retention", 0);
    check(false, "keeps no automated backups");
    pair.say(1, "retention", 7);
    pair.say(1, "encrypted", true);
    check(false, "is encrypted: write `kms_key`");
    pair.say(1, "encrypted", false);
    pair.say(0, "status", "stopped");
    check(false, "is stopped, and Amazon renames only what is available");
    // Somebody else was faster: what is free is taken as it is, with nothing renamed.
    pair.say(0, "gone", true);
    assert!(matches!(Hand::new(&spec, STEP, Side::A, tagged()).check(), Standing::NotDone(_)));
    Hand::new(&spec, STEP, Side::A, tagged()).apply().unwrap();
    assert_eq!((pair.copies(1), pair.names(0).len()), (1, 1));
}

/// What the tests above rest on: the double says no where Amazon does.
#[test]
fn the_double_refuses_what_amazon_refuses() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start();
    let arn =
        |side: usize| format!("arn:aws:rds:{}:{ACCOUNT}:db:{}", REGIONS[side], INSTANCES[side]);
    let check = |side: usize, name: &str, source: &str, want: &str| {
        let order = pair.client(side).create_db_instance_read_replica();
        let order = order.db_instance_identifier(name).source_db_instance_identifier(source);
        let error = pair.wait(order.send()).unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some(want), "{name} of {source}: {error:?}");
    };
    check(0, "x", &arn(0), "InvalidParameterValue");
    check(0, "lms-a", &arn(1), "DBInstanceAlreadyExists");
    check(0, "x", "arn:aws:rds:us-west-2:123456789012:db:none", "DBInstanceNotFound");
    // A replica has no backups of its own.
    check(0, "x", &arn(1), "InvalidDBInstanceState");
    pair.say(1, "retention", 7);
    pair.say(1, "encrypted", true);
    check(0, "x", &arn(1), "InvalidParameterCombination");
    let rename = |to: &str| {
        let order = pair.client(0).modify_db_instance().db_instance_identifier("lms-a");
        let order = order.new_db_instance_identifier(to).apply_immediately(true);
        let told =
            pair.wait(order.send()).map_err(aws_sdk_rds::error::SdkError::into_service_error);
        told.map(|_| ()).map_err(|error| error.meta().code().unwrap_or_default().to_owned())
    };
    assert_eq!(rename("lms-a"), Err("DBInstanceAlreadyExists".to_owned()));
    pair.say(0, "status", "stopped");
    assert_eq!(rename("x"), Err("InvalidDBInstanceState".to_owned()));
    assert_eq!(pair.names(0), ["lms-a"]);
}
