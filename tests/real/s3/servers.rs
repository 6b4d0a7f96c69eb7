//! The servers that the tests of this folder rest on do what they are taken for.

use std::time::{Duration, Instant};

use crate::servers::aws::{Cloud, Double};
use crate::servers::fault::{Fault, FaultProxy};
use crate::servers::minio::Pair;
use crate::servers::objects::{Access, Bucket, Load, Plan};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

fn plan() -> Plan {
    Plan { every: Duration::from_millis(50), prefix: "data/", canary: None }
}

#[test]
fn objects_are_copied_also_those_of_an_outage() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let mut pair = Pair::start();
    let b = pair.b.store();
    let mut load = Load::start(pair.a.store(), plan());
    load.until_more(40);
    until("B follows", DEADLINE, || load.missing_in(&b).len() < 20);
    pair.b.program.kill9();
    load.until_more(40);
    pair.b.start();
    load.stop();
    until("B has everything", DEADLINE, || load.missing_in(&b).is_empty());
    // And the way back, for what is written there from now on.
    pair.b.replicate_to(&pair.a);
    assert!(b.put("data/back", vec![1]));
    let a = pair.a.store();
    until("A has it", DEADLINE, || a.keys("data/back").len() == 1);
    until("it is a copy there", DEADLINE, || a.status("data/back").as_deref() == Some("REPLICA"));
}

#[test]
fn a_double_copies_and_a_proxy_fails_for_one_region() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let cloud = Cloud::start(Double::MiniStack);
    let strict = Cloud::start(Double::Moto);
    let proxy = FaultProxy::to(strict.port);
    let regions = ["eu-central-1", "eu-west-1"];
    for bucket in [cloud.bucket(regions[0], "one"), strict.bucket(regions[0], "one")] {
        bucket.make();
        assert!(bucket.put("x", vec![1; 3]));
        assert_eq!(bucket.keys("").len(), 1);
    }
    let through = regions.map(|region| {
        let url = &proxy.url();
        Bucket::open(&Access { url, region, user: "rig-admin", secret: "rig" }, "one")
    });
    let took = |bucket: &Bucket| {
        let began = Instant::now();
        bucket.try_keys("").map(|_| began.elapsed())
    };
    let [near, far] = &through;
    assert!(took(near).is_some() && took(far).is_some());
    let late = Duration::from_millis(700);
    proxy.region(regions[1], Fault::Late(late));
    assert!(took(near).unwrap() < late && took(far).unwrap() >= late);
    for fault in [Fault::Unavailable, Fault::Half, Fault::Silent] {
        proxy.region(regions[1], fault);
        assert!(took(near).is_some() && took(far).is_none(), "{fault:?}");
    }
    proxy.all(Fault::None);
    assert!(took(far).is_some());
    assert!(proxy.asked(regions[1]) >= 6);
}
