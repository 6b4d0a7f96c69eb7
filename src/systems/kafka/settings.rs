//! What a site file says of Kafka in both regions and of what copies between them.

use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use url::Url;

use super::replicator::{Replicator, SETTING as REPLICATOR};
use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Table};
use crate::systems::kit::endpoint::{self, Endpoint, split_host};

/// The kind `kafka`.
#[derive(Debug, Clone, Copy)]
pub struct Kafka;

/// The port.
pub(super) const PORT: Setting<u16> = endpoint::PORT.or("9092").example_each("9");

/// The most further brokers, groups and the like that are written.
const LIST_MOST: usize = 32;

const BROKERS: Setting<Vec<String>> = Setting::new(
    "brokers",
    Kind::Texts(LIST_MOST),
    "Further brokers to begin with, `host:port`; the others are learned from them",
)
.leads_to_hosts();

const ALIAS: Setting<String> = Setting::new(
    "alias",
    Kind::Word,
    "What MirrorMaker 2 calls this region's cluster: its copies are called `alias.topic`",
)
.required()
.example_each("\"{side}\"");

const SEPARATOR: Setting<String> = Setting::new(
    "separator",
    Kind::Word,
    "What stands between alias and topic (`replication.policy.separator`)",
)
.or(".")
.of_pair();

const POLICY: Setting<&str> = Setting::new(
    "policy",
    Kind::Choice(&["default", "identity"]),
    "How copies are called: `alias.topic`, or as their source",
)
.or("default")
.of_pair();

const TOPICS: Setting<Vec<String>> = Setting::new(
    "topics",
    Kind::Texts(LIST_MOST),
    "Which topics are copied, each a regular expression for whole names, as at MirrorMaker 2; all \
     but internal ones if absent",
)
.example("[\"orders.*\"]")
.of_pair();

const ISOLATION: Setting<&str> = Setting::new(
    "isolation",
    Kind::Choice(&["read_uncommitted", "read_committed"]),
    "What MirrorMaker 2 copies of transactions (`source.consumer.isolation.level`)",
)
.or("read_uncommitted")
.of_pair();

const HEARTBEAT: Setting<String> = Setting::new(
    "heartbeat",
    Kind::Word,
    "The topic of this region's heartbeats, copied like others: MirrorMaker 2's own, or one that \
     `warroom beat` writes to. Its newest record is the clock that lags in seconds are told by; \
     without it seconds are known only where nothing is outstanding",
)
.or("heartbeats");

const HEARTBEAT_EVERY: Setting<Duration> = Setting::new(
    "heartbeat_every",
    Kind::Time(100, 3_600_000),
    "How often one is written; learned from watching if absent",
);

const GROUPS: Setting<Vec<String>> = Setting::new(
    "groups",
    Kind::Texts(LIST_MOST),
    "Consumer groups that go on in the other region: their offsets must be there too",
)
.of_pair();

const TLS: Setting<bool> =
    Setting::new("tls", Kind::Boolean, "True for TLS; false only for loopback if absent");

/// Brokers take anybody.
const NO_LOGIN: &str = "none";

const SASL: Setting<&str> = Setting::new(
    "sasl",
    Kind::Choice(&["plain", "scram-sha-256", "scram-sha-512", "oauthbearer", NO_LOGIN]),
    "How the secrets are shown to the brokers; with `oauthbearer` the secret is the token; with \
     `none` they take anybody, and the secrets are for Connect alone. `plain` if a secret is named",
);

const CONNECT_URL: Setting<String> =
    Setting::new("url", Kind::Word, "Where its REST interface is").required();

const CONNECT_LOGIN: Setting<bool> =
    Setting::new("login", Kind::Boolean, "True where it wants the side's user and password too")
        .or("false");

const CONNECT: Setting<Table> = Setting::new(
    "connect",
    Kind::Table(&[CONNECT_URL.spec, endpoint::CA.spec, CONNECT_LOGIN.spec]),
    "Kafka Connect of this region, which runs MirrorMaker 2 towards it. Without it MirrorMaker 2 \
     is taken for a process of its own, and told by what arrives alone",
)
.example_each("{ url = \"http://127.0.0.1:9\" }");

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    endpoint::HOST.example_each("\"127.0.0.1\"").spec,
    PORT.spec,
    BROKERS.spec,
    ALIAS.spec,
    SEPARATOR.spec,
    POLICY.spec,
    TOPICS.spec,
    ISOLATION.spec,
    HEARTBEAT.spec,
    HEARTBEAT_EVERY.spec,
    GROUPS.spec,
    CONNECT.spec,
    REPLICATOR.spec,
    TLS.spec,
    endpoint::CA.spec,
    SASL.spec,
    endpoint::READ.doc("The secret for watching; without it watching logs in nowhere").spec,
    endpoint::ACT.example("\"kafka-act\"").spec,
    endpoint::BEAT.spec,
];

/// Where Connect is.
#[derive(Debug, Clone)]
pub(super) struct Connect {
    pub(super) url: Url,
    pub(super) ca: Option<PathBuf>,
    pub(super) login: bool,
}

