//! The pair of the `opensearch` tests as a system of a site.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use warroom::app::kinds::KINDS;
use warroom::domain::ids::Side;
use warroom::domain::preview::{Preview, Standing};
use warroom::domain::reading::LookError;
use warroom::domain::settings::{Node as Written, Span, Table, Value};

use warroom::domain::site::SystemSpec;
use warroom::port::{Beat, BeatSetup, Beater};

use crate::kind::Rig;
pub use crate::kind::hands::*;
use crate::servers::opensearch::{EAST, Pair, WEST};
use crate::stand;

/// The index of most tests.
pub const BOOKS: &str = "books";

/// A list of texts.
pub fn list(texts: &[&str]) -> Value {
    let node = |one: &&str| Written { span: Span::default(), value: text(one) };
    Value::List(texts.iter().map(node).collect())
}

impl Rig for Pair {
    fn ports(&self) -> [u16; 2] {
        Pair::ports(self)
    }

    fn system_at([a, b]: [u16; 2], read: &str, act: &str, settings: Table) -> SystemSpec {
        let side = |port: u16, alias: &str| {
            table(vec![
                ("host", text("127.0.0.1")),
                ("port", Value::Integer(i64::from(port))),
                ("read", text(read)),
                ("act", text(act)),
                ("alias", text(alias)),
            ])
        };
        let mut settings = settings;
        if settings.get("indices").is_none() {
            let more = table(vec![("indices", list(&[BOOKS]))]);
            settings.entries.extend(more.entries);
        }
        SystemSpec {
            every: Duration::from_secs(4),
            timeout: Duration::from_secs(4),
            settings,
            // Each side says what it calls the other one.
            sides: [Some(side(a, WEST)), Some(side(b, EAST))],
            ..stand::system("search", "opensearch")
        }
    }
}

/// The pair as a system of a site.
pub fn system(pair: &Pair, settings: Table) -> SystemSpec {
    Rig::system(pair, "read", "act", settings)
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

/// The writer of one side's heartbeat.
pub struct Pulse {
    runtime: Runtime,
    beater: Box<dyn Beater>,
}

impl Pulse {
    /// As `warroom beat` would write it.
    pub fn new(spec: &SystemSpec, side: Side) -> Self {
        let secrets = &Vault::new();
        let setup = BeatSetup { spec, side, secrets, clock: Arc::new(WallClock) };
        let beater = KINDS.system(&spec.kind).unwrap().beater(setup).unwrap();
        Self { runtime: Runtime::new().unwrap(), beater }
    }

    /// Writes one.
    pub fn beat(&mut self) -> Result<Beat, LookError> {
        self.runtime.block_on(self.beater.beat())
    }
}
