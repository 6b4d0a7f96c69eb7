//! What a site file says of a bucket and its copy in the other region.

use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::gap::Gap;
use super::metrics::Measured;
use super::sample::Page;
use crate::domain::ids::Side;
use crate::domain::setting::{Kind, Meant, Setting, SettingSpec};
use crate::domain::settings::{Fault, Fields};
use crate::systems::kit::aws::desk::Desks;
use crate::systems::kit::aws::place::{self, Place};
use crate::systems::kit::endpoint;

/// The kind `s3`.
#[derive(Debug, Clone, Copy)]
pub struct S3;

/// The port of Amazon's own endpoints.
pub(super) const PORT: Setting<u16> = endpoint::PORT.or("443");

/// The longest prefix of keys, in bytes.
const PREFIX_BYTES_MAX: usize = 512;

/// The most prefixes that must be copied.
const PREFIXES_MAX: usize = 64;

const BUCKET: Setting<String> =
    Setting::new("bucket", Kind::Word, "The bucket of that region").required();

const REGION: Setting<String> = place::REGION
    .doc(
        "Its region as the store calls it, such as `eu-central-1`; others than Amazon take \
         `us-east-1`",
    )
    .example("\"us-east-1\"");

const PATH_STYLE: Setting<bool> = Setting::new(
    "path_style",
    Kind::Boolean,
    "True where the bucket stands in the path and not in the host name; true with an `endpoint` if \
     absent",
);

const CANARY: Setting<String> = Setting::new(
    "canary",
    Kind::Word,
    "What the keys of canaries begin with; `a/` or `b/` and 13 digits, milliseconds since 1970, \
     follow. `warroom beat` writes them in the region's own bucket, the rule must copy them, and a \
     lifecycle may delete those of yesterday. The lag in seconds comes from them",
)
.or("dr-canary/")
.of_pair();

const CANARY_EVERY: Setting<Duration> = Setting::new(
    "canary_every",
    Kind::Time(1000, 86_400_000),
    "How often one is written; `warroom beat` writes one every 10 s if absent. A newest one that \
     is older than three times this measures nothing: the lag is UNKNOWN",
)
.of_pair();

const PREFIXES: Setting<Vec<String>> = Setting::new(
    "prefixes",
    Kind::Texts(PREFIXES_MAX),
    "What the keys begin with that must be copied, such as `data/`; the whole bucket if absent. \
     Where the rules that are on leave some of it out, that is said and the lag is UNKNOWN",
)
.of_pair()
.example("[\"data/\"]");

const METRICS: Setting<bool> = Setting::new(
    "metrics",
    Kind::Boolean,
    "True where the rules' replication metrics are on and CloudWatch may be asked for them",
)
.or("false")
.of_pair();

const BACKUPS: Setting<Backups> = Setting::new(
    "backups",
    Kind::Table(&[PREFIX.spec, NEWEST_AT_MOST.spec, COMPLETE.spec, SIZE_LEAST.spec, TENANTS.spec]),
    "Sets of backup files below date-named prefixes, such as `backups/2026-11-22T06-00Z/`",
)
.of_pair()
.example("{ prefix = \"backups/\" }");

const PREFIX: Setting<String> =
    Setting::new("prefix", Kind::Word, "What comes before the dates, ending in `/`").required();

const NEWEST_AT_MOST: Setting<Duration> = Setting::new(
    "newest_at_most",
    Kind::Time(60_000, u64::MAX),
    "How old the newest complete set may be; an older one is a warning",
)
.or("26h");

const COMPLETE: Setting<String> = Setting::new(
    "complete",
    Kind::Word,
    "The file that is written last into a set: one without it is not complete",
);

const SIZE_LEAST: Setting<u64> =
    Setting::new("size_least", Kind::Size(0, u64::MAX), "The size below which a set is no backup");

const TENANTS: Setting<bool> = Setting::new(
    "tenants",
    Kind::Boolean,
    "True where each tenant has sets of its own: `backups/TENANT/DATE/`; the worst one is told",
)
.or("false");