/// How topics are called on both sides.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// This region's alias.
    pub(super) own: String,
    /// The other region's; none where the system is only here.
    pub(super) other: Option<String>,
    separator: String,
    identity: bool,
    wanted: Vec<Regex>,
}

impl Names {
    /// True where copies are called as their source.
    pub(super) fn is_identity(&self) -> bool {
        self.identity
    }

    /// What a topic of the other region is called here.
    pub(super) fn copy_of(&self, topic: &str) -> Option<String> {
        let other = self.other.as_ref()?;
        // Heartbeats keep their source's name in front under both policies.
        if self.identity && !topic.ends_with("heartbeats") {
            return Some(topic.to_owned());
        }
        Some(format!("{other}{}{topic}", self.separator))
    }

    /// The topic of the other region that this is a copy of, where its name tells that.
    pub(super) fn original_of(&self, topic: &str) -> Option<String> {
        let alias = self.other.as_ref().filter(|_| self.is_copy(topic) && !self.identity)?;
        Some(topic[alias.len() + self.separator.len()..].to_owned())
    }

    /// Whether this is a copy of a topic of the other region.
    fn is_copy(&self, topic: &str) -> bool {
        let copied = |alias: &String| {
            topic.strip_prefix(alias.as_str()).is_some_and(|rest| rest.starts_with(&self.separator))
        };
        self.other.as_ref().is_some_and(copied)
    }

    /// Whether a topic that was made here is to be copied to the other region.
    pub(super) fn is_source(&self, topic: &str) -> bool {
        self.is_wanted(topic) && (self.identity || !self.is_copy(topic))
    }

    /// Whether the topic is looked at here: it is copied to or from the other region.
    pub(super) fn is_watched(&self, topic: &str) -> bool {
        let original = match &self.other {
            Some(alias) if self.is_copy(topic) => &topic[alias.len() + self.separator.len()..],
            Some(_) | None => topic,
        };
        self.is_wanted(original)
    }

    fn is_wanted(&self, topic: &str) -> bool {
        let internal = topic.starts_with("__")
            || [".internal", "-internal", ".replica"].iter().any(|end| topic.ends_with(end));
        !internal && (self.wanted.is_empty() || self.wanted.iter().any(|name| name.is_match(topic)))
    }
}

/// One side's settings beside its address and secrets.
#[derive(Debug, Clone)]
pub struct Own {
    pub(super) brokers: Vec<String>,
    pub(super) names: Names,
    pub(super) committed_only: bool,
    /// The topic of this region's heartbeats, and of the other's.
    pub(super) heartbeat: String,
    pub(super) other_heartbeat: Option<String>,
    pub(super) beats_every: Option<Duration>,
    pub(super) groups: Vec<String>,
    pub(super) connect: Option<Connect>,
    pub(super) replicator: Option<Replicator>,
    pub(super) tls: bool,
    /// How a secret is shown to the brokers; none where they are shown none.
    pub(super) sasl: Option<&'static str>,
}

impl Own {
    /// Reads them.
    pub(super) fn read(fields: &Fields<'_>, endpoint: &Endpoint) -> Result<Self, Fault> {
        let refuse = |name: &str, why: &str| fields.refuse(name, why);
        let brokers = BROKERS.of(fields)?.unwrap_or_default();
        if brokers.iter().any(|one| !matches!(split_host(one), Some((_, Some(_))))) {
            return Err(refuse("brokers", "must be a list of `host:port`"));
        }
        let mut wanted = Vec::new();
        for pattern in TOPICS.of(fields)?.unwrap_or_default() {
            let whole = Regex::new(&format!("^(?:{pattern})$"));
            wanted.push(whole.map_err(|_| refuse("topics", "must be regular expressions"))?);
        }
        let names = Names {
            own: ALIAS.get(fields)?,
            other: None,
            separator: SEPARATOR.get(fields)?,
            identity: POLICY.get(fields)? == "identity",
            wanted,
        };
        let sasl = SASL.of(fields)?;
        let logs_in = ["read", "act", "beat"].iter().any(|name| fields.node(name).is_some());
        if sasl.is_some_and(|sasl| sasl != NO_LOGIN) && !logs_in {
            return Err(refuse("sasl", "needs a secret to show: name `read`"));
        }
        let connect = CONNECT.of(fields)?.map(|table| read_connect(&table)).transpose()?;
        let replicator =
            REPLICATOR.of(fields)?.map(|table| Replicator::read(&table)).transpose()?;
        if connect.is_some() && replicator.is_some() {
            let why = "copies where MirrorMaker 2 does not: take `connect` or this one away";
            return Err(refuse("replicator", why));
        }
        Ok(Self {
            brokers,
            names,
            committed_only: ISOLATION.get(fields)? == "read_committed",
            heartbeat: HEARTBEAT.get(fields)?,
            other_heartbeat: None,
            beats_every: HEARTBEAT_EVERY.of(fields)?,
            groups: GROUPS.of(fields)?.unwrap_or_default(),
            connect,
            replicator,
            tls: TLS.of(fields)?.unwrap_or_else(|| !endpoint.is_local()),
            sasl: sasl.or(logs_in.then_some("plain")).filter(|sasl| *sasl != NO_LOGIN),
        })
    }

