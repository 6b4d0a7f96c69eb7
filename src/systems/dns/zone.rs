//! The settings of a name and what all its servers answered, held against what each region expects.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::proto::rr::{Name, RecordType};

use super::query::{Answer, Asked, ask, plain_name};
use crate::domain::settings::{Fault, Fields, Table, Value};
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// The port of DNS, RFC 1035 section 4.2.
const DNS_PORT: u16 = 53;

/// The most servers of one list.
const SERVERS_MAX: usize = 16;

/// Types that may be written.
const TYPES: [&str; 4] = ["A", "AAAA", "CNAME", "TXT"];

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
        let at = |key| fields.node(key).map_or_else(|| fields.span(), |node| node.span);
        let name = format!("{}.", plain_name(fields.need_text("name")?));
        if name == "." || Name::from_ascii(&name).is_err() {
            let message =
                format!("`name` in {what} must be a full name such as \"api.example.com\"");
            return Err(Fault::new(at("name"), message));
        }
        let kind = fields.choice("type", &TYPES)?.unwrap_or("A");
        let kind = match kind {
            "AAAA" => RecordType::AAAA,
            "CNAME" => RecordType::CNAME,
            "TXT" => RecordType::TXT,
            _ => RecordType::A,
        };
        let servers = read_servers(&fields, "servers", what)?;
        if servers.is_empty() {
            let message =
                format!("{what} needs `servers`, the addresses of the zone's own name servers");
            return Err(Fault::new(at("servers"), message));
        }
        let resolvers = read_servers(&fields, "resolvers", what)?;
        let answers = match fields.node("answer").map(|node| &node.value) {
            Some(Value::Text(_)) => vec![fields.need_text("answer")?],
            _ => fields.texts("answer")?,
        };
        if answers.is_empty() {
            let message =
                format!("{what} needs `answer`, what leads to the region, in `a` and `b`");
            return Err(Fault::new(at("answer"), message));
        }
        let answers = answers
            .into_iter()
            .map(|text| usual_writing(text, kind))
            .collect::<Result<BTreeSet<String>, String>>()
            .map_err(|why| Fault::new(at("answer"), format!("`answer` in {what}: {why}")))?;
        fields.finish()?;
        Ok(Self { question: Question { name, kind, servers, resolvers }, answers })
    }

    /// True when an answer leads to this region and nowhere else.
    pub fn is_answered_by(&self, answer: &Answer) -> bool {
        answer.values.is_subset(&self.answers)
    }
}

fn read_servers(
    fields: &Fields<'_>,
    key: &'static str,
    what: &str,
) -> Result<Vec<SocketAddr>, Fault> {
    let texts = fields.texts(key)?;
    let at = fields.node(key).map_or_else(|| fields.span(), |node| node.span);
    if texts.len() > SERVERS_MAX {
        let message = format!("`{key}` in {what} may have at most {SERVERS_MAX} addresses");
        return Err(Fault::new(at, message));
    }
    let read = |text: &str| -> Result<SocketAddr, Fault> {
        text.parse::<SocketAddr>()
            .or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT)))
            .map_err(|_| {
                let message = format!(
                    "`{key}` in {what} lists addresses such as \"192.0.2.53\" or \
                     \"192.0.2.53:5353\", and `{text}` is none"
                );
                Fault::new(at, message)
            })
    };
    texts.into_iter().map(read).collect()
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
