//! What a site file says of an instance and its replica in the other region.

use std::time::Duration;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::aws::place;
use crate::systems::kit::endpoint;

/// The kind `rds`.
#[derive(Debug, Clone, Copy)]
pub struct Rds;

const INSTANCE: Setting<String> =
    Setting::new("instance", Kind::Word, "The DB instance's identifier in that region").required();

const BACKUP_AT_MOST: Setting<Duration> = Setting::new(
    "backup_at_most",
    Kind::Time(60_000, u64::MAX),
    "How old what its newest backup in this region can restore may be; an older one is a warning",
)
.example("\"1h\"");

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    INSTANCE.example_each("\"lms-{side}\"").spec,
    place::REGION.example_each("\"us-east-1\"").spec,
    place::ENDPOINT.spec,
    place::READ.example("\"database-read\"").spec,
    endpoint::ACT.example("\"database-act\"").spec,
    place::ROLE.spec,
    place::ACCOUNT.spec,
    place::INSTANCE_ROLE.spec,
    endpoint::CA.spec,
    BACKUP_AT_MOST.spec,
];

/// What the site says of a side.
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) instance: String,
    pub(super) backup_at_most: Option<Duration>,
}

impl Named {
    /// Reads it.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { instance: INSTANCE.get(fields)?, backup_at_most: BACKUP_AT_MOST.of(fields)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn refusals_say_what_to_do() {
        let check = |text: &str, want: &str| {
            let found = Written::<Rds>::both(&spec(text)).err().expect(text).message;
            assert!(found.contains(want), "{found}");
        };
        let a = "a = { instance = 'db', region = 'eu-west-1' }\n";
        check("a = { region = 'x' }", "needs `instance`");
        check("a = { instance = 'db' }", "needs `region`");
        check(&format!("{a}b = {{ instance = 'db', region = 'eu-west-1' }}"), "are one instance");
        check(&format!("backup_at_most = '1s'\n{a}"), "must be of at least 1m");
    }
}
