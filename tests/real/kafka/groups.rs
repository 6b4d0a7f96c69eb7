//! Consumer groups that go on in the other region: where they would begin, and what they would read
//! once more.

use warroom::domain::ids::Side;

use super::bench::{Watcher, figure, list, system, why};
use crate::servers::kafka::Pair;
use crate::servers::kafka::connect::CHECKPOINT;
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

const TOPIC: &str = "orders-again";
const GROUP: &str = "billing-again";

#[test]
fn the_duplicates_to_expect_are_those_that_come() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    let there = || pair.b.committed(GROUP, &Pair::remote(TOPIC), 1).first().copied().flatten();
    pair.a.create_topic(TOPIC, 1, &[]);
    pair.a.produce(TOPIC, 0, 100);
    let spec = system(&pair, TOPIC, vec![("groups", list(&[GROUP]))]);
    // Where groups stand is asked in few looks: a new probe asks at once.
    let told = || {
        Watcher::new(&spec).until(Side::B, "all is copied", |b| {
            let is_level = b.lag.as_ref().is_some_and(|lag| lag.amount == Some(0));
            is_level && figure(b, "duplicates").is_some()
        })
    };
    let none = told();
    assert_eq!((figure(&none, "duplicates"), why(&none).as_str()), (Some(0.0), ""));

    // Nobody translates where the group stands: it would begin with the first record.
    pair.connect.stop(CHECKPOINT);
    pair.a.commit(GROUP, TOPIC, &[40]);
    let all = told();
    assert_eq!(figure(&all, "duplicates"), Some(40.0));
    assert!(why(&all).contains("group billing-again has no offset here"), "{}", why(&all));

    // Translated, it begins a little before where it stood: that much comes once more.
    pair.connect.resume(CHECKPOINT);
    until("the group stands there too", DEADLINE, || there().is_some());
    let expected = |begins: Option<i64>| f64::from(i32::try_from(40 - begins.unwrap()).unwrap());
    let most = expected(there());
    let some = told();
    let found = figure(&some, "duplicates").unwrap();
    assert!((expected(there())..=most).contains(&found), "{found}: {:?}", there());
    assert!(!why(&some).contains("has no offset here"), "{}", why(&some));

    pair.a.commit(GROUP, TOPIC, &[100]);
    until("it has gone on there", DEADLINE, || there() == Some(100));
    assert_eq!(figure(&told(), "duplicates"), Some(0.0));
}
