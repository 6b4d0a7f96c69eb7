//! The least rights that warroom's users need at RDS, as policies for an administrator.

/// What watching needs, one line a right; shown by `systems show rds`.
pub(super) const PERMISSIONS: &[&str] = &[
    "rds:DescribeDBInstances on all instances of the region: one question tells of all of them; \
     without it nothing is told",
    "cloudwatch:GetMetricData: the lag; without it the lag is UNKNOWN",
    "rds:DescribeDBInstanceAutomatedBackups, rds:DescribeDBSnapshots: backups in the region",
    "sts:AssumeRole of the `role`, where one is written",
];

/// The policy of the user that watches.
pub const WATCH_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["rds:DescribeDBInstances","rds:DescribeDBInstanceAutomatedBackups","#,
    r#""rds:DescribeDBSnapshots","cloudwatch:GetMetricData"],"Resource":"*"}]}"#,
);

/// The policy of the user that acts, beside that one.
pub const ACT_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["rds:DescribeDBInstances"],"Resource":"*"},{"Effect":"Allow","#,
    r#""Action":["rds:PromoteReadReplica","rds:ModifyDBInstance","#,
    r#""rds:CreateDBInstanceReadReplica"],"#,
    r#""Resource":["arn:aws:rds:*:*:db:INSTANCE","arn:aws:rds:*:*:og:*","#,
    r#""arn:aws:rds:*:*:pg:*","arn:aws:rds:*:*:subgrp:*"]}]}"#,
);
