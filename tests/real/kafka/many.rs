//! A thousand partitions on each side are looked at within the period, idle and written to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use warroom::domain::ids::Side;
use warroom::domain::reading::Reading;
use warroom::domain::site::SystemSpec;

use super::bench::{Watcher, figure, system};
use super::truth::known;
use crate::servers::kafka::Pair;
use crate::servers::kafka::load::wall_ms;
use crate::turns::{Group, turn};

const TOPICS: usize = 20;
const PARTITIONS: i32 = 50;

/// The period that the example of the kind has.
const PERIOD: Duration = Duration::from_secs(5);

/// One look at both sides, which must both tell something within the period.
fn look(watcher: &mut Watcher, state: &str) -> Reading {
    let began = Instant::now();
    let looks = watcher.look();
    let took = began.elapsed();
    eprintln!("{state}: {took:.2?}");
    assert!(took < PERIOD, "{state}: {took:?}");
    assert!(looks.a.as_ref().unwrap().is_ok(), "{state}: {looks:?}");
    looks.b.unwrap().unwrap()
}

#[test]
fn a_thousand_partitions_are_read_within_the_period() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let topics: Vec<String> = (0..TOPICS).map(|number| format!("many-{number}")).collect();
    let copies: Vec<String> = topics.iter().map(|topic| Pair::remote(topic)).collect();
    // Little files of a topic cost less.
    let small = [("segment.index.bytes", "4096"), ("segment.bytes", "1048576")];
    pair.a.create_topics(&topics, PARTITIONS, &small);
    pair.b.create_topics(&copies, PARTITIONS, &small);
    let write = |topics: &[String], copies: &[String], payload: &str| {
        let at_ms = wall_ms();
        pair.a.produce_each(topics, PARTITIONS, payload, at_ms);
        pair.b.produce_each(copies, PARTITIONS, payload, at_ms);
    };
    write(&topics, &copies, "first");
    let of_pair = system(&pair, "many-.*", Vec::new());
    let spec = SystemSpec { every: PERIOD, timeout: PERIOD, ..of_pair };
    let mut watcher = Watcher::new(&spec);
    for state in ["idle, first look", "idle", "idle again"] {
        let b = look(&mut watcher, state);
        assert_eq!(b.lag.as_ref().unwrap().amount, Some(0), "{state}: {b:?}");
        let all = f64::from(PARTITIONS) * 20.0;
        assert!(figure(&b, "partitions").is_some_and(|count| count >= all), "{b:?}");
    }

    // Records flow in a hundred of them.
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0_u64.. {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                write(&topics[..2], &copies[..2], &number.to_string());
            }
        });
        for state in ["busy", "busy again", "busy still"] {
            look(&mut watcher, state);
        }
        look(&mut Watcher::new(&spec), "busy, first look");
        ends.store(true, Ordering::Relaxed);
    });
    let level = |b: &Reading| known(b) == Some((0.0, Some(0)));
    watcher.until(Side::B, "all is there", level);
    // One record that is missing in one of them is found.
    pair.a.produce(&topics[11], 33, 1);
    let b = look(&mut watcher, "one is missing");
    assert_eq!(figure(&b, "behind"), Some(1.0), "{b:?}");
    assert_eq!(b.lag.unwrap().amount, Some(1));
    pair.a.delete_topics(&topics);
    pair.b.delete_topics(&copies);
}
