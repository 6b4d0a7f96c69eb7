//! The least rights that warroom's users need at Aurora, as policies for an administrator.

/// What watching needs, one line a right; shown by `systems show aurora`.
pub(super) const PERMISSIONS: &[&str] = &[
    "rds:DescribeDBClusters, rds:DescribeGlobalClusters on all of the region: one question tells \
     of all of them; without them nothing is told",
    "cloudwatch:GetMetricData: the lag; without it the lag is UNKNOWN",
    "sts:AssumeRole of the `role`, where one is written",
];

/// The policy of the user that watches.
pub const WATCH_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["rds:DescribeDBClusters","rds:DescribeGlobalClusters","#,
    r#""cloudwatch:GetMetricData"],"Resource":"*"}]}"#,
);

/// The policy of the user that acts.
pub const ACT_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["rds:DescribeDBClusters","rds:DescribeGlobalClusters"],"Resource":"*"},"#,
    r#"{"Effect":"Allow","Action":["rds:SwitchoverGlobalCluster","rds:FailoverGlobalCluster","#,
    r#""rds:RemoveFromGlobalCluster"],"Resource":["arn:aws:rds::*:global-cluster:GLOBAL","#,
    r#""arn:aws:rds:*:*:cluster:CLUSTER"]}]}"#,
);
