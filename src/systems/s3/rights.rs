//! The least rights that warroom's users need at a bucket, as policies for an administrator.

/// What watching needs, one line a right; shown by `systems show s3`.
pub(super) const PERMISSIONS: &[&str] = &[
    "s3:ListBucket: canaries, backups and, each minute, a page of all keys of which those that are \
     older than the copy must be in both; without it nothing is told",
    "s3:GetReplicationConfiguration: which side copies to which; without it no role and no lag",
    "s3:GetObject of the canaries: what became of the newest one",
    "s3:ListAllMyBuckets: when the bucket was made, by which one made anew is noticed, and \
     what it lacks",
    "s3:GetBucketVersioning, s3:GetLifecycleConfiguration, s3:GetEncryptionConfiguration, \
     s3:GetBucketPublicAccessBlock: the facts of these names",
    "cloudwatch:GetMetricData, only with `metrics = true`",
    "sts:AssumeRole of the `role`, where one is written",
];

/// The policy of the user that watches, for one bucket in the place of `BUCKET`.
pub const WATCH_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["s3:ListBucket","s3:GetReplicationConfiguration","#,
    r#""s3:GetBucketVersioning","s3:GetLifecycleConfiguration","#,
    r#""s3:GetEncryptionConfiguration"],"Resource":"arn:aws:s3:::BUCKET"},"#,
    r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*"}]}"#,
);

/// What it needs beside that at Amazon; other stores do not know these rights.
pub const WATCH_POLICY_AWS: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":"s3:GetBucketPublicAccessBlock","Resource":"arn:aws:s3:::BUCKET"},"#,
    r#"{"Effect":"Allow","Action":["s3:ListAllMyBuckets","cloudwatch:GetMetricData"],"#,
    r#""Resource":"*"}]}"#,
);

/// The policy of the user that acts. At Amazon `iam:PassRole` of the role that copies, too.
pub const ACT_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["s3:ListBucket","s3:GetReplicationConfiguration","#,
    r#""s3:PutReplicationConfiguration"],"Resource":"arn:aws:s3:::BUCKET"},"#,
    r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"#,
    r#""Resource":"arn:aws:s3:::BUCKET/warroom-probe/*"}]}"#,
);

/// The policy of `warroom beat`: it writes canaries and reads nothing.
pub const BEAT_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject","#,
    r#""Resource":"arn:aws:s3:::BUCKET/dr-canary/*"}]}"#,
);
