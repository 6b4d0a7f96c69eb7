//! What Amazon runs, by its doubles: a replica is promoted, the writer of a global store is moved,
//! while region A is silent. The doubles have no rows: a real pair stands for them, and the test
//! does to its standby what Amazon does to the rows.

use std::thread;

use crate::failover::person::Start;
use crate::servers::fault::{Fault, FaultProxy, Held};
use crate::servers::{self, postgres, redis};
use crate::turns::{Group, turn};

use super::story::{Found, Returned, Servers, Store, live};

/// The regions of all of them.
const REGIONS: [&str; 2] = servers::rds::REGIONS;

/// A pair behind one relay, which leads to both regions.
struct Regions<'p> {
    relay: FaultProxy,
    /// What the double tells.
    are_parted: &'p dyn Fn() -> bool,
    /// Takes the rows of B into service, once or more.
    promote_rows: &'p dyn Fn(),
}

impl Servers for Regions<'_> {
    fn relay(&self) -> &FaultProxy {
        &self.relay
    }

    fn silence_a(&self, is_silent: bool) {
        let fault = if is_silent { Fault::Silent } else { Fault::None };
        self.relay.region(REGIONS[0], fault);
    }

    /// Who would write there is nobody's business here: the double takes no rows.
    fn until_a_writes(&self) {}

    fn are_parted(&self) -> bool {
        let are_parted = (self.are_parted)();
        if are_parted {
            (self.promote_rows)();
        }
        are_parted
    }
}

/// What is the same for each of them.
struct Row<'r> {
    id: &'static str,
    /// What the site says of it beside its sides.
    kind: &'r str,
    /// What is named in each region.
    names: [String; 2],
    action: &'static str,
    typed: &'static str,
    order: &'static str,
    returned: Returned,
    /// Where the rows are: the system's settings, and the step that writes one.
    rows: (String, &'static str),
    servers: &'r Regions<'r>,
}

fn story(row: Row<'_>) {
    let url = row.servers.relay.url();
    let side = |at: usize| {
        let (named, region) = (&row.names[at], REGIONS[at]);
        format!("{{ {named}, region = \"{region}\", endpoint = \"{url}\" }}")
    };
    let (rows, write) = row.rows;
    live(&Store {
        id: row.id,
        system: format!("{}\na = {}\nb = {}", row.kind, side(0), side(1)),
        more: format!(
            "[systems.rows]\nobjective = \"core\"\nevery = \"2s\"\ntimeout = \"2s\"\n\
             read = \"read\"\nact = \"act\"\n{rows}\n"
        ),
        every_s: 3,
        actions: [row.action, write],
        writes_to: "rows",
        starts: [Start::Typed(row.typed), Start::Window],
        order: row.order,
        // It never arrives: nothing was done, and of what is irreversible a person says so.
        held: Held::Request,
        found: Found::Unknown,
        is_lost: true,
        returned: row.returned,
        servers: row.servers,
    });
}

/// The endpoint of a database in region B.
fn sql(rows: &postgres::Pair) -> (String, &'static str) {
    let settings = format!(
        "kind = \"postgres\"\nb = {{ host = \"127.0.0.1:{}\", database = \"postgres\" }}",
        rows.b.port
    );
    (settings, "postgres.verify_write")
}

fn promote_sql(rows: &postgres::Pair) {
    rows.b.sql("select case when pg_is_in_recovery() then pg_promote() end");
}

fn a_replica_is_promoted() {
    let (pair, rows) = (servers::rds::Pair::start(), postgres::Pair::start());
    pair.lag(0.5, 30);
    let are_parted = || pair.promotions(1) == 1;
    let promote_rows = || promote_sql(&rows);
    let relay = FaultProxy::to(pair.cloud.port);
    let servers = Regions { relay, are_parted: &are_parted, promote_rows: &promote_rows };
    story(Row {
        id: "database",
        kind: "kind = \"rds\"",
        names: servers::rds::INSTANCES.map(|name| format!("instance = \"{name}\"")),
        action: "rds.promote",
        typed: "promote database-b",
        order: "Action=PromoteReadReplica",
        // Nobody tells the old primary.
        returned: Returned::TakesWrites("SPLIT BRAIN: database is PRIMARY in A and in B"),
        rows: sql(&rows),
        servers: &servers,
    });
    assert_eq!(pair.promotions(1), 1);
}

fn a_writer_is_failed_over() {
    let (pair, rows) = (servers::aurora::Pair::start(), postgres::Pair::start());
    let b = servers::aurora::Pair::arn(1);
    let are_parted = || pair.writer().as_ref() == Some(&b);
    let promote_rows = || promote_sql(&rows);
    let relay = FaultProxy::to(pair.cloud.port);
    let servers = Regions { relay, are_parted: &are_parted, promote_rows: &promote_rows };
    let kind = format!("kind = \"aurora\"\nglobal_cluster = \"{}\"", servers::aurora::GLOBAL);
    story(Row {
        id: "database",
        kind: &kind,
        names: servers::aurora::CLUSTERS.map(|name| format!("cluster = \"{name}\"")),
        action: "aurora.failover",
        typed: "failover database-b",
        order: "Action=FailoverGlobalCluster",
        returned: Returned::Follows,
        rows: sql(&rows),
        servers: &servers,
    });
}

fn a_datastore_is_failed_over() {
    let (pair, rows) = (servers::elasticache::Pair::start(), redis::Pair::start());
    let are_parted = || pair.failovers() == 1;
    let promote_rows = || drop(rows.b.ask(&["REPLICAOF", "NO", "ONE"]));
    let relay = FaultProxy::to(pair.cloud.port);
    let servers = Regions { relay, are_parted: &are_parted, promote_rows: &promote_rows };
    let global = servers::elasticache::GLOBAL;
    let kind = format!("kind = \"elasticache\"\nglobal_datastore = \"{global}\"");
    let at = format!("kind = \"redis\"\nb = {{ host = \"127.0.0.1:{}\" }}", rows.b.port);
    story(Row {
        id: "cache",
        kind: &kind,
        names: servers::elasticache::GROUPS.map(|name| format!("group = \"{name}\"")),
        action: "elasticache.failover",
        typed: "failover cache-b",
        order: "Action=FailoverGlobalReplicationGroup",
        returned: Returned::Follows,
        rows: (at, "redis.verify_write"),
        servers: &servers,
    });
    assert_eq!(pair.failovers(), 1);
}

/// Beside each other: each of them waits for its doubles most of the time.
#[test]
fn what_amazon_runs_is_parted_once_by_whoever_lives() {
    let Some(_turn) = turn(Group::Cloud) else { return };
    let stories: [(&str, fn()); 3] = [
        ("rds", a_replica_is_promoted),
        ("aurora", a_writer_is_failed_over),
        ("elasticache", a_datastore_is_failed_over),
    ];
    thread::scope(|scope| {
        let begin = |name: &str, story| {
            thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, story).unwrap()
        };
        let running = stories.map(|(name, story)| begin(name, story));
        for story in running {
            story.join().unwrap();
        }
    });
}
