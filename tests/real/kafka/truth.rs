//! The truth of a copied topic in every state of its flow: no lag below it, and none far above.

use warroom::domain::ids::Side;
use warroom::domain::reading::{Certainty, Look, Reading, Role};
use warroom::domain::site::SystemSpec;

use super::bench::{EVERY, Watcher, figure, system, why};
use crate::servers::kafka::Pair;
use crate::servers::kafka::broker::Broker;
use crate::servers::kafka::connect::SOURCE;
use crate::servers::kafka::load::{Acknowledged, Arrived, Load, wall_ms};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const PARTITIONS: i32 = 3;

/// How far a figure may be above the truth: a look, a heartbeat and what both take.
const ABOVE_S: f64 = 2.5;

/// How many looks are held against the truth in one state.
const LOOKS: usize = 5;

/// A loaded topic, what watches it, and what is there in truth.
pub struct Scales {
    pub watcher: Watcher,
    load: Load,
    arrived: Arrived,
    /// Heartbeats as they are written, and as they arrive: what is missing of them is behind too.
    beats: [Arrived; 2],
    told: usize,
}

impl Scales {
    fn new(pair: &Pair, topic: &str) -> Self {
        Self::on([&pair.a, &pair.b], topic, &system(pair, topic, Vec::new()))
    }

    /// Loads a new topic of the first of two clusters, and waits until it is copied and measured.
    pub fn on([a, b]: [&Broker; 2], topic: &str, spec: &SystemSpec) -> Self {
        a.create_topic(topic, PARTITIONS, &[]);
        let load = Load::start(a, topic, PARTITIONS, 200);
        let arrived = Arrived::new(b, &Pair::remote(topic), PARTITIONS);
        let watcher = Watcher::new(spec);
        let beats = "heartbeats";
        let beats = [Arrived::new(a, beats, 1), Arrived::new(b, &Pair::remote(beats), 1)];
        let mut scales = Self { watcher, load, arrived, beats, told: 0 };
        until("it is copied", DEADLINE, || scales.arrived.read_on() && scales.missing().len() < 50);
        scales.watcher.until(Side::B, "it is measured", |b| known(b).is_some());
        scales
    }

    /// Ends the load, and waits until all of it is copied.
    pub fn end(&mut self) {
        self.load.stop();
        until("all is copied", DEADLINE, || self.arrived.read_on() && self.missing().is_empty());
    }

    fn missing(&self) -> Vec<Acknowledged> {
        self.arrived.missing(&self.load.acknowledged())
    }

    /// When the oldest heartbeat was written that has not arrived.
    fn beat_missing_ms(&mut self) -> Option<i64> {
        for beats in self.beats.iter_mut().rev() {
            beats.read_on();
        }
        let [written, arrived] = &self.beats;
        let newest_ms = arrived.times_ms().last()?;
        written.times_ms().range(newest_ms + 1..).next().copied()
    }

