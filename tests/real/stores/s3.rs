//! S3: the rule of A that copies into B is turned off, while A answers; then A falls silent.

use warroom::domain::ids::Side;
use warroom::domain::settings::Table;

use super::story::{Found, Returned, Servers, Store, live};
use crate::failover::person::Start;
use crate::s3::bench::{Hand, plan, system};
use crate::servers::fault::{FaultProxy, Held};
use crate::servers::minio::Pair;
use crate::servers::objects::Load;
use crate::turns::{Group, turn};

struct Buckets<'p> {
    load: Load,
    relay: FaultProxy,
    /// The rules of A while they copy.
    rules: String,
    pair: &'p Pair,
}

impl Servers for Buckets<'_> {
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
        let off = self.rules.replacen("\"Status\":\"Enabled\"", "\"Status\":\"Disabled\"", 1);
        rules(self.pair) == off
    }
}

fn rules(pair: &Pair) -> String {
    pair.a.admin(&["replicate", "ls", "a/src"])
}

#[test]
fn s3_is_parted_once_by_whoever_lives() {
    let Some(_turn) = turn(Group::Objects) else { return };
    let pair = Pair::start();
    let spec = system(&pair, Vec::new());
    let buckets = Buckets {
        load: Load::start(pair.a.store(), plan()),
        relay: FaultProxy::to(pair.a.port),
        rules: rules(&pair),
        pair: &pair,
    };
    let copy_again = || {
        let mut hand = Hand::new(&spec, "s3.replicate", Side::B, Table::default());
        hand.apply().unwrap();
    };
    live(&Store {
        id: "objects",
        system: format!(
            "kind = \"s3\"\nregion = \"us-east-1\"\ncanary_every = \"1s\"\n\
             a = {{ bucket = \"src\", endpoint = \"{}\" }}\n\
             b = {{ bucket = \"dst\", endpoint = \"{}\" }}",
            buckets.relay.url(),
            pair.b.url()
        ),
        more: String::new(),
        every_s: 2,
        actions: ["s3.stop_replication", "s3.verify_write"],
        writes_to: "objects",
        starts: [Start::Window, Start::Window],
        order: "?replication",
        held: Held::Answer,
        found: Found::Done(&copy_again),
        is_lost: false,
        // Neither is the other's copy, and both take writes.
        returned: Returned::TakesWrites("no rule copies either way"),
        servers: &buckets,
    });
}
