//! What a site file says of a Redis pair, beside where each side is and who reads or acts there.

use std::time::Duration;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::domain::site::SystemSpec;
use crate::systems::kit::beating::BEATS_EVERY;
use crate::systems::kit::endpoint::{self, Endpoint};
use crate::systems::kit::server::Written;

/// The kind `redis`.
#[derive(Debug, Clone, Copy)]
pub struct Redis;

/// The longest heartbeat key, in bytes.
const KEY_BYTES_MAX: usize = 256;

/// The port.
pub(super) const PORT: Setting<u16> = endpoint::PORT.or("6379").example_each("9");

/// The usual port of a node of a cluster, and of a sentinel.
const NODE_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

const HOST: Setting<String> = Setting::new(
    "host",
    Kind::Word,
    "Name or address of the side, with `:port` where that is not written beside it; not where \
     `nodes` are named, nor where `sentinels` of this side alone say where its primary is",
)
.leads_to_hosts()
.example_each("\"127.0.0.1\"");

const SENTINELS: Setting<Vec<String>> = Setting::new(
    "sentinels",
    Kind::Texts(9),
    "The sentinels, each `host` or `host:port`: beside `a` and `b` where they watch the servers of \
     both regions, which `host` names; in one of them, without `host`, where they say which server \
     of that region is its primary. The server's own word is shown beside theirs",
)
.leads_to_hosts();

const MASTER: Setting<String> =
    Setting::new("master", Kind::Word, "What `sentinels` call the primary").or("mymaster");

const SENTINEL_LOGIN: Setting<bool> = Setting::new(
    "sentinel_login",
    Kind::Boolean,
    "True where the sentinels want the login of `read` and `act` too",
)
.or("false");

const CLUSTER: Setting<bool> = Setting::new(
    "cluster",
    Kind::Boolean,
    "True for one Redis Cluster whose nodes stand in both regions: its own replicas are the only \
     copy in the other region that it has",
)
.or("false")
.of_pair();

const NODES: Setting<Vec<String>> = Setting::new(
    "nodes",
    Kind::Texts(32),
    "In `a` and `b`: the cluster's nodes that stand in that region, each `host` or `host:port`, as \
     the cluster itself calls them",
)
.leads_to_hosts();

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
    HOST.spec,
    PORT.spec,
    SENTINELS.spec,
    MASTER.spec,
    SENTINEL_LOGIN.spec,
    CLUSTER.spec,
    NODES.spec,
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

/// What a side is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Formation {
    /// One server.
    Alone,
    /// One of the servers that sentinels watch.
    Watched(Sentinels),
    /// The nodes of a cluster that stand in this region.
    Cluster(Nodes),
}

/// Who says which server is the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sentinels {
    /// Where they are.
    pub(super) places: Vec<Endpoint>,
    /// What they call the primary.
    pub(super) master: String,
    /// True where they want a login.
    pub(super) login: bool,
    /// True where they alone say where the server is.
    pub(super) lead: bool,
}

/// The nodes of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Nodes {
    /// Those in this region.
    pub(super) here: Vec<Endpoint>,
    /// Those in the other one.
    pub(super) there: Vec<Endpoint>,
}

