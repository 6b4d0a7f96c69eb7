//! A bucket as one user sees it: each question that is asked of it, and what its answers mean.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ReplicationConfiguration, ReplicationRule, ReplicationRuleStatus};

use super::canary::Canaries;
use crate::domain::text::Clean;
use crate::systems::kit::aws::PeerClock;
use crate::systems::kit::aws::desk::Desk;
use crate::systems::kit::aws::trouble::{Asked, code_of, of_sdk};
use crate::systems::kit::lately::Lately;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Keys of one page of a list.
const PAGE: i32 = 1000;

/// A bucket that can be asked. Clients keep their connections for a while.
#[derive(Clone)]
pub struct Session {
    /// Its client.
    pub(super) client: Client,
    /// Metrics of its region, where the site wants them.
    pub(super) metrics: Option<Arc<Desk>>,
    /// The store's clock.
    pub(super) clock: PeerClock,
    pub(super) place: String,
    pub(super) user: String,
    pub(super) bucket: String,
    pub(super) region: String,
    pub(super) account: Option<String>,
    pub(super) lately: Had,
}

/// What was told lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Had {
    pub(super) made_ms: Lately<Option<i64>>,
    pub(super) rules: Lately<Result<Vec<Rule>, Clean>>,
    pub(super) canaries: [Lately<Canaries>; 2],
    /// What became of the newest canary of each region.
    pub(super) fates: [Lately<Option<Fate>>; 2],
}

/// The word on the copying of a canary, or why there is none.
pub(super) type Fate = Result<Option<String>, Clean>;

/// A rule by which a bucket is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) is_enabled: bool,
    /// The bucket that it copies to.
    pub(super) to: String,
    /// Which keys it copies.
    pub(super) scope: Scope,
}

/// Which keys a rule copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of them.
    Everything,
    /// Those that begin so.
    Below(String),
    /// Of those that begin so the ones with certain tags: of no key alone it is known.
    Tagged(String),
}

impl Scope {
    /// True where it copies all that begins so.
    pub(super) fn covers(&self, start: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Below(prefix) => start.starts_with(prefix.as_str()),
            Self::Tagged(_) => false,
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Below(prefix) => write!(f, "keys below `{prefix}`"),
            Self::Tagged(prefix) if prefix.is_empty() => f.write_str("objects with certain tags"),
            Self::Tagged(prefix) => write!(f, "objects with certain tags below `{prefix}`"),
        }
    }
}

impl Rule {
    fn of(rule: &ReplicationRule) -> Self {
        let filter = rule.filter();
        let and = filter.and_then(|filter| filter.and());
        let tagged = filter
            .is_some_and(|filter| filter.tag().is_some_and(|tag| !tag.key().is_empty()))
            || and.is_some_and(|and| !and.tags().is_empty());
        #[expect(deprecated, reason = "rules of the first version say it there")]
        let written = rule.prefix();
        let of_and = and.and_then(|and| and.prefix());
        // Some stores write an empty one beside the one that counts.
        let told = [filter.and_then(|filter| filter.prefix()), of_and, written];
        let prefix = told.into_iter().flatten().find(|prefix| !prefix.is_empty());
        let prefix = prefix.unwrap_or_default().to_owned();
        Self {
            id: rule.id().unwrap_or_default().to_owned(),
            is_enabled: *rule.status() == ReplicationRuleStatus::Enabled,
            to: bucket_of(rule.destination().map_or("", |to| to.bucket())).to_owned(),
            scope: match (tagged, prefix.is_empty()) {
                (true, _) => Scope::Tagged(prefix),
                (false, true) => Scope::Everything,
                (false, false) => Scope::Below(prefix),
            },
        }
    }
}

/// The bucket of an ARN: `arn:aws:s3:::name`, `arn:minio:replication::id:name`.
pub(super) fn bucket_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) at_ms: i64,
    pub(super) size: u64,
}

/// What a list told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) objects: Vec<Object>,
    /// What stands between the prefix and the next `/`, where that was asked for.
    pub(super) folders: Vec<String>,
    /// False where there is more.
    pub(super) whole: bool,
}

/// What is to be listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) prefix: &'a str,
    /// The key after which it begins.
    pub(super) after: Option<&'a str>,
    /// True for the folders below the prefix, and no objects below these.
    pub(super) folders: bool,
    /// The most pages that are read.
    pub(super) pages: usize,
}