    /// Whether a topic of the other region is copied to here.
    pub(super) fn is_copied(&self, topic: &str) -> bool {
        self.names.is_source(topic) || self.is_beat(topic)
    }

    /// Whether that is the topic of the other region's heartbeats.
    pub(super) fn is_beat(&self, topic: &str) -> bool {
        self.other_heartbeat.as_deref() == Some(topic)
    }

    /// What the other region's heartbeats are called here.
    pub(super) fn copied_heartbeat(&self) -> Option<String> {
        self.names.copy_of(self.other_heartbeat.as_ref()?)
    }
}

fn read_connect(table: &Table) -> Result<Connect, Fault> {
    let fields = Fields::new(table, "`connect`");
    let url = url_of(&fields, "url", &CONNECT_URL.get(&fields)?)?;
    let connect =
        Connect { url, ca: endpoint::CA.of(&fields)?, login: CONNECT_LOGIN.get(&fields)? };
    fields.finish()?;
    Ok(connect)
}

fn url_of(fields: &Fields<'_>, name: &str, text: &str) -> Result<Url, Fault> {
    let refuse = || fields.refuse(name, "must be `http://` or `https://` with a host");
    let url = Url::parse(text).map_err(|_| refuse())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.has_host();
    if !matches!(url.scheme(), "http" | "https") || !plain {
        return Err(refuse());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Side;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn topics_are_called_as_mirrormaker_calls_them() {
        let check = |settings: &str, topic: &str, copy: &str, source: bool, watched: bool| {
            let text = format!(
                "{settings}\na = {{ host = 'x', alias = 'east' }}\n\
                 b = {{ host = 'y', alias = 'west' }}"
            );
            let own = Written::<Kafka>::one(&spec(&text), Side::B).expect("right").own;
            assert_eq!(own.names.copy_of(topic).as_deref(), Some(copy), "{topic}");
            let found = (own.names.is_source(topic), own.names.is_watched(topic));
            assert_eq!(found, (source, watched), "{topic}");
        };
        check("", "orders", "east.orders", true, true);
        check("", "east.orders", "east.east.orders", false, true);
        check("topics = ['orders.*']", "orders-2", "east.orders-2", true, true);
        check("topics = ['orders.*']", "east.orders-2", "east.east.orders-2", false, true);
        check("topics = ['orders']", "my-orders", "east.my-orders", false, false);
        check("", "__consumer_offsets", "east.__consumer_offsets", false, false);
        check("", "mm2-offsets.east.internal", "east.mm2-offsets.east.internal", false, false);
        check("separator = '_'", "orders", "east_orders", true, true);
        check("policy = 'identity'", "orders", "orders", true, true);
        check("policy = 'identity'", "heartbeats", "east.heartbeats", true, true);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let check = |text: &str, want: &str| {
            let found = Written::<Kafka>::both(&spec(text)).err().expect(text).message;
            assert!(found.contains(want), "{found}");
        };
        check("a = { host = 'x' }", "needs `alias`");
        check("a = { host = 'x', alias = 'e', brokers = ['y'] }", "a list of `host:port`");
        check("topics = ['(']\na = { host = 'x', alias = 'e' }", "regular expressions");
        check("a = { host = 'x', alias = 'e' }\nb = { host = 'y', alias = 'e' }", "same `alias`");
        check("a = { host = 'x', alias = 'e', connect = { url = 'ftp://x' } }", "`http://`");
        check("a = { host = 'x', alias = 'e', connect = {} }", "`connect` needs `url`");
        let with = |more: &str| format!("a = {{ host = 'x', alias = 'e', {more} }}");
        check(&with("replicator = { name = 'r' }"), "`replicator` needs `region`");
        let replicator = "replicator = { name = 'r', region = 'eu-west-1'";
        check(&with(&format!("{replicator}, endpoint = 'aws' }}")), "`http://`");
        check(&with(&format!("{replicator}, key = 'k' }}")), "`key`");
        let both = format!("{replicator} }}, connect = {{ url = 'http://x' }}");
        check(&with(&both), "take `connect` or this one away");
        check("a = { host = 'x', alias = 'e', sasl = 'kerberos' }", "sasl");
        check("sasl = 'plain'\na = { host = 'x', alias = 'e' }", "`sasl`");
    }

    #[test]
    fn secrets_are_shown_as_it_is_written() {
        let check = |more: &str, want: Option<&str>| {
            let text = format!("a = {{ host = 'x', alias = 'e', {more} }}");
            let own = Written::<Kafka>::one(&spec(&text), Side::A).expect("right").own;
            assert_eq!(own.sasl, want, "{more}");
        };
        check("port = 1", None);
        check("sasl = 'none'", None);
        check("act = 's', sasl = 'none'", None);
        check("act = 's'", Some("plain"));
        check("read = 's', sasl = 'oauthbearer'", Some("oauthbearer"));
    }
}