impl Formation {
    fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let sentinels = Endpoint::list(fields, &SENTINELS, SENTINEL_PORT)?;
        let nodes = Endpoint::list(fields, &NODES, NODE_PORT)?;
        let (master, login) = (MASTER.get(fields)?, SENTINEL_LOGIN.get(fields)?);
        let is_written = |name: &'static str| fields.node(name).is_some();
        let of_sentinels = [MASTER.spec.name, SENTINEL_LOGIN.spec.name];
        if let Some(name) = of_sentinels.into_iter().find(|name| is_written(name))
            && sentinels.is_none()
        {
            return Err(fields.refuse(name, "is about `sentinels`: name them too"));
        }
        let lead = !is_written(HOST.spec.name);
        let (name, why) = match (CLUSTER.get(fields)?, sentinels, nodes) {
            (false, None, None) => return Ok(Self::Alone),
            (false, Some(places), None) => {
                return Ok(Self::Watched(Sentinels { places, master, login, lead }));
            }
            (true, None, Some(here)) if lead => {
                return Ok(Self::Cluster(Nodes { here, there: Vec::new() }));
            }
            (true, None, None) => return Err(fields.missing(NODES.spec.name, "a list of texts")),
            (false, _, Some(_)) => {
                ("nodes", "are those of a cluster: write `cluster = true` beside `a` and `b`")
            }
            (true, Some(_), _) => ("sentinels", "watch no cluster: leave them out"),
            (true, None, Some(_)) => ("host", "is one server, and a cluster has `nodes`"),
        };
        Err(fields.refuse(name, why))
    }

    /// The sentinels, where there are some.
    pub(super) fn sentinels(&self) -> Option<&Sentinels> {
        match self {
            Self::Watched(sentinels) => Some(sentinels),
            Self::Alone | Self::Cluster(_) => None,
        }
    }

    /// The nodes, where it is a cluster.
    pub(super) fn nodes(&self) -> Option<&Nodes> {
        match self {
            Self::Cluster(nodes) => Some(nodes),
            Self::Alone | Self::Watched(_) => None,
        }
    }

    /// Those that are asked for the rest, where no `host` is the server itself.
    pub(super) fn seeds(&self) -> Option<&[Endpoint]> {
        match self {
            Self::Watched(sentinels) if sentinels.lead => Some(&sentinels.places),
            Self::Cluster(nodes) => Some(&nodes.here),
            Self::Alone | Self::Watched(_) => None,
        }
    }
}

/// Where a side is met first: its `host`, else the first of those that are asked for the rest.
pub(super) fn endpoint_of(fields: &Fields<'_>) -> Result<Endpoint, Fault> {
    let formation = Formation::read(fields)?;
    let Some(seeds) = formation.seeds() else { return Endpoint::read(fields, &PORT) };
    match fields.node(PORT.spec.name) {
        Some(_) => Err(fields.refuse("port", "goes with `host`: write it with each address")),
        None => Ok(seeds[0].clone()),
    }
}

/// Compares both sides, and tells each which heartbeats and nodes the other one has.
pub(super) fn pair(
    sides: &mut [Option<Written<Redis>>; 2],
    spec: &SystemSpec,
) -> Result<(), Fault> {
    let keys = sides.each_ref().map(|side| side.as_ref()?.own.heartbeat.clone());
    sides.iter_mut().flatten().for_each(|side| side.own.heartbeats.clone_from(&keys));
    let [Some(a), Some(b)] = sides else { return Ok(()) };
    let span = b.span;
    let (a, b) = (&mut a.own, &mut b.own);
    let one_key = a.heartbeat.is_some() && a.heartbeat == b.heartbeat;
    let why = if one_key {
        "the two sides have the same `heartbeat`: a key that both regions write tells of neither"
    } else if let (Some(a), Some(b)) = (a.formation.sentinels(), b.formation.sentinels())
        && (a.lead || b.lead)
        && a.master == b.master
        && a.places.iter().any(|at| b.places.contains(at))
    {
        "the same sentinels would lead both sides to one server: write `host` in `a` and in `b`, \
         or name each side's own sentinels there"
    } else if let (Formation::Cluster(a), Formation::Cluster(b)) =
        (&mut a.formation, &mut b.formation)
    {
        a.there.clone_from(&b.here);
        b.there.clone_from(&a.here);
        if !a.here.iter().any(|at| b.here.contains(at)) {
            return Ok(());
        }
        "a node stands in one region: it is in `nodes` of both"
    } else {
        return Ok(());
    };
    Err(Fault::new(span, format!("system `{}`: {why}", spec.id)))
}

