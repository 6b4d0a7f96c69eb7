//! The pair of the `kafka` tests as a system of a site.

use std::time::Duration;

use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;

pub use crate::kind::hands::*;
use crate::servers::kafka::Pair;
use crate::servers::kafka::broker::{Broker, Door};
use crate::servers::kafka::connect::Connect;
pub use crate::servers::kafka::rights::rights;
use crate::stand;

/// How often it is looked at in these tests.
pub const EVERY: Duration = Duration::from_millis(500);

/// One side: its broker by one of its doors, and more settings.
pub fn side(broker: &Broker, door: Door, alias: &str, more: Vec<(&str, Value)>) -> Table {
    let port = Value::Integer(i64::from(broker.port(door)));
    let always = vec![("host", text("127.0.0.1")), ("port", port), ("alias", text(alias))];
    table(always.into_iter().chain(more).collect())
}

/// The pair as a system of a site that looks at these topics, with the least rights.
pub fn system(pair: &Pair, topics: &str, more: Vec<(&str, Value)>) -> SystemSpec {
    let connect = |worker: &Connect| {
        let url = format!("http://127.0.0.1:{}", worker.port);
        ("connect", Value::Table(table(vec![("url", text(&url))])))
    };
    let back = pair.back.as_ref().map(connect);
    let sides = [(&pair.a, back.into_iter().collect()), (&pair.b, vec![connect(&pair.connect)])];
    of_sides(sides, topics, more)
}

/// Two clusters as such a system, each with more settings of its own.
pub fn of_sides(
    sides: [(&Broker, Vec<(&str, Value)>); 2],
    topics: &str,
    more: Vec<(&str, Value)>,
) -> SystemSpec {
    let settings = vec![
        ("topics", list(&[topics])),
        ("heartbeat_every", text("1s")),
        ("isolation", text("read_committed")),
        ("read", text("read")),
        ("act", text("act")),
    ];
    let [a, b] = sides;
    let [a, b] = [("A", a), ("B", b)].map(|(alias, (broker, more))| {
        broker.grant();
        Some(side(broker, Door::Sasl, alias, more))
    });
    SystemSpec {
        every: EVERY,
        timeout: Duration::from_secs(5),
        settings: table(settings.into_iter().chain(more).collect()),
        sides: [a, b],
        ..stand::system("stream", "kafka")
    }
}

/// A list of texts.
pub fn list(texts: &[&str]) -> Value {
    use warroom::domain::settings::{Node, Span};
    let node = |one: &&str| Node { span: Span::default(), value: text(one) };
    Value::List(texts.iter().map(node).collect())
}
