//! What a site file says of a Global Datastore, and the rights that it takes.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::aws::place;
use crate::systems::kit::endpoint;

/// The kind `elasticache`.
#[derive(Debug, Clone, Copy)]
pub struct ElastiCache;

const GLOBAL: Setting<String> = Setting::new(
    "global_datastore",
    Kind::Word,
    "The Global Datastore's identifier, with the letters that Amazon put before it",
)
.required()
.example("\"ldgnf-lms\"")
.of_pair();

const GROUP: Setting<String> =
    Setting::new("group", Kind::Word, "The replication group's identifier in that region")
        .required();

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    GLOBAL.spec,
    GROUP.example_each("\"lms-{side}\"").spec,
    place::REGION.example_each("\"us-east-1\"").spec,
    place::ENDPOINT.spec,
    place::READ.example("\"cache-read\"").spec,
    endpoint::ACT.example("\"cache-act\"").spec,
    place::ROLE.spec,
    place::ACCOUNT.spec,
    place::INSTANCE_ROLE.spec,
    endpoint::CA.spec,
];

/// What watching needs, one line a right; shown by `systems show elasticache`.
pub(super) const PERMISSIONS: &[&str] = &[
    "elasticache:DescribeReplicationGroups, elasticache:DescribeGlobalReplicationGroups on all of \
     the region: one question tells of all of them; without them nothing is told",
    "cloudwatch:ListMetrics, cloudwatch:GetMetricData: the lag; without them it is UNKNOWN",
    "sts:AssumeRole of the `role`, where one is written",
];

/// The policy of the user that watches.
pub const WATCH_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["elasticache:DescribeReplicationGroups","#,
    r#""elasticache:DescribeGlobalReplicationGroups","cloudwatch:ListMetrics","#,
    r#""cloudwatch:GetMetricData"],"Resource":"*"}]}"#,
);

/// The policy of the user that acts.
pub const ACT_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["elasticache:DescribeReplicationGroups","#,
    r#""elasticache:DescribeGlobalReplicationGroups"],"Resource":"*"},"#,
    r#"{"Effect":"Allow","Action":["elasticache:FailoverGlobalReplicationGroup","#,
    r#""elasticache:DisassociateGlobalReplicationGroup"],"#,
    r#""Resource":["arn:aws:elasticache::*:globalreplicationgroup:GLOBAL","#,
    r#""arn:aws:elasticache:*:*:replicationgroup:GROUP"]}]}"#,
);

/// What the site says of a side.
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) global: String,
    pub(super) group: String,
    /// The metrics of its lag, once they were found: what Amazon measures them of is not the same
    /// for all.
    lags: Arc<Mutex<Vec<Query>>>,
}

impl Named {
    /// Reads it.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let (global, group) = (GLOBAL.get(fields)?, GROUP.get(fields)?);
        Ok(Self { global, group, lags: Arc::default() })
    }

    /// The metrics of its lag, as far as they were found.
    pub(super) fn lags(&self) -> Vec<Query> {
        self.lags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// They were found.
    pub(super) fn find(&self, lags: Vec<Query>) {
        *self.lags.lock().unwrap_or_else(PoisonError::into_inner) = lags;
    }
}
