//! OpenSearch: B is promoted beside a leader in A that hangs.

use std::time::Duration;

use serde_json::json;

use super::story::{Found, Returned, Servers, Store, live};
use crate::failover::person::Start;
use crate::opensearch::bench::BOOKS;
use crate::servers::fault::{FaultProxy, Held};
use crate::servers::opensearch::producer::Load;
use crate::servers::opensearch::{EAST, Pair, WEST};
use crate::turns::{Group, turn};

struct Nodes<'p> {
    load: Load,
    relay: FaultProxy,
    pair: &'p Pair,
}

impl Servers for Nodes<'_> {
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
        // What is copied refuses it with 403.
        let (status, _) = self.pair.gates[1].ask("PUT", "/books/_doc/only-b", &json!({}));
        (200..300).contains(&status)
    }
}

#[test]
fn opensearch_is_promoted_once_by_whoever_lives() {
    let Some(_turn) = turn(Group::Search) else { return };
    let pair = Pair::start();
    pair.followed(BOOKS, 1);
    let [a, b] = pair.ports();
    let load = Load::start(pair.a.port, BOOKS, Duration::from_millis(20));
    let nodes = Nodes { load, relay: FaultProxy::to(b), pair: &pair };
    live(&Store {
        id: "search",
        system: format!(
            "kind = \"opensearch\"\nindices = [\"{BOOKS}\"]\n\
             a = {{ host = \"127.0.0.1\", port = {a}, alias = \"{WEST}\" }}\n\
             b = {{ host = \"127.0.0.1\", port = {}, alias = \"{EAST}\" }}",
            nodes.relay.port
        ),
        more: String::new(),
        every_s: 3,
        actions: ["opensearch.promote", "opensearch.verify_write"],
        writes_to: "search",
        starts: [Start::Typed("promote search-b"), Start::Window],
        order: "/_stop",
        // It never arrives: nothing was done, and of what is irreversible a person says so.
        held: Held::Request,
        found: Found::Unknown,
        is_lost: true,
        returned: Returned::TakesWrites("SPLIT BRAIN: search is PRIMARY in A and in B"),
        servers: &nodes,
    });
    let stops = |order: &String| order.ends_with("/_stop");
    assert_eq!(pair.gates[1].changes().into_iter().filter(stops).count(), 1, "it was ended once");
}
