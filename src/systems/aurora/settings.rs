//! What a site file says of a global database and its cluster in each region.

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::aws::place;
use crate::systems::kit::endpoint;

/// The kind `aurora`.
#[derive(Debug, Clone, Copy)]
pub struct Aurora;

const GLOBAL: Setting<String> =
    Setting::new("global_cluster", Kind::Word, "The global database's identifier")
        .required()
        .example("\"lms\"")
        .of_pair();

const CLUSTER: Setting<String> =
    Setting::new("cluster", Kind::Word, "The DB cluster's identifier in that region").required();

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    GLOBAL.spec,
    CLUSTER.example_each("\"lms-{side}\"").spec,
    place::REGION.example_each("\"us-east-1\"").spec,
    place::ENDPOINT.spec,
    place::READ.example("\"database-read\"").spec,
    endpoint::ACT.example("\"database-act\"").spec,
    place::ROLE.spec,
    place::ACCOUNT.spec,
    place::INSTANCE_ROLE.spec,
    endpoint::CA.spec,
];

/// What the site says of a side.
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) global: String,
    pub(super) cluster: String,
}

impl Named {
    /// Reads it.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { global: GLOBAL.get(fields)?, cluster: CLUSTER.get(fields)? })
    }
}