/// One side's settings beside its address and secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// What it is made of.
    pub(super) formation: Formation,
    /// The database.
    pub(super) database: i64,
    /// True to speak TLS only.
    pub(super) tls: bool,
    /// True where the site says that others than loopback may be spoken to without it.
    pub(super) plain: bool,
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
        let (formation, database) = (Formation::read(fields)?, DATABASE.get(fields)?);
        if formation.nodes().is_some() && heartbeat.is_some() {
            let why = "is one key, and a cluster keeps one key in one of its shards only";
            return Err(fields.refuse("heartbeat", why));
        }
        if formation.nodes().is_some() && database != 0 {
            return Err(fields.refuse("database", "is 0 in a cluster: leave it out"));
        }
        let tls = TLS.of(fields)?;
        Ok(Self {
            formation,
            database,
            tls: tls.unwrap_or_else(|| !endpoint.is_local()),
            plain: tls == Some(false),
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
    use crate::systems::kit::server::Server as _;
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
        let sentinels = "sentinels = ['s1', 's2:5']\n";
        let led = "would lead both sides to one server";
        check(&format!("{sentinels}a = {{}}\nb = {{}}"), led);
        check("sentinels = ['s1']\na = { port = 5 }", "goes with `host`");
        check(
            "sentinels = []\na = { host = 'x' }",
            "`sentinels` in system `it` must name at least one",
        );
        check("sentinels = ['s1:x']\na = { host = 'x' }", "must be a name or an address");
        check("sentinels = ['s1', 's1:26379']\na = { host = 'x' }", "names `s1:26379` twice");
        check("master = 'm'\na = { host = 'x' }", "name them too");
        check("sentinel_login = true\na = { host = 'x' }", "name them too");
        check("a = { nodes = ['n1'] }", "write `cluster = true` beside");
        check("cluster = true\na = {}", "system `it` needs `nodes`");
        check("cluster = true\na = { host = 'x', nodes = ['n1'] }", "a cluster has `nodes`");
        check("cluster = true\nsentinels = ['s']\na = { nodes = ['n1'] }", "watch no cluster");
        check("a = { cluster = true, nodes = ['n1'] }", "is for both sides");
        let both = "cluster = true\na = { nodes = ['n1'] }\nb = { nodes = ['n1:6379'] }";
        check(both, "a node stands in one region");
        check("cluster = true\na = { nodes = ['n'], heartbeat = 'hb' }", "one of its shards only");
        check("cluster = true\na = { nodes = ['n'], database = 1 }", "0 in a cluster");
    }

    #[test]
    fn a_side_is_met_at_its_host_or_where_others_say() {
        let check = |text: &str, side: Side, first: &str, place: &str, at_host: bool| {
            let side = Written::<Redis>::one(&spec(text), side).unwrap();
            assert_eq!(side.endpoint.place(), first, "{text}");
            assert_eq!(Redis::place(&side.endpoint, &side.own), place, "{text}");
            assert_eq!(Redis::dials(&side.own), at_host, "{text}");
        };
        let both = "sentinels = ['s1', 's2:5']\na = { host = 'x' }\nb = { host = 'y:7' }";
        check(both, Side::A, "x:6379", "x:6379", true);
        let led = "b = { host = 'y' }\na = { sentinels = ['s1', 's2:5'], master = 'm' }";
        check(led, Side::A, "s1:26379", "m of s1:26379", false);
        check(led, Side::B, "y:6379", "y:6379", true);
        let cluster = "cluster = true\na = { nodes = ['n1', 'n2:7'] }\nb = { nodes = ['n3'] }";
        check(cluster, Side::A, "n1:6379", "the cluster of n1:6379", false);
        let [_, b] = Written::<Redis>::both(&spec(cluster)).unwrap();
        let formation = b.unwrap().own.formation;
        let nodes = formation.nodes().unwrap();
        let there: Vec<String> = nodes.there.iter().map(Endpoint::place).collect();
        assert_eq!(there, ["n1:6379", "n2:7"]);
    }
}
