//! Kafka: copying into B is stopped beside a cluster in A that is silent.

use super::story::{Found, Returned, Servers, Store, live};
use crate::failover::person::Start;
use crate::kafka::bench::system;
use crate::servers::fault::{FaultProxy, Held};
use crate::servers::kafka::Pair;
use crate::servers::kafka::broker::Door;
use crate::servers::kafka::connect::{CHECKPOINT, HEARTBEAT, SOURCE};
use crate::servers::kafka::load::Load;
use crate::turns::{Group, turn};

const TOPIC: &str = "orders-stores";

/// The topic of the written record.
const PROBE: &str = "warroom-probe";

struct Clusters<'p> {
    load: Load,
    relay: FaultProxy,
    pair: &'p Pair,
}

impl Servers for Clusters<'_> {
    fn relay(&self) -> &FaultProxy {
        &self.relay
    }

    fn silence_a(&self, is_silent: bool) {
        self.pair.a.program.silence(is_silent);
    }

    fn until_a_writes(&self) {
        self.load.until_more(1);
    }

    fn are_parted(&self) -> bool {
        [SOURCE, CHECKPOINT, HEARTBEAT]
            .iter()
            .all(|name| self.pair.connect.states(name) == ["STOPPED"])
    }
}

#[test]
fn kafka_is_parted_once_by_whoever_lives() {
    let Some(_turn) = turn(Group::Kafka) else { return };
    let pair = Pair::shared();
    pair.a.create_topic(TOPIC, 1, &[]);
    pair.b.create_topic(PROBE, 1, &[]);
    // It also gives the users their rights.
    drop(system(&pair, TOPIC, Vec::new()));
    let relay = FaultProxy::to(pair.connect.port);
    let clusters = Clusters { load: Load::start(&pair.a, TOPIC, 1, 50), relay, pair: &pair };
    let [a, b] = [&pair.a, &pair.b].map(|broker| broker.port(Door::Sasl));
    let connect = format!("{{ url = \"{}\" }}", clusters.relay.url());
    live(&Store {
        id: "stream",
        system: format!(
            "kind = \"kafka\"\ntopics = [\"{TOPIC}\"]\nheartbeat_every = \"1s\"\n\
             isolation = \"read_committed\"\n\
             a = {{ host = \"127.0.0.1\", port = {a}, alias = \"A\" }}\n\
             b = {{ host = \"127.0.0.1\", port = {b}, alias = \"B\", connect = {connect} }}"
        ),
        more: String::new(),
        every_s: 2,
        actions: ["kafka.stop_mirror", "kafka.verify_write"],
        writes_to: "stream",
        starts: [Start::Window, Start::Key],
        // The first of three connectors: two are still to be stopped when the runner dies.
        order: "/mm2-source/stop",
        held: Held::Answer,
        found: Found::NotDone,
        is_lost: true,
        returned: Returned::TakesWrites("SPLIT BRAIN: stream is PRIMARY in A and in B"),
        servers: &clusters,
    });
    pair.b.delete_topic(PROBE);
}
