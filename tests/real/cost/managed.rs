//! Stores that others lead: Patroni, sentinels, and what Amazon runs, by its doubles.

use aws_sdk_dynamodb::types::ScalarAttributeType::S;

use super::Watched;
use crate::servers::redis_groups::{self, MASTER};
use crate::servers::{aurora, dynamodb, elasticache, patroni, rds};

/// Everything that is watched.
pub struct Stores {
    clusters: patroni::Pair,
    cache: redis_groups::Watched,
    /// It has stores of three kinds.
    amazon: rds::Pair,
    tables: dynamodb::Pair,
}

/// Both sides, each of a name and its region.
fn amazon(name: &str, names: [&str; 2], url: &str) -> String {
    let side = |at: usize| {
        let (named, region) = (names[at], rds::REGIONS[at]);
        format!("{{ {name} = \"{named}\", region = \"{region}\", endpoint = \"{url}\" }}")
    };
    format!("a = {}\nb = {}\n", side(0), side(1))
}

impl Stores {
    pub fn start() -> Self {
        let amazon = rds::Pair::start();
        amazon.lag(0.5, 30);
        aurora::stand(&amazon.cloud);
        elasticache::stand(&amazon.cloud);
        let tables = dynamodb::Pair::start(&[("id", S)]);
        tables.latency(800.0, 60);
        Self {
            clusters: patroni::Pair::start(),
            cache: redis_groups::Watched::start(),
            amazon,
            tables,
        }
    }

    /// Of each kind: how many, and what is written of each.
    pub fn settings(&self) -> Vec<Watched> {
        let Self { clusters, cache, amazon: cloud, tables } = self;
        let [e1, e2, w1] = [&clusters.e1, &clusters.e2, &clusters.w1].map(|member| member.rest);
        let clusters = format!(
            "slot = \"{}\"\n\
             a = {{ members = [\"127.0.0.1:{e1}\", \"127.0.0.1:{e2}\"], scope = \"east\" }}\n\
             b = {{ members = [\"127.0.0.1:{w1}\"], scope = \"west\" }}\n",
            patroni::SLOT
        );
        let [a, b] = [&cache.pair.a, &cache.pair.b].map(|server| server.port);
        let cache = format!(
            "sentinels = {:?}\nmaster = \"{MASTER}\"\nsentinel_login = true\n\
             a = {{ host = \"127.0.0.1:{a}\" }}\nb = {{ host = \"127.0.0.1:{b}\" }}\n",
            cache.places()
        );
        let url = cloud.cloud.url();
        let writer = format!("global_cluster = \"{}\"\n", aurora::GLOBAL);
        let datastore = format!("global_datastore = \"{}\"\n", elasticache::GLOBAL);
        let table = format!("table = \"{}\"\n", dynamodb::TABLE);
        let regions = {
            let url = tables.cloud.url();
            let side = |region| format!("{{ region = \"{region}\", endpoint = \"{url}\" }}");
            format!("a = {}\nb = {}\n", side(rds::REGIONS[0]), side(rds::REGIONS[1]))
        };
        vec![
            ("patroni", 10, clusters),
            ("redis", 10, cache),
            ("rds", 10, amazon("instance", rds::INSTANCES, &url)),
            ("aurora", 8, writer + &amazon("cluster", aurora::CLUSTERS, &url)),
            ("elasticache", 7, datastore + &amazon("group", elasticache::GROUPS, &url)),
            ("dynamodb", 5, table + &regions),
        ]
    }
}