/// What may be written at the system or in `a` and `b`.
pub(super) const SETTINGS: &[SettingSpec] = &[
    BUCKET.example_each("\"assets-{side}\"").spec,
    REGION.spec,
    place::ENDPOINT.spec,
    PATH_STYLE.spec,
    place::READ.example("\"objects-read\"").spec,
    endpoint::ACT.example("\"objects-act\"").spec,
    endpoint::BEAT.spec,
    place::ROLE.spec,
    place::ACCOUNT.spec,
    place::INSTANCE_ROLE.spec,
    endpoint::CA.spec,
    CANARY.spec,
    CANARY_EVERY.spec,
    PREFIXES.spec,
    METRICS.spec,
    BACKUPS.spec,
];

/// Which sets of backup files there are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backups {
    pub(super) prefix: String,
    pub(super) newest_at_most: Duration,
    pub(super) complete: Option<String>,
    pub(super) size_least: u64,
    pub(super) tenants: bool,
}

impl Meant for Backups {
    fn read(spec: &SettingSpec, fields: &Fields<'_>) -> Result<Option<Self>, Fault> {
        let Some(table) = fields.table(spec.name)? else { return Ok(None) };
        let fields = Fields::new(table, format!("`{}` in {}", spec.name, fields.what()));
        let prefix = PREFIX.get(&fields)?;
        if !prefix.ends_with('/') || prefix.len() > PREFIX_BYTES_MAX {
            return Err(fields.refuse("prefix", "must end in `/` and have at most 512 bytes"));
        }
        let read = Self {
            prefix,
            newest_at_most: NEWEST_AT_MOST.get(&fields)?,
            complete: COMPLETE.of(&fields)?,
            size_least: SIZE_LEAST.of(&fields)?.unwrap_or(0),
            tenants: TENANTS.get(&fields)?,
        };
        fields.finish()?;
        Ok(Some(read))
    }
}

/// How often a canary is written where the site does not say: each one costs a little.
pub(super) const BEAT_EVERY: Duration = Duration::from_secs(10);

/// How many periods back canaries are read at first, at most and at least.
const WINDOW_PERIODS: u32 = 360;
const WINDOW_PERIODS_LEAST: u32 = 3;

/// How far back that is at most, where a period is not longer.
const WINDOW_MOST: Duration = Duration::from_secs(3600);

/// What looks at both sides and what they taught share: found in one look, needed in the next.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The time from which on the canaries of each region are listed; 0 before the first look.
    pub(super) from_ms: [AtomicI64; 2],
    /// Where no rule copies a side to the other one: its canaries measure nothing then.
    pub(super) uncopied: [AtomicBool; 2],
    /// The outage of each side's copying that is not known to be made up for.
    pub(super) gaps: [Mutex<Option<Gap>>; 2],
    /// What was measured of each side's rules, once something was.
    pub(super) measured: [Mutex<Option<Measured>>; 2],
    /// The key after which both sides are compared next.
    pub(super) after: Mutex<Option<String>>,
    /// The keys of each side that are to be compared.
    pub(super) pages: [Mutex<Option<Page>>; 2],
}

/// One side's settings beside its address and secrets.
#[derive(Debug, Clone)]
pub struct Own {
    pub(super) bucket: String,
    pub(super) at: Place,
    pub(super) path_style: bool,
    pub(super) canary: String,
    pub(super) canary_every: Option<Duration>,
    /// What must be copied; the whole bucket where the site does not say.
    pub(super) prefixes: Option<Vec<String>>,
    pub(super) metrics: bool,
    pub(super) backups: Option<Backups>,
    /// Which side it is.
    pub(super) side: Side,
    /// The buckets of both sides.
    pub(super) buckets: [Option<String>; 2],
    pub(super) shared: Arc<Shared>,
    /// Where metrics are asked for, together with the other systems of the console.
    pub(super) desks: Arc<Desks>,
}

impl Own {
    /// How far back canaries are read at first, in milliseconds: an hour where that is one page of
    /// a list, and some periods at least.
    pub(super) fn window_ms(&self) -> i64 {
        let every = self.canary_every.unwrap_or(BEAT_EVERY);
        let window = (every * WINDOW_PERIODS).min(WINDOW_MOST).max(every * WINDOW_PERIODS_LEAST);
        i64::try_from(window.as_millis()).unwrap_or(i64::MAX)
    }

