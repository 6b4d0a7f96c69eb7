//! How a bucket is reached: as whom, with what bounds, and whether that is who the site means.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

use super::settings::S3;
use super::store::{Had, Session};
use crate::systems::kit::aws::place::open;
use crate::systems::kit::server::Target;
use crate::systems::kit::trouble::Trouble;

/// Opens a session. Nothing is asked but the account, where the site names one.
pub(super) async fn connect(target: &Target<S3>) -> Result<Session, Trouble> {
    let own = &target.own;
    let opened = open(target, &own.at).await?;
    let metrics = if own.metrics { Some(own.desks.at(target, &own.at).await?) } else { None };
    let config = Builder::from(&opened.config).force_path_style(own.path_style).build();
    Ok(Session {
        client: Client::from_conf(config),
        metrics,
        clock: opened.clock,
        place: target.place.clone(),
        user: target.user.clone(),
        bucket: own.bucket.clone(),
        region: own.at.region.clone(),
        account: own.at.account.clone(),
        lately: Had::default(),
    })
}
