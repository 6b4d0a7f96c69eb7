//! What a site file says of a Redis pair, beside where each side is and who reads or acts there.

use std::time::Duration;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::beating::BEATS_EVERY;
use crate::systems::kit::endpoint::{self, Endpoint};

/// The kind `redis`.
#[derive(Debug, Clone, Copy)]
pub struct Redis;

/// The longest heartbeat key, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// The port.
pub(super) const PORT: Setting<u16> = endpoint::PORT.or("6379").example_each("9");

const DATABASE: Setting<i64> = Setting::new(
    "database",
    Kind::Integer(0, 9999),
    "The database that keys are counted and checked in",
)
.or("0");

const TLS: Setting<bool> = Setting::new(
    "tls",
    Kind::Boolean,
    "True for TLS with a verified certificate; false only for loopback if absent",
);

const HEARTBEAT: Setting<String> = Setting::new(
    "heartbeat",
    Kind::Text,
    "In `a` and `b`, differing: the key to which something of yours in that region, or `warroom \
     beat` where `beat` is written, writes milliseconds since 1970, on that region's server, while \
     it is the primary. The lag in seconds comes from it, as fine as it is written often; without \
     it seconds are known only where nothing is outstanding",
)
.example_each("\"dr:hb:{side}\"");

const HEARTBEAT_EVERY: Setting<Duration> = Setting::new(
    "heartbeat_every",
    BEATS_EVERY,
    "How often it is written, by `warroom beat` each second if absent; learned from watching then. \
     One that is older than three times this measures nothing: the lag is UNKNOWN",
);

const PERSISTENCE: Setting<&str> = Setting::new(
    "persistence",
    Kind::Choice(&["off"]),
    "Where it is meant to be off: then that is no warning at a primary",
);

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    endpoint::HOST.example_each("\"127.0.0.1\"").spec,
    PORT.spec,
    DATABASE.spec,
    endpoint::READ
        .doc(
            "The secret for watching: user and password, or a password alone for a server without \
             users; without it nobody logs in",
        )
        .example("\"redis-read\"")
        .spec,
    endpoint::ACT.example("\"redis-act\"").spec,
    endpoint::BEAT.spec,
    TLS.spec,
    endpoint::CA.spec,
    HEARTBEAT.spec,
    HEARTBEAT_EVERY.spec,
    PERSISTENCE.spec,
];

/// One side's settings beside its address and secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// The database.
    pub(super) database: i64,
    /// True to speak TLS only.
    pub(super) tls: bool,
    /// The key that this region's heartbeat is written to.
    pub(super) heartbeat: Option<String>,
    /// Those of both regions.
    pub(super) heartbeats: [Option<String>; 2],
    /// How often that is written, where the site says so.
    pub(super) beats_every: Option<Duration>,
    /// True where persistence is meant to be off.
    pub(super) unsaved: bool,
}

impl Own {
    /// Reads them.
    pub(super) fn read(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self, Fault> {
        let (heartbeat, beats_every) = (HEARTBEAT.of(fields)?, HEARTBEAT_EVERY.of(fields)?);
        if beats_every.is_some() && heartbeat.is_none() {
            let why = "says how often a `heartbeat` comes: name that too";
            return Err(fields.refuse("heartbeat_every", why));
        }
        if heartbeat.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
            return Err(fields.refuse("heartbeat", "must be a key of 1 to 256 bytes"));
        }
        Ok(Self {
            database: DATABASE.get(fields)?,
            tls: TLS.of(fields)?.unwrap_or_else(|| !endpoint.is_local()),
            heartbeat,
            heartbeats: [None, None],
            beats_every,
            unsaved: PERSISTENCE.of(fields)?.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn hosts_ports_and_tls() {
        let check = |host: &str, want: (&str, u16, bool)| {
            let spec = spec(&format!("a = {{ host = '{host}' }}"));
            let side = Written::<Redis>::one(&spec, Side::A).unwrap();
            let Endpoint { host: found, port } = &side.endpoint;
            assert_eq!((found.as_str(), *port, side.own.tls), want, "{host}");
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
            let found = Written::<Redis>::both(&spec(text)).err().expect(text).message;
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
        check("a = { host = 'x', heartbeat = 'hb', heartbeat_every = '1ms' }", "heartbeat_every");
        check("a = { host = 'x', beat = 'r' }", "has `beat`, and no `heartbeat`");
        check("persistence = 'on'\na = { host = 'x' }", "persistence");
        check("tsl = true\na = { host = 'x' }", "did you mean `tls`?");
    }
}
