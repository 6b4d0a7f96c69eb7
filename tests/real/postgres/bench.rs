//! The pair of the `postgres` tests as a system of a site.

use std::time::Duration;

use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;

use crate::kind::Rig;
pub use crate::kind::hands::*;
use crate::servers::postgres::Pair;
use crate::stand;

impl Rig for Pair {
    fn ports(&self) -> [u16; 2] {
        [self.a.port, self.b.port]
    }

    fn system_at([a, b]: [u16; 2], read: &str, act: &str, settings: Table) -> SystemSpec {
        let side = |port: u16| {
            table(vec![
                ("host", text("127.0.0.1")),
                ("port", Value::Integer(i64::from(port))),
                ("read", text(read)),
                ("act", text(act)),
            ])
        };
        SystemSpec {
            every: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
            settings,
            sides: [Some(side(a)), Some(side(b))],
            ..stand::system("pg", "postgres")
        }
    }
}

/// The pair as a system of a site, watched and acted on with these secrets.
pub fn system(pair: &Pair, read: &str, act: &str, settings: Table) -> SystemSpec {
    pair.system(read, act, settings)
}

/// Two ports as a system of a site.
pub fn system_at(a: u16, b: u16, read: &str, act: &str, settings: Table) -> SystemSpec {
    Pair::system_at([a, b], read, act, settings)
}
