//! The `dynamodb` system against AWS's double that copies items.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use warroom::domain::ids::Side;
use warroom::domain::preview::Standing;
use warroom::domain::reading::{Certainty, LookErrorKind, Writes};
use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;
use warroom::port::OperateError;

use crate::kind::hands::{Hand, Shared, Watcher, done, table, text, why};
use crate::servers::dynamodb::{Pair, REGIONS, TABLE};
use crate::servers::fault::{Fault, FaultProxy};
use crate::stand;
use crate::turns::{Group, turn};

use ScalarAttributeType::{B, N, S};

const VERIFY: &str = "dynamodb.verify_write";

/// The table as a system, asked under this URL.
pub fn system(url: &str) -> SystemSpec {
    let side = |at: usize| {
        Some(table(vec![
            ("region", text(REGIONS[at])),
            ("endpoint", text(url)),
            ("read", text("read")),
            ("act", text("act")),
        ]))
    };
    SystemSpec {
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        settings: table(vec![("table", text(TABLE))]),
        sides: [side(0), side(1)],
        ..stand::system("sessions", "dynamodb")
    }
}

#[test]
fn each_side_is_behind_the_other_by_what_is_measured_there() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start(&[("id", S)]);
    pair.latency(800.0, 60);
    let proxy = FaultProxy::to(pair.cloud.port);
    let spec = system(&proxy.url());
    let mut watcher = Watcher::new(&spec);
    let looks = watcher.look();
    let (a, b) = (looks.a.unwrap().unwrap(), looks.b.unwrap().unwrap());
    assert_eq!((why(&a).as_str(), why(&b).as_str()), ("", ""));
    assert_eq!([a.role, b.role], [None, None]);
    assert_eq!([a.writes, b.writes], [Some(Writes::Open), Some(Writes::Open)]);
    let lag = b.lag.unwrap();
    assert_eq!(lag.certainty, Certainty::Known, "{}", b.note);
    assert!(lag.seconds.is_some_and(|is| (60.8..200.0).contains(&is)), "{lag:?}");
    // Nothing was measured of the other way.
    assert_eq!(a.lag.unwrap().certainty, Certainty::Unknown, "{}", a.note);
    // The region that items come from is silent: what the other one says goes on, without a lag.
    proxy.region(REGIONS[0], Fault::Silent);
    let looks = Watcher::new(&spec).look();
    assert_eq!(looks.a.unwrap().unwrap_err().kind, LookErrorKind::Timeout);
    let b = looks.b.unwrap().unwrap();
    assert_eq!(b.lag.as_ref().unwrap().certainty, Certainty::Unknown, "{}", b.note);
    assert_eq!(why(&b), "");
    proxy.all(Fault::None);
    // A replica that was taken away is no copy.
    pair.drop_in(1);
    let looks = watcher.look_anew();
    let gone = looks.b.unwrap();
    let words = gone.as_ref().map_or_else(|error| error.message.to_string(), why);
    assert!(words.contains("there is no table sessions"), "{words}");
    let a = looks.a.unwrap().unwrap();
    assert!(why(&a).contains("it has no replica in us-west-2"), "{}", why(&a));
}

#[test]
fn a_write_is_read_back_whatever_the_key_is() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    // The parts of the key, what the step says more, and why it refuses.
    let check = |key: &[(&str, ScalarAttributeType)], with: Table, refuses: Option<&str>| {
        let pair = Pair::start(key);
        let spec = system(&pair.cloud.url());
        let hand = || Hand::new(&spec, VERIFY, Side::B, with.clone());
        if let Some(want) = refuses {
            let error = hand().apply().unwrap_err();
            assert!(matches!(error, OperateError::Refused(_)), "{error:?}");
            assert!(error.to_string().contains(want), "{error}");
            assert_eq!(pair.items(1).len(), 0);
            return;
        }
        assert!(matches!(hand().check(), Standing::NotDone(_)));
        let words = hand().apply().unwrap();
        assert!(words.as_str().contains("wrote and read back one item"), "{words}");
        assert!(done(&hand().check()));
        // It proves nothing of the other side, though it is copied there.
        assert_eq!([pair.items(0).len(), pair.items(1).len()], [1, 1]);
        let there = Hand::new(&spec, VERIFY, Side::A, with.clone()).check();
        let is_same_key = with.entries.iter().any(|(key, _)| key.name == "number");
        assert!(is_same_key || matches!(there, Standing::NotDone(_)), "{there:?}");
        // Pressed twice: one item.
        hand().apply().unwrap();
        assert_eq!(pair.items(1).len(), 1);
    };
    check(&[("id", S)], Table::default(), None);
    check(&[("id", B), ("at", S)], Table::default(), None);
    check(&[("id", S)], table(vec![("expires", text("ttl"))]), None);
    check(&[("id", S), ("at", N)], Table::default(), Some("`at` is a number: write `number`"));
    check(&[("id", S), ("at", N)], table(vec![("number", Value::Integer(7))]), None);
}

#[test]
fn an_item_of_somebody_else_is_left_alone() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start(&[("id", N)]);
    let item = [("id", AttributeValue::N("7".into())), ("who", AttributeValue::S("app".into()))];
    pair.put(1, &item);
    let spec = system(&pair.cloud.url());
    let with = table(vec![("number", Value::Integer(7))]);
    let mut hand = Hand::new(&spec, VERIFY, Side::B, with);
    assert!(matches!(hand.check(), Standing::NotDone(_)));
    let error = hand.apply().unwrap_err();
    assert!(error.to_string().contains("something else stands there"), "{error}");
    assert!(pair.items(1)[0].iter().any(|(name, _)| name == "who"));
}

#[test]
fn many_tables_are_asked_for_no_oftener_than_few() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let pair = Pair::start(&[("id", S)]);
    let proxy = FaultProxy::to(pair.cloud.port);
    let spec = system(&proxy.url());
    let mut site = Shared::new();
    for _ in 0..25 {
        site.watch(&spec);
    }
    for _ in 0..3 {
        for looks in site.look() {
            assert!(looks.b.unwrap().is_ok());
        }
    }
    // Their names, the table, and the metrics: each once in each region, the metrics once more.
    let asked = REGIONS.map(|region| proxy.asked(region));
    assert!(asked.into_iter().all(|asked| (2..=4).contains(&asked)), "{asked:?}");
}
