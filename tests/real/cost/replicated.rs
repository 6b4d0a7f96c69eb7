//! Stores that copy by themselves, which run on anybody's machines.

use super::Watched;
use crate::servers::kafka::broker::Door;
use crate::servers::postgres;
use crate::servers::{kafka, minio, objects, opensearch, redis};

const TOPIC: &str = "orders-cost";
const INDEX: &str = "books";
const COMMITTED: &str = "isolation = \"read_committed\"\n";

/// Everything that is watched.
pub struct Stores {
    rows: postgres::Pair,
    cache: redis::Pair,
    stream: kafka::Shared,
    search: opensearch::Pair,
    // Before the servers that it writes to.
    _canaries: objects::Load,
    objects: minio::Pair,
}

impl Stores {
    pub fn start() -> Self {
        let stream = kafka::Pair::shared();
        stream.a.grant();
        stream.b.grant();
        stream.a.create_topic(TOPIC, 3, &[]);
        let search = opensearch::Pair::start();
        search.followed(INDEX, 2);
        let objects = minio::Pair::start();
        for server in [&objects.a, &objects.b] {
            crate::s3::bench::rights(server);
        }
        let canaries = objects::Load::start(objects.a.store(), crate::s3::bench::plan());
        let (rows, cache) = (postgres::Pair::start(), redis::Pair::start());
        Self { rows, cache, stream, search, _canaries: canaries, objects }
    }

    /// Of each kind: how many, and what is written of each. The servers of `PostgreSQL` let few
    /// people in.
    pub fn settings(&self) -> Vec<Watched> {
        let both = |side: [&str; 2], ports: [u16; 2], more: [&str; 2]| {
            let one = |at: usize| {
                format!("{} = {{ {}{} }}\n", ["a", "b"][at], side[at], more[at])
                    .replace('@', &ports[at].to_string())
            };
            one(0) + &one(1)
        };
        let host = ["host = \"127.0.0.1:@\""; 2];
        let rows = [self.rows.a.port, self.rows.b.port];
        let cache = [self.cache.a.port, self.cache.b.port];
        let stream = [&self.stream.a, &self.stream.b].map(|broker| broker.port(Door::Sasl));
        let connect = format!(
            ", alias = \"B\", connect = {{ url = \"http://127.0.0.1:{}\" }}",
            self.stream.connect.port
        );
        let buckets = [("src", &self.objects.a), ("dst", &self.objects.b)]
            .map(|(name, server)| format!("bucket = \"{name}\", endpoint = \"{}\"", server.url()));
        let aliases = [", alias = \"west\"", ", alias = \"east\""];
        vec![
            ("postgres", 5, both(host, rows, [", database = \"postgres\""; 2])),
            ("redis", 15, both(host, cache, [""; 2])),
            ("kafka", 10, {
                let topics =
                    format!("topics = [\"{TOPIC}\"]\nheartbeat_every = \"1s\"\n{COMMITTED}");
                topics + &both(host, stream, [", alias = \"A\"", &connect])
            }),
            ("opensearch", 10, {
                let indices = format!("indices = [\"{INDEX}\"]\n");
                indices + &both(host, self.search.ports(), aliases)
            }),
            ("s3", 10, {
                let region = "region = \"us-east-1\"\ncanary_every = \"1s\"\n".to_owned();
                region + &both([&buckets[0], &buckets[1]], [0; 2], [""; 2])
            }),
        ]
    }
}
