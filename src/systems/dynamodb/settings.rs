//! What a site file says of a table and its replica in the other region, and the rights it takes.

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::aws::place;
use crate::systems::kit::endpoint;

/// The kind `dynamodb`.
#[derive(Debug, Clone, Copy)]
pub struct DynamoDb;

const TABLE: Setting<String> =
    Setting::new("table", Kind::Word, "The global table's name, the same in both regions")
        .required()
        .example("\"sessions\"");

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    TABLE.spec,
    place::REGION.example_each("\"us-{side}-1\"").spec,
    place::ENDPOINT.spec,
    place::READ.example("\"table-read\"").spec,
    endpoint::ACT.example("\"table-act\"").spec,
    place::ROLE.spec,
    place::ACCOUNT.spec,
    place::INSTANCE_ROLE.spec,
    endpoint::CA.spec,
];

/// What the site says of a side.
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) table: String,
}

impl Named {
    /// Reads it.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { table: TABLE.get(fields)? })
    }
}

/// What watching needs, one line a right; shown by `systems show dynamodb`.
pub(super) const PERMISSIONS: &[&str] = &[
    "dynamodb:ListTables on all of the region, dynamodb:DescribeTable of the table; without them \
     nothing is told",
    "cloudwatch:GetMetricData in both regions: a lag is measured where the items come from; \
     without it it is UNKNOWN",
    "sts:AssumeRole of the `role`, where one is written",
];

/// The policy of the user that watches.
pub const WATCH_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["dynamodb:ListTables","cloudwatch:GetMetricData"],"Resource":"*"},"#,
    r#"{"Effect":"Allow","Action":["dynamodb:DescribeTable"],"#,
    r#""Resource":["arn:aws:dynamodb:*:*:table/TABLE"]}]}"#,
);

/// The policy of the user that acts.
pub const ACT_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["dynamodb:ListTables"],"Resource":"*"},{"Effect":"Allow","#,
    r#""Action":["dynamodb:DescribeTable","dynamodb:GetItem","dynamodb:PutItem"],"#,
    r#""Resource":["arn:aws:dynamodb:*:*:table/TABLE"]}]}"#,
);