    /// Looks some times, holds each figure against the truth, and tells how often there was one.
    pub fn weigh(&mut self, state: &str) -> usize {
        let mut known_in = 0;
        for _ in 0..LOOKS {
            std::thread::park_timeout(EVERY);
            self.arrived.read_on();
            let beat_ms = self.beat_missing_ms();
            let there = self.load.acknowledged();
            let (before, began_ms) = (self.arrived.missing(&there), wall_ms());
            let look = self.watcher.side(Side::B);
            let ended_ms = wall_ms();
            until("the copy is read", DEADLINE, || self.arrived.read_on());
            // What was there before the look, and is missing after it, was missing in it.
            let after = self.arrived.missing(&there);
            let Some(reading) = look.as_ref().ok() else {
                eprintln!("{state}: {look:?}");
                continue;
            };
            let Some((shown_s, records)) = known(reading) else {
                eprintln!("{state}: UNKNOWN, {} missing: {:?}", after.len(), why(reading));
                continue;
            };
            known_in += 1;
            let age = |at_ms: i64, of: &[Acknowledged]| {
                of.first().map_or(0.0, |first| span_s(at_ms, first.wall_ms))
            };
            let since_ms = beat_ms.map_or(began_ms, |beat_ms| beat_ms.min(began_ms));
            let (least, most) =
                (age(began_ms, &after), age(ended_ms, &before).max(span_s(ended_ms, since_ms)));
            eprintln!(
                "{state}: {shown_s:.2} s, truth {least:.2} to {most:.2} s; {records:?} records, at \
                 least {} missing",
                after.len()
            );
            assert!(shown_s >= least, "{state}: {shown_s} s is below the truth of {least} s");
            assert!(shown_s <= most + ABOVE_S, "{state}: {shown_s} s is above {most} s");
            if let Some(records) = records {
                let least = u64::try_from(after.len()).unwrap();
                assert!(records >= least, "{state}: {records} records, {least} are missing");
            }
        }
        self.told += known_in;
        known_in
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
fn span_s(to_ms: i64, from_ms: i64) -> f64 {
    (to_ms - from_ms) as f64 / 1000.0
}

/// The seconds and records that a reading claims.
pub fn known(reading: &Reading) -> Option<(f64, Option<u64>)> {
    let lag = reading.lag.as_ref().filter(|lag| lag.certainty == Certainty::Known)?;
    Some((lag.seconds?, lag.amount))
}

fn claims_nothing(look: &Look) -> bool {
    look.as_ref().map_or(true, |reading| known(reading).is_none())
}

#[test]
fn a_lag_is_never_below_the_truth() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let mut pair = Pair::shared();
    let mut scales = Scales::new(&pair, "orders-truth");
    let b = scales.watcher.side(Side::B).unwrap();
    assert_eq!((b.role, why(&b).as_str()), (Some(Role::Standby), ""));
    assert!(scales.weigh("busy") > 0);

    pair.connect.pause(SOURCE);
    assert_eq!(scales.weigh("paused"), LOOKS);
    assert_eq!(scales.weigh("paused on"), LOOKS);
    let b = scales.watcher.side(Side::B).unwrap();
    assert!(why(&b).contains("is PAUSED"), "{}", why(&b));
    pair.connect.resume(SOURCE);
    scales.weigh("resumed");

    scales.end();
    assert_eq!(scales.weigh("idle"), LOOKS);

    pair.b.program.freeze();
    assert!(claims_nothing(&scales.watcher.side(Side::B)));
    pair.b.program.thaw();
    scales.watcher.until(Side::B, "B is back", |b| known(b).is_some());
    scales.weigh("B thawed");

    pair.a.program.freeze();
    assert!(claims_nothing(&scales.watcher.side(Side::B)));
    pair.a.program.thaw();
    pair.a.program.kill9();
    let b = scales.watcher.side(Side::B);
    assert!(claims_nothing(&b), "{b:?}");
    assert_eq!(b.unwrap().role, Some(Role::Standby));
    pair.a.start();
    scales.watcher.until(Side::B, "A is back", |b| known(b).is_some());
    scales.weigh("A back");
    assert!(scales.told > LOOKS * 4, "{} figures", scales.told);
}

#[test]
fn what_one_failed_task_leaves_is_told() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let topic = "orders-failed";
    pair.a.create_topic(topic, PARTITIONS, &[("max.message.bytes", "3000000")]);
    let mut load = Load::start(&pair.a, topic, PARTITIONS, 100);
    let mut watcher = Watcher::new(&system(&pair, topic, Vec::new()));
    watcher.until(Side::B, "it is measured", |b| known(b).is_some());
    pair.connect.poison(&pair.a, topic, 1);
    let b = watcher.until(Side::B, "the failure is told", |b| {
        figure(b, "failed_tasks").is_some_and(|failed| failed > 0.0)
    });
    assert!(why(&b).contains("FAILED"), "{}", why(&b));
    let behind = watcher
        .until(Side::B, "it is behind", |b| known(b).is_some_and(|(seconds, _)| seconds > 5.0));
    load.stop();
    assert!(figure(&behind, "behind").is_some_and(|behind| behind >= 1.0), "{behind:?}");
    pair.connect.cure();
    watcher.until(Side::B, "it is copied again", |b| {
        known(b).is_some_and(|(seconds, records)| seconds < 1.0 && records == Some(0))
    });
}