    /// Reads them.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, Fault> {
        let at = Place::read(fields)?;
        let canary = CANARY.get(fields)?;
        if !canary.ends_with('/') || canary.len() > PREFIX_BYTES_MAX {
            return Err(fields.refuse("canary", "must end in `/` and have at most 512 bytes"));
        }
        let prefixes = PREFIXES.of(fields)?;
        let is_none =
            |prefixes: &Vec<String>| prefixes.is_empty() || prefixes.iter().any(String::is_empty);
        if prefixes.as_ref().is_some_and(is_none) {
            return Err(
                fields.refuse("prefixes", "must name some, none empty; leave it out for all")
            );
        }
        Ok(Self {
            bucket: BUCKET.get(fields)?,
            path_style: PATH_STYLE.of(fields)?.unwrap_or(at.endpoint.is_some()),
            at,
            canary,
            canary_every: CANARY_EVERY.of(fields)?,
            prefixes,
            metrics: METRICS.get(fields)?,
            backups: BACKUPS.of(fields)?,
            side: Side::A,
            buckets: [None, None],
            shared: Arc::default(),
            desks: Arc::default(),
        })
    }

    /// The bucket of the other side.
    pub(super) fn other_bucket(&self) -> Option<&str> {
        self.buckets[self.side.other().index()].as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::kit::server::Written;
    use crate::systems::kit::testing::spec;

    #[test]
    fn places_are_read() {
        let check = |text: &str, place: &str, path_style: bool| {
            let spec = spec(&format!("a = {{ bucket = 'src', {text} }}"));
            let side = Written::<S3>::one(&spec, Side::A).unwrap();
            let found = (side.endpoint.place(), side.own.path_style);
            assert_eq!((found.0.as_str(), found.1), (place, path_style), "{text}");
        };
        check("region = 'eu-west-1'", "s3.eu-west-1.amazonaws.com:443", false);
        check("region = 'x', endpoint = 'http://127.0.0.1:9000'", "127.0.0.1:9000", true);
        check("region = 'x', endpoint = 'https://minio.b'", "minio.b:443", true);
        check("region = 'x', endpoint = 'https://[::1]:7', path_style = false", "[::1]:7", false);
    }

    #[test]
    fn canaries_are_read_back_as_far_as_a_page_reaches() {
        let check = |every: &str, want_s: i64| {
            let spec = spec(&format!("{every}\na = {{ bucket = 's', region = 'x' }}"));
            let side = Written::<S3>::one(&spec, Side::A).unwrap();
            assert_eq!(side.own.window_ms(), want_s * 1000, "{every}");
        };
        check("", 3600);
        check("canary_every = '1s'", 360);
        check("canary_every = '30s'", 3600);
        check("canary_every = '1h'", 3 * 3600);
    }

    #[test]
    fn refusals_say_what_to_do() {
        let check = |text: &str, want: &str| {
            let found = Written::<S3>::both(&spec(text)).err().expect(text).message;
            assert!(found.contains(want), "{found}");
        };
        let a = "region = 'x'\na = { bucket = 'src' }\n";
        check("a = { region = 'x' }", "needs `bucket`");
        check("a = { bucket = 'src' }", "needs `region`");
        check("region = 'x'\na = { bucket = 's', endpoint = 'minio:9000' }", "must be `http://`");
        check("region = 'x'\na = { bucket = 's', endpoint = 'http://u@h/' }", "nothing more");
        check(&format!("canary = 'dr'\n{a}"), "must end in `/`");
        check(&format!("canary_every = '10ms'\n{a}"), "must be from 1s to 1d");
        check(&format!("prefixes = []\n{a}"), "must name some");
        check(&format!("prefixes = ['data/', '']\n{a}"), "leave it out for all");
        check(&format!("backups = {{ prefix = 'backups' }}\n{a}"), "must end in `/`");
        check(&format!("backups = {{ prefix = 'b/', tenant = true }}\n{a}"), "mean `tenants`?");
        check(&format!("{a}b = {{ bucket = 'src' }}"), "have the same bucket");
        check("region = 'x'\na = { bucket = 's', canary = 'x/' }", "is for both sides");
    }
}
