//! What can be done with a global database: hand over, fail over, take a cluster out of it.

use super::settings::{Aurora, Named};
use super::state::Told;
use crate::port::Action;
use crate::systems::kit::aws::managed::Session;
use crate::systems::kit::aws::moves::{By, Way};
use crate::systems::kit::aws::trouble::of_sdk;
use crate::systems::kit::task::prelude::{ActionSpec, Change, Class, Fencing, Guard, Trouble};

/// Every action of this system.
pub(super) const ACTIONS: &[&dyn Action] =
    &[&By::<Switchover>::NEW, &By::<Failover>::NEW, &By::<Detach>::NEW];

/// `aurora.switchover`.
struct Switchover;

impl Way for Switchover {
    type Of = Aurora;
    const SPEC: ActionSpec = ActionSpec {
        name: "aurora.switchover",
        doc: "Hands the writer over with SwitchoverGlobalCluster; both clusters must serve, and \
              nothing is lost",
        verb: "switchover",
        class: Class::I,
        guard: Guard::TypedTarget,
        fencing: Fencing::FencedByTarget,
        change: Change::HandOver,
        reversal: "By aurora.switchover to the other region",
        permissions: &[
            "rds:SwitchoverGlobalCluster of the global database and both clusters",
            "rds:DescribeDBClusters, rds:DescribeGlobalClusters",
        ],
        needs_target: true,
        settings: &[],
    };
    const CALL: &'static str = "SwitchoverGlobalCluster";
    const LOSES: &'static str = "nothing is lost";
    const STAYS: bool = true;
    const NEEDS_BOTH: bool = true;

    async fn order(
        session: Session<Aurora>,
        named: Named,
        told: Told,
        asked: (String, String),
    ) -> Result<(), Trouble> {
        let order = session.once().switchover_global_cluster();
        let order = order.global_cluster_identifier(named.global);
        let order = order.target_db_cluster_identifier(told.cluster.arn);
        let told = Box::pin(order.send()).await;
        told.map(|_| ()).map_err(|error| of_sdk(&error, &Self::asked(&asked)))
    }
}

/// `aurora.failover`.
struct Failover;

impl Way for Failover {
    type Of = Aurora;
    const SPEC: ActionSpec = ActionSpec {
        name: "aurora.failover",
        doc: "Makes this region's cluster the writer with FailoverGlobalCluster, whatever the \
              other region does; what was not copied is lost, and the old cluster is made a copy \
              anew",
        verb: "failover",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "None of what is lost; the way back is aurora.switchover",
        permissions: &[
            "rds:FailoverGlobalCluster of the global database and both clusters",
            "rds:DescribeDBClusters, rds:DescribeGlobalClusters",
        ],
        needs_target: true,
        settings: &[],
    };
    const CALL: &'static str = "FailoverGlobalCluster with AllowDataLoss";
    const LOSES: &'static str = "what was not copied is LOST";
    const STAYS: bool = true;
    const NEEDS_BOTH: bool = false;

    async fn order(
        session: Session<Aurora>,
        named: Named,
        told: Told,
        asked: (String, String),
    ) -> Result<(), Trouble> {
        let order = session.once().failover_global_cluster().allow_data_loss(true);
        let order = order.global_cluster_identifier(named.global);
        let order = order.target_db_cluster_identifier(told.cluster.arn);
        let told = Box::pin(order.send()).await;
        told.map(|_| ()).map_err(|error| of_sdk(&error, &Self::asked(&asked)))
    }
}

/// `aurora.detach`.
struct Detach;

impl Way for Detach {
    type Of = Aurora;
    const SPEC: ActionSpec = ActionSpec {
        name: "aurora.detach",
        doc: "Takes this region's cluster out of the global database with RemoveFromGlobalCluster: \
              it stands alone and takes writes; for when Amazon cannot fail over",
        verb: "detach",
        class: Class::X,
        guard: Guard::TypedVerb,
        fencing: Fencing::FencedByTarget,
        change: Change::Promote,
        reversal: "None: a new secondary cluster is made from nothing",
        permissions: &[
            "rds:RemoveFromGlobalCluster of the global database and the cluster",
            "rds:DescribeDBClusters, rds:DescribeGlobalClusters",
        ],
        needs_target: true,
        settings: &[],
    };
    const CALL: &'static str = "RemoveFromGlobalCluster";
    const LOSES: &'static str = "what was not copied is LOST, and it can never come back";
    const STAYS: bool = false;
    const NEEDS_BOTH: bool = false;

    async fn order(
        session: Session<Aurora>,
        named: Named,
        told: Told,
        asked: (String, String),
    ) -> Result<(), Trouble> {
        let order = session.once().remove_from_global_cluster();
        let order = order.global_cluster_identifier(named.global);
        let told = Box::pin(order.db_cluster_identifier(told.cluster.arn).send()).await;
        told.map(|_| ()).map_err(|error| of_sdk(&error, &Self::asked(&asked)))
    }
}