#[test]
fn what_no_offset_tells_is_told() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    pair.a.create_topic("orders-odd", 1, &[]);
    let mut watcher = Watcher::new(&system(&pair, "orders-odd.*", Vec::new()));
    watcher.until(Side::B, "heartbeats come", |b| known(b).is_some());
    let level = |watcher: &mut Watcher, what: &str| {
        watcher.until(Side::B, what, |b| known(b) == Some((0.0, Some(0))))
    };

    // A new topic: it is not here until MirrorMaker 2 looks for new ones.
    pair.a.create_topic("orders-odd-new", 1, &[]);
    pair.a.produce("orders-odd-new", 0, 50);
    let b = watcher.side(Side::B).unwrap();
    assert!(why(&b).contains("not copied at all: orders-odd-new"), "{}", why(&b));
    assert!(known(&b).is_none_or(|(seconds, records)| seconds > 0.0 && records >= Some(50)));
    level(&mut watcher, "the new topic is copied");

    // A region whose brokers stamp records themselves: a copy tells when it arrived.
    let (copy, stamps) = (&Pair::remote("orders-odd-new"), "message.timestamp.type");
    pair.b.configure_topic(copy, &[(stamps, "LogAppendTime")]);
    pair.a.produce("orders-odd-new", 0, 1);
    let b = watcher.until(Side::B, "it is told", |b| why(b).contains("when records arrived"));
    assert!(why(&b).contains(&format!("`{stamps}=CreateTime` here on {copy}")), "{}", why(&b));
    assert!(b.lag.is_some_and(|lag| lag.seconds.is_none()));
    pair.b.configure_topic(copy, &[(stamps, "CreateTime")]);
    pair.a.produce("orders-odd-new", 0, 1);
    level(&mut watcher, "it is set right");

    // Transactions: what ends one counts in the ends of its source, for ever.
    pair.a.create_topic("orders-odd-tx", 1, &[]);
    pair.a.transact("orders-odd-tx", 0, 1, &[true; 20]);
    pair.a.transact("orders-odd-tx", 0, 1, &[false; 5]);
    let _ = level(&mut watcher, "transactions are copied");

    // One that stays open keeps back what others write after it: that is copied by nobody.
    let open = pair.a.hang_transaction("orders-odd-tx", 0, 3);
    pair.a.produce("orders-odd-tx", 0, 4);
    let b = watcher
        .until(Side::B, "it is noticed", |b| known(b).is_some_and(|(seconds, _)| seconds > 1.5));
    assert!(known(&b).is_some_and(|(_, records)| records >= Some(4)), "{b:?}");
    drop(open);
    pair.a.delete_topic("orders-odd-tx");
    pair.a.create_topic("orders-odd-tx", 1, &[]);
    level(&mut watcher, "it is made anew");

    // Trimmed while paused: 200 records are lost for good.
    pair.connect.pause(SOURCE);
    pair.a.produce("orders-odd-new", 0, 300);
    watcher.until(Side::B, "it is behind", |b| known(b).is_some_and(|(_, of)| of == Some(300)));
    pair.a.delete_records("orders-odd-new", 0, 252);
    let b = watcher.until(Side::B, "the loss is told", |b| figure(b, "lost_records") > Some(0.0));
    assert_eq!(figure(&b, "lost_records"), Some(200.0), "{}", why(&b));
    pair.connect.resume(SOURCE);
    let b = level(&mut watcher, "the rest is copied");
    assert_eq!(figure(&b, "lost_records"), Some(200.0), "it stays lost");

    // Made anew: copying waits where the old one ended.
    pair.a.delete_topic("orders-odd-tx");
    pair.a.create_topic("orders-odd-tx", 1, &[]);
    pair.a.produce("orders-odd-tx", 0, 3);
    let b = watcher.until(Side::B, "it is told", |b| why(b).contains("made anew"));
    drop(b);
    pair.a.delete_topic("orders-odd-tx");
}
