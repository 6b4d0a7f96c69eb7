//! Patroni: the standby cluster is promoted beside a primary that is silent and goes on.

use super::story::{Found, Returned, Servers, Store, live};
use crate::failover::person::Start;
use crate::servers::fault::{Fault, FaultProxy, Held};
use crate::servers::patroni::{Load, Pair, SLOT};
use crate::servers::{DEADLINE, until};
use crate::turns::{Group, turn};

use warroom::systems::postgres::{ACT_ROLE_SQL, PROBE_TABLE_SQL, WATCH_ROLE_SQL};

struct Clusters<'p> {
    /// Before the members of A and of B.
    east: [FaultProxy; 2],
    west: FaultProxy,
    load: Load,
    pair: &'p Pair,
}

impl Servers for Clusters<'_> {
    fn relay(&self) -> &FaultProxy {
        &self.west
    }

    fn silence_a(&self, is_silent: bool) {
        let fault = if is_silent { Fault::Silent } else { Fault::None };
        self.east.iter().for_each(|relay| relay.all(fault));
    }

    fn until_a_writes(&self) {
        let before = self.load.acknowledged().len();
        until("A takes writes", DEADLINE, || self.load.acknowledged().len() > before);
    }

    fn are_parted(&self) -> bool {
        self.pair.w1.sql("select pg_is_in_recovery()") == "f"
    }
}

#[test]
fn patroni_is_promoted_once_by_whoever_lives() {
    let Some(_turn) = turn(Group::Patroni) else { return };
    let pair = Pair::start();
    for sql in [PROBE_TABLE_SQL, WATCH_ROLE_SQL, ACT_ROLE_SQL] {
        pair.e1.sql(sql);
    }
    let clusters = Clusters {
        east: [&pair.e1, &pair.e2].map(|member| FaultProxy::to(member.rest)),
        west: FaultProxy::to(pair.w1.rest),
        load: Load::start(&pair.e1, 20),
        pair: &pair,
    };
    let [e1, e2] = [&clusters.east[0], &clusters.east[1]].map(|relay| relay.port);
    let (w1, [east, west]) = (clusters.west.port, [pair.e1.postgres, pair.w1.postgres]);
    live(&Store {
        id: "cluster",
        system: format!(
            "kind = \"patroni\"\nslot = \"{SLOT}\"\n\
             a = {{ members = [\"127.0.0.1:{e1}\", \"127.0.0.1:{e2}\"], scope = \"east\", \
             serves_at = \"127.0.0.1:{east}\" }}\n\
             b = {{ members = [\"127.0.0.1:{w1}\"], scope = \"west\", \
             serves_at = \"127.0.0.1:{west}\" }}"
        ),
        more: format!(
            "[systems.rows]\nobjective = \"core\"\nkind = \"postgres\"\nevery = \"2s\"\n\
             timeout = \"2s\"\nread = \"read\"\nact = \"act\"\n\
             b = {{ host = \"127.0.0.1:{west}\", database = \"postgres\" }}\n"
        ),
        every_s: 3,
        actions: ["patroni.promote", "postgres.verify_write"],
        writes_to: "rows",
        starts: [Start::Typed("promote cluster-b"), Start::Window],
        order: "PATCH /config",
        held: Held::Request,
        found: Found::Unknown,
        is_lost: true,
        returned: Returned::TakesWrites("SPLIT BRAIN: cluster is PRIMARY in A and in B"),
        servers: &clusters,
    });
}
