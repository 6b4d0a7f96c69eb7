//! The clusters of the `patroni` tests as a system of a site.

use std::time::Duration;

use warroom::domain::preview::{Preview, Standing};
use warroom::domain::settings::{Node, Span, Table, Value};
use warroom::domain::site::SystemSpec;

use crate::kind::Rig;
pub use crate::kind::hands::*;
use crate::servers::patroni::{Pair, SLOT};
use crate::stand;

/// A side of a system: its members, its name and where its PostgreSQL is.
fn side(members: &[u16], scope: &str, postgres: u16, (read, act): (&str, &str)) -> Table {
    let address = |port: &u16| text(&format!("127.0.0.1:{port}"));
    let node = |port: &u16| Node { span: Span::default(), value: address(port) };
    table(vec![
        ("members", Value::List(members.iter().map(node).collect())),
        ("scope", text(scope)),
        ("serves_at", address(&postgres)),
        ("slot", text(SLOT)),
        ("read", text(read)),
        ("act", text(act)),
    ])
}

fn spec(sides: [Table; 2], settings: Table) -> SystemSpec {
    SystemSpec {
        every: Duration::from_secs(2),
        timeout: Duration::from_secs(3),
        settings,
        sides: sides.map(Some),
        ..stand::system("cluster", "patroni")
    }
}

impl Rig for Pair {
    fn ports(&self) -> [u16; 2] {
        [self.e1.rest, self.w1.rest]
    }

    fn system_at([a, b]: [u16; 2], read: &str, act: &str, settings: Table) -> SystemSpec {
        let who = (read, act);
        spec([side(&[a], "east", 9, who), side(&[b], "west", 9, who)], settings)
    }

    fn system(&self, read: &str, act: &str, settings: Table) -> SystemSpec {
        let (who, east) = ((read, act), [self.e1.rest, self.e2.rest]);
        let a = side(&east, "east", self.e1.postgres, who);
        spec([a, side(&[self.w1.rest], "west", self.w1.postgres, who)], settings)
    }
}

/// The pair as a system of a site.
pub fn system(pair: &Pair) -> SystemSpec {
    pair.system("read", "act", Table::default())
}

/// A standing with its word.
pub fn says(standing: &Standing) -> String {
    match standing {
        Standing::Done(said) => format!("done: {said}"),
        Standing::NotDone(said) => format!("not done: {said}"),
        Standing::Unknown(said) => format!("unknown: {said}"),
    }
}

/// Holds the lines of a preview against those that are wanted.
pub fn must_show(preview: &Preview, wanted: &[&str]) {
    let lines: Vec<String> =
        preview.changes.iter().map(|line| format!("{} {}", line.mark, line.text)).collect();
    for want in wanted {
        assert!(lines.iter().any(|line| line.contains(want)), "{want} in {lines:#?}");
    }
}
