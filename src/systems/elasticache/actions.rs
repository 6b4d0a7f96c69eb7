//! What can be done with a Global Datastore: fail over, take a group out of it.

use super::settings::{ElastiCache, Named};
use super::state::Told;
use crate::port::Action;
use crate::systems::kit::aws::arn::Arn;
use crate::systems::kit::aws::managed::Session;
use crate::systems::kit::aws::moves::{By, Way};
use crate::systems::kit::aws::trouble::of_sdk;
use crate::systems::kit::task::prelude::{ActionSpec, Change, Class, Fencing, Guard, Trouble};

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] = &[&By::<Failover>::NEW, &By::<Detach>::NEW];

/// `elasticache.failover`.
struct Failover;

impl Way for Failover {
    type Of = ElastiCache;
    const SPEC: ActionSpec = ActionSpec {
        name: "elasticache.failover",
        doc: "Makes this region's group the primary with FailoverGlobalReplicationGroup; the \
              datastore serves nobody until that is done, what was not copied is lost, and the old \
              primary follows",
        verb: "failover",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "None of what is lost; the way back is elasticache.failover to the other region",
        permissions: &[
            "elasticache:FailoverGlobalReplicationGroup of the datastore and both groups",
            "elasticache:DescribeReplicationGroups, elasticache:DescribeGlobalReplicationGroups",
        ],
        needs_target: true,
        settings: &[],
    };
    const CALL: &'static str = "FailoverGlobalReplicationGroup";
    const LOSES: &'static str = "what was not copied is LOST";
    const STAYS: bool = true;
    const NEEDS_BOTH: bool = false;

    async fn order(
        session: Session<ElastiCache>,
        named: Named,
        told: Told,
        asked: (String, String),
    ) -> Result<(), Trouble> {
        let region = Arn::of(&told.group.arn).map(|arn| arn.region).unwrap_or_default();
        let order = session.once().failover_global_replication_group();
        let order = order.global_replication_group_id(named.global).primary_region(region);
        let told = Box::pin(order.primary_replication_group_id(named.group).send()).await;
        told.map(|_| ()).map_err(|error| of_sdk(&error, &Self::asked(&asked)))
    }
}

/// `elasticache.detach`.
struct Detach;

impl Way for Detach {
    type Of = ElastiCache;
    const SPEC: ActionSpec = ActionSpec {
        name: "elasticache.detach",
        doc: "Takes this region's group out of the datastore with \
              DisassociateGlobalReplicationGroup: it stands alone and takes writes; for when \
              Amazon cannot fail over",
        verb: "detach",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "None: it can never be a secondary again with its data",
        permissions: &[
            "elasticache:DisassociateGlobalReplicationGroup of the datastore and the group",
            "elasticache:DescribeReplicationGroups, elasticache:DescribeGlobalReplicationGroups",
        ],
        needs_target: true,
        settings: &[],
    };
    const CALL: &'static str = "DisassociateGlobalReplicationGroup";
    const LOSES: &'static str = "what was not copied is LOST, and it can never come back";
    const STAYS: bool = false;
    const NEEDS_BOTH: bool = false;

    async fn order(
        session: Session<ElastiCache>,
        named: Named,
        told: Told,
        asked: (String, String),
    ) -> Result<(), Trouble> {
        let region = Arn::of(&told.group.arn).map(|arn| arn.region).unwrap_or_default();
        let order = session.once().disassociate_global_replication_group();
        let order =
            order.global_replication_group_id(named.global).replication_group_id(named.group);
        let told = Box::pin(order.replication_group_region(region).send()).await;
        told.map(|_| ()).map_err(|error| of_sdk(&error, &Self::asked(&asked)))
    }
}
