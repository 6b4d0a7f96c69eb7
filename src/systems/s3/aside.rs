//! What rarely changes, asked once a minute: how the bucket is set up, its backups, its metrics.

use std::time::Duration;

use aws_sdk_s3::types::{BucketVersioningStatus, ExpirationStatus, LifecycleRule};

use super::backups::{Newest, newest, tenants};
use super::gap::Gap;
use super::metrics::Measured;
use super::sample::{is_due, read};
use super::settings::S3;
use super::store::Session;
use crate::domain::reading::FactValue;
use crate::domain::text::{Clean, several};
use crate::domain::time::Stamp;
use crate::systems::kit::aws::trouble::{code_of, of_sdk};
use crate::systems::kit::paced;
use crate::systems::kit::server::Target;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(60);

/// What is known of a side beside its looks.
#[derive(Debug, Default)]
pub struct Aside {
    setup: Option<(Stamp, Setup)>,
    backups: Option<(Stamp, Result<Newest, Clean>)>,
    /// Tenants whose sets are still to be found, and those that were.
    sweep: Option<(Vec<String>, Newest)>,
    /// When keys were listed last to be compared.
    sampled: Option<Stamp>,
}

/// How a bucket is set up, each as a fact.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    /// `enabled`, `suspended` or `off`.
    pub(super) versioning: FactValue,
    pub(super) lifecycle: FactValue,
    pub(super) encryption: FactValue,
    pub(super) public_blocked: FactValue,
}

impl Aside {
    /// How the bucket is set up, once it was asked.
    pub(super) fn setup(&self) -> Option<&Setup> {
        self.setup.as_ref().map(|(_, setup)| setup)
    }

    /// Its newest backups, once they were found, or why they were not.
    pub(super) fn backups(&self) -> Option<&Result<Newest, Clean>> {
        self.backups.as_ref().map(|(_, found)| found)
    }

    /// Asks what is due, as far as the time goes; false where the session hangs.
    pub(super) async fn look(
        &mut self,
        session: &Session,
        target: &Target<S3>,
        at: Stamp,
        left: Duration,
    ) -> bool {
        let work = async {
            if at.is_due(self.setup.as_ref().map(|(asked, _)| *asked), EVERY) {
                let asks = async { tokio::join!(setup(session), measure(session, target, at)) };
                let (setup, ()) = paced::each(EVERY, asks).await;
                self.setup = Some((at, setup));
            }
            if is_due(self.sampled, at) {
                self.sampled = Some(at);
                paced::each(EVERY, sample(session, target, at)).await;
            }
            make_up(session, target, at).await;
            paced::each(EVERY, self.sweep(session, target, at)).await;
        };
        tokio::time::timeout(left, Box::pin(work)).await.is_ok()
    }

    /// Goes on with the backups: tenant by tenant, over as many looks as it takes.
    async fn sweep(&mut self, session: &Session, target: &Target<S3>, at: Stamp) {
        let Some(wanted) = &target.own.backups else { return };
        if self.sweep.is_none() && !at.is_due(self.backups.as_ref().map(|(asked, _)| *asked), EVERY)
        {
            return;
        }
        if self.sweep.is_none() {
            match tenants(session, wanted).await {
                Ok(of) => self.sweep = Some((of, Newest::default())),
                Err(trouble) => self.backups = Some((at, Err(trouble.message))),
            }
        }
        while let Some((left, found)) = &mut self.sweep {
            let Some(tenant) = left.last() else {
                self.backups = self.sweep.take().map(|(_, found)| (at, Ok(found)));
                return;
            };
            match newest(session, wanted, tenant, at.wall_ms).await {
                Ok(set) => {
                    let set = (tenant.clone(), set);
                    found.of.push(set);
                    left.pop();
                }
                Err(trouble) => {
                    (self.sweep, self.backups) = (None, Some((at, Err(trouble.message))));
                }
            }
        }
    }
}

/// Goes on with the proof that what was written during an outage has arrived. Cut off in the
/// middle of a page, it reads that page again.
async fn make_up(session: &Session, target: &Target<S3>, at: Stamp) {
    let own = &target.own;
    let last = || Some(own.shared.gaps[own.side.index()].lock().ok()?.clone()).flatten();
    let measured = || Some(own.shared.measured[own.side.index()].lock().ok()?.clone()).flatten();
    while let Some(gap) = last().filter(Gap::is_over) {
        let is_drained = measured().is_some_and(|it| it.is_drained_since(gap.to_ms(), at.wall_ms));
        let proof = if is_drained { Ok(None) } else { gap.prove(session).await };
        let left = match proof {
            Ok(left) => left,
            Err(trouble) => return tracing::info!(%trouble, "an outage is not proven made up for"),
        };
        let goes_on = left.as_ref().is_some_and(Gap::goes_on);
        if let Ok(mut gap) = own.shared.gaps[own.side.index()].lock() {
            *gap = left;
        }
        if !goes_on {
            return;
        }
    }
}

