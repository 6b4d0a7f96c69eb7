//! What a site file says of a Redis pair: where each side is, who reads it, who may act on it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::catalogue::SettingSpec;
use crate::domain::settings::{Fault, Fields, Node, Span, Table};
use crate::domain::site::SystemSpec;
use crate::systems::shared::sides::{both_sides, one_side};

use crate::domain::ids::Side;

/// The port of a server whose port is not written.
const PORT_DEFAULT: u16 = 6379;

/// The longest heartbeat key, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// What may be written at the system or in `a` and `b`, for the docs.
pub(super) const SETTINGS: &[SettingSpec] = &[
    SettingSpec { name: "host", doc: "Name, address or `host:port` of the side", required: true },
    SettingSpec { name: "port", doc: "The port, 6379 if absent", required: false },
    SettingSpec {
        name: "database",
        doc: "The number of the database that keys are counted and checked in, 0 if absent",
        required: false,
    },
    SettingSpec {
        name: "read",
        doc: "The secret for watching: user and password, or a password alone for a server \
              without users; without it nobody logs in",
        required: false,
    },
    SettingSpec {
        name: "act",
        doc: "The secret for acting; never opened by `watch`",
        required: false,
    },
    SettingSpec {
        name: "tls",
        doc: "True for TLS with a verified certificate; false only for loopback if absent",
        required: false,
    },
    SettingSpec {
        name: "ca",
        doc: "Absolute path of a PEM file with the authorities to trust, instead of the machine's",
        required: false,
    },
    SettingSpec {
        name: "heartbeat",
        doc: "In `a` and `b`, differing: the key to which something of yours in that region writes \
              milliseconds since 1970, on that region's server, while it is the primary; it is \
              only read. The lag in seconds comes from it, as fine as it is written often; without \
              it seconds are known only where nothing is outstanding",
        required: false,
    },
    SettingSpec {
        name: "heartbeat_every",
        doc: "How often it is written, such as `1s`; learned from watching if absent. One that is \
              older than three times this measures nothing: the lag is UNKNOWN",
        required: false,
    },
    SettingSpec {
        name: "persistence",
        doc: "`off` where it is meant to be off: then that is no warning at a primary",
        required: false,
    },
];

/// One side as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SideSettings {
    /// A name or an address.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
    /// The database.
    pub(super) database: i64,
    /// The secret for watching.
    pub(super) read: Option<String>,
    /// The secret for acting.
    pub(super) act: Option<String>,
    /// True to speak TLS only.
    pub(super) tls: bool,
    /// Trust these authorities instead of the machine's.
    pub(super) ca: Option<PathBuf>,
    /// The key that this region's heartbeat is written to.
    pub(super) heartbeat: Option<String>,
    /// How often that is written, where the site says so.
    pub(super) beats_every: Option<Duration>,
    /// True where persistence is meant to be off.
    pub(super) unsaved: bool,
    /// Where it is written.
    pub(super) span: Span,
}

