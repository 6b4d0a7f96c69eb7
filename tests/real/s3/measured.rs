//! What is written to be measured by, with the rights of the docs, and what `CloudWatch` tells.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use warroom::app::kinds::KINDS;
use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, FactValue, LookErrorKind};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::domain::spending::Bill;
use warroom::port::{Beat, BeatSetup, Clock};
use warroom::systems::s3::BEAT_POLICY;

use super::bench::{Hand, Shared, Vault, WallClock, Watcher, rights, system_of, table, text, why};
use crate::kind::Rig as _;
use crate::kind::truth::knows_no_lag;
use crate::servers::aws::{Cloud, Double};
use crate::servers::fault::FaultProxy;
use crate::servers::minio::Pair;
use crate::servers::{DEADLINE, until};
use crate::stand::HandClock;
use crate::turns::{Group, turn};

#[test]
fn canaries_are_written_with_the_right_to_write_them_and_no_other() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let pair = Pair::start();
    rights(&pair.a);
    rights(&pair.b);
    let settings = table(vec![("beat", text("plain"))]);
    let spec = Pair::system_at(pair.ports(), "read", "act", settings);
    let (vault, runtime) = (Vault::new(), Runtime::new().unwrap());
    let setup =
        BeatSetup { spec: &spec, side: Side::A, secrets: &vault, clock: Arc::new(WallClock) };
    let beater = RefCell::new(KINDS.system("s3").unwrap().beater(setup).unwrap());
    let beat = || runtime.block_on(beater.borrow_mut().beat());
    assert_eq!(beater.borrow().every(), Duration::from_secs(1));
    let denied = beat().unwrap_err();
    assert_eq!(denied.kind, LookErrorKind::Permission);
    assert!(denied.to_string().contains("allow it `s3:PutObject`"), "{denied}");
    pair.a.give("wr_plain", &BEAT_POLICY.replace("BUCKET", "src"));
    until("the right is there", DEADLINE, || beat() == Ok(Beat::Written));
    let mut watcher = Watcher::new(&spec);
    let reading = watcher.until(Side::B, "a lag is measured", |reading| {
        // A heart beats.
        beat().unwrap();
        reading.lag.as_ref().is_some_and(|lag| lag.certainty == Certainty::Known)
    });
    assert!(reading.lag.unwrap().seconds.is_some_and(|seconds| seconds < 5.0));
    // Of what no rule copies canaries tell nothing.
    assert!(pair.a.store().put("data/x", vec![1]));
    until("it is copied", DEADLINE, || pair.b.store().keys("data/").len() == 1);
    pair.a.copies_only("dr-canary/");
    beat().unwrap();
    let reading = watcher.side(Side::B).unwrap();
    assert!(knows_no_lag(&reading), "{reading:?}");
    let want = "only keys below `dr-canary/` are copied to dst";
    assert!(reading.note.as_str().contains(want), "{}", reading.note);
    assert!(why(&watcher.side(Side::A).unwrap()).contains(want));
    pair.a.copies_only("");
    assert_eq!(why(&watcher.side(Side::A).unwrap()), "");
    // A bucket that was made anew takes new canaries, and is no copy.
    pair.b.make_anew();
    let reading = Watcher::new(&spec).side(Side::B).unwrap();
    assert!(knows_no_lag(&reading), "{reading:?}");
    let want = "bucket dst lacks 1 of 1 object from before it was made, as `data/x`";
    assert!(why(&reading).contains(want), "{}", why(&reading));
    // It may write nothing else.
    let plain = Pair::system_at(pair.ports(), "read", "plain", Table::default());
    let verify = Hand::new(&plain, "s3.verify_write", Side::A, Table::default()).apply();
    assert!(verify.is_err());
}

#[test]
fn metrics_count_while_they_are_fresh() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let (cloud, region) = (Cloud::start(Double::Moto), "eu-central-1");
    cloud.bucket(region, "src").make();
    cloud.bucket(region, "dst").make();
    let url = cloud.url();
    let settings = || table(vec![("metrics", Value::Boolean(true)), ("region", text(region))]);
    let spec = || system_of([("src", &*url), ("dst", &*url)], "read", "act", settings());
    let role = table(vec![("role", text("arn:aws:iam::123456789012:role/copy"))]);
    Hand::new(&spec(), "s3.replicate", Side::B, role).apply().unwrap();
    let put = |name: &str, age_s: i64, value: f64| {
        let of = [("SourceBucket", "src"), ("DestinationBucket", "dst"), ("RuleId", "warroom-1")];
        cloud.measure((region, "AWS/S3", name), &of, (value, age_s));
    };
    let told = || {
        let mut watcher = Watcher::new(&spec());
        // What is asked beside a look is told by the next one.
        watcher.until(Side::A, "it was asked", |reading| {
            matches!(reading.fact("lifecycle"), Some(FactValue::Text(_)))
        });
        let reading = watcher.side(Side::A).unwrap();
        reading.fact("pending_operations").unwrap().clone()
    };
    // Nothing was ever told: not known, never 0.
    assert!(matches!(told(), FactValue::Unknown(_)), "{:?}", told());
    put("OperationsPendingReplication", 600, 7.0);
    assert!(matches!(told(), FactValue::Unknown(_)), "{:?}", told());
    put("OperationsPendingReplication", 60, 9.0);
    assert_eq!(told(), FactValue::Number(9.0));
}

#[test]
fn looks_are_as_many_requests_as_one_round_tells() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let (cloud, region) = (Cloud::start(Double::Moto), "eu-central-1");
    cloud.bucket(region, "src").make();
    cloud.bucket(region, "dst").make();
    let proxy = FaultProxy::to(cloud.port);
    let url = proxy.url();
    let settings = table(vec![("metrics", Value::Boolean(true)), ("region", text(region))]);
    let every = Duration::from_secs(30);
    let spec = system_of([("src", &*url), ("dst", &*url)], "read", "act", settings);
    let spec = SystemSpec { every, ..spec };
    let role = table(vec![("role", text("arn:aws:iam::123456789012:role/copy"))]);
    Hand::new(&spec, "s3.replicate", Side::B, role).apply().unwrap();
    let hand = Arc::new(HandClock::at(1000));
    let clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&hand);
    let mut site = Shared::by(clock);
    site.watch(&spec);
    let mut look = || {
        for looks in site.look() {
            assert!(looks.a.unwrap().is_ok() && looks.b.unwrap().is_ok());
        }
        Bill::sum(&site.bills())
    };
    let bill = look();
    let before = proxy.asked(region);
    // Ten minutes of its clock.
    for _ in 0..20 {
        hand.pass(every);
        look();
    }
    let counted = f64::from(u32::try_from(proxy.asked(region) - before).unwrap());
    let told = bill.requests_a_minute() * 10.0;
    assert!((told - counted).abs() < 1e-6, "{told} {counted}");
    assert!(bill.metrics > 0 && bill.usd_a_day.is_none(), "{bill}");
}
