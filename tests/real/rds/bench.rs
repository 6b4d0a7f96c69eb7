//! The pair of the `rds` tests as a system of a site.

use std::time::Duration;

use warroom::domain::settings::{Table, Value};
use warroom::domain::site::SystemSpec;

pub use crate::kind::hands::*;
use crate::servers::rds::{INSTANCES, REGIONS};
use crate::stand;

/// The pair as a system, where each side is asked under this URL.
pub fn system(urls: [&str; 2], settings: Vec<(&str, Value)>) -> SystemSpec {
    let side = |at: usize| {
        Some(table(vec![
            ("instance", text(INSTANCES[at])),
            ("region", text(REGIONS[at])),
            ("endpoint", text(urls[at])),
            ("read", text("read")),
            ("act", text("act")),
        ]))
    };
    SystemSpec {
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(5),
        settings: table(settings),
        sides: [side(0), side(1)],
        ..stand::system("database", "rds")
    }
}

/// No settings.
pub fn nothing() -> Table {
    Table::default()
}