impl SideSettings {
    /// `redis-a:6379`.
    pub(super) fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Reads both sides.
pub(super) fn read(spec: &SystemSpec) -> Result<[Option<SideSettings>; 2], Fault> {
    let sides = both_sides(spec, read_side)?;
    if let [Some(a), Some(b)] = &sides
        && a.heartbeat.is_some()
        && a.heartbeat == b.heartbeat
    {
        let message = format!(
            "the two sides of system `{}` have the same `heartbeat`: a key that both regions write \
             tells of neither",
            spec.id
        );
        return Err(Fault::new(b.span, message));
    }
    Ok(sides)
}

/// Reads the side that a step acts on.
pub(super) fn read_one(spec: &SystemSpec, side: Side) -> Result<SideSettings, Fault> {
    one_side(spec, side, read_side)
}

fn read_side(table: &Table, what: &str) -> Result<SideSettings, Fault> {
    let fields = Fields::new(table, what);
    let (host, port_of_host) = split_host(fields.need_text("host")?);
    let port = fields.integer("port", 1, 65_535)?.and_then(|port| u16::try_from(port).ok());
    if let (Some(Node { span, .. }), Some(_)) = (table.get("port"), port_of_host) {
        return Err(Fault::new(*span, format!("the port in {what} is written twice")));
    }
    let text = |key: &'static str| Ok::<_, Fault>(fields.text(key)?.map(str::to_owned));
    let settings = SideSettings {
        port: port.or(port_of_host).unwrap_or(PORT_DEFAULT),
        database: fields.integer("database", 0, 9999)?.unwrap_or(0),
        read: text("read")?,
        act: text("act")?,
        tls: fields.boolean("tls")?.unwrap_or_else(|| !is_local(&host)),
        ca: text("ca")?.map(PathBuf::from),
        heartbeat: text("heartbeat")?,
        beats_every: fields.duration("heartbeat_every")?,
        unsaved: fields.choice("persistence", &["off"])?.is_some(),
        host,
        span: table.span,
    };
    fields.finish()?;
    let refuse = |key: &str, why: &str| {
        Err(Fault::new(span_of(table, key), format!("`{key}` in {what} {why}")))
    };
    if settings.host.is_empty() {
        return refuse("host", "is empty");
    }
    if settings.ca.as_ref().is_some_and(|path| !path.is_absolute()) {
        return refuse("ca", "must be an absolute path");
    }
    if settings.beats_every.is_some() && settings.heartbeat.is_none() {
        return refuse("heartbeat_every", "says how often a `heartbeat` comes: name that too");
    }
    if settings.heartbeat.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
        return refuse("heartbeat", "must be a key of 1 to 256 bytes");
    }
    Ok(settings)
}

/// Splits `redis-a:6380`, `[::1]:6380`; leaves `::1` and `redis-a` whole.
fn split_host(text: &str) -> (String, Option<u16>) {
    let text = text.trim();
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host.to_owned(), rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host.to_owned(), Some(port)),
            Err(_) => (text.to_owned(), None),
        },
        _ => (text.to_owned(), None),
    }
}

/// True for loopback: the traffic does not leave the machine.
fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The span of a key, or of its table.
pub(super) fn span_of(table: &Table, key: &str) -> Span {
    table.get(key).map_or(table.span, |node| node.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::shared::testing::spec;

    #[test]
    fn hosts_ports_and_tls() {
        let check = |host: &str, want: (&str, u16, bool)| {
            let side = read_one(&spec(&format!("a = {{ host = '{host}' }}")), Side::A).unwrap();
            assert_eq!((side.host.as_str(), side.port, side.tls), want, "{host}");
        };
        check("redis-a", ("redis-a", 6379, true));
        check("redis-a:6380", ("redis-a", 6380, true));
        check("127.0.0.1:7", ("127.0.0.1", 7, false));
        check("::1", ("::1", 6379, false));
        check("[2001:db8::1]:99", ("2001:db8::1", 99, true));
        check("localhost", ("localhost", 6379, false));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let check = |text: &str, want: &str| {
            let found = read(&spec(text)).expect_err(text).message;
            assert!(found.contains(want), "{found}");
        };
        check("a = {}", "system `it` needs `host`");
        check("host = 'x'", "system `it` needs `a` or `b`");
        check("a = { host = '' }", "`host` in system `it` is empty");
        check("a = { host = 'x:1', port = 2 }", "is written twice");
        check("a = { host = 'x', port = 70000 }", "from 1 to 65535");
        check("a = { host = 'x', database = -1 }", "from 0 to 9999");
        check("ca = 'ca.pem'\na = { host = 'x' }", "must be an absolute path");
        check("heartbeat = ''\na = { host = 'x' }", "a key of 1 to 256 bytes");
        check("heartbeat = 'hb'\na = { host = 'x' }\nb = { host = 'y' }", "the same `heartbeat`");
        check("persistence = 'on'\na = { host = 'x' }", "persistence");
        check("tsl = true\na = { host = 'x' }", "did you mean `tls`?");
    }
}
