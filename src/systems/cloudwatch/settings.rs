//! What a site file says of alarms and of a job that is counted, and the rights that it takes.

use std::time::Duration;

use crate::domain::setting::{Kind, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::aws::metrics::Query;
use crate::systems::kit::aws::place;
use crate::systems::kit::endpoint;

/// The kind `cloudwatch`.
#[derive(Debug, Clone, Copy)]
pub struct CloudWatch;

/// The most alarms of a list: one question has a hundred.
const ALARMS_MAX: usize = 50;

const ALARMS: Setting<Vec<String>> = Setting::new(
    "alarms",
    Kind::Texts(ALARMS_MAX),
    "The names of alarms; a look is a failed one while one of them fires",
);

const WARNINGS: Setting<Vec<String>> = Setting::new(
    "warnings",
    Kind::Texts(ALARMS_MAX),
    "The names of alarms that are no more than a warning while they fire",
);

const JOB: Setting<String> = Setting::new(
    "job",
    Kind::Word,
    "A metric that counts a job's successes, as namespace and name: one that a metric filter makes \
     of a log, such as that of a backup",
);

const JOB_OF: Setting<Vec<String>> = Setting::new(
    "job_of",
    Kind::Texts(10),
    "The dimensions of that metric, each as `name=value`, where it has any",
);

const JOB_AT_MOST: Setting<Duration> = Setting::new(
    "job_at_most",
    Kind::Time(3_600_000, 14 * 86_400_000),
    "How long ago the job's last success may be; an older one is a warning",
)
.or("26h");

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    ALARMS.example_each("[\"lms-{side}-errors\"]").spec,
    WARNINGS.spec,
    JOB.example("\"Backups/Succeeded\"").spec,
    JOB_OF.spec,
    JOB_AT_MOST.spec,
    place::REGION.example_each("\"us-{side}-1\"").spec,
    place::ENDPOINT.spec,
    place::READ.example("\"alarms-read\"").spec,
    place::ROLE.spec,
    place::ACCOUNT.spec,
    place::INSTANCE_ROLE.spec,
    endpoint::CA.spec,
];

/// What the site says of a side.
#[derive(Debug, Clone)]
pub struct Named {
    pub(super) alarms: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) job: Option<Job>,
    /// All of it in words.
    pub(super) words: String,
}

/// A job that is counted.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) counted: Query,
    pub(super) at_most: Duration,
}

impl Named {
    /// Reads it.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let alarms = ALARMS.of(fields)?.unwrap_or_default();
        let warnings = WARNINGS.of(fields)?.unwrap_or_default();
        let job = Job::read(fields)?;
        if alarms.is_empty() && warnings.is_empty() && job.is_none() {
            return Err(fields.missing("alarms", "or `warnings`, or `job`: what is looked at"));
        }
        if let Some(twice) = warnings.iter().find(|name| alarms.contains(name)) {
            return Err(fields.refuse("warnings", &format!("has `{twice}`, as `alarms` has")));
        }
        let names = alarms.iter().chain(&warnings).map(String::as_str);
        let names = names.chain(job.iter().map(|job| job.name.as_str()));
        let words = names.collect::<Vec<_>>().join(", ");
        Ok(Self { alarms, warnings, job, words })
    }

    /// The names of all alarms.
    pub(super) fn all(&self) -> Vec<String> {
        self.alarms.iter().chain(&self.warnings).cloned().collect()
    }
}

impl Job {
    fn read(fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let of = JOB_OF.of(fields)?.unwrap_or_default();
        let at_most = JOB_AT_MOST.get(fields)?;
        let Some(name) = JOB.of(fields)? else {
            if of.is_empty() {
                return Ok(None);
            }
            return Err(fields.refuse("job_of", "needs `job`, the metric that it is of"));
        };
        // A namespace may have strokes in it: the last one parts it from the name.
        let Some((namespace, metric)) =
            name.rsplit_once('/').filter(|(a, b)| !a.is_empty() && !b.is_empty())
        else {
            return Err(
                fields.refuse("job", "must be `namespace/name`, such as `Backups/Succeeded`")
            );
        };
        let part = |text: &String| {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let of: Option<Vec<_>> = of.iter().map(part).collect();
        let of = of.ok_or_else(|| fields.refuse("job_of", "must be a list of `name=value`"))?;
        let counted = Query::counted(namespace, metric, of);
        Ok(Some(Self { name, counted, at_most }))
    }
}

/// What watching needs, one line a right; shown by `systems show cloudwatch`.
pub(super) const PERMISSIONS: &[&str] = &[
    "cloudwatch:DescribeAlarms, where alarms are named; without it nothing is told",
    "cloudwatch:GetMetricData, where a job is named; without it its last success is UNKNOWN",
    "sts:AssumeRole of the `role`, where one is written",
];

/// The policy of the user that watches.
pub const WATCH_POLICY: &str = concat!(
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","#,
    r#""Action":["cloudwatch:DescribeAlarms","cloudwatch:GetMetricData"],"Resource":"*"}]}"#,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn refusals_say_what_to_do() {
        let check = |text: &str, want: &str| {
            let spec = spec(&format!("{text}\na = {{ region = 'eu-west-1' }}"));
            let found = Written::<CloudWatch>::both(&spec).err().expect(text).message;
            assert!(found.contains(want), "{found}");
        };
        check("", "or `warnings`, or `job`");
        check("alarms = ['x']\nwarnings = ['x']", "has `x`, as `alarms` has");
        check("job = 'Succeeded'", "must be `namespace/name`");
        check("alarms = ['x']\njob_of = ['a=b']", "needs `job`");
        check("job = 'A/b'\njob_of = ['a']", "must be a list of `name=value`");
        check("job = 'A/b'\njob_at_most = '15m'", "must be from 1h to 14d");
    }
}
