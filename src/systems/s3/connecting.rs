//! How a bucket is reached: as whom, with what bounds, and whether that is who the site means.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

use super::settings::S3;
use super::store::{Had, Session};
use crate::systems::kit::aws::{Access, account, configure};
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::{Trouble, TroubleKind};

/// Opens a session. Nothing is asked but the account, where the site names one.
pub(super) async fn connect(target: &Target<S3>) -> Result<Session, Trouble> {
    let (own, place, user) = (&target.own, &target.place, &target.user);
    if target.secret.is_some() && !target.user_is_named {
        let words =
            format!("the secret for {place} names no user: write the access key's id there");
        return Err(Trouble::unsent(TroubleKind::Ours, words));
    }
    let access = Access {
        place,
        region: &own.region,
        endpoint: own.endpoint.as_deref(),
        key: target.secret.as_ref().map(|secret| (user.as_str(), secret)),
        role: own.role.as_deref(),
        instance_role: own.instance_role,
        ca: own.ca.as_deref(),
    };
    let (config, clock) = Box::pin(configure(&access)).await?;
    if let Some(expected) = &own.account {
        let met = Box::pin(account(&config, place, user)).await?;
        if met != *expected {
            let words = format!(
                "user {user} of {place} is of account {met}, and the site says {expected}: correct \
                 the secret or `account`; nothing was asked of the bucket"
            );
            return Err(Trouble::unsent(TroubleKind::Ours, words));
        }
    }
    let client = Client::from_conf(Builder::from(&config).force_path_style(own.path_style).build());
    Ok(Session {
        client,
        metrics: own.metrics.then(|| aws_sdk_cloudwatch::Client::new(&config)),
        clock,
        place: place.clone(),
        user: user.clone(),
        bucket: own.bucket.clone(),
        region: own.region.clone(),
        account: own.account.clone(),
        lately: Had::default(),
    })
}
