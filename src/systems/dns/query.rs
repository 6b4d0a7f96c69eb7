//! Asks one name server one question, with no cache between, and says what it answered.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::Resolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::domain::text::head;
use crate::systems::kit::trouble::{Trouble, TroubleKind, known_cause};

/// Questions of one look to one server: a lost datagram is asked for again once.
const ASKED_MAX: u32 = 2;

/// The most answers that are taken from one server.
const ANSWERS_MAX: usize = 64;

/// The longest answer that is kept, in characters.
const ANSWER_CHARS_MAX: usize = 255;

/// What one server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The values, in their usual writing: addresses, lower-case names without the last dot, texts.
    pub values: BTreeSet<String>,
    /// The longest time that the server lets it be kept, in seconds.
    pub ttl_s: u32,
}

/// What asking one server led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It answered.
    Answer(Answer),
    /// It answered that there is no such record.
    NoRecord,
    /// It told nothing.
    Failed(Trouble),
}

/// A name without its last dot, in lower case.
pub fn plain_name(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

/// Asks `server` for `name` (with its last dot) within `deadline`.
pub async fn ask(server: SocketAddr, name: &str, kind: RecordType, deadline: Duration) -> Asked {
    match tokio::time::timeout(deadline, ask_unbounded(server, name, kind, deadline)).await {
        Ok(asked) => asked,
        Err(_) => Asked::Failed(Trouble::timeout(&server.to_string(), deadline)),
    }
}

async fn ask_unbounded(
    server: SocketAddr,
    name: &str,
    kind: RecordType,
    deadline: Duration,
) -> Asked {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    let options = builder.options_mut();
    // What the server says now is the question, not what it said a while ago.
    options.cache_size = 0;
    options.attempts = 1;
    options.timeout = deadline / ASKED_MAX;
    options.use_hosts_file = ResolveHosts::Never;
    let looked_up = match builder.build() {
        Ok(resolver) => resolver.lookup(name, kind).await,
        Err(error) => Err(error),
    };
    let lookup = match looked_up {
        Ok(lookup) => lookup,
        Err(error) if error.is_nx_domain() || error.is_no_records_found() => {
            return Asked::NoRecord;
        }
        Err(error) => return Asked::Failed(explain(server, &error, deadline)),
    };
    let mut answer = Answer { values: BTreeSet::new(), ttl_s: 0 };
    let records = lookup.answers().iter().filter(|record| record.record_type() == kind);
    for record in records.take(ANSWERS_MAX) {
        answer.values.insert(value_of(&record.data));
        answer.ttl_s = answer.ttl_s.max(record.ttl);
    }
    if answer.values.is_empty() { Asked::NoRecord } else { Asked::Answer(answer) }
}

fn value_of(data: &RData) -> String {
    let text = match data {
        RData::CNAME(name) => plain_name(&name.to_string()),
        RData::TXT(text) => {
            let bytes: Vec<u8> = text.txt_data.iter().flatten().copied().collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        other => other.to_string(),
    };
    head(&text, ANSWER_CHARS_MAX)
}

fn explain(server: SocketAddr, error: &NetError, deadline: Duration) -> Trouble {
    let peer = server.to_string();
    match error {
        NetError::Timeout => Trouble::timeout(&peer, deadline),
        NetError::Dns(DnsError::ResponseCode(ResponseCode::Refused)) => {
            let why = format!("{peer} refuses to answer us: it may not be meant for this name");
            Trouble::new(TroubleKind::Permission, why)
        }
        NetError::Dns(DnsError::ResponseCode(code)) => {
            Trouble::new(TroubleKind::Garbage, format!("{peer} answered with the error {code}"))
        }
        NetError::Io(io) => known_cause(&peer, io.as_ref()).unwrap_or_else(|| {
            Trouble::new(TroubleKind::Unreachable, format!("{peer} cannot be reached: {io}"))
        }),
        other => {
            Trouble::new(TroubleKind::Garbage, format!("{peer} gave no valid answer: {other}"))
        }
    }
}
