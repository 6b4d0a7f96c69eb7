//! What a site file says of an OpenSearch pair, beside where each side is and who asks there.

use std::time::Duration;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Table};
use crate::systems::kit::beating::{BEATS_EVERY, EVERY_USUAL};
use crate::systems::kit::endpoint::{self, Endpoint};

/// The kind `opensearch`.
#[derive(Debug, Clone, Copy)]
pub struct OpenSearch;

/// The most indices of one system: each is asked for its replication in each look.
const INDICES_MAX: usize = 64;

/// The longest name of an index, in bytes, as the server has it.
const NAME_BYTES_MAX: usize = 255;

/// The port.
pub(super) const PORT: Setting<u16> = endpoint::PORT.or("9200").example_each("9");

const TLS: Setting<bool> = Setting::new(
    "tls",
    Kind::Boolean,
    "True for TLS with a verified certificate; false only for loopback if absent",
);

const INDICES: Setting<Vec<String>> = Setting::new(
    "indices",
    Kind::Texts(INDICES_MAX),
    "The indices that belong together, by their names, which are the same on both sides",
)
.required()
.example("[\"books\"]")
.of_pair();

const ALIAS: Setting<String> = Setting::new(
    "alias",
    Kind::Word,
    "In `a` and `b`: what this side's cluster calls the other side's (`cluster.remote.<alias>`)",
)
.required()
.example_each("\"other\"");

const AUTOFOLLOW: Setting<Vec<String>> = Setting::new(
    "autofollow",
    Kind::Texts(16),
    "Rules by which this side's cluster follows new indices: a promotion removes them first, or \
     what it ends would be started again",
);

const HEARTBEAT: Setting<String> = Setting::new(
    "heartbeat",
    Kind::Word,
    "An index, replicated like the others, to which `warroom beat` writes one document a shard. \
     It measures its own shards; without it seconds are told by when the leader's sequence numbers \
     were seen to pass",
)
.example("\"warroom-beats\"")
.of_pair();

const HEARTBEAT_EVERY: Setting<Duration> = Setting::new(
    "heartbeat_every",
    BEATS_EVERY,
    "How often it is written; 1s for `warroom beat` and learned from watching if absent. One that \
     is older than three times this measures nothing",
)
.of_pair();

const EXPECTED_HEALTH: Setting<&str> = Setting::new(
    "expected_health",
    Kind::Choice(&["green", "yellow"]),
    "The health that is meant here: `yellow` for a standby of one node, where replicas have no \
     place",
)
.or("green");

const REPLICAS: Setting<u16> = Setting::new(
    "replicas",
    Kind::Integer(0, 100),
    "Copies of each shard that are wanted here once it is promoted; left as they are if absent",
);

const REPOSITORY: Setting<String> =
    Setting::new("repository", Kind::Word, "The repository of snapshots on this side").required();

const AT_MOST: Setting<Duration> = Setting::new(
    "at_most",
    Kind::Time(60_000, u64::MAX),
    "The age of the newest good snapshot from which on the side is degraded",
);

const SNAPSHOTS: Setting<Table> = Setting::new(
    "snapshots",
    Kind::Table(&[REPOSITORY.spec, AT_MOST.spec]),
    "Snapshots that are taken of this side: `{ repository, at_most }`; their age is told",
)
.example_each("{ repository = \"nightly\" }");

const REGION: Setting<String> =
    Setting::new("region", Kind::Word, "The provider's region, such as `eu-central-1`").required();

const SERVICE: Setting<&str> =
    Setting::new("service", Kind::Choice(&["es", "aoss"]), "The provider's service").or("es");

const SIGV4: Setting<Table> = Setting::new(
    "sigv4",
    Kind::Table(&[REGION.spec, SERVICE.spec]),
    "For a managed cluster: requests are signed (Signature Version 4); the secrets hold an access \
     key id as user, and its secret key",
);

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    endpoint::HOST.example_each("\"127.0.0.1\"").spec,
    PORT.spec,
    endpoint::READ.example("\"search-read\"").spec,
    endpoint::ACT.example("\"search-act\"").spec,
    endpoint::BEAT.spec,
    TLS.spec,
    endpoint::CA.spec,
    SIGV4.spec,
    INDICES.spec,
    ALIAS.spec,
    AUTOFOLLOW.spec,
    HEARTBEAT.spec,
    HEARTBEAT_EVERY.spec,
    EXPECTED_HEALTH.spec,
    REPLICAS.spec,
    SNAPSHOTS.spec,
];

/// Where snapshots of a side are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshots {
    /// The repository.
    pub(super) repository: String,
    /// Older than this is too old.
    pub(super) at_most: Option<Duration>,
}

/// Of which provider's region and service requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signing {
    pub(super) region: String,
    pub(super) service: &'static str,
}

/// One side's settings beside its address and secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// True to speak TLS only.
    pub(super) tls: bool,
    /// How requests are signed, where they are.
    pub(super) signing: Option<Signing>,
    /// The indices, the heartbeat's among them.
    pub(super) indices: Vec<String>,
    /// What this cluster calls the other one.
    pub(super) alias: String,
    /// Rules to remove before a promotion.
    pub(super) autofollow: Vec<String>,
    /// The heartbeat's index.
    pub(super) heartbeat: Option<String>,
    /// How often that is written, where the site says so.
    pub(super) beats_every: Option<Duration>,
    /// True where yellow is meant.
    pub(super) may_be_yellow: bool,
    /// Replicas that are wanted of a primary.
    pub(super) replicas: Option<u16>,
    /// Its snapshots.
    pub(super) snapshots: Option<Snapshots>,
}

