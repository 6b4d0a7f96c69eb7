//! The settings of a name and what all its servers answered, held against what each region expects.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};

use super::query::{Answer, Asked, ask, plain_name};
use crate::domain::setting::{Kind, Meant, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields, Table, Value};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The port of DNS, RFC 1035 section 4.2.
const DNS_PORT: u16 = 53;

/// The most servers of one list.
const SERVERS_MAX: usize = 16;

const NAME: Setting<String> = Setting::new(
    "name",
    Kind::Text,
    "The full name that leads to the region, such as `api.example.com`",
)
.required()
.example("\"api.example.com\"");

const TYPE: Setting<&str> =
    Setting::new("type", Kind::Choice(&["A", "AAAA", "CNAME", "TXT"]), "The type of its record")
        .or("A")
        .example("\"A\"");

const SERVERS: Setting<Servers> = Setting::new(
    "servers",
    Kind::Texts(SERVERS_MAX),
    "Addresses of the zone's own name servers, with a port where not 53",
)
.required()
.example("[\"127.0.0.1:9\"]");

const RESOLVERS: Setting<Servers> = Setting::new(
    "resolvers",
    Kind::Texts(SERVERS_MAX),
    "Addresses of resolvers that people use, to see old answers expire",
)
.example("[\"127.0.0.1:9\", \"127.0.0.1:9\"]");

const ANSWER: Setting<Vec<String>> = Setting::new(
    "answer",
    Kind::Shape("a text, or a list of them"),
    "What leads to the region; in `a` and in `b`",
)
.required()
.example_each("\"192.0.2.{n}\"");

/// What may be written at the system or in `a` and `b`.
pub const SETTINGS: &[SettingSpec] =
    &[NAME.spec, TYPE.spec, SERVERS.spec, RESOLVERS.spec, ANSWER.spec];

/// Addresses of name servers.
struct Servers(Vec<SocketAddr>);

impl Meant for Servers {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let Some(texts) = Vec::<String>::read(spec, fields)? else { return Ok(None) };
        let read = |text: &String| -> Result<SocketAddr, Fault> {
            text.parse::<SocketAddr>()
                .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT)))
                .map_err(|_| {
                    let why = format!(
                        "lists addresses such as \"192.0.2.53\" or \"192.0.2.53:5353\", and \
                         `{text}` is none"
                    );
                    fields.refuse(spec.name, &why)
                })
        };
        texts.iter().map(read).collect::<Result<_, _>>().map(|all| Some(Self(all)))
    }
}

/// What is asked, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    name: String,
    kind: RecordType,
    servers: Vec<SocketAddr>,
    resolvers: Vec<SocketAddr>,
}

/// A name as one region expects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What is asked.
    pub question: Question,
    /// The answers that lead to this region.
    pub answers: BTreeSet<String>,
}

impl Expected {
    /// Reads the settings of one side.
    ///
    /// # Errors
    /// When one is wrong or unknown.
    pub fn read(table: &Table, what: &str) -> Result<Self, Fault> {
        let fields = Fields::new(table, what);
        let name = format!("{}.", plain_name(&NAME.get(&fields)?));
        if name == "." || Name::from_ascii(&name).is_err() {
            return Err(fields.refuse("name", "must be a full name such as \"api.example.com\""));
        }
        let kind = match TYPE.get(&fields)? {
            "AAAA" => RecordType::AAAA,
            "CNAME" => RecordType::CNAME,
            "TXT" => RecordType::TXT,
            _ => RecordType::A,
        };
        // What is missing is said by name, not by its shape.
        let servers = Servers::read(&SERVERS.spec, &fields)?.map_or(Vec::new(), |all| all.0);
        if servers.is_empty() {
            return Err(fields.missing("servers", "the addresses of the zone's own name servers"));
        }
        let Servers(resolvers) = RESOLVERS.of(&fields)?.unwrap_or(Servers(Vec::new()));
        let answers = match fields.node("answer").map(|node| &node.value) {
            Some(Value::Text(text)) => vec![text.clone()],
            _ => Vec::read(&ANSWER.spec, &fields)?.unwrap_or_default(),
        };
        if answers.is_empty() {
            return Err(fields.missing("answer", "what leads to the region, in `a` and `b`"));
        }
        let answers = answers
            .iter()
            .map(|text| usual_writing(text, kind))
            .collect::<Result<BTreeSet<String>, String>>()
            .map_err(|why| fields.fault("answer", format!("`answer` in {what}: {why}")))?;
        fields.finish()?;
        Ok(Self { question: Question { name, kind, servers, resolvers }, answers })
    }

    /// True when an answer leads to this region and nowhere else.
    pub fn is_answered_by(&self, answer: &Answer) -> bool {
        answer.values.is_subset(&self.answers)
    }
}

/// The writing in which answers are compared.
fn usual_writing(text: &str, kind: RecordType) -> Result<String, String> {
    let address = |fits: fn(&IpAddr) -> bool, what: &str| {
        let parsed: Option<IpAddr> = text.parse().ok().filter(fits);
        parsed.map(|ip| ip.to_string()).ok_or_else(|| format!("`{text}` is not {what} address"))
    };
    match kind {
        RecordType::A => address(IpAddr::is_ipv4, "an IPv4"),
        RecordType::AAAA => address(IpAddr::is_ipv6, "an IPv6"),
        RecordType::CNAME => Ok(plain_name(text)),
        _ => Ok(text.to_owned()),
    }
}

/// What all servers of a question answered in one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// The zone's own servers, in the order written.
    pub servers: Vec<Asked>,
    /// The resolvers, in the order written.
    pub resolvers: Vec<Asked>,
}

impl Question {
    /// Asks every server at the same time, all within `deadline`.
    pub async fn ask(&self, deadline: Duration) -> Answers {
        let mut tasks = tokio::task::JoinSet::new();
        let all = self.servers.iter().chain(&self.resolvers).copied();
        for (index, server) in all.enumerate() {
            let (name, kind) = (self.name.clone(), self.kind);
            tasks.spawn(async move { (index, ask(server, &name, kind, deadline).await) });
        }
        // A question that broke our own reader leaves this word in its place.
        let broke = Trouble::new(TroubleKind::Garbage, "an answer could not be read");
        let mut servers = vec![Asked::Failed(broke); self.servers.len() + self.resolvers.len()];
        while let Some(joined) = tasks.join_next().await {
            if let Ok((index, asked)) = joined {
                servers[index] = asked;
            }
        }
        let resolvers = servers.split_off(self.servers.len());
        Answers { servers, resolvers }
    }

    /// `api.example.com A`, for sentences.
    pub fn shown(&self) -> String {
        format!("{} {}", self.name.trim_end_matches('.'), self.kind)
    }

    /// The zone's own servers, for sentences.
    pub fn servers_shown(&self) -> String {
        let servers: Vec<String> = self.servers.iter().map(ToString::to_string).collect();
        servers.join(", ")
    }
}