impl Session {
    /// What a question is about, for sentences.
    pub(super) fn asked<'a>(&'a self, right: &'a str) -> Asked<'a> {
        Asked { place: &self.place, user: &self.user, right }
    }

    /// Only this account may own the bucket, where the site names one.
    pub(super) fn owner(&self) -> Option<String> {
        self.account.clone()
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    /// When it was made, in milliseconds since 1970, where the store tells that.
    pub(super) async fn made_ms(&self) -> Result<Option<i64>, Trouble> {
        let asked = self.asked("s3:ListAllMyBuckets");
        // The client's futures are big, and every operator would carry them.
        let told = Box::pin(self.client.list_buckets().prefix(&self.bucket).send()).await;
        match told.map_err(|error| of_sdk(&error, &asked)) {
            Ok(told) => {
                let named = |one: &&aws_sdk_s3::types::Bucket| one.name() == Some(&self.bucket);
                let found = told.buckets().iter().find(named).and_then(|one| one.creation_date());
                Ok(found.and_then(|made| made.to_millis().ok()))
            }
            Err(trouble) if is_untold(&trouble) && !is_stranger(&trouble) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What no other bucket shares: its name, where that leads, and when it was made.
    pub(super) fn server(&self, made: Option<i64>) -> Clean {
        let account = self.account.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
        let made = made.map(|ms| format!(" made {ms}")).unwrap_or_default();
        format!("{} in {}{account}{made}", self.bucket, self.region).into()
    }

    /// The rules by which it is copied.
    pub(super) async fn rules(&self) -> Result<Vec<Rule>, Trouble> {
        let asked = self.asked("s3:GetReplicationConfiguration");
        let ask = self.client.get_bucket_replication().bucket(&self.bucket);
        match Box::pin(ask.set_expected_bucket_owner(self.owner()).send()).await {
            Ok(told) => {
                let rules = told.replication_configuration().map(ReplicationConfiguration::rules);
                Ok(rules.unwrap_or_default().iter().map(Rule::of).collect())
            }
            Err(error) if code_of(&error) == Some("ReplicationConfigurationNotFoundError") => {
                Ok(Vec::new())
            }
            Err(error) => Err(of_sdk(&error, &asked)),
        }
    }

    /// Keys in their order.
    pub(super) async fn list(&self, wanted: Wanted<'_>) -> Result<Listed, Trouble> {
        let asked = self.asked("s3:ListBucket");
        let (mut found, mut token) = (Listed { whole: true, ..Listed::default() }, None);
        for _ in 0..wanted.pages {
            let ask = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(wanted.prefix)
                .set_start_after(wanted.after.map(str::to_owned))
                .set_delimiter(wanted.folders.then(|| "/".to_owned()))
                .set_expected_bucket_owner(self.owner())
                .max_keys(PAGE)
                .set_continuation_token(token);
            let told = Box::pin(ask.send()).await.map_err(|error| of_sdk(&error, &asked))?;
            found.objects.extend(told.contents().iter().filter_map(object));
            let folders = told.common_prefixes().iter().filter_map(|one| one.prefix());
            found.folders.extend(folders.map(str::to_owned));
            token = told.next_continuation_token().map(str::to_owned);
            found.whole = token.is_none() && told.is_truncated() != Some(true);
            if found.whole {
                break;
            }
        }
        Ok(found)
    }

    /// What HEAD says of the copying of an object: nothing where no rule covers it.
    pub(super) async fn status(&self, key: &str) -> Result<Option<String>, Trouble> {
        let asked = self.asked("s3:GetObject");
        let ask = self.client.head_object().bucket(&self.bucket).key(key);
        let told = Box::pin(ask.set_expected_bucket_owner(self.owner()).send()).await;
        let told = told.map_err(|error| of_sdk(&error, &asked))?;
        Ok(told.replication_status().map(|status| status.as_str().to_owned()))
    }
}

fn object(told: &aws_sdk_s3::types::Object) -> Option<Object> {
    Some(Object {
        key: told.key()?.to_owned(),
        at_ms: told.last_modified()?.to_millis().ok()?,
        size: u64::try_from(told.size().unwrap_or(0)).unwrap_or(0),
    })
}

/// True where a store told why it does not tell: a right is missing, or it does not know that.
pub(super) fn is_untold(trouble: &Trouble) -> bool {
    matches!(trouble.kind, TroubleKind::Permission | TroubleKind::Missing)
}

/// True where whoever asks is not let in at all.
pub(super) fn is_stranger(trouble: &Trouble) -> bool {
    trouble.message.as_str().contains(" refused user ")
}