/// Lists the keys that are to be compared next. Without them nothing is said of them.
async fn sample(session: &Session, target: &Target<S3>, at: Stamp) {
    let own = &target.own;
    let page = match read(session, own, at).await {
        Ok(page) => page,
        Err(trouble) => return tracing::info!(%trouble, "no keys to compare"),
    };
    if let Ok(mut last) = own.shared.pages[own.side.index()].lock() {
        *last = Some(page);
    }
}

/// Asks `CloudWatch` for the rules that copy to the other side.
async fn measure(session: &Session, target: &Target<S3>, at: Stamp) {
    let own = &target.own;
    if session.metrics.is_none() {
        return;
    }
    let measured = match session.rules().await {
        Ok(mut rules) => {
            rules.retain(|rule| Some(rule.to.as_str()) == own.other_bucket());
            Measured::ask(session, &rules, at).await
        }
        Err(_) => None,
    };
    if let (Some(measured), Ok(mut last)) = (measured, own.shared.measured[own.side.index()].lock())
    {
        *last = Some(measured);
    }
}

/// How the bucket is set up; what is not set up is told apart from what may not be read.
async fn setup(session: &Session) -> Setup {
    let (versioning, lifecycle, encryption, public_blocked) = tokio::join!(
        versioning(session),
        lifecycle(session),
        encryption(session),
        public_blocked(session)
    );
    Setup { versioning, lifecycle, encryption, public_blocked }
}

async fn versioning(session: &Session) -> FactValue {
    let asked = session.asked("s3:GetBucketVersioning");
    let ask = session.client.get_bucket_versioning().bucket(session.bucket());
    match Box::pin(ask.set_expected_bucket_owner(session.owner()).send()).await {
        Ok(told) => FactValue::text(match told.status() {
            Some(BucketVersioningStatus::Enabled) => "enabled",
            Some(_) => "suspended",
            None => "off",
        }),
        Err(error) => FactValue::unknown(of_sdk(&error, &asked).message),
    }
}

async fn lifecycle(session: &Session) -> FactValue {
    let asked = session.asked("s3:GetLifecycleConfiguration");
    let ask = session.client.get_bucket_lifecycle_configuration().bucket(session.bucket());
    match Box::pin(ask.set_expected_bucket_owner(session.owner()).send()).await {
        Ok(told) => {
            let on = |rule: &&LifecycleRule| *rule.status() == ExpirationStatus::Enabled;
            FactValue::text(several(told.rules().iter().filter(on).count() as u64, "rule"))
        }
        Err(error) if code_of(&error) == Some("NoSuchLifecycleConfiguration") => {
            FactValue::text("none")
        }
        Err(error) => FactValue::unknown(of_sdk(&error, &asked).message),
    }
}

async fn encryption(session: &Session) -> FactValue {
    const NONE: &str = "ServerSideEncryptionConfigurationNotFoundError";
    let asked = session.asked("s3:GetEncryptionConfiguration");
    let ask = session.client.get_bucket_encryption().bucket(session.bucket());
    match Box::pin(ask.set_expected_bucket_owner(session.owner()).send()).await {
        Ok(told) => {
            let all = told.server_side_encryption_configuration();
            let first = all.and_then(|all| all.rules().first());
            let by = first.and_then(|rule| rule.apply_server_side_encryption_by_default());
            FactValue::text(by.map_or("none", |by| by.sse_algorithm().as_str()))
        }
        Err(error) if code_of(&error) == Some(NONE) => FactValue::text("none"),
        Err(error) => FactValue::unknown(of_sdk(&error, &asked).message),
    }
}

async fn public_blocked(session: &Session) -> FactValue {
    let asked = session.asked("s3:GetBucketPublicAccessBlock");
    let ask = session.client.get_public_access_block().bucket(session.bucket());
    match Box::pin(ask.set_expected_bucket_owner(session.owner()).send()).await {
        Ok(told) => {
            let all = told.public_access_block_configuration();
            FactValue::Boolean(all.is_some_and(|all| {
                let blocks = [
                    all.block_public_acls(),
                    all.ignore_public_acls(),
                    all.block_public_policy(),
                    all.restrict_public_buckets(),
                ];
                blocks.iter().all(|one| *one == Some(true))
            }))
        }
        Err(error) if code_of(&error) == Some("NoSuchPublicAccessBlockConfiguration") => {
            FactValue::Boolean(false)
        }
        Err(error) => FactValue::unknown(of_sdk(&error, &asked).message),
    }
}