impl Own {
    /// Reads them.
    pub(super) fn read(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self, Fault> {
        let (heartbeat, beats_every) = (HEARTBEAT.of(fields)?, HEARTBEAT_EVERY.of(fields)?);
        if beats_every.is_some() && heartbeat.is_none() {
            let why = "says how often a `heartbeat` comes: name that too";
            return Err(fields.refuse("heartbeat_every", why));
        }
        let mut indices = INDICES.get(fields)?;
        if indices.is_empty() {
            return Err(fields.refuse("indices", "must name at least one index"));
        }
        if heartbeat.as_ref().is_some_and(|beat| !indices.contains(beat)) {
            indices.extend(heartbeat.clone());
        }
        if let Some(odd) = indices.iter().find(|name| !is_plain(name)) {
            let why = format!("names `{odd}`, which is no index: no patterns, capitals or commas");
            return Err(fields.refuse("indices", &why));
        }
        indices.sort_unstable();
        indices.dedup();
        let alias = ALIAS.get(fields)?;
        if !is_plain(&alias.to_lowercase()) {
            return Err(fields.refuse("alias", "must be a name without dots, spaces or slashes"));
        }
        Ok(Self {
            tls: TLS.of(fields)?.unwrap_or_else(|| !endpoint.is_local()),
            signing: SIGV4.of(fields)?.map(|table| signing(&table)).transpose()?,
            indices,
            alias,
            autofollow: AUTOFOLLOW.of(fields)?.unwrap_or_default(),
            heartbeat,
            beats_every,
            may_be_yellow: EXPECTED_HEALTH.get(fields)? == "yellow",
            replicas: REPLICAS.of(fields)?,
            snapshots: SNAPSHOTS.of(fields)?.map(|table| snapshots(&table)).transpose()?,
        })
    }

    /// How often a heartbeat is to be written here.
    pub(super) fn beats_every(&self) -> Option<Duration> {
        self.heartbeat.as_ref().map(|_| self.beats_every.unwrap_or(EVERY_USUAL))
    }

    /// The indices as a path names them.
    pub(super) fn listed(&self) -> String {
        self.indices.join(",")
    }
}

fn signing(table: &Table) -> Result<Signing, Fault> {
    let fields = Fields::new(table, "`sigv4`");
    let signing = Signing { region: REGION.get(&fields)?, service: SERVICE.get(&fields)? };
    fields.finish()?;
    Ok(signing)
}

fn snapshots(table: &Table) -> Result<Snapshots, Fault> {
    let fields = Fields::new(table, "`snapshots`");
    let repository = REPOSITORY.get(&fields)?;
    if !is_plain(&repository.to_lowercase()) {
        return Err(fields.refuse("repository", "must be a name without spaces or slashes"));
    }
    let snapshots = Snapshots { repository, at_most: AT_MOST.of(&fields)? };
    fields.finish()?;
    Ok(snapshots)
}

/// True for what may stand in a path as the name of one index, rule or repository.
pub(super) fn is_plain(name: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let first = name.bytes().next().is_some_and(|byte| !b"_-".contains(&byte));
    first && name.len() <= NAME_BYTES_MAX && name.bytes().all(plain) && name != "." && name != ".."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn what_is_written_is_read() {
        let text = "indices = ['b', 'a', 'b']\nheartbeat = 'beats'\nheartbeat_every = '2s'\n\
                    a = { host = 'search-a', alias = 'west', sigv4 = { region = 'eu-1' } }\n\
                    b = { host = '127.0.0.1:9', alias = 'east', expected_health = 'yellow', \
                    replicas = 1, snapshots = { repository = 'Nightly', at_most = '1d' } }";
        let [a, b] = Side::BOTH.map(|side| Written::<OpenSearch>::one(&spec(text), side).unwrap());
        assert_eq!(a.own.listed(), "a,b,beats");
        assert_eq!((a.endpoint.port, a.own.tls, b.own.tls), (9200, true, false));
        assert_eq!((a.own.may_be_yellow, b.own.may_be_yellow), (false, true));
        assert_eq!(a.own.signing.map(|signing| signing.service), Some("es"));
        assert_eq!(b.own.beats_every(), Some(Duration::from_secs(2)));
        assert_eq!(b.own.snapshots.map(|kept| kept.repository).as_deref(), Some("Nightly"));
    }

    #[test]
    fn refusals_say_what_to_do() {
        let check = |text: &str, want: &str| {
            let text = format!("{text}\na = {{ host = 'x', alias = 'west' }}");
            let found = Written::<OpenSearch>::both(&spec(&text)).err().expect(&text).message;
            assert!(found.contains(want), "{found}");
        };
        check("", "needs `indices`");
        check("indices = []", "must name at least one index");
        check("indices = ['book*']", "names `book*`, which is no index");
        check("indices = ['_all']", "names `_all`, which is no index");
        check("indices = ['a,b']", "which is no index");
        check("indices = ['a']\nheartbeat_every = '1s'", "name that too");
        check("indices = ['a']\nheartbeat = 'B/../x'", "which is no index");
        check("indices = ['a']\nsnapshots = {}", "needs `repository`");
        check("indices = ['a']\nsnapshots = { repository = 'a/b' }", "without spaces or slashes");
        check("indices = ['a']\nsigv4 = { region = 'x', service = 's3' }", "service");
        check("indices = ['a']\nexpected_health = 'red'", "green, yellow");
        check("indices = ['a']\nindexes = ['b']", "did you mean `indices`?");
    }
}
